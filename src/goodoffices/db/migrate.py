# SPDX-License-Identifier: Apache-2.0
"""Numbered SQL steps on ``PRAGMA user_version``: forward only, one transaction each, backup first.

A step is a file ``NNNN_name.sql`` in a package; numbers run from 1 without gaps. Steps that have been
published are never edited: a fresh database runs all of them, so fresh and upgraded are the same by
construction (and by a test).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from goodoffices.core.errors import MachineError
from goodoffices.db.sqlite import Connection, transaction

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True)
class Step:
    """One change of the schema, from version ``number - 1`` to ``number``."""

    number: int
    name: str
    sql: str


def steps_in(package: str) -> tuple[Step, ...]:
    """The steps shipped in ``package``, in order."""
    steps = []
    for file in resources.files(package).iterdir():
        match = _NAME.fullmatch(file.name)
        if match:
            steps.append(Step(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    steps.sort(key=lambda step: step.number)
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise MachineError(
            f"The steps in {package} are not numbered from 1 without gaps.", "Install it again."
        )
    return tuple(steps)


def version_of(connection: Connection) -> int:
    """The schema version the database says it has; 0 when nothing was ever made in it."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(
    connection: Connection, steps: Sequence[Step], *, backup: Callable[[int], None] | None = None
) -> int:
    """Bring the database to the newest step and return how many steps were run.

    ``backup`` is called once with the old version before an existing database is changed; it raises
    if it cannot make the copy, and then nothing is changed. A database newer than this program is
    refused untouched.
    """
    newest = len(steps)
    found = version_of(connection)
    if found > newest:
        raise MachineError(
            f"The database is of version {found}; this program knows versions up to {newest}.",
            "Run the newer program again, or put back a copy from before it ran.",
        )
    if 0 < found < newest and backup is not None:
        backup(found)
    done = 0
    for step in steps[found:]:
        with transaction(connection):
            # Another process may have been quicker between the look above and the lock.
            if version_of(connection) >= step.number:
                continue
            for statement in statements(step.sql):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={step.number}")
        done += 1
    return done


def statements(sql: str) -> Iterator[str]:
    """Split a script into statements; ``executescript`` would commit behind the transaction's back."""
    gathered = ""
    for piece in re.split(r"(;)", sql):
        gathered += piece
        if piece == ";" and sqlite3.complete_statement(gathered):
            yield gathered.strip()
            gathered = ""
    rest = re.sub(r"--[^\n]*", "", gathered).strip()
    if rest:
        raise MachineError("A schema step ends inside a statement.", "Install the program again.")


def schema_of(connection: Connection) -> list[tuple[str, str, str]]:
    """Kind, name and text of everything in the schema, to compare two databases."""
    rows = connection.execute(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name"
    ).fetchall()
    return [(str(kind), str(name), str(text)) for kind, name, text in rows]
