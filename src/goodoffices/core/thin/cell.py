# SPDX-License-Identifier: Apache-2.0
"""Cells: the envelopes of a thin line, 512 bytes each (docs/format.md §16.5, ADR 0044).

    cell      0x02 || chain (4) || number (3) || nonce (12) || ciphertext || zeros (12)

What is inside are the parts of an ordinary envelope in the thin form of ``thin_values``, so that after opening
nothing is different: the same signed entries, receipts and heads, byte for byte. One part is new: a note that
goes ahead of the entry that will carry it. The zeros are left out where a frame of 12 bytes stands around a
cell (a modem, a radio), so that frame and cell are 512 bytes together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from goodoffices.core import cbor, crypto
from goodoffices.core.envelope import PART_ENTRY, PART_HEAD, PART_RECEIPT
from goodoffices.core.errors import GoodOfficesError, Malformed, OtherOfficeError
from goodoffices.core.fields import from_map, to_map
from goodoffices.core.line import CarriedEntry, Entry, Item, commitment, read_items
from goodoffices.core.sealed import Header, SealedNote, read_sealed
from goodoffices.core.statement import Signed, read_signed
from goodoffices.core.thin.keys import NONCE, Chain, open_message, seal_message
from goodoffices.core.thin.note import MOST_RELEASERS, PER_RELEASER
from goodoffices.core.thin.text import malformed
from goodoffices.core.thin.values import Known, Reader, Unfit, Writer, common, not_here

CLASSES = tuple(512 + PER_RELEASER * more for more in range(MOST_RELEASERS))
"""Bytes of a cell, by how many officers release at the offices whose notes the line carries, less one."""
FRAME = 12
"""Zeros at a cell's end."""
VERSION = 2
PART_NOTE = 8
"""A note ahead of its entry."""
_HEAD = 8
_NAMED = 8
"""First bytes of its ID, and of its digest, by which an entry names a note that went ahead."""
_AHEAD, _ACT, _OTHER = range(3)

ThinPart = tuple[int, Signed] | tuple[int, CarriedEntry] | tuple[int, SealedNote]


class Held(Known, Protocol):
    """What one end knows, with the notes that it holds."""

    def sealed(self, note: bytes, digest: bytes) -> bytes | None:
        """The one sealed note held here whose ID, and whose SHA-256, begin so."""
        ...


def room(size: int) -> int:
    """Bytes of parts in a cell of a class."""
    return size - FRAME - _HEAD - NONCE - crypto.AEAD_TAG_SIZE - 2


def size_for(releasers: int) -> int:
    """The class of a line's cells, by the most officers who release at an office whose notes it carries."""
    return CLASSES[min(max(releasers, 1), MOST_RELEASERS) - 1]


# --- what is inside ----------------------------------------------------------------------------------


def write_parts(
    parts: Iterable[tuple[int, Any]], realm: bytes, line: bytes, offices: tuple[bytes, bytes], held: Held
) -> bytes:
    """The thin form of parts: (kind, Signed, CarriedEntry or SealedNote). Raises Unfit."""
    listed = list(parts)
    writer = Writer(held, realm, common(line, *offices))
    writer.number(len(listed))
    for kind, part in listed:
        writer.number(kind)
        if kind == PART_ENTRY:
            _write_entry(writer, part, held)
        elif kind in (PART_RECEIPT, PART_HEAD):
            writer.signed(part, {"line": line}, whole=kind == PART_HEAD)
        elif kind == PART_NOTE:
            _write_note(writer, part)
        else:
            raise Unfit("a part that goes the ordinary way")
    raw = bytes(writer.out)
    try:
        same = read_parts(raw, realm, line, offices, held) == tuple(listed)
    except GoodOfficesError as error:
        raise Unfit(error.what) from None
    if not same:
        raise Unfit("a part that would not come back as it is")
    return raw


def read_parts(
    raw: bytes, realm: bytes, line: bytes, offices: tuple[bytes, bytes], held: Held
) -> tuple[ThinPart, ...]:
    """The parts, not verified. Raises Malformed, or NotNow where something named is not here."""
    reader = Reader(raw, held, realm, common(line, *offices))
    parts: list[ThinPart] = []
    for _ in range(reader.number()):
        kind = reader.number()
        if kind == PART_ENTRY:
            parts.append((kind, _read_entry(reader, line, held)))
        elif kind in (PART_RECEIPT, PART_HEAD):
            parts.append((kind, _whole(reader.signed({"line": line}))))
        elif kind == PART_NOTE:
            parts.append((kind, _read_note(reader)))
        else:
            raise malformed()
    reader.end()
    return tuple(parts)


def _whole(signed: Signed) -> Signed:
    return read_signed(signed.raw)


