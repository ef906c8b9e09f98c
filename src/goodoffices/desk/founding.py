# SPDX-License-Identifier: Apache-2.0
"""Making an office: its root, its keys, its first roster, and which tier of the vault keeps which.

The root's seed is returned to the caller, who exports it; the desk never keeps it. Sealing epochs
are certified in advance, so that the desk can change keys by itself while the root lies in a safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goodoffices.core import crypto
from goodoffices.core.backup import root_seed
from goodoffices.core.checkpoint import mldsa_public
from goodoffices.core.errors import MachineError, VaultDamaged, YourError
from goodoffices.core.fields import plain_name
from goodoffices.core.office import Epochs, Office, Right, Roster, make_root, make_roster, verify_office
from goodoffices.desk.context import DeskKeys, Officer, Rng
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.ledger.secrets import ENVELOPE, READING
from goodoffices.desk.vault.keys import open_text, seal_text

CHECKPOINT = "checkpoint seed"
"""Under this name the vault holds the seed of the roster's checkpoint key, once one is in force."""
ROOT_BACKUP = "backup key of the root"
"""Under this name the vault holds the public key to which backups are sealed for the root."""
EPOCH_DAYS = 28
EPOCHS = 13
"""Certified in advance: one year."""
DAY = 86_400_000
"""Milliseconds."""

ALL_RIGHTS = Right.DRAFT | Right.RELEASE | Right.DUTY | Right.KEYS | Right.AUDIT


@dataclass(frozen=True)
class NewOfficer:
    """An officer to be: the name to sign in with, the pseudonym that others see, the rights."""

    name: str
    pseudonym: str
    rights: Right = ALL_RIGHTS


@dataclass(frozen=True)
class Founding:
    """Everything a new office consists of. Seeds are 32 random bytes each."""

    office: Office
    root_seed: bytes
    desk_seed: bytes
    envelope_seeds: dict[int, bytes]
    reading_seeds: dict[int, bytes]
    reading_key: bytes
    officer_seeds: dict[str, bytes]
    checkpoint_seed: bytes

    @property
    def keys(self) -> DeskKeys:
        """The unattended tier's part."""
        seeds = self.desk_seed, self.envelope_seeds, self.checkpoint_seed
        return DeskKeys(self.office.id, self.office.realm, *seeds)

    def officer(self, name: str) -> Officer:
        """A signed-in officer of the new office."""
        seed = self.officer_seeds[name]
        return Officer(name, crypto.ed25519_public(seed), seed)


def found(
    name: str,
    officers: list[NewOfficer],
    realm: bytes,
    rng: Rng,
    now: int,
    *,
    releasers: int = 1,
    on_tokens: Mapping[str, bytes] | None = None,
) -> Founding:
    """Draw all keys and sign the first roster. ``releasers``: how many officers must sign a note.

    ``on_tokens``: public keys, by their officers' names, of those whose tokens made theirs: no seed is drawn for them.
    """
    if not officers:
        raise YourError("An office needs at least one officer.")
    if len({each.name for each in officers}) != len(officers):
        raise YourError("Two officers have the same name.")
    plain_name(name)
    held = Right(0)
    for each in officers:
        plain_name(each.pseudonym)
        held |= each.rights
    if not held & Right.KEYS or not held & Right.DUTY:
        raise YourError("An office needs a duty officer and a keeper of keys; one person may be both.")
    able = sum(bool(each.rights & Right.RELEASE) for each in officers)
    if not 1 <= releasers <= max(1, able):
        raise YourError(
            f"{releasers} officers shall release a note, and {able} have the right to.",
            "Give more officers the right 'release', or ask for fewer.",
        )
    root_seed, desk_seed = rng(32), rng(32)
    envelope_seeds = {epoch: rng(32) for epoch in range(1, EPOCHS + 1)}
    reading_seeds = {epoch: rng(32) for epoch in range(1, EPOCHS + 1)}
    made = on_tokens or {}
    officer_seeds = {each.name: rng(32) for each in officers if each.name not in made}
    checkpoint_seed = rng(32)
    root = make_root(name, root_seed, realm, now)
    roster = Roster(
        office=root.id,
        version=1,
        made=now,
        desk=crypto.ed25519_public(desk_seed),
        envelope_epochs=epochs_from(envelope_seeds, now),
        reading_epochs=epochs_from(reading_seeds, now),
        officers=tuple(
            (each.pseudonym, public, int(each.rights))
            for each in officers
            for public in (made.get(each.name) or crypto.ed25519_public(officer_seeds[each.name]),)
        ),
        releasers_needed=releasers,
        checkpoint=crypto.ed25519_public(checkpoint_seed),
        checkpoint_mldsa65=mldsa_public(checkpoint_seed),
    )
    office = verify_office((root, make_roster(roster, root_seed, realm)))
    seeds = envelope_seeds, reading_seeds, rng(32), officer_seeds
    return Founding(office, root_seed, desk_seed, *seeds, checkpoint_seed)


