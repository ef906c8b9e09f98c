# SPDX-License-Identifier: Apache-2.0
"""A note sealed for a thin line: the same signed bytes, all that both ends know left out (docs/format.md §16.4).

    sealed      CBOR [suite, header, [[reader, number, chain] ...], nonce || ciphertext]
    inside      the thin form of seed, leaves and signed statement, padded to the one class

What opens is what the author signed, byte for byte: the note's ID, its digits and everything after it are
those of any other note. The header is what an intermediary sees, as always (``sealed``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goodoffices.core import cbor, crypto, merkle
from goodoffices.core.errors import Altered, GoodOfficesError, Oversized
from goodoffices.core.fields import to_map
from goodoffices.core.note import OpenNote, read_inside
from goodoffices.core.sealed import Header, SealedNote, header_of
from goodoffices.core.thin.keys import Chain, open_message, seal_message
from goodoffices.core.thin.text import malformed
from goodoffices.core.thin.values import Known, Reader, Unfit, Writer, common, not_here

ROOM = 340
"""Bytes for what one officer signed, text and all."""
PER_RELEASER = 64
"""Bytes more for each further officer who signs, as its author's roster asks for."""
MOST_RELEASERS = 4
SHORT_SEED = 16

Officers = Callable[[int], tuple[bytes, ...]]
"""The keys of the author's officers in a version of its roster; raises NotNow if that is not here."""


def room_for(releasers: int) -> int:
    """Bytes of what is sealed, for notes of an office where so many release; raises Oversized."""
    if not 1 <= releasers <= MOST_RELEASERS:
        raise Oversized(f"A thin line carries notes of up to {MOST_RELEASERS} releasers.")
    return ROOM + PER_RELEASER * (releasers - 1)


def thin_seed(fresh: bytes) -> bytes:
    """A note's seed of which half need not travel, from 16 fresh random bytes."""
    if len(fresh) != SHORT_SEED:
        raise ValueError("16 random bytes")
    return fresh + crypto.hkdf(fresh, b"GO1 thin seed", 16)


def write_thin(opened: OpenNote, known: Known, officers: Officers) -> bytes:
    """What is sealed, not padded; raises Unfit."""
    note, realm = opened.note, opened.signed.statement.realm
    header = header_of(opened.note, opened.signed.id)
    writer = Writer(known, realm, _named(header, officers(note.roster)))
    writer.number(note.roster)
    short = opened.seed[:SHORT_SEED]
    writer.put(short if thin_seed(short) == opened.seed else opened.seed)
    writer.put(opened.leaves)
    writer.signed(
        opened.signed, {**_given(header), "roster": note.roster, **_body(opened.seed, opened.leaves)}
    )
    raw = bytes(writer.out)
    try:
        same = read_thin(raw, header, realm, known, officers).inside == opened.inside
    except GoodOfficesError as error:
        raise Unfit(error.what) from None
    if not same:
        raise Unfit("a note that would not come back as it is")
    return raw


def read_thin(raw: bytes, header: Header, realm: bytes, known: Known, officers: Officers) -> OpenNote:
    """The note; raises Malformed, NotNow (something named is not here) or Altered."""
    versions = Reader(raw, known, realm, [])
    version = versions.number()
    reader = Reader(raw[versions.at :], known, realm, _named(header, officers(version)))
    seed, leaves = reader.get(), reader.get()
    if not isinstance(seed, bytes) or len(seed) not in (SHORT_SEED, 32) or not isinstance(leaves, tuple):
        raise malformed()
    seed = thin_seed(seed) if len(seed) == SHORT_SEED else seed
    try:
        given = {**_given(header), "roster": version, **_body(seed, leaves)}
        signed = reader.signed(given)
        inside = cbor.encode([signed.raw, seed, leaves])
    except (TypeError, ValueError, OverflowError):
        raise malformed() from None
    reader.end()
    opened = read_inside(inside)
    if reader.by_number and opened.signed.id != header.note:
        # A vault that went back may have given a number twice, and hold the note that its author has not read.
        raise not_here()
    return opened


def seal_thin(
    opened: OpenNote,
    readers: tuple[bytes, ...],
    chain: Chain,
    nonce: bytes,
    known: Known,
    officers: Officers,
    releasers: int,
) -> tuple[SealedNote, Chain]:
    """The sealed note, and the chain's next state, which is kept before anything is sent.

    ``nonce``: 12 fresh random bytes. Raises Unfit where the note does not go this way, Oversized by how much
    it is too long.
    """
    inside, room = write_thin(opened, known, officers), room_for(releasers)
    if len(inside) > room:
        raise Oversized(f"The note has {len(inside) - room} bytes too many for a thin line.")
    header = header_of(opened.note, opened.signed.id)
    header_raw = cbor.encode(to_map(header))
    message, after = chain.step()
    padded = inside + bytes(room - len(inside))
    ciphertext = seal_message(message, nonce, padded, b"GO1 thin note" + header_raw)
    wraps = tuple((reader, chain.next, chain.id) for reader in sorted(readers))
    raw = cbor.encode([crypto.SUITE, header_raw, wraps, ciphertext])
    return SealedNote(header, header_raw, wraps, ciphertext, raw), after


def open_thin(sealed: SealedNote, message: bytes, realm: bytes, known: Known, officers: Officers) -> OpenNote:
    """Open with the message's key; raises Altered, or NotNow where something named is not here yet."""
    plain = open_message(message, sealed.ciphertext, b"GO1 thin note" + sealed.header_raw)
    opened = read_thin(plain, sealed.header, realm, known, officers)
    if header_of(opened.note, opened.signed.id) != sealed.header:
        raise Altered("The handling header does not say what the author signed.")
    return opened


def _named(header: Header, officers: tuple[bytes, ...]) -> list[bytes]:
    return common(header.mandate, header.author, header.recipient, *officers)


def _given(header: Header) -> dict[str, Any]:
    return {name: getattr(header, name) for name in _HEADER}


_HEADER = ("mandate", "author", "recipient", "lane", "number", "precedence", "valid_until")


def _body(seed: bytes, leaves: tuple[Any, ...]) -> dict[str, Any]:
    return {"body": merkle.body_root(seed, leaves), "leaves": len(leaves)}
