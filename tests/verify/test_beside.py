# SPDX-License-Identifier: Apache-2.0
"""Translations and rewordings in an exported record, before both verifiers (P1, P8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goodoffices.core.beside import Grade
from goodoffices.core.mandate import Reading
from goodoffices.core.record.findings import Flaw
from goodoffices.desk.officers.beside import BesideDraft
from tests.verify.channel import Channel, Node, exported, sign_again, verdict

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("second")]

SIGHT, ROUGH = "We want no war.\nWITHDRAWN by all.", "ما خواهان جنگ نیستیم.\n"


def played(reading: Reading) -> tuple[Channel, bytes]:
    """A note with whatever can stand beside it."""
    channel = Channel(reading=reading)
    note = channel.release(channel.west, channel.east)
    channel.middle.desk.acts.forward(channel.middle.officer, note, channel.tick())
    channel.pump()
    put(channel, channel.west, note, text=SIGHT, grade=int(Grade.SIGHT))
    if reading == Reading.OPEN:
        first = put(
            channel, channel.middle, note, text=SIGHT, grade=int(Grade.MACHINE), made_with="a programme"
        )
        put(channel, channel.middle, note, text=ROUGH, language="fa", grade=int(Grade.ROUGH), corrects=first)
        put(channel, channel.middle, note, text=SIGHT, grade=None)
    channel.east.desk.acts.open(channel.east.officer, note, channel.tick())
    put(channel, channel.east, note, text=ROUGH, language="fa", grade=int(Grade.OFFICIAL))
    return channel, note


def put(channel: Channel, node: Node, note: bytes, *, language: str = "en", **fields: Any) -> bytes:
    draft = BesideDraft(language=language, **fields)
    made, _ = node.desk.acts.put_beside(node.officer, note, draft, channel.tick())
    channel.pump()
    return made


@pytest.mark.parametrize("reading", Reading)
def test_the_record_of_every_office_verifies_and_shows_what_it_could_read(
    tmp_path: Path, reading: Reading
) -> None:
    """P1, P8: beside the note's own text, under whose words they are."""
    channel, _ = played(reading)
    shown = {}
    for node in channel.nodes:
        folder = exported(node, tmp_path / node.name, channel.now)
        assert verdict(folder).findings == ()
        texts = [each.read_text() for each in folder.rglob("beside-*.txt")]
        assert all("These are not the note's words." in each for each in texts)
        shown[node.name] = len(texts)
    open_channel = {"Washington": 4, "Bern": 4, "Tehran": 5}
    assert shown == (open_channel if reading == Reading.OPEN else {"Washington": 1, "Bern": 0, "Tehran": 2})


def test_a_word_changed_in_the_export_is_found(tmp_path: Path) -> None:
    """P1: whoever holds the desk's key can sign the list again, and not the words."""
    channel, _ = played(Reading.OPEN)
    folder = exported(channel.east, tmp_path / "export", channel.now)
    inside = min(folder.rglob("beside-*.cbor"))
    text = inside.with_suffix(".txt")
    inside.write_bytes(inside.read_bytes()[:-3] + b"...")
    sign_again(folder, channel.east)
    kinds = {each.flaw for each in verdict(folder).findings}
    assert kinds == {Flaw.NOTE}
    assert text.exists()


def test_words_that_are_left_out_are_no_finding_and_their_text_alone_is(tmp_path: Path) -> None:
    """P8: a text that nothing signed stands behind."""
    channel, _ = played(Reading.OPEN)
    folder = exported(channel.east, tmp_path / "export", channel.now)
    inside = min(folder.rglob("beside-*.cbor"))
    inside.unlink()
    sign_again(folder, channel.east)
    assert {each.flaw for each in verdict(folder).findings} == {Flaw.BELONGS_TO_NOTHING}
    inside.with_suffix(".txt").unlink()
    sign_again(folder, channel.east)
    assert verdict(folder).findings == ()
