# SPDX-License-Identifier: Apache-2.0
"""Notes by their authors' numbers, and the newest of a lane: asked with every note that is written or comes."""

from __future__ import annotations

from collections.abc import Iterable

from goodoffices.desk.ledger.chains import ChainTables
from goodoffices.desk.ledger.rows import NoteRow

MAX_JUMP = 10_000
"""Numbers that a peer's word may move this office's notes on by."""


class NumberTables(ChainTables):
    """Numbers of notes. The highest, and the newest, are remembered."""

    def next_number(self, mandate: bytes, lane: bytes, author: bytes) -> int:
        """This office's next note number in a lane, after every one that is here or that a peer told of."""
        return max(self._highest(mandate, lane, author), self._told_of(mandate, lane)) + 1

    def _highest(self, mandate: bytes, lane: bytes, author: bytes) -> int:
        asked = mandate, lane, author
        if asked not in self._numbers:
            row = self._one("SELECT max(number) FROM note WHERE mandate=? AND lane=? AND author=?", *asked)
            self._room_in(self._numbers)
            self._numbers[asked] = int(row[0] or 0)
        return self._numbers[asked]

    def _count_in(self, note: NoteRow) -> None:
        """A note was added: what is remembered of numbers and of the newest goes on with it."""
        highest = self._highest(note.mandate, note.lane, note.author)
        self._beyond = note.id if note.number > highest else None
        self._numbers[note.mandate, note.lane, note.author] = max(highest, note.number)
        for (mandate, lane, authors, most), newest in self._newest.items():
            if (mandate, lane) == (note.mandate, note.lane) and note.author in authors:
                newest.append(note.id)
                del newest[:-most]

    def _told_of(self, mandate: bytes, lane: bytes) -> int:
        return int(self.fact(_number_fact(mandate, lane)) or b"0")

    def number_after(self, mandate: bytes, lane: bytes, author: bytes, number: int) -> bool:
        """A peer holds this office's note of that number: a vault that went back must not give it again.

        True if that is new: a note of this office's that its own vault does not hold. It is only the peer's
        word, so it moves the numbers by ``MAX_JUMP`` at most.
        """
        here = self._highest(mandate, lane, author)
        if number > max(here, self._told_of(mandate, lane)) and self._one(
            "SELECT 1 FROM mandate WHERE id=?", mandate
        ):
            self.set_fact(_number_fact(mandate, lane), str(min(number, here + MAX_JUMP)).encode())
            return True
        return False

    def highest_numbers(self, author: bytes, most: int) -> tuple[tuple[bytes, bytes, int], ...]:
        """(mandate, lane, highest number) of an office's notes here, the lanes that were used last."""
        rows = self._all(
            "SELECT mandate, lane, max(number) FROM note WHERE author=? GROUP BY mandate, lane"
            " ORDER BY max(rowid) DESC LIMIT ?",
            author,
            most,
        )
        return tuple((bytes(mandate), bytes(lane), number) for mandate, lane, number in rows)

    def newest_of(self, mandate: bytes, lane: bytes, authors: Iterable[bytes], most: int) -> list[bytes]:
        """IDs of the newest notes of these authors in a lane, oldest first; altered ones are nobody's. Remembered."""
        asked = mandate, lane, tuple(authors), most
        if asked not in self._newest:
            self._room_in(self._newest)
            self._newest[asked] = self._look_for_newest(*asked)
        return [*self._newest[asked]]

    def _look_for_newest(
        self, mandate: bytes, lane: bytes, authors: tuple[bytes, ...], most: int
    ) -> list[bytes]:
        rows = [
            row
            for author in authors
            for row in self._all(
                "SELECT rowid, id FROM note WHERE mandate=? AND lane=? AND author=? AND state<>'altered'"
                " ORDER BY rowid DESC LIMIT ?",
                mandate,
                lane,
                author,
                most,
            )
        ]
        return [bytes(note) for _, note in sorted(rows)[-most:]]

    def newest_own(self, mandate: bytes, lane: bytes, me: bytes, most: int) -> list[bytes]:
        """IDs of this office's newest notes in a lane, newest first."""
        rows = self._all(
            "SELECT id FROM note WHERE mandate=? AND lane=? AND author=? ORDER BY number DESC LIMIT ?",
            mandate,
            lane,
            me,
            most,
        )
        return [bytes(row[0]) for row in rows]

    def wrote_after(self, mandate: bytes, lane: bytes, author: bytes, at: int) -> bool:
        """Whether a note of an author came into a lane after a time."""
        row = self._one(
            "SELECT at FROM note WHERE mandate=? AND lane=? AND author=? AND state<>'altered'"
            " ORDER BY number DESC LIMIT 1",
            mandate,
            lane,
            author,
        )
        return row is not None and row[0] > at

    def others_of_number(self, note: NoteRow) -> list[bytes]:
        """Other verified notes under the same author's number in the same lane: there should be none."""
        if note.id == self._beyond:
            return []
        rows = self._all(
            "SELECT id FROM note WHERE mandate=? AND lane=? AND author=? AND number=? AND id<>?"
            " AND state='verified'",
            note.mandate,
            note.lane,
            note.author,
            note.number,
            note.id,
        )
        return [bytes(row[0]) for row in rows]

    def own_since(self, mandate: bytes, author: bytes, precedence: int, since: int) -> list[int]:
        """When the author's notes of one precedence were released under a mandate, from ``since`` on."""
        rows = self._all(
            "SELECT at FROM note WHERE mandate=? AND author=? AND precedence=? AND at>? ORDER BY at",
            mandate,
            author,
            precedence,
            since,
        )
        return [int(row[0]) for row in rows]


def _number_fact(mandate: bytes, lane: bytes) -> str:
    return f"number told {mandate.hex()} {lane.hex()}"
