# SPDX-License-Identifier: Apache-2.0
"""A counterpart has somebody sign who is no officer of it."""

from __future__ import annotations

from goodoffices.core import crypto
from goodoffices.core.act import ActType
from goodoffices.core.line import Item
from goodoffices.core.record.findings import Flaw
from goodoffices.desk.context import Officer
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile counterpart",
    does="has somebody sign who is no officer",
    refused="the roster does not list the key: refused, no rung",
    promise=10,
    record="Bern",
    finds=(Flaw.ITEM_SIGNER,),
)


def committed() -> Scene:
    scene = Scene()
    note = scene.release(scene.west, scene.east)
    scene.forward(note)
    seed = bytes(range(32))
    stranger = Officer("somebody", crypto.ed25519_public(seed), seed)
    act = scene.act(stranger, scene.east, ActType.WITH_PRINCIPAL, subject=note)
    scene.say(scene.east, scene.east_line, (Item.ACT, act.raw))
    return scene


def test_no_rung_stands_that_no_officer_signed() -> None:
    """P10"""
    scene = committed()
    (note,) = scene.middle.desk.ledger.notes(scene.mandate)
    assert ActType.WITH_PRINCIPAL not in {act.type for act in scene.middle.desk.ledger.acts_about(note.id)}
    assert "without the right" in scene.found(scene.middle)
