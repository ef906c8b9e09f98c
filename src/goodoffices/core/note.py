# SPDX-License-Identifier: Apache-2.0
"""Notes: a party's words, signed by its officers, sealed to its readers (docs/format.md §5).

    leaves      one per field and paragraph: [label, value]
    body root   Merkle root over the salted leaves (``merkle``)
    statement   kind NOTE: who to whom, number, place in the chain, body root, leaf count
    inside      CBOR [signed statement, seed, leaves]

The text is the paragraphs joined: byte for byte what was released. Sealing is ``sealed``'s job.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

from goodoffices.core import cbor, digits, merkle
from goodoffices.core.act import CASE_AT, ProofKind, check_place
from goodoffices.core.codebook import MAX_NUMBER
from goodoffices.core.errors import (
    Altered,
    Foreign,
    Malformed,
    NewerVersion,
    NotAllowed,
    OtherOfficeError,
    Oversized,
    WrongSigner,
    YourError,
)
from goodoffices.core.fields import (
    ID,
    INCARNATION,
    MAX_TIME,
    TIME,
    Form,
    data,
    key,
    language,
    listing,
    one_of,
    optional,
    row,
    text,
    uint,
)
from goodoffices.core.forms import MAX_FIELDS, MAX_ITEMS, Values
from goodoffices.core.office import Office, Right, require_version
from goodoffices.core.statement import Content, Kind, Signed, read_signed, state

MAX_TEXT = 60_000
"""Bytes of a note's text: some 12 pages. It fits the largest size class with room for readers."""
MAX_LEAVES = 4096
MAX_SEALED = 250_000
MAX_READERS = 8
MAX_LISTED = 64
MAX_REPORTS = 8


class NoteKind(IntEnum):
    """What kind of note: 2 to 7 by a form that the mandate lists, 8 a code of one of its books."""

    PLAIN = 1
    CLARIFICATION = 2
    ADVANCE_NOTICE = 3
    REQUEST = 4
    ASSURANCE = 5
    CEASE = 6
    FORM = 7
    CODED = 8


KINDS = {
    NoteKind.PLAIN: "plain",
    NoteKind.CLARIFICATION: "incident clarification",
    NoteKind.ADVANCE_NOTICE: "advance notice of own action",
    NoteKind.REQUEST: "request for clarification",
    NoteKind.ASSURANCE: "assurance",
    NoteKind.CEASE: "cease of action",
    NoteKind.FORM: "form",
    NoteKind.CODED: "coded",
}
BY_FORM = frozenset(range(NoteKind.CLARIFICATION, NoteKind.CODED))
RESERVED_PROOFS = {
    ProofKind.CHANNEL_ONLY: "provable to the channel only (aide-mémoire)",
    ProofKind.READER_ONLY: "authenticated to the reader only (non-paper)",
}


class Authority(IntEnum):
    """On whose authority, as the author states it."""

    NOT_STATED = 1
    OFFICIAL = 2
    MINISTER = 3
    HEAD_OF_GOVERNMENT = 4


class Leaf(IntEnum):
    """Labels of a note's leaves. Below 128 a reader must know the label."""

    AUTHORITY = 1
    LANGUAGE = 2
    REPLY_BY = 3
    IN_REPLY_TO = 4
    REPLACES = 5
    WITHDRAWS = 6
    READ = 7
    """IDs of the other side's notes that the author's office had opened."""
    HELD = 8
    """IDs of notes that lay at the author's desk, unopened, when this was released."""
    REASON = 9
    """Why the precedence is as high as it is."""
    CONFIDENTIAL = 10
    """Caucus only: not to be disclosed even in substance."""
    FORM = 11
    """ID of the mandate's form by which it is written (``core.forms``)."""
    FIELD = 12
    """One of the form's fields: its place, from 1, and its value."""
    CODED = 13
    """ID of a code book of the mandate, and a number in it (``core.codebook``)."""
    PARAGRAPH = 16
    REWORDS = 129
    """ID of a note that this one puts into the intermediary's own words, and that is withheld."""
    REPORT = 130
    """An extract of a report of its author's (``core.extract``)."""


