# SPDX-License-Identifier: Apache-2.0
"""What nobody waits for is gathered into rounds; what somebody waits for never is (ADR 0058)."""

from __future__ import annotations

from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.desk.lines.offering import GATHER
from goodoffices.desk.officers.acts import Draft
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
    """P2: each is receipted; P5: a single one at once, and those of a burst within a tenth of a second."""
    channel = Channel()
    channel.pump()
    post, now = channel.middle, channel.now + 10 * GATHER
    envelopes = [*notes(channel, 1), *notes(channel, 1), *notes(channel, 1)]
    assert len(envelopes) == 3
    post.desk.receive(channel.lines[0], envelopes[0], now)
    assert post.desk.lines.left()
    assert post.desk.lines.pause(now) == 0
    assert a_round(post, now) == 1
    for envelope in envelopes[1:]:
        post.desk.receive(channel.lines[0], envelope, now + 1)
    assert post.desk.lines.pause(now + 1) == GATHER - 1
    assert post.desk.lines.pause(now + GATHER) == 0
    assert a_round(post, now + GATHER) == 1
    assert not post.desk.lines.left()


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
    assert post.desk.lines.pause(now - 1000) == 0
    post.desk.lines.sending.beats.set(channel.lines[1], 20_000, now, phase=60)
    assert post.desk.lines.pause(now + 40) == 20
