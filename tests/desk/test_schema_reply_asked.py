# SPDX-License-Identifier: Apache-2.0
"""The step that brought replies asked for and watches of one date, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in


def test_a_watch_of_before_stands_each_week_as_it_did() -> None:
    """P2, P5"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if "reply_asked" in step.name)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO watch (name, days, starts, ends, levels) VALUES ('night', 127, 0, 0, '[]')")
    migrate(db, steps)
    assert db.execute("SELECT name, days, on_date FROM watch").fetchall() == [("night", 127, None)]
    assert db.execute("SELECT count(*) FROM reply_asked").fetchone() == (0,)
