# SPDX-License-Identifier: Apache-2.0
"""What was kept here may be forgotten by its relay: asked for soon, or at a line's next slot (ADR 0045)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from goodoffices.core.errors import RelayError
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.beat import Beats
from goodoffices.desk.routes.sending import Put


class Forgetting:
    """The envelopes that relays may delete, until each was asked to once."""

    def __init__(
        self, delete: Callable[[RouteRow, bytes], Awaitable[None]], beats: Beats, now: Callable[[], int]
    ) -> None:
        self._delete, self._beats, self._now = delete, beats, now
        self._waiting: list[tuple[RouteRow, bytes]] = []

    def kept(self, route: RouteRow, envelope: bytes) -> None:
        """An envelope of an own mailbox, by its ID, is kept here."""
        self._waiting.append((route, envelope))

    def work(self, puts: Iterable[Put]) -> list[Coroutine[Any, Any, None]]:
        """What to do now, given what is about to be put. How soon an envelope goes says nothing of what it held."""
        leaving = {put.route.line: put.at for put in puts if put.at is not None}
        waiting, self._waiting = self._waiting, []
        ready = []
        for route, envelope in waiting:
            if route.line is not None and route.line in self._beats and route.line not in leaving:
                self._waiting.append((route, envelope))
            else:
                ready.append(self._one(route, envelope, leaving.get(route.line)))
        return ready

    async def _one(self, route: RouteRow, envelope: bytes, at: int | None) -> None:
        if at is not None:
            await asyncio.sleep(max(0, at - self._now()) / 1000)
        # A failure costs nothing: what stays at the relay comes again and is known.
        with contextlib.suppress(RelayError):
            await self._delete(route, envelope)
