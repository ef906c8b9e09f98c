# SPDX-License-Identifier: Apache-2.0
"""What could be written into a case and never be played: times that cannot be, and what no desk would take.

A desk refuses it as well, but in the middle of a drill; here it is told beforehand, with line and field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from goodoffices.core.errors import YourError
from goodoffices.core.note import MAX_TEXT, paragraphs
from goodoffices.datafile.tables import nearest, quoted
from goodoffices.drill.form.clocks import DAY, dtg
from goodoffices.drill.form.exercise import HOSTILE_RELAY, LINE_CUT, PASSING, RELAY_DOWN, Fault
from goodoffices.drill.form.forms import OUTSIDE, Case, Note, Report

Tell = Callable[[str, int, str, str], None]
"""(section, number from 0, field, what is wrong)."""
LONGEST_FAULT = 30 * DAY
REPORT = {"claim": 4_000, "where": 200, "source": 500, "question": 300, "answer": 200, "claimant": 300}
STATEMENT = {"what": 8_000, "by": 300, "where": 200, "source": 500}
ASSURANCE = {"text": 2_000}
NOTE, TRANSLATION = {"text": MAX_TEXT, "remark": 8_000, "refuse": 8_000}, {"text": MAX_TEXT}
INCIDENT, BRIEFING = {"title": 300, "place": 200}, {"to": 200}
"""Bytes of UTF-8 that a signed paper of that kind takes (docs/format.md §5 and §6)."""
MOST_POINTED_AT, MOST_CONDITIONS, LONGEST_CONDITION = 16, 16, 500


def feasible(case: Case, tell: Tell) -> None:
    """Tell everything of that kind in a case whose names and references are right."""
    _notes(case, tell)
    for n, translation in enumerate(case.translations):
        _fits(tell, "translation", n, translation, TRANSLATION)
    for n, incident in enumerate(case.incidents):
        _fits(tell, "incident", n, incident, INCIDENT)
    _reports(case, tell)
    _statements(case, tell)
    _assurances(case, tell)
    _briefings(case, tell)
    _faults(case, tell)
    _expectations(case, tell)


def _fits(tell: Tell, section: str, n: int, item: object, bytes_of: dict[str, int]) -> None:
    for key, most in bytes_of.items():
        size = len((getattr(item, key) or "").encode())
        if size > most:
            what = f"is too long for what a desk signs: {size:,} bytes of UTF-8, at most {most:,} are allowed"
            tell(section, n, key, what)


def _notes(case: Case, tell: Tell) -> None:
    for n, note in enumerate(case.notes):
        _fits(tell, "note", n, note, NOTE)
        if note.remark and note.refuse and note.remark_by == note.refuse_by:
            size = len(f"{note.refuse}\n\n{note.remark}".encode())
            if size > NOTE["refuse"]:
                what = f"and the remark go as one text, which is too long: {size:,} bytes of UTF-8, at most 8,000"
                tell("note", n, "refuse", what)
        try:
            paragraphs(note.text)
        except YourError as error:
            tell("note", n, "text", f"is refused at a desk: {error.what}")


def _offices_with(note: Note) -> tuple[str, ...]:
    """Who ever has a note, in the order of its way."""
    return (note.sender, *note.via, note.reader)


def _reports(case: Case, tell: Tell) -> None:
    by_id = {report.id: report for report in case.reports}
    for n, report in enumerate(case.reports):
        happened, known = report.happened.first, report.known.last
        if not report.claimant and happened is not None and known is not None and known < happened:
            tell("report", n, "known", "lies before it happened; who says what is to come is its 'claimant'")
        if _around(report, by_id):
            tell("report", n, "supersedes", "leads round in a circle, back to this report")
        for name in report.supersedes:
            other = by_id.get(name)
            if other is not None and _before(report, other):
                tell("report", n, "known", f"lies before that of report {quoted(name)}, which it supersedes")
            if other is not None and other.incident != report.incident and report.incident:
                tell("report", n, "supersedes", f"report {quoted(name)} is kept in another file, or in none")
        if report.incident:
            _fits(tell, "report", n, report, REPORT)
            if len(report.contradicts) > MOST_POINTED_AT:
                tell("report", n, "contradicts", f"names more than {MOST_POINTED_AT} reports")


def _before(report: Report, other: Report) -> bool:
    one, two = report.known.first, other.known.first
    return one is not None and two is not None and one < two


def _around(report: Report, by_id: dict[str, Report]) -> bool:
    seen, left = set[str](), list(report.supersedes)
    while left:
        name = left.pop()
        if name == report.id:
            return True
        if name in by_id and name not in seen:
            seen.add(name)
            left += by_id[name].supersedes
    return False


def _statements(case: Case, tell: Tell) -> None:
    by_id = {statement.id: statement for statement in case.statements}
    notes = {note.id: note for note in case.notes}
    for n, statement in enumerate(case.statements):
        _fits(tell, "statement", n, statement, STATEMENT)
        corrected = by_id.get(statement.corrects)
        if corrected is not None and statement.learnt < corrected.learnt:
            tell("statement", n, "corrects", f"{quoted(statement.corrects)} became known later than this one")
        note = notes.get(statement.note)
        if note is None:
            continue
        has_it = _offices_with(note)
        for office in statement.logged_by:
            if office not in has_it:
                what = f"{office} does not get note {quoted(note.id)} and cannot say that it says the same"
                tell("statement", n, "note", what + nearest(office, has_it))
        if statement.logged_by and statement.learnt < note.at:
            what = f"note {quoted(note.id)} is written only at {dtg(note.at)}, after this became known"
            tell("statement", n, "note", what)


def _assurances(case: Case, tell: Tell) -> None:
    notes = {note.id: note for note in case.notes}
    for n, assurance in enumerate(case.assurances):
        note = notes.get(assurance.note)
        if note is not None and assurance.until is not None and assurance.until <= note.at:
            tell("assurance", n, "until", f"is not later than the note that gives it ({dtg(note.at)})")
        if assurance.kept_by:
            if note is not None and assurance.kept_by not in _offices_with(note):
                what = f"{assurance.kept_by} does not get note {quoted(note.id)}, and cannot write down what it gives"
                tell("assurance", n, "kept_by", what)
            _fits(tell, "assurance", n, assurance, ASSURANCE)
            long = any(len(each.encode()) > LONGEST_CONDITION for each in assurance.conditions)
            if long or len(assurance.conditions) > MOST_CONDITIONS:
                what = f"a desk signs at most {MOST_CONDITIONS} conditions of {LONGEST_CONDITION} bytes each"
                tell("assurance", n, "conditions", what)


def _briefings(case: Case, tell: Tell) -> None:
    notes = {note.id: note for note in case.notes}
    for n, briefing in enumerate(case.briefings):
        _fits(tell, "briefing", n, briefing, BRIEFING)
        for note in (notes[name] for name in briefing.notes):
            if briefing.office not in _offices_with(note):
                what = f"{briefing.office} does not get note {quoted(note.id)}, and cannot show it"
                tell("briefing", n, "notes", what)
        if case.channel.outside == OUTSIDE[0]:
            tell(
                "briefing", n, "to",
                f"[channel], field 'outside', is {quoted(OUTSIDE[0])}: by such a mandate nothing is shown to others",
            )  # fmt: skip


def _faults(case: Case, tell: Tell) -> None:
    for n, fault in enumerate(case.faults):
        if fault.until - fault.at > LONGEST_FAULT:
            tell("fault", n, "until", "lies more than 30 days after 'at'")
    for (m, one), (n, other) in combinations(enumerate(case.faults), 2):
        if one.at < other.until and other.at < one.until and _same(one, other):
            tell("fault", n, "at", f"[[fault]] {m + 1} is on then: {one.words()}")


def _expectations(case: Case, tell: Tell) -> None:
    notes = {note.id: note for note in case.notes}
    for n, expected in enumerate(case.expectations):
        note = notes[expected.note]
        takers = note.via if expected.step in PASSING else (note.reader,)
        if not takers:
            what = f"nobody stands between {note.sender} and {note.reader}, so note {quoted(note.id)} is never that"
            tell("expect", n, "step", what)
        elif expected.office and expected.office not in takers:
            what = f"note {quoted(note.id)} is {quoted(expected.step)} at {' or '.join(takers)} only"
            tell("expect", n, "office", what)


def _same(one: Fault, other: Fault) -> bool:
    """Whether two faults are of one machine, which can fail in one way at a time."""
    relays: Sequence[str] = (RELAY_DOWN, HOSTILE_RELAY)
    if one.what in relays and other.what in relays:
        return one.relay == other.relay
    return one.what == other.what == LINE_CUT and set(one.line) == set(other.line)
