# SPDX-License-Identifier: Apache-2.0
"""The log of a relay's file is written back beside the writer, and begins anew (ADR 0082)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from goodoffices.db.sqlite import Connection, open_database, transaction
from goodoffices.relay.batch import Put
from goodoffices.relay.write_back import BOUND, LONG, PAGE, WriteBack, write_back


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Connection]:
    """A file whose commits write nothing back by themselves."""
    with closing(open_database(tmp_path / "relay.db")) as opened:
        opened.execute(f"PRAGMA wal_autocheckpoint={BOUND}")
        opened.execute("CREATE TABLE kept (body BLOB)")
        yield opened


def keep(writer: Connection, pages: int) -> list[Put]:
    """So many pages more in the log, in one commit, as one envelope."""
    body = bytes(pages * PAGE)
    with transaction(writer) as db:
        db.execute("INSERT INTO kept VALUES (?)", (body,))
    return [Put(bytes(16), bytes(32), body, 0)]


def after(back: WriteBack, works: list[Put], writer: Connection, *, waited_for: bool) -> None:
    """What a store does after a commit."""
    back.committed(works)
    if back.due:
        back.begin(writer, waited_for=waited_for)


def test_a_long_log_is_written_back_without_the_writer(tmp_path: Path, writer: Connection) -> None:
    """P2: what was answered stands in the file as it stood in the log; a short log stays as it is."""
    errors: list[sqlite3.Error] = []
    back = WriteBack(tmp_path / "relay.db", errors.append)
    after(back, keep(writer, LONG // 2), writer, waited_for=True)
    assert (tmp_path / "relay.db").stat().st_size < LONG // 2 * PAGE
    after(back, keep(writer, LONG // 2), writer, waited_for=True)
    back.close()
    assert (tmp_path / "relay.db").stat().st_size > LONG * PAGE
    assert not errors
    long = (tmp_path / "relay.db-wal").stat().st_size
    keep(writer, 1)
    assert (tmp_path / "relay.db-wal").stat().st_size == long, "it began anew"


def test_the_writer_does_it_while_nobody_waits(tmp_path: Path, writer: Connection) -> None:
    """P5: no later commit finds a long log."""
    back = WriteBack(tmp_path / "missing", lambda _: None)
    after(back, keep(writer, LONG), writer, waited_for=False)
    assert write_back(writer)
    assert not write_back_is_due(tmp_path)


def test_the_writer_does_the_rest_of_a_log_that_never_ends(tmp_path: Path, writer: Connection) -> None:
    """P12: a flood does not make the log grow for ever."""
    back = WriteBack(tmp_path / "relay.db", lambda _: None)
    with closing(open_database(tmp_path / "relay.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM kept").fetchone()  # from here on nothing can be written back
        after(back, keep(writer, LONG), writer, waited_for=True)
        back.close()
    assert write_back_is_due(tmp_path)
    after(back, keep(writer, 1), writer, waited_for=True)
    assert not write_back_is_due(tmp_path)
    assert write_back(writer)


def write_back_is_due(directory: Path) -> bool:
    return (directory / "relay.db").stat().st_size < LONG * PAGE


def test_what_goes_wrong_is_told_and_the_thread_goes_on(tmp_path: Path, writer: Connection) -> None:
    """P12: a damaged file is no reason to die without a word."""
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database" * 100)
    errors: list[sqlite3.Error] = []
    back = WriteBack(damaged, errors.append)
    for _ in range(2):
        after(back, keep(writer, LONG), writer, waited_for=True)
    back.close()
    assert [error.sqlite_errorname for error in errors] == ["SQLITE_NOTADB"] * 2
