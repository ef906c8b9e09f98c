# SPDX-License-Identifier: Apache-2.0
"""A connection that is lost while somebody writes costs no words and sends none twice (P2, P12)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Sound
from tests.browser.served import served
from tests.web.offices import PASSPHRASE, Offices
from tests.web.test_pages import release

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

expect.set_options(timeout=60_000)
WORDS = "Words that survive. واژه‌هایی که می‌مانند."


def test_what_was_typed_stays_until_the_desk_is_back_and_then_goes_once(
    contexts: Callable[..., BrowserContext], sound: Sound
) -> None:
    offices = Offices()
    mandate = offices.agree()
    note = release(offices.washington, mandate, offices.tehran.me, "Hello.")
    line = offices.bern.desk.line_named("Washington").id
    with served(offices.bern) as address:
        context = contexts()
        page = context.new_page()
        page.goto(f"{address}/sign-in")
        page.locator("#name").fill("duty")
        page.locator("#passphrase").fill(PASSPHRASE)
        page.locator("main form button").first.click()
        page.wait_for_url(f"{address}/")
        for path, field, button in (
            (f"/status/{line.hex()}/chat", "#chat-words", ".chat-button"),
            (f"/notes/{note.hex()}", "#remark", "#act-forward button"),
        ):
            page.goto(address + path)
            page.locator("details:has(#remark) > summary").evaluate_all(
                "all => all.forEach(each => each.click())"
            )
            page.locator(field).fill(WORDS)
            context.set_offline(True)
            page.locator(button).click()
            expect(page.locator("#live-notice")).to_contain_text("Not sent")
            expect(page.locator(field)).to_have_value(WORDS)
            sound(page)
            context.set_offline(False)
            with page.expect_navigation():
                page.locator(button).dblclick()
            expect(page.locator("main")).to_contain_text("Words that survive.")
        assert len(offices.bern.desk.ledger.chat(line, 10)) == 1
        assert page.locator(".remark").count() == 1
