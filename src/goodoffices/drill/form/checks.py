# SPDX-License-Identifier: Apache-2.0
"""What only two tables of a case together can show to be wrong: names, references, the path, the order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from goodoffices.datafile.tables import Faults, nearest, quoted
from goodoffices.drill.form.clocks import dtg
from goodoffices.drill.form.feasible import feasible
from goodoffices.drill.form.forms import Case, Note
from goodoffices.drill.form.plan import Plan

LONGEST_USE = 1_900
"""Bytes of UTF-8: a mandate's purpose has 2,000, and a drill says before it that it is one."""
_MARK = re.compile(r"([^:]{1,20})(?::.*)?")


def check(case: Case, faults: Faults) -> None:
    _Checks(case, faults).all()


class _Checks:
    def __init__(self, case: Case, faults: Faults) -> None:
        self.case, self.faults = case, faults
        self.names = [office.name for office in case.offices]
        self.note_ids = [note.id for note in case.notes]

    def fault(self, section: str, number: int, key: str, what: str) -> None:
        self.faults.add((section, number, key), f"[[{section}]] {number + 1}, field '{key}'", what)

    def all(self) -> None:
        case = self.case
        if not case.notes:
            self.faults.add(("note",), "[[note]]", "a case needs at least one note")
        self._unique("office", "name", self.names)
        self._unique("clock", "label", [clock.label for clock in case.clocks])
        self._unique("note", "id", self.note_ids)
        self._unique("report", "id", [report.id for report in case.reports])
        self._unique("assurance", "id", [assurance.id for assurance in case.assurances])
        self._unique("officer", "name", [f"{officer.office}: {officer.name}" for officer in case.officers])
        for n, officer in enumerate(case.officers):
            self._office("officer", n, "office", officer.office)
        self._path()
        for n, note in enumerate(case.notes):
            self._note(n, note)
        self._references()
        self._papers()
        self._statements()
        self._translations()
        self._exercise()
        self._marks()
        if case.notes and case.start > min(note.at for note in case.notes):
            self.faults.add(("case", "start"), "[case], field 'start'", "lies after the first note")
        if case.channel.reading == "sealed" and not case.channel.digits_compared:
            self.faults.add(
                ("channel", "digits_compared"), "[channel], field 'digits_compared'",
                "a sealed channel does not open before the parties have compared the mandate's digits",
            )  # fmt: skip
        use = len(case.channel.record_use.encode())
        if use > LONGEST_USE:
            self.faults.add(
                ("channel", "record_use"), "[channel], field 'record_use'",
                f"is too long for a mandate: {use:,} bytes of UTF-8, at most {LONGEST_USE:,} are allowed",
            )  # fmt: skip
        if not self.faults.found:
            feasible(case, self.fault)
            self._answers()

    def _unique(self, section: str, key: str, values: Sequence[str]) -> None:
        """Letters large and small are one: folders bear the names of offices."""
        alike = [value.casefold() for value in values]
        for n, value in enumerate(alike):
            if value in alike[:n]:
                what = f"{quoted(values[n])} is already the {key} of [[{section}]] {alike.index(value) + 1}"
                self.fault(section, n, key, what)

    def _office(self, section: str, n: int, key: str, name: str) -> bool:
        if name in self.names:
            return True
        offices = ", ".join(self.names) or "none"
        what = (
            f"{quoted(name)} is not an office of this case{nearest(name, self.names)}; offices are {offices}"
        )
        self.fault(section, n, key, what)
        return False

    def _path(self) -> None:
        path, roles = self.case.channel.path, {office.name: office.role for office in self.case.offices}
        wrong = [name for name in path if name not in roles]

        def fault(what: str) -> None:
            at = ("channel", "path") if self.names else ("office",)
            self.faults.add(at, "[channel], field 'path'", what)

        if wrong:
            offices = ", ".join(self.names) or "none"
            hint = nearest(wrong[0], self.names)
            fault(f"{quoted(wrong[0])} is not an office of this case{hint}; offices are {offices}")
            return
        shape = ["party", *["intermediary"] * (len(path) - 2), "party"]
        if len(path) < 3 or len(set(path)) != len(path) or [roles[name] for name in path] != shape:
            told = ", ".join(f"{name} ({roles[name]})" for name in path) or "empty"
            fault(f"must run party, intermediary (or several), party, each office once; it is {told}")
            return
        for n, name in enumerate(self.names):
            if name not in path:
                self.fault(
                    "office",
                    n,
                    "name",
                    f"{quoted(name)} does not stand on the channel's path: {', '.join(path)}",
                )

    def _note(self, n: int, note: Note) -> None:
        known = [self._office("note", n, "from", note.sender), self._office("note", n, "to", note.reader)]
        path = self.case.channel.path
        if all(known) and note.sender in path and note.reader in path and note.via:
            ends = (path[0], path[-1])
            if note.sender not in ends or note.reader not in ends:
                self.fault(
                    "note", n, "to",
                    f"a note of or to the intermediary alone goes to a neighbour on the path; "
                    f"{', '.join(note.via)} stands between {note.sender} and {note.reader}",
                )  # fmt: skip
        if self.case.channel.ends is not None and note.at >= self.case.channel.ends:
            self.fault("note", n, "at", f"lies after the end of the mandate ({dtg(self.case.channel.ends)})")
        for key, other_id in (
            ("in_reply_to", note.in_reply_to),
            ("replaces", note.replaces),
            ("withdraws", note.withdraws),
        ):
            if other_id is not None:
                self._earlier(n, note, key, other_id)

    def _earlier(self, n: int, note: Note, key: str, other_id: str) -> None:
        other = next((other for other in self.case.notes if other.id == other_id), None)
        if other is None:
            known = ", ".join(self.note_ids[:12])
            self.fault(
                "note",
                n,
                key,
                f"there is no note {quoted(other_id)}{nearest(other_id, self.note_ids)}; notes are {known}",
            )
        elif other.at >= note.at:
            self.fault("note", n, key, f"note {quoted(other_id)} is not earlier than this one")
        elif key == "in_reply_to" and other.reader != note.sender:
            self.fault(
                "note", n, key, f"note {quoted(other_id)} was written to {other.reader}, not to {note.sender}"
            )
        elif key != "in_reply_to" and (other.sender, other.reader) != (note.sender, note.reader):
            self.fault(
                "note", n, key, f"note {quoted(other_id)} is not one from {note.sender} to {note.reader}"
            )

    def _references(self) -> None:
        reports = [report.id for report in self.case.reports]
        for n, report in enumerate(self.case.reports):
            for key, others in (("contradicts", report.contradicts), ("supersedes", report.supersedes)):
                for other in others:
                    if other not in reports:
                        self.fault(
                            "report", n, key, f"there is no report {quoted(other)}{nearest(other, reports)}"
                        )
                    elif other == report.id:
                        self.fault("report", n, key, "names the report itself")
        for n, assurance in enumerate(self.case.assurances):
            if assurance.note not in self.note_ids:
                what = f"there is no note {quoted(assurance.note)}{nearest(assurance.note, self.note_ids)}"
                self.fault("assurance", n, "note", what)

    def _known_note(self, section: str, n: int, key: str, name: str) -> Note | None:
        found = next((note for note in self.case.notes if note.id == name), None)
        if found is None:
            what = f"there is no note {quoted(name)}{nearest(name, self.note_ids)}"
            self.fault(section, n, key, what)
        return found

    def _papers(self) -> None:
        case, files = self.case, [incident.id for incident in self.case.incidents]
        self._unique("incident", "id", files)
        for n, incident in enumerate(case.incidents):
            self._office("incident", n, "office", incident.office)
        for n, report in enumerate(case.reports):
            if report.incident and report.incident not in files:
                what = f"there is no incident {quoted(report.incident)}{nearest(report.incident, files)}"
                self.fault("report", n, "incident", what)
        for n, assurance in enumerate(case.assurances):
            if assurance.kept_by:
                self._office("assurance", n, "kept_by", assurance.kept_by)
        for n, briefing in enumerate(case.briefings):
            self._office("briefing", n, "office", briefing.office)
            for name in briefing.notes:
                shown = self._known_note("briefing", n, "notes", name)
                if shown is not None and shown.at >= briefing.at:
                    self.fault(
                        "briefing", n, "notes", f"note {quoted(name)} is not earlier than the briefing"
                    )

    def _statements(self) -> None:
        case, ids = self.case, [each.id for each in self.case.statements]
        self._unique("statement", "id", ids)
        for n, statement in enumerate(case.statements):
            for office in statement.logged_by:
                self._office("statement", n, "logged_by", office)
            if statement.note:
                self._known_note("statement", n, "note", statement.note)
            if statement.corrects and statement.corrects not in ids[:n]:
                what = f"there is no statement {quoted(statement.corrects)} above this one"
                self.fault("statement", n, "corrects", what + nearest(statement.corrects, ids[:n]))
        kept = {each.id: each.office for each in case.incidents}
        for n, briefing in enumerate(case.briefings):
            own = {e.id: e.learnt for e in case.statements if briefing.office in e.logged_by}
            own |= {e.id: e.known.first or 0 for e in case.reports if kept.get(e.incident) == briefing.office}
            for name in briefing.beside:
                if name not in own:
                    what = f"{briefing.office} keeps no statement or report {quoted(name)}{nearest(name, list(own))}"
                    self.fault("briefing", n, "beside", what)
                elif own[name] >= briefing.at:
                    self.fault(
                        "briefing", n, "beside", f"{quoted(name)} became known only after the briefing"
                    )

    def _translations(self) -> None:
        for n, translation in enumerate(self.case.translations):
            note = self._known_note("translation", n, "note", translation.note)
            known = self._office("translation", n, "office", translation.office)
            if known and note is not None and translation.office not in (*note.via, note.reader):
                what = f"{quoted(translation.office)} does not get note {quoted(note.id)} on its way"
                self.fault("translation", n, "office", what)

    def _exercise(self) -> None:
        case = self.case
        for n, expectation in enumerate(case.expectations):
            self._known_note("expect", n, "note", expectation.note)
            if expectation.office:
                self._office("expect", n, "office", expectation.office)
        translated = [each.note for each in case.translations]
        ends = [set(each) for each in pairwise(case.channel.path)]
        for n, fault in enumerate(case.faults):
            if fault.office:
                self._office("fault", n, "office", fault.office)
            note = self._known_note("fault", n, "note", fault.note) if fault.note else None
            if note is not None and note.id not in translated:
                self.fault("fault", n, "note", f"note {quoted(fault.note)} has no translation in this case")
            if fault.line and set(fault.line) not in ends:
                lines = ", ".join("–".join(each) for each in pairwise(case.channel.path))
                self.fault("fault", n, "line", f"must name two offices that share a line: {lines}")

    def _marks(self) -> None:
        legend = self.case.legend
        sections: list[tuple[str, Iterable[tuple[str, ...]]]] = [
            ("note", (note.marks for note in self.case.notes)),
            ("report", (report.marks for report in self.case.reports)),
            ("assurance", (assurance.marks for assurance in self.case.assurances)),
            ("event", (event.marks for event in self.case.events)),
            ("statement", (statement.marks for statement in self.case.statements)),
            ("translation", (translation.marks for translation in self.case.translations)),
            ("briefing", (briefing.marks for briefing in self.case.briefings)),
        ]
        for section, items in sections:
            for n, marks in enumerate(items):
                for mark in marks:
                    found = _MARK.fullmatch(mark)
                    if not found or (legend and found.group(1).strip() not in legend):
                        self.fault(
                            section,
                            n,
                            "mark",
                            f"{quoted(mark)} is not in the legend [marks]: {', '.join(legend)}",
                        )

    def _answers(self) -> None:
        """An answer is written after what it answers has been opened: the plan must allow for that."""
        plan = Plan.of(self.case)
        for n, note in enumerate(self.case.notes):
            if note.in_reply_to is None:
                continue
            opened = plan.time_of(note.in_reply_to, "open")
            if opened is None:
                self.fault(
                    "note", n, "in_reply_to", f"by this case note {quoted(note.in_reply_to)} is never opened"
                )
            elif opened > note.at:
                self.fault(
                    "note", n, "in_reply_to",
                    f"answers note {quoted(note.in_reply_to)}, which by this case is opened only at "
                    f"{dtg(opened)}, after this note's own time {dtg(note.at)}",
                )  # fmt: skip
