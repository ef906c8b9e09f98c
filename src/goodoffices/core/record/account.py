# SPDX-License-Identifier: Apache-2.0
"""What a record says once its signed objects are read: the model that ``readable`` puts into words.

Texts of notes are not kept here: they are looked at one at a time. Everything else of an act, entry or
note is small, so a record of n objects takes some two kilobytes for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from goodoffices.core.act import Act
from goodoffices.core.line import Item, Place
from goodoffices.core.mandate import Agreement
from goodoffices.core.note import Note
from goodoffices.core.office import Office
from goodoffices.core.pairing import Pairing, PairingConfirmed
from goodoffices.core.record.checkpoints import JudgeStamp, KeptCheckpoint, Witnesses
from goodoffices.core.record.links import Links
from goodoffices.core.record.manifest import Manifest
from goodoffices.core.sealed import Header


@dataclass(frozen=True, slots=True)
class Carriage:
    """By which entry something went over a line, and what that entry's writer had seen by then."""

    line: bytes
    place: Place
    seen: Place | None

    def had(self, other: Carriage) -> bool:
        """Whether the writer of this entry says that it had seen the other side's entry ``other`` by then."""
        if self.seen is None or self.seen[0] != other.place[0]:
            return self.seen is not None  # of an earlier or later incarnation: not for numbers to say
        return other.place[1] <= self.seen[1]


@dataclass(frozen=True, slots=True)
class KeptAct:
    """A verified act, and where it stands in the record. ``carriage``: by its own author's entry, if so."""

    id: bytes
    act: Act
    signer: str
    by_desk: bool
    where: str
    carriage: Carriage | None


@dataclass(frozen=True, slots=True)
class Passed:
    """A sealed note in an entry."""

    digest: bytes
    header: Header
    where: str
    writer: bytes
    reader: bytes
    time: tuple[int, int]
    resealed: bool
    carriage: Carriage


@dataclass(slots=True)
class KeptNote:
    """A note of the record; ``note`` is set once its signed statement has been verified."""

    id: bytes
    header: Header
    folder: str
    passed: list[Passed] = field(default_factory=list)
    note: Note | None = None
    released_by: tuple[str, ...] = ()
    claims: tuple[bytes, ...] = ()
    """Notes that its author says to have read, held or answered."""
    spoiled: bool = False
    """Whether the record has what was inside its seal, and it does not hold."""


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """An entry in the account."""

    line: bytes
    writer: bytes
    time: tuple[int, int]
    case_at: int | None
    number: int
    kind: int
    carries: str
    where: str


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt in the account."""

    line: bytes
    reader: bytes
    time: tuple[int, int]
    entries: int
    where: str


@dataclass(slots=True)
class KeptLine:
    """A line of the record."""

    id: bytes
    folder: str
    pairing: Pairing
    confirmed: dict[bytes, tuple[PairingConfirmed, str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    """Where its entries lie: files of one each, or packs."""
    links: dict[bytes, Links] = field(init=False)
    checkpoints: list[KeptCheckpoint] = field(default_factory=list)
    unmatched: dict[tuple[bytes, Place], str] = field(default_factory=dict)
    """Readers with places that a receipt of theirs names and that are not theirs to receipt, and where."""

    def __post_init__(self) -> None:
        self.links = {office: Links(self.files) for office in self.pairing.offices}

    def other(self, office: bytes) -> bytes:
        """The other end."""
        first, last = self.pairing.offices
        return last if office == first else first

    def receipt(self, reader: bytes, places: Sequence[Place], where: str) -> None:
        """A verified receipt, of at least one place. After the entries."""
        links = self.links[self.other(reader)]
        for place in () if links.receipt_all(places) else places:
            if not links.receipt(place):
                self.unmatched.setdefault((reader, place), where)

    def receipted_by(self, reader: bytes, place: Place) -> bool:
        """Whether a receipt by ``reader`` names an entry."""
        return self.links[self.other(reader)].receipted(place) or (reader, place) in self.unmatched


@dataclass(slots=True)
class Account:
    """Everything that an export says."""

    manifest: Manifest
    realm: bytes
    witnesses: Witnesses = ()
    """Those who are trusted by whoever verifies."""
    authorities: JudgeStamp | None = None
    """Time stamps by certificates that are trusted by whoever verifies."""
    offices: dict[bytes, Office] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    """Files that are not those that the list names."""
    agreements: dict[bytes, tuple[str, Agreement]] = field(default_factory=dict)
    """By mandate ID: folder of the channel, mandate with its offices."""
    lines: dict[bytes, KeptLine] = field(default_factory=dict)
    entries: list[KeptEntry] = field(default_factory=list)
    receipts: list[KeptReceipt] = field(default_factory=list)
    acts: dict[bytes, KeptAct] = field(default_factory=dict)
    about: dict[bytes, list[KeptAct]] = field(default_factory=lambda: defaultdict(list))
    notes: dict[bytes, KeptNote] = field(default_factory=dict)
    papers: dict[bytes, str] = field(default_factory=dict)
    """Names of offices that run no desk."""
    compared: dict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """By mandate ID: who signed to have compared its digits."""

    def name(self, office: bytes) -> str:
        """What an office calls itself; a part of its ID if it is not in the record."""
        if office in self.offices:
            return self.offices[office].name
        return self.papers.get(office) or office[:8].hex()


ITEM_WORDS: dict[int, str] = {
    Item.NOTE: "a note",
    Item.ACT: "an act",
    Item.MANDATE: "a mandate with the signatures so far",
    Item.CONFIRMED: "the confirmation of the line",
    Item.ROSTER: "an office's credential",
    Item.INCARNATION: "the opening of a new incarnation",
    Item.RESEAL_ASKED: "the request to seal a note anew",
    Item.RESEALED: "a note sealed anew",
    Item.NEXT_ROSTER: "an office's next roster",
    Item.THIN_LINE: "the wish for a thin line",
    Item.THIN_KEYS: "keys of a thin line",
    Item.THIN_HELD: "word that keys of a thin line are held",
    Item.LINE_TEST: "a line test",
    Item.SERVICE_CHAT: "service chat",
}


def carries(items: tuple[tuple[Any, ...], ...]) -> str:
    """What an entry carries, in words."""
    words: dict[str, int] = {}
    for item in items:
        word = ITEM_WORDS.get(item[0], "something of a newer version")
        words[word] = words.get(word, 0) + 1
    return (
        ", ".join(word if count == 1 else f"{count} × {word}" for word, count in words.items()) or "nothing"
    )
