# SPDX-License-Identifier: Apache-2.0
"""Briefings: parts of a record for a named third party, with proof of where they stood (ADR 0020).

    parts      CBOR [credentials, mandate, papers, lines, checkpoints, entries, notes] and, where the mandate
               asks for consent, the acts by which it was asked and given (``core.consent``), and, where there
               are any, extracts of reports of the office's incident files (``core.extract``, ADR 0075)
    statement  kind BRIEFING, signed by an officer who may release: for whom, under which mark, SHA-256(parts)
    file       CBOR [mark, signed statement, parts]

An entry is shown whole, with the path of hashes that leads from it to a checkpoint's root. Of a note each
field and paragraph is either shown, with its salt, or stands there as its salted hash: so a reader checks
the author's signature over all of it, and sees that, and where, something is withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from goodoffices.core import cbor, crypto, merkle
from goodoffices.core.errors import Altered, Malformed
from goodoffices.core.fields import ID, TIME, key, one_line, one_of, optional, text, uint
from goodoffices.core.mandate import Mandate, RecordUse
from goodoffices.core.note import MAX_LEAVES, Note, OpenNote
from goodoffices.core.statement import Content, Kind, Signed, read_signed

FILE = "briefing.cbor"
MARK = "GO1 briefing"
MAX_BRIEFING = 8 << 20
MAX_PATH = 64
MAX_CONSENTS = 64
MAX_EXTRACTS = 64
"""Extracts of reports beside the notes."""


class Sharing(IntEnum):
    """Sharing marks of TLP 2.0, from the narrowest on."""

    RED = 1
    AMBER_STRICT = 2
    AMBER = 3
    GREEN = 4
    CLEAR = 5

    @property
    def label(self) -> str:
        """As the standard writes it."""
        return f"TLP:{self.name.replace('_', '+')}"


@dataclass(frozen=True, kw_only=True)
class Briefing(Content):
    """What an officer signs who shows parts of the record to a third party."""

    KIND: ClassVar[Kind] = Kind.BRIEFING
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    mandate: bytes = key(4, ID)
    recipient: str = key(5, one_line(200))
    mark: int = key(6, one_of(1, 2, 3, 4, 5))
    purpose: str | None = key(7, optional(text(2000, minimum=1)), default=None)
    consent: str | None = key(8, optional(text(2000, minimum=1)), default=None)
    """How the channel's offices consented, in the officer's words."""
    parts: bytes = key(9, ID)
    consents: int | None = key(10, optional(uint(MAX_CONSENTS)), default=None)
    """How many acts of asking for consent and giving it are among the parts. Absent in older briefings."""
    reports: int | None = key(11, optional(uint(MAX_EXTRACTS)), default=None)
    """How many extracts of its own office's reports are among the parts; absent where none are."""


@dataclass(frozen=True)
class Shown:
    """A note's leaf that is shown: label, value, salt (32 bytes)."""

    label: int
    value: Any
    salt: bytes


Leaf = Shown | bytes
"""A leaf that is shown, or the salted hash (32 bytes) of one that is withheld."""


@dataclass(frozen=True)
class ShownNote:
    """A note's signed statement with what is shown of it."""

    signed: Signed
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class ShownEntry:
    """An entry file (core.record.manifest) with its place under a checkpoint."""

    line: int
    raw: bytes
    checkpoint: int
    path: tuple[bytes, ...]


@dataclass(frozen=True)
class Parts:
    """Everything that a briefing shows. ``lines``: (pairing statement, confirmations)."""

    credentials: tuple[bytes, ...]
    mandate: bytes
    papers: tuple[bytes, ...]
    lines: tuple[tuple[bytes, tuple[bytes, ...]], ...]
    checkpoints: tuple[bytes, ...]
    entries: tuple[ShownEntry, ...]
    notes: tuple[ShownNote, ...]
    consents: tuple[bytes, ...] | None = None
    """Signed acts; None in a briefing that says nothing of them."""
    reports: tuple[bytes, ...] | None = None
    """Extracts; None in a briefing that says nothing of them. One that has some says of consents too."""

    @property
    def raw(self) -> bytes:
        """The bytes whose hash is signed."""
        rows: list[Any] = [
            self.credentials,
            self.mandate,
            self.papers,
            self.lines,
            self.checkpoints,
            [[each.line, each.raw, each.checkpoint, each.path] for each in self.entries],
            [[each.signed.raw, [_written(leaf) for leaf in each.leaves]] for each in self.notes],
        ]
        if self.reports is not None:
            rows += [self.consents or (), self.reports]
        elif self.consents is not None:
            rows.append(self.consents)
        return cbor.encode(rows)


def _written(leaf: Leaf) -> Any:
    return [leaf.label, leaf.value, leaf.salt] if isinstance(leaf, Shown) else leaf


