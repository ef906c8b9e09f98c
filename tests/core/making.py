# SPDX-License-Identifier: Apache-2.0
"""Objects to test the core with, made from names: the same name gives the same keys in every run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from goodoffices.core import crypto
from goodoffices.core.act import CHANNEL_LANE, Act, ActType, ProofKind
from goodoffices.core.line import CarriedEntry, Entry, EntryKind, commitment
from goodoffices.core.mandate import DEFAULT_CLOCKS, Agreement, Mandate, read_agreement
from goodoffices.core.note import Note, NoteKind, OpenNote, Words, body_of, write_note
from goodoffices.core.office import (
    Office,
    Right,
    Roster,
    make_root,
    make_roster,
    verify_office,
)
from goodoffices.core.service_traffic import LineTest, ServiceChat, Step
from goodoffices.core.statement import LIVE, Signed, add_signature, sign, state

NOW = 1_578_466_800_000
"""8 January 2020, 07:00 Zulu."""
DAY = 86_400_000
ALL = int(Right.DRAFT | Right.RELEASE | Right.DUTY | Right.KEYS | Right.AUDIT)
DRILL = bytes(range(16))


def seed(name: str) -> bytes:
    """32 bytes that a name stands for."""
    return crypto.sha256(b"test seed " + name.encode())


@dataclass(frozen=True)
class Made:
    """An office with every secret of it."""

    office: Office
    label: str

    @property
    def id(self) -> bytes:
        return self.office.id

    @property
    def root_seed(self) -> bytes:
        return seed(f"{self.label} root")

    @property
    def desk_seed(self) -> bytes:
        return seed(f"{self.label} desk")

    def officer(self, name: str = "duty") -> bytes:
        return seed(f"{self.label} officer {name}")

    def reading(self, epoch: int = 1) -> bytes:
        return seed(f"{self.label} reading {epoch}")

    def envelope(self, epoch: int = 1) -> bytes:
        return seed(f"{self.label} envelope {epoch}")

    @property
    def reader(self) -> tuple[bytes, int, bytes]:
        return self.id, 1, crypto.sealing_public(self.reading())


def roster(
    label: str, of: bytes, /, version: int = 1, previous: bytes | None = None, **fields: Any
) -> Roster:
    """A roster with one epoch of each kind and the officers duty and second, unless told otherwise."""
    values: dict[str, Any] = {
        "office": of,
        "version": version,
        "previous": previous,
        "made": NOW,
        "desk": crypto.ed25519_public(seed(f"{label} desk")),
        "envelope_epochs": ((1, NOW, NOW + 28 * DAY, crypto.sealing_public(seed(f"{label} envelope 1"))),),
        "reading_epochs": ((1, NOW, NOW + 28 * DAY, crypto.sealing_public(seed(f"{label} reading 1"))),),
        "officers": tuple(
            (f"officer {name}", crypto.ed25519_public(seed(f"{label} officer {name}")), rights)
            for name, rights in (("duty", ALL), ("second", ALL), ("drafter", int(Right.DRAFT)))
        ),
        "releasers_needed": 1,
    }
    return Roster(**(values | fields))


def without(made: Roster, *names: str) -> tuple[tuple[str, bytes, int], ...]:
    """The officers of a roster but for some."""
    return tuple(each for each in made.officers if each[0] not in {f"officer {name}" for name in names})


@cache
def made_office(label: str, realm: bytes = LIVE, needed: int = 1) -> Made:
    """An office with one roster."""
    root = make_root(label, seed(f"{label} root"), realm, NOW)
    first = make_roster(roster(label, root.id, releasers_needed=needed), seed(f"{label} root"), realm)
    return Made(verify_office((root, first)), label)


def next_roster(office: Made, /, **fields: Any) -> Office:
    """The office with one roster more."""
    known = office.office
    new = roster(office.label, known.id, known.roster.version + 1, known.signed[-1].id, **fields)
    return verify_office((*known.signed, make_roster(new, office.root_seed, known.realm)))


def washington() -> Made:
    return made_office("Washington")


def bern() -> Made:
    return made_office("Bern")


def tehran() -> Made:
    return made_office("Tehran")


def path(*offices: Office) -> tuple[tuple[int, bytes, bytes, bool], ...]:
    """The offices of a channel in their order, each with its pin."""
    last = len(offices) - 1
    return tuple((1 if at in (0, last) else 2, each.id, each.pin, False) for at, each in enumerate(offices))


def mandate(**fields: Any) -> Mandate:
    """Washington over Bern to Tehran, open, by hand."""
    values: dict[str, Any] = {
        "name": "Swiss channel",
        "offices": path(washington().office, bern().office, tehran().office),
        "reading": 2,
        "forwarding": 1,
        "clocks": {int(each): limit for each, limit in DEFAULT_CLOCKS.items()},
        "languages": ("en", "fa"),
        "disclosure": 1,
        "record_use": 1,
        "acknowledgements": (7, 8, 9),
        "officers_to_add_words": 1,
        "made": NOW,
        "salt": seed("mandate salt"),
    }
    return Mandate(**(values | fields))


def credentials(*made: Made) -> dict[bytes, Office]:
    """The credentials that go with a mandate."""
    return {each.id: each.office for each in made or (washington(), bern(), tehran())}


@cache
def agreement() -> Agreement:
    """The mandate, signed by all three."""
    statement = state(mandate(), LIVE)
    signed = sign(statement, washington().officer(), bern().officer(), tehran().officer())
    return read_agreement(signed, credentials(), ())


def act(author: Made, **fields: Any) -> Act:
    """An act of an office of the channel, the first of its chain."""
    values: dict[str, Any] = {
        "mandate": agreement().id,
        "author": author.id,
        "recipient": tehran().id,
        "lane": CHANNEL_LANE,
        "incarnation": bytes(16),
        "sequence": 1,
        "roster": 1,
        "proof": int(ProofKind.TRANSFERABLE),
        "time": (NOW, 2),
        "type": int(ActType.SEEN),
    }
    return Act(**(values | fields))


WORDS = Words(text="We do not want war.\n\nConsider this message as coming from us.\n", language="en")


def note(words: Words = WORDS, **fields: Any) -> Note:
    """A note from Washington to Tehran."""
    body, leaves = body_of(words, seed("note seed"))
    values: dict[str, Any] = {
        "mandate": agreement().id,
        "author": washington().id,
        "recipient": tehran().id,
        "lane": CHANNEL_LANE,
        "incarnation": bytes(16),
        "sequence": 1,
        "roster": 1,
        "proof": int(ProofKind.TRANSFERABLE),
        "time": (NOW, 2),
        "number": 1,
        "precedence": 3,
        "kind": int(NoteKind.PLAIN),
        "body": body,
        "leaves": leaves,
    }
    return Note(**(values | fields))


def released(words: Words = WORDS, *signers: bytes, realm: bytes = LIVE, **fields: Any) -> OpenNote:
    """A released note, by Washington's duty officer unless told otherwise."""
    statement, opened = write_note(note(words, **fields), words, seed("note seed"), realm)
    return replace(opened, signed=sign(statement, *(signers or (washington().officer(),))))


