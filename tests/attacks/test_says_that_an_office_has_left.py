# SPDX-License-Identifier: Apache-2.0
"""A thief uses a stop certificate of before, to silence an office that has come back with new keys."""

from __future__ import annotations

from goodoffices.core.roster_request import sign_request
from goodoffices.core.statement import sign, state
from goodoffices.core.stop import Stop
from goodoffices.desk.views.lines import line_cards
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A thief with the disk",
    does="says that an office has left that came back",
    refused="a stop certificate counts until a newer roster of the office is known, and for nothing after it",
    promise=13,
)


def committed() -> Scene:
    scene = Scene()
    west, bern = scene.west, scene.middle
    stop = Stop(line=scene.west_line, office=west.me, roster=1, time=(scene.now, 0))
    certificate = sign(state(stop, bytes(16)), west.founding.desk_seed)
    request = west.desk.rosters.renew(west.officer, scene.tick(), desk_key=True)
    west.desk.rosters.install(sign_request(request, west.founding.root_seed), scene.now)
    scene.pump()
    with bern.desk.context.transaction():
        bern.desk.stops.take(bern.desk.ledger.line(scene.west_line), certificate, scene.now)
    return scene


def test_the_line_carries_on() -> None:
    """P13"""
    scene = committed()
    (card,) = (each for each in line_cards(scene.middle.desk, scene.now, ()) if each.id == scene.west_line)
    assert card.state != "left"
    scene.forward(scene.release(scene.west, scene.east, "We are back."))
    assert len(scene.east.desk.ledger.notes(scene.mandate)) == 1
