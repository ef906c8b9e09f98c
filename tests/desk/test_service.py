# SPDX-License-Identifier: Apache-2.0
"""Three running desks over two relay processes: notes go through whatever single part fails."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from goodoffices.core.act import ActType
from goodoffices.core.mandate import Forwarding, Reading
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.officers.acts import Terms
from goodoffices.desk.routes.lean_http import Begun
from tests.desk.running import Desks, Relays, two_relays

pytestmark = pytest.mark.slow
Story = Callable[[Desks, Relays], Awaitable[None]]


def play(place: Path, story: Story) -> None:
    """A story at three desks, from their start to their clean end."""

    async def whole(relays: Relays) -> None:
        async with Desks(place, relays) as desks:
            await story(desks, relays)

    with two_relays(place) as relays:
        asyncio.run(whole(relays))


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize("forwarding", Forwarding)
def test_a_note_goes_through(tmp_path: Path, reading: Reading, forwarding: Forwarding) -> None:
    """P1, P6: open and sealed, by hand and by itself; every rung comes back to Washington."""

    async def story(desks: Desks, relays: Relays) -> None:
        await desks.agree(reading=reading, forwarding=forwarding)
        note = desks.release("We do not want war.\n\nStop.")
        bern, tehran = desks.bern, desks.tehran
        if forwarding is Forwarding.BY_HAND:
            await desks.until(lambda: bern.state(note) is not None)
            bern.service.act(lambda desk, now: desk.acts.take(bern.duty, note, now))
            bern.service.act(lambda desk, now: desk.acts.forward(bern.duty, note, now))
        await desks.arrived(note)
        tehran.service.act(lambda desk, now: desk.acts.open(tehran.duty, note, now))
        tehran.service.act(lambda desk, now: desk.acts.acknowledge(tehran.duty, note, 2, now))
        wanted = {ActType.ON_RELAY, ActType.AT_DESK, ActType.FORWARDED, ActType.OPENED, ActType.ACKNOWLEDGED}
        await desks.until(lambda: all(each.rungs(note) >= wanted for each in desks.all))
        for each in desks.all:
            assert (ActType.SEEN in each.rungs(note)) == (forwarding is Forwarding.BY_HAND)
        await desks.until(desks.quiet)
        assert [each.findings() for each in desks.all] == [[], [], []]

    play(tmp_path, story)


@pytest.mark.parametrize("down", [0, 1])
def test_one_relay_is_enough(tmp_path: Path, down: int) -> None:
    """P7: with either relay stopped everything still goes, and the desks say which one is down (P6)."""

    async def story(desks: Desks, relays: Relays) -> None:
        await desks.agree()
        relays.kill(down)
        note = desks.release("One route is cut.")
        await desks.arrived(note)
        url = relays.urls[down]
        await desks.until(lambda: all(each.relays_down() == [url] for each in desks.all))
        # It comes back empty: what its mailboxes were is made anew.
        relays.start(down, empty=True)
        await desks.until(lambda: all(each.relays_down() == [] for each in desks.all))
        relays.kill(1 - down)
        await desks.arrived(desks.release("The other route is cut."))

    play(tmp_path, story)


def test_what_was_released_while_no_relay_stood_goes_out_by_itself(tmp_path: Path) -> None:
    """P2: released is kept, offered until it is through, and once."""

    async def story(desks: Desks, relays: Relays) -> None:
        await desks.agree()
        await desks.until(desks.quiet)
        relays.kill(0)
        relays.kill(1)
        notes = [desks.release(f"Note {number}.") for number in range(3)]
        await desks.until(lambda: not any(state.up for state in desks.washington.service.relays()))
        assert all(desks.washington.rungs(note) == set() for note in notes)
        assert sum(state.waiting for state in desks.washington.service.relays()) > 0
        relays.start(0)
        relays.start(1)
        for note in notes:
            await desks.arrived(note)
        await desks.until(desks.quiet)
        assert sorted(row.number for row in desks.tehran.service.desk.ledger.notes(desks.mandate)) == [
            1,
            2,
            3,
        ]

    play(tmp_path, story)


def test_a_note_has_left_before_the_desk_does_anything_else(tmp_path: Path) -> None:
    """P5, ADR 0088: it is kept by a relay while the desk's loop has not had another turn."""

    async def story(desks: Desks, relays: Relays) -> None:
        await desks.agree()
        await desks.arrived(desks.release("So that connections stand ready."))
        await desks.until(desks.quiet)
        before = relays.taken()
        desks.release("At once.")
        assert relays.take_more_than(before)  # and nothing is awaited: no task of any desk goes on meanwhile

    play(tmp_path, story)


