# SPDX-License-Identifier: Apache-2.0
"""TLS handshakes that are counted: a connection has its place from its first packet on, not from its first request.

The loop's own TLS servers tell a protocol of a connection once its handshake is done, so whoever opens
connections and says nothing would hold as many as the machine has files for.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

HANDSHAKE_SECONDS = 20.0
BACKLOG = 2_048
PAUSE_SECONDS = 0.5  # where the machine has no more files: some connection will end


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    made.setblocking(False)
    return made


class Handshake:
    """One connection until its handshake is done: what has its place meanwhile."""

    def __init__(self, task: asyncio.Task[None] | None = None) -> None:
        self.task = task

    def cut(self) -> None:
        """Another needs the place."""
        if self.task is not None:
            self.task.cancel()


class TlsDoor:
    """Accepts connections, has their handshakes made, and hands them to what ``make`` makes.

    ``came`` is told of a connection and its address, and says whether it has a place; ``left``, that it has it no more.
    """

    def __init__(
        self,
        listening: socket.socket,
        context: ssl.SSLContext,
        make: Callable[[Handshake], asyncio.Protocol],
        came: Callable[[Handshake, str], bool],
        left: Callable[[Handshake], None],
    ) -> None:
        self._listening = listening
        self._context = context
        self._make = make
        self._place = came
        self._left = left
        self._greeting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """For ever; ends when it is cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    led, peer = await loop.sock_accept(self._listening)
                except OSError:
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                self._came(led, str(peer[0]))
        finally:
            self._listening.close()
            for task in self._greeting:
                task.cancel()

    def _came(self, led: socket.socket, address: str) -> None:
        here = Handshake()
        if not self._place(here, address):
            led.close()  # before the handshake there is nobody to be told why
            return
        here.task = asyncio.ensure_future(self._greet(led, here))
        self._greeting.add(here.task)
        here.task.add_done_callback(self._greeting.discard)

    async def _greet(self, led: socket.socket, here: Handshake) -> None:
        protocol = self._make(here)
        done = False
        try:
            with contextlib.suppress(OSError):  # it said no TLS, or not in time, or went
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: protocol, led, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_SECONDS
                )
                done = True
        finally:
            self._left(here)
            if not done:
                led.close()
