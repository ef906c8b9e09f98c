# SPDX-License-Identifier: Apache-2.0
"""What officers do in the simulated world, at random, and what the world remembers of it.

An officer may ask for anything that a page would offer, at any moment; the desk may answer that it
cannot be done now. The world notes what was released from the author's own disk, so a note counts
from the commit on, whether or not the machine stopped before it could say so.
"""

from __future__ import annotations

from collections.abc import Callable

from goodoffices.core.errors import YourError
from goodoffices.core.note import Words
from goodoffices.desk.desk import Desk
from goodoffices.desk.officers.acts import Draft, OfficerActs
from goodoffices.drill.world.begin import compare_digits, sign_if_needed
from goodoffices.drill.world.parts import Released, SimOffice
from goodoffices.drill.world.world import World

TEXTS = (
    "We do not want war.",
    "Our aircraft will stay on their side of the river.\n\nWe ask the same.\n",
    "ما جنگ نمی‌خواهیم.",
    "No further steps are planned.\r\n\r\nAn answer is awaited by noon.",
    "  Leading and trailing blanks are part of the text.  \n\n\n\nSo are empty lines.\n",
    "x" * 5000,
)

Deed = Callable[[OfficerActs], object]


def attempt(world: World, office: SimOffice, what: str, deed: Deed) -> bool:
    """An officer asks for something; False if the answer is that it cannot be done (now)."""

    def ask(desk: Desk) -> bool:
        try:
            deed(desk.acts)
        except YourError:
            return False
        return True

    done = bool(world.visit(office, what, ask))
    world.count(f"{what.split(',', maxsplit=1)[0]}: {'done' if done else 'not now'}")
    return done


def release(world: World, office: SimOffice, draft: Draft) -> Released | None:
    """Release a note, and remember it if it came to stand on the author's disk.

    Where several officers release, it goes through a draft that each of them signs.
    """
    if office.desk is not None and office.desk.acts.releasers_needed > 1:
        return release_by_several(world, office, draft)
    attempt(
        world,
        office,
        f"releases, note {numbered(draft)}",
        lambda acts: acts.release(office.officer, draft, world.now(office)),
    )
    return remember(world, office, draft)


def numbered(draft: Draft) -> str:
    """The number with which the world's texts begin."""
    return draft.words.text.split(".")[0]


def remember(world: World, office: SimOffice, draft: Draft) -> Released | None:
    """The office's newest note, if the world has not known it so far: it counts from its commit on."""
    rows = office.disk.raw.execute(
        "SELECT id, number FROM note WHERE author=? ORDER BY rowid DESC LIMIT 1", (office.id,)
    ).fetchall()
    for note_id, note_number in rows:
        if bytes(note_id) not in world.notes:
            released = Released(bytes(note_id), office, draft, note_number)
            world.notes[released.id] = released
            world.written.setdefault((office.name, draft.mandate), []).append(released)
            return released
    return None


def release_by_several(world: World, office: SimOffice, draft: Draft) -> Released | None:
    """A draft is saved, put up and signed by one officer after the other; any of it may be all that is done."""

    def save(desk: Desk) -> tuple[bytes, int] | None:
        try:
            return desk.clearing.save(office.officer, draft, world.now(office))
        except YourError:
            return None

    saved = world.visit(office, f"saves a draft of note {numbered(draft)}", save)
    if saved is None:
        return None
    world.drafts[saved[0]] = office, draft
    for at in range(3):
        if world.chance(0.1):
            return None  # somebody else may go on with it, or nobody
        released = sign_draft(world, office, saved[0], at)
        if released is not None:
            return released
    return None


def sign_draft(world: World, office: SimOffice, draft_id: bytes, which: int) -> Released | None:
    """One officer puts a draft up for release, or signs what another put up."""
    draft = world.drafts[draft_id][1]

    def deed(desk: Desk) -> None:
        listed, now = office.officers, world.now(office)
        officer, clearing = listed[which % len(listed)], desk.clearing
        up, versions = clearing.tables.release_of(draft_id), clearing.tables.versions(draft_id)
        try:
            if up is not None:
                clearing.sign_release(officer, draft_id, up.note, now)
            elif versions:  # a vault that went back may have lost the draft
                clearing.put_up(officer, draft_id, versions[-1].version, now)
        except YourError:
            world.count("signs a release: not now")

    world.visit(office, "signs a release", deed)
    return remember(world, office, draft)


