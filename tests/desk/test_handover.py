# SPDX-License-Identifier: Apache-2.0
"""Watches handed over: both sign one list, at one desk, and who took over is woken first."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.handover import check_handover
from goodoffices.core.office import Right
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.desk.watch.handover import HELD_FOR, Handovers, OpenThing
from tests.web.offices import DeskInMemory, Offices

PEOPLE = [
    NewOfficer("duty", "officer 1"),
    NewOfficer("second", "officer 2", ALL_RIGHTS),
    NewOfficer("drafter", "officer 3", Right.DRAFT),
]
THINGS = [
    OpenThing("open", b"\x01" * 32, 1_700_000_000_000, late=True),
    OpenThing("machine", None, 5, late=False),
]


@pytest.fixture
def bern() -> DeskInMemory:
    bern = Offices(officers=PEOPLE).bern
    bern.unlock()
    return bern


def offered(bern: DeskInMemory, words: str = "They ring back at six.") -> tuple[Handovers, bytes]:
    handovers = bern.ringing.alarms.handovers
    coming = bern.officer("second").public
    return handovers, handovers.offer(bern.officer(), coming, THINGS, words, bern.now())


def test_both_sign_the_same_list(bern: DeskInMemory) -> None:
    """P5, P10"""
    handovers, asked = offered(bern)
    handovers.take_over(bern.officer("second"), asked, bern.now())
    (row,) = handovers.done()
    found = check_handover(row.signed, bern.desk.context.my_office())
    assert row.id == asked
    assert [(what, late) for what, _, _, late in found.open] == [(2, True), (9, False)]
    assert found.words == "They ring back at six."
    assert handovers.offered() is None


def test_handovers_are_one_chain(bern: DeskInMemory) -> None:
    """P8"""
    handovers, first = offered(bern)
    handovers.take_over(bern.officer("second"), first, bern.now())
    back = handovers.offer(bern.officer("second"), bern.officer().public, [], "", bern.now() + 1)
    handovers.take_over(bern.officer(), back, bern.now() + 2)
    assert handovers.done()[0].handover.previous == first


def test_nobody_else_signs_and_nobody_signs_for_himself(bern: DeskInMemory) -> None:
    """P10"""
    handovers, asked = offered(bern)
    with pytest.raises(NotAllowed):
        handovers.take_over(bern.officer(), asked, bern.now())
    with pytest.raises(NotAllowed):
        handovers.call_back(bern.officer("drafter"), asked, bern.now())
    with pytest.raises(NotAllowed):
        handovers.offer(bern.officer(), bern.officer("drafter").public, [], "", bern.now())
    with pytest.raises(NotAllowed):
        handovers.offer(bern.officer("drafter"), bern.officer().public, [], "", bern.now())
    with pytest.raises(YourError):
        handovers.offer(bern.officer(), bern.officer().public, [], "", bern.now())
    with pytest.raises(NotFound):
        handovers.take_over(bern.officer("second"), b"\x00" * 32, bern.now())


def test_an_offer_that_was_called_back_or_replaced_is_not_signed(bern: DeskInMemory) -> None:
    handovers, first = offered(bern)
    _, second = offered(bern, "With another word.")
    with pytest.raises(NotNow):
        handovers.take_over(bern.officer("second"), first, bern.now())
    handovers.call_back(bern.officer("second"), second, bern.now())
    with pytest.raises(NotNow):
        handovers.take_over(bern.officer("second"), second, bern.now())


def test_who_took_over_is_woken_first_even_while_the_desk_is_locked(bern: DeskInMemory) -> None:
    """P5"""
    handovers, asked = offered(bern)
    handovers.take_over(bern.officer("second"), asked, bern.now())
    bern.desk.lock()
    assert bern.ringing.alarms.people(bern.ringing.moment()).ladder == (("second",),)
    bern.world.time += HELD_FOR
    assert bern.ringing.alarms.people(bern.ringing.moment()).ladder == ()


def test_the_list_lies_under_the_reading_key(bern: DeskInMemory) -> None:
    """P3"""
    handovers, _ = offered(bern)
    bern.desk.lock()
    with pytest.raises(NotNow):
        handovers.offered()
    rows = bern.desk.ledger.db.execute("SELECT * FROM handover").fetchall()
    assert not any(b"ring back" in bytes(value) for row in rows for value in row if isinstance(value, bytes))


def test_the_step_that_brought_handovers_leaves_a_record_as_it_was() -> None:
    """P2"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if "handover" in step.name)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO bell VALUES (x'01', 'duty', 7)")
    migrate(db, steps)
    assert db.execute("SELECT officer FROM bell").fetchall() == [("duty",)]
    assert db.execute("SELECT count(*) FROM handover").fetchone() == (0,)
