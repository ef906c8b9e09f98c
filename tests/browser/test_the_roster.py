# SPDX-License-Identifier: Apache-2.0
"""Who is woken: a watch is entered, an address outside is tried, and what would ring is shown."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Sound
from tests.browser.served import Running
from tests.browser.test_words_added import enter
from tests.desk.test_outward import Gateway

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    desk = Running(tmp_path / "vault")
    yield desk
    desk.stop()


@pytest.fixture
def webhook() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Gateway.status, Gateway.got = 200, Queue()
    yield f"json://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_a_watch_is_entered_and_an_address_outside_is_tried(
    running: Running,
    webhook: str,
    contexts: Callable[..., BrowserContext],
    sound: Sound,
    language: str,
    width: int,
    scheme: str,
) -> None:
    """P5: the page says who would really be woken, and an address has taken a message before it counts."""
    page = enter(contexts, running.address, "duty", language=language, width=width, scheme=scheme)
    page.goto(f"{running.address}/watch/roster")
    page.locator("#watch-name").fill("شب / night")
    page.locator("#starts").fill("25:00")
    page.locator("#ends").fill("24:00")
    page.locator('input[name="level1"][value="duty"]').check()
    page.locator('form[action="/watch/roster/add"] button.do').click()
    expect(page.locator("#error")).to_be_visible()
    expect(page.locator("#watch-name")).to_have_value("شب / night")
    sound(page)
    page.locator("#starts").fill("00:00")
    page.locator('input[name="level1"][value="duty"]').check()
    page.locator('form[action="/watch/roster/add"] button.do').click()
    expect(page.locator("table .levels")).to_contain_text("duty")
    expect(page.locator('form[action="/watch/roster/drop"]')).to_have_count(1)

    page.locator("#address-officer").select_option("duty")
    page.locator("#address-label").fill("the pager")
    page.locator("#address-url").fill(webhook)
    page.locator('form[action="/watch/address/add"] button.do').click()
    expect(page.locator("table", has_text="the pager")).not_to_contain_text("hook")
    page.locator('form[action="/watch/address/try"] button').click()
    path, body, _ = Gateway.got.get(timeout=60)
    assert path == "/hook"
    assert json.loads(body)["title"] == ""
    expect(page.locator("table", has_text="the pager").locator("time")).to_have_count(1)
    sound(page)
    page.goto(f"{running.address}/watch")
    expect(page.locator(".sleepers tr", has_text="duty").first).to_contain_text("the pager")
    sound(page)
