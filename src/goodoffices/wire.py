# SPDX-License-Identifier: Apache-2.0
"""Writing to a connection at once, past the event loop's queue (ADR 0083, ADR 0088).

The loop writes what a turn has gathered at the turn's end, connection after connection, and the interpreter is its own
for all of that time. In a busy relay that is half a millisecond in which the store's writer waits for it between two
statements; in a desk it is all that a turn does for pages and alarms once a note is ready to go. Written here, a piece
is with the kernel at once, and the interpreter is free while the kernel takes it.
"""

from __future__ import annotations

import asyncio
import os


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
