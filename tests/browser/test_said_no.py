# SPDX-License-Identifier: Apache-2.0
"""What does not go on: refused, returned with a question, taken back, put into other words; its author sees which."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from tests.browser.conftest import Sound
from tests.browser.served import served
from tests.browser.test_words_added import enter
from tests.web.offices import Offices
from tests.web.test_pages import release

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)
REASON = "Not in these words.\n\nنه با این واژه‌ها."
QUESTION = "Which sailors are meant?"


def say_no(page: Page, at: str, how: str, words: str) -> None:
    """Open the fold of an act, give the reason, press."""
    page.goto(at)
    fold = page.locator("details.act", has=page.locator(f'form[action$="/{how}"]'))
    fold.locator("summary").click()
    if words:
        fold.locator("textarea").fill(words)
    fold.locator("button.careful").click()
    expect(page.locator(f'form[action$="/{how}"]')).to_have_count(0)


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_a_note_is_refused_another_returned_a_third_taken_back_and_a_fourth_replaced(
    contexts: Callable[..., BrowserContext], sound: Sound, language: str, width: int, scheme: str
) -> None:
    """P1, P6: four ends that look alike from outside, each told apart with its reason, in its author's words or not."""
    offices = Offices(officers=[NewOfficer("duty", "officer 1", ALL_RIGHTS)])
    mandate = offices.agree(languages=("en", "fa"))
    how = {"language": language, "width": width, "scheme": scheme}
    refused, returned, back, old = (
        release(offices.washington, mandate, offices.tehran.me, f"Note {at}.").hex() for at in range(1, 5)
    )
    with served(offices.bern) as bern_at, served(offices.washington) as washington_at:
        bern = enter(contexts, bern_at, "duty", **how)
        say_no(bern, f"{bern_at}/notes/{refused}", "refuse", REASON)
        say_no(bern, f"{bern_at}/notes/{returned}", "return", QUESTION)
        sound(bern)
        author = enter(contexts, washington_at, "duty", **how)
        expect(author.locator(f'.cards a[href="/notes/{refused}"]')).to_have_count(1)
        expect(author.locator(f'.cards a[href="/notes/{returned}"]')).to_have_count(1)
        sound(author)
        author.goto(f"{washington_at}/notes/{refused}")
        expect(author.locator(".strip blockquote")).to_have_text(REASON)
        sound(author)
        author.goto(f"{washington_at}/notes/{returned}")
        expect(author.locator(".strip blockquote")).to_have_text(QUESTION)
        say_no(author, f"{washington_at}/notes/{back}", "withdraw", "")
        author.goto(f"{washington_at}/notes/{old}")
        author.locator('a[href*="replaces="]').click()
        author.locator("#text").fill("Note 4, said better.")
        author.locator("#write button.do").click()
        author.locator("button.huge").click()
        author.wait_for_url("**/notes/*")
        new = author.url
        expect(author.locator(f'.facts a[href="/notes/{old}"]')).to_have_count(1)
        sound(author)
        bern.goto(f"{bern_at}/notes/{back}")
        expect(bern.locator("button.huge")).to_have_count(0)
        expect(bern.locator(".note-head .flag", has_text="⊘")).to_have_count(1)
        bern.goto(f"{bern_at}/")
        expect(bern.locator(".waiting > li")).to_have_count(1)
        expect(bern.locator(f'.waiting a.big[href="/notes/{new.rsplit("/", 1)[1]}"]')).to_have_count(1)
