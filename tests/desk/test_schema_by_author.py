# SPDX-License-Identifier: Apache-2.0
"""The step that finds an author's notes by index, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.ledger.ledger import Ledger

STEPS = steps_in("goodoffices.desk.schema")
AT = next(at for at, step in enumerate(STEPS) if "by_author" in step.name)


def test_what_others_wrote_before_is_found_in_its_order() -> None:
    """P9: what an author had read is stated, however long the channel has run."""
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, STEPS[:AT])
    db.execute("INSERT INTO mandate VALUES (x'01', x'02', x'80', 'Old', 1, 1)")
    for number, (note, author, state) in enumerate(
        (
            (b"a", b"them", "verified"),
            (b"b", b"me", "verified"),
            (b"c", b"them", "altered"),
            (b"d", b"post", "unopened"),
        )
    ):
        db.execute(
            "INSERT INTO note (id, mandate, lane, author, recipient, number, precedence, at, state)"
            " VALUES (?, x'01', x'00', ?, x'bb', ?, 4, 5, ?)",
            (note, author, number, state),
        )
    migrate(db, STEPS)
    assert Ledger(db).newest_of(b"\1", b"\0", [b"them", b"post"], 8) == [b"a", b"d"]
    plan = db.execute(
        "EXPLAIN QUERY PLAN SELECT rowid, id FROM note WHERE mandate=x'01' AND lane=x'00' AND author=x'aa'"
        " AND state<>'altered' ORDER BY rowid DESC LIMIT 8"
    ).fetchall()
    assert "note_author" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
