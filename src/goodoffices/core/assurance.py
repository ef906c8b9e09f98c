# SPDX-License-Identifier: Apache-2.0
"""Assurances: what a note promised, as an office reads it, and what became of it (docs/format.md §5.8).

The note is its author's; an assurance is what the office that keeps it took from the note. It stays at home.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from goodoffices.core.fields import ID, MAX_TIME, TIME, key, listing, one_of, optional, text, uint
from goodoffices.core.home_papers import check_writer
from goodoffices.core.office import Office
from goodoffices.core.statement import Content, Kind, Signed

MAX_CONDITIONS = 16


class Became(IntEnum):
    """What became of an assurance, as an officer states it."""

    IN_FORCE = 1
    WITHDRAWN = 2
    DISPUTED = 3
    LAPSED = 4


@dataclass(frozen=True, kw_only=True)
class Assurance(Content):
    """A statement of intent in a note, with its conditions and its end."""

    KIND: ClassVar[Kind] = Kind.ASSURANCE
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    note: bytes = key(4, ID)
    what: str = key(5, text(2000, minimum=1))
    conditions: tuple[str, ...] = key(6, listing(text(500, minimum=1), MAX_CONDITIONS), default=())
    until: int | None = key(7, optional(uint(MAX_TIME)), default=None)
    """ms UTC; absent: for now, no end was given."""


@dataclass(frozen=True, kw_only=True)
class AssuranceChange(Content):
    """What became of one, with the reason and, where there is one, the note that says so."""

    KIND: ClassVar[Kind] = Kind.ASSURANCE_CHANGE
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    assurance: bytes = key(4, ID)
    became: int = key(5, one_of(1, 2, 3, 4))
    why: str = key(6, text(2000, minimum=1))
    note: bytes | None = key(7, optional(ID), default=None)
    until: int | None = key(8, optional(uint(MAX_TIME)), default=None)
    """Where it is in force again: its new end, ms UTC; absent: none was given."""


def check_assurance(signed: Signed, office: Office) -> Assurance:
    """The assurance, verified. Raises Foreign, Malformed or WrongSigner."""
    found = signed.statement.read(Assurance, realm=office.realm)
    check_writer(signed, office, found.office, found.roster)
    return found


def check_change(signed: Signed, office: Office) -> AssuranceChange:
    """What became of one, verified. Raises Foreign, Malformed or WrongSigner."""
    found = signed.statement.read(AssuranceChange, realm=office.realm)
    check_writer(signed, office, found.office, found.roster)
    return found
