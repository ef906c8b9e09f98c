# SPDX-License-Identifier: Apache-2.0
"""Relays added, removed and replaced while a line is in use (ADR 0043): real desks, boxes that stand or are dead."""

from __future__ import annotations

import sqlite3

import pytest

from goodoffices.core.errors import NotAllowed, YourError
from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.core.office import Right
from goodoffices.desk.context import Officer
from goodoffices.desk.courier.carrying import carry_in, carry_out
from goodoffices.desk.officers.acts import Draft
from goodoffices.drill.world.relay import SimRelay
from goodoffices.relay.rules import Refusal, Refused
from tests import founded
from tests.verify.channel import Channel, Node

OLD, NEW, THIRD = (f"http://127.0.0.1:{port}" for port in (1, 2, 3))
HOUR = 3_600_000


class Place:
    """A line over relays that a test stops and starts; each desk collects where it says that it does."""

    def __init__(self) -> None:
        self.channel = Channel()
        self.west, self.middle = self.channel.west, self.channel.middle
        self.line = self.channel.lines[0]
        self.relays = {url: SimRelay(url, lambda *_: None) for url in (OLD, NEW, THIRD)}
        self.dead: set[str] = set()

    def change(self, node: Node, *relays: str) -> None:
        node.desk.collect_at(node.officer, self.line, list(relays), self.channel.tick())

    def step(self) -> bool:
        """Everything that is offered is put, everything that waits is collected, once."""
        now = self.channel.now = self.channel.now + 5
        moved = False
        for node in (self.west, self.middle):
            for route in node.desk.own_routes():
                if route.line == self.line and route.relay not in self.dead:
                    self.relays[route.relay].open(route)
        for node in (self.west, self.middle):
            node.desk.settle(now)
            for put in node.desk.work(now):
                if put.route.line != self.line:
                    continue
                moved = True
                try:
                    if put.route.relay in self.dead:
                        raise Refused(Refusal.STOPPING)
                    self.relays[put.route.relay].put(put.route, put.envelope, now)
                    node.desk.put_accepted(put, now)
                except Refused:
                    node.desk.put_failed(put, now)
        for node in (self.west, self.middle):
            for route in node.desk.own_routes():
                if route.line != self.line or route.relay in self.dead:
                    continue
                for envelope in self.relays[route.relay].collect(route):
                    moved = True
                    if node.desk.receive(self.line, envelope, now).delete:
                        self.relays[route.relay].delete(route, envelope, now)
        return moved

    def settle(self) -> None:
        while self.step():
            pass

    def wait(self, minutes: int) -> None:
        for _ in range(minutes):
            self.channel.tick()
            self.settle()

    def release(self, text: str) -> bytes:
        draft = Draft(
            mandate=self.channel.mandate,
            recipient=self.middle.me,
            words=Words(text=text, language="en"),
            precedence=Precedence.IMMEDIATE,
        )
        return self.west.desk.acts.release(self.west.officer, draft, self.channel.tick())

    def holds(self, node: Node, note: bytes) -> bool:
        return node.desk.ledger.note(note) is not None

    def collects(self, node: Node) -> dict[str, str]:
        return {route.relay: route.state for route in node.desk.ledger.routes(self.line, own=True)}

    def writes(self, node: Node) -> set[str]:
        return {route.relay for route in node.desk.ledger.routes(self.line, own=False)}

    def findings(self) -> list[str]:
        return [row[4] for node in (self.west, self.middle) for row in node.desk.ledger.findings()]


def test_both_sides_read_from_and_write_to_a_relay_that_was_added() -> None:
    """P7"""
    place = Place()
    place.change(place.west, OLD, NEW)
    place.settle()
    place.change(place.middle, OLD, NEW)
    place.settle()
    for node in (place.west, place.middle):
        assert place.collects(node) == {OLD: "used", NEW: "used"}
        assert place.writes(node) == {OLD, NEW}
        assert place.west.desk.lines.mailboxes_parts(place.line) == []
    place.dead = {OLD}
    note = place.release("By the new one.")
    place.settle()
    assert place.holds(place.middle, note)
    assert place.findings() == []


