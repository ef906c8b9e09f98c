# SPDX-License-Identifier: Apache-2.0
"""Relays reached through a SOCKS5 proxy such as Tor's: names unresolved, each mailbox by itself (ADR 0045)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from goodoffices.core.crypto import ed25519_public, sha256
from goodoffices.core.errors import NotAllowed, RelayError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.outsiders import SILENT, Outsiders, Witness
from goodoffices.desk.routes.relay_client import RelayClient, tls_trusting
from goodoffices.desk.routes.socks import Proxy, read_proxy
from goodoffices.desk.service import DeskConfig, DeskService
from tests.desk.running import PASSPHRASE, make_office
from tests.desk.test_outsiders import until
from tests.relay.conftest import RelayProcess
from tests.relay.test_tls import certificate_in
from tests.verify.channel import Channel

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PORT = 8443


@dataclass
class Socks:
    """A SOCKS5 server (RFC 1928) that leads every name to one port of this machine."""

    to: int
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    """(name signed in with, host, port) of each connection."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever hangs up in the middle, as a desk that stops, leaves nothing open here.
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError):
            await self._lead(reader, writer)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        assert 2 in await reader.readexactly(count)
        writer.write(b"\x05\x02")
        _, size = await reader.readexactly(2)
        name = (await reader.readexactly(size)).decode()
        await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x01\x00")
        assert await reader.readexactly(4) == b"\x05\x01\x00\x03", "a name, not an address"
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        port = int.from_bytes(await reader.readexactly(2))
        self.asked.append((name, host, port))
        inward, outward = await asyncio.open_connection("127.0.0.1", self.to)
        with contextlib.closing(outward):
            writer.write(b"\x05\x00\x00\x01" + bytes(6))
            await asyncio.gather(_pass(reader, outward), _pass(inward, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def with_proxy(serve: Behaviour, story: Callable[[Proxy], Awaitable[None]]) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        await story(Proxy("127.0.0.1", server.sockets[0].getsockname()[1]))
    finally:
        server.close()


def route(number: int, address: str) -> RouteRow:
    put, get, remove = (os.urandom(32) for _ in range(3))
    return RouteRow(number, bytes(32), address, bytes([number]) * 16, put, get, remove, False, 0)


@pytest.mark.slow
def test_every_route_goes_through_the_proxy_and_each_mailbox_by_itself(tmp_path: Path) -> None:
    """P3, P7: TLS to the relay's own name inside; puts, looks and the push; nothing beside the proxy."""
    certificate, key = certificate_in(tmp_path)
    relay = RelayProcess(tmp_path / "relay.db", "--tls-cert", str(certificate), "--tls-key", str(key))
    socks = Socks(relay.port)

    async def story(proxy: Proxy) -> None:
        client = RelayClient(tls_trusting(certificate), proxy)
        boxes = [route(number, f"https://relay.example:{PORT}") for number in (1, 2)]
        for box in boxes:
            await client.make_mailbox(box)
            await client.put(box, bytes(512))
            assert (await client.look(box)).waiting == 1
            connected = asyncio.Event()
            async with contextlib.aclosing(client.listen(box, connected)) as pushed:
                assert await anext(pushed) == bytes(512)
        await client.close()

    try:
        asyncio.run(with_proxy(socks.serve, story))
    finally:
        relay.close()
    names = {number: sha256(bytes([number]) * 16).hex()[:32] for number in (1, 2)}
    # One connection for requests and one for the push, of each mailbox.
    assert sorted(socks.asked) == sorted((names[n], "relay.example", PORT) for n in (1, 1, 2, 2))


@pytest.mark.slow
def test_two_desks_pair_and_open_a_line_through_the_proxy(tmp_path: Path) -> None:
    """P7: whole desks, told nothing but the proxy."""
    certificate, key = certificate_in(tmp_path)
    relay = RelayProcess(tmp_path / "relay.db", "--tls-cert", str(certificate), "--tls-key", str(key))
    socks = Socks(relay.port)

    async def story(proxy: Proxy) -> None:
        services = []
        for name in ("Washington", "Bern"):
            make_office(tmp_path / name, name)
            services.append(DeskService(DeskConfig(tmp_path / name, relay_ca=certificate, proxy=proxy)))
            await services[-1].start()
        officers = [await each.sign_in("duty", PASSPHRASE) for each in services]
        url = f"https://relay.example:{PORT}"
        offers = [
            each.act(lambda desk, now, o=officer: desk.offer(o, [url], now))  # type: ignore[misc]
            for each, officer in zip(services, officers, strict=True)
        ]
        for at in (0, 1):
            services[at].desk.pair(officers[at], offers[1 - at], "line", services[at].now())
        lines = [each.desk.ledger.lines()[0] for each in services]
        for at in (0, 1):
            heard = services[1 - at].desk.spoken_digits(lines[1 - at]).read_aloud
            services[at].act(lambda desk, now, a=at, h=heard: desk.confirm(officers[a], lines[a].id, h, now))  # type: ignore[misc]
        async with asyncio.timeout(30):
            for each in services:
                changed = each._subscribe()
                while not each.desk.ledger.lines()[0].open:
                    await changed.wait()
                    changed.clear()
        for each in services:
            await each.stop()

    try:
        asyncio.run(with_proxy(socks.serve, story))
    finally:
        relay.close()
    # Either desk collects from its own mailbox and puts into the other's: four paths that show no kinship.
    assert len({name for name, _, _ in socks.asked}) == 2
    assert {host for _, host, _ in socks.asked} == {"relay.example"}


def test_witnesses_and_time_stamps_are_asked_through_the_proxy_each_by_itself() -> None:
    """P3: nobody outside sees this desk's address, nor by one connection who is asked beside him."""
    channel = Channel()

    async def hangs_up_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def story(proxy: Proxy) -> None:
        witness = Witness("witness.example/w1", ed25519_public(bytes(32)), "https://witness.example")
        stamps = ["https://stamps.example"]
        asking = Outsiders(channel.east.desk, [witness], stamps, lambda: channel.now, proxy)
        channel.east.desk.checkpoints.now(channel.tick())
        channel.pump()
        asking.start()
        await until(lambda: {ended for ended, _ in asking.ended.values()} == {SILENT})
        await asking.stop()

    async def both() -> None:
        server = await asyncio.start_server(hangs_up_at_once, "127.0.0.1", 0)
        socks.to = server.sockets[0].getsockname()[1]
        await with_proxy(socks.serve, story)
        server.close()

    socks = Socks(0)
    asyncio.run(both())
    assert {(host, port) for _, host, port in socks.asked} == {
        ("witness.example", 443),
        ("stamps.example", 443),
    }
    assert len({name for name, _, _ in socks.asked}) == 2


async def says_no(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(4)
    writer.write(b"\x05\x00")
    await reader.readexactly(7 + len("relay.example"))
    writer.write(b"\x05\x05\x00\x01" + bytes(6))
    writer.close()


async def wants_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(4)
    writer.write(b"\x05\xff")
    writer.close()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(4)
    writer.write(b"\x05")
    writer.close()


async def is_none(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(4)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (says_no, "does not reach relay.example: the connection was refused"),
        (wants_more, "a way of signing in that is not known"),
        (hangs_up, "closed the connection"),
        (is_none, "a way of signing in that is not known"),
    ],
)
def test_a_proxy_that_does_not_lead_there_is_named(behaviour: Behaviour, words: str) -> None:
    """P6, P12"""

    async def story(proxy: Proxy) -> None:
        client = RelayClient(proxy=proxy)
        box = route(1, "https://relay.example")
        with pytest.raises(RelayError, match=words):
            await client.put(box, bytes(512))
        with pytest.raises(RelayError, match=words):
            await anext(client.listen(box, asyncio.Event()))
        await client.close()

    asyncio.run(with_proxy(behaviour, story))


@pytest.mark.parametrize(
    "text",
    ["socks5h://", "socks5://127.0.0.1:9050", "127.0.0.1:9050", "socks5h://me@127.0.0.1:1", "socks5h://h:x"],
)
def test_what_is_no_proxy_is_refused(text: str) -> None:
    """P12: also the scheme that would look names up here."""
    with pytest.raises(NotAllowed):
        read_proxy(text)
    assert read_proxy("socks5h://[::1]:9050") == Proxy("::1", 9050)
