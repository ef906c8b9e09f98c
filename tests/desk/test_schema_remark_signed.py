# SPDX-License-Identifier: Apache-2.0
"""The step that keeps the first officer's signature on a remark, on one that waited before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in


def test_a_remark_that_waited_before_waits_on_unsigned() -> None:
    """P2, P10"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if step.name == "remark_signed")
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("PRAGMA foreign_keys=OFF")
    db.execute("INSERT INTO remark_open VALUES (x'01', x'02', 'duty', 7, x'03')")
    migrate(db, steps[: at + 1])
    row = db.execute("SELECT name, at, words_sealed, signed_sealed FROM remark_open").fetchone()
    assert row == ("duty", 7, b"\x03", None)
