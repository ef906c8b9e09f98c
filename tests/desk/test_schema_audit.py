# SPDX-License-Identifier: Apache-2.0
"""The steps that brought the chained audit log and passkeys, on a desk that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.ledger.ledger import Ledger

STEPS = steps_in("goodoffices.desk.schema")


def test_an_older_log_is_kept_and_taken_into_the_chain() -> None:
    """P8, P10"""
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, STEPS[: next(at for at, step in enumerate(STEPS) if "audit" in step.name)])
    for at in (1, 2):
        db.execute("INSERT INTO audit (at, officer, what) VALUES (?, 'ada', 'signed a mandate')", (at,))
    migrate(db, STEPS)
    ledger = Ledger(db)
    with ledger.transaction():
        ledger.audit(3, "bo", "the first with a chain")
    rows = ledger.audit_rows(kind=None, officer=None, before=None, most=9)
    assert [(row.number, row.officer, row.kind) for row in rows] == [
        (3, "bo", "other"), (2, "ada", "other"), (1, "ada", "other"),
    ]  # fmt: skip
    assert ledger.audit_break() is None


def test_officers_of_before_are_kept_and_have_no_passkey() -> None:
    """P10"""
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, STEPS[: next(at for at, step in enumerate(STEPS) if "passkeys" in step.name)])
    db.execute(
        "INSERT INTO officer (folded, name, salt, wrapped, reading_check, added_ms, changed_ms)"
        " VALUES ('ada', 'Ada', x'01', x'02', x'03', 1, 1)"
    )
    migrate(db, STEPS)
    assert db.execute("SELECT name FROM officer").fetchall() == [("Ada",)]
    assert db.execute("SELECT count(*) FROM passkey").fetchone() == (0,)
