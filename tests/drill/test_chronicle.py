# SPDX-License-Identifier: Apache-2.0
"""One line of time from a case and what was observed, as data and as text."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.drill.form.case import find, parse
from goodoffices.drill.form.clocks import MINUTE, dtg, duration, rfc3339
from goodoffices.drill.told import terminal
from goodoffices.drill.told.chronicle import build, result
from goodoffices.drill.told.observed import FORWARDED, Observed, ObservedLine
from tests.drill.played import REAL, SMALL, observe

SEVEN = find("seven-days")
CHRONICLE = build(SEVEN, observe(SEVEN))


def test_everything_stands_in_the_order_of_case_time() -> None:
    times = [row.when.first for row in CHRONICLE.rows if row.when.first is not None]
    assert times == sorted(times)
    assert {row.kind for row in CHRONICLE.rows} == {"event", "report", "step", "assurance"}


def test_every_instant_is_told_in_every_clock() -> None:
    row = next(row for row in CHRONICLE.rows if row.place == "Baghdad" and row.head == "The flight lands.")
    assert row.when.words() == "022136Z JAN 20"
    assert [label for label, _ in row.clocks] == ["Washington", "Bern", "Damascus", "Baghdad", "Tehran"]
    assert [time for _, time in row.clocks] == ["16:36", "22:36", "23:36", "00:36 (3 Jan)", "01:06 (3 Jan)"]


def test_late_is_measured_from_at_the_desk_to_forwarded() -> None:
    """P5"""
    case = parse(SMALL)
    chronicle = build(case, observe(case))
    stages = {held.note.id: held.first(FORWARDED) for held in chronicle.custodies}
    assert stages["first"] is not None
    assert stages["first"].late_by == 0
    assert stages["second"] is not None
    assert stages["second"].late_by == MINUTE
    assert chronicle.late == 1


def test_lateness_goes_by_case_time_in_a_quick_run() -> None:
    case = parse(SMALL)
    played = observe(case)
    quick = [replace(note, steps=tuple(replace(s, at=REAL) for s in note.steps)) for note in played.notes]
    assert build(case, replace(played, notes=tuple(quick))).late == 1


def test_reports_on_one_question_stand_side_by_side() -> None:
    groups = {question: [r.id for r in reports] for question, reports in CHRONICLE.questions}
    assert groups["Has flight 6Q501 left Damascus?"] == ["flight-listing", "flight-informant"]


def test_the_result_has_exactly_the_promised_shape() -> None:
    case = parse(SMALL)
    told = result(case, observe(case))
    assert list(told) == ["case", "notes", "lines", "lost", "doubled"]
    first = told["notes"][0]
    assert list(first) == ["id", "from", "to", "verbatim", "crossed", "steps"]
    assert (first["id"], first["from"], first["to"]) == ("first", "Aland", "Beland")
    assert first["crossed"] == ["second"]
    assert told["notes"][1]["crossed"] == ["first"]
    step = first["steps"][0]
    assert list(step) == ["rung", "office", "at", "case_at"]
    assert step["case_at"] == "2020-01-05T12:00:00.000Z"
    assert told["lines"][0] == {"name": "Aland–Mid", "entries": 21, "verified": True}
    assert (told["lost"], told["doubled"]) == (0, 0)


def test_the_text_tells_lateness_verification_and_what_was_made_up() -> None:
    text = terminal.render(CHRONICLE, 100)
    assert "LATE by 1 min 5 s (5 min allowed)" in text
    assert "Aland–Mid: 21 entries, verified" in text
    assert "[made up: handling, steps, time, wording]" in text
    assert "crossed with who-speaks" in text


def test_both_flight_reports_stand_in_the_same_lines() -> None:
    text = terminal.render(CHRONICLE, 80)
    assert re.search(r"“It has departed\.” +\| “It is still on the ground\.”", text)


def test_a_line_that_does_not_verify_is_said_aloud() -> None:
    """P8"""
    broken = Observed(lines=(ObservedLine("Aland–Mid", 3, False, ("entry 2 was altered",)),), lost=1)
    text = terminal.render(build(parse(SMALL), broken))
    assert "Aland–Mid: 3 entries, NOT VERIFIED" in text
    assert "finding: entry 2 was altered" in text
    assert "Not played." in text
    assert "Notes lost: 1." in text


def test_a_note_that_only_the_intermediary_speaks_for_is_labelled_so() -> None:
    """P6"""
    case = parse(SMALL)
    played = observe(case)
    steps = tuple(replace(s, word_of="Mid") if s.rung == "opened" else s for s in played.notes[0].steps)
    chronicle = build(case, replace(played, notes=(replace(played.notes[0], steps=steps),)))
    assert "by the word of Mid alone" in " ".join(terminal.render(chronicle).split())


@pytest.mark.slow
@given(st.integers(40, 200))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert all(terminal.width_of(line) <= width for line in terminal.render(CHRONICLE, width).splitlines())


@given(st.text(), st.integers(40, 120))
def test_no_text_can_steer_the_terminal(text: str, width: int) -> None:
    """P12"""
    for line in terminal.wrap(text, width):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)


def test_times_are_told_as_the_trade_tells_them() -> None:
    assert dtg(1_578_440_660_000) == "072344Z JAN 20"
    assert rfc3339(1_578_440_660_007) == "2020-01-07T23:44:20.007Z"
    assert (duration(270_000), duration(65_000), duration(900), duration(0)) == (
        "4 min 30 s",
        "1 min 5 s",
        "0.9 s",
        "0 s",
    )


def test_a_note_that_was_refused_is_neither_read_nor_misread() -> None:
    """P6"""
    case = parse(SMALL.replace('forward_after = "6m"', 'refuse = "Not legible."'))
    chronicle = build(case, observe(case))
    assert (chronicle.verbatim, len(chronicle.readable)) == (1, 1)
    told = " ".join(terminal.render(chronicle).split())
    assert "did not reach Aland;" in told
    assert "refused by Mid" in told
