# SPDX-License-Identifier: Apache-2.0
"""Single faults, each made on purpose in an otherwise calm world: what is seen of them, and when."""

import pytest

from goodoffices.core.act import Act, ActType
from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.core.statement import read_signed
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.officers.acts import Draft
from goodoffices.drill.world.checks import check_end, text_of, unexpected
from goodoffices.drill.world.disk import Disk
from goodoffices.drill.world.hostile import Crook
from goodoffices.drill.world.officers import attempt, do, release
from goodoffices.drill.world.parts import SECOND, SimOffice
from goodoffices.drill.world.runs import beginning
from goodoffices.drill.world.steps import Steps
from goodoffices.drill.world.truth import Truth, check_hostile
from goodoffices.drill.world.world import World

BY_HAND_SEALED, AUTOMATIC_SEALED, BY_HAND_OPEN, AUTOMATIC_OPEN = range(4)
DAY = 86_400 * SECOND
MINUTE = 60 * SECOND


def world_of(terms: int = AUTOMATIC_SEALED) -> World:
    world = World(1)
    world.begin_from(beginning(1, young=False))
    world.mandates = [world.mandates[terms]]
    assert world.rest()
    return world


def write(world: World, author: SimOffice, to: SimOffice, text: str = "We do not want war.") -> bytes:
    draft = Draft(
        mandate=world.mandates[0],
        recipient=to.id,
        words=Words(text=f"{len(world.notes)}. {text}", language="en"),
        precedence=Precedence.FLASH,
    )
    released = release(world, author, draft)
    assert released is not None
    return released.id


def state_at(office: SimOffice, note: bytes) -> str | None:
    row = Ledger(office.disk).note(note)
    return None if row is None else row.state


def findings(office: SimOffice) -> list[str]:
    return [what for _, _, _, _, what, _ in Ledger(office.disk).findings()]


def lanes_at(office: SimOffice) -> set[bytes]:
    rows = office.disk.raw.execute("SELECT lane FROM note UNION SELECT lane FROM act")
    return {bytes(row[0]) for row in rows}


def set_relays(world: World, *, up: bool) -> None:
    for relay in world.relays.values():
        relay.up = up
        world.hang_up(relay)


def test_a_clock_put_back_delays_nothing() -> None:
    """P2, P12: a clock corrected by forty days, just while nothing could be sent."""
    world = world_of()
    east, _, west = world.offices
    set_relays(world, up=False)
    note = write(world, east, west)
    world.pass_time(5 * MINUTE)
    for office in world.offices:
        office.offset -= 40 * DAY
    set_relays(world, up=True)
    world.pass_time(5 * MINUTE)
    assert state_at(west, note) == "verified"
    check_end(world)


def test_a_relay_that_lost_everything_is_given_it_again() -> None:
    """P2, P7: the only relay that had taken a note comes back empty before its reader was there."""
    world = world_of()
    east, post, west = world.offices
    first, second = world.relays.values()
    second.up = False
    world.hang_up(second)
    world.stop(post, "for the test")
    note = write(world, east, west)
    world.pass_time(MINUTE)
    first.up = False
    first.forget()
    world.hang_up(first)
    world.pass_time(MINUTE)
    first.up = True
    world.start(post)
    world.pass_time(2 * MINUTE)
    assert state_at(west, note) == "verified"


@pytest.mark.parametrize("days", [-40, 40])
def test_relays_whose_clocks_jump_lose_nothing_for_good(days: int) -> None:
    """P2, P7: both throw away what their reader has not collected, or keep it for longer; it is offered again."""
    world = world_of()
    east, post, west = world.offices
    world.stop(post, "for the test")
    note = write(world, east, west)
    world.pass_time(MINUTE)
    for relay in world.relays.values():
        relay.offset += days * DAY
        relay.expire(world.time)
    box = next(route for route in Ledger(post.disk).routes(Ledger(east.disk).lines()[0].id, own=True))
    assert bool(world.relays[box.relay].collect(box)) == (days < 0)
    world.start(post)
    world.pass_time(5 * MINUTE)
    assert state_at(west, note) == "verified"
    assert world.rest()
    check_end(world)


def test_one_relay_is_enough() -> None:
    """P7: the other one is down throughout, and every rung is reached."""
    world = world_of()
    east, _, west = world.offices
    first, _ = world.relays.values()
    first.up = False
    world.hang_up(first)
    note = write(world, east, west)
    world.pass_time(10 * SECOND)
    assert do(world, west, "opens", note)
    world.pass_time(10 * SECOND)
    types = {row.type for row in Ledger(east.disk).acts_about(note)}
    assert types >= {ActType.ON_RELAY, ActType.AT_DESK, ActType.FORWARDED, ActType.OPENED}


