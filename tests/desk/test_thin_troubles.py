# SPDX-License-Identifier: Apache-2.0
"""A thin line in trouble: clocks, disks, absence, lost vaults, and counterparts who play with keys (ADR 0044)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from goodoffices.core import cbor
from goodoffices.core.errors import Altered, NotNow
from goodoffices.core.line import Item
from goodoffices.core.mandate import Precedence, Reading
from goodoffices.core.note import Words
from goodoffices.core.sealed import read_sealed
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.thin.agreeing import KEPT
from goodoffices.desk.thin.tables import MOST_AHEAD
from tests import founded
from tests.desk.test_thin import Thin, both_thin, crossed
from tests.verify.channel import Node

DAY = 86_400_000


def entries_of(node: Node) -> int:
    (count,) = node.db.execute("SELECT count(*) FROM entry WHERE writer=?", (node.me,)).fetchone()
    return int(count)


def answered(channel: Thin, note: bytes) -> bytes:
    """The west releases a note that states to have read the east's."""
    draft = Draft(
        mandate=channel.mandate,
        recipient=channel.east.me,
        words=Words(text="Yes.", language="en", in_reply_to=note),
        precedence=Precedence.IMMEDIATE,
    )
    return channel.west.desk.acts.release(channel.west.officer, draft, channel.tick())


def test_a_clock_that_is_set_back_draws_new_keys_once_at_most() -> None:
    """P2, P12: keys that were made in what is now the future do not call for others again and again."""
    channel = both_thin()
    channel.now -= 40 * DAY
    before = [entries_of(node) for node in channel.nodes]
    channel.wait(20, 61_000)
    assert [after - old for after, old in zip(map(entries_of, channel.nodes), before, strict=True)] == [
        0,
        0,
        0,
    ]
    assert crossed(channel, channel.release(channel.west, channel.east, "Yes."))


