# SPDX-License-Identifier: Apache-2.0
"""Line status, line tests and service chat under a person's hands, at real desks over real relays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from goodoffices.drill.scene.stage import Stage
from tests.browser.conftest import SignIn, Sound

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_two_duty_officers_test_the_line_and_chat(
    stage: Stage, sign_in: SignIn, sound: Sound, language: str, width: int, scheme: str
) -> None:
    """P4, P6, P11: by desk, by person, by words; each page sound, and told from notes by more than colour."""
    bern = sign_in("Bern", language=language, width=width, scheme=scheme)
    tehran = sign_in("Tehran", language=language, width=width, scheme=scheme)
    for page, office in ((bern, "Bern"), (tehran, "Tehran")):
        page.goto(f"{stage.desks[office].address}/status")
        expect(page.locator(".status-strip")).to_be_visible()
        sound(page)
    # Results of earlier tests may stand there already: the page that follows the click is waited for. Each kind is
    # looked at in a place of its own: while the far desk is slow, a call of each kind waits for its answer.
    by_desks, by_people = (
        tehran.locator(".tests .pair > div", has=tehran.locator(f'input[value="{kind}"]'))
        for kind in ("desk", "person")
    )
    with tehran.expect_navigation():
        by_desks.locator("button").click()
    expect(by_desks.locator(".result", has_text="✓")).to_be_visible()
    with tehran.expect_navigation():
        by_people.locator("button").click()
    expect(by_people.locator(".waits")).to_be_visible()
    # It appears on Bern's open page by itself, and Bern's duty officer answers by hand.
    call = bern.locator(".test-call")
    expect(call).to_be_visible()
    sound(bern)
    call.locator("button").click()
    expect(bern.locator(".test-call")).to_have_count(0)
    expect(tehran.locator(".tests .waits")).to_have_count(0)
    expect(by_people.locator(".result", has_text="officer")).to_be_visible()
    sound(tehran)
    tehran.locator(".to-chat a").click()
    # Both runs may write on the same line: each has words of its own, so that neither passes by the other's.
    words = f"Relay two answers again, seen from {language}. رلهٔ دوم پاسخ می‌دهد."
    tehran.locator("#chat-words").fill(words)
    sound(tehran)
    tehran.locator(".chat-button").click()
    expect(tehran.locator(".chat .ours", has_text=words).filter(has_text="✓")).to_be_visible()
    expect(bern.locator(".status-strip .chat")).to_be_visible()
    bern.locator(".line-status", has_text="Tehran").locator(".to-chat a").click()
    expect(bern.locator(".chat-words").last).to_have_text(words)
    sound(bern)
    bern.locator(".chat-erase button").click()
    expect(bern.locator(".chat .soft").first).to_be_visible()


def test_a_test_and_a_chat_look_like_no_note(stage: Stage, sign_in: SignIn) -> None:
    """P4, P11: colour, line, corners and place differ, pairwise, in both schemes; the band on top is the office's."""
    for scheme in ("light", "dark"):
        page = sign_in("Washington", scheme=scheme)
        looks = {}
        for path, name in (
            (f"/channels/{stage.mandate}/write?to={stage.ids['Tehran']}", ".to-whom"),
            (f"/channels/{stage.mandate}/write?to={stage.ids['Bern']}", ".to-whom"),
            ("/status", ".tests"),
        ):
            page.goto(stage.desks["Washington"].address + path)
            looks[path] = page.locator(name).first.evaluate(
                "each => { const s = getComputedStyle(each); return [s.borderBottomColor, s.borderBottomStyle,"
                " s.borderTopLeftRadius + s.clipPath, s.backgroundColor]; }"
            )
        page.locator(".to-chat a").first.click()
        looks["chat"] = page.locator(".service-head").evaluate(
            "each => { const s = getComputedStyle(each); return [s.borderBottomColor, s.borderBottomStyle,"
            " s.borderTopLeftRadius + s.clipPath + 'chat', s.backgroundColor]; }"
        )
        for values in zip(*looks.values(), strict=True):
            assert len(set(values)) == 4, looks


def test_a_desk_that_came_up_after_a_power_cut_is_called_locked(
    stage: Stage, sign_in: SignIn, contexts: Callable[..., BrowserContext], sound: Sound
) -> None:
    """P6, P13: it collects, nobody is signed in, both sides' pages say so; a sign-in from a telephone opens it."""
    bern = sign_in("Bern")
    strip = bern.locator(".status-strip li", has_text="Tehran").first
    expect(strip).to_contain_text("In order")
    process = stage.desks["Tehran"].process
    process.kill()
    process.wait(60)
    stage.restart("Tehran")
    expect(strip).to_contain_text("locked")
    expect(strip.locator(".sign")).to_have_text("◧")
    phone = contexts(width=390).new_page()
    phone.goto(f"{stage.desks['Tehran'].address}/sign-in")
    expect(phone.locator(".lead")).to_contain_text("Up but locked")
    sound(phone)
    phone.locator("#name").fill("duty")
    phone.locator("#passphrase").fill(stage.passphrases["Tehran"])
    phone.locator("#passphrase").press("Enter")
    phone.wait_for_url(f"{stage.desks['Tehran'].address}/")
    expect(strip).to_contain_text("In order")
    for (office, _), door in stage.doors.items():
        if office == "Tehran":
            door.sign_in()  # for the tests that come after
