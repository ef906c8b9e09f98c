# SPDX-License-Identifier: Apache-2.0
"""Reading entries and receipts of one line in one look each: what most of a pack consists of (ADR 0040).

Each is matched against its one encoding (docs/format.md §2, §8) with the line's own ID and realm in it. Only
what is wholly ordinary, holds but for its signature, and carries nothing that has to be looked at is taken here;
for everything else the answer is None, and ``record_hold`` decides. ``tests/verify/test_packed.py`` holds the
two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from goodoffices.core import cbor, crypto
from goodoffices.core.fields import MAX_TIME
from goodoffices.core.line import MAX_BODY, EntryKind, Place, commitment
from goodoffices.core.office import Office
from goodoffices.core.record.entry import ID, SIGNED, TIME, UINT

_BODY = rb"(?:\xf6\xf6|\x58\x20(.{32})([\x40-\x57]|\x58[\x18-\xff]|\x59(?!\x00)..|\x5a(?!\x00\x00)....))"
_HEAD = rb"(\x58.|\x59(?!\x00)..)"
_QUALITY = rb"[\x00-\x02]"
_PLACE = re.compile(rb"\x83\x50(.{16})" + UINT + ID, re.DOTALL)
# The places of a receipt: each as long as its number says; whether that is in its shortest form is seen after.
_PLACES = rb"((?:\x83\x50.{16}(?:[\x00-\x17]|\x18.|\x19..|\x1a....)\x58\x20.{32})+)"
_NOTHING = b"\x80"
"""A body without items."""
_ACTS, _SERVICE = int(EntryKind.ACTS), (int(EntryKind.LINE_TEST), int(EntryKind.SERVICE_CHAT))

Quick = tuple[int, bytes, int, bytes | None, Place | None, int, bytes, int, int, int | None]
"""Writer (0 or 1), incarnation, number, previous, seen, kind, ID, time, roster, case time."""
QuickReceipt = tuple[int, tuple[Place, ...], int, bytes]
"""Reader (0 or 1), places, time, ID."""
Check = tuple[bytes, bytes, bytes]
"""Key, signature, message."""


def _framed(size: int) -> bytes:
    """What stands before an entry's statement of so many bytes that has one signature."""
    inner = b"\x82" + cbor.encode(bytes(size))[:-size]
    signed = len(inner) + size + _AROUND
    return b"\x83" + cbor.encode(bytes(signed))[:-signed] + inner


_AROUND = 102
"""Bytes of one signature, with what stands around it and the statement."""
_FRAMES = tuple(_framed(size) for size in range(1, 500))
"""By size, less one. No entry's statement is longer."""


class QuickReader:
    """Reads what two offices signed on one line."""

    def __init__(self, line: bytes, realm: bytes, offices: Sequence[Office]) -> None:
        self._desks = {
            (each.id, cbor.encode(roster.version)): (roster.desk, at, roster.version)
            for at, each in enumerate(offices)
            for roster in each.rosters
        }
        frame = rb"\x85\x63GO1\x01\x18%b\x50" + re.escape(realm)
        of_line = rb"\x01\x58\x20" + re.escape(line) + rb"\x02" + ID
        self._entry = re.compile(
            rb"(\x83\x59..\x82(?:\x58.|\x59..))("
            + frame.replace(b"%b", b"\x18") + rb"([\xa8-\xab])" + of_line
            + rb"\x03\x50(.{16})\x04" + UINT + rb"(?:\x05" + ID + rb")?"
            + rb"(?:\x06\x83\x50(.{16})" + UINT + ID + rb")?\x07" + UINT + rb"\x08\x82" + TIME + _QUALITY
            + rb"\x09" + ID + rb"\x0a" + UINT + rb"(?:\x18\x80" + TIME + rb")?"
            + rb")" + SIGNED + _BODY,
            re.DOTALL,
        )  # fmt: skip
        self._receipt = re.compile(
            rb"\x82" + _HEAD + rb"(" + frame.replace(b"%b", b"\x19") + rb"\xa5" + of_line
            + rb"\x03([\x81-\x97]|\x98[\x18-\x40])" + _PLACES + rb"\x04\x82" + TIME + _QUALITY
            + rb"\x05" + UINT + rb")" + SIGNED,
            re.DOTALL,
        )  # fmt: skip

    def entry(self, raw: bytes, start: int, end: int) -> tuple[Quick, Check] | None:
        """The entry from ``start`` to ``end`` and its signature, to be verified still; None if it is unusual."""
        found = self._entry.match(raw, start, end)
        if found is None:
            return None
        (frame, text, count, by, incarnation, number, previous, seen_in, seen_number, seen_id, kind, time,
            committed, version, case, signer, signature, salt, head) = found.groups()  # fmt: skip
        desk, ms = self._desks.get((by, version)), int.from_bytes(time, "big")
        at = number[0] if len(number) == 1 else int.from_bytes(number[1:], "big")
        what = kind[0] if len(kind) == 1 else int.from_bytes(kind[1:], "big")
        if (
            desk is None
            or desk[0] != signer
            or count[0] != 0xA8 + (previous is not None) + (seen_in is not None) + (case is not None)
            or frame != _FRAMES[len(text) - 1]
            or ms > MAX_TIME
            or what > 1 << 16
            or (previous is None) != (at == 1)
            or at < 1
        ):
            return None
        last = found.end()
        if salt is not None:
            size = head[0] - 0x40 if len(head) == 1 else int.from_bytes(head[1:], "big")
            body = raw[last : last + size]
            last += size
            empty = what != _ACTS or body == _NOTHING
            if not empty or what in _SERVICE or size > MAX_BODY or commitment(salt, body) != committed:
                return None
        elif what == _ACTS:
            return None
        case_at = int.from_bytes(case, "big") if case is not None else None
        if last != end or (case_at is not None and case_at > MAX_TIME):
            return None
        seen = None
        if seen_in is not None:
            before = seen_number[0] if len(seen_number) == 1 else int.from_bytes(seen_number[1:], "big")
            seen = seen_in, before, seen_id
        quick = desk[1], incarnation, at, previous, seen, what, crypto.sha256(text), ms, desk[2], case_at
        return quick, (signer, signature, text)

    def receipt(self, raw: bytes, start: int, end: int) -> tuple[QuickReceipt, Check] | None:
        """The same for a receipt."""
        found = self._receipt.match(raw, start, end)
        if found is None or found.end() != end:
            return None
        inner, text, by, count, named, time, version, signer, signature = found.groups()
        desk, ms = self._desks.get((by, version)), int.from_bytes(time, "big")
        if (
            desk is None
            or desk[0] != signer
            or int.from_bytes(inner[1:], "big") != len(text)
            or ms > MAX_TIME
        ):
            return None
        places = _PLACE.findall(named)
        # Places without a gap between them have 52 bytes each, and their numbers.
        if 52 * len(places) + sum([len(number) for _, number, _ in places]) != len(named):
            return None
        if len(places) != (count[0] - 0x80 if len(count) == 1 else count[1]):
            return None
        read = tuple(
            [(in_, int.from_bytes(number[len(number) > 1 :], "big"), id_) for in_, number, id_ in places]
        )
        return (desk[1], read, ms, crypto.sha256(text)), (signer, signature, text)
