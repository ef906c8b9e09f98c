# SPDX-License-Identifier: Apache-2.0
"""Two halves of a relay joined by a serial line: real processes, a pair of terminals (ADR 0057)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from goodoffices.core.errors import RelayError, YourError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.relay_client import RelayClient
from goodoffices.relay.halves import check_pipe
from tests.relay.conftest import RelayProcess

WITHIN = 60.0
CELL = b"\x02" + bytes(range(250)) * 2 + bytes(11)


@pytest.fixture
def terminals() -> Iterator[tuple[str, str]]:
    """Two serial devices whose other ends are joined."""
    pairs = [os.openpty() for _ in range(2)]
    for end in (fd for pair in pairs for fd in pair):
        tty.setraw(end)

    def pass_on(here: int, there: int) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(here, 4096):
                os.write(there, data)

    (one, first), (two, second) = pairs
    threads = [threading.Thread(target=pass_on, args=ends, daemon=True) for ends in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    yield os.ttyname(first), os.ttyname(second)
    for fd in (first, second):
        os.write(fd, b"end")  # whoever reads there sees the last bytes, then the end
        os.close(fd)
    for thread in threads:
        thread.join(WITHIN)
    for fd in (one, two):
        os.close(fd)


def half(path: Path, device: str) -> RelayProcess:
    return RelayProcess(path, "--pipe", device, "--pipe-bits", "115200", "--pipe-delay-ms", "5")


def box(address: str, *, ours: bool) -> RouteRow:
    collect, remove = (b"c" * 32, b"d" * 32) if ours else (None, None)
    return RouteRow(1, b"l" * 32, address, b"m" * 16, b"p" * 32, collect, remove, False, 0, "used")


async def anew() -> None:
    """A moment later: a relay tells nobody what its other half has heard."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await asyncio.Event().wait()


async def put(client: RelayClient, near: RouteRow, envelope: bytes) -> None:
    """Until the mailbox is known there."""
    deadline = time.monotonic() + WITHIN
    while True:
        try:
            await client.put(near, envelope)
        except RelayError:
            assert time.monotonic() < deadline
            await anew()
        else:
            return


async def came(client: RelayClient, far: RouteRow, count: int) -> set[bytes]:
    deadline = time.monotonic() + WITHIN
    while len(found := await client.collect(far, 0, 10)) < count:
        assert time.monotonic() < deadline
        await anew()
    return {envelope for _, envelope in found}


@pytest.mark.slow
def test_what_is_put_at_one_half_is_collected_at_the_other_also_when_a_half_was_killed(
    terminals: tuple[str, str], tmp_path: Path
) -> None:
    """P2, P7: what a half took it keeps until the other has it."""

    async def story() -> None:
        client = RelayClient()
        near_half, far_half = (
            half(tmp_path / "near.db", terminals[0]),
            half(tmp_path / "far.db", terminals[1]),
        )
        try:
            far, near = box(far_half.address, ours=True), box(near_half.address, ours=False)
            await client.make_mailbox(far)
            await put(client, near, CELL)
            assert await came(client, far, 1) == {CELL}
            far_half.kill()
            long = os.urandom(4096)
            await put(client, near, long)
            far_half = half(tmp_path / "far.db", terminals[1])
            far = box(far_half.address, ours=True)  # who collects there opened it there, before the stop
            assert await came(client, far, 2) == {CELL, long}
            near_half.kill()
            near_half = half(tmp_path / "near.db", terminals[0])
            again = os.urandom(4096)
            await put(client, box(near_half.address, ours=False), again)
            assert await came(client, far, 3) == {CELL, long, again}
        finally:
            await client.close()
            near_half.close()
            far_half.close()

    asyncio.run(story())


@pytest.mark.parametrize("address", ["tcp:192.0.2.1:5", "udp:127.0.0.1:5", "tcp:127.0.0.1:", "modem"])
def test_a_pipe_leads_nowhere_but_to_this_machine(address: str) -> None:
    """P12: what drives the modem stands here; nothing goes over a network in the open."""
    with pytest.raises(YourError):
        check_pipe(address)
