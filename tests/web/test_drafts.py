# SPDX-License-Identifier: Apache-2.0
"""Drafts through the pages: written, cleared, signed by two, released once (P10)."""

from __future__ import annotations

from typing import Any

import pytest

from goodoffices.core.office import Right
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from tests.web.offices import Browser, Offices

PEOPLE = [
    NewOfficer("duty", "officer 1", ALL_RIGHTS),
    NewOfficer("drafter", "officer 2", Right.DRAFT),
    NewOfficer("first", "officer 3", Right.RELEASE),
    NewOfficer("second", "officer 4", Right.RELEASE),
    NewOfficer("auditor", "officer 5", Right.AUDIT),
]


@pytest.fixture
def offices() -> Offices:
    return Offices(officers=PEOPLE, releasers=2)


@pytest.fixture
def mandate(offices: Offices) -> str:
    return offices.agree().hex()


def _at(offices: Offices, name: str) -> Browser:
    browser = Browser(offices.washington)
    browser.sign_in(name)
    return browser


def _save(
    browser: Browser, offices: Offices, mandate: str, text: str = "We do not want a war.", **more: Any
) -> str:
    fields: dict[str, Any] = {
        "to": offices.tehran.me.hex(),
        "text": text,
        "language": "en",
        "precedence": 2,
        **more,
    }
    return str(browser.done(f"/channels/{mandate}/draft", **fields)["location"])


def test_from_the_draft_to_the_note(offices: Offices, mandate: str) -> None:
    """P4, P10: every page on the way says to whom and through whom."""
    drafter, first, second = (_at(offices, name) for name in ("drafter", "first", "second"))
    page = drafter.get(f"/channels/{mandate}/write?to={offices.tehran.me.hex()}").text
    assert "Save as a draft" in page
    assert "before release" not in page
    where = _save(drafter, offices, mandate)
    shown = drafter.get(where).text
    assert "To Tehran, through Bern" in shown
    assert f'action="{where}/sign"' not in shown
    second.done(f"{where}/judge", version=1, verdict=1, words="")
    ready = first.get(f"{where}/release").text
    assert "The drafter proposed PRIORITY" in ready
    assert "cleared by" in ready
    assert "Sign for release to Tehran, through Bern" in ready
    assert first.done(f"{where}/release", version=1, precedence=3)["location"] == where
    assert first.json("/")["here"]["to_sign"] == 0
    assert second.json("/")["here"]["to_sign"] == 1
    up = second.json(where)["up"]
    assert (up["signed_by"], up["needed"], up["precedence"]) == (["officer 3"], 2, 3)
    done = second.done(f"{where}/sign", note=up["note"])
    assert done["location"] == f"/notes/{up['note']}"
    note = second.json(done["location"])
    assert sorted(note["signed_by"]) == ["officer 3", "officer 4"]
    assert second.json("/")["here"]["to_sign"] == 0
    again = second.done(f"{where}/sign", note=up["note"])
    assert again["id"] == up["note"]


