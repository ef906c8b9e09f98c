# SPDX-License-Identifier: Apache-2.0
"""A note on paper under a person's hands: the sheet as it prints, and the act of handing it over."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import expect

from goodoffices.drill.scene.doors import until
from goodoffices.drill.scene.stage import Stage
from tests.browser.conftest import SignIn, Sound

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)

TEXT = "We do not want a war.\n\nما جنگ نمی‌خواهیم."


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("fa", 390)])
def test_a_note_is_printed_handed_over_and_its_author_sees_to_whom(
    stage: Stage, sign_in: SignIn, sound: Sound, language: str, width: int
) -> None:
    """P6, P14: every page of it sound; the frame of the page stays off the paper."""
    fields = {"to": stage.ids["Tehran"], "text": TEXT, "language": "fa", "precedence": 3}
    door = stage.door("Washington", "duty officer")
    note = door.do(f"/channels/{stage.mandate}/release", **fields)["id"]
    until("the note at Bern", partial(stage.door("Bern", "duty officer").find, f"/notes/{note}"))
    bern = sign_in("Bern", language=language, width=width)
    where = f"{stage.desks['Bern'].address}/notes/{note}"
    bern.goto(where)
    bern.locator("button.huge").click()
    expect(bern.locator(".strip li.done", has_text="Bern").last).to_be_visible()
    bern.locator(".on-paper a.button").click()
    bern.wait_for_url("**/sheet")
    expect(bern.locator(".sheet .text").first).to_have_text(TEXT)
    expect(bern.locator(".qr svg")).to_be_visible()
    sound(bern)
    with bern.expect_download() as waiting:
        bern.locator('a[href$="/sheet.pdf"]').click()
    assert waiting.value.path().read_bytes().startswith(b"%PDF-")
    bern.emulate_media(media="print")
    for frame in (".top", ".status-strip", ".bottom", ".no-print"):
        expect(bern.locator(frame)).to_be_hidden()
    expect(bern.locator(".sheet .digits")).to_be_visible()
    bern.emulate_media(media="screen")
    bern.goto(where)
    bern.locator(".on-paper details summary").first.click()
    sound(bern)
    bern.locator("#hand-who").fill("Mr Zarif")
    bern.locator("#hand-where").fill("his office")
    bern.locator("#hand-remark").fill("He asked for water.")
    bern.locator(".on-paper details[open] button.do").click()
    expect(bern.locator(".strip blockquote")).to_contain_text("Mr Zarif")
    sound(bern)
    washington = sign_in("Washington", language=language, width=width)
    washington.goto(f"{stage.desks['Washington'].address}/notes/{note}")
    expect(washington.locator(".strip blockquote")).to_contain_text("Mr Zarif")
    expect(washington.locator(".remark .text")).to_have_text("He asked for water.")
