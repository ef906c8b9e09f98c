# SPDX-License-Identifier: Apache-2.0
"""A channel with more notes than a page: shown in pieces, with its gaps, and nothing of it stays after the lock."""

from __future__ import annotations

from typing import Any

import pytest

from goodoffices.desk.views.channel import PAGE
from goodoffices.desk.views.views import FINDINGS
from tests.web.offices import Browser, Offices
from tests.web.test_pages import do, release, signed_in

NOTES = PAGE + 5


@pytest.fixture(scope="module")
def long() -> tuple[Offices, bytes, list[bytes]]:
    """Washington wrote so many notes that Bern's page does not hold them; all but the last two were forwarded."""
    offices = Offices()
    mandate = offices.agree()
    washington, bern, tehran = offices.desks.values()
    notes = []
    for at in range(NOTES):
        offices.time += 1000
        notes.append(release(washington, mandate, tehran.me, f"Note {at + 1}."))
        if at < NOTES - 2:
            do(bern, "forward", notes[-1])
    return offices, mandate, notes


def numbers(page: Any) -> list[int]:
    return [each["number"] for each in page["lanes"][0]["items"]]


def test_older_notes_are_a_page_further_and_lead_back(long: tuple[Offices, bytes, list[bytes]]) -> None:
    """Promise P9: the newest notes first; none is left out or shown twice, and no gap is invented between pages."""
    offices, mandate, _ = long
    bern = signed_in(offices.bern)
    newest = bern.json(f"/channels/{mandate.hex()}")
    assert numbers(newest) == list(range(NOTES - PAGE + 1, NOTES + 1))
    assert newest["newest"]
    older = bern.json(f"/channels/{mandate.hex()}?before={newest['older']}")
    assert numbers(older) == list(range(1, NOTES - PAGE + 1))
    assert (older["older"], older["newest"]) == (None, False)
    assert "Newest notes" in bern.get(f"/channels/{mandate.hex()}?before={newest['older']}").text
    assert numbers(bern.json(f"/channels/{mandate.hex()}?before=0")) == []


def test_what_waits_is_found_in_a_long_record_and_leaves_it_when_done(
    long: tuple[Offices, bytes, list[bytes]],
) -> None:
    """Promise P5: nothing that waits is overlooked, however much of the record is settled."""
    offices, _, notes = long
    bern = signed_in(offices.bern)
    assert [each["note"] for each in bern.json("/")["here"]["waiting"]] == [each.hex() for each in notes[-2:]]
    do(offices.bern, "forward", notes[-2])
    assert [each["note"] for each in bern.json("/")["here"]["waiting"]] == [notes[-1].hex()]
    bern.done(f"/notes/{notes[-1].hex()}/take")
    assert bern.json("/")["here"]["waiting"][0]["taken"]


def test_what_was_opened_for_a_page_is_forgotten_with_the_lock(
    long: tuple[Offices, bytes, list[bytes]],
) -> None:
    """Promise P3: a locked desk holds no text in its memory of pages."""
    offices, mandate, _ = long
    washington = signed_in(offices.washington)
    assert f"Note {NOTES}." in washington.get(f"/channels/{mandate.hex()}").text
    opened = offices.washington.desk.context.opened
    assert opened._kept
    assert opened._pages
    assert opened._drawn
    washington.post("/sign-out")
    assert (opened._kept, opened._pages, opened._drawn) == ({}, {}, {})


def test_findings_are_shown_a_page_at_a_time() -> None:
    """Promise P12: none is removed, and a flood of them makes no page that no browser shows."""
    offices = Offices()
    ledger = offices.bern.desk.ledger
    with ledger.transaction():
        for at in range(FINDINGS + 1):
            ledger.find(offices.time, "this machine's", f"Fault {at}.", "Ask.")
    browser: Browser = signed_in(offices.bern)
    first = browser.json("/findings")
    assert (len(first["findings"]), first["count"]) == (FINDINGS, FINDINGS + 1)
    assert "Older findings" in browser.get("/findings").text
    rest = browser.json(f"/findings?before={first['older']}")
    assert [each["what"] for each in rest["findings"]] == ["Fault 0."]
