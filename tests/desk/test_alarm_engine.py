# SPDX-License-Identifier: Apache-2.0
"""The alarm engine: it climbs until a person takes it, and nothing but a person or an act silences it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.desk.alarms.engine import (
    EVERYBODY,
    MINUTE,
    SECOND,
    Alarm,
    Moment,
    People,
    Ring,
    Step,
    advance,
    next_wake,
    rings_for,
    take,
)

FORWARD = Step(key="forward 1", what="forward", loud=True, clock=5 * MINUTE, lapse=150 * SECOND)
STAFF = ("anna", "bruno", "clara", "dora")
ALL = People((("anna",), ("bruno",)), STAFF, frozenset(STAFF))
WALL = 1_750_000_000_000


class Desk:
    """One desk's alarms through time. Its wall clock may be set at will, its machine restarted."""

    def __init__(self, people: People = ALL) -> None:
        self.people = people
        self.at = 0
        self.wall = WALL
        self.boot = b"one"
        self.alarms: dict[str, Alarm] = {}
        self.last: tuple[bytes, int] | None = (b"one", 0)
        self.first = False

    @property
    def moment(self) -> Moment:
        return Moment(self.wall + self.at, self.at, self.boot)

    def round(self, *steps: Step) -> tuple[Ring, ...]:
        outcome = advance(self.alarms, steps, self.people, self.moment, last=self.last, first=self.first)
        self.alarms |= outcome.changed
        self.last, self.first = (self.boot, self.at), False
        return outcome.rings

    def until(self, at: int, *steps: Step) -> list[tuple[int, str | None]]:
        """Rounds each second; who was called when."""
        called = []
        while self.at < at:
            self.at += SECOND
            called += [(self.at, ring.person) for ring in self.round(*steps)]
        return called

    def state(self, key: str = "forward 1") -> str:
        return self.alarms[key].state


def names(rings: tuple[Ring, ...]) -> list[str | None]:
    return [ring.person for ring in rings]


def test_what_presses_rings_at_once_and_climbs_until_somebody_takes_it() -> None:
    """P5"""
    desk = Desk()
    assert names(desk.round(FORWARD)) == ["anna"]
    called = desk.until(3 * MINUTE, FORWARD)
    assert (MINUTE, "bruno") in called
    assert (2 * MINUTE, "dora") in called
    assert [who for at, who in called if at == 3 * MINUTE] == list(STAFF)
    desk.alarms["forward 1"] = take(desk.alarms["forward 1"], "clara", desk.moment)
    assert desk.until(3 * MINUTE + 30 * SECOND, FORWARD) == []


def test_taking_lapses_when_no_act_follows_and_the_next_level_is_woken_too() -> None:
    """P5"""
    desk = Desk()
    desk.round(FORWARD)
    desk.alarms["forward 1"] = take(desk.alarms["forward 1"], "anna", desk.moment)
    assert desk.until(149 * SECOND, FORWARD) == []
    assert desk.until(150 * SECOND, FORWARD) == [(150 * SECOND, "anna"), (150 * SECOND, "bruno")]


def test_a_signed_taking_silences_once_and_not_for_ever() -> None:
    """P5: the act stands in the record for good, the patience does not."""
    desk, taken = Desk(), replace(FORWARD, taken="officer 1")
    desk.round(FORWARD)
    desk.at = 10 * SECOND
    assert desk.round(taken) == ()
    assert desk.state() == "taken"
    assert desk.until(160 * SECOND, taken)[0] == (160 * SECOND, "anna")


def test_once_late_taking_buys_no_more_than_its_lapse() -> None:
    """P5"""
    desk = Desk()
    desk.until(4 * MINUTE + 30 * SECOND, FORWARD)
    desk.alarms["forward 1"] = take(desk.alarms["forward 1"], "anna", desk.moment)
    assert desk.until(5 * MINUTE + 29 * SECOND, FORWARD) == []
    assert desk.until(5 * MINUTE + 30 * SECOND, FORWARD)


