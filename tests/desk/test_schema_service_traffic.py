# SPDX-License-Identifier: Apache-2.0
"""The step that brought line tests and service chat, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in

STEPS = steps_in("goodoffices.desk.schema")
AT = next(at for at, step in enumerate(STEPS) if "service_traffic" in step.name)


def test_a_record_made_before_keeps_its_entries_and_pages_find_chat_by_index() -> None:
    """P8, P11: old entries stand as they were; looking for chat reads none of them."""
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, STEPS[:AT])
    db.execute("INSERT INTO office VALUES (x'bb', x'80', NULL)")
    db.execute(
        "INSERT INTO line (id, name, peer, pairing, my_offer, their_offer, incarnation, made)"
        " VALUES (x'01', 'Bern', x'bb', x'80', x'80', x'80', x'11', 1)"
    )
    for number, kind in ((1, 1), (2, 1), (3, 3)):  # a newer peer's chat was kept and chained before
        db.execute(
            "INSERT INTO entry (id, line, writer, incarnation, number, kind, signed, salt, body, at)"
            " VALUES (?, x'01', x'bb', x'11', ?, ?, x'80', x'00', x'80', 5)",
            (bytes([number]), number, kind),
        )
    migrate(db, STEPS)
    assert db.execute("SELECT number, kind FROM entry ORDER BY position").fetchall() == [
        (1, 1),
        (2, 1),
        (3, 3),
    ]
    assert db.execute("SELECT count(*) FROM line_test").fetchone() == (0,)
    chat = "SELECT position FROM entry WHERE line=x'01' AND kind=3 ORDER BY position DESC LIMIT 9"
    assert db.execute(chat).fetchall() == [(3,)]
    plan = str(db.execute("EXPLAIN QUERY PLAN " + chat).fetchall())
    assert "entry_chat" in plan
    assert "TEMP B-TREE" not in plan
    of_a_writer = (
        "SELECT position FROM entry WHERE line=x'01' AND kind=3 AND +writer=x'bb' ORDER BY position DESC"
    )
    assert "entry_chat" in str(db.execute("EXPLAIN QUERY PLAN " + of_a_writer).fetchall())
