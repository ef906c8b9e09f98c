# SPDX-License-Identifier: Apache-2.0
"""The step that brought thin lines, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in


def test_lines_of_before_are_not_thin() -> None:
    """P2: nobody asked for it, and what they carried stays as it is."""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if step.name == "thin")
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO fact VALUES ('beat 01', x'00004e20')")
    migrate(db, steps)
    assert db.execute("SELECT name FROM fact").fetchall() == [("beat 01",)]
    for table in ("thin_wish", "thin_chain", "thin_held", "thin_skipped", "thin_ahead"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
