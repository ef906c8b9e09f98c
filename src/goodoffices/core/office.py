# SPDX-License-Identifier: Apache-2.0
"""Offices: the root that names one, the rosters that say which keys speak for it (docs/format.md §3).

A **root** is a pair of keys, Ed25519 and ML-DSA-65, kept off the desk. Its credential is what two
people compare; the office's ID is the credential's statement ID. A **roster** is signed by the root
with both keys and lists every other key of the office: desk, sealing epochs, officers with their
rights, how many must release. Each new version names the one before. A key counts when, and only
while, a roster signed by the compared root lists it.

Two sets of sealing epochs: *envelope* keys belong to the unattended tier of the desk (they open the
wrapping of the route), *reading* keys open only with an officer's sign-in (they open notes).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from goodoffices.core import cbor, crypto, digits
from goodoffices.core.errors import Foreign, Malformed, NotNow, Oversized, WrongSigner
from goodoffices.core.fields import ID, MAX_TIME, data, key, listing, one_line, optional, row, text, uint
from goodoffices.core.statement import Content, Kind, Signed, Statement, read_signed, state

CHECKPOINT_MLDSA65 = 130
"""Field of a roster that an older reader may ignore."""
MAX_EPOCHS = 16
MAX_OFFICERS = 64
MAX_ROSTERS = 256
MAX_CREDENTIAL = 1 << 20
"""Bytes of an office's credential: its root and every roster so far."""
_REMEMBER_UP_TO = 1 << 17
"""Bytes; with 64 credentials remembered, strangers' cannot take more than some MiB."""


class Right(IntFlag):
    """What an officer may do. The numbers stand in signed rosters."""

    DRAFT = 1
    RELEASE = 2
    DUTY = 4
    """Take, open, forward, refuse, acknowledge."""
    KEYS = 8
    """Pair, sign mandates, compare digits."""
    AUDIT = 16


_NONE = Right(0)


def _signing_key(value: Any) -> bytes:
    public = data(crypto.ED25519_KEY_SIZE)(value)
    crypto.check_ed25519_key(public)
    return bytes(public)


def _sealing_key(value: Any) -> bytes:
    public = data(crypto.SEALING_KEY_SIZE)(value)
    crypto.check_sealing_key(public)
    return bytes(public)


_EPOCH = row(uint(2**32), uint(MAX_TIME), uint(MAX_TIME), _sealing_key)
_OFFICER = row(one_line(80), _signing_key, uint(31))


@dataclass(frozen=True, kw_only=True)
class Root(Content):
    """The credential that names an office; signed by itself with both keys."""

    KIND: ClassVar[Kind] = Kind.ROOT
    name: str = key(1, one_line(120))
    ed25519: bytes = key(2, _signing_key)
    mldsa65: bytes = key(3, data(crypto.MLDSA_KEY_SIZE))
    made: int = key(4, uint(MAX_TIME))


@dataclass(frozen=True, kw_only=True)
class Roster(Content):
    """All keys that speak for an office from this version on; signed by its root."""

    KIND: ClassVar[Kind] = Kind.ROSTER
    office: bytes = key(1, ID)
    version: int = key(2, uint(2**32))
    previous: bytes | None = key(3, optional(ID), default=None)
    made: int = key(4, uint(MAX_TIME))
    desk: bytes = key(5, _signing_key)
    envelope_epochs: tuple[tuple[int, int, int, bytes], ...] = key(6, listing(_EPOCH, MAX_EPOCHS, minimum=1))
    reading_epochs: tuple[tuple[int, int, int, bytes], ...] = key(7, listing(_EPOCH, MAX_EPOCHS, minimum=1))
    officers: tuple[tuple[str, bytes, int], ...] = key(8, listing(_OFFICER, MAX_OFFICERS, minimum=1))
    releasers_needed: int = key(9, uint(16))
    checkpoint: bytes | None = key(10, optional(_signing_key), default=None)
    """Signs this office's checkpoints and cosigns its counterparts' (ADR 0015)."""
    revoked: tuple[tuple[bytes, int, str], ...] = key(
        11, listing(row(data(32), uint(MAX_TIME), text(200)), MAX_OFFICERS), default=()
    )
    epochs_of: int | None = key(128, optional(uint(2**32)), default=None)
    """An earlier roster whose epochs hold on beside those listed here, so that they are not listed again."""

    checkpoint_mldsa65: bytes | None = key(
        CHECKPOINT_MLDSA65, optional(data(crypto.MLDSA_KEY_SIZE)), default=None
    )
    """The same with ML-DSA-65, beside it."""

    def rights(self, signer: bytes) -> Right:
        """The rights of an officer's key in this version; none if it is not listed."""
        return self._rights.get(signer, _NONE)

    @cached_property
    def _rights(self) -> dict[bytes, Right]:
        """By officer's key; of a key that is listed twice its first line counts."""
        return {public: Right(rights) for _, public, rights in reversed(self.officers)}

    def pseudonym(self, signer: bytes) -> str | None:
        """Under which name an officer's key appears, or None."""
        return next((name for name, public, _ in self.officers if public == signer), None)


