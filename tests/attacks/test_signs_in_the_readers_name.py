# SPDX-License-Identifier: Apache-2.0
"""An intermediary tells the author that the reader has opened the note."""

from __future__ import annotations

from goodoffices.core.act import ActType
from goodoffices.core.line import Item
from goodoffices.core.record.findings import Flaw
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile intermediary",
    does="signs in the reader's name",
    refused="the act is no officer's of the reader: refused, named on the page of findings, no rung",
    promise=1,
    record="Washington",
    finds=(Flaw.ITEM_SIGNER,),
)


def committed() -> Scene:
    scene = Scene()
    note = scene.release(scene.west, scene.east)
    act = scene.act(scene.middle.officer, scene.east, ActType.OPENED, subject=note)
    scene.say(scene.middle, scene.west_line, (Item.ACT, act.raw))
    return scene


def test_no_rung_stands_that_the_reader_did_not_sign() -> None:
    """P1, P10"""
    scene = committed()
    (note,) = scene.west.desk.ledger.notes(scene.mandate)
    assert ActType.OPENED not in {act.type for act in scene.west.desk.ledger.acts_about(note.id)}
    assert "without the right" in scene.found(scene.west)
