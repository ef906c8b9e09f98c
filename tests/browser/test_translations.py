# SPDX-License-Identifier: Apache-2.0
"""From the original to the second grade of its translation, by keyboard and mouse, at two desks (P1, P10, P11)."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from goodoffices.desk.machine import TranslatingMachine, read_translator
from tests.browser.conftest import Sound
from tests.browser.served import served
from tests.web.offices import PASSPHRASE
from tests.web.test_beside import ORIGINAL, ROUGH, Channel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)
AIDED = "ترجمهٔ ماشین از متن."
PROGRAM = f"{sys.executable} -c 'import sys; sys.stdin.read(); print(sys.argv[2])' {{to}} '{AIDED}'"


def enter(contexts: Callable[..., BrowserContext], address: str, **how: object) -> Page:
    page = contexts(**how).new_page()
    page.goto(f"{address}/sign-in")
    page.locator("#name").fill("duty")
    page.locator("#passphrase").fill(PASSPHRASE)
    page.locator("main form button").first.click()
    page.wait_for_url(f"{address}/")
    return page


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_a_machines_is_gone_over_and_its_reader_sees_what_changed(
    contexts: Callable[..., BrowserContext], sound: Sound, language: str, width: int, scheme: str
) -> None:
    """P1, P10: every page on the way is sound in both directions of writing, the original first on each."""
    channel = Channel()
    offices, how = channel.offices, {"language": language, "width": width, "scheme": scheme}
    offices.bern.machine = TranslatingMachine(read_translator(PROGRAM))
    channel.bern.done(f"{channel.path}/forward")
    with served(offices.bern) as bern_at, served(offices.tehran) as tehran_at:
        bern = enter(contexts, bern_at, **how)
        bern.goto(f"{bern_at}{channel.path}")
        bern.locator("#beside a.button, .beside a.button").first.click()
        expect(bern.locator("#text")).to_be_visible()
        sound(bern)
        bern.locator("#language").select_option("fa")
        bern.locator("button[formaction$=machine]").click()
        expect(bern.locator("#text")).to_have_value(AIDED)
        expect(bern.locator("#grade")).to_have_value("1")
        bern.locator("form.writing-beside button.do").click()
        expect(bern.locator(".to-sign .text")).to_have_text(AIDED)
        expect(bern.locator(".side-by-side .words .text")).to_have_text(ORIGINAL)
        sound(bern)
        bern.locator(".to-sign button.do").click()
        expect(bern.locator(".translation.by-machine .text")).to_have_text(AIDED)
        bern.locator(".beside a.button").click()
        bern.locator("#language").select_option("fa")
        bern.locator("#grade").select_option("3")
        bern.locator("#text").fill(ROUGH)
        bern.locator("#text").press("Tab")
        bern.keyboard.press("Enter")
        expect(bern.locator(".to-sign ins").first).to_be_visible()
        bern.locator(".to-sign button.do").click()
        expect(bern.locator(".translation > .text").first).to_have_text(ROUGH)

        tehran = enter(contexts, tehran_at, **how)
        tehran.goto(f"{tehran_at}{channel.path}")
        expect(tehran.locator(".translation .closed").first).to_be_visible()
        tehran.locator("button.huge").click()
        expect(tehran.locator(".words .text").first).to_have_text(ORIGINAL)
        first = tehran.locator(".reading > .words, .beside .translation").first
        expect(first).to_have_class("words")
        expect(tehran.locator(".translation > .text").first).to_have_text(ROUGH)
        expect(tehran.locator(".translation > .text").first).to_have_attribute("lang", "fa")
        tehran.locator("details.what-changed summary").first.click()
        expect(tehran.locator("details.what-changed del").first).to_be_visible()
        tehran.locator("details.earlier > summary").click()
        expect(tehran.locator(".by-machine .text").first).to_have_text(AIDED)
        sound(tehran)
        tehran.goto(f"{tehran_at}{channel.path}/sheet")
        expect(tehran.locator(".sheet-remark .text").first).to_contain_text(ROUGH.splitlines()[0])
        sound(tehran)
