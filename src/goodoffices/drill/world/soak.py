# SPDX-License-Identifier: Apache-2.0
"""The command behind script/soak: runs seeds of the simulated world for as long as one likes, and reports.

script/soak                         one minute of seeds from 0 on, on every core
script/soak --minutes 480 --from 1000000
script/soak --seed 4711 --steps 40  one run again, exactly, with its story
script/soak --seed 4711 --shrink    the same with less and less, as long as it still fails
script/soak --on hostile,rosters    runs of every seed with kinds of fault that its own plan may lack
script/soak --nights 100            so many nights with sleeping officers: no alarm may be missed
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from goodoffices.drill.world.night import NightVerdict, run_night
from goodoffices.drill.world.plans import Verdict, forced, plan_of, replay
from goodoffices.drill.world.runs import run
from goodoffices.drill.world.shrinking import kept_events, plan_from, shrink

CHUNK = 8
SHRUNK = 3
"""Broken runs of a soak that are made smaller."""


def run_chunk(first: int, count: int, steps: int, on: tuple[str, ...] = ()) -> list[Verdict]:
    """Some seeds, one after another, in this process. ``on``: what each run has besides its own."""
    return [run(forced(plan_of(seed, steps), on)) for seed in range(first, first + count)]


def made_smaller(verdict: Verdict) -> Verdict:
    """A broken run with less in it, within two minutes."""
    return shrink(verdict.plan, seconds=120.0)


def smaller(verdict: Verdict) -> str:
    """What is left of a run that was made smaller, and the command that plays it."""
    left = "\n".join(kept_events(verdict.plan))
    return f"made smaller: {verdict.broken}\nreplay: {replay(verdict.plan)}\n{left}\n\n"


def pool(jobs: int) -> ProcessPoolExecutor:
    """Processes that share nothing with this one."""
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))


def main(words: list[str] | None = None) -> int:
    """0 if every run held, 1 if one broke."""
    parser = argparse.ArgumentParser(
        prog="script/soak", description="Runs of the simulated world from seeds."
    )
    parser.add_argument("--seed", type=int, help="run this one seed and tell its story")
    parser.add_argument("--from", dest="first", type=int, default=0, help="first seed of a long run")
    parser.add_argument("--runs", type=int, help="how many seeds; otherwise --minutes decides")
    parser.add_argument("--minutes", type=float, default=1.0, help="for how long to start new runs")
    parser.add_argument("--steps", type=int, default=40, help="officers' deeds in one run (default 40)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument(
        "--shrink", action="store_true", help="with --seed: look for a smaller run that breaks"
    )
    parser.add_argument(
        "--on", help="kinds of fault that every run has, with commas between: hostile,rosters"
    )
    parser.add_argument("--off", help="with --seed: kinds of fault to leave out, with commas between")
    parser.add_argument("--terms", help="with --seed: which mandates, with commas between")
    parser.add_argument("--busy", type=int, help="with --seed: officers' deeds in one step")
    parser.add_argument("--without", help="with --seed: numbers of events to leave out, as 3,7-12")
    parser.add_argument("--nights", type=int, help="run so many nights of the alarms instead")
    parser.add_argument("--json", type=Path, help="write what was found to this file")
    options = parser.parse_args(words)
    if options.seed is not None:
        plan = plan_from(
            options.seed, options.steps, options.off, options.terms, options.without, options.busy, options.on
        )
        verdict = shrink(plan) if options.shrink else run(plan)
        told = [*verdict.trace, str(replace(verdict.plan, without=frozenset()))]
        if options.shrink and verdict.broken is not None:
            told += ["what is left of it:", *kept_events(verdict.plan)]
        told.append(verdict.sentence if verdict.broken else "everything held")
        sys.stdout.write("\n".join(told) + "\n")
        return int(verdict.broken is not None)
    return _nights(options) if options.nights is not None else _soak(options)


def _nights(options: argparse.Namespace) -> int:
    """Nights of 40 minutes, one after another on every core."""
    seeds = range(options.first, options.first + options.nights)
    with pool(options.jobs) as workers:
        verdicts: list[NightVerdict] = list(workers.map(run_night, seeds))
    broken = [each for each in verdicts if each.broken is not None]
    for each in broken:
        story = "\n".join(each.trace[-40:])
        sys.stdout.write(f"{each.broken}\nreplay: script/soak --nights 1 --from {each.seed}\n{story}\n\n")
    worst = max((each.worst for each in verdicts), default=0)
    sys.stdout.write(
        f"nights: {len(verdicts)}\nbroken: {[each.seed for each in broken]}\n"
        f"calls: {sum(each.calls for each in verdicts)}\nlatest alarm: {worst} ms\n"
    )
    return int(bool(broken))


def _soak(options: argparse.Namespace) -> int:
    began = time.monotonic()
    broken: list[Verdict] = []
    counts: Counter[str] = Counter()
    runs = notes = 0
    seed, on = options.first, tuple(options.on.split(",")) if options.on else ()
    last = None if options.runs is None else options.first + options.runs
    with pool(options.jobs) as workers:
        waiting: list[Future[list[Verdict]]] = []
        while True:
            late = time.monotonic() - began > options.minutes * 60
            while len(waiting) < 2 * options.jobs and (seed < last if last is not None else not late):
                count = CHUNK if last is None else min(CHUNK, last - seed)
                waiting.append(workers.submit(run_chunk, seed, count, options.steps, on))
                seed += count
            if not waiting:
                break
            for verdict in waiting.pop(0).result():
                runs, notes = runs + 1, notes + verdict.notes
                counts.update(verdict.counts)
                if verdict.broken is not None:
                    broken.append(verdict)
                    sys.stdout.write(verdict.sentence + "\n\n")
                    sys.stdout.flush()
        took = time.monotonic() - began
        for verdict in workers.map(made_smaller, broken[:SHRUNK]):
            if verdict.broken is not None:
                sys.stdout.write(smaller(verdict))
                sys.stdout.flush()
    report = {
        "runs": runs,
        "broken": [verdict.plan.seed for verdict in broken],
        "notes": notes,
        "seconds": round(took, 1),
        "jobs": options.jobs,
        "notes_per_minute_and_core": round(notes / took * 60 / options.jobs),
    }
    if options.json is not None:
        text = json.dumps({**report, "counts": dict(sorted(counts.items()))}, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    for name, value in report.items():
        sys.stdout.write(f"{name}: {value}\n")
    sys.stdout.writelines(f"    {name}: {value}\n" for name, value in sorted(counts.items()))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
