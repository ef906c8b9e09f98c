# SPDX-License-Identifier: Apache-2.0
"""Runs of the simulated world: from a seed to a plan, from a plan to a run, from a run to a verdict."""

from __future__ import annotations

import traceback
from functools import cache
from random import Random

from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.drill.world.begin import TERMS, compare_digits, mandated, paired, propose, sign_if_needed
from goodoffices.drill.world.checks import Broken, check_end, check_export, check_exports, need
from goodoffices.drill.world.errands import Errands
from goodoffices.drill.world.hostile import ALSO, TRICKS, Crook
from goodoffices.drill.world.officers import random_deed
from goodoffices.drill.world.parts import SECOND, SimOffice, Snapshot, Weather
from goodoffices.drill.world.plans import EVENTS, Plan, Verdict, plan_of
from goodoffices.drill.world.relay import SimRelay
from goodoffices.drill.world.remembering import remembering, uncollected
from goodoffices.drill.world.rosters import (
    change_rosters,
    check_rosters,
    give_lost_keys,
    sign_at_the_root,
)
from goodoffices.drill.world.steps import Steps
from goodoffices.drill.world.thin import change_thin, check_thin, make_thin
from goodoffices.drill.world.truth import Truth, check_hostile
from goodoffices.drill.world.watching import Watching
from goodoffices.drill.world.world import World

DAY = 86_400 * SECOND


@cache
def beginning(posts: int, *, young: bool, releasers: int = 1, thin: bool = False) -> Snapshot:
    """A world at rest to begin from; made once."""
    with remembering():
        world = paired(posts, releasers) if young else mandated(posts, releasers)
        if thin:
            make_thin(world)
    return world.snapshot()


def run(plan: Plan) -> Verdict:
    """One run. Never raises what the world did wrong: that is the verdict."""
    with uncollected():
        return _verdict(plan)


def _verdict(plan: Plan) -> Verdict:
    world = World(plan.seed)
    try:
        with remembering():
            _run(plan, world)
    except Broken as broken:
        return Verdict(plan, str(broken), len(world.notes), world.counts, tuple(world.trace))
    except Exception as error:  # noqa: BLE001 # what a desk lets out at its runner is a finding of the run
        where = traceback.format_exception(error)[-6:]
        told = f"a desk let out {type(error).__name__}: {error}\n{''.join(where)}"
        return Verdict(plan, told, len(world.notes), world.counts, tuple(world.trace))
    return Verdict(plan, None, len(world.notes), world.counts, tuple(world.trace))


def _run(plan: Plan, world: World) -> None:
    forgetful = plan.restores or plan.lying
    steps = Steps(honest=not plan.hostile, restores=forgetful, spoilt=world.spoilt, released=world.notes)
    start = beginning(plan.posts, young=plan.young, releasers=1 + plan.several, thin=plan.thin)
    world.begin_from(start)
    world.after_visit.append(steps.check)
    world.after_loss.append(steps.forget)
    world.at_rest.append(lambda: give_lost_keys(world))
    if plan.young:
        propose(world, tuple(TERMS[each] for each in plan.terms))
    else:
        world.mandates = [world.mandates[each] for each in plan.terms]
    crook, truth = None, Truth()
    if plan.hostile:
        # Dice as before where nothing changes under it, so that a seed of before makes the run that it made.
        crook = Crook(world, world.offices[1], TRICKS, ALSO if plan.rosters or forgetful else ())
        crook.install()
        truth = Truth.of(world)
    if plan.loss:
        world.weather = random_weather(world.rng)
    errands = Errands(world)
    _play(plan, world, errands, crook)
    world.calm()
    if crook is not None:
        crook.relent(for_good=True)
    need(world.rest(), "the world does not come to rest once all faults end")
    if plan.young or errands.agreed:
        _come_into_force(world)
    for office in world.offices:
        steps.check(office)
    _check(plan, world, errands)
    if crook is not None:
        check_hostile(world, crook, truth)


def _play(plan: Plan, world: World, errands: Errands, crook: Crook | None) -> None:
    """Every event of a run, one after the other."""
    backups: list[tuple[SimOffice, bytes]] = []
    network = world.rng
    watching = Watching(world, starts=False) if plan.watched else None
    for step in range(plan.steps):
        for which, event in enumerate(EVENTS):
            number = step * len(EVENTS) + which
            if number in plan.without:
                continue
            # Dice of its own for each event, so that one that is left out changes no other.
            world.rng = network if event == "wait" else Random(f"{plan.seed} {number}")
            if event == "wait" and watching is not None:
                watching.pass_time(_pause(world))
            else:
                _event(event, plan, world, errands, crook, step, backups)
            world.rng = network
        if plan.exported:
            _look_at_a_record(world, Random(f"record {plan.seed} {step}"))
    if watching is not None:
        watching.ends()


