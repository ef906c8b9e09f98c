# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 in which a plain put that has come whole is kept and answered on the spot (ADR 0059).

Everything else, and whatever is not plain, becomes a request with a scope and a task, as uvicorn makes them.
"""

from __future__ import annotations

import asyncio
import re

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from goodoffices.relay.bounded_http import BoundedHttp
from goodoffices.relay.quick import Asked, Claim, QuickPuts, read_claim
from goodoffices.wire import Wire

_PUT = re.compile(rb"/v1/mailboxes/([0-9a-f]{32})/envelopes")
_NOT_PLAIN = frozenset({b"connection", b"expect", b"transfer-encoding", b"upgrade"})


class QuickHttp(BoundedHttp):
    """One connection. A sender's puts have the same head each time: it is read once, and then compared."""

    quick: QuickPuts | None = None
    _coming: Claim | None = None
    """The head of a put whose body is being read, if it may be answered on the spot."""
    _body: bytes = b""
    _between = True
    """Whether the last message has ended and nothing of the next is here."""
    _messages = 0
    _same: tuple[bytes, Claim] | None = None
    """The bytes of a head, and what they say, as the parser read them on this connection; within a piece, its body."""
    _rests_since = 0.0
    _rest_timer: asyncio.TimerHandle | None = None
    wire: Wire

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.wire = Wire(transport)
        super().connection_made(transport)

    # --- what comes in ----------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        between = self._between
        if between and self._same is not None and self._again(data, *self._same):
            return
        self._messages = 0
        super().data_received(data)
        if self._coming is not None and not self.transport.is_closing():
            self._go_the_ordinary_way()  # the rest of its body has to be waited for
        if self._same is not None:
            body, says = self._same
            # The parser passes over empty lines behind a message: then its body is not what the piece ends with.
            alone = between and self._between and self._messages == 1 and data.endswith(body)
            self._same = (data[: len(data) - says.size], says) if alone else None

    def _again(self, data: bytes, head: bytes, says: Claim) -> bool:
        """Whether this is one more put with the very same head, and is being kept."""
        if len(data) != len(head) + says.size or not data.startswith(head) or not self._free():
            return False
        return not self.transport.is_closing() and self._keep(says, data[len(head) :])

    def _free(self) -> bool:
        """Whether nothing is before the next request, and more may follow it."""
        before: RequestResponseCycle | None = self.cycle
        return (before is None or before.response_complete) and not self._said_all

    def on_message_begin(self) -> None:
        self.no_more_than_wait()
        # What a scope costs is spent where one is needed.
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._coming, self._between = None, False
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._head_over()
        self._coming, self._body = self._plain_put(), b""
        if self._coming is None:
            self._begin()

    def _plain_put(self) -> Claim | None:
        """The head that has just ended, if it is a plain put's, and nothing is before it."""
        path = _PUT.fullmatch(self.url)
        if path is None or self.quick is None or not self._free():
            return None
        named = dict(self.headers)
        plain = len(named) == len(self.headers) and named.keys().isdisjoint(_NOT_PLAIN)
        if not plain or self.parser.get_method() != b"POST" or self.parser.get_http_version() != "1.1":
            return None
        length, authorization = named.get(b"content-length", b""), named.get(b"authorization")
        if authorization is None or not length.isdigit() or len(length) > 7:
            return None
        return read_claim(path[1].decode(), authorization, int(length))

    def on_body(self, body: bytes) -> None:
        if self._coming is None:
            super().on_body(body)
        else:
            self._body = self._body + body if self._body else body

    def on_message_complete(self) -> None:
        self._between = True
        self._messages += 1
        self._same = None
        if self._coming is None:
            super().on_message_complete()
            return
        coming, body = self._coming, self._body
        if len(body) == coming.size and self._keep(coming, body):
            self._coming, self._body, self._same = None, b"", (body, coming)
            self._proven()  # and it stays so
        else:
            self._go_the_ordinary_way()
            super().on_message_complete()

    # --- what is done about it --------------------------------------------------------------------------

    def _keep(self, says: Claim, envelope: bytes) -> bool:
        assert self.quick is not None
        answering = Answering(self)
        if not self.quick.put(says, envelope, answering):
            return False
        self.cycle = answering  # type: ignore[assignment]
        return True

    def _go_the_ordinary_way(self) -> None:
        self._coming, body = None, self._body
        self._body = b""
        self._begin()
        if body:
            super().on_body(body)

    def _begin(self) -> None:
        """A scope and a task."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()

    # --- rest: one timer for many requests --------------------------------------------------------------

    def rest(self) -> None:
        """A put is answered: what follows may come, or the connection rests."""
        self.server_state.total_requests += 1
        if self.pipeline or self._said_all:
            self.on_response_complete()
            return
        self._rests_since = self.loop.time()
        if self._rest_timer is None:
            self._rest_timer = self.loop.call_later(self.timeout_keep_alive, self._rested)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._rests_since = self.loop.time()

    def _rested(self) -> None:
        self._rest_timer = None
        before: RequestResponseCycle | None = self.cycle
        if before is not None and not before.response_complete:
            return  # begins anew with its answer
        left = self._rests_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._rest_timer = self.loop.call_later(left, self._rested)
        else:
            self.timeout_keep_alive_handler()

    def handle_websocket_upgrade(self) -> None:
        self._rest_over()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest_over()
        super().connection_lost(exc)

    def _rest_over(self) -> None:
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None


class Answering(Asked):
    """A put that is being kept, in the place of uvicorn's request cycle: what follows on the connection waits."""

    __slots__ = ("_protocol", "disconnected", "keep_alive", "message_event", "response_complete")
    more_body = False
    scope = None

    def __init__(self, protocol: QuickHttp) -> None:
        self.told = False
        self._protocol = protocol
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False
        self.message_event = self

    def set(self) -> None:
        """As an event: the connection is lost, and nobody waits for that."""

    def say(self, answer: bytes, last: bool) -> None:
        """See Asked."""
        self.response_complete = True
        protocol = self._protocol
        transport = protocol.transport
        if self.disconnected or transport.is_closing():
            return
        if self.keep_alive and not last:
            protocol.wire.write(answer)
            protocol.rest()
            return
        if not last:  # the relay stops
            answer = answer.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)
        transport.write(answer)
        transport.close()
