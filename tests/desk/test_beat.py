# SPDX-License-Identifier: Apache-2.0
"""The constant beat of a line: what a relay sees is the same whether notes flow or not (ADR 0045)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from goodoffices.core.envelope import NOTE_CLASS
from goodoffices.core.errors import NotAllowed, YourError
from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.desk.context import Officer
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.lines.beating import DEFAULT_SLOT
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.routes.beat import LEAD
from goodoffices.desk.routes.forgetting import Forgetting
from goodoffices.desk.routes.sending import UNREAD, Put
from tests.desk.running import Desks, RunningDesk, two_relays
from tests.verify.channel import Channel, Node

SLOT = 20_000
SECOND = 1_000


class Watched:
    """A line with a beat, and everything that its relay could write down: who, when, how large."""

    def __init__(self) -> None:
        self.channel = Channel()
        self.west, self.middle = self.channel.west, self.channel.middle
        self.line = self.channel.lines[0]
        for node in (self.west, self.middle):
            node.desk.change_beat(node.officer, self.line, SLOT, self.channel.now)
        self.start = self.channel.now
        self.seen: list[tuple[str, int, int]] = []
        self.put: list[Put] = []

    def release(self, precedence: int, text: str = "We do not want war.") -> bytes:
        words = Words(text=text, language="en", reason="It cannot wait.")
        draft = Draft(
            mandate=self.channel.mandate, recipient=self.middle.me, words=words, precedence=precedence
        )
        return self.west.desk.acts.release(self.west.officer, draft, self.channel.now)

    def pass_second(self) -> None:
        now = self.channel.now = self.channel.now + SECOND
        for node, other in ((self.west, self.middle), (self.middle, self.west)):
            node.desk.settle(now)
            puts = node.desk.work(now, only_urgent=True) + node.desk.work(now)
            for put in puts:
                if put.route.line == self.line:
                    assert put.at == now + LEAD
                    self.seen.append((node.name, put.at - self.start, len(put.envelope)))
                    self.put.append(put)
                    node.desk.put_accepted(put, now)
                    other.desk.receive(self.line, put.envelope, now)

    def minutes(self, count: int) -> None:
        for _ in range(60 * count):
            self.pass_second()

    def holds(self, node: Node, note: bytes) -> bool:
        return node.desk.ledger.note(note) is not None


@pytest.mark.slow
def test_a_relay_sees_the_same_whether_notes_flow_or_not() -> None:
    """P3: the same times, the same sizes; receipts, rungs and acknowledgements included."""
    idle, busy = Watched(), Watched()
    idle.minutes(10)
    notes = []
    for precedence in (Precedence.ROUTINE, Precedence.PRIORITY, Precedence.FLASH):
        busy.minutes(1)
        notes.append(busy.release(precedence))
        busy.minutes(1)
        busy.middle.desk.acts.open(busy.middle.officer, notes[-1], busy.channel.now)
        busy.middle.desk.acts.acknowledge(busy.middle.officer, notes[-1], 2, busy.channel.now)
    busy.minutes(4)
    assert busy.seen == idle.seen
    assert {size for _, _, size in busy.seen} == {NOTE_CLASS}
    assert len(busy.seen) == 2 * 10 * 60 * SECOND // SLOT
    assert all(busy.holds(busy.middle, note) for note in notes)
    assert busy.west.desk.ledger.unreceipted(busy.line, busy.west.me) == []
    assert all(put.empty for put in idle.put)
    assert sum(not put.empty for put in busy.put) > len(notes)


def test_a_flash_note_waits_no_longer_than_one_slot() -> None:
    """P5: whatever was released before it."""
    line = Watched()
    for number in range(12):
        line.release(Precedence.ROUTINE, f"Number {number}. " + "x" * 9000)
    line.pass_second()
    note = line.release(Precedence.FLASH)
    for _ in range(SLOT // SECOND):
        line.pass_second()
    assert line.holds(line.middle, note)


def test_nobody_reads_so_nothing_empty_is_added() -> None:
    """P2: a month's beat would fill the mailbox of a desk that is away; its relay sees that it is."""
    line = Watched()
    (route,) = line.west.desk.ledger.routes(line.line, own=False)
    line.west.desk.lines.sending.looked(route, UNREAD + 1, line.channel.now)
    line.minutes(2)
    assert {name for name, _, _ in line.seen} == {"Bern"}
    note = line.release(Precedence.ROUTINE)
    line.minutes(1)
    assert line.holds(line.middle, note)


