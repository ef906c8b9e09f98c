# SPDX-License-Identifier: Apache-2.0
"""A running desk: the place where its clock, randomness, vault and sockets are real.

One event loop, one writer. A task listens at each own mailbox; puts run beside each other, each answer in its task.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from goodoffices.core.envelope import envelope_id
from goodoffices.core.errors import MachineError, NotAllowed, RelayError
from goodoffices.core.statement import LIVE
from goodoffices.desk.alarms.running import RunningAlarms
from goodoffices.desk.alongside import Alongside
from goodoffices.desk.backup.running import RunningBackup
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import keys_in, require_reading_keys
from goodoffices.desk.journal import Event, log
from goodoffices.desk.leaving import Leaving
from goodoffices.desk.ledger.ledger import Ledger, RouteRow
from goodoffices.desk.machine import TranslatingMachine, Translator
from goodoffices.desk.outsiders import Outsiders, Witness
from goodoffices.desk.presence.present import Present
from goodoffices.desk.readiness import Readiness
from goodoffices.desk.routes.collecting import collect_all
from goodoffices.desk.routes.forgetting import Forgetting
from goodoffices.desk.routes.lean_http import Begun
from goodoffices.desk.routes.looking import Looked, Looking
from goodoffices.desk.routes.relay_client import RelayClient, RelayState, tls_trusting
from goodoffices.desk.routes.sending import Put
from goodoffices.desk.routes.socks import Proxy
from goodoffices.desk.routes.standing import Standing
from goodoffices.desk.routes.trying import Tried, tried
from goodoffices.desk.starting import FirstLook, peers_heard
from goodoffices.desk.vault.vault import Vault, faults, open_vault

T = TypeVar("T")

RECONNECT = (0.5, 1, 2, 5, 10, 20, 30, 60)
"""Seconds until the next try to listen to a relay; the last for ever."""
IDLE = 30.0
PRESSING = 0.05
"""Seconds for which receipts and rungs wait for a note that is being put."""
MACHINE_PAUSE = 2.0
"""Seconds until the desk tries again after this machine's disk failed it."""


@dataclass(frozen=True)
class DeskConfig:
    """How one desk process runs."""

    vault: Path
    unlock: Path | None = None
    relay_ca: Path | None = None
    admission: Callable[[str], str | None] = field(default=lambda _: None, repr=False)
    """What a relay asks for before it makes a mailbox, by its address."""
    witnesses: tuple[Witness, ...] = ()
    time_stamps: tuple[str, ...] = ()
    translator: Translator | None = None
    proxy: Proxy | None = None
    reach: tuple[tuple[str, str], ...] = ()
    tls_cert: Path | None = None


def real_now() -> int:
    """Milliseconds UTC of this machine's clock."""
    return time.time_ns() // 1_000_000


def clock_quality() -> int:
    """2 if the kernel says that the clock is disciplined from a network, 0 if it is not known."""
    return 2 if Path("/run/systemd/timesync/synchronized").exists() else 0


def desk_of(vault: Vault) -> Desk:
    """The desk whose keys and tables a vault holds."""
    return Desk(vault.db, keys_in(Ledger(vault.db)), os.urandom, clock_quality=clock_quality())


