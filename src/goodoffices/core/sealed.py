# SPDX-License-Identifier: Apache-2.0
"""Sealing a note to its readers (docs/format.md §7).

    sealed      CBOR [suite, header, [[reader, epoch, wrapped content key] ...], ciphertext]

One content key per note, wrapped for each reader, so everybody holds the same bytes and forwarding
never encrypts again. The note's signature lies inside. The handling header is all that an
intermediary of a *sealed* channel can read; it is bound to the ciphertext, and after opening it must
equal what the author signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import Altered, Foreign, Malformed, Oversized
from goodoffices.core.fields import ID, MAX_TIME, from_map, key, one_of, optional, to_map, uint
from goodoffices.core.note import MAX_SEALED, Note, OpenNote, read_inside
from goodoffices.core.statement import Remembered

MAX_READERS = 8
CHAIN = 32
"""Bytes of the name of a thin line's chain, where a wrapped key would stand."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The handling header: what an intermediary of a sealed channel sees."""

    mandate: bytes = key(1, ID)
    author: bytes = key(2, ID)
    recipient: bytes = key(3, ID)
    lane: bytes = key(4, ID)
    number: int = key(5, uint(2**32))
    precedence: int = key(6, one_of(1, 2, 3, 4))
    valid_until: int | None = key(7, optional(uint(MAX_TIME)), default=None)
    note: bytes = key(8, ID)


def header_of(note: Note, note_id: bytes) -> Header:
    """The header that belongs to a note's statement."""
    return Header(
        mandate=note.mandate,
        author=note.author,
        recipient=note.recipient,
        lane=note.lane,
        number=note.number,
        precedence=note.precedence,
        valid_until=note.valid_until,
        note=note_id,
    )


@dataclass(frozen=True)
class SealedNote:
    """The bytes that travel: the same for every reader."""

    header: Header
    header_raw: bytes
    wraps: tuple[tuple[bytes, int, bytes], ...]
    ciphertext: bytes
    raw: bytes

    def readers(self) -> tuple[bytes, ...]:
        """IDs of the offices that can open it."""
        return tuple(office for office, _, _ in self.wraps)

    @property
    def chain(self) -> tuple[bytes, int] | None:
        """(chain, number) of a note that was sealed for a thin line (``thin_note``)."""
        _, number, name = self.wraps[0]
        return (name, number) if len(name) == CHAIN else None


def _wrap_info(realm: bytes, header: Header, header_raw: bytes, reader: bytes, public: bytes) -> bytes:
    # Everything that the content key may be used for stands here, since HPKE's aad is not offered.
    return cbor.encode(
        [
            "GO1 wrap",
            crypto.SUITE,
            realm,
            header.mandate,
            header.author,
            reader,
            crypto.sha256(public),
            header.note,
            crypto.sha256(header_raw),
        ]
    )


def seal_note(
    opened: OpenNote, readers: tuple[tuple[bytes, int, bytes], ...], content_key: bytes
) -> SealedNote:
    """Seal to readers given as (office ID, epoch, public key). ``content_key``: 32 fresh random bytes."""
    if not 1 <= len(readers) <= MAX_READERS or len({reader for reader, _, _ in readers}) != len(readers):
        raise ValueError("a note is sealed to one to eight readers, each once")
    realm = opened.signed.statement.realm
    header = header_of(opened.note, opened.signed.id)
    header_raw = cbor.encode(to_map(header))
    wraps = tuple(
        (
            reader,
            epoch,
            crypto.seal(public, content_key, _wrap_info(realm, header, header_raw, reader, public)),
        )
        for reader, epoch, public in sorted(readers)
    )
    ciphertext = crypto.seal_once(content_key, opened.inside, b"GO1 note" + header_raw)
    raw = cbor.encode([crypto.SUITE, header_raw, wraps, ciphertext])
    if len(raw) > MAX_SEALED:
        raise Oversized("The note is too long to be carried.", "Shorten it, or send it as two notes.")
    sealed = SealedNote(header, header_raw, wraps, ciphertext, raw)
    read_sealed.made(raw, sealed)
    return sealed


@Remembered
def read_sealed(raw: bytes) -> SealedNote:
    """Decode a sealed note; nothing is opened. Raises Malformed or Oversized."""
    value = cbor.decode(raw, max_size=MAX_SEALED)
    if not isinstance(value, tuple) or len(value) != 4 or value[0] != crypto.SUITE or value[0] is True:
        raise Malformed("Not a sealed note of this suite.")
    _, header_raw, wraps, ciphertext = value
    if not isinstance(header_raw, bytes) or not isinstance(ciphertext, bytes):
        raise Malformed("Not a sealed note.")
    header = from_map(Header, cbor.decode(header_raw, max_size=1024))
    if not isinstance(wraps, tuple) or not 1 <= len(wraps) <= MAX_READERS:
        raise Malformed("A sealed note without readers, or with too many.")
    last = b""
    for wrap in wraps:
        if not isinstance(wrap, tuple) or len(wrap) != 3 or not isinstance(wrap[0], bytes) or wrap[0] <= last:
            raise Malformed("A sealed note's readers are out of order.")
        last = wrap[0]
        if len(wrap[0]) != 32 or isinstance(wrap[1], bool) or not isinstance(wrap[1], int) or wrap[1] < 0:
            raise Malformed("A sealed note's reader has the wrong form.")
        if not isinstance(wrap[2], bytes) or len(wrap[2]) not in (CHAIN, 32 + crypto.SEAL_OVERHEAD):
            raise Malformed("A sealed note's wrapped key has the wrong size.")
    # For a thin line one message of one chain seals to all, and no key is wrapped for anybody.
    if any(len(wrap[2]) == CHAIN and wrap[1:] != wraps[0][1:] for wrap in wraps) or (
        len(wraps[0][2]) == CHAIN and any(len(wrap[2]) != CHAIN for wrap in wraps)
    ):
        raise Malformed("A sealed note whose readers have keys of two sorts.")
    return SealedNote(header, header_raw, wraps, ciphertext, raw)


def open_sealed(sealed: SealedNote, realm: bytes, reader: bytes, seeds: Mapping[int, bytes]) -> OpenNote:
    """Open as ``reader`` with its reading seeds by epoch.

    Raises Foreign (not a reader, key no longer held) or Altered: a seal that does not open, words that
    do not belong to the statement, a header that says something else than the statement.
    """
    wrap = next((each for each in sealed.wraps if each[0] == reader), None)
    if wrap is None:
        raise Foreign("This note is not sealed to this office.", "Only its readers can open it.")
    seed = seeds.get(wrap[1]) if sealed.chain is None else None
    if seed is None:
        raise Foreign("The key of that epoch is not held here any more.", "Ask the author to seal it anew.")
    info = _wrap_info(realm, sealed.header, sealed.header_raw, reader, crypto.sealing_public(seed))
    content_key = crypto.unseal(seed, wrap[2], info)
    inside = crypto.open_once(content_key, sealed.ciphertext, b"GO1 note" + sealed.header_raw)
    opened = read_inside(inside)
    if opened.signed.statement.realm != realm or header_of(opened.note, opened.signed.id) != sealed.header:
        raise Altered("The handling header does not say what the author signed.")
    return opened
