# SPDX-License-Identifier: Apache-2.0
"""The vault's log is moved into the database between notes, and bounded all the same."""

from __future__ import annotations

import os
from pathlib import Path

from goodoffices.desk.vault.database import LOG_PAGES, LOG_ROWS, Log
from goodoffices.desk.vault.vault import Cost, create_vault


def test_a_desk_at_rest_moves_a_long_log_into_the_database_and_leaves_a_short_one(tmp_path: Path) -> None:
    """P2: what is committed is in the log or in the database, and a commit never waits for the move."""
    with create_vault(tmp_path / "vault", rng=os.urandom, cost=Cost(8192, 1, 1)) as vault:
        log, database = Log(vault.db), tmp_path / "vault" / "vault.db"
        before = database.stat().st_size
        vault.db.execute("INSERT INTO fact VALUES ('long', zeroblob(200000))")
        log.tidy()
        assert database.stat().st_size == before, "one row is no reason"
        for number in range(LOG_ROWS + 1):
            vault.db.execute("INSERT INTO glossary (term, advice) VALUES (?, 'x')", (str(number),))
        log.tidy()
        assert database.stat().st_size > before + 100_000
        assert vault.db.execute("SELECT count(*) FROM glossary").fetchone() == (LOG_ROWS + 1,)
        assert vault.db.execute("PRAGMA wal_autocheckpoint").fetchone() == (LOG_PAGES,)
