# SPDX-License-Identifier: Apache-2.0
"""A run that breaks is made smaller, down to the events that break it, and its command makes it again."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from goodoffices.drill.world import soak
from goodoffices.drill.world.plans import EVENTS, SWITCHES, Plan, Verdict, plan_of, replay
from goodoffices.drill.world.shrinking import kept_events, plan_from, shrink

STEPS = 20
GUILTY = {3 * len(EVENTS) + EVENTS.index("fault"), 11 * len(EVENTS) + EVENTS.index("deed")}


def broken_by_two(plan: Plan) -> Verdict:
    """In place of a run: two events and one kind of fault are to blame."""
    broken = "a note is lost" if plan.stops and not plan.without & GUILTY else None
    return Verdict(plan, broken, 0, {}, ())


def test_what_is_left_is_what_breaks_it() -> None:
    """P2: of a hundred and forty events two are left, of all kinds of fault one."""
    seed = next(seed for seed in range(100) if plan_of(seed, STEPS).stops and plan_of(seed, STEPS).errands)
    small = shrink(plan_of(seed, STEPS), try_one=broken_by_two)
    assert small.broken == "a note is lost"
    assert [name for name in SWITCHES if getattr(small.plan, name)] == ["stops"]
    assert kept_events(small.plan) == ["step 3: fault", "step 11: deed"]
    assert (small.plan.posts, len(small.plan.terms), small.plan.busy) == (1, 1, 1)


def test_the_command_of_a_small_run_makes_that_run() -> None:
    """P2: nothing that was left out comes back when it is replayed."""
    seed = next(seed for seed in range(100) if plan_of(seed, STEPS).stops and plan_of(seed, STEPS).posts == 2)
    small = shrink(plan_of(seed, STEPS), try_one=broken_by_two).plan
    said = dict(re.findall(r"--(\w+) (\S+)", replay(small)))
    again = plan_from(
        int(said["seed"]),
        int(said["steps"]),
        said.get("off"),
        said.get("terms"),
        said.get("without"),
        int(said["busy"]) if "busy" in said else None,
    )
    assert again == small


def test_a_soak_makes_what_breaks_smaller_and_says_how_to_play_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """P2: whoever comes back in the morning finds the small run, and not the large one alone."""
    monkeypatch.setattr(soak, "pool", lambda _: ThreadPoolExecutor(1))
    monkeypatch.setattr(
        soak, "run_chunk", lambda first, count, steps, on: [broken_by_two(plan_of(first, steps))]
    )
    monkeypatch.setattr(soak, "made_smaller", lambda verdict: shrink(verdict.plan, try_one=broken_by_two))
    seed = next(seed for seed in range(100) if plan_of(seed, STEPS).stops)
    assert soak.main(["--from", str(seed), "--runs", "1", "--steps", str(STEPS)]) == 1
    told = capsys.readouterr().out.split("made smaller: ")
    assert told[1].splitlines()[2:4] == ["step 3: fault", "step 11: deed"]
    assert f"script/soak --seed {seed}" in told[1]
