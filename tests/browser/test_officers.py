# SPDX-License-Identifier: Apache-2.0
"""The keeper of keys at a browser: an officer comes, and goes at once (P10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from goodoffices.core.roster_request import read_request, sign_request
from tests.browser.conftest import Sound
from tests.browser.served import Running
from tests.web.offices import PASSPHRASE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

expect.set_options(timeout=60_000)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    desk = Running(tmp_path / "vault")
    try:
        yield desk
    finally:
        desk.stop()


def _enter(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/sign-in")
    page.locator("#name").fill(name)
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("#sign-in button:not([type=button])").first.click()


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_an_officer_comes_and_is_locked_out_at_once(
    running: Running,
    contexts: Callable[..., BrowserContext],
    sound: Sound,
    tmp_path: Path,
    language: str,
    width: int,
    scheme: str,
) -> None:
    """P10: the roster needs the root, the lock-out does not."""
    how = {"language": language, "width": width, "scheme": scheme}
    page, new = contexts(**how).new_page(), contexts(**how).new_page()
    _enter(page, running.address, "duty")
    page.wait_for_url(f"{running.address}/")
    page.goto(f"{running.address}/officers")
    sound(page)
    page.locator("#name").fill("bo")
    page.locator("#pseudonym").fill("officer 3")
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("#again").fill(PASSPHRASE)
    page.locator("#right-duty").check()
    page.locator('form[action="/officers/add"] button').click()
    expect(page.locator("tbody tr")).to_have_count(3)
    sound(page)
    _enter(new, running.address, "bo")
    words = {"en": "roster does not list bo", "fa": "در فهرست مأموران دفتر نیست"}[language]
    expect(new.locator("#error")).to_contain_text(words)
    with page.expect_download() as waiting:
        page.locator('a[href="/officers/request"]').click()
    request = read_request(waiting.value.path().read_bytes())
    signed = tmp_path / "signed.roster"
    signed.write_bytes(sign_request(request, running.founding.root_seed).raw)
    page.locator("#roster").set_input_files(signed)
    page.locator('form[action="/officers/install"] button').click()
    expect(page.locator("#asked")).to_have_count(0)
    _enter(new, running.address, "bo")
    new.wait_for_url(f"{running.address}/")
    page.locator("tbody tr", has_text="bo").locator("summary").click()
    page.locator("#why-3").fill("Left the service.")
    page.locator('tbody tr:has-text("bo") form[action="/officers/lock-out"] button').click()
    expect(page.locator("tbody tr", has_text="bo").locator("strong")).to_be_visible()
    sound(page)
    new.goto(f"{running.address}/lines")
    new.wait_for_url("**/sign-in*")
    _enter(new, running.address, "bo")
    expect(new.locator("#error")).to_be_visible()
