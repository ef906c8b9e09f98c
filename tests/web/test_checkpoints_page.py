# SPDX-License-Identifier: Apache-2.0
"""The checkpoints page: what stands under one, what waits, and one made on demand (P8, P11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.web.offices import Offices
from tests.web.test_pages import release, signed_in, words_of


@pytest.mark.parametrize("language", ["en", "fa"])
def test_an_auditor_makes_one_and_sees_it_cosigned(language: str) -> None:
    """P8."""
    offices = Offices()
    release(offices.washington, offices.agree(), offices.tehran.me, "Under a checkpoint.")
    browser = signed_in(offices.washington, **{"accept-language": language})
    before = browser.json("/checkpoints")
    assert {each["under"] for line in before["lines"] for each in line["chains"]} == {0}
    assert browser.post("/checkpoints", html=True).status_code in {200, 303}
    offices.pump()
    told = browser.json("/checkpoints")
    (mine,) = (each for line in told["lines"] for each in line["chains"] if each["mine"])
    assert mine["entries"] >= mine["under"] == mine["cosigned"] > 0
    assert browser.get("/checkpoints").status_code == 200


def test_without_a_key_the_page_says_so_and_nothing_is_made() -> None:
    """An office founded before there were checkpoints."""
    offices = Offices()
    desk = offices.washington.desk
    offices.agree()
    desk.context.keys = replace(desk.context.keys, checkpoint_seed=None)
    browser = signed_in(offices.washington)
    assert "no key for checkpoints yet" in words_of(browser.get("/checkpoints").text)
    assert browser.post("/checkpoints").status_code in {400, 403, 409, 422}
    assert not desk.checkpoints.count()


def test_the_page_says_how_each_outsider_ended_and_what_a_witness_is_told() -> None:
    """P8, P6: a witness that refuses is not silently left to refuse."""
    offices = Offices()
    release(offices.washington, offices.agree(), offices.tehran.me, "Under a checkpoint.")
    outside = offices.washington.desk.checkpoints.outside
    browser = signed_in(offices.washington)
    assert "keeps a list" not in browser.get("/checkpoints").text
    for number, ended in enumerate((("took", 0), ("refused", 404), ("silent", 0), ("wrong", 0), ("", 0))):
        outside[f"https://witness{number}.example"] = ended
    words = words_of(browser.get("/checkpoints").text)
    for said in (
        "gave what it was asked for",
        "refused, with status 404: it does not know this chain",
        "does not answer; it is asked again each minute",
        "answered with something that does not hold",
        "not asked yet",
    ):
        assert said in words
    (mine,) = (
        each for line in browser.json("/checkpoints")["lines"] for each in line["chains"] if each["mine"]
    )
    assert mine["witness_key"].startswith("goodoffices/")
    assert mine["witness_key"] in words
