# SPDX-License-Identifier: Apache-2.0
"""Texts as they are shown: what would hide or reorder words is made visible; the bytes kept are untouched."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from markupsafe import Markup, escape

_NAMES = {
    0x061C: "ALM", 0x200B: "ZWSP", 0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM",
    0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO", 0x2060: "WJ",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0xFEFF: "ZWNBSP", 0x00AD: "SHY",
    0x2028: "LSEP", 0x2029: "PSEP", 0x0D: "CR",
}  # fmt: skip
_JOINERS = {0x200C, 0x200D}
_VARIED = ("CJK UNIFIED", "MONGOLIAN LETTER", "MYANMAR LETTER", "PHAGS-PA LETTER")
_LETTERS = re.compile(r"[^\W\d_]+")
_OF_THEM = re.compile(
    "[A-Za-z\u00c0-\u024f\u0370-\u058f\u13a0-\u13ff\u2c80-\u2cff\uff21-\uff5a\U0001d400-\U0001d7ff]"
)
_ALIKE = frozenset(
    {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "FULLWIDTH", "MATHEMATICAL"}
)
"""Scripts whose letters pass for each other's, by the first word of the letters' Unicode names."""


_SELECTORS = frozenset(
    map(chr, (*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""Of a letter or sign the way in which it is drawn. Behind anything else they are drawn as nothing, and 256 of them
spell whatever somebody wants a program to read and no person."""
_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE0100), *range(0xE01F0, 0xE1000)))
)
"""Drawn as nothing, though Unicode calls them letters, marks or symbols, or has not given them away yet."""


def _hides(char: str) -> bool:
    if char in _NOTHING:
        return True
    return unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co") and char not in "\n\t"


def _unseen(text: str, at: int) -> bool:
    """Whether a character would not be seen, or changes how others read, without being needed where it stands."""
    char = text[at]
    return (char in _SELECTORS and not _varies(text, at)) or (_hides(char) and not _joins(text, at))


def _varies(text: str, at: int) -> bool:
    """A selector behind what it is made for: a sign, or a letter of a script that has variants."""
    before = text[at - 1] if at else ""
    return bool(before) and (
        unicodedata.category(before) in ("So", "Sm") or unicodedata.name(before, "").startswith(_VARIED)
    )


def _joins(text: str, at: int) -> bool:
    """A joiner between letters of a script that needs it (Persian writes it in every other word)."""
    if ord(text[at]) not in _JOINERS or not 0 < at < len(text) - 1:
        return False
    return all("؀" <= text[each] <= "ۿ" or "ऀ" <= text[each] <= "෿" for each in (at - 1, at + 1))


@lru_cache(maxsize=1024)  # texts come from others, and may hold nothing else
def _marker(char: str) -> Markup:
    code = f"U+{ord(char):04X}"
    name = unicodedata.name(char, "CONTROL CHARACTER")
    short = _NAMES.get(ord(char), code)
    return Markup('<span class="unseen" title="{} {}" dir="ltr">{}</span>').format(code, name, short)


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


def _alike(text: str) -> dict[int, str]:
    """Letters that stand in a word of another script whose letters look like them, by place: their script.

    A word that is wholly of one script is taken for what it is.
    """
    found: dict[int, str] = {}
    if text.isascii():
        return found
    for word in _LETTERS.finditer(text):
        if word[0].isascii() or not _OF_THEM.search(word[0]):
            continue  # of one script for certain: most words of most texts
        scripts = [_script(char) for char in word[0]]
        kinds = [each for each in scripts if each in _ALIKE]
        if len(set(kinds)) < 2:
            continue
        usual = max(sorted(set(kinds)), key=lambda each: (kinds.count(each), each == "LATIN"))
        places = range(word.start(), word.end())
        found |= {
            at: each for at, each in zip(places, scripts, strict=True) if each in _ALIKE and each != usual
        }
    return found


def has_alike(text: str) -> bool:
    """Whether a word of the text has letters of another script in it that look like its own."""
    return bool(_alike(text))


@lru_cache(maxsize=1024)
def _named(letter: str, script: str) -> Markup:
    """A letter, with the marks that stand on it, and after it the name of its script."""
    char = letter[0]
    code = f"U+{ord(char):04X}"
    name = unicodedata.name(char)
    return Markup(
        '<span class="alike" title="{} {}">{}<span class="unseen" dir="ltr">{}</span></span>'
    ).format(code, name, letter, script.lower())


def visible(text: str) -> Markup:
    """The text with every hidden character replaced, on screen only, by a marker that names it; a letter that
    passes for one of another script has its own script's name beside it."""
    alike = _alike(text)
    parts: list[Markup] = []
    plain = 0
    for at, char in enumerate(text):
        if at in alike:
            if plain < at:
                parts.append(escape(text[plain:at]))
            plain = _after_marks(text, at)
            parts.append(_named(text[at:plain], alike[at]))
        elif _unseen(text, at):
            if char == "\r" and text[at + 1 : at + 2] == "\n":
                parts.append(escape(text[plain:at]))
                plain = at + 1
                continue
            if plain < at:
                parts.append(escape(text[plain:at]))
            parts.append(_marker(char))
            plain = at + 1
    parts.append(escape(text[plain:]))
    return Markup("").join(parts)


def _after_marks(text: str, at: int) -> int:
    """Behind the marks that stand on a letter, eight at the most: they are not to move to what follows it."""
    return next(
        (to for to in range(at + 1, min(at + 9, len(text))) if not unicodedata.combining(text[to])),
        min(at + 9, len(text)),
    )


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
        _unseen(text, at) and not (char == "\r" and text[at + 1 : at + 2] == "\n")
        for at, char in enumerate(text)
    )
