# SPDX-License-Identifier: Apache-2.0
"""What whoever conducts a drill may say while it runs. The clock is the test's own."""

import pytest

from goodoffices.drill.play.pace import Conductor, Ended


class Clock:
    """Real time that passes only when it is read."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        self.ms += 1
        return self.ms


def conductor(*words: str, stepped: bool = False) -> Conductor:
    made = Conductor(Clock(), lambda said: None, stepped)
    for word in words:
        assert made.tell(word)
    return made


def test_a_word_that_is_none_is_not_taken() -> None:
    """P12"""
    assert not conductor().tell("flood")


def test_enter_ends_a_wait_of_a_year() -> None:
    conductor("").wait(31_536_000_000)


def test_what_was_paused_goes_on_when_told_and_the_report_knows() -> None:
    made = conductor("p", "g", "n")
    made.wait(31_536_000_000)
    assert made.noted == ["paused"]


def test_each_act_waits_for_a_word_where_it_is_stepped_until_told_to_go() -> None:
    made = conductor("n", "g", stepped=True)
    made.before("one")
    made.before("two")
    assert not made.stepped
    made.before("three")


def test_faster_and_slower_are_kept_and_noted() -> None:
    made = conductor("+", "+", "-", "n")
    made.wait(31_536_000_000)
    assert made.factor == 2
    assert made.noted[-1] == "played 2 times as fast"


def test_the_script_acts_for_a_seat_once_when_told() -> None:
    made = conductor("s")
    assert (made.script_acts(), made.script_acts()) == (True, False)


def test_a_drill_can_be_ended_in_a_wait() -> None:
    with pytest.raises(Ended):
        conductor("q").wait(31_536_000_000)
