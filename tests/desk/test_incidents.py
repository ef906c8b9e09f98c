# SPDX-License-Identifier: Apache-2.0
"""Incident files: nothing is overwritten, and what was known at an hour can be asked for any hour."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.incident import Claim, Report, check_report
from goodoffices.core.office import Right
from goodoffices.core.statement import sign, state
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.founding import NewOfficer
from goodoffices.desk.incidents.files import IncidentFiles, NewReport
from goodoffices.desk.incidents.page import incident_page
from goodoffices.desk.incidents.standing import Filed, known_at, stood
from tests.web.offices import DeskInMemory, Offices

HOUR = 3_600_000
PEOPLE = [NewOfficer("duty", "officer 1"), NewOfficer("auditor", "officer 2", Right.AUDIT)]
LEFT = "Has the flight left?"


@pytest.fixture
def bern() -> DeskInMemory:
    bern = Offices(officers=PEOPLE).bern
    bern.unlock()
    return bern


class Desk:
    """One officer at one file."""

    def __init__(self, bern: DeskInMemory) -> None:
        self.bern, self.files = bern, IncidentFiles(bern.desk.context)
        self.id = self.files.open(bern.officer(), "Flight 6Q501", "Damascus", bern.now())

    def add(self, what: str = "It is so.", hours_ago: float = 1, **more: Any) -> bytes:
        now = self.bern.now()
        new = NewReport(what=what, source="a listing", known=now - round(hours_ago * HOUR))
        return self.files.add(self.bern.officer(), self.id, replace(new, **more), now)

    def stood(self, hours_ago: float | None = None) -> list[tuple[str, list[tuple[str, bool, int]]]]:
        at = None if hours_ago is None else self.bern.now() - round(hours_ago * HOUR)
        _, reports = self.files.file(self.id)
        return [
            (each.question, [(row.filed.report.what, row.stands, len(row.against)) for row in each.reports])
            for each in stood(reports, at)
        ]


@pytest.fixture
def desk(bern: DeskInMemory) -> Desk:
    return Desk(bern)


def test_two_answers_to_one_question_stand_side_by_side(desk: Desk) -> None:
    desk.add("It has departed.", 3, question=LEFT, answer="yes")
    desk.add("It is on the ground.", 2, question=" has the FLIGHT left ", answer="no")
    desk.add("It is delayed.", 1, question=LEFT, answer="No.")
    assert desk.stood() == [
        (
            LEFT,
            [("It has departed.", True, 2), ("It is on the ground.", True, 1), ("It is delayed.", True, 1)],
        )
    ]


def test_answers_for_different_times_do_not_contradict(desk: Desk) -> None:
    now = desk.bern.now()
    desk.add("On the ground.", 3, question=LEFT, answer="no", happened=(now - 5 * HOUR, now - 4 * HOUR))
    desk.add("Departed.", 1, question=LEFT, answer="yes", happened=(now - 3 * HOUR, now - 2 * HOUR))
    assert [against for _, rows in desk.stood() for *_, against in rows] == [0, 0]


def test_a_report_may_say_itself_what_it_contradicts(desk: Desk) -> None:
    first = desk.add("Sixteen missiles.", 2)
    desk.add("Eleven missiles.", 1, contradicts=(first,))
    assert desk.stood() == [("", [("Sixteen missiles.", True, 1), ("Eleven missiles.", True, 1)])]


def test_a_correction_leaves_the_old_report_where_it_was(desk: Desk) -> None:
    """P8"""
    first = desk.add("Nobody was hurt.", 5)
    desk.add("Several were hurt.", 1, corrects=first)
    assert desk.stood() == [("", [("Nobody was hurt.", False, 0), ("Several were hurt.", True, 0)])]
    # What was believed in between is still what was believed then.
    assert desk.stood(hours_ago=3) == [("", [("Nobody was hurt.", True, 0)])]
    assert desk.stood(hours_ago=6) == []


def test_what_was_written_down_later_than_known_says_so(desk: Desk) -> None:
    desk.add("Heard at once.", 0)
    desk.add("Heard long ago.", 9)
    page = incident_page(desk.bern.desk.context, desk.bern.officer(), desk.id, None)
    assert [each.entered_late for matter in page.matters for each in matter.reports] == [True, False]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"claim": Claim.INTENT}, "always somebody's claim"),
        ({"question": LEFT}, "without its answer"),
        ({"answer": "yes"}, "without its answer"),
        ({"known": 10**15}, "in the future"),
        ({"happened": (2000, 1000)}, "ended before it began"),
        ({"happened": (10**14, 10**14)}, "before it happened"),
        ({"corrects": b"\x01" * 32}, "not in this file"),
        ({"contradicts": (b"\x01" * 32,)}, "not in this file"),
        ({"what": "  "}, "Fill in|says what happened"),
        ({"what": "آن " * 801}, "begins with 'آن .* has 4004 bytes; at most 4000"),
        ({"answer": "no " * 68, "question": LEFT}, "at most 200 fit"),
    ],
)
def test_what_cannot_be_so_is_named(desk: Desk, wrong: dict[str, Any], words: str) -> None:
    """P12"""
    with pytest.raises(YourError, match=words):
        desk.add(**wrong)
    assert desk.stood() == []


def test_a_correction_cannot_be_older_than_what_it_corrects(desk: Desk) -> None:
    """P12"""
    first = desk.add("New.", 1)
    with pytest.raises(YourError, match="before what it corrects"):
        desk.add("Older.", 2, corrects=first)


def test_a_warning_of_something_to_come_is_a_claim_about_intent(desk: Desk) -> None:
    soon = desk.bern.now() + HOUR
    desk.add("They will answer.", 0, claim=Claim.INTENT, claimant="an official", happened=(soon, soon))
    assert desk.stood() == [("", [("They will answer.", True, 0)])]


def test_a_form_sent_twice_enters_one_report(desk: Desk) -> None:
    """P2"""
    new = NewReport(what="Once.", source="a wire", known=desk.bern.now())
    ids = {
        desk.files.add(desk.bern.officer(), desk.id, new, desk.bern.now() + at, once="same")
        for at in range(2)
    }
    assert len(ids) == 1
    assert len(desk.files.file(desk.id)[1]) == 1


def test_an_auditor_reads_and_writes_nothing(desk: Desk) -> None:
    """P10"""
    auditor = desk.bern.officer("auditor")
    with pytest.raises(NotAllowed):
        desk.files.open(auditor, "x", "", desk.bern.now())
    with pytest.raises(NotAllowed):
        desk.files.add(auditor, desk.id, NewReport("x", "y", 1), desk.bern.now())
    assert incident_page(desk.bern.desk.context, auditor, desk.id, None).may_write is False


def test_a_locked_desk_opens_no_file(desk: Desk) -> None:
    """P3"""
    desk.add()
    desk.bern.desk.context.reading_key = None
    with pytest.raises(NotNow):
        desk.files.file(desk.id)


def test_a_file_that_is_not_here_is_not_found(desk: Desk) -> None:
    """P12"""
    with pytest.raises(NotFound):
        desk.files.file(b"\x00" * 32)


def test_each_report_carries_its_officers_signature(desk: Desk) -> None:
    """P8, P10"""
    desk.add()
    _, (filed,) = desk.files.file(desk.id)
    assert filed.signer == desk.bern.officer().public
    assert desk.files.files()[0].reports == 1


def test_a_report_by_the_desk_itself_is_none(desk: Desk) -> None:
    """P10"""
    desk.add()
    _, (filed,) = desk.files.file(desk.id)
    context = desk.bern.desk.context
    forged = sign(state(filed.report, context.keys.realm), context.keys.desk_seed)
    with pytest.raises(Exception, match="Not signed by one officer"):
        check_report(forged, context.my_office())


def _filed(number: int, known: int, answer: str, corrects: int | None) -> Filed:
    report = Report(
        office=bytes(32), roster=1, time=(known + 1, 0), incident=bytes(32), claim=1, what="x", known=known,
        source="s", grade=(0, 0), question="q", answer=answer,
        corrects=None if corrects is None else bytes([corrects]) * 32,
    )  # fmt: skip
    return Filed(bytes([number]) * 32, report, bytes(32))


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from("ab"), st.none() | st.integers(1, 12)), max_size=12
    ),
    st.integers(0, 20),
)
def test_the_past_never_changes_by_what_comes_later(rows: list[tuple[int, str, int | None]], at: int) -> None:
    """P8: the answer for an hour is the same whether or not later reports are in the file."""
    reports = [_filed(number, *row) for number, row in enumerate(rows, 1)]
    by_then = [each for each in reports if each.report.known <= at]
    assert stood(reports, at) == stood(by_then)
    assert sum(len(each.reports) for each in stood(reports)) == len(known_at(reports, None)) == len(rows)


def test_the_step_that_brought_incidents_leaves_a_record_as_it_was() -> None:
    """P2"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if "incidents" in step.name)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO fact VALUES ('office', x'01')")
    migrate(db, steps)
    assert db.execute("SELECT count(*) FROM fact").fetchone() == (1,)
    assert db.execute("SELECT count(*) FROM incident").fetchone() == (0,)
    db.close()
