# SPDX-License-Identifier: Apache-2.0
"""What cannot be seen is shown for what it is wherever a page repeats somebody's words, not in notes alone (P12)."""

from __future__ import annotations

import pytest

from goodoffices.web.language import COOKIE
from tests.web.offices import Browser, Offices

TURNED = "safe\u202egpj.exe"


@pytest.fixture
def browser() -> Browser:
    offices = Offices()
    offices.agree()
    browser = Browser(offices.bern)
    browser.sign_in()
    return browser


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_refusal_that_repeats_words_names_what_is_unseen_in_them(browser: Browser, language: str) -> None:
    line = browser.desk.desk.line_named("Tehran").id.hex()
    browser.client.cookies.set(COOKIE, language)
    refused = browser.post(f"/lines/{line}/relays", html=True, relays=TURNED)
    assert refused.status_code == 403
    assert "safe[U+202E]gpj.exe" in refused.text
    assert "\u202e" not in refused.text.replace(f">{TURNED}</textarea>", "")


def test_titles_labels_and_terms_name_it_too(browser: Browser) -> None:
    browser.done("/glossary/add", term=TURNED, advice="Mind it.")
    glossary = browser.get("/glossary").text
    assert "\u202e" not in glossary
    assert "safe[U+202E]gpj.exe" in glossary
