# SPDX-License-Identifier: Apache-2.0
"""Texts as they are shown: what would hide or reorder words is made visible; the bytes kept are untouched."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup, escape

_NAMES = {
    0x061C: "ALM", 0x200B: "ZWSP", 0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM",
    0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO", 0x2060: "WJ",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0xFEFF: "ZWNBSP", 0x00AD: "SHY",
    0x2028: "LSEP", 0x2029: "PSEP", 0x0D: "CR",
}  # fmt: skip
_JOINERS = {0x200C, 0x200D}


def _hides(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co") and char not in "\n\t"


def _joins(text: str, at: int) -> bool:
    """A joiner between letters of a script that needs it (Persian writes it in every other word)."""
    if ord(text[at]) not in _JOINERS or not 0 < at < len(text) - 1:
        return False
    return all("؀" <= text[each] <= "ۿ" or "ऀ" <= text[each] <= "෿" for each in (at - 1, at + 1))


def _marker(char: str) -> Markup:
    code = f"U+{ord(char):04X}"
    name = unicodedata.name(char, "CONTROL CHARACTER")
    short = _NAMES.get(ord(char), code)
    return Markup('<span class="unseen" title="{} {}" dir="ltr">{}</span>').format(code, name, short)


def visible(text: str) -> Markup:
    """The text with every hidden character replaced, on screen only, by a marker that names it."""
    parts: list[Markup] = []
    plain = 0
    for at, char in enumerate(text):
        if _hides(char) and not _joins(text, at):
            if char == "\r" and text[at + 1 : at + 2] == "\n":
                parts.append(escape(text[plain:at]))
                plain = at + 1
                continue
            parts.append(escape(text[plain:at]))
            parts.append(_marker(char))
            plain = at + 1
    parts.append(escape(text[plain:]))
    return Markup("").join(parts)


def lines(text: str) -> tuple[tuple[str, Markup], ...]:
    """(ltr or rtl, the line as it is shown) of each line, by its first letter that has a direction: for paper,
    which cannot be asked to find that out as a browser can."""
    return tuple((_direction(each), visible(each)) for each in text.replace("\r\n", "\n").split("\n"))


def _direction(line: str) -> str:
    for char in line:
        kind = unicodedata.bidirectional(char)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


def has_unseen(text: str) -> bool:
    """Whether a text holds characters that would not be seen."""
    return any(
        _hides(char) and not _joins(text, at) and not (char == "\r" and text[at + 1 : at + 2] == "\n")
        for at, char in enumerate(text)
    )
