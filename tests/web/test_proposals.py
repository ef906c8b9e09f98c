# SPDX-License-Identifier: Apache-2.0
"""A proposed mandate: what cannot be meant is refused with its words kept, and a mistaken one is put out of the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.offices import Browser, Offices


@pytest.fixture(scope="module")
def offices() -> Offices:
    made = Offices()
    made.agree()
    return made


def keeper(offices: Offices, name: str = "Bern") -> Browser:
    browser = Browser(offices.desks[name])
    browser.sign_in()
    return browser


def terms(offices: Offices, **changed: object) -> dict[str, Any]:
    return {"name": "Week", "path": [each.me.hex() for each in offices.desks.values()]} | changed


def test_what_a_mandate_is_for_is_refused_whole_and_never_cut(offices: Offices) -> None:
    """P1: nothing that is signed says less than what was typed."""
    long = "For the ceasefire. " * 200
    refused = keeper(offices).post("/mandates", html=True, **terms(offices, purpose=long))
    assert refused.status_code == 400
    assert f"has {len(long.strip())} bytes; at most 2000 fit" in refused.text
    assert long.strip() in refused.text, "what was typed stands on the page"


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("ends", "2001-01-01T00:00Z", "would end before it begins"),
        ("languages", "en, de facto", "Languages are written as codes"),
    ],
)
def test_terms_that_cannot_be_meant_are_not_signed(
    offices: Offices, field: str, value: str, why: str
) -> None:
    """P10"""
    refused = keeper(offices).post("/mandates", html=True, **terms(offices, **{field: value}))
    assert refused.status_code == 400
    assert why in refused.text


def test_a_mandate_that_has_ended_takes_no_signature() -> None:
    """P10: a signature that would bind to nothing is not asked for."""
    offices = Offices()
    offices.agree()
    where = keeper(offices).done("/mandates", **terms(offices, ends="2023-11-15T12:00Z"))["location"]
    offices.pump()
    offices.time += 3 * 86_400_000
    party = keeper(offices, "Tehran")
    assert "Sign the mandate for our office" not in party.get(where).text
    refused = party.post(f"{where}/sign", html=True)
    assert "a signature would bind to nothing" in refused.text


def test_a_mistaken_proposal_is_put_out_of_the_way_and_taken_up_again(offices: Offices) -> None:
    """P4: the channel in force stands first, and what is not meant stands nowhere near it."""
    browser = keeper(offices)
    where = browser.done("/mandates", **terms(offices, name="A slip"))["location"]
    home = browser.json("/")
    assert [each["state"] for each in home["channels"]] == ["in force", "signing"]
    browser.done(f"{where}/set-aside")
    home = browser.json("/")
    assert [each["name"] for each in home["aside"]] == ["A slip"]
    assert "1 mandate set aside" in browser.get("/").text
    browser.done(f"{where}/take-up")
    assert browser.json("/")["aside"] == []


def test_a_mandate_in_force_cannot_be_put_out_of_the_way(offices: Offices) -> None:
    """P4"""
    browser = keeper(offices)
    mandate = browser.json("/")["channels"][0]["id"]
    assert browser.post(f"/mandates/{mandate}/set-aside", html=True).status_code == 409
