# SPDX-License-Identifier: Apache-2.0
"""The step that remembers what went by hand, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.ledger.ledger import Ledger

STEPS = steps_in("goodoffices.desk.schema")
AT = next(at for at, step in enumerate(STEPS) if "by_hand" in step.name)


def test_what_was_sent_before_went_by_no_hand() -> None:
    """P2, P6: an old entry's receipt still says that a relay had it."""
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, STEPS[:AT])
    db.execute("INSERT INTO line VALUES (x'01','Old',x'02',x'03',x'04',x'05',NULL,NULL,x'06',1)")
    db.execute(
        "INSERT INTO entry (id, line, writer, incarnation, number, kind, signed, salt, body, at)"
        " VALUES (x'0a', x'01', x'02', x'06', 1, 1, x'07', x'08', x'09', 5)"
    )
    migrate(db, STEPS)
    ledger = Ledger(db)
    assert not ledger.was_by_hand(b"\x0a")
    ledger.went_by_hand([b"\x0a", b"\x0a"])
    assert ledger.was_by_hand(b"\x0a")
