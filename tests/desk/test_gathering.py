# SPDX-License-Identifier: Apache-2.0
"""What nobody waits for is gathered into rounds; what somebody waits for never is (ADR 0058, ADR 0084)."""

from __future__ import annotations

from goodoffices.core.act import ActType
from goodoffices.core.envelope import entry_part
from goodoffices.core.line import Item
from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.desk.lines.offering import FIRST, GATHER, RECEIPTS
from goodoffices.desk.officers.acts import Draft
from tests.attacks.hostile import NOW, Wire
from tests.verify.channel import Channel, Node


def notes(channel: Channel, count: int) -> list[bytes]:
    """Envelopes with notes of the west that have come to its intermediary's door."""
    west = channel.west
    for number in range(count):
        draft = Draft(
            mandate=channel.mandate,
            recipient=channel.east.me,
            words=Words(text=f"{number}. Is anybody there?", language="en"),
            precedence=Precedence.FLASH,
        )
        west.desk.acts.release(west.officer, draft, channel.tick())
    return [put.envelope for put in west.desk.work(channel.now, only_urgent=True)]


def a_round(node: Node, now: int) -> int:
    """The round of a desk; how many envelopes it sends."""
    node.desk.settle(now)
    return len({put.envelope for put in node.desk.work(now)})


def test_after_a_round_what_comes_waits_for_the_next_and_goes_in_one_envelope() -> None:
    """P2: each is receipted; P5: of a single one within 30 ms, of a burst within a tenth of a second."""
    channel = Channel()
    channel.pump()
    post, now = channel.middle, channel.now + 10 * GATHER
    envelopes = [*notes(channel, 1), *notes(channel, 1), *notes(channel, 1)]
    assert len(envelopes) == 3
    post.desk.receive(channel.lines[0], envelopes[0], now)
    assert post.desk.lines.left(now) or post.desk.owes()
    assert post.desk.lines.pause(now) == FIRST
    assert a_round(post, now) == 1
    for envelope in envelopes[1:]:
        post.desk.receive(channel.lines[0], envelope, now + 1)
    assert post.desk.lines.pause(now + 1) == GATHER - 1
    assert post.desk.lines.pause(now + GATHER) == FIRST
    assert a_round(post, now + GATHER) == 1
    assert not post.desk.lines.left(now + GATHER)


def test_a_note_goes_on_in_the_middle_of_a_pause() -> None:
    """P5: only what nobody waits for is gathered."""
    channel = Channel()
    channel.pump()
    post, now = channel.middle, channel.now + 10 * GATHER
    post.desk.receive(channel.lines[0], notes(channel, 1)[0], now)
    a_round(post, now)
    assert post.desk.lines.pause(now) == GATHER
    note = post.desk.ledger.notes(channel.mandate)[-1].id
    post.desk.acts.forward(post.officer, note, now)
    assert [put.route.line for put in post.desk.work(now, only_urgent=True)] == [channel.lines[1]]


def test_neither_a_beat_nor_a_clock_that_was_put_back_waits_for_a_round() -> None:
    """P3: the time of a slot tells nothing; P12: time never gates."""
    channel = Channel()
    channel.pump()
    post, now = channel.middle, channel.now + 10 * GATHER
    post.desk.receive(channel.lines[0], notes(channel, 1)[0], now)
    a_round(post, now)
    assert post.desk.lines.pause(now + 40) == GATHER - 40
    assert post.desk.lines.pause(now - 1000) == FIRST
    post.desk.lines.sending.beats.set(channel.lines[1], 20_000, now, phase=60)
    assert post.desk.lines.pause(now + 40) == 20


def test_receipts_alone_wait_for_company_and_at_most_a_second() -> None:
    """P2: the receipt of a rung, which no person sees, goes with what else goes on its line, or by itself."""
    channel = Channel()
    channel.pump()
    west, post, now = channel.west, channel.middle, channel.now + 10 * GATHER
    post.desk.receive(channel.lines[0], notes(channel, 1)[0], now)
    post.desk.settle(now)
    rungs = {put.envelope for put in post.desk.work(now) if put.route.line == channel.lines[0]}
    for envelope in rungs:
        west.desk.receive(channel.lines[0], envelope, now)
    assert west.desk.work(now, gather=True) == []
    assert not west.desk.lines.left(now)
    assert west.desk.next_wake() == now + RECEIPTS
    assert len(west.desk.work(now + RECEIPTS, gather=True)) == 1
    assert west.desk.lines.next_receipts() is None


def test_what_two_relays_took_is_one_rung_signed_in_the_round_that_follows() -> None:
    """P6: *on a relay* is signed once, as of the time of the first; P2: and goes out with what else is owed."""
    channel = Channel()
    channel.pump()
    west = channel.west
    note = west.desk.acts.release(
        west.officer,
        Draft(
            mandate=channel.mandate,
            recipient=channel.east.me,
            words=Words(text="Is anybody there?", language="en"),
            precedence=Precedence.FLASH,
        ),
        channel.tick(),
    )
    took = channel.now + 5
    (put,) = west.desk.work(channel.now, only_urgent=True)
    for later in (0, 3):
        west.desk.put_accepted(put, took + later)
    assert not west.desk.acts.has_act(note, ActType.ON_RELAY)
    assert west.desk.owes()
    assert west.desk.settle(took + FIRST)
    (rung,) = (act for act in west.desk.ledger.acts_about(note) if act.type == ActType.ON_RELAY)
    assert rung.at == took
    assert not west.desk.owes()


def test_receipts_for_a_line_that_was_removed_meanwhile_wait_for_nothing() -> None:
    """P12: a pairing that did not come about must not stop the sending on every other line."""
    wire = Wire()
    stranger = wire.add("Stranger")
    offers = [each.desk.offer(each.officer, ["http://127.0.0.1:1"], NOW) for each in (wire.a, stranger)]
    line = wire.a.desk.pair(wire.a.officer, offers[1], "Stranger", NOW)
    stranger.desk.pair(stranger.officer, offers[0], "Washington", NOW)
    said = stranger.desk.spoken_digits(stranger.ledger.line(line)).read_aloud
    wire.a.desk.confirm(wire.a.officer, line, said, NOW)
    wire.a.desk.work(NOW)
    bad = wire.entry(stranger, line, [(Item.CONFIRMED, wire.question(stranger, line).raw)])
    wire.send(wire.a, line, [entry_part(bad)])
    assert wire.a.desk.work(NOW, gather=True) == []
    assert wire.a.desk.lines.next_receipts() == NOW + RECEIPTS
    wire.a.desk.remove_line(wire.a.officer, line, NOW)
    assert wire.a.desk.work(NOW + RECEIPTS, gather=True) == []
    assert wire.a.desk.lines.next_receipts() is None
