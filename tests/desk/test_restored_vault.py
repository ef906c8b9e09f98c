# SPDX-License-Identifier: Apache-2.0
"""Vaults put back from a backup while something is still on its way: what the model of the line showed.

Each story is a counterexample of `model/line.pml`, told with real desks (ADR 0017).
"""

from __future__ import annotations

import sqlite3

import pytest

from goodoffices.core.mandate import Forwarding, Precedence
from goodoffices.core.note import Words
from goodoffices.core.roster_request import sign_request
from goodoffices.desk.ledger.numbers import MAX_JUMP
from goodoffices.desk.officers.acts import Draft, Terms
from goodoffices.desk.routes.sending import Put
from goodoffices.desk.views.channel import Gap, channel_page
from tests import founded
from tests.verify.channel import Channel, Node

HOUR = 3_600_000


class Post:
    """A channel whose envelopes are carried only when a test says so."""

    def __init__(self) -> None:
        self.channel = Channel(forwarding=Forwarding.BY_HAND)
        self.west, self.middle = self.channel.west, self.channel.middle
        self.line = self.channel.lines[0]

    def backup(self, node: Node) -> bytes:
        return node.db.serialize()

    def restore(self, node: Node, copy: bytes) -> None:
        node.db = sqlite3.connect(":memory:", isolation_level=None)
        founded.put_back(node.db, copy)
        self.channel.restart(node)

    def release(self, text: str) -> bytes:
        words = Words(text=text, language="en")
        draft = Draft(
            mandate=self.channel.mandate,
            recipient=self.middle.me,
            words=words,
            precedence=Precedence.IMMEDIATE,
        )
        return self.west.desk.acts.release(self.west.officer, draft, self.channel.tick())

    def collect(self, node: Node) -> list[Put]:
        """What a desk hands to the relays now, which take it."""
        puts = []
        node.desk.settle(self.channel.now)
        while due := node.desk.work(self.channel.now):
            puts += due
            for put in due:
                node.desk.put_accepted(put, self.channel.now)
        return puts

    def deliver(self, node: Node, puts: list[Put]) -> None:
        for put in puts:
            node.desk.receive(self.line, put.envelope, self.channel.now)

    def wait(self) -> None:
        """An hour in which everything arrives that is offered."""
        for _ in range(60):
            self.channel.tick()
            self.channel.pump()

    def forks(self, node: Node) -> list[tuple[int, ...]]:
        columns = "writer, incarnation, number", "chain, sequence"
        return [
            row
            for table, place in zip(("entry", "link"), columns, strict=True)
            for row in node.db.execute(
                f"SELECT count(*) FROM {table} GROUP BY {place} HAVING count(*) > 1"  # constants
            )
        ]

    def holds(self, node: Node, note: bytes) -> bool:
        return node.desk.ledger.note(note) is not None


def test_what_an_old_vault_had_sent_and_forgot_may_arrive_late_and_is_no_fork() -> None:
    """P8: the peer said that the chain had not gone back, since it had not yet collected its end."""
    post = Post()
    copy = post.backup(post.west)
    post.release("Sent before the machine was lost.")
    late = post.collect(post.west)
    post.restore(post.west, copy)
    post.channel.pump()
    post.release("Written after the backup was put back.")
    post.channel.pump()
    post.deliver(post.middle, late)
    assert post.forks(post.middle) == []


def test_a_vault_from_before_its_first_entry_does_not_begin_the_same_chain_twice() -> None:
    """P8: a chain without entries has an incarnation too, and a backup holds it."""
    post = Post()
    oslo, rome = (Node(name, post.channel.rng, post.channel.now, bytes(16)) for name in ("Oslo", "Rome"))
    line = post.channel.pair(oslo, rome)
    heard = rome.desk.spoken_digits(rome.desk.ledger.line(line)).read_aloud
    oslo.db.execute("DELETE FROM entry")
    oslo.db.execute("UPDATE line SET my_confirmation=NULL")
    copy = post.backup(oslo)
    began = []
    for _ in range(2):
        post.restore(oslo, copy)
        oslo.desk.confirm(oslo.officer, line, heard, post.channel.tick())
        began += oslo.db.execute("SELECT incarnation FROM entry WHERE writer=?", (oslo.me,)).fetchall()
    assert len(set(began)) == 2


