# SPDX-License-Identifier: Apache-2.0
"""The step that brought relays changed in use, on a line that was paired before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.ledger.ledger import Ledger


def test_the_mailboxes_of_an_old_line_stay_in_use() -> None:
    """P2, P7"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if "mailboxes" in step.name)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO office VALUES (x'01', x'80', NULL)")
    db.execute("INSERT INTO line VALUES (x'0a', 'Bern', x'01', x'80', x'80', x'80', NULL, NULL, x'00', 1)")
    row = "INSERT INTO route (line, relay, mailbox, put, collect, remove) VALUES (x'0a', ?, ?, x'02', ?, ?)"
    db.execute(row, ("https://one.example", b"ours", b"get", b"del"))
    db.execute(row, ("https://two.example", b"theirs", None, None))
    migrate(db, steps)
    ledger = Ledger(db)
    assert [(route.relay, route.state) for route in ledger.routes(b"\x0a", own=True)] == [
        ("https://one.example", "used")
    ]
    assert [route.mailbox for route in ledger.routes(b"\x0a", own=False)] == [b"theirs"]
    assert ledger.mailboxes_version(b"\x0a", mine=True) == 0
