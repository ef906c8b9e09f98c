# SPDX-License-Identifier: Apache-2.0
"""The relay's server: uvicorn with our protocols, that says when it is ready, and stops when it is told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from goodoffices.relay.bounded_http import LINGER_SECONDS, BoundedHttp
from goodoffices.relay.connections import OF_ONE, Connections, Verdict
from goodoffices.relay.doorkeeper import network
from goodoffices.relay.http import FRAME
from goodoffices.relay.quick import QuickPuts
from goodoffices.relay.quick_http import QuickHttp
from goodoffices.wire import Wire, few_frames
from goodoffices.wire.handshakes import Handshake, TlsDoor, listen

CONNECTIONS = 4_096
STARTUP_FAILED = 3


class EndingWebSocket(WebSocketsSansIOProtocol):
    """WebSocket connections that end even when the peer takes nothing any more."""

    places: Connections
    _wire: Wire | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        few_frames(self.conn, self.loop.time)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.places.left(self)
        super().connection_lost(exc)

    def frame(self, head: bytes, payload: bytes) -> bool:
        """Send one binary message at once; False while the peer does not take what it was sent, or is gone."""
        if not self.writable.is_set() or self.disconnected or self.close_sent or self.transport.is_closing():
            return False
        size = len(head) + len(payload)
        start = (
            b"\x82\x7e" + size.to_bytes(2, "big") if size < 65_536 else b"\x82\x7f" + size.to_bytes(8, "big")
        )
        if self._wire is None:
            self._wire = Wire(self.transport)
        self._wire.write(start, head, payload)
        return True

    async def run_asgi(self) -> None:
        app = self.app

        async def answered(scope: Any, receive: Any, send: Any) -> None:
            scope["state"][FRAME] = self.frame
            await app(scope, receive, send)
            if self.initial_response is not None:
                self.handshake_complete = True  # by a refusal, which the library would log as a fault of ours

        self.app = answered
        await super().run_asgi()
        if not self.close_sent:
            self.transport.close()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.get_write_buffer_size():
            self.transport.abort()


def protocols(
    most: int, of_one: int | None, quick_puts: QuickPuts | None = None
) -> tuple[Connections, type[BoundedHttp], type[EndingWebSocket]]:
    """What counts connections, and the protocols that are counted. ``of_one`` None: the usual, not on loopback."""

    def cut(who: object) -> None:
        if isinstance(who, Handshake):
            who.cut()
        else:
            assert isinstance(who, BoundedHttp)
            who.transport.abort()

    connections = Connections(most, of_one or OF_ONE, cut)

    class Http(QuickHttp):
        places = connections
        count_loopback = of_one is not None
        quick = quick_puts

    class Push(EndingWebSocket):
        places = connections

    return connections, Http, Push


def raise_file_limit(wanted: int) -> None:
    """Each connection is an open file, and the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        hard_enough = wanted
    else:
        hard_enough = hard
    if soft != resource.RLIM_INFINITY and soft < hard_enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_enough, hard))


class RelayServer(uvicorn.Server):
    """A server that says when it accepts, stops at SIGTERM or SIGINT, and leaves the exit code to us."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[int], None],
        stopping: Callable[[], None],
        places: Connections,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping
        self._places = places
        self._door: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[Any] | None = None) -> None:
        if self.config.ssl is None:
            await super().startup(sockets=sockets)
            self._ready(self.servers[0].sockets[0].getsockname()[1])
            return
        self.config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
        await super().startup(sockets=[])
        listening = await self._listen()
        self._door = asyncio.create_task(self._tls(listening, self.config.ssl).run())
        self._ready(listening.getsockname()[1])

    async def _listen(self) -> socket.socket:
        try:
            return listen(self.config.host, self.config.port)
        except OSError as error:
            # As uvicorn does where it listens itself.
            logging.getLogger("uvicorn.error").log(logging.ERROR, str(error))
            await self.lifespan.shutdown()
            sys.exit(STARTUP_FAILED)

    def _tls(self, listening: socket.socket, context: ssl.SSLContext) -> TlsDoor:
        protocol: Any = self.config.http_protocol_class

        def make(here: Handshake) -> BoundedHttp:
            made = protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
            assert isinstance(made, BoundedHttp)
            made.greeted = here
            return made

        def came(here: Handshake, address: str) -> bool:
            seen = network(address, count_loopback=bool(protocol.count_loopback))
            return self._places.came(here, seen) is Verdict.ADMITTED

        return TlsDoor(listening, context, make, came, self._places.left)

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        self._stopping()
        if self._door is not None:
            self._door.cancel()
            await asyncio.wait([self._door])
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn's, without raising the signal again at the end: stopping when told to is success."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.should_exit = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
