# SPDX-License-Identifier: Apache-2.0
"""The after-action report: what was late and why, what was expected, who knew what when (docs/case-format.md).

Every time in it is case time as the desks signed it. Why something was late is told from what is known to have
been on at that time (faults, people in seats, what the conductor did); nothing is guessed beyond that.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.drill.form.clocks import duration
from goodoffices.drill.form.delays import active
from goodoffices.drill.form.exercise import ASLEEP, LATE_TRANSLATION, Expectation, Fault
from goodoffices.drill.form.forms import Case, Note
from goodoffices.drill.told.chronicle import Chronicle, Custody, Stage
from goodoffices.drill.told.observed import (
    ACKNOWLEDGED,
    AT_DESK,
    AT_FAR_DESK,
    CUT,
    OPENED,
    RELEASED,
    SEEN,
    WITH_PRINCIPAL,
    Deed,
)

READ = (RELEASED, SEEN, OPENED, WITH_PRINCIPAL, ACKNOWLEDGED)
"""Rungs at which a person of that office has had the words before him."""
PAPERS = ("report", "statement", "assurance", "brief", "translate")


@dataclass(frozen=True, slots=True)
class Expected:
    """An expectation, and what came of it. ``took``: ms from the release; None: the step was never reached."""

    expectation: Expectation
    took: int | None
    why: tuple[str, ...]
    due: bool = True
    """False where the case was ended before this step could be expected."""

    @property
    def met(self) -> bool:
        return self.took is not None and self.took <= self.expectation.within


@dataclass(frozen=True, slots=True)
class Late:
    """A step that took longer than the mandate's clock allows for it."""

    note: Note
    stage: Stage
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Knew:
    """From when an office had a note at its desk, and from when somebody there had read it."""

    office: str
    at_desk: int | None
    read: int | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A fault, and the notes that were under way while it was on."""

    fault: Fault
    under_way: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AfterAction:
    """The whole report."""

    chronicle: Chronicle
    expected: tuple[Expected, ...]
    late: tuple[Late, ...]
    knew: tuple[tuple[Custody, tuple[Knew, ...]], ...]
    failures: tuple[Failure, ...]
    papers: tuple[tuple[Deed, str], ...]

    @property
    def missed(self) -> int:
        return sum(each.due and not each.met for each in self.expected)


def after_action(chronicle: Chronicle) -> AfterAction:
    """What is to be learned from a played case."""
    case, observed = chronicle.case, chronicle.observed
    by_note = {held.note.id: held for held in chronicle.custodies}
    return AfterAction(
        chronicle,
        tuple(_expected(chronicle, each, by_note[each.note]) for each in case.expectations),
        tuple(
            Late(
                held.note,
                stage,
                _why(chronicle, held, stage.step.time - (stage.waited or 0), stage.step.time),
            )
            for held in chronicle.custodies
            for stage in held.stages
            if stage.late_by
        ),
        tuple((held, _knew(case, held)) for held in chronicle.custodies if held.seen is not None),
        tuple(Failure(fault, _under_way(chronicle, fault)) for fault in case.faults),
        tuple((deed, _paper(case, deed)) for deed in observed.deeds if deed.what in PAPERS),
    )


def _expected(chronicle: Chronicle, expectation: Expectation, held: Custody) -> Expected:
    released = held.first(RELEASED)
    reached = held.first(expectation.step, expectation.office or None)
    if reached is None and chronicle.observed.cut:
        return Expected(expectation, None, (CUT,), due=False)
    if released is None:
        return Expected(expectation, None, ("the note was never released",))
    if reached is None:
        return Expected(expectation, None, (held.outcome or "the step was never reached",))
    took = reached.step.time - released.step.time
    why = _why(chronicle, held, released.step.time, reached.step.time) if took > expectation.within else ()
    return Expected(expectation, took, why)


def _why(chronicle: Chronicle, held: Custody, first: int, last: int) -> tuple[str, ...]:
    """What was on between two moments of a note's passage; and, if nothing was, the step that took longest."""
    case, observed = chronicle.case, chronicle.observed
    concerned = {held.note.sender, *held.note.via, held.note.reader}
    found = [
        fault.words()
        for fault in active(case, first, last)
        if fault.what != LATE_TRANSLATION and (fault.what != ASLEEP or fault.office in concerned)
    ]
    by_people = {
        deed.office for deed in observed.deeds
        if deed.by == "person" and deed.note == held.note.id and first < deed.case_at <= last
    }  # fmt: skip
    found += [f"people sat at {office}" for office in sorted(by_people)]
    if not found:
        within = [each for each in held.stages if each.took and first < each.step.time <= last]
        longest = max(within, key=lambda each: each.took or 0, default=None)
        if longest is not None:
            found.append(
                f"no fault was on; longest was the step “{longest.step.rung}” at {longest.step.office}, "
                f"{duration(longest.took or 0)}"
            )
    return tuple(found)


def _knew(case: Case, held: Custody) -> tuple[Knew, ...]:
    out = []
    for office in case.channel.path:
        own = [stage.step for stage in held.stages if stage.step.office == office]
        desk = min((s.time for s in own if s.rung in (RELEASED, AT_DESK, AT_FAR_DESK)), default=None)
        read = min((s.time for s in own if s.rung in READ), default=None)
        out.append(Knew(office, desk, read))
    return tuple(out)


def _under_way(chronicle: Chronicle, fault: Fault) -> tuple[str, ...]:
    found = []
    for held in chronicle.custodies:
        times = [stage.step.time for stage in held.stages]
        if times and min(times) < fault.until and fault.at < max(times):
            found.append(held.note.id)
    return tuple(found)


def _paper(case: Case, deed: Deed) -> str:
    match deed.what:
        case "report":
            report = case.reports[deed.item]
            grade = f"{report.grade_source}{report.grade_item}"
            return f"report: {report.question} {report.claim} ({report.source}, {grade})"
        case "statement":
            said = case.statements[deed.item]
            grade = f"{said.grade_source}{said.grade_item}"
            return f"public statement logged: {said.by}: {said.what} ({said.source}, {grade})"
        case "assurance":
            return f"assurance written down: {case.assurances[deed.item].text}"
        case "brief":
            briefing = case.briefings[deed.item]
            beside = f"; beside it, not proved: {', '.join(briefing.beside)}" if briefing.beside else ""
            return f"briefing for {briefing.to}, {briefing.mark}: {', '.join(briefing.notes)}{beside}"
        case _:
            given = case.translations[deed.item]
            return f"translation of {given.note} into {given.language}, {given.grade}"
