# SPDX-License-Identifier: Apache-2.0
"""What is signed by an officer who has left, and comes when his office's next roster is known here (ADR 0096)."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

from goodoffices.core.act import ActType
from goodoffices.core.line import Item
from goodoffices.core.mandate import Mandate
from goodoffices.core.roster_request import sign_request
from goodoffices.core.statement import sign, state
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.export import export
from goodoffices.desk.ledger.ledger import MAX_FINDINGS
from goodoffices.desk.officers.acts import Terms
from goodoffices.desk.views.views import Views
from tests.attacks.catalogue import Scene
from tests.attacks.test_begins_a_chain_by_the_old_roster import bring, officer_leaves, written_by
from tests.verify.channel import verdict


def warned(scene: Scene, note: bytes) -> bool:
    """Whether Tehran's page of a note says that its signer had left."""
    _, page = Views(scene.east.desk).note(scene.east.officer, note, scene.now)
    return page.card.left is not None


def kinds(scene: Scene, folder: Path) -> list[str]:
    """What the verifier finds in Tehran's record."""
    export(scene.east.desk, folder / "record", scene.now)
    return [str(each.flaw) for each in verdict(folder / "record").findings]


def test_an_honest_note_that_waited_at_the_intermediary_needs_no_warning(tmp_path: Path) -> None:
    """P2, P10: its author's desk had said that a relay took it, by a key that still counts"""
    scene = Scene()
    note = scene.release(scene.west, scene.east)
    officer_leaves(scene)
    assert scene.east.desk.ledger.office(scene.west.me).roster.version == 3  # type: ignore[union-attr]
    scene.forward(note)
    assert scene.shown(scene.east, note) is not None
    assert not warned(scene, note)
    assert scene.found(scene.east) == ""
    assert kinds(scene, tmp_path) == []


def test_an_honest_note_verified_by_a_sign_in_long_after_it_came_needs_no_warning(tmp_path: Path) -> None:
    """P2, P10: what counts is which entry came first, not when somebody was there to open it"""
    scene = Scene()
    scene.east.desk.lock()
    note = scene.release(scene.west, scene.east)
    scene.forward(note)
    officer_leaves(scene)
    scene.east.desk.unlock(scene.east.founding.reading_key, scene.tick())
    assert scene.shown(scene.east, note) is not None
    assert not warned(scene, note)
    assert scene.found(scene.east) == ""
    assert kinds(scene, tmp_path) == []


def test_a_note_that_its_entry_had_before_the_roster_and_that_came_after_it_needs_no_warning() -> None:
    """P10: an entry names the one before it, so what it carries was fixed before the roster was told"""
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east))
    old = scene.west.officer
    forged = written_by(old, scene)
    held, receive = [], scene.east.desk.receive

    def hold(line: bytes, envelope: bytes, now: int) -> None:
        held.append((line, envelope, now))

    scene.east.desk.receive = hold  # type: ignore[method-assign,assignment]
    bring(scene, forged)
    first, held = held, []
    scene.east.desk.receive = receive  # type: ignore[method-assign]
    officer_leaves(scene)
    assert first
    for line, envelope, now in first:
        scene.east.desk.receive(line, envelope, now)
    assert scene.shown(scene.east, forged.signed.id) is not None
    assert not warned(scene, forged.signed.id)
    assert "officer 1" not in scene.found(scene.east)


def test_an_act_by_somebody_who_had_left_stands_on_the_strip_as_that(tmp_path: Path) -> None:
    """P6, P10: nobody waits for an answer that is not one"""
    scene = Scene()
    note = scene.release(scene.west, scene.east)
    scene.forward(note)
    act = scene.act(
        officer_leaves(scene), scene.west, ActType.WITHDRAWN, recipient=scene.east.me, subject=note
    )
    scene.say(scene.middle, scene.east_line, (Item.ACT, act.raw))
    _, page = Views(scene.east.desk).note(scene.east.officer, note, scene.now)
    assert page.card.left is None
    assert [step.left for step in page.steps if step.rung == "withdrawn"] == ["officer 1"]
    assert "is signed by officer 1, by roster 1" in scene.found(scene.east)
    assert kinds(scene, tmp_path) == ["older-roster"]


def test_digits_that_a_departed_keeper_compared_are_not_compared() -> None:
    """P1, P3: the intermediary and he would end "vouched for by the intermediary alone", and open a sealed channel"""
    scene = Scene(compare=False)
    east = scene.east.desk
    heard = scene.west.desk.acts.spoken_digits(scene.west.desk.ledger.agreement(scene.mandate))[0]
    east.acts.compare_mandate(scene.east.officer, scene.mandate, heard, scene.tick())
    act = scene.act(officer_leaves(scene), scene.west, ActType.COMPARED, recipient=scene.east.me)
    scene.say(scene.middle, scene.east_line, (Item.ACT, act.raw))
    agreement = east.ledger.agreement(scene.mandate)
    assert east.ledger.act(act.id) is not None
    assert east.acts.vouched_alone(agreement)
    own = scene.west.desk.acts
    heard = east.acts.spoken_digits(agreement)[0]
    own.compare_mandate(scene.west.officer, scene.mandate, heard, scene.tick())
    scene.pump()
    assert not east.acts.vouched_alone(agreement)


