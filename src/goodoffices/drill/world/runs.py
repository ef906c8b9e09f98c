# SPDX-License-Identifier: Apache-2.0
"""Runs of the simulated world: from a seed to a plan, from a plan to a run, from a run to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from goodoffices.core.act import ActType
from goodoffices.core.mandate import Forwarding, Precedence
from goodoffices.core.note import Words
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.officers.acts import Draft
from goodoffices.drill.world.begin import TERMS, compare_digits, mandated, paired, propose, sign_if_needed
from goodoffices.drill.world.checks import Broken, Steps, check_end, need
from goodoffices.drill.world.disk import Disk
from goodoffices.drill.world.hostile import Crook, check_hostile
from goodoffices.drill.world.officers import do, random_deed, release
from goodoffices.drill.world.parts import SECOND, SimOffice, Snapshot, Weather
from goodoffices.drill.world.rosters import change_rosters, check_rosters
from goodoffices.drill.world.world import World

DAY = 86_400 * SECOND


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
    """The intermediary is dishonest."""
    restores: bool = False
    """An office goes back to an old copy of its vault."""
    rosters: bool = False
    """Officers come and go, keys change."""


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
        return f"{self.broken}\nreplay: script/soak --seed {self.plan.seed} --steps {self.plan.steps}\n{told}"


def plan_of(seed: int, steps: int) -> Plan:
    """The plan that a seed stands for; one run in eight is without any fault."""
    plan = _plan_of(seed, steps)
    # Dice of their own, so that a seed of before makes the run that it made.
    changing = Random(f"rosters {seed}").random() < 0.3 and not plan.hostile and not plan.restores
    return replace(plan, rosters=changing)


def _plan_of(seed: int, steps: int) -> Plan:
    dice = Random(seed)
    faults = [dice.random() < 0.7 for _ in range(5)] if dice.random() < 0.875 else [False] * 5
    terms = tuple(sorted(dice.sample(range(len(TERMS)), dice.choice((1, 1, 2)))))
    posts = 1 if dice.random() < 0.7 else 2
    match dice.randint(1, 8):
        case 1:
            return Plan(seed, steps, posts, terms, True, *faults)
        case 2:
            return Plan(seed, steps, 1, terms[:1], False, faults[0], False, faults[2], hostile=True)
        case 3:
            return replace(Plan(seed, steps, posts, terms, False, *faults), restores=True)
        case _:
            return Plan(seed, steps, posts, terms, False, *faults)


@cache
def beginning(posts: int, *, young: bool) -> Snapshot:
    """A world at rest to begin from; made once."""
    world = paired(posts) if young else mandated(posts)
    return world.snapshot()


def run(plan: Plan) -> Verdict:
    """One run. Never raises what the world did wrong: that is the verdict."""
    world = World(plan.seed)
    try:
        _run(plan, world)
    except Broken as broken:
        return Verdict(plan, str(broken), len(world.notes), world.counts, tuple(world.trace))
    return Verdict(plan, None, len(world.notes), world.counts, tuple(world.trace))


def _run(plan: Plan, world: World) -> None:
    steps = Steps(honest=not plan.hostile, restores=plan.restores)
    world.begin_from(beginning(plan.posts, young=plan.young))
    world.after_visit.append(steps.check)
    if plan.young:
        propose(world, tuple(TERMS[each] for each in plan.terms))
    else:
        world.mandates = [world.mandates[each] for each in plan.terms]
    crook = Crook(world, world.offices[1]) if plan.hostile else None
    if crook is not None:
        crook.install()
    if plan.loss:
        world.weather = random_weather(world.rng)
    backup: tuple[SimOffice, bytes] | None = None
    for step in range(plan.steps):
        random_deed(world)
        if plan.rosters and world.chance(0.3):
            change_rosters(world)
        fault(plan, world)
        world.pass_time(world.rng.choice((5, 50, 500, 5 * SECOND, 60 * SECOND)))
        if crook is not None and world.chance(0.2):
            crook.meddle()
        if plan.restores and step == plan.steps // 3:
            office = world.rng.choice(world.offices)
            backup = office, office.disk.copy()
        if backup is not None and step == 2 * plan.steps // 3:
            restore(world, *backup, steps)
    world.calm()
    need(world.rest(), "the world does not come to rest once all faults end")
    if plan.young:
        _come_into_force(world)
    for office in world.offices:
        steps.check(office)
    check_end(world, honest=crook is None, restores=plan.restores)
    if plan.rosters:
        check_rosters(world)
    if crook is not None:
        check_hostile(world, crook)


def restore(world: World, office: SimOffice, copy: bytes, steps: Steps) -> None:
    """An office's machine is lost and its backup is put back, whatever is still on its way."""
    world.stop(office, "its machine is lost")
    written = "SELECT count(*) FROM entry WHERE writer=?"
    before = office.disk.raw.execute(written, (office.id,)).fetchone()[0]
    office.disk = Disk.of(copy)
    steps.forget(office)
    office.restored = True
    lost = before - office.disk.raw.execute(written, (office.id,)).fetchone()[0]
    world.count("restored backups")
    world.tell(f"{office.name} is restored from a backup that lacks {lost} of its entries")
    world.start(office)


def _come_into_force(world: World) -> None:
    for office in world.offices:
        for mandate in world.mandates:
            sign_if_needed(world, office, mandate)
        need(world.rest(), "the signatures under a mandate do not arrive")
    for party in (world.offices[0], world.offices[-1]):
        for mandate in world.mandates:
            compare_digits(world, party, mandate)
    for _ in range(5):
        random_deed(world)
    need(world.rest(), "the world does not come to rest once the mandates are in force")
    for office in world.offices:
        for mandate in world.mandates:
            assert office.desk is not None
            need(
                office.desk.ledger.agreement(mandate).complete, f"{office.name} lacks signatures of a mandate"
            )


