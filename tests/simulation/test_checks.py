# SPDX-License-Identifier: Apache-2.0
"""The checks of the simulated world find what they are there to find, and a broken run says how to replay it."""

from random import Random

import pytest

from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.desk.desk import Desk
from goodoffices.desk.officers.acts import Draft
from goodoffices.drill.world.checks import Broken, check_end, check_export, holds_any
from goodoffices.drill.world.disk import Disk
from goodoffices.drill.world.officers import release
from goodoffices.drill.world.plans import Verdict, plan_of
from goodoffices.drill.world.remembered import differs
from goodoffices.drill.world.runs import beginning
from goodoffices.drill.world.shrinking import shrink
from goodoffices.drill.world.soak import main
from goodoffices.drill.world.steps import Steps
from goodoffices.drill.world.world import World


@pytest.fixture
def delivered() -> World:
    """A calm world in which each side has written, and East has spoken to its intermediary alone."""
    world = World(1)
    world.begin_from(beginning(1, young=False))
    world.mandates = [world.mandates[1]]
    east, post, west = world.offices
    for author, to in ((east, west), (west, east), (east, post)):
        draft = Draft(
            mandate=world.mandates[0],
            recipient=to.id,
            words=Words(text=f"{len(world.notes)}. We do not want war.", language="en"),
            precedence=Precedence.FLASH,
        )
        assert release(world, author, draft) is not None
    assert world.rest()
    check_end(world)
    return world


def harm(disk: Disk, sql: str, *values: object) -> None:
    disk.raw.execute("PRAGMA foreign_keys=OFF")
    disk.raw.execute(sql, values)


def first_note(world: World, author: int) -> bytes:
    return next(note.id for note in world.notes.values() if note.author is world.offices[author])


EAST, POST, WEST = range(3)


@pytest.mark.parametrize(
    ("where", "author", "sql", "said"),
    [
        (WEST, EAST, "DELETE FROM note WHERE id=?", "is lost between Post 1 and West"),
        (WEST, EAST, "UPDATE note SET state='unopened' WHERE id=?", "is unopened at West"),
        (WEST, EAST, "UPDATE note SET number=9 WHERE id=?", "has another number at West"),
        (EAST, EAST, "DELETE FROM act WHERE author<>(SELECT author FROM note WHERE id=?)", "has not come to"),
        (POST, EAST, "DELETE FROM entry WHERE position=(SELECT max(position) FROM entry) OR id=?", "records"),
        (POST, EAST, "UPDATE entry SET receipt=NULL WHERE id<>?", "have no receipt"),
    ],
)
def test_harm_is_found(delivered: World, where: int, author: int, sql: str, said: str) -> None:
    """P2, P8: a lost, unread or renumbered note, a lost act, records that differ."""
    harm(delivered.offices[where].disk, sql, first_note(delivered, author))
    with pytest.raises(Broken, match=said):
        check_end(delivered)


def test_a_desk_that_remembers_what_its_tables_do_not_say_is_found(delivered: World) -> None:
    """P8: numbers and places that are remembered go into what is signed."""
    east, note = delivered.offices[EAST], first_note(delivered, EAST)
    assert differs(east) is None
    harm(east.disk, "UPDATE note SET number=number+7 WHERE id=?", note)
    assert differs(east) == f"note {note.hex()[:8]}"
    east.desk = Desk(east.disk, east.founding.keys, east.rng.randbytes)
    assert differs(east) is None
    mandate, lane = delivered.mandates[0], bytes(32)
    assert east.desk.ledger.next_number(mandate, lane, east.id) == 9
    harm(east.disk, "UPDATE note SET number=number-7 WHERE id=?", note)
    assert str(differs(east)).startswith("the numbers of")


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        ("the lines owed to", "INSERT INTO owed (line, item) SELECT id, x'00' FROM line LIMIT 1"),
        ("the arrivals to be signed", "INSERT INTO arrived SELECT id, x'00' FROM note LIMIT 1"),
        ("whether anything went by hand", "INSERT INTO by_hand SELECT id FROM entry LIMIT 1"),
        (
            "whether any signer had left",
            "INSERT INTO signer_left SELECT id, author, id, NULL, NULL, 0, 1, '' FROM act",
        ),
    ],
)
def test_a_desk_that_forgot_what_is_yet_to_be_done_is_found(delivered: World, what: str, sql: str) -> None:
    """P2: what is owed and what is to be signed is remembered, so that nobody has to ask after each step."""
    east = delivered.offices[EAST]
    assert differs(east) is None
    harm(east.disk, sql)
    assert str(differs(east)).startswith(what)


