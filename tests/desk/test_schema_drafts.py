# SPDX-License-Identifier: Apache-2.0
"""The step that brought drafts, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in

STEPS = steps_in("goodoffices.desk.schema")
AT = next(at for at, step in enumerate(STEPS) if "drafts" in step.name)


def test_a_record_made_before_keeps_its_chains_and_notes() -> None:
    """P2, P8"""
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, STEPS[:AT])
    db.execute("INSERT INTO mandate VALUES (x'01', x'02', x'80', 'Old', 1, 1)")
    db.execute(
        "INSERT INTO note (id, mandate, lane, author, recipient, number, precedence, at, state)"
        " VALUES (x'0a', x'01', x'00', x'aa', x'bb', 7, 4, 5, 'verified')"
    )
    for sequence in (1, 2, 3):
        db.execute(
            "INSERT INTO link VALUES (x'01', x'00', x'aa', x'11', ?, ?, NULL)", (sequence, bytes([sequence]))
        )
    migrate(db, STEPS[: AT + 1])
    assert db.execute("SELECT number FROM note WHERE author=x'aa' AND precedence=4").fetchall() == [(7,)]
    furthest = (
        "SELECT sequence FROM link WHERE mandate=x'01' AND lane=x'00' AND author=x'aa' ORDER BY sequence DESC"
    )
    assert [row[0] for row in db.execute(furthest)] == [3, 2, 1]
    assert db.execute("SELECT count(*) FROM draft").fetchone() == (0,)
    plan = db.execute("EXPLAIN QUERY PLAN " + furthest + ", rowid DESC LIMIT 1").fetchall()
    assert "link_furthest" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
