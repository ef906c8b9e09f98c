# SPDX-License-Identifier: Apache-2.0
"""What only two tables of a case together can show to be wrong: names, references, the path, the order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from goodoffices.datafile.tables import Faults, nearest, quoted
from goodoffices.drill.form.clocks import dtg
from goodoffices.drill.form.forms import Case, Note
from goodoffices.drill.form.plan import Plan

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
        self._unique("office", "name", [name.casefold() for name in self.names])
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
        self._marks()
        if case.notes and case.start > min(note.at for note in case.notes):
            self.faults.add(("case", "start"), "[case], field 'start'", "lies after the first note")
        if case.channel.reading == "sealed" and not case.channel.digits_compared:
            self.faults.add(
                ("channel", "digits_compared"), "[channel], field 'digits_compared'",
                "a sealed channel does not open before the parties have compared the mandate's digits",
            )  # fmt: skip
        if not self.faults.found:
            self._answers()

    def _unique(self, section: str, key: str, values: Sequence[str]) -> None:
        for n, value in enumerate(values):
            if value in values[:n]:
                self.fault(
                    section,
                    n,
                    key,
                    f"{quoted(value)} is already the {key} of [[{section}]] {values.index(value) + 1}",
                )

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

    def _marks(self) -> None:
        legend = self.case.legend
        sections: list[tuple[str, Iterable[tuple[str, ...]]]] = [
            ("note", (note.marks for note in self.case.notes)),
            ("report", (report.marks for report in self.case.reports)),
            ("assurance", (assurance.marks for assurance in self.case.assurances)),
            ("event", (event.marks for event in self.case.events)),
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
