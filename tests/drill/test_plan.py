# SPDX-License-Identifier: Apache-2.0
"""What is to be done when: in case time, and in the real time of a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.drill.form.case import find, parse
from goodoffices.drill.form.clocks import MINUTE, SECOND
from goodoffices.drill.form.plan import Plan, Timeline
from tests.drill.played import SMALL


def test_two_notes_that_overlap_are_interleaved() -> None:
    """P9"""
    plan = Plan.of(parse(SMALL))
    order = [
        (doing.note, doing.what) for doing in plan.doings if doing.what in ("release", "forward", "open")
    ]
    assert order == [
        ("first", "release"),
        ("second", "release"),
        ("first", "forward"),
        ("first", "open"),
        ("second", "forward"),
        ("second", "open"),
    ]


def test_an_expired_note_is_not_forwarded() -> None:
    """P9"""
    plan = Plan.of(parse(SMALL.replace('"6m"', '"6m"\nvalid_until = 2020-01-05T12:05:00Z')))
    assert plan.time_of("second", "forward") is None
    assert plan.time_of("second", "open") is None
    assert plan.stopped["second"] == "expired before Mid forwarded it"


def test_a_withdrawn_note_is_not_forwarded() -> None:
    """P9"""
    third = '\n[[note]]\nid = "third"\nfrom = "Beland"\nto = "Aland"\nat = 2020-01-05T12:04:00Z\n'
    plan = Plan.of(parse(SMALL + third + 'text = "Take it back."\nwithdraws = "second"\n'))
    assert plan.stopped == {"second": "withdrawn by third before Mid forwarded it"}
    assert plan.time_of("third", "forward") is not None


def test_a_refused_note_ends_at_the_intermediary() -> None:
    case = parse(SMALL.replace('forward_after = "6m"', 'refuse = "Not legible."\nrefuse_after = "2m"'))
    doings = [doing for doing in Plan.of(case).doings if doing.note == "second"]
    assert [(doing.what, doing.office) for doing in doings][-1] == ("refuse", "Mid")
    assert doings[-1].text == "Not legible."


def test_automatic_forwarding_asks_nobody_to_forward() -> None:
    text = SMALL.replace('forward_after = "4m"\n', "").replace('forward_after = "6m"\n', "")
    plan = Plan.of(parse(text + '\n[channel]\nforwarding = "automatic"\n'))
    assert "forward" not in {doing.what for doing in plan.doings}
    assert plan.time_of("first", "open") is not None


def test_minutes_inside_a_passage_are_real_and_gaps_are_shortened() -> None:
    case = find("seven-days")
    plan = Plan.of(case)
    timeline = Timeline(case, plan)
    for note, (first, last) in plan.passages().items():
        assert timeline.real(last) - timeline.real(first) == last - first, note
    first_note, second_note = case.notes[0], case.notes[1]
    ends = plan.passages()[first_note.id][1]
    assert timeline.real(second_note.at) - timeline.real(ends) == 2 * SECOND


def test_a_quick_run_is_faster_by_its_pace() -> None:
    case = parse(SMALL)
    plan = Plan.of(case)
    assert Timeline(case, plan, pace=60).length == round(Timeline(case, plan).length / 60)


def test_a_long_wait_may_be_cut() -> None:
    case = parse(SMALL.replace('"6m"', '"5h"'))
    plan = Plan.of(case)
    assert Timeline(case, plan, longest_wait=MINUTE).length < 10 * MINUTE


@pytest.mark.slow
@given(st.integers(0, 40 * MINUTE), st.sampled_from([1.0, 7.0, 600.0]))
def test_case_time_and_real_time_lead_to_each_other(real: int, pace: float) -> None:
    case = find("seven-days")
    timeline = Timeline(case, Plan.of(case), pace=pace)
    assert timeline.real(timeline.case_at(real)) == pytest.approx(real, abs=2)


@pytest.mark.slow
@given(st.lists(st.integers(-MINUTE, 60 * MINUTE), min_size=2, max_size=20))
def test_case_time_never_runs_backwards(reals: list[int]) -> None:
    case = find("seven-days")
    timeline = Timeline(case, Plan.of(case), pace=3, longest_wait=MINUTE)
    times = [timeline.case_at(real) for real in sorted(reals)]
    assert times == sorted(times)
