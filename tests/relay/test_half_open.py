# SPDX-License-Identifier: Apache-2.0
"""Connections of which one end is gone without a word: each side notices, and goes on."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import sys
from pathlib import Path

import pytest

from goodoffices.core.errors import RelayError
from goodoffices.desk.routes import relay_client
from goodoffices.desk.routes.relay_client import RelayClient
from tests.attacks.test_hostile_relay import Relay
from tests.relay.conftest import COMMAND, RelayProcess
from tests.relay.test_hostile import BOX, Line, bearer, head, opened, well

OFTEN = (
    "from goodoffices.relay import service\n"
    "made = service.RelayConfig\n"
    "service.RelayConfig = lambda *words, **more: made(*words, **more, ping_every=0.5)\n"
    "from goodoffices.cli.relay import relay\n"
    "relay()"
)
"""The relay as it is, but it asks every half second whether a listener is still there."""


async def _says_nothing_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A push that is joined, and whose relay is gone from then on: it answers not even a ping."""
    said = await reader.readuntil(b"\r\n\r\n")
    (key,) = re.findall(rb"sec-websocket-key: (\S+)", said, re.IGNORECASE)
    accept = base64.b64encode(
        hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    )  # RFC 6455
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    while await reader.read(65_536):
        pass


def test_a_relay_that_is_gone_without_a_word_is_not_listened_to_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P6, P7: the desk asks whether it is there, and connects again when nothing answers."""
    monkeypatch.setattr(relay_client, "PING", 0.3)

    async def story() -> None:
        connected = asyncio.Event()
        async with Relay(_says_nothing_more).running() as route:
            client = RelayClient()
            with pytest.raises(RelayError):  # noqa: PT012 # whichever step of it finds out
                async with asyncio.timeout(60):
                    async for _ in client.listen(route, connected):
                        pass
            await client.close()
        assert connected.is_set()

    asyncio.run(story())


@pytest.mark.slow
def test_a_listener_that_is_gone_without_a_word_loses_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P12: half-open connections do not use the relay up."""
    monkeypatch.setattr("tests.relay.conftest.COMMAND", [sys.executable, "-c", OFTEN, *COMMAND[3:]])
    relay = opened(RelayProcess(tmp_path / "relay.db"))
    try:
        with Line(relay) as gone:
            key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
            upgrade = "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", key
            gone.say(head("GET", f"{BOX.url}/push?after=0", bearer("collect"), *upgrade))
            heard = gone.rest()
        assert heard.startswith(b"HTTP/1.1 101 ")
        assert b"\x89" in heard.partition(b"\r\n\r\n")[2], "it was asked whether it is there"
        assert well(relay)
    finally:
        relay.close()
