# SPDX-License-Identifier: Apache-2.0
"""A thin line between real desks: agreed by both, cells on the way, the same notes, receipts and records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from goodoffices.core.mandate import Forwarding, Precedence, Reading
from goodoffices.core.note import Words
from goodoffices.core.sealed import read_sealed
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.officers.acts import Draft
from tests import founded
from tests.core.test_thin import TEXTS
from tests.verify.channel import Channel, Node, exported, verdict


class Thin(Channel):
    """The channel with thin lines. Every envelope that was offered is remembered by its size."""

    sizes: list[int]
    lost: Callable[[], bool]

    def thin(self, *lines: int, wanted: bool = True) -> None:
        for at in lines:
            for node in (self.nodes[at], self.nodes[at + 1]):
                node.desk.acts.thin_line(node.officer, self.lines[at], wanted, self.tick())
        for _ in range(3):
            self.tick()
            self.pump()

    def pump(self) -> None:
        moved = True
        while moved:
            moved = False
            for node in self.nodes:
                node.desk.settle(self.now)
                for put in node.desk.work(self.now):
                    moved = True
                    self.now += 7
                    self.__dict__.setdefault("sizes", []).append(len(put.envelope))
                    reader, line = self._boxes[put.route.mailbox]
                    node.desk.put_accepted(put, self.now)
                    if not self.__dict__.get("lost", lambda: False)():
                        reader.desk.receive(line, put.envelope, self.now)

    def wait(self, rounds: int, step: int = 600_000) -> None:
        """Time passes, and what falls due is done."""
        for _ in range(rounds):
            self.now += step
            self.pump()


def released(channel: Channel, text: str, language: str) -> bytes:
    draft = Draft(
        mandate=channel.mandate,
        recipient=channel.east.me,
        words=Words(text=text, language=language),
        precedence=Precedence.IMMEDIATE,
    )
    return channel.west.desk.acts.release(channel.west.officer, draft, channel.tick())


def line_of(node: Node, line: bytes) -> LineRow:
    return node.desk.ledger.line(line)


@pytest.mark.slow
@pytest.mark.parametrize("reading", [Reading.SEALED, Reading.OPEN])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_note_crosses_two_thin_lines_in_cells_of_512_bytes(
    reading: Reading, language: str, tmp_path: Path
) -> None:
    """P1, P7, P8: nothing but cells is offered, the reader opens the author's words, every record verifies."""
    channel = Thin(reading=reading, forwarding=Forwarding.AUTOMATIC)
    channel.thin(0, 1)
    channel.sizes = []
    note = released(channel, TEXTS[language], language)
    channel.pump()
    assert set(channel.sizes) == {512}
    row = channel.east.desk.ledger.note(note)
    assert row is not None
    assert row.state == "verified"
    inside = channel.east.desk.channels.words_inside(row)
    assert inside is not None
    assert TEXTS[language].encode() in inside
    channel.east.desk.acts.open(channel.east.officer, note, channel.tick())
    channel.pump()
    assert set(channel.sizes) == {512}
    copies = {node.desk.ledger.copies(note)[0][1] for node in channel.nodes}
    assert len(copies) == 1
    assert read_sealed(copies.pop()).chain is not None
    for node in channel.nodes:
        assert [row[4] for row in node.desk.ledger.findings()] == []
        told = verdict(exported(node, tmp_path / node.name, channel.now))
        assert told.findings == ()


def crossed(channel: Channel, note: bytes) -> bool:
    row = channel.east.desk.ledger.note(note)
    return row is not None and row.state == "verified"


def both_thin(reading: Reading = Reading.SEALED) -> Thin:
    channel = Thin(reading=reading, forwarding=Forwarding.AUTOMATIC)
    channel.thin(0, 1)
    channel.sizes = []
    return channel


def test_a_line_is_thin_while_both_offices_want_it() -> None:
    channel = Thin(reading=Reading.SEALED, forwarding=Forwarding.AUTOMATIC)
    channel.west.desk.acts.thin_line(channel.west.officer, channel.lines[0], True, channel.tick())
    channel.pump()
    channel.sizes = []
    assert crossed(channel, channel.release(channel.west, channel.east))
    assert 512 not in channel.sizes
    channel.thin(0, 1)
    channel.sizes = []
    assert crossed(channel, channel.release(channel.west, channel.east, "Yes."))
    assert set(channel.sizes) == {512}
    channel.east.desk.acts.thin_line(channel.east.officer, channel.lines[1], False, channel.tick())
    channel.wait(2)
    channel.sizes = []
    assert crossed(channel, channel.release(channel.west, channel.east, "No."))
    assert set(channel.sizes) > {512}


@pytest.mark.slow
def test_a_note_that_does_not_fit_goes_the_ordinary_way() -> None:
    """P2, P7: slower, and nothing else; how much too long it is, is told before."""
    channel = both_thin()
    text = "".join(map(chr, Random(3).choices(range(33, 127), k=400)))
    draft = Draft(
        mandate=channel.mandate,
        recipient=channel.east.me,
        words=Words(text=text, language="en"),
        precedence=Precedence.ROUTINE,
    )
    left = channel.west.desk.acts.thin_left(draft, channel.now)
    assert left is not None
    assert left < -100
    assert crossed(channel, channel.release(channel.west, channel.east, text))
    assert max(channel.sizes) > 512


