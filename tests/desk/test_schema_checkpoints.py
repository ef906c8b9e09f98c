# SPDX-License-Identifier: Apache-2.0
"""The schema step for checkpoints, on a vault that was in use before it (P2, P8)."""

import sqlite3
from dataclasses import replace
from typing import Any

from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.ledger.ledger import Ledger
from tests.verify.channel import Channel

STEPS = steps_in("goodoffices.desk.schema")
AT = next(at for at, step in enumerate(STEPS) if "checkpoints" in step.name)


def test_a_chain_of_before_the_step_gets_its_checkpoint_after_it() -> None:
    old: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(old, STEPS[:AT])
    played = Channel()
    rows = played.east.db.execute("SELECT * FROM entry").fetchall()
    for table in ("office", "line", "entry"):
        for row in played.east.db.execute(f"SELECT * FROM {table}").fetchall():
            old.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", tuple(row))
    migrate(old, STEPS)
    assert old.execute("SELECT * FROM entry").fetchall() == rows
    desk = played.east.desk
    desk.ledger = desk.context.ledger = desk.checkpoints.ledger = Ledger(old)
    desk.context.keys = replace(desk.context.keys)
    assert desk.checkpoints.now(played.tick()) == 1
