# SPDX-License-Identifier: Apache-2.0
"""Packs: many entries, or many receipts, of a line in one file of an exported record (ADR 0040).

A pack is a CBOR sequence (RFC 8742) of byte strings, each of which is what a file of its own would hold, in
the order of time, name, number and ID. Beside it lies a text with a line for each. What this module does
with a pack is a pure function of its bytes and of the line's two offices, so any core can do it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from goodoffices.core import crypto
from goodoffices.core.line import EntryKind
from goodoffices.core.office import Office
from goodoffices.core.record import layout
from goodoffices.core.record.account import carries
from goodoffices.core.record.hold import HeldEntry, Refused, hold_entry, hold_receipt, vouchable
from goodoffices.core.record.layout import plain, short, zulu
from goodoffices.core.record.quick import Check, Quick, QuickReader, QuickReceipt
from goodoffices.core.record.stretch import Stretch

ENDING = ".pack"
MANY, LARGE = 1_000, 1_000_000
"""Objects and bytes after which a desk begins the next pack."""

LEAST = 200
"""Bytes of the smallest thing in a pack; no entry or receipt is so small. So a small file has few findings."""

_NEWER = "something of a newer version"
_PLAINLY = {
    int(EntryKind.ACTS): "nothing",
    int(EntryKind.LINE_TEST): "a line test",
    int(EntryKind.SERVICE_CHAT): "service chat",
    int(EntryKind.SYSTEM): "a message between the two desks",
}

Q = TypeVar("Q")
Order = tuple[int, str, int, bytes]
"""What a pack is ordered by: ms, name in a path, number (0 for a receipt), half of the ID."""


@dataclass(frozen=True)
class Ends:
    """A line as far as its packs go: its ID, realm, folder and offices, in the order of the pairing."""

    line: bytes
    realm: bytes
    folder: str
    offices: tuple[Office, Office]


@dataclass(slots=True)
class Looked:
    """What a pack holds. All places count from 1."""

    count: int = 0
    broken: bool = False
    """Whether something in it is no byte string, so that what follows cannot be read."""
    refused: list[tuple[int, Refused]] = field(default_factory=list)
    misplaced: list[int] = field(default_factory=list)
    first: Order | None = None
    first_at: int = 0
    last: Order | None = None
    name: str | None = None
    """The path that follows from its first object; None where that does not hold."""
    found: list[Stretch | tuple[int, HeldEntry]] = field(default_factory=list)
    """Entries that hold, those of one chain in their order; with its place each that has something in it."""
    receipts: list[tuple[int, bytes, tuple[tuple[bytes, int, bytes], ...]]] = field(default_factory=list)
    """(place, reader, what is receipted)"""
    text: list[str] = field(default_factory=list)


def wrapped(raw: bytes) -> bytes:
    """One object as it stands in a pack."""
    size = len(raw)
    width = 0 if size < 24 else 1 if size < 0x100 else 2 if size < 0x10000 else 4
    head = (
        bytes([0x40 + size])
        if not width
        else bytes([0x57 + width.bit_length()]) + size.to_bytes(width, "big")
    )
    return head + raw


def packed(objects: Iterable[bytes], many: int = MANY) -> Iterator[bytes]:
    """Packs of signed objects, in the order in which they are given."""
    pack, count = bytearray(), 0
    for raw in objects:
        pack += wrapped(raw)
        count += 1
        if count == many or len(pack) >= LARGE:
            yield bytes(pack)
            pack, count = bytearray(), 0
    if pack:
        yield bytes(pack)


def unwrapped(raw: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of each byte string; (-1, -1) where one does not begin, is too small, or is cut off."""
    at = 0
    while at < len(raw):
        lead = raw[at]
        width = (1, 2, 4)[lead - 0x58] if 0x58 <= lead <= 0x5A else 0
        start = at + 1 + width
        size = int.from_bytes(raw[at + 1 : start], "big") if width else lead - 0x40
        shortest = not width or size >= (24, 0x100, 0, 0x10000)[width - 1]
        if not 0x40 <= lead <= 0x5A or not shortest or size < LEAST or start + size > len(raw):
            yield -1, -1
            return
        at = start + size
        yield start, at


def look(kind: str, raw: bytes, ends: Ends, *, ahead: bool) -> Looked:
    """Look at a pack of ``entries`` or ``receipts``; ``ahead``: verify what entries carry as well."""
    looked = Looked()
    if kind == "entries":
        entries = _Entries(ends, looked, ahead=ahead)
        _go_through(raw, looked, entries.quick.entry, entries.take, entries.slowly)
    else:
        receipts = _Receipts(ends, looked)
        _go_through(raw, looked, receipts.quick.receipt, receipts.take, receipts.slowly)
    return looked


