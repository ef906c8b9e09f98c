# SPDX-License-Identifier: Apache-2.0
"""A run that breaks, made smaller for as long as it still breaks: fewer kinds of fault, then fewer events.

Each event of a run has dice of its own (``runs``), so one that is left out changes no other; only the
network's dice are shared. What is left is told by the command that runs it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from goodoffices.drill.world.plans import EVENTS, SWITCHES, Plan, Verdict, forced, plan_of, turned
from goodoffices.drill.world.runs import run


def shrink(plan: Plan, *, seconds: float = 600.0, try_one: Callable[[Plan], Verdict] = run) -> Verdict:
    """The smallest run found that still breaks, within about so many seconds."""
    end = time.monotonic() + seconds
    verdict = try_one(plan)
    going = verdict.broken is not None
    while going and time.monotonic() < end:
        going = False
        for smaller in _smaller(verdict.plan):
            if time.monotonic() > end:
                break
            tried = try_one(smaller)
            if tried.broken is not None:
                verdict, going = tried, True
                break
    return _fewer_events(verdict, end, try_one) if verdict.broken is not None else verdict


def _smaller(plan: Plan) -> Iterator[Plan]:
    for name in SWITCHES:
        if getattr(plan, name):
            yield turned(plan, **{name: False})
    if len(plan.terms) > 1:
        yield from (replace(plan, terms=(each,)) for each in plan.terms)
    if plan.posts > 1:
        yield replace(plan, posts=1)
    if plan.busy > 1:
        yield replace(plan, busy=1)


def _fewer_events(verdict: Verdict, end: float, try_one: Callable[[Plan], Verdict]) -> Verdict:
    """Leave out half of the events, a quarter, an eighth, down to each alone (delta debugging)."""
    plan = verdict.plan
    kept = [each for each in range(plan.steps * len(EVENTS)) if each not in plan.without]
    size = len(kept)
    while size >= 1 and time.monotonic() < end:
        at, shorter = 0, False
        while at < len(kept) and time.monotonic() < end:
            rest = kept[:at] + kept[at + size :]
            without = frozenset(range(plan.steps * len(EVENTS))) - set(rest)
            tried = try_one(replace(plan, without=without))
            if tried.broken is not None:
                verdict, kept, shorter = tried, rest, True
            else:
                at += size
        size = size // 2 if size > 1 or not shorter else 1
        if size == 0:
            break
    return verdict


def kept_events(plan: Plan) -> list[str]:
    """What is left of a run, event by event."""
    return [
        f"step {number // len(EVENTS)}: {EVENTS[number % len(EVENTS)]}"
        for number in range(plan.steps * len(EVENTS))
        if number not in plan.without
    ]


def plan_from(
    seed: int,
    steps: int,
    off: str | None,
    terms: str | None,
    without: str | None,
    busy: int | None,
    on: str | None = None,
) -> Plan:
    """The plan of a seed, with more or less in it as a replay command says."""
    plan = plan_of(seed, steps)
    if on:
        plan = forced(plan, on.split(","))
    names = [each for each in (off or "").split(",") if each]
    if "posts" in names:
        plan = replace(plan, posts=1)
    plan = turned(plan, **{name: False for name in names if name != "posts"})
    if terms:
        plan = replace(plan, terms=tuple(map(int, terms.split(","))))
    if busy is not None:
        plan = replace(plan, busy=busy)
    gone: set[int] = set()
    for span in (without or "").split(","):
        if span:
            first, _, last = span.partition("-")
            gone |= set(range(int(first), int(last or first) + 1))
    return replace(plan, without=frozenset(gone))
