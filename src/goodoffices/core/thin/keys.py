# SPDX-License-Identifier: Apache-2.0
"""Keys of a thin line: agreed once by X-Wing, then used up one by one (docs/format.md §16.3, ADR 0044).

A secret is drawn by who will seal, sealed to each reader's key by HPKE, and stands for a **chain**: of each
of its states follow one message key and the next state, by HKDF, and used states are forgotten (the symmetric
half of the Double Ratchet). A message key seals under a random nonce: where an older copy of a vault goes
through the same states once more, the same key meets another nonce.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import Altered, Foreign, NotNow, WrongSigner
from goodoffices.core.fields import ID, TIME, data, flag, key, listing, row, uint
from goodoffices.core.office import Office, Right, may, require_version
from goodoffices.core.statement import Content, Kind, Signed

MAX_READERS = 8
MAX_AHEAD = 4096
"""States that a reader goes ahead at once: what lies between was lost, or is still on its way."""
MAX_SKIPPED = 64
"""Message keys of what was passed over that are kept; the oldest go first."""
MOST = 1 << 20
"""Messages of one chain, far more than a thin line carries before its next."""
NONCE = 12
WRAPPED = 32 + crypto.SEAL_OVERHEAD


@dataclass(frozen=True, kw_only=True)
class ThinLine(Content):
    """This office wants the line thin, or no more. The line is thin while both want it."""

    KIND: ClassVar[Kind] = Kind.THIN_LINE
    line: bytes = key(1, ID)
    office: bytes = key(2, ID)
    roster: int = key(3, uint(2**32))
    time: tuple[int, int] = key(4, TIME)
    wanted: bool = key(5, flag)


@dataclass(frozen=True, kw_only=True)
class ThinKeys(Content):
    """The secret of a chain, sealed to each of its readers. Its ID is the chain's."""

    KIND: ClassVar[Kind] = Kind.THIN_KEYS
    scope: bytes = key(1, ID)
    """A line's ID, or a mandate's: cells of that line, or notes under that mandate."""
    office: bytes = key(2, ID)
    recipient: bytes = key(3, ID)
    roster: int = key(4, uint(2**32))
    time: tuple[int, int] = key(5, TIME)
    keys: tuple[tuple[bytes, int, bytes], ...] = key(
        6, listing(row(ID, uint(2**32), data(WRAPPED)), MAX_READERS, minimum=1)
    )


@dataclass(frozen=True, kw_only=True)
class ThinHeld(Content):
    """A reader's desk has the keys of a chain."""

    KIND: ClassVar[Kind] = Kind.THIN_HELD
    keys: bytes = key(1, ID)
    office: bytes = key(2, ID)
    roster: int = key(3, uint(2**32))
    time: tuple[int, int] = key(4, TIME)


def verify_thin_line(signed: Signed, line: bytes, office: Office) -> ThinLine:
    """Raise unless keepers of keys of ``office`` say so of this line."""
    stated = signed.statement.read(ThinLine, realm=office.realm)
    if stated.line != line or stated.office != office.id:
        raise Foreign("A wish for a thin line that is not this office's, or not for this line.")
    require_version(office, stated.roster)
    signed.verify()
    if not signed.signers or not all(may(office, stated.roster, each, Right.KEYS) for each in signed.signers):
        raise WrongSigner("A wish for a thin line by somebody who keeps no keys there.")
    return stated


def verify_by_desk(signed: Signed, office: Office, version: int) -> None:
    """Raise unless ``office``'s desk, and nobody else, signed."""
    if signed.signers != (require_version(office, version).desk,):
        raise WrongSigner(f"Not signed by {office.name}'s desk alone.")
    signed.verify()


def wrap_info(
    realm: bytes, scope: bytes, office: bytes, recipient: bytes, reader: bytes, public: bytes
) -> bytes:
    """What the secret of a chain may be used for."""
    return cbor.encode(
        ["GO1 thin", crypto.SUITE, realm, scope, office, recipient, reader, crypto.sha256(public)]
    )


