# SPDX-License-Identifier: Apache-2.0
"""Three real desks and two real relays, each a process of its own, for a person at a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from goodoffices.drill.form.case import parse
from goodoffices.drill.scene.stage import Stage

CASE = """
[case]
name = "at-the-desks"
title = "At the desks"
about = "Three desks, for a person at a browser."
start = 2020-01-08T01:30:00Z
[[office]]
name = "Washington"
role = "party"
timezone = "America/New_York"
[[office]]
name = "Bern"
role = "intermediary"
timezone = "Europe/Zurich"
[[office]]
name = "Tehran"
role = "party"
timezone = "Asia/Tehran"
[channel]
reading = "open"
forwarding = "by hand"
path = ["Washington", "Bern", "Tehran"]
languages = ["en", "fa"]
disclosure = "only with consent"
record_use = "Between the three offices only."
clocks = { FLASH = "5m", IMMEDIATE = "5m", PRIORITY = "3h", ROUTINE = "6h" }
[[note]]
id = "not-played"
from = "Washington"
to = "Tehran"
text = "Not played here."
language = "en"
at = 2020-01-08T01:31:00Z
"""
PATIENCE = 60_000

SignIn = Callable[..., Page]
Sound = Callable[[Page], None]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Offices founded, paired and agreed, by the commands of the manual."""
    stage = Stage(parse(CASE.encode(), "at-the-desks.toml"), tmp_path_factory.mktemp("stage"))
    try:
        stage.set()
        yield stage
    finally:
        stage.strike()


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A browser profile of its own, that reports what goes wrong in its pages."""
    opened: list[BrowserContext] = []
    wrong: list[str] = []

    def make(
        *, language: str = "en", width: int = 1280, scheme: str = "light", script: bool = True
    ) -> BrowserContext:
        context = browser.new_context(
            locale=language,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
        )
        context.set_default_timeout(PATIENCE)
        # The browser words a violation of the content security policy, and a failed script, as an error. What the
        # server refuses with a status is worded the same way, and is meant.
        context.on(
            "console",
            lambda said: (
                wrong.append(said.text) if said.type == "error" and "status of" not in said.text else None
            ),
        )
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    # All the words that Chromium has for a desk killed in the middle: at the dial, in the head, in the body.
    lost = re.compile(
        r"net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED|ABORTED)|SOCKET_NOT_CONNECTED|EMPTY_RESPONSE|CONTENT_LENGTH_MISMATCH"
        r"|INCOMPLETE_CHUNKED_ENCODING|NETWORK_CHANGED|INTERNET_DISCONNECTED)"
    )
    assert [each for each in wrong if not lost.search(each)] == []


@pytest.fixture
def sign_in(stage: Stage, contexts: Callable[..., BrowserContext]) -> SignIn:
    """A page of a signed-in officer: ``sign_in("Bern", language="fa", width=390)``."""

    def enter(office: str, **how: object) -> Page:
        page = contexts(**how).new_page()
        page.goto(f"{stage.desks[office].address}/sign-in")
        page.locator("#name").fill("duty")
        page.locator("#passphrase").fill(stage.passphrases[office])
        page.locator("main form button").first.click()
        page.wait_for_url(f"{stage.desks[office].address}/")
        return page

    return enter


@pytest.fixture
def sound() -> Sound:
    """Nothing for a screen reader or a keyboard to stumble over (axe), and nothing wider than the screen."""

    def check(page: Page) -> None:
        page.wait_for_load_state()  # what was clicked may have committed a page whose styles are still to come
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        root = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
        assert root[0] <= root[1]

    return check
