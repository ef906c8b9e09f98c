# SPDX-License-Identifier: Apache-2.0
"""Connections to a desk's pages: so many, with heads of so many bytes; who is signed in keeps his.

The loop that answers pages sends notes and hears of them, and has the same open files. Whoever can reach the pages,
and need not be able to sign in, must not take either (P7). Under TLS a connection has its place from its first packet
on: whoever says nothing in a handshake holds a file as well.
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import cast

import uvicorn
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from goodoffices.wire.handshakes import Handshake, TlsDoor

MOST = 256
"""Connections at a time; a browser has six."""
MOST_WAITING = 32
"""Requests that wait on a connection for the answers before them. Browsers send one at a time."""
HEAD_BYTES = 65_536
"""Bytes of a request's head. Its parser has no bound of its own, and copies what it has with each piece that comes."""
KNOWN = "known"
"""In a request's state: what is called once its sender has shown who he is."""


def known(request: Request, by: object | None) -> None:
    """Somebody who is signed in, or a browser that may ring, asks by this connection: it gives way to no stranger's."""
    told = request.scope.get("state", {}).get(KNOWN)
    if told is not None and by is not None:
        told()


class Places:
    """The connections of one server, the oldest first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._strangers: dict[PageHttp | Handshake, None] = {}
        self._known: set[PageHttp] = set()

    def came(self, who: PageHttp | Handshake) -> bool:
        """Where all places are taken the oldest stranger gives way; if there is none, the newcomer goes: False."""
        self._strangers[who] = None
        if len(self._strangers) + len(self._known) > self._most:
            oldest = next(iter(self._strangers))
            self.left(oldest)
            oldest.cut()
            return oldest is not who
        return True

    def known(self, who: PageHttp) -> None:
        """See the function of this name."""
        if who in self._strangers:
            del self._strangers[who]
            self._known.add(who)

    def left(self, who: PageHttp | Handshake) -> None:
        """It is gone; harmless when it was cut off."""
        self._strangers.pop(who, None)
        if isinstance(who, PageHttp):
            self._known.discard(who)


class PageHttp(HttpToolsProtocol):
    """A browser's connection."""

    places: Places
    greeted: Handshake | None = None
    """What had this connection's place while its handshake was under way."""
    _in_head = True
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.greeted is not None:
            self.places.left(self.greeted)
        self.places.came(self)

    def cut(self) -> None:
        """Another needs the place."""
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.places.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        begun = self._in_head
        super().data_received(data)
        if begun and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.transport.abort()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MOST_WAITING:
            raise ValueError("too many requests wait for their answers")  # nothing behind is read
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self.scope["state"][KNOWN] = partial(self.places.known, self)

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()


def page_http(most: int = MOST) -> type[PageHttp]:
    """The protocol of one server, which counts its own connections."""

    class Counted(PageHttp):
        places = Places(most)

    return Counted


class PageServer(uvicorn.Server):
    """Serves a desk's pages on one socket; under TLS it counts who has not said anything yet, too."""

    _door: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        context = self.config.ssl
        if context is None:
            await super().startup(sockets=sockets)
            return
        assert sockets is not None
        (listening,) = sockets
        await super().startup(sockets=[])
        listening.setblocking(False)
        protocol = cast("type[PageHttp]", self.config.http_protocol_class)

        def make(here: Handshake) -> PageHttp:
            made = protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
            made.greeted = here
            return made

        def came(here: Handshake, address: str) -> bool:
            return protocol.places.came(here)

        self._door = asyncio.create_task(TlsDoor(listening, context, make, came, protocol.places.left).run())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._door is not None:
            self._door.cancel()
            await asyncio.wait([self._door])
        await super().shutdown(sockets=sockets)
