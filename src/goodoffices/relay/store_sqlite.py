# SPDX-License-Identifier: Apache-2.0
"""The relay's store in one SQLite file: group commit, a sync before every answer.

One process holds the file. Writes run in the writer thread of ``group_commit``; reads run on the event
loop over a connection of their own (write-ahead log: neither waits for the other).
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from goodoffices.core.errors import MachineError
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.db.sqlite import Connection, Hold, copy_to, open_database, transaction
from goodoffices.relay.batch import Delete, Put, Stored
from goodoffices.relay.group_commit import GroupCommit, Observed, Outcome, Rest, Waiter
from goodoffices.relay.rules import (
    Limits,
    Opened,
    Refusal,
    Refused,
    Rights,
    decide_open,
    expired_before,
)
from goodoffices.relay.sqlite_rows import SqliteRows
from goodoffices.relay.store import TOTALS, OnStored, Totals, Waiting
from goodoffices.relay.write_back import WriteBack

SCHEMA = "goodoffices.relay.schema"
RIGHTS_REMEMBERED = 4_096

# Errors after which the file is as it was and a later try may succeed: no room, or not writable now.
_NO_ROOM = frozenset(
    {
        "SQLITE_FULL",
        "SQLITE_IOERR_WRITE",
        "SQLITE_IOERR_SHMSIZE",
        "SQLITE_IOERR_SHMOPEN",
        "SQLITE_READONLY",
        "SQLITE_READONLY_DIRECTORY",
        "SQLITE_READONLY_CANTINIT",
        "SQLITE_CANTOPEN",
    }
)


_Call = Callable[[Connection], object]


class SqliteRelayStore:
    """RelayStore over one SQLite file. ``on_failure`` is told once when the file cannot be trusted."""

    def __init__(
        self,
        path: Path,
        limits: Limits,
        on_stored: OnStored,
        on_failure: Callable[[], None] = lambda: None,
        most_bytes: int | None = None,
        observed: Observed | None = None,
    ) -> None:
        self._limits = limits
        self._on_stored = on_stored
        self._on_failure = on_failure
        self._failed = False
        self._closed = False
        self._rows = SqliteRows(limits)
        self._known_rights: dict[bytes, Rights] = {}
        with contextlib.ExitStack() as undo:
            self._hold = undo.enter_context(Hold(path))
            try:
                self._writer = undo.enter_context(contextlib.closing(open_database(path)))
                migrate(
                    self._writer,
                    steps_in(SCHEMA),
                    # Again: an upgrade that was cut off begins anew by itself, as everything at a start does.
                    backup=lambda old: copy_to(
                        self._writer, path.with_name(f"{path.name}.before-v{old + 1}"), again=True
                    ),
                )
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorname in _NO_ROOM:
                    raise MachineError(
                        f"{path} cannot be opened, or copied and brought to this version: {error}.",
                        "Make room on its disk, mounted for writing; what stands on it is as it was.",
                    ) from error
                raise MachineError(
                    f"{path} is not a database of a relay: {error}.", "Give another path, or restore a copy."
                ) from error
            if most_bytes is not None:
                page = int(self._writer.execute("PRAGMA page_size").fetchone()[0])
                self._writer.execute(f"PRAGMA max_page_count={most_bytes // page}")
            # A log that grew in a flood is cut back at the next checkpoint.
            self._writer.execute("PRAGMA journal_size_limit=67108864")
            self._writer.execute("PRAGMA wal_autocheckpoint=0")  # ``write_back`` does it
            self._reader = undo.enter_context(contextlib.closing(open_database(path)))
            self._reader.execute("PRAGMA query_only=ON")
            undo.pop_all()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._write_back = WriteBack()
        self._group = GroupCommit(self._commit, self._landed, on_failure, self._after_commit, observed)

    # --- the port --------------------------------------------------------------------------------

    async def open_mailbox(self, box: bytes, rights: Rights, now: int) -> Opened:
        """See RelayStore."""
        limits = self._limits

        def work(db: Connection) -> object:
            row = db.execute(
                "SELECT may_put, may_collect, may_delete FROM mailbox WHERE box=?", (box,)
            ).fetchone()
            count = int(db.execute("SELECT count(*) FROM mailbox").fetchone()[0])
            reply = decide_open(Rights(*row) if row else None, rights, count, limits)
            if isinstance(reply, Refusal):
                return Refused(reply)
            if reply is Opened.NEW:
                db.execute(
                    "INSERT INTO mailbox (box, may_put, may_collect, may_delete, used_ms, last_seq)"
                    " VALUES (?, ?, ?, ?, ?, (SELECT seq_floor FROM relay))",
                    (box, rights.put, rights.collect, rights.delete, now),
                )
            return reply

        return cast(Opened, await self._call(work))

    async def touch(self, boxes: Sequence[bytes], now: int) -> None:
        """See RelayStore."""

        def work(db: Connection) -> object:
            for box in boxes:
                db.execute("UPDATE mailbox SET used_ms=? WHERE box=?", (now, box))
            return None

        await self._call(work)

    async def rights(self, box: bytes) -> Rights | None:
        """See RelayStore. Rights never change, so those once read may be remembered."""
        known = self._known_rights.get(box)
        if known is not None:
            return known
        with self._reading() as db:
            row = db.execute(
                "SELECT may_put, may_collect, may_delete FROM mailbox WHERE box=?", (box,)
            ).fetchone()
        if row is None:
            return None
        if len(self._known_rights) >= RIGHTS_REMEMBERED:
            self._known_rights.clear()
        found = self._known_rights[box] = Rights(*row)
        return found

    def known_rights(self, box: bytes) -> Rights | None:
        """See ``quick.QuickStore``."""
        return None if self._closed else self._known_rights.get(box)

    def put_soon(self, box: bytes, envelope_id: bytes, envelope: bytes, now: int, waiter: Waiter) -> None:
        """See ``quick.QuickStore``."""
        if self._failed:
            raise Refused(Refusal.STORE_FAILED)
        self._group.submit_for(waiter, Put(box, envelope_id, envelope, now), len(envelope))

    async def put(self, box: bytes, envelope_id: bytes, envelope: bytes, now: int) -> bool:
        """See RelayStore."""
        stored = await self._submit(Put(box, envelope_id, envelope, now), len(envelope))
        return cast(Stored, stored).seq is not None

    async def collect(self, box: bytes, after: int, envelopes: int, size: int) -> list[tuple[int, bytes]]:
        """See RelayStore."""
        found: list[tuple[int, bytes]] = []
        total = 0
        with (
            self._reading() as db,
            contextlib.closing(
                db.execute(
                    "SELECT e.seq, e.body FROM envelope e JOIN mailbox m ON m.no = e.mailbox"
                    " WHERE m.box=? AND e.seq>? ORDER BY e.seq LIMIT ?",
                    (box, after, envelopes),
                )
            ) as cursor,
        ):  # closed, because a statement left open would keep the log from being checkpointed
            while (row := cursor.fetchone()) is not None:
                total += len(row[1])
                if found and total > size:
                    break
                found.append((row[0], row[1]))
        return found

    async def delete(self, box: bytes, envelope_id: bytes, now: int) -> None:
        """See RelayStore."""
        # Its collector has kept the envelope, and waits for nothing here.
        await self._submit(Delete(box, envelope_id, now), 0, patient=True)

    async def waiting(self, box: bytes) -> Waiting:
        """See RelayStore."""
        with self._reading() as db:
            row = db.execute(
                "SELECT waiting, bytes, (SELECT at_ms FROM envelope WHERE mailbox = no ORDER BY seq LIMIT 1),"
                " last_seq FROM mailbox WHERE box=?",
                (box,),
            ).fetchone()
        return Waiting(*row) if row else Waiting(0, 0, None)

    async def purge(self, now: int, most: int) -> int:
        """See RelayStore."""
        cutoff = expired_before(now, self._limits)

        def work(db: Connection) -> object:
            old = db.execute(
                "SELECT rowid, mailbox, length(body) FROM envelope WHERE at_ms<? ORDER BY at_ms LIMIT ?",
                (cutoff, most),
            ).fetchall()
            for rowid, no, size in old:
                db.execute("DELETE FROM envelope WHERE rowid=?", (rowid,))
                db.execute("UPDATE mailbox SET waiting=waiting-1, bytes=bytes-? WHERE no=?", (size, no))
            self._rows.forget()
            gone = db.execute(
                "SELECT id, mailbox FROM tombstone WHERE at_ms<? ORDER BY at_ms LIMIT ?", (cutoff, most)
            ).fetchall()
            for key, no in gone:
                db.execute("DELETE FROM tombstone WHERE id=? AND mailbox=?", (key, no))
                db.execute("UPDATE mailbox SET tombstones=tombstones-1 WHERE no=?", (no,))
            # 0: made by a version that did not note it; its time runs from now on.
            db.execute("UPDATE mailbox SET used_ms=? WHERE used_ms=0", (now,))
            unused = db.execute(
                "DELETE FROM mailbox WHERE no IN (SELECT no FROM mailbox"
                " WHERE used_ms<? AND waiting=0 AND tombstones=0 LIMIT ?) RETURNING last_seq",
                (cutoff, most),
            ).fetchall()
            if unused:
                db.execute("UPDATE relay SET seq_floor=max(seq_floor, ?)", (max(seq for (seq,) in unused),))
            return len(old) + len(gone) + len(unused)

        removed = cast(int, await self._call(work))
        self._known_rights.clear()  # a mailbox that was removed has none
        return removed

    async def totals(self) -> Totals:
        """See RelayStore."""
        with self._reading() as db:
            return Totals(*db.execute(TOTALS).fetchone())

    @property
    def sound(self) -> bool:
        """See RelayStore."""
        return not (self._failed or self._closed)

    async def close(self) -> None:
        """See RelayStore."""
        await self._group.close()
        self._closed = True
        self._reader.close()
        self._writer.close()
        self._hold.release()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        if self._closed:
            raise Refused(Refusal.STOPPING)
        try:
            yield self._reader
        except sqlite3.Error as error:
            self._failed = True
            self._on_failure()
            raise Refused(Refusal.STORE_FAILED) from error

    # --- the writer ------------------------------------------------------------------------------

    async def _call(self, work: _Call) -> object:
        return await self._submit(work, 0)

    async def _submit(self, what: object, size: int, *, patient: bool = False) -> object:
        if self._failed:
            raise Refused(Refusal.STORE_FAILED)
        return await self._group.submit(what, size, patient=patient)

    def _commit(self, batch: Sequence[Any]) -> list[Outcome]:
        """In the writer thread: one transaction for the batch; see group_commit.Commit."""
        if self._failed:
            return [Refused(Refusal.STORE_FAILED)] * len(batch)
        try:
            with transaction(self._writer) as db:
                outcomes = self._apply(db, batch)
            self._write_back.committed(batch, sum(each for each in outcomes if isinstance(each, int)))
            return outcomes
        except sqlite3.Error as error:
            self._rows.forget()
            name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_BUSY":
            return [Refused(Refusal.BUSY)] * len(batch)
        if name in _NO_ROOM:
            if len(batch) > 1:  # what needs no room (a delete, a repeat) must not fail with the rest
                return [self._commit([what])[0] for what in batch]
            return [Refused(Refusal.DISK_FULL)]
        # Anything else, a failed sync above all, leaves open what is on the disk. Writing on would
        # build on that; a restart reads the log again and checks every frame.
        self._failed = True
        return [Refused(Refusal.STORE_FAILED)] * len(batch)

    def _after_commit(self, batch: Sequence[Any], outcomes: Sequence[Outcome]) -> Rest | None:
        """In the writer thread, once the loop was told; see group_commit.Afterwards."""
        if self._write_back.at_once:
            self._shorten_log()
        return self._shorten_log if self._write_back.at_rest else None

    def _shorten_log(self) -> None:
        """In the writer thread. Without room the log stays as it is, and is tried again."""
        if self._failed:
            return
        try:
            self._write_back.write_back(self._writer)
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            if name == "SQLITE_BUSY" or name in _NO_ROOM:
                return
            self._failed = True
            if self._loop is not None:
                with contextlib.suppress(RuntimeError):  # it is gone by now
                    self._loop.call_soon_threadsafe(self._on_failure)

    def _apply(self, db: Connection, batch: Sequence[Any]) -> list[Outcome]:
        # Puts, then deletes, then the rest: of requests that overlap, any order is right.
        puts = iter(self._rows.put_all(db, [what for what in batch if isinstance(what, Put)]))
        self._rows.delete_all(db, [what for what in batch if isinstance(what, Delete)])
        outcomes: list[Outcome] = []
        for what in batch:
            if isinstance(what, Put):
                outcomes.append(next(puts))
            else:
                outcomes.append(None if isinstance(what, Delete) else what(db))
        return outcomes

    def _landed(self, batch: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
        """On the loop, after the commit, before the answers: what is new is pushed first."""
        self._loop = self._loop or asyncio.get_running_loop()
        for what, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Stored) and outcome.seq is not None:
                self._on_stored(what.box, outcome.seq, what.envelope)
        if self._failed:
            self._on_failure()
