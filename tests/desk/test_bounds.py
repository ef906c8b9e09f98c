# SPDX-License-Identifier: Apache-2.0
"""What one office may say about one note: bounded, and nothing that was accepted is lost (ADR 0052)."""

from __future__ import annotations

import pytest

from goodoffices.core.act import Acknowledgement, ActType
from goodoffices.core.errors import YourError
from goodoffices.desk.channels import bounds
from goodoffices.desk.channels.bounds import MOST_ACTS, MOST_OWN_ACTS, MOST_WORDS
from tests.desk.test_beside import forwarded
from tests.verify.channel import Channel, Node


def acts_of(node: Node, note: bytes, author: Node | None = None) -> list[int]:
    """Types of an office's acts about a note, as a desk holds them."""
    whose = (author or node).desk.me
    return [row.type for row in node.desk.ledger.acts_about(note) if row.author == whose]


def found(node: Node, words: str) -> bool:
    return any(words in row[4] for row in node.desk.ledger.findings())


def test_remarks_without_end_are_refused_and_those_before_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """P11, P12: each may be 8,000 bytes, and every page of the note shows them all."""
    channel = Channel()
    note, bern = forwarded(channel), channel.middle
    for at in range(MOST_WORDS):
        bern.desk.acts.remark(bern.officer, note, f"Remark {at}.", channel.tick())
    with pytest.raises(YourError, match="as much beside this note"):
        bern.desk.acts.remark(bern.officer, note, "One more.", channel.tick())
    monkeypatch.setattr(bounds, "MOST_WORDS", 10**6)
    bern.desk.acts.remark(bern.officer, note, "One more.", channel.tick())
    monkeypatch.undo()
    channel.pump()
    for reader in (channel.west, channel.east):
        assert acts_of(reader, note, bern).count(ActType.REMARK) == MOST_WORDS
        assert found(reader, "More than 16 remarks and transcripts")


@pytest.mark.slow
def test_acknowledgements_without_end_are_refused_and_said_twice_is_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P11, P12"""
    channel = Channel()
    note, reader = forwarded(channel), channel.east
    reader.desk.acts.open(reader.officer, note, channel.tick())

    def acknowledge(at: int) -> None:
        kind = (Acknowledgement.READ, Acknowledgement.CONSIDERING)[at % 2]
        for _ in range(2):
            reader.desk.acts.acknowledge(reader.officer, note, int(kind), channel.tick())

    at = 0
    while len(acts_of(reader, note)) < MOST_OWN_ACTS:
        acknowledge(at)
        at += 1
    with pytest.raises(YourError, match="as much beside this note"):
        acknowledge(at)
    monkeypatch.setattr(bounds, "MOST_OWN_ACTS", 10**6)
    for more in range(at, MOST_ACTS + 2):
        acknowledge(more)
    channel.pump()
    assert len(acts_of(channel.west, note, reader)) == MOST_ACTS
    assert found(channel.middle, f"More than {MOST_ACTS} acts of one office")