def test_lines_beat_by_themselves_where_relays_elsewhere_look_on() -> None:
    """P3: on by default in earnest and over a network; never where nobody can look, nor against an officer's choice."""
    channel = Channel()
    desk, line = channel.west.desk, channel.west.desk.ledger.line(channel.lines[0])
    assert desk.beating.slot_of(line) == 0
    channel.west.db.execute("UPDATE route SET relay='https://relay.example'")
    desk.ledger.look_again()
    assert desk.beating.slot_of(line) == DEFAULT_SLOT
    desk.beating.keep_up(channel.now)
    assert line.id in desk.lines.sending.beats
    desk.change_beat(channel.west.officer, line.id, 0, channel.now)
    assert desk.beating.slot_of(line) == 0
    assert line.id not in desk.lines.sending.beats


def test_only_a_keeper_of_keys_changes_the_beat_within_bounds() -> None:
    """P12"""
    channel = Channel()
    with pytest.raises(NotAllowed):
        channel.west.desk.change_beat(Officer("x", bytes(32), bytes(32)), channel.lines[0], SLOT, channel.now)
    for slot in (1, 999, 600_001):
        with pytest.raises(YourError):
            channel.west.desk.change_beat(channel.west.officer, channel.lines[0], slot, channel.now)


def test_what_was_kept_is_deleted_at_slots_alone() -> None:
    """P3: how soon an envelope is deleted does not tell whether there was anything to verify in it."""
    line = Watched()
    beats = line.west.desk.lines.sending.beats
    route = RouteRow(1, line.line, "https://relay.example", bytes(16), bytes(32), None, None, False, 0)
    other = RouteRow(2, bytes(32), "https://relay.example", bytes(16), bytes(32), None, None, False, 0)
    deleted: list[tuple[int, bytes]] = []

    async def delete(at: RouteRow, envelope: bytes) -> None:
        deleted.append((at.id, envelope))

    async def done(forgetting: Forgetting, *puts: Put) -> None:
        await asyncio.gather(*forgetting.work(puts))

    forgetting = Forgetting(delete, beats, lambda: 5)
    forgetting.kept(route, b"one")
    forgetting.kept(other, b"two")
    asyncio.run(done(forgetting))
    assert deleted == [(2, b"two")]
    asyncio.run(done(forgetting, Put(0, route, b"", at=5, empty=True)))
    assert deleted == [(2, b"two"), (1, b"one")]


@pytest.mark.slow
def test_running_desks_beat_and_a_note_goes_through_in_its_slots(tmp_path: Path) -> None:
    """P2, P3: real relays and sockets; full and empty slots, deletions at slots, nothing left behind."""

    async def story() -> None:
        with two_relays(tmp_path) as relays:
            async with Desks(tmp_path, relays) as desks:
                await desks.agree()
                await desks.until(desks.quiet)
                for each in desks.all:
                    for line in each.service.desk.ledger.lines():
                        beat(each, line.id)
                note = desks.release("In a slot.")
                await desks.arrived(note)
                await desks.until(desks.quiet)
                assert [each.findings() for each in desks.all] == [[], [], []]

    asyncio.run(story())


def beat(desk: RunningDesk, line: bytes) -> None:
    desk.service.act(lambda here, now: here.change_beat(desk.duty, line, SECOND, now))
