# SPDX-License-Identifier: Apache-2.0
"""The step by which transcripts wait as remarks do, on a remark that waited before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.core.act import ActType
from goodoffices.db.migrate import migrate, steps_in


def test_a_remark_that_waits_goes_on_waiting_in_its_place() -> None:
    """P2, P10"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if step.name == "words_open")
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("PRAGMA foreign_keys=OFF")
    db.execute("INSERT INTO remark_open VALUES (x'01', x'02', 'duty', 7, x'03', x'04')")
    migrate(db, steps)
    rows = db.execute("SELECT * FROM words_open").fetchall()
    assert rows == [(b"\x01", b"\x01", int(ActType.REMARK), b"\x02", "duty", 7, b"\x03", b"\x04")]
