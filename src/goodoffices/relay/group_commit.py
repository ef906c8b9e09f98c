# SPDX-License-Identifier: Apache-2.0
"""One writer thread, one synced commit for everything that gathered meanwhile.

While one batch is on its way to the disk the event loop gathers the next. So the number of syncs
follows the disk, not the number of senders, and nobody is answered before the sync. More writers over
one SQLite file only wait for each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from goodoffices.relay.rules import MIB, Refusal, Refused

BATCH_BYTES = 4 * MIB
BATCH_WORKS = 512
PENDING_BYTES = 24 * MIB
PENDING_WORKS = 4_096
PATIENCE_SECONDS = 0.005
"""How long a work that nobody is held up by waits for company: a put that comes meanwhile waits for no sync of it."""
REST_SECONDS = 0.01
"""Without a batch: the writer rests. What belongs together (a note and its receipt) comes closer than that."""


class Waiter(Protocol):
    """Who is told the outcome of a work, on the loop: a future, or something quicker."""

    def done(self) -> bool:
        """Whether it was told, or does not want to know any more."""
        ...

    def set_result(self, outcome: Any, /) -> None:
        """It is committed."""
        ...

    def set_exception(self, error: Exception, /) -> None:
        """It is refused."""
        ...


Work = tuple[Any, int, Waiter]
"""One thing to do in a batch: what it is, for the store; its size, for the bounds; who is told."""

Batch = tuple[asyncio.AbstractEventLoop, list[Work]]
"""What the writer does at once, and the loop that is to be told."""

Outcome = Any
"""The result of one work, or a Refused to raise in its waiter."""

Commit = Callable[[Sequence[Any]], list[Outcome]]
"""Runs in the writer thread: does a batch in one transaction, one outcome for each work."""

Landed = Callable[[Sequence[Any], Sequence[Outcome]], None]
"""Runs on the loop after the commit and before any waiter is answered."""

Rest = Callable[[], None]
"""Runs in the writer thread when nothing has come for a moment."""

Afterwards = Callable[[Sequence[Any], Sequence[Outcome]], Rest | None]
"""Runs in the writer thread after the loop was told of the commit, before the next batch. What it returns is done at
the next rest."""

Observed = Callable[[int, float], None]
"""Told on the loop of each batch: how many works, and how many seconds they took."""


class GroupCommit:
    """Gathers works on the event loop and commits them in batches in one thread."""

    def __init__(
        self,
        commit: Commit,
        landed: Landed,
        died: Callable[[], None],
        afterwards: Afterwards | None = None,
        observed: Observed | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._commit = commit
        self._patience = patience
        self._patient: asyncio.TimerHandle | None = None
        self._pressing = False
        """Whether something waits that is to go at once."""
        self._afterwards = afterwards
        self._observed = observed
        self._batch: list[Work] = []
        self._died = died
        self._landed = landed
        self._pending: list[Work] = []
        self._pending_bytes = 0
        self._in_flight = False
        self._closing = False
        self._idle: asyncio.Event | None = None
        self._inbox: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="relay-writer", daemon=True)
        self._thread.start()

    def submit(self, what: object, size: int = 0, *, patient: bool = False) -> asyncio.Future[Any]:
        """Ask for one work; the future is done only once its commit is synced. ``patient``: it may wait a little."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.submit_for(done, what, size, patient=patient)
        return done

    def submit_for(self, done: Waiter, what: object, size: int = 0, *, patient: bool = False) -> None:
        """The same for anybody else who is to be told."""
        if self._closing:
            raise Refused(Refusal.STOPPING)
        if len(self._pending) >= PENDING_WORKS or self._pending_bytes + size > PENDING_BYTES:
            raise Refused(Refusal.BUSY)
        self._pending.append((what, size, done))
        self._pending_bytes += size
        self._pressing = self._pressing or not patient
        if not self._in_flight:
            self._begin(asyncio.get_running_loop())

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Something waits, and no batch is in flight."""
        if not self._pressing:
            self._patient = self._patient or loop.call_later(self._patience, self._waited, loop)
            return
        if self._patient is not None:
            self._patient.cancel()
            self._patient = None
        self._in_flight = True
        # Not at once: requests that arrived in the same turn of the loop join this batch.
        loop.call_soon(self._launch, loop)

    def _waited(self, loop: asyncio.AbstractEventLoop) -> None:
        self._patient = None
        if self._pending:
            self._pressing = True
            self._begin(loop)

    async def close(self) -> None:
        """Refuse new works, finish the pending ones, end the thread."""
        self._closing = True
        if self._patient is not None:
            self._patient.cancel()
            self._waited(asyncio.get_running_loop())
        if self._in_flight:
            self._idle = asyncio.Event()
            await self._idle.wait()
        self._inbox.put(None)
        self._thread.join()

    def refuse_waiting(self, refused: Refused) -> None:
        """Answer everybody who waits, those of the batch in flight too; that batch itself goes on."""
        for _, _, waiter in self._batch + self._pending:
            if not waiter.done():
                waiter.set_exception(refused)
        self._pending = []
        self._pending_bytes = 0

    def abandon(self, refused: Refused) -> None:
        """Instead of close, when a batch may never come back: its thread ends with the process."""
        self._closing = True
        self.refuse_waiting(refused)

    def _launch(self, loop: asyncio.AbstractEventLoop) -> None:
        size = 0
        count = 0
        for _, each, _ in self._pending[:BATCH_WORKS]:
            if count and size + each > BATCH_BYTES:
                break
            size += each
            count += 1
        batch, self._pending = self._pending[:count], self._pending[count:]
        self._pending_bytes -= size
        self._pressing = bool(self._pending)
        self._batch = batch
        self._inbox.put((loop, batch))

    def _write(self) -> None:
        rest: Rest | None = None
        while (item := self._next(rest)) is not None:
            loop, batch = item
            works = [what for what, _, _ in batch]
            outcomes = rest = None
            begun = time.perf_counter()
            try:
                outcomes = self._commit(works)
            finally:
                if outcomes is None:  # a mistake in this program: nobody may wait for ever because of it
                    loop.call_soon_threadsafe(self._give_up, batch)
            with contextlib.suppress(RuntimeError):  # abandoned, and the loop is gone by now
                loop.call_soon_threadsafe(
                    self._land, loop, batch, works, outcomes, time.perf_counter() - begun
                )
                if self._afterwards is not None:
                    rest = self._afterwards(works, outcomes)

    def _next(self, rest: Rest | None) -> Batch | None:
        """The next batch; None at the end."""
        if rest is not None:
            try:
                return self._inbox.get(timeout=REST_SECONDS)
            except queue.Empty:
                rest()
        return self._inbox.get()

    def _give_up(self, batch: list[Work]) -> None:
        self._closing = True
        self._in_flight = False
        for _, _, waiter in batch + self._pending:
            if not waiter.done():
                waiter.set_exception(Refused(Refusal.STORE_FAILED))
        self._pending = []
        if self._idle is not None:
            self._idle.set()
        self._died()

    def _land(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[Work],
        works: list[Any],
        outcomes: list[Outcome],
        seconds: float,
    ) -> None:
        # The disk is asked for the next batch before this one's answers are written.
        if self._pending and (self._pressing or self._closing):
            self._launch(loop)
        else:
            self._in_flight = False
            if self._pending:
                self._begin(loop)
            if self._idle is not None:
                self._idle.set()
        self._landed(works, outcomes)
        if self._observed is not None:
            self._observed(len(batch), seconds)
        for (_, _, waiter), outcome in zip(batch, outcomes, strict=True):
            if waiter.done():
                continue  # the client went away while its envelope was being stored
            if isinstance(outcome, Refused):
                waiter.set_exception(outcome)
            else:
                waiter.set_result(outcome)
