# SPDX-License-Identifier: Apache-2.0
"""An intermediary's desk passes a note on by itself where the mandate asks for a person."""

from __future__ import annotations

from goodoffices.core.act import ActType
from goodoffices.core.mandate import Forwarding
from goodoffices.core.record.findings import Flaw
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile intermediary",
    does="forwards by machine where the mandate asks for a person",
    refused="the parties' desks refuse the act: no *forwarded* without an officer's signature",
    promise=10,
    record="Tehran",
    finds=(Flaw.ITEM_SIGNER,),
)


def committed() -> Scene:
    scene = Scene(forwarding=Forwarding.BY_HAND)
    note = scene.release(scene.west, scene.east)
    row = scene.middle.desk.ledger.note(note)
    assert row is not None
    desk = scene.middle.desk
    with desk.context.transaction():
        desk.channels.forward(desk.ledger.agreement(scene.mandate), row, scene.tick(), None)
    scene.pump()
    return scene


def test_no_desk_takes_it_for_forwarded_by_a_person() -> None:
    """P10"""
    scene = committed()
    (note,) = scene.west.desk.ledger.notes(scene.mandate)
    for party in (scene.west, scene.east):
        assert ActType.FORWARDED not in {act.type for act in party.desk.ledger.acts_about(note.id)}
