# SPDX-License-Identifier: Apache-2.0
"""What cannot be seen is shown for what it is wherever a page repeats somebody's words, not in notes alone (P12)."""

from __future__ import annotations

import re

import pytest

from goodoffices.web.language import COOKIE
from goodoffices.web.prose import has_unseen, visible
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


@pytest.mark.parametrize(
    "char", ["\u034f", "\u3164", "\u2800", "\ufe0f", "\U000e0101", "\ufff5", "\u180f", "\U000e0041"]
)
def test_what_is_drawn_as_nothing_is_named_in_a_text(char: str) -> None:
    """P12: by Unicode's word they are letters and marks; by them a text tells a program what nobody sees."""
    shown = str(visible(f"ab{char}cd س{char}"))
    assert char not in re.sub("<[^>]*>", "", shown)
    assert shown.count(f"U+{ord(char):04X}") >= 2
    assert has_unseen(f"a{char}")


@pytest.mark.parametrize("text", ["☎\ufe0f 7", "葛\U000e0100", "ᠠ\u180b", "می\u200cخواهم"])
def test_what_a_sign_or_a_script_needs_is_no_finding(text: str) -> None:
    """P12: a text as its author's programme wrote it is shown as it is."""
    assert str(visible(text)) == text
    assert not has_unseen(text)
    assert has_unseen(f"{text}\ufe0f\ufe0f")
