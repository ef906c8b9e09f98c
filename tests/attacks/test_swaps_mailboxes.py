# SPDX-License-Identifier: Apache-2.0
"""A relay gives a desk what lies in another mailbox, changes it, repeats it and mixes up its order."""

from __future__ import annotations

from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile relay",
    does="exchanges, changes, repeats and reorders envelopes",
    refused="what no key of the line opens is refused and named; repeats and other orders change nothing",
    promise=12,
)


def committed() -> Scene:
    scene = Scene()
    envelopes = []
    for text in ("First.", "Second.", "Third."):
        note = scene.release(scene.west, scene.east, text)
        scene.middle.desk.acts.forward(scene.middle.officer, note, scene.tick())
        envelopes += [put.envelope for put in scene.middle.desk.work(scene.now)]
    scene.rng.shuffle(envelopes)
    for envelope in [*envelopes, *envelopes]:
        scene.east.desk.receive(scene.east_line, envelope, scene.tick())
        changed = envelope[:-1] + bytes([envelope[-1] ^ 1])
        scene.east.desk.receive(scene.east_line, changed, scene.now)
        scene.west.desk.receive(scene.west_line, envelope, scene.now)
    scene.pump()
    return scene


def test_each_note_is_there_once_and_what_was_changed_is_named() -> None:
    """P2, P12"""
    scene = committed()
    notes = scene.east.desk.ledger.notes(scene.mandate)
    assert sorted(note.number for note in notes) == [1, 2, 3]
    assert {note.state for note in notes} == {"verified"}
    for party in (scene.east, scene.west):
        assert scene.found(party).count("no key of this desk opens") == 1, "once, however many come"
