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

from goodoffices.drill.form.forms import Case, Note

DOINGS = ("release", "see", "remark", "forward", "refuse", "open", "principal", "acknowledge")


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing that a person does (or, with automatic forwarding, the desk) at one office."""

    case_at: int
    what: str
    office: str
    note: str
    text: str = ""  # the note's text, the refusal's reason, the remark, the acknowledgement's words


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
        order = {note.id: n for n, note in enumerate(case.notes)}
        doings.sort(key=lambda d: (d.case_at, order[d.note]))  # stable: one note's doings keep their order
        return Plan(tuple(doings), stopped)

    def time_of(self, note: str, what: str) -> int | None:
        return next((d.case_at for d in self.doings if d.note == note and d.what == what), None)

    def passages(self) -> dict[str, tuple[int, int]]:
        """Per note, the case time of its release and of the last thing done with it."""
        spans: dict[str, tuple[int, int]] = {}
        for doing in self.doings:
            first, last = spans.get(doing.note, (doing.case_at, doing.case_at))
            spans[doing.note] = (min(first, doing.case_at), max(last, doing.case_at))
        return spans


def _passage(case: Case, note: Note, stopped: dict[str, str]) -> list[Doing]:
    out = [Doing(note.at, "release", note.sender, note.id, note.text)]
    desk = note.at
    automatic = case.channel.forwarding == "automatic"
    withdrawal = min(
        (other for other in case.notes if other.withdraws == note.id), key=lambda o: o.at, default=None
    )
    for n, office in enumerate(note.via):
        seen, forward = note.seen_after[n], note.forward_after[n]
        refused = note.refuse is not None and note.refuse_by == office
        if seen is not None and not (refused and seen > note.refuse_after):
            out.append(Doing(desk + seen, "see", office, note.id))
        if note.remark is not None and note.remark_by == office:
            at = desk + (note.refuse_after if refused else forward or 0)
            out.append(Doing(at, "remark", office, note.id, note.remark))
        if refused:
            out.append(Doing(desk + note.refuse_after, "refuse", office, note.id, note.refuse or ""))
            stopped[note.id] = f"refused by {office}"
            return out
        if forward is None:
            stopped[note.id] = f"not forwarded by {office}"
            return out
        leaves = desk + forward
        if note.valid_until is not None and leaves >= note.valid_until:
            stopped[note.id] = f"expired before {office} forwarded it"
            return [d for d in out if d.what != "remark"]
        if withdrawal is not None and withdrawal.at <= leaves:
            stopped[note.id] = f"withdrawn by {withdrawal.id} before {office} forwarded it"
            return [d for d in out if d.what != "remark"]
        if not automatic:
            out.append(Doing(leaves, "forward", office, note.id))
        desk = leaves
    steps = (
        ("open", note.open_after, ""),
        ("principal", note.principal_after, ""),
        ("acknowledge", note.acknowledge_after, note.acknowledge),
    )
    out += [
        Doing(desk + after, what, note.reader, note.id, text)
        for what, after, text in steps
        if after is not None
    ]
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
        times = sorted({doing.case_at for doing in plan.doings})
        self._knots = [_Knot(times[0], 0)] if times else [_Knot(case.start, 0)]
        for earlier, later in pairwise(times):
            carried = any(first <= earlier and later <= last for first, last in spans)
            wait = round((later - earlier) / self.pace)
            if not carried:
                wait = min(wait, case.gap)
            elif longest_wait is not None:
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
