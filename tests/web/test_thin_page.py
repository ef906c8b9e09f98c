# SPDX-License-Identifier: Apache-2.0
"""A thin line through the pages: wanted by both, told on the line, and what a note has left (ADR 0044)."""

from __future__ import annotations

import html

import pytest

from tests.core.test_thin import TEXTS
from tests.web.offices import Offices
from tests.web.test_pages import signed_in, words_of

SAYS = {
    "en": ("An ordinary line.", "This line is thin.", "the note fits", "Too long for the thin line."),
    "fa": (
        "خط عادی.",
        "این خط باریک است.",
        "یادداشت در آن جا می‌گیرد",
        "برای خط باریک بیش از اندازه بلند است.",
    ),
}


@pytest.mark.parametrize("language", SAYS)
def test_a_line_is_made_thin_and_the_writer_is_told_what_fits(language: str) -> None:
    """P6, P7"""
    ordinary, thin, fits, too_long = SAYS[language]
    offices = Offices()
    mandate = offices.agree()
    line = offices.washington.desk.line_named("Bern").id
    path = f"/lines/{line.hex()}/relays"
    here = signed_in(offices.washington, **{"accept-language": language})
    there = signed_in(offices.bern, **{"accept-language": language})
    assert ordinary in words_of(here.get(path).text)
    assert here.post(f"{path}/thin", html=True, wanted="1").status_code == 303
    assert there.post(f"{path}/thin", html=True, wanted="1").status_code == 303
    for _ in range(3):
        offices.time += 61_000
        offices.pump()
    assert thin in words_of(here.get(path).text)
    assert thin in words_of(here.get("/lines").text)
    to = offices.tehran.me.hex()
    form = {"to": to, "text": TEXTS["fa"], "precedence": "3", "authority": "1", "language": "fa"}
    told = words_of(here.post(f"/channels/{mandate.hex()}/confirm", html=True, **form).text)
    assert fits in told
    form["text"] = TEXTS["fa"] * 4
    told = words_of(here.post(f"/channels/{mandate.hex()}/confirm", html=True, **form).text)
    assert too_long in html.unescape(told)
