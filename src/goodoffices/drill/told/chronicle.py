# SPDX-License-Identifier: Apache-2.0
"""One line of time from a case and from what was observed when it was played.

Everything that happened, was reported, was promised or was done with a note stands in one order, by
case time, with how long each step took and what was late by the mandate's clock. ``result`` is the same
for machines. How it looks is the business of ``terminal`` and ``page``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goodoffices.drill.form.clocks import When, local, rfc3339
from goodoffices.drill.form.forms import Assurance, Case, Note, Report
from goodoffices.drill.form.plan import Plan
from goodoffices.drill.told.observed import (
    AT_DESK,
    FORWARDED,
    REFUSED,
    RELEASED,
    RUNGS,
    Observed,
    ObservedNote,
    Step,
)

_KINDS = ("event", "report", "step", "assurance")


@dataclass(frozen=True, slots=True)
class Stage:
    """A step with what can be said of its time."""

    step: Step
    took: int | None  # since the step before; None for the first
    allowed: int | None = None  # the mandate's clock for this step, if it has one
    waited: int | None = None  # what that clock measures: from "at the desk" to "forwarded" or "refused"

    @property
    def late_by(self) -> int:
        if self.allowed is None or self.waited is None:
            return 0
        return max(0, self.waited - self.allowed)


@dataclass(frozen=True, slots=True)
class Custody:
    """A note and everybody who had it."""

    note: Note
    seen: ObservedNote | None
    stages: tuple[Stage, ...]
    outcome: str  # why it went no further, if it did not

    @property
    def late(self) -> bool:
        return any(stage.late_by for stage in self.stages)

    @property
    def reached(self) -> bool:
        """Whether it came as far as its reader's desk."""
        return any(stage.step.office == self.note.reader for stage in self.stages)

    def first(self, rung: str, office: str | None = None) -> Stage | None:
        return next((s for s in self.stages if s.step.rung == rung and office in (None, s.step.office)), None)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the line of time."""

    kind: str  # "event", "report", "step" or "assurance"
    when: When
    place: str
    head: str
    body: str = ""
    marks: tuple[str, ...] = ()
    made_up: frozenset[str] = frozenset()
    note: str = ""
    stage: Stage | None = None
    clocks: tuple[tuple[str, str], ...] = ()  # local times, for instants


@dataclass(frozen=True, slots=True)
class Chronicle:
    case: Case
    observed: Observed
    rows: tuple[Row, ...]
    custodies: tuple[Custody, ...]
    questions: tuple[tuple[str, tuple[Report, ...]], ...]  # reports on one question, side by side

    @property
    def late(self) -> int:
        return sum(custody.late for custody in self.custodies)

    @property
    def unplayed(self) -> frozenset[str]:
        """Notes to which a case that was ended early did not come."""
        held = [each for each in self.custodies if self.observed.cut and each.first(RELEASED) is None]
        return frozenset(each.note.id for each in held)

    @property
    def readable(self) -> tuple[Custody, ...]:
        """The notes that came as far as their readers."""
        return tuple(held for held in self.custodies if held.reached)

    @property
    def verbatim(self) -> int:
        return sum(held.seen is not None and held.seen.verbatim for held in self.readable)

    @property
    def all_verified(self) -> bool:
        return bool(self.observed.lines) and all(line.verified for line in self.observed.lines)


def build(case: Case, observed: Observed) -> Chronicle:
    stopped = Plan.of(case).stopped
    custodies = tuple(
        custody(case, note, observed.note(note.id), stopped.get(note.id, "")) for note in case.notes
    )
    rows = [*_events(case), *_reports(case), *_steps(custodies)]
    given = [each for each in custodies if not observed.cut or each.first(RELEASED)]
    rows += _assurances(case, given)
    rows.sort(key=_order)
    rows = [_with_clocks(case, row) for row in rows]
    return Chronicle(case, observed, tuple(rows), custodies, side_by_side(case.reports))


def custody(case: Case, note: Note, seen: ObservedNote | None, stopped: str = "") -> Custody:
    """The steps of one note in order, each with its duration and, where there is one, the clock for it."""
    if seen is None:
        return Custody(note, None, (), "not played")
    ordered = sorted(seen.steps, key=lambda step: (step.time, _rung(step.rung)))
    arrived: dict[str, int] = {}
    stages: list[Stage] = []
    for step in ordered:
        took = step.time - stages[-1].step.time if stages else None
        if step.rung == AT_DESK:
            arrived.setdefault(step.office, step.time)
        if step.rung in (FORWARDED, REFUSED) and step.office in arrived:
            stages.append(
                Stage(step, took, case.channel.clocks[note.precedence], step.time - arrived[step.office])
            )
        else:
            stages.append(Stage(step, took))
    refused = next((s for s in ordered if s.rung == REFUSED), None)
    arrived_far = any(s.office == note.reader for s in ordered)
    outcome = f"refused by {refused.office}" if refused else "" if arrived_far else stopped
    return Custody(note, seen, tuple(stages), outcome)


def _rung(name: str) -> int:
    return RUNGS.index(name) if name in RUNGS else len(RUNGS)


def _events(case: Case) -> list[Row]:
    """What happened in public, and what was said there."""
    said = [
        Row("event", s.at, s.where or s.by, f"{s.by}: {s.what}", s.source, s.marks, s.made_up)
        for s in case.statements
    ]
    return said + [Row("event", e.at, e.place, e.what, e.source, e.marks, e.made_up) for e in case.events]


def _reports(case: Case) -> list[Row]:
    rows = []
    for report in case.reports:
        when = report.known if report.known.known else report.happened
        rows.append(
            Row("report", when, report.where, report.question, report.claim, report.marks, report.made_up)
        )
    return rows


def _steps(custodies: tuple[Custody, ...]) -> list[Row]:
    rows = []
    for held in custodies:
        for stage in held.stages:
            step = stage.step
            released = step.rung == RELEASED
            made_up = held.note.made_up - {"grade", "source", "place"} if released else frozenset[str]()
            marks = held.note.marks if released else ()
            when = When(step.time, step.time)
            rows.append(
                Row("step", when, step.office, step.rung, step.detail, marks, made_up, held.note.id, stage)
            )
    return rows


def _assurances(case: Case, custodies: Sequence[Custody]) -> list[Row]:
    rows = []
    by_note = {each.note.id: each for each in custodies}
    for assurance in case.assurances:
        held = by_note.get(assurance.note)
        if held is None:
            continue
        at = assurance_from(assurance, held)
        when = When(at, at)
        head = f"assurance {assurance.state}, {until(assurance)}"
        rows.append(
            Row(
                "assurance",
                when,
                held.note.sender,
                head,
                assurance.text,
                assurance.marks,
                assurance.made_up,
                assurance.note,
            )
        )
    return rows


def assurance_from(assurance: Assurance, held: Custody) -> int:
    """An assurance counts from when its note was released, as the release says."""
    released = held.first(RELEASED)
    return released.step.time if released else held.note.at


def until(assurance: Assurance) -> str:
    if assurance.until is None:
        return "for now"
    return f"until {When(assurance.until, assurance.until).words()}"


def _order(row: Row) -> tuple[bool, int, int, int]:
    rung = _rung(row.stage.step.rung) if row.stage else 0
    return (not row.when.known, row.when.first or 0, _KINDS.index(row.kind), rung)


def _with_clocks(case: Case, row: Row) -> Row:
    if not row.when.instant or row.when.first is None:
        return row
    clocks = tuple((clock.label, local(row.when.first, clock.zone)) for clock in case.clocks)
    return Row(
        row.kind, row.when, row.place, row.head, row.body, row.marks, row.made_up, row.note, row.stage, clocks
    )


def side_by_side(reports: tuple[Report, ...]) -> tuple[tuple[str, tuple[Report, ...]], ...]:
    """Reports grouped by the question they answer, questions in the order of the case."""
    groups: dict[str, list[Report]] = {}
    for report in reports:
        groups.setdefault(report.question, []).append(report)
    return tuple((question, tuple(group)) for question, group in groups.items())


def result(case: Case, observed: Observed) -> dict[str, Any]:
    """What ``--json`` writes: ``id`` and ``crossed`` are the ids of the case file."""
    notes = []
    for note in case.notes:
        seen = observed.note(note.id)
        if seen is None:
            continue
        steps = sorted(seen.steps, key=lambda step: (step.time, _rung(step.rung)))
        notes.append(
            {
                "id": note.id,
                "from": note.sender,
                "to": note.reader,
                "verbatim": seen.verbatim,
                "crossed": sorted(seen.crossed),
                "steps": [
                    {"rung": s.rung, "office": s.office, "at": rfc3339(s.at), "case_at": rfc3339(s.time)}
                    for s in steps
                ],
            }
        )
    lines = [{"name": x.name, "entries": x.entries, "verified": x.verified} for x in observed.lines]
    return {
        "case": case.name,
        "notes": notes,
        "lines": lines,
        "lost": observed.lost,
        "doubled": observed.doubled,
    }


def result_text(case: Case, observed: Observed) -> str:
    return json.dumps(result(case, observed), ensure_ascii=False, indent=2) + "\n"
