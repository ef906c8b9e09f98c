# SPDX-License-Identifier: Apache-2.0
"""Every page of the table of routes under axe, at a desk where something of each kind lies."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.web.app import ROUTES
from tests.browser.conftest import Sound
from tests.browser.served import served
from tests.web.offices import PASSPHRASE, Browser, Offices
from tests.web.test_forms_pages import wording
from tests.web.test_pages import do, release

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

NO_PAGES = {
    "/health",
    "/notes/{note}/sheet.pdf",
    "/notes/{note}/code/{place}",
    "/notes/{note}/codes.txt",
    "/forms/{form}/file",
    "/officers/request",
}
"""What answers with a file, or with a line for a machine."""
WIDTHS = (1280, 390)
TEXT = "به نام خدا\n\nWe do not want a war."


def filled() -> tuple[Offices, dict[str, str]]:
    """Washington with a note in its hands, a draft, an incident and a term; and what stands in addresses."""
    offices = Offices(officers=[NewOfficer("duty", "officer 1", ALL_RIGHTS)])
    agreed = tuple(bytes.fromhex(wording(each)) for each in ("CL-1", "HARBOUR"))
    mandate = offices.agree(compare=False, languages=("en", "fa"), wordings=agreed)
    sent = release(offices.tehran, mandate, offices.washington.me, TEXT, language="fa")
    do(offices.bern, "forward", sent)
    do(offices.washington, "open", sent)
    duty, to = Browser(offices.washington), offices.tehran.me.hex()
    duty.sign_in()
    draft = duty.done(
        f"/channels/{mandate.hex()}/draft", to=to, text="We neither.", language="en", precedence=2
    )["location"]
    incident = duty.done("/incidents", title="Flight 6Q501", place="Damascus")["id"]
    duty.done("/glossary/add", term="Comrade", advice="Say: Mr.")
    said = {"what": "ما این را در سازمان ملل هم گفتیم.", "by": "the envoy", "said": "2023-11-14T20:00Z"}
    duty.done(f"/channels/{mandate.hex()}/chronicle/statements", **said, heard="UN Web TV", said_source="2")
    line = offices.washington.desk.line_named("Bern").id
    return offices, {
        "{mandate}/write": f"{mandate.hex()}/write?to={to}",
        "{mandate}": mandate.hex(),
        "{note}": sent.hex(),
        "{line}": line.hex(),
        "{draft}": draft.rsplit("/", 1)[1],
        "{incident}": str(incident),
        "{form}": wording("CL-1"),
    }


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_page_is_sound(contexts: Callable[..., BrowserContext], sound: Sound, language: str) -> None:
    """P6: none is left out, since the pages are those of the live table; a new one comes under it by itself.

    Each is looked at twice, on a wide and on a narrow screen. What the desk itself says stands in the page's language.
    """
    offices, names = filled()
    paths = [each.path for each in ROUTES if each.method == "GET" and each.path not in NO_PAGES]
    for place, name in itertools.product(range(len(paths)), names):
        paths[place] = paths[place].replace(name, names[name])
    assert [each for each in paths if re.search("[{}]", each)] == []
    with served(offices.washington) as address:
        page = contexts(language=language).new_page()
        page.goto(f"{address}/sign-in")
        sound(page)
        page.locator("#name").fill("duty")
        page.locator("#passphrase").fill(PASSPHRASE)
        page.locator("main form button").first.click()
        page.wait_for_url(f"{address}/")
        for path in paths:
            answer = page.goto(address + path, wait_until="load")
            assert answer is not None
            assert answer.status == 200, path
            assert page.locator("html").get_attribute("lang") == language
            assert page.locator('form.who[action="/sign-out"] button').count() == 1, path
            if language != "en":
                assert page.locator('main span[lang="en"][dir="ltr"]').all_inner_texts() == [], path
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                try:
                    sound(page)
                except AssertionError as error:
                    raise AssertionError(f"{path} at {width}: {error}") from None
