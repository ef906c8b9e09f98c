# SPDX-License-Identifier: Apache-2.0
"""P13: each step of the schema keeps what stood in every table. What a step makes of data has tests of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from goodoffices.db.migrate import migrate, steps_in

STEPS = steps_in("goodoffices.desk.schema")
ROWS = 3
RESHAPED = {
    ("drafts", "draft"): "test_schema_drafts.py",
    ("lean", "link"): "test_schema_lean.py",
    ("words_open", "remark_open"): "test_schema_words_open.py",
}
"""Tables that a step makes anew in another form, with the test of what becomes of them."""


def tables(db: sqlite3.Connection) -> Iterator[tuple[str, dict[str, str]]]:
    """Every table with its columns and their types."""
    found = db.execute("SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%'")
    for (name,) in found.fetchall():
        columns = db.execute(f"SELECT name, type FROM pragma_table_info('{name}')").fetchall()
        yield name, dict(columns)


def fill(db: sqlite3.Connection) -> None:
    """Rows in every table, whatever its constraints between values say: a step copies, it does not judge."""
    db.execute("PRAGMA ignore_check_constraints=ON")
    for name, columns in tables(db):
        for row in range(1, ROWS + 1):
            values = [
                {"INTEGER": row, "BLOB": bytes([row]) * 32}.get(kind, f"{row}") for kind in columns.values()
            ]
            db.execute(f"INSERT INTO {name} VALUES ({','.join('?' * len(values))})", values)


def held(db: sqlite3.Connection, table: str, columns: list[str]) -> list[object]:
    return sorted(db.execute(f"SELECT {','.join(columns)} FROM {table}").fetchall())


@pytest.mark.parametrize("step", range(1, len(STEPS)), ids=lambda at: STEPS[at].name)
def test_a_step_of_the_schema_keeps_what_stood_in_every_table(step: int) -> None:
    """P13: every table with rows in it, before the step and after it."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, STEPS[:step])
    fill(db)
    before = {name: (list(columns), held(db, name, list(columns))) for name, columns in tables(db)}
    migrate(db, STEPS[: step + 1])
    after = dict(tables(db))
    for name, (columns, rows) in before.items():
        if own := RESHAPED.get((STEPS[step].name, name)):
            assert (Path(__file__).parent / own).exists()
        else:
            assert set(columns) <= set(after[name]), name
            assert held(db, name, columns) == rows, name
