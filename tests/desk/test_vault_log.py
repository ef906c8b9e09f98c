# SPDX-License-Identifier: Apache-2.0
"""The vault's log is moved into the database beside the commits, and bounded all the same."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread, current_thread
from types import SimpleNamespace
from typing import Any, cast

import pytest

from goodoffices.core.errors import MachineError
from goodoffices.desk.alongside import Alongside
from goodoffices.desk.context import Context
from goodoffices.desk.vault.database import LOG_PAGES, LOG_ROWS, Log, Reader
from goodoffices.desk.vault.vault import Cost, Vault, create_vault


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with create_vault(tmp_path / "vault", rng=os.urandom, cost=Cost(8192, 1, 1)) as made:
        yield made


def terms(vault: Vault) -> int:
    return int(vault.db.execute("SELECT count(*) FROM glossary").fetchone()[0])


def write_terms(vault: Vault, number: int) -> None:
    first = terms(vault)
    for each in range(first, first + number):
        vault.db.execute("INSERT INTO glossary (term, advice) VALUES (?, 'x')", (str(each),))


class Halfway:
    """A connection that does something before it moves the log."""

    def __init__(self, reader: Reader, first: Any) -> None:
        self._reader, self._first = reader, first

    def execute(self, sql: str) -> Any:
        self._first()
        return self._reader.execute(sql)


def test_a_long_log_is_moved_into_the_database_and_a_short_one_is_left(vault: Vault) -> None:
    """P2: what is committed is in the log or in the database."""
    database = vault.folder / "vault.db"
    before = database.stat().st_size
    vault.db.execute("INSERT INTO fact VALUES ('long', zeroblob(200000))")
    assert not vault.log.long(), "one row is no reason"
    write_terms(vault, LOG_ROWS + 1)
    assert vault.log.long()
    assert not vault.log.long(), "each change counts once"
    mover = Thread(target=vault.log.move)
    mover.start()
    mover.join()
    assert database.stat().st_size > before + 100_000
    assert terms(vault) == LOG_ROWS + 1
    assert vault.db.execute("PRAGMA wal_autocheckpoint").fetchone() == (LOG_PAGES,)


def test_commits_go_on_while_the_log_is_moved(vault: Vault) -> None:
    """P2, P11: no note waits while the log is moved, and what it commits meanwhile stays."""
    log = Log(vault.db, lambda: cast(Reader, Halfway(vault.reader(), lambda: write_terms(vault, 3))))
    write_terms(vault, 5)
    log.move()
    assert terms(vault) == 8
    log.empty()
    assert terms(vault) == 8
    assert (vault.folder / "vault.db-wal").stat().st_size == 0


def test_a_destroyed_key_leaves_the_log_though_the_log_is_being_moved(vault: Vault) -> None:
    """P3: whoever empties the log waits for who moves it: SQLite refuses two at once, and says so to nobody."""
    vault.put_secret("old", b"k" * 32)
    destroying = Thread(target=vault.destroy_secret, args=("old",))

    def destroy_meanwhile() -> None:
        destroying.start()
        destroying.join(0.3)
        assert destroying.is_alive(), "it waits"

    vault.log = Log(vault.db, lambda: cast(Reader, Halfway(vault.reader(), destroy_meanwhile)))
    vault.log.move()
    destroying.join()
    assert vault.secret_names() == ()
    assert (vault.folder / "vault.db-wal").stat().st_size == 0


def test_what_goes_wrong_with_the_log_is_said_as_a_fault_of_this_machine(vault: Vault) -> None:
    """P11: a disk that takes nothing is told to the officers, whoever of the desk's threads meets it."""
    reader = vault.reader()
    reader.close()
    with pytest.raises(MachineError):
        Log(vault.db, lambda: reader).move()


def at_rest(log: Log, *, times: int = 1, busy: bool = False) -> None:
    """A running desk with this log comes to rest, so many times."""

    async def run() -> None:
        alongside = Alongside(cast(Context, SimpleNamespace()), log, lambda: True, lambda: None)
        for _ in range(times):
            alongside.rest(busy=busy)
            if alongside.moving is not None:
                await asyncio.wait([asyncio.wrap_future(alongside.moving)])
        alongside.close()

    asyncio.run(run())


def test_a_desk_at_rest_has_its_log_moved_by_another_thread(vault: Vault) -> None:
    """P11: pages and notes are answered meanwhile, however long the disk takes."""
    movers: list[Thread] = []
    log = Log(
        vault.db, lambda: cast(Reader, Halfway(vault.reader(), lambda: movers.append(current_thread())))
    )
    write_terms(vault, LOG_ROWS + 1)
    at_rest(log, busy=True)
    assert not movers, "something is to be sent first"
    at_rest(log, times=3)
    assert len(movers) == 1
    assert movers[0] is not current_thread()


def test_a_log_that_could_not_be_moved_is_told_at_the_next_rest(vault: Vault) -> None:
    """P11: a fault of this machine is not left in a thread."""
    reader = vault.reader()
    reader.close()
    write_terms(vault, LOG_ROWS + 1)
    with pytest.raises(MachineError):
        at_rest(Log(vault.db, lambda: reader), times=2)
