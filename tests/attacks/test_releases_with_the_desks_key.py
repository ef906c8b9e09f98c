# SPDX-License-Identifier: Apache-2.0
"""A thief with the disk and its unlock secret has the desk's key, and no officer's."""

from __future__ import annotations

from dataclasses import replace

from goodoffices.core import cbor
from goodoffices.core.line import EntryKind, Item
from goodoffices.core.note import Words
from goodoffices.core.office import sealing_key
from goodoffices.core.record.findings import Flaw
from goodoffices.core.sealed import seal_note
from goodoffices.core.statement import sign
from goodoffices.desk.officers.acts import Draft
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A thief with the disk",
    does="releases a note with the desk's key",
    refused="a desk releases nothing: altered, and not shown",
    promise=10,
    record="Bern",
    finds=(Flaw.ALTERED,),
)


def committed() -> Scene:
    scene = Scene()
    west, middle = scene.west, scene.middle
    draft = Draft(
        mandate=scene.mandate,
        recipient=middle.me,
        words=Words(text="Signed by nobody.", language="en"),
        precedence=1,
    )
    with west.desk.context.transaction():
        _, opened = west.desk.acts.draw_up(draft, scene.tick())
    opened = replace(opened, signed=sign(opened.signed.statement, west.founding.desk_seed))
    epoch, public = sealing_key(middle.founding.office.roster.reading_epochs, scene.now)
    sealed = seal_note(opened, ((middle.me, epoch, public),), scene.rng.randbytes(32))
    with west.desk.context.transaction():
        west.desk.lines._write(
            scene.west_line, EntryKind.ACTS, [cbor.encode((Item.NOTE, sealed.raw))], scene.now, urgent=True
        )
    for put in west.desk.work(scene.now):
        middle.desk.receive(scene.west_line, put.envelope, scene.now)
    return scene


def test_a_note_that_only_a_desk_signed_is_not_shown() -> None:
    """P10"""
    scene = committed()
    (note,) = scene.middle.desk.ledger.notes(scene.mandate)
    assert note.state == "altered"
    assert scene.shown(scene.middle, note.id) is None