def test_nothing_in_a_relay_that_was_replaced_is_lost_though_it_dies() -> None:
    """P2, P7: notes lie uncollected in the old one when it is replaced, and it dies before they are read."""
    place = Place()
    for node in (place.west, place.middle):
        place.change(node, OLD, THIRD)
    place.settle()
    place.dead = {THIRD}
    notes = [place.release(f"Note {number}.") for number in range(3)]
    for put in place.west.desk.work(place.channel.now):
        if put.route.relay == OLD:
            place.relays[OLD].put(put.route, put.envelope, place.channel.now)
            place.west.desk.put_accepted(put, place.channel.now)
        else:
            place.west.desk.put_failed(put, place.channel.now)
    place.dead = {OLD}
    for node in (place.west, place.middle):
        place.change(node, NEW, THIRD)
        assert place.collects(node)[OLD] == "draining"
        notes.append(place.release("While they change over."))
    place.wait(60)
    notes.append(place.release("Afterwards."))
    place.wait(1)
    assert all(place.holds(place.middle, each) for each in notes)
    for node in (place.west, place.middle):
        assert place.collects(node) == {THIRD: "used", NEW: "used"}
        assert place.writes(node) == {THIRD, NEW}
        assert node.desk.ledger.unreceipted(place.line, node.me) == []
    assert place.findings() == []


def test_the_old_relay_is_emptied_until_all_that_was_written_before_is_here() -> None:
    """P2: the other desk has confirmed, but an entry from before is still on its way."""
    place = Place()
    old_box = place.middle.desk.ledger.routes(place.line, own=True)[0]
    note = place.release("The last by the old relay.")
    (put,) = [each for each in place.west.desk.work(place.channel.now) if each.entries]
    place.relays[OLD].open(old_box)
    place.relays[OLD].put(put.route, put.envelope, place.channel.now)
    place.west.desk.put_accepted(put, place.channel.now)
    place.relays[NEW].put = lambda *_args, **_more: None  # type: ignore[method-assign]  # says stored, keeps nothing
    place.change(place.middle, NEW)
    mine = place.middle.desk
    for each in mine.work(place.channel.now):
        place.west.desk.receive(place.line, each.envelope, place.channel.now)
    for each in place.west.desk.work(place.channel.now):
        if not each.entries:
            mine.receive(place.line, each.envelope, place.channel.now)
    assert mine.lines.mailboxes_parts(place.line) == [], "the other desk writes to the new one"
    assert place.collects(place.middle) == {OLD: "draining", NEW: "used"}
    mine.receive(place.line, put.envelope, place.channel.now)
    assert place.holds(place.middle, note)
    assert place.collects(place.middle) == {NEW: "used"}


def test_a_change_is_offered_until_it_is_confirmed_also_after_a_restart() -> None:
    """P2"""
    place = Place()
    place.dead = {OLD}
    place.change(place.west, NEW)
    place.settle()
    place.channel.restart(place.west)
    place.channel.now += HOUR
    place.dead = set()
    place.wait(3)
    assert place.writes(place.middle) == {NEW}
    assert place.collects(place.west) == {NEW: "used"}


def test_the_only_relay_is_dead_and_a_stick_carries_the_change() -> None:
    """P7: a stick is enough, also to agree on another relay."""
    place = Place()
    place.dead = {OLD}
    place.change(place.west, NEW)
    place.change(place.middle, NEW)
    for here, there in ((place.west, place.middle), (place.middle, place.west)):
        bundle = carry_out(here.desk, None, place.line, place.channel.tick())
        carry_in(there.desk, None, bundle, place.channel.tick())
    place.settle()
    note = place.release("Over the new relay.")
    place.wait(2)
    assert place.holds(place.middle, note)
    assert place.collects(place.west) == place.collects(place.middle) == {NEW: "used"}


