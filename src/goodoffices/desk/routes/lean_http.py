# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 requests over connections kept alive, as lean as the note path needs (ADR 0014, ADR 0045).

``h11`` speaks the protocol; here are only the sockets: a few idle connections per relay, one request
at a time on each, every answer bounded. No redirects, cookies, compression or decoding.

Puts of one size at one mailbox differ in their bodies alone, and so do their answers. So the head that ``h11`` wrote
for a request is remembered, and the one that it read on its connection: the same bytes say the same.

Where a connection stands idle a request can be written at once, before anybody waits for its answer (ADR 0088).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import h11

from goodoffices.core.addresses import elsewhere
from goodoffices.core.errors import RelayError
from goodoffices.desk.routes.socks import Proxy, connect
from goodoffices.wire import Wire

MAX_ANSWER = 65_536
"""Bytes of an answer's body: a relay says what it has to say in fewer."""
MAX_IDLE = 8
"""Connections per relay and mailbox that wait for the next request."""
MAX_REST = 60.0
"""Seconds for which a connection that is not used stays of use: relays end theirs a little later, and what lies between
may forget it before, without a word to anybody."""
_CHUNK = 65_536
MAX_HEADS = 256
"""Heads of requests that are remembered: of each mailbox one for each size of an envelope."""
_FEW, _PIECE = 64, 256
"""Pieces that may come at once: so many, and one more for each so many bytes. A byte apiece takes seconds to read."""


_Place = tuple[str, str, int, bytes]


class Unanswered(Exception):
    """No whole and well-formed answer came."""


class _Request(NamedTuple):
    """A request apart from its body; the body's length stands in a field."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]


class _Heard(NamedTuple):
    """The head of an answer that came whole and left its connection open, and what it says."""

    head: bytes
    status: int
    size: int

    def again(self, came: bytes, most: int) -> bool:
        """Whether this is an answer with the very same head, and all of it."""
        return len(came) == len(self.head) + self.size and self.size <= most and came.startswith(self.head)


@dataclass(eq=False)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    wire: Wire
    used: bool = False
    reusable: bool = True
    """Whether the last exchange left nothing behind."""
    heard: _Heard | None = None
    since: float = 0.0
    """When it came to rest."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that was written on a connection, and whose answer nobody has read yet."""

    connection: _Connection


