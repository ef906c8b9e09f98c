# SPDX-License-Identifier: Apache-2.0
"""The step that knows of tokens, on officers of before."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.vault.officers import entries


def test_officers_of_before_sign_in_as_they_did_and_one_token_is_one_officers() -> None:
    """P2, P10"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if step.name == "tokens")
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    row = ("amir", "Amir", b"s", 64, 1, 1, b"wrapped", b"c", 1, 2, bytes(32))
    db.execute(
        "INSERT INTO officer (folded, name, salt, memory_kib, passes, lanes, wrapped, reading_check, added_ms,"
        " changed_ms, public) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        row,
    )
    migrate(db, steps)
    (entry,) = entries(db)
    assert (entry.name, entry.token, entry.public, entry.may_sign_in) == ("Amir", None, bytes(32), True)
    assert db.execute("SELECT wrapped FROM officer").fetchone() == (b"wrapped",)
    db.execute("INSERT INTO token VALUES ('amir', 'm', 's', 'l', x'01', x'02')")
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("INSERT INTO token VALUES ('bo', 'm', 's', 'l', x'01', x'02')")
