# SPDX-License-Identifier: Apache-2.0
"""An officer puts an old backup back while something is still on its way."""

from __future__ import annotations

import sqlite3

from tests import founded
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A careless officer",
    does="puts an old backup back",
    refused="every start opens a new incarnation: nothing is signed twice in one place, and the desk is told",
    promise=8,
    record="Bern",
)


def committed() -> Scene:
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east))
    copy = scene.west.db.serialize()
    scene.release(scene.west, scene.middle, "Forgotten by the backup.")
    scene.west.db = sqlite3.connect(":memory:", isolation_level=None)
    founded.put_back(scene.west.db, copy)
    scene.restart(scene.west)
    scene.pump()
    return scene


def test_the_office_does_not_look_like_a_forger() -> None:
    """P2, P8"""
    scene = committed()
    assert "restored from a backup" in scene.found(scene.west)
    assert "two different" not in scene.found(scene.middle)
