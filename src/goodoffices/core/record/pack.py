# SPDX-License-Identifier: Apache-2.0
"""Packs: many entries, or many receipts, of a line in one file of an exported record (ADR 0040).

A pack is a CBOR sequence (RFC 8742) of byte strings, each of which is what a file of its own would hold, in
the order of time, name, number and ID. Beside it lies a text with a line for each. What this module does
with a pack is a pure function of its bytes and of the line's two offices, so any core can do it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from goodoffices.core import crypto
from goodoffices.core.line import EntryKind
from goodoffices.core.office import Office
from goodoffices.core.record import layout
from goodoffices.core.record.account import carries
from goodoffices.core.record.hold import Refused, hold_entry, hold_receipt, vouchable
from goodoffices.core.record.layout import plain, short, zulu
from goodoffices.core.record.quick import Check, Quick, QuickReader, QuickReceipt

ENDING = ".pack"
MANY, LARGE = 1_000, 1_000_000
"""Objects and bytes after which a desk begins the next pack."""

LEAST = 200
"""Bytes of the smallest thing in a pack; no entry or receipt is so small. So a small file has few findings."""

ROW = struct.Struct("<QB16sQ32s32sQQB16sQ32s")
"""Of an entry: place in the pack, writer (0 or 1), then as in ``record_links``: incarnation, number, ID,
previous, roster, time, whether it had seen anything, and what: incarnation, number, ID."""
_NO_ID = bytes(32)
_NO_PLACE = (0, bytes(16), 0, bytes(32))
_NEWER = "something of a newer version"
_PLAINLY = {
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
    rows: bytearray = field(default_factory=bytearray)
    """Entries that hold, as ``ROW``."""
    carrying: dict[int, tuple[bytes, frozenset[int]]] = field(default_factory=dict)
    """Entries with something in them for the pass: the bytes, and which acts were verified."""
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

    def _order(self, order: Order, name: Callable[[], str]) -> None:
        looked = self.looked
        if looked.first is None:
            looked.first, looked.first_at = order, looked.count
            if looked.count == 1:
                looked.name = name().removesuffix(".cbor") + ENDING
        elif looked.last is not None and order <= looked.last:
            looked.misplaced.append(looked.count)
            return
        looked.last = order


class _Entries(_Packed):
    def __init__(self, ends: Ends, looked: Looked, *, ahead: bool) -> None:
        super().__init__(ends, looked)
        self.ahead = ahead
        names = self.names
        self.words = tuple((f"{names[at]}'s desk: entry ", f" to {names[1 - at]}, with ") for at in (0, 1))

    def take(self, quick: Quick) -> None:
        kind = quick[5]
        self._keep(quick, "nothing" if kind == EntryKind.ACTS else _PLAINLY.get(kind, _NEWER))

    def slowly(self, raw: bytes) -> None:
        held = hold_entry(raw, self.ends.line, self.offices, self.ends.realm)
        if isinstance(held, Refused):
            self._refused(held)
            return
        entry = held.entry
        at, place = self.index[entry.writer], (entry.incarnation, entry.number, entry.previous, entry.seen)
        times = held.signed.id, entry.time[0], entry.roster, entry.case_at
        self._keep(
            (at, *place, entry.kind, *times),
            carries(held.items) if entry.kind == EntryKind.ACTS else _PLAINLY.get(entry.kind, _NEWER),
        )
        if held.items or held.fault is not None:
            vouched = vouchable(held.items) if self.ahead else frozenset[int]()
            self.looked.carrying[self.looked.count] = raw, vouched

    def _keep(self, entry: Quick, what: str) -> None:
        writer, incarnation, number, previous, seen, _, entry_id, ms, roster, case_at = entry
        looked = self.looked
        count, half = looked.count, entry_id[:16]
        had = _NO_PLACE if seen is None else (1, *seen)
        looked.rows += ROW.pack(
            count, writer, incarnation, number, entry_id, previous or _NO_ID, roster, ms, *had
        )
        name = self.ends.offices[writer].name
        self._order(
            (ms, self.slugs[writer], number, half),
            lambda: layout.entry(self.ends.folder, ms, name, number, entry_id),
        )
        by, to = self.words[writer]
        case = "" if case_at is None else f" (case time {zulu(case_at)})"
        looked.text.append(f"{count}  {zulu(ms)}  {by}{number}{to}{what}{case}  {half.hex()}\n")


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
        self._order(
            (ms, self.slugs[reader], 0, receipt_id[:16]),
            lambda: layout.receipt(ends.folder, ms, office.name, receipt_id),
        )
        what = "an entry" if len(places) == 1 else f"{len(places)} entries"
        said = f"{self.names[reader]}'s desk: receipt, has {what} verified and on disk"
        looked.text.append(f"{looked.count}  {zulu(ms)}  {said}  {short(receipt_id)}\n")
