# SPDX-License-Identifier: Apache-2.0
"""Entries of a pack that follow one another, in columns: what ``links`` takes in at once (ADR 0081).

Nearly all of a long record comes so. What does not follow in every way begins a stretch of its own, and it is
for ``links`` to see that it is out of its turn.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from goodoffices.core.line import Place
from goodoffices.core.record.quick import Quick

NOTHING: Place = b"", 0, bytes(32)
"""What stands in the columns where nothing was seen."""
Row = tuple[int, bytes, bytes | None, int, int, int, Place | None]
"""One of them: number, ID, previous, roster, time, place in the pack, seen."""


class Stretch:
    """Entries of one chain: numbers count up by one, each names the last, neither rosters nor times go back, and
    what they had seen is of one incarnation."""

    def __init__(self, first: Quick, place: int) -> None:
        self.writer, self.incarnation, self.number, self.previous, seen, *_ = first
        self.seen_in = (seen or NOTHING)[0]
        self.last = self.previous
        self.ids, self.seen_ids = bytearray(), bytearray()
        self.rosters, self.times, self.places, self.seen_numbers = (array("Q") for _ in range(4))
        self._next, self._roster, self._time = self.number, 0, 0
        self.add(first, place)

    def add(self, entry: Quick, place: int) -> bool:
        """Take the one at ``place`` of the pack too, if it follows."""
        _, _, number, previous, seen, _, entry_id, time, roster, _ = entry
        seen_in, seen_number, seen_id = seen or NOTHING
        if number != self._next or previous != self.last or seen_in != self.seen_in:
            return False
        if roster < self._roster or time < self._time:
            return False
        self._next, self.last, self._roster, self._time = number + 1, entry_id, roster, time
        self.ids += entry_id
        self.rosters.append(roster)
        self.times.append(time)
        self.places.append(place)
        self.seen_numbers.append(seen_number)
        self.seen_ids += seen_id
        return True

    def rows(self) -> Iterator[Row]:
        """One by one."""
        previous = self.previous
        for at, place in enumerate(self.places):
            entry_id, seen_id = (bytes(ids[32 * at : 32 * at + 32]) for ids in (self.ids, self.seen_ids))
            seen = (self.seen_in, self.seen_numbers[at], seen_id) if self.seen_in else None
            yield self.number + at, entry_id, previous, self.rosters[at], self.times[at], place, seen
            previous = entry_id
