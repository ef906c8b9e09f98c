# SPDX-License-Identifier: Apache-2.0
"""A thief has the open tables of a desk, and nobody's passphrase."""

from __future__ import annotations

from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A thief with the disk",
    does="reads the tables of the unattended tier",
    refused="texts lie under the reading key, which only an officer's passphrase gives",
    promise=3,
)
_WORDS = "A sentence that stands nowhere else."


def committed() -> Scene:
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east, _WORDS))
    return scene


def test_no_words_stand_in_the_tables() -> None:
    """P3: of neither party, and not of the intermediary that can read."""
    scene = committed()
    for node in scene.nodes:
        tables = node.db.serialize()
        assert _WORDS.encode() not in tables
        assert node.founding.reading_key not in tables
        assert node.founding.officer_seeds["duty"] not in tables
