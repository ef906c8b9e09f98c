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
