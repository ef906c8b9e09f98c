# SPDX-License-Identifier: Apache-2.0
"""Short texts made shorter, each by itself, from passages that both ends know (docs/format.md §16.1).

Prediction by partial matching (Cleary and Witten 1984; weights of method D, Howard 1993) with the counts of
fixed passages and of the text itself, and an arithmetic code in whole numbers. No other text, from whomever,
has a part in how one is coded, and the result is padded to one class before it is sealed: so
its length tells nobody anything (which is what went wrong where texts of two hands were packed together).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from goodoffices.core.errors import Malformed
from goodoffices.core.thin.words import LETTERS, PASSAGES

ORDER = 3
"""Letters before one that may tell which it is."""
OWN = 1
"""Weight of a letter of the text itself beside one of the passages."""
MAX_LETTERS = 1200
"""More than any cell holds. A bound on the work that a received text can cause."""
_START = "\n" * ORDER
_UNKNOWN = 0x110000
"""Code points, for a letter that stands in no passage."""


def malformed() -> Malformed:
    """Whatever is wrong with bytes of a thin line: nobody who holds their key wrote them so."""
    return Malformed("Something of a thin line in no known form.")


class _Model:
    """How often each letter followed each context: in the passages, and so far in this one text."""

    def __init__(self) -> None:
        self._own: dict[str, dict[str, int]] = {}
        self._before = _START

    def steps(self) -> Iterator[list[tuple[str, int]]]:
        """For the next letter: by falling order, each that may follow with its weight, in code point order."""
        gone: set[str] = set()
        counts = _counts()
        for order in range(ORDER, -1, -1):
            context = self._before[ORDER - order :]
            known = dict(counts.get(context, {}))
            for letter, count in self._own.get(context, {}).items():
                known[letter] = known.get(letter, 0) + count
            follows = sorted((letter, 2 * count - 1) for letter, count in known.items() if letter not in gone)
            if follows:
                yield follows
                gone.update(letter for letter, _ in follows)

    def take(self, letter: str) -> None:
        """A letter of the text."""
        _count(self._own, self._before, letter, OWN)
        self._before = (self._before + letter)[-ORDER:]


def _count(counts: dict[str, dict[str, int]], before: str, letter: str, times: int) -> None:
    for order in range(ORDER + 1):
        follows = counts.setdefault(before[ORDER - order :], {})
        follows[letter] = follows.get(letter, 0) + times


@cache
def _counts() -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {"": dict.fromkeys(LETTERS, 1)}
    for passage in PASSAGES:
        before = _START
        for letter in passage + "\n":
            _count(counts, before, letter, 1)
            before = (before + letter)[-ORDER:]
    return counts


class _Interval:
    """An interval [low, low + width) / whole within [0, 1), kept exactly."""

    def __init__(self) -> None:
        self.low, self.width, self.whole = 0, 1, 1

    def narrow(self, start: int, size: int, total: int) -> None:
        self.low = self.low * total + self.width * start
        self.width *= size
        self.whole *= total


def encode(text: str) -> bytes:
    """The code of a text: the shortest byte string that names a number within the text's interval."""
    interval, model = _Interval(), _Model()
    for letter in text:
        _narrow_to(interval, letter, model)
        model.take(letter)
    size = 0
    while True:
        scale = 1 << 8 * size
        value = -(-interval.low * scale // interval.whole)
        # Whatever bytes may follow are read as zeros, so the number itself has to lie inside.
        if value * interval.whole < (interval.low + interval.width) * scale:
            return value.to_bytes(size, "big")
        size += 1


def _narrow_to(interval: _Interval, letter: str, model: _Model) -> None:
    for follows in model.steps():
        # The weight of "none of these" is how many there are (method D).
        total, start = sum(weight for _, weight in follows) + len(follows), 0
        for each, weight in follows:
            if each == letter:
                interval.narrow(start, weight, total)
                return
            start += weight
        interval.narrow(start, len(follows), total)
    interval.narrow(ord(letter), 1, _UNKNOWN)


def decode(code: bytes, letters: int) -> str:
    """The text of so many letters behind a code; raises Malformed unless ``encode`` gives this very code."""
    if letters > MAX_LETTERS:
        raise malformed()
    value, scale = int.from_bytes(code, "big"), 1 << 8 * len(code)
    interval, model, found = _Interval(), _Model(), list[str]()
    for _ in range(letters):
        letter = _read(interval, model, value, scale)
        found.append(letter)
        model.take(letter)
    text = "".join(found)
    if any(0xD800 <= ord(letter) < 0xE000 for letter in found) or encode(text) != code:
        raise malformed()
    return text


def _read(interval: _Interval, model: _Model, value: int, scale: int) -> str:
    # Where the number stands within the interval: scaled, so that no fraction is needed.
    def place(total: int) -> int:
        return (value * interval.whole - interval.low * scale) * total // (interval.width * scale)

    for follows in model.steps():
        total = sum(weight for _, weight in follows) + len(follows)
        at, start = place(total), 0
        for letter, weight in follows:
            if start <= at < start + weight:
                interval.narrow(start, weight, total)
                return letter
            start += weight
        if not start <= at < total:
            raise malformed()
        interval.narrow(start, len(follows), total)
    at = place(_UNKNOWN)
    if not 0 <= at < _UNKNOWN:
        raise malformed()
    interval.narrow(at, 1, _UNKNOWN)
    return chr(at)
