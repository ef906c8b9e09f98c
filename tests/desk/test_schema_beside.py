# SPDX-License-Identifier: Apache-2.0
"""The step that brought words beside notes, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

from goodoffices.db.migrate import migrate, steps_in

ACT = "INSERT INTO act (id, mandate, lane, author, type, subject, signed, at) VALUES (?,?,?,?,?,?,?,1)"


def test_what_an_older_version_kept_unread_waits_to_be_opened() -> None:
    """P2: a translation that came before this desk knew what it was."""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if "beside" in step.name)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO mandate VALUES (x'01', x'02', x'80', 'Old', 1, 1)")
    for kind, act in ((6, b"remark"), (20, b"translation"), (21, b"rewording")):
        db.execute(ACT, (act, b"\x01", bytes(32), b"author", kind, b"note", b"signed"))
    migrate(db, steps)
    kept = db.execute("SELECT id, note, state, inside_sealed FROM beside ORDER BY id").fetchall()
    assert kept == [(b"rewording", b"note", "unopened", None), (b"translation", b"note", "unopened", None)]
    assert db.execute("SELECT count(*) FROM act").fetchone() == (3,)
