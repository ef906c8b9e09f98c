# SPDX-License-Identifier: Apache-2.0
"""Whether one entry or receipt of a record holds for itself: its form, its place, its desk's signature.

Pure functions of the bytes and of the two offices of the line, so that other cores can do it ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goodoffices.core.errors import Foreign, GoodOfficesError, WrongSigner
from goodoffices.core.line import (
    CarriedEntry,
    Entry,
    EntryKind,
    Item,
    Receipt,
    commitment,
    read_items,
    verify_entry,
    verify_receipt,
)
from goodoffices.core.office import Office
from goodoffices.core.record.findings import Cause, Found, cause_of, signer_cause
from goodoffices.core.record.manifest import read_entry
from goodoffices.core.service_traffic import fault_of
from goodoffices.core.statement import Kind, Signed, read_signed

_ROSTER: dict[int, int] = {Kind.PAIRING_CONFIRMED: 3, Kind.ENTRY: 10, Kind.RECEIPT: 5}
"""Field of an object that names the roster by which it is signed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an object does not hold."""

    what: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class HeldEntry:
    """An entry that holds. ``fault``: of its body; ``vouched``: items whose own signatures were verified."""

    id: bytes
    entry: Entry
    items: tuple[tuple[Any, ...], ...] = ()
    fault: Refused | None = None
    vouched: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class HeldReceipt:
    """A receipt that holds."""

    id: bytes
    receipt: Receipt
    office: Office


def cause_by(error: GoodOfficesError, signed: Signed | None, office: Office | None) -> Cause:
    """The cause of what was refused, with a look at the rosters where it is the signer."""
    if isinstance(error, WrongSigner) and signed is not None:
        version = signed.statement.parts[2].get(_ROSTER[signed.statement.kind], 0)
        return signer_cause(signed, office, version)
    return cause_of(error)


def hold_entry(
    raw: bytes, line: bytes, ends: Mapping[bytes, Office], realm: bytes, *, vouched: bool = False
) -> HeldEntry | Refused:
    """An entry of ``line``, whose ends are ``ends``. ``vouched``: its own signature was verified before."""
    signed, office = None, None
    try:
        signed, salt, body = read_entry(raw)
        if vouched:
            signed.vouch()
        entry = signed.statement.read(Entry, realm=realm)
        office = ends.get(entry.writer)
        if office is None or entry.line != line:
            raise Foreign("It was written on another line, or by an office that is no end of this one.")
        shown = salt is not None and body is not None
        if not shown and entry.kind == EntryKind.ACTS:
            raise Found(Cause.MISSING, "Its body is missing.")
        if shown and commitment(salt or b"", body or b"") != entry.commitment:
            raise Found(Cause.ALTERED, "An entry whose body is not the one it commits to.")
        verify_entry(CarriedEntry(signed, salt or b"", body or b""), line, office, body_shown=shown)
    except GoodOfficesError as error:
        return Refused(error.what, cause_by(error, signed, office))
    items: tuple[tuple[Any, ...], ...] = ()
    fault = fault_of(entry.kind, body, line, office)
    if entry.kind == EntryKind.ACTS and body is not None:
        try:
            items = read_items(body)
        except GoodOfficesError as error:
            fault = error
    return HeldEntry(signed.id, entry, items, Refused(fault.what, cause_of(fault)) if fault else None)


def vouchable(items: tuple[tuple[Any, ...], ...]) -> frozenset[int]:
    """The acts among an entry's items whose signatures verify."""
    found = set()
    for at, item in enumerate(items):
        if item[0] == Item.ACT:
            try:
                read_signed(item[1]).verify()
                found.add(at)
            except GoodOfficesError:
                continue  # for the pass to judge
    return frozenset(found)


def hold_receipt(
    raw: bytes, line: bytes, ends: Mapping[bytes, Office], *, vouched: bool = False
) -> HeldReceipt | Refused:
    """A receipt on ``line``, by one of its ends."""
    signed, office = None, None
    try:
        signed = read_signed(raw)
        if vouched:
            signed.vouch()
        office = ends.get(signed.statement.read(Receipt).reader)
        if office is None:
            raise Foreign("It is by an office that is no end of this line.")
        return HeldReceipt(signed.id, verify_receipt(signed, line, office), office)
    except GoodOfficesError as error:
        return Refused(error.what, cause_by(error, signed, office))
