# SPDX-License-Identifier: Apache-2.0
"""Opening SQLite files the one way this program does: private, write-ahead, synced before an answer.

Works alike for the standard library's ``sqlite3`` and for ``sqlcipher3``: callers pass a ``connect``
callable that returns a DB-API connection in autocommit mode (``isolation_level=None``). An encrypted
vault sets its key inside that callable, before anything here touches the file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from goodoffices.core.errors import AlreadyRunning, LoosePermissions, MachineError

PRIVATE = 0o600


class Cursor(Protocol):
    """The part of a DB-API cursor that is used."""

    @property
    def rowcount(self) -> int: ...

    @property
    def lastrowid(self) -> int | None: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def close(self) -> None: ...


class Connection(Protocol):
    """The part of a DB-API connection that is used; ``sqlite3`` and ``sqlcipher3`` both have it."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor: ...

    def close(self) -> None: ...


Connect = Callable[[Path], Connection]


def connect_plain(path: Path) -> Connection:
    """A standard-library connection; handed between threads, never used by two at once."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)


def open_database(path: Path, connect: Connect = connect_plain) -> Connection:
    """Open or create ``path`` for its owner alone, with the pragmas every writer here needs.

    A new file is made with mode 0600 before SQLite sees it, and its directory is synced, so that
    the file itself survives a power cut. SQLite gives its side files the same mode.
    """
    make_private(path)
    connection = connect(path)
    try:
        set_pragmas(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def set_pragmas(connection: Connection) -> None:
    """Write-ahead log, a sync at every commit, foreign keys on."""
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if str(mode).lower() != "wal":
        raise MachineError(
            "The file system under the database does not allow a write-ahead log.",
            "Put the database on a local disk.",
        )
    # FULL: in WAL mode a commit returns only after the log is synced. NORMAL would lose the last
    # commits at a power cut, which P2 forbids.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA busy_timeout=10000")


def make_private(path: Path) -> None:
    """Make ``path`` with mode 0600 if it is missing; refuse it if others could read or write it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    except FileExistsError:
        check_private(path)
        return
    except OSError as error:
        raise MachineError(f"{path} cannot be made: {error.strerror}.", _step(error)) from error
    os.close(handle)
    sync_directory(path.parent)


def check_private(path: Path) -> None:
    """Refuse a file that is not a regular file, or that others on this machine can read or write."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise MachineError(f"{path} is not a file.", "Give the path of a database file.")
    if mode & 0o077:
        raise LoosePermissions(
            f"{path} can be read or changed by others on this machine (mode {stat.S_IMODE(mode):04o}).",
            f"Find out who could have read it, then run: chmod 600 {path}",
        )


def sync_directory(directory: Path) -> None:
    """Make the names in ``directory`` survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def transaction(connection: Connection) -> Iterator[Connection]:
    """One transaction that takes the write lock at its start; all or nothing.

    BEGIN IMMEDIATE, because a transaction that reads first and writes later can be refused the lock
    half-way. Whatever ends the block other than its end rolls back, a failing COMMIT included.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    finally:
        # SQLite itself rolls back on some errors (disk full); a second ROLLBACK would be an error.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def copy_to(connection: Connection, target: Path, *, again: bool = False) -> None:
    """A consistent, synced, private copy of the open database; under SQLCipher it has the same key.

    Under its name it stands whole or not at all: a copy that was cut off is made anew. ``again``: one that stands
    there gives way to this one.
    """
    if target.exists() and not again:
        raise MachineError(f"{target} is there already.", "Move it away and try again.")
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    make_private(part)
    try:
        connection.execute("VACUUM INTO ?", (str(part),))
        handle = os.open(part, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_directory(target.parent)


def _step(error: OSError) -> str:
    if error.errno == errno.EROFS:
        return (
            "Mount its disk for writing. A disk that failed is mounted so by the system: look at the system's log"
            " before anything else; what stands on it is as it was."
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room on its disk; what stands on it is as it was."
    return "Give a path in a directory that you may write to."


class Hold:
    """The right to be the one process at ``path``, held from the start until ``release`` or death.

    A lock on a file beside the database, not on the database: SQLite's own locks are per
    transaction, and closing any handle of the database file would drop a lock taken on it.
    """

    def __init__(self, path: Path, held: tuple[str, str] | None = None) -> None:
        """``held``: what is said, and which step is named, where another process is that one."""
        lock = path.with_name(path.name + ".lock")
        try:
            self._handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        except OSError as error:
            raise MachineError(f"{lock} cannot be made: {error.strerror}.", _step(error)) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            what, step = held or (
                f"Another process holds {path}.",
                "Stop that process first, or give another path.",
            )
            raise AlreadyRunning(what, step) from None

    def release(self) -> None:
        """Let the next process in. The lock file stays: removing it would race with its next holder."""
        os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
