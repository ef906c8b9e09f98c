# SPDX-License-Identifier: Apache-2.0
"""Who listens at which mailbox, and what waits to be sent to each of them, with bounds.

A listener's queue never grows past its bound: beyond it the queue is dropped and the listener reads
on from the store where it stopped. So a slow client costs time, not memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from goodoffices.relay.rules import KIB, MIB

QUEUED_ENVELOPES = 64
QUEUED_BYTES = 256 * KIB
QUEUED_BYTES_OF_ALL = 16 * MIB
LISTENERS_PER_MAILBOX = 4


Tell = Callable[[int, bytes], bool]
"""Sends a new envelope at once; False if that cannot be done now."""


def not_now(seq: int, envelope: bytes) -> bool:
    """Nothing can be sent past a listener's task."""
    return False


class _Total:
    """Bytes queued for all listeners of a hub."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


class Listener:
    """One push connection: what it has not been sent yet."""

    __slots__ = (
        "_bytes",
        "_idle",
        "_queue",
        "_total",
        "_wake",
        "after",
        "box",
        "dismissed",
        "lagging",
        "tell",
    )

    def __init__(self, box: bytes, total: _Total) -> None:
        self.box = box
        self._total = total
        self.dismissed = False
        """Another connection took this one's place, or the relay stops."""
        self.lagging = True
        """The queue is not all there is: read from the store first. True at the start."""
        self.after = 0
        """The newest seq that was handed to the connection: what comes next is the one after it."""
        self.tell: Tell = not_now
        self._idle = False
        self._queue: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def offer(self, seq: int, envelope: bytes) -> None:
        """Send a new envelope at once where nothing is before it; else queue it, or leave it to the store."""
        if not self.lagging:
            if self._idle and not self._queue and seq == self.after + 1 and self.tell(seq, envelope):
                self.after = seq
                return
            size = len(envelope)
            if (
                len(self._queue) >= QUEUED_ENVELOPES
                or self._bytes + size > QUEUED_BYTES
                or self._total.bytes + size > QUEUED_BYTES_OF_ALL
            ):
                self._drop_queue()
            else:
                self._queue.append((seq, envelope))
                self._bytes += size
                self._total.bytes += size
        self._wake.set()

    def dismiss(self) -> None:
        """Ask the connection to end."""
        self.dismissed = True
        self._drop_queue()
        self._wake.set()

    def look_again(self) -> None:
        """The queue may not be all there is: read from the store."""
        self._drop_queue()
        self._wake.set()

    def _drop_queue(self) -> None:
        self.lagging = True
        self._queue.clear()
        self._total.bytes -= self._bytes
        self._bytes = 0

    def caught_up(self) -> None:
        """To be called before the read of the store that is to find nothing more."""
        self.lagging = False

    def take(self) -> tuple[int, bytes] | None:
        """The next queued envelope."""
        if not self._queue:
            return None
        item = self._queue.popleft()
        self._bytes -= len(item[1])
        self._total.bytes -= len(item[1])
        return item

    async def wait(self) -> None:
        """Until there is something to do. Meanwhile, and only then, new envelopes may be sent past the task."""
        self._idle = True
        try:
            await self._wake.wait()
        finally:
            self._idle = False
        self._wake.clear()


class Hub:
    """All listeners of this process."""

    def __init__(self, most: int = 2_048) -> None:
        self._most = most
        self._count = 0
        self._total = _Total()
        self._at: dict[bytes, list[Listener]] = {}

    def join(self, box: bytes) -> Listener | None:
        """A new listener, or None when the relay has as many as it bears. The newest of a mailbox wins."""
        here = self._at.get(box, [])
        if len(here) >= LISTENERS_PER_MAILBOX:
            self.leave(here[0])
        elif self._count >= self._most:
            return None
        listener = Listener(box, self._total)
        self._at.setdefault(box, []).append(listener)
        self._count += 1
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener and end its connection; harmless when it is forgotten already."""
        listener.dismiss()
        here = self._at.get(listener.box, [])
        if listener in here:
            here.remove(listener)
            self._count -= 1
            if not here:
                del self._at[listener.box]

    def deliver(self, box: bytes, seq: int, envelope: bytes) -> None:
        """Offer a new envelope to everybody who listens at its mailbox."""
        for listener in self._at.get(box, ()):
            listener.offer(seq, envelope)

    @property
    def count(self) -> int:
        """Push connections."""
        return self._count

    def boxes(self) -> list[bytes]:
        """Every mailbox that somebody listens at."""
        return list(self._at)

    def look_again(self, box: bytes) -> None:
        """Something was put into this mailbox elsewhere."""
        for listener in self._at.get(box, ()):
            listener.look_again()

    def dismiss_all(self) -> None:
        """End every connection: the relay stops, or what it told its listeners may no longer hold."""
        for here in list(self._at.values()):
            for listener in list(here):
                self.leave(listener)
