# SPDX-License-Identifier: Apache-2.0
"""Public statements: logged, corrected by a later one, sealed, and never changed."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.office import Right
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.chronicle.statements import NewStatement, PublicStatements
from goodoffices.desk.founding import NewOfficer
from tests.web.offices import DeskInMemory, Offices

HOUR = 3_600_000
PEOPLE = [NewOfficer("duty", "officer 1"), NewOfficer("auditor", "officer 2", Right.AUDIT)]


@pytest.fixture
def bern() -> DeskInMemory:
    bern = Offices(officers=PEOPLE).bern
    bern.unlock()
    return bern


def new(bern: DeskInMemory, **changes: Any) -> NewStatement:
    said = NewStatement(
        "We said so at the UN.", "the envoy", bern.now() - 2 * HOUR, bern.now(), "a recording"
    )
    return replace(said, **changes)


def test_a_statement_is_signed_sealed_and_read_back(bern: DeskInMemory) -> None:
    """P10"""
    log = PublicStatements(bern.desk.context)
    made = log.log(bern.officer(), new(bern, grade=(1, 2)), bern.now(), once="form 1")
    assert log.log(bern.officer(), new(bern, what="Sent twice."), bern.now(), once="form 1") == made
    found = log.one(made)
    assert (found.statement.what, found.statement.grade) == ("We said so at the UN.", (1, 2))
    assert found.signer == bern.officer().public
    raw = bern.desk.ledger.db.execute("SELECT signed_sealed FROM public_statement").fetchall()
    assert [b"at the UN" in bytes(each[0]) for each in raw] == [False]
    bern.desk.lock()
    with pytest.raises(NotNow):
        log.one(made)


def test_a_correction_leaves_the_old_one(bern: DeskInMemory) -> None:
    """P8"""
    log = PublicStatements(bern.desk.context)
    first = log.log(bern.officer(), new(bern), bern.now())
    second = log.log(bern.officer(), new(bern, what="He said: soon.", corrects=first), bern.now())
    assert log.one(second).statement.corrects == first
    assert log.one(first).statement.what == "We said so at the UN."


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"what": " "}, "by whom"),
        ({"by": ""}, "by whom"),
        ({"source": ""}, "from where"),
        ({"known": 1}, "before it was said"),
        ({"said": 10**15, "known": 10**15}, "in the future"),
    ],
)
def test_what_cannot_be_so_is_named(bern: DeskInMemory, wrong: dict[str, Any], words: str) -> None:
    """P12"""
    with pytest.raises(YourError, match=words):
        PublicStatements(bern.desk.context).log(bern.officer(), new(bern, **wrong), bern.now())


def test_an_auditor_reads_only_and_nobody_corrects_what_is_not_there(bern: DeskInMemory) -> None:
    """P10"""
    log = PublicStatements(bern.desk.context)
    with pytest.raises(NotAllowed):
        log.log(bern.officer("auditor"), new(bern), bern.now())
    with pytest.raises(NotFound):
        log.log(bern.officer(), new(bern, corrects=b"\x01" * 32), bern.now())
    with pytest.raises(NotFound):
        log.log(bern.officer(), new(bern, note=b"\x01" * 32), bern.now())


def test_the_step_that_makes_the_table_leaves_the_rest() -> None:
    steps = steps_in("goodoffices.desk.schema")
    at = next(n for n, each in enumerate(steps) if "public_statement" in each.sql)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO fact (name, value) VALUES ('kept', x'01')")
    migrate(db, steps)
    assert db.execute("SELECT value FROM fact").fetchall() == [(b"\x01",)]
    assert db.execute("SELECT count(*) FROM public_statement").fetchone() == (0,)