RECUR = frozenset({Leaf.FIELD, Leaf.PARAGRAPH, Leaf.REPORT})


def _value(value: Any) -> Any:
    """A field's value as it is carried; what its form says of it is checked where the mandate is at hand."""
    items = value if isinstance(value, tuple) else (value,)
    if not 1 <= len(items) <= MAX_ITEMS or not all(
        isinstance(each, str) or (isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 2**53)
        for each in items
    ):
        raise ValueError("not a number, a text, or a list of these")
    return value


_LEAF_FORMS: dict[int, Form] = {
    Leaf.AUTHORITY: one_of(1, 2, 3, 4),
    Leaf.LANGUAGE: language,
    Leaf.REPLY_BY: uint(MAX_TIME),
    Leaf.IN_REPLY_TO: ID,
    Leaf.REPLACES: ID,
    Leaf.WITHDRAWS: ID,
    Leaf.READ: listing(ID, MAX_LISTED),
    Leaf.HELD: listing(ID, MAX_LISTED),
    Leaf.REASON: text(500, minimum=1),
    Leaf.CONFIDENTIAL: one_of(1),
    Leaf.FORM: ID,
    Leaf.FIELD: row(uint(MAX_FIELDS), _value),
    Leaf.CODED: row(ID, uint(MAX_NUMBER)),
    Leaf.PARAGRAPH: text(MAX_TEXT),
    Leaf.REWORDS: ID,
    Leaf.REPORT: data(1, 12_000),
}


@dataclass(frozen=True, kw_only=True)
class Note(Content):
    """The signed statement of a note. Fields 1 to 10 are the same in an act."""

    KIND: ClassVar[Kind] = Kind.NOTE
    mandate: bytes = key(1, ID)
    author: bytes = key(2, ID)
    recipient: bytes = key(3, ID)
    lane: bytes = key(4, ID)
    incarnation: bytes = key(5, INCARNATION)
    sequence: int = key(6, uint(2**32))
    previous: bytes | None = key(7, optional(ID), default=None)
    roster: int = key(8, uint(2**32))
    proof: int = key(9, one_of(1, 2, 3))
    time: tuple[int, int] = key(10, TIME)
    number: int = key(11, uint(2**32))
    precedence: int = key(12, one_of(1, 2, 3, 4))
    valid_until: int | None = key(13, optional(uint(MAX_TIME)), default=None)
    kind: int = key(14, uint(2**16))
    body: bytes = key(15, ID)
    leaves: int = key(16, uint(MAX_LEAVES))
    case_at: int | None = key(CASE_AT, optional(uint(MAX_TIME)), default=None)


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a note says: the fields and the text that its leaves carry."""

    text: str
    language: str
    authority: int = Authority.NOT_STATED
    reply_by: int | None = None
    in_reply_to: bytes | None = None
    replaces: bytes | None = None
    withdraws: bytes | None = None
    read: tuple[bytes, ...] = ()
    held: tuple[bytes, ...] = ()
    reason: str | None = None
    confidential: bool = False
    rewords: bytes | None = None
    form: bytes | None = None
    """ID of its form; ``text`` is then the print (``core.agreed``)."""
    values: Values = ()
    coded: tuple[bytes, int] | None = None
    """A code book's ID and a number in it; ``text`` is then the code."""
    reports: tuple[bytes, ...] = ()
    """Extracts of reports (``core.extract``)."""

    def leaves(self) -> tuple[tuple[int, Any], ...]:
        """One leaf per field and paragraph, in the order of the labels."""
        fields: list[tuple[int, Any]] = [
            (Leaf.AUTHORITY, self.authority),
            (Leaf.LANGUAGE, self.language),
            (Leaf.REPLY_BY, self.reply_by),
            (Leaf.IN_REPLY_TO, self.in_reply_to),
            (Leaf.REPLACES, self.replaces),
            (Leaf.WITHDRAWS, self.withdraws),
            (Leaf.READ, self.read[-MAX_LISTED:]),
            (Leaf.HELD, self.held[-MAX_LISTED:]),
            (Leaf.REASON, self.reason),
            (Leaf.CONFIDENTIAL, 1 if self.confidential else None),
            (Leaf.FORM, self.form),
            *((Leaf.FIELD, each) for each in self.values),
            (Leaf.CODED, self.coded),
        ]
        kept = [(int(label), value) for label, value in fields if value is not None]
        kept += [(int(Leaf.PARAGRAPH), each) for each in paragraphs(self.text)]
        if self.rewords is not None:
            kept.append((int(Leaf.REWORDS), self.rewords))
        return (*kept, *((int(Leaf.REPORT), each) for each in self.reports))


