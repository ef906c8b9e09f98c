# SPDX-License-Identifier: Apache-2.0
"""A roster that no entry can bring, vouched for by a key that its desk had before (docs/format.md §3.2, ADR 0079).

The root says which keys speak for an office. On a line that is in use its word alone is not enough: whoever
stole it could say the same. So one of the desk's own keys stands beside it, or people compare digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from goodoffices.core import digits
from goodoffices.core.errors import Foreign, WrongSigner
from goodoffices.core.fields import ID, TIME, key, uint
from goodoffices.core.office import Office, require_version
from goodoffices.core.statement import Content, Kind, Signed, sign, state

ROSTER_DIGITS = 30
"""Check digits of a roster: with its ID they stand for every roster before it as well."""


@dataclass(frozen=True, kw_only=True)
class Vouch(Content):
    """A desk that has lost the key by which its office speaks now says: the next roster is ours."""

    KIND: ClassVar[Kind] = Kind.ROSTER_VOUCHED
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    """The version that lists the key which signs this."""
    time: tuple[int, int] = key(3, TIME)
    vouched: bytes = key(4, ID)
    """ID of the roster that is vouched for."""


def vouch(office: Office, roster: Signed, seed: bytes, public: bytes, time: tuple[int, int]) -> Signed | None:
    """The word of the desk's key ``public`` for ``roster``; None where no roster of ``office`` lets it speak."""
    versions = [each.version for each in office.rosters if each.desk == public]
    if not versions or _revoked(office, public):
        return None
    said = Vouch(office=office.id, roster=versions[-1], time=time, vouched=roster.id)
    return sign(state(said, office.realm), seed)


def verify_vouch(signed: Signed, office: Office) -> Vouch:
    """The word of a key that ``office``'s desk had, by the rosters known; raises Foreign, WrongSigner or NotNow."""
    said = signed.statement.read(Vouch, realm=office.realm)
    if said.office != office.id:
        raise Foreign("A word for a roster by another office.")
    signed.verify()
    public = require_version(office, said.roster).desk
    if signed.signers != (public,):
        raise WrongSigner("A word for a roster that no key of that office's desk signed.")
    if _revoked(office, public):
        raise WrongSigner("A word for a roster by a key of that office's desk that was revoked.")
    return said


def roster_digits(roster: Signed) -> str:
    """30 check digits of a roster, for two people on the telephone."""
    return digits.check_digits("roster", roster.id, ROSTER_DIGITS)


def _revoked(office: Office, public: bytes) -> bool:
    return any(public == each for roster in office.rosters for each, _, _ in roster.revoked)
