# SPDX-License-Identifier: Apache-2.0
"""Incident files: reports on one event, signed one by one, none ever overwritten (docs/format.md §5.7).

A file never leaves its office. A correction is a report of its own that names the one it corrects, so
what was known at any hour can still be asked years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from goodoffices.core.errors import Malformed
from goodoffices.core.fields import (
    ID,
    MAX_TIME,
    TIME,
    key,
    listing,
    one_line,
    one_of,
    optional,
    row,
    text,
    uint,
)
from goodoffices.core.home_papers import check_writer
from goodoffices.core.office import Office
from goodoffices.core.statement import Content, Kind, Signed

MAX_REFERENCES = 16


class Claim(IntEnum):
    """What a report speaks of."""

    FACT = 1
    INTENT = 2
    """What somebody meant: nobody sees that, so it always stands with whose claim it is."""


@dataclass(frozen=True, kw_only=True)
class Incident(Content):
    """A file opened on an event; its ID is this statement's."""

    KIND: ClassVar[Kind] = Kind.INCIDENT
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    title: str = key(4, one_line(300))
    place: str = key(5, text(200), default="")


@dataclass(frozen=True, kw_only=True)
class Report(Content):
    """One report in a file, signed by the officer who entered it."""

    KIND: ClassVar[Kind] = Kind.REPORT
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    """When it was entered, which may be long after it was known."""
    incident: bytes = key(4, ID)
    claim: int = key(5, one_of(1, 2))
    what: str = key(6, text(4000, minimum=1))
    where: str = key(7, text(200), default="")
    happened: tuple[int, int] | None = key(
        # from and to, ms UTC, ends included; absent: not known
        8,
        optional(row(uint(MAX_TIME), uint(MAX_TIME))),
        default=None,
    )
    known: int = key(9, uint(MAX_TIME))
    """When the office came to know it, ms UTC."""
    source: str = key(10, text(500, minimum=1))
    grade: tuple[int, int] = key(11, row(uint(6), uint(6)))
    """Source 1 to 6 for A to F, item 1 to 6, judged apart (Admiralty code); 0: not graded."""
    mark: int = key(12, uint(2**16), default=0)
    """Sharing mark: 0 none given, else as in TLP 2.0: 1 CLEAR, 2 GREEN, 3 AMBER, 4 AMBER+STRICT, 5 RED."""
    question: str = key(13, text(300), default="")
    """The question that it answers, such as "Has the flight left?"; the same words join reports."""
    answer: str = key(14, text(200), default="")
    claimant: str = key(15, text(300), default="")
    """Whose claim it is; of an intent it is never left out."""
    corrects: bytes | None = key(16, optional(ID), default=None)
    contradicts: tuple[bytes, ...] = key(17, listing(ID, MAX_REFERENCES), default=())
    evidence: tuple[tuple[bytes, str], ...] = key(
        # SHA-256 of a file that the office keeps elsewhere, and what it is
        18,
        listing(row(ID, text(200, minimum=1)), MAX_REFERENCES),
        default=(),
    )


def check_incident(signed: Signed, office: Office) -> Incident:
    """The opening of a file, verified. Raises Foreign, Malformed or WrongSigner."""
    found = signed.statement.read(Incident, realm=office.realm)
    check_writer(signed, office, found.office, found.roster)
    return found


def check_report(signed: Signed, office: Office) -> Report:
    """A report, verified by itself: times in order, an intent with its claimant. Raises as check_incident."""
    found = signed.statement.read(Report, realm=office.realm)
    check_writer(signed, office, found.office, found.roster)
    if found.happened is not None and found.happened[0] > found.happened[1]:
        raise Malformed("A report of something that ended before it began.")
    if found.claim == Claim.INTENT and not found.claimant.strip():
        raise Malformed("A claim about what somebody meant, without whose claim it is.")
    if found.question.strip() and not found.answer.strip():
        raise Malformed("A report on a question, without its answer.")
    return found
