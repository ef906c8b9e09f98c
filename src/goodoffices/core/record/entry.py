# SPDX-License-Identifier: Apache-2.0
"""Reading an entry in one look: what most of a long record consists of.

The one encoding of an entry (docs/format.md §8) is matched as a whole, which takes a tenth of the time that
the decoder takes. What does not match is for the decoder to judge, so nothing is refused here;
``tests/core/test_record_entry.py`` holds the readings against each other.
"""

from __future__ import annotations

import re

from goodoffices.core.fields import MAX_TIME, to_map
from goodoffices.core.line import Entry
from goodoffices.core.statement import Kind, Signed, Statement

UINT = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff].|\x1a(?!\x00\x00)....)"
TIME = rb"\x1b(?!\x00\x00\x00\x00)(........)"
ID = rb"\x58\x20(.{32})"
_FIELDS = (
    rb"\x85\x63GO1\x01\x18\x18\x50(.{16})([\xa8-\xab])"
    rb"\x01" + ID + rb"\x02" + ID + rb"\x03\x50(.{16})\x04" + UINT + rb"(?:\x05" + ID + rb")?"
    rb"(?:\x06\x83\x50(.{16})" + UINT + ID + rb")?\x07" + UINT + rb"\x08\x82" + TIME + rb"([\x00-\x02])"
    rb"\x09" + ID + rb"\x0a" + UINT + rb"(?:\x18\x80" + TIME + rb")?"
)
_STATEMENT = re.compile(_FIELDS, re.DOTALL)
SIGNED = rb"\x81\x82\x58\x20(.{32})\x58\x40(.{64})"
_SIGNATURE = re.compile(SIGNED, re.DOTALL)


def _string(raw: bytes, at: int) -> tuple[int, int]:
    """(start, end) of the byte string at ``at``; (0, 0) if there is none in its shortest form."""
    lead = raw[at] if at < len(raw) else 0
    width = {0x58: 1, 0x59: 2, 0x5A: 4}.get(lead)
    if width is None:
        return (at + 1, at + 1 + lead - 0x40) if 0x40 <= lead <= 0x57 else (0, 0)
    size, start = int.from_bytes(raw[at + 1 : at + 1 + width], "big"), at + 1 + width
    return (start, start + size) if size >= (24, 0x100, 0x10000)[width >> 1] else (0, 0)


def _number(raw: bytes) -> int:
    return raw[0] if len(raw) == 1 else int.from_bytes(raw[1:], "big")


def read_quickly(raw: bytes) -> tuple[Signed, bytes | None, bytes | None] | None:
    """(signed, salt, body) of an entry file; None if only the decoder can tell."""
    start, end = _string(raw, 1)
    if raw[:1] != b"\x83" or not start or raw[start : start + 1] != b"\x82":
        return None
    first, last = _string(raw, start + 1)
    signature = _SIGNATURE.fullmatch(raw, last, end) if first else None
    statement = _entry(raw[first:last]) if signature is not None else None
    if signature is None or statement is None:
        return None
    signed = Signed(statement, ((signature[1], signature[2]),))
    if raw[end:] == b"\xf6\xf6":
        return signed, None, None
    salt, salt_end = _string(raw, end)
    body, body_end = _string(raw, salt_end) if salt else (0, 0)
    return (signed, raw[salt:salt_end], raw[body:body_end]) if body and body_end == len(raw) else None


def _entry(raw: bytes) -> Statement | None:
    found = _STATEMENT.fullmatch(raw)
    if found is None:
        return None
    realm, count, line, writer, incarnation, number, previous, *more = found.groups()
    seen_in, seen_number, seen_id, kind, time, quality, commitment, roster, case = more
    fields = 8 + (previous is not None) + (seen_in is not None) + (case is not None)
    ms, what = int.from_bytes(time, "big"), _number(kind)
    case_at = int.from_bytes(case, "big") if case is not None else None
    if count[0] != 0xA0 + fields or ms > MAX_TIME or what > 1 << 16 or (case_at or 0) > MAX_TIME:
        return None
    seen = (seen_in, _number(seen_number), seen_id) if seen_in is not None else None
    entry = Entry(
        line=line,
        writer=writer,
        incarnation=incarnation,
        number=_number(number),
        previous=previous,
        seen=seen,
        kind=what,
        time=(ms, quality[0]),
        commitment=commitment,
        roster=_number(roster),
        case_at=case_at,
    )
    statement = Statement(raw)
    statement.remember(int(Kind.ENTRY), realm, to_map(entry), entry)
    return statement
