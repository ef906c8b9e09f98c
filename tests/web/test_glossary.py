# SPDX-License-Identifier: Apache-2.0
"""The glossary advises before a release; it stops nothing and changes no letter."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from goodoffices.core.office import Right
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.founding import NewOfficer
from goodoffices.desk.officers.glossary import Term, advise
from tests.web.offices import Browser, Offices

PEOPLE = [NewOfficer("duty", "officer 1"), NewOfficer("auditor", "officer 2", Right.AUDIT)]
ADVICE = "Write: His Excellency the Chairman."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("To comrade Kosygin.", True),
        ("COMRADE.", True),
        ("comradeship", False),
        ("ﬁnal words to a Ｃomrade", True),
        ("", False),
    ],
)
def test_whole_words_are_found_however_they_are_written(text: str, found: bool) -> None:
    assert bool(advise((Term(1, "Comrade", ADVICE),), text)) == found


def test_a_persian_form_of_address_is_found() -> None:
    assert advise((Term(1, "رئیس جمهور", "x"),), "به رئیس جمهور بگویید")


def test_its_advice_stands_before_the_release_and_stops_nothing() -> None:
    """P4, P9"""
    offices = Offices(officers=PEOPLE)
    mandate = offices.agree()
    browser = Browser(offices.washington)
    browser.sign_in()
    browser.done("/glossary/add", term="Comrade", advice="Old advice.")
    browser.done("/glossary/add", term="comrade", advice=ADVICE)
    assert [each["advice"] for each in browser.json("/glossary")["terms"]] == [ADVICE]
    fields: dict[str, Any] = {
        "to": offices.tehran.me.hex(),
        "text": "To Comrade Kosygin.",
        "language": "en",
        "precedence": 2,
    }
    page = browser.post(f"/channels/{mandate.hex()}/confirm", html=True, **fields).text
    assert ADVICE in page
    note = browser.done(f"/channels/{mandate.hex()}/release", **fields)["id"]
    assert browser.json(f"/notes/{note}")["card"]["text"] == "To Comrade Kosygin."
    (term,) = browser.json("/glossary")["terms"]
    browser.done("/glossary/drop", id=term["id"])
    assert ADVICE not in browser.post(f"/channels/{mandate.hex()}/confirm", html=True, **fields).text


def test_it_advises_the_releaser_of_a_draft_too() -> None:
    offices = Offices(officers=PEOPLE)
    mandate = offices.agree()
    browser = Browser(offices.washington)
    browser.sign_in()
    browser.done("/glossary/add", term="Comrade", advice=ADVICE)
    draft = browser.done(
        f"/channels/{mandate.hex()}/draft",
        to=offices.tehran.me.hex(), text="To Comrade Kosygin.", language="en", precedence=2,
    )["id"]  # fmt: skip
    assert ADVICE in browser.get(f"/drafts/{draft}/release").text


def test_an_auditor_reads_and_changes_nothing() -> None:
    """P10, P12"""
    offices = Offices(officers=PEOPLE)
    offices.agree()
    auditor, duty = Browser(offices.bern), Browser(offices.bern)
    auditor.sign_in("auditor")
    duty.sign_in()
    assert auditor.json("/glossary")["terms"] == []
    assert auditor.post("/glossary/add", term="x", advice="y").status_code == 403
    assert duty.post("/glossary/add", term="", advice="y").status_code == 400
    assert duty.post("/glossary/drop", id=7).status_code == 404


def test_the_step_that_brought_the_glossary_leaves_a_record_as_it_was() -> None:
    """P2"""
    steps = steps_in("goodoffices.desk.schema")
    at = next(at for at, step in enumerate(steps) if "glossary" in step.name)
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, steps[:at])
    db.execute("INSERT INTO fact VALUES ('office', x'01')")
    migrate(db, steps)
    assert db.execute("SELECT count(*) FROM fact").fetchone() == (1,)
    assert db.execute("SELECT count(*) FROM glossary").fetchone() == (0,)
