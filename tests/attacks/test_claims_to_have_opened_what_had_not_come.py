# SPDX-License-Identifier: Apache-2.0
"""A counterpart signs to have opened a note, in an entry that says it had not come yet."""

from __future__ import annotations

from dataclasses import replace

from goodoffices.core.act import ActType
from goodoffices.core.record.findings import Flaw
from goodoffices.core.statement import sign, state
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile counterpart",
    does="claims to have opened what had not come",
    refused="not live: it is the reader's own word, and shown as that",
    promise=9,
    record="Tehran",
    finds=(Flaw.CLAIM,),
)


def committed() -> Scene:
    scene = Scene()
    east = scene.east
    note = scene.release(scene.west, east)
    scene.forward(note)
    east.desk.acts.open(east.officer, note, scene.tick())
    head = east.desk.ledger.head(scene.east_line, east.me)
    assert head is not None
    carried = east.desk.ledger.entry(head[2])
    assert carried is not None
    signed = sign(state(replace(carried.entry, seen=None), bytes(16)), east.founding.desk_seed)
    east.db.execute("UPDATE entry SET id=?, signed=? WHERE id=?", (signed.id, signed.raw, head[2]))
    east.desk.ledger.look_again()
    return scene


def test_the_authors_desk_shows_it_as_the_readers_word() -> None:
    """P6: what the far party signed is shown as that, and is no proof of more."""
    scene = committed()
    scene.pump()
    (note,) = scene.west.desk.ledger.notes(scene.mandate)
    opened = [act for act in scene.west.desk.ledger.acts_about(note.id) if act.type == ActType.OPENED]
    assert [act.author for act in opened] == [scene.east.me]
