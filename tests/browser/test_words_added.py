# SPDX-License-Identifier: Apache-2.0
"""Words of an intermediary's own, by two officers with two browsers: a remark, a rewording, a transcript (P10, P11)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from goodoffices.core.note import Words
from goodoffices.desk.officers.acts import Draft
from tests.browser.conftest import Sound
from tests.browser.served import served
from tests.web.offices import PASSPHRASE, Browser, Offices
from tests.web.test_paper import HAND, far, propose, write
from tests.web.test_remarks import PEOPLE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)
REMARK = "With the compliments of this office.\n\nبا احترام این دفتر."
OTHER_WORDS = "They do not want a war, and say so plainly."
WRONG = "Come on Friday.\n\nپنج‌شنبه بیایید."
ANSWER = "Come on Thursday.\n\nپنج‌شنبه بیایید."


def enter(contexts: Callable[..., BrowserContext], address: str, name: str, **how: object) -> Page:
    page = contexts(**how).new_page()
    page.goto(f"{address}/sign-in")
    page.locator("#name").fill(name)
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("main form button").first.click()
    page.wait_for_url(f"{address}/")
    return page


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_a_remark_and_a_rewording_go_when_a_second_officer_has_signed_what_he_read(
    contexts: Callable[..., BrowserContext], sound: Sound, language: str, width: int, scheme: str
) -> None:
    """P1, P10, P11: the note goes at once and word for word; the words follow, under their makers' name."""
    offices, how = Offices(officers=PEOPLE), {"language": language, "width": width, "scheme": scheme}
    mandate = offices.agree(officers_to_add_words=2, languages=("en", "fa"))
    words = Words(text="We do not want a war.", language="en")
    draft = Draft(mandate=mandate, recipient=offices.tehran.me, words=words, precedence=3)
    author = offices.washington
    note = author.act(lambda desk, now: desk.acts.release(author.officer(), draft, now)).hex()
    with served(offices.bern) as bern_at, served(offices.tehran) as tehran_at:
        first, second = (enter(contexts, bern_at, name, **how) for name in ("duty", "second"))
        first.goto(bern_at)
        first.locator(f'form[action="/notes/{note}/take"] button').click()
        first.wait_for_url(f"**/notes/{note}")
        first.locator("#act-forward summary").click()
        first.locator("#remark").fill(REMARK)
        sound(first)
        first.locator("#act-forward button.do").click()
        expect(first.locator(".strip li.done", has_text="Bern")).to_have_count(3)
        waiting = 'aside.remark form[action$="/sign"] button.do'
        expect(first.locator("aside.remark .text")).to_have_text(REMARK)
        expect(first.locator(waiting)).to_have_count(0)
        sound(first)
        first.locator(".beside a.button").click()
        first.locator("#grade").select_option("rewording")
        first.locator("#text").fill(OTHER_WORDS)
        first.locator("form.writing-beside button.do").click()
        expect(first.locator(".to-sign .text")).to_have_text(OTHER_WORDS)
        sound(first)
        first.locator(".to-sign button.do").click()
        first.wait_for_url(f"**/notes/{note}*")

        second.goto(f"{bern_at}/notes/{note}")
        expect(second.locator(waiting)).to_have_count(2)
        sound(second)
        for left in (1, 0):
            second.locator(waiting).first.click()
            expect(second.locator(waiting)).to_have_count(left)
        expect(second.locator(".rewording .text")).to_have_text(OTHER_WORDS)
        sound(second)

        tehran = enter(contexts, tehran_at, "duty", **how)
        tehran.goto(f"{tehran_at}/notes/{note}")
        tehran.locator("button.huge").click()
        expect(tehran.locator(".words .text").first).to_have_text("We do not want a war.")
        expect(tehran.locator(".rewording .text")).to_have_text(OTHER_WORDS)
        expect(tehran.locator(".remark .text")).to_have_text(REMARK)
        sound(tehran)


@pytest.mark.parametrize(
    ("language", "width", "scheme", "take"), [("en", 1280, "light", 1), ("fa", 390, "dark", 2)]
)
def test_an_answer_by_word_of_mouth_is_written_down_and_never_shown_as_the_partys_own(
    contexts: Callable[..., BrowserContext], sound: Sound, language: str, width: int, scheme: str, take: int
) -> None:
    """P1, P10, P14: whose transcript it is stands with it at the author's desk, once as many have signed as must."""
    offices = Offices(officers=PEOPLE)
    for each in offices.desks.values():
        each.unlock()
    offices.pair(offices.washington, offices.bern)
    mandate = str(propose(offices, officers_to_add_words=str(take)).json()["id"])
    washington = Browser(offices.washington)
    washington.sign_in()
    washington.done(f"/mandates/{mandate}/sign")
    assert far(offices, mandate)
    note = write(offices, mandate)
    how = {"language": language, "width": width, "scheme": scheme}
    with served(offices.bern) as bern_at, served(offices.washington) as washington_at:
        bern = enter(contexts, bern_at, "duty", **how)
        bern.goto(f"{bern_at}/notes/{note}")
        for name in ("who", "where"):
            bern.locator(f"#hand-{name}").fill(HAND[name])
        bern.locator('form[action$="/hand-over"] button.do').click()
        expect(bern.locator(".strip blockquote")).to_contain_text(HAND["who"])
        bern.locator("details", has=bern.locator("#transcript")).locator("summary").click()
        bern.locator("#kind-spoken").check()
        bern.locator("#from-who").fill("The council's envoy")
        bern.locator("#from-where").fill("the border post")
        bern.locator("#transcript").fill(ANSWER if take == 1 else WRONG)
        sound(bern)
        bern.locator('form[action$="/transcript"] button.do').click()
        expect(bern.locator("main", has_text="Come on").locator("#transcript")).to_have_value("")
        sound(bern)
        if take == 2:
            waiting = 'aside.remark form[action$="/sign"] button.do'
            expect(bern.locator("aside.transcript .text").first).to_contain_text("پنج‌شنبه بیایید.")
            expect(bern.locator(waiting)).to_have_count(0)
            second = enter(contexts, bern_at, "second", **how)
            second.locator("section[aria-labelledby=words-to-sign] a").click()
            second.wait_for_url(f"**/notes/{note}")
            sound(second)
            second.locator("aside.transcript details.act summary").click()
            words = second.locator("#again-1-transcript")
            expect(words).to_have_value(WRONG)
            words.fill(ANSWER)
            sound(second)
            second.locator('aside.transcript form[action$="/transcript"] button.do').click()
            expect(second.locator("aside.transcript .text").first).to_contain_text("Thursday")
            expect(second.locator(waiting)).to_have_count(0)
            bern.goto(f"{bern_at}/notes/{note}")
            bern.locator(waiting).click()
            expect(bern.locator(waiting)).to_have_count(0)
            expect(bern.locator("aside.transcript")).to_have_count(1)
        author = enter(contexts, washington_at, "duty", **how)
        author.goto(f"{washington_at}/notes/{note}")
        told = author.locator("main aside, main section", has_text="Come on Thursday.").last
        expect(told).to_contain_text("پنج‌شنبه بیایید.")
        expect(told).to_contain_text("Bern")
        sound(author)
