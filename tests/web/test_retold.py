# SPDX-License-Identifier: Apache-2.0
"""What a desk says in English stands in the language of the page: what was said, and what varies in it."""

from __future__ import annotations

import json
import re
from string import Formatter
from typing import Any

import pytest

from goodoffices.web.language import LOCALE, Language, load
from goodoffices.web.retold import END_ISOLATE, FIRST_ISOLATE, MAX_TEXT, Patterns, retold
from tests.web.offices import Browser, Offices

OTHERS = [each for each in load().values() if each.code != "en"]
PATTERNS: list[str] = json.loads((LOCALE / "patterns.json").read_text(encoding="utf-8"))


def _names(pattern: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(pattern) if name]


@pytest.mark.parametrize("language", OTHERS, ids=lambda each: each.code)
def test_whatever_varies_a_text_is_told_by_its_own_translation(language: Language) -> None:
    """P6: no pattern takes another's text; offices, numbers and addresses stand in the translation."""
    for pattern in PATTERNS:
        values = {name: f"Zürich-{at}" for at, name in enumerate(_names(pattern))}
        said = retold(pattern.format(**values), language)
        assert said is not None, pattern
        expected = language.say(pattern).format(
            **{name: f"{FIRST_ISOLATE}{value}{END_ISOLATE}" for name, value in values.items()}
        )
        assert re.sub(r"[\u2068\u2069]", "", said) == re.sub(r"[\u2068\u2069]", "", expected), pattern


@pytest.mark.parametrize("language", OTHERS, ids=lambda each: each.code)
def test_no_translation_invents_or_drops_what_varies(language: Language) -> None:
    for pattern in PATTERNS:
        assert sorted(_names(language.say(pattern))) == sorted(_names(pattern)), pattern


PERSIAN = load()["fa"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("officer 2 does not hold the right 'draft / release' here.", "officer 2 در اینجا حق «پیش‌نویس / صدور» ندارد."),
        ("The note cannot be forwarded. It was refused.", "یادداشت را نمی‌توان رساند. رد شده است."),
        ("There is no such note at this desk. Sign in first.", "چنین یادداشتی در این سامانه نیست. نخست وارد شوید."),
        ("There is no open line to signed act.", "خط بازی به signed act نیست."),
    ],
)  # fmt: skip
def test_reasons_and_rights_inside_are_told_too_and_names_stay_names(text: str, said: str) -> None:
    found = retold(text, PERSIAN)
    assert found is not None
    assert re.sub(r"[\u2068\u2069]", "", found) == said


@pytest.mark.parametrize(
    "text", ["", "Said by nobody here.", "x" * (MAX_TEXT + 1), f"There is no open line to {'y' * MAX_TEXT}."]
)
def test_what_is_not_known_is_left_as_it_was_written(text: str) -> None:
    assert retold(text, PERSIAN) is None


def test_in_english_everything_is_said_as_it_was_written() -> None:
    assert retold("Said by nobody here.", load()["en"]) == "Said by nobody here."


def test_the_more_is_fixed_in_a_text_the_sooner_it_is_recognised() -> None:
    """What a name brings along never decides what was said."""
    known = Patterns(["{name} is there.", "{name} is not there: {why}."])
    assert known.find("Bern is not there: it is there.") == (
        "{name} is not there: {why}.",
        {"name": "Bern", "why": "it is there"},
    )
    assert known.find("Bern was there.") is None


def test_a_refusal_stands_in_the_language_of_its_page_and_for_programs_beside_the_english() -> None:
    """P6, P10: the whole way, from the desk that refuses to the page."""
    offices = Offices()
    mandate = offices.agree()
    browser = Browser(offices.washington)
    browser.sign_in()
    path = f"/channels/{mandate.hex()}/release?lang=fa"
    fields: dict[str, Any] = {"to": offices.tehran.me.hex(), "text": "", "language": "en", "precedence": 2}
    told = browser.post(path, **fields).json()
    assert told["what"] == "A note needs words."
    assert told["said"].startswith("یادداشت باید سخنی داشته باشد.")
    alert = browser.post(path, html=True, **fields).text.partition('id="error"')[2].partition("</section>")[0]
    assert "یادداشت باید سخنی داشته باشد." in alert
    assert 'lang="en"' not in alert
