# SPDX-License-Identifier: Apache-2.0
"""The desk's tables behind typed methods: offices, lines, entries, notes, acts, and what is owed.

Storage only. What may be written, and when, is decided by ``lines``, ``channels`` and ``acts``; who may
read texts, by the vault. Every method runs inside the transaction of its caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from goodoffices.db.sqlite import transaction
from goodoffices.desk.ledger.audit import AuditTables
from goodoffices.desk.ledger.browsing import BrowsingTables
from goodoffices.desk.ledger.checkpoints import CheckpointTables
from goodoffices.desk.ledger.left import LeftRow, LeftTables
from goodoffices.desk.ledger.replies import ReplyTables
from goodoffices.desk.ledger.rows import ActRow, LineRow, NoteRow, RouteRow, claimed_by
from goodoffices.desk.ledger.secrets import SecretTables
from goodoffices.desk.ledger.service_traffic import ServiceTables

__all__ = ["ActRow", "Ledger", "LeftRow", "LineRow", "NoteRow", "RouteRow", "claimed_by"]

MAX_SAME = 100
"""Findings of one kind on one line: more of the same would only hide the others and fill the disk."""


MAX_FINDINGS = 2000
"""Findings of one line, or of none, that others caused. What this machine did wrong is always kept."""
MORE = "Further findings of this kind are not kept one by one."
OWN = "this machine's"


class Ledger(
    SecretTables, ServiceTables, AuditTables, CheckpointTables, BrowsingTables, ReplyTables, LeftTables
):
    """Typed access to the tables of the record."""

    _brought_by: bytes | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; on a roll-back what was remembered in memory is forgotten too."""
        done = False
        try:
            with transaction(self.db):
                yield
                self._keep_owed()
            done = True
        finally:
            if not done:
                self._forget()
                self._fresh.clear()

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the open transaction that is undone alone if it fails."""
        self.db.execute("SAVEPOINT part")
        done, fresh, places, forked = False, [*self._fresh], {**self._places}, {*self._forked}
        opened = {**self._opened}
        try:
            yield
            done = True
        finally:
            if not done and self.db.in_transaction:
                self.db.execute("ROLLBACK TO part")
                self._forget()
                self._fresh = fresh
                # Found by a long look where the chain is long.
                self._places, self._forked, self._opened = places, forked, opened
            if self.db.in_transaction:
                self.db.execute("RELEASE part")

    # lines

    def remove_line(self, line_id: bytes) -> None:
        """Forget a line that never opened: nothing but confirmations ever stood on it."""
        self._forget()
        self.db.execute(
            "DELETE FROM kept_receipt WHERE entry IN (SELECT id FROM entry WHERE line=?)", (line_id,)
        )
        for table in ("owed", "line_test", "entry", "route", "mailboxes"):
            self.db.execute(f"DELETE FROM {table} WHERE line=?", (line_id,))
        self.db.execute("DELETE FROM line WHERE id=?", (line_id,))

    # findings

    def find(
        self,
        now: int,
        fault: str,
        what: str,
        step: str,
        *,
        line: bytes | None = None,
        entry: bytes | None = None,
    ) -> None:
        """Keep what was refused or does not hold; the same finding about the same entry once.

        Without a line named it is counted by the one that brought what it is about: nobody's findings, however many,
        keep out those about another.
        """
        if line is None and fault != OWN:
            line = self._brought_by or (self._line_of(entry) if entry is not None else None)
        if self._one("SELECT 1 FROM finding WHERE what=? AND entry IS ? AND line IS ?", what, entry, line):
            return
        same = "SELECT count(*) FROM finding WHERE what=? AND line IS ?"
        if line is not None and self._one(same, what, line)[0] >= MAX_SAME:
            return
        if (
            fault != OWN
            and self._one("SELECT count(*) FROM finding WHERE line IS ?", line)[0] >= MAX_FINDINGS
        ):
            # Their texts are the other side's to vary: what it does wrong must not fill this disk.
            what, step, entry = MORE, "Ask the other office by another way; what is kept shows enough.", None
            if self._one("SELECT 1 FROM finding WHERE what=? AND line IS ?", what, line):
                return
        self.db.execute(
            "INSERT INTO finding (at, line, entry, fault, what, next) VALUES (?,?,?,?,?,?)",
            (now, line, entry, fault, what, step),
        )

    @contextmanager
    def brought_by(self, line: bytes) -> Iterator[None]:
        """While what came by a line is looked at: what is found then is found of it."""
        self._brought_by = line
        try:
            yield
        finally:
            self._brought_by = None

    def _line_of(self, what: bytes) -> bytes | None:
        """By which line a note or an act came first, as far as is known."""
        row = self._one(
            "SELECT entry.line FROM copy JOIN entry ON entry.id=copy.entry WHERE note=? ORDER BY copy.position LIMIT 1",
            what,
        )
        if row is not None:
            return bytes(row[0])
        row = self._one("SELECT from_office FROM act WHERE id=?", what)
        line = self.line_to(bytes(row[0])) if row is not None and row[0] is not None else None
        return line.id if line is not None else None

    def was_found(self, what: str, line: bytes) -> bool:
        """Whether a line has this finding already, about whatever entry."""
        return self._one("SELECT 1 FROM finding WHERE what=? AND line IS ?", what, line) is not None

    def finding_count(self) -> int:
        """How many findings are kept."""
        return int(self._one("SELECT count(*) FROM finding")[0])

    def findings_before(
        self, before: int | None, most: int
    ) -> list[tuple[int, int, bytes | None, bytes | None, str, str, str]]:
        """(number, at, line, entry, fault, what, next step) of the newest before a number, newest first."""
        rows = self._all(
            "SELECT id, at, line, entry, fault, what, next FROM finding WHERE id<? ORDER BY id DESC LIMIT ?",
            before if before is not None else 1 << 62,
            most,
        )
        return [tuple(row) for row in rows]

    def findings(self) -> list[tuple[int, bytes | None, bytes | None, str, str, str]]:
        """(at, line, entry, fault, what, next step), oldest first."""
        return [
            tuple(row)
            for row in self._all("SELECT at, line, entry, fault, what, next FROM finding ORDER BY id")
        ]
