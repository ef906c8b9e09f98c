# SPDX-License-Identifier: Apache-2.0
"""The relay's store in a PostgreSQL database, for any number of relay processes at once (ADR 0018).

Writes run in the writer thread of ``group_commit``: one batch, one transaction, one wait for the
server's disk and its standby. While the database is away, or does not confirm, everything is refused
with a clear answer and tried again; nothing is answered as stored that was not confirmed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import psycopg

from goodoffices.core.errors import MachineError
from goodoffices.db.migrate import steps_in
from goodoffices.relay import postgres_schema
from goodoffices.relay.batch import Delete, Put, Stored
from goodoffices.relay.group_commit import GroupCommit, Observed, Outcome
from goodoffices.relay.journal import Event, loud
from goodoffices.relay.postgres import TIMELINE, Server, Session, Target, Unfit, Warned, check, connect, cut
from goodoffices.relay.postgres_reading import CHANNEL, Elsewhere, Readers, answering, words
from goodoffices.relay.postgres_reading import connect as connect_reading
from goodoffices.relay.postgres_rows import PostgresRows
from goodoffices.relay.rules import SIZE_CLASSES, Limits, Opened, Refusal, Refused, Rights
from goodoffices.relay.store import TOTALS, OnStored, Totals, Waiting

# What psycopg warns of, a lost session above all, is told as an event of ours.
logging.getLogger("psycopg").addHandler(logging.NullHandler())
logging.getLogger("psycopg").propagate = False

SCHEMA = "goodoffices.relay.schema_postgres"
RIGHTS_REMEMBERED = 16_384
RIGHTS_REMEMBERED_SECONDS = 60.0  # a mailbox may be removed, and made with other rights, by another process
CONFIRM_SECONDS = 10.0
AGAIN_SECONDS = 0.5
CHECK_SECONDS = 10

_RIGHTS = "SELECT may_put, may_collect, may_delete FROM mailbox WHERE box = %b"
# How many fit is found from their lengths, so that no more bytes are read than are sent.
_COLLECT = (
    "WITH here AS MATERIALIZED (SELECT no FROM mailbox WHERE box = %b),"
    " sized AS (SELECT seq, octet_length(body) AS size FROM envelope"
    " WHERE mailbox = (SELECT no FROM here) AND seq > %s ORDER BY seq LIMIT %s),"
    " fit AS (SELECT max(seq) AS last FROM"
    " (SELECT seq, row_number() OVER w AS n, sum(size) OVER w AS upto FROM sized WINDOW w AS (ORDER BY seq)) s"
    " WHERE n = 1 OR upto <= %s)"
    " SELECT seq, body FROM envelope"
    " WHERE mailbox = (SELECT no FROM here) AND seq > %s AND seq <= (SELECT last FROM fit) ORDER BY seq"
)
_WAITING = (
    "SELECT waiting, bytes, (SELECT at_ms FROM envelope WHERE mailbox = no ORDER BY seq LIMIT 1), last_seq"
    " FROM mailbox WHERE box = %b"
)


def upgrade(target: Target, *, backup_made: bool) -> int:
    """Bring an existing database to this program's schema; how many steps were run. Raises MachineError."""
    try:
        session, _, _ = connect(target, Warned(), 0)
        with session:
            return postgres_schema.upgrade(session, steps_in(SCHEMA), backup_made=backup_made)
    except psycopg.Error as error:
        raise unusable(target, error) from error


def unusable(target: Target, error: psycopg.Error) -> MachineError:
    """The database cannot be used now, with the server's own reason."""
    return MachineError(
        f"The database at {target.shown} cannot be used: {str(error).strip()}.",
        "Check --database, and that the server runs and lets this user in.",
    )


_Call = Callable[[Session], object]


