# SPDX-License-Identifier: Apache-2.0
"""Notes to a sealing key that is gone: asked for by the reader, sealed anew by the author's desk (ADR 0042)."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from goodoffices.core.line import Item
from goodoffices.core.mandate import Forwarding, Precedence, Reading
from goodoffices.core.note import Words
from goodoffices.core.roster_request import sign_request
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.channels.sealing_anew import MOST
from goodoffices.desk.officers.acts import Draft
from tests.verify.channel import TEXT, Channel, Node, exported, verdict


def loses_its_keys(channel: Channel, node: Node) -> None:
    """As after a backup that held none: a roster with new sealing keys, and the old reading keys gone."""
    forgets(node)
    gets_new_keys(channel, node)


def forgets(node: Node) -> None:
    with node.desk.context.transaction():
        for epoch in node.desk.ledger.sealed_reading_seeds():
            node.desk.ledger.drop_epoch(epoch, reading=True)
    node.desk.context.reading = {}


def gets_new_keys(channel: Channel, node: Node) -> None:
    request = node.desk.rosters.renew(node.officer, channel.tick())
    node.desk.rosters.install(sign_request(request, node.founding.root_seed), channel.tick())


def written(channel: Channel) -> bytes:
    """A note of the west's that nobody has carried yet."""
    words = Words(text=TEXT, language="en")
    draft = Draft(
        mandate=channel.mandate, recipient=channel.east.me, words=words, precedence=Precedence.IMMEDIATE
    )
    return channel.west.desk.acts.release(channel.west.officer, draft, channel.tick())


def state_at(node: Node, note: bytes) -> str:
    row = node.desk.ledger.note(note)
    assert row is not None
    return row.state


def findings(node: Node) -> list[str]:
    return [row[4] for row in node.desk.ledger.findings()]


@pytest.mark.parametrize("reading", [Reading.SEALED, Reading.OPEN])
def test_a_note_to_a_key_that_is_gone_is_sealed_anew_by_its_author(reading: Reading, tmp_path: Path) -> None:
    """P2, P3, P8: the same note, under a new seal, through the post; every record verifies."""
    channel = Channel(reading=reading, forwarding=Forwarding.AUTOMATIC)
    note = written(channel)
    loses_its_keys(channel, channel.east)
    channel.pump()
    assert state_at(channel.east, note) == "verified"
    channel.east.desk.acts.open(channel.east.officer, note, channel.tick())
    channel.pump()
    for node in channel.nodes:
        assert findings(node) == []
        told = verdict(exported(node, tmp_path / node.name, channel.now))
        assert told.findings == ()
    assert "sealed anew" in next((tmp_path / "Tehran").rglob("note.txt")).read_text(encoding="utf-8")


def test_a_locked_author_answers_at_the_next_sign_in() -> None:
    """P2: the question waits with the author until somebody can open the words."""
    channel = Channel(reading=Reading.SEALED, forwarding=Forwarding.AUTOMATIC)
    note = written(channel)
    loses_its_keys(channel, channel.east)
    channel.west.desk.lock()
    channel.pump()
    assert state_at(channel.east, note) == "unreadable"
    channel.west.desk.unlock(channel.west.founding.reading_key, channel.tick())
    channel.pump()
    assert state_at(channel.east, note) == "verified"


def test_nothing_is_asked_before_there_is_a_key_to_seal_to() -> None:
    """P3: sealed to the lost key once more it would not open either."""
    channel = Channel(reading=Reading.SEALED, forwarding=Forwarding.AUTOMATIC)
    note = written(channel)
    forgets(channel.east)
    channel.pump()
    assert state_at(channel.east, note) == "unreadable"
    assert channel.west.db.execute("SELECT count(*) FROM sealing_anew").fetchone() == (0,)
    gets_new_keys(channel, channel.east)
    channel.pump()
    assert state_at(channel.east, note) == "verified"


def test_a_post_that_reads_asks_for_itself() -> None:
    """P2: on an open channel the intermediary is a reader too."""
    channel = Channel(reading=Reading.OPEN)
    note = written(channel)
    loses_its_keys(channel, channel.middle)
    channel.pump()
    assert state_at(channel.middle, note) == "verified"


def test_what_was_not_passed_to_an_office_is_not_sealed_to_it() -> None:
    """P4: a question about a note that the asker never had is refused by name, and too many of them too."""
    channel = Channel(reading=Reading.SEALED)
    note = channel.release(channel.west, channel.east)  # it waits at the post
    east = channel.east.desk

    def ask() -> None:
        with east.context.transaction():
            line = east.ledger.line_to(channel.middle.me)
            assert line is not None
            east.ledger.owe(line.id, (Item.RESEAL_ASKED, note))
        channel.pump()

    ask()
    assert any("not passed to it" in each for each in findings(channel.middle))
    channel.middle.desk.acts.forward(channel.middle.officer, note, channel.tick())
    channel.pump()
    for _ in range(MOST + 2):
        ask()
    assert any("too often" in each for each in findings(channel.middle))
    assert len(channel.west.desk.ledger.copies(note)) == 1  # the key that was asked for is the one it has


def test_a_record_made_before_is_as_it_was() -> None:
    """P2: the step of the schema adds a table and changes nothing."""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if "sealing_anew" in step.name)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO mandate VALUES (x'01', x'02', x'80', 'Old', 1, 1)")
    migrate(db, steps)
    assert db.execute("SELECT name FROM mandate").fetchall() == [("Old",)]
    assert db.execute("SELECT count(*) FROM sealing_anew").fetchone() == (0,)
