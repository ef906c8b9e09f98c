# SPDX-License-Identifier: Apache-2.0
"""Reading an entry in one look: what most of a long record consists of.

The one encoding of an entry (docs/format.md §8) is matched as a whole, which takes a tenth of the time that
the decoder takes. What does not match is for the decoder to judge, so nothing is refused here;
``tests/core/test_record_entry.py`` holds the readings against each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from goodoffices.core import crypto
from goodoffices.core.errors import WrongSigner
from goodoffices.core.fields import MAX_TIME, to_map
from goodoffices.core.line import MAX_BODY, Entry, EntryKind, Place, commitment
from goodoffices.core.statement import Kind, Signed, Statement

_UINT = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff].|\x1a(?!\x00\x00)....)"
_TIME = rb"\x1b(?!\x00\x00\x00\x00)(........)"
_ID = rb"\x58\x20(.{32})"
_FIELDS = (
    rb"\x85\x63GO1\x01\x18\x18\x50(.{16})([\xa8-\xab])"
    rb"\x01" + _ID + rb"\x02" + _ID + rb"\x03\x50(.{16})\x04" + _UINT + rb"(?:\x05" + _ID + rb")?"
    rb"(?:\x06\x83\x50(.{16})" + _UINT + _ID + rb")?\x07" + _UINT + rb"\x08\x82" + _TIME + rb"([\x00-\x02])"
    rb"\x09" + _ID + rb"\x0a" + _UINT + rb"(?:\x18\x80" + _TIME + rb")?"
)
_STATEMENT = re.compile(_FIELDS, re.DOTALL)
_SIGNED = rb"\x81\x82\x58\x20(.{32})\x58\x40(.{64})"
_SIGNATURE = re.compile(_SIGNED, re.DOTALL)
_BODY = rb"(?:\xf6\xf6|\x58\x20(.{32})([\x40-\x57]|\x58[\x18-\xff]|\x59(?!\x00)..|\x5a(?!\x00\x00)....))"
_ENTRY = re.compile(
    rb"\x83\x59(..)\x82(\x58.|\x59(?!\x00)..)(" + _FIELDS + rb")" + _SIGNED + _BODY,
    re.DOTALL,
)
_AROUND = 102
"""Bytes of one signature with its frame."""
_PLACE = rb"\x83\x50(.{16})" + _UINT + _ID
_PLACES = re.compile(_PLACE, re.DOTALL)
_RECEIPT = re.compile(
    rb"\x82(\x58.|\x59(?!\x00)..)(\x85\x63GO1\x01\x18\x19\x50(.{16})\xa5\x01"
    + _ID
    + rb"\x02"
    + _ID
    # the places: from here to the time, each as long as its number; how many there are is counted after
    + rb"\x03([\x81-\x97]|\x98[\x18-\x40])((?:\x83\x50.{16}(?:[\x00-\x17]|\x18.|\x19..|\x1a....)\x58\x20.{32})+)"
    rb"\x04\x82" + _TIME + rb"([\x00-\x02])\x05" + _UINT + rb")" + _SIGNED,
    re.DOTALL,
)
_NOTHING = b"\x80"
"""A body without items."""


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


class Quick:
    """An entry that holds, as far as a chain and a line of text need it. ``writer``: 0 or 1."""

    __slots__ = (
        "case_at",
        "id",
        "incarnation",
        "kind",
        "number",
        "previous",
        "roster",
        "seen",
        "time",
        "writer",
    )

    def __init__(
        self,
        writer: int,
        incarnation: bytes,
        number: int,
        previous: bytes | None,
        seen: Place | None,
        kind: int,
    ) -> None:
        self.writer, self.incarnation, self.number = writer, incarnation, number
        self.previous, self.seen, self.kind = previous, seen, kind
        self.id = b""
        self.time = self.roster = 0
        self.case_at: int | None = None


def quick_in(
    raw: bytes,
    start: int,
    end: int,
    line: bytes,
    realm: bytes,
    index: Mapping[bytes, int],
    desks: Mapping[tuple[int, int], bytes],
) -> Quick | None:
    """The entry from ``start`` to ``end``, its signature and commitment verified; None if anything is unusual.

    ``index``: the line's offices; ``desks``: the desk's key by (office, version of its roster). An entry that
    carries something to be looked at, or does not hold, is unusual.
    """
    found = _ENTRY.match(raw, start, end)
    if found is None:
        return None
    outer, inner, text, in_realm, count, of_line, by, incarnation, number, previous, *more = found.groups()
    seen_in, seen_number, seen_id, kind, time, _, committed, roster, case, *rest = more
    signer, signature, salt, head = rest
    writer, version = index.get(by), _number(roster)
    what, at, ms = _number(kind), _number(number), int.from_bytes(time, "big")
    fields = 8 + (previous is not None) + (seen_in is not None) + (case is not None)
    size = len(text)
    if (
        writer is None
        or of_line != line
        or in_realm != realm
        or desks.get((writer, version)) != signer
        or count[0] != 0xA0 + fields
        or int.from_bytes(inner[1:], "big") != size
        or int.from_bytes(outer, "big") != 1 + len(inner) + size + _AROUND
        or ms > MAX_TIME
        or what > 1 << 16
        or at < 1
        or (previous is None) != (at == 1)
    ):
        return None
    last = found.end()
    if salt is not None:
        size = head[0] - 0x40 if len(head) == 1 else int.from_bytes(head[1:], "big")
        body = raw[last : last + size]
        last += size
        empty = what != EntryKind.ACTS or body == _NOTHING
        if not empty or what in _SERVICE or size > MAX_BODY or commitment(salt, body) != committed:
            return None
    elif what == EntryKind.ACTS:
        return None
    if last != end:
        return None
    case_at = int.from_bytes(case, "big") if case is not None else None
    if case_at is not None and case_at > MAX_TIME:
        return None
    try:
        crypto.ed25519_verify(signer, signature, text)
    except WrongSigner:
        return None
    seen = (seen_in, _number(seen_number), seen_id) if seen_in is not None else None
    quick = Quick(writer, incarnation, at, previous, seen, what)
    quick.id, quick.time, quick.roster, quick.case_at = crypto.sha256(text), ms, version, case_at
    return quick


class QuickReceipt:
    """A receipt that holds, as far as its places and a line of text need it. ``reader``: 0 or 1."""

    __slots__ = ("id", "places", "reader", "time")

    def __init__(self, reader: int, places: tuple[Place, ...], time: int, receipt_id: bytes) -> None:
        self.reader, self.places, self.time, self.id = reader, places, time, receipt_id


def quick_receipt_in(
    raw: bytes,
    start: int,
    end: int,
    line: bytes,
    realm: bytes,
    index: Mapping[bytes, int],
    desks: Mapping[tuple[int, int], bytes],
) -> QuickReceipt | None:
    """The same for a receipt."""
    found = _RECEIPT.match(raw, start, end)
    if found is None or found.end() != end:
        return None
    inner, text, in_realm, of_line, by, count, named, time, _, roster, signer, signature = found.groups()
    reader, ms = index.get(by), int.from_bytes(time, "big")
    if (
        reader is None
        or of_line != line
        or in_realm != realm
        or desks.get((reader, _number(roster))) != signer
        or int.from_bytes(inner[1:], "big") != len(text)
        or ms > MAX_TIME
    ):
        return None
    places, at = [], 0
    while at < len(named):
        place = _PLACES.match(named, at)
        if place is None:  # a number that is not in its shortest form
            return None
        incarnation, number, entry_id = place.groups()
        places.append((incarnation, _number(number), entry_id))
        at = place.end()
    if len(places) != (count[0] - 0x80 if len(count) == 1 else count[1]):
        return None
    try:
        crypto.ed25519_verify(signer, signature, text)
    except WrongSigner:
        return None
    return QuickReceipt(reader, tuple(places), ms, crypto.sha256(text))


_SERVICE = (EntryKind.LINE_TEST, EntryKind.SERVICE_CHAT)
