# SPDX-License-Identifier: Apache-2.0
"""What was seen while a case was played: facts read from the desks, none taken from the case.

The player fills these in; the chronicle, the picture and the machine-readable result draw on them.
Times are milliseconds UTC: ``at`` is real, ``case_at`` is the case's own time as the signature carries it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RELEASED, ON_RELAY, AT_DESK, SEEN = "released", "on a relay", "at the desk", "seen"
REMARK, FORWARDED, REFUSED, AT_FAR_DESK = "covering remark", "forwarded", "refused", "at the far desk"
OPENED, WITH_PRINCIPAL, ACKNOWLEDGED = "opened", "with the principal", "acknowledged"
# the ladder, lowest rung first; rungs of the same instant are shown in this order
RUNGS = (
    RELEASED,
    ON_RELAY,
    AT_DESK,
    SEEN,
    REMARK,
    FORWARDED,
    REFUSED,
    AT_FAR_DESK,
    OPENED,
    WITH_PRINCIPAL,
    ACKNOWLEDGED,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One rung that a note reached."""

    rung: str
    office: str  # where it was reached
    at: int
    case_at: int | None = None
    signer: str = ""  # such as "duty officer K-3 of Bern" or "the desk of Bern"
    word_of: str = ""  # the office whose signed word this is; empty: that of ``office`` itself
    detail: str = ""  # the acknowledgement's words, the reason of a refusal, the remark

    @property
    def time(self) -> int:
        return self.at if self.case_at is None else self.case_at


@dataclass(frozen=True, slots=True)
class ObservedNote:
    id: str  # its id in the case
    note_id: str = ""  # its signed ID, in hexadecimal
    number: int | None = None  # its author's number
    digits: str = ""  # its check digits
    verbatim: bool = False  # the reader's bytes are the case's bytes, and the author's signature holds
    crossed: tuple[str, ...] = ()  # ids in the case, as both sides' records show it
    steps: tuple[Step, ...] = ()


CUT = "ended before the case was played to its end"


@dataclass(frozen=True, slots=True)
class ObservedLine:
    name: str
    entries: int
    verified: bool
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing of the plan that was done, or one fault that began or was mended, when it was."""

    what: str  # as in the plan
    office: str
    note: str
    case_at: int
    item: int = 0
    by: str = "script"  # or "person"


@dataclass(frozen=True, slots=True)
class Observed:
    notes: tuple[ObservedNote, ...] = ()
    lines: tuple[ObservedLine, ...] = ()
    lost: int = 0
    doubled: int = 0
    began: int | None = None  # real time
    ended: int | None = None
    pace: float = 1.0
    remarks: tuple[str, ...] = ()  # what else the player has to say about this run
    exports: Mapping[str, str] = field(default_factory=dict)  # office -> folder beside the page
    deeds: tuple[Deed, ...] = ()
    seats: tuple[str, ...] = ()  # offices in which people sat
    interventions: tuple[str, ...] = ()  # what whoever conducted it changed while it ran
    cut: bool = False  # ended before the case was played to its end: what is missing was never due

    def note(self, case_id: str) -> ObservedNote | None:
        return next((note for note in self.notes if note.id == case_id), None)
