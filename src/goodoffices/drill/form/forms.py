# SPDX-License-Identifier: Apache-2.0
"""What a case consists of. Read by ``case``, played by the player, drawn by ``page``.

Times are milliseconds UTC of case time; durations are real milliseconds inside a note's passage.
``made_up`` holds the aspects of an item that were invented for the drill (``reading.ASPECTS``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goodoffices.drill.form.clocks import When
from goodoffices.drill.form.exercise import Briefing, Expectation, Fault, Incident, Translation
from goodoffices.drill.form.statements import Statement

PRECEDENCES = ("FLASH", "IMMEDIATE", "PRIORITY", "ROUTINE")
AUTHORITIES = ("not stated", "official", "minister", "head of government")
ROLES = ("drafter", "releaser", "duty officer", "auditor", "keeper of keys")
DISCLOSURES = ("only with consent", "unless confidential")
OUTSIDE = ("not outside", "with consent of all", "as evidence")
STATES = ("in force", "lapsed", "withdrawn", "disputed")
SOURCE_GRADES = {
    "A": "reliable", "B": "usually reliable", "C": "fairly reliable",
    "D": "not usually reliable", "E": "unreliable", "F": "cannot be judged",
}  # fmt: skip
ITEM_GRADES = {
    "1": "confirmed", "2": "probably true", "3": "possibly true",
    "4": "doubtful", "5": "improbable", "6": "cannot be judged",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Office:
    name: str
    role: str  # "party" or "intermediary"
    zone: str
    place: str


@dataclass(frozen=True, slots=True)
class Officer:
    office: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    reading: str  # "open" or "sealed"
    forwarding: str  # "by hand" or "automatic"
    path: tuple[str, ...]  # party, intermediary, (intermediary ...,) party
    clocks: Mapping[str, int]  # precedence -> ms from "at the desk" to "forwarded"
    languages: tuple[str, ...]
    disclosure: str
    record_use: str
    digits_compared: bool
    ends: int | None
    outside: str = OUTSIDE[0]  # what the record may be used for outside the channel


@dataclass(frozen=True, slots=True)
class Clock:
    label: str
    zone: str


@dataclass(frozen=True, slots=True)
class Note:
    id: str
    title: str
    sender: str
    reader: str
    via: tuple[str, ...]  # the intermediaries between sender and reader, in the order of the way
    at: int
    text: str
    precedence: str
    authority: str
    language: str
    valid_until: int | None
    reply_by: int | None
    in_reply_to: str | None
    replaces: str | None
    withdraws: str | None
    seen_after: tuple[int | None, ...]  # per intermediary, from "at the desk" there
    forward_after: tuple[int | None, ...]  # per intermediary, from "at the desk" there
    refuse: str | None
    refuse_by: str | None
    refuse_after: int
    remark: str | None
    remark_by: str | None
    open_after: int | None  # this and the next two: from "at the desk" of the reader
    principal_after: int | None
    acknowledge_after: int | None
    acknowledge: str
    made_up: frozenset[str]
    marks: tuple[str, ...]
    source: str

    @property
    def direct(self) -> bool:
        """Nobody stands between: a note to the intermediary alone, or one by the intermediary itself."""
        return not self.via


@dataclass(frozen=True, slots=True)
class Report:
    id: str
    question: str
    claim: str
    where: str
    happened: When
    known: When
    source: str
    grade_source: str
    grade_item: str
    contradicts: tuple[str, ...]
    supersedes: tuple[str, ...]
    made_up: frozenset[str]
    marks: tuple[str, ...]
    incident: str = ""  # the file in which an office keeps it
    answer: str = ""  # to the question, in a word or two; what is claimed, if empty
    claimant: str = ""  # who says so, where it is about what somebody meant: nobody sees that


@dataclass(frozen=True, slots=True)
class Assurance:
    id: str
    note: str
    text: str
    conditions: tuple[str, ...]
    until: int | None  # None: for now
    state: str
    made_up: frozenset[str]
    marks: tuple[str, ...]
    kept_by: str = ""  # the office that writes it down at its desk


@dataclass(frozen=True, slots=True)
class Event:
    at: When
    place: str
    what: str
    source: str
    made_up: frozenset[str]
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    title: str
    about: str
    start: int
    pace: float
    gap: int
    legend: Mapping[str, str]
    sources: tuple[str, ...]
    offices: tuple[Office, ...]
    officers: tuple[Officer, ...]
    channel: Channel
    clocks: tuple[Clock, ...]
    notes: tuple[Note, ...]
    reports: tuple[Report, ...]
    assurances: tuple[Assurance, ...]
    events: tuple[Event, ...]
    text: str  # the file, as it was read
    incidents: tuple[Incident, ...] = ()
    translations: tuple[Translation, ...] = ()
    briefings: tuple[Briefing, ...] = ()
    faults: tuple[Fault, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    statements: tuple[Statement, ...] = ()

    def office(self, name: str) -> Office:
        return next(office for office in self.offices if office.name == name)

    def note(self, note_id: str) -> Note:
        return next(note for note in self.notes if note.id == note_id)

    def officers_of(self, office: str) -> tuple[Officer, ...]:
        return tuple(officer for officer in self.officers if officer.office == office)
