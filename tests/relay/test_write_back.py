# SPDX-License-Identifier: Apache-2.0
"""The log of a relay's file is written back between two commits, and begins anew (ADR 0083)."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from goodoffices.db.sqlite import Connection, open_database, transaction
from goodoffices.relay.batch import Put
from goodoffices.relay.group_commit import GroupCommit
from goodoffices.relay.rules import Limits, Rights
from goodoffices.relay.store_sqlite import SqliteRelayStore
from goodoffices.relay.write_back import LONG, PAGE, WORTH_IT, WriteBack


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Connection]:
    """A file whose commits write nothing back by themselves."""
    with closing(open_database(tmp_path / "relay.db")) as opened:
        opened.execute("PRAGMA wal_autocheckpoint=0")
        opened.execute("CREATE TABLE kept (body BLOB)")
        yield opened


def keep(writer: Connection, pages: int) -> list[Put]:
    """So many pages more in the log, in one commit, as one envelope."""
    body = bytes(pages * PAGE)
    with transaction(writer) as db:
        db.execute("INSERT INTO kept VALUES (?)", (body,))
    return [Put(bytes(16), bytes(32), body, 0)]


def due(back: WriteBack) -> bool:
    return back.at_rest or back.at_once


def test_a_long_log_is_written_back_and_begins_anew(tmp_path: Path, writer: Connection) -> None:
    """P2: what was answered stands in the file as it stood in the log; a short log stays as it is."""
    back = WriteBack()
    back.committed(keep(writer, WORTH_IT // 2))
    assert not due(back)
    back.committed(keep(writer, WORTH_IT // 2))
    assert (back.at_rest, back.at_once) == (True, False)
    back.committed(keep(writer, LONG))
    assert due(back)
    assert back.write_back(writer)
    assert not due(back)
    assert (tmp_path / "relay.db").stat().st_size > LONG * PAGE
    long = (tmp_path / "relay.db-wal").stat().st_size
    keep(writer, 1)
    assert (tmp_path / "relay.db-wal").stat().st_size == long, "it began anew"


def test_what_a_reader_keeps_in_the_log_is_written_back_the_next_time(
    writer: Connection, tmp_path: Path
) -> None:
    """P12: whoever copies the file of a running relay does not make its log grow for ever."""
    back = WriteBack()
    with closing(open_database(tmp_path / "relay.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM kept").fetchone()  # from here on nothing can be written back
        back.committed(keep(writer, LONG))
        assert not back.write_back(writer)
    back.committed(keep(writer, LONG))
    assert back.at_once
    assert back.write_back(writer)


def test_a_writer_rests_once_after_what_came() -> None:
    """P5: what is left for later is done when the answers are out and nothing else is there, once each time."""
    asyncio.run(rest())


async def rest() -> None:
    """A batch, its rest; another batch, and its own."""
    done: list[str] = []
    rested = threading.Event()

    def commit(works: Sequence[object]) -> list[object]:
        done.append("commit")
        return [None] * len(works)

    def at_rest() -> None:
        done.append("rest")
        rested.set()

    group = GroupCommit(commit, lambda works, outcomes: None, lambda: None, lambda works, outcomes: at_rest)
    for _ in range(2):
        await asyncio.gather(*(group.submit(number) for number in range(3)))
        await asyncio.to_thread(rested.wait, 10)
        rested.clear()
    await group.close()
    assert done == ["commit", "rest"] * 2


def test_what_expires_after_a_flood_does_not_fill_the_disk_as_a_log(tmp_path: Path) -> None:
    """P12: a purge of 500 envelopes counted as one work; after a million of them the log had gigabytes."""
    asyncio.run(purged(tmp_path / "relay.db"))


async def purged(path: Path) -> None:
    """A store that purges as a relay does: again and again, without a rest."""
    store = SqliteRelayStore(path, Limits(), lambda *_: None)
    await store.open_mailbox(bytes(16), Rights(*[bytes(32)] * 3), 0)
    bodies = [number.to_bytes(4, "big") * 64 for number in range(4_000)]
    await asyncio.gather(*(store.put(bytes(16), hashlib.sha256(each).digest(), each, 0) for each in bodies))
    longest = 0
    while await store.purge(Limits().retention_ms + 1, 50):
        longest = max(longest, path.with_name("relay.db-wal").stat().st_size)
    await store.close()
    assert longest < 2 * LONG * PAGE


def test_a_file_that_cannot_be_trusted_ends_the_store(tmp_path: Path) -> None:
    """P12: a damaged file is no reason to go on without a word."""
    asyncio.run(damaged(tmp_path / "relay.db"))


async def damaged(path: Path) -> None:
    """A store under which the log breaks."""
    told = asyncio.Event()
    store = SqliteRelayStore(path, Limits(), lambda *_: None, told.set)

    class Broken(WriteBack):
        at_rest = True

        def write_back(self, writer: Connection) -> bool:
            raise _not_a_database(path)

    store._write_back = Broken()
    await store.touch([], 0)
    await asyncio.wait_for(told.wait(), 10)
    assert not store.sound
    await store.close()


def _not_a_database(path: Path) -> sqlite3.Error:
    other = path.with_name("other")
    other.write_bytes(b"no database" * 100)
    with closing(sqlite3.connect(other)) as opened, pytest.raises(sqlite3.DatabaseError) as found:
        opened.execute("SELECT 1 FROM sqlite_master")
    return found.value
