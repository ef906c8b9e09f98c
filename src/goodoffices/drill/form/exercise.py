# SPDX-License-Identifier: Apache-2.0
"""What makes a case an exercise: faults, expectations, and what offices do beside the notes themselves.

Times are milliseconds UTC of case time, durations milliseconds of case time. docs/case-format.md states the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goodoffices.datafile.tables import quoted
from goodoffices.drill.form.clocks import MINUTE
from goodoffices.drill.form.reading import LANGUAGE, Table, read_id, read_made_up, zone_of

RELAY_DOWN, LINE_CUT, ASLEEP, LATE_TRANSLATION, HOSTILE_RELAY = FAULTS = (
    "relay down",
    "line cut",
    "officer asleep",
    "translation late",
    "hostile relay",
)
WITHHOLDS, ALTERS, REPEATS = HOSTILITIES = ("withholds", "alters", "repeats")
GRADES = ("machine", "sight", "rough", "official")
SHARING = ("TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR")
STEPS = (
    "at the desk",
    "seen",
    "forwarded",
    "refused",
    "at the far desk",
    "opened",
    "with the principal",
    "acknowledged",
)
PASSING = STEPS[:4]
"""What an intermediary does with a note that it passes on; the rest is its reader's."""
RELAYS = 2
"""A drill is played over so many relays; a fault names one by its number from 1."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that fails from ``at`` to ``until``. Which of the other fields count depends on ``what``."""

    what: str
    at: int
    until: int
    relay: int = 1
    line: tuple[str, ...] = ()
    office: str = ""
    note: str = ""
    how: str = WITHHOLDS

    def holds(self, moment: int) -> bool:
        """Whether it is on at a moment of the case."""
        return self.at <= moment < self.until

    def words(self) -> str:
        """What it is, on one line."""
        match self.what:
            case "relay down":
                return f"relay {self.relay} is down"
            case "line cut":
                return f"the line {'–'.join(self.line)} is cut"
            case "officer asleep":
                return f"nobody acts at {self.office}"
            case "translation late":
                return f"the translation of {self.note} is late"
            case _:
                return f"relay {self.relay} {self.how} what it is given"


@dataclass(frozen=True, slots=True)
class Expectation:
    """That a note reaches a step within so long after its release. ``office``: where, or anywhere if empty."""

    note: str
    step: str
    office: str
    within: int


@dataclass(frozen=True, slots=True)
class Incident:
    """A file on an event, kept at one office's desk."""

    id: str
    office: str
    title: str
    place: str


@dataclass(frozen=True, slots=True)
class Translation:
    """A translation of a note, given beside it by an office that has it, so long after it has arrived there."""

    note: str
    office: str
    language: str
    grade: str
    text: str
    after: int
    made_up: frozenset[str]
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Briefing:
    """Chosen notes shown to a third party by one office."""

    at: int
    office: str
    to: str
    notes: tuple[str, ...]
    mark: str
    purpose: str
    consent: str
    beside: tuple[str, ...]  # statements and reports of that office that go along, as not proved
    made_up: frozenset[str]
    marks: tuple[str, ...]


def read_fault(table: Table, zone: str) -> Fault:
    """One [[fault]]."""
    what = table.choice("what", FAULTS)
    at, until = table.moment("at", zone, required=True) or 0, table.moment("until", zone, required=True) or 0
    if until <= at and table.has("at") and table.has("until"):
        table.fault("until", "is not later than 'at'")
    line = table.texts("line", limit=40)
    fault = Fault(
        what,
        at,
        until,
        relay=int(table.number("relay", 1, 1, RELAYS)),
        line=line,
        office=table.text("office", limit=40),
        note=table.text("note", limit=60),
        how=table.choice("how", HOSTILITIES, WITHHOLDS),
    )
    takes = {
        RELAY_DOWN: ("relay",), LINE_CUT: ("line",), ASLEEP: ("office",), LATE_TRANSLATION: ("note",),
        HOSTILE_RELAY: ("relay", "how"),
    }[what]  # fmt: skip
    for key in ("relay", "line", "office", "note", "how"):
        if table.has(key) and key not in takes:
            table.fault(key, f"has no meaning for {quoted(what)}, which takes {', '.join(takes)}")
        elif not table.has(key) and key in takes and key in ("line", "office", "note"):
            table.fault(None, f"the field '{key}' is missing; {quoted(what)} needs it")
    table.refuse_unknown()
    return fault


def read_expectation(table: Table) -> Expectation:
    """One [[expect]]."""
    expectation = Expectation(
        note=table.text("note", required=True, limit=60),
        step=table.choice("step", STEPS),
        office=table.text("office", limit=40),
        within=table.span("within", None, never=False) or 0,
    )
    if not table.has("within"):
        table.fault(None, "the field 'within' is missing; it takes a duration such as \"5m\"")
    table.refuse_unknown()
    return expectation


def read_incident(table: Table) -> Incident:
    """One [[incident]]."""
    incident = Incident(
        id=read_id(table),
        office=table.text("office", required=True, limit=40),
        title=table.text("title", required=True, limit=300),
        place=table.text("place", limit=200),
    )
    table.refuse_unknown()
    return incident


def read_translation(table: Table) -> Translation:
    """One [[translation]]."""
    language = table.text("language", required=True, limit=35)
    if language and not LANGUAGE.fullmatch(language):
        table.fault("language", f"{quoted(language)} is not a language tag such as 'en' or 'fa'")
    translation = Translation(
        note=table.text("note", required=True, limit=60),
        office=table.text("office", required=True, limit=40),
        language=language,
        grade=table.choice("grade", GRADES, "rough"),
        text=table.text("text", required=True, limit=60_000, lines=True),
        after=table.span("after", 10 * MINUTE, never=False) or 0,
        made_up=read_made_up(table, ()),
        marks=table.texts("mark", limit=80),
    )
    table.refuse_unknown()
    return translation


def read_briefing(table: Table, zones: Mapping[str, str], default: str) -> Briefing:
    """One [[briefing]]."""
    office = table.text("office", required=True, limit=40)
    briefing = Briefing(
        at=table.moment("at", zone_of(table, zones, zones.get(office, default)), required=True) or 0,
        office=office,
        to=table.text("to", required=True, limit=200),
        notes=table.texts("notes", limit=60),
        mark=table.choice("sharing", SHARING, "TLP:AMBER+STRICT"),
        purpose=table.text("purpose", limit=300),
        consent=table.text("consent", limit=300),
        beside=table.texts("beside", limit=60),
        made_up=read_made_up(table, ()),
        marks=table.texts("mark", limit=80),
    )
    if not briefing.notes:
        table.fault(None, "the field 'notes' is missing; it takes the ids of the notes that are shown")
    table.refuse_unknown()
    return briefing
