# SPDX-License-Identifier: Apache-2.0
"""The picture's time axis: to scale while something happens, broken where nothing does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000

LONGEST_DRAWN = 8 * MINUTE  # a longer quiet time is drawn as a break
PER_MINUTE = 30.0
SHORTEST_DRAWN = 30 * SECOND
LOWEST, HIGHEST = 70.0, 900.0  # of one unbroken stretch
BREAK = 58.0
_STEPS = (
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """An unbroken piece of the axis."""

    first: int
    last: int
    top: float
    height: float

    @property
    def span(self) -> int:
        """The time that the height stands for: milliseconds are not blown up to look like minutes."""
        return max(self.last - self.first, SHORTEST_DRAWN)

    def y(self, time: int) -> float:
        return self.top + self.height * (time - self.first) / self.span

    def ticks(self) -> list[int]:
        """Full minutes (or seconds, or hours) that stand far enough apart to be labelled."""
        step = next((s for s in _STEPS if self.height * s / self.span >= 26), _STEPS[-1])
        start = -(-self.first // step) * step
        times = range(start, self.last + 1, step)
        return [t for t in times if self.y(t) - self.top >= 18][:200]


@dataclass(frozen=True, slots=True)
class Scale:
    stretches: tuple[Stretch, ...]

    @staticmethod
    def of(
        times: Iterable[int],
        crowd: Iterable[tuple[int, int]],
        top: float,
        label: float,
        *,
        per_minute: float | None = None,
    ) -> Scale:
        """``crowd`` are (column, time) of labels: a stretch is drawn high enough for its fullest column.

        ``per_minute``: height of a minute; the highest stretch grows with it.
        """
        per_minute = PER_MINUTE if per_minute is None else per_minute
        highest = HIGHEST * max(1.0, per_minute / PER_MINUTE)
        ordered = sorted(set(times))
        groups: list[list[int]] = []
        for time in ordered:
            if groups and time - groups[-1][-1] <= LONGEST_DRAWN:
                groups[-1].append(time)
            else:
                groups.append([time])
        labels = list(crowd)
        out: list[Stretch] = []
        for group in groups:
            first, last = group[0], group[-1]
            columns = [column for column, time in labels if first <= time <= last]
            crowded = max((columns.count(column) for column in set(columns)), default=0) * label
            height = min(max((last - first) / MINUTE * per_minute, LOWEST), highest)
            out.append(Stretch(first, last, top, max(height, crowded)))
            top += out[-1].height + BREAK
        return Scale(tuple(out))

    def y(self, time: int) -> float:
        for stretch in self.stretches:
            if time <= stretch.last:
                return stretch.y(max(time, stretch.first))
        return self.bottom

    @property
    def bottom(self) -> float:
        return self.stretches[-1].top + self.stretches[-1].height if self.stretches else 0.0

    def breaks(self) -> list[tuple[float, int]]:
        """Where the axis is broken (the middle of the break) and how much time is not drawn there."""
        pairs = pairwise(self.stretches)
        return [(a.top + a.height + BREAK / 2, b.first - a.last) for a, b in pairs]
