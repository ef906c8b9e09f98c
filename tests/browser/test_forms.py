# SPDX-License-Identifier: Apache-2.0
"""A note by a form with a report, a coded note and an assurance, written and read in a browser (ADR 0060, ADR 0061)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Sound
from tests.browser.served import served
from tests.browser.test_translations import enter
from tests.web.offices import Browser, Offices
from tests.web.test_forms_pages import wording

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

expect.set_options(timeout=60_000)


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("fa", 390, "dark")])
def test_a_form_is_agreed_on_filled_in_and_read(
    contexts: Callable[..., BrowserContext], sound: Sound, language: str, width: int, scheme: str
) -> None:
    """P1, P4: sound pages both ways, the reader's own language, and the code beside its full text."""
    offices, how = Offices(), {"language": language, "width": width, "scheme": scheme}
    agreed = tuple(bytes.fromhex(wording(each)) for each in ("CL-1", "AS-1", "HARBOUR"))
    mandate = offices.agree(languages=("en", "fa"), wordings=agreed).hex()
    clerk, bern = Browser(offices.washington), Browser(offices.bern)
    for at in (clerk, bern):
        at.sign_in()
    file = clerk.done("/incidents", title="Rockets near the bridge")["id"]
    clerk.done(f"/incidents/{file}/report", what="Three rockets fell.", source="the base", mark="2")
    with served(offices.washington) as here, served(offices.tehran) as there:
        page = enter(contexts, here, **how)
        for path in (
            "/forms",
            f"/forms/{wording('CL-1')}",
            f"/forms/{wording('HARBOUR')}",
            f"/mandates/{mandate}",
        ):
            page.goto(f"{here}{path}")
            sound(page)
        page.goto(f"{here}/mandates/new?predecessor={mandate}")
        sound(page)
        page.goto(f"{here}/incidents/{file}?share=1")
        page.locator("#share-1").check()
        page.locator("#share button.do").click()
        expect(page.locator("[role=status].notice")).to_be_visible()
        write = f"{here}/channels/{mandate}/write?to={offices.tehran.me.hex()}"
        page.goto(f"{write}&form={wording('CL-1')}")
        sound(page)
        page.locator("#f_what").fill("Three rockets fell near the bridge.")
        page.locator("#f_time").fill("2023-11-14T20:00")
        page.locator("#f_intent-1").check()
        page.locator("#f_steps").fill("The battery was stood down.")
        page.locator("#report-1").check()
        page.locator("#write button.do").first.click()
        expect(page.locator("#other-languages")).to_be_visible()
        sound(page)
        page.locator("button.do.huge").click()
        page.wait_for_url(f"{here}/notes/*")
        sound(page)
        note = page.url.rsplit("/", 1)[1]
        page.goto(f"{write}&codes={wording('HARBOUR')}")
        sound(page)
        page.locator("#code-4").check()
        page.locator("#write button.do").first.click()
        page.locator("button.do.huge").click()
        page.wait_for_url(f"{here}/notes/*")
        coded = page.url.rsplit("/", 1)[1]
        for each in (note, coded):
            bern.done(f"/notes/{each}/forward")

        reader = enter(contexts, there, **how)
        said = {"en": "It was not meant.", "fa": "عمدی نبود."}[language]
        over = {
            "en": "Our action has ended. We plan no further step.",
            "fa": "اقدام ما پایان یافت. گام دیگری در نظر نداریم.",
        }
        for read, words in ((note, said), (coded, over[language])):
            reader.goto(f"{there}/notes/{read}")
            reader.locator("button.do.huge").click()
            expect(reader.locator(".words .agreed").first).to_contain_text(words)
            sound(reader)
        reader.goto(f"{there}/notes/{note}")
        expect(reader.locator(".report")).to_contain_text("Three rockets fell.")
        reader.goto(f"{there}/notes/{note}/sheet")
        expect(reader.locator(".sheet")).to_contain_text("عمدی نبود.")
