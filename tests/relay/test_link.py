# SPDX-License-Identifier: Apache-2.0
"""A thin pipe by a simulated clock: 300 bit/s, two seconds' delay, every fifth frame lost."""

from __future__ import annotations

import heapq
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.mandate import Precedence, Reading
from goodoffices.core.note import Words
from goodoffices.desk.officers.acts import Draft
from goodoffices.relay.link import HELLO, OVERHEAD, Announced, Came, Carried, Event, Frames, Link, frame
from tests.core.test_thin import TEXTS
from tests.desk.test_thin import Thin, both_thin, crossed
from tests.verify.channel import Node

BITS, DELAY, LOSS = 300, 2_000, 0.2
STEP = 50


class Wire:
    """Both ends of a pipe, and what is on its way between them. Time passes in small steps."""

    def __init__(self, seed: int, loss: float = LOSS) -> None:
        self.dice = Random(seed)
        self.ends = tuple(Link(self.dice.randbytes, bits=BITS, delay=DELAY) for _ in range(2))
        self.now, self.loss = 0, loss
        self._flying: list[tuple[int, int, int, bytes]] = []
        self.bytes = [0, 0]
        self.largest = 0

    def step(self) -> list[tuple[int, Event]]:
        """Some milliseconds pass; what each end tells."""
        self.now += STEP
        for at, end in enumerate(self.ends):
            written = end.write(self.now)
            if written is not None:
                self.bytes[at] += len(written)
                self.largest = max(self.largest, len(written))
                if self.dice.random() >= self.loss:
                    arrives = self.now + end.took(len(written)) + DELAY
                    heapq.heappush(self._flying, (arrives, len(self._flying), 1 - at, written))
        events = []
        while self._flying and self._flying[0][0] <= self.now:
            _, _, to, data = heapq.heappop(self._flying)
            for event in self.ends[to].read(data):
                events.append((to, event))
                if isinstance(event, Came):
                    self.ends[to].kept(event)
        return events


def carried(wire: Wire, envelopes: list[bytes], until: int) -> tuple[list[bytes], int]:
    """What came of these envelopes, and after how many ms all were acknowledged."""
    box = bytes(16)
    wire.ends[1].announce(box, bytes(32))
    came, acknowledged, sent, begun = [], 0, False, 0
    while wire.now < until and acknowledged < len(envelopes):
        for at, event in wire.step():
            if at == 0 and isinstance(event, Announced) and not sent:
                sent = [wire.ends[0].send(box, each) for each in envelopes].count(False) == 0
                begun = wire.now
            elif isinstance(event, Came):
                came.append(event.envelope)
            elif isinstance(event, Carried):
                acknowledged += 1
    assert acknowledged == len(envelopes)
    return came, wire.now - begun


@pytest.mark.parametrize("seed", range(3))
def test_cells_and_long_envelopes_come_whole_over_a_pipe_that_loses_every_fifth_frame(seed: int) -> None:
    """P2, P7"""
    dice = Random(seed)
    cells = [dice.randbytes(500) + bytes(12) for _ in range(3)]
    long = dice.randbytes(4096)
    came, _ = carried(Wire(seed), [*cells, long], 3_600_000)
    assert set(came) == {*cells, long}


def test_a_cell_and_its_frame_have_512_bytes_together() -> None:
    """P7: all told, on the route."""
    wire = Wire(1, loss=0.0)
    came, took = carried(wire, [bytes(range(250)) * 2 + bytes(12)], 60_000)
    assert len(came) == 1
    assert wire.largest == 512
    assert took < 20_000


def greeted(seed: int, loss: float = 0.0) -> tuple[Wire, bytes]:
    """A wire whose second end has a mailbox that the first knows."""
    wire, box = Wire(seed, loss), bytes(16)
    wire.ends[1].announce(box, bytes(32))
    while not wire.ends[0].carries(box):
        wire.step()
    for _ in range(400):
        wire.step()
    return wire, box


@pytest.mark.parametrize("seed", range(3))
def test_an_end_that_starts_again_in_the_middle_of_a_long_envelope_gets_it_whole(seed: int) -> None:
    """P2: the pieces that it had are gone, and nobody takes them for delivered."""
    wire, box = greeted(seed, LOSS)
    long = Random(seed).randbytes(4096)
    assert wire.ends[0].send(box, long)
    told: list[tuple[int, Event]] = []
    while wire.bytes[0] < 3000:
        told += wire.step()
    fresh = Link(wire.dice.randbytes, bits=BITS, delay=DELAY)
    wire.ends = wire.ends[0], fresh
    fresh.announce(bytes(range(16)), bytes(32))  # another one first: it has its number now
    fresh.announce(box, bytes(32))
    while Came not in [type(event) for _, event in told]:
        assert wire.now < 3_600_000
        told += wire.step()
        wire.ends[0].send(box, long)  # as a half does with what it still has
    (came,) = [event for _, event in told if isinstance(event, Came)]
    assert (came.box, came.envelope) == (box, long)
    assert not [event for _, event in told if isinstance(event, Carried)]


def test_nothing_is_acknowledged_before_it_is_kept() -> None:
    """P2: a half that stops in between has not taken it."""
    wire, box = greeted(1)
    near, far = wire.ends
    near.send(box, bytes(range(250)) * 2 + bytes(12))
    now = wire.now + 60_000
    written = near.write(now)
    assert written is not None
    (came,) = far.read(written)
    assert isinstance(came, Came)
    assert far.write(now) is None
    far.kept(came)
    acknowledged = far.write(now)
    assert acknowledged is not None
    assert near.read(acknowledged) == [Carried(box, came.envelope)]


