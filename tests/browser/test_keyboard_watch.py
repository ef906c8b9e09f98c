# SPDX-License-Identifier: Apache-2.0
"""A whole watch without a mouse: signing in, taking and forwarding a note, arming the bell, handing over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from goodoffices.core.note import Words
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.desk.officers.acts import Draft
from tests.browser.served import served
from tests.web.offices import PASSPHRASE, Offices

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=20_000)

PEOPLE = [NewOfficer("duty", "officer 1", ALL_RIGHTS), NewOfficer("second", "officer 2", ALL_RIGHTS)]


def reach(page: Page, what: str) -> None:
    """Press Tab until something has the focus."""
    expect(page.locator(what).first).to_be_visible()
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"no Tab leads to {what}")


def sign_in(page: Page, name: str) -> None:
    reach(page, "#name")
    page.keyboard.type(name)
    reach(page, "#passphrase")
    page.keyboard.type(PASSPHRASE)
    page.keyboard.press("Enter")
    expect(page.locator("form.who")).to_contain_text(name)


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("fa", 390)])
def test_a_watch_from_sign_in_to_handover_by_keyboard(
    contexts: Callable[..., BrowserContext], language: str, width: int
) -> None:
    """Promises P5, P10: who cannot use a mouse, or has none at three in the morning, does the whole job."""
    offices = Offices(officers=PEOPLE)
    mandate = offices.agree()
    words = Words(text="We do not want a war.", language="en")
    draft = Draft(mandate=mandate, recipient=offices.tehran.me, words=words, precedence=4)
    washington = offices.washington
    note = washington.act(lambda desk, now: desk.acts.release(washington.officer(), draft, now)).hex()
    offices.bern.desk.lock()
    with served(offices.bern) as address:
        page = contexts(language=language, width=width).new_page()
        page.goto(address)
        sign_in(page, "duty")
        reach(page, f'form[action="/notes/{note}/take"] button')
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/notes/{note}")
        reach(page, "button.huge")
        page.keyboard.press("Enter")
        expect(page.locator(".strip li.done", has_text="Bern")).to_have_count(3)
        reach(page, 'nav a[href="/watch"]')
        page.keyboard.press("Enter")
        page.wait_for_url("**/watch")
        reach(page, "#arm")
        page.keyboard.press("Enter")
        expect(page.locator("#console")).to_have_attribute("data-state", "armed")
        reach(page, 'a[href="/watch/handover"]')
        page.keyboard.press("Enter")
        page.wait_for_url("**/watch/handover")
        reach(page, '[name="coming"]')
        expect(page.locator('[name="coming"]')).not_to_have_value("")
        reach(page, "#words")
        page.keyboard.type("Quiet since midnight.")
        reach(page, 'form[action="/watch/handover"] button')
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("Quiet since midnight.")
        reach(page, "form.who button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/sign-in**")
        sign_in(page, "second")
        reach(page, 'nav a[href="/watch"]')
        page.keyboard.press("Enter")
        reach(page, 'a[href="/watch/handover"]')
        page.keyboard.press("Enter")
        reach(page, 'form[action="/watch/handover/sign"] button')
        page.keyboard.press("Enter")
        expect(page.locator('form[action="/watch/handover/sign"]')).to_have_count(0)
    assert offices.bern.ringing.alarms.handovers.holder(offices.bern.now()) == "second"
