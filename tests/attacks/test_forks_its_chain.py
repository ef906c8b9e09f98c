# SPDX-License-Identifier: Apache-2.0
"""A counterpart signs two entries in one place, to show now one, now the other."""

from __future__ import annotations

from dataclasses import replace

from goodoffices.core import cbor
from goodoffices.core.envelope import entry_part, pack
from goodoffices.core.line import CarriedEntry, commitment
from goodoffices.core.office import sealing_key
from goodoffices.core.record.findings import Flaw
from goodoffices.core.statement import sign, state
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile counterpart",
    does="signs two entries in one place",
    refused="both are kept, and the desk says so at once",
    promise=8,
    record="Bern",
    finds=(Flaw.FORK,),
)


def committed() -> Scene:
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east))
    head = scene.west.desk.ledger.head(scene.west_line, scene.west.me)
    assert head is not None
    carried = scene.west.desk.ledger.entry(head[2])
    assert carried is not None
    body = cbor.encode([])
    content = replace(carried.entry, commitment=commitment(carried.salt, body))
    other = CarriedEntry(sign(state(content, bytes(16)), scene.west.founding.desk_seed), carried.salt, body)
    _, public = sealing_key(scene.middle.founding.office.roster.envelope_epochs, scene.now)
    sealed = pack([entry_part(other)], realm=bytes(16), line=scene.west_line, public=public)
    scene.middle.desk.receive(scene.west_line, sealed, scene.tick())
    return scene


def test_the_desk_says_at_once_that_two_were_signed() -> None:
    """P8"""
    scene = committed()
    assert "signed two different entries" in scene.found(scene.middle)