def test_an_envelope_whose_sending_broke_off_is_offered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P2: by whatever fault, also one of this program; nothing that was released waits for a restart."""

    async def story(desks: Desks, relays: Relays) -> None:
        await desks.agree()
        await desks.until(desks.quiet)
        client = desks.washington.service.client
        faults, put = [RuntimeError("a fault of this program") for _ in relays.urls], client.put

        async def faulty(route: RouteRow, envelope: bytes, begun: Begun | None = None) -> None:
            if faults:
                raise faults.pop()
            await put(route, envelope, begun)

        monkeypatch.setattr(client, "begin_put", lambda route, envelope: None)
        monkeypatch.setattr(client, "put", faulty)
        await desks.arrived(desks.release("Once more."))
        assert not faults

    play(tmp_path, story)


def test_desks_without_an_officer_carry_on(tmp_path: Path) -> None:
    """P6, ADR 0011: locked, a desk collects, receipts and forwards by itself; texts wait for a sign-in."""

    async def story(desks: Desks, relays: Relays) -> None:
        await desks.agree()
        await desks.until(desks.quiet)
        for each in (desks.bern, desks.tehran):
            await each.stop()
            await each.start(sign_in=False)
        note = desks.release("While everybody sleeps.")
        await desks.until(lambda: desks.washington.rungs(note) >= {ActType.AT_DESK, ActType.FORWARDED})
        await desks.until(lambda: desks.tehran.state(note) is not None)
        await desks.until(desks.quiet)
        assert desks.tehran.state(note) != "verified"
        assert ActType.OPENED not in desks.washington.rungs(note)
        desks.tehran.officer = await desks.tehran.service.sign_in("duty", "five calm words at night")
        await desks.until(lambda: desks.tehran.state(note) == "verified")

    play(tmp_path, story)


def test_with_the_last_sign_out_the_desk_locks(tmp_path: Path) -> None:
    async def story(desks: Desks, relays: Relays) -> None:
        service = desks.bern.service
        second = await service.sign_in("duty", "five calm words at night")
        service.sign_out(second)
        assert not service.desk.context.locked
        service.sign_out(desks.bern.duty)
        assert service.desk.context.locked

    play(tmp_path, story)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["Washington", "Bern", "Tehran"])
def test_a_desk_that_stops_in_between_goes_on_where_it_was(tmp_path: Path, which: int) -> None:
    """P2: what was under way is in the vault."""

    async def story(desks: Desks, relays: Relays) -> None:
        await desks.agree()
        notes = [desks.release("Before."), desks.release("Again before.")]
        stopped = desks.all[which]
        await stopped.stop()
        await stopped.start()
        for note in [*notes, desks.release("After.")]:
            await desks.arrived(note)
        await desks.until(desks.quiet)
        numbers = [row.number for row in desks.tehran.service.desk.ledger.notes(desks.mandate)]
        assert sorted(numbers) == [1, 2, 3]  # in whatever order the relays gave them
        assert [each.findings() for each in desks.all] == [[], [], []]

    play(tmp_path, story)


def test_an_old_copy_of_a_vault_opens_a_new_incarnation_and_never_forks(tmp_path: Path) -> None:
    """ADR 0005: the peers' desks tell it, both it and they can go on, and nothing is lost."""

    async def story(desks: Desks, relays: Relays) -> None:
        await desks.agree()
        washington, ledger = desks.washington, desks.bern.service.desk.ledger
        first = desks.release("Before the copy.")
        await desks.arrived(first)
        await desks.until(desks.quiet)
        await washington.stop()
        copy = shutil.copytree(washington.folder, tmp_path / "copy")
        await washington.start()
        second = desks.release("After the copy.")
        await desks.arrived(second)
        await desks.until(desks.quiet)
        (line,) = washington.service.desk.ledger.lines()

        def incarnations() -> set[bytes]:
            rows = ledger.db.execute(
                "SELECT DISTINCT incarnation FROM entry WHERE line=? AND writer=?", (line.id, washington.me)
            )
            return {bytes(row[0]) for row in rows.fetchall()}

        before = incarnations()
        await washington.stop()
        shutil.rmtree(washington.folder)
        shutil.copytree(copy, washington.folder)
        await washington.start()
        assert any("restored from a backup" in each for each in washington.findings())
        third = desks.release("After the restart.")
        await desks.arrived(third)
        await desks.until(desks.quiet)
        assert incarnations() > before
        held = [row.id for row in desks.tehran.service.desk.ledger.notes(desks.mandate)]
        assert set(held) == {first, second, third}
        for each in (desks.bern, desks.tehran):
            assert not [found for found in each.findings() if "two different entries" in found]

    play(tmp_path, story)


