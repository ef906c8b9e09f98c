# SPDX-License-Identifier: Apache-2.0
"""Relays that a counterpart names later are not spoken to inside this office's own network (P12, ADR 0053)."""

from __future__ import annotations

import asyncio
import os

import pytest

from goodoffices.core.addresses import elsewhere
from goodoffices.core.errors import RelayError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.relay_client import RelayClient


def test_a_guarded_name_that_leads_inside_is_told_nothing() -> None:
    """By the address that is reached, whatever the name says; another host is spoken to as before."""

    async def work() -> None:
        heard: list[bytes] = []

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(100))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(relay, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        guarded = {"localhost"}
        client = RelayClient(guarded=guarded.__contains__)
        put, get, remove = (os.urandom(32) for _ in range(3))
        box = RouteRow(1, bytes(32), f"http://localhost:{port}", bytes(16), put, get, remove, False, 0)
        with pytest.raises(RelayError, match="inside this office's own network"):
            await client.put(box, bytes(512))
        assert not b"".join(heard)
        guarded.clear()
        await client.put(box, bytes(512))
        assert heard[-1].startswith(b"POST")
        await client.close()
        server.close()

    asyncio.run(work())


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("", False),
        ("9.9.9.9", True),
        ("2620:fe::fe", True),
    ],
)
def test_what_lies_inside_is_told_by_its_address(address: str, outside: bool) -> None:
    assert elsewhere(address) is outside
