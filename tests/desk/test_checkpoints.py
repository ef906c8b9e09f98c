# SPDX-License-Identifier: Apache-2.0
"""Checkpoints at the desk: made, offered, cosigned, refused; lines without a key go on (P8, P11)."""

from dataclasses import replace

import pytest

from goodoffices.core import checkpoint as cp
from goodoffices.core.checkpoint import Checkpoint, Tree
from goodoffices.core.merkle import plain_leaf, root
from goodoffices.desk.ledger.checkpoints import CheckpointRow
from goodoffices.desk.lines.checkpoints import AGAIN, EVERY, LOOK, MAX_REFUSED, OFTEN
from tests.verify.channel import Channel, Node


@pytest.fixture
def channel() -> Channel:
    played = Channel()
    played.week()
    return played


def by(node: Node, line: bytes, writer: Node) -> list[CheckpointRow]:
    return [each for each in node.desk.ledger.checkpoints(line) if each.checkpoint.tree.writer == writer.me]


def on_demand(channel: Channel, node: Node) -> None:
    node.desk.checkpoints.now(channel.tick())
    channel.pump()


def tree(channel: Channel, node: Node, line: int) -> tuple[Tree, list[bytes]]:
    ((found, newest),) = node.desk.ledger.trees(channel.lines[line], node.me)
    ids = node.desk.ledger.entry_ids(found, 0, newest)
    assert ids is not None
    return found, ids


def test_on_demand_each_chain_of_a_desk_gets_one_and_its_counterpart_cosigns(channel: Channel) -> None:
    """P8."""
    on_demand(channel, channel.middle)
    for at, peer in enumerate((channel.west, channel.east)):
        line = channel.lines[at]
        (mine,), (theirs,) = by(channel.middle, line, channel.middle), by(peer, line, channel.middle)
        _, ids = tree(channel, channel.middle, at)
        assert mine.checkpoint.size == len(ids)
        assert mine.checkpoint.root == root([plain_leaf(each) for each in ids])
        for row in (mine, theirs):
            cp.verify(row.checkpoint, channel.middle.founding.office)
            assert cp.verify_cosigner(row.checkpoint, peer.founding.office) > 0
            assert row.cosigned is not None


def test_one_that_overtook_its_entries_is_cosigned_once_they_are_here(channel: Channel) -> None:
    """P8: it goes beside them, in an envelope of its own; nobody has to ask again."""
    channel.release(channel.east, channel.middle, "Still under way.", carried=False)
    found, ids = tree(channel, channel.east, 1)
    seed = channel.east.desk.context.keys.checkpoint_seed
    assert seed is not None
    over = root([plain_leaf(each) for each in ids])
    early = cp.make(
        found, len(ids), over, roster=channel.east.desk.context.my_office().roster.version, seed=seed
    )
    middle, line = channel.middle.desk, channel.lines[1]
    with middle.context.transaction():
        middle.checkpoints.take(middle.ledger.line(line), early.raw, channel.tick())
    assert not by(channel.middle, line, channel.east)
    assert not middle.checkpoints.settle(channel.tick())
    channel.pump()
    middle.checkpoints.settle(channel.tick())
    (row,) = by(channel.middle, line, channel.east)
    assert row.checkpoint.size == len(ids)
    assert row.cosigned is not None


def test_nothing_new_makes_no_new_one(channel: Channel) -> None:
    on_demand(channel, channel.east)
    assert channel.east.desk.checkpoints.now(channel.tick()) == 0


def test_each_one_extends_the_last(channel: Channel) -> None:
    """The later tree goes on from the earlier one, and holds all of it."""
    on_demand(channel, channel.east)
    channel.now += OFTEN
    channel.release(channel.east, channel.middle, "One more.")
    on_demand(channel, channel.east)
    first, second = (row.checkpoint for row in by(channel.east, channel.lines[1], channel.east))
    _, ids = tree(channel, channel.east, 1)
    assert first.size < second.size == len(ids)
    assert second.root == root([plain_leaf(each) for each in ids])
    assert all(row.cosigned for row in by(channel.east, channel.lines[1], channel.east))


