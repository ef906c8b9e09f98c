# SPDX-License-Identifier: Apache-2.0
"""The hot statements of the SQLite store: a whole batch of puts or deletes in a handful of them.

Every statement, and every row it returns, hands the interpreter from the writer thread to the event
loop and back. So puts are written with three statements however many there are, and the counters of
mailboxes are remembered between batches: this process holds the file alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from goodoffices.db.sqlite import Connection
from goodoffices.relay.group_commit import Outcome
from goodoffices.relay.rules import Limits, MailboxState, Refusal, Refused, after_delete, decide_put

STATES_REMEMBERED = 8_192


@dataclass(frozen=True)
class Put:
    """Keep an envelope."""

    box: bytes
    id: bytes
    envelope: bytes
    now: int


@dataclass(frozen=True)
class Stored:
    """Outcome of a put: the new seq, or None for a repeat."""

    seq: int | None


@dataclass(frozen=True)
class Delete:
    """Delete an envelope and leave a tombstone."""

    box: bytes
    id: bytes
    now: int


class SqliteRows:
    """Puts and deletes of a batch. Call ``forget`` whenever a transaction did not commit."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._states: dict[bytes, tuple[int, MailboxState]] = {}

    def forget(self) -> None:
        """The remembered counters may not be those of the file."""
        self._states.clear()

    def put_all(self, db: Connection, puts: Sequence[Put]) -> list[Outcome]:
        """One outcome for each put: Stored, or a Refused."""
        if not puts:
            return []
        self._load(db, {put.box for put in puts})
        ids = list({put.id for put in puts})
        known: set[tuple[bytes, int]] = set(
            db.execute(
                listed(
                    "SELECT id, mailbox FROM envelope WHERE id IN (??)"
                    " UNION ALL SELECT id, mailbox FROM tombstone WHERE id IN (??)",
                    len(ids),
                ),
                ids + ids,
            ).fetchall()
        )
        outcomes: list[Outcome] = []
        rows: list[object] = []
        changed: set[bytes] = set()
        for put in puts:
            found = self._states.get(put.box)
            if found is None:
                outcomes.append(Refused(Refusal.NO_RIGHT))
                continue
            no, state = found
            reply = decide_put(state, (put.id, no) in known, len(put.envelope), self._limits)
            if isinstance(reply, Refusal):
                outcomes.append(Refused(reply))
            elif reply is None:
                outcomes.append(Stored(None))
            else:
                known.add((put.id, no))
                self._states[put.box] = (no, reply)
                changed.add(put.box)
                rows += (no, reply.last_seq, put.id, put.now, put.envelope)
                outcomes.append(Stored(reply.last_seq))
        if rows:
            db.execute(
                listed(
                    "INSERT INTO envelope (mailbox, seq, id, at_ms, body) VALUES ??",
                    len(rows) // 5,
                    "(?,?,?,?,?)",
                ),
                rows,
            )
            self._save(db, changed)
        return outcomes

    def delete_all(self, db: Connection, deletes: Sequence[Delete]) -> None:
        """Delete what is there; what is not there is no error."""
        if not deletes:
            return
        self._load(db, {delete.box for delete in deletes})
        ids = list({delete.id for delete in deletes})
        there = {
            (key, no): (rowid, size)
            for rowid, no, key, size in db.execute(
                listed("SELECT rowid, mailbox, id, length(body) FROM envelope WHERE id IN (??)", len(ids)),
                ids,
            ).fetchall()
        }
        rowids: list[int] = []
        tombstones: list[object] = []
        changed: set[bytes] = set()
        for delete in deletes:
            no, state = self._states.get(delete.box, (0, MailboxState(0, 0, 0, 0)))
            found = there.pop((delete.id, no), None)
            if found is None:
                continue
            rowids.append(found[0])
            tombstones += (delete.id, no, delete.now)
            self._states[delete.box] = (no, after_delete(state, found[1]))
            changed.add(delete.box)
        if rowids:
            db.execute(listed("DELETE FROM envelope WHERE rowid IN (??)", len(rowids)), rowids)
            db.execute(
                listed("INSERT INTO tombstone (id, mailbox, at_ms) VALUES ??", len(rowids), "(?,?,?)"),
                tombstones,
            )
            self._save(db, changed)

    def _load(self, db: Connection, boxes: Iterable[bytes]) -> None:
        missing = [box for box in boxes if box not in self._states]
        if not missing:
            return
        if len(self._states) + len(missing) > STATES_REMEMBERED:
            self._states.clear()
            missing = list(boxes)
        for box, no, *counters in db.execute(
            listed(
                "SELECT box, no, last_seq, waiting, bytes, tombstones FROM mailbox WHERE box IN (??)",
                len(missing),
            ),
            missing,
        ).fetchall():
            self._states[box] = (no, MailboxState(*counters))

    def _save(self, db: Connection, boxes: Iterable[bytes]) -> None:
        values: list[int] = []
        for no, state in (self._states[box] for box in boxes):
            values += (no, state.last_seq, state.waiting, state.bytes, state.tombstones)
        db.execute(
            listed(
                "UPDATE mailbox SET last_seq=v.column2, waiting=v.column3, bytes=v.column4,"
                " tombstones=v.column5 FROM (VALUES ??) AS v WHERE no=v.column1",
                len(values) // 5,
                "(?,?,?,?,?)",
            ),
            values,
        )


def listed(sql: str, count: int, one: str = "?") -> str:
    """``sql`` with ``??`` replaced by ``count`` parameters: only question marks ever enter the text."""
    return sql.replace("??", ",".join([one] * count))
