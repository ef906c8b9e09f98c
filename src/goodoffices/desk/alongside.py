# SPDX-License-Identifier: Apache-2.0
"""What a running desk does alongside its commits, so that no note waits for it (ADR 0036, ADR 0103)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from goodoffices.core.errors import GoodOfficesError
from goodoffices.desk.context import Context, Sealed
from goodoffices.desk.vault.database import Log, faults

AFTER = 0.25
"""Seconds that the chronicle waits after a rest began: what a note brought is under way by then."""
FOR_SOME = 0.01
"""Seconds that the chronicle takes at once: a page that is asked for meanwhile waits no longer."""
BETWEEN = 0.02
"""Seconds for everything else before it goes on."""


class Alongside:
    """One thread that seals while the loop's thread commits, one that moves the log into the database; and what is
    done while the desk is at rest: the chronicle keeps up with the record."""

    def __init__(
        self, context: Context, moved: Log, gather: Callable[[], bool], gathered: Callable[[], None]
    ) -> None:
        self._log = moved
        self.moving: Future[None] | None = None
        """The log's last move, until a rest has seen how it ended."""
        self._gather, self._gathered = gather, gathered
        self._long = False
        self._next: asyncio.TimerHandle | None = None
        self._sealer, self._mover = ThreadPoolExecutor(1, "sealing"), ThreadPoolExecutor(1, "log")
        context.beside = self._begin

    def _begin(self, work: Sealed) -> Sealed:
        return self._sealer.submit(work).result

    def rest(self, *, busy: bool) -> None:
        """Called when everything that was due is written; ``busy``: something is to be sent still.

        Raises MachineError when the log could not be moved the last time.
        """
        if not busy:
            self._move()
            if self._next is None:
                self._next = asyncio.get_running_loop().call_later(AFTER, self._slice)

    def _move(self) -> None:
        if self.moving is not None:
            if not self.moving.done():
                return
            moved, self.moving = self.moving, None
            moved.result()
        if self._log.long():
            self.moving = self._mover.submit(self._log.move)

    def _slice(self) -> None:
        loop = asyncio.get_running_loop()
        done, until = True, loop.time() + FOR_SOME
        # What is wrong with the disk or the vault is said to whoever asks for the page.
        with contextlib.suppress(GoodOfficesError), faults():
            while not (done := self._gather()) and loop.time() < until:
                pass
        if done and self._long:
            self._gathered()  # pages that said that it is not all there yet
        self._long = not done
        self._next = None if done else loop.call_later(BETWEEN, self._slice)

    def close(self) -> None:
        """No more work is taken."""
        if self._next is not None:
            self._next.cancel()
        self._sealer.shutdown()
        self._mover.shutdown()
