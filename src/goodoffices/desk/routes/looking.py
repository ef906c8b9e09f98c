# SPDX-License-Identifier: Apache-2.0
"""What waits at each relay of each line: every mailbox is looked into once a minute (P6).

A mailbox's own rights let either side ask how much lies in it. So an office sees which relay delivers,
and on which something stays. What a relay answers is its word and nobody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from goodoffices.core.errors import RelayError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.relay_client import Look

FIRST = 2.0
"""Seconds after a start: then the mailboxes are made."""
EVERY = 60.0
"""Seconds between two looks."""


@dataclass(frozen=True)
class Looked:
    """What a relay said of one mailbox, and when it was asked. Times are ms UTC."""

    waiting: int
    oldest: int | None
    at: int


class Looking:
    """The newest look into each mailbox, by the route's number."""

    def __init__(
        self,
        routes: Callable[[], Iterable[RouteRow]],
        look: Callable[[RouteRow], Awaitable[Look]],
        told: Callable[[RouteRow, int, int], None],
        now: Callable[[], int],
    ) -> None:
        self._routes, self._look, self._told, self._now = routes, look, told, now
        self.looks: dict[int, Looked] = {}

    async def run(self) -> None:
        """Look for ever."""
        await asyncio.sleep(FIRST)
        while True:
            routes = list(self._routes())
            await asyncio.gather(*map(self._one, routes))
            for gone in self.looks.keys() - {route.id for route in routes}:
                del self.looks[gone]
            await asyncio.sleep(EVERY)

    async def _one(self, route: RouteRow) -> None:
        try:
            found = await self._look(route)
        except RelayError:
            self.looks.pop(route.id, None)  # down, or the mailbox is not made yet: nothing is known
        else:
            self.looks[route.id] = Looked(found.waiting, found.oldest, self._now())
            self._told(route, found.waiting, self._now())
