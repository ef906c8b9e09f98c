# SPDX-License-Identifier: Apache-2.0
"""An intermediary writes a note in a party's name and signs it with its own officer's key."""

from __future__ import annotations

from dataclasses import replace

from goodoffices.core.line import Item
from goodoffices.core.note import OpenNote, Words, body_of
from goodoffices.core.office import sealing_key
from goodoffices.core.record.findings import Flaw
from goodoffices.core.sealed import open_sealed, read_sealed, seal_note
from goodoffices.core.statement import sign, state
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile intermediary",
    does="writes a note in a party's name",
    refused="no officer of the party signed it: altered, and not shown",
    promise=1,
    record="Tehran",
    finds=(Flaw.ALTERED,),
)


def committed() -> Scene:
    scene = Scene()
    real = scene.release(scene.west, scene.east)
    raw = scene.middle.desk.ledger.copies(real)[0][1]
    opened = open_sealed(read_sealed(raw), bytes(16), scene.middle.me, scene.middle.founding.reading_seeds)
    words, seed = Words(text="We accept everything.", language="en"), scene.rng.randbytes(32)
    body, leaves = body_of(words, seed)
    note = replace(opened.note, body=body, leaves=leaves)
    forged = OpenNote(sign(state(note, bytes(16)), scene.middle.officer.seed), seed, words.leaves())
    epoch, public = sealing_key(scene.east.founding.office.roster.reading_epochs, scene.now)
    sealed = seal_note(forged, ((scene.east.me, epoch, public),), scene.rng.randbytes(32))
    scene.say(scene.middle, scene.east_line, (Item.NOTE, sealed.raw))
    return scene


def test_a_note_that_no_officer_of_its_author_signed_is_not_shown() -> None:
    """P1"""
    scene = committed()
    (note,) = scene.east.desk.ledger.notes(scene.mandate)
    assert note.state == "altered"
    assert scene.shown(scene.east, note.id) is None
