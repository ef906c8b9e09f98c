# SPDX-License-Identifier: Apache-2.0
"""One writer's entries on a line, in columns: what is kept of each so that a million of them stay small.

A link that came in its turn (numbers 1, 2, 3 … of its incarnation) is a row of about 110 bytes. Whatever else
came (a second one of a number, one after a gap) is kept as a ``Link``, and a run that has any, or whose rows
do not hold together, is laid out link by link for ``record_chains`` to say what is wrong. What follows in
every way comes as a ``Stretch``, many rows at once (ADR 0081).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goodoffices.core.line import Place
from goodoffices.core.record.stretch import NOTHING, Stretch

AT = 20
"""Bits of a spot that say which entry of a file it is; 0 for a file that holds one alone."""


@dataclass(frozen=True, slots=True)
class Link:
    """One verified entry, act or note, as its chain needs it."""

    incarnation: bytes
    number: int
    id: bytes
    previous: bytes | None
    roster: int
    time: int
    where: str
    seen: Place | None = None
    opens: Place | None = None
    """For the first entry of a later incarnation: the place that its INCARNATION item names."""
    spot: int = 0
    """Which file of its line it lies in, for entries (see ``record_links``)."""


class Run:
    """One incarnation of a writer's chain."""

    __slots__ = (
        "backwards",
        "ids",
        "incarnation",
        "last",
        "latest",
        "newest",
        "odd",
        "odd_ids",
        "opens",
        "previous",
        "receipted",
        "rosters",
        "seen_ids",
        "seen_in",
        "seen_numbers",
        "spots",
        "steady",
        "times",
    )

    def __init__(self, incarnation: bytes) -> None:
        self.incarnation = incarnation
        self.ids = bytearray()
        self.last: bytes | None = None
        self.previous: dict[int, bytes | None] = {}
        """By number, where it is not the ID of the one before."""
        self.opens: dict[bytes, Place] = {}
        self.rosters, self.times, self.spots = array("Q"), array("Q"), array("Q")
        self.seen_in, self.seen_numbers, self.seen_ids = array("I"), array("Q"), bytearray()
        self.receipted = bytearray()
        self.odd: list[Link] = []
        self.odd_ids: dict[int, set[bytes]] = {}
        """Of these, by number, once everything is there."""
        self.steady = True
        """Whether each names the one before, and no roster went back."""
        self.newest = self.latest = self.backwards = 0

    def id_at(self, number: int) -> bytes:
        """The ID of the row of a number; empty if there is none."""
        return bytes(self.ids[32 * number - 32 : 32 * number]) if number > 0 else b""

    def ids_at(self, number: int) -> list[bytes]:
        """The IDs of all links of a number, ascending."""
        found = {self.id_at(number)} - {b""}
        return sorted(found | self.odd_ids.get(number, set()))

    def mark(self, first: int, many: int = 1) -> None:
        """Mark rows as receipted."""
        if len(self.receipted) < first + many:
            self.receipted.extend(bytes(len(self.times) + 1 - len(self.receipted)))
        self.receipted[first : first + many] = b"\1" * many

    def beyond(self, number: int) -> int:
        """How many have a higher number."""
        return max(0, len(self.times) - number) + sum(link.number > number for link in self.odd)

    def furthest(self) -> tuple[int, bytes, int]:
        """(number, ID) of the furthest link, and how many there are."""
        rows = [(len(self.times), self.id_at(len(self.times)))] if self.times else []
        number, entry_id = max(rows + [(link.number, link.id) for link in self.odd])
        return number, entry_id, len(self.times) + len(self.odd)


