# SPDX-License-Identifier: Apache-2.0
"""The mandate: what all offices of a channel sign before anything is carried (docs/format.md §4).

It names the offices in their order along the path, from party over intermediary (or several posts of
it) to party, and pins the roster that each showed; so its ID, and the 60 check digits made from it,
cover every key that the intermediary introduced. An office *on paper* stands in the path with a
paper credential signed by the intermediary's officers, who attest its consent (P14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, ClassVar

from goodoffices.core import crypto, digits
from goodoffices.core.codebook import MAX_BOOK, CodeBook, read_book
from goodoffices.core.errors import Foreign, Malformed, NotNow, WrongSigner
from goodoffices.core.fields import (
    ID,
    MAX_TIME,
    data,
    flag,
    key,
    language,
    listing,
    one_line,
    one_of,
    optional,
    row,
    text,
    uint,
)
from goodoffices.core.forms import MAX_FORM, NoteForm, read_form
from goodoffices.core.office import Office, Right, may
from goodoffices.core.statement import Content, Kind, Signed


class Role(IntEnum):
    """Part of an office in a channel."""

    PARTY = 1
    INTERMEDIARY = 2


class Reading(IntEnum):
    """Who can read a note between the parties."""

    SEALED = 1
    """Its author and its reader; the intermediary sees the handling header only."""
    OPEN = 2
    """The intermediary too."""


class Forwarding(IntEnum):
    """How a note passes the intermediary."""

    BY_HAND = 1
    AUTOMATIC = 2


class Disclosure(IntEnum):
    """What the intermediary may tell one party of the other's words to it alone."""

    ONLY_WITH_CONSENT = 1
    UNLESS_CONFIDENTIAL = 2


class RecordUse(IntEnum):
    """What the record may be used for outside the channel."""

    NOT_OUTSIDE = 1
    WITH_CONSENT_OF_ALL = 2
    AS_EVIDENCE = 3


class Precedence(IntEnum):
    """Urgency, not importance. On screen a label of the mandate stands for the number."""

    ROUTINE = 1
    PRIORITY = 2
    IMMEDIATE = 3
    FLASH = 4


MINUTE = 60_000
DEFAULT_CLOCKS = {
    Precedence.ROUTINE: 360 * MINUTE,
    Precedence.PRIORITY: 180 * MINUTE,
    Precedence.IMMEDIATE: 5 * MINUTE,
    Precedence.FLASH: 5 * MINUTE,
}
MAX_PATH = 6
MAX_PURPOSE = 2000
"""UTF-8 bytes of what a mandate is for."""
MAX_AGREED = 98_304
"""Bytes of all forms and code books of one mandate, so that it still travels with its offices' credentials."""


def _clocks(value: Any) -> dict[int, int]:
    if not isinstance(value, Mapping) or set(value) != {1, 2, 3, 4}:
        raise ValueError("not one time for each of the four precedences")
    return {int(each): uint(30 * 24 * 60 * MINUTE)(limit) for each, limit in sorted(value.items())}


def _labels(value: Any) -> dict[int, str]:
    if not isinstance(value, Mapping) or not set(value) <= {1, 2, 3, 4}:
        raise ValueError("not labels for precedences")
    return {int(each): one_line(40)(label) for each, label in sorted(value.items())}


@dataclass(frozen=True, kw_only=True)
class PaperOffice(Content):
    """A party without a desk, as the intermediary's officers attest it (P14)."""

    KIND: ClassVar[Kind] = Kind.PAPER_OFFICE
    name: str = key(1, one_line(120))
    attested_by: bytes = key(2, ID)
    roster: int = key(3, uint(2**32))
    consent: str = key(4, text(2000, minimum=1))
    made: int = key(5, uint(MAX_TIME))
    salt: bytes = key(6, data(32))


