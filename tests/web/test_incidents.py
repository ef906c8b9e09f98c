# SPDX-License-Identifier: Apache-2.0
"""Incident files through the pages."""

from __future__ import annotations

from typing import Any

import pytest

from goodoffices.core.office import Right
from goodoffices.desk.founding import NewOfficer
from goodoffices.desk.incidents.page import FILES
from goodoffices.desk.pages import MOST
from tests.web.offices import Browser, Offices

PEOPLE = [
    NewOfficer("duty", "officer 1"),
    NewOfficer("auditor", "officer 2", Right.AUDIT),
    NewOfficer("keeper", "officer 3", Right.KEYS),
]
LEFT = "Has flight 6Q501 left Damascus?"


@pytest.fixture
def offices() -> Offices:
    return Offices(officers=PEOPLE)


@pytest.fixture
def browser(offices: Offices) -> Browser:
    browser = Browser(offices.bern)
    browser.sign_in()
    return browser


def opened(browser: Browser) -> str:
    return str(browser.done("/incidents", title="Flight 6Q501", place="Damascus")["id"])


def test_two_reports_that_contradict_each_other_stand_side_by_side(browser: Browser) -> None:
    file = opened(browser)
    for source, answer, grade in (("listings", "yes", 3), ("an informant", "no", 2)):
        browser.done(
            f"/incidents/{file}/report",
            what=f"As {source} have it.", source=source, question=LEFT, answer=answer,
            grade_source=grade, grade_item=4, **{"from": "2020-01-02T17:30Z"}, known="2020-01-02T18:00Z",
        )  # fmt: skip
    (matter,) = browser.json(f"/incidents/{file}")["matters"]
    assert matter["disputed"] is True
    assert [(each["grade"], each["against"], each["entered_late"]) for each in matter["reports"]] == [
        ("C4", [2], True),
        ("B4", [1], True),
    ]
    page = browser.get(f"/incidents/{file}").text
    assert "reports contradict each other" in page
    assert page.count("Contradicted by") == 2


def test_the_page_answers_what_was_known_at_an_hour(browser: Browser) -> None:
    """P8"""
    file = opened(browser)
    first = browser.done(
        f"/incidents/{file}/report", what="Nobody hurt.", source="a statement", known="2020-01-08T05:00Z"
    )["id"]
    browser.done(
        f"/incidents/{file}/report",
        what="Several hurt.", source="a later statement", known="2020-01-17T05:00Z", corrects=first,
    )  # fmt: skip
    then = browser.json(f"/incidents/{file}?at=2020-01-10T00:00Z")
    assert [each["what"] for each in then["matters"][0]["reports"]] == ["Nobody hurt."]
    assert then["known_later"] == 1
    assert "is not shown" in browser.get(f"/incidents/{file}?at=2020-01-10T00:00Z").text
    now = browser.json(f"/incidents/{file}")["matters"][0]["reports"]
    assert [each["corrected_by"] for each in now] == [[2], []]


def test_a_time_that_no_clock_shows_is_named(browser: Browser) -> None:
    """P12: in a form, and in a link that somebody sends."""
    file = opened(browser)
    for time in ("1969-07-20T20:17Z", "9999-12-31T23:59-14:00", "0001-01-01T00:00+14:00"):
        answer = browser.post(f"/incidents/{file}/report", what="It was so.", source="a book", known=time)
        assert "takes a time between 1970 and 9999" in answer.json()["what"]
        assert browser.get(f"/incidents/{file}?at={time.replace('+', '%2B')}").status_code == 400


def test_what_was_known_then_of_another_time_is_told_apart(browser: Browser) -> None:
    """P8: two axes, when it was known and when it was so; a report that names no time may speak of any."""
    file = opened(browser)
    for what, time, known in (
        (
            "Engines running.",
            {"from": "2020-01-08T02:00Z", "until": "2020-01-08T02:30Z"},
            "2020-01-08T03:00Z",
        ),
        ("In the air.", {"from": "2020-01-08T02:43Z"}, "2020-01-08T03:00Z"),
        ("It was delayed.", {}, "2020-01-08T03:00Z"),
        ("Engines off.", {"from": "2020-01-08T02:15Z"}, "2020-01-09T03:00Z"),
    ):
        browser.done(f"/incidents/{file}/report", what=what, source="radar", known=known, **time)
    asked = browser.json(f"/incidents/{file}?at=2020-01-08T06:00Z&so=2020-01-08T02:15Z")
    assert [each["what"] for each in asked["matters"][0]["reports"]] == [
        "Engines running.",
        "It was delayed.",
    ]
    assert (asked["known_later"], asked["of_other_times"]) == (1, 1)
    later = browser.json(f"/incidents/{file}?so=2020-01-08T02:15Z")["matters"][0]["reports"]
    assert [each["what"] for each in later] == ["Engines running.", "It was delayed.", "Engines off."]
    assert "1 report speaks of another time" in browser.get(f"/incidents/{file}?so=2020-01-08T02:15Z").text


