# SPDX-License-Identifier: Apache-2.0
"""An intermediary has each party sign terms of its own."""

from __future__ import annotations

import pytest

from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.mandate import Forwarding
from goodoffices.desk.officers.agreeing import Terms
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile intermediary",
    does="shows two mandates",
    refused="neither comes into force, the digits that the parties compare differ, and nothing is carried",
    promise=1,
    record="Washington",
    remarks="not every office has signed this mandate; it is not in force",
)


def _carry_all_but(scene: Scene, hidden: bytes) -> None:
    """Carry envelopes until nobody has anything to send; Bern sends none on one line."""
    moved = True
    while moved:
        moved = False
        for node in scene.nodes:
            node.desk.settle(scene.now)
            for put in node.desk.work(scene.now):
                reader, line = scene.box(put.route.mailbox)
                if node is not scene.middle or line != hidden:
                    moved = True
                    reader.desk.receive(line, put.envelope, scene.now)


def _two() -> tuple[Scene, list[bytes]]:
    scene = Scene()
    mandates = []
    for party, forwarding in ((scene.west, Forwarding.AUTOMATIC), (scene.east, Forwarding.BY_HAND)):
        hidden = scene.east_line if party is scene.west else scene.west_line
        path = (scene.west.me, scene.middle.me, scene.east.me)
        terms = Terms(name="Talks", path=path, forwarding=forwarding)
        mandate = scene.middle.desk.acts.propose(scene.middle.officer, terms, scene.tick())
        _carry_all_but(scene, hidden)
        party.desk.acts.sign_mandate(party.officer, mandate, scene.tick())
        _carry_all_but(scene, hidden)
        mandates.append(mandate)
    return scene, mandates


def committed() -> Scene:
    return _two()[0]


def test_neither_mandate_is_in_force_and_the_digits_differ() -> None:
    """P1, P4"""
    scene, (one, other) = _two()
    assert not scene.west.desk.ledger.has_mandate(other)
    assert not scene.east.desk.ledger.has_mandate(one)
    assert scene.west.desk.ledger.agreement(one).digits != scene.east.desk.ledger.agreement(other).digits
    for party, mandate in ((scene.west, one), (scene.east, other)):
        assert not party.desk.ledger.agreement(mandate).complete
    heard = scene.east.desk.ledger.agreement(other).digits[30:]
    with pytest.raises(GoodOfficesError):
        scene.west.desk.acts.compare_mandate(scene.west.officer, one, heard, scene.now)
