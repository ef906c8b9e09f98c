# SPDX-License-Identifier: Apache-2.0
"""The space–time picture of a channel as a page of the desk."""

import re

import pytest

from goodoffices.core.mandate import Reading
from goodoffices.core.note import Words
from goodoffices.desk.officers.acts import Draft
from tests.web.offices import Browser, DeskInMemory, Offices

MINUTE = 60_000


@pytest.fixture
def offices() -> Offices:
    return Offices()


def browse(desk: DeskInMemory) -> Browser:
    browser = Browser(desk)
    assert browser.sign_in().status_code == 200
    return browser


def release(desk: DeskInMemory, mandate: bytes, to: bytes, text: str = "We do not want a war.") -> str:
    draft = Draft(mandate=mandate, recipient=to, words=Words(text=text, language="en"), precedence=3)
    return desk.act(lambda each, now: each.acts.release(desk.officer(), draft, now)).hex()


def test_notes_that_crossed_cross_and_late_ones_are_marked(offices: Offices) -> None:
    """P5, P9: on the picture and in the table beside it."""
    mandate = offices.agree()
    washington, bern, tehran = (browse(each) for each in offices.desks.values())
    one = release(offices.washington, mandate, offices.tehran.me)
    offices.time += MINUTE
    other = release(offices.tehran, mandate, offices.washington.me)
    offices.time += 10 * MINUTE
    for note in (one, other):
        bern.done(f"/notes/{note}/forward")
    tehran.done(f"/notes/{one}/open")
    washington.done(f"/notes/{other}/open")
    path = f"/channels/{mandate.hex()}/picture"
    page = washington.json(path)
    for browser in (washington, bern, tehran):
        assert browser.json(path)["crossings"] == page["crossings"]
        assert page["crossings"] == [["Tehran 1", "Washington 1"]]
        html = browser.get(path).text
        assert 'class="crossing"' in html
        assert "LATE by" in html
        assert f'href="/notes/{one}"' in html
    rungs = [(each["note_name"], each["rung"]) for each in page["steps"]]
    assert ("Washington 1", "released") in rungs
    assert ("Washington 1", "opened") in rungs
    assert [each["late_by"] is not None for each in page["steps"] if each["rung"] == "forwarded"] == [
        True
    ] * 2


def test_a_note_that_waits_too_long_is_late_before_it_is_forwarded(offices: Offices) -> None:
    """P5"""
    mandate = offices.agree()
    release(offices.washington, mandate, offices.tehran.me)
    offices.time += 20 * MINUTE
    browser = browse(offices.washington)
    page = browser.json(f"/channels/{mandate.hex()}/picture")
    (waiting,) = [each for each in page["steps"] if each["rung"] == "not forwarded"]
    assert waiting["late_by"] > 0
    assert "LATE by" in browser.get(f"/channels/{mandate.hex()}/picture").text


def test_durations_in_the_picture_have_the_units_of_the_language(offices: Offices) -> None:
    """P6: as in the table beside it."""
    mandate = offices.agree()
    release(offices.washington, mandate, offices.tehran.me)
    offices.time += 4 * 60 * MINUTE
    page = browse(offices.washington).get(f"/channels/{mandate.hex()}/picture?lang=fa").text
    drawn = re.findall(r"<text[^>]*>([^<]*)", page.partition('<svg class="spacetime"')[2])
    assert [each for each in drawn if "3:55" in each and "ساعت" in each and not re.search(r"\bh\b", each)]


def test_what_waits_what_was_withdrawn_and_what_was_refused_are_told_apart(offices: Offices) -> None:
    """P6: only one of the three may still be forwarded."""
    mandate = offices.agree()
    waits, back, no = (release(offices.washington, mandate, offices.tehran.me) for _ in range(3))
    browse(offices.washington).done(f"/notes/{back}/withdraw")
    bern = browse(offices.bern)
    bern.done(f"/notes/{no}/refuse", reason=1)
    page = bern.json(f"/channels/{mandate.hex()}/picture")
    assert [each["note"] for each in page["steps"] if each["rung"] == "not forwarded yet"] == [waits]
    assert [each["in_time"] for each in page["tracks"]] == [True, False, False]


def test_an_intermediary_of_a_sealed_channel_draws_what_it_knows(offices: Offices) -> None:
    """P3: no time of release, no text, and the lines all the same."""
    mandate = offices.agree(reading=Reading.SEALED)
    release(offices.washington, mandate, offices.tehran.me, "Only for Tehran.")
    browser = browse(offices.bern)
    html = browser.get(f"/channels/{mandate.hex()}/picture").text
    assert "Washington 1" in html
    assert "Only for Tehran." not in html


def test_a_time_can_be_asked_for_without_a_script(offices: Offices) -> None:
    """The links lead closer, wider, earlier, later; whatever stands in the address is bounded (P12)."""
    mandate = offices.agree()
    began = offices.time
    for _ in range(3):
        release(offices.washington, mandate, offices.tehran.me)
        offices.time += 60 * MINUTE
    browser = browse(offices.washington)
    path = f"/channels/{mandate.hex()}/picture"
    page = browser.json(f"{path}?from={began - MINUTE}&to={began + MINUTE}")
    assert [each["name"] for each in page["tracks"]] == ["Washington 1"]
    links = re.findall(r'data-look="(\w+)" href="(\?from=\d+&amp;to=\d+)"', browser.get(path).text)
    assert {name for name, _ in links} == {"closer", "wider", "earlier", "later"}
    for _, link in links:
        assert browser.get(path + link.replace("&amp;", "&")).status_code == 200
    for odd in (
        "from=-1",
        "to=99999999999999999999",
        "from=x&to=y",
        "from=99999999999999&to=1",
        "to=0",
        "from=0",
    ):
        assert browser.get(f"{path}?{odd}").status_code == 200
    assert len(browser.json(f"{path}?from=0")["tracks"]) == 3


def test_more_notes_than_are_drawn_are_said(offices: Offices) -> None:
    mandate = offices.agree()
    for _ in range(14):
        release(offices.washington, mandate, offices.bern.me, "To Bern alone.")
    browser = browse(offices.washington)
    page = browser.json(f"/channels/{mandate.hex()}/picture")
    assert len(page["tracks"]) == 10
    assert page["cut_off"]
    assert "than are drawn" in browser.get(f"/channels/{mandate.hex()}/picture").text


def test_an_empty_channel_has_no_picture_and_says_so(offices: Offices) -> None:
    mandate = offices.agree()
    html = browse(offices.washington).get(f"/channels/{mandate.hex()}/picture").text
    assert "No note in this time." in html
    assert 'class="spacetime"' not in html
