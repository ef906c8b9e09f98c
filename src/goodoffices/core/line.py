# SPDX-License-Identifier: Apache-2.0
"""Entries, receipts and heads: the record of a line (docs/format.md §8).

Each of the two desks of a line writes a chain of entries. An entry commits to its body by a salted
hash, so the body of a chat or a test can be erased without breaking the chain, and names what its
writer had seen of the other's chain. A receipt says that entries are stored, synced to disk. A head
is what a desk asks and answers after every start: what it lacks, and whether its vault went back. It
signs under a new incarnation with every start, so that an older copy of a vault never forks its chain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from goodoffices.core import cbor, crypto
from goodoffices.core.act import CASE_AT
from goodoffices.core.errors import Foreign, Malformed, WrongSigner
from goodoffices.core.fields import (
    ID,
    INCARNATION,
    MAX_TIME,
    TIME,
    data,
    flag,
    key,
    listing,
    optional,
    row,
    text,
    uint,
)
from goodoffices.core.office import Office, require_version
from goodoffices.core.once import once
from goodoffices.core.statement import MAX_SIGNED, Content, Kind, Remembered, Signed

MAX_BODY = 260_000
MAX_ITEMS = 256
MAX_RECEIPTED = 64
MAX_NUMBERS = 64
"""Lanes of which an answer tells the asker's highest note number."""

PLACE = row(INCARNATION, uint(2**32), ID)
"""[incarnation, number, entry ID]: one entry's place in its writer's chain."""

Place = tuple[bytes, int, bytes]


class EntryKind(IntEnum):
    """What an entry carries. An unknown kind is kept, chained and shown as "newer version"."""

    ACTS = 1
    LINE_TEST = 2
    SERVICE_CHAT = 3
    SYSTEM = 4


ERASABLE = frozenset({EntryKind.LINE_TEST, EntryKind.SERVICE_CHAT})
"""Kinds of entries whose bodies and salts may be erased: the chain holds, what they said is gone."""


class Item(IntEnum):
    """What stands in an entry's body: [item, bytes ...]."""

    NOTE = 1
    """[1, sealed note]"""
    ACT = 2
    """[2, signed act]"""
    MANDATE = 3
    """[3, signed mandate, [credential ...], [paper attestation ...]]"""
    CONFIRMED = 4
    """[4, signed pairing confirmation]"""
    ROSTER = 5
    """[5, credential]"""
    INCARNATION = 6
    """[6, previous place or empty]: the first entry of a new incarnation"""
    RESEAL_ASKED = 7
    """[7, note ID]: a restored desk can no longer open this note"""
    RESEALED = 8
    """[8, sealed note]: the same note sealed anew"""
    NEXT_ROSTER = 9
    """[9, signed roster]: one more roster of an office whose earlier ones are known"""
    THIN_LINE = 10
    """[10, signed wish]: this office wants the line thin, or no more (``core.thin.keys``)"""
    THIN_KEYS = 11
    """[11, signed keys]: the secret of a thin line's chain, sealed to its readers"""
    THIN_HELD = 12
    """[12, signed]: a reader's desk has those keys"""
    LINE_TEST = 16
    """[16, signed test]: alone, in an entry of kind 2"""
    SERVICE_CHAT = 17
    """[17, signed chat]: alone, in an entry of kind 3"""


@dataclass(frozen=True, kw_only=True)
class Entry(Content):
    """One link of a line's record, signed by its writer's desk."""

    KIND: ClassVar[Kind] = Kind.ENTRY
    line: bytes = key(1, ID)
    writer: bytes = key(2, ID)
    incarnation: bytes = key(3, INCARNATION)
    number: int = key(4, uint(2**32))
    previous: bytes | None = key(5, optional(ID), default=None)
    seen: Place | None = key(6, optional(PLACE), default=None)
    kind: int = key(7, uint(2**16))
    time: tuple[int, int] = key(8, TIME)
    commitment: bytes = key(9, ID)
    roster: int = key(10, uint(2**32))
    case_at: int | None = key(CASE_AT, optional(uint(MAX_TIME)), default=None)


@dataclass(frozen=True, kw_only=True)
class Receipt(Content):
    """The reader's desk has these entries, verified and synced to disk."""

    KIND: ClassVar[Kind] = Kind.RECEIPT
    line: bytes = key(1, ID)
    reader: bytes = key(2, ID)
    entries: tuple[Place, ...] = key(3, listing(PLACE, MAX_RECEIPTED, minimum=1))
    time: tuple[int, int] = key(4, TIME)
    roster: int = key(5, uint(2**32))


@dataclass(frozen=True, kw_only=True)
class Head(Content):
    """Question (``answers`` absent) or answer about both chains of a line."""

    KIND: ClassVar[Kind] = Kind.HEAD
    line: bytes = key(1, ID)
    writer: bytes = key(2, ID)
    mine: Place | None = key(3, optional(PLACE), default=None)
    yours: Place | None = key(4, optional(PLACE), default=None)
    nonce: bytes = key(5, data(16))
    answers: bytes | None = key(6, optional(data(16)), default=None)
    locked: bool = key(7, flag)
    time: tuple[int, int] = key(8, TIME)
    roster: int = key(9, uint(2**32))
    numbers: tuple[tuple[bytes, bytes, int], ...] | None = key(
        128, optional(listing(row(ID, ID, uint(2**32)), MAX_NUMBERS)), default=None
    )
    """In an answer: [mandate, lane, highest number] of the asker's notes that are here."""
    mailboxes: tuple[int, int] | None = key(129, optional(row(uint(2**32), uint(2**32))), default=None)
    """Versions of where the writer collects, and of where it writes to; absent while both are those of the pairing."""
    software: str | None = key(130, optional(text(40, minimum=1)), default=None)
    """Version of the program behind the writer, so that the other side sees when the two part."""


