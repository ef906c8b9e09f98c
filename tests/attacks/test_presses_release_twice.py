# SPDX-License-Identifier: Apache-2.0
"""An officer presses release twice."""

from __future__ import annotations

from goodoffices.core.note import Words
from goodoffices.desk.officers.acts import Draft
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A careless officer",
    does="presses release twice",
    refused="the second request is answered with the note that the first released",
    promise=2,
    record="Bern",
)


def committed() -> Scene:
    scene = Scene()
    draft = Draft(
        mandate=scene.mandate,
        recipient=scene.middle.me,
        words=Words(text="Once.", language="en"),
        precedence=1,
        once="the form",
    )
    for _ in range(2):
        scene.west.desk.acts.release(scene.west.officer, draft, scene.tick())
    scene.pump()
    return scene


def test_one_note_goes_out() -> None:
    """P2, P12"""
    scene = committed()
    assert [note.number for note in scene.middle.desk.ledger.notes(scene.mandate)] == [1]
