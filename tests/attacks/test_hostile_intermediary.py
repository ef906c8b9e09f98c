# SPDX-License-Identifier: Apache-2.0
"""An intermediary that sends what it likes to both sides (P1, P12; docs/threat-model.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goodoffices.core import cbor
from goodoffices.core.fields import to_map
from goodoffices.core.mandate import Forwarding
from goodoffices.core.sealed import Header, read_sealed
from goodoffices.desk.ledger.channels import MAX_COPIES
from goodoffices.desk.views.views import Views
from tests.attacks.hostile import NOW, ActType, Item, Wire


def _under(raw: bytes, header: Header) -> bytes:
    sealed = read_sealed(raw)
    return cbor.encode([1, cbor.encode(to_map(header)), sealed.wraps, sealed.ciphertext])


def test_a_false_header_sent_first_does_not_stay_with_the_true_note() -> None:
    """P1: it cannot alter. Number, precedence and validity are the author's, whatever came before."""
    wire = Wire()
    mandate = wire.agree(forwarding=Forwarding.BY_HAND)
    note = wire.release(mandate, wire.b, wire.a)
    wire.pump()
    raw = wire.m.ledger.copies(note)[0][1]
    false = replace(read_sealed(raw).header, number=99, precedence=1, valid_until=NOW - 1)
    wire.say(wire.m, wire.a, wire.am, [(Item.NOTE, _under(raw, false))])
    assert wire.a.note(note).state == "altered"
    wire.say(wire.m, wire.a, wire.am, [(Item.NOTE, raw)])
    row = wire.a.note(note)
    assert (row.state, row.number, row.precedence, row.valid_until) == ("verified", 1, 3, None)


def test_a_note_is_not_moved_into_another_channel() -> None:
    """P1: a note stands under the mandate that its author signed it for."""
    wire = Wire()
    other = wire.agree(name="other")
    mandate = wire.agree(name="own", forwarding=Forwarding.BY_HAND)
    note = wire.release(mandate, wire.b, wire.a)
    wire.pump()
    raw = wire.m.ledger.copies(note)[0][1]
    false = replace(read_sealed(raw).header, mandate=other)
    wire.say(wire.m, wire.a, wire.am, [(Item.NOTE, _under(raw, false))])
    wire.say(wire.m, wire.a, wire.am, [(Item.NOTE, raw)])
    row = wire.a.note(note)
    assert (row.state, row.mandate) == ("verified", mandate)


def test_thousands_of_false_copies_are_not_kept() -> None:
    """P12: each false copy was kept and held against all others, so that n of them cost n times n."""
    wire = Wire()
    mandate = wire.agree(forwarding=Forwarding.BY_HAND)
    note = wire.release(mandate, wire.b, wire.a)
    wire.pump()
    raw = wire.m.ledger.copies(note)[0][1]
    sealed = read_sealed(raw)
    false = [[1, sealed.header_raw, sealed.wraps, wire.rng.randbytes(500)] for _ in range(40)]
    wire.say(wire.m, wire.a, wire.am, [(Item.NOTE, cbor.encode(each)) for each in false])
    assert len(wire.a.ledger.copies(note)) == MAX_COPIES
    assert wire.a.note(note).state == "altered"


def test_the_intermediary_does_not_withdraw_for_the_author() -> None:
    """P1: what it adds cannot be mistaken. A withdrawal is the author's alone."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.b, wire.a)
    wire.pump()
    act = wire.act(wire.m, mandate, ActType.WITHDRAWN, subject=note, recipient=wire.a.me)
    wire.say(wire.m, wire.a, wire.am, [(Item.ACT, act.raw)])
    _, page = Views(wire.a.desk).note(wire.a.officer, note, NOW)
    assert not page.card.withdrawn


@pytest.mark.slow
def test_a_second_office_and_a_second_channel_of_one_name_are_told_apart() -> None:
    """P1, P4: lanes unmistakable. A fake Tehran stood in every list as nothing but 'Tehran'."""
    wire = Wire()
    fake = wire.add("Tehran")
    fake.name = "the other Tehran"
    wire.pair(wire.m, fake)
    for office in (wire.b, fake):
        wire.m.desk.acts.introduce(wire.m.officer, office.me, wire.am, NOW)
    wire.pump()
    _, page = Views(wire.a.desk).new_mandate(wire.a.officer, NOW)
    names = [each.name for each in page.offices]
    assert len(set(names)) == len(names) == 4
    wire.agree(name="talks")
    wire.agree((wire.a, wire.m, fake), name="Talks ")
    home = Views(wire.a.desk).home(wire.a.officer, NOW, [])
    first, second = [each.name for each in home.channels]
    assert first[:5] == "talks"
    assert "(" in first
    assert "(" in second
