# SPDX-License-Identifier: Apache-2.0
"""The space–time picture under a person's hands: by mouse, by keyboard, by table, in both directions."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import expect

from goodoffices.drill.scene.doors import until
from goodoffices.drill.scene.stage import Stage
from tests.browser.conftest import SignIn, Sound

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def notes(stage: Stage) -> tuple[str, str]:
    """Two notes that crossed, both opened."""
    doors = {office: stage.door(office, "duty officer") for office in ("Washington", "Bern", "Tehran")}
    out = f"/channels/{stage.mandate}/release"
    told = {"language": "en", "precedence": 3}
    one = doors["Washington"].do(out, to=stage.ids["Tehran"], text="One way.", **told)["id"]
    other = doors["Tehran"].do(out, to=stage.ids["Washington"], text="The other way.", **told)["id"]
    for note, reader in ((one, "Tehran"), (other, "Washington")):
        until("the note at Bern", partial(doors["Bern"].find, f"/notes/{note}"))
        doors["Bern"].do(f"/notes/{note}/forward")
        until("the note at its reader", partial(doors[reader].find, f"/notes/{note}"))
        doors[reader].do(f"/notes/{note}/open")
    return one, other


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_the_picture_is_drawn_looked_at_closer_and_read(
    stage: Stage,
    sign_in: SignIn,
    sound: Sound,
    notes: tuple[str, str],
    language: str,
    width: int,
    scheme: str,
) -> None:
    """P9: what crossed crosses; keys and links lead closer; a table says the same."""
    page = sign_in("Bern", language=language, width=width, scheme=scheme)
    page.goto(f"{stage.desks['Bern'].address}/channels/{stage.mandate}/picture")
    expect(page.locator("svg.spacetime .crossing").first).to_be_visible()
    expect(page.locator(f'table.told a[href="/notes/{notes[0]}"]').first).to_be_visible()
    sound(page)
    page.locator("[data-keys]").focus()
    page.keyboard.press("-")
    page.wait_for_url("**/picture?from=*")
    expect(page.locator("[data-keys]")).to_be_focused()
    sound(page)
    page.keyboard.press("0")
    page.wait_for_url("**/picture")
    # On a narrow screen nothing of it moves sideways: the words, and the way to a note, are the table's.
    for each in (".drawing", ".scroll"):
        assert page.locator(each).evaluate("each => each.scrollWidth <= each.clientWidth") or width > 390
    page.locator("svg.spacetime a" if width > 390 else "table.told a").first.click()
    page.wait_for_url("**/notes/*")


def test_the_picture_needs_no_script(stage: Stage, sign_in: SignIn, notes: tuple[str, str]) -> None:
    page = sign_in("Washington", script=False)
    page.goto(f"{stage.desks['Washington'].address}/channels/{stage.mandate}/picture")
    page.locator('[data-look="wider"]').click()
    page.wait_for_url("**/picture?from=*")
    expect(page.locator("svg.spacetime")).to_be_visible()
