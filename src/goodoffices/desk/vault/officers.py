# SPDX-License-Identifier: Apache-2.0
"""The vault's table of officers: who has or had keys here. What their secrets open is not read here."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.errors import NotAllowed, YourError
from goodoffices.db.sqlite import Connection
from goodoffices.desk.vault.keys import fold_name, reading_check


@dataclass(frozen=True, slots=True)
class OfficerEntry:
    """What the unattended desk knows of an officer: no key, no passphrase."""

    name: str
    added_ms: int
    changed_ms: int
    locked_out_ms: int | None
    public: bytes | None
    """Key under which the roster lists the officer; None until the first sign-in to a vault of before."""
    token: str | None = None
    """By which label the token goes that holds the key; None where the vault holds it, wrapped."""

    @property
    def may_sign_in(self) -> bool:
        return self.locked_out_ms is None


def entries(db: Connection) -> tuple[OfficerEntry, ...]:
    """Everybody who has or had keys here, in order of arrival."""
    rows = db.execute(
        "SELECT name, added_ms, changed_ms, locked_out_ms, officer.public, token.label FROM officer"
        " LEFT JOIN token USING (folded) ORDER BY added_ms, folded"
    ).fetchall()
    return tuple(OfficerEntry(*row) for row in rows)


def insert(
    db: Connection,
    name: str,
    reading_key: bytes,
    public: bytes,
    wrapping: tuple[bytes, int | None, int | None, int | None, bytes],
    now: int,
) -> None:
    """A new officer. ``wrapping``: salt, Argon2id's memory, passes and lanes, what is wrapped."""
    folded, check = fold_name(name), reading_check(reading_key)
    if db.execute("SELECT 1 FROM officer WHERE folded = ?", (folded,)).fetchone():
        raise YourError(
            f"An officer named {name} is or was here; names are not given twice.", "Give another name."
        )
    if db.execute(
        "SELECT 1 FROM officer WHERE wrapped IS NOT NULL AND reading_check <> ?", (check,)
    ).fetchone():
        raise NotAllowed("This is not the reading key that the officers here have.")
    db.execute(
        "INSERT INTO officer (folded, name, salt, memory_kib, passes, lanes, wrapped, reading_check,"
        " added_ms, changed_ms, public) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (folded, name, *wrapping, check, now, now, public),
    )
