# SPDX-License-Identifier: Apache-2.0
"""Writing the log of a relay's SQLite file back into the file, beside the writer (ADR 0082).

SQLite does this inside the commit that finds the log long: one in a dozen took five times as long as the
others, and everybody waited for it. Here the writer does it after its answers, if nobody waits for it then; else
a thread with a connection of its own does it while commits go on.
The log is begun anew only when nothing of it is left, and a log that grows makes each sync slower: so the
writer writes back the little that came meanwhile, between two commits.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from goodoffices.db.sqlite import Connection, connect_plain
from goodoffices.relay.batch import Put

PAGE = 4_096
PAGES_OF_A_WORK = 3
"""What one put or delete changes beside its bytes: indexes, mostly."""
LONG = 1_000
"""Pages of the log after which it is written back, SQLite's own number."""
BOUND = 16_000
"""Pages at which a commit writes back as SQLite does by itself, should the thread not come to it: 64 MiB."""


class WriteBack:
    """Counts what goes into the log, and has it written back. ``failed`` is told, in the thread, of what went wrong."""

    def __init__(self, path: Path, failed: Callable[[sqlite3.Error], None]) -> None:
        self._path = path
        self._failed = failed
        self._pages = 0
        self._rest_is_the_writers = False
        self._asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def committed(self, works: Sequence[Any]) -> None:
        """In the writer's thread, once these works are in the log."""
        self._pages += PAGES_OF_A_WORK * len(works)
        self._pages += sum(len(work.envelope) for work in works if isinstance(work, Put)) // PAGE

    @property
    def due(self) -> bool:
        """Whether something is to be done; asked after every commit, when the event loop wants its turn."""
        return self._rest_is_the_writers or self._pages >= LONG

    def begin(self, writer: Connection, *, waited_for: bool) -> None:
        """In the writer's thread, after the answers. ``waited_for``: there is a next commit to be made."""
        self._pages = 0
        if self._rest_is_the_writers or not waited_for:
            self._rest_is_the_writers = False
            write_back(writer)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="relay-write-back", daemon=True)
            self._thread.start()
        self._asked.put(True)

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._asked.put(False)
            self._thread.join()

    def _run(self) -> None:
        connection: Connection | None = None
        while self._asked.get():
            try:
                connection = connection or connect_plain(self._path)
                self._rest_is_the_writers = not write_back(connection)
            except sqlite3.Error as error:
                self._failed(error)
        if connection is not None:
            connection.close()


def write_back(connection: Connection) -> bool:
    """Whether all of the log is in the file now, so that the next commit begins it anew."""
    _, log, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return bool(log == done)
