# SPDX-License-Identifier: Apache-2.0
"""Reading a long record in bounded pieces: notes page by page, and which of them may wait for an act.

Nothing here walks a whole channel more than once after a start. Places are row numbers: the order in
which notes came to this desk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.mandate import Precedence
from goodoffices.desk.ledger.channels import NOTE_COLUMNS
from goodoffices.desk.ledger.rows import NoteRow, Tables

AT_ONCE = 500
"""Row numbers in one statement."""


@dataclass
class _Open:
    """Notes of one mandate that were not settled when they were last looked at."""

    looked_until: int = 0
    places: list[int] = field(default_factory=list)


class BrowsingTables(Tables):
    """Notes in bounded pieces."""

    def places_before(
        self, mandate: bytes, lanes: Iterable[bytes], authors: Iterable[bytes], before: int | None, most: int
    ) -> list[int]:
        """Places of the newest notes that came before a place (None: of all), oldest first."""
        return sorted(
            row[0]
            for lane in lanes
            for author in authors
            for row in self._all(
                "SELECT rowid FROM note WHERE mandate=? AND lane=? AND author=? AND rowid<?"
                " ORDER BY rowid DESC LIMIT ?",
                mandate,
                lane,
                author,
                before if before is not None else 1 << 62,
                most,
            )
        )[-most:]

    def places_after(
        self, mandate: bytes, lanes: Iterable[bytes], authors: Iterable[bytes], after: int, most: int
    ) -> list[int]:
        """Places of the first notes that came after a place, oldest first."""
        return sorted(
            row[0]
            for lane in lanes
            for author in authors
            for row in self._all(
                "SELECT rowid FROM note WHERE mandate=? AND lane=? AND author=? AND rowid>?"
                " ORDER BY rowid LIMIT ?",
                mandate,
                lane,
                author,
                after,
                most,
            )
        )[:most]

    def notes_at(self, places: list[int]) -> list[NoteRow]:
        """The notes at these places, in their order."""
        found = []
        for first in range(0, len(places), AT_ONCE):
            some = places[first : first + AT_ONCE]
            found += self._all(
                f"SELECT {NOTE_COLUMNS} FROM note WHERE rowid IN ({','.join('?' * len(some))})"
                " ORDER BY rowid",
                *some,
            )
        return [NoteRow(*row) for row in found]

    def notes_between(
        self,
        mandate: bytes,
        lanes: Iterable[bytes],
        authors: Iterable[bytes],
        first: int,
        last: int,
        most: int,
    ) -> list[NoteRow]:
        """The newest notes that came to this desk within a time (ms UTC), in their order.

        Notes come in the order of time, so the places where it begins and ends are found by halving; a clock
        that was set back for a while makes those ends a little vague.
        """
        begin, end = self._place_until(first - 1), self._place_until(last)
        places = self.places_before(mandate, lanes, authors, end + 1, most)
        return [
            note
            for note in self.notes_at([each for each in places if each > begin])
            if first <= note.at <= last
        ]

    def _place_until(self, time: int) -> int:
        """The place of the last note that came until a time; 0 if none did."""
        low, high = 0, int(self._one("SELECT coalesce(max(rowid), 0) FROM note")[0])
        while low < high:
            middle = (low + high + 1) // 2
            row = self._one("SELECT rowid, at FROM note WHERE rowid<=? ORDER BY rowid DESC LIMIT 1", middle)
            if row is None or row[1] <= time:
                low = middle
            else:
                high = row[0] - 1
        return low

    def newest_with_act(
        self, mandate: bytes, lane: bytes, authors: Iterable[bytes], by: bytes, kind: int
    ) -> bytes | None:
        """The newest note of these authors in a lane about which an office did something."""
        rows = [
            row
            for author in authors
            for row in self._all(
                "SELECT rowid, id FROM note WHERE mandate=? AND lane=? AND author=? AND EXISTS"
                " (SELECT 1 FROM act WHERE act.subject=note.id AND act.author=? AND act.type=?)"
                " ORDER BY rowid DESC LIMIT 1",
                mandate,
                lane,
                author,
                by,
                kind,
            )
        ]
        return bytes(max(rows)[1]) if rows else None

    def newest_flash(self, mandate: bytes, author: bytes, most: int) -> list[NoteRow]:
        """An office's newest FLASH notes under a mandate, by when they came here."""
        rows = self._all(
            f"SELECT {NOTE_COLUMNS} FROM note WHERE mandate=? AND author=? AND precedence=?"
            " ORDER BY at DESC LIMIT ?",
            mandate,
            author,
            int(Precedence.FLASH),
            most,
        )
        return [NoteRow(*row) for row in rows]

    def place_of(self, note: bytes) -> int:
        """The place of a note that is here."""
        return int(self._one("SELECT rowid FROM note WHERE id=?", note)[0])

    def highest_before(self, mandate: bytes, lane: bytes, author: bytes, place: int) -> int:
        """The highest number that an author's notes before a place have in a lane; 0 if there are none."""
        row = self._one(
            "SELECT number FROM note WHERE mandate=? AND lane=? AND author=? AND rowid<?"
            " ORDER BY number DESC LIMIT 1",
            mandate,
            lane,
            author,
            place,
        )
        return int(row[0]) if row else 0

    # what may wait

    def unsettled(self, mandate: bytes, me: bytes, now: int) -> list[NoteRow]:
        """Notes of a channel that this office has yet to open, or to forward and could, oldest first.

        Acts are never taken back, so what was settled once is not looked at again.
        """
        known = self._unsettled.setdefault(mandate, _Open())
        rows = self._all(
            "SELECT rowid, recipient=?, lane=? FROM note WHERE mandate=? AND rowid>? AND author<>?"
            " ORDER BY rowid",
            me,
            CHANNEL_LANE,
            mandate,
            known.looked_until,
            me,
        )
        places = known.places + [row[0] for row in rows if row[1] or row[2]]
        still = [each for first in range(0, len(places), AT_ONCE) for each in
                 self._not_settled(places[first : first + AT_ONCE], me)]  # fmt: skip
        if not self.db.in_transaction:  # what could still be undone is not remembered
            last = self._one("SELECT max(rowid) FROM note")[0] or 0
            self._unsettled[mandate] = _Open(last, still)
        return [
            note
            for note in self.notes_at(still)
            if note.state != "altered"
            and (note.recipient == me or note.valid_until is None or note.valid_until > now)
        ]

    def _not_settled(self, places: list[int], me: bytes) -> list[int]:
        rows = self._all(
            f"SELECT rowid FROM note WHERE rowid IN ({','.join('?' * len(places))}) AND NOT EXISTS ("
            " SELECT 1 FROM act WHERE act.subject=note.id AND ((author=? AND type=? AND note.recipient=?)"
            " OR (note.recipient<>? AND act.mandate=note.mandate AND ((type=? AND author=note.author)"
            " OR (author=? AND type IN (?,?,?)))))) ORDER BY rowid",
            *places,
            me,
            int(ActType.OPENED),
            me,
            me,
            int(ActType.WITHDRAWN),
            me,
            int(ActType.REFUSED),
            int(ActType.FORWARDED),
            int(ActType.RETURNED),
        )
        return [row[0] for row in rows]
