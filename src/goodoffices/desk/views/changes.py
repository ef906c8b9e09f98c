# SPDX-License-Identifier: Apache-2.0
"""What changed between two texts, word by word: for two versions of a draft, and two grades of a translation.

The shortest edit (Myers, *An O(ND) difference algorithm*, 1986), with a bound: texts that have less in
common than that are shown one after the other, since whoever writes them must not choose how long it takes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST = 250
"""Words put in and taken out, up to which single ones are told apart."""
_WORDS = re.compile(r"\s*\w+(?:[\u200c\u200d'’-]\w+)*|\s*[^\w\s]|\s+")


@dataclass(frozen=True)
class Run:
    """A stretch of the text."""

    kind: str
    """same | out | in"""
    text: str


def changes(before: str, after: str) -> tuple[Run, ...]:
    """The stretches that are the same, taken out and put in; without the *in* it is the one text, without
    the *out* the other, byte for byte."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle = _edit(old[head : len(old) - tail], new[head : len(new) - tail])
    runs = [
        ("same", "".join(old[:head])),
        *middle,
        ("same", "".join(old[len(old) - tail :])),
    ]
    return _gathered(runs)


def _edit(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    path = _path(old, new)
    if path is None:
        return [("out", "".join(old)), ("in", "".join(new))]
    runs: list[tuple[str, str]] = []
    at, to = 0, 0
    for old_at, new_at in [*path, (len(old), len(new))]:
        runs += [("out", each) for each in old[at:old_at]]
        runs += [("in", each) for each in new[to:new_at]]
        if old_at < len(old) and new_at < len(new):
            runs.append(("same", old[old_at]))
        at, to = old_at + 1, new_at + 1
    return runs


def _path(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]] | None:
    """The places of the words that both have, in order; None if more than ``MOST`` are not."""
    furthest, trail = {1: 0}, []
    for edits in range(min(MOST, len(old) + len(new)) + 1):
        trail.append(dict(furthest))
        for line in range(-edits, edits + 1, 2):
            down = line == -edits or (line != edits and furthest[line - 1] < furthest[line + 1])
            x = furthest[line + 1] if down else furthest[line - 1] + 1
            while x < len(old) and x - line < len(new) and old[x] == new[x - line]:
                x += 1
            furthest[line] = x
            if x >= len(old) and x - line >= len(new):
                return _back(trail, len(old), len(new))
    return None


def _back(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    found = []
    for edits in range(len(trail) - 1, -1, -1):
        furthest, line = trail[edits], x - y
        down = line == -edits or (line != edits and furthest[line - 1] < furthest[line + 1])
        before = line + 1 if down else line - 1
        start = furthest[before] if edits else 0
        while x > start + (0 if down or not edits else 1) and x > 0 and y > 0:
            x, y = x - 1, y - 1
            found.append((x, y))
        if edits:
            x, y = start, start - before
    return found[::-1]


def _gathered(runs: Sequence[tuple[str, str]]) -> tuple[Run, ...]:
    """Neighbours of one kind as one, what was taken out before what was put in, and lone gaps with their words."""
    found: list[Run] = []
    out = put = ""
    for kind, text in runs:
        if kind == "out":
            out += text
        elif kind == "in":
            put += text
        elif text:
            found += [Run(name, each) for name, each in (("out", out), ("in", put)) if each]
            out = put = ""
            if found and found[-1].kind == "same":
                found[-1] = Run("same", found[-1].text + text)
            else:
                found.append(Run("same", text))
    found += [Run(name, each) for name, each in (("out", out), ("in", put)) if each]
    return tuple(found)