def test_a_receipt_from_before_the_restore_does_not_end_the_sending() -> None:
    """P2: a receipt that came late stopped what the restored desk needed once more."""
    post = Post()
    copy = post.backup(post.middle)
    note = post.release("Receipted, then lost with the machine.")
    post.deliver(post.middle, post.collect(post.west))
    late = post.collect(post.middle)
    post.restore(post.middle, copy)
    post.deliver(post.west, late)
    assert not post.holds(post.middle, note)
    post.wait()
    assert post.holds(post.middle, note)


def test_a_receipt_that_comes_after_the_question_does_not_end_the_sending() -> None:
    """P2: the question made the entry be offered again, the late receipt ended that."""
    post = Post()
    copy = post.backup(post.middle)
    note = post.release("Receipted, then lost with the machine.")
    post.deliver(post.middle, post.collect(post.west))
    late = post.collect(post.middle)
    post.restore(post.middle, copy)
    post.deliver(post.west, post.collect(post.middle))
    lost = post.collect(post.west)  # by a relay that burns down
    post.deliver(post.west, late)
    post.deliver(post.middle, [put for put in lost if not put.entries])
    assert not post.holds(post.middle, note)
    post.wait()
    assert post.holds(post.middle, note)


def test_a_storm_that_outlasts_the_questions_does_not_end_them() -> None:
    """P2: found by seed 1095 of the simulated world. Receipts from before the restore come again and again."""
    post = Post()
    copy = post.backup(post.middle)
    note = post.release("Receipted, then lost with the machine.")
    post.deliver(post.middle, post.collect(post.west))
    late = post.collect(post.middle)
    post.restore(post.middle, copy)
    for _ in range(12):
        post.deliver(post.west, post.collect(post.middle))
        lost = post.collect(post.west)
        post.deliver(post.west, late)
        post.deliver(post.middle, [put for put in lost if not put.entries])
        post.channel.now += 120_000
    assert post.middle.desk.lines.still_missing()
    for _ in range(2):
        post.channel.now += HOUR
        post.middle.desk.lines.ask_later(post.channel.now)
        post.channel.pump()
    assert post.holds(post.middle, note)
    assert not post.middle.desk.lines.still_missing()


def test_two_restored_vaults_of_one_line_find_together_what_each_lacks() -> None:
    """P2: a place that its writer no longer knew was answered with nothing at all."""
    post = Post()
    copy_of_west = post.backup(post.west)
    post.release("Lost with Washington's machine, known in Bern.")
    post.channel.pump()
    copy_of_middle = post.backup(post.middle)
    post.restore(post.west, copy_of_west)
    note = post.release("After Washington's backup was put back.")
    post.channel.pump()
    assert post.holds(post.middle, note)
    post.restore(post.middle, copy_of_middle)
    post.wait()
    assert post.holds(post.middle, note)


def test_what_came_out_of_order_hides_no_gap_from_a_restored_vault() -> None:
    """P2: a later incarnation that had come first stood for everything before it."""
    post = Post()
    envelopes = []
    notes = []
    for text in ("First.", "Second.", "Third."):
        post.channel.restart(post.west)
        notes.append(post.release(text))
        envelopes.append([put for put in post.collect(post.west) if put.entries])
    first, second, third = envelopes
    post.deliver(post.middle, third)
    post.deliver(post.middle, second)
    copy = post.backup(post.middle)
    post.deliver(post.middle, first)
    post.wait()
    assert all(post.holds(post.middle, note) for note in notes)
    post.restore(post.middle, copy)
    post.wait()
    assert all(post.holds(post.middle, note) for note in notes)


def test_a_gap_that_nobody_can_fill_is_not_asked_for_for_ever() -> None:
    """P12: what both have lost is lost; the question ends."""
    post = Post()
    copy = post.backup(post.west)
    post.release("Never arrives.")
    post.collect(post.west)
    post.release("Arrives.")
    post.deliver(post.middle, post.collect(post.west))
    post.restore(post.west, copy)
    post.release("After the backup.")
    post.channel.restart(post.middle)
    for _ in range(30):
        post.channel.now += HOUR
        post.channel.pump()
    assert not post.middle.desk.lines.comparing()


def _number(post: Post, note: bytes) -> int:
    row = post.middle.desk.ledger.note(note)
    assert row is not None
    return row.number


