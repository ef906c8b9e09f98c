# SPDX-License-Identifier: Apache-2.0
"""The wrong window, the caucus, and the most urgent note: what an officer is asked and told before a note goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from tests.browser.conftest import Sound
from tests.browser.served import served
from tests.browser.test_words_added import enter
from tests.web.offices import Browser, Offices

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)
SECRET = "Between us: our principal would take less.\n\nمیان خودمان: کمتر هم می‌پذیرد."
BUDGET = {
    "en": "The mandate's budget for FLASH is used up: one note within 60 min.",
    "fa": "سهم FLASH توافق‌نامه تمام شده است",
}


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_words_for_one_lane_are_not_sent_in_another_and_the_caucus_is_walled_off(
    contexts: Callable[..., BrowserContext], sound: Sound, language: str, width: int, scheme: str
) -> None:
    """P4: two windows side by side, and the words of one under the other's address."""
    offices = Offices(officers=[NewOfficer("duty", "officer 1", ALL_RIGHTS)])
    channel = f"/channels/{offices.agree().hex()}"
    how = {"language": language, "width": width, "scheme": scheme}
    with served(offices.washington) as address, served(offices.bern) as bern_at:
        page = enter(contexts, address, "duty", **how)
        page.goto(address + channel)
        between, caucus = (page.locator(f".lane.{kind}") for kind in ("between", "caucus"))
        looks = [
            each.locator(".lane-sign").first.evaluate("each => each.innerHTML") for each in (between, caucus)
        ]
        assert looks[0] != looks[1]  # told apart by shape too
        sound(page)
        caucus.locator("footer a").click()
        expect(page.locator("h1")).to_contain_text("Bern")
        expect(page.locator("h1")).not_to_contain_text("Tehran")
        page.locator("#text").fill(SECRET)
        # What a stale window, or a hand on the wrong one, would come to: this text, that address.
        to = page.locator('#write input[name="to"]')
        to.evaluate("(field, other) => { field.value = other; }", offices.tehran.me.hex())
        page.locator("#write button.do").click()
        expect(page.locator("#error")).to_be_visible()
        expect(page.locator("button.huge")).to_have_count(0)
        expect(page.locator("main")).to_contain_text("Between us: our principal would take less.")
        expect(page.locator("#text")).to_have_value("")
        sound(page)
        assert offices.tehran.desk.ledger.notes(bytes.fromhex(channel[-64:])) == []

        page.goto(address + channel)
        page.locator(".lane.caucus footer a").click()
        page.locator("#text").fill(SECRET)
        page.locator("#write button.do").click()
        expect(page.locator("button.huge")).to_contain_text("Bern")
        expect(page.locator(".confirm.caucus h1")).to_contain_text("Bern")
        sound(page)
        page.locator("button.huge").click()
        page.wait_for_url("**/notes/*")
        note = page.url.rpartition("/")[2]
        bern = enter(contexts, bern_at, "duty", **how)
        bern.goto(f"{bern_at}/notes/{note}")
        bern.locator("button.huge").click()
        expect(bern.locator(".note-page.caucus .words .text")).to_have_text(SECRET)
        expect(bern.locator(f'form[action="/notes/{note}/forward"]')).to_have_count(0)
        sound(bern)
    reader = Browser(offices.tehran)
    reader.sign_in()
    assert reader.get(f"/notes/{note}").status_code == 404


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_a_flash_note_states_why_has_a_budget_and_is_advised_by_the_glossary(
    contexts: Callable[..., BrowserContext], sound: Sound, language: str, width: int, scheme: str
) -> None:
    """P4, P10: the refusal stands in the page's language, and the words stay."""
    offices = Offices(officers=[NewOfficer("duty", "officer 1", ALL_RIGHTS)])
    channel = f"/channels/{offices.agree(flash_budget=(1, 3_600_000)).hex()}"
    helper = Browser(offices.washington)
    helper.sign_in()
    helper.done("/glossary/add", term="war", advice="Say: hostilities.")
    with served(offices.washington) as address:
        page = enter(contexts, address, "duty", language=language, width=width, scheme=scheme)
        for text, reason in (
            ("We do not want a war.", "An attack within the hour."),
            ("Nor they.", "Again."),
        ):
            page.goto(address + channel)
            page.locator(".lane.between footer a").click()
            page.locator("#text").fill(text)
            page.locator("#precedence").select_option("4")
            page.locator("#write button.do").click()
            expect(page.locator("#error")).to_be_visible()
            expect(page.locator("#text")).to_have_value(text)
            sound(page)
            page.locator("#reason").fill(reason)
            page.locator("#write button.do").click()
            expect(page.locator("button.huge")).to_contain_text("Tehran")
            expect(page.locator("button.huge")).to_contain_text("Bern")
            expect(page.locator("#advice")).to_have_count(1 if "war" in text else 0)
            sound(page)
            page.locator("button.huge").click()
            if text == "Nor they.":
                break
            page.wait_for_url("**/notes/*")
        expect(page.locator("#error")).to_contain_text(BUDGET[language])
        expect(page.locator('#error [lang="en"]')).to_have_count(0)
        expect(page.locator("#text")).to_have_value("Nor they.")
        sound(page)
