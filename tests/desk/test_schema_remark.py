# SPDX-License-Identifier: Apache-2.0
"""The step that brought remarks for two officers, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in


def test_a_record_made_before_is_as_it_was() -> None:
    """P2"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if "remark" in step.name)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO mandate VALUES (x'01', x'02', x'80', 'Old', 1, 1)")
    migrate(db, steps[: at + 1])
    assert db.execute("SELECT name FROM mandate").fetchall() == [("Old",)]
    assert db.execute("SELECT count(*) FROM remark_open").fetchone() == (0,)