def test_a_vault_from_before_the_change_is_reached_where_it_collects() -> None:
    """P2: the restored desk knows only the old mailbox; it learns of the change, and can state anew."""
    place = Place()
    copy = place.west.db.serialize()
    place.change(place.west, NEW)
    place.settle()
    assert place.writes(place.middle) == {NEW}
    place.west.db = sqlite3.connect(":memory:", isolation_level=None)
    founded.put_back(place.west.db, copy)
    place.channel.restart(place.west)
    place.wait(2)
    assert place.writes(place.middle) == {OLD, NEW}
    assert any("mailboxes of ours that this vault does not hold" in each for each in place.findings())
    place.change(place.west, THIRD)
    place.wait(2)
    assert place.writes(place.middle) == {THIRD}
    assert place.collects(place.west) == {THIRD: "used"}


def test_a_desk_does_not_call_its_own_machine_because_another_office_says_so() -> None:
    """P12: a line over relays elsewhere is not led to a door of this very machine."""
    place = Place()
    place.middle.db.execute("UPDATE route SET relay='https://relay.example'")
    place.middle.desk.ledger.look_again()
    place.change(place.west, NEW)
    for each in place.west.desk.work(place.channel.now):
        place.middle.desk.receive(place.line, each.envelope, place.channel.now)
    assert place.writes(place.middle) == {"https://relay.example"}
    assert any("a relay on this very machine" in each for each in place.findings())


def test_a_relay_that_another_office_names_later_is_guarded_until_a_keeper_allows_it() -> None:
    """P12: what the line was paired over is as it was; what a counterpart names since is not led inside."""
    place = Place()
    ledger, officer = place.middle.desk.ledger, place.middle.officer
    assert not ledger.guarded_hosts()
    place.middle.db.execute("UPDATE route SET relay='https://relay.example' WHERE relay=?", (NEW,))
    ledger.look_again()
    assert not place.findings()
    ledger.guard(["relay.example", "127.0.0.1", "intranet.example", "intranet.example"])
    hosts = ledger.guarded_hosts()
    assert "intranet.example" in hosts
    assert "127.0.0.1" not in hosts
    assert len(hosts) == len(set(hosts))
    with pytest.raises(NotAllowed):
        place.middle.desk.acts.allow_relay_inside(
            Officer("other", bytes(32), bytes(32)), "intranet.example", 1
        )
    assert ledger.guarded("intranet.example")
    place.middle.desk.acts.allow_relay_inside(officer, "intranet.example", place.channel.tick())
    assert not ledger.guarded("intranet.example")


def test_only_a_keeper_of_keys_changes_relays_and_only_to_something_else() -> None:
    place = Place()
    stranger = Officer("other", bytes(32), bytes(32))
    with pytest.raises(NotAllowed):
        place.west.desk.collect_at(stranger, place.line, [NEW], place.channel.now)
    assert place.west.desk.context.my_office().roster.rights(place.west.officer.public) & Right.KEYS
    for relays in ([], [OLD], [OLD + "/"], [f"http://127.0.0.1:{port}" for port in range(1, 10)]):
        with pytest.raises(YourError):
            place.change(place.west, *relays)
    assert place.collects(place.west) == {OLD: "used"}


def test_what_one_relay_took_arrives_though_the_other_deletes_at_will() -> None:
    """P7: one operator throws away whatever he said that he stored, in both directions, for an hour."""
    place = Place()
    for node in (place.west, place.middle):
        place.change(node, OLD, NEW)
    place.settle()
    place.relays[OLD].put = lambda *_args, **_more: None  # type: ignore[method-assign]
    notes = [place.release(f"Note {number}.") for number in range(3)]
    place.settle()
    assert all(place.holds(place.middle, each) for each in notes)
    assert place.west.desk.ledger.unreceipted(place.line, place.west.me) == []
