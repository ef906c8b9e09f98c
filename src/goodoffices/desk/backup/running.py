# SPDX-License-Identifier: Apache-2.0
"""Backups of a running desk: begun with each start, gone on with after each change, tried again when they fail.

Each place has a series of its own: one that fails holds up no other, and catches up by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from goodoffices.core.errors import GoodOfficesError, MachineError
from goodoffices.core.office import Right
from goodoffices.db.sqlite import Connection
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.backup import rows
from goodoffices.desk.backup.setup import (
    DAY,
    Setup,
    Target,
    add_place,
    drop_place,
    note_try,
    set_up,
    setup_of,
    tried,
    written,
)
from goodoffices.desk.backup.writing import SeriesWriter
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.journal import Event, log
from goodoffices.desk.ledger.ledger import Ledger
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
class PlaceState:
    """Where backups at one place stand. ``last``: ms UTC up to which everything lies there."""

    where: str
    last: int | None
    waits: bool
    failure: str


@dataclass(frozen=True)
class BackupState:
    """What is to be said of backups now. Times in ms UTC."""

    setup: Setup | None
    places: tuple[PlaceState, ...]
    tried: int | None

    @property
    def last(self) -> int | None:
        """When everything up to then had been written, at the place that has most."""
        return max((each.last for each in self.places if each.last is not None), default=None)

    @property
    def waits(self) -> bool:
        """Whether something is at no place yet."""
        return all(each.waits for each in self.places) and bool(self.places)

    @property
    def failure(self) -> str:
        """What the first place that fails says."""
        return next((each.failure for each in self.places if each.failure), "")


def kept_state(ledger: Ledger) -> BackupState:
    """Where backups stand as far as the vault knows, with no desk running."""
    setup = setup_of(ledger)
    places = tuple(
        PlaceState(each.where, _last(ledger, each.where), waits=False, failure="")
        for each in (setup.targets if setup is not None else ())
    )
    return BackupState(setup, places, tried(ledger))


def _last(ledger: Ledger, where: str) -> int | None:
    done = written(ledger, where)
    return done.last if any(each.whole for each in done.series) else None


class AtPlace:
    """The backups of one running desk at one place."""

    def __init__(self, service: Running, setup: Setup, target: Target, changes: rows.Changes) -> None:
        self._service, self._setup, self._target, self._changes = service, setup, target, changes
        self.owed: dict[rows.Key, None] = {}
        """Rows that changed and were not written there yet, in the order in which they did."""
        self.others: tuple[AtPlace, ...] = ()
        self._writer: SeriesWriter | None = None
        """The series that goes on, once it is whole."""
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.failure = ""

    def state(self) -> PlaceState:
        """Where it stands."""
        waits = bool(self.owed) or self._changes.any()
        last = _last(self._service.desk.ledger, self._target.where)
        return PlaceState(self._target.where, last, waits, self.failure)

    def start(self) -> None:
        """Begin a series."""
        self._task = asyncio.ensure_future(self._run())
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """No further pieces."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})  # what it failed of is told already, and keeps nobody from leaving

    async def flush(self) -> None:
        """Write what waits now, if a series is whole; raises MachineError."""
        async with self._writing:
            self._gather()
            if self._writer is not None and self.owed:
                await self._write_changes(self._writer)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        log(Event.BACKUP_FAILED, self._service.now(), error)
        self.failure = "This desk's backups failed by a fault of this program; start the desk again."
        self._task = None

    def _gather(self) -> None:
        """What changed since anybody looked is owed to every place."""
        if self._changes.any():
            keys = dict.fromkeys(self._changes.take())
            for each in (self, *self.others):
                each.owed |= keys

    async def _run(self) -> None:
        place = self._target.place()
        failures = 0
        reader = self._service.vault.reader()
        try:
            while True:
                try:
                    writer = SeriesWriter(self._service.desk.context, self._setup, place, self._target.where)
                    await self._one_series(writer, reader)
                    failures = 0
                except GoodOfficesError as error:
                    self.failure = str(error)
                await asyncio.sleep(AGAIN[min(failures, len(AGAIN) - 1)])
                failures += 1
        finally:
            await place.close()

    async def _one_series(self, writer: SeriesWriter, reader: Connection) -> None:
        """From its first piece until it is time for another."""
        service = self._service
        known = frozenset(each.id for each in written(service.desk.ledger, self._target.where).series)
        began = service.now()
        with faults():
            await writer.everything(reader, began)
        first = writer.bytes
        tidied = False
        failures = 0
        while True:
            self._gather()
            if not tidied or self.owed:
                try:
                    async with self._writing:
                        await self._write_changes(writer)
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

    async def _write_changes(self, writer: SeriesWriter) -> None:
        service, keys = self._service, self.owed
        self.owed = {}
        try:
            with faults():
                await writer.write(rows.changed(service.vault.db, keys), service.now(), whole=True)
        except MachineError:
            self.owed = keys | self.owed
            raise


