# SPDX-License-Identifier: Apache-2.0
"""Running a desk's alarms: the steady clock, the rounds, and the watchdog that calls when rounds stop.

The watchdog is a thread: it calls when the event loop hangs, too. Pages watch for themselves: they ring
when this desk no longer answers, or answers that its alarms are not at work. The system's own supervisor
starts the desk again where the whole process stands still.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from goodoffices.core.errors import MachineError
from goodoffices.desk.alarms.alarms import Alarms, line_steps, own_step
from goodoffices.desk.alarms.engine import MINUTE, SECOND, Moment, Step
from goodoffices.desk.alarms.outward import Outward
from goodoffices.desk.alarms.supervisor import Supervisor
from goodoffices.desk.desk import Desk
from goodoffices.desk.journal import Event, log
from goodoffices.desk.vault.vault import Vault, faults
from goodoffices.desk.views.lines import RelayLike, line_cards

ROUND = 2.0
"""Seconds between rounds when nothing changes."""
GATHER = 0.25
"""Seconds for which changes gather before a round looks at them: the note path goes first."""
STILL = 20 * SECOND
"""Milliseconds without a round after which the watchdog calls everybody."""
LOOK = 5.0
"""Seconds between two looks of the watchdog."""
LINES_EVERY = 10 * SECOND
"""Milliseconds between two looks at the lines: a long backlog must not be read with every change."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> bytes:
    """Which run of the machine this is; where the system does not say, every start counts as one."""
    try:
        return _BOOT_ID.read_bytes().strip()
    except OSError:
        return os.urandom(16)


def steady() -> int:
    """Milliseconds of a clock that nobody can set, and that goes on while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000


class Ready(Protocol):
    """What looks ahead."""

    def steps(self, steady: int) -> list[Step]: ...


class Running(Protocol):
    """The running desk, as its alarms see it."""

    desk: Desk
    vault: Vault
    fault: MachineError | None

    @property
    def readiness(self) -> Ready: ...
    def now(self) -> int: ...
    def relays(self) -> Sequence[RelayLike]: ...


class RunningAlarms:
    """The alarms of a running desk."""

    def __init__(
        self, service: Running, report: Callable[[MachineError], None], announce: Callable[[], None]
    ) -> None:
        self._service, self._report, self._announce = service, report, announce
        self._boot = boot_id()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.outward = Outward(self._told, time.monotonic)
        self.alarms = Alarms(service.desk, self._officers, self.outward)
        self._supervisor = Supervisor()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopped = threading.Event()
        self._shown: frozenset[tuple[str, str, int]] = frozenset()
        self._lines: tuple[int, list[Step]] | None = None

    def moment(self) -> Moment:
        """This instant by both clocks."""
        return Moment(self._service.now(), steady(), self._boot)

    def _officers(self) -> list[str]:
        return [each.name for each in self._service.vault.officers() if each.may_sign_in]

    def _steps(self) -> list[Step]:
        """What rings beside notes: lines that are down, and this machine itself."""
        at = steady()
        if self._lines is None or at - self._lines[0] >= LINES_EVERY:
            cards = line_cards(self._service.desk, self._service.now(), tuple(self._service.relays()))
            self._lines = at, line_steps(cards)
        steps = [*self._lines[1]]
        if self._service.fault is not None:
            steps.append(own_step("machine", loud=True, after=10 * SECOND))
        return [*steps, *self._service.readiness.steps(at)]

    # --- life -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin with rounds, and with watching over them."""
        self._loop = asyncio.get_running_loop()
        self.alarms.beaten = steady()
        self._start_rounds()
        threading.Thread(target=self._watch, name="alarm watchdog", daemon=True).start()

    async def stop(self) -> None:
        """No further rounds or calls."""
        self._stopped.set()
        self._supervisor.ending()
        self.outward.stop()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def changed(self) -> None:
        """Something changed at this desk: look at it soon."""
        self._changed.set()

    # --- rounds ---------------------------------------------------------------------------------------

    def _start_rounds(self) -> None:
        if not self._stopped.is_set():
            self._task = asyncio.ensure_future(self._rounds())
            self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Rounds end only by a fault of this program: that is an alarm itself."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        log(Event.ALARMS_FAILED, self._service.now(), error)
        self._report(MachineError("This desk's alarms failed; they start again by themselves."))
        self._call_everybody()
        asyncio.get_running_loop().call_later(5, self._start_rounds)

    async def _rounds(self) -> None:
        while True:
            self.round()
            wake = self.alarms.book.next_wake()
            wait = ROUND if wake is None else max(GATHER, min(ROUND, (wake - steady()) / 1000))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()
                    await asyncio.sleep(GATHER)
            self._changed.clear()

    def round(self) -> None:
        """One round now. Only one that looked at all that waits counts for the supervisor."""
        try:
            with faults():
                self.alarms.round(self.moment(), self._steps())
                self._supervisor.round_had()
                self.alarms.book.save()
        except MachineError as error:
            # What rings was called before this; what could not be saved is saved with the next round.
            self._report(error)
        shown = frozenset((each.key, each.state, each.level) for each in self.alarms.book.open.values())
        if shown != self._shown:
            self._shown = shown
            self._announce()

    # --- outside --------------------------------------------------------------------------------------

    def _told(self, address: int, failure: str | None) -> None:
        """From a thread of ``Outward``: how a message went."""
        if self._loop is not None and not self._stopped.is_set():
            with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever would read it
                self._loop.call_soon_threadsafe(partial(self._keep_told, address, failure))

    def _keep_told(self, address: int, failure: str | None) -> None:
        if self._stopped.is_set():
            return
        try:
            with faults():
                self.alarms.watch.told(address, self._service.now(), failure)
        except MachineError as error:
            self._report(error)
        self._announce()

    # --- the watchdog -----------------------------------------------------------------------------------

    def _watch(self) -> None:
        called: int | None = None
        while not self._stopped.wait(LOOK):
            now = steady()
            if self.alarms.alive(Moment(0, now, self._boot), STILL):
                called = None
            elif called is None or now - called >= MINUTE:
                called = now
                log(Event.ALARMS_STILL, self._service.now())
                self._call_everybody()

    def _call_everybody(self) -> None:
        self.outward.tell(self.alarms.addresses, self.alarms.sentence(None))