def show(opened: OpenNote, wanted: Sequence[int]) -> ShownNote:
    """A note with the leaves at the places ``wanted`` shown and all others withheld."""
    leaves: list[Leaf] = []
    for at, (label, value) in enumerate(opened.leaves):
        salt = merkle.leaf_salt(opened.seed, at)
        leaves.append(Shown(label, value, salt) if at in wanted else merkle.leaf_hash(salt, label, value))
    return ShownNote(opened.signed, tuple(leaves))


def check_leaves(note: ShownNote) -> Note:
    """The note's statement; raises Altered unless all that is shown and withheld makes up what was signed."""
    content = note.signed.statement.read(Note)
    hashes = [
        merkle.leaf_hash(leaf.salt, leaf.label, leaf.value) if isinstance(leaf, Shown) else leaf
        for leaf in note.leaves
    ]
    if len(hashes) != content.leaves or merkle.root(hashes) != content.body:
        raise Altered("What is shown of the note and what is withheld do not make up what its author signed.")
    return content


def why_not(mandate: Mandate) -> str | None:
    """What in the mandate stands against showing anything to a third party; None if nothing does."""
    if mandate.record_use == RecordUse.NOT_OUTSIDE:
        return "The mandate says that the record is not used outside the channel."
    return None


def why_not_marked(report: int, mark: int) -> str | None:
    """What stands against showing a report's extract in a briefing, by their marks; None if nothing does.

    ``report``: as a report is marked, from CLEAR 1 on; ``mark``: the briefing's, from RED 1 to CLEAR 5.
    """
    if mark <= 6 - report:
        return None
    own, wide = Sharing(6 - report).label, Sharing(mark).label
    return f"A report marked {own} is not passed on as widely as {wide}."


def write_briefing(signed: Signed, parts: Parts) -> bytes:
    """The bytes of a briefing's file."""
    return cbor.encode([MARK, signed.raw, parts.raw])


def read_briefing(raw: bytes) -> tuple[Signed, Briefing, Parts]:
    """Decode; of the signatures nothing is verified yet. Raises Malformed, Oversized, Altered."""
    value = cbor.decode(raw, max_size=MAX_BRIEFING)
    if not isinstance(value, tuple) or len(value) != 3 or value[0] != MARK or not _bytes(value[1:]):
        raise Malformed("Not a briefing.")
    signed = read_signed(value[1])
    content = signed.statement.read(Briefing)
    if crypto.sha256(value[2]) != content.parts:
        raise Altered("The parts are not those that the officer signed.")
    parts = _parts(cbor.decode(value[2], max_size=MAX_BRIEFING))
    if content.consents != (None if parts.consents is None else len(parts.consents)):
        raise Malformed("A briefing that states another number of acts of consent than it holds.")
    if content.reports != (None if parts.reports is None else len(parts.reports)):
        raise Malformed("A briefing that states another number of reports than it holds.")
    return signed, content, parts


def _bytes(values: Any) -> bool:
    return isinstance(values, tuple) and all(isinstance(each, bytes) for each in values)


def _parts(value: Any) -> Parts:
    match value:
        case (
            credentials,
            bytes(mandate),
            papers,
            tuple(lines),
            checkpoints,
            tuple(entries),
            tuple(notes),
            *more,
        ) if (
            _bytes(credentials)
            and _bytes(papers)
            and _bytes(checkpoints)
            and len(more) < 3
            and all(map(_bytes, more))
        ):
            return Parts(
                credentials,
                mandate,
                papers,
                tuple(map(_line, lines)),
                checkpoints,
                tuple(map(_entry, entries)),
                tuple(map(_note, notes)),
                *more,
            )
        case _:
            raise Malformed("The parts of a briefing have the wrong form.")


def _line(value: Any) -> tuple[bytes, tuple[bytes, ...]]:
    match value:
        case (bytes(pairing), confirmations) if _bytes(confirmations):
            return pairing, confirmations
        case _:
            raise Malformed("A line of a briefing has the wrong form.")


def _entry(value: Any) -> ShownEntry:
    match value:
        case (int(line), bytes(raw), int(checkpoint), path) if (
            _bytes(path)
            and len(path) <= MAX_PATH
            and not isinstance(line, bool)
            and not isinstance(checkpoint, bool)
            and min(line, checkpoint) >= 0
        ):
            return ShownEntry(line, raw, checkpoint, path)
        case _:
            raise Malformed("An entry of a briefing has the wrong form.")


def _note(value: Any) -> ShownNote:
    match value:
        case (bytes(signed), tuple(leaves)) if len(leaves) <= MAX_LEAVES:
            return ShownNote(read_signed(signed), tuple(map(_leaf, leaves)))
        case _:
            raise Malformed("A note of a briefing has the wrong form.")


def _leaf(value: Any) -> Leaf:
    match value:
        case bytes() if len(value) == 32:
            return value
        case (int(label), shown, bytes(salt)) if len(salt) == 32 and not isinstance(label, bool):
            return Shown(label, shown, salt)
        case _:
            raise Malformed("A leaf of a briefing's note has the wrong form.")