class PostgresRelayStore:
    """RelayStore over a PostgreSQL database. ``told`` hears what its operator should know."""

    def __init__(
        self,
        target: Target,
        limits: Limits,
        on_stored: OnStored,
        told: Callable[[Event], None] = lambda _: None,
        observed: Observed | None = None,
    ) -> None:
        self._target = target
        self._on_stored = on_stored
        self._told = told
        self._steps = steps_in(SCHEMA)
        self._rows = PostgresRows(limits)
        self._warned = Warned()
        self._known_rights: dict[bytes, Rights] = {}
        self._rights_until = 0.0
        self._session: Session | None = None
        self._opening: Session | None = None
        """One that has not answered yet what it has to before it serves."""
        self._pid = 0
        self._again_at = 0.0
        self._begun: float | None = None
        self._moved = False
        self._where = ""
        self._least = 0
        self.server = Server(0, "")
        self.on_moved: Callable[[], None] = lambda: None
        """Called on the loop when another server has taken over: what was told of seqs may not hold."""
        try:
            self._connect()
        except psycopg.Error as error:
            raise unusable(target, error) from error
        self._readers = Readers(lambda: self._where)
        self._tasks: list[asyncio.Task[None]] = []
        self.elsewhere: Elsewhere | None = None
        self._group = GroupCommit(self._commit, self._landed, self._gave_up, self._tell_others, observed)

    def begin(self, listened: Callable[[], Iterable[bytes]], look_again: Callable[[bytes], None]) -> None:
        """Follow, on the running loop, what other processes put and whether commits are confirmed."""
        self.elsewhere = Elsewhere(lambda: self._where, listened, look_again, lambda: self._pid)
        self._tasks = [loud(asyncio.create_task(each)) for each in (self.elsewhere.run(), self._watch())]

    # --- the port --------------------------------------------------------------------------------

    async def open_mailbox(self, box: bytes, rights: Rights, now: int) -> Opened:
        """See RelayStore."""
        reply = await self._submit(lambda session: self._rows.open_mailbox(session, box, rights, now))
        if isinstance(reply, Refusal):
            raise Refused(reply)
        return cast(Opened, reply)

    async def touch(self, boxes: Sequence[bytes], now: int) -> None:
        """See RelayStore."""
        if boxes:
            await self._submit(lambda session: self._rows.touch(session, boxes, now))

    async def rights(self, box: bytes) -> Rights | None:
        """See RelayStore."""
        now = time.monotonic()
        if now > self._rights_until or len(self._known_rights) >= RIGHTS_REMEMBERED:
            self._known_rights.clear()
            self._rights_until = now + RIGHTS_REMEMBERED_SECONDS
        known = self._known_rights.get(box)
        if known is None:
            rows = await self._readers.rows(_RIGHTS, (box,))
            if not rows:
                return None
            known = self._known_rights[box] = Rights(*cast("tuple[bytes, bytes, bytes]", rows[0]))
        return known

    async def put(self, box: bytes, envelope_id: bytes, envelope: bytes, now: int) -> bool:
        """See RelayStore."""
        stored = await self._submit(Put(box, envelope_id, envelope, now), len(envelope))
        return cast(Stored, stored).seq is not None

    async def collect(self, box: bytes, after: int, envelopes: int, size: int) -> list[tuple[int, bytes]]:
        """See RelayStore."""
        most = min(envelopes, size // SIZE_CLASSES[0] + 1)
        rows = await self._readers.rows(_COLLECT, (box, after, most, size, after))
        return cast(list[tuple[int, bytes]], rows)

    async def delete(self, box: bytes, envelope_id: bytes, now: int) -> None:
        """See RelayStore."""
        await self._submit(Delete(box, envelope_id, now))

    async def waiting(self, box: bytes) -> Waiting:
        """See RelayStore."""
        rows = await self._readers.rows(_WAITING, (box,))
        return Waiting(*cast("tuple[int, int, int | None, int]", rows[0])) if rows else Waiting(0, 0, None)

    async def purge(self, now: int, most: int) -> int:
        """See RelayStore."""
        return cast(int, await self._submit(lambda session: self._rows.purge(session, now, most)))

    async def totals(self) -> Totals:
        """See RelayStore."""
        (row,) = await self._readers.rows(TOTALS, ())
        return Totals(*(int(str(value)) for value in row))

    @property
    def sound(self) -> bool:
        """See RelayStore."""
        return self._session is not None and not self._stuck()

    async def close(self) -> None:
        """See RelayStore."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._stuck():
            # It may wait for its standby for ever. Nobody was told that it is stored.
            self._group.abandon(Refused(Refusal.STOPPING))
        else:
            await self._group.close()
            if self._session is not None:
                self._session.close()
        await self._readers.close()

    # --- the writer ------------------------------------------------------------------------------

    async def _submit(self, what: object, size: int = 0) -> object:
        if self._stuck():
            raise Refused(Refusal.UNCONFIRMED)
        return await self._group.submit(what, size)

    def _stuck(self) -> bool:
        return self._begun is not None and time.monotonic() - self._begun > CONFIRM_SECONDS

    async def _watch(self) -> None:
        """Keep a session, and let nobody wait for ever for a commit that the standby does not confirm."""
        loop = asyncio.get_running_loop()
        said = False
        for seconds in itertools.count():
            pause = loop.create_future()
            loop.call_later(1.0, pause.cancel)
            await asyncio.wait([pause])
            if self._stuck():
                self._group.refuse_waiting(Refused(Refusal.UNCONFIRMED))
                await self._look_for_another()
            elif self._session is None or seconds % CHECK_SECONDS == 0:
                with contextlib.suppress(Refused):  # not waited for: it may be what gets stuck
                    self._group.submit(self._check).add_done_callback(asyncio.Future.exception)
            if self._stuck() != said:
                said = not said
                self._told(Event.UNCONFIRMED if said else Event.CONFIRMED)

    def _check(self, session: Session) -> None:
        self._stands_on(check(session))

    def _stands_on(self, server: Server) -> None:
        """A server that was promoted has no standby of its own until somebody names one: that is said, and served."""
        alone = bool(self.server.standbys) and not server.standbys
        self.server = server
        if alone:
            self._told(Event.ALONE)

    async def _look_for_another(self) -> None:
        """A commit that is not confirmed may be one at a primary of the past: look for its successor."""
        if (opening := self._opening) is not None:
            cut(opening)  # nothing was committed by it
        for conninfo in self._target.servers:
            if conninfo == self._where:
                continue
            with contextlib.suppress(psycopg.Error, OSError):
                session = await connect_reading(conninfo)
                try:
                    with answering(session):
                        row = await (await session.execute(TIMELINE)).fetchone()
                finally:
                    await session.close()
                if row is not None and cast(int, row[0]) > self.server.timeline:
                    self._least = cast(int, row[0])
                    if self._session is not None:
                        cut(self._session)

    def _connect(self) -> Session:
        def opening(session: Session) -> None:
            self._opening = session

        try:
            least = max(self._least, self.server.timeline)
            session, server, where = connect(self._target, self._warned, least, opening)
            try:
                postgres_schema.make(session, self._steps)
                postgres_schema.serve_on(session, self._steps)
            except BaseException:
                session.close()
                raise
        finally:
            self._opening = None
        self._moved = self._moved or 0 < self.server.timeline < server.timeline
        self._stands_on(server)
        self._where = where
        self._session = session
        self._pid = session.info.backend_pid
        self._rows.forget()
        return session

    def _commit(self, batch: Sequence[Any]) -> list[Outcome]:
        """In the writer thread: see group_commit.Commit."""
        self._begun = time.monotonic()
        try:
            session = self._session or self._again()
            self._warned.heard = False
            outcomes = self._apply(session, batch)
        except (psycopg.Error, MachineError) as error:
            return [self._failed(error)] * len(batch)
        finally:
            self._begun = None
        if self._warned.heard:
            # The server ended the wait for its standby and committed alone.
            self._drop()
            return [Refused(Refusal.UNCONFIRMED)] * len(batch)
        return outcomes

    def _again(self) -> Session:
        """A new session, but not a try for every batch while there is none to be had."""
        if time.monotonic() < self._again_at:
            raise psycopg.OperationalError("not yet")
        try:
            session = self._connect()
        except (psycopg.Error, MachineError) as error:
            self._again_at = time.monotonic() + AGAIN_SECONDS
            self._told(Event.DATABASE_UNFIT if isinstance(error, Unfit) else Event.DATABASE_AWAY)
            raise
        self._told(Event.DATABASE_BACK)
        return session

    def _apply(self, session: Session, batch: Sequence[Any]) -> list[Outcome]:
        puts = [what for what in batch if isinstance(what, Put)]
        deletes = [what for what in batch if isinstance(what, Delete)]
        stored = iter(self._rows.apply(session, puts, deletes) if puts or deletes else ())
        outcomes: list[Outcome] = []
        for what in batch:
            if isinstance(what, Put):
                outcomes.append(next(stored))
            elif isinstance(what, Delete):
                outcomes.append(None)
            else:
                outcomes.append(self._apart(session, what))
        return outcomes

    def _apart(self, session: Session, work: _Call) -> Outcome:
        """One of the rarer works: a transaction of its own, or it would hold locks out of order."""
        try:
            return work(session)
        except (psycopg.Error, MachineError) as error:
            return self._failed(error)

    def _failed(self, error: psycopg.Error | MachineError) -> Refused:
        """What to answer to a batch whose transaction failed; the session goes on only if it is sound."""
        session = self._session
        self._rows.forget()
        if isinstance(error, (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)):
            refusal = Refusal.BUSY
        elif isinstance(error, psycopg.errors.DiskFull):
            refusal = Refusal.DISK_FULL
        else:
            refusal = Refusal.STORE_AWAY
        sound = session is not None and not session.closed
        if refusal is Refusal.STORE_AWAY or not sound:
            if session is not None:
                self._told(Event.DATABASE_LOST)
            self._drop()
        elif session is not None:
            with contextlib.suppress(psycopg.Error):
                session.execute("ROLLBACK")
        return Refused(refusal)

    def _drop(self) -> None:
        self._rows.forget()
        if self._session is not None:
            self._session.close()
            self._session = None

    def _landed(self, batch: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
        """On the loop, after the commit, before the answers: what is new is pushed first."""
        if self._moved:
            self._moved = False
            self._known_rights.clear()
            self._told(Event.MOVED)
            if self.elsewhere is not None:
                self.elsewhere.moved()
            self.on_moved()
        for what, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Stored) and outcome.seq is not None:
                self._on_stored(what.box, outcome.seq, what.envelope)

    def _tell_others(self, batch: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
        """In the writer thread, once the answers are on their way: word to the other processes.

        Not in the batch's transaction: a NOTIFY in it would make the commits of all processes wait for
        each other, the wait for the standby included.
        """
        boxes = {
            what.box
            for what, outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, Stored) and outcome.seq is not None
        }
        if boxes and self._session is not None:
            try:
                for word in words(boxes):
                    self._session.execute("SELECT pg_notify(%s, %s)", (CHANNEL, word))
            except psycopg.Error:
                self._drop()  # the slow look finds it

    def _gave_up(self) -> None:
        self._told(Event.STORE_FAILED)