@dataclass(frozen=True, kw_only=True)
class Mandate(Content):
    """Who, who may read, clocks, languages, disclosure, use of the record, acknowledgements, end."""

    KIND: ClassVar[Kind] = Kind.MANDATE
    name: str = key(1, one_line(120))
    offices: tuple[tuple[int, bytes, bytes, bool], ...] = key(
        # role, office ID, pin (newest roster's ID; the paper credential's own ID), on paper
        2,
        listing(row(one_of(1, 2), ID, ID, flag), MAX_PATH, minimum=3),
    )
    reading: int = key(3, one_of(1, 2))
    forwarding: int = key(4, one_of(1, 2))
    clocks: dict[int, int] = key(5, _clocks)
    languages: tuple[str, ...] = key(6, listing(language, 16, minimum=1))
    disclosure: int = key(7, one_of(1, 2))
    record_use: int = key(8, one_of(1, 2, 3))
    acknowledgements: tuple[int, ...] = key(9, listing(uint(63), 16))
    ends: int | None = key(10, optional(uint(MAX_TIME)), default=None)
    minimum_suite: int = key(11, uint(2**16), default=1)
    predecessor: bytes | None = key(12, optional(ID), default=None)
    officers_to_add_words: int = key(13, one_of(1, 2), default=2)
    labels: dict[int, str] | None = key(14, optional(_labels), default=None)
    made: int = key(15, uint(MAX_TIME))
    salt: bytes = key(16, data(32))
    purpose: str | None = key(17, optional(text(MAX_PURPOSE)), default=None)
    flash_budget: tuple[int, int] | None = key(
        # how many FLASH notes each office may release, within how many milliseconds (ADR 0026)
        18,
        optional(row(uint(100), uint(30 * 24 * 60 * MINUTE))),
        default=None,
    )
    forms: tuple[bytes, ...] | None = key(
        # forms in use, each with its wording in every language (core.forms)
        19,
        optional(listing(data(1, MAX_FORM), 16, minimum=1)),
        default=None,
    )
    codes: tuple[bytes, ...] | None = key(
        # code books in use (core.codebook)
        20,
        optional(listing(data(1, MAX_BOOK), 4, minimum=1)),
        default=None,
    )

    @cached_property
    def agreed_forms(self) -> dict[bytes, NoteForm]:
        """The forms in use, by their IDs, in the mandate's order."""
        return {form.id: form for form in map(read_form, self.forms or ())}

    @cached_property
    def agreed_books(self) -> dict[bytes, CodeBook]:
        """The code books in use, by their IDs, in the mandate's order."""
        return {book.id: book for book in map(read_book, self.codes or ())}

    @cached_property
    def path(self) -> tuple[bytes, ...]:
        """Office IDs in their order along the channel."""
        return tuple(office for _, office, _, _ in self.offices)

    @property
    def parties(self) -> tuple[bytes, bytes]:
        """The two ends."""
        return self.path[0], self.path[-1]

    def is_party(self, office: bytes) -> bool:
        """Whether ``office`` is one of the two ends."""
        return office in self.parties

    def far_party(self, office: bytes) -> bytes:
        """The other end, seen from a party."""
        first, last = self.parties
        if office not in self.parties:
            raise NotNow("Only a party has another party at the far end.")
        return last if office == first else first

    def carries_between_parties(self, author: bytes, recipient: bytes) -> bool:
        """Whether a note from ``author`` to ``recipient`` stands in the lane between the parties."""
        return author != recipient and {author, recipient} == set(self.parties)

    def on_paper(self, office: bytes) -> bool:
        """Whether this office has no desk."""
        return office in self._without_desk

    @cached_property
    def _without_desk(self) -> frozenset[bytes]:
        return frozenset(office for _, office, _, paper in self.offices if paper)

    @property
    def has_paper(self) -> bool:
        """Whether a party has no desk, and so no keys whose digits could be compared."""
        return any(paper for *_, paper in self.offices)

    def next_hop(self, here: bytes, target: bytes) -> bytes:
        """The neighbour of ``here`` on the way to ``target``."""
        path = self.path
        at, end = path.index(here), path.index(target)
        if at == end:
            raise ValueError("already there")
        return path[at + 1] if end > at else path[at - 1]

    def neighbours(self, here: bytes) -> tuple[bytes, ...]:
        """The offices next to ``here`` on the path: one for a party, two for an intermediary."""
        at = self.path.index(here)
        return tuple(self.path[to] for to in (at - 1, at + 1) if 0 <= to < len(self.path))

    def clock(self, precedence: int) -> int:
        """Milliseconds allowed from *at the desk* to *forwarded*."""
        return self.clocks[precedence]


def check(mandate: Mandate) -> None:
    """Raise Malformed where the fields do not make a channel."""
    roles = [role for role, _, _, _ in mandate.offices]
    if roles[0] != Role.PARTY or roles[-1] != Role.PARTY or set(roles[1:-1]) != {Role.INTERMEDIARY}:
        raise Malformed("A channel's path runs from a party over intermediaries to a party.")
    if len(set(mandate.path)) != len(mandate.path):
        raise Malformed("An office stands twice in a channel's path.")
    if any(paper and role != Role.PARTY for role, _, _, paper in mandate.offices):
        raise Malformed("An intermediary runs a desk; only a party can be on paper.")
    if all(paper for role, _, _, paper in mandate.offices if role == Role.PARTY):
        raise Malformed("A channel with both parties on paper has nobody to carry for.")
    if mandate.minimum_suite != crypto.SUITE:
        raise Malformed("The mandate asks for a suite that does not exist yet.")
    if mandate.flash_budget is not None and 0 in mandate.flash_budget:
        raise Malformed("A budget by which no FLASH note could ever be released.")
    _check_agreed(mandate)


