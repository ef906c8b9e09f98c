# SPDX-License-Identifier: Apache-2.0
"""What a running desk does alongside its commits, so that no note waits for it (ADR 0036)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from goodoffices.db.sqlite import Connection
from goodoffices.desk.context import Context, Sealed
from goodoffices.desk.vault.database import Log


class Alongside:
    """One thread that seals while the loop's thread commits; and the log, moved while the desk is at rest."""

    def __init__(self, context: Context, db: Connection) -> None:
        self._log = Log(db)
        self._sealer = ThreadPoolExecutor(1, "sealing")
        context.beside = self._begin

    def _begin(self, work: Sealed) -> Sealed:
        return self._sealer.submit(work).result

    def rest(self, *, busy: bool) -> None:
        """Called when everything that was due is written; ``busy``: something is to be sent still."""
        if not busy:
            self._log.tidy()

    def close(self) -> None:
        """No more work is taken."""
        self._sealer.shutdown()
