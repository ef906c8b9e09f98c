# SPDX-License-Identifier: Apache-2.0
"""A thin line through the pages: wanted by both, told on the line, and what a note has left (ADR 0044)."""

from __future__ import annotations

import html

import pytest

from goodoffices.desk.views.lines import line_cards
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


def test_who_was_heard_a_moment_ago_on_a_thin_line_is_not_called_down() -> None:
    """P6: a receipt takes minutes there; *their desk is down or cut off* stood beside *heard two seconds ago*."""
    offices = Offices()
    offices.agree()
    washington, bern = offices.washington, offices.bern
    line = washington.desk.line_named("Bern").id

    def state() -> str:
        (card,) = line_cards(washington.desk, offices.time, tuple(washington.relays()))
        return card.state

    def waits_two_minutes() -> None:
        bern.cut = True
        officer = washington.officer()
        washington.act(lambda desk, now: desk.service_traffic.call_now(officer, line, now, person=True))
        offices.time += 120_000

    waits_two_minutes()
    assert state() == "silent"
    bern.cut = False
    offices.pump()
    for each in (washington, bern):
        each.desk.acts.thin_line(each.officer(), line, True, offices.time)  # as the page does
    for _ in range(3):
        offices.time += 61_000
        offices.pump()
    bern.act(lambda desk, now: desk.lines.tell(now))
    waits_two_minutes()
    assert state() == "open"
    offices.time += 240_000
    assert state() == "silent"
