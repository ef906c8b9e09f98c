# SPDX-License-Identifier: Apache-2.0
"""uvicorn's HTTP/1.1 with the bounds it lacks: heads of bounded size and time, connections that do end.

uvicorn's own limits cover idle keep-alive connections and the number of requests; a client that sends a
head without end, or byte by byte, or goes away without a word while data for it is buffered, is ours.
"""

from __future__ import annotations

import asyncio
from functools import partial

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from goodoffices.relay.connections import Connections, Verdict
from goodoffices.relay.doorkeeper import network
from goodoffices.relay.http import GONE, PROVEN
from goodoffices.relay.reading import WHOLE

HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 20.0
HEAD_SECONDS_CROWDED = 3.0
LINGER_SECONDS = 5.0
MOST_WAITING = 32
"""Requests that wait on a connection for the answers before them. Thousands fit into one read; no desk sends two."""

_TOO_MANY = b"""HTTP/1.1 503 Service Unavailable\r
content-type: application/json\r
retry-after: 5\r
connection: close\r
\r
{"fault":"relay","what":"The relay has too many connections.","next":"Try again in some seconds."}"""

_TOO_MANY_OF_ONE = b"""HTTP/1.1 429 Too Many Requests\r
content-type: application/json\r
retry-after: 60\r
connection: close\r
\r
{"fault":"yours","what":"There are too many connections from your address.","next":"Close some of them."}"""

_HEAD_TOO_LARGE = b"""HTTP/1.1 431 Request Header Fields Too Large\r
content-type: application/json\r
connection: close\r
\r
{"fault":"yours","what":"The request's head is too large.","next":"Send fewer headers."}"""


def _with_length(answer: bytes) -> bytes:
    head, body = answer.split(b"\r\n\r\n", 1)
    return b"\r\n".join([head, b"content-length: %d" % len(body), b"", body])


TOO_MANY = _with_length(_TOO_MANY)
TOO_MANY_OF_ONE = _with_length(_TOO_MANY_OF_ONE)
HEAD_TOO_LARGE = _with_length(_HEAD_TOO_LARGE)


def end(transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
    """Close, and cut the line if the peer does not take what is buffered for it."""
    transport.close()
    if transport.get_write_buffer_size():
        loop.call_later(LINGER_SECONDS, transport.abort)


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 whose heads are bounded in size and time, and whose number is."""

    places: Connections
    count_loopback = False
    greeted: object | None = None
    """What had this connection's place while its handshake was under way."""
    _said_all = False
    _in_head = True
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.greeted is not None:
            self.places.left(self.greeted)
        address = network(self.client[0], count_loopback=self.count_loopback) if self.client else None
        verdict = self.places.came(self, address)
        if verdict is not Verdict.ADMITTED:
            transport.write(TOO_MANY if verdict is Verdict.FULL else TOO_MANY_OF_ONE)
            end(transport, self.loop)
            return
        self._await_head()

    def _await_head(self) -> None:
        seconds = HEAD_SECONDS_CROWDED if self.places.crowded else HEAD_SECONDS
        self._head_timer = self.loop.call_later(seconds, self._head_late)

    def _whole(self) -> bool:
        return not self.cycle.more_body

    def _proven(self) -> None:
        self.places.proven(self)

    def handle_websocket_upgrade(self) -> None:
        asked: RequestResponseCycle | None = self.cycle
        if asked is not None and not asked.response_complete:
            self.send_400_response(
                "Upgrade once the answer before is here."
            )  # or that would follow within the push
            return
        super().handle_websocket_upgrade()
        self.places.replaced(self, self.transport.get_protocol())

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_over()
        self.places.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        begun = self._in_head
        super().data_received(data)
        if not self._in_head:
            return
        # The timer starts here and not with the head: nearly every head comes whole and needs none.
        if self._head_timer is None:
            self._await_head()
        if begun:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(HEAD_TOO_LARGE)
                self._head_over()
                end(self.transport, self.loop)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """The client says nothing more; what it asked in full is still answered. (TLS has no such half.)"""
        asked: RequestResponseCycle | None = self.cycle
        whole = asked is not None and not asked.more_body and not asked.response_complete
        self._said_all = self._said_all or whole
        return (self._said_all and self.scheme == "http") or None

    def send_400_response(self, msg: str) -> None:
        """What is no request ends the connection, after the answers to what was asked in full before it."""
        if self._said_all:
            return
        asked: RequestResponseCycle | None = self.cycle
        if asked is None or asked.response_complete or (asked.more_body and not self.pipeline):
            super().send_400_response(msg)
            return
        if asked.more_body:
            self.pipeline.popleft()  # the newest, whose body broke off; nobody works on it yet
        self._said_all = True

    def on_response_complete(self) -> None:
        last = not self.pipeline
        super().on_response_complete()
        if self._said_all and last:
            self.transport.close()

    def on_message_begin(self) -> None:
        self.no_more_than_wait()
        super().on_message_begin()
        self.scope["state"].update({PROVEN: self._proven, WHOLE: self._whole})
        self._in_head = True

    def no_more_than_wait(self) -> None:
        """At the beginning of a request: one too many is no request any more, and nothing behind it is read."""
        if len(self.pipeline) >= MOST_WAITING:
            raise ValueError("too many requests wait for their answers")

    def on_headers_complete(self) -> None:
        self._head_over()
        super().on_headers_complete()
        begun: RequestResponseCycle | None = self.cycle
        if begun is not None and begun.scope is self.scope:
            self.scope["state"][GONE] = partial(self._gone, begun)

    def _gone(self, asked: RequestResponseCycle) -> bool:
        if self.transport.is_closing():
            asked.disconnected = True  # or the library would count the missing answer as a fault
        return self.transport.is_closing()

    def _head_over(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        end(self.transport, self.loop)
