# SPDX-License-Identifier: Apache-2.0
"""Looking through the record for long, beside the desk that goes on: over a picture of it that stands still.

A thread of its own reads by a connection of its own, from the moment at which it began. Keys are those that
were in memory then; nothing is written by this way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from goodoffices.desk.context import Context
from goodoffices.desk.desk import Desk
from goodoffices.desk.vault.database import faults
from goodoffices.desk.vault.pictures import picture
from goodoffices.desk.vault.vault import Vault

T = TypeVar("T")


async def beside(vault: Vault, here: Context, work: Callable[[Desk], T]) -> T:
    """What ``work`` makes of the record as it stands now; raises what it raises."""
    with picture(vault) as reader:
        desk = Desk(reader, here.keys, here.rng, clock_quality=here.clock_quality)
        desk.context.reading, desk.context.reading_key = dict(here.reading), here.reading_key
        desk.context.case_offset = here.case_offset

        def look() -> T:
            with faults():
                return work(desk)

        # Who asked may go away meanwhile: the thread is waited for all the same, since it reads by ``reader``.
        looking = asyncio.ensure_future(asyncio.to_thread(look))
        try:
            return await asyncio.shield(looking)
        except asyncio.CancelledError:
            await asyncio.wait([looking])
            raise
