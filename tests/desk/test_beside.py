# SPDX-License-Identifier: Apache-2.0
"""Translations and rewordings between three desks: beside the note, for its readers, never in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from goodoffices.core import crypto
from goodoffices.core.act import HOME_LANE, ActType
from goodoffices.core.beside import MOST_BESIDE, Beside, Grade
from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.mandate import Reading
from goodoffices.core.statement import sign, state
from goodoffices.desk.officers.beside import BesideDraft
from tests.verify.channel import Channel, Node

SIGHT = BesideDraft(text="ما جنگ نمی‌خواهیم.", language="fa", grade=int(Grade.SIGHT))
ROUGH = replace(SIGHT, text="ما خواهان جنگ نیستیم.", grade=int(Grade.ROUGH))


def put(channel: Channel, node: Node, note: bytes, draft: BesideDraft) -> bytes:
    made, stands = node.desk.acts.put_beside(node.officer, note, draft, channel.tick())
    assert stands
    channel.pump()
    return made


def held(node: Node, note: bytes) -> list[tuple[str, str | None]]:
    words = node.desk.channels.beside
    return [(row.state, found.text if (found := words.words(row)) else None) for row in words.of_note(note)]


def forwarded(channel: Channel) -> bytes:
    note = channel.release(channel.west, channel.east)
    channel.middle.desk.acts.forward(channel.middle.officer, note, channel.tick())
    channel.pump()
    return note


def test_both_sides_hold_the_same_translation_and_the_note_is_as_it_was() -> None:
    """P1, P11: it follows a note that went at once, and nothing about the note changes."""
    channel = Channel()
    note = forwarded(channel)
    before = [(node.desk.ledger.note(note), node.desk.ledger.copies(note)) for node in channel.nodes]
    first = put(channel, channel.middle, note, SIGHT)
    put(channel, channel.middle, note, replace(ROUGH, corrects=first))
    for node in channel.nodes:
        assert held(node, note) == [("verified", SIGHT.text), ("verified", ROUGH.text)]
    assert before == [(node.desk.ledger.note(note), node.desk.ledger.copies(note)) for node in channel.nodes]


def test_made_before_the_note_goes_it_goes_with_it_and_not_before() -> None:
    """P4: who was never sent the note learns of no translation either."""
    channel = Channel()
    note = channel.release(channel.west, channel.east)
    put(channel, channel.middle, note, SIGHT)
    assert held(channel.west, note) == [("verified", SIGHT.text)]
    assert held(channel.east, note) == []
    channel.middle.desk.acts.forward(channel.middle.officer, note, channel.tick())
    channel.pump()
    assert held(channel.east, note) == [("verified", SIGHT.text)]


def test_at_a_locked_desk_it_waits_unread_for_the_next_sign_in() -> None:
    """P3"""
    channel = Channel()
    note = forwarded(channel)
    channel.east.desk.lock()
    put(channel, channel.middle, note, SIGHT)
    assert held(channel.east, note) == [("unopened", None)]
    channel.east.desk.unlock(channel.east.founding.reading_key, channel.now)
    assert held(channel.east, note) == [("verified", SIGHT.text)]


def test_on_a_sealed_channel_the_middle_can_read_and_add_nothing() -> None:
    """P3: the author's own translation passes it sealed."""
    channel = Channel(reading=Reading.SEALED)
    note = forwarded(channel)
    put(channel, channel.west, note, SIGHT)
    assert held(channel.east, note) == [("verified", SIGHT.text)]
    assert held(channel.middle, note) == [("sealed", None)]
    with pytest.raises(NotNow):
        put(channel, channel.middle, note, SIGHT)


