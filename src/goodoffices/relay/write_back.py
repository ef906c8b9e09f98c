# SPDX-License-Identifier: Apache-2.0
"""When the log of a relay's SQLite file is written back into the file (ADR 0083).

SQLite does this inside the commit that finds the log long: one in a dozen took five times as long as the
others, and everybody waited for it. Here the writer does it between two commits, after its answers: of a log
that has grown long at once, of a shorter one as soon as nothing has come for a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goodoffices.db.sqlite import Connection
from goodoffices.relay.batch import Put

PAGE = 4_096
PAGES_OF_A_WORK = 3
"""What one put or delete changes beside its bytes: indexes, mostly."""
LONG = 1_000
"""Pages of the log after which it is written back whoever waits, SQLite's own number."""
WORTH_IT = 125
"""Pages of the log after which a moment of rest is used: a hundred pages take as long to sync as one."""


class WriteBack:
    """Counts what goes into the log, and writes it back. All of it in the writer's thread."""

    def __init__(self) -> None:
        self._pages = 0

    def committed(self, works: Sequence[Any], rows: int = 0) -> None:
        """These works are in the log. ``rows``: that they took away beside their own: a purge is one work."""
        self._pages += PAGES_OF_A_WORK * (len(works) + rows)
        self._pages += sum(len(work.envelope) for work in works if isinstance(work, Put)) // PAGE

    @property
    def at_once(self) -> bool:
        """Whether it is time, though somebody may be waiting for the next commit."""
        return self._pages >= LONG

    @property
    def at_rest(self) -> bool:
        """Whether it is time as soon as nobody is."""
        return self._pages >= WORTH_IT

    def write_back(self, writer: Connection) -> bool:
        """Whether all of the log is in the file now, so that the next commit begins it anew. A reader may be in its
        way: the next time does the rest."""
        self._pages = 0
        _, log, done = writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return bool(log == done)
