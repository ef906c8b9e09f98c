# SPDX-License-Identifier: Apache-2.0
"""uvicorn with the bounds it lacks: heads of bounded size and time, and connections that do end.

uvicorn's own limits cover idle keep-alive connections and the number of requests; a client that sends a
head without end, or byte by byte, or goes away without a word while data for it is buffered, is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import resource
import signal
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from goodoffices.relay.connections import OF_ONE, Connections, Verdict
from goodoffices.relay.doorkeeper import network
from goodoffices.relay.http import FRAME, GONE, PROVEN
from goodoffices.relay.quick import QuickPuts
from goodoffices.relay.reading import WHOLE

HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 20.0
HEAD_SECONDS_CROWDED = 3.0
LINGER_SECONDS = 5.0
CONNECTIONS = 4_096

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


_PUT = re.compile(rb"/v1/mailboxes/([0-9a-f]{32})/envelopes")
_NOT_PLAIN = frozenset({b"connection", b"expect", b"transfer-encoding", b"upgrade"})


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
    quick: QuickPuts | None = None
    _coming: tuple[str, bytes] | None = None
    """(mailbox, authorization) of a put whose body is being read, if it may be served without a task."""
    _body: bytes | bytearray = b""
    _said_all = False
    _in_head = True
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
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
        if self._coming is not None and not self.transport.is_closing():
            self._go_the_ordinary_way()  # the rest of its body has to be waited for
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
        # What a scope costs is spent where one is needed.
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._coming = None
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._head_over()
        self._coming, self._body = self._quick_put(), b""
        if self._coming is None:
            self._begin()

    def _begin(self) -> None:
        """The ordinary way: a scope and a task."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        self.scope["state"].update({PROVEN: self._proven, WHOLE: self._whole})
        super().on_headers_complete()
        begun: RequestResponseCycle | None = self.cycle
        if begun is not None and begun.scope is self.scope:
            self.scope["state"][GONE] = partial(self._gone, begun)

    def _quick_put(self) -> tuple[str, bytes] | None:
        """(mailbox, authorization) if the head that has just ended is a plain put's, and nothing is before it."""
        path = _PUT.fullmatch(self.url)
        if path is None or self.quick is None or self.expect_100_continue or self._said_all:
            return None
        before: RequestResponseCycle | None = self.cycle
        if before is not None and not before.response_complete:
            return None
        names = dict(self.headers)
        plain = len(names) == len(self.headers) and names.keys().isdisjoint(_NOT_PLAIN)
        if not plain or b"content-length" not in names or self.parser.get_method() != b"POST":
            return None
        authorization = names.get(b"authorization")
        if authorization is None or self.parser.get_http_version() != "1.1":
            return None
        return path[1].decode(), authorization

    def _go_the_ordinary_way(self) -> None:
        self._coming, body = None, self._body
        self._begin()
        if body:
            super().on_body(bytes(body))

    def on_body(self, body: bytes) -> None:
        if self._coming is None:
            super().on_body(body)
        else:
            self._body = self._body + body if self._body else body

    def on_message_complete(self) -> None:
        if self._coming is None:
            super().on_message_complete()
            return
        assert self.quick is not None
        answering = Answering(self)
        if self.quick.put(*self._coming, bytes(self._body), answering.say):
            self._coming, self._body, self.cycle = None, b"", answering  # type: ignore[assignment]
            self._proven()
        else:
            self._go_the_ordinary_way()
            super().on_message_complete()

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


class Answering:
    """A put that is being kept, in the place of uvicorn's request cycle: what follows on the connection waits."""

    more_body = False
    disconnected = False
    keep_alive = True
    response_complete = False
    scope = None

    def __init__(self, protocol: BoundedHttp) -> None:
        self._protocol = protocol
        self.message_event = self

    def set(self) -> None:
        """As an event: the connection is lost, and nobody waits for that."""

    def say(self, answer: bytes, last: bool) -> None:
        """The answer, once it is known."""
        self.response_complete = True
        transport = self._protocol.transport
        if self.disconnected or transport.is_closing():
            return
        transport.write(answer if self.keep_alive or last else _closing(answer))
        if last or not self.keep_alive:
            transport.close()
        self._protocol.on_response_complete()


def _closing(answer: bytes) -> bytes:
    return answer.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)


class EndingWebSocket(WebSocketsSansIOProtocol):
    """WebSocket connections that end even when the peer takes nothing any more."""

    places: Connections

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
        self.transport.write(b"".join((start, head, payload)))
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
        assert isinstance(who, BoundedHttp)
        who.transport.abort()

    connections = Connections(most, of_one or OF_ONE, cut)

    class Http(BoundedHttp):
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
        self, config: uvicorn.Config, ready: Callable[[int], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        self._stopping()
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