def test_an_intent_stands_with_whose_claim_it_is(browser: Browser) -> None:
    file = opened(browser)
    path = f"/incidents/{file}/report"
    assert browser.post(path, what="Not meant.", source="traffic", claim=2).status_code == 400
    browser.done(path, what="Not meant.", source="traffic", claim=2, claimant="US officials")
    page = browser.get(f"/incidents/{file}").text
    assert "A claim about intent" in page
    assert "US officials" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"grade_source": 7},
        {"mark": 6},
        {"claim": 9},
        {"until": "2020-01-01T00:00Z"},
        {"known": "yesterday"},
        {"corrects": "x"},
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(browser: Browser, wrong: dict[str, Any]) -> None:
    """P12"""
    file = opened(browser)
    answer = browser.post(
        f"/incidents/{file}/report", html=True, **({"what": "Kept words.", "source": "s"} | wrong)
    )
    assert answer.status_code == 400
    assert "Kept words." in answer.text
    assert browser.json(f"/incidents/{file}")["total"] == 0


def test_hidden_characters_in_a_report_are_shown_for_what_they_are(browser: Browser) -> None:
    """P12"""
    file = opened(browser)
    browser.done(f"/incidents/{file}/report", what="abc\u202ecba", source="s\u200b")
    page = browser.get(f"/incidents/{file}").text
    assert "\u202e" not in page
    assert "\u200b" not in page


def test_an_auditor_reads_and_a_keeper_of_keys_does_not(offices: Offices, browser: Browser) -> None:
    """P4, P10"""
    file = opened(browser)
    auditor, keeper = Browser(offices.bern), Browser(offices.bern)
    auditor.sign_in("auditor")
    keeper.sign_in("keeper")
    assert auditor.json(f"/incidents/{file}")["may_write"] is False
    assert "Enter a report" not in auditor.get(f"/incidents/{file}").text
    assert auditor.post(f"/incidents/{file}/report", what="x", source="y").status_code == 403
    assert keeper.get(f"/incidents/{file}").status_code == 403
    assert keeper.post("/incidents", title="x").status_code == 403


def test_a_refused_form_says_where_its_page_stands(browser: Browser) -> None:
    """P6: a live page whose form was refused goes on being renewed."""
    file = opened(browser)
    answer = browser.post(f"/incidents/{file}/report", html=True, what="x", source="", mark=9)
    assert answer.status_code == 400
    assert f'data-at="/incidents/{file}"' in answer.text
    assert "data-at" not in browser.get(f"/incidents/{file}").text


def test_a_long_file_comes_in_pages_and_says_of_each_report_where_it_stands(browser: Browser) -> None:
    """P6: the newest first; a number leads to the page on which its report is, and nothing is left out."""
    file = opened(browser)
    for at in range(1, MOST + 4):
        browser.done(
            f"/incidents/{file}/report", what=f"Report {at}.", source="post", question=LEFT, answer=str(at)
        )
    newest = browser.json(f"/incidents/{file}")
    assert newest["numbers"] == list(range(4, MOST + 4))
    assert (newest["earlier"], newest["newest"], newest["total"]) == (4, True, MOST + 3)
    page = browser.get(f"/incidents/{file}").text
    assert 'href="?before=4"' in page
    assert 'href="?before=2#r1"' in page, "what contradicts it stands on another page"
    older = browser.json(f"/incidents/{file}?before=4")
    assert (older["numbers"], older["earlier"], older["newest"]) == ([1, 2, 3], None, False)
    assert f'href="#r{MOST}"' not in browser.get(f"/incidents/{file}?before=4").text
    long = browser.done(f"/incidents/{file}/report", what="x" * 2000, source="post")
    assert long["id"]
    assert len(browser.get(f"/incidents/{file}").content) < 60_000


def test_the_list_of_files_comes_in_pages(browser: Browser) -> None:
    """P6"""
    for at in range(FILES + 1):
        browser.done("/incidents", title=f"Event {at}")
    first = browser.json("/incidents")
    assert (len(first["files"]), first["further"]) == (FILES, FILES)
    rest = browser.json(f"/incidents?from={FILES}")
    assert ([each["title"] for each in rest["files"]], rest["further"]) == (["Event 0"], None)
    assert browser.json("/incidents?from=999999")["files"]