def test_one_a_day_is_made_by_itself_and_none_before(channel: Channel) -> None:
    for node in channel.nodes:
        assert not by(node, channel.lines[1], node)
    channel.now += EVERY
    channel.pump()
    assert by(channel.east, channel.lines[1], channel.east)
    assert by(channel.east, channel.lines[1], channel.middle)


def test_one_that_was_lost_is_offered_again_until_it_is_cosigned(channel: Channel) -> None:
    """P8, P11: nothing is kept waiting meanwhile."""
    node, line = channel.east, channel.lines[1]
    node.desk.checkpoints.now(channel.tick())
    node.desk.work(channel.now)  # and the relay loses it
    assert [row.cosigned for row in by(node, line, node)] == [None]
    channel.now += AGAIN + LOOK
    channel.pump()
    assert all(row.cosigned for row in by(node, line, node))


def offered(channel: Channel, checkpoint: Checkpoint) -> None:
    """Tehran's desk sends a checkpoint of its own making to Bern."""
    channel.now += OFTEN
    from goodoffices.core import envelope

    channel.east.desk.lines.send_part(channel.lines[1], envelope.checkpoint_part(checkpoint), channel.now)
    channel.pump()


def test_one_over_other_entries_than_were_sent_is_kept_told_and_never_cosigned(channel: Channel) -> None:
    """P8: a writer that shows two histories."""
    found, ids = tree(channel, channel.east, 1)
    seed = channel.east.founding.checkpoint_seed
    other = cp.make(found, len(ids), bytes(32), roster=1, seed=seed)
    offered(channel, other)
    (row,) = by(channel.middle, channel.lines[1], channel.east)
    assert (row.holds, row.cosigned) == (False, None)
    whats = [each[4] for each in channel.middle.desk.ledger.findings()]
    assert any("not those it sent here" in each for each in whats)
    on_demand(channel, channel.east)
    assert [each.holds for each in by(channel.middle, channel.lines[1], channel.east)] == [False, True]


def test_any_number_of_false_ones_fills_no_disk(channel: Channel) -> None:
    """P12."""
    found, ids = tree(channel, channel.east, 1)
    seed = channel.east.founding.checkpoint_seed
    for at in range(MAX_REFUSED + 3):
        offered(channel, cp.make(found, len(ids), bytes([at]) * 32, roster=1, seed=seed))
    assert len(by(channel.middle, channel.lines[1], channel.east)) == MAX_REFUSED


def test_one_by_another_key_or_of_another_line_is_refused(channel: Channel) -> None:
    found, ids = tree(channel, channel.east, 1)
    leaves = root([plain_leaf(each) for each in ids])
    offered(channel, cp.make(found, len(ids), leaves, roster=1, seed=bytes(32)))
    away = replace(found, line=channel.lines[0])
    offered(channel, cp.make(away, len(ids), leaves, roster=1, seed=channel.east.founding.checkpoint_seed))
    assert not by(channel.middle, channel.lines[1], channel.east)


def test_entries_still_under_way_are_waited_for_without_a_word(channel: Channel) -> None:
    found, ids = tree(channel, channel.east, 1)
    before = len(channel.middle.desk.ledger.findings())
    seed = channel.east.founding.checkpoint_seed
    offered(channel, cp.make(found, len(ids) + 1, bytes(32), roster=1, seed=seed))
    assert not by(channel.middle, channel.lines[1], channel.east)
    assert len(channel.middle.desk.ledger.findings()) == before


def test_an_office_without_a_key_for_checkpoints_goes_on_as_before(channel: Channel) -> None:
    """Lines paired before this version keep working: no checkpoint, and nothing else changes."""
    node = channel.east
    node.desk.context.keys = replace(node.desk.context.keys, checkpoint_seed=None)
    assert node.desk.checkpoints.now(channel.tick()) == 0
    on_demand(channel, channel.middle)
    (kept,) = by(node, channel.lines[1], channel.middle)
    assert kept.cosigned is None  # held against its entries, and not cosigned
    assert channel.release(channel.middle, node, "Still here?") in {
        each.id for each in node.desk.ledger.notes(channel.mandate)
    }