def commitment(salt: bytes, body: bytes) -> bytes:
    """SHA-256("GO1 body" || salt || body); the 32-byte salt hides a short body once it is erased."""
    return crypto.sha256(b"GO1 body" + salt + body)


@dataclass(frozen=True)
class CarriedEntry:
    """An entry with the body that it commits to, as it travels and as it is kept."""

    signed: Signed
    salt: bytes
    body: bytes

    @once
    def entry(self) -> Entry:
        """The signed content."""
        return self.signed.statement.read(Entry)

    @once
    def place(self) -> Place:
        """Its place in its writer's chain."""
        entry = self.entry
        return entry.incarnation, entry.number, self.signed.id

    @property
    def erased(self) -> bool:
        """Whether its writer's desk kept the chain and not the words: only tests and chat can be."""
        return not self.salt and not self.body and self.entry.kind in ERASABLE

    @property
    def items(self) -> tuple[tuple[Any, ...], ...]:
        """The body's items; raises Malformed. Items of unknown number are left as they are."""
        if self.erased:
            return ()
        # Of what may be erased nothing stays in memory either.
        return read_items(self.body) if self.entry.kind in ERASABLE else _items_of(self.body)


def read_items(body: bytes) -> tuple[tuple[Any, ...], ...]:
    """Decode a body: an array of arrays, each beginning with its item number."""
    items = cbor.decode(body, max_size=MAX_BODY)
    if not isinstance(items, tuple) or len(items) > MAX_ITEMS:
        raise Malformed("An entry's body is not a list of items.")
    for item in items:
        if not isinstance(item, tuple) or not item:
            raise Malformed("An item of an entry is empty or no item.")
        if isinstance(item[0], bool) or not isinstance(item[0], int):
            raise Malformed("An item of an entry has no number.")
        if item[0] in _ITEM_FORMS and not _ITEM_FORMS[item[0]](item[1:]):
            raise Malformed(f"Item {item[0]} of an entry has the wrong form.")
    return items


_items_of = Remembered(read_items)
"""An entry is read by whoever wrote it, to know what its relay's answer is about, and by whom it came to."""


def _blob(rest: tuple[Any, ...]) -> bool:
    return len(rest) == 1 and isinstance(rest[0], bytes)


def _mandate(rest: tuple[Any, ...]) -> bool:
    return (
        len(rest) == 3
        and isinstance(rest[0], bytes)
        and all(isinstance(part, tuple) and all(isinstance(x, bytes) for x in part) for part in rest[1:])
    )


def _place_or_nothing(rest: tuple[Any, ...]) -> bool:
    if len(rest) != 1 or rest[0] is None:
        return len(rest) == 1
    try:
        PLACE(rest[0])
    except ValueError:
        return False
    return True


_ITEM_FORMS: dict[int, Callable[[tuple[Any, ...]], bool]] = {
    Item.NOTE: _blob,
    Item.ACT: _blob,
    Item.MANDATE: _mandate,
    Item.CONFIRMED: _blob,
    Item.ROSTER: _blob,
    Item.INCARNATION: _place_or_nothing,
    Item.RESEAL_ASKED: _blob,
    Item.RESEALED: _blob,
    Item.NEXT_ROSTER: _blob,
    Item.THIN_LINE: _blob,
    Item.THIN_KEYS: _blob,
    Item.THIN_HELD: _blob,
    Item.LINE_TEST: _blob,
    Item.SERVICE_CHAT: _blob,
}


def verify_entry(carried: CarriedEntry, line: bytes, office: Office, *, body_shown: bool = True) -> Entry:
    """Raise unless the entry is ``office``'s desk's own, on this line, with this body (if it is shown)."""
    entry = carried.signed.statement.read(Entry, realm=office.realm)
    if entry.line != line or entry.writer != office.id:
        raise Foreign("An entry of another line or another writer.")
    _by_desk(carried.signed, office, entry.roster)
    whole = len(carried.salt) == 32 and commitment(carried.salt, carried.body) == entry.commitment
    if body_shown and not whole and not carried.erased:
        raise Foreign("An entry whose body is not the one it commits to.")
    if len(carried.body) > MAX_BODY:
        raise Malformed("An entry's body is too large.")
    if entry.number < 1 or (entry.previous is None) != (entry.number == 1):
        raise Malformed("Only the first entry of an incarnation has none before it.")
    return entry


def verify_receipt(signed: Signed, line: bytes, office: Office) -> Receipt:
    """Raise unless the receipt is ``office``'s desk's own, on this line."""
    receipt = signed.statement.read(Receipt, realm=office.realm)
    if receipt.line != line or receipt.reader != office.id:
        raise Foreign("A receipt for another line or by another reader.")
    _by_desk(signed, office, receipt.roster)
    return receipt


def verify_head(signed: Signed, line: bytes, office: Office) -> Head:
    """Raise unless the head is ``office``'s desk's own, on this line."""
    head = signed.statement.read(Head, realm=office.realm)
    if head.line != line or head.writer != office.id:
        raise Foreign("A head of another line or another writer.")
    _by_desk(signed, office, head.roster)
    return head


def _by_desk(signed: Signed, office: Office, version: int) -> None:
    if signed.signers != (require_version(office, version).desk,):
        raise WrongSigner(f"Not signed by {office.name}'s desk alone.")
    signed.verify()


assert MAX_BODY > MAX_SIGNED  # an entry can carry the largest signed object
