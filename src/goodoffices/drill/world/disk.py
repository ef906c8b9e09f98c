# SPDX-License-Identifier: Apache-2.0
"""The simulated world's disk: a real SQLite database whose machine can stop at any write.

What is committed stays, everything since is lost: a stop rolls back and drops the desk object. The
points at which a stop can happen are just before a commit, just after it, and wherever the world
calls ``point`` (between two sends, between keeping an envelope and deleting it at the relay).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from typing import Any

from goodoffices.db.migrate import migrate, steps_in


class Crash(BaseException):
    """The machine stopped here. No ``except`` of the desk may hold it, so it is no ``Exception``."""


@cache
def _new_tables() -> sqlite3.Connection:
    # A world's desks all begin with the same empty tables, and a run has thousands of worlds.
    made = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(made, steps_in("goodoffices.desk.schema"))
    return made


class Disk:
    """The part of a connection that the desk uses, over an in-memory database that can be stopped."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self.points = 0
        """How many points were passed since the disk was made."""
        self.stop_in: int | None = None
        """How many points from now the machine stops; None for never."""
        self.stopped_at: str | None = None
        self.full = False
        """Whether the next commit fails for want of room."""

    @classmethod
    def empty(cls) -> Disk:
        """A new vault's tables."""
        raw = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
        _new_tables().backup(raw)
        return cls(raw)

    @classmethod
    def of(cls, copy: bytes) -> Disk:
        """A disk that holds what another held when ``copy`` was taken."""
        raw = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
        with closing(sqlite3.connect(":memory:")) as image:
            image.deserialize(copy)
            image.backup(raw)  # pages of an image are written back at each commit, those of a copy are not
        return cls(raw)

    def copy(self) -> bytes:
        """Everything committed so far."""
        return self.raw.serialize()

    def point(self, where: str) -> None:
        """A place where the machine can stop."""
        self.points += 1
        if self.stop_in is None:
            return
        self.stop_in -= 1
        if self.stop_in <= 0:
            self.stop_in, self.stopped_at = None, where
            raise Crash(where)

    def lose_power(self) -> None:
        """What was not committed is gone."""
        self.stop_in, self.full = None, False
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")

    # --- what the desk sees -------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """See ``db.sqlite.Connection``."""
        return self.raw.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> sqlite3.Cursor:
        """See ``db.sqlite.Connection``; a commit is two points, one on either side of it."""
        if sql != "COMMIT":
            return self.raw.execute(sql, parameters)
        self.point("before a commit")
        if self.full:
            self.full = False
            full = sqlite3.OperationalError("database or disk is full")
            full.sqlite_errorname = "SQLITE_FULL"
            raise full
        cursor = self.raw.execute(sql)
        self.point("after a commit")
        return cursor

    def close(self) -> None:
        """See ``db.sqlite.Connection``."""
        self.raw.close()