@pytest.mark.slow
def test_what_a_reader_makes_for_itself_stays_at_home() -> None:
    """P4"""
    channel = Channel()
    note = forwarded(channel)
    with pytest.raises(NotNow):
        put(channel, channel.east, note, SIGHT)  # not opened yet
    channel.east.desk.acts.open(channel.east.officer, note, channel.tick())
    made = put(channel, channel.east, note, SIGHT)
    kept = channel.east.desk.ledger.act(made)
    assert kept is not None
    assert kept.lane == HOME_LANE
    assert held(channel.east, note) == [("verified", SIGHT.text)]
    assert held(channel.middle, note) == held(channel.west, note) == []


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (replace(SIGHT, text=" \n"), YourError),
        (replace(SIGHT, text="x" * 60_001), YourError),
        (replace(SIGHT, grade=9), YourError),
        (replace(SIGHT, language="?"), YourError),
        (replace(SIGHT, grade=int(Grade.MACHINE)), YourError),
        (replace(SIGHT, corrects=bytes(32)), NotFound),
    ],
)
def test_what_is_not_right_is_refused_and_leaves_nothing(draft: BesideDraft, error: type[Exception]) -> None:
    """P12"""
    channel = Channel()
    note = forwarded(channel)
    with pytest.raises(error):
        put(channel, channel.middle, note, draft)
    assert held(channel.middle, note) == []


def test_only_the_intermediary_rewords() -> None:
    """P1: a party's other words are another note; what a counterpart signs all the same is refused here."""
    channel = Channel()
    note = forwarded(channel)
    with pytest.raises(NotAllowed):
        put(channel, channel.west, note, replace(SIGHT, grade=None))
    put(channel, channel.middle, note, replace(SIGHT, grade=None))
    assert held(channel.east, note) == [("verified", SIGHT.text)]
    _slipped_in(channel, channel.west, note, type=int(ActType.REWORDING), code=None)
    assert held(channel.middle, note) == held(channel.east, note) == [("verified", SIGHT.text)]
    assert "rewording by a party" in findings(channel.middle)


def _slipped_in(channel: Channel, node: Node, note: bytes, **changes: Any) -> None:
    """An act that no desk of ours would make, signed by its officer, on its way like any other."""
    desk = node.desk
    row, agreement = desk.acts.note_row(note), desk.ledger.agreement(channel.mandate)
    role = desk.acts.beside_role(row, agreement)
    words = Beside(language="fa", text=SIGHT.text, salt=bytes(32))
    with desk.context.transaction():
        act = replace(desk.acts._act(row, agreement, role, SIGHT, words, channel.tick()), **changes)
        signed = sign(state(act, bytes(16)), node.officer.seed)
        desk.channels.keep_act(agreement, signed, act, channel.now, came_from=None)
        desk.lines.flush_all(channel.now)
    channel.pump()


def findings(node: Node) -> str:
    return " ".join(each[4] for each in node.desk.ledger.findings())


def test_other_words_than_were_signed_are_named_and_not_shown() -> None:
    """P1: sealed words and signed hash differ; the note beside them is untouched."""
    channel = Channel()
    note = forwarded(channel)
    _slipped_in(channel, channel.middle, note, evidence=crypto.sha256(b"other words"))
    assert held(channel.east, note) == [("altered", None)]
    assert "Words beside a note" in findings(channel.east)
    found = channel.east.desk.ledger.note(note)
    assert found is not None
    assert found.state == "verified"


def test_words_hung_on_another_note_do_not_open_there() -> None:
    """P1"""
    channel = Channel()
    note, other = forwarded(channel), forwarded(channel)
    _slipped_in(channel, channel.middle, note, subject=other)
    assert held(channel.east, note) == []
    assert held(channel.east, other) == [("altered", None)]


def test_words_beside_a_note_without_end_are_refused() -> None:
    """P11, P12: sixty of them, made of marks that are named one by one, took minutes of each reader's desk."""
    channel = Channel()
    note = forwarded(channel)
    for at in range(MOST_BESIDE):
        put(channel, channel.middle, note, replace(SIGHT, text=f"{at}"))
    with pytest.raises(YourError, match="already"):
        channel.middle.desk.acts.put_beside(channel.middle.officer, note, ROUGH, channel.tick())
    hostile = channel.middle.desk.acts
    hostile._own_of = lambda *_, **__: set()  # type: ignore[method-assign]
    made, _ = hostile.put_beside(channel.middle.officer, note, ROUGH, channel.tick())
    channel.pump()
    for reader in (channel.west, channel.east):
        assert len(held(reader, note)) == MOST_BESIDE
        assert not reader.desk.ledger.has_act(made)
        assert any("More than 16 translations" in row[4] for row in reader.desk.ledger.findings())
    put(channel, channel.west, note, ROUGH)  # another office's place is its own
