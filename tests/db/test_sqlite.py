# SPDX-License-Identifier: Apache-2.0
"""Opening databases: private, synced, one process; alike for sqlite3 and sqlcipher3."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlcipher3.dbapi2

from goodoffices.core.errors import AlreadyRunning, LoosePermissions, MachineError
from goodoffices.db.sqlite import (
    Connect,
    Connection,
    Hold,
    connect_plain,
    copy_to,
    open_database,
    transaction,
)


def connect_sealed(path: Path) -> Connection:
    connection: Connection = sqlcipher3.dbapi2.connect(str(path), isolation_level=None)
    connection.execute(f"PRAGMA key=\"x'{'ab' * 32}'\"")
    return connection


Opener = Callable[[Path, Connect], Connection]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Open a database that is closed when the test is over."""
    with contextlib.ExitStack() as stack:
        yield lambda path, connect: stack.enter_context(contextlib.closing(open_database(path, connect)))


BOTH = pytest.mark.parametrize("connect", [connect_plain, connect_sealed], ids=["sqlite3", "sqlcipher3"])


@BOTH
def test_a_database_is_its_owners_alone_and_synced(connect: Connect, tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "a.db"
    db = opened(path, connect)
    db.execute("CREATE TABLE t (x)")
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()} == {0o600}
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_a_database_that_others_can_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    path.chmod(0o644)
    with pytest.raises(LoosePermissions, match="chmod 600"):
        open_database(path)


def test_a_directory_in_place_of_the_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MachineError):
        open_database(tmp_path)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="nowhere"):
        open_database(tmp_path / "nowhere" / "a.db")


@BOTH
def test_a_transaction_is_all_or_nothing(connect: Connect, tmp_path: Path, opened: Opener) -> None:
    db = opened(tmp_path / "a.db", connect)
    db.execute("CREATE TABLE t (x)")
    with pytest.raises(ZeroDivisionError), transaction(db):  # noqa: PT012 - the block is what is undone
        db.execute("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError
    with transaction(db):
        db.execute("INSERT INTO t VALUES (2)")
    assert db.execute("SELECT x FROM t").fetchall() == [(2,)]
    assert not db.in_transaction


@BOTH
def test_a_transaction_holds_the_write_lock_from_its_start(
    connect: Connect, tmp_path: Path, opened: Opener
) -> None:
    path = tmp_path / "a.db"
    db, other = opened(path, connect), opened(path, connect)
    other.execute("PRAGMA busy_timeout=0")
    with transaction(db), pytest.raises((sqlite3.OperationalError, sqlcipher3.dbapi2.OperationalError)):
        other.execute("BEGIN IMMEDIATE")


@BOTH
def test_a_copy_is_whole_and_private(connect: Connect, tmp_path: Path, opened: Opener) -> None:
    db = opened(tmp_path / "a.db", connect)
    db.execute("CREATE TABLE t (x)")
    db.execute("INSERT INTO t VALUES ('words')")
    copy_to(db, tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert opened(tmp_path / "copy.db", connect).execute("SELECT x FROM t").fetchall() == [("words",)]
    with pytest.raises(MachineError, match="there already"):
        copy_to(db, tmp_path / "copy.db")


def test_a_copy_of_a_sealed_database_is_sealed(tmp_path: Path, opened: Opener) -> None:
    """P3: the backup before an upgrade does not lay the vault open."""
    db = opened(tmp_path / "a.db", connect_sealed)
    db.execute("CREATE TABLE secretname (x)")
    copy_to(db, tmp_path / "copy.db")
    content = (tmp_path / "copy.db").read_bytes()
    assert b"secretname" not in content
    assert not content.startswith(b"SQLite format 3")


def test_one_process_holds_a_database(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Hold(path), pytest.raises(AlreadyRunning):
        Hold(path)
    Hold(path).release()
