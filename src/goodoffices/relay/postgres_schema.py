# SPDX-License-Identifier: Apache-2.0
"""The schema of a relay's PostgreSQL database: numbered steps, each in one transaction, forward only.

A fresh database is filled by whichever process comes first. An existing one is changed only by
``goodoffices relay upgrade``, when no relay process stands on it, and after its operator has said that a
copy is made: a copy of somebody's database server is theirs to make (ADR 0018).
"""

from __future__ import annotations

from collections.abc import Sequence

from goodoffices.core.errors import MachineError
from goodoffices.db.migrate import Step
from goodoffices.relay.postgres import Session

# Advisory locks: whoever serves shares the first, whoever changes the schema holds both alone.
SERVING = 0x476F_6F64_5265_6C61
CHANGING = SERVING + 1


def version_of(session: Session) -> int:
    """The schema's version; 0 where no relay was ever made."""
    row = session.execute("SELECT to_regclass('relay_schema') IS NOT NULL").fetchone()
    if not (row and row[0]):
        return 0
    row = session.execute("SELECT version FROM relay_schema").fetchone()
    return int(str(row[0])) if row else 0


def check_version(session: Session, steps: Sequence[Step]) -> None:
    """Refuse to serve over a schema that this program does not know, or that is behind it."""
    found = version_of(session)
    if found > len(steps):
        raise newer(found, len(steps))
    if found < len(steps):
        raise MachineError(
            f"The database is of version {found}; this program needs version {len(steps)}.",
            "Stop every relay process, make a copy with pg_dump, run: goodoffices relay upgrade --backup-made",
        )


def newer(found: int, known: int) -> MachineError:
    return MachineError(
        f"The database is of version {found}; this program knows versions up to {known}.",
        "Run the newer program again, or restore the copy that was made before upgrading.",
    )


def make(session: Session, steps: Sequence[Step]) -> bool:
    """Fill a fresh database; True if this process did it. One that holds a relay is left alone."""
    session.execute("SELECT pg_advisory_lock(%s)", (CHANGING,))
    try:
        if version_of(session):
            return False
        # All steps, so that fresh and upgraded are the same by construction.
        _run(session, steps, 0)
        return True
    finally:
        session.execute("SELECT pg_advisory_unlock(%s)", (CHANGING,))


def upgrade(session: Session, steps: Sequence[Step], *, backup_made: bool) -> int:
    """Bring an existing database to the newest step; how many steps were run."""
    found = version_of(session)
    if found > len(steps):
        raise newer(found, len(steps))
    if found == len(steps):
        return 0
    if found and not backup_made:
        raise MachineError(
            f"The database is to be changed from version {found} to {len(steps)}, and there is no way back.",
            "Make a copy with pg_dump, then run this again with --backup-made.",
        )
    for key in (CHANGING, SERVING):
        row = session.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
        if not (row and row[0]):
            raise MachineError(
                "A relay process stands on this database.", "Stop every relay process over it first."
            )
    _run(session, steps, version_of(session))
    session.execute("SELECT pg_advisory_unlock_all()")
    return len(steps) - found


def _run(session: Session, steps: Sequence[Step], found: int) -> None:
    for step in steps[found:]:
        with session.transaction():
            if step.number == 1:
                session.execute(
                    "CREATE TABLE relay_schema (one integer PRIMARY KEY CHECK (one = 1), version integer NOT NULL)"
                )
                session.execute("INSERT INTO relay_schema VALUES (1, 0)")
            session.execute(step.sql.encode())
            session.execute("UPDATE relay_schema SET version = %s", (step.number,))


def serve_on(session: Session, steps: Sequence[Step]) -> None:
    """Hold the shared right to serve for as long as the session lives, and check the version under it."""
    row = session.execute("SELECT pg_try_advisory_lock_shared(%s)", (SERVING,)).fetchone()
    if not (row and row[0]):
        raise MachineError("The database is being upgraded.", "Wait until that is over.")
    check_version(session, steps)