def random_deed(world: World) -> None:
    """Some officer at some desk does something."""
    office = world.rng.choice(world.offices)
    mandate = world.rng.choice(world.mandates)
    if office.desk is None:
        return
    if not office.desk.ledger.has_mandate(mandate) or not office.desk.ledger.agreement(mandate).complete:
        sign_if_needed(world, office, mandate)
        return
    if office in (world.offices[0], world.offices[-1]):
        _party(world, office, mandate)
    else:
        _intermediary(world, office, mandate)


def _party(world: World, office: SimOffice, mandate: bytes) -> None:
    desk, dice = office.desk, world.rng.random()
    assert desk is not None
    if desk.acts.vouched_alone(desk.ledger.agreement(mandate)) and world.chance(0.5):
        compare_digits(world, office, mandate)
    elif dice < 0.4:
        at = world.offices.index(office)
        far = world.offices[-1 - at] if world.chance(0.75) else world.offices[1 if at == 0 else -2]
        release(world, office, random_draft(world, office, mandate, far))
    elif dice < 0.5:
        _about(world, office, mandate, mine=True, what="withdraws")
    elif dice < 0.8:
        _about(world, office, mandate, mine=False, what="opens")
    else:
        _about(world, office, mandate, mine=False, what=world.rng.choice(("passes up", "acknowledges")))


def _intermediary(world: World, office: SimOffice, mandate: bytes) -> None:
    dice = world.rng.random()
    at = world.offices.index(office)
    beside = [each for each in (world.offices[at - 1], world.offices[at + 1]) if each in _parties(world)]
    if dice < 0.1 and beside:
        release(world, office, random_draft(world, office, mandate, world.rng.choice(beside)))
    elif dice < 0.75:
        what = world.rng.choice(("takes", "forwards", "forwards", "forwards", "refuses", "returns"))
        _about(world, office, mandate, mine=False, what=what)
    else:
        _about(world, office, mandate, mine=False, what=world.rng.choice(("opens", "acknowledges")))


def _parties(world: World) -> tuple[SimOffice, SimOffice]:
    return world.offices[0], world.offices[-1]


def random_draft(world: World, office: SimOffice, mandate: bytes, to: SimOffice) -> Draft:
    """A note that somebody could write; sometimes short-lived, sometimes in place of an earlier one."""
    own = world.written.get((office.name, mandate))
    earlier = world.rng.choice(own).id if own and world.chance(0.15) else None
    replaces = earlier if world.chance(0.5) else None
    life = world.rng.choice((2_000, 30_000, 3_600_000))
    text = world.number(world.rng.choice(TEXTS))
    return Draft(
        mandate=mandate,
        recipient=to.id,
        words=Words(
            text=text,
            language="en",
            replaces=replaces,
            withdraws=earlier if replaces is None else None,
            confidential=to not in _parties(world) and world.chance(0.3),
        ),
        precedence=world.rng.randint(1, 4),
        valid_until=world.now(office) + life if world.chance(0.25) else None,
    )


def _about(world: World, office: SimOffice, mandate: bytes, *, mine: bool, what: str) -> None:
    newest = office.disk.raw.execute(
        # From the newest on, until there are six: no index, which would bring all of a channel's.
        "SELECT id FROM note WHERE +mandate=? AND (author=?)=? ORDER BY rowid DESC LIMIT 6",
        (mandate, office.id, mine),
    ).fetchall()
    if newest:
        do(world, office, what, bytes(world.rng.choice(newest[::-1])[0]))


def do(world: World, office: SimOffice, what: str, note: bytes) -> bool:
    """One deed about one note."""
    officer, kind = office.officer, world.rng.randint(1, 4)
    remark = "With the compliments of this office." if world.chance(0.3) else ""
    late = world.chance(0.3)

    def deed(acts: OfficerActs) -> None:
        now = world.now(office)
        match what:
            case "takes":
                acts.take(officer, note, now)
            case "forwards":
                acts.forward(officer, note, now, remark=remark, although_expired=late)
            case "refuses":
                acts.refuse(officer, note, "Not in this form.", now)
            case "returns":
                acts.refuse(officer, note, "Is the second line meant?", now, returned=True)
            case "opens":
                acts.open(officer, note, now)
            case "passes up":
                acts.with_principal(officer, note, now)
            case "acknowledges":
                acts.acknowledge(officer, note, kind, now)
            case "withdraws":
                acts.withdraw(officer, note, now)
            case _:
                raise ValueError(what)

    known = world.notes.get(note)
    return attempt(world, office, f"{what}, note {numbered(known.draft) if known else '?'}", deed)


def is_caucus(released: Released, world: World) -> bool:
    """Whether a note is between a party and its own intermediary alone."""
    posts = world.offices[1:-1]
    return released.author in posts or released.draft.recipient in {each.id for each in posts}
