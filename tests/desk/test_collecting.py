# SPDX-License-Identifier: Apache-2.0
"""A mailbox in which much lies, at a real relay: what comes now is not behind what came before (ADR 0043)."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing, suppress
from hashlib import sha1
from pathlib import Path

import pytest

from goodoffices.core.errors import RelayError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.collecting import MANY, NEWEST, collect_all
from goodoffices.desk.routes.relay_client import RelayClient
from goodoffices.wire import MOST_SMALL
from tests.relay.conftest import RelayProcess

pytestmark = pytest.mark.slow
SIZE = 4096


def envelope(number: int) -> bytes:
    return number.to_bytes(8) + bytes(SIZE - 8)


def number_of(raw: bytes) -> int:
    return int.from_bytes(raw[:8])


async def lay(client: RelayClient, route: RouteRow, first: int, count: int) -> None:
    for start in range(first, first + count, 8):
        batch = range(start, min(start + 8, first + count))
        await asyncio.gather(*(client.put(route, envelope(number)) for number in batch))


class Slow(RelayClient):
    """A client whose reading of old pages waits until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def collect(self, route: RouteRow, after: int, limit: int) -> list[tuple[int, bytes]]:
        if limit != NEWEST:
            await self.go_on.wait()
        return await super().collect(route, after, limit)


def collected(tmp_path: Path, before: int, live: int) -> list[int]:
    """The order in which a desk takes what lay there before and what is put once it reads."""

    async def story(route: RouteRow) -> list[int]:
        client, sender = Slow(), RelayClient()
        await client.make_mailbox(route)
        await lay(sender, route, 0, before)
        took: list[int] = []
        connected, new_here, all_here = asyncio.Event(), asyncio.Event(), asyncio.Event()

        def take(_: RouteRow, raw: bytes) -> None:
            took.append(number_of(raw))
            if took.count(before + live - 1):
                new_here.set()
            if len(set(took)) == before + live and took[-1] in (before - 1, before + live - 1):
                all_here.set()

        reading = asyncio.ensure_future(collect_all(client, route, connected, take))
        await connected.wait()
        await lay(sender, route, before, live)
        async with asyncio.timeout(30):
            await new_here.wait()  # nothing old was read yet, but for the newest of it
            client.go_on.set()
            await all_here.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await client.close()
        await sender.close()
        return took

    relay = RelayProcess(tmp_path / "relay.db")
    try:
        put, get, remove = (os.urandom(32) for _ in range(3))
        route = RouteRow(1, bytes(32), relay.address, os.urandom(16), put, get, remove, False, 0)
        return asyncio.run(story(route))
    finally:
        relay.close()


def test_the_newest_first_then_all_in_order_and_what_is_pushed_in_between(tmp_path: Path) -> None:
    """P2, P5, P7"""
    before = 20 * MANY
    took = collected(tmp_path, before, 3)
    old, live = [each for each in took if each < before], [each for each in took if each >= before]
    assert old == [*range(before - NEWEST, before), *range(before)]
    assert live == [before, before + 1, before + 2]
    assert took.index(live[-1]) < took.index(0)  # what is pushed may also come between the newest


def test_a_mailbox_with_little_in_it_is_pushed_in_order(tmp_path: Path) -> None:
    """P2"""
    assert collected(tmp_path, MANY, 2) == list(range(MANY + 2))


def test_a_relay_that_answers_nonsense_is_named(tmp_path: Path) -> None:
    """P12: neither a count below zero nor a list that does not end where it says."""

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        body = (
            bytes(11) + b"\x05abc"
            if b"after=" in asked
            else b'{"waiting": -1, "bytes": 0, "oldest_ms": null}'
        )
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        route = RouteRow(1, bytes(32), address, bytes(16), bytes(32), bytes(32), bytes(32), False, 0)
        client = RelayClient()
        with pytest.raises(RelayError, match="does not say what lies"):
            await client.look(route)
        with pytest.raises(RelayError, match="no list of envelopes"):
            await client.collect(route, 0, 10)
        await client.close()
        server.close()
        await server.wait_closed()

    asyncio.run(story())


def frame(kind: int, payload: bytes) -> bytes:
    size = len(payload)
    return bytes([kind, size]) + payload if size < 126 else bytes([kind, 126]) + size.to_bytes(2) + payload


async def pushed_to(pushed: bytes, take: Callable[[], None]) -> BaseException | None:
    """What ends a desk's collecting at a relay that pushes these bytes at once, if it ends within a while."""

    async def hostile(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(asyncio.IncompleteReadError):
            while b"/push" not in (asked := await reader.readuntil(b"\r\n\r\n")):
                body = b'{"waiting": 0, "bytes": 0, "oldest_ms": null}'
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            key = asked.lower().split(b"sec-websocket-key: ")[0]
            key = asked[len(key) + 19 :].split(b"\r\n")[0]
            accept = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            head = b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            writer.write(head + accept + b"\r\n\r\n" + pushed)
            await reader.read()

    server = await asyncio.start_server(hostile, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    route = RouteRow(1, bytes(32), address, bytes(16), bytes(32), bytes(32), bytes(32), False, 0)
    client = RelayClient()
    reading = asyncio.ensure_future(collect_all(client, route, asyncio.Event(), lambda *_: take()))
    await asyncio.wait([reading], timeout=5)
    reading.cancel()
    (outcome,) = await asyncio.gather(reading, return_exceptions=True)
    await client.close()
    server.close()
    return outcome


def test_between_two_envelopes_that_are_pushed_together_everything_else_has_its_turn() -> None:
    """P7: a counterpart's heaviest take tenths of a second each; sixteen were judged without a pause."""
    turns, seen = [0], []

    async def story() -> None:
        loop = asyncio.get_running_loop()

        def turn() -> None:
            turns[0] += 1
            loop.call_soon(turn)

        def take() -> None:
            seen.append(turns[0])
            if len(seen) == 12:
                raise RelayError("That is all.")

        turn()
        await pushed_to(b"".join(frame(0x82, number.to_bytes(8) + bytes(512)) for number in range(12)), take)

    asyncio.run(story())
    assert len(set(seen)) == 12


@pytest.mark.parametrize(("kind", "first"), [(0x89, b""), (0x8A, b""), (0x00, frame(0x02, b"x"))])
def test_a_relay_that_pushes_frames_of_nothing_without_end_is_left(kind: int, first: bytes) -> None:
    """P7, P12: pings, answers to none, pieces of nothing: those of one read held a desk for half a
    minute, all its other lines with it."""
    took: list[None] = []
    ended = asyncio.run(pushed_to(first + frame(kind, b"") * (10 * MOST_SMALL), lambda: took.append(None)))
    assert isinstance(ended, RelayError)
    assert not took
