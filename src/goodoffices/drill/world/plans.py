# SPDX-License-Identifier: Apache-2.0
"""Plans of runs of the simulated world: what kind of run a seed stands for, and how to make it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any

from goodoffices.drill.world.begin import TERMS

EVENTS = ("deed", "errand", "rosters", "fault", "wait", "crook", "backup")
"""What each step of a run consists of, in this order; every one has dice of its own."""


@dataclass(frozen=True)
class Plan:
    """What kind of run a seed makes."""

    seed: int
    steps: int
    posts: int
    terms: tuple[int, ...]
    """Which of TERMS are in use."""
    young: bool = False
    """The mandates come into force under faults too."""
    loss: bool = False
    stops: bool = False
    relays: bool = False
    clocks: bool = False
    disks: bool = False
    hostile: bool = False
    """The intermediary is dishonest: it has one post, and nothing but notes and what happens to them is looked at."""
    restores: bool = False
    """An office goes back to an old copy of its vault."""
    rosters: bool = False
    """Officers come and go, keys change."""
    errands: bool = False
    """Line tests, chat, paper, couriers, remarks by two, channels agreed anew."""
    several: bool = False
    """Two officers release a note at the parties."""
    lying: bool = False
    """A disk says that it has synced what it has not, and the machine stops."""
    thin: bool = False
    """Lines are thin from the beginning, and now and then no more."""
    exported: bool = False
    """Every office exports its record at the end, and the verifier reads it."""
    watched: bool = False
    """Alarms run at every desk, and people are called by them."""
    busy: int = 1
    """Officers' deeds in one step."""
    without: frozenset[int] = frozenset()
    """Events left out: ``step * len(EVENTS) + which``."""


SWITCHES = tuple(each.name for each in fields(Plan) if each.type == "bool")
"""Kinds of fault and of traffic that a plan turns on."""


@dataclass(frozen=True)
class Verdict:
    """How a run ended."""

    plan: Plan
    broken: str | None
    notes: int
    counts: dict[str, int]
    trace: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What to print about a broken run."""
        told = "\n".join(self.trace[-40:])
        return f"{self.broken}\nreplay: {replay(self.plan)}\n{told}"


def replay(plan: Plan) -> str:
    """The command that makes this run again."""
    words = f"script/soak --seed {plan.seed} --steps {plan.steps}"
    made = plan_of(plan.seed, plan.steps)
    on = [name for name in SWITCHES if getattr(plan, name) and not getattr(made, name)]
    if on:
        words += f" --on {','.join(on)}"
        made = forced(made, on)
    off = [name for name in SWITCHES if getattr(made, name) and not getattr(plan, name)]
    if plan.posts != made.posts:
        off.append("posts")
    if plan.busy != made.busy:
        words += f" --busy {plan.busy}"
    if plan.terms != made.terms:
        words += f" --terms {','.join(map(str, plan.terms))}"
    if off:
        words += f" --off {','.join(off)}"
    if plan.without:
        words += f" --without {_spans(sorted(plan.without))}"
    return words


def _spans(numbers: list[int]) -> str:
    """Ascending numbers as 1-3,7,9-12."""
    spans: list[list[int]] = []
    for each in numbers:
        if spans and spans[-1][1] == each - 1:
            spans[-1][1] = each
        else:
            spans.append([each, each])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def plan_of(seed: int, steps: int) -> Plan:
    """The plan that a seed stands for; one run in eight is without any fault."""
    plan = _plan_of(seed, steps)
    # Dice of their own, so that a seed of before makes the run that it made.
    changing = Random(f"rosters {seed}").random() < 0.3 and not plan.hostile
    dice = Random(f"more {seed}")
    thin = Random(f"thin {seed}").random() < 0.25
    plan = replace(plan, rosters=changing, busy=dice.choice((1, 1, 2, 5, 10)), thin=thin)
    if plan.hostile:
        return _beside_a_crook(plan)
    if not plan.young and Random(f"watched {seed}").random() < 0.12:
        plan = replace(plan, watched=True, posts=1, terms=(seed % len(TERMS),), thin=False)
    return replace(
        plan,
        errands=dice.random() < 0.6,
        several=dice.random() < 0.25,
        lying=plan.stops and not plan.restores and dice.random() < 0.12,
        exported=dice.random() < 0.15,
    )


def _beside_a_crook(plan: Plan) -> Plan:
    """Under every other dishonest intermediary rosters change or vaults go back, and machines may stop."""
    dice = Random(f"crook {plan.seed}")
    if dice.random() < 0.5:
        return plan
    restores, stops = dice.random() < 0.5, dice.random() < 0.5
    return replace(
        plan,
        restores=restores,
        rosters=not restores or dice.random() < 0.5,
        stops=stops,
        clocks=dice.random() < 0.3,
        disks=dice.random() < 0.3,
        lying=stops and not restores and dice.random() < 0.3,
    )


def _plan_of(seed: int, steps: int) -> Plan:
    dice = Random(seed)
    faults = [dice.random() < 0.7 for _ in range(5)] if dice.random() < 0.875 else [False] * 5
    on = dict(zip(("loss", "stops", "relays", "clocks", "disks"), faults, strict=True))
    terms = tuple(sorted(dice.sample(range(len(TERMS)), dice.choice((1, 1, 2)))))
    posts = 1 if dice.random() < 0.7 else 2
    match dice.randint(1, 8):
        case 1:
            return turned(Plan(seed, steps, posts, terms, young=True), **on)
        case 2:
            return Plan(seed, steps, 1, terms[:1], loss=faults[0], relays=faults[2], hostile=True)
        case 3:
            return turned(Plan(seed, steps, posts, terms, restores=True), **on)
        case _:
            return turned(Plan(seed, steps, posts, terms), **on)


_NOT_BESIDE_A_CROOK = ("young", "errands", "several", "exported", "watched")


def forced(plan: Plan, names: Iterable[str]) -> Plan:
    """The same plan with further kinds of fault, and without what does not go together with them."""
    plan = turned(plan, **dict.fromkeys(names, True))
    if plan.hostile:
        plan = turned(replace(plan, posts=1), **dict.fromkeys(_NOT_BESIDE_A_CROOK, False))
    return plan


def turned(plan: Plan, **switches: Any) -> Plan:
    """The same plan with some kinds of fault or traffic on or off."""
    unknown = switches.keys() - set(SWITCHES)
    if unknown:
        raise ValueError(f"there is nothing named {sorted(unknown)} to turn on or off")
    return replace(plan, **switches)
