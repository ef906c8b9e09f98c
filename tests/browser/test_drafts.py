# SPDX-License-Identifier: Apache-2.0
"""Three officers with three browsers: one drafts, two release. P10 on screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Sound
from tests.browser.served import served
from tests.web.offices import PASSPHRASE, Offices
from tests.web.test_drafts import PEOPLE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

expect.set_options(timeout=60_000)
TEXT = "We do not want a war.\n\nما جنگ نمی‌خواهیم."


@pytest.fixture
def desk() -> Iterator[tuple[str, str]]:
    """(address, channel) of an office where two officers release."""
    offices = Offices(officers=PEOPLE, releasers=2)
    mandate = offices.agree().hex()
    offices.washington.desk.lock()
    with served(offices.washington) as address:
        yield address, f"{address}/channels/{mandate}"


def _enter(contexts: Callable[..., BrowserContext], address: str, name: str, **how: object) -> Page:
    page = contexts(**how).new_page()
    page.goto(f"{address}/sign-in")
    page.locator("#name").fill(name)
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("main form button").first.click()
    page.wait_for_url(f"{address}/")
    return page


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_one_drafts_and_two_release(
    desk: tuple[str, str],
    contexts: Callable[..., BrowserContext],
    sound: Sound,
    language: str,
    width: int,
    scheme: str,
) -> None:
    """P4, P10: every page on the way is sound in both directions of writing."""
    address, channel = desk
    how = {"language": language, "width": width, "scheme": scheme}
    drafter, first, second = (
        _enter(contexts, address, name, **how) for name in ("drafter", "first", "second")
    )
    drafter.goto(channel)
    drafter.locator(".lane.between footer a").click()
    drafter.locator("#text").fill("We want a war.")
    drafter.locator("#precedence").select_option("2")
    expect(drafter.locator("#kept")).not_to_be_empty()
    sound(drafter)
    drafter.locator('#write button[formaction$="/draft"]').click()
    drafter.wait_for_url("**/drafts/*")
    sound(drafter)
    where = drafter.url
    second.goto(where)
    second.locator("#words").fill("There is a word missing.")
    second.locator('button[name="verdict"][value="2"]').click()
    expect(second.locator(".opinions li")).to_have_count(1)
    # A change voids what was said, and is shown for what it is.
    drafter.goto(where)
    drafter.locator('.acts a[href*="draft="]').click()
    drafter.locator("#text").fill(TEXT)
    drafter.locator('#write button[formaction$="/draft"]').click()
    drafter.wait_for_url("**/drafts/*")
    expect(drafter.locator(".opinions li.void")).to_have_count(1)
    drafter.locator("#changed summary").click()
    expect(drafter.locator("#changed ins").first).to_contain_text("do not")
    sound(drafter)
    drafter.locator('a[href*="beside="]').click()
    drafter.locator("#text").fill("Perhaps.")
    drafter.locator('#write button[formaction$="/draft"]').click()
    drafter.wait_for_url("**/drafts/*")
    second.goto(where)
    second.locator("#words").fill("The second paragraph is for the press as well.")
    second.locator('button[name="verdict"][value="3"]').click()
    second.locator('button[name="verdict"][value="1"]').click()
    expect(second.locator(".opinions li")).to_have_count(3)
    sound(second)
    first.goto(f"{address}/drafts")
    expect(first.locator(".side-by-side > li")).to_have_count(2)
    sound(first)
    first.goto(f"{where}/release")
    expect(first.locator("#precedence")).to_have_value("2")  # as proposed; who releases confirms it or not
    first.locator("#precedence").select_option("3")
    sound(first)
    first.locator("button.huge").click()
    first.wait_for_url(where)
    sound(first)
    expect(first.locator("button.huge")).to_have_count(0)
    # The other releaser's first page was open all the while: what waits shows by itself.
    second.goto(address)
    expect(second.locator(".top nav .count")).to_have_text("1")
    sound(second)
    second.locator('main a[href="/drafts"]').click()
    second.locator(".note-card.pressing h3 a").click()
    expect(second.locator(".words .text").first).to_have_text(TEXT)
    sound(second)
    second.locator("button.huge").click()
    second.wait_for_url("**/notes/*")
    expect(second.locator(".words .text")).to_have_text(TEXT)
    sound(second)
    expect(drafter.locator("main")).to_be_visible()


def test_a_closed_window_costs_no_words(
    desk: tuple[str, str], contexts: Callable[..., BrowserContext], sound: Sound
) -> None:
    """P2: what was typed is there again, on another page, after signing in again."""
    address, channel = desk
    page = _enter(contexts, address, "drafter")
    page.goto(channel)
    page.locator(".lane.between footer a").click()
    page.locator("#text").fill("Half a sent")
    expect(page.locator("#kept")).not_to_be_empty()
    page.context.close()
    again = _enter(contexts, address, "drafter", width=390)
    again.goto(channel)
    again.locator(".lane.between footer a").click()
    expect(again.locator("#text")).to_have_value("Half a sent")
    sound(again)
    again.locator('form[action$="/throw-away"] button').click()
    expect(again.locator("#text")).to_have_value("")


def test_two_windows_do_not_write_over_each_other(
    desk: tuple[str, str], contexts: Callable[..., BrowserContext]
) -> None:
    """P2: one has its words kept, the other says that its own are not; a save frees the place."""
    address, channel = desk
    one = _enter(contexts, address, "drafter")
    two = one.context.new_page()
    for page in (one, two):
        page.goto(channel)
        page.locator(".lane.caucus footer a").click()
    one.locator("#text").fill("The first window")
    expect(one.locator("#kept")).to_have_text(str(one.locator("#kept").get_attribute("data-kept")))
    two.locator("#text").fill("The second window")
    expect(two.locator("#kept")).to_contain_text("another window of yours")
    two.locator('button[formaction$="/draft"]').click()
    two.wait_for_url("**/drafts/*")
    fresh = one.context.new_page()
    fresh.goto(one.url)
    expect(fresh.locator("#text")).to_have_value("The first window")


def test_without_scripts_a_draft_is_saved_by_its_button(
    desk: tuple[str, str], contexts: Callable[..., BrowserContext]
) -> None:
    """P2"""
    address, channel = desk
    page = _enter(contexts, address, "first", script=False)
    page.goto(channel)
    page.locator(".lane.between footer a").click()
    page.locator("#text").fill(TEXT)
    page.locator('#write button[formaction$="/draft"]').click()
    page.wait_for_url("**/drafts/*")
    page.locator(f'a[href="{page.url.removeprefix(address)}/release"]').click()
    page.locator("button.huge").click()
    expect(page.locator(".digits").first).to_be_visible()