LINE = seed("a line")


def entry(writer: Made, body: bytes, **fields: Any) -> CarriedEntry:
    """The first entry of a writer on the line."""
    salt = seed("entry salt")
    values: dict[str, Any] = {
        "line": LINE,
        "writer": writer.id,
        "incarnation": bytes(16),
        "number": 1,
        "kind": int(EntryKind.ACTS),
        "time": (NOW, 2),
        "commitment": commitment(salt, body),
        "roster": 1,
    }
    signed = sign(state(Entry(**(values | fields)), LIVE), writer.desk_seed)
    return CarriedEntry(signed, salt, body)


def line_test(writer: Made, signer: bytes | None = None, **fields: Any) -> Signed:
    """A step of a line test, the desk's call unless told otherwise."""
    values: dict[str, Any] = {
        "line": LINE,
        "office": writer.id,
        "nonce": seed("a test")[:16],
        "step": int(Step.CALL),
        "locked": False,
        "time": (NOW, 2),
        "roster": 1,
    }
    return sign(state(LineTest(**(values | fields)), LIVE), signer or writer.desk_seed)


def service_chat(writer: Made, signer: bytes | None = None, **fields: Any) -> Signed:
    """A line of service chat by the duty officer."""
    values: dict[str, Any] = {
        "line": LINE,
        "office": writer.id,
        "time": (NOW, 2),
        "roster": 1,
        "words": "Relay two answers again.",
    }
    return sign(state(ServiceChat(**(values | fields)), LIVE), signer or writer.officer())


def signed_act(author: Made, *signers: bytes, **fields: Any) -> tuple[Signed, Act]:
    """An act and its statement signed, by the author's duty officer unless told otherwise."""
    content = act(author, **fields)
    signed = sign(state(content, LIVE), *(signers or (author.officer(),)))
    return signed, content


def also_signed(signed: Signed, *seeds: bytes) -> Signed:
    """The same with more signatures."""
    for each in seeds:
        signed = add_signature(signed, each)
    return signed