def _go_through(
    raw: bytes,
    looked: Looked,
    read: Callable[[bytes, int, int], tuple[Q, Check] | None],
    take: Callable[[Q], None],
    slowly: Callable[[bytes], None],
) -> None:
    """Read everything, then verify all signatures, then take all in: a processor is slower at doing each by turns."""
    parts = list(unwrapped(raw))
    quick = [read(raw, start, end) if start >= 0 else None for start, end in parts]
    held = iter(crypto.ed25519_hold([each[1] for each in quick if each is not None]))
    for (start, end), each in zip(parts, quick, strict=True):
        looked.count += 1
        if start < 0:
            looked.broken = True
        elif each is not None and next(held):
            take(each[0])
        else:
            slowly(raw[start:end])


class _Packed:
    def __init__(self, ends: Ends, looked: Looked) -> None:
        self.ends, self.looked = ends, looked
        self.offices: Mapping[bytes, Office] = {each.id: each for each in ends.offices}
        self.index = {each.id: at for at, each in enumerate(ends.offices)}
        self.slugs = [layout.slug(each.name) for each in ends.offices]
        self.names = [plain(each.name) for each in ends.offices]
        self.quick = QuickReader(ends.line, ends.realm, ends.offices)

    def _refused(self, refused: Refused) -> None:
        self.looked.refused.append((self.looked.count, refused))

    def _begins(self, order: Order) -> bool:
        """Look at where an object stands; whether the pack has its name."""
        looked, last = self.looked, self.looked.last
        if last is not None:
            if order > last:
                looked.last = order
            else:
                looked.misplaced.append(looked.count)
            return False
        looked.first, looked.first_at, looked.last = order, looked.count, order
        return looked.count == 1


class _Entries(_Packed):
    def __init__(self, ends: Ends, looked: Looked, *, ahead: bool) -> None:
        super().__init__(ends, looked)
        self.ahead = ahead
        names = self.names
        self.words = tuple((f"{names[at]}'s desk: entry ", f" to {names[1 - at]}, with ") for at in (0, 1))
        self.newest: tuple[dict[bytes, Stretch], dict[bytes, Stretch]] = ({}, {})
        """Of both writers' chains, by incarnation."""

    def take(self, entry: Quick) -> None:
        count, chains, incarnation = self.looked.count, self.newest[entry[0]], entry[1]
        newest = chains.get(incarnation)
        if newest is None or not newest.add(entry, count):
            chains[incarnation] = newest = Stretch(entry, count)
            self.looked.found.append(newest)
        self._tell(entry, _PLAINLY.get(entry[5], _NEWER))

    def slowly(self, raw: bytes) -> None:
        held = hold_entry(raw, self.ends.line, self.offices, self.ends.realm)
        if isinstance(held, Refused):
            self._refused(held)
            return
        entry = held.entry
        at, place = self.index[entry.writer], (entry.incarnation, entry.number, entry.previous, entry.seen)
        times = held.id, entry.time[0], entry.roster, entry.case_at
        read = at, *place, entry.kind, *times
        if not held.items and held.fault is None:
            self.take(read)
            return
        if self.ahead:
            held = replace(held, vouched=vouchable(held.items))
        self.looked.found.append((self.looked.count, held))
        self.newest[at].pop(entry.incarnation, None)  # the next of its chain comes after it
        self._tell(
            read, carries(held.items) if entry.kind == EntryKind.ACTS else _PLAINLY.get(entry.kind, _NEWER)
        )

    def _tell(self, entry: Quick, what: str) -> None:
        writer, _, number, _, _, _, entry_id, ms, _, case_at = entry
        looked, half = self.looked, entry_id[:16]
        if self._begins((ms, self.slugs[writer], number, half)):
            name = self.ends.offices[writer].name
            path = layout.entry(self.ends.folder, ms, name, number, entry_id)
            looked.name = path.removesuffix(".cbor") + ENDING
        by, to = self.words[writer]
        case = "" if case_at is None else f" (case time {zulu(case_at)})"
        looked.text.append(f"{looked.count}  {zulu(ms)}  {by}{number}{to}{what}{case}  {half.hex()}\n")


class _Receipts(_Packed):
    def slowly(self, raw: bytes) -> None:
        held = hold_receipt(raw, self.ends.line, self.offices)
        if isinstance(held, Refused):
            self._refused(held)
            return
        receipt = held.receipt
        self.take((self.index[receipt.reader], receipt.entries, receipt.time[0], held.id))

    def take(self, quick: QuickReceipt) -> None:
        looked, ends = self.looked, self.ends
        reader, places, ms, receipt_id = quick
        office = ends.offices[reader]
        looked.receipts.append((looked.count, office.id, places))
        if self._begins((ms, self.slugs[reader], 0, receipt_id[:16])):
            path = layout.receipt(ends.folder, ms, office.name, receipt_id)
            looked.name = path.removesuffix(".cbor") + ENDING
        what = "an entry" if len(places) == 1 else f"{len(places)} entries"
        said = f"{self.names[reader]}'s desk: receipt, has {what} verified and on disk"
        looked.text.append(f"{looked.count}  {zulu(ms)}  {said}  {short(receipt_id)}\n")