class Links:
    """A writer's entries on one line. ``files``: the line's paths, shared by both writers."""

    def __init__(self, files: list[str]) -> None:
        self.files = files
        self.runs: dict[bytes, Run] = {}
        self._incarnations: list[bytes] = [NOTHING[0]]
        self._index = {NOTHING[0]: 0}

    def where(self, spot: int) -> str:
        """Where a link lies: the path of its file, or of its pack with its place in it."""
        path, at = self.files[spot >> AT], spot & ((1 << AT) - 1)
        return f"{path}#{at}" if at else path

    def extend(self, stretch: Stretch, spot: int) -> None:
        """Verified entries that follow one another, of the pack at ``spot``."""
        run = self._run(stretch.incarnation)
        follows = stretch.number == len(run.times) + 1 and stretch.previous == run.last
        if not follows or stretch.rosters[0] < run.newest or stretch.times[0] < run.latest:
            for number, entry_id, previous, roster, time, place, seen in stretch.rows():
                self.take(stretch.incarnation, number, entry_id, previous, roster, time, spot + place, seen)
            return
        run.last, run.newest, run.latest = stretch.last, stretch.rosters[-1], stretch.times[-1]
        run.ids += stretch.ids
        run.rosters += stretch.rosters
        run.times += stretch.times
        run.spots.extend([spot + at for at in stretch.places])
        run.seen_in.extend([self._heard_of(stretch.seen_in)] * len(stretch.times))
        run.seen_numbers += stretch.seen_numbers
        run.seen_ids += stretch.seen_ids

    def take(
        self,
        incarnation: bytes,
        number: int,
        entry_id: bytes,
        previous: bytes | None,
        roster: int,
        time: int,
        spot: int,
        seen: Place | None = None,
        opens: Place | None = None,
    ) -> None:
        """One more verified entry."""
        run = self._run(incarnation)
        if number != len(run.times) + 1:
            where = self.where(spot)
            link = Link(incarnation, number, entry_id, previous, roster, time, where, seen, opens, spot)
            run.odd.append(link)
            return
        if previous != run.last:
            run.previous[number] = previous
            run.steady = False
        run.ids += entry_id
        run.last = entry_id
        if roster < run.newest:
            run.steady = False
        else:
            run.newest = roster
        if time < run.latest:
            run.backwards += 1
        else:
            run.latest = time
        run.rosters.append(roster)
        run.times.append(time)
        run.spots.append(spot)
        seen_in, seen_number, seen_id = seen or NOTHING
        run.seen_in.append(self._heard_of(seen_in))
        run.seen_numbers.append(seen_number)
        run.seen_ids += seen_id
        if opens is not None:
            run.opens[entry_id] = opens

    def _run(self, incarnation: bytes) -> Run:
        if incarnation not in self.runs:
            self.runs[incarnation] = Run(incarnation)
        return self.runs[incarnation]

    def _heard_of(self, incarnation: bytes) -> int:
        """The number under which an incarnation of the other side's stands in the columns; 0 for none."""
        if incarnation not in self._index:
            self._index[incarnation] = len(self._incarnations)
            self._incarnations.append(incarnation)
        return self._index[incarnation]

    def settle(self) -> None:
        """Everything is there: what only came before its turn, by a clock that was set, gets its row."""
        for run in self.runs.values():
            early, run.odd = sorted(run.odd, key=lambda each: (each.number, each.id, each.where)), []
            for link in early:
                place = link.incarnation, link.number, link.id
                self.take(*place, link.previous, link.roster, link.time, link.spot, link.seen, link.opens)
            for link in run.odd:
                run.odd_ids.setdefault(link.number, set()).add(link.id)
            run.receipted.extend(bytes(len(run.times) + 1 - len(run.receipted)))

    def _row(self, run: Run, at: int) -> Link:
        number, entry_id, seen = at + 1, run.id_at(at + 1), None
        if run.seen_in[at]:
            told = bytes(run.seen_ids[32 * at : 32 * at + 32])
            seen = self._incarnations[run.seen_in[at]], run.seen_numbers[at], told
        return Link(
            run.incarnation,
            number,
            entry_id,
            run.previous.get(number, run.id_at(at) or None),
            run.rosters[at],
            run.times[at],
            self.where(run.spots[at]),
            seen,
            run.opens.get(entry_id),
        )

    def laid_out(self, run: Run) -> Iterator[Link]:
        """The links of a run, one by one."""
        yield from (self._row(run, at) for at in range(len(run.times)))
        yield from run.odd

    def beginnings(self, run: Run) -> list[Link]:
        """The links with number 1, by their IDs: more than one is a fork."""
        found = [self._row(run, 0)] if run.times else []
        found += [each for each in run.odd if each.number == 1]
        return sorted(found, key=lambda each: (each.id, each.where))

    def __iter__(self) -> Iterator[Link]:
        for run in self.runs.values():
            yield from self.laid_out(run)

    def __len__(self) -> int:
        return sum(len(run.times) + len(run.odd) for run in self.runs.values())

    def ids_at(self, incarnation: bytes, number: int) -> list[bytes]:
        """The IDs of the links at a place of this writer's chain: more than one is a fork."""
        run = self.runs.get(incarnation)
        return run.ids_at(number) if run is not None else []

    def has(self, place: Place | None) -> bool:
        """Whether an entry is here."""
        run = self.runs.get(place[0]) if place is not None else None
        if place is None or run is None:
            return False
        return run.id_at(place[1]) == place[2] or place[2] in run.odd_ids.get(place[1], ())

    def any_at(self, incarnation: bytes, number: int) -> bool:
        """Whether an entry of this number is here."""
        run = self.runs.get(incarnation)
        return run is not None and (run.id_at(number) != b"" or number in run.odd_ids)

    def has_row(self, place: Place) -> bool:
        """Whether an entry is here and came in its turn."""
        run = self.runs.get(place[0])
        return run is not None and run.id_at(place[1]) == place[2]

    def receipt(self, place: Place) -> bool:
        """Mark an entry as receipted; False if it is not here in its turn."""
        run = self.runs.get(place[0])
        if run is None or not 0 < place[1] <= len(run.times) or run.id_at(place[1]) != place[2]:
            return False
        run.mark(place[1])
        return True

    def receipt_all(self, places: Sequence[Place]) -> bool:
        """The same for entries that follow one another; False, and nothing marked, if they do not."""
        (incarnation, first, _), many = places[0], len(places)
        run = self.runs.get(incarnation)
        incarnations, numbers, ids = zip(*places, strict=True)
        if run is None or first < 1 or numbers != tuple(range(first, first + many)):
            return False
        here = run.ids[32 * (first - 1) : 32 * (first - 1 + many)]
        if incarnations.count(incarnation) < many or here != b"".join(ids):
            return False
        run.mark(first, many)
        return True

    def receipted(self, place: Place) -> bool:
        """Whether an entry was marked as receipted."""
        return self.has_row(place) and bool(self.runs[place[0]].receipted[place[1]])

    def holds(self, run: Run, theirs: Links) -> bool:
        """Whether nothing is wrong with a run: each follows the last, and what it had seen is there."""
        if run.odd or not run.steady:
            return False
        highest: dict[int, int] = {}
        there: dict[int, Run | None] = {}
        seen_ids = run.seen_ids
        for at, (index, number) in enumerate(zip(run.seen_in, run.seen_numbers, strict=True)):
            if not index:
                continue
            if index not in there:
                there[index] = theirs.runs.get(self._incarnations[index])
            other = there[index]
            if other is None or number < highest.get(index, 1):
                return False
            if other.ids[32 * number - 32 : 32 * number] != seen_ids[32 * at : 32 * at + 32]:
                return False
            highest[index] = number
        return True