@pytest.mark.slow
def test_a_peer_that_is_away_for_a_month_finds_a_few_new_keys_and_not_a_thousand() -> None:
    """P2, P12"""
    channel = both_thin()
    channel.lost = lambda: True
    channel.release(channel.west, channel.east, "Yes.")
    before = entries_of(channel.west)
    channel.wait(30 * 24, DAY // 24)
    assert entries_of(channel.west) - before < 80
    chains = channel.west.desk.channels.thin.tables.of_author(
        channel.lines[0], channel.west.me, channel.middle.me
    )
    assert len(chains) <= KEPT


def test_keys_that_gave_way_to_newer_ones_are_named_in_no_cell() -> None:
    """P2: a note that named them was measured for a cell, did not fit any more, and stopped its desk's sending."""
    channel = both_thin()
    desk, line = channel.west.desk, channel.lines[0]
    known = desk.lines.cells.known(desk.ledger.line(line))
    (first,) = desk.channels.thin.tables.of_author(line, channel.west.me, channel.middle.me)
    assert known.told(first)
    for _ in range(KEPT - 1):
        desk.channels.thin.doubt(line)
        channel.wait(1)
    assert known.told(first)
    desk.channels.thin.doubt(line)
    desk.settle(channel.now)
    assert desk.channels.thin.tables.chain(first) is None
    assert not known.told(first)


def test_a_full_disk_sends_what_was_saved_before_the_ordinary_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """P2: a cell's key cannot be used up without being written down; an ordinary envelope needs no disk."""
    channel = both_thin()
    note = released_only(channel)
    channel.sizes = []

    def full(*_: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(channel.west.desk.channels.thin.tables, "move", full)
        puts = channel.west.desk.work(channel.now)
        assert puts
        assert 512 not in {len(put.envelope) for put in puts}
    for put in puts:
        reader, line = channel._boxes[put.route.mailbox]
        channel.west.desk.put_accepted(put, channel.now)
        reader.desk.receive(line, put.envelope, channel.now)
    channel.pump()
    assert crossed(channel, note)


def released_only(channel: Thin) -> bytes:
    draft = Draft(
        mandate=channel.mandate,
        recipient=channel.east.me,
        words=Words(text="Yes.", language="en"),
        precedence=Precedence.IMMEDIATE,
    )
    return channel.west.desk.acts.release(channel.west.officer, draft, channel.tick())


def offered(channel: Thin, node: Node) -> list[tuple[Node, bytes, bytes]]:
    """What a desk offers now, taken by its relay and not handed out."""
    kept = []
    for put in node.desk.work(channel.now):
        node.desk.put_accepted(put, channel.now)
        kept.append((*channel._boxes[put.route.mailbox], put.envelope))
    return kept


def test_nothing_is_said_or_done_about_a_note_before_its_entry_is_here() -> None:
    """P8: what an entry states to have seen comes before what this desk says of it, on a thin line too."""
    channel = both_thin()
    note = released_only(channel)
    (ahead, entry, *_) = offered(channel, channel.west)
    reader, line, cell = ahead
    reader.desk.receive(line, cell, channel.now)
    assert channel.middle.desk.ledger.note(note) is None
    assert channel.middle.desk.ledger.acts_about(note) == []
    reader, line, cell = entry
    reader.desk.receive(line, cell, channel.now)
    assert channel.middle.desk.ledger.note(note) is not None
    channel.pump()
    assert crossed(channel, note)
    assert channel.middle.db.execute("SELECT count(*) FROM thin_ahead").fetchone() == (0,)


def test_notes_without_entries_fill_no_vault() -> None:
    """P12: a counterpart that sends notes ahead and never their entries."""
    channel = both_thin()
    tables, line = channel.middle.desk.channels.thin.tables, channel.lines[0]
    for at in range(MOST_AHEAD + 10):
        tables.keep_ahead(line, bytes([at]) * 32, bytes([at]) * 32, b"sealed", at)
    assert channel.middle.db.execute("SELECT count(*) FROM thin_ahead").fetchone() == (MOST_AHEAD,)
    assert tables.ahead(line, bytes([MOST_AHEAD + 9]) * 8) == [b"sealed"]
    assert tables.ahead(line, bytes([0]) * 8) == []


def test_a_note_that_names_one_lost_by_its_reader_is_asked_for_whole() -> None:
    """P2: a vault that went back lacks notes of its own, by which others name them."""
    channel = both_thin()
    image = channel.east.db.serialize()
    lost = channel.release(channel.east, channel.west, "We ask for a word.")
    channel.pump()
    assert channel.west.desk.ledger.note(lost) is not None
    founded.put_back(channel.east.db, image)
    channel.restart(channel.east)
    assert channel.east.desk.ledger.note(lost) is None
    note = answered(channel, lost)
    channel.wait(80)
    assert crossed(channel, note)


def forged(channel: Thin, note: bytes, change: Callable[[list[Any]], None]) -> bytes:
    """The sealed note at the east, with something in it changed on the way."""
    parts = list(cbor.decode(channel.east.desk.ledger.copies(note)[0][1]))
    change(parts)
    return cbor.encode(parts)


def test_a_second_form_under_a_note_s_own_key_is_named_as_altered() -> None:
    """P1: the key is gone when it comes, and yet its author never seals one note twice from a chain."""
    channel = both_thin()
    note = channel.release(channel.west, channel.east, "Yes.")

    def spoil(parts: list[Any]) -> None:
        parts[3] = parts[3][:-1] + bytes([parts[3][-1] ^ 1])

    second = forged(channel, note, spoil)
    hand_over(channel, second)
    told = [(what, verdict) for _, _, what, verdict in channel.east.desk.ledger.copies(note)]
    assert [verdict for _, verdict in told] == ["verified", "altered"]
    assert crossed(channel, note)
    assert any("Bern" in found[4] for found in channel.east.desk.ledger.findings())


def hand_over(channel: Thin, sealed: bytes) -> None:
    """The intermediary's desk writes an entry with a sealed note of its making."""
    middle = channel.middle.desk
    with middle.context.transaction():
        middle.ledger.owe(channel.lines[1], (1, sealed))
    channel.pump()


def test_a_note_that_names_a_chain_of_something_else_is_altered_and_harms_nothing() -> None:
    """P1, P12: the keys of a line's cells lie under no officer's key, and open no note."""
    channel = both_thin(Reading.OPEN)
    note = channel.release(channel.west, channel.east, "Yes.")
    tables = channel.east.desk.channels.thin.tables
    (cells,) = tables.of_author(channel.lines[1], channel.middle.me, channel.east.me)
    sealed = read_sealed(channel.east.desk.ledger.copies(note)[0][1])
    misled = replace(
        sealed,
        header=replace(sealed.header, author=channel.middle.me),
        wraps=tuple((reader, 0, cells) for reader, _, _ in sealed.wraps),
    )
    notes = channel.east.desk.channels.thin_notes
    assert not notes.key_is_gone(misled)
    with pytest.raises(Altered):
        notes.open(channel.east.desk.ledger.agreement(channel.mandate), misled)


def test_an_old_wish_that_comes_again_changes_nothing() -> None:
    """P12"""
    channel = both_thin()
    west, middle, line = channel.west, channel.middle.desk, channel.lines[0]
    west.desk.acts.thin_line(west.officer, line, False, channel.tick())
    channel.pump()
    row = middle.ledger.line(line)
    assert middle.channels.thin.state(row) == "ours"
    bodies = [
        middle.ledger.entry(bytes(each)).items  # type: ignore[union-attr]
        for (each,) in channel.middle.db.execute("SELECT id FROM entry WHERE writer=?", (west.me,)).fetchall()
    ]
    wishes = [item for items in bodies for item in items if item[0] == Item.THIN_LINE]
    assert wishes
    with middle.context.transaction():
        for item in wishes:
            middle.channels.thin.take(row, item[0], item[1], channel.now)
    assert middle.channels.thin.state(row) == "ours"


def test_cells_that_are_under_way_when_a_line_becomes_ordinary_are_still_read() -> None:
    """P2: an office turns it off while the other has sent."""
    channel = both_thin()
    note = released_only(channel)
    under_way = offered(channel, channel.west)
    channel.middle.desk.acts.thin_line(channel.middle.officer, channel.lines[0], False, channel.tick())
    for reader, line, cell in under_way:
        assert len(cell) == 512
        reader.desk.receive(line, cell, channel.tick())
    channel.sizes = []
    channel.pump()
    assert crossed(channel, note)


def test_new_sealing_keys_in_the_middle_bring_a_new_chain_and_the_old_is_still_read() -> None:
    """P2, P3: what was sealed before the change opens after it."""
    channel = both_thin()
    note = released_only(channel)
    under_way = offered(channel, channel.west)
    tables = channel.west.desk.channels.thin.tables
    (first,) = tables.of_author(channel.lines[0], channel.west.me, channel.middle.me)
    channel.now += 29 * DAY
    channel.west.desk.settle(channel.now)
    assert len(tables.of_author(channel.lines[0], channel.west.me, channel.middle.me)) == 2
    for reader, line, cell in under_way:
        reader.desk.receive(line, cell, channel.tick())
    channel.pump()
    assert crossed(channel, note)
    usable = channel.west.desk.channels.thin.usable(channel.lines[0], channel.middle.me)
    assert usable is not None
    assert usable.id != first


def test_a_wish_for_a_line_that_is_not_confirmed_is_refused() -> None:
    channel = Thin(reading=Reading.SEALED)
    row = replace(channel.west.desk.ledger.line(channel.lines[0]), their_confirmation=None)
    with pytest.raises(NotNow):
        channel.west.desk.channels.thin.change(channel.west.officer, row, True, channel.now)


def test_keys_that_come_once_more_after_a_note_open_it_at_once() -> None:
    """P2: a vault that was put back gets its chain again; what came before it waited for the next sign-in."""
    channel = both_thin()
    east, west = channel.east, channel.west
    (chain,) = west.desk.channels.thin.tables.of_author(channel.mandate, west.me, east.me)
    keys = west.desk.channels.thin.tables.chain(chain)
    assert keys is not None
    for table in ("thin_chain", "thin_skipped", "thin_held"):
        east.db.execute(f"DELETE FROM {table}")
    east.desk.ledger.look_again()
    note = released_only(channel)
    west.desk.lock()  # nobody there seals it anew
    channel.wait(60)
    row = east.desk.ledger.note(note)
    assert row is not None
    assert row.state == "unreadable"
    middle = channel.middle.desk
    with middle.context.transaction():
        middle.ledger.owe(channel.lines[1], (Item.THIN_KEYS, keys.signed))
    channel.pump()
    assert crossed(channel, note)
