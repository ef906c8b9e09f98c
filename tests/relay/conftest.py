# SPDX-License-Identifier: Apache-2.0
"""A relay's door without a network, and a relay as a process of its own."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from goodoffices.relay.http import RelayDoor, build_app
from goodoffices.relay.push import Hub
from goodoffices.relay.rules import Limits
from goodoffices.relay.store import MemoryRelayStore

COMMAND = [sys.executable, "-c", "from goodoffices.cli.relay import relay; relay()", "serve"]


@dataclass(frozen=True)
class Box:
    """A mailbox and the secrets of its three rights."""

    id: str = "00112233445566778899aabbccddeeff"
    put: bytes = b"p" * 32
    collect: bytes = b"c" * 32
    delete: bytes = b"d" * 32

    @property
    def rights(self) -> dict[str, str]:
        return {
            name: hashlib.sha256(getattr(self, name)).hexdigest() for name in ("put", "collect", "delete")
        }

    def may(self, right: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {getattr(self, right).hex()}"}

    @property
    def url(self) -> str:
        return f"/v1/mailboxes/{self.id}"


def unpack(body: bytes) -> list[tuple[int, bytes]]:
    """A collect answer, read by the documented form."""
    found = []
    while body:
        seq, size = int.from_bytes(body[:8], "big"), int.from_bytes(body[8:12], "big")
        found.append((seq, body[12 : 12 + size]))
        body = body[12 + size :]
    return found


@dataclass
class Here:
    """The relay's application in this process, over the store in memory."""

    client: TestClient
    hub: Hub
    now: list[int]
    box: Box = field(default_factory=Box)


Inside = Callable[..., Here]


@pytest.fixture
def inside() -> Iterator[Inside]:
    clients = []

    def make(limits: Limits | None = None, admission: bytes | None = None, opened: bool = True) -> Here:
        limits = limits or Limits()
        hub = Hub()
        now = [1_578_000_000_000]
        store = MemoryRelayStore(limits, hub.deliver)
        client = TestClient(build_app(RelayDoor(store, hub, limits, lambda: now[0], admission)))
        client.__enter__()
        clients.append(client)
        here = Here(client, hub, now)
        if opened:
            assert client.put(here.box.url, json=here.box.rights).status_code == 201
        return here

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def here(inside: Inside) -> Here:
    return inside()


class RelayProcess:
    """A relay as users start it."""

    def __init__(self, db: Path | str, *options: str) -> None:
        kept = "--db" if isinstance(db, Path) else "--database"
        self.process = subprocess.Popen(
            [*COMMAND, kept, str(db), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout
        guard = threading.Timer(60, self.process.kill)  # a relay that never gets ready fails, not hangs
        guard.start()
        line = self.process.stdout.readline()
        guard.cancel()
        assert line.startswith("relay ready at "), self.process.communicate()[1]
        self.address = line.split()[-1]
        self.port = urlsplit(self.address).port or 0

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def stop(self, within: float = 60) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(within)
        self.close()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.said = self.process.communicate(timeout=60)[1] if not self.closed else self.said

    @property
    def closed(self) -> bool:
        assert self.process.stderr
        return self.process.stderr.closed

    said = ""


Start = Callable[..., RelayProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start relay processes over one database; whatever still runs at the end is killed."""
    running = []

    def begin(*options: str) -> RelayProcess:
        relay = RelayProcess(tmp_path / "relay.db", *options)
        running.append(relay)
        return relay

    yield begin
    for relay in running:
        relay.close()