def wrap_secret(
    secret: bytes,
    realm: bytes,
    scope: bytes,
    office: bytes,
    recipient: bytes,
    readers: tuple[tuple[bytes, int, bytes], ...],
) -> tuple[tuple[bytes, int, bytes], ...]:
    """``secret`` (32 fresh random bytes) sealed to readers given as (office, epoch, public key)."""
    return tuple(
        (
            reader,
            epoch,
            crypto.seal(public, secret, wrap_info(realm, scope, office, recipient, reader, public)),
        )
        for reader, epoch, public in sorted(readers)
    )


def unwrap_secret(keys: ThinKeys, realm: bytes, reader: bytes, seeds: Mapping[int, bytes]) -> bytes:
    """The secret, with the reader's seeds by epoch; raises Foreign (no reader, no key) or Altered."""
    wrap = next((each for each in keys.keys if each[0] == reader), None)
    if wrap is None:
        raise Foreign("Keys of a thin line that are not for this office or line.")
    seed = seeds.get(wrap[1])
    if seed is None:
        raise Foreign("The key of that epoch is not held here any more.", "Ask the author to seal it anew.")
    info = wrap_info(realm, keys.scope, keys.office, keys.recipient, reader, crypto.sealing_public(seed))
    secret = crypto.unseal(seed, wrap[2], info)
    if len(secret) != 32:
        raise Altered("A seal does not open: changed on the way, or not for this key.")
    return secret


@dataclass(frozen=True)
class Chain:
    """A state of a chain, and which message's key follows from it."""

    id: bytes
    state: bytes = field(repr=False)
    next: int = 0

    def step(self) -> tuple[bytes, Chain]:
        """The key of message ``next``, and the state after it."""
        if self.next >= MOST:
            raise NotNow("The keys of this chain are used up.", "The desk agrees on new ones by itself.")
        message = crypto.hkdf(self.state, b"GO1 thin message")
        return message, Chain(self.id, crypto.hkdf(self.state, b"GO1 thin next"), self.next + 1)


def begin(secret: bytes, chain: bytes) -> Chain:
    """The first state of the chain that a secret stands for."""
    return Chain(chain, crypto.hkdf(secret, b"GO1 thin chain" + chain))


@dataclass(frozen=True)
class Reading:
    """A reader's end of a chain: the next state, and the keys of what was passed over."""

    chain: Chain
    skipped: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    def key_of(self, number: int) -> tuple[bytes, Reading]:
        """The key of a message and the end as it is once that message has opened.

        Raises Foreign where the key was used already, was passed over too long ago or lies too far ahead.
        """
        if number in self.skipped:
            left = {at: each for at, each in self.skipped.items() if at != number}
            return self.skipped[number], Reading(self.chain, left)
        if not self.chain.next <= number < min(self.chain.next + MAX_AHEAD, MOST):
            raise Foreign("A message of a thin line whose key is gone, or is far ahead.")
        chain, kept = self.chain, dict(self.skipped)
        while chain.next < number:
            at = chain.next
            kept[at], chain = chain.step()
        message, chain = chain.step()
        return message, Reading(chain, {at: kept[at] for at in sorted(kept)[-MAX_SKIPPED:]})


def seal_message(message: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Nonce || ChaCha20-Poly1305. ``nonce``: 12 fresh random bytes, so that no older copy repeats it."""
    if len(nonce) != NONCE:
        raise ValueError("a nonce has 12 bytes")
    return nonce + crypto.aead_seal(message, nonce, plaintext, aad)


def open_message(message: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Inverse of ``seal_message``; raises Altered."""
    if len(sealed) < NONCE + crypto.AEAD_TAG_SIZE:
        raise Altered("A seal does not open: changed on the way, or not for this key.")
    return crypto.aead_open(message, sealed[:NONCE], sealed[NONCE:], aad)
