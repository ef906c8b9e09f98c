# SPDX-License-Identifier: Apache-2.0
"""Courier bundles: what a line owes, as one file to carry by hand (docs/format.md §13, ADR 0033).

    bundle     CBOR ["GO1 courier", 1, [envelope ...]]
    frame      "GOF1" || name(16) || length(4) || symbol(2) || packet     one picture of a sequence

A bundle names nobody: it holds envelopes as a relay would, sealed to one desk, so whoever finds the
stick learns sizes and nothing else. What it proves it proves by the signatures inside; the name of a
bundle only keeps pictures of different bundles apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goodoffices.core import cbor, crypto
from goodoffices.core.envelope import SIZE_CLASSES
from goodoffices.core.errors import Malformed, NewerVersion, Oversized, YourError

MARK = "GO1 courier"
VERSION = 1
MAX_BUNDLE = 64 << 20
"""Bytes. Ten thousand entries with short notes fit."""
MAX_ENVELOPES = 16_384
MAX_PICTURED = 512 << 10
"""Bytes of a bundle that is shown as pictures: some seven hundred of them. More goes on a stick."""

FRAME_MARK = b"GOF1"
NAME_SIZE = 16
LETTERS = 4
_CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"
_HEAD_SIZE = len(FRAME_MARK) + NAME_SIZE + 4 + 2
PACKET_HEAD = 4
"""Bytes before the symbol in a packet: block number and symbol number (RFC 6330 §3.2)."""
MIN_SYMBOL, MAX_SYMBOL = 64, 2048
ALIGNMENT = 8
"""Bytes: a symbol is a multiple of it (RFC 6330 §4.2, Al)."""


def write_bundle(envelopes: Sequence[bytes]) -> bytes:
    """The bundle of ``envelopes``, in their order; raises Oversized."""
    raw = cbor.encode([MARK, VERSION, list(envelopes)])
    if len(raw) > MAX_BUNDLE or len(envelopes) > MAX_ENVELOPES:
        raise Oversized(
            "More than one bundle can carry.", "Carry what there is in parts: one after the other."
        )
    return raw


def read_bundle(raw: bytes) -> tuple[bytes, ...]:
    """The envelopes of a bundle, of known sizes and not yet opened. Raises Malformed, Oversized, NewerVersion."""
    if len(raw) > MAX_BUNDLE:
        raise Oversized(f"{len(raw)} bytes where a bundle has at most {MAX_BUNDLE}.")
    value = cbor.decode(raw, max_size=MAX_BUNDLE)
    if not isinstance(value, tuple) or len(value) < 2 or value[0] != MARK:
        raise Malformed("Not a courier's bundle.")
    if value[1] != VERSION or value[1] is True:
        raise NewerVersion("A courier's bundle of another version.")
    if len(value) != 3 or not isinstance(value[2], tuple) or len(value[2]) > MAX_ENVELOPES:
        raise Malformed("A courier's bundle of the wrong form.")
    if not all(isinstance(each, bytes) and len(each) in SIZE_CLASSES for each in value[2]):
        raise Malformed("A courier's bundle holds something that is no envelope.")
    return value[2]


def letters(line: bytes, addressee: bytes) -> str:
    """Four letters that tell which bundles are for one office on one line, and to nobody else whose they are.

    Both desks show them, so that two sticks are not swapped. Consonants alone make no word.
    """
    number = int.from_bytes(crypto.sha256(b"GO1 courier letters" + line + addressee)[:8], "big")
    return "".join(_CONSONANTS[number // len(_CONSONANTS) ** at % len(_CONSONANTS)] for at in range(LETTERS))


@dataclass(frozen=True)
class Frame:
    """One picture of a sequence: which bundle it belongs to, how long that is, and one packet of it."""

    name: bytes
    length: int
    symbol: int
    packet: bytes

    @property
    def raw(self) -> bytes:
        """As it stands in a picture."""
        head = FRAME_MARK + self.name + self.length.to_bytes(4, "big") + self.symbol.to_bytes(2, "big")
        return head + self.packet


def bundle_name(bundle: bytes) -> bytes:
    """The first 16 bytes of SHA-256 of a bundle."""
    return crypto.sha256(bundle)[:NAME_SIZE]


def read_frame(raw: bytes) -> Frame:
    """A picture's content, every number within its bounds. Raises Malformed or Oversized."""
    if raw[:4] != FRAME_MARK or len(raw) < _HEAD_SIZE:
        raise Malformed("A picture that is no part of a courier's bundle.")
    at = len(FRAME_MARK) + NAME_SIZE
    length, symbol = int.from_bytes(raw[at : at + 4], "big"), int.from_bytes(raw[at + 4 : at + 6], "big")
    packet = raw[_HEAD_SIZE:]
    if not 1 <= length <= MAX_PICTURED:
        raise Oversized("A picture of a bundle larger than pictures carry.")
    if not MIN_SYMBOL <= symbol <= MAX_SYMBOL or symbol % ALIGNMENT or len(packet) != PACKET_HEAD + symbol:
        raise Malformed("A picture of a courier's bundle with a wrong size inside.")
    if packet[0] != 0:
        raise Malformed("A picture of a courier's bundle that belongs to no block.")
    return Frame(raw[4 : 4 + NAME_SIZE], length, symbol, packet)


def check_whole(bundle: bytes, name: bytes) -> bytes:
    """The bundle that pictures gave, if it is the one they name; raises YourError with the way out."""
    if bundle_name(bundle) != name:
        raise YourError(
            "The pictures do not make the bundle that they name: one of them was read wrongly or is not of it.",
            "Take the pictures again.",
        )
    return bundle
