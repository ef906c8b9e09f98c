# SPDX-License-Identifier: Apache-2.0
"""Envelopes: what a relay holds (docs/format.md §9).

    payload     CBOR [part ...]      part: [1, signed entry, salt, body] | [2, signed receipt]
                                           | [3, signed head] | [4, checkpoint]
                                           | [5, signed roster] | [6, signed mailboxes]
                                           | [7, signed stop] | [8, signed word for a roster]
    envelope    0x01 || HPKE(length(4) || payload || zeros)        exactly one size class
    ID          SHA-256(envelope)

Every envelope is sealed afresh to the reader's desk, so two relays, or two tries, cannot be told
apart from two messages by content; the true length lies inside. Authenticity is not the envelope's:
each part carries its own signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from goodoffices.core import cbor, crypto
from goodoffices.core.checkpoint import Checkpoint
from goodoffices.core.errors import Altered, Malformed, Oversized
from goodoffices.core.line import CarriedEntry
from goodoffices.core.statement import Signed, read_signed

SIZE_CLASSES = (4096, 16384, 65536, 262144)
"""Bytes. A thin line adds 512."""
OVERHEAD = 1 + crypto.SEAL_OVERHEAD + 4
MAX_PAYLOAD = SIZE_CLASSES[-1] - OVERHEAD
MAX_PARTS = 1024
"""More than fit: the smallest signed part has some 300 bytes. Each part that is refused leaves a finding."""
_VERSION = b"\x01"

PART_ENTRY, PART_RECEIPT, PART_HEAD, PART_CHECKPOINT = 1, 2, 3, 4
PART_ROSTER, PART_MAILBOXES, PART_STOP, PART_VOUCH = 5, 6, 7, 8
_SIGNED = frozenset({PART_RECEIPT, PART_HEAD, PART_ROSTER, PART_MAILBOXES, PART_STOP, PART_VOUCH})
NOTE_CLASS = SIZE_CLASSES[1]
"""Bytes of the envelope in which an ordinary note travels; line tests and chat look the same."""

Part = tuple[int, Signed] | tuple[int, CarriedEntry] | tuple[int, bytes]


def envelope_id(envelope: bytes) -> bytes:
    """SHA-256 of the envelope."""
    return crypto.sha256(envelope)


def entry_part(carried: CarriedEntry) -> tuple[Any, ...]:
    """An entry as a part of a payload."""
    return (PART_ENTRY, carried.signed.raw, carried.salt, carried.body)


def receipt_part(signed: Signed) -> tuple[Any, ...]:
    """A receipt as a part of a payload."""
    return (PART_RECEIPT, signed.raw)


def head_part(signed: Signed) -> tuple[Any, ...]:
    """A head as a part of a payload."""
    return (PART_HEAD, signed.raw)


def checkpoint_part(checkpoint: Checkpoint) -> tuple[Any, ...]:
    """A checkpoint as a part of a payload."""
    return (PART_CHECKPOINT, checkpoint.raw)


def roster_part(signed: Signed) -> tuple[Any, ...]:
    """A roster of the reader's own office, handed back because its vault has lost it; or the sender's own."""
    return (PART_ROSTER, signed.raw)


def mailboxes_part(signed: Signed) -> tuple[Any, ...]:
    """Where the sender collects from now on."""
    return (PART_MAILBOXES, signed.raw)


def stop_part(signed: Signed) -> tuple[Any, ...]:
    """A stop certificate as a part of a payload."""
    return (PART_STOP, signed.raw)


def vouch_part(signed: Signed) -> tuple[Any, ...]:
    """The word of a key that the sender's desk had, for a roster of its own."""
    return (PART_VOUCH, signed.raw)


@lru_cache(maxsize=64)
def _info(realm: bytes, line: bytes, public: bytes) -> bytes:
    return cbor.encode(["GO1 envelope", crypto.SUITE, realm, line, crypto.sha256(public)])


def pack(
    parts: Iterable[tuple[Any, ...]], *, realm: bytes, line: bytes, public: bytes, at_least: int = 0
) -> bytes:
    """The envelope of ``parts`` for the desk that holds ``public``'s seed, in the smallest class.

    ``at_least``: bytes that it has at least, so that what is short looks like what is not.
    """
    payload = cbor.encode(list(parts))
    size = next((each for each in SIZE_CLASSES if each >= at_least and len(payload) + OVERHEAD <= each), None)
    if size is None:
        raise Oversized(f"{len(payload)} bytes do not fit into the largest envelope.")
    padded = len(payload).to_bytes(4, "big") + payload
    padded += bytes(size - OVERHEAD + 4 - len(padded))
    return _VERSION + crypto.seal(public, padded, _info(realm, line, public))


def unpack(envelope: bytes, *, realm: bytes, line: bytes, seeds: Iterable[bytes]) -> tuple[Part, ...]:
    """The parts, decoded but not verified; raises Malformed, or Altered if no seed opens it."""
    return read_opened(opened(envelope, realm=realm, line=line, seeds=seeds))


def opened(envelope: bytes, *, realm: bytes, line: bytes, seeds: Iterable[bytes]) -> bytes:
    """What is inside, padded, for ``read_opened``; raises Malformed, or Altered if no seed opens it."""
    if len(envelope) not in SIZE_CLASSES or envelope[:1] != _VERSION:
        raise Malformed("An envelope of no known size class or version.")
    for seed in seeds:
        try:
            padded = crypto.unseal(seed, envelope[1:], _info(realm, line, crypto.sealing_public(seed)))
        except Altered:
            continue
        return padded
    raise Altered(
        "An envelope that none of this desk's keys opens.",
        "If its key was destroyed after its time, the sender seals the contents anew by itself.",
    )


def read_opened(padded: bytes) -> tuple[Part, ...]:
    """The parts of what ``opened`` gave, decoded but not verified; raises Malformed."""
    length = int.from_bytes(padded[:4], "big")
    if length > len(padded) - 4 or padded[4 + length :] != bytes(len(padded) - 4 - length):
        raise Malformed("An envelope with a wrong length inside.")
    parts = cbor.decode(padded[4 : 4 + length], max_size=MAX_PAYLOAD)
    if not isinstance(parts, tuple) or len(parts) > MAX_PARTS:
        raise Malformed("An envelope that holds no parts, or more than can be meant.")
    return tuple(part for each in parts if (part := _part(each)) is not None)


def _part(part: Any) -> Part | None:
    if not isinstance(part, tuple) or not part or isinstance(part[0], bool) or not isinstance(part[0], int):
        raise Malformed("A part of an envelope has no number.")
    if not all(isinstance(each, bytes) for each in part[1:]):
        raise Malformed("A part of an envelope has the wrong form.")
    if part[0] == PART_ENTRY and len(part) == 4:
        return PART_ENTRY, CarriedEntry(read_signed(part[1]), part[2], part[3])
    if part[0] in _SIGNED and len(part) == 2:
        return part[0], read_signed(part[1])
    if part[0] == PART_CHECKPOINT and len(part) == 2:
        return PART_CHECKPOINT, bytes(part[1])
    if part[0] <= PART_VOUCH:
        raise Malformed("A part of an envelope has the wrong form.")
    return None  # a newer version's part: what it says of itself stands in entries
