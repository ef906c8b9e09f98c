# SPDX-License-Identifier: Apache-2.0
"""A relay plays with the cells of a thin line: again, altered, out of order, in another's mailbox."""

from __future__ import annotations

from tests.attacks.catalogue import Attack
from tests.desk.test_thin import Thin, both_thin, crossed
from tests.verify.channel import Node

ATTACK = Attack(
    by="A hostile relay",
    does="replays, alters, reorders and misplaces the cells of a thin line",
    refused="a key opens one cell, once, on its own line; what is early waits, what is lost is sent again",
    promise=2,
)

Cells = list[tuple[Node, bytes, bytes]]


def withheld() -> tuple[Thin, bytes, Cells]:
    """A note on its way from the west: the cells that a relay took and has not handed out."""
    channel = both_thin()
    kept: Cells = []
    take = channel.middle.desk.receive

    def keep(line: bytes, envelope: bytes, now: int) -> None:
        kept.append((channel.middle, line, envelope))

    channel.middle.desk.receive = keep  # type: ignore[method-assign,assignment]
    note = channel.release(channel.west, channel.east, "Yes.")
    channel.middle.desk.receive = take  # type: ignore[method-assign]
    assert not crossed(channel, note)
    assert len(kept) >= 2
    return channel, note, kept


def hand_out(channel: Thin, cells: Cells) -> None:
    for node, line, cell in cells:
        node.desk.receive(line, cell, channel.tick())
    channel.pump()


def test_cells_out_of_order_and_again_bring_the_note_once() -> None:
    """P2"""
    channel, note, kept = withheld()
    hand_out(channel, [*reversed(kept), *kept, *reversed(kept)])
    channel.wait(3)
    assert crossed(channel, note)
    for node in channel.nodes:
        assert node.desk.ledger.findings() == []
        assert len(node.desk.ledger.notes(channel.mandate)) == 1


def test_altered_cells_are_named_and_the_true_ones_still_open() -> None:
    """P12"""
    channel, note, kept = withheld()
    spoilt = [(node, line, bytes([*cell[:200], cell[200] ^ 4, *cell[201:]])) for node, line, cell in kept]
    hand_out(channel, spoilt)
    (found,) = channel.middle.desk.ledger.findings()
    assert found[3] == "the relay's", "nobody signed what does not open, however often it comes"
    hand_out(channel, kept)
    assert crossed(channel, note)


def test_cells_of_one_line_say_nothing_on_another() -> None:
    """P4, P12"""
    channel, note, kept = withheld()
    for _, _, cell in kept:
        assert channel.east.desk.receive(channel.lines[1], cell, channel.now).delete
    assert channel.east.desk.ledger.findings() == []
    assert channel.east.desk.ledger.notes(channel.mandate) == []
    hand_out(channel, kept)
    assert crossed(channel, note)


def test_a_number_far_ahead_costs_nothing() -> None:
    """P12: whoever writes another number on a cell makes nobody reckon, and closes nothing."""
    channel, note, kept = withheld()
    ahead = [(node, line, cell[:5] + (1 << 19).to_bytes(3) + cell[8:]) for node, line, cell in kept]
    hand_out(channel, [*ahead, *kept])
    assert crossed(channel, note)