def _look_at_a_record(world: World, dice: Random) -> None:
    """Now and then a desk that runs and has not gone back exports its record, whatever is under way (P8)."""
    office = dice.choice(world.offices)
    if dice.random() < 0.1 and office.desk is not None and not office.restored:
        world.count("records looked at on the way")
        check_export(world, office, on_the_way=True)


def _check(plan: Plan, world: World, errands: Errands) -> None:
    """What must hold once everything is delivered."""
    forgetful = plan.restores or plan.lying
    check_end(world, honest=not plan.hostile, restores=forgetful)
    errands.check(restores=forgetful)
    if plan.exported and not forgetful:
        check_exports(world)
    if plan.rosters:
        check_rosters(world)
    if plan.thin:
        check_thin(world, hostile=plan.hostile)


def _event(
    event: str,
    plan: Plan,
    world: World,
    errands: Errands,
    crook: Crook | None,
    step: int,
    backups: list[tuple[SimOffice, bytes]],
) -> None:
    """One event of a step."""
    if event == "fault" and plan.thin and world.chance(0.1):
        change_thin(world)
    match event:
        case "deed":
            for _ in range(plan.busy):
                random_deed(world)
        case "errand" if plan.errands and world.chance(0.7):
            errands.run()
        case "rosters" if plan.rosters and world.chance(0.3):
            change_rosters(world)
        case "fault":
            fault(plan, world)
        case "wait":
            world.pass_time(_pause(world))
        case "crook" if crook is not None and world.chance(0.2):
            crook.meddle()
        case "backup" if plan.restores and step == plan.steps // 3:
            office = world.rng.choice(world.offices)
            backups.append((office, office.disk.copy()))
        case "backup" if backups and step == 2 * plan.steps // 3:
            restore(world, *backups[0], keys=world.chance(0.5))
        case _:
            pass


def _pause(world: World) -> int:
    return world.rng.choice((5, 50, 500, 5 * SECOND, 60 * SECOND))


def restore(world: World, office: SimOffice, copy: bytes, *, keys: bool = True) -> None:
    """An office's machine is lost and its backup is put back, whatever is still on its way.

    ``keys``: whether the backup held its reading keys; else the root makes a roster with new ones.
    """
    world.stop(office, "its machine is lost")
    written = "SELECT count(*) FROM entry WHERE writer=?"
    before = office.disk.raw.execute(written, (office.id,)).fetchone()[0]
    world.put_back(office, copy)
    lost = before - office.disk.raw.execute(written, (office.id,)).fetchone()[0]
    world.count("restored backups")
    world.tell(f"{office.name} is restored from a backup that lacks {lost} of its entries")
    world.start(office)
    if not keys:
        world.count("reading keys lost")
        world.visit(office, "gets new reading keys", lambda desk: new_reading_keys(world, office, desk))


def new_reading_keys(world: World, office: SimOffice, desk: Desk) -> None:
    """A roster with new sealing keys comes into force, and no reading key of before is there any more."""
    desk.unlock(office.founding.reading_key, world.now(office))
    if office.at_the_root is not None:
        mine = desk.context.my_office()
        desk.rosters.bring_back(office.at_the_root.signed[len(mine.signed) :], world.now(office))
    held = set(desk.ledger.sealed_reading_seeds())
    request = desk.rosters.renew(office.officer, world.now(office))
    new = {each[0] for each in request.roster.reading_epochs}
    with desk.context.transaction():
        for epoch in held - new:
            desk.ledger.drop_epoch(epoch, reading=True)
    desk.context.reading = {}
    desk.rosters.install(sign_at_the_root(office, request), world.now(office))


def _come_into_force(world: World) -> None:
    if any(office.restored for office in world.offices):
        # What a lost machine had proposed and not sent is gone with it.
        ledgers = [Ledger(office.disk) for office in world.offices]
        world.mandates = [each for each in world.mandates if any(one.has_mandate(each) for one in ledgers)]
    # A post that went back may have forgotten its proposal: it comes round by whoever has it, and on to the last.
    for office in (*world.offices, *world.offices):
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
        hidden=storm * dice.random() * 0.5,
        spoilt=storm * dice.random() * 0.3,
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
    if plan.lying and office.unsynced is None and office.desk is not None and dice.random() < 0.15:
        office.unsynced = office.disk.copy()
    if plan.clocks and dice.random() < 0.1:
        _relays_clock(world, relay)


def _relays_clock(world: World, relay: SimRelay) -> None:
    """A relay's clock jumps, and by it the relay throws away what it holds for too old."""
    relay.offset += world.rng.choice((-1, 1)) * world.rng.choice((600 * SECOND, DAY, 40 * DAY))
    world.tell(f"{relay.url}'s clock is off by {relay.offset / SECOND:.0f} s")
    world.count("relays' clock jumps")
    relay.expire(world.time)


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
