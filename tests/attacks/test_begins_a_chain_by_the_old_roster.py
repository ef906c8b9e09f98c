# SPDX-License-Identifier: Apache-2.0
"""An officer who has left and a dishonest intermediary bring a note by the roster of before, in a chain of its own."""

from __future__ import annotations

from dataclasses import replace

from goodoffices.core.act import ActType
from goodoffices.core.crypto import ed25519_public
from goodoffices.core.line import Item
from goodoffices.core.note import OpenNote, Words, body_of
from goodoffices.core.office import sealing_key
from goodoffices.core.record.findings import Flaw
from goodoffices.core.roster_request import sign_request
from goodoffices.core.sealed import open_sealed, read_sealed, seal_note
from goodoffices.core.statement import sign, state
from goodoffices.desk.context import Officer
from goodoffices.desk.founding import ALL_RIGHTS
from goodoffices.desk.views.views import Views
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile intermediary",
    does="brings a note by an officer who has left, as the first of a new chain",
    refused="shown with a warning, and a finding: its signer had left by a roster that was here, and his office says"
    " nothing of it",
    promise=10,
    record="Tehran",
    finds=(Flaw.OLDER_ROSTER,),
)
FORGED = "We withdraw from all talks."


def officer_leaves(scene: Scene, *, stays: bool = False) -> Officer:
    """Washington's officer 2 has come and officer 1 leaves; everybody learns of it. ``stays``: he does not leave."""
    west = scene.west
    old, seed = west.officer, bytes(range(32))
    new = Officer("second", ed25519_public(seed), seed)
    rosters, root = west.desk.rosters, west.founding.root_seed
    rosters.install(
        sign_request(rosters.add(old, new.public, "officer 2", ALL_RIGHTS, scene.tick()), root), scene.now
    )
    if not stays:
        rosters.install(sign_request(rosters.remove(new, old.public, "left", scene.tick()), root), scene.now)
    scene.pump()
    west.officer = new
    return old


def written_by(old: Officer, scene: Scene) -> OpenNote:
    """A note in Washington's name, signed with the key of whoever left, by the roster that listed him."""
    like = scene.middle.desk.ledger.copies(scene.middle.desk.ledger.notes(scene.mandate)[0].id)[0][1]
    opened = open_sealed(read_sealed(like), bytes(16), scene.middle.me, scene.middle.founding.reading_seeds)
    words, seed = Words(text=FORGED, language="en"), scene.rng.randbytes(32)
    body, leaves = body_of(words, seed)
    note = replace(
        opened.note,
        incarnation=scene.rng.randbytes(16),
        sequence=1,
        previous=None,
        number=9,
        roster=1,
        body=body,
        leaves=leaves,
    )
    return OpenNote(sign(state(note, bytes(16)), old.seed), seed, words.leaves())


def bring(scene: Scene, forged: OpenNote) -> bytes:
    epoch, public = sealing_key(scene.east.founding.office.roster.reading_epochs, scene.now)
    sealed = seal_note(forged, ((scene.east.me, epoch, public),), scene.rng.randbytes(32))
    scene.say(scene.middle, scene.east_line, (Item.NOTE, sealed.raw))
    return forged.signed.id


def committed() -> Scene:
    scene = Scene()
    note = scene.release(scene.west, scene.east)
    scene.forward(note)
    bring(scene, written_by(officer_leaves(scene), scene))
    return scene


def test_a_note_by_an_officer_who_had_left_is_shown_with_a_warning_and_found() -> None:
    """P1, P10: it may be honest and late, so it is there; nobody takes it for plainly verified"""
    scene = committed()
    forged = scene.east.desk.ledger.notes(scene.mandate)[-1]
    assert scene.shown(scene.east, forged.id) is not None
    _, page = Views(scene.east.desk).note(scene.east.officer, forged.id, scene.now)
    assert page.card.left is not None
    assert (page.card.left.who, page.card.left.stated, page.card.left.known) == ("officer 1", 1, 3)
    assert [step.left for step in page.steps if step.rung == "released"] == ["officer 1"]
    assert "is signed by officer 1, by roster 1" in scene.found(scene.east)


def test_a_second_one_of_his_does_not_stand_by_the_first() -> None:
    """P10: what clears a note is somebody who is listed now"""
    scene = committed()
    first = scene.east.desk.ledger.notes(scene.mandate)[-1]
    old = scene.west.founding.officer("duty")
    follows = scene.act(
        old,
        scene.west,
        ActType.WITHDRAWN,
        recipient=scene.east.me,
        sequence=2,
        previous=first.id,
        subject=first.id,
    )
    scene.say(scene.middle, scene.east_line, (Item.ACT, follows.raw))
    ledger = scene.east.desk.ledger
    assert ledger.left(first.id, scene.west.me) is not None
    assert ledger.left(follows.id, scene.west.me) is not None
