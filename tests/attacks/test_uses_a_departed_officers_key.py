# SPDX-License-Identifier: Apache-2.0
"""A counterpart lets an officer sign who is out, by the roster that still listed him."""

from __future__ import annotations

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.crypto import ed25519_public
from goodoffices.core.line import Item
from goodoffices.core.record.findings import Flaw
from goodoffices.core.roster_request import sign_request
from goodoffices.desk.context import Officer
from goodoffices.desk.founding import ALL_RIGHTS
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile counterpart",
    does="uses a departed officer's key, by the old roster",
    refused="taken, since old acts stay provable, and named at once: no chain goes back to an older roster",
    promise=10,
    record="Bern",
    finds=(Flaw.ROSTER_WENT_BACK,),
)


def committed() -> Scene:
    scene = Scene()
    east = scene.east
    note = scene.release(scene.west, east)
    scene.forward(note)
    old, seed = east.officer, bytes(range(32))
    new = Officer("second", ed25519_public(seed), seed)
    rosters = east.desk.rosters
    root = east.founding.root_seed
    rosters.install(
        sign_request(rosters.add(old, new.public, "officer 2", ALL_RIGHTS, scene.tick()), root), scene.now
    )
    rosters.install(sign_request(rosters.remove(new, old.public, "left", scene.tick()), root), scene.now)
    east.desk.acts.open(new, note, scene.tick())
    scene.pump()
    head = east.desk.ledger.chain_head(scene.mandate, CHANNEL_LANE, east.me)
    assert head is not None
    incarnation, number, last = head
    place = {"incarnation": incarnation, "sequence": number + 1, "previous": last, "subject": note}
    act = scene.act(old, east, ActType.WITH_PRINCIPAL, **place)
    scene.say(east, scene.east_line, (Item.ACT, act.raw))
    return scene


def test_the_desks_on_the_way_say_that_the_roster_went_back() -> None:
    """P8, P10"""
    scene = committed()
    for party in (scene.middle, scene.west):
        assert "goes by roster 1" in scene.found(party)