class RunningBackup:
    """The backups of one running desk, at every place."""

    def __init__(self, service: Running) -> None:
        self._service = service
        self._changes: rows.Changes | None = None
        self._places: tuple[AtPlace, ...] = ()

    def state(self) -> BackupState:
        """Where backups stand."""
        kept = kept_state(self._service.desk.ledger)
        if not self._places:
            return kept
        return BackupState(kept.setup, tuple(each.state() for each in self._places), kept.tried)

    def note_try(self, who: str, heard: str) -> None:
        """A restore was tried on another machine: these digits show it; raises NotNow if they do not."""
        desk, now = self._service.desk, self._service.now()
        with desk.context.transaction():
            note_try(desk.ledger, heard, now)
            desk.ledger.audit(now, who, "a restore of the backup was tried", AuditKind.OFFICE)

    def start(self) -> None:
        """Begin, if backups are set up. Changes count from now on."""
        setup = setup_of(self._service.desk.ledger)
        if setup is None or self._places:
            return
        if self._changes is None:
            self._changes = rows.Changes(self._service.vault.db)
            self._changes.watch()
        changes = self._changes
        self._places = tuple(AtPlace(self._service, setup, each, changes) for each in setup.targets)
        for each in self._places:
            each.others = tuple(other for other in self._places if other is not each)
            each.start()

    async def stop(self) -> None:
        """No further pieces."""
        places, self._places = self._places, ()
        for each in places:
            await each.stop()

    async def set_up(
        self, keeper: Officer, target: Target, names: Sequence[str], needed: int
    ) -> tuple[str, ...]:
        """Where backups go and who opens them, anew; returns the keepers' shares, which are kept nowhere."""
        shares: list[str] = []

        def change(desk: Desk, now: int) -> None:
            _, made = set_up(
                desk.ledger, target.where, now, names=names, needed=needed, login=target.login,
                rng=desk.context.rng,
            )  # fmt: skip
            shares.extend(made)

        await self._change(keeper, f"set backups up to go to {target.where}", target, change)
        return tuple(shares)

    async def add(self, keeper: Officer, target: Target) -> None:
        """Everything goes to one place more."""
        what = f"had backups go to {target.where} as well"
        await self._change(keeper, what, target, lambda desk, _: add_place(desk.ledger, target))

    async def drop(self, keeper: Officer, where: str) -> None:
        """Nothing more goes to a place; what lies there stays."""
        what = f"had no more backups go to {where}"
        await self._change(keeper, what, None, lambda desk, _: drop_place(desk.ledger, where))

    async def _change(
        self, keeper: Officer, what: str, target: Target | None, change: Callable[[Desk, int], object]
    ) -> None:
        """One act of a keeper of keys, after which a new series begins at each place."""
        desk, now = self._service.desk, self._service.now()
        desk.acts.require(keeper, Right.KEYS)
        if target is not None:
            async with target.place() as there:
                await there.names()  # it can be reached, before anything changes
        await self.stop()
        try:
            with desk.context.transaction():
                change(desk, now)
                desk.ledger.audit(now, keeper.name, what, AuditKind.OFFICE)
        finally:
            self.start()

    async def flush(self) -> None:
        """Write what waits now, wherever a series is whole; raises MachineError where none could."""
        tries = await asyncio.gather(*(each.flush() for each in self._places), return_exceptions=True)
        failed = [each for each in tries if isinstance(each, BaseException)]
        if failed and len(failed) == len(tries):
            raise failed[0]
