# SPDX-License-Identifier: Apache-2.0
"""What a desk that has just been started waits for: its first look through its vault, and its peers' word.

It collects at once, and lets nothing out before its vault was looked through to the last page (ADR 0077). A page
that was changed on the disk is refused wherever it is read. What only a look at all of them finds ends the desk as
it always did: by then no receipt has gone out, nothing was deleted at a relay, and nobody has signed in.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from goodoffices.core.errors import MachineError
from goodoffices.desk.vault.vault import Vault

COMPARE_WITHIN = 3.0
"""Seconds that a start waits for the peers' word, so that an old vault is known as one from the first page on."""


class FirstLook:
    """The look that a start owes, if it owes one."""

    def __init__(self, vault: Vault) -> None:
        self._look = vault.look
        self._looking: asyncio.Future[None] | None = None
        self.over = self._look is None
        """Whether the vault was found whole."""

    async def through(self) -> None:
        """Returns once it is over; raises VaultDamaged. Whoever comes second waits for the same look."""
        if self._look is None or self.over:
            return
        if self._looking is None:
            self._looking = asyncio.ensure_future(asyncio.to_thread(self._look.through))
        await asyncio.shield(self._looking)
        self.over = True

    async def through_unless(self, left: Callable[[], bool]) -> bool:
        """The same; False where the desk has left meanwhile, and closed its vault under the look."""
        try:
            await self.through()
        except MachineError:
            if not left():
                raise
            return False
        return True


async def peers_heard(told: set[asyncio.Event], comparing: Callable[[], object]) -> None:
    """Returns once the peers have spoken about the chains, or soon. ``told``: who is told of changes at this desk."""
    deadline, changes = time.monotonic() + COMPARE_WITHIN, asyncio.Event()
    told.add(changes)
    try:
        while comparing() and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await changes.wait()
            changes.clear()
    finally:
        told.discard(changes)
