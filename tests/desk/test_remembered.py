# SPDX-License-Identifier: Apache-2.0
"""P8: what a desk remembers of numbers, places and neighbours is what stands in its tables, whatever happened."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.envelope import entry_part
from goodoffices.core.mandate import Forwarding
from goodoffices.desk.ledger.ledger import Ledger
from tests.attacks.hostile import NOW, Wire


class UndoneError(Exception):
    """Why a transaction does not come to its end."""


def findings(wire: Wire) -> list[str]:
    return [what for _, _, _, _, what, _ in wire.b.ledger.findings()]


def test_a_number_that_was_given_in_a_step_that_was_undone_is_free_again() -> None:
    """P8: neither the number nor the place of a note that was never kept counts."""
    wire = Wire()
    mandate = wire.agree()
    first = wire.release(mandate, wire.a, wire.b)
    ledger, me = wire.a.ledger, wire.a.me
    assert ledger.newest_of(mandate, CHANNEL_LANE, [me], 4) == [first]
    row = ledger.note(first)
    assert row is not None
    with suppress(UndoneError), wire.a.desk.context.transaction():
        ledger.add_note(replace(row, id=bytes(32), number=row.number + 1))
        assert ledger.next_number(mandate, CHANNEL_LANE, me) == row.number + 2
        raise UndoneError
    assert ledger.next_number(mandate, CHANNEL_LANE, me) == row.number + 1
    assert ledger.newest_of(mandate, CHANNEL_LANE, [me], 4) == [first]


def test_the_newest_notes_are_remembered_with_every_note_that_comes() -> None:
    """P9: what an author had read is stated with his note, as after a restart."""
    wire = Wire()
    mandate = wire.agree(forwarding=Forwarding.AUTOMATIC)
    others = [wire.a.me, wire.m.me]
    notes: list[bytes] = []
    for number in range(4):
        assert wire.b.ledger.newest_of(mandate, CHANNEL_LANE, others, 3) == notes[-3:]
        notes.append(wire.release(mandate, wire.a, wire.b, f"{number}."))
        wire.pump()
    assert wire.b.ledger.newest_of(mandate, CHANNEL_LANE, others, 3) == notes[-3:]
    assert Ledger(wire.b.db).newest_of(mandate, CHANNEL_LANE, others, 3) == notes[-3:]


@pytest.mark.parametrize("restarted", [False, True])
def test_an_entry_after_a_fork_is_held_against_both_that_stand_before_it(restarted: bool) -> None:
    """P8: whichever of the two was remembered, and after a restart too."""
    wire = Wire()
    one = wire.entry(wire.m, wire.mb, [])
    incarnation = one.entry.incarnation
    other = wire.entry(wire.m, wire.mb, [], incarnation=incarnation)
    after = wire.entry(wire.m, wire.mb, [], incarnation=incarnation, number=2, previous=other.signed.id)
    for each in (one, other):
        wire.send(wire.b, wire.mb, [entry_part(each)])
    assert sum("two different entries 1" in what for what in findings(wire)) == 1
    if restarted:
        wire.b.ledger.look_again()
        wire.b.ledger.head(wire.mb, wire.m.me, incarnation)
    wire.send(wire.b, wire.mb, [entry_part(after)])
    assert sum("entries 1 and 2 do not belong to one chain" in what for what in findings(wire)) == 1


def test_an_entry_that_does_not_follow_the_one_before_it_is_found() -> None:
    """P8: the one before is the highest of its chain, which the desk remembers."""
    wire = Wire()
    one = wire.entry(wire.m, wire.mb, [])
    after = wire.entry(wire.m, wire.mb, [], incarnation=one.entry.incarnation, number=2, previous=bytes(32))
    for each in (one, after):
        wire.send(wire.b, wire.mb, [entry_part(each)])
    assert sum("entries 1 and 2 do not belong to one chain" in what for what in findings(wire)) == 1


def test_an_entry_that_fills_a_gap_is_held_against_its_neighbours_on_both_sides() -> None:
    """P8: what comes late stands before what is remembered as the highest."""
    wire = Wire()
    one = wire.entry(wire.m, wire.mb, [])
    incarnation = one.entry.incarnation
    two = wire.entry(wire.m, wire.mb, [], incarnation=incarnation, number=2, previous=one.signed.id)
    three = wire.entry(wire.m, wire.mb, [], incarnation=incarnation, number=3, previous=bytes(32))
    for each in (one, three, two):
        wire.send(wire.b, wire.mb, [entry_part(each)])
    assert [what for what in findings(wire) if "one chain" in what] == [
        "Bern's entries 2 and 3 do not belong to one chain."
    ]


@pytest.mark.parametrize("last", ["other", "same"])
def test_the_furthest_of_a_chain_is_the_same_remembered_and_read(last: str) -> None:
    """P8: of two incarnations that reach one number, or two links at one place, whichever came last."""
    wire = Wire()
    chain, ledger = (wire.agree(), CHANNEL_LANE, b"\x07" * 32), wire.b.ledger
    first, second = b"\x01" * 16, b"\x02" * 16
    for incarnation, number, what in ((first, 1, b"\x31"), (second, 2, b"\x32")):
        ledger.add_link((*chain, incarnation, number, what * 32))
    head = ledger.chain_head(*chain)
    assert head == (second, 2, b"\x32" * 32)
    ledger.add_link((*chain, first if last == "other" else second, 2, b"\x33" * 32))
    assert ledger.chain_head(*chain) == Ledger(wire.b.db).chain_head(*chain) == head


def test_what_is_yet_to_be_done_is_remembered_through_a_step_that_was_undone() -> None:
    """P2: what is owed, what is to be signed, and what this office did: as a desk reads them after a restart."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    ledger, line = wire.m.ledger, wire.mb
    assert not ledger.did(note, wire.m.me, ActType.SEEN)
    assert (ledger.owing_lines(), ledger.arrivals(), ledger.any_by_hand()) == ([], [], False)
    with suppress(UndoneError), wire.m.desk.context.transaction():
        ledger.owe(line, (99, b"one more"))
        ledger.add_arrival(note, bytes(32))
        ledger.went_by_hand([bytes(32)])
        assert (ledger.owing_lines(), ledger.any_arrived(), ledger.any_by_hand()) == ([line], True, True)
        raise UndoneError
    assert (ledger.owing_lines(), ledger.arrivals(), ledger.any_by_hand()) == ([], [], False)
    with wire.m.desk.context.transaction():
        ledger.owe(line, (99, b"one more"))
        ledger.add_arrival(note, bytes(32))
    assert ledger.owing_lines() == Ledger(wire.m.db).owing_lines() == [line]
    assert ledger.arrivals() == Ledger(wire.m.db).arrivals() == [(note, bytes(32))]
    with wire.m.desk.context.transaction():
        ledger.settle(line, [row for row, _, _ in ledger.owed(line)])
        ledger.signed_arrival(note)
    assert (ledger.owing_lines(), ledger.any_arrived()) == ([], False)
    wire.m.desk.acts.take(wire.m.officer, note, NOW)
    assert ledger.did(note, wire.m.me, ActType.SEEN)
    assert Ledger(wire.m.db).did(note, wire.m.me, ActType.SEEN)
    assert not ledger.did(note, wire.a.me, ActType.SEEN)


def test_nothing_was_said_about_a_note_that_was_drawn_up_just_now() -> None:
    """P8: not asked of the tables, and what is said later is counted all the same."""
    wire = Wire()
    mandate = wire.agree(forwarding=Forwarding.AUTOMATIC)
    note = wire.release(mandate, wire.a, wire.b)
    assert wire.a.ledger.acts_about(note) == []
    assert not wire.a.ledger.said_about(note)
    wire.pump()
    tables = Ledger(wire.a.db)
    assert wire.a.ledger.acts_about(note) == tables.acts_about(note) != []
    assert wire.a.ledger.said_about(note) == tables.said_about(note)
