# SPDX-License-Identifier: Apache-2.0
"""The frame of an exported record: its manifest, its list of files, its entry files (docs/export.md).

    manifest    kind EXPORT, signed by the exporting office's desk: who, when, how far each chain went,
                and the SHA-256 of the list of files
    list        one line per file, "<64 hex>  <path>", sorted: the form that ``sha256sum -c`` reads
    entry file  CBOR [signed entry, salt, body]; salt and body null where the body is not shown

The list stands outside the manifest, so that the manifest stays small however long the record is and
a person without this software can check every file with a tool that every system has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import Malformed
from goodoffices.core.fields import ID, TIME, flag, key, listing, one_of, optional, row, uint
from goodoffices.core.line import PLACE, Place
from goodoffices.core.record.entry import read_quickly
from goodoffices.core.statement import Content, Kind, Signed, read_signed

MANIFEST, LIST, README, RECORD = "manifest.cbor", "files.sha256", "README.txt", "record.txt"

MAX_FILE = 1_200_000
"""Bytes of the largest signed file: an office's credential, or an entry with its body."""
MAX_PACK = 3_000_000
"""Bytes of the largest pack. A desk closes one once it holds 1,000 entries or a million bytes."""
PACKED = 2
"""The layout in which entries and receipts lie in packs."""
ALWAYS_NAMED = 21
"""Types of act up to this one are named in every record's texts; a later one where the manifest says so."""
MAX_LIST_LINE = 600
"""Bytes of one line of the list of files."""

_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._/-]*)\n")


@dataclass(frozen=True, kw_only=True)
class Manifest(Content):
    """What the exporting desk signs."""

    KIND: ClassVar[Kind] = Kind.EXPORT
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    list_hash: bytes = key(4, ID)
    files: int = key(5, uint(2**32))
    texts: bool = key(6, flag)
    """Whether an officer was signed in, so that the notes' words are included."""
    chains: tuple[tuple[bytes, bytes, int, Place], ...] = key(
        # line, writer, number of its entries in this export, place of its newest entry
        7,
        listing(row(ID, ID, uint(2**32), PLACE), 1024),
    )
    layout: int | None = key(8, optional(one_of(PACKED)), default=None)
    """Absent: a file for each entry and receipt. 2: packs of many (ADR 0040)."""
    acts: tuple[int, ...] | None = key(9, optional(listing(uint(2**16), 64, minimum=1)), default=None)
    """Types of act beyond ``ALWAYS_NAMED`` that the texts name, where there are any (ADR 0055)."""


def list_files(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The lines of the list, from (path, SHA-256)."""
    for path, digest in sorted(files):
        yield f"{digest.hex()}  {path}\n".encode("ascii")


def read_list_line(line: bytes) -> tuple[str, bytes]:
    """(path, SHA-256); raises Malformed, also on a path that leads out of the folder."""
    try:
        found = _LINE.fullmatch(line.decode("ascii"))
    except UnicodeDecodeError:
        found = None
    if found is None or any(part in ("", ".", "..") for part in found[2].split("/")):
        raise Malformed("Not a line of a list of files.")
    return found[2], bytes.fromhex(found[1])


def write_entry(signed: bytes, salt: bytes | None, body: bytes | None) -> bytes:
    """The bytes of an entry file."""
    return cbor.encode([signed, salt, body])


def read_entry(raw: bytes) -> tuple[Signed, bytes | None, bytes | None]:
    """(signed, salt, body); raises Malformed or Oversized."""
    quick = read_quickly(raw) if len(raw) <= MAX_FILE else None
    if quick is not None:
        return quick
    value = cbor.decode(raw, max_size=MAX_FILE)
    if not isinstance(value, tuple) or len(value) != 3 or not isinstance(value[0], bytes):
        raise Malformed("Not an entry file.")
    signed, salt, body = value
    shown = isinstance(salt, bytes) and isinstance(body, bytes)
    if not shown and (salt is not None or body is not None):
        raise Malformed("Not an entry file.")
    return read_signed(signed), salt, body


def digest(raw: bytes) -> bytes:
    """SHA-256 of a file."""
    return crypto.sha256(raw)
