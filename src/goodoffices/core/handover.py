# SPDX-License-Identifier: Apache-2.0
"""Handing over a watch: who leaves, who comes, and what is open, signed by both (docs/format.md §5.6).

A handover never leaves its office. Each names the one before, so that the office's watches are one chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from goodoffices.core.errors import Foreign, Malformed, WrongSigner
from goodoffices.core.fields import (
    ID,
    MAX_TIME,
    TIME,
    data,
    flag,
    key,
    listing,
    optional,
    row,
    text,
    uint,
)
from goodoffices.core.office import Office, Right, require_version
from goodoffices.core.statement import Content, Kind, Signed

MAX_OPEN = 256


class OpenStep(IntEnum):
    """What sort of thing is open. Numbers are never reused; an unknown one is shown as such."""

    FORWARD = 1
    OPEN = 2
    ALTERED = 3
    UNREADABLE = 4
    ARRIVAL = 5
    PASSING = 6
    STOPPED = 7
    LINE = 8
    MACHINE = 9
    OUTWARD = 10
    REPLY = 11
    UNANSWERED = 12
    READY = 13
    ANSWER = 14
    ASSURANCE = 20
    LAPSE = 21


@dataclass(frozen=True, kw_only=True)
class Handover(Content):
    """One watch gives what is open to the next; signed by exactly these two officers."""

    KIND: ClassVar[Kind] = Kind.HANDOVER
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    leaving: bytes = key(4, data(32))
    coming: bytes = key(5, data(32))
    open: tuple[tuple[int, bytes | None, int, bool], ...] = key(
        # sort of step, what it is about (a note, a line), since when (ms), whether it is late
        6,
        listing(row(uint(2**16), optional(ID), uint(MAX_TIME), flag), MAX_OPEN),
    )
    more: int = key(7, uint(2**32), default=0)
    """How many open steps did not find room."""
    words: str = key(8, text(2000), default="")
    previous: bytes | None = key(9, optional(ID), default=None)


def check_handover(signed: Signed, office: Office, *, whole: bool = True) -> Handover:
    """The handover, verified; ``whole``: both have signed. Raises Foreign, Malformed or WrongSigner."""
    found = signed.statement.read(Handover, realm=office.realm)
    if found.office != office.id:
        raise Foreign("A handover of another office.")
    if found.leaving == found.coming:
        raise Malformed("A watch that is handed over to the one who leaves it.")
    roster = require_version(office, found.roster)
    signed.verify()
    signers, both = set(signed.signers), {found.leaving, found.coming}
    if not signers <= both or found.leaving not in signers or (whole and signers != both):
        raise WrongSigner("A handover is signed by the two officers that it names, and by nobody else.")
    if not all(roster.rights(each) & Right.DUTY for each in both):
        raise WrongSigner("A handover by somebody without the right 'duty'.")
    return found
