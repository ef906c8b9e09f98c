# SPDX-License-Identifier: Apache-2.0
"""A small case and invented observations of it, for tests of how a played case is shown."""

from goodoffices.drill.form.forms import Case
from goodoffices.drill.form.plan import Plan
from goodoffices.drill.told.observed import (
    ACKNOWLEDGED,
    AT_DESK,
    AT_FAR_DESK,
    FORWARDED,
    OPENED,
    REFUSED,
    RELEASED,
    REMARK,
    SEEN,
    WITH_PRINCIPAL,
    Observed,
    ObservedLine,
    ObservedNote,
    Step,
)

REAL = 60_000_000_000  # between case time and the real time of an invented run
_RUNGS = {
    "see": SEEN,
    "remark": REMARK,
    "forward": FORWARDED,
    "refuse": REFUSED,
    "open": OPENED,
    "principal": WITH_PRINCIPAL,
    "acknowledge": ACKNOWLEDGED,
}

SMALL = """\
[case]
name = "small"
title = "A small case"

[[office]]
name = "Aland"
role = "party"
timezone = "Europe/Mariehamn"

[[office]]
name = "Mid"
role = "intermediary"
timezone = "Europe/Zurich"

[[office]]
name = "Beland"
role = "party"
timezone = "Asia/Tehran"

[[note]]
id = "first"
from = "Aland"
to = "Beland"
at = 2020-01-05T12:00:00Z
precedence = "FLASH"
text = "One word."
forward_after = "4m"
open_after = "1m"

[[note]]
id = "second"
from = "Beland"
to = "Aland"
at = 2020-01-05T12:02:00Z
precedence = "FLASH"
text = "Another word."
forward_after = "6m"
"""


def observe(case: Case) -> Observed:
    """As if every planned thing had been done on time."""
    plan = Plan.of(case)
    opened = {note.id: plan.time_of(note.id, "open") or 1 << 60 for note in case.notes}
    notes = []
    for number, note in enumerate(case.notes, 1):

        def step(rung: str, office: str, at: int, text: str = "") -> Step:
            return Step(rung, office, at + REAL, at, f"duty officer of {office}", office, text)

        steps = [step(RELEASED, note.sender, note.at)]
        first = note.via[0] if note.via else note.reader
        steps.append(step(AT_DESK if note.via else AT_FAR_DESK, first, note.at))
        for doing in plan.doings:
            if doing.note != note.id or doing.what not in _RUNGS:
                continue
            steps.append(step(_RUNGS[doing.what], doing.office, doing.case_at, doing.text))
            if doing.what == "forward":
                after = (*note.via, note.reader)[note.via.index(doing.office) + 1]
                steps.append(step(AT_FAR_DESK if after == note.reader else AT_DESK, after, doing.case_at))
        crossed = tuple(
            other.id
            for other in case.notes
            if other.sender == note.reader and other.at < opened[note.id] and note.at < opened[other.id]
        )
        digits = "11111 22222 33333 44444"
        notes.append(ObservedNote(note.id, "ab" * 32, number, digits, True, crossed, tuple(steps)))
    lines = (ObservedLine("Aland–Mid", 21, True), ObservedLine("Mid–Beland", 22, True))
    return Observed(tuple(notes), lines, began=REAL, ended=REAL + 60_000)
