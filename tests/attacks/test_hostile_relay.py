# SPDX-License-Identifier: Apache-2.0
"""A relay that does what it likes (P7, P12; docs/threat-model.md)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from goodoffices.core.errors import RelayError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes import relay_client
from goodoffices.desk.routes.relay_client import RelayClient
from tests.attacks.hostile import NOW, Wire

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def test_a_relay_that_makes_things_up_is_named_once_and_the_other_office_is_not_blamed() -> None:
    """P7, P12: what nobody signed says nothing of the other office, and cannot bury a finding that does."""
    wire, relays = Wire(), ("https://one.example", "https://two.example")
    for number in range(100):
        made_up = b"\x01" + wire.rng.randbytes((4095, 76)[number % 2])
        wire.a.desk.receive(wire.am, made_up, NOW, relays[number % 3 == 0])
    assert {(row[3], row[4]) for row in wire.a.ledger.findings()} == {
        ("the relay's", f"{relay} hands over what no key of this desk opens: nobody has signed it.")
        for relay in relays
    }


class Relay:
    """A server that answers as it is told to."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._here: set[asyncio.Task[None]] = set()
        self.visits = 0
        self.visited = asyncio.Condition()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._here.add(task)
        async with self.visited:
            self.visits += 1
            self.visited.notify_all()
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            await self._answer(reader, writer)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[RouteRow]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield RouteRow(1, None, url, bytes(16), bytes(32), bytes(32), bytes(32), False, 0)
        finally:
            server.close()
            await asyncio.gather(*self._here)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    while not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read(65536)


async def _pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
        await writer.drain()


async def _good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(4096)
    writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()


async def _put_to(answer: Answer) -> None:
    async with Relay(answer).running() as route:
        client = RelayClient()
        with pytest.raises(RelayError):
            async with asyncio.timeout(60):
                await client.put(route, bytes(4096))
        await client.close()


def test_a_relay_that_drips_its_answer_counts_as_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """P7: each byte renewed the time allowed, so the try never ended and was never repeated."""
    monkeypatch.setattr(relay_client, "TIMEOUT", 0.5)
    asyncio.run(_put_to(_drip))


def test_a_relay_that_pours_its_answer_is_cut_off() -> None:
    """P12: the answer was read to its end, into memory."""
    asyncio.run(_put_to(_pour))


async def _put_beside_a_silent_one() -> None:
    silent = Relay(_drip)
    async with silent.running() as slow, Relay(_good).running() as good:
        client = RelayClient()
        hanging = [asyncio.ensure_future(client.put(slow, bytes(4096))) for _ in range(70)]
        async with silent.visited:
            await silent.visited.wait_for(lambda: silent.visits >= 64)
        await client.put(good, bytes(4096))
        assert not any(each.done() for each in hanging), "it was answered while the others hang"
        for each in hanging:
            each.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        await client.close()


def test_a_relay_that_answers_nobody_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """P7: with one pool for all, 64 hanging tries at one relay kept every other relay waiting."""
    monkeypatch.setattr(relay_client, "TIMEOUT", 60.0)
    asyncio.run(_put_beside_a_silent_one())
