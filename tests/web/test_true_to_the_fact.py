# SPDX-License-Identifier: Apache-2.0
"""What a page says of what it cannot know, or of what somebody did: the fact, and nobody accused by it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from goodoffices.core.act import ActType
from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.core.office import Right
from goodoffices.desk.founding import NewOfficer
from goodoffices.desk.officers.acts import Draft, Terms
from goodoffices.web.language import COOKIE, load
from goodoffices.web.render import HERE, span
from goodoffices.web.words import FIELDS
from tests.web.offices import Browser, Offices
from tests.web.test_pages import do, release, signed_in, words_of

NOT_TOLD = "not known: the mandate does not let it travel"


@pytest.fixture
def offices() -> Offices:
    return Offices()


def test_opening_says_whether_the_author_is_told(offices: Offices) -> None:
    """P6: what the mandate lets travel is what the button says."""
    mandate = offices.agree(acknowledgements=(ActType.ACKNOWLEDGED,))
    note = release(offices.washington, mandate, offices.tehran.me, "One.")
    do(offices.bern, "forward", note)
    page = words_of(signed_in(offices.tehran).get(f"/notes/{note.hex()}").text)
    assert "its author is not told" in page
    assert "and its author is told" not in page


def test_what_may_not_travel_is_never_called_unreported(offices: Offices) -> None:
    """P6: a reader who may not tell is not one who did not."""
    mandate = offices.agree(acknowledgements=(ActType.ACKNOWLEDGED,))
    note = release(offices.washington, mandate, offices.tehran.me, "One.")
    do(offices.bern, "forward", note)
    for name, extra in (("open", ()), ("acknowledge", (2,))):
        do(offices.tehran, name, note, *extra)
        for desk in (offices.washington, offices.bern):
            steps = signed_in(desk).json(f"/notes/{note.hex()}")["steps"]
            states = {each["rung"]: each["state"] for each in steps}
            assert (states["opened"], states["with the principal"]) == ("not told", "not told")
    assert words_of(signed_in(offices.washington).get(f"/notes/{note.hex()}").text).count(NOT_TOLD) == 2
    own = {
        each["rung"]: each["state"]
        for each in signed_in(offices.tehran).json(f"/notes/{note.hex()}")["steps"]
    }
    assert own["opened"] == "done"


def test_own_digits_are_a_slip_and_no_alarm(offices: Offices) -> None:
    """P1: whoever types what he read out himself is told so, as at the line."""
    mandate = offices.agree(compare=False)
    browser = signed_in(offices.washington)
    own = browser.json(f"/mandates/{mandate.hex()}")["read_aloud"]
    refused = browser.post(f"/mandates/{mandate.hex()}/compare", digits=own)
    assert refused.status_code == 400
    assert refused.json()["what"] == "These are the digits that you read out yourself."


@pytest.mark.parametrize(("slow", "said"), [(900, "0.9 s earlier"), (20, "at the same time")])
def test_a_rung_with_an_earlier_time_says_so(offices: Offices, slow: int, said: str) -> None:
    """P6: two desks, two clocks: an earlier time is not shown as no time at all."""
    mandate = offices.agree()
    words = Words(text="One.", language="en")
    draft = Draft(mandate=mandate, recipient=offices.tehran.me, words=words, precedence=3)
    note = offices.washington.desk.acts.release(offices.washington.officer(), draft, offices.time)
    offices.time -= slow  # whoever has it next goes by a clock that is slow
    offices.pump()
    browser = signed_in(offices.washington)
    steps = browser.json(f"/notes/{note.hex()}")["steps"]
    earlier = next(each for each in steps if each["rung"] == "on a relay")
    assert (earlier["took"], earlier["before"]) == (None, slow)
    assert f"{said}, by another desk’s clock" in words_of(browser.get(f"/notes/{note.hex()}").text)


def test_the_head_of_a_note_says_the_furthest_rung_whatever_the_clocks(offices: Offices) -> None:
    """P6: *on a relay* stood there at the desk where the note lay, while the author's clock was ahead."""
    mandate = offices.agree()
    words = Words(text="One.", language="en")
    draft = Draft(mandate=mandate, recipient=offices.tehran.me, words=words, precedence=3)
    note = offices.washington.desk.acts.release(offices.washington.officer(), draft, offices.time + 900)
    offices.pump()
    for desk in (offices.washington, offices.bern):
        html = signed_in(desk).get(f"/notes/{note.hex()}").text
        (head,) = re.findall(r'<p class="reached">(.*?)</p>', html)
        assert words_of(head).startswith("● at the desk · Bern ·")


def test_durations_have_the_units_of_the_language(offices: Offices) -> None:
    persian = load()["fa"]
    assert span(276_000, persian.say) == "4:36 دقیقه"
    browser = signed_in(offices.bern)
    browser.client.cookies.set(COOKIE, "fa")
    assert 'data-units="ثانیه|دقیقه|ساعت|روز"' in browser.get("/").text


