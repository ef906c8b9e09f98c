# SPDX-License-Identifier: Apache-2.0
"""Where entries stand in the chains of a line: heads, gaps and neighbours, read from the table of entries."""

from __future__ import annotations

from collections.abc import Iterable

from goodoffices.core.errors import Malformed
from goodoffices.core.line import Entry, EntryKind, Item, Place, read_items
from goodoffices.desk.ledger.owed import OwedTables

MOST_FORGOTTEN = 1000
"""Entries of a peer's forgotten end that are looked through: a question must not cost a whole record."""


class PlaceTables(OwedTables):
    """The chains of each line. Their heads are remembered: every entry that is written asks for two."""

    def entry_ids_at(self, line: bytes, writer: bytes, place: Place) -> list[bytes]:
        """IDs of a writer's entries that stand at one place of its chain: one, or a fork."""
        known = self._places.get((line, writer, place[0]))
        if known is not None and place[1] > known[1]:
            return []  # beyond the highest, as nearly every entry that arrives
        rows = self._all(
            "SELECT id FROM entry WHERE line=? AND writer=? AND incarnation=? AND number=?",
            line,
            writer,
            place[0],
            place[1],
        )
        return [bytes(row[0]) for row in rows]

    def entry_place(self, line: bytes, writer: bytes, entry_id: bytes) -> Place | None:
        """Where an entry of a writer stands on a line, if it is here."""
        row = self._one(
            "SELECT incarnation, number FROM entry WHERE id=? AND line=? AND writer=?", entry_id, line, writer
        )
        return (bytes(row[0]), row[1], entry_id) if row else None

    def head(self, line: bytes, writer: bytes, incarnation: bytes | None = None) -> Place | None:
        """The highest place of a writer's chain, of one incarnation or of the newest. Remembered."""
        asked = (line, writer, incarnation)
        if asked not in self._places:
            self._places[asked] = self._look_for_head(line, writer, incarnation)
        return self._places[asked]

    def _look_for_head(self, line: bytes, writer: bytes, incarnation: bytes | None) -> Place | None:
        if incarnation is None:
            newest = self._one(
                "SELECT incarnation FROM entry WHERE line=? AND writer=? GROUP BY incarnation"
                " ORDER BY max(position) DESC LIMIT 1",
                *(line, writer),
            )
            return self.head(line, writer, bytes(newest[0])) if newest else None
        row = self._one(
            "SELECT incarnation, number, id FROM entry WHERE line=? AND writer=? AND incarnation=?"
            " ORDER BY number DESC, position LIMIT 1",
            *(line, writer, incarnation),
        )
        return (bytes(row[0]), row[1], bytes(row[2])) if row else None

    def _grew(self, entry: Entry, place: Place) -> None:
        """An entry was appended: what is remembered of its chain goes on with it."""
        line, writer, incarnation = entry.line, entry.writer, entry.incarnation
        known = self._places.get((line, writer, incarnation))
        if known is None:
            self._places.pop((line, writer, incarnation), None)
            self._places.pop((line, writer, None), None)
            return
        head = place if place[1] > known[1] else known
        self._places[line, writer, incarnation] = self._places[line, writer, None] = head

    def holds(self, line: bytes, writer: bytes, place: Place) -> bool:
        """Whether this very entry of a writer stands here at its place."""
        return self._places.get((line, writer, place[0])) == place or place[2] in self.entry_ids_at(
            line, writer, place
        )

    def newest_places(self, line: bytes, writer: bytes, most: int) -> list[Place]:
        """The places of a writer's newest entries here, oldest first."""
        rows = self._all(
            "SELECT incarnation, number, id FROM entry WHERE position IN (SELECT position FROM entry"
            " WHERE line=? AND writer=? ORDER BY position DESC LIMIT ?) ORDER BY position",
            *(line, writer, most),
        )
        return [(bytes(row[0]), row[1], bytes(row[2])) for row in rows]

    def newest_head(self, line: bytes, writer: bytes) -> Place | None:
        """The highest place of the incarnation that began last, in whatever order its entries came."""
        row = self._one(
            "SELECT incarnation FROM entry WHERE line=? AND writer=? GROUP BY incarnation"
            " ORDER BY min(position) DESC LIMIT 1",
            line,
            writer,
        )
        return self.head(line, writer, bytes(row[0])) if row else None

    def complete_until(self, line: bytes, writer: bytes) -> Place | None:
        """The last place of a writer's chains before which nothing is missing here."""
        walked = self._walked(line, writer)
        if not walked:
            return None
        incarnation = next(reversed(walked))
        row = self._one(
            "SELECT id FROM entry WHERE line=? AND writer=? AND incarnation=? AND number=? ORDER BY position",
            *(line, writer, incarnation, walked[incarnation]),
        )
        return incarnation, walked[incarnation], bytes(row[0])

    def complete_with(self, line: bytes, writer: bytes, place: Place) -> bool:
        """Whether this very entry and everything before it in its writer's chains is here."""
        return self.holds(line, writer, place) and place[1] <= self._walked(line, writer).get(place[0], 0)

    def _walked(self, line: bytes, writer: bytes) -> dict[bytes, int]:
        """By incarnation, in order, the number up to which nothing is missing here, nor before it.

        Incarnations are walked as they open one another, whatever the order in which they came: before one
        that came early something may be missing. Whole ones are counted by an index alone.
        """
        chains = {
            bytes(incarnation): (count, highest)
            for incarnation, count, highest in self._all(
                "SELECT incarnation, count(DISTINCT number), max(number) FROM entry"
                " WHERE line=? AND writer=? GROUP BY incarnation",
                *(line, writer),
            )
        }
        openings: dict[bytes | None, list[tuple[bytes, int]]] = {}
        for incarnation, before in self._openings(line, writer, chains):
            key = before[0] if before else None
            openings.setdefault(key, []).append((incarnation, before[1] if before else 0))
        walked: dict[bytes, int] = {}
        waiting = [incarnation for incarnation, _ in openings.pop(None, [])]
        while waiting:
            incarnation = waiting.pop(0)
            count, highest = chains[incarnation]
            walked[incarnation] = count if count == highest else self._gap_after(line, writer, incarnation)
            if count != highest:
                break
            waiting += [each for each, after in openings.pop(incarnation, []) if after <= highest]
        return walked

    def _openings(
        self, line: bytes, writer: bytes, incarnations: Iterable[bytes]
    ) -> list[tuple[bytes, Place | None]]:
        """Of each incarnation whose first entry is here, the place after which it began."""
        begun = "SELECT body FROM entry WHERE line=? AND writer=? AND incarnation=? AND number=1 ORDER BY position"
        rows = [(each, self._one(begun, line, writer, each)) for each in incarnations]
        return [(each, _opened_after(bytes(row[0]))) for each, row in rows if row is not None]

    def forgotten_after(
        self, line: bytes, writer: bytes, place: Place | None, *, but: bytes | None = None
    ) -> list[bytes]:
        """Bodies of acts of a writer that here follow a place of its chains, oldest first; the newest thousand.

        ``place``: where the writer's vault ends, by its own word; one that is not here tells nothing. ``but``:
        an incarnation which goes on from there, so that nothing in it is forgotten.
        """
        if place is not None and not self.holds(line, writer, place):
            return []
        if self.newest_head(line, writer) == place:
            return []
        openings = self._openings(line, writer, self._incarnations(line, writer))
        # By incarnation, the number after which nothing in it is known to its writer any more.
        behind = {place[0]: place[1]} if place is not None else {each: 0 for each, _ in openings}
        waiting = list(behind.items())
        while waiting:
            before, number = waiting.pop()
            for each, after in openings:
                if after is None or after[0] != before or after[1] < number or each == but or each in behind:
                    continue
                behind[each] = 0
                waiting.append((each, 0))
        found = [
            row
            for incarnation, number in behind.items()
            for row in self._all(
                "SELECT position, body FROM entry WHERE line=? AND writer=? AND incarnation=? AND number>?"
                " AND kind=? ORDER BY position DESC LIMIT ?",
                *(line, writer, incarnation, number, int(EntryKind.ACTS), MOST_FORGOTTEN),
            )
        ]
        return [bytes(body) for _, body in sorted(found)[-MOST_FORGOTTEN:]]

    def is_passed_over(self, line: bytes, writer: bytes, place: Place) -> bool:
        """Whether a writer went on from before this place, or from before what this place's chain goes on from.

        Of two incarnations that go on from one place nothing here says which its writer has forgotten.
        """
        openings = self._openings(line, writer, self._incarnations(line, writer))
        began, walked = dict(openings), set[bytes]()
        behind: Place | None = place
        while behind is not None and behind[0] not in walked:
            incarnation, number, _ = behind
            if any(
                after is not None and after[0] == incarnation and after[1] < number for _, after in openings
            ):
                return True
            walked.add(incarnation)
            behind = began.get(incarnation)
        return False

    def _incarnations(self, line: bytes, writer: bytes) -> list[bytes]:
        rows = self._all("SELECT DISTINCT incarnation FROM entry WHERE line=? AND writer=?", line, writer)
        return [bytes(row[0]) for row in rows]

    def _gap_after(self, line: bytes, writer: bytes, incarnation: bytes) -> int:
        numbers = (
            "SELECT DISTINCT number FROM entry WHERE line=? AND writer=? AND incarnation=? ORDER BY number"
        )
        for expected, (number,) in enumerate(self._all(numbers, line, writer, incarnation), 1):
            if number != expected:
                return expected - 1
        return 0

    def neighbours_of(
        self, line: bytes, writer: bytes, place: Place
    ) -> list[tuple[int, bytes, bytes | None]]:
        """(number, ID, previous) of the entries just before and after a place."""
        return [
            (row[0], bytes(row[1]), row[2])
            for row in self._all(
                "SELECT number, id, previous FROM entry WHERE line=? AND writer=? AND incarnation=?"
                " AND number IN (?,?)",
                line,
                writer,
                place[0],
                place[1] - 1,
                place[1] + 1,
            )
        ]


def _opened_after(body: bytes) -> Place | None:
    """The place that the first entry of an incarnation names. A body of any form may stand there (P12)."""
    try:
        item = next(iter(read_items(body)), (None,))
    except Malformed:
        return None
    return item[1] if item[0] == Item.INCARNATION else None
