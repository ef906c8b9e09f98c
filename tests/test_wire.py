# SPDX-License-Identifier: Apache-2.0
"""What is written past the event loop arrives whole and in order (ADR 0083)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct

import pytest
import uvloop

from goodoffices.wire import Wire

PIECES = [os.urandom(70_000) for _ in range(40)]


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_peer_that_takes_nothing_for_a_while_gets_all_of_it_in_order(loop: object) -> None:
    """P2: no byte is lost or turned round where the kernel takes only a part of a piece."""
    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]
        runner.run(slow_peer())


def stream(writer: asyncio.StreamWriter) -> asyncio.Transport:
    return writer.transport  # type: ignore[return-value]


async def slow_peer() -> None:
    """A peer that begins to read when everything was written."""
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)
    wire = Wire(stream(writer))
    for number, piece in enumerate(PIECES):
        if number % 3:
            wire.write(piece[:10], piece[10:])
        else:
            writer.write(piece)
    assert writer.transport.get_write_buffer_size(), "more than the kernel takes"
    reader, other = await asyncio.open_connection(sock=theirs)
    assert await reader.readexactly(40 * 70_000) == b"".join(PIECES)
    wire.write(b"and at once ", b"again")
    assert await reader.readexactly(17) == b"and at once again"
    for each in (writer, other):
        each.close()
        await each.wait_closed()


def test_a_peer_that_is_gone_ends_the_connection_as_ever() -> None:
    """P12: a write to it is no fault of the relay."""
    asyncio.run(gone())


async def gone() -> None:
    """A peer that goes away between two writes."""
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)
    wire = Wire(stream(writer))
    theirs.close()
    wire.write(b"nobody hears this")
    writer.close()
    wire.write(b"nor this")
    with contextlib.suppress(OSError):  # which of the two ends told it is the kernel's
        await asyncio.wait_for(writer.wait_closed(), 10)
    assert writer.transport.is_closing()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_connection_that_was_reset_while_it_stood_idle_takes_nothing_and_raises_nothing(
    loop: object,
) -> None:
    """P2: a desk that writes a note's envelope there finds it out as it waits, and sends it on a fresh one."""
    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]
        runner.run(reset())


async def reset() -> None:
    """A peer that ends with a reset, as a machine does that was switched off and on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        reader, writer = await asyncio.open_connection(*door.getsockname())
        wire = Wire(stream(writer))
        theirs, _ = door.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 10)
        wire.write(b"nobody ", b"hears this")
        with pytest.raises(ConnectionError):
            await writer.drain()