class DeskService(Present):
    """One office's desk, running."""

    def __init__(self, config: DeskConfig) -> None:
        self.config = config
        tls = tls_trusting(config.relay_ca)
        vault = open_vault(config.vault, unlock_path=config.unlock, look_later=True)
        with faults():
            require_reading_keys(Ledger(vault.db))
            super().__init__(vault, desk_of(vault))
        self._first_look = FirstLook(vault)
        self.alongside = Alongside(self.desk.context, vault.log, self.desk.chronicle.catch_up, self._tell)
        self.client = RelayClient(tls, config.proxy, self.desk.ledger.guarded, dict(config.reach))
        self.outsiders = Outsiders(self.desk, config.witnesses, config.time_stamps, self.now, config.proxy)
        self.machine = TranslatingMachine(config.translator)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pressing: set[asyncio.Task[None]] = set()
        sending = self.desk.lines.sending
        self._forgetting = Forgetting(self.client.delete, sending.beats, self.now)
        self._listeners: dict[int, asyncio.Task[None]] = {}
        self._standing = Standing(self.now, self._relay_changed)
        self._subscribers: set[asyncio.Event] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self.fault: MachineError | None = None
        """What is wrong with this machine now, if anything; pages show it."""
        self.started = 0
        self.looking = Looking(self.desk.all_routes, self.client.look, self._looked, self.now)
        self.ringing = RunningAlarms(self, self._announce_fault, self._tell)
        self.backup = RunningBackup(self)
        self.leaving = Leaving(self)
        self.readiness = Readiness(self, config.vault, config.tls_cert)

    @property
    def office_name(self) -> str:
        """Name of the own office."""
        return self.desk.context.my_office().name

    @property
    def realm(self) -> bytes:
        """16 bytes, zero for live."""
        return self.desk.context.keys.realm

    def now(self) -> int:
        """Milliseconds UTC."""
        return real_now()

    async def start(self) -> None:
        """Begin to collect, then to send; returns once the peers have spoken about the chains, or soon."""
        self.started = self.now()
        with faults():
            self.desk.start(self.started)
            self.refresh()
        self.ringing.start()
        self._spawn(self.leaving.keep_prepared())
        log(Event.COLLECTING, self.now())
        if not await self._first_look.through_unless(lambda: self.leaving.left is not None):
            return
        self._start_pump()
        self._spawn(self.looking.run())
        self.outsiders.start()
        self.backup.start()
        await peers_heard(self._subscribers, self.desk.lines.comparing)

    async def whole(self) -> None:
        """Returns once every page of the vault was looked through; raises VaultDamaged."""
        await self._first_look.through()

    async def stop(self) -> None:
        """Stop everything; what is not sent yet is in the vault and goes out at the next start."""
        await self.end_work()
        await self.client.close()
        self.alongside.close()
        self.vault.close()

    async def end_work(self) -> None:
        """Nothing is collected, sent, rung or written any more."""
        tasks = self.cancel_work()
        await self.ringing.stop()
        await self.outsiders.stop()
        await self.backup.stop()
        await asyncio.gather(*tasks, return_exceptions=True)

    def cancel_work(self) -> list[asyncio.Task[None]]:
        """Sending and collecting end with their next turn."""
        tasks = [*self._tasks, *self._listeners.values()]
        for task in tasks:
            task.cancel()
        return tasks

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- officers -----------------------------------------------------------------------------------

    def act(self, operation: Callable[[Desk, int], T]) -> T:
        """Run an operation of the desk, then send what it left to send."""
        try:
            with faults():
                return operation(self.desk, self.now())
        finally:
            self.refresh()
            self.kick()
            self._announce()

    def set_case_offset(self, offset: int | None) -> None:
        """Milliseconds from real time to the time of the case; refused outside a drill."""
        if self.realm == LIVE:
            raise NotAllowed("This desk is live; only a drill has the time of a case.")
        self.desk.context.case_offset = offset

    # --- news -----------------------------------------------------------------------------------------

    def _subscribe(self) -> asyncio.Event:
        event = asyncio.Event()
        self._subscribers.add(event)
        return event

    async def changes(self) -> AsyncIterator[None]:
        """Yields after each change of what pages show; several at once count as one. Ends with the desk."""
        event = self._subscribe()
        try:
            while not self._stopping:
                await event.wait()
                event.clear()
                if not self._stopping:
                    yield None
        finally:
            self._subscribers.discard(event)

    def stop_telling(self) -> None:
        """No more changes: pages that wait for one are let go, so that the server can stop."""
        self._stopping = True
        self._announce()

    def _announce(self) -> None:
        self.desk.context.committed.changed.clear()
        self.ringing.changed()
        self._tell()

    def _tell(self) -> None:
        for event in self._subscribers:
            event.set()

    def _announce_fault(self, error: MachineError) -> None:
        if self.fault is None:
            log(Event.TROUBLE, self.now())
        self.fault = error
        self._announce()

    def relays(self) -> list[RelayState]:
        """Every relay that this desk uses, with how much waits for it."""
        urls = {route.relay for route in self.desk.all_routes()}
        return self._standing.used(urls, self.desk.lines.sending.waiting())

    async def tried(self, boxes: Sequence[RouteRow]) -> tuple[Tried, ...]:
        """Whether each relay keeps the mailbox that is to lie there (ADR 0097)."""
        return await tried(self.client, boxes, self.config.admission)

    def looks(self) -> dict[int, Looked]:
        """What lies in each mailbox, by the number of its route and the word of its relay."""
        return self.looking.looks

    def _looked(self, route: RouteRow, waiting: int, now: int) -> None:
        self.desk.lines.sending.looked(route, waiting, now)
        self._standing.answered(route.relay)

    def _relay_changed(self, url: str, up: bool) -> None:
        if up:
            self.desk.lines.sending.sign_of_life(url, self.now())
            self.kick()
        self._announce()

    # --- sending ----------------------------------------------------------------------------------------

    def kick(self) -> None:
        """Send at once what somebody waits for, before pages and alarms have their turn; the pump sends the rest."""
        for put in self.desk.work(self.now(), only_urgent=True) if self._first_look.over else ():
            begun = None if put.at is not None else self.client.begin_put(put.route, put.envelope)
            task = self._spawn(self._put(put, begun))
            self._pressing.add(task)
            task.add_done_callback(self._pressing.discard)
        self._wake.set()

    async def _put(self, put: Put, begun: Begun | None = None) -> None:
        if put.at is not None:
            await asyncio.sleep(max(0, put.at - self.now()) / 1000)
        try:
            await self.client.put(put.route, put.envelope, begun)
        except BaseException as error:
            self.desk.put_failed(put, self.now())  # whatever it was: what is not taken is offered again
            self._wake.set()
            if not isinstance(error, RelayError):
                raise
            self._standing.failed(put.route.relay, error)
            return
        if put.empty:
            self._standing.put(put.route.relay, True, "takes envelopes")
            return
        try:
            with faults():
                self.desk.put_accepted(put, self.now())
        except MachineError as error:
            # Only that rung could not be told: the reader's receipt still settles it.
            self._announce_fault(error)
        self._standing.put(put.route.relay, True, "takes envelopes")
        self._tell()  # of what waits for a relay; the rung itself is signed in the next round
        self._wake.set()

    def _start_pump(self) -> None:
        self._spawn(self._pump()).add_done_callback(self._pump_ended)

    def _pump_ended(self, task: asyncio.Task[None]) -> None:
        """The pump ends only by a fault of this program: say so, and do not stay dumb."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        log(Event.SENDING_FAILED, self.now(), error)
        self._announce_fault(MachineError("This desk's sending failed; it starts again by itself."))
        asyncio.get_running_loop().call_later(5, self._start_pump)

    async def _pump(self) -> None:
        """Settle what is owed once the urgent envelopes are under way, and wake for what falls due."""
        while True:
            wake = self.desk.next_wake(self.now())
            wait = IDLE if wake is None else max(0.0, min(IDLE, (wake - self.now()) / 1000))
            # Not wait_for: before Python 3.12 it loses a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            self._wake.clear()
            # What comes together is gathered into one round; what somebody waits for goes before it.
            await asyncio.sleep(self.desk.lines.pause(self.now()) / 1000)
            if self._pressing:
                await asyncio.wait(set(self._pressing), timeout=PRESSING)
            try:
                with faults():
                    if self.desk.destroy_expired_keys(self.now()):
                        self.vault.scrub()
                    called = self.desk.service_traffic.call(self.now())
                    if self.desk.settle(self.now()) or called:
                        self.fault = None
                        self._announce()
                    puts = self.desk.work(self.now(), gather=True)
                    self.alongside.rest(busy=bool(puts))
            except MachineError as error:
                self._announce_fault(error)  # a full disk must not silence what is already saved
                await asyncio.sleep(MACHINE_PAUSE)
                self._wake.set()
                continue
            for errand in [*map(self._put, puts), *self._forgetting.work(puts)]:
                self._spawn(errand)

    # --- collecting -------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Listen to every own mailbox of every line that is confirmed here."""
        self.desk.beating.keep_up(self.now())
        routes = self.desk.own_routes()
        for gone in self._listeners.keys() - {route.id for route in routes}:
            self._listeners.pop(gone).cancel()  # its line was removed
        for route in routes:
            if route.id not in self._listeners:
                task = asyncio.ensure_future(self._listen(route))
                task.add_done_callback(partial(self._listener_ended, route.id))
                self._listeners[route.id] = task

    def _listener_ended(self, route: int, task: asyncio.Task[None]) -> None:
        """A listener ends only by a fault of this program: say so, and do not stay deaf."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        log(Event.LISTENER_FAILED, self.now(), error)
        self._listeners.pop(route, None)
        asyncio.get_running_loop().call_later(5, self.refresh)

    async def _listen(self, route: RouteRow) -> None:
        failures = 0
        while True:
            connected = asyncio.Event()
            try:
                await self.client.make_mailbox(route, self.config.admission(route.relay))
                self._spawn(self._note_connected(route, connected))
                await collect_all(self.client, route, connected, self._take)
            except RelayError as error:
                self._standing.put(route.relay, False, error.what)
            except MachineError as error:
                # A full disk, say: the relay keeps what cannot be kept here, and is asked again.
                self._announce_fault(error)
            failures = 0 if connected.is_set() else failures + 1
            await asyncio.sleep(RECONNECT[min(failures, len(RECONNECT) - 1)])

    async def _note_connected(self, route: RouteRow, connected: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(60):
                await connected.wait()
            self._standing.put(route.relay, True, "connected")

    def _take(self, route: RouteRow, envelope: bytes) -> None:
        assert route.line is not None
        with faults():
            taken = self.desk.receive(route.line, envelope, self.now(), route.relay)
        self.fault = None
        if taken.delete:
            self._forgetting.kept(route, envelope_id(envelope))
        self._wake.set()
        if self.desk.lines.said:
            self.kick()
            self.refresh()
            self._announce()
