# SPDX-License-Identifier: Apache-2.0
"""Released notes a minute and core of the simulated world, in processor time (docs/simulation.md).

    .venv/bin/python -m bench.simulated_world [--runs 8] [--from 1]

Two kinds of run without faults, one process: officers write twenty at a time and act on what comes, and notes one
by one, half a second apart, forwarded by desks. Each run pays for its checks. A busy machine gives half: only pairs
tell, old and new in turn.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from goodoffices.core.mandate import Forwarding
from goodoffices.drill.world.begin import TERMS
from goodoffices.drill.world.checks import check_end, need
from goodoffices.drill.world.officers import random_draft, release
from goodoffices.drill.world.plans import Plan
from goodoffices.drill.world.remembering import remembering, uncollected
from goodoffices.drill.world.runs import beginning, run
from goodoffices.drill.world.steps import Steps
from goodoffices.drill.world.world import World

STEPS, AT_ONCE = 40, 20
NOTES, APART = 200, 500
BY_DESK = [at for at, (_, forwarding) in enumerate(TERMS) if forwarding == Forwarding.AUTOMATIC]


def in_bursts(seed: int) -> int:
    """A run in which officers do twenty things at a time; how many notes were released."""
    verdict = run(Plan(seed, STEPS, 1, (seed % len(TERMS),), busy=AT_ONCE))
    need(verdict.broken is None, verdict.sentence)
    return verdict.notes


def one_by_one(seed: int) -> int:
    """A run in which either party writes now and then; how many notes were released."""
    with uncollected():
        return _one_by_one(seed)


def _one_by_one(seed: int) -> int:
    world, steps = World(seed), Steps()
    with remembering():
        world.begin_from(beginning(1, young=False))
        world.after_visit.append(steps.check)
        world.mandates = [world.mandates[BY_DESK[seed % len(BY_DESK)]]]
        for _ in range(NOTES):
            author, reader = world.rng.sample((world.offices[0], world.offices[-1]), 2)
            release(world, author, random_draft(world, author, world.mandates[0], reader))
            world.pass_time(APART)
        need(world.rest(), "the world does not come to rest")
        check_end(world)
    return len(world.notes)


KINDS: dict[str, Callable[[int], int]] = {"in bursts": in_bursts, "one by one": one_by_one}


def main() -> int:
    """Print what each kind gives."""
    parser = argparse.ArgumentParser(description="How many notes a minute the simulated world does.")
    parser.add_argument("--runs", type=int, default=8, help="runs of each kind")
    parser.add_argument("--from", dest="first", type=int, default=1, help="first seed")
    options = parser.parse_args()
    for name, play in KINDS.items():
        play(options.first)  # what is made once a process
        spent, notes = time.process_time(), 0
        for seed in range(options.first, options.first + options.runs):
            notes += play(seed)
        spent = time.process_time() - spent
        sys.stdout.write(
            f"{name}: {notes} notes, {1000 * spent / notes:.2f} ms each, {60 * notes / spent:,.0f} a minute\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