def test_nothing_is_accepted_on_a_line_that_one_side_has_not_confirmed(tmp_path: Path) -> None:
    """A desk that takes the line for open all the same is not listened to."""

    async def story(desks: Desks, relays: Relays) -> None:
        washington, bern = desks.washington, desks.bern
        line = desks.pair(washington, bern, confirm=False)
        desks.confirm(bern, washington, line)
        # Washington's program is hostile: it takes its own and Bern's confirmation for given.
        ledger = washington.service.desk.ledger
        with ledger.transaction():
            ledger.confirm_line(line, b"made up", mine=True)
            ledger.confirm_line(line, b"made up", mine=False)
        washington.service.desk.lines.trust(line)
        desks.pair(washington, desks.tehran, confirm=False)  # to have Tehran's credential for a path
        terms = Terms(name="Not yet", path=(washington.me, bern.me, desks.tehran.me))
        mandate = washington.service.act(lambda desk, now: desk.acts.propose(washington.duty, terms, now))
        sent = [carried.signed.id for carried, _ in ledger.unreceipted(line, washington.me)]
        assert sent
        await desks.until(lambda: all(state.up for state in bern.service.relays()) and bern.service.relays())
        await desks.until(lambda: bern.service.desk.early)
        assert not bern.service.desk.ledger.has_mandate(mandate)
        assert all(bern.service.desk.ledger.entry(each) is None for each in sent)
        assert not bern.service.desk.ledger.line(line).open
        # Bern has not receipted either: nothing counts as at its desk.
        assert len(ledger.unreceipted(line, washington.me)) == len(sent)

    play(tmp_path, story)


def test_an_unconfirmed_side_keeps_no_mailbox(tmp_path: Path) -> None:
    """The other side's envelopes wait at its own desk, and go out once the digits are typed."""

    async def story(desks: Desks, relays: Relays) -> None:
        washington, bern = desks.washington, desks.bern
        line = desks.pair(washington, bern, confirm=False)
        desks.confirm(washington, bern, line)
        await desks.until(washington.service.relays)
        assert bern.service.relays() == []
        assert not washington.service.desk.ledger.line(line).open
        desks.confirm(bern, washington, line)
        await desks.until(
            lambda: all(each.service.desk.ledger.line(line).open for each in (washington, bern))
        )

    play(tmp_path, story)


def test_a_desk_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """P2, P12: what it cannot keep it does not take; the relays keep it meanwhile."""

    async def story(desks: Desks, relays: Relays) -> None:
        await desks.agree()
        await desks.until(desks.quiet)
        vault = desks.bern.service.vault.db
        (pages,) = vault.execute("PRAGMA page_count").fetchone()
        vault.execute(f"PRAGMA max_page_count={pages}").fetchone()
        notes = [desks.release(f"{number}. " + "We do not want war. " * 1000) for number in range(4)]
        await desks.until(lambda: desks.bern.service.fault)
        assert desks.tehran.state(notes[-1]) is None
        vault.execute("PRAGMA max_page_count=1000000").fetchone()
        for note in notes:
            await desks.arrived(note)
        await desks.until(desks.quiet)
        assert [each.findings() for each in desks.all] == [[], [], []]

    play(tmp_path, story)
