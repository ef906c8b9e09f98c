# SPDX-License-Identifier: Apache-2.0
"""Writing a series: first everything in pieces, then what changed, one signed and sealed file after another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from goodoffices.core import crypto
from goodoffices.core.backup import Piece, seal_piece
from goodoffices.db.migrate import version_of
from goodoffices.db.sqlite import Connection
from goodoffices.desk.backup import rows
from goodoffices.desk.backup.places import NAME, Place, name_of
from goodoffices.desk.backup.setup import Series, Setup, keep_written, with_series, written
from goodoffices.desk.context import Context


class SeriesWriter:
    """One series of backups of one desk, at one place. ``where``: which of the setup's, the first if left out."""

    def __init__(self, context: Context, setup: Setup, place: Place, where: str | None = None) -> None:
        self.context, self.setup, self.place = context, setup, place
        self.where = where
        self.series = Series(context.rng(16), context.rng(16), whole=False)
        self.number = 0
        self.bytes = 0
        self._previous: bytes | None = None
        self._introduced: int | None = None

    async def write(self, image: bytes, now: int, *, whole: bool) -> None:
        """Seal a piece and have it kept; raises MachineError, and may then be tried again."""
        mine = self.context.my_office()
        piece = Piece(
            office=mine.id,
            roster=mine.roster.version,
            time=self.context.time(now),
            series=self.series.id,
            number=self.number,
            previous=self._previous,
            schema=version_of(self.context.ledger.db),
            digest=crypto.sha256(image),
            whole=whole,
            proof=self.series.proof,
        )
        seal = partial(
            seal_piece,
            piece,
            image,
            mine,
            desk_seed=self.context.keys.desk_seed,
            readers=self.setup.readers,
            rng=self.context.rng,
            introduce=self._introduced != mine.roster.version,
        )
        # Other than the rows this touches no table, and it is most of the work.
        sealed, self_id = await asyncio.to_thread(seal)
        await self.place.put(name_of(self.series.id, self.number), sealed)
        self._previous, self._introduced = self_id, mine.roster.version
        self.number += 1
        self.bytes += len(sealed)
        self.series = replace(self.series, whole=whole)
        ledger = self.context.ledger
        with self.context.transaction():
            done = with_series(written(ledger, self.where), self.series)
            keep_written(ledger, replace(done, last=now), self.where)

    async def everything(self, source: Connection, now: int) -> None:
        """The first whole copy, but for what changes while it is made."""
        pieces: Iterator[bytes] = rows.everything(source)
        while (image := await asyncio.to_thread(next, pieces, None)) is not None:
            await self.write(image, now, whole=False)

    async def tidy(self, before: frozenset[bytes]) -> None:
        """Remove this desk's series that are not kept any more. ``before``: all that it ever knew of."""
        kept = {each.id for each in written(self.context.ledger, self.where).series}
        for name in await self.place.names():
            found = NAME.fullmatch(name)
            if found and bytes.fromhex(found[1]) in before - kept:
                await self.place.remove(name)