Epochs = tuple[tuple[int, int, int, bytes], ...]
"""Rows of (epoch, from, until, sealing key), in the order of their numbers."""


def _joined(earlier: Epochs, later: Epochs) -> Epochs:
    """Both lists; of one number the later one's row counts."""
    return tuple(sorted({each[0]: each for each in (*earlier, *later)}.values()))


def sealing_key(epochs: Iterable[tuple[int, int, int, bytes]], now: int) -> tuple[int, bytes]:
    """(epoch, key) to seal to at ``now``; outside every epoch the nearest, since time never gates."""
    ordered = sorted(epochs)
    for epoch, start, end, public in ordered:
        if start <= now < end:
            return epoch, public
    nearest = ordered[0] if now < ordered[0][1] else ordered[-1]
    return nearest[0], nearest[3]


@dataclass(frozen=True)
class Office:
    """A verified credential: the root and its rosters from the first to the newest."""

    root: Root
    id: bytes
    realm: bytes
    rosters: tuple[Roster, ...]
    signed: tuple[Signed, ...]

    @property
    def name(self) -> str:
        """The name that the root carries."""
        return self.root.name

    @property
    def roster(self) -> Roster:
        """The newest roster that this credential holds."""
        return self.rosters[-1]

    def roster_at(self, version: int) -> Roster | None:
        """The roster of one version, or None if this credential does not hold it."""
        if self.rosters and self.rosters[-1].version == version:
            return self.rosters[-1]
        return next((roster for roster in self.rosters if roster.version == version), None)

    def epochs_at(self, version: int) -> tuple[Epochs, Epochs]:
        """(envelope epochs, reading epochs) that hold by one roster, with those that it takes over."""
        roster = self.roster_at(version)
        if roster is None:
            return (), ()
        earlier = self.roster_at(roster.epochs_of) if roster.epochs_of is not None else None
        if earlier is None or earlier.version >= version:
            return roster.envelope_epochs, roster.reading_epochs
        return (
            _joined(earlier.envelope_epochs, roster.envelope_epochs),
            _joined(earlier.reading_epochs, roster.reading_epochs),
        )

    @property
    def envelope_epochs(self) -> Epochs:
        """What the newest roster has envelopes sealed to."""
        return self.epochs_at(self.roster.version)[0]

    @property
    def reading_epochs(self) -> Epochs:
        """What the newest roster has notes sealed to."""
        return self.epochs_at(self.roster.version)[1]

    @property
    def digits(self) -> str:
        """30 check digits of the office's credential."""
        return digits.check_digits("office", self.id, digits.CREDENTIAL)

    @property
    def raw(self) -> bytes:
        """The credential as bytes: CBOR array of signed objects, root first."""
        return cbor.encode([signed.raw for signed in self.signed])

    @property
    def pin(self) -> bytes:
        """ID of the newest roster: what a mandate pins, besides the office."""
        return self.signed[-1].id


def sign_as_root(statement: Statement, seed: bytes) -> Signed:
    """``statement`` under both of the root's keys. The ML-DSA-65 key is named by its SHA-256."""
    public, signature = crypto.root_public(seed), crypto.root_sign(seed, statement.raw)
    pairs = ((public[0], signature[0]), (crypto.sha256(public[1]), signature[1]))
    return Signed(statement, tuple(sorted(pairs)))


def verify_root(signed: Signed, root: Root) -> None:
    """Raise WrongSigner unless exactly the root's two signatures stand there and verify."""
    found = dict(signed.signatures)
    names = (root.ed25519, crypto.sha256(root.mldsa65))
    if set(found) != set(names):
        raise WrongSigner("Not signed by the office's root with both of its keys.")
    crypto.root_verify((root.ed25519, root.mldsa65), (found[names[0]], found[names[1]]), signed.statement.raw)


def make_root(name: str, seed: bytes, realm: bytes, now: int) -> Signed:
    """The credential of a new root."""
    ed25519, mldsa65 = crypto.root_public(seed)
    return sign_as_root(state(Root(name=name, ed25519=ed25519, mldsa65=mldsa65, made=now), realm), seed)


def make_roster(roster: Roster, seed: bytes, realm: bytes) -> Signed:
    """A roster signed by the root."""
    return sign_as_root(state(roster, realm), seed)


