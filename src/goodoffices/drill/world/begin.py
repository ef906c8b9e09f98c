# SPDX-License-Identifier: Apache-2.0
"""How a simulated world begins: offices are founded, lines paired, mandates signed, digits compared.

All of it by the desk's own doors; what it leads to is kept as a snapshot that many runs begin from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from goodoffices.core.act import ActType
from goodoffices.core.errors import NotNow
from goodoffices.core.mandate import Forwarding, Reading
from goodoffices.core.statement import LIVE
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import NewOfficer, found, keep
from goodoffices.desk.officers.acts import Terms
from goodoffices.drill.world.disk import Disk
from goodoffices.drill.world.parts import RELAYS, SECOND, STAFF, SimOffice
from goodoffices.drill.world.world import World

TERMS = tuple(
    (r, f) for r in (Reading.SEALED, Reading.OPEN) for f in (Forwarding.BY_HAND, Forwarding.AUTOMATIC)
)


def paired(posts: int, releasers: int = 1) -> World:
    """A calm world of two parties and ``posts`` intermediaries, with confirmed lines and no mandate.

    ``releasers``: how many officers release a note, at the parties.
    """
    world = World(posts)
    names = ["East", *(f"Post {n + 1}" for n in range(posts)), "West"]
    for name in names:
        disk = Disk.empty()
        staff = [NewOfficer(each, f"officer {at + 1}") for at, each in enumerate(STAFF)]
        needed = 1 if name.startswith("Post") else releasers
        founding = found(name, staff, LIVE, world.rng.randbytes, world.time, releasers=needed)
        office = world.add(name, founding, disk)
        office.desk = Desk(disk, founding.keys, office.rng.randbytes)
        with office.desk.context.transaction():
            keep(office.desk.ledger, founding, office.rng.randbytes)
        world.start(office, unlock=True)
    for here, there in zip(world.offices, world.offices[1:], strict=False):
        pair_offices(world, here, there)
    if not world.rest():
        raise NotNow("The lines of the simulated world do not open.")
    return world


def pair_offices(world: World, here: SimOffice, there: SimOffice) -> bytes:
    """Pair two offices by exchanging invitations, and read the digits to one another."""
    x, y = here.desk, there.desk
    assert x is not None
    assert y is not None
    world.pass_time(SECOND)
    offers = (
        x.offer(here.officer, list(RELAYS), world.now(here)),
        y.offer(there.officer, list(RELAYS), world.now(there)),
    )
    line = x.pair(here.officer, offers[1], there.name, world.now(here))
    y.pair(there.officer, offers[0], here.name, world.now(there))
    heard = [desk.spoken_digits(desk.ledger.line(line)).read_aloud for desk in (x, y)]
    x.confirm(here.officer, line, heard[1], world.now(here))
    y.confirm(there.officer, line, heard[0], world.now(there))
    for office in (here, there):
        world.refresh(office)
        world.visit(office, "has a new line", lambda desk: None)
    return line


def mandated(posts: int, releasers: int = 1) -> World:
    """A calm world with one mandate for each way of reading and forwarding, digits compared."""
    world = paired(posts, releasers)
    propose(world, TERMS)
    propose_paper(world)
    for office in world.offices:
        for mandate in world.mandates:
            sign_if_needed(world, office, mandate)
        world.rest()
    for mandate in world.mandates:
        for party in (world.offices[0], world.offices[-1]):
            compare_digits(world, party, mandate)
    if not world.rest():
        raise NotNow("The mandates of the simulated world do not come into force.")
    return world


def propose(world: World, terms: tuple[tuple[int, int], ...]) -> None:
    """The first post proposes mandates; a second post introduces the party behind it first."""
    post, path = world.offices[1], tuple(office.id for office in world.offices)
    if len(world.offices) == 4:
        second, west = world.offices[2], world.offices[3]
        world.visit(
            second,
            "introduces",
            lambda desk: desk.acts.introduce(
                second.officer, west.id, desk.line_named(post.name).id, world.now(second)
            ),
        )
        world.rest()
    for reading, forwarding in terms:
        made = Terms(name=f"channel {reading}{forwarding}", path=path, reading=reading, forwarding=forwarding)
        if (reading, forwarding) == TERMS[-2]:
            # One kind of channel on which "opened" stays at home.
            made = replace(made, acknowledgements=(ActType.ACKNOWLEDGED,))
        if (reading, forwarding) == TERMS[0]:
            # And one on which it takes two to add words.
            made = replace(made, officers_to_add_words=2)
        mandate = world.visit(post, "proposes", _proposal(world, post, made))
        assert mandate is not None
        world.mandates.append(mandate)
    world.pass_time(SECOND)


def propose_paper(world: World) -> None:
    """The first post enters a party that has no desk, in a channel with the party at its side (P14)."""
    east, post = world.offices[0], world.offices[1]
    terms = Terms(
        name="on paper",
        path=(east.id, post.id),
        reading=Reading.OPEN,
        forwarding=Forwarding.BY_HAND,
        paper_name="South",
        paper_consent="Said so to our ambassador.",
    )
    world.paper = world.visit(post, "proposes", _proposal(world, post, terms))
    assert world.paper is not None
    world.rest()
    sign_if_needed(world, east, world.paper)


def _proposal(world: World, post: SimOffice, terms: Terms) -> Callable[[Desk], bytes]:
    return lambda desk: desk.acts.propose(post.officer, terms, world.now(post))


def sign_if_needed(world: World, office: SimOffice, mandate: bytes) -> None:
    """Sign a mandate that has arrived, once."""
    desk = office.desk
    if desk is None or not desk.ledger.has_mandate(mandate):
        return
    if office.id not in desk.ledger.agreement(mandate).signed_by():
        world.visit(
            office, "signs", lambda desk: desk.acts.sign_mandate(office.officer, mandate, world.now(office))
        )


def compare_digits(world: World, party: SimOffice, mandate: bytes) -> None:
    """A party's officer hears the other party's digits by voice and types them in."""
    desk = party.desk
    if desk is None or not desk.ledger.has_mandate(mandate) or not desk.ledger.agreement(mandate).complete:
        return
    heard = desk.acts.spoken_digits(desk.ledger.agreement(mandate))[1]
    world.visit(
        party,
        "compares digits",
        lambda desk: desk.acts.compare_mandate(party.officer, mandate, heard, world.now(party)),
    )
