# SPDX-License-Identifier: Apache-2.0
"""The statements of the PostgreSQL store: a batch of puts and deletes as one transaction in two round trips.

First the mailboxes are locked, in one order everywhere, so that processes over one database wait for
each other and never in a circle; a seq is then given under that lock. What a statement after it reads
is what earlier holders of the lock committed (read committed takes a new snapshot per statement).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from goodoffices.relay.batch import Changes, Delete, Mailbox, Put, decide_deletes, decide_puts
from goodoffices.relay.postgres import Session
from goodoffices.relay.rules import (
    ROW_COST,
    Limits,
    MailboxState,
    Opened,
    Refusal,
    Rights,
    decide_open,
    expired_before,
)

USED_KNOWN_MS = 5_000  # other processes put too: what all mailboxes hold is summed anew after this time

_LOCK = (
    "SELECT box, no, last_seq, waiting, bytes, tombstones FROM mailbox"
    " WHERE box = ANY(%b::bytea[]) ORDER BY no FOR UPDATE"
)
_KNOWN = (
    "SELECT id, mailbox FROM envelope WHERE id = ANY(%b::bytea[])"
    " UNION ALL SELECT id, mailbox FROM tombstone WHERE id = ANY(%b::bytea[])"
)
_KEEP = (
    "INSERT INTO envelope (mailbox, seq, id, at_ms, body)"
    " SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::bytea[], %b::bigint[], %b::bytea[])"
)
_THERE = "SELECT id, mailbox, octet_length(body) FROM envelope WHERE id = ANY(%b::bytea[])"
_REMOVE = (
    "DELETE FROM envelope e USING unnest(%b::bytea[], %b::bigint[]) AS v (id, mailbox)"
    " WHERE e.id = v.id AND e.mailbox = v.mailbox"
)
_REMEMBER = (
    "INSERT INTO tombstone (id, mailbox, at_ms) SELECT * FROM unnest(%b::bytea[], %b::bigint[], %b::bigint[])"
)
_COUNT = (
    "UPDATE mailbox m SET last_seq = v.a, waiting = v.b, bytes = v.c, tombstones = v.d"
    " FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[]) AS v (no, a, b, c, d)"
    " WHERE m.no = v.no"
)
_USED = f"SELECT coalesce(sum(bytes + {ROW_COST} * (waiting + tombstones)), 0)::bigint FROM mailbox"
# A transaction that wrote nothing is not waited for by the standby; and what it answers (known already,
# gone already) may rest on a commit that the standby does not have yet. A word in the log makes it wait.
_MARK = "SELECT pg_logical_emit_message(true, 'goodoffices-relay', '')"


class PostgresRows:
    """Puts and deletes of a batch, and the rarer works, each in a transaction of its own."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._used = 0
        self._used_until = -1

    def forget(self) -> None:
        """Nothing that was remembered may hold any more."""
        self._used_until = -1

    def apply(self, session: Session, puts: Sequence[Put], deletes: Sequence[Delete]) -> list[Any]:
        """One transaction; the outcomes of the puts."""
        works: list[Put | Delete] = [*puts, *deletes]
        now = max(work.now for work in works)
        if puts and not 0 <= self._used_until - now <= USED_KNOWN_MS:
            row = session.execute(_USED).fetchone()
            assert row is not None
            self._used, self._used_until = cast(int, row[0]), now + USED_KNOWN_MS
        boxes = list({work.box for work in works})
        ids = list({put.id for put in puts})
        gone = list({delete.id for delete in deletes})
        with session.pipeline():
            session.execute("BEGIN")
            locked = session.execute(_LOCK, (boxes,))
            known = session.execute(_KNOWN, (ids, ids))
            there = session.execute(_THERE, (gone,)) if gone else None
            mailboxes = {
                cast(bytes, box): Mailbox(cast(int, no), MailboxState(*cast(list[int], counters)))
                for box, no, *counters in locked.fetchall()
            }
            first = decide_puts(
                puts, mailboxes, cast(list[tuple[bytes, int]], known.fetchall()), self._used, self._limits
            )
            mailboxes.update(first.mailboxes)
            sizes = {(row[0], row[1]): row[2] for row in there.fetchall()} if there else {}
            second = decide_deletes(deletes, mailboxes, cast("Mapping[tuple[bytes, int], int]", sizes))
            _write(session, first, second)
            session.execute("COMMIT")
        self._used += first.used + second.used
        return first.outcomes

    def open_mailbox(self, session: Session, box: bytes, rights: Rights, now: int) -> Opened | Refusal:
        """Make a mailbox. The row of the relay is locked: mailboxes are counted and made one by one."""
        with session.transaction():
            row = session.execute("SELECT seq_floor FROM relay FOR UPDATE").fetchone()
            assert row is not None
            found = read_rights(session, box)
            count = session.execute("SELECT count(*) FROM mailbox").fetchone()
            assert count is not None
            reply = decide_open(found, rights, cast(int, count[0]), self._limits)
            if reply is Opened.NEW:
                session.execute(
                    "INSERT INTO mailbox (box, may_put, may_collect, may_delete, last_seq, used_ms)"
                    " VALUES (%b, %b, %b, %b, %s, %s)",
                    (box, rights.put, rights.collect, rights.delete, row[0], now),
                )
            elif reply is Opened.SAME:
                session.execute(_MARK)
        return reply

    def touch(self, session: Session, boxes: Sequence[bytes], now: int) -> None:
        """Note that mailboxes are in use."""
        with session.transaction():
            session.execute(_LOCK, (list(boxes),))
            session.execute(
                "UPDATE mailbox SET used_ms = %s WHERE box = ANY(%b::bytea[])", (now, list(boxes))
            )

    def purge(self, session: Session, now: int, most: int) -> int:
        """Remove what is past the retention time. One process at a time; the others find nothing to do."""
        cutoff = expired_before(now, self._limits)
        self.forget()
        with session.transaction():
            row = session.execute("SELECT pg_try_advisory_xact_lock(hashtext('relay purge'))").fetchone()
            if not (row and row[0]):
                return 0
            # The mailboxes first, in the order in which everybody locks them.
            session.execute(
                "SELECT 1 FROM mailbox WHERE no IN ("
                " (SELECT mailbox FROM envelope WHERE at_ms < %(cutoff)s ORDER BY at_ms LIMIT %(most)s)"
                " UNION (SELECT mailbox FROM tombstone WHERE at_ms < %(cutoff)s ORDER BY at_ms LIMIT %(most)s)"
                ") ORDER BY no FOR UPDATE",
                {"cutoff": cutoff, "most": most},
            )
            removed = 0
            for sql in (_PURGE_ENVELOPES, _PURGE_TOMBSTONES):
                counted = session.execute(sql, {"cutoff": cutoff, "most": most}).fetchone()
                assert counted is not None
                removed += cast(int, counted[0])
            return removed + _purge_mailboxes(session, cutoff, most)