def test_what_is_settled_never_rings_again() -> None:
    """P5: not after a restart, not after a reboot, not when its step is shown once more."""
    desk = Desk()
    desk.round(FORWARD)
    desk.at = 5 * SECOND
    assert desk.round() == ()
    assert desk.state() == "settled"
    desk.boot, desk.first = b"two", True
    assert desk.until(61 * 24 * 60 * MINUTE // 1000, FORWARD) == []


def test_a_step_that_can_only_be_looked_at_is_settled_by_a_look() -> None:
    desk, step = Desk(), Step(key="stopped 1", what="stopped", looks=True)
    desk.round(step)
    desk.alarms["stopped 1"] = take(desk.alarms["stopped 1"], "anna", desk.moment)
    assert desk.until(10 * MINUTE, step) == []
    assert desk.state("stopped 1") == "settled"


def test_what_a_wrong_clock_made_seem_over_rings_once_the_clock_is_set_right() -> None:
    """P5: it was looked at as expired; a minute later it is not, and nobody has forwarded it."""
    desk = Desk()
    over = replace(FORWARD, looks=True)
    desk.round(over)
    desk.alarms["forward 1"] = take(desk.alarms["forward 1"], "anna", desk.moment)
    assert not desk.until(5 * MINUTE, over)
    assert desk.until(6 * MINUTE, FORWARD)


def test_a_signed_taking_of_before_the_clock_was_set_right_does_not_count_again() -> None:
    """P5: *seen* silences once, however often its note seems to have expired."""
    desk, taken = Desk(), replace(FORWARD, taken="anna")
    desk.round(replace(taken, looks=True))
    assert desk.state() == "settled"
    assert names(desk.round(taken)) == ["anna"]


def test_a_line_that_goes_down_again_rings_again() -> None:
    desk = Desk()
    line = Step(key="line 1", what="line", loud=False, rings_after=5 * MINUTE, renews=True)
    desk.round(line)
    assert desk.until(6 * MINUTE, line) == [(5 * MINUTE, "anna")]
    desk.at += SECOND
    desk.round()
    assert desk.state("line 1") == "settled"
    desk.at += SECOND
    desk.round(line)
    assert desk.state("line 1") == "awaited"


def test_a_gap_in_the_roster_wakes_everybody() -> None:
    """P5"""
    desk = Desk(People((), STAFF, frozenset(STAFF)))
    assert names(desk.round(FORWARD)) == list(STAFF)


def test_people_without_a_device_are_passed_at_once() -> None:
    """P5: a level that nothing would wake costs no minute."""
    desk = Desk(replace(ALL, reachable=frozenset({"clara"})))
    assert names(desk.round(FORWARD)) == list(STAFF)
    desk = Desk(replace(ALL, reachable=frozenset({"bruno"})))
    assert names(desk.round(FORWARD)) == ["anna", "bruno"]


def test_where_nobody_can_be_reached_it_calls_everywhere() -> None:
    """P5"""
    desk = Desk(replace(ALL, reachable=frozenset()))
    rings = desk.round(FORWARD)
    assert names(rings) == [*STAFF, None]
    assert rings_for(desk.alarms["forward 1"], None, desk.people)


def test_an_alarm_that_reached_everybody_does_not_shrink_when_a_watch_begins() -> None:
    desk = Desk(People((), STAFF, frozenset(STAFF)))
    desk.round(FORWARD)
    desk.people = ALL
    desk.at = 30 * SECOND
    desk.round(FORWARD)
    assert desk.alarms["forward 1"].level == EVERYBODY
    assert all(rings_for(desk.alarms["forward 1"], each, desk.people) for each in STAFF)


@pytest.mark.parametrize("set_by", [-40 * 86_400_000, -600_000, -1000, 1000, 600_000, 40 * 86_400_000])
def test_setting_the_clock_neither_silences_nor_delays(set_by: int) -> None:
    """P5"""
    desk, step = Desk(), replace(FORWARD, rings_after=90 * MINUTE, clock=180 * MINUTE)
    assert desk.until(45 * MINUTE, step) == []
    desk.wall += set_by
    assert desk.until(90 * MINUTE - SECOND, step) == []
    assert desk.until(90 * MINUTE + 2 * SECOND, step)[0][0] <= 90 * MINUTE + 2 * SECOND


@pytest.mark.parametrize("state", ["awaited", "ringing", "taken"])
def test_after_a_reboot_what_waits_rings_at_once(state: str) -> None:
    """P5: nobody knows how long the machine was off, so nothing is presumed."""
    desk, step = Desk(), replace(FORWARD, rings_after=MINUTE)
    desk.round(step)
    if state != "awaited":
        desk.until(2 * MINUTE, step)
    if state == "taken":
        desk.alarms["forward 1"] = take(desk.alarms["forward 1"], "anna", desk.moment)
    desk.boot, desk.at, desk.wall = b"two", 7, WALL - 10**9
    assert "anna" in names(desk.round(step))


def test_a_restart_of_the_program_alone_keeps_the_time() -> None:
    desk, step = Desk(), replace(FORWARD, rings_after=MINUTE)
    desk.round(step)
    desk.at, desk.first = 30 * SECOND, True
    assert desk.round(step) == ()
    assert desk.until(MINUTE, step) == [(MINUTE, "anna")]


def test_what_came_just_before_a_crash_rings_at_the_start() -> None:
    """P5: it may have lain there for any time."""
    desk = Desk()
    desk.first = True
    assert names(desk.round(replace(FORWARD, rings_after=90 * MINUTE))) == ["anna"]


@pytest.mark.parametrize(("boot", "since"), [(b"one", 150 * SECOND), (b"two", 0)])
def test_a_taking_that_the_book_lacks_counts_from_before_the_stop(boot: bytes, since: int) -> None:
    """P5: *seen* was signed, the machine stopped before its alarms were saved: nobody sleeps two lapses over it."""
    desk = Desk()
    desk.round(FORWARD)
    desk.boot, desk.at, desk.first = boot, 100 * SECOND if since else 7, True
    taken = replace(FORWARD, taken="anna")
    assert ("anna" in names(desk.round(taken))) is not bool(since)
    assert "anna" in [who for _, who in desk.until(since, taken)] or not since
    assert desk.alarms["forward 1"].recorded


def test_what_others_owe_may_come_in_first_after_a_start() -> None:
    desk, step = Desk(), replace(FORWARD, rings_after=5 * MINUTE, others=True)
    desk.round(step)
    desk.boot, desk.at = b"two", 0
    assert desk.round(step) == ()
    assert desk.until(30 * SECOND, step) == [(30 * SECOND, "anna")]


def test_it_never_stops_calling() -> None:
    """P5: no limit on the last resort."""
    desk = Desk()
    desk.round(FORWARD)
    called = desk.until(60 * MINUTE, FORWARD)
    assert len([who for at, who in called if who == "anna"]) == 60


CHANGES = st.lists(
    st.tuples(
        st.integers(1, 400),
        st.sampled_from(["pass", "take", "clock", "reboot", "restart", "gap", "roster", "deaf", "heard"]),
        st.sampled_from(STAFF),
    ),
    max_size=30,
)


@pytest.mark.slow
@given(CHANGES)
def test_whatever_happens_somebody_is_called_within_a_lapse(changes: list[tuple[int, str, str]]) -> None:
    """P5: while nobody acts, no stretch without a call is longer than a taking lasts."""
    desk = Desk()
    desk.round(FORWARD)
    for seconds, what, who in changes:
        silent = 0
        match what:
            case "take":
                desk.alarms["forward 1"] = take(desk.alarms["forward 1"], who, desk.moment)
            case "clock":
                desk.wall += (seconds - 200) * 10**6
            case "reboot":
                desk.boot, desk.at, desk.first = bytes([seconds % 256]), 0, True
            case "restart":
                desk.first = True
            case "gap":
                desk.people = replace(desk.people, ladder=())
            case "roster":
                desk.people = replace(desk.people, ladder=((who,), STAFF))
            case "deaf":
                desk.people = replace(desk.people, reachable=desk.people.reachable - {who})
            case "heard":
                desk.people = replace(desk.people, reachable=desk.people.reachable | {who})
            case _:
                pass
        for _ in range(seconds):
            desk.at += SECOND
            silent = 0 if desk.round(FORWARD) else silent + SECOND
            assert silent <= FORWARD.lapse
    assert desk.alarms["forward 1"].open
    wake = next_wake(desk.alarms.values())
    assert wake is not None
