# SPDX-License-Identifier: Apache-2.0
"""Reading a TOML file from a stranger: every key is asked for by type, and every fault names line and field.

Faults are collected rather than raised, so that a writer sees up to ten at once.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from goodoffices.core.errors import YourError
from goodoffices.datafile.toml_lines import Lines, Path

SHOWN_FAULTS = 10
_ALLOWED_CONTROLS = "\n\t\r"


def load(data: bytes, name: str, most: int, error: type[YourError]) -> tuple[dict[str, Any], str]:
    """(the file as tables, its text); raises ``error`` for what is too large, not UTF-8 or not TOML.

    ``name``: what faults call the file; ``most``: its bytes at most.
    """
    if len(data) > most:
        raise error(f"{name}:1: the file is larger than {_size(most)}.")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as found:
        line = data.count(b"\n", 0, found.start) + 1
        raise error(
            f"{name}:{line}: byte {found.start} is not UTF-8 text; save the file as UTF-8."
        ) from found
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as found:
        raise error(f"{name}:{_syntax_line(str(found), text)}: this is not TOML: {found}.") from found
    except (RecursionError, ValueError) as found:  # brackets without end; numbers of thousands of digits
        raise error(f"{name}:1: this is not TOML that can be read: {type(found).__name__}.") from found


def _size(most: int) -> str:
    return f"{most // 1024 // 1024} MiB" if most >= 1 << 20 else f"{most // 1024} KiB"


def _syntax_line(error: str, text: str) -> int:
    found = re.search(r"at line (\d+)", error)
    return int(found.group(1)) if found else text.count("\n") + 1


@dataclass
class Faults:
    """What is wrong with a file, in the order of its lines. ``error``: as what it is raised."""

    name: str
    lines: Lines
    error: type[YourError]
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, path: Path, where: str, what: str) -> None:
        line = self.lines.of(path)
        self.found.append((line, f"{self.name}:{line}: {where}: {what}"))

    def raise_any(self) -> None:
        if not self.found:
            return
        texts = list(dict.fromkeys(text for _, text in sorted(self.found)))
        shown = texts[:SHOWN_FAULTS]
        if len(texts) > len(shown):
            shown.append(f"... and {len(texts) - len(shown)} more.")
        raise self.error("\n".join(shown) + "\n")


def quoted(value: object) -> str:
    """A value as it may be repeated in a fault: short, on one line, nothing that moves a cursor."""
    text = str(value)
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:60]) + (
        "…" if len(text) > 60 else ""
    )
    return f"'{text}'"


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that is most like a wrong one: `` (did you mean 'x'?)``, or nothing."""
    close = difflib.get_close_matches(word.casefold(), [k.casefold() for k in known], n=1, cutoff=0.55)
    match = [k for k in known if close and k.casefold() == close[0]]
    return f" (did you mean '{match[0]}'?)" if match else ""


def kind_of(value: object) -> str:
    """What sort of TOML value this is, in words."""
    names = [
        (bool, "true or false"), (str, "text"), (int, "a whole number"), (float, "a number"),
        (datetime, "a date-time"), (date, "a date"), (time, "a time of day"), (list, "a list"),
        (dict, "a table"),
    ]  # fmt: skip
    return next((name for kind, name in names if isinstance(value, kind)), "something else")


class Table:
    """One table of the file. Each reader returns a stand-in after a fault, so that reading goes on."""

    def __init__(self, data: Mapping[str, Any], path: Path, label: str, faults: Faults) -> None:
        self.data, self.path, self.label, self.faults = data, path, label, faults
        self._asked: list[str] = []

    def fault(self, key: str | None, what: str) -> None:
        if key is None:
            self.faults.add(self.path, self.label, what)
        else:
            self.faults.add((*self.path, key), f"{self.label}, field '{key}'", what)

    def refuse_unknown(self) -> None:
        for key in self.data:
            if key not in self._asked:
                known = ", ".join(self._asked)
                self.faults.add(
                    (*self.path, key), f"{self.label}, field {quoted(key)}",
                    f"there is no such field{nearest(key, self._asked)}; fields are {known}",
                )  # fmt: skip

    def has(self, key: str) -> bool:
        return key in self.data

    def raw(self, key: str, kind: type | tuple[type, ...], wanted: str, *, required: bool = False) -> Any:
        self._asked.append(key)
        if key not in self.data:
            if required:
                self.fault(None, f"the field '{key}' is missing; it takes {wanted}")
            return None
        value = self.data[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(key, f"takes {wanted}, not {kind_of(value)}")
            return None
        return value

    def text(
        self, key: str, default: str = "", *, required: bool = False, limit: int = 400, lines: bool = False
    ) -> str:
        value = self.raw(key, str, "text in quotes", required=required)
        if value is None:
            return default
        return value if self._fits(key, value, limit, lines, required) else default

    def optional_text(self, key: str, *, limit: int = 400, lines: bool = False) -> str | None:
        return (
            self.text(key, required=False, limit=limit, lines=lines)
            if self.has(key)
            else self.raw(key, str, "text")
        )

    def _fits(self, key: str, value: str, limit: int, lines: bool, required: bool) -> bool:
        if required and not value.strip():
            self.fault(key, "is empty")
        elif len(value) > limit:
            self.fault(key, f"is too long: {len(value):,} characters, at most {limit:,} are allowed")
        else:
            allowed = _ALLOWED_CONTROLS if lines else ""
            bad = next(
                (c for c in value if unicodedata.category(c) in ("Cc", "Cs") and c not in allowed), None
            )
            if bad is None:
                return True
            if bad == "\n":
                self.fault(key, "holds a line break; it stands on one line")
                return False
            self.fault(key, f"holds the control character U+{ord(bad):04X}, which a person cannot see")
        return False

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        value = self.raw(key, str, "one of: " + ", ".join(options), required=default is None)
        if value is None:
            return default or options[0]
        for option in options:
            if value.strip().casefold() == option.casefold():
                return option
        self.fault(key, f"{quoted(value)} is not one of: {', '.join(options)}{nearest(value, options)}")
        return default or options[0]

    def flag(self, key: str, default: bool) -> bool:
        value = self.raw(key, bool, "true or false")
        return default if value is None else bool(value)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self.raw(key, (int, float), f"a number from {low:g} to {high:g}")
        if value is None:
            return default
        if not low <= value <= high:
            self.fault(key, f"is {quoted(value)}; it must lie between {low:g} and {high:g}")
            return default
        return float(value)

    def texts(self, key: str, *, limit: int = 400, most: int = 40) -> tuple[str, ...]:
        """One text or a list of texts."""
        value = self.raw(key, (str, list), "text or a list of texts")
        if value is None:
            return ()
        items = [value] if isinstance(value, str) else value
        if len(items) > most:
            self.fault(key, f"lists {len(items)} items; at most {most} are allowed")
            return ()
        out = []
        for item in items:
            if not isinstance(item, str):
                self.fault(key, f"every item must be text, not {kind_of(item)}")
            elif self._fits(key, item, limit, False, True):
                out.append(item)
        return tuple(out)
