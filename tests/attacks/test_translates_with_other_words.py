# SPDX-License-Identifier: Apache-2.0
"""An intermediary sends other words beside a note than those whose hash its officer signed."""

from __future__ import annotations

from goodoffices.core import crypto
from tests.attacks.catalogue import Attack, Scene
from tests.desk.test_beside import _slipped_in, findings, forwarded, held

ATTACK = Attack(
    by="A hostile intermediary",
    does="puts other words under a signed translation",
    refused="the words are not those that were signed: altered, and not shown; the note beside them is as it was",
    promise=1,
    shows="Tehran's holds the act and no words beside it",
)


def committed() -> Scene:
    scene = Scene()
    note = forwarded(scene)
    _slipped_in(scene, scene.middle, note, evidence=crypto.sha256(b"other words"))
    return scene


def test_no_words_are_shown_that_nobody_signed() -> None:
    """P1"""
    scene = committed()
    (note,) = scene.east.desk.ledger.notes(scene.mandate)
    assert held(scene.east, note.id) == [("altered", None)]
    assert "Words beside a note" in findings(scene.east)
    assert scene.shown(scene.east, note.id) is not None
