# SPDX-License-Identifier: Apache-2.0
"""Rosters that change while notes are under way: officers come and go, keys are renewed, the root is late.

Every office's people stay known to the world with their seeds, also those who are out: a removed officer
goes on trying, and must not get anywhere.
"""

from __future__ import annotations

from collections.abc import Callable

from goodoffices.core import crypto
from goodoffices.core.errors import YourError
from goodoffices.core.office import follow
from goodoffices.core.roster_request import RosterRequest, check_signed_before, sign_request
from goodoffices.core.statement import Signed
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import ALL_RIGHTS
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.drill.world.checks import need
from goodoffices.drill.world.officers import attempt
from goodoffices.drill.world.parts import SimOffice
from goodoffices.drill.world.world import World

MOST = 6
"""Officers of one office, at most."""


def change_rosters(world: World) -> None:
    """Somebody comes, goes, asks for new keys, or the root is fetched for what was asked."""
    office = world.rng.choice(world.offices)
    desk = office.desk
    if desk is None or desk.context.locked:
        return
    match world.rng.randint(1, 7):
        case 1:
            _somebody_comes(world, office)
        case 2:
            _somebody_goes(world, office, desk)
        case 3:
            desk_key = world.chance(0.5)
            _ask(
                world,
                office,
                "asks for new keys",
                lambda desk: desk.rosters.renew(office.officer, world.now(office), desk_key=desk_key),
            )
        case 4:
            _somebody_who_is_out_tries(world, office)
        case 5:
            needed = world.rng.randint(1, 2)
            _ask(
                world,
                office,
                "asks for another number of releasers",
                lambda desk: desk.rosters.need(office.officer, needed, world.now(office)),
            )
        case _:
            fetch_root(world, office)


def _ask(world: World, office: SimOffice, what: str, deed: Callable[[Desk], object]) -> None:
    def ask(desk: Desk) -> bool:
        try:
            deed(desk)
        except YourError:
            return False
        return True

    done = world.visit(office, what, ask)
    world.count(f"{what}: {'done' if done else 'not now'}")
    if done and world.chance(0.6):
        fetch_root(world, office)


def _somebody_comes(world: World, office: SimOffice) -> None:
    assert office.desk is not None
    if len(office.desk.rosters.planned().officers) >= MOST:
        return
    seed = world.rng.randbytes(32)
    name = f"officer {len(office.everybody) + 1}"
    person = Officer(name, crypto.ed25519_public(seed), seed)
    office.people.append(person)
    _ask(
        world,
        office,
        "asks for an officer to come in",
        lambda desk: desk.rosters.add(office.officer, person.public, name, ALL_RIGHTS, world.now(office)),
    )


def _somebody_goes(world: World, office: SimOffice, desk: Desk) -> None:
    leaving = world.rng.choice(desk.rosters.planned().officers)[1]
    renew = world.chance(0.5)
    _ask(
        world,
        office,
        "asks for an officer to go out",
        lambda desk: desk.rosters.remove(
            office.officer, leaving, "left", world.now(office), new_sealing_keys=renew
        ),
    )


def sign_at_the_root(office: SimOffice, request: RosterRequest) -> Signed:
    """The root signs, and keeps with it what it signed."""
    if office.at_the_root is not None:
        check_signed_before(request, office.at_the_root)
    signed = sign_request(request, office.founding.root_seed)
    office.at_the_root = follow(request.office, signed)
    return signed


def give_lost_keys(world: World) -> None:
    """Wherever a desk says that keys of its office are lost, a keeper of keys asks for others and the root comes."""
    for office in world.offices:
        desk = office.desk
        if desk is None or desk.context.locked or not desk.rosters.lost_keys(world.now(office)):
            continue
        world.count("lost keys made anew")
        fetch_root(world, office)
        _ask_the_keeper(world, office)
        fetch_root(world, office)


def _ask_the_keeper(world: World, office: SimOffice) -> None:
    world.visit(
        office,
        "asks for keys in place of lost ones",
        lambda desk: desk.rosters.renew(office.officer, world.now(office), sealing_keys=False),
    )


def fetch_root(world: World, office: SimOffice) -> None:
    """The root brings what the vault has lost, signs what was asked for, and the desk installs it."""

    def install(desk: Desk) -> None:
        mine, signed = desk.context.my_office(), office.at_the_root
        if signed is not None and len(signed.signed) > len(mine.signed):
            desk.rosters.bring_back(signed.signed[len(mine.signed) :], world.now(office))
            world.count("rosters brought back")
        request = desk.rosters.request()
        if request is not None:
            desk.rosters.install(sign_at_the_root(office, request), world.now(office))
            world.count("new rosters")

    world.visit(office, "installs a roster", install)


def _somebody_who_is_out_tries(world: World, office: SimOffice) -> None:
    desk = office.desk
    assert desk is not None
    listed = {public for _, public, _ in desk.context.my_office().roster.officers}
    out = [each for each in office.everybody if each.public not in listed]
    notes = [note.id for mandate in world.mandates for note in desk.ledger.notes(mandate)]
    if not out or not notes:
        return
    who, note = world.rng.choice(out), world.rng.choice(notes)
    done = attempt(
        world, office, "is asked by somebody who is out", lambda acts: acts.take(who, note, world.now(office))
    )
    need(not done, f"{office.name} let an officer act who is out of its roster")


def check_rosters(world: World) -> None:
    """Once everything is delivered: every office of a channel knows every other's newest roster."""
    ledgers = {office.id: Ledger(office.disk) for office in world.offices}
    for mandate in world.mandates:
        path = ledgers[world.offices[0].id].agreement(mandate).mandate.path
        for office in world.offices:
            for other in path:
                newest, known = ledgers[other].office(other), ledgers[office.id].office(other)
                assert newest is not None
                need(known is not None, f"{office.name} does not know an office of its channel")
                assert known is not None
                need(
                    known.pin == newest.pin,
                    f"{office.name} has roster {known.roster.version} of {newest.name}, which is at"
                    f" {newest.roster.version}",
                )
