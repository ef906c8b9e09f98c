# SPDX-License-Identifier: Apache-2.0
"""What a counterpart sends in no order that an honest desk has, and what a desk remembers of it (ADR 0087)."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from goodoffices.core.envelope import entry_part
from goodoffices.core.line import CarriedEntry
from goodoffices.core.mandate import Forwarding
from goodoffices.core.sealed import read_sealed
from goodoffices.drill.world.remembered import differs
from tests.attacks.hostile import ActType, Item, Wire
from tests.attacks.test_hostile_intermediary import _under


def remembered(wire: Wire) -> None:
    """Nothing is remembered at any desk otherwise than it stands in its tables."""
    for each in wire.offices:
        office: Any = SimpleNamespace(desk=each.desk, disk=each.db, id=each.me)
        assert differs(office) is None


def test_forks_gaps_and_beginnings_leave_nothing_false_in_memory() -> None:
    """P8: memory that is wrong signs wrong things, and calls a fork none."""
    wire = Wire()
    chain, other = wire.rng.randbytes(16), wire.rng.randbytes(16)

    def sent(
        number: int, previous: CarriedEntry | None, *also: CarriedEntry, of: bytes = chain
    ) -> CarriedEntry:
        items = [(Item.INCARNATION, None)] if number == 1 else []
        before = previous.signed.id if previous is not None else None
        carried = wire.entry(wire.a, wire.am, items, incarnation=of, number=number, previous=before)
        bad = wire.entry(
            wire.a, wire.am, [(Item.NOTE, b"none")], incarnation=of, number=number, previous=before
        )
        wire.send(wire.m, wire.am, [entry_part(each) for each in (*also, carried, *([bad] if also else []))])
        remembered(wire)
        return carried

    first = sent(1, None)
    second = sent(2, first)
    twin = sent(2, first)
    sent(3, twin)
    elsewhere = sent(5, twin, of=other)
    sent(1, None, of=other)
    sent(4, elsewhere, second, of=other)
    sent(3, second, first, twin)
    sent(1, None)
    wire.pump()
    remembered(wire)
    forked = [each for each in wire.m.findings() if "two different entries" in each]
    assert len(forked) >= 3


def test_false_headers_and_acts_leave_nothing_false_in_memory() -> None:
    """P1: numbers, newest notes and what was said about each are those of the true one, in whatever order they came."""
    wire = Wire()
    other, mandate = wire.agree(name="other"), wire.agree(forwarding=Forwarding.BY_HAND)
    for number in (1, 2):
        note = wire.release(mandate, wire.b, wire.a)
        wire.pump()
        raw = wire.m.ledger.copies(note)[0][1]
        header = read_sealed(raw).header
        for false in (
            replace(header, number=99),
            replace(header, mandate=other, number=1),
            replace(header, number=2),
        ):
            act = wire.act(wire.m, false.mandate, ActType.SEEN, subject=note, recipient=wire.b.me)
            wire.say(wire.m, wire.a, wire.am, [(Item.ACT, act.raw), (Item.NOTE, _under(raw, false))])
            remembered(wire)
        wire.say(wire.m, wire.a, wire.am, [(Item.NOTE, raw), (Item.NOTE, raw)])
        remembered(wire)
        row = wire.a.note(note)
        assert (row.state, row.mandate, row.number) == ("verified", mandate, number)
    wire.release(mandate, wire.a, wire.b)
    wire.pump()
    remembered(wire)
