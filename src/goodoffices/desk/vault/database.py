# SPDX-License-Identifier: Apache-2.0
"""SQLCipher as the vault uses it: a keyed connection, its errors in our words, the check of every page.

The only module that imports ``sqlcipher3``. Which key, and when to open, is for ``desk.vault`` to say.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from sqlcipher3 import dbapi2

from goodoffices.core.errors import MachineError, VaultDamaged
from goodoffices.db.migrate import version_of
from goodoffices.db.sqlite import Connection

LOG_ROWS = 400
"""Changed rows after which a desk at rest moves its log into the database: some thousand pages."""
LOG_PAGES = 8000
"""Pages in the log after which a commit does so by itself."""


class Keyed(Connection, Protocol):
    """A connection of SQLCipher, to a vault's database."""

    def interrupt(self) -> None: ...


@contextmanager
def faults() -> Iterator[None]:
    """Turn the database's errors into ours where it is used; mistakes in SQL stay what they are."""
    try:
        yield
    except (dbapi2.DatabaseError, sqlite3.DatabaseError) as error:
        name = str(getattr(error, "sqlite_errorname", ""))
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise VaultDamaged(
                f"The vault's database does not read back as it was written ({name})."
            ) from error
        if name.startswith("SQLITE_FULL"):
            raise MachineError(
                "The vault's disk is full; this step was not written.",
                "Make room on that disk, then try again: nothing was lost.",
            ) from error
        if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN")):
            raise MachineError(
                "The vault's database cannot be written.",
                "Check that its disk is mounted for writing and belongs to this user.",
            ) from error
        if name.startswith(
            (
                "SQLITE_IOERR",
                "SQLITE_BUSY",
                "SQLITE_LOCKED",
                "SQLITE_NOMEM",
                "SQLITE_PROTOCOL",
                "SQLITE_INTERRUPT",
            )
        ):
            raise MachineError(
                f"The vault's database did not answer ({name}); this step was not written.",
                "Check the disk and the memory of this machine, then try again.",
            ) from error
        raise


class Pages(NamedTuple):
    """What the pages of a database are like, in SQLCipher's words."""

    code: str
    """What each is authenticated with."""
    size: int
    """Bytes."""


def connect(path: Path, key: bytes, pages: Pages) -> Keyed:
    """A keyed connection to a file that is there (SQLite must not make an empty one in its place)."""
    connection: Keyed = dbapi2.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=10.0,
        cached_statements=512,  # every statement of the desk stays prepared
    )
    # Its log goes to standard error and tells nothing that our errors do not.
    connection.execute("PRAGMA cipher_log_level=NONE")
    # Wiping every allocation doubles the time of each statement, and the texts pass through the
    # interpreter's memory anyway; swap and core dumps are kept out by other means (ADR 0011).
    connection.execute("PRAGMA cipher_memory_security=OFF")
    connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
    connection.execute(f"PRAGMA cipher_hmac_algorithm={pages.code}")
    connection.execute(f"PRAGMA cipher_page_size={pages.size}")
    connection.execute("PRAGMA secure_delete=ON")
    # A running desk moves its log into the database beside its commits (``Log``): not within one that a note waits for.
    connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def require_whole(db: Connection) -> None:
    """Every page carries the code it was written with, and the pages make a database."""
    wrong = db.execute("PRAGMA cipher_integrity_check").fetchall()
    if wrong:
        raise VaultDamaged(f"The vault's database was changed on the disk: {wrong[0][0]}.")
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise VaultDamaged(f"The vault's database is not whole: {found}.")
    if version_of(db) == 0:
        raise VaultDamaged("The vault's database is empty; no vault ever was.")


class Reader:
    """A second connection, for a thread beside the desk's own: it closes between two statements, never within one.

    A database that is closed under a statement of another thread takes the process along.
    """

    def __init__(self, connection: Keyed) -> None:
        self._connection, self._turn, self._over = connection, Lock(), False
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA busy_timeout=10000")

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        """All rows of a statement; raises MachineError once the vault is closed."""
        with self._turn:
            if self._over:
                raise MachineError("The vault was closed while it was read.")
            return Rows(self._connection.execute(sql, parameters).fetchall())

    def close(self) -> None:
        """A statement that is under way is broken off."""
        if self._over:
            return
        self._connection.interrupt()
        with self._turn:
            self._over = True
            self._connection.close()


class Rows:
    """What a statement of a ``Reader`` found: a cursor that needs its connection no more."""

    rowcount = -1
    lastrowid = None

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    def close(self) -> None:
        self._rows = []


class Look:
    """One look at every page, for a thread beside whoever uses the database already.

    It holds what stood in the file when it was made: until it is over, no commit moves from the log into the file.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader, self._turn, self._looked = reader, Lock(), False
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_schema")

    def through(self) -> None:
        """Returns once every page was found whole; raises VaultDamaged. A second call costs nothing."""
        with self._turn:
            if not self._looked:
                with faults():
                    require_whole(self.reader)
                self._looked = True
                self.reader.close()


class Log:
    """The write-ahead log of an open vault: moved into the database beside its commits, emptied of destroyed keys."""

    def __init__(self, db: Connection, beside: Callable[[], Reader]) -> None:
        """``beside``: a connection for whoever moves the log; it is opened when there is something to move."""
        self._db, self._open = db, beside
        self._turn = Lock()
        self._beside: Reader | None = None
        self._moved = 0

    def long(self) -> bool:
        """Whether enough has changed since it was moved last. Each change is counted once."""
        changed = int(self._db.execute("SELECT total_changes()").fetchone()[0])
        if changed - self._moved <= LOG_ROWS:
            return False
        self._moved = changed
        return True

    def move(self) -> None:
        """Move into the database what is committed, in another thread than the commits: they go on meanwhile, and
        what they add stays in the log. Raises MachineError."""
        with self._turn, faults():
            if self._beside is None:
                self._beside = self._open()
            self._beside.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def empty(self) -> None:
        """Everything into the database, and nothing left in the log. It waits for a move: SQLite refuses two."""
        with self._turn, faults():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
