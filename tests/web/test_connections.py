# SPDX-License-Identifier: Apache-2.0
"""Who can reach a desk's pages, and need not sign in, takes neither its loop nor its open files (P7, P12)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.requests import Request

from goodoffices.web.connections import HEAD_BYTES, KNOWN, MOST_WAITING, PageServer, known, page_http
from tests.relay.test_tls import certificate_in

PAGE = b"GET /%s HTTP/1.1\r\nHost: desk\r\n\r\n"


async def page(scope: Any, receive: Any, send: Any) -> None:
    """Who asks for /mine is signed in."""
    known(Request(scope), True if scope["path"] == "/mine" else None)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"page"})


def visited(
    story: Callable[[Callable[..., Awaitable[Visit]]], Awaitable[None]],
    most: int = 4,
    files: tuple[Path, Path] | None = None,
) -> None:
    """Serve the page with so many connections, and let visits be made; under TLS with these files."""

    async def serve() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(page, http=page_http(most), lifespan="off", log_level="critical")
        trusted = None
        if files is not None:
            config.ssl_certfile, config.ssl_keyfile = files
            trusted = ssl.create_default_context(cafile=files[0])
        server = PageServer(config)
        server.capture_signals = quietly  # type: ignore[method-assign]
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))

        visits: list[Visit] = []

        async def visit(*, silent: bool = False) -> Visit:
            tls = None if silent else trusted
            visits.append(Visit(*await asyncio.open_connection("127.0.0.1", port, ssl=tls)))
            return visits[-1]

        async with asyncio.timeout(60):
            await story(visit)
            for each in visits:
                each.writer.transport.abort()
            server.should_exit = server.force_exit = True
            await serving

    asyncio.run(serve())


@contextmanager
def quietly() -> Iterator[None]:
    """Signals stay the test's."""
    yield


class Visit:
    """One connection of a browser, or of somebody else."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def asks(self, where: bytes = b"") -> bytes:
        """The last bytes of the answer; nothing where the connection was ended."""
        self.writer.write(PAGE % where)
        try:
            return (await self.reader.readuntil(b"page"))[-4:]
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def rest(self) -> bytes:
        """Everything until the desk ends the connection."""
        heard = b""
        try:
            while part := await self.reader.read(65_536):
                heard += part
        except ConnectionError:
            pass
        return heard


def test_a_newcomer_takes_the_oldest_strangers_place_and_none_of_who_is_signed_in() -> None:
    """P7: connections that only stood there kept all others out, and the desk from its relays."""

    async def story(visit: Callable[[], Awaitable[Visit]]) -> None:
        officer, idle = await visit(), await visit()
        assert await officer.asks(b"mine") == b"page"
        crowd = [await visit() for _ in range(9)]
        assert [await each.asks() for each in crowd] == [b""] * 6 + [b"page"] * 3
        assert await idle.rest() == b""
        assert await officer.asks() == b"page"
        mine = [await visit() for _ in range(3)]
        assert [await each.asks(b"mine") for each in mine] == [b"page"] * 3
        assert await (await visit()).asks() == b""  # all places are theirs

    visited(story)


def test_under_tls_who_says_nothing_takes_a_strangers_place_and_no_more(tmp_path: Path) -> None:
    """P7: handshakes that nobody goes on with held the desk's files, a minute each, as many as there are"""

    async def story(visit: Callable[..., Awaitable[Visit]]) -> None:
        officer = await visit()
        assert await officer.asks(b"mine") == b"page"
        crowd = [await visit(silent=True) for _ in range(9)]
        assert [await each.rest() for each in crowd[:6]] == [b""] * 6
        newcomer = await visit()
        assert await newcomer.asks() == b"page"
        assert await crowd[6].rest() == b""
        assert await officer.asks() == b"page"
        mine = [newcomer, *[await visit() for _ in range(2)]]
        assert [await each.asks(b"mine") for each in mine] == [b"page"] * 3
        assert await (await visit(silent=True)).rest() == b""  # all places are theirs

    visited(story, files=certificate_in(tmp_path))


def test_a_head_without_end_ends_its_connection() -> None:
    """P12: its parser kept it, and copied all that it had with each piece that came: one of them stopped the desk."""

    async def story(visit: Callable[[], Awaitable[Visit]]) -> None:
        stranger, officer = await visit(), await visit()
        stranger.writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * (3 * HEAD_BYTES))
        assert await stranger.rest() == b""
        assert await officer.asks() == b"page"

    visited(story)


def test_no_more_requests_wait_on_a_connection_than_a_browser_sends() -> None:
    """P12"""

    async def story(visit: Callable[[], Awaitable[Visit]]) -> None:
        stranger = await visit()
        stranger.writer.write(PAGE % b"" * 3_000)
        assert (await stranger.rest()).count(b"page") <= 1 + MOST_WAITING

    visited(story)


def test_without_such_a_server_nobody_is_told() -> None:
    """The pages can be asked by other doors."""
    told: list[None] = []
    known(Request({"type": "http"}), True)
    for by in (None, object()):
        known(Request({"type": "http", "state": {KNOWN: lambda: told.append(None)}}), by)
    assert len(told) == 1