@pytest.mark.parametrize("line", [0, 1])
def test_a_desk_that_remembers_another_end_of_any_of_its_lines_is_found(delivered: World, line: int) -> None:
    """P8: an office between two has a chain of its own on each."""
    post = delivered.offices[POST]
    assert post.desk is not None
    found = post.desk.ledger.lines()[line].id
    harm(post.disk, "UPDATE entry SET number=number+7 WHERE line=? AND writer=?", found, post.id)
    assert "head of" in str(differs(post))


def test_a_leak_is_found(delivered: World) -> None:
    """P4: the bare ID of a caucus note in any table of the other party."""
    caucus = next(
        note.id for note in delivered.notes.values() if note.draft.recipient == delivered.offices[POST].id
    )
    harm(delivered.offices[WEST].disk, "INSERT INTO carried VALUES (?, x'00')", caucus)
    with pytest.raises(Broken, match="a caucus note stands in West's table carried"):
        check_end(delivered)


@pytest.mark.parametrize("size", [3, 22, 30, 31, 32, 200])
def test_what_leaked_is_found_wherever_it_stands(size: int) -> None:
    """P4: all that is looked for is compared at once, at whatever place in a table it begins."""
    dice = Random(size)
    needles = [dice.randbytes(size) for _ in range(3)]
    held = bytes(dice.choice(b"\x00\xff") for _ in range(300))
    assert not holds_any(held, needles)
    assert not holds_any(needles[0][:-1], needles)
    for at in range(80):
        for after in (b"", held[at:]):
            assert holds_any(held[:at] + needles[at % 3] + after, needles), at


def test_going_back_is_found(delivered: World) -> None:
    """P6: what an office once showed, it goes on showing."""
    steps = Steps()
    west = delivered.offices[WEST]
    steps.check(west)
    harm(west.disk, "DELETE FROM act WHERE position=(SELECT max(position) FROM act)")
    with pytest.raises(Broken, match="an act that stood there is gone"):
        steps.check(west)


def test_a_ladder_goes_by_what_a_note_says_now(delivered: World) -> None:
    """P6: the header of a copy that came first may have lied; a note that was restated has the rungs of its own."""
    steps, west = Steps(), delivered.offices[WEST]
    note = first_note(delivered, EAST)
    steps.check(west)
    harm(west.disk, "UPDATE note SET author=recipient, recipient=author WHERE id=?", note)
    columns = "mandate, lane, author, type, subject, signed, at"
    copied = f"INSERT INTO act (id, {columns}) SELECT ?, {columns} FROM act WHERE subject=? LIMIT 1"
    harm(west.disk, copied, bytes(32), note)
    with pytest.raises(Broken, match="went back down its ladder"):
        steps.check(west)


@pytest.mark.parametrize("harmed", ["number=number+7", "id=zeroblob(32)"])
def test_a_note_that_its_author_did_not_release_so_is_found_at_once(delivered: World, harmed: str) -> None:
    """P1, P2: another number or other words, at the step at which it comes."""
    west = delivered.offices[WEST]
    Steps(released=delivered.notes).check(west)
    harm(west.disk, f"UPDATE note SET {harmed} WHERE id=?", first_note(delivered, EAST))
    with pytest.raises(Broken, match="never released so"):
        Steps(released=delivered.notes).check(west)


def test_a_record_that_does_not_verify_on_the_way_is_found(delivered: World) -> None:
    """P8: what a peer wrote may have a gap before it, for it came early; what a desk itself wrote may not."""
    post = delivered.offices[POST]
    check_export(delivered, post, on_the_way=True)
    one = "SELECT position FROM entry WHERE writer=? ORDER BY position DESC LIMIT 1 OFFSET 1"
    harm(post.disk, f"DELETE FROM entry WHERE position=({one})", post.id)
    with pytest.raises(Broken, match="does not verify"):
        check_export(delivered, post, on_the_way=True)


def test_a_broken_run_says_how_to_replay_it() -> None:
    verdict = Verdict(plan_of(4711, 40), "a note is lost", 3, {}, ("East stops",))
    assert "script/soak --seed 4711 --steps 40" in verdict.sentence
    assert "East stops" in verdict.sentence


@pytest.mark.slow
def test_one_seed_can_be_told_as_a_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "5", "--steps", "4"]) == 0
    assert "everything held" in capsys.readouterr().out


@pytest.mark.slow
def test_nothing_is_shrunk_where_nothing_breaks() -> None:
    plan = plan_of(5, 4)
    assert shrink(plan).plan == plan
