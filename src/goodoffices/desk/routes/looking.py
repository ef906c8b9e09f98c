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

EVERY = 60.0
"""Seconds between two looks."""


FIRST = 2.0
"""Seconds after a start: then the mailboxes are made."""


@dataclass(frozen=True)
class Look:
    """What a relay said of one mailbox. Times are ms UTC, ``oldest`` by the relay's clock."""

    waiting: int
    size: int
    oldest: int | None
    at: int


class Looking:
    """The newest look into each mailbox, by the route's number."""

    def __init__(
        self,
        routes: Callable[[], Iterable[RouteRow]],
        look: Callable[[RouteRow], Awaitable[tuple[int, int, int | None]]],
        now: Callable[[], int],
    ) -> None:
        self._routes, self._look, self._now = routes, look, now
        self.looks: dict[int, Look] = {}

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
            waiting, size, oldest = await self._look(route)
        except RelayError:
            self.looks.pop(route.id, None)  # down, or the mailbox is not made yet: nothing is known
        else:
            self.looks[route.id] = Look(waiting, size, oldest, self._now())
