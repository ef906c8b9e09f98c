# SPDX-License-Identifier: Apache-2.0
"""The hot statements of the SQLite store: a whole batch of puts or deletes in a handful of them.

Every statement, and every row it returns, hands the interpreter from the writer thread to the event
loop and back. So puts are written with four statements however many there are, and the counters of
mailboxes are remembered between batches: this process holds the file alone. A statement has one of a few
lengths (``STEP``), so that each is prepared once and not for every size of a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from goodoffices.db.sqlite import Connection
from goodoffices.relay.batch import Delete, Mailbox, Put, decide_deletes, decide_puts
from goodoffices.relay.group_commit import Outcome
from goodoffices.relay.rules import ROW_COST, Limits, MailboxState

T = TypeVar("T")
STATES_REMEMBERED = 8_192
STEP = 16
"""Rows by which the lengths of statements differ."""


class SqliteRows:
    """Puts and deletes of a batch. Call ``forget`` whenever a transaction did not commit."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._states: dict[bytes, Mailbox] = {}
        self._used: int | None = None

    def forget(self) -> None:
        """The remembered counters may not be those of the file."""
        self._states.clear()
        self._used = None

    def used_in_all(self, db: Connection) -> int:
        """What all mailboxes hold together, as MailboxState.used counts."""
        if self._used is None:
            row = db.execute(
                f"SELECT coalesce(sum(bytes + {ROW_COST} * (waiting + tombstones)), 0) FROM mailbox"
            ).fetchone()
            self._used = int(row[0])
        return self._used

    def put_all(self, db: Connection, puts: Sequence[Put]) -> list[Outcome]:
        """One outcome for each put: Stored, or a Refused."""
        if not puts:
            return []
        self._load(db, {put.box for put in puts})
        ids = padded(list({put.id for put in puts}))
        known: list[tuple[bytes, int]] = db.execute(
            listed(
                "SELECT id, mailbox FROM envelope WHERE id IN (??)"
                " UNION ALL SELECT id, mailbox FROM tombstone WHERE id IN (??)",
                len(ids),
            ),
            ids + ids,
        ).fetchall()
        changes = decide_puts(puts, self._states, known, self.used_in_all(db), self._limits)
        for rows in in_steps(changes.kept):
            db.execute(
                listed(
                    "INSERT INTO envelope (mailbox, seq, id, at_ms, body) VALUES ??", len(rows), "(?,?,?,?,?)"
                ),
                [value for row in rows for value in row],
            )
        self._save(db, changes.mailboxes, changes.used)
        return changes.outcomes

    def delete_all(self, db: Connection, deletes: Sequence[Delete]) -> None:
        """Delete what is there; what is not there is no error."""
        if not deletes:
            return
        self._load(db, {delete.box for delete in deletes})
        ids = padded(list({delete.id for delete in deletes}))
        rows = {
            (key, no): (rowid, size)
            for rowid, no, key, size in db.execute(
                listed("SELECT rowid, mailbox, id, length(body) FROM envelope WHERE id IN (??)", len(ids)),
                ids,
            ).fetchall()
        }
        sizes = {key: size for key, (_, size) in rows.items()}
        changes = decide_deletes(deletes, self._states, sizes)
        gone = changes.tombstones
        if gone:
            rowids = padded([rows[key, no][0] for key, no, _ in gone])
            db.execute(listed("DELETE FROM envelope WHERE rowid IN (??)", len(rowids)), rowids)
        for some in in_steps(gone):
            db.execute(
                listed("INSERT INTO tombstone (id, mailbox, at_ms) VALUES ??", len(some), "(?,?,?)"),
                [value for row in some for value in row],
            )
        self._save(db, changes.mailboxes, changes.used)

    def _load(self, db: Connection, boxes: Iterable[bytes]) -> None:
        missing = [box for box in boxes if box not in self._states]
        if not missing:
            return
        if len(self._states) + len(missing) > STATES_REMEMBERED:
            self._states.clear()
            missing = list(boxes)
        missing = padded(missing)
        for box, no, *counters in db.execute(
            listed(
                "SELECT box, no, last_seq, waiting, bytes, tombstones FROM mailbox WHERE box IN (??)",
                len(missing),
            ),
            missing,
        ).fetchall():
            self._states[box] = Mailbox(no, MailboxState(*counters))

    def _save(self, db: Connection, changed: Mapping[bytes, Mailbox], used: int) -> None:
        if not changed:
            return
        values: list[int] = []
        for box in padded(list(changed.values())):
            s = box.state
            values += (box.no, s.last_seq, s.waiting, s.bytes, s.tombstones)
        db.execute(
            listed(
                "UPDATE mailbox SET last_seq=v.column2, waiting=v.column3, bytes=v.column4,"
                " tombstones=v.column5 FROM (VALUES ??) AS v WHERE no=v.column1",
                len(values) // 5,
                "(?,?,?,?,?)",
            ),
            values,
        )
        self._states.update(changed)
        self._used = self.used_in_all(db) if self._used is None else self._used + used


def padded(items: list[T]) -> list[T]:
    """The items, the last one repeated up to a length at which a statement is there: to look or set twice is once."""
    return items + items[-1:] * (-len(items) % STEP)


def in_steps(rows: list[T]) -> Iterator[list[T]]:
    """The rows in at most two pieces, the first of a length at which a statement is there."""
    whole = len(rows) - len(rows) % STEP
    if whole:
        yield rows[:whole]
    if whole < len(rows):
        yield rows[whole:]


@lru_cache(256)
def listed(sql: str, count: int, one: str = "?") -> str:
    """``sql`` with ``??`` replaced by ``count`` parameters: only question marks ever enter the text."""
    return sql.replace("??", ",".join([one] * count))