def test_an_old_greeting_repeated_delays_and_breaks_nothing() -> None:
    """P12: whoever listened to the wire says once more what an end said when it started."""
    wire, box = greeted(1)
    wire.ends[0].read(frame(HELLO, 0, 7, bytes(range(8))))
    assert not wire.ends[0].carries(box)
    while not wire.ends[0].carries(box):
        assert wire.now < 300_000
        wire.step()


def test_greetings_without_end_fill_no_memory() -> None:
    """P12"""
    wire, _ = greeted(1)
    for number in range(200):
        wire.ends[1].read(frame(HELLO, 0, number, number.to_bytes(8)))
    written = {wire.ends[1].write(wire.now + 100_000 * at) for at in range(1, 200)}
    assert len(written - {None}) <= 3  # what came, who says so, its one mailbox


@given(st.binary(max_size=300), st.binary(max_size=60), st.binary(max_size=60))
def test_frames_are_found_among_noise(content: bytes, before: bytes, after: bytes) -> None:
    """P12"""
    frames = Frames()
    found = frames.take(before) + frames.take(frame(2, 3, 4, content)) + frames.take(after)
    found += frames.take(bytes(800))
    assert (2, 3, 4, content) in found


@given(st.integers(0, 300 + OVERHEAD - 1), st.integers(1, 255))
def test_a_spoilt_frame_is_none(at: int, flip: int) -> None:
    """P12"""
    whole = bytearray(frame(2, 3, 4, bytes(300)))
    whole[at] ^= flip
    frames = Frames()
    assert (2, 3, 4, bytes(300)) not in frames.take(bytes(whole)) + frames.take(bytes(800))


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_whatever_comes_over_the_wire_is_borne(noise: list[bytes]) -> None:
    """P12"""
    end = Link(bytes, bits=BITS, delay=DELAY)
    end.announce(bytes(16), bytes(32))
    for at, each in enumerate(noise):
        end.read(each)
        end.read(frame(at % 7, at % 3, at, each))
        end.write(at * 60_000)


# --- desks at its ends --------------------------------------------------------------------------------


class OverWire:
    """The line between the west and the middle goes over a pipe alone; everything else is quick."""

    def __init__(self, channel: Thin, seed: int) -> None:
        self.channel, self.wire, self.start = channel, Wire(seed), channel.now
        self.halves: dict[bytes, int] = {}
        for at, node in enumerate((channel.west, channel.middle)):
            for route in node.desk.ledger.routes(channel.lines[0], own=True):
                self.wire.ends[at].announce(route.mailbox, bytes(32))
                self.halves[route.mailbox] = at
        self.waiting: list[tuple[int, bytes, bytes]] = []

    def run(self, until: int, done: object) -> int:
        """Steps until ``done()`` holds; the ms that went by."""
        channel = self.channel
        while not done():  # type: ignore[operator]
            assert self.wire.now < until, "too late"
            for at, event in self.wire.step():
                if isinstance(event, Came):
                    self.take((channel.west, channel.middle)[at], event)
            channel.now = self.start + self.wire.now
            for node in channel.nodes:
                self.work(node)
            self.waiting = [each for each in self.waiting if not self.wire.ends[each[0]].send(*each[1:])]
        return self.wire.now

    def take(self, node: Node, event: Came) -> None:
        _, line = self.channel._boxes[event.box]
        node.desk.receive(line, event.envelope, self.channel.now)

    def work(self, node: Node) -> None:
        node.desk.settle(self.channel.now)
        for put in node.desk.work(self.channel.now):
            reader, line = self.channel._boxes[put.route.mailbox]
            node.desk.put_accepted(put, self.channel.now)
            if put.route.mailbox in self.halves:
                self.waiting.append((1 - self.halves[put.route.mailbox], put.route.mailbox, put.envelope))
            else:
                reader.desk.receive(line, put.envelope, self.channel.now)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_note_and_its_receipts_pass_within_three_minutes(seed: int) -> None:
    """P2, P7: a note in Persian, released at one end, is at the desk at the other, receipted and said to be there."""
    channel = both_thin(Reading.SEALED)
    crossed(channel, channel.release(channel.west, channel.east, "Yes."))  # an established line
    over = OverWire(channel, seed)
    west, middle = channel.west.desk, channel.middle.desk
    over.run(
        60_000,
        lambda: all(end.carries(box) for box, at in over.halves.items() for end in [over.wire.ends[1 - at]]),
    )
    draft = Draft(
        mandate=channel.mandate,
        recipient=channel.east.me,
        words=Words(text=TEXTS["fa"], language="fa"),
        precedence=Precedence.IMMEDIATE,
    )
    released = over.wire.now
    note = west.acts.release(channel.west.officer, draft, channel.now)

    def done() -> bool:
        rungs = {(row.type, row.author) for row in west.ledger.acts_about(note)}
        return (1, channel.middle.me) in rungs and not any(
            carried.items and carried.items[0][0] == 1
            for carried, _ in west.ledger.unreceipted(channel.lines[0], west.me)
        )

    over.run(released + 180_000, lambda: middle.ledger.note(note) is not None)
    over.run(released + 180_000, done)
    assert over.wire.largest == 512
    assert crossed(channel, note)