def _check_agreed(mandate: Mandate) -> None:
    """Forms and code books: each once, together not too long, worded in every language of the mandate."""
    forms, books = mandate.agreed_forms.values(), mandate.agreed_books.values()
    if len({each.code for each in forms}) != len(mandate.forms or ()):
        raise Malformed("A mandate with two forms of one code.")
    if len({each.word for each in books}) != len(mandate.codes or ()):
        raise Malformed("A mandate with two code books of one word.")
    if sum(map(len, (*(mandate.forms or ()), *(mandate.codes or ())))) > MAX_AGREED:
        raise Malformed(f"A mandate whose forms and code books have more than {MAX_AGREED} bytes.")
    for tongues in (*(each.languages for each in forms), *(each.languages for each in books)):
        if not set(mandate.languages) <= set(tongues):
            raise Malformed("A form or code book that is not worded in every language of its mandate.")


@dataclass(frozen=True)
class Agreement:
    """A mandate with the credentials of its offices and the signatures so far."""

    mandate: Mandate
    signed: Signed
    offices: dict[bytes, Office]
    papers: dict[bytes, PaperOffice]

    @property
    def id(self) -> bytes:
        """The mandate's ID, which also names the channel."""
        return self.signed.id

    @property
    def realm(self) -> bytes:
        """The realm of the channel."""
        return self.signed.statement.realm

    @property
    def digits(self) -> str:
        """60 digits to compare by voice, in a public statement or through a third state."""
        return digits.check_digits("mandate", self.id, digits.MANDATE)

    def name_of(self, office: bytes) -> str:
        """The name that an office's credential carries."""
        if office in self.offices:
            return self.offices[office].name
        return self.papers[office].name

    def signed_by(self) -> frozenset[bytes]:
        """IDs of the offices of which a keeper of keys has validly signed."""
        pins = {office: pin for _, office, pin, _ in self.mandate.offices}
        signers = set(self.signed.signers)
        return frozenset(
            office_id
            for office_id, office in self.offices.items()
            if signers & keepers(office, pins[office_id])
        )

    @cached_property
    def complete(self) -> bool:
        """Whether every office that runs a desk has signed."""
        return self.signed_by() >= {office for _, office, _, paper in self.mandate.offices if not paper}


def keepers(office: Office, pin: bytes) -> frozenset[bytes]:
    """Keys that may sign a mandate for an office: by the roster that it pins, or by a later one.

    Who was out before the mandate was written is nobody in it, though older rosters list him.
    """
    at = next((at for at, each in enumerate(office.signed[1:]) if each.id == pin), len(office.rosters))
    return frozenset(
        public
        for roster in office.rosters[at:]
        for _, public, rights in roster.officers
        if Right(rights) & Right.KEYS
    )


def read_agreement(signed: Signed, credentials: dict[bytes, Office], papers: tuple[Signed, ...]) -> Agreement:
    """Verify a mandate against the credentials of its offices.

    Raises Malformed, Foreign (a credential missing, of another realm, or not the one pinned) or
    WrongSigner (a signature that is nobody's who may sign).
    """
    realm = signed.statement.realm
    mandate = signed.statement.read(Mandate)
    check(mandate)
    read_papers = {each.id: each for each in papers}
    offices: dict[bytes, Office] = {}
    on_paper: dict[bytes, PaperOffice] = {}
    for _, office_id, pin, paper in mandate.offices:
        if paper:
            found = read_papers.get(office_id)
            if found is None or pin != office_id:
                raise Foreign("The mandate names an office on paper whose attestation is missing.")
            on_paper[office_id] = found.statement.read(PaperOffice, realm=realm)
            continue
        office = credentials.get(office_id)
        if office is None:
            raise Foreign("The mandate names an office whose credential is missing.")
        if office.realm != realm or pin not in {each.id for each in office.signed[1:]}:
            raise Foreign(f"The mandate pins another roster of {office.name} than the credential shows.")
        offices[office_id] = office
    agreement = Agreement(mandate, signed, offices, on_paper)
    for office_id, attestation in on_paper.items():
        _check_attestation(agreement, attestation, read_papers[office_id])
    if signed.signatures:
        signed.verify()
        known = [keepers(offices[each], pin) for _, each, pin, paper in mandate.offices if not paper]
        if not set(signed.signers) <= frozenset().union(*known):
            raise WrongSigner("A mandate signed by somebody who keeps no keys of its offices.")
    return agreement


def _check_attestation(agreement: Agreement, attestation: PaperOffice, signed: Signed) -> None:
    witness = agreement.offices.get(attestation.attested_by)
    if witness is None or agreement.mandate.is_party(witness.id):
        raise Foreign("An office on paper is attested by the channel's intermediary, by nobody else.")
    signed.verify()
    if not all(may(witness, attestation.roster, signer, Right.KEYS) for signer in signed.signers):
        raise WrongSigner("An office on paper attested by somebody without the right.")