def test_what_the_office_says_later_stands_by_it(tmp_path: Path) -> None:
    """P10: an honest late one is cleared by the next of its chain; that it was found stays found"""
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east))
    old = officer_leaves(scene)
    forged = written_by(old, scene)
    note = bring(scene, forged)
    assert warned(scene, note)
    chain = {"incarnation": forged.note.incarnation, "sequence": 2, "previous": note, "roster": 3}
    act = scene.act(
        scene.west.officer, scene.west, ActType.WITHDRAWN, recipient=scene.east.me, subject=note, **chain
    )
    scene.say(scene.middle, scene.east_line, (Item.ACT, act.raw))
    assert not warned(scene, note)
    assert "officer 1" in scene.found(scene.east)
    assert "older-roster" not in kinds(scene, tmp_path)


def test_a_mandate_that_only_a_departed_keeper_signed_says_so(tmp_path: Path) -> None:
    """P1, P10: a dishonest intermediary pins the roster of before, and he signs"""
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east))
    old, middle = officer_leaves(scene), scene.middle
    terms = Terms(name="Another", path=(scene.west.me, middle.me, scene.east.me))
    proposed = middle.desk.acts.propose(middle.officer, terms, scene.tick())
    ledger = middle.desk.ledger
    real = ledger.agreement(proposed).signed.statement.read(Mandate)
    pin = scene.west.founding.office.signed[1].id
    offices = tuple(
        (role, each, pin if each == scene.west.me else at, paper) for role, each, at, paper in real.offices
    )
    signed = sign(
        state(replace(real, name="The other", offices=offices), bytes(16)),
        middle.officer.seed,
        old.seed,
    )
    scene.say(
        middle, scene.east_line, (Item.MANDATE, signed.raw, [each.raw for each, _ in ledger.offices()], [])
    )
    east = scene.east.desk
    assert west_signed(scene, signed.id)
    _, page = Views(east).mandate(scene.east.officer, signed.id, scene.now)
    ((name, left),) = page.left
    assert (name, left.who, left.stated, left.known) == ("Washington", "officer 1", 1, 3)
    assert "is signed by officer 1, by roster 1" in scene.found(scene.east)
    assert "older-roster" in kinds(scene, tmp_path)


def west_signed(scene: Scene, mandate: bytes) -> bool:
    """Whether Tehran counts Washington among those who have signed."""
    return scene.west.me in scene.east.desk.ledger.agreement(mandate).signed_by()


def test_one_officer_alone_by_the_roster_of_before_two_were_needed(tmp_path: Path) -> None:
    """P10: several people release, also where an older roster is stated"""
    scene = Scene()
    scene.forward(scene.release(scene.west, scene.east))
    old, west = scene.west.officer, scene.west
    officer_leaves(scene, stays=True)
    rosters = west.desk.rosters
    rosters.install(sign_request(rosters.need(old, 2, scene.tick()), west.founding.root_seed), scene.now)
    scene.pump()
    note = bring(scene, written_by(old, scene))
    assert warned(scene, note)
    assert kinds(scene, tmp_path) == ["older-roster"]


def test_marks_are_brought_to_a_vault_of_before() -> None:
    """P2: what stood there stays as it is, and nothing of it is marked"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if step.name == "signer_left")
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO fact VALUES ('beat 01', x'00004e20')")
    migrate(db, steps)
    assert db.execute("SELECT name FROM fact").fetchall() == [("beat 01",)]
    assert db.execute("SELECT count(*) FROM signer_left").fetchone() == (0,)


def test_findings_that_others_cause_keep_out_none_about_what_a_departed_officer_signed() -> None:
    """P6, P10: two thousand about anything, by whomever, and the one that names him was not kept"""
    scene = Scene()
    note = scene.release(scene.west, scene.east)
    scene.forward(note)
    with scene.east.desk.context.transaction():
        for at in range(MAX_FINDINGS):
            scene.east.desk.ledger.find(scene.now, "the other office's", f"text {at}", "")
    act = scene.act(
        officer_leaves(scene), scene.west, ActType.WITHDRAWN, recipient=scene.east.me, subject=note
    )
    scene.say(scene.middle, scene.east_line, (Item.ACT, act.raw))
    assert "is signed by officer 1, by roster 1" in scene.found(scene.east)
    *_, last = scene.east.desk.ledger.findings()
    assert last[1] == scene.east_line
