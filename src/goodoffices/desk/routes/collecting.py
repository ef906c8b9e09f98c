# SPDX-License-Identifier: Apache-2.0
"""A mailbox in which much lies: what comes now is taken at once, and not behind what came before (ADR 0043).

A relay gives out a mailbox in its order. After a month away that would put a FLASH of this minute behind
thousands of old envelopes. So the push is joined at its end, the newest envelopes are read first, and the
rest follows oldest first, a page at a time, with a pause after each envelope for whatever is pushed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from goodoffices.core.errors import MachineError, RelayError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.relay_client import Look

MANY = 64
"""Envelopes in a mailbox from which on it is read beside the push."""
NEWEST = 32
"""Envelopes that are read before the others."""
PAGE = 256
AGAIN = 5.0
"""Seconds after a page that could not be had or kept."""
Take = Callable[[RouteRow, bytes], None]


class Collector(Protocol):
    """What is needed of a relay's client."""

    async def look(self, route: RouteRow) -> Look: ...
    async def collect(self, route: RouteRow, after: int, limit: int) -> list[tuple[int, bytes]]: ...
    def listen(self, route: RouteRow, connected: asyncio.Event, after: int = 0) -> AsyncGenerator[bytes]: ...


async def collect_all(client: Collector, route: RouteRow, connected: asyncio.Event, take: Take) -> None:
    """Take everything that lies or comes in a mailbox; ends with the connection, by RelayError or MachineError."""
    look = await client.look(route)
    after = look.last if look.waiting > MANY and look.last else 0
    reading = asyncio.ensure_future(_read(client, route, after, take)) if after else None
    try:
        async with contextlib.aclosing(client.listen(route, connected, after)) as envelopes:
            async for envelope in envelopes:
                take(route, envelope)
                await asyncio.sleep(0)  # many may be here already: everything else has its turn between them
    finally:
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _read(client: Collector, route: RouteRow, last: int, take: Take) -> None:
    await _page(client, route, max(0, last - NEWEST), NEWEST, take)
    at = 0
    while at < last:
        found = await _page(client, route, at, PAGE, take)
        at = last if found is None else found


async def _page(client: Collector, route: RouteRow, after: int, limit: int, take: Take) -> int | None:
    """Take one page; the seq of its last envelope, or None if there was nothing."""
    while True:
        try:
            page = await client.collect(route, after, limit)
            for seq, envelope in page:
                take(route, envelope)
                after = seq
                await asyncio.sleep(0)  # what was pushed meanwhile goes before the next of these
        except (RelayError, MachineError):
            await asyncio.sleep(AGAIN)  # the relay keeps what could not be kept here
        else:
            return page[-1][0] if page else None
