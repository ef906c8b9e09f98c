# SPDX-License-Identifier: Apache-2.0
"""The office's audit log: who did what, when, from which session; each row chained to the one before.

    chain(n) = SHA-256("GO1 audit" || chain(n-1) || CBOR [n, at, officer, kind, what, session])

with 32 zero bytes before the first. Rows number from 1 without gaps. Whoever can open the vault can
write the whole chain anew; an auditor who noted an earlier row's digits sees that (ADR 0025).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goodoffices.core import cbor, crypto
from goodoffices.desk.asking import SESSION, AuditKind
from goodoffices.desk.ledger.rows import Tables

_START = bytes(32)
_ROW = "id, at, officer, kind, what, session, chain"
MAX_WHAT = 400


@dataclass(frozen=True)
class AuditRow:
    """One row of the audit log."""

    number: int
    at: int
    officer: str
    kind: str
    what: str
    session: str
    chain: bytes | None


def link(before: bytes, row: AuditRow) -> bytes:
    """The chain's value at ``row``, given that of the row before."""
    content = [row.number, row.at, row.officer, row.kind, row.what, row.session]
    return crypto.sha256(b"GO1 audit" + before + cbor.encode(content))


class AuditTables(Tables):
    """The table of the audit log."""

    _audit_head: tuple[int, bytes] | None = None

    def _forget(self) -> None:
        super()._forget()
        self._audit_head = None

    def audit(self, now: int, officer: str, what: str, kind: AuditKind = AuditKind.OTHER) -> None:
        """What an officer did at this desk. Runs in its caller's transaction: done and written, or neither."""
        number, before = self._head_of_audit()
        row = AuditRow(number + 1, now, officer, kind, what[:MAX_WHAT], SESSION.get(), None)
        chain = link(before, row)
        self.db.execute(
            f"INSERT INTO audit ({_ROW}) VALUES (?,?,?,?,?,?,?)",
            (row.number, row.at, row.officer, row.kind, row.what, row.session, chain),
        )
        self._audit_head = row.number, chain

    def _head_of_audit(self) -> tuple[int, bytes]:
        if self._audit_head is None:
            row = self._one("SELECT id, chain FROM audit ORDER BY id DESC LIMIT 1")
            if row is not None and row[1] is None:
                self._chain_older_rows()
                row = self._one("SELECT id, chain FROM audit ORDER BY id DESC LIMIT 1")
            self._audit_head = (int(row[0]), bytes(row[1])) if row else (0, _START)
        return self._audit_head

    def _chain_older_rows(self) -> None:
        """Rows of a desk that kept no chain yet: they count from here on."""
        before = _START
        for row in [*self._audit_rows("SELECT {row} FROM audit ORDER BY id")]:
            before = row.chain or link(before, row)
            self.db.execute("UPDATE audit SET chain=? WHERE id=?", (before, row.number))

    def _audit_rows(self, sql: str, *values: object) -> Iterator[AuditRow]:
        for row in self._all(sql.replace("{row}", _ROW), *values):
            yield AuditRow(*row)

    def audit_rows(
        self, *, kind: str | None, officer: str | None, before: int | None, most: int
    ) -> list[AuditRow]:
        """The newest rows that fit, newest first; ``before``: older than this number."""
        rows = self._audit_rows(
            "SELECT {row} FROM audit WHERE (?1 IS NULL OR kind=?1) AND (?2 IS NULL OR officer=?2)"
            " AND (?3 IS NULL OR id<?3) ORDER BY id DESC LIMIT ?4",
            kind,
            officer,
            before,
            most,
        )
        return [*rows]

    def audit_row(self, number: int) -> AuditRow | None:
        """One row by its number."""
        return next(self._audit_rows("SELECT {row} FROM audit WHERE id=?", number), None)

    def audit_officers(self) -> list[str]:
        """Every name that stands in the log."""
        return [str(row[0]) for row in self._all("SELECT DISTINCT officer FROM audit ORDER BY officer")]

    def audit_break(self, newest: int | None = None) -> int | None:
        """The number of the first row that is missing or does not fit; None if the log is whole.

        ``newest``: only so many of the last rows, held against the row before them. Each takes some 10 µs.
        """
        before, chained = _START, self._one("SELECT 1 FROM audit WHERE chain IS NOT NULL LIMIT 1")
        start = 0
        if newest is not None and (count := self._one("SELECT max(id) FROM audit")[0] or 0) > newest:
            anchor = self.audit_row(count - newest)
            if anchor is None or anchor.chain is None:
                return count - newest
            start, before = anchor.number, anchor.chain
        rows = self._audit_rows("SELECT {row} FROM audit WHERE id>? ORDER BY id", start)
        for number, row in enumerate(rows, start + 1):
            expected = link(before, row)
            # Rows without a place in the chain are older than it: then no row has one.
            if row.number != number or (chained and row.chain != expected):
                return number
            before = expected
        return None
