# SPDX-License-Identifier: Apache-2.0
"""Translations and rewordings in the simulated world: beside notes, corrected, waiting for a second officer.

What is put beside a note is remembered by its hash, so that at the end each desk is asked whether it shows
what was signed and nothing else.
"""

from __future__ import annotations

from goodoffices.core.act import Act
from goodoffices.core.beside import Grade, read_beside
from goodoffices.core.errors import YourError
from goodoffices.core.statement import read_signed
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.officers.beside import BesideDraft
from goodoffices.desk.vault.keys import open_text
from goodoffices.drill.world.checks import need
from goodoffices.drill.world.parts import SimOffice
from goodoffices.drill.world.world import World


def put_beside(world: World, office: SimOffice, said: set[str]) -> None:
    """An officer puts words beside a note that is here, corrects earlier ones, signs or drops what waits."""
    desk = office.desk
    assert desk is not None
    notes = [
        note
        for mandate in world.mandates
        if desk.ledger.has_mandate(mandate)
        for note in desk.ledger.notes(mandate)[-6:]
        if desk.acts.why_not_beside(office.officer, note, desk.ledger.agreement(mandate)) is None
    ]
    if not notes:
        return
    waiting = {bytes(row[0]) for row in office.disk.raw.execute("SELECT note FROM beside_open").fetchall()}
    note = world.rng.choice([each for each in notes if each.id in waiting] or notes)
    between = office.id not in (note.author, note.recipient)
    dice, again = world.rng.random(), world.chance(0.3)
    if dice < 0.6 and _go_on(world, office, note, drops=dice < 0.1):
        return
    text = f"{len(said)}. {world.rng.choice(('ما جنگ نمی‌خواهیم.', 'Nous ne voulons pas la guerre.'))}"
    grade = world.rng.choice((None, *map(int, Grade)) if between else tuple(map(int, Grade)))
    said.add(text)

    def deed(desk: Desk) -> bool:
        own = [row for row in desk.ledger.acts_about(note.id) if row.author == office.id and row.type == 20]
        corrects = own[-1].id if own and again and grade is not None else None
        draft = BesideDraft(
            text=text,
            language="fa",
            grade=grade,
            corrects=corrects,
            made_with="a programme" if grade == 1 else None,
        )
        try:
            desk.acts.put_beside(office.officer, note.id, draft, world.now(office))
        except YourError:
            return False
        return True

    done = bool(world.visit(office, "puts words beside a note", deed))
    world.count(f"puts words beside a note: {'done' if done else 'not now'}")


def _go_on(world: World, office: SimOffice, note: NoteRow, *, drops: bool) -> bool:
    """Sign or drop what waits beside a note; False if nothing does."""
    second = office.officers[-1]

    def deed(desk: Desk) -> bool:
        waiting = desk.acts.open_besides(note.id)
        if not waiting:
            return False
        try:
            if drops:
                desk.acts.drop_beside(second, waiting[0].signed.id, world.now(office))
            else:
                desk.acts.sign_beside(second, waiting[0].signed.id, world.now(office))
        except YourError:
            return False
        world.count("signs words beside a note, or drops them")
        return True

    return bool(world.visit(office, "goes on with words beside a note", deed))


def check_beside(world: World, said: set[str]) -> None:
    """What each desk shows beside notes is what somebody signed, with as many signatures as are asked for."""
    for office in world.offices:
        rows = office.disk.raw.execute(
            "SELECT beside.id, beside.note, beside.state, beside.inside_sealed, act.signed FROM beside"
            " JOIN act ON act.id=beside.id"
        ).fetchall()
        for act_id, note, state, inside, raw in rows:
            act = read_signed(bytes(raw)).statement.read(Act)
            need(state != "altered", f"{office.name} takes words beside a note for altered")
            need(act.subject == bytes(note), f"{office.name} holds words beside another note than they name")
            if inside is not None:
                key = office.founding.reading_key
                words = read_beside(open_text(key, bytes(inside), b"beside" + bytes(act_id)), act.evidence)
                need(words.text in said, f"{office.name} shows words beside a note that nobody wrote")
