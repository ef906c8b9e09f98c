# SPDX-License-Identifier: Apache-2.0
"""From a TOML file to a ``Case``, or to a ``BadCase`` that names line and field.

The form is described in docs/case-format.md. What one table can tell by itself is checked here, what
takes two tables in ``checks``.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from goodoffices.core.errors import BadCase
from goodoffices.datafile.tables import Faults, load, nearest, quoted
from goodoffices.datafile.toml_lines import Lines
from goodoffices.drill.form import forms
from goodoffices.drill.form.checks import check
from goodoffices.drill.form.clocks import HOUR, MINUTE, SECOND, When
from goodoffices.drill.form.exercise import (
    read_briefing,
    read_expectation,
    read_fault,
    read_incident,
    read_translation,
)
from goodoffices.drill.form.forms import Case, Channel, Clock, Office, Officer
from goodoffices.drill.form.notes import LONGEST_TEXT, read_note
from goodoffices.drill.form.reading import (
    LANGUAGE,
    NAME,
    Table,
    read_id,
    read_item_grade,
    read_made_up,
    zone_of,
)
from goodoffices.drill.form.statements import read_statement

LARGEST_FILE = 4 * 1024 * 1024
MOST = {
    "office": 6, "officer": 60, "clock": 12, "note": 200, "translation": 200, "incident": 50, "report": 500,
    "assurance": 200, "briefing": 20, "event": 500, "statement": 200, "fault": 50, "expect": 200,
}  # fmt: skip
SECTIONS = ("case", "marks", "channel", *MOST)
DEFAULT_CLOCKS = {"FLASH": 5 * MINUTE, "IMMEDIATE": 5 * MINUTE, "PRIORITY": 3 * HOUR, "ROUTINE": 6 * HOUR}


def shipped() -> tuple[str, ...]:
    """The names of the cases that come with the program."""
    folder = resources.files("goodoffices.drill") / "cases"
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


def find(name: str) -> Case:
    """A shipped case by its name, or a case file by its path."""
    if name in shipped():
        text = (resources.files("goodoffices.drill") / "cases" / f"{name}.toml").read_bytes()
        return parse(text, f"{name}.toml")
    path = Path(name)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadCase(
            f"{quoted(name)} is neither a shipped case ({', '.join(shipped())}) "
            f"nor a file that can be read: {reason}.",
            "Give the name of a shipped case or the path of a case file.",
        ) from error
    return parse(data, path.name)


def parse(data: bytes | str, name: str = "case.toml") -> Case:
    """The case in ``data``; ``name`` is what faults call the file."""
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    tree, text = load(raw, name, LARGEST_FILE, BadCase)
    return _Reader(tree, text, name).case()


class _Reader:
    def __init__(self, tree: dict[str, Any], text: str, name: str) -> None:
        self.tree, self.text = tree, text
        self.faults = Faults(name, Lines(text), BadCase)

    def case(self) -> Case:
        for key in self.tree:
            if key not in SECTIONS:
                self.faults.add(
                    (key,), quoted(key), f"there is no such section{nearest(key, SECTIONS)}; "
                    f"sections are {', '.join(SECTIONS)}",
                )  # fmt: skip
        head = self._head()
        legend = self._legend()
        name, title = self._case_name(head), head.text("title", required=True, limit=200)
        about = head.text("about", limit=4_000, lines=True)
        zone = head.zone("zone", "UTC")
        sources = head.texts("sources", limit=1_000)
        pace = head.number("pace", 1.0, 1.0, 100_000.0)
        gap = head.span("gap", 2 * SECOND, never=False) or 0
        offices = tuple(self._office(table) for table in self._tables("office"))
        clocks = tuple(self._clock(table) for table in self._tables("clock"))
        zones = {**{c.label: c.zone for c in clocks}, **{o.name: o.zone for o in offices}}
        officers = tuple(self._officer(table) for table in self._tables("officer"))
        channel = self._channel(offices)
        notes = tuple(read_note(table, channel, zones) for table in self._tables("note"))
        reports = tuple(self._report(table, zones, zone) for table in self._tables("report"))
        assurances = tuple(self._assurance(table, zone) for table in self._tables("assurance"))
        events = tuple(self._event(table, zones, zone) for table in self._tables("event"))
        incidents = tuple(map(read_incident, self._tables("incident")))
        translations = tuple(map(read_translation, self._tables("translation")))
        briefings = tuple(read_briefing(table, zones, zone) for table in self._tables("briefing"))
        faults = tuple(read_fault(table, zone) for table in self._tables("fault"))
        statements = tuple(read_statement(table, zones, zone) for table in self._tables("statement"))
        expectations = tuple(map(read_expectation, self._tables("expect")))
        start = head.moment("start", zone)
        head.refuse_unknown()
        self.faults.raise_any()
        first = min((note.at for note in notes), default=0)
        if start is None:
            start = first - HOUR
        case = Case(
            name, title, about, start, pace, gap, legend, sources, offices, officers, channel, clocks,
            notes, reports, assurances, events, self.text, incidents, translations, briefings, faults,
            expectations, statements,
        )  # fmt: skip
        check(case, self.faults)
        self.faults.raise_any()
        # Only now: no fault of an office is told of a clock that nobody wrote.
        own = tuple(Clock(office.name, office.zone) for office in offices)
        return case if clocks else replace(case, clocks=own)

    def _head(self) -> Table:
        data = self.tree.get("case")
        if not isinstance(data, dict):
            what = "the section is missing; a case begins with [case], name and title"
            self.faults.add(("case",), "[case]", what if data is None else "is written as one table, [case]")
            data = {"name": "x", "title": "x"}
        return Table(data, ("case",), "[case]", self.faults)

    def _case_name(self, head: Table) -> str:
        name = head.text("name", required=True, limit=40)
        if name and not NAME.fullmatch(name):
            head.fault(
                "name",
                f"{quoted(name)} may hold small letters, digits and single hyphens only: 'seven-days'",
            )
        return name

    def _legend(self) -> dict[str, str]:
        data = self.tree.get("marks", {})
        if not isinstance(data, dict):
            self.faults.add(("marks",), "[marks]", "is written as one table, [marks]")
            return {}
        table = Table(data, ("marks",), "[marks]", self.faults)
        for key in data:
            if not key.strip() or len(key) > 20 or not key.isprintable() or ":" in key:
                table.fault(key, "a mark is a short word or letter without a colon")
        return {key: table.text(key, limit=400) for key in data}

    def _tables(self, section: str) -> list[Table]:
        data = self.tree.get(section, [])
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            self.faults.add(
                (section,), f"[[{section}]]", f"is written as a list of tables, each headed [[{section}]]"
            )
            return []
        if len(data) > MOST[section]:
            self.faults.add(
                (section, MOST[section]),
                f"[[{section}]] {MOST[section] + 1}",
                f"at most {MOST[section]} are allowed",
            )
            data = data[: MOST[section]]
        return [
            Table(item, (section, n), f"[[{section}]] {n + 1}", self.faults) for n, item in enumerate(data)
        ]

    def _label(self, table: Table, key: str) -> str:
        """A name that also serves as a folder's name and as a heading."""
        name = table.text(key, required=True, limit=40)
        if name and not (
            name[0].isalnum() and all(c.isalnum() or c in " -'’ʽ.()" or c == "\u200c" for c in name)
        ):
            table.fault(
                key,
                f"{quoted(name)} must begin with a letter and hold letters, digits, spaces and hyphens only",
            )
        elif name != name.strip() or name.endswith("."):
            table.fault(key, f"{quoted(name)} must not end in a space or full stop")
        return name

    def _office(self, table: Table) -> Office:
        name = self._label(table, "name")
        role = table.choice("role", ("party", "intermediary"))
        zone = table.zone("timezone")
        place = table.text("place", name, limit=100)
        table.refuse_unknown()
        return Office(name, role, zone, place)

    def _clock(self, table: Table) -> Clock:
        clock = Clock(self._label(table, "label"), table.zone("timezone"))
        table.refuse_unknown()
        return clock

    def _officer(self, table: Table) -> Officer:
        office, name = (
            table.text("office", required=True, limit=40),
            table.text("name", required=True, limit=60),
        )
        roles = table.texts("roles") or ("drafter", "releaser", "duty officer")
        for role in roles:
            if role not in forms.ROLES:
                table.fault(
                    "roles",
                    f"{quoted(role)} is not one of: {', '.join(forms.ROLES)}{nearest(role, forms.ROLES)}",
                )
        table.refuse_unknown()
        return Officer(office, name, tuple(dict.fromkeys(roles)))

    def _channel(self, offices: tuple[Office, ...]) -> Channel:
        data = self.tree.get("channel", {})
        if not isinstance(data, dict):
            self.faults.add(("channel",), "[channel]", "is written as one table, [channel]")
            data = {}
        table = Table(data, ("channel",), "[channel]", self.faults)
        parties = [office.name for office in offices if office.role == "party"]
        between = [office.name for office in offices if office.role == "intermediary"]
        path = table.texts("path") or (*parties[:1], *between, *parties[1:])
        clocks = dict(DEFAULT_CLOCKS)
        given = table.raw("clocks", dict, 'a table such as { FLASH = "5m", ROUTINE = "6h" }')
        if given is not None:
            inner = Table(given, ("channel", "clocks"), "[channel.clocks]", self.faults)
            spelled = {key.upper(): key for key in given}
            clocks = {
                p: inner.span(spelled.get(p, p), clocks[p], never=False) or 0 for p in forms.PRECEDENCES
            }
            inner.refuse_unknown()
        languages = table.texts("languages", limit=40)
        for language in languages:
            if not LANGUAGE.fullmatch(language):
                table.fault("languages", f"{quoted(language)} is not a language tag such as 'en' or 'fa'")
        channel = Channel(
            reading=table.choice("reading", ("open", "sealed"), "open"),
            forwarding=table.choice("forwarding", ("by hand", "automatic"), "by hand"),
            path=path,
            clocks=clocks,
            languages=languages,
            disclosure=table.choice("disclosure", forms.DISCLOSURES, forms.DISCLOSURES[0]),
            record_use=table.text("record_use", "Between the offices of this channel only.", limit=1_000),
            digits_compared=table.flag("digits_compared", True),
            ends=table.moment("ends", "UTC"),
            outside=table.choice("outside", forms.OUTSIDE, forms.OUTSIDE[0]),
        )
        table.refuse_unknown()
        return channel

    def _report(self, table: Table, zones: dict[str, str], default: str) -> forms.Report:
        where = table.text("where", limit=100)
        zone = zone_of(table, zones, zones.get(where, default))
        report = forms.Report(
            id=read_id(table),
            question=table.text("question", required=True, limit=300),
            claim=table.text("claim", required=True, limit=LONGEST_TEXT, lines=True),
            where=where,
            happened=table.when("happened", zone, table.text("happened_told", limit=100)),
            known=table.when("known", zone, table.text("known_told", limit=100)),
            source=table.text("source", required=True, limit=300),
            grade_source=table.choice("grade_source", tuple(forms.SOURCE_GRADES), "F"),
            grade_item=read_item_grade(table),
            contradicts=table.texts("contradicts"),
            supersedes=table.texts("supersedes"),
            made_up=read_made_up(table, ()),
            marks=table.texts("mark", limit=80),
            incident=table.text("incident", limit=60),
            answer=table.text("answer", limit=200),
            claimant=table.text("claimant", limit=200),
        )
        table.refuse_unknown()
        return report

    def _assurance(self, table: Table, zone: str) -> forms.Assurance:
        until = table.data.get("until")
        now = isinstance(until, str) and until.strip().casefold() == "for now"
        if now:
            table.raw("until", str, "a date-time or 'for now'")
        assurance = forms.Assurance(
            id=read_id(table)
            if table.has("id")
            else table.text("id") or f"assurance-{int(table.path[1]) + 1}",
            note=table.text("note", required=True, limit=60),
            text=table.text("text", required=True, limit=4_000, lines=True),
            conditions=table.texts("conditions", limit=1_000),
            until=None if now else table.moment("until", zone),
            state=table.choice("state", forms.STATES, "in force"),
            made_up=read_made_up(table, ()),
            marks=table.texts("mark", limit=80),
            kept_by=table.text("kept_by", limit=40),
        )
        table.refuse_unknown()
        return assurance

    def _event(self, table: Table, zones: dict[str, str], default: str) -> forms.Event:
        place = table.text("place", required=True, limit=100)
        at: When = table.when(
            "at",
            zone_of(table, zones, zones.get(place, default)),
            table.text("told", limit=100),
            required=True,
        )
        if not at.known and table.has("at"):
            table.fault("at", "an event stands on the line of time and needs at least a span of days")
        event = forms.Event(
            at=at,
            place=place,
            what=table.text("what", required=True, limit=4_000, lines=True),
            source=table.text("source", limit=300),
            made_up=read_made_up(table, ()),
            marks=table.texts("mark", limit=80),
        )
        table.refuse_unknown()
        return event
