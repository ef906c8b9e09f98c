# SPDX-License-Identifier: Apache-2.0
"""The desk's own seeds and what its root was asked to sign: read and written inside the desk's transactions.

The tables belong to the vault, which knows officers and their passphrases; here only what a transaction
of the desk has to change together with its record.
"""

from __future__ import annotations

from goodoffices.desk.ledger.channels import ChannelTables

ENVELOPE = "envelope seed "
READING = "reading seed "


class SecretTables(ChannelTables):
    """Seeds of the unattended tier, sealed reading seeds, the request for the next roster."""

    def put_secret(self, name: str, value: bytes) -> None:
        """Keep a seed of the unattended tier; replaces what was there under that name."""
        self.db.execute("INSERT OR REPLACE INTO secret (name, value) VALUES (?,?)", (name, value))

    def secret(self, name: str) -> bytes | None:
        """A seed of the unattended tier."""
        row = self._one("SELECT value FROM secret WHERE name=?", name)
        return bytes(row[0]) if row else None

    def drop_secret(self, name: str) -> None:
        """Remove a seed. The caller scrubs the log once this is committed."""
        self.db.execute("DELETE FROM secret WHERE name=?", (name,))

    def drop_secrets(self, name: str) -> None:
        """Remove every seed of one purpose, each of which stands under that name and its public key."""
        self.db.execute("DELETE FROM secret WHERE name GLOB ?", (f"{name} [0-9a-f]*",))

    def envelope_seeds(self) -> dict[int, bytes]:
        """Seeds of envelope epochs by epoch."""
        rows = self._all("SELECT name, value FROM secret WHERE name GLOB ?", f"{ENVELOPE}[0-9]*")
        return {int(name[len(ENVELOPE) :]): bytes(value) for name, value in rows}

    def sealed_reading_seeds(self) -> dict[int, bytes]:
        """Seeds of reading epochs by epoch, each sealed under the reading key."""
        rows = self._all("SELECT name, value FROM fact WHERE name GLOB ?", f"{READING}[0-9]*")
        return {int(name[len(READING) :]): bytes(value) for name, value in rows}

    def drop_epoch(self, epoch: int, *, reading: bool) -> None:
        """Remove the seed of one epoch."""
        if reading:
            self.drop_fact(f"{READING}{epoch}")
        else:
            self.drop_secret(f"{ENVELOPE}{epoch}")

    def drop_fact(self, name: str) -> None:
        """Remove a setting."""
        self._facts.pop(name, None)
        self.db.execute("DELETE FROM fact WHERE name=?", (name,))

    def locked_out(self, public: bytes) -> bool:
        """Whether the officer with this key was locked out here, whatever the newest roster says."""
        return self._one("SELECT 1 FROM officer WHERE public=? AND wrapped IS NULL", public) is not None
