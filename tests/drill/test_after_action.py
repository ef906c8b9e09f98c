# SPDX-License-Identifier: Apache-2.0
"""The after-action report: what was late and why, who knew what when, and nothing that was not seen."""

from dataclasses import replace

from goodoffices.drill.form.case import parse
from goodoffices.drill.told import page
from goodoffices.drill.told.after_action import AfterAction, after_action
from goodoffices.drill.told.chronicle import build
from goodoffices.drill.told.observed import Deed, Observed
from tests.drill.played import SMALL, observe

EXPECTED = """
[[expect]]
note = "first"
step = "forwarded"
within = "5m"

[[expect]]
note = "second"
step = "forwarded"
within = "5m"
"""
ASLEEP = """
[[fault]]
what = "officer asleep"
office = "Mid"
at = 2020-01-05T11:00:00Z
until = 2020-01-05T12:30:00Z
"""


def report(text: str, **more: object) -> AfterAction:
    case = parse(SMALL + text)
    return after_action(build(case, replace(observe(case), **more)))  # type: ignore[arg-type]


def test_an_expectation_is_met_or_missed_by_the_time_of_the_case() -> None:
    """P5"""
    found = report(EXPECTED)
    assert [(each.met, (each.took or 0) // 1000) for each in found.expected] == [(True, 240), (False, 360)]
    assert found.missed == 1


def test_a_drill_that_was_ended_early_misses_nothing_it_never_came_to() -> None:
    """P6: a stranger must not read of lost notes where somebody pressed q."""
    found = report(EXPECTED, cut=True, notes=())
    assert [each.due for each in found.expected] == [False, False]
    assert found.missed == 0
    assert found.chronicle.unplayed == {"first", "second"}
    html = page.render_after_action(found)
    assert "ended before the case was played" in html
    assert "missed" not in html.replace("neither lost nor missed", "")
    assert "ended before the case was played" in page.render(found.chronicle)


def test_what_was_late_names_the_fault_that_was_on() -> None:
    """P5, P6"""
    found = report(EXPECTED + ASLEEP)
    assert {late.why for late in found.late} == {("nobody acts at Mid",)}
    assert found.failures[0].under_way == ("first", "second")


def test_what_was_late_without_a_fault_names_the_longest_step() -> None:
    """P5"""
    (late,) = report(EXPECTED).late
    assert (late.note.id, late.stage.late_by) == ("second", 60_000)
    assert late.why == ("no fault was on; longest was the step “forwarded” at Mid, 5 min 40 s",)


def test_people_in_a_seat_stand_beside_what_was_late() -> None:
    """P5"""
    at = report(EXPECTED).late[0].stage.step.time
    found = report(EXPECTED, deeds=(Deed("forward", "Mid", "second", at, 0, "person"),), seats=("Mid",))
    assert found.late[0].why == ("people sat at Mid",)


def test_a_note_is_known_where_it_lies_and_read_where_somebody_opened_it() -> None:
    """P10"""
    held, knew = report("").knew[0]
    assert held.note.id == "first"
    assert [(each.office, each.at_desk is not None) for each in knew] == [
        ("Aland", True), ("Mid", True), ("Beland", True),
    ]  # fmt: skip
    mid, beland = knew[1], knew[2]
    times = [mid.at_desk or 0, mid.read or 0, beland.at_desk or 0, beland.read or 0]
    assert 0 < times[0] < times[1] < times[2] < times[3]


def test_a_step_that_was_never_reached_says_why() -> None:
    """P6"""
    expected = '\n[[expect]]\nnote = "second"\nstep = "opened"\nwithin = "1h"\n'
    found = report(expected.replace("\n[[expect]]", 'refuse = "No."\n\n[[expect]]', 1))
    assert (found.expected[0].took, found.expected[0].why) == (None, ("refused by Mid",))


def test_the_page_stands_alone_and_marks_the_drill() -> None:
    """P4: no script, nothing fetched, everything of the case escaped."""
    text = report(EXPECTED + ASLEEP.replace('"Mid"', '"Mid"'), interventions=("<b>paused</b>",))
    html = page.render_after_action(text)
    assert "A drill. Nothing on this page is live." in html
    assert "&lt;b&gt;paused" in html
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_a_case_that_was_not_played_is_told_as_that() -> None:
    """P12"""
    case = parse(SMALL + EXPECTED)
    found = after_action(build(case, Observed()))
    assert [each.why for each in found.expected] == [("the note was never released",)] * 2
    assert page.render_after_action(found)
