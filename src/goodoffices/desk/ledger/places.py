# SPDX-License-Identifier: Apache-2.0
"""Where entries stand in the chains of a line: heads, gaps and neighbours, read from the table of entries."""

from __future__ import annotations

from goodoffices.core.errors import Malformed
from goodoffices.core.line import CarriedEntry, EntryKind, Item, Place, read_items
from goodoffices.desk.ledger.owed import OwedTables

MOST_FORGOTTEN = 1000
"""Entries of a peer's forgotten end that are looked through: a question must not cost a whole record."""


class PlaceTables(OwedTables):
    """The chains of each line. Their heads are remembered: every entry that is written asks for two."""

    def is_beyond(self, line: bytes, writer: bytes, place: Place) -> bool:
        """Whether nothing can stand at a place, since it lies beyond the highest of its chain that is known.

        So does nearly every entry that arrives. False: it has to be looked for.
        """
        known = self._places.get((line, writer, place[0]))
        return known is not None and place[1] > known[1]

    def entry_ids_at(self, line: bytes, writer: bytes, place: Place) -> list[bytes]:
        """IDs of a writer's entries that stand at one place of its chain: one, or a fork."""
        if self.is_beyond(line, writer, place):
            return []
        rows = self._all(
            "SELECT id FROM entry WHERE line=? AND writer=? AND incarnation=? AND number=?",
            line,
            writer,
            place[0],
            place[1],
        )
        return [bytes(row[0]) for row in rows]

    def entry_place(self, line: bytes, writer: bytes, claimed: Place) -> Place | None:
        """Where an entry of a writer stands on a line, if it is here. ``claimed``: as the entry itself says."""
        if self.is_beyond(line, writer, claimed):
            return None
        entry_id = claimed[2]
        row = self._one(
            "SELECT incarnation, number FROM entry WHERE id=? AND line=? AND writer=?", entry_id, line, writer
        )
        return (bytes(row[0]), row[1], entry_id) if row else None

    def head(self, line: bytes, writer: bytes, incarnation: bytes | None = None) -> Place | None:
        """The highest place of a writer's chain, of one incarnation or of the newest. Remembered."""
        asked = (line, writer, incarnation)
        if asked not in self._places:
            found = self._look_for_head(line, writer, incarnation)
            self._room_in(self._places)
            self._places[asked] = found
        return self._places[asked]

    def _look_for_head(self, line: bytes, writer: bytes, incarnation: bytes | None) -> Place | None:
        if incarnation is None:
            newest = self._one(
                "SELECT incarnation FROM entry WHERE line=? AND writer=? GROUP BY incarnation"
                " ORDER BY max(position) DESC LIMIT 1",
                *(line, writer),
            )
            return self.head(line, writer, bytes(newest[0])) if newest else None
        rows = self._all(
            "SELECT incarnation, number, id FROM entry WHERE line=? AND writer=? AND incarnation=?"
            " ORDER BY number DESC, position LIMIT 2",
            *(line, writer, incarnation),
        )
        if not rows:
            return None
        if rows[-1][1] == rows[0][1] and len(rows) > 1:
            self._forked.add(bytes(rows[0][2]))
        return bytes(rows[0][0]), rows[0][1], bytes(rows[0][2])

    def _grew(self, carried: CarriedEntry) -> None:
        """An entry was appended: what is remembered of its chain goes on with it."""
        entry, place = carried.entry, carried.place
        line, writer, incarnation = entry.line, entry.writer, entry.incarnation
        opened = self._opened.get((line, writer))
        if entry.number == 1 and opened is not None and incarnation not in opened:
            self._opened[line, writer] = {**opened, incarnation: _opened_after(carried.body)}
        known = self._places.get((line, writer, incarnation))
        if known is None:
            self._places.pop((line, writer, incarnation), None)
            # It came last, so its incarnation is the newest: to find that out in the table takes a look at all.
            self._places[line, writer, None] = self.head(line, writer, incarnation)
            return
        if place[1] == known[1] and place != known:
            self._forked.add(known[2])
        head = place if place[1] > known[1] else known
        self._places[line, writer, incarnation] = self._places[line, writer, None] = head

    def holds(self, line: bytes, writer: bytes, place: Place) -> bool:
        """Whether this very entry of a writer stands here at its place."""
        own = self._written.get(place[2])
        if own is not None and (own.entry.line, own.entry.writer, own.place) == (line, writer, place):
            return True
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
        opened = self._openings(line, writer)
        for incarnation in chains:
            if incarnation in opened:
                before = opened[incarnation]
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

    def _openings(self, line: bytes, writer: bytes) -> dict[bytes, Place | None]:
        """By incarnation whose first entry is here, the place after which it began. Remembered."""
        asked = line, writer
        if asked not in self._opened:
            begun = (
                "SELECT incarnation, body FROM entry WHERE line=? AND writer=? AND number=1 ORDER BY position"
            )
            opened: dict[bytes, Place | None] = {}
            for incarnation, body in self._all(begun, line, writer):
                opened.setdefault(bytes(incarnation), _opened_after(bytes(body)))
            self._opened[asked] = opened
        return self._opened[asked]

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
        openings = self._openings(line, writer)
        go_on: dict[bytes, list[tuple[bytes, int]]] = {}
        for each, after in openings.items():
            if after is not None and each != but:
                go_on.setdefault(after[0], []).append((each, after[1]))
        # By incarnation, the number after which nothing in it is known to its writer any more.
        behind = {place[0]: place[1]} if place is not None else dict.fromkeys(openings, 0)
        waiting = list(behind.items())
        while waiting:
            before, number = waiting.pop()
            for each, began in go_on.get(before, ()):
                if began >= number and each not in behind:
                    behind[each] = 0
                    waiting.append((each, 0))
        # Places first, which an index tells; bodies of the newest alone.
        places = sorted(
            int(row[0])
            for incarnation, number in behind.items()
            for row in self._all(
                "SELECT position FROM entry WHERE line=? AND writer=? AND incarnation=? AND number>?"
                " ORDER BY number DESC LIMIT ?",
                *(line, writer, incarnation, number, MOST_FORGOTTEN),
            )
        )[-MOST_FORGOTTEN:]
        acts = "SELECT body FROM entry WHERE position=? AND kind=?"
        rows = (self._one(acts, each, int(EntryKind.ACTS)) for each in places)
        return [bytes(row[0]) for row in rows if row is not None]

    def is_passed_over(self, line: bytes, writer: bytes, place: Place) -> bool:
        """Whether a writer went on from before this place, or from before what this place's chain goes on from.

        Of two incarnations that go on from one place nothing here says which its writer has forgotten.
        """
        began, walked = self._openings(line, writer), set[bytes]()
        left: dict[bytes, int] = {}
        for after in began.values():
            if after is not None:
                left[after[0]] = min(after[1], left.get(after[0], after[1]))
        behind: Place | None = place
        while behind is not None and behind[0] not in walked:
            incarnation, number, _ = behind
            if left.get(incarnation, number) < number:
                return True
            walked.add(incarnation)
            behind = began.get(incarnation)
        return False

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
        """(number, ID, previous) of the entries just before and after a place; just before the highest, no previous."""
        known = self._places.get((line, writer, place[0]))
        if known is not None and known[1] == place[1] - 1 and known[2] not in self._forked:
            return [(known[1], known[2], None)]
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