def test_writing_and_signing_in_one_go_waits_for_the_second(offices: Offices, mandate: str) -> None:
    """P2, P10: a double click puts one note up."""
    first = _at(offices, "first")
    fields: dict[str, Any] = {
        "to": offices.tehran.me.hex(),
        "text": "Once.",
        "language": "en",
        "precedence": 2,
        "once": "o",
    }
    confirm = first.post(f"/channels/{mandate}/confirm", html=True, **fields).text
    assert "2 officers have signed" in confirm
    answers = [first.done(f"/channels/{mandate}/release", **fields) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["location"].startswith("/drafts/")
    assert len(first.json("/drafts")["drafts"]) == 1
    assert offices.bern.desk.ledger.notes(bytes.fromhex(mandate)) == []


def test_a_stale_page_signs_nothing(offices: Offices, mandate: str) -> None:
    """P10: nobody signs what he did not see."""
    drafter, first, second = (_at(offices, name) for name in ("drafter", "first", "second"))
    where = _save(drafter, offices, mandate)
    first.done(f"{where}/release", version=1, precedence=2)
    read = second.json(where)["up"]["note"]
    _save(drafter, offices, mandate, "Otherwise.", draft=where.rpartition("/")[2], base=1)
    stale = second.post(f"{where}/sign", note=read)
    assert stale.status_code == 409
    assert "not up for release" in stale.json()["what"]
    assert first.post(f"{where}/release", version=1, precedence=2).status_code == 409


def test_a_text_that_lost_the_race_stays_on_the_page(offices: Offices, mandate: str) -> None:
    """P2: two officers at once; the second text is neither lost nor written over the first."""
    drafter, first = _at(offices, "drafter"), _at(offices, "first")
    where = _save(drafter, offices, mandate)
    draft = where.rpartition("/")[2]
    _save(first, offices, mandate, "By the first.", draft=draft, base=1)
    fields: dict[str, Any] = {
        "to": offices.tehran.me.hex(),
        "text": "By the drafter.",
        "language": "en",
        "precedence": 2,
    }
    late = drafter.post(f"/channels/{mandate}/draft", html=True, draft=draft, base=1, **fields)
    assert late.status_code == 409
    assert "By the drafter." in late.text
    assert "saved version 2 meanwhile" in late.text


def test_what_is_typed_survives_the_end_of_the_session(offices: Offices, mandate: str) -> None:
    """P2"""
    drafter = _at(offices, "drafter")
    page = f"/channels/{mandate}/write?to={offices.tehran.me.hex()}"
    to = offices.tehran.me.hex()
    drafter.done(f"/channels/{mandate}/keep", to=to, text="Half a sent", precedence=3, newlines="lf")
    back = _at(offices, "drafter")
    shown = back.get(page).text
    assert "Half a sent" in shown
    assert "what you were typing" in shown
    assert "Half a sent" not in _at(offices, "first").get(page).text
    back.done(f"/channels/{mandate}/throw-away", to=to)
    assert "Half a sent" not in back.get(page).text


def test_a_change_begins_from_the_newest_version(offices: Offices, mandate: str) -> None:
    drafter = _at(offices, "drafter")
    where = _save(drafter, offices, mandate, "Begun.\n\nGoes on.", authority=3, newlines="lf")
    to, draft = offices.tehran.me.hex(), where.rpartition("/")[2]
    shown = drafter.get(f"/channels/{mandate}/write?to={to}&draft={draft}").text
    assert "Begun.\n\nGoes on." in shown
    assert '<option value="3" selected>a minister' in shown
    assert "voids what was cleared" in shown


def test_a_note_that_arrived_meanwhile_is_shown_to_the_releaser(offices: Offices, mandate: str) -> None:
    """P9: and what was cleared stands."""
    drafter, second = _at(offices, "drafter"), _at(offices, "second")
    where = _save(drafter, offices, mandate)
    second.done(f"{where}/judge", version=1, verdict=1, words="")
    offices.time += 1000
    alone = Browser(offices.bern)
    alone.sign_in("duty")
    fields: dict[str, Any] = {
        "to": offices.washington.me.hex(),
        "text": "One moment.",
        "language": "en",
        "precedence": 2,
    }
    up = alone.done(f"/channels/{mandate}/release", **fields)["location"]
    other = Browser(offices.bern)
    other.sign_in("second")
    other.done(f"{up}/sign", note=other.json(up)["up"]["note"])
    caucus = _save(drafter, offices, mandate, "To you alone.", to=offices.bern.me.hex())
    offices.time += 1000
    assert drafter.json(where)["arrived"] == [], "it came in another lane"
    assert drafter.json(caucus)["card"]["lane"] == "caucus"
    up = alone.done(f"/channels/{mandate}/release", **{**fields, "text": "Another."})["location"]
    other.done(f"{up}/sign", note=other.json(up)["up"]["note"])
    assert [each["author_name"] for each in drafter.json(caucus)["arrived"]] == ["Bern"]
    assert "Arrived meanwhile" in drafter.get(caucus).text
    assert drafter.json(where)["card"]["cleared_by"] == ["second"]


def test_flash_asks_a_person_for_its_reason(offices: Offices, mandate: str) -> None:
    first = _at(offices, "first")
    fields: dict[str, Any] = {
        "to": offices.tehran.me.hex(),
        "text": "Now.",
        "language": "en",
        "precedence": 4,
        "newlines": "lf",
    }
    refused = first.post(f"/channels/{mandate}/confirm", html=True, **fields)
    assert refused.status_code == 400
    assert "states why it is one" in refused.text
    assert first.post(f"/channels/{mandate}/confirm", html=True, reason="War.", **fields).status_code == 200


def test_options_stand_side_by_side(offices: Offices, mandate: str) -> None:
    drafter = _at(offices, "drafter")
    hard = _save(drafter, offices, mandate, "No.")
    _save(drafter, offices, mandate, "Not yet.", beside=hard.rpartition("/")[2])
    shown = drafter.get("/drafts").text
    assert shown.count('class="lane between matter"') == 1
    assert "Not yet." in drafter.get(hard).text
    drafter.done(f"{hard}/set-aside")
    assert [each["text"] for each in drafter.json("/drafts")["drafts"]] == ["Not yet."]


def test_what_a_version_changed_stands_beside_it(offices: Offices, mandate: str) -> None:
    """Promise P10: whoever clears or releases sees each word that another officer changed, and what else."""
    drafter, first = _at(offices, "drafter"), _at(offices, "first")
    where = _save(drafter, offices, mandate, "We do not want a war.")
    assert first.json(where)["changed"] is None
    _save(drafter, offices, mandate, "We do not seek a war.", draft=where[-64:], base=1, precedence=3)
    _save(
        drafter, offices, mandate, "We do not seek a war. We wait.", draft=where[-64:], base=2, precedence=3
    )
    newest, second = first.json(where)["changed"], first.json(f"{where}?version=2")["changed"]
    assert (newest["fields"], second["fields"]) == ([], ["precedence"])
    page = first.get(f"{where}?version=2").text
    assert "What version 2 changed of version 1" in page
    assert '<del><span class="sr">[taken out: </span>want <span class="sr">]</span></del>' in page
    assert '<ins><span class="sr">[put in: </span>seek <span class="sr">]</span></ins>' in page
    assert first.json(f"{where}?version=99")["changed"] is None
