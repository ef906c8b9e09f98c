# SPDX-License-Identifier: Apache-2.0
"""A person with three browsers: writes, forwards, opens, acknowledges, and sees every rung on all desks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from goodoffices.drill.scene.doors import until
from goodoffices.drill.scene.stage import Stage
from tests.browser.conftest import SignIn, Sound

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)


def _write(page: Page, stage: Stage, text: str, *, urgency: str = "3") -> str:
    page.goto(f"{stage.desks['Washington'].address}/channels/{stage.mandate}")
    page.locator(".lane.between footer a").click()
    page.locator("#text").fill(text)
    page.locator("#precedence").select_option(urgency)
    page.locator("#write button.do").click()
    page.locator("button.huge").click()
    page.wait_for_url("**/notes/*")
    return page.url.rpartition("/")[2]


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark"), ("fr", 390, "light")]
)
def test_the_whole_job_in_three_browsers(
    stage: Stage, sign_in: SignIn, sound: Sound, language: str, width: int, scheme: str
) -> None:
    """P1, P4, P6: every page sound, live, and in both directions of writing."""
    pages = {
        office: sign_in(office, language=language, width=width, scheme=scheme)
        for office in ("Washington", "Bern", "Tehran")
    }
    washington, bern, tehran = pages.values()
    for page in pages.values():
        expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "fa" else "ltr")
        expect(page.locator(".drill-mark")).to_be_visible()
        sound(page)
    channel = f"/channels/{stage.mandate}"
    washington.goto(stage.desks["Washington"].address + channel)
    sound(washington)
    washington.locator(".lane.between footer a").click()
    expect(washington.locator("#text")).to_be_visible()
    sound(washington)
    washington.locator("#text").fill("We do not want a war.\n\nما جنگ نمی‌خواهیم.")
    washington.locator("#precedence").select_option("4")
    washington.locator("#authority").select_option("4")
    washington.locator("#reason").fill("An attack within the hour.")
    washington.locator("#write button.do").click()
    expect(washington.locator("button.huge")).to_be_visible()
    sound(washington)
    expect(washington.locator(".text")).to_have_text("We do not want a war.\n\nما جنگ نمی‌خواهیم.")
    washington.locator("button.huge").click()
    washington.wait_for_url("**/notes/*")
    note = washington.url.rpartition("/")[2]
    # Bern's first page was open all the while: the note arrives on it by itself. Two acts: take, forward.
    bern.locator(f'form[action="/notes/{note}/take"] button').click()
    bern.wait_for_url("**/notes/*")
    sound(bern)
    bern.locator("button.huge").click()
    expect(bern.locator(".strip li.done")).to_have_count(6)
    sound(bern)
    tehran.locator(f'.waiting a.do[href="/notes/{note}"]').click()
    tehran.wait_for_url("**/notes/*")
    sound(tehran)
    tehran.locator("button.huge").click()
    expect(tehran.locator(".words .text")).to_have_text("We do not want a war.\n\nما جنگ نمی‌خواهیم.")
    tehran.locator('form[action$="/with-principal"] button').click()
    tehran.locator('form[action$="/acknowledge"] button[value="2"]').click()
    for page in pages.values():
        page.goto(page.url.split("/notes")[0].rstrip("/") + f"/notes/{note}")
        expect(page.locator(".strip li.done")).to_have_count(9)
        sound(page)
    for page, path in ((washington, f"/mandates/{stage.mandate}"), (bern, "/lines"), (tehran, "/findings")):
        page.goto(page.url.split("/notes")[0] + path)
        sound(page)
    bern.goto(stage.desks["Bern"].address + "/mandates/new")
    sound(bern)


def test_a_rung_appears_on_an_open_page_by_itself(stage: Stage, sign_in: SignIn) -> None:
    washington = sign_in("Washington")
    note = _write(washington, stage, "Is anybody there?")
    expect(washington.locator(".strip li.done", has_text="at the desk")).to_have_count(1)
    washington.evaluate("document.querySelector('#desk-time time').textContent = 'long ago'")
    door = stage.door("Bern", "duty officer")
    door.do(f"/notes/{note}/forward")
    expect(washington.locator(".strip li.done", has_text="forwarded")).to_have_count(1)
    expect(washington.locator("#desk-time")).not_to_contain_text("long ago")  # as old as what it stands below


def test_live_update_keeps_what_is_typed(stage: Stage, sign_in: SignIn) -> None:
    """P4: a change of the page never takes the words or the focus away."""
    washington, bern = sign_in("Washington"), sign_in("Bern")
    note = _write(washington, stage, "A note to refuse.")
    bern.goto(f"{stage.desks['Bern'].address}/notes/{note}")
    bern.locator("details.act summary").nth(1).click()
    reason = bern.locator("#reason-refuse")
    reason.fill("Half a sentence about ")
    expect(reason).to_be_focused()
    stage.door("Bern", "duty officer").do(f"/notes/{note}/take")
    expect(bern.locator("#live-notice")).to_be_visible()
    expect(reason).to_have_value("Half a sentence about ")
    expect(reason).to_be_focused()
    reason.press("Tab")
    expect(bern.locator(".strip li.done", has_text="seen by an officer")).to_have_count(1)
    expect(reason).to_have_value("Half a sentence about ")
    expect(reason).to_be_visible()


def test_nothing_moves_under_a_pressed_finger(stage: Stage, sign_in: SignIn) -> None:
    """P4: what changes while a button is pressed is shown once it is let go."""
    washington = sign_in("Washington")
    note = _write(washington, stage, "Held down.")
    expect(washington.locator(".strip li.done", has_text="at the desk")).to_have_count(1)
    washington.evaluate(
        """() => {
            window.pressed = window.moved = false;
            document.addEventListener("pointerdown", () => (window.pressed = true));
            document.addEventListener("pointerup", () => (window.pressed = false));
            new MutationObserver(() => (window.moved ||= window.pressed)).observe(document.body, { childList: true });
            window.heard = new Promise((done) => {
                const words = new EventSource("/events");
                words.addEventListener("change", () => setTimeout(() => (words.close(), done()), 300));
            });
        }"""
    )
    washington.locator("h1").hover()
    washington.mouse.down()
    stage.door("Bern", "duty officer").do(f"/notes/{note}/forward")
    washington.evaluate("() => window.heard")
    washington.mouse.up()
    expect(washington.locator(".strip li.done", has_text="forwarded")).to_have_count(1)
    assert washington.evaluate("() => window.moved") is False


def test_a_double_click_releases_one_note(stage: Stage, sign_in: SignIn) -> None:
    """P2"""
    page = sign_in("Washington")
    page.goto(f"{stage.desks['Washington'].address}/channels/{stage.mandate}")
    before = page.locator(".note-card.mine").count()
    page.locator(".lane.between footer a").click()
    page.locator("#text").fill("Once.")
    page.locator("#write button.do").click()
    page.locator("button.huge").dblclick()
    page.wait_for_url("**/notes/*")
    # Back leads to where it was written, empty for the next one: not to a form that could be sent again.
    page.go_back()
    expect(page.locator("#text")).to_have_value("")
    page.goto(f"{stage.desks['Washington'].address}/channels/{stage.mandate}")
    assert page.locator(".note-card.mine").count() == before + 1


def test_a_note_that_arrives_while_one_writes_is_named_above_the_text(stage: Stage, sign_in: SignIn) -> None:
    """P9: the writer learns of it at once and keeps every word."""
    page = sign_in("Washington")
    page.goto(f"{stage.desks['Washington'].address}/channels/{stage.mandate}")
    page.locator(".lane.caucus footer a").click()
    page.locator("#text").fill("What I wanted to say")
    here = stage.ids["Washington"]
    stage.door("Bern", "duty officer").do(
        f"/channels/{stage.mandate}/release", to=here, text="One moment.", language="en", precedence=2
    )
    expect(page.locator("#before .press")).to_contain_text("Bern")
    expect(page.locator("#live-notice")).to_contain_text("arrived")
    expect(page.locator("#text")).to_have_value("What I wanted to say")
    expect(page.locator("#text")).to_be_focused()


def test_the_job_works_with_javascript_off(stage: Stage, sign_in: SignIn) -> None:
    washington = sign_in("Washington", script=False)
    note = _write(washington, stage, "No script needed.")
    stage_bern = sign_in("Bern", script=False)
    stage_bern.goto(f"{stage.desks['Bern'].address}/notes/{note}")
    stage_bern.locator('form[action$="/take"] button.huge').click()
    stage_bern.locator('form[action$="/forward"] button.huge').click()
    expect(stage_bern.locator(".strip li.done", has_text="forwarded")).to_have_count(1)


def test_back_to_the_text_brings_the_text_back(stage: Stage, sign_in: SignIn) -> None:
    page = sign_in("Washington")
    page.goto(f"{stage.desks['Washington'].address}/channels/{stage.mandate}")
    page.locator(".lane.caucus footer a").click()
    page.locator("#text").fill("\nFirst an empty line.\nThen another.")
    page.locator("#write button.do").click()
    page.locator('button[formaction*="/write?to="]').click()
    expect(page.locator("#text")).to_have_value("\nFirst an empty line.\nThen another.")
    expect(page.locator("h1")).to_have_text("To Bern alone – never forwarded")


def test_the_keyboard_alone_is_enough(stage: Stage, sign_in: SignIn) -> None:
    page = sign_in("Bern")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(":focus").evaluate("each => each.matches('.cards h3 a')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/channels/*")


def test_what_is_written_survives_the_end_of_the_desk(stage: Stage, sign_in: SignIn) -> None:
    """P2: the desk is killed while somebody types; the words stay in the page."""
    page = sign_in("Tehran")
    page.goto(f"{stage.desks['Tehran'].address}/channels/{stage.mandate}")
    page.locator(".lane.caucus footer a").click()
    page.wait_for_url("**/write?*")  # and its script is there: without it the page could say nothing
    page.locator("#text").fill("Typed before the lights went out.")
    process = stage.desks["Tehran"].process
    process.kill()
    process.wait(60)
    expect(page.locator("#live-notice")).to_be_visible()
    stage.restart("Tehran")
    expect(page.locator("#text")).to_have_value("Typed before the lights went out.")
    expect(page.locator("#live-notice")).to_contain_text("session has ended")
    page.get_by_role("button", name="Go on").click()  # all the same: it goes nowhere, and the words stay
    expect(page.locator("#live-notice")).to_contain_text("session has ended")
    expect(page.locator("#text")).to_have_value("Typed before the lights went out.")


def test_enter_at_the_sign_in_page_takes_no_note(
    stage: Stage, contexts: Callable[..., BrowserContext], sign_in: SignIn
) -> None:
    """P10: taking is a signed act, and is never done by the Enter key alone."""
    note = _write(sign_in("Washington"), stage, "Not seen by pressing Enter.")
    until("the note at Bern", lambda: stage.door("Bern", "duty officer").find(f"/notes/{note}"))
    page = contexts().new_page()
    page.goto(f"{stage.desks['Bern'].address}/sign-in")
    page.locator("#name").fill("duty")
    page.locator("#passphrase").fill(stage.passphrases["Bern"])
    page.locator("#passphrase").press("Enter")
    page.wait_for_url(f"{stage.desks['Bern'].address}/")
    steps = stage.door("Bern", "duty officer").look(f"/notes/{note}")["steps"]
    assert not [each for each in steps if each["rung"] == "seen" and each["at"] is not None]