def test_a_locked_desk_forwards_and_a_locked_reader_has_it() -> None:
    """P6: nobody is signed in anywhere but at the author."""
    world = world_of()
    east, post, west = world.offices
    for office in (post, west):
        assert office.desk is not None
        office.desk.lock()
    note = write(world, east, west)
    world.pass_time(10 * SECOND)
    assert state_at(west, note) == "unopened"
    signed = [read_signed(row.signed).statement.read(Act) for row in Ledger(east.disk).acts_about(note)]
    assert {(act.author, act.type) for act in signed} >= {
        (west.id, ActType.AT_DESK),
        (post.id, ActType.FORWARDED),
    }
    assert ActType.SEEN not in {act.type for act in signed}
    world.unlock(west)
    assert state_at(west, note) == "verified"


@pytest.mark.parametrize("who", range(3), ids=["author", "intermediary", "reader"])
def test_an_old_backup_is_noticed_and_what_peers_delivered_comes_again(who: int) -> None:
    """ADR 0005: new incarnations instead of forks; the peers offer again what the vault has lost."""
    world = world_of()
    east, _, west = world.offices
    steps = Steps(restores=True)
    world.after_visit.append(steps.check)
    before = write(world, east, west)
    assert world.rest()
    office = world.offices[who]
    copy = office.disk.copy()
    during = write(world, east, west), write(world, west, east)
    do(world, west, "opens", before)
    assert world.rest()
    world.stop(office, "its machine is lost")
    office.disk, office.restored = Disk.of(copy), True
    steps.forget(office)
    world.start(office, unlock=True)
    assert world.rest()
    after = write(world, east, west)
    assert world.rest()
    check_end(world, restores=True)
    assert [what for what in findings(office) if "restored from a backup" in what]
    assert not [
        what
        for each in world.offices
        if each is not office
        for what in unexpected([(what, None) for what in findings(each)], restores=True, spoilt=())
    ]
    if office is not east:
        assert state_at(west, during[0]) == "verified"
    if office is not west:
        assert state_at(east, during[1]) == "verified"
    assert state_at(west, after) == "verified"


def test_a_full_disk_at_a_new_incarnation_does_not_fork_the_chain() -> None:
    """P2: a desk that could not keep its new incarnation has not opened one."""
    world = world_of()
    east, _, west = world.offices
    set_relays(world, up=False)
    world.stop(east, "for the test")
    world.start(east, unlock=True)
    east.disk.full = True
    draft = Draft(
        mandate=world.mandates[0],
        recipient=west.id,
        words=Words(text="0. Not kept.", language="en"),
        precedence=Precedence.FLASH,
    )
    assert release(world, east, draft) is None
    old = Ledger(east.disk).lines()[0].incarnation
    note = write(world, east, west)
    assert Ledger(east.disk).lines()[0].incarnation != old
    set_relays(world, up=True)
    assert world.rest()
    assert state_at(west, note) == "verified"
    check_end(world)


def tampered(terms: int, trick: str) -> tuple[World, Crook, Truth]:
    world = world_of(terms)
    crook = Crook(world, world.offices[1], (trick,))
    crook.install()
    truth = Truth.of(world)
    return world, crook, truth


@pytest.mark.parametrize("trick", ["flip", "reword", "forge", "header"])
@pytest.mark.parametrize("terms", [AUTOMATIC_SEALED, AUTOMATIC_OPEN], ids=["sealed", "open"])
def test_altered_words_are_named_with_their_carrier(terms: int, trick: str) -> None:
    """P1: whatever the intermediary does to a note, the reader is not shown it as the author's."""
    world, crook, truth = tampered(terms, trick)
    east, post, west = world.offices
    write(world, east, west)
    assert world.rest()
    notes = Ledger(west.disk).notes(world.mandates[0])
    assert [note.state for note in notes] == ["altered"]
    assert text_of(west, notes[0]) is None
    assert [what for what in findings(west) if f"passed to this desk by {post.name}" in what]
    assert not attempt(
        world, west, "opens", lambda acts: acts.open(west.officer, notes[0].id, world.now(west))
    )
    check_hostile(world, crook, truth)


def test_an_altered_copy_beside_the_true_one_is_named_and_the_true_one_stands() -> None:
    """P1, P2: a second, reworded form of a note changes nothing about the first."""
    world, crook, truth = tampered(AUTOMATIC_OPEN, "twice")
    east, _, west = world.offices
    note = write(world, east, west)
    assert world.rest()
    assert state_at(west, note) == "verified"
    assert sorted(copy[3] for copy in Ledger(west.disk).copies(note)) == ["altered", "verified"]
    check_hostile(world, crook, truth)


def test_a_caucus_that_is_leaked_is_not_taken_in() -> None:
    """P4: the far party's desk refuses what belongs to another lane, even from its own intermediary."""
    world, crook, truth = tampered(BY_HAND_OPEN, "none")
    east, post, west = world.offices
    write(world, east, post, "For you alone.")
    write(world, west, post, "And this from us.")
    assert world.rest()
    for _ in range(4):
        crook.meddle()
        assert world.rest()
    assert crook.tricks["leaked act"]
    assert crook.tricks["leaked note"]
    check_hostile(world, crook, truth)
    assert east.id not in lanes_at(west)
    assert west.id not in lanes_at(east)