class LeanHttp:
    """Requests to relays, each mailbox's over connections of its own."""

    def __init__(
        self,
        tls: ssl.SSLContext | None,
        timeout: float,
        proxy: Proxy | None = None,
        guarded: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._tls = tls
        self._guarded = guarded
        self.timeout = timeout
        self._proxy = proxy
        self._idle: dict[_Place, list[_Connection]] = {}
        self._heads: dict[tuple[object, ...], tuple[_Place, _Request, bytes]] = {}
        self._begun: set[_Connection] = set()
        """Those with a request on its way for whose answer nobody has begun to wait."""

    async def close(self) -> None:
        """Close what is idle, and what nobody came back for."""
        waiting = [*self._begun, *(each for group in self._idle.values() for each in group)]
        self._idle.clear()
        self._begun.clear()
        for each in waiting:
            await _end(each)

    def begin(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", apart: bytes = b""
    ) -> Begun | None:
        """Write a request at once where a connection stands ready for it; ``request`` with the same words goes on."""
        place, _, head = self._told(method, url, headers, body, apart)
        connection = self._ready(place)
        if connection is None:
            return None
        self._begun.add(connection)
        connection.wire.write(head, body)
        return Begun(connection)

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        most: int = MAX_ANSWER,
        apart: bytes = b"",
        begun: Begun | None = None,
    ) -> tuple[int, bytes]:
        """(status, body of at most ``most`` bytes); raises Unanswered, OSError, TimeoutError or RelayError.

        ``apart``: requests with another value never share a connection. ``begun``: it is on its way already.

        A kept connection may have been closed by the other side meanwhile. Such a request is sent once
        more on a fresh one: every request to a relay is the same twice as once.
        """
        place, request, head = self._told(method, url, headers, body, apart)
        async with asyncio.timeout(self.timeout):
            while True:
                if begun is not None:
                    connection = begun.connection
                    self._begun.discard(connection)
                    begun = None
                else:
                    connection = await self._connect(place)
                    connection.wire.write(head, body)
                try:
                    await connection.writer.drain()
                    answer = await self._hear(connection, request, body, most)
                except (Unanswered, OSError):
                    await _end(connection)
                    if not connection.used:
                        raise
                    continue
                except BaseException as error:
                    connection.writer.transport.abort()
                    if isinstance(error, asyncio.CancelledError):
                        self._forget(
                            place
                        )  # no answer in time: its way may be gone, and that of the others with it
                    raise
                await self._keep(place, connection)
                return answer

    def _told(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, apart: bytes
    ) -> tuple[_Place, _Request, bytes]:
        """Where a request goes, what it says before its body, and that in bytes."""
        says = (method, url, len(body), apart, *headers.items())
        known = self._heads.get(says)
        if known is not None:
            return known
        place, request = _read(method, url, headers, body, apart)
        known = place, request, _tell(request, body)[1]
        if body:  # a put comes again; what has no body is asked for once, or waits for nothing
            if len(self._heads) >= MAX_HEADS:
                self._heads.clear()
            self._heads[says] = known
        return known

    def _ready(self, place: _Place) -> _Connection | None:
        """A connection that stands idle, if one does; the newest, and none that has rested for too long."""
        idle = self._idle.get(place)
        if idle and asyncio.get_running_loop().time() - idle[-1].since > MAX_REST:
            self._forget(place)
        return idle.pop() if idle else None

    def _forget(self, place: _Place) -> None:
        """What stands idle there is of no use."""
        idle = self._idle.get(place, [])
        for each in idle:
            each.writer.transport.abort()
        idle.clear()

    async def _connect(self, place: _Place) -> _Connection:
        ready = self._ready(place)
        if ready is not None:
            return ready
        secure = place[0] == "https"
        tls = (self._tls or ssl.create_default_context()) if secure else None
        led = await connect(self._proxy, place[1], place[2], place[3])
        if led is None:
            reader, writer = await asyncio.open_connection(place[1], place[2], ssl=tls)
            # By the address that was reached, and before a word is said: a name can lead anywhere.
            host = place[1]
            if self._guarded(host) and not elsewhere(str(writer.get_extra_info("peername")[0])):
                writer.transport.abort()
                raise RelayError(
                    f"{host}, which the other office named, lies inside this office's own network.",
                    "If that is right, a keeper of keys allows it on the page of the line's relays.",
                )
        else:
            name = place[1] if secure else None
            reader, writer = await asyncio.open_connection(sock=led, ssl=tls, server_hostname=name)
        return _Connection(reader, writer, Wire(cast(asyncio.Transport, writer.transport)))

    async def _hear(
        self,
        connection: _Connection,
        request: _Request,
        body: bytes,
        most: int,
    ) -> tuple[int, bytes]:
        came = await connection.reader.read(_CHUNK)
        heard = connection.heard
        if heard is not None and heard.again(came, most):
            return heard.status, came[len(heard.head) :]
        protocol = _tell(request, body)[0]
        connection.reusable, connection.heard = False, None
        protocol.receive_data(came)
        status, size, answer, whole = 0, -1, bytearray(), True
        pieces = _FEW + len(came) // _PIECE
        while True:
            if (pieces := pieces - 1) < 0:
                raise Unanswered("the answer comes in too many pieces")
            try:
                event = protocol.next_event()
            except h11.RemoteProtocolError as error:
                raise Unanswered(str(error)) from None
            if event is h11.NEED_DATA:
                whole = False
                came = await connection.reader.read(_CHUNK)
                protocol.receive_data(came)
                pieces = _FEW + len(came) // _PIECE
            elif isinstance(event, h11.InformationalResponse):
                whole = False
            elif isinstance(event, h11.Response):
                status, size = event.status_code, _size(event)
            elif isinstance(event, h11.Data):
                answer += event.data
                if len(answer) > most:
                    raise Unanswered("the answer is too long")
            elif isinstance(event, h11.EndOfMessage):
                ended = protocol.our_state is h11.DONE and protocol.their_state is h11.DONE
                connection.reusable = ended and not protocol.trailing_data[0]
                if connection.reusable and whole and size == len(answer):
                    connection.heard = _Heard(came[: len(came) - size], status, size)
                return status, bytes(answer)
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                raise Unanswered("the connection was closed")

    async def _keep(self, place: _Place, connection: _Connection) -> None:
        idle = self._idle.setdefault(place, [])
        if connection.reusable and len(idle) < MAX_IDLE:
            connection.used, connection.since = True, asyncio.get_running_loop().time()
            idle.append(connection)
        else:
            await _end(connection)


def _read(
    method: str, url: str, headers: Mapping[str, str], body: bytes, apart: bytes
) -> tuple[_Place, _Request]:
    """Where a request goes, and what it says before its body."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    fields = (("Host", parts.netloc), ("Content-Length", str(len(body))), *headers.items())
    place = (parts.scheme, parts.hostname or "", parts.port or (443 if secure else 80), apart)
    return place, _Request(method, target, fields)


def _tell(request: _Request, body: bytes) -> tuple[h11.Connection, bytes]:
    """The protocol once it was told of a request, and the bytes of the request's head; ValueError for what is none."""
    protocol = h11.Connection(h11.CLIENT)
    fields = list(request.fields)
    try:
        head = protocol.send(h11.Request(method=request.method, target=request.target, headers=fields)) or b""
    except h11.LocalProtocolError as error:
        raise ValueError(f"no request can say this: {error}") from None
    if body:
        protocol.send(h11.Data(data=body))
    protocol.send(h11.EndOfMessage())
    return protocol, head


def _size(response: h11.Response) -> int:
    """How long the body is by its head alone; -1 where the head does not say so."""
    named = dict(response.headers)
    if b"transfer-encoding" in named or response.status_code == 304:
        return -1
    return 0 if response.status_code == 204 else int(named.get(b"content-length", b"-1"))


async def _end(connection: _Connection) -> None:
    connection.writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await connection.writer.wait_closed()