def test_a_fault_names_the_field_as_the_page_does(offices: Offices) -> None:
    """P12: what is wrong is said by the label that stands at it, in the language of the page."""
    mandate = offices.agree()
    browser, to = signed_in(offices.washington), offices.tehran.me.hex()
    where = f"/channels/{mandate.hex()}/confirm"
    refused = browser.post(where, to=to, text="One.", valid_until="soon")
    assert refused.json()["what"] == "The field 'Valid until (Zulu), if it ends' takes a date and time."
    assert (
        browser.post(where, to=to, text="One.", precedence="9").json()["what"] == "There is no such urgency."
    )
    browser.client.cookies.set(COOKIE, "fa")
    page = browser.post(where, html=True, to=to, text="One.", valid_until="soon").text
    assert "خانهٔ «معتبر تا (به وقت زولو)، اگر پایان دارد» تاریخ و ساعت می‌گیرد." in page


def test_every_label_that_a_fault_names_stands_on_a_page() -> None:
    written = "".join(each.read_text(encoding="utf-8") for each in (HERE / "templates").glob("*.html"))
    labels = set(FIELDS.values()) - {each.name for each in Precedence}
    assert [each for each in labels if f'_("{each}")' not in written] == []


def test_a_reply_is_not_asked_for_by_a_time_that_is_past(offices: Offices) -> None:
    """P12: as a note that would be expired is refused before it is released."""
    mandate = offices.agree()
    fields: dict[str, Any] = {"to": offices.tehran.me.hex(), "text": "One.", "reply_by": "2020-01-01T00:00"}
    browser = signed_in(offices.washington)
    for last in ("confirm", "release"):
        refused = browser.post(f"/channels/{mandate.hex()}/{last}", **fields)
        assert refused.json()["what"] == "The time by which a reply is asked for is past."


def test_an_unread_note_is_first_taken(offices: Offices) -> None:
    """P10: take, read, forward: the press at hand is to look, and passing it on unread says so."""
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "One.")
    browser = signed_in(offices.bern)
    page = browser.get(f"/notes/{note.hex()}").text
    assert page.index("Take it: look, then decide") < page.index("word for word, unread")
    browser.done(f"/notes/{note.hex()}/take")
    page = browser.get(f"/notes/{note.hex()}").text
    assert "Forward to Tehran, word for word</button>" in page
    assert "unread</button>" not in page


def test_handing_over_says_what_it_signs_where_the_reader_has_a_desk(offices: Offices) -> None:
    """P14: folded away, and never taken for forwarding."""
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "One.")
    page = signed_in(offices.bern).get(f"/notes/{note.hex()}").text
    assert "it forwards nothing to the desk of Tehran" in page
    assert "It was handed over: sign to whom" not in page


def test_the_watch_shows_what_this_desk_did_before_the_next_round(offices: Offices) -> None:
    """P5: a note that was forwarded a moment ago is not offered to be taken."""
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "One.", precedence=4, reason="Now.")
    browser = signed_in(offices.bern)
    assert [each["what"] for each in browser.json("/watch")["alarms"]] == ["forward"]
    offices.bern.desk.acts.forward(offices.bern.officer(), note, offices.time)
    assert "forward" not in [each["what"] for each in browser.json("/watch")["alarms"]]


def test_a_language_in_the_address_reaches_the_sign_in(offices: Offices) -> None:
    browser = Browser(offices.bern)
    where = browser.get("/?lang=fa").headers["location"]
    assert where == "/sign-in?lang=fa&next=%2F%3Flang%3Dfa"
    assert 'lang="fa"' in browser.get(where).text


def test_a_mandate_is_offered_for_signing_to_who_can_sign_it() -> None:
    """P10: others are told who can."""
    officers = [NewOfficer("duty", "officer 1"), NewOfficer("clerk", "officer 2", Right.DRAFT | Right.DUTY)]
    offices = Offices(officers=officers)
    for each in offices.desks.values():
        each.unlock()
    offices.pair(offices.washington, offices.bern)
    offices.pair(offices.bern, offices.tehran)
    path = (offices.washington.me, offices.bern.me, offices.tehran.me)
    terms = Terms(name="Good offices", path=path)
    mandate = offices.bern.act(lambda desk, now: desk.acts.propose(offices.bern.officer(), terms, now))
    clerk = Browser(offices.washington)
    clerk.sign_in("clerk")
    assert "Read it and sign" not in clerk.get("/").text
    page = words_of(clerk.get(f"/mandates/{mandate.hex()}").text)
    assert "Sign the mandate for our office" not in page
    assert "It can be signed here by officer 1" in page


def test_a_note_that_waits_for_a_signature_stands_on_its_channel() -> None:
    """P10: up for release, one of two, is not no note."""
    officers = [NewOfficer("duty", "officer 1"), NewOfficer("second", "officer 2")]
    offices = Offices(officers=officers, releasers=2)
    mandate = offices.agree()
    browser, to = signed_in(offices.washington), offices.tehran.me.hex()
    browser.done(f"/channels/{mandate.hex()}/release", to=to, text="Two of us say so.", language="en")
    page = words_of(browser.get(f"/channels/{mandate.hex()}").text)
    assert "Up for release: 1 of 2 have signed" in page
    assert "Two of us say so." in page
    assert page.count("No note yet.") == 1  # in the other lane