def random_weather(dice: Random) -> Weather:
    """Anything from a drizzle to a storm."""
    storm = dice.choice((0.05, 0.2, 0.5))
    return Weather(
        lost=storm * dice.random(),
        doubled=storm * dice.random(),
        late=storm * dice.random(),
        late_ms=dice.choice((SECOND, 60 * SECOND, 600 * SECOND)),
        lied=storm * dice.random() * 0.5,
        replayed=storm * dice.random(),
    )


def fault(plan: Plan, world: World) -> None:
    """Perhaps something breaks, perhaps something is mended."""
    dice = world.rng
    office, relay = dice.choice(world.offices), world.relays[dice.choice(list(world.relays))]
    if plan.stops and dice.random() < 0.25:
        _machines(world)
    if plan.relays and dice.random() < 0.25:
        match dice.randint(1, 4):
            case 1:
                relay.up = not relay.up
                world.tell(f"{relay.url} is {'up' if relay.up else 'down'}")
                world.hang_up(relay)
            case 2:
                world.tell(f"{relay.url} comes back empty")
                world.count("relays emptied")
                relay.forget()
                world.hang_up(relay)
            case 3:
                cut = office.name, relay.url
                world.cuts ^= {cut}
                world.tell(f"{cut} is {'cut' if cut in world.cuts else 'joined'}")
                world.hang_up(relay, office)
            case _:
                world.hang_up(relay, office)
    if plan.clocks and dice.random() < 0.1:
        office.offset += dice.choice((-1, 1)) * dice.choice((SECOND, 600 * SECOND, DAY, 40 * DAY))
        world.tell(f"{office.name}'s clock is off by {office.offset / SECOND:.0f} s")
        world.count("clock jumps")
        world.visit(office, "looks at its clock", lambda desk: None)
    if plan.disks and dice.random() < 0.15:
        office.disk.full = True


def _machines(world: World) -> None:
    office = world.rng.choice(world.offices)
    if office.desk is None:
        world.start(office)
    elif office.desk.context.locked:
        world.unlock(office)
    elif world.rng.random() < 0.2:
        world.tell(f"{office.name} is locked")
        office.desk.lock()
    else:
        office.disk.stop_in = world.rng.randint(1, 15)


def run_seed(seed: int, steps: int = 40) -> Verdict:
    """The run of a seed."""
    return run(plan_of(seed, steps))


# --- one passage, stopped at every point --------------------------------------------------------------


def passage(world: World, office: SimOffice, stop_in: int | None) -> None:
    """One note from party to party, opened and acknowledged; ``office`` stops at its n-th point."""
    east, west = world.offices[0], world.offices[-1]
    words = Words(text="1. We do not want war.", language="en")
    draft = Draft(mandate=world.mandates[0], recipient=west.id, words=words, precedence=Precedence.FLASH)
    office.disk.stop_in = stop_in
    while not world.notes:
        release(world, east, draft)
        _mend(world)
    note = next(iter(world.notes))
    deeds = [(post, "forwards") for post in world.offices[1:-1]]
    if _automatic(world):
        deeds = []
    for who, what in [*deeds, (west, "opens"), (west, "acknowledges")]:
        for _ in range(10):
            _mend(world)
            if do(world, who, what, note) or _done(who, what, note):
                break
        else:
            need(what == "forwards", f"{who.name} never could: {what}")
    _mend(world)


def _automatic(world: World) -> bool:
    mandate = Ledger(world.offices[1].disk).agreement(world.mandates[0]).mandate
    return mandate.forwarding == Forwarding.AUTOMATIC


def _done(office: SimOffice, what: str, note: bytes) -> bool:
    kind = {"forwards": ActType.FORWARDED, "opens": ActType.OPENED, "acknowledges": ActType.ACKNOWLEDGED}[
        what
    ]
    found = office.disk.raw.execute(
        "SELECT 1 FROM act WHERE author=? AND type=? AND subject=?", (office.id, int(kind), note)
    ).fetchone()
    return found is not None


def _mend(world: World) -> None:
    """Half a minute passes; a machine that stopped comes up, and later somebody signs in."""
    world.pass_time(10 * SECOND)
    for office in world.offices:
        if office.desk is None:
            world.start(office)
    world.pass_time(10 * SECOND)
    for office in world.offices:
        if office.desk is not None and office.desk.context.locked:
            world.unlock(office)
    world.pass_time(10 * SECOND)


def stopped_passage(terms: int, who: int, stop_in: int | None) -> tuple[Verdict, int, str | None]:
    """(verdict, points passed, where it stopped) of one passage at whose office ``who`` stops."""
    plan = Plan(0, 0, 1, (terms,), stops=True)
    world = World(terms)
    world.begin_from(beginning(1, young=False))
    world.mandates = [world.mandates[terms]]
    world.rest()
    steps = Steps()
    world.after_visit.append(steps.check)
    office = world.offices[who]
    passed = office.disk.points
    broken = None
    try:
        passage(world, office, stop_in)
        world.calm()
        need(world.rest(), "the world does not come to rest")
        check_end(world)
        need(
            Ledger(world.offices[-1].disk).note(next(iter(world.notes))) is not None,
            "the note did not arrive",
        )
    except Broken as error:
        broken = str(error)
    verdict = Verdict(plan, broken, len(world.notes), world.counts, tuple(world.trace))
    return verdict, office.disk.points - passed, office.disk.stopped_at