# What another process deletes in this moment is not there to be counted twice: RETURNING tells.
_PURGE_ENVELOPES = (
    "WITH gone AS (DELETE FROM envelope WHERE (mailbox, seq) IN"
    " (SELECT mailbox, seq FROM envelope WHERE at_ms < %(cutoff)s ORDER BY at_ms LIMIT %(most)s)"
    " RETURNING mailbox, octet_length(body) AS size),"
    " sums AS (SELECT mailbox, count(*) AS n, sum(size) AS size FROM gone GROUP BY mailbox),"
    " counted AS (UPDATE mailbox m SET waiting = waiting - n, bytes = bytes - size FROM sums"
    " WHERE m.no = sums.mailbox)"
    " SELECT count(*) FROM gone"
)
_PURGE_TOMBSTONES = (
    "WITH gone AS (DELETE FROM tombstone WHERE (id, mailbox) IN"
    " (SELECT id, mailbox FROM tombstone WHERE at_ms < %(cutoff)s ORDER BY at_ms LIMIT %(most)s)"
    " RETURNING mailbox),"
    " sums AS (SELECT mailbox, count(*) AS n FROM gone GROUP BY mailbox),"
    " counted AS (UPDATE mailbox m SET tombstones = tombstones - n FROM sums WHERE m.no = sums.mailbox)"
    " SELECT count(*) FROM gone"
)


def _purge_mailboxes(session: Session, cutoff: int, most: int) -> int:
    session.execute("SELECT 1 FROM relay FOR UPDATE")
    gone = session.execute(
        "DELETE FROM mailbox WHERE no IN (SELECT no FROM mailbox"
        " WHERE used_ms < %s AND waiting = 0 AND tombstones = 0 ORDER BY no LIMIT %s FOR UPDATE SKIP LOCKED)"
        " RETURNING last_seq",
        (cutoff, most),
    ).fetchall()
    if gone:
        top = max(cast(int, row[0]) for row in gone)
        session.execute("UPDATE relay SET seq_floor = greatest(seq_floor, %s)", (top,))
    return len(gone)


def read_rights(session: Session, box: bytes) -> Rights | None:
    """A mailbox's rights."""
    row = session.execute(
        "SELECT may_put, may_collect, may_delete FROM mailbox WHERE box = %b", (box,)
    ).fetchone()
    return Rights(*cast("tuple[bytes, bytes, bytes]", row)) if row else None


def _write(session: Session, puts: Changes, deletes: Changes) -> None:
    if puts.kept:
        session.execute(_KEEP, [list(column) for column in zip(*puts.kept, strict=True)])
    if deletes.tombstones:
        ids, numbers, times = (list(column) for column in zip(*deletes.tombstones, strict=True))
        session.execute(_REMOVE, (ids, numbers))
        session.execute(_REMEMBER, (ids, numbers, times))
    changed = {**puts.mailboxes, **deletes.mailboxes}
    if changed:
        counters = [
            (box.no, box.state.last_seq, box.state.waiting, box.state.bytes, box.state.tombstones)
            for box in changed.values()
        ]
        session.execute(_COUNT, [list(column) for column in zip(*counters, strict=True)])
    else:
        session.execute(_MARK)
