# SPDX-License-Identifier: Apache-2.0
"""Public statements: what somebody said before everybody, as an office logged it (docs/format.md §5.9).

A log entry proves what the office wrote down and when, never that it was said. It stays at the office; a
correction is a statement of its own that names the one it corrects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from goodoffices.core.errors import Malformed
from goodoffices.core.fields import ID, MAX_TIME, TIME, key, listing, one_line, optional, row, text, uint
from goodoffices.core.home_papers import check_writer
from goodoffices.core.office import Office
from goodoffices.core.statement import Content, Kind, Signed

MAX_SOURCES = 16


@dataclass(frozen=True, kw_only=True)
class PublicStatement(Content):
    """One statement, signed by the officer who logged it."""

    KIND: ClassVar[Kind] = Kind.PUBLIC_STATEMENT
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    """When it was logged, which may be long after it was said."""
    what: str = key(4, text(8000, minimum=1))
    by: str = key(5, one_line(300))
    """Who said it."""
    where: str = key(6, text(200), default="")
    said: int = key(7, uint(MAX_TIME))
    """When it was said, ms UTC."""
    known: int = key(8, uint(MAX_TIME))
    """When the office came to know it, ms UTC."""
    source: str = key(9, text(500, minimum=1))
    grade: tuple[int, int] = key(10, row(uint(6), uint(6)))
    """Source 1 to 6 for A to F, item 1 to 6, judged apart (Admiralty code); 0: not graded."""
    mark: int = key(11, uint(2**16), default=0)
    """Sharing mark, as of a report (``core.incident``)."""
    note: bytes | None = key(12, optional(ID), default=None)
    """The note that says the same, where there is one."""
    corrects: bytes | None = key(13, optional(ID), default=None)
    evidence: tuple[tuple[bytes, str], ...] = key(
        # SHA-256 of a file that the office keeps elsewhere, and what it is
        14,
        listing(row(ID, text(200, minimum=1)), MAX_SOURCES),
        default=(),
    )


def check_public_statement(signed: Signed, office: Office) -> PublicStatement:
    """A statement, verified: not known before it was said. Raises Foreign, Malformed or WrongSigner."""
    found = signed.statement.read(PublicStatement, realm=office.realm)
    check_writer(signed, office, found.office, found.roster)
    if found.known < found.said:
        raise Malformed("A public statement that was known before it was said.")
    return found