def epochs_from(seeds: dict[int, bytes], begin: int) -> Epochs:
    """Rows of a roster for the epochs of ``seeds``, one after the other from ``begin`` (ms) on."""
    length = EPOCH_DAYS * DAY
    return tuple(
        (epoch, begin + at * length, begin + (at + 1) * length, crypto.sealing_public(seed))
        for at, (epoch, seed) in enumerate(sorted(seeds.items()))
    )


def keep(ledger: Ledger, founding: Founding, rng: Rng) -> None:
    """Write the parts that belong into the desk's tables. Reading seeds go in under the reading key."""
    ledger.save_office(founding.office, None)
    ledger.set_fact("office", founding.office.id)
    ledger.set_fact("realm", founding.office.realm)
    ledger.set_fact(ROOT_BACKUP, crypto.sealing_public(root_seed(founding.root_seed)))
    ledger.put_secret("desk seed", founding.desk_seed)
    ledger.put_secret(CHECKPOINT, founding.checkpoint_seed)
    for epoch, seed in founding.envelope_seeds.items():
        ledger.put_secret(f"{ENVELOPE}{epoch}", seed)
    for epoch, seed in founding.reading_seeds.items():
        keep_reading_seed(ledger, founding.reading_key, epoch, seed, rng)


def keep_reading_seed(ledger: Ledger, reading_key: bytes, epoch: int, seed: bytes, rng: Rng) -> None:
    """Keep the seed of one reading epoch under the reading key."""
    name = f"{READING}{epoch}"
    ledger.set_fact(name, seal_text(reading_key, seed, name.encode(), rng))


def reading_seeds(ledger: Ledger, reading_key: bytes) -> dict[int, bytes]:
    """The reading seeds by epoch, opened with the key that a sign-in yields."""
    require_reading_keys(ledger)
    sealed = ledger.sealed_reading_seeds()
    return {
        epoch: open_text(reading_key, blob, f"{READING}{epoch}".encode()) for epoch, blob in sealed.items()
    }


def require_reading_keys(ledger: Ledger) -> None:
    """Raise VaultDamaged for a vault whose restore was cut off: nobody could sign in to what would go on signing.

    No other vault is without: the newest reading key is never destroyed, and a restore draws new ones with the
    request that goes to the root.
    """
    if not ledger.sealed_reading_seeds():
        raise VaultDamaged(
            "The vault holds no reading keys: its restore was never finished.",
            "Remove its folder, and restore into a new one: goodoffices backup restore",
        )


def keys_in(ledger: Ledger) -> DeskKeys:
    """The unattended tier's keys as the desk's tables hold them; raises MachineError without an office."""
    office, realm, desk = ledger.fact("office"), ledger.fact("realm"), ledger.secret("desk seed")
    if office is None or realm is None or desk is None:
        raise MachineError("This vault holds no office.", "Make one with: goodoffices office new")
    return DeskKeys(office, realm, desk, ledger.envelope_seeds(), ledger.secret(CHECKPOINT))
