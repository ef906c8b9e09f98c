# SPDX-License-Identifier: Apache-2.0
"""Where in a TOML text each table and key stands, which ``tomllib`` does not tell.

Reads text that ``tomllib`` has already accepted, and so may be lenient: it only has to skip strings,
comments and brackets correctly. A place it does not know is answered with the nearest one around it.
"""

from __future__ import annotations

import tomllib
from collections import Counter

Path = tuple[str | int, ...]


class Lines:
    """Line numbers (from 1) by path, such as ``("note", 1, "from")``."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {(): 1}
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._scan(text)

    def of(self, path: Path) -> int:
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _scan(self, text: str) -> None:
        table: Path = ()
        at, line = 0, 1
        while at < len(text):
            if text[at] in " \t\r\n":
                line += text[at] == "\n"
                at += 1
            elif text[at] == "#":
                at = _end_of_line(text, at)
            elif text[at] == "[":
                double = text.startswith("[[", at)
                end = _closing(text, at)
                keys = _keys(text[at + 2 : end - 2] if double else text[at + 1 : end - 1])
                table = self._enter(keys, double)
                self._lines.setdefault(table, line)
                if double:
                    self._lines.setdefault(table[:-1], line)  # of all tables so headed: the first
                at = end
            else:
                equals = _find_outside_strings(text, at, "=")
                path = table
                for key in _keys(text[at:equals]):
                    path = (*path, key)
                    self._lines.setdefault(path, line)
                end = _end_of_value(text, equals + 1)
                line += text.count("\n", at, end)
                at = end

    def _enter(self, keys: list[str], double: bool) -> Path:
        if double:
            self._seen[tuple(keys)] += 1
        path: Path = ()
        for depth in range(len(keys)):
            path = (*path, keys[depth])
            count = self._seen[tuple(keys[: depth + 1])]
            if count:
                path = (*path, count - 1)
        return path


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _skip_string(text: str, at: int) -> int:
    """The position after the string that begins at ``at``."""
    quote = text[at]
    mark = quote * 3 if text.startswith(quote * 3, at) else quote
    at += len(mark)
    while at < len(text):
        if quote == '"' and text[at] == "\\":
            at += 2
        elif text.startswith(mark, at):
            at += len(mark)
            # up to two quotes may stand directly before the closing three
            while len(mark) == 3 and at < len(text) and text[at] == quote:
                at += 1
            return at
        else:
            at += 1
    return at


def _find_outside_strings(text: str, at: int, char: str) -> int:
    while at < len(text) and text[at] != char:
        at = _skip_string(text, at) if text[at] in "\"'" else at + 1
    return at


def _closing(text: str, at: int) -> int:
    """The position after the bracket that closes the one at ``at``."""
    depth = 0
    while at < len(text):
        if text[at] in "\"'":
            at = _skip_string(text, at)
            continue
        if text[at] == "#":
            at = _end_of_line(text, at)
            continue
        depth += (text[at] in "[{") - (text[at] in "]}")
        at += 1
        if depth == 0:
            break
    return at


def _end_of_value(text: str, at: int) -> int:
    while at < len(text) and text[at] not in "\n#":
        if text[at] in "\"'":
            at = _skip_string(text, at)
        elif text[at] in "[{":
            at = _closing(text, at)
        else:
            at += 1
    return at


def _keys(dotted: str) -> list[str]:
    """The parts of a dotted key; ``tomllib`` itself undoes the quoting."""
    nested: object = tomllib.loads(f"{dotted.strip()} = 0")
    parts: list[str] = []
    while isinstance(nested, dict):
        key, nested = next(iter(nested.items()))
        parts.append(key)
    return parts