_BLANK_LINES = re.compile(r"(?:\n\n|\r\n\r\n)(?=[^\r\n])")


def paragraphs(words: str) -> list[str]:
    """The text cut after each run of blank lines; joined again it is the same text."""
    cuts = [0, *(found.end() for found in _BLANK_LINES.finditer(words)), len(words)]
    found = [words[start:end] for start, end in pairwise(cuts) if start < end]
    if len(found) > MAX_LEAVES - 32:
        raise YourError("A note of more than 4,000 paragraphs.", "Send it as two notes.")
    return found


def words_of(leaves: tuple[tuple[int, Any], ...]) -> Words:
    """The fields and text that leaves carry; raises Malformed on a wrong, doubled or unsorted leaf."""
    values: dict[str, Any] = {}
    several: dict[int, list[Any]] = {each: [] for each in RECUR}
    last = 0
    for label, value in leaves:
        if label < last or (label == last and label not in RECUR):
            raise Malformed("A note's fields are out of order or repeated.")
        last = label
        form = _LEAF_FORMS.get(label)
        if form is None:
            if label < 128:
                raise NewerVersion(f"A note's field {label} is not known to this version.")
            continue
        try:
            checked = form(value)
        except ValueError as reason:
            raise Malformed(f"A note's field {label} is {reason}.") from None
        if label in RECUR:
            several[label].append(checked)
        else:
            values[Leaf(label).name.lower()] = bool(checked) if label == Leaf.CONFIDENTIAL else checked
    if "language" not in values or "authority" not in values:
        raise Malformed("A note that states neither its language nor its authority.")
    whole, reports = "".join(several[Leaf.PARAGRAPH]), tuple(several[Leaf.REPORT])
    if len(whole.encode("utf-8")) > MAX_TEXT:
        raise Oversized(f"A note whose text has more than {MAX_TEXT} bytes.")
    if len(reports) > MAX_REPORTS:
        raise Oversized(f"A note with more than {MAX_REPORTS} reports.")
    return Words(text=whole, values=tuple(several[Leaf.FIELD]), reports=reports, **values)


def check_issued(kind: int, proof: int) -> None:
    """Refuse, by name, the proof kinds that this version reserves, and kinds that there are not."""
    if proof in RESERVED_PROOFS:
        raise NotAllowed(
            f"Proof kind {proof}, {RESERVED_PROOFS[ProofKind(proof)]}, is reserved: "
            "this version issues transferable notes only.",
            "Release it as a transferable note, or not at all.",
        )
    if kind not in KINDS or proof != ProofKind.TRANSFERABLE:
        raise NotAllowed("A kind of note that does not exist.")


def check_understood(kind: int, proof: int, words: Words | None = None) -> None:
    """Raise NewerVersion on a received note of another kind: it must not pass for a plain one.

    ``words``: what its leaves carry, where they are at hand; each kind has its own.
    """
    if proof != ProofKind.TRANSFERABLE or kind not in KINDS:
        named = RESERVED_PROOFS.get(ProofKind(proof), "unknown") if proof in set(ProofKind) else "unknown"
        raise NewerVersion(f"A note of kind {kind}, proof kind {proof} ({named}), not understood.")
    if words is None:
        return
    if (kind in BY_FORM) != (words.form is not None) or (kind == NoteKind.CODED) != (words.coded is not None):
        raise NewerVersion(
            f"A note of kind {kind} ({KINDS[NoteKind(kind)]}) that does not carry what makes it one."
        )
    if words.values and words.form is None:
        raise Malformed("A note with the fields of a form, and without the form.")


