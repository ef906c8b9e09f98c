# SPDX-License-Identifier: Apache-2.0
"""What an entry carries is judged with what else it carries, in whatever order it stands there (P12)."""

from __future__ import annotations

from goodoffices.core.act import ActType
from goodoffices.core.line import Item
from goodoffices.desk.desk import Desk
from tests.verify.channel import Channel

TEXT = "Is anybody there?"


def test_an_act_before_its_mandate_in_one_entry_is_taken() -> None:
    """P2: a vault that went back is handed its mandates; an act that stands before them waits for no other entry."""
    channel = Channel(compare=False)
    channel.pump()
    post, east = channel.middle, channel.east
    note = channel.release(post, east, TEXT)
    ledger = post.desk.ledger
    act = next(row for row in ledger.acts_about(note) if row.type == ActType.ON_RELAY)
    for table in ("carried", "act", "copy", "note", "mandate"):
        east.db.execute("PRAGMA foreign_keys=OFF")
        east.db.execute(f"DELETE FROM {table}")
    east.desk = Desk(east.db, east.founding.keys, channel.rng.randbytes)
    east.desk.start(channel.tick())
    east.desk.unlock(east.founding.reading_key, channel.now)
    assert not east.desk.ledger.has_mandate(channel.mandate)
    with post.desk.context.transaction():
        ledger.owe(channel.lines[1], (Item.ACT, act.signed))
        post.desk.channels.owe_mandate(
            channel.lines[1], ledger.agreement(channel.mandate), ledger.papers_of(channel.mandate)
        )
        post.desk.lines.flush(channel.lines[1], channel.now)
    (put,) = [each for each in post.desk.work(channel.now) if each.route.line == channel.lines[1]]
    assert east.desk.receive(channel.lines[1], put.envelope, channel.now).delete
    assert east.desk.ledger.has_mandate(channel.mandate)
    assert east.desk.ledger.has_act(act.id)
