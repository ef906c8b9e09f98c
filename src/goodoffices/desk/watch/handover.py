# SPDX-License-Identifier: Apache-2.0
"""Handing over the watch at one desk: the one who leaves lists what is open and signs, the next signs it too.

Both sign the same bytes. What came in between is shown beside the list; whoever wants it in the list
hands over anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goodoffices.core.errors import LacksRight, NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.handover import MAX_OPEN, Handover, OpenStep, check_handover
from goodoffices.core.office import Right
from goodoffices.core.statement import Signed, add_signature, read_signed, sign, state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.vault.keys import open_text, seal_text

HELD_FOR = 16 * 3_600_000
"""Milliseconds for which whoever took a watch over is woken first, whatever the roster says."""


@dataclass(frozen=True)
class OpenThing:
    """One step that is open when a watch is handed over."""

    what: str
    about: bytes | None
    since: int
    late: bool
    taken_by: str | None = None
    """Who has taken it as things stand now; the signed list does not say it."""
    taken_at: int | None = None

    @property
    def row(self) -> tuple[int, bytes | None, int, bool]:
        """As it stands in the signed list."""
        return int(OpenStep[self.what.upper()]), self.about, self.since, self.late


@dataclass(frozen=True)
class HandoverRow:
    """A handover as the desk keeps it."""

    id: bytes
    at: int
    state: str
    leaving: bytes
    coming: bytes
    done_at: int | None
    signed: Signed

    @property
    def handover(self) -> Handover:
        """Its content."""
        return self.signed.statement.read(Handover)


def waits_for_second(context: Context, officer: Officer) -> bool:
    """Whether a handover of the watch waits for this officer's signature."""
    asked = "SELECT 1 FROM handover WHERE state='offered' AND coming=?"
    return context.ledger.db.execute(asked, (officer.public,)).fetchone() is not None


class Handovers:
    """The handovers of one desk. Every writing method is a transaction of its own."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.db = context.ledger.db

    def _row(self, values: tuple[object, ...]) -> HandoverRow:
        number, at, how, leaving, coming, done_at, sealed = values
        assert self.context.reading_key is not None
        raw = open_text(self.context.reading_key, bytes(sealed), bytes(number))  # type: ignore[call-overload]
        return HandoverRow(
            bytes(number),  # type: ignore[call-overload]
            int(at),  # type: ignore[call-overload]
            str(how),
            bytes(leaving),  # type: ignore[call-overload]
            bytes(coming),  # type: ignore[call-overload]
            None if done_at is None else int(done_at),  # type: ignore[call-overload]
            read_signed(raw),
        )

    def _rows(self, where: str, *values: object) -> list[HandoverRow]:
        if self.context.reading_key is None:
            raise NotNow("The desk is locked.", "Sign in first.")
        columns = "id, at, state, leaving, coming, done_at, signed_sealed"
        rows = self.db.execute(f"SELECT {columns} FROM handover {where}", values).fetchall()  # noqa: S608 # constant columns
        return [self._row(tuple(row)) for row in rows]

    def offered(self) -> HandoverRow | None:
        """The handover that waits for the second signature."""
        rows = self._rows("WHERE state='offered' ORDER BY rowid DESC LIMIT 1")
        return rows[0] if rows else None

    def done(self, most: int = 20) -> list[HandoverRow]:
        """The newest handovers that both signed, newest first."""
        return self._rows("WHERE state='done' ORDER BY done_at DESC, rowid DESC LIMIT ?", most)

    def holder(self, now: int) -> str | None:
        """Who took the watch over and is woken first; works while the desk is locked."""
        row = self.db.execute(
            "SELECT holder, done_at FROM handover WHERE state='done' ORDER BY done_at DESC, rowid DESC LIMIT 1"
        ).fetchone()
        if row is None or not 0 <= now - row[1] < HELD_FOR:
            return None
        return str(row[0])

    def offer(
        self, officer: Officer, coming: bytes, things: Sequence[OpenThing], words: str, now: int
    ) -> bytes:
        """List what is open for the officer who comes, and sign it; an earlier offer falls away."""
        self._require_duty(officer.public, officer.name)
        if coming == officer.public:
            raise YourError("A watch is handed over to somebody else.", "Choose who comes.")
        self._require_duty(coming, "Who comes")
        if len(words.encode()) > 2000:
            raise YourError("The remark has at most 2,000 bytes.", "Shorten it.")
        key = self.context.reading_key
        if key is None:
            raise NotNow("The desk is locked.", "Sign in first.")
        last = self.done(1)
        content = Handover(
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
            leaving=officer.public,
            coming=coming,
            open=tuple(each.row for each in things[:MAX_OPEN]),
            more=max(0, len(things) - MAX_OPEN),
            words=words,
            previous=last[0].id if last else None,
        )
        signed = sign(state(content, self.context.keys.realm), officer.seed)
        check_handover(signed, self.context.my_office(), whole=False)
        with self.context.transaction():
            self.db.execute("UPDATE handover SET state='called back' WHERE state='offered'")
            self.db.execute(
                "INSERT OR REPLACE INTO handover (id, at, state, leaving, coming, signed_sealed) VALUES (?,?,?,?,?,?)",
                (
                    signed.id,
                    now,
                    "offered",
                    officer.public,
                    coming,
                    seal_text(key, signed.raw, signed.id, self.context.rng),
                ),
            )
            self.context.ledger.audit(now, officer.name, "offered the watch", AuditKind.ACT)
        return signed.id

    def take_over(self, officer: Officer, handover: bytes, now: int) -> None:
        """The one who comes signs the same list, and has the watch."""
        row, key = self._offered(handover), self.context.reading_key
        if row.coming != officer.public:
            raise NotAllowed("This watch is handed over to somebody else.")
        signed = add_signature(row.signed, officer.seed)
        check_handover(signed, self.context.my_office())
        assert key is not None
        with self.context.transaction():
            self.db.execute(
                "UPDATE handover SET state='done', holder=?, done_at=?, signed_sealed=? WHERE id=?",
                (officer.name, now, seal_text(key, signed.raw, signed.id, self.context.rng), handover),
            )
            self.context.ledger.audit(now, officer.name, "took the watch over", AuditKind.ACT)

    def call_back(self, officer: Officer, handover: bytes, now: int) -> None:
        """The one who leaves keeps the watch, or the one who comes does not take it."""
        row = self._offered(handover)
        if officer.public not in (row.leaving, row.coming):
            raise NotAllowed("This handover is between two others.")
        with self.context.transaction():
            self.db.execute("UPDATE handover SET state='called back' WHERE id=?", (handover,))
            self.context.ledger.audit(now, officer.name, "called a handover back", AuditKind.ACT)

    def _offered(self, handover: bytes) -> HandoverRow:
        rows = self._rows("WHERE id=?", handover)
        if not rows:
            raise NotFound("There is no such handover at this desk.")
        if rows[0].state != "offered":
            raise NotNow("That handover is no longer open.", "Look at the newest one.")
        return rows[0]

    def _require_duty(self, officer: bytes, name: str) -> None:
        if not self.context.my_office().roster.rights(officer) & Right.DUTY:
            raise LacksRight(f"{name} does not hold the right 'duty' here.")