def test_a_restored_desk_does_not_give_its_numbers_again() -> None:
    """P2, P8: its peer says after which number its notes go on, before it writes one."""
    post = Post()
    copy = post.backup(post.west)
    lost = [post.release(f"Lost {at}.") for at in range(3)]
    post.wait()
    post.restore(post.west, copy)
    post.wait()
    note = post.release("Written after the backup was put back.")
    post.wait()
    assert [_number(post, each) for each in (*lost, note)] == [1, 2, 3, 4]
    assert not any("under its number" in row[4] for row in post.middle.desk.ledger.findings())
    west = post.west.desk
    shown = channel_page(west, west.ledger.agreement(post.channel.mandate), post.channel.now, "", before=None)
    gaps = [each for lane in shown.lanes for each in lane.items if isinstance(each, Gap)]
    assert [(each.number, each.mine) for each in gaps] == [(1, True), (2, True), (3, True)]


def test_a_number_given_again_before_the_peer_could_answer_is_told_as_what_it_is() -> None:
    """P8: signing waits for nobody; a new incarnation tells a restored vault from two texts of one number."""
    post = Post()
    copy = post.backup(post.west)
    post.release("Lost.")
    post.wait()
    post.restore(post.west, copy)
    post.release("Written at once.")
    post.wait()
    (told,) = [row[4] for row in post.middle.desk.ledger.findings() if "under its number" in row[4]]
    assert "its vault may have been restored" in told


def test_a_peers_word_does_not_use_up_the_numbers() -> None:
    """P12: it moves them on, by a bounded step, and only in mandates that are here."""
    post = Post()
    ledger, me = post.west.desk.ledger, post.west.me
    mandate, lane = post.channel.mandate, bytes(32)
    with post.west.desk.context.transaction():
        for number in (2**32, 5, 2**32):
            ledger.number_after(mandate, lane, me, number)
        ledger.number_after(bytes(32), lane, me, 7)
    assert ledger.next_number(mandate, lane, me) == MAX_JUMP + 1
    assert ledger.next_number(bytes(32), lane, me) == 1


@pytest.mark.parametrize("writes", ["before its signature came", "after it"])
@pytest.mark.parametrize("late", [False, True])
def test_a_signature_under_a_mandate_that_a_vault_lost_comes_back(late: bool, writes: str) -> None:
    """P2: an officer signs once, and the office's own peers hold what its vault has lost."""
    post = Post()
    nodes = post.channel.nodes
    terms = Terms(name="Again", path=tuple(each.me for each in nodes))
    mandate = post.middle.desk.acts.propose(post.middle.officer, terms, post.channel.now)
    post.channel.pump()
    nodes[2].desk.acts.sign_mandate(nodes[2].officer, mandate, post.channel.tick())
    post.channel.pump()
    copy = post.backup(post.west)
    post.west.desk.acts.sign_mandate(post.west.officer, mandate, post.channel.tick())
    sent = post.collect(post.west)
    if not late:
        post.deliver(post.middle, sent)
    post.restore(post.west, copy)
    if writes.startswith("before"):
        post.release("Written before anybody could answer.")
    post.channel.pump()
    post.deliver(post.middle, sent)
    if writes.startswith("after"):
        assert post.west.desk.ledger.agreement(mandate).complete is not late
        post.release("Written when the peer held it.")
    post.wait()
    assert all(each.desk.ledger.agreement(mandate).complete for each in nodes)


@pytest.mark.parametrize("whose", ["its own alone", "its peer's too"])
def test_a_roster_that_a_vault_lost_comes_back_whenever_its_peers_learn_of_it(whose: str) -> None:
    """P10: what it had sent may come in after its question was answered, or be known further on alone."""
    post = Post()
    west, middle = post.west, post.middle
    copies = {each.me: post.backup(each) for each in (west, middle)}
    request = west.desk.rosters.renew(west.officer, post.channel.tick(), sealing_keys=False)
    west.desk.rosters.install(sign_request(request, west.founding.root_seed), post.channel.now)
    sent = post.collect(west)
    if whose == "its peer's too":
        post.deliver(middle, sent)
        post.channel.pump()
        post.restore(middle, copies[middle.me])
    post.restore(west, copies[west.me])
    post.channel.pump()
    if whose == "its own alone":
        post.deliver(middle, sent)
        post.release("Written by a desk that knows of nothing.")
    post.wait()
    known = [each.desk.ledger.office(west.me) for each in post.channel.nodes]
    assert [each.roster.version for each in known if each is not None] == [2, 2, 2]