def note_digits(note_id: bytes) -> str:
    """Twenty check digits of a note."""
    return digits.check_digits("note", note_id, digits.NOTE)


@dataclass(frozen=True)
class OpenNote:
    """An opened note: its signed statement and what was under it."""

    signed: Signed
    seed: bytes
    leaves: tuple[tuple[int, Any], ...]

    @cached_property
    def note(self) -> Note:
        """The signed content."""
        return self.signed.statement.read(Note)

    @cached_property
    def words(self) -> Words:
        """Fields and text."""
        return words_of(self.leaves)

    @property
    def inside(self) -> bytes:
        """CBOR [signed, seed, leaves]: what is sealed."""
        return cbor.encode([self.signed.raw, self.seed, self.leaves])


def read_inside(raw: bytes) -> OpenNote:
    """Decode what was inside a seal; checks form and body root, not the signatures."""
    value = cbor.decode(raw, max_size=MAX_SEALED)
    if not isinstance(value, tuple) or len(value) != 3 or not isinstance(value[0], bytes):
        raise Malformed("A seal that holds no note.")
    signed_raw, seed, leaves = value
    if not isinstance(seed, bytes) or len(seed) != 32 or not isinstance(leaves, tuple):
        raise Malformed("A note's seed or leaves have the wrong form.")
    for leaf in leaves:
        if not isinstance(leaf, tuple) or len(leaf) != 2 or isinstance(leaf[0], bool):
            raise Malformed("A note's leaf is not a pair.")
        if not isinstance(leaf[0], int) or leaf[0] < 0:
            raise Malformed("A note's leaf has no label.")
    opened = OpenNote(read_signed(signed_raw), seed, leaves)
    if opened.note.leaves != len(leaves) or opened.note.body != merkle.body_root(seed, leaves):
        raise Altered("The words do not belong to the signature: they were changed after release.")
    _ = opened.words  # their form is held against what a note may say
    return opened


def verify_release(opened: OpenNote, office: Office) -> tuple[str, ...]:
    """The pseudonyms of the officers who released; raises WrongSigner if they are too few or not entitled."""
    note = opened.note
    if note.author != office.id or opened.signed.statement.realm != office.realm:
        raise Foreign("A note held against the credential of an office that is not its author.")
    check_understood(note.kind, note.proof, opened.words if opened.leaves else None)
    check_place(note.sequence, note.previous)
    roster = require_version(office, note.roster)
    opened.signed.verify()
    entitled = [signer for signer in opened.signed.signers if roster.rights(signer) & Right.RELEASE]
    if len(entitled) != len(opened.signed.signers):
        raise WrongSigner(f"A note signed by somebody who may not release for {office.name}.")
    if len(entitled) < roster.releasers_needed:
        raise WrongSigner(
            f"{len(entitled)} of {roster.releasers_needed} officers needed at {office.name} released this."
        )
    return tuple(name for each in entitled if (name := roster.pseudonym(each)) is not None)


def write_note(note: Note, words: Words, seed: bytes, realm: bytes) -> tuple[Any, OpenNote]:
    """(statement, unsigned opened note) of a note whose body and leaf count fit ``words`` and ``seed``."""
    statement = state(note, realm)
    return statement, OpenNote(Signed(statement, ()), seed, words.leaves())


def body_of(words: Words, seed: bytes) -> tuple[bytes, int]:
    """(body root, leaf count) for the statement; raises YourError if the text cannot be carried."""
    try:
        size = len(words.text.encode("utf-8"))
    except UnicodeEncodeError:
        raise YourError("The text holds half a character and cannot be carried.", "Type it again.") from None
    if size > MAX_TEXT:
        raise YourError(f"A note's text has at most {MAX_TEXT} bytes.", "Shorten it, or send two notes.")
    leaves = words.leaves()
    try:
        words_of(leaves)
    except OtherOfficeError as error:
        raise YourError(error.what) from None
    return merkle.body_root(seed, leaves), len(leaves)
