# SPDX-License-Identifier: Apache-2.0
"""An intermediary that can read a note passes its own wording of it under the author's signature."""

from __future__ import annotations

from goodoffices.core.act import ActType
from goodoffices.core.line import Item
from goodoffices.core.mandate import Reading
from goodoffices.core.note import Leaf, OpenNote
from goodoffices.core.office import sealing_key
from goodoffices.core.record.findings import Flaw
from goodoffices.core.sealed import open_sealed, read_sealed, seal_note
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile intermediary",
    does="passes a rewording as verbatim",
    refused="the words do not belong to what the author signed: altered, and not shown",
    promise=1,
    record="Tehran",
    finds=(Flaw.ALTERED, Flaw.OTHER_BYTES),
)


def committed() -> Scene:
    scene = Scene(reading=Reading.OPEN)
    note = scene.release(scene.west, scene.east, "We shall answer if we are struck.")
    ((original, raw, _, _),) = scene.middle.desk.ledger.copies(note)
    opened = open_sealed(read_sealed(raw), bytes(16), scene.middle.me, scene.middle.founding.reading_seeds)
    leaves = tuple(
        (label, "We shall strike." if label == Leaf.PARAGRAPH else value) for label, value in opened.leaves
    )
    epoch, public = sealing_key(scene.east.founding.office.roster.reading_epochs, scene.now)
    reworded = OpenNote(opened.signed, opened.seed, leaves)
    other = seal_note(reworded, ((scene.east.me, epoch, public),), scene.rng.randbytes(32)).raw
    act = scene.act(
        scene.middle.officer,
        scene.middle,
        ActType.FORWARDED,
        subject=note,
        evidence=original,
        recipient=scene.east.me,
    )
    scene.say(scene.middle, scene.east_line, (Item.NOTE, other), (Item.ACT, act.raw))
    return scene


def test_the_reader_is_not_shown_words_that_the_author_did_not_write() -> None:
    """P1"""
    scene = committed()
    (note,) = scene.east.desk.ledger.notes(scene.mandate)
    assert note.state == "altered"
    assert scene.shown(scene.east, note.id) is None
