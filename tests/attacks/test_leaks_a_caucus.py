# SPDX-License-Identifier: Apache-2.0
"""An intermediary hands one party's words to it alone to the other party."""

from __future__ import annotations

from goodoffices.core.line import Item
from goodoffices.core.record.findings import Flaw
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile intermediary",
    does="hands a caucus note to the other party",
    refused="the other party's desk refuses it as a note (telling what one knows cannot be stopped)",
    promise=4,
    record="Tehran",
    finds=(Flaw.ITEM,),
)


def committed() -> Scene:
    scene = Scene()
    note = scene.release(scene.west, scene.middle, "To you alone.")
    raw = scene.middle.desk.ledger.copies(note)[0][1]
    scene.say(scene.middle, scene.east_line, (Item.NOTE, raw))
    return scene


def test_the_other_party_does_not_keep_it_as_a_note() -> None:
    """P4"""
    scene = committed()
    assert scene.east.desk.ledger.notes(scene.mandate) == []
    assert "caucus" in scene.found(scene.east)
