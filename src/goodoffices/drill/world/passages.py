# SPDX-License-Identifier: Apache-2.0
"""One note's passage through the simulated world, with a machine that stops at a given point of it."""

from __future__ import annotations

from goodoffices.core.act import ActType
from goodoffices.core.mandate import Forwarding, Precedence
from goodoffices.core.note import Words
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.officers.acts import Draft
from goodoffices.drill.world.checks import Broken, check_end, need
from goodoffices.drill.world.officers import do, release
from goodoffices.drill.world.parts import SECOND, SimOffice
from goodoffices.drill.world.plans import Plan, Verdict
from goodoffices.drill.world.remembering import remembering
from goodoffices.drill.world.runs import beginning
from goodoffices.drill.world.steps import Steps
from goodoffices.drill.world.world import World


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
    with remembering():
        return _stopped_passage(terms, who, stop_in)


def _stopped_passage(terms: int, who: int, stop_in: int | None) -> tuple[Verdict, int, str | None]:
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
