# SPDX-License-Identifier: Apache-2.0
"""Schema steps: fresh equals upgraded, newer is refused, a backup first, all or nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from goodoffices.core.errors import MachineError
from goodoffices.db.migrate import Step, migrate, schema_of, statements, steps_in, version_of
from goodoffices.db.sqlite import Connection, copy_to, open_database

STEPS = (
    Step(1, "notes", "-- first; with a semicolon\nCREATE TABLE note (x TEXT);\nCREATE INDEX i ON note (x);"),
    Step(2, "dates", "ALTER TABLE note ADD COLUMN at INTEGER; INSERT INTO note VALUES ('a;b', 1);"),
    Step(
        3,
        "trigger",
        "CREATE TRIGGER t AFTER INSERT ON note BEGIN DELETE FROM note; SELECT 1; END;\n-- the end",
    ),
)


Opener = Callable[[str], Connection]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Open a database of a name, closed when the test is over."""
    with contextlib.ExitStack() as stack:
        yield lambda name: stack.enter_context(contextlib.closing(open_database(tmp_path / name)))


@pytest.fixture
def db(opened: Opener) -> Connection:
    return opened("a.db")


def test_a_fresh_database_gets_every_step_and_no_backup(db: Connection) -> None:
    backups: list[int] = []
    assert migrate(db, STEPS, backup=backups.append) == 3
    assert version_of(db) == 3
    assert backups == []


@pytest.mark.parametrize("old", [1, 2])
def test_fresh_equals_upgraded(db: Connection, opened: Opener, old: int) -> None:
    upgraded = opened("old.db")
    migrate(upgraded, STEPS[:old])
    migrate(upgraded, STEPS)
    migrate(db, STEPS)
    assert schema_of(upgraded) == schema_of(db)


@pytest.mark.parametrize("package", ["goodoffices.relay.schema", "goodoffices.desk.schema"])
def test_the_shipped_steps_upgraded_one_by_one_equal_a_fresh_database(
    db: Connection, opened: Opener, package: str
) -> None:
    """P2, P13: a relay's and a vault's, whatever version they began with."""
    steps = steps_in(package)
    upgraded = opened("old.db")
    for count in range(1, len(steps) + 1):
        migrate(upgraded, steps[:count])
    migrate(db, steps)
    assert schema_of(upgraded) == schema_of(db)


def test_a_newer_database_is_refused_untouched(db: Connection) -> None:
    migrate(db, STEPS)
    before = schema_of(db)
    with pytest.raises(MachineError, match="version 3"):
        migrate(db, STEPS[:2])
    assert schema_of(db) == before


def test_an_existing_database_is_backed_up_before_it_is_changed(
    db: Connection, opened: Opener, tmp_path: Path
) -> None:
    migrate(db, STEPS[:1])
    migrate(db, STEPS, backup=lambda old: copy_to(db, tmp_path / f"before-{old + 1}.db"))
    assert version_of(opened("before-2.db")) == 1
    assert version_of(db) == 3


def test_nothing_is_changed_when_the_backup_fails(db: Connection) -> None:
    migrate(db, STEPS[:1])

    def fail(old: int) -> None:
        raise MachineError("No room.")

    with pytest.raises(MachineError, match="No room"):
        migrate(db, STEPS, backup=fail)
    assert version_of(db) == 1


def test_nothing_is_done_when_there_is_nothing_to_do(db: Connection) -> None:
    migrate(db, STEPS)
    backups: list[int] = []
    assert migrate(db, STEPS, backup=backups.append) == 0
    assert backups == []


def test_a_broken_step_is_undone_and_the_earlier_ones_stay(db: Connection) -> None:
    broken = (*STEPS, Step(4, "broken", "CREATE TABLE half (x); CREATE TABLE half (x);"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, broken)
    assert version_of(db) == 3
    assert "half" not in {name for _, name, _ in schema_of(db)}


def test_a_step_cut_off_inside_a_statement_is_refused() -> None:
    with pytest.raises(MachineError):
        list(statements("CREATE TABLE a (x); CREATE TABLE b (x"))


def test_a_program_that_is_installed_by_half_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P12: a step that is missing between others changes no database."""
    package = tmp_path / "half_installed"
    package.mkdir()
    for name in ("__init__.py", "0001_first.sql", "0003_third.sql"):
        (package / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MachineError, match="not numbered from 1 without gaps") as caught:
        steps_in("half_installed")
    assert caught.value.next_step == "Install it again."
