# SPDX-License-Identifier: Apache-2.0
"""What a desk needs to reach its relays, kept in the vault so that a backup has it (P13).

A relay may stand under an authority of its own and ask for a secret before it makes a mailbox. Both are files
beside the vault; a desk that starts with them keeps a copy, and a restore puts them back beside the new vault.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goodoffices.core import cbor
from goodoffices.core.errors import MachineError
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.vault.files import on_disk, write_private

AUTHORITIES = "relays.pem"
SECRETS = "relays.admission"
"""Files of these names lie beside the vault; ``desk setup`` looks for them there."""
MOST = 262_144
"""Bytes of either file that are kept."""
_KEPT = "relays reached by"


@dataclass(frozen=True)
class Admittance:
    """The authorities (PEM) and the secrets (a line ``URL secret`` each) of the relays; either may be empty."""

    authorities: bytes = b""
    secrets: bytes = b""


def kept(ledger: Ledger) -> Admittance:
    """What the desk was started with last."""
    raw = ledger.secret(_KEPT)
    return Admittance(*cbor.decode(raw)) if raw is not None else Admittance()


def keep(ledger: Ledger, authorities: Path | None, secrets: Path | None) -> None:
    """Keep the two files as they are now; one that is not named leaves what was kept."""
    before = kept(ledger)
    now = Admittance(_read(authorities, before.authorities), _read(secrets, before.secrets))
    if now != before:
        with ledger.transaction():
            ledger.put_secret(_KEPT, cbor.encode([now.authorities, now.secrets]))


def _read(path: Path | None, before: bytes) -> bytes:
    if path is None:
        return before
    with on_disk(path):
        raw = path.read_bytes()
    if len(raw) > MOST:
        raise MachineError(f"{path} is larger than such a file can be.", "Name the file that is meant.")
    return raw


def put_back(ledger: Ledger, folder: Path) -> list[Path]:
    """Write what is kept into ``folder``, over nothing that lies there; returns the files that are there now."""
    held = kept(ledger)
    there = []
    for name, content in ((AUTHORITIES, held.authorities), (SECRETS, held.secrets)):
        path = folder / name
        if content:
            if not path.exists():
                with on_disk(path):
                    write_private(path, content)
            there.append(path)
    return there
