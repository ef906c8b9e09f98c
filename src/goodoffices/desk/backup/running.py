# SPDX-License-Identifier: Apache-2.0
"""Backups of a running desk: begun with each start, gone on with after each change, tried again when they fail."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Protocol

from goodoffices.core.errors import GoodOfficesError, MachineError
from goodoffices.db.sqlite import Connection
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.backup import rows
from goodoffices.desk.backup.setup import DAY, Setup, note_try, setup_of, tried, written
from goodoffices.desk.backup.writing import SeriesWriter
from goodoffices.desk.desk import Desk
from goodoffices.desk.journal import Event, log
from goodoffices.desk.vault.database import faults
from goodoffices.desk.vault.vault import Vault

GATHER = 3.0
"""Seconds between two pieces: what changes together goes together."""
AGAIN = (5, 30, 120, 300)
"""Seconds until the next try after a failure; the last for ever."""
ANEW_AFTER = 7 * DAY
"""Milliseconds after which a series is begun anew, so that what the desk erased leaves its backups too."""
MOST_PIECES = 5000
ROOM = 64 * 2**20
"""Bytes of changes that a series may take beyond its first whole copy."""


class Running(Protocol):
    """The part of a running desk that its backups need."""

    desk: Desk
    vault: Vault

    def now(self) -> int: ...


@dataclass(frozen=True)
class BackupState:
    """What is to be said of backups now. Times in ms UTC."""

    setup: Setup | None
    last: int | None
    """When everything up to then had been written."""
    waits: bool
    failure: str
    tried: int | None


class RunningBackup:
    """The backups of one running desk."""

    def __init__(self, service: Running) -> None:
        self._service = service
        self._task: asyncio.Task[None] | None = None
        self._changes: rows.Changes | None = None
        self._writer: SeriesWriter | None = None
        """The series that goes on, once it is whole."""
        self._writing = asyncio.Lock()
        self.failure = ""

    def state(self) -> BackupState:
        """Where backups stand."""
        ledger = self._service.desk.ledger
        done = written(ledger)
        last = done.last if any(each.whole for each in done.series) else None
        waits = self._changes is not None and self._changes.any()
        return BackupState(setup_of(ledger), last, waits, self.failure, tried(ledger))

    def note_try(self, who: str, heard: str) -> None:
        """A restore was tried on another machine: these digits show it; raises NotNow if they do not."""
        desk, now = self._service.desk, self._service.now()
        with desk.context.transaction():
            note_try(desk.ledger, heard, now)
            desk.ledger.audit(now, who, "a restore of the backup was tried", AuditKind.OFFICE)

    def start(self) -> None:
        """Begin, if backups are set up. Changes count from now on."""
        setup = setup_of(self._service.desk.ledger)
        if setup is not None and self._task is None:
            self._changes = rows.Changes(self._service.vault.db)
            self._changes.watch()
            self._task = asyncio.ensure_future(self._run(setup, self._changes))
            self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """No further pieces."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def flush(self) -> None:
        """Write what waits now, if a series is whole; raises MachineError."""
        async with self._writing:
            if self._writer is not None and self._changes is not None and self._changes.any():
                await self._write_changes(self._writer, self._changes)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        log(Event.BACKUP_FAILED, self._service.now(), error)
        self.failure = "This desk's backups failed by a fault of this program; start the desk again."
        self._task = None

    async def _run(self, setup: Setup, changes: rows.Changes) -> None:
        place = setup.place()
        failures = 0
        reader = self._service.vault.reader()
        try:
            while True:
                try:
                    await self._one_series(
                        SeriesWriter(self._service.desk.context, setup, place), changes, reader
                    )
                    failures = 0
                except GoodOfficesError as error:
                    self.failure = str(error)
                await asyncio.sleep(AGAIN[min(failures, len(AGAIN) - 1)])
                failures += 1
        finally:
            await place.close()

    async def _one_series(self, writer: SeriesWriter, changes: rows.Changes, reader: Connection) -> None:
        """From its first piece until it is time for another."""
        service = self._service
        known = frozenset(each.id for each in written(service.desk.ledger).series)
        began = service.now()
        with faults():
            await writer.everything(reader, began)
        first = writer.bytes
        tidied = False
        failures = 0
        while True:
            if not tidied or changes.any():
                try:
                    async with self._writing:
                        await self._write_changes(writer, changes)
                    self._writer = writer
                    if not tidied:
                        await writer.tidy(known)
                        tidied = True
                    self.failure, failures = "", 0
                except MachineError as error:
                    self.failure = str(error)
                    await asyncio.sleep(AGAIN[min(failures, len(AGAIN) - 1)])
                    failures += 1
                    continue
            due = service.now() - began > ANEW_AFTER or writer.number > MOST_PIECES
            if due or writer.bytes > 2 * first + ROOM:
                return
            await asyncio.sleep(GATHER)

    async def _write_changes(self, writer: SeriesWriter, changes: rows.Changes) -> None:
        service, keys = self._service, changes.take()
        try:
            with faults():
                await writer.write(rows.changed(service.vault.db, keys), service.now(), whole=True)
        except MachineError:
            changes.give_back(keys)
            raise
