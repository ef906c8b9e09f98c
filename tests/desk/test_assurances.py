# SPDX-License-Identifier: Apache-2.0
"""Assurances: what was promised and what became of it; warned of before one lapses, by a locked desk too."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.assurance import Became
from goodoffices.core.errors import NotAllowed, NotFound, YourError
from goodoffices.core.office import Right
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.alarms.alarms import ending_steps
from goodoffices.desk.assurances.assurances import Assurances, endings, warns_at
from goodoffices.desk.assurances.page import assurances_page
from goodoffices.desk.founding import NewOfficer
from tests.web.offices import Browser, DeskInMemory, Offices

HOUR = 3_600_000
PEOPLE = [NewOfficer("duty", "officer 1"), NewOfficer("auditor", "officer 2", Right.AUDIT)]


class Given:
    """Tehran's note at Washington's desk, opened, and what Washington takes from it."""

    def __init__(self) -> None:
        self.offices = Offices(officers=PEOPLE)
        mandate = self.offices.agree()
        tehran, bern, washington = (
            Browser(each) for each in (self.offices.tehran, self.offices.bern, self.offices.washington)
        )
        for each in (tehran, bern, washington):
            each.sign_in()
        self.tehran, self.washington = tehran, washington
        self.note = tehran.done(
            f"/channels/{mandate.hex()}/release",
            to=self.offices.washington.me.hex(), text="That is the end, for now.", language="en", precedence=2,
        )["id"]  # fmt: skip
        bern.done(f"/notes/{self.note}/forward")
        washington.done(f"/notes/{self.note}/open")
        self.desk: DeskInMemory = self.offices.washington
        self.kept = Assurances(self.desk.desk.context)

    def write(self, **more: Any) -> bytes:
        fields: dict[str, Any] = {"what": "The end, for now.", "conditions": ("no answer",), "until": None}
        return self.kept.write(
            self.desk.officer(), bytes.fromhex(self.note), **(fields | more), now=self.desk.now()
        )

    def state(self, later: int = 0) -> Became:
        (one,) = self.kept.every()
        return one.state(self.desk.now() + later)


@pytest.fixture(scope="module")
def channel() -> Given:
    return Given()


@pytest.fixture
def promised(channel: Given) -> Given:
    for table in ("assurance_change", "assurance"):
        channel.desk.desk.ledger.db.execute(f"DELETE FROM {table}")
    return channel


def test_for_now_stays_in_force_until_somebody_says_otherwise(promised: Given) -> None:
    promised.write()
    assert promised.state(10 * 365 * 24 * HOUR) == Became.IN_FORCE


def test_one_with_an_end_lapses_then(promised: Given) -> None:
    promised.write(until=promised.desk.now() + HOUR)
    assert promised.state(HOUR - 1) == Became.IN_FORCE
    assert promised.state(HOUR) == Became.LAPSED


def test_what_became_of_it_stands_with_its_reason(promised: Given) -> None:
    """P8: the old words stay."""
    number = promised.write()
    for became, why in (
        (Became.DISPUTED, "They call it conditional."),
        (Became.WITHDRAWN, "Said so in public."),
    ):
        promised.kept.change(promised.desk.officer(), number, became, why, promised.desk.now())
        assert promised.state() == became
    card = assurances_page(
        promised.desk.desk.context, promised.desk.officer(), None, promised.desk.now()
    ).cards[0]
    assert [each.why for each in card.changes] == ["They call it conditional.", "Said so in public."]
    assert card.author_name == "Tehran"


def test_one_that_is_renewed_has_its_new_end(promised: Given) -> None:
    now = promised.desk.now()
    number = promised.write(until=now + HOUR)
    promised.kept.change(
        promised.desk.officer(), number, Became.IN_FORCE, "Renewed by voice.", now, until=now + 9 * HOUR
    )
    assert promised.state(2 * HOUR) == Became.IN_FORCE
    assert promised.state(9 * HOUR) == Became.LAPSED


def test_a_locked_desk_warns_before_it_lapses_and_when_it_has(promised: Given) -> None:
    """P5"""
    now, context = promised.desk.now(), promised.desk.desk.context
    promised.write(until=now + 4 * HOUR)
    key, context.reading_key = context.reading_key, None
    try:
        found = [
            [each.what for each in ending_steps(endings(context, at), at)]
            for at in (now + 2 * HOUR, now + 3 * HOUR, now + 4 * HOUR)
        ]
    finally:
        context.reading_key = key
    assert found == [[], ["assurance"], ["lapse"]]


def test_what_was_withdrawn_warns_of_nothing(promised: Given) -> None:
    """P5: settled alarms never ring again."""
    now = promised.desk.now()
    number = promised.write(until=now + HOUR)
    promised.kept.change(promised.desk.officer(), number, Became.WITHDRAWN, "Withdrawn.", now)
    assert endings(promised.desk.desk.context, now + HOUR) == []


@given(st.integers(0, 10**13), st.integers(1, 10**12))
def test_the_warning_comes_before_the_end_and_after_the_writing(at: int, span: int) -> None:
    """P5"""
    near = warns_at(at, at + span)
    assert near is not None
    assert at <= near <= at + span


@pytest.mark.parametrize("wrong", [{"what": " "}, {"until": 1}, {"conditions": tuple(map(str, range(17)))}])
def test_what_cannot_be_so_is_named(promised: Given, wrong: dict[str, Any]) -> None:
    """P12"""
    with pytest.raises(YourError):
        promised.write(**wrong)


def test_an_assurance_stands_on_a_note_that_is_here(promised: Given) -> None:
    """P8"""
    with pytest.raises(NotFound):
        promised.kept.write(promised.desk.officer(), b"\x00" * 32, "x", (), None, promised.desk.now())


def test_an_auditor_reads_and_changes_nothing(promised: Given) -> None:
    """P10"""
    number, auditor = promised.write(), promised.desk.officer("auditor")
    with pytest.raises(NotAllowed):
        promised.kept.change(auditor, number, Became.LAPSED, "x", promised.desk.now())
    with pytest.raises(NotAllowed):
        promised.kept.write(auditor, bytes.fromhex(promised.note), "x", (), None, promised.desk.now())


def test_the_page_writes_one_down_from_its_note_and_says_what_became_of_it(promised: Given) -> None:
    page = promised.washington
    assert f"/assurances?note={promised.note}" in page.get(f"/notes/{promised.note}").text
    for _ in range(2):
        page.done(
            "/assurances",
            note=promised.note, what="The end, for now.", conditions="no answer\n\nno surprise", once="same",
        )  # fmt: skip
    (card,) = page.json("/assurances")["cards"]
    assert (card["state"], card["conditions"], card["author_name"]) == (
        1,
        ["no answer", "no surprise"],
        "Tehran",
    )
    assert f"/assurances?change={card['id']}#change" in page.get("/assurances").text
    refused = page.post(f"/assurances/{card['id']}", html=True, became=9, why="As they told us.")
    assert (refused.status_code, 'value="As they told us."' in refused.text) == (400, True)
    page.done(f"/assurances/{card['id']}", became=3, why="They say it had conditions.")
    html = page.get("/assurances").text
    assert "disputed" in html
    assert "They say it had conditions." in html


def test_its_author_withdrawing_the_note_withdraws_it() -> None:
    """P9"""
    given = Given()
    given.write(until=given.desk.now() + HOUR)
    given.tehran.done(f"/notes/{given.note}/withdraw", reason="Overtaken.")
    assert given.state() == Became.WITHDRAWN


def test_the_step_that_brought_assurances_leaves_a_record_as_it_was() -> None:
    """P2"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if "assurances" in step.name)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO fact VALUES ('office', x'01')")
    migrate(db, steps)
    assert db.execute("SELECT count(*) FROM fact").fetchone() == (1,)
    assert db.execute("SELECT count(*) FROM assurance").fetchone() == (0,)
    db.close()
