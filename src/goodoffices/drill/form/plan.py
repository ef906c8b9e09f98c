# SPDX-License-Identifier: Apache-2.0
"""When everything in a case is to be done: in case time, and in the real time of a run.

The rule, as docs/case-format.md states it: while any note is on its way, case time and real time run
alike (real time ``pace`` times faster in a quick run). Where no note is on its way, the gap is shortened
to ``gap``. A wait inside a passage may be cut to ``longest_wait``. What is carried inside signatures as
``case_at`` is always the case's own time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from goodoffices.drill.form import delays
from goodoffices.drill.form.clocks import MINUTE
from goodoffices.drill.form.exercise import ASLEEP, LATE_TRANSLATION
from goodoffices.drill.form.forms import Case, Note

SHORT = MINUTE
"""Case time between what is known and what is then written down of it, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing that a person does (or, with automatic forwarding, the desk) at one office, or that fails.

    ``what``: with a note, "release", "see", "remark", "forward", "refuse", "open", "principal", "acknowledge",
    "translate"; beside notes, "file", "report", "statement", "assurance", "brief", whose ``item`` counts in the
    case's own list; "fault" and "mended", whose ``item`` counts in the case's faults.
    """

    case_at: int
    what: str
    office: str
    note: str = ""
    text: str = ""  # the note's text, the refusal's reason, the remark, the acknowledgement's words
    item: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    doings: tuple[Doing, ...]
    stopped: dict[
        str, str
    ]  # note id -> why it is not forwarded: "expired", "withdrawn by ...", "refused ..."

    @staticmethod
    def of(case: Case) -> Plan:
        doings: list[Doing] = []
        stopped: dict[str, str] = {}
        for note in case.notes:
            doings += _passage(case, note, stopped)
        doings += _translations(case, doings)
        doings += _papers(case, doings)
        doings += _faults(case)
        order = {note.id: n for n, note in enumerate(case.notes)}
        # What fails or is mended at a moment does so before anybody acts then. Otherwise the order is stable:
        # one note's doings keep theirs.
        doings.sort(key=lambda d: (d.case_at, d.what not in _OF_FAULTS, order.get(d.note, len(order))))
        return Plan(tuple(doings), stopped)

    def time_of(self, note: str, what: str) -> int | None:
        return next((d.case_at for d in self.doings if d.note == note and d.what == what), None)

    def passages(self) -> dict[str, tuple[int, int]]:
        """Per note, the case time of its release and of the last thing done with it."""
        spans: dict[str, tuple[int, int]] = {}
        for doing in self.doings:
            if not doing.note:
                continue
            first, last = spans.get(doing.note, (doing.case_at, doing.case_at))
            spans[doing.note] = (min(first, doing.case_at), max(last, doing.case_at))
        return spans


def _passage(case: Case, note: Note, stopped: dict[str, str]) -> list[Doing]:
    released = delays.awake(case, note.sender, note.at)
    out = [Doing(released, "release", note.sender, note.id, note.text)]
    desk, holder = released, note.sender
    automatic = case.channel.forwarding == "automatic"
    withdrawal = min(
        (other for other in case.notes if other.withdraws == note.id), key=lambda o: o.at, default=None
    )
    for n, office in enumerate(note.via):
        desk = delays.arrival(case, holder, office, desk)
        seen, forward = note.seen_after[n], note.forward_after[n]
        acting = delays.Acting(case, office, desk)
        refused = note.refuse is not None and note.refuse_by == office
        if seen is not None and not (refused and seen > note.refuse_after):
            out.append(Doing(acting.at(seen), "see", office, note.id))
        if note.remark is not None and note.remark_by == office:
            at = acting.at(note.refuse_after if refused else forward or 0)
            out.append(Doing(at, "remark", office, note.id, note.remark))
        if refused:
            out.append(Doing(acting.at(note.refuse_after), "refuse", office, note.id, note.refuse or ""))
            stopped[note.id] = f"refused by {office}"
            return out
        if forward is None:
            stopped[note.id] = f"not forwarded by {office}"
            return out
        leaves = desk + forward if automatic else acting.at(forward)
        if note.valid_until is not None and leaves >= note.valid_until:
            stopped[note.id] = f"expired before {office} forwarded it"
            return [d for d in out if d.what != "remark"]
        if withdrawal is not None and withdrawal.at <= leaves:
            stopped[note.id] = f"withdrawn by {withdrawal.id} before {office} forwarded it"
            return [d for d in out if d.what != "remark"]
        if not automatic:
            out.append(Doing(leaves, "forward", office, note.id))
        desk, holder = leaves, office
    desk = delays.arrival(case, holder, note.reader, desk)
    steps = (
        ("open", note.open_after, ""),
        ("principal", note.principal_after, ""),
        ("acknowledge", note.acknowledge_after, note.acknowledge),
    )
    acting = delays.Acting(case, note.reader, desk)
    out += [
        Doing(acting.at(after), what, note.reader, note.id, text)
        for what, after, text in steps
        if after is not None
    ]
    return out


_OF_FAULTS = ("fault", "mended")


def _translations(case: Case, doings: list[Doing]) -> list[Doing]:
    """Each as long as the case says after the note's arrival there, unless a fault makes it late. A translation
    of a note that never arrives is not given."""
    out = []
    for n, given in enumerate(case.translations):
        steps = [d for d in doings if d.note == given.note and d.office == given.office]
        if not steps:
            continue
        at = min(d.case_at for d in steps) + given.after
        late = [
            f.until
            for f in case.faults
            if f.what == LATE_TRANSLATION and f.note == given.note and f.holds(at)
        ]
        at = delays.awake(case, given.office, max([at, *late]))
        out.append(Doing(at, "translate", given.office, given.note, given.text, n))
    return out


def _papers(case: Case, doings: list[Doing]) -> list[Doing]:
    """What offices write down beside the notes: incident files, reports, public statements, assurances, briefings."""
    first = min((d.case_at for d in doings), default=case.start)
    out = []
    kept = {incident.id: incident for incident in case.incidents}
    begun: dict[str, int] = {}
    for n, report in enumerate(case.reports):
        if not report.incident:
            continue
        # A drill begins with its first note: what was known before stands in the file from the beginning.
        at = max(first, report.known.first if report.known.first is not None else first)
        begun[report.incident] = min(begun.get(report.incident, at), at)
        office = kept[report.incident].office
        out.append(Doing(delays.awake(case, office, at + SHORT), "report", office, item=n))
    for n, incident in enumerate(case.incidents):
        at = delays.awake(case, incident.office, begun.get(incident.id, first))
        out.append(Doing(at, "file", incident.office, item=n))
    for n, statement in enumerate(case.statements):
        for office in statement.logged_by:
            at = delays.awake(case, office, max(first, statement.learnt) + SHORT)
            out.append(Doing(at, "statement", office, item=n))
    for n, assurance in enumerate(case.assurances):
        read = [d.case_at for d in doings if d.note == assurance.note and d.office == assurance.kept_by]
        if assurance.kept_by and read:
            at = delays.awake(case, assurance.kept_by, max(read) + SHORT)
            out.append(Doing(at, "assurance", assurance.kept_by, item=n))
    for n, briefing in enumerate(case.briefings):
        # What goes beside it is written down before it is made.
        beside = [d.case_at for d in out if d.office == briefing.office and _name(case, d) in briefing.beside]
        at = max([delays.awake(case, briefing.office, briefing.at), *beside])
        out.append(Doing(at, "brief", briefing.office, item=n))
    return out


def _name(case: Case, doing: Doing) -> str:
    """The id of the report or statement that is written down."""
    match doing.what:
        case "report":
            return case.reports[doing.item].id
        case "statement":
            return case.statements[doing.item].id
        case _:
            return ""


def _faults(case: Case) -> list[Doing]:
    """Faults of machines begin and end; a person asleep and a late translation only put off what is done."""
    out = []
    for n, fault in enumerate(case.faults):
        if fault.what not in (ASLEEP, LATE_TRANSLATION):
            out += [Doing(fault.at, "fault", "", item=n), Doing(fault.until, "mended", "", item=n)]
    return out


@dataclass(frozen=True, slots=True)
class _Knot:
    case_at: int
    real: int  # ms since the run began


class Timeline:
    """Case time to real time and back: straight pieces between knots, one knot per planned thing."""

    def __init__(
        self, case: Case, plan: Plan, *, pace: float | None = None, longest_wait: int | None = None
    ) -> None:
        self.pace = case.pace if pace is None else pace
        spans = sorted(plan.passages().values())
        # What is done beside notes does not lengthen a gap between them; after the last note it is a gap's end.
        last = max((doing.case_at for doing in plan.doings if doing.note), default=case.start)
        times = sorted({doing.case_at for doing in plan.doings if doing.note or doing.case_at > last})
        self._knots = [_Knot(times[0], 0)] if times else [_Knot(case.start, 0)]
        for earlier, later in pairwise(times):
            carried = any(first <= earlier and later <= last for first, last in spans)
            wait = round((later - earlier) / self.pace)
            if not carried:
                wait = min(wait, case.gap)
            if longest_wait is not None:
                wait = min(wait, longest_wait)
            self._knots.append(_Knot(later, self._knots[-1].real + wait))

    @property
    def length(self) -> int:
        """Real milliseconds from the first thing done to the last."""
        return self._knots[-1].real

    def real(self, case_at: int) -> int:
        """Real milliseconds after the run's first doing at which case time ``case_at`` is due."""
        if case_at <= self._knots[0].case_at:
            return 0
        for a, b in pairwise(self._knots):
            if case_at <= b.case_at:
                return a.real + (case_at - a.case_at) * (b.real - a.real) // (b.case_at - a.case_at)
        return self._knots[-1].real + round((case_at - self._knots[-1].case_at) / self.pace)

    def case_at(self, real: int) -> int:
        """Case time ``real`` milliseconds after the run's first doing."""
        if real <= 0:
            return self._knots[0].case_at
        for a, b in pairwise(self._knots):
            if real < b.real:
                return a.case_at + (real - a.real) * (b.case_at - a.case_at) // (b.real - a.real)
        return self._knots[-1].case_at + round((real - self._knots[-1].real) * self.pace)