@pytest.mark.slow
def test_what_is_told_while_writing_is_what_then_happens() -> None:
    """The last text that fits goes in a cell, and one sign of sixteen bits more does not."""
    channel = both_thin()
    text = "".join(map(chr, Random(5).choices(range(0x4E00, 0x9FFF), k=200)))

    def left(letters: int) -> int:
        draft = Draft(
            mandate=channel.mandate,
            recipient=channel.east.me,
            words=Words(text=text[:letters], language="en"),
            precedence=Precedence.IMMEDIATE,
        )
        found = channel.west.desk.acts.thin_left(draft, channel.now)
        assert found is not None
        return found

    most, over = 1, 200
    while over - most > 1:
        middle = (most + over) // 2
        most, over = (middle, over) if left(middle) >= 0 else (most, middle)
    assert crossed(channel, channel.release(channel.west, channel.east, text[:most]))
    assert set(channel.sizes) == {512}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_every_third_cell_lost_still_brings_all(seed: int) -> None:
    """P2, P7: notes, receipts and acts, with the records of both lines whole in the end."""
    channel = both_thin()
    dice = Random(seed)
    channel.lost = lambda: dice.random() < 1 / 3
    notes = [released(channel, text, language) for language, text in list(TEXTS.items())[:2]]
    channel.wait(40)
    assert all(crossed(channel, note) for note in notes)
    channel.lost = lambda: False
    channel.wait(10, 3_600_000)
    for node in channel.nodes:
        assert [row[4] for row in node.desk.ledger.findings()] == []
        for line in node.desk.ledger.lines():
            assert node.desk.ledger.unreceipted(line.id, node.me) == []


@pytest.mark.parametrize("who", [0, 1, 2])
def test_a_desk_that_starts_again_goes_on_with_its_chains(who: int) -> None:
    """P2: states are on disk before anything that was sealed by them is sent."""
    channel = both_thin()
    assert crossed(channel, channel.release(channel.west, channel.east, "Yes."))
    channel.restart(channel.nodes[who])
    channel.wait(2)
    channel.sizes = []
    assert crossed(channel, channel.release(channel.west, channel.east, "No."))
    assert set(channel.sizes) == {512}


def test_a_locked_reader_opens_what_came_at_the_next_sign_in() -> None:
    """P2, P3: the unattended desk opens cells, and no note."""
    channel = both_thin()
    channel.east.desk.lock()
    note = channel.release(channel.west, channel.east, "Yes.")
    assert not crossed(channel, note)
    channel.east.desk.unlock(channel.east.founding.reading_key, channel.tick())
    assert crossed(channel, note)


def test_a_reader_that_lost_its_chains_is_reached_the_ordinary_way_and_then_by_new_keys() -> None:
    """P2: as after a restored backup, which holds none. Nothing waits for ever, and the line is thin again."""
    channel = both_thin()
    for table in ("thin_chain", "thin_skipped", "thin_held"):
        channel.east.db.execute(f"DELETE FROM {table}")
    channel.east.desk.ledger.look_again()
    note = channel.release(channel.west, channel.east, "Yes.")
    channel.wait(60)
    assert crossed(channel, note)
    channel.sizes = []
    assert crossed(channel, channel.release(channel.west, channel.east, "No."))


@pytest.mark.slow
def test_a_vault_that_was_put_back_repeats_no_nonce_and_its_notes_arrive() -> None:
    """P2, P3: the same keys come round again, under other nonces; the reader has passed them and says nothing."""
    channel = both_thin()
    image = channel.west.db.serialize()
    seen: list[bytes] = []
    receive = channel.middle.desk.receive

    def see(line: bytes, envelope: bytes, now: int) -> object:
        seen.append(envelope)
        return receive(line, envelope, now)

    channel.middle.desk.receive = see  # type: ignore[method-assign,assignment]
    assert crossed(channel, channel.release(channel.west, channel.east, "Yes."))
    founded.put_back(channel.west.db, image)
    channel.restart(channel.west)
    note = channel.release(channel.west, channel.east, "No.")
    channel.wait(80)
    assert crossed(channel, note)
    cells = {cell for cell in seen if len(cell) == 512}
    heads = [cell[:8] for cell in cells]
    assert len(set(heads)) < len(heads)
    assert len({cell[:20] for cell in cells}) == len(cells)


def test_an_altered_cell_is_refused_and_costs_nothing_else() -> None:
    """P12."""
    channel = both_thin()
    receive, altered = channel.middle.desk.receive, list[bytes]()

    def spoil(line: bytes, envelope: bytes, now: int) -> object:
        if not altered and len(envelope) == 512:
            altered.append(bytes([*envelope[:100], envelope[100] ^ 1, *envelope[101:]]))
            receive(line, altered[0], now)
        return receive(line, envelope, now)

    channel.middle.desk.receive = spoil  # type: ignore[method-assign,assignment]
    assert crossed(channel, channel.release(channel.west, channel.east, "Yes."))
    assert altered
    (found,) = channel.middle.desk.ledger.findings()
    assert found[3] == "the relay's"


def test_a_cell_that_comes_again_says_nothing() -> None:
    """P2, P12: a relay repeats it, also after a start of this desk; no finding, nothing shown twice."""
    channel = both_thin()
    kept: list[tuple[bytes, bytes]] = []
    receive = channel.east.desk.receive

    def keep(line: bytes, envelope: bytes, now: int) -> object:
        kept.append((line, envelope))
        return receive(line, envelope, now)

    channel.east.desk.receive = keep  # type: ignore[method-assign,assignment]
    channel.release(channel.west, channel.east, "Yes.")
    channel.restart(channel.east)
    for line, envelope in kept:
        assert channel.east.desk.receive(line, envelope, channel.tick()).delete
    assert channel.east.desk.ledger.findings() == []
    assert len(channel.east.desk.ledger.notes(channel.mandate)) == 1
