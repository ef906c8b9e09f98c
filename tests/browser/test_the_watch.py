# SPDX-License-Identifier: Apache-2.0
"""A browser beside a bed: it rings, by itself too, and two acts forward the note, on a telephone as well."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from goodoffices.drill.scene.stage import Stage
from tests.browser.conftest import SignIn, Sound

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)


def _release(stage: Stage, text: str) -> str:
    done = stage.door("Washington", "duty officer").do(
        f"/channels/{stage.mandate}/release",
        to=stage.ids["Tehran"],
        text=text,
        language="en",
        precedence=4,
        reason="It cannot wait.",
    )
    return str(done["id"])


def _arm(page: Page, stage: Stage, office: str) -> None:
    page.goto(f"{stage.desks[office].address}/watch")
    expect(page.locator("#console")).to_have_attribute("data-state", "silent")
    with page.expect_response("**/watch/bell"):
        page.locator("#arm").click()
    expect(page.locator("#console")).to_have_attribute("data-state", "armed")
    expect(page.locator("#console")).to_have_attribute("data-audio", "running")


def _nothing_waits(stage: Stage) -> None:
    """What other officers left at Bern's desk goes back first: the page takes what presses most."""
    door = stage.door("Bern", "duty officer")
    for waiting in door.look("/")["here"]["waiting"]:
        if waiting["what"] == "forward":
            door.do(f"/notes/{waiting['note']}/return", reason="Not tonight.")


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_woken_by_the_page_two_acts_forward_the_note(
    stage: Stage, sign_in: SignIn, sound: Sound, language: str, width: int, scheme: str
) -> None:
    """P5, P10: it rings though nobody is signed in; sign in and take, then forward."""
    _nothing_waits(stage)
    page = sign_in("Bern", language=language, width=width, scheme=scheme)
    _arm(page, stage, "Bern")
    expect(page.locator(".sleepers")).to_contain_text("1")
    sound(page)
    page.locator("form.who button").click()
    page.wait_for_url("**/sign-in")
    page.goto(f"{stage.desks['Bern'].address}/watch")
    if page.locator("#console").get_attribute("data-state") != "armed":
        page.locator("#arm").click()
    expect(page.locator("#console")).to_have_attribute("data-state", "armed")
    note = _release(stage, "Woken in the night.")
    expect(page.locator("#console")).to_have_attribute("data-ring", "loud")
    expect(page.locator("body")).to_have_class("ringing")
    expect(page.locator("#rings")).not_to_be_empty()
    assert "Washington" not in page.content()
    sound(page)
    page.locator("#name").fill("duty")
    page.locator("#passphrase").fill(stage.passphrases["Bern"])
    page.locator('button[name="take"]').click()
    page.wait_for_url(f"**/notes/{note}")
    sound(page)
    page.locator("button.huge").click()
    expect(page.locator(".strip li.done", has_text="Bern")).not_to_have_count(0)
    forwarded = stage.door("Bern", "duty officer").look(f"/notes/{note}")["steps"]
    assert [each["rung"] for each in forwarded if each["office_name"] == "Bern" and each["at"]] == [
        "at the desk",
        "seen",
        "forwarded",
    ]
    for path in ("/watch/roster", "/watch/handover", "/glossary"):
        page.goto(stage.desks["Bern"].address + path)
        sound(page)


def test_the_page_rings_by_itself_when_its_desk_is_gone(stage: Stage, sign_in: SignIn) -> None:
    """P5: silence is never taken for peace."""
    page = sign_in("Bern")
    _arm(page, stage, "Bern")
    process = stage.desks["Bern"].process
    process.kill()
    process.wait(60)
    expect(page.locator("#console")).to_have_attribute("data-ring", "lost")
    expect(page.locator("#rings")).to_contain_text("lost its desk")
    stage.restart("Bern")
    expect(page.locator("#console")).not_to_have_attribute("data-ring", "lost")


def test_a_page_whose_sound_is_off_counts_as_no_device(
    stage: Stage, sign_in: SignIn, contexts: Callable[..., BrowserContext]
) -> None:
    """P5: and the page says so as soon as its desk has heard the sound, not when it looks again by itself."""
    page = sign_in("Tehran")
    page.add_init_script("performance.now = () => 1000")  # so it never looks again because time went by
    page.goto(f"{stage.desks['Tehran'].address}/watch")
    expect(page.locator(".sleepers .deaf")).to_have_count(1)
    expect(page.locator(".sleepers")).to_contain_text("no device")
    page.locator("#arm").click()
    expect(page.locator(".sleepers .deaf")).to_have_count(0)


def test_without_javascript_the_page_shows_what_waits(stage: Stage, sign_in: SignIn) -> None:
    page = sign_in("Bern", script=False)
    page.goto(f"{stage.desks['Bern'].address}/watch")
    expect(page.locator("noscript p, .console")).not_to_have_count(0)
    expect(page.locator("#who")).to_be_visible()
