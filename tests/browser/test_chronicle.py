# SPDX-License-Identifier: Apache-2.0
"""An officer at a browser: finds Persian typed with Arabic letters, and briefs an ally from what was found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from goodoffices.core.mandate import RecordUse
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from tests.browser.conftest import Sound
from tests.browser.served import served
from tests.web.offices import PASSPHRASE, Offices
from tests.web.test_pages import release

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("fa", 390)])
def test_from_a_search_to_a_briefing(
    contexts: Callable[..., BrowserContext], sound: Sound, language: str, width: int
) -> None:
    """P8"""
    offices = Offices(officers=[NewOfficer("duty", "officer 1", ALL_RIGHTS)])
    mandate = offices.agree(record_use=RecordUse.AS_EVIDENCE)
    there = offices.washington
    release(there, mandate, offices.tehran.me, "Another matter.")
    note = release(there, mandate, offices.tehran.me, "کشتی‌ها در بندر می‌مانند", language="fa")
    there.act(lambda desk, now: desk.checkpoints.now(now))
    with served(there) as address:
        page = contexts(language=language, width=width).new_page()
        page.goto(f"{address}/sign-in")
        page.locator("#name").fill("duty")
        page.locator("#passphrase").fill(PASSPHRASE)
        page.locator("#sign-in button:not([type=button])").first.click()
        page.wait_for_url(f"{address}/")
        page.goto(f"{address}/channels/{mandate.hex()}")
        page.locator(f'a[href$="{mandate.hex()}/chronicle"]').click()
        page.locator("#what, #q").first.wait_for()
        page.locator("summary").last.click()
        page.locator("#what").fill("ما در سازمان ملل هم گفتیم: كشتي می‌ماند")
        for field, words in (("by", "the envoy"), ("said", "2023-11-14T20:00Z"), ("heard", "UN Web TV")):
            page.locator(f"#{field}").fill(words)
        page.locator('form[action$="/statements"] button').click()
        expect(page.get_by_text("UN Web TV")).to_be_visible()
        page.locator("#q").fill("كشتي")
        page.locator("#q").press("Enter")
        page.wait_for_url("**/chronicle?q=**")
        expect(page.locator(".chronicle > li")).to_have_count(2)
        sound(page)
        page.locator("#file-mark").select_option("1")
        save = page.locator('form[action$="/file"] button')
        with page.expect_download() as download:
            save.click()
        assert download.value.suggested_filename == "chronicle-good-offices.html"
        expect(save).not_to_have_attribute("aria-disabled", "true")
        page.locator(f'input[name="note"][value="{note.hex()}"]').check()
        page.locator('input[name="own"]').check()
        page.locator('form[id="brief"] button').click()
        page.wait_for_url("**/briefing?**")
        expect(page.locator('input[name="parts"]:checked')).not_to_have_count(0)
        expect(page.locator('input[name="own"]:checked')).to_have_count(1)
        sound(page)
        page.locator("#recipient").fill("An ally")
        page.locator("#mark").select_option("3")
        page.locator("#along").check()
        with page.expect_download() as download:
            page.locator('form[action$="/briefing"] button.do').first.click()
        assert download.value.suggested_filename == "briefing-for-an-ally.zip"