def _write_entry(writer: Writer, carried: CarriedEntry, held: Held) -> None:
    writer.put(carried.salt)
    try:
        items = read_items(carried.body)
    except OtherOfficeError as error:
        raise Unfit(error.what) from None
    writer.number(len(items))
    for item in items:
        if item[0] in (Item.NOTE, Item.RESEALED):
            name = read_sealed(item[1]).header.note[:_NAMED], crypto.sha256(item[1])[:_NAMED]
            if held.sealed(*name) != item[1]:
                raise Unfit("a note that did not go ahead")
            writer.out.append(_AHEAD)
            writer.number(item[0])
            writer.out += b"".join(name)
        elif item[0] == Item.ACT:
            writer.out.append(_ACT)
            writer.signed(read_signed(item[1]), {})
        else:
            writer.out.append(_OTHER)
            writer.put(item)
    writer.signed(carried.signed, _of_entry(carried, carried.entry.line))


def _of_entry(carried: CarriedEntry, line: bytes) -> dict[str, Any]:
    return {"line": line, "commitment": commitment(carried.salt, carried.body)}


def _read_entry(reader: Reader, line: bytes, held: Held) -> CarriedEntry:
    salt = reader.get()
    if not isinstance(salt, bytes) or len(salt) not in (0, 32):
        raise malformed()
    items: list[Any] = []
    for _ in range(reader.number()):
        form = reader.take(1)[0]
        if form == _AHEAD:
            number, sealed = reader.number(), held.sealed(reader.take(_NAMED), reader.take(_NAMED))
            if sealed is None:
                raise not_here()
            items.append((number, sealed))
        elif form == _ACT:
            items.append((int(Item.ACT), reader.signed({}).raw))
        elif form == _OTHER:
            items.append(reader.get())
        else:
            raise malformed()
    try:
        body = cbor.encode(items)
    except (TypeError, ValueError, OverflowError):
        raise malformed() from None
    signed = _whole(reader.signed({"line": line, "commitment": commitment(salt, body)}))
    signed.statement.read(Entry)
    return CarriedEntry(signed, salt, body)


def _write_note(writer: Writer, sealed: SealedNote) -> None:
    if sealed.chain is None:
        raise Unfit("a note that is sealed the ordinary way")
    chain, number = sealed.chain
    header = to_map(sealed.header)
    writer.number(sum(1 << key for key in header))
    for value in header.values():
        writer.put(value)
    writer.put(sealed.readers())
    writer.put(chain)
    writer.number(number)
    writer.number(len(sealed.ciphertext))
    writer.out += sealed.ciphertext


def _read_note(reader: Reader) -> SealedNote:
    present = reader.number()
    header = {key: reader.get() for key in range(1, 9) if present >> key & 1}
    header_raw = cbor.encode(header)
    from_map(Header, header)
    readers, chain, number = reader.get(), reader.get(), reader.number()
    if not isinstance(readers, tuple) or present >> 9 or present & 1:
        raise malformed()
    ciphertext = reader.take(min(reader.number(), 1024))
    wraps = [(each, number, chain) for each in readers]
    return read_sealed(cbor.encode([crypto.SUITE, header_raw, wraps, ciphertext]))


# --- sealed ------------------------------------------------------------------------------------------


def pack_cell(payload: bytes, size: int, chain: Chain, nonce: bytes) -> tuple[bytes, Chain]:
    """The envelope, and the chain's next state, which is kept before it is sent.

    ``nonce``: 12 fresh random bytes. Raises Unfit if the payload is too long for the class.
    """
    if len(payload) > room(size):
        raise Unfit(f"{len(payload) - room(size)} bytes too many for a cell")
    head = bytes([VERSION]) + chain.id[:4] + chain.next.to_bytes(3, "big")
    padded = len(payload).to_bytes(2, "big") + payload + bytes(room(size) - len(payload))
    message, after = chain.step()
    return head + seal_message(message, nonce, padded, b"GO1 cell" + head) + bytes(FRAME), after


def cell_place(envelope: bytes) -> tuple[bytes, int]:
    """(first 4 bytes of the chain's ID, number of the message); raises Malformed if it is no cell."""
    if len(envelope) not in CLASSES or envelope[0] != VERSION or any(envelope[-FRAME:]):
        raise Malformed("An envelope of no known size class or version.")
    return envelope[1:5], int.from_bytes(envelope[5:8], "big")


def open_cell(envelope: bytes, message: bytes) -> bytes:
    """What is inside, by the message's key; raises Altered or Malformed."""
    head = envelope[:_HEAD]
    padded = open_message(message, envelope[_HEAD:-FRAME], b"GO1 cell" + head)
    length = int.from_bytes(padded[:2], "big")
    if any(padded[2 + length :]) or length > len(padded) - 2:
        raise malformed()
    return padded[2 : 2 + length]
