# SPDX-License-Identifier: Apache-2.0
"""A relay says that it has an envelope, and throws it away."""

from __future__ import annotations

from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile relay",
    does="takes envelopes and throws them away",
    refused="only the far desk's signed receipt ends the sending: packed afresh, and offered on every route",
    promise=2,
)


def committed() -> Scene:
    scene = Scene()
    keep, scene.pump = scene.pump, lambda: None  # type: ignore[method-assign]
    scene.release(scene.west, scene.east)
    for put in scene.west.desk.work(scene.now):
        scene.west.desk.put_accepted(put, scene.now)
    scene.pump = keep  # type: ignore[method-assign]
    return scene


def test_what_was_thrown_away_arrives_all_the_same() -> None:
    """P2, P7"""
    scene = committed()
    assert scene.middle.desk.ledger.notes(scene.mandate) == []
    scene.tick()
    scene.pump()
    assert len(scene.middle.desk.ledger.notes(scene.mandate)) == 1
