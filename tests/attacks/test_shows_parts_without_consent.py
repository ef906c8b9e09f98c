# SPDX-License-Identifier: Apache-2.0
"""An officer means to show a third party what the others have not agreed to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core import crypto
from goodoffices.core.briefing import FILE, read_briefing, write_briefing
from goodoffices.core.errors import NotAllowed
from goodoffices.core.mandate import RecordUse
from goodoffices.core.record.findings import Flaw
from goodoffices.core.statement import sign, state
from goodoffices.verify.briefing import verify_briefing
from tests.attacks.catalogue import Attack
from tests.verify.channel import Channel
from tests.verify.test_briefing import chosen, made_channel, make
from tests.verify.test_consent import agreed

ATTACK = Attack(
    by="A careless officer",
    does="shows parts of the record without the others' consent",
    refused="where the mandate asks for it, no briefing is made before every office has signed that it consents",
    promise=4,
    shows="the briefing itself, put together by hand: `briefing-terms`",
)


def committed() -> tuple[Channel, bytes]:
    return made_channel(RecordUse.WITH_CONSENT_OF_ALL)


def test_nothing_is_made_and_what_was_made_by_hand_is_found(tmp_path: Path) -> None:
    """P4, P8"""
    channel, note = committed()
    with pytest.raises(NotAllowed):
        make(channel, chosen(channel, note), tmp_path / "none")
    agreed(channel, note)
    folder = make(channel, chosen(channel, note), tmp_path / "made")
    _, content, parts = read_briefing((folder / FILE).read_bytes())
    without = replace(parts, consents=(parts.consents or ())[:1])
    by_hand = replace(content, consents=1, parts=crypto.sha256(without.raw))
    signed = sign(state(by_hand, bytes(16)), channel.east.officer.seed)
    (folder / FILE).write_bytes(write_briefing(signed, without))
    assert Flaw.BRIEFING_TERMS in {each.flaw for each in verify_briefing(folder).findings}