def read_office(raw: bytes) -> Office:
    """Decode and verify a credential; raises Malformed, Oversized, WrongSigner or Foreign.

    What was verified is remembered by its bytes, so that the same credential is not verified again with each
    mandate and entry that needs it.
    """
    if len(raw) > MAX_CREDENTIAL:
        raise Oversized("An office's credential is larger than 1 MiB.")
    return _remembered(raw) if len(raw) <= _REMEMBER_UP_TO else _read_office(raw)


@lru_cache(maxsize=64)
def _remembered(raw: bytes) -> Office:
    return _read_office(raw)


def _read_office(raw: bytes) -> Office:
    items = cbor.decode(raw, max_size=MAX_CREDENTIAL)
    if not isinstance(items, tuple) or not 2 <= len(items) <= MAX_ROSTERS:
        raise Malformed("Not an office's credential.")
    if not all(isinstance(item, bytes) for item in items):
        raise Malformed("Not an office's credential.")
    return verify_office(tuple(read_signed(item) for item in items))


def verify_office(signed: tuple[Signed, ...]) -> Office:
    """The office of a root and its rosters in order, every signature and link checked."""
    first, *others = signed
    realm = first.statement.realm
    root = first.statement.read(Root)
    verify_root(first, root)
    office = Office(root, first.id, realm, (), (first,))
    for each in others:
        office = _followed(office, each)
    if not office.rosters:
        raise Malformed("An office's credential without a roster.")
    return office


def _followed(office: Office, signed: Signed) -> Office:
    roster = signed.statement.read(Roster, realm=office.realm)
    verify_root(signed, office.root)
    previous = office.pin if office.rosters else None
    if roster.office != office.id or roster.version != len(office.rosters) + 1 or roster.previous != previous:
        raise Foreign("A roster that does not follow the one before it.")
    check_roster(roster)
    return Office(office.root, office.id, office.realm, (*office.rosters, roster), (*office.signed, signed))


def check_roster(roster: Roster) -> None:
    """Raise Malformed where the fields of a roster do not fit each other."""
    if roster.releasers_needed < 1:
        raise Malformed("A roster by which nobody needs to release.")
    listed = [roster.desk, *(public for _, public, _ in roster.officers)]
    if len(set(listed)) != len(listed):
        raise Malformed("A roster that lists one key twice.")
    if not {public for public, _, _ in roster.revoked}.isdisjoint(listed):
        raise Malformed("A roster that lists a key as in use and as revoked.")
    for epochs in (roster.envelope_epochs, roster.reading_epochs):
        numbers = [epoch for epoch, _, _, _ in epochs]
        if numbers != sorted(set(numbers)):
            raise Malformed("A roster whose epochs are out of order or repeated.")


def follow(known: Office, signed: Signed) -> Office:
    """A credential with one roster more, which came alone; the same credential if it was known.

    Raises WrongSigner for a roster that the root did not sign, or two different ones of one version;
    NotNow while one before it is missing; Foreign or Malformed if it does not fit.
    """
    roster = signed.statement.read(Roster, realm=known.realm)
    if roster.office != known.id:
        raise Foreign("A roster of another office.")
    if roster.version > known.roster.version + 1:
        raise NotNow(f"{known.name}'s roster {roster.version} came before roster {known.roster.version + 1}.")
    if roster.version == known.roster.version + 1:
        longer = _followed(known, signed)
        if len(longer.signed) > MAX_ROSTERS or len(longer.raw) > MAX_CREDENTIAL:
            raise Oversized("A roster with which an office's credential would outgrow 1 MiB.")
        return longer
    verify_root(signed, known.root)
    if roster.version < 1 or known.signed[roster.version].id != signed.id:
        raise WrongSigner(f"{known.name} shows two different rosters of one version.")
    return known


def merge(known: Office, offered: Office) -> Office:
    """The longer of two credentials of one office; raises Foreign if either is not the other's start."""
    if known.id != offered.id or known.realm != offered.realm:
        raise Foreign("A credential of another office.")
    short, long = sorted((known, offered), key=lambda office: len(office.signed))
    if [each.id for each in long.signed[: len(short.signed)]] != [each.id for each in short.signed]:
        raise WrongSigner(f"{known.name} shows two different rosters of one version.")
    return long


def may(office: Office, version: int, signer: bytes, right: Right) -> bool:
    """Whether ``signer`` was an officer with ``right`` by that version of the roster."""
    roster = office.roster_at(version)
    return roster is not None and bool(roster.rights(signer) & right)


def is_desk(office: Office, version: int, signer: bytes) -> bool:
    """Whether ``signer`` was the office's desk by that version of the roster."""
    roster = office.roster_at(version)
    return roster is not None and roster.desk == signer


def require_version(office: Office, version: int) -> Roster:
    """The roster of ``version``; raises NotNow if this desk has not seen it yet."""
    roster = office.roster_at(version)
    if roster is None:
        raise NotNow(f"{office.name} acts by roster {version}, which is not here yet.")
    return roster
