# SPDX-License-Identifier: Apache-2.0
"""Writing to a connection at once, past the event loop's queue (ADR 0083, ADR 0088); few frames on a push.

The loop writes what a turn has gathered at the turn's end, connection after connection, and the interpreter is its own
for all of that time. In a busy relay that is half a millisecond in which the store's writer waits for it between two
statements; in a desk it is all that a turn does for pages and alarms once a note is ready to go. Written here, a piece
is with the kernel at once, and the interpreter is free while the kernel takes it.

A frame of a push costs both ends about the same whatever is in it, and a hundred thousand empty ones fit into one
read: half a minute in which a desk or a relay does nothing else. So they are counted.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from websockets.exceptions import ProtocolError
from websockets.frames import Frame
from websockets.protocol import Protocol

SMALL = 256
"""Bytes of a frame that carries no envelope: a ping, its answer, a splinter of something."""
MOST_SMALL = 64
"""Such frames within ``SMALL_WITHIN`` seconds: each side of a push needs one or two."""
SMALL_WITHIN = 10.0


class Wire:
    """One connection. What cannot be written at once goes to its transport, as does everything under TLS."""

    __slots__ = ("_number", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        plain = transport.get_extra_info("sslcontext") is None
        socket = transport.get_extra_info("socket") if plain else None
        self._number: int | None = None if socket is None else socket.fileno()

    def write(self, *parts: bytes) -> None:
        """As the transport's: in order with what was written before, never waiting. Nothing on one that is closed."""
        transport, sent = self._transport, 0
        if transport.is_closing():
            return  # a closed one of uvloop's raises what no caller knows; who reads next learns that it is gone
        if self._number is not None and not transport.get_write_buffer_size():
            try:
                sent = os.writev(self._number, parts)
            except OSError:  # nothing is taken now, or the peer is gone: the transport finds the same
                sent = 0
        if sent < sum(map(len, parts)):
            transport.write(b"".join(parts)[sent:])


def few_frames(protocol: Protocol, clock: Callable[[], float]) -> None:
    """A push fails by the first small frame too many, and what follows it is not looked at."""
    take, count, since = protocol.recv_frame, 0, clock()

    def recv_frame(frame: Frame) -> None:
        nonlocal count, since
        if len(frame.data) < SMALL:
            now = clock()
            if now - since > SMALL_WITHIN:
                count, since = 0, now
            count += 1
            if count > MOST_SMALL:
                raise ProtocolError("too many frames with next to nothing in them")
        take(frame)

    protocol.recv_frame = recv_frame  # type: ignore[method-assign]
