# SPDX-License-Identifier: Apache-2.0
"""That a note is at a desk is signed after the note went on, and is signed whatever happens in between (ADR 0036)."""

from __future__ import annotations

from goodoffices.core.act import Act, ActType
from goodoffices.core.mandate import Forwarding, Precedence
from goodoffices.core.note import Words
from goodoffices.core.statement import read_signed
from goodoffices.desk.officers.acts import Draft
from tests.verify.channel import Channel, Node


def release(channel: Channel) -> bytes:
    """A note from the west that its desk has yet to send."""
    draft = Draft(
        mandate=channel.mandate,
        recipient=channel.east.me,
        words=Words(text="Is anybody there?", language="en"),
        precedence=Precedence.FLASH,
    )
    return channel.west.desk.acts.release(channel.west.officer, draft, channel.tick())


def acts(node: Node, note: bytes) -> list[Act]:
    """What the desk itself did about a note, in the order of its chain."""
    signed = [read_signed(row.signed).statement.read(Act) for row in node.desk.ledger.acts_about(note)]
    return [act for act in signed if act.author == node.me]


def test_a_note_goes_on_before_its_arrival_is_signed_and_a_stop_in_between_forgets_nothing() -> None:
    """P2, P5: the rung is signed after the restart, with the time at which the note came."""
    channel = Channel(forwarding=Forwarding.AUTOMATIC)
    post, note = channel.middle, release(channel)
    put = channel.west.desk.work(channel.now, only_urgent=True)[0]
    arrived = channel.tick()
    post.desk.receive(channel.lines[0], put.envelope, arrived)
    assert [act.type for act in acts(post, note)] == [ActType.FORWARDED]
    assert post.desk.work(channel.now, only_urgent=True), "the note is ready to go on"
    channel.restart(post)
    channel.tick()
    post.desk.settle(channel.now)
    at_desk = acts(post, note)[-1]
    assert (at_desk.type, at_desk.time[0]) == (ActType.AT_DESK, arrived)
    assert not post.desk.ledger.arrivals(), "and it is signed once"
    channel.pump()
    assert {act.type for act in acts(channel.east, note)} == {ActType.AT_DESK}
    rungs = {(row.author, row.type) for row in channel.west.desk.ledger.acts_about(note)}
    assert {(post.me, ActType.AT_DESK), (channel.east.me, ActType.AT_DESK)} <= rungs
