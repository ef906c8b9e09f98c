# SPDX-License-Identifier: Apache-2.0
"""The step that brought alarms and watches, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in

STEPS = steps_in("goodoffices.desk.schema")
AT = next(at for at, step in enumerate(STEPS) if "watch" in step.name)


def test_a_record_made_before_keeps_its_notes_and_has_no_alarm_yet() -> None:
    """P2, P5"""
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, STEPS[:AT])
    db.execute("INSERT INTO mandate VALUES (x'01', x'02', x'80', 'Old', 1, 1)")
    db.execute(
        "INSERT INTO note (id, mandate, lane, author, recipient, number, precedence, at, state)"
        " VALUES (x'0a', x'01', x'00', x'aa', x'bb', 7, 4, 5, 'verified')"
    )
    migrate(db, STEPS)
    assert db.execute("SELECT number FROM note").fetchall() == [(7,)]
    for table in ("alarm", "alarm_clock", "watch", "address", "bell"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    plan = db.execute("EXPLAIN QUERY PLAN SELECT key FROM alarm WHERE state<>'settled'").fetchall()
    assert "alarm_open" in str(plan)
