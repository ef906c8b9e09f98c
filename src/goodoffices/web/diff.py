# SPDX-License-Identifier: Apache-2.0
"""What changed between two texts, word by word: two versions of a draft, two grades of a translation.

A comparison for eyes, never for a verdict: the texts themselves stand beside it, whole. By lines first, then
by the words of lines that differ, each time the shortest way from one to the other (E. W. Myers, "An O(ND)
Difference Algorithm and Its Variations", 1986). Texts come from others, so the search is bounded: what would
take longer is shown as taken out whole and put in whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_STEPS = 120_000
"""Steps of the search for one pair of texts: some 50 ms. Two grades of twelve pages differ by far less."""

_WORDS = re.compile(r"[\w\u200c\u200d]+\s*|\s+|[^\w\s]\s*")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Change:
    """A stretch of text that stayed, was taken out, or was put in."""

    kind: str
    """same | out | in"""
    text: str


def changes(old: str, new: str) -> tuple[Change, ...]:
    """From ``old`` to ``new`` in stretches: what stayed and what is out make ``old``, what stayed and is in ``new``."""
    search = _Search()
    found: list[Change] = []
    for piece in _by_lines(search, old, new):
        if found and found[-1].kind == piece.kind:
            found[-1] = Change(piece.kind, found[-1].text + piece.text)
        elif piece.text:
            found.append(piece)
    return tuple(found)


def _by_lines(search: _Search, old: str, new: str) -> Iterator[Change]:
    for out, into, same in search.blocks(_LINES.findall(old), _LINES.findall(new)):
        for taken, put, kept in search.blocks(_WORDS.findall(out), _WORDS.findall(into)):
            yield from (Change("out", taken), Change("in", put), Change("same", kept))
        yield Change("same", same)


class _Search:
    """The shortest way between sequences, as far as the steps last."""

    def __init__(self) -> None:
        self.left = MOST_STEPS

    def blocks(self, old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """(taken out, put in, kept after it), again and again until both are used up."""
        at = to = 0
        for x, y, length in self._matches(old, new):
            yield "".join(old[at:x]), "".join(new[to:y]), "".join(old[x : x + length])
            at, to = x + length, y + length
        if at < len(old) or to < len(new):
            yield "".join(old[at:]), "".join(new[to:]), ""

    def _matches(self, old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int]]:
        """Where they are alike, in order: (place in old, place in new, length)."""
        furthest = {1: 0}
        trail: list[dict[int, int]] = []
        for distance in range(len(old) + len(new) + 1):
            trail.append(dict(furthest))
            self.left -= distance + 1
            if self.left < 0:
                return []
            for diagonal in range(-distance, distance + 1, 2):
                down = diagonal == -distance or (
                    diagonal != distance and furthest[diagonal - 1] < furthest[diagonal + 1]
                )
                x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
                y = x - diagonal
                while x < len(old) and y < len(new) and old[x] == new[y]:
                    x, y = x + 1, y + 1
                    self.left -= 1
                furthest[diagonal] = x
                if x >= len(old) and y >= len(new):
                    return _back(trail, len(old), len(new))
        return []


def _back(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int, int]]:
    """The way that led to the end, from its beginning."""
    found: list[tuple[int, int, int]] = []
    for distance in range(len(trail) - 1, -1, -1):
        furthest, diagonal = trail[distance], x - y
        if distance == 0:
            found.append((0, 0, x))
            break
        down = diagonal == -distance or (
            diagonal != distance and furthest[diagonal - 1] < furthest[diagonal + 1]
        )
        last = diagonal + 1 if down else diagonal - 1
        from_x = furthest[last]
        start_x = from_x if down else from_x + 1
        found.append((start_x, start_x - diagonal, x - start_x))
        x, y = from_x, from_x - last
    return [each for each in reversed(found) if each[2]]
