# SPDX-License-Identifier: Apache-2.0
"""The table of what was signed by somebody who had left by then, as far as was known here (ADR 0096)."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from goodoffices.desk.ledger.rows import Tables

COLUMNS = "id, author, mandate, previous, subject, stated, known, who"


@dataclass(frozen=True, slots=True)
class LeftRow:
    """An act, note or mandate, and the roster that was known when it came."""

    id: bytes
    author: bytes
    mandate: bytes
    previous: bytes | None
    subject: bytes | None
    stated: int
    known: int
    who: str


class LeftTables(Tables):
    """What no current signer of its office stands by yet."""

    def add_left(self, row: LeftRow) -> None:
        """Keep that a signer had left."""
        self._left = True
        self.db.execute("INSERT OR IGNORE INTO signer_left VALUES (?,?,?,?,?,?,?,?)", astuple(row))

    def any_left(self) -> bool:
        """Whether anything is kept here: hardly ever. Remembered, for every act asks."""
        if self._left is None:
            self._left = self._one("SELECT 1 FROM signer_left LIMIT 1") is not None
        return self._left

    def left(self, what: bytes, author: bytes) -> LeftRow | None:
        """Whether the signer of something in an office's name had left, and nobody there stands by it."""
        if not self.any_left():
            return None
        row = self._one(f"SELECT {COLUMNS} FROM signer_left WHERE id=? AND author=?", what, author)
        return LeftRow(*row) if row is not None else None

    def mandate_left(self, mandate: bytes) -> list[LeftRow]:
        """In which offices' names a mandate is signed by somebody who had left alone."""
        rows = self._all(f"SELECT {COLUMNS} FROM signer_left WHERE id=? ORDER BY author", mandate)
        return [LeftRow(*row) for row in rows]

    def stand_by(self, what: bytes, author: bytes) -> LeftRow | None:
        """Its own office stands by it; returns what was kept of it, if anything was."""
        row = self.left(what, author)
        if row is not None:
            self.db.execute("DELETE FROM signer_left WHERE id=? AND author=?", (what, author))
            self._left = None
        return row

    def links_at(self, mandate: bytes, lane: bytes, author: bytes, sequence: int) -> list[bytes]:
        """What stands at a place of an author's chain, in any incarnation."""
        rows = self._all(
            "SELECT link.id FROM chain JOIN link ON link.chain=chain.id WHERE mandate=? AND lane=? AND author=?"
            " AND sequence=?",
            *(mandate, lane, author, sequence),
        )
        return [bytes(row[0]) for row in rows]

    def any_link(self, mandate: bytes, author: bytes) -> bool:
        """Whether an act or note of an author stands under a mandate whose signer had not left."""
        row = self._one(
            "SELECT 1 FROM chain JOIN link ON link.chain=chain.id WHERE mandate=? AND author=? AND link.id NOT IN"
            " (SELECT id FROM signer_left) LIMIT 1",
            *(mandate, author),
        )
        return row is not None
