# SPDX-License-Identifier: Apache-2.0
"""Wires between the desks of a line and the relays, that a drill can cut: bytes handed on, none looked at.

One thread runs all of them. A wire that is cut ends its connections and every new one, as a network does that
answers nobody; it listens on, since a desk has no other address for the relay.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PIECE = 64 * 1024
WITHIN = 20.0


@dataclass
class Wire:
    """From an address of its own to one relay."""

    relay: str
    address: str = ""
    whole: bool = True
    _open: set[asyncio.StreamWriter] = field(default_factory=set, repr=False)

    _server: asyncio.Server | None = field(default=None, repr=False)

    async def lay(self) -> None:
        """Listen; ``address`` is known then."""
        self._server = server = await asyncio.start_server(self._came, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def cut(self) -> None:
        """From now on nothing passes."""
        self.whole = False
        for writer in list(self._open):
            writer.transport.abort()

    async def mend(self) -> None:
        """What comes from now on passes."""
        self.whole = True

    async def end(self) -> None:
        """Listen no more."""
        await self.cut()
        if self._server is not None:
            self._server.close()

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            writer.transport.abort()
            return
        there = urlsplit(self.relay)
        try:
            back, on = await asyncio.open_connection(there.hostname, there.port)
        except OSError:  # the relay is down: who came learns it as he would without a wire
            writer.transport.abort()
            return
        self._open |= {writer, on}
        try:
            await asyncio.gather(_pass(reader, on), _pass(back, writer))
        finally:
            self._open -= {writer, on}
            for each in (writer, on):
                each.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


class Wires:
    """All wires of a drill, by line."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wires", daemon=True)
        self._lines: dict[frozenset[str], list[Wire]] = {}
        self._thread.start()

    def lay(self, line: frozenset[str], relays: list[str]) -> list[str]:
        """The addresses by which the two desks of a line reach the relays."""
        self._lines[line] = wires = [Wire(relay) for relay in relays]
        for wire in wires:
            self._do(wire.lay())
        return [wire.address for wire in wires]

    def cut(self, line: frozenset[str]) -> None:
        """Nothing passes between the desks of a line."""
        for wire in self._lines[line]:
            self._do(wire.cut())

    def mend(self, line: frozenset[str]) -> None:
        """It passes again."""
        for wire in self._lines[line]:
            self._do(wire.mend())

    def close(self) -> None:
        """End every wire."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN)
        self._loop.close()

    async def _end(self) -> None:
        for wires in self._lines.values():
            for wire in wires:
                await wire.end()
        passing = asyncio.all_tasks() - {asyncio.current_task()}
        if passing:
            await asyncio.wait(passing, timeout=WITHIN / 2)

    def _do(self, job: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(job, self._loop).result(WITHIN)
