# SPDX-License-Identifier: Apache-2.0
"""Every text of the pages is there in every language, and the shipped files are made from the sources."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from goodoffices.web.language import choose, load
from tests.web.offices import Browser, Offices

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "src" / "goodoffices" / "web" / "locale"


def _catalog(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "goodoffices.po").open("rb") as file:
        return read_po(file, locale=language)


def test_no_text_is_untranslated_and_what_is_shipped_is_what_the_sources_make() -> None:
    checked = subprocess.run(
        [sys.executable, "-B", str(ROOT / "script" / "messages.py"), "--check"],
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("language", [each for each in load() if each != "en"])
def test_a_translation_names_the_same_things(language: str) -> None:
    """A placeholder that a translation dropped would leave out an office's name."""
    for each in _catalog(language):
        if each.id:
            source = each.id if isinstance(each.id, str) else each.id[0]
            targets = [each.string] if isinstance(each.string, str) else list(each.string or ())
            for target in targets:
                assert set(re.findall(r"%\((\w+)\)s", source)) == set(re.findall(r"%\((\w+)\)s", target)), (
                    source
                )


def test_arabic_counts_in_its_six_forms() -> None:
    """Babel's own rule for Arabic takes 11 for 100; the translation's header says what CLDR says."""
    texts = load()["ar"].texts
    one, more = "%(count)s envelope waits for it", "%(count)s envelopes wait for it"
    said = tuple(texts.ngettext(one, more, each) for each in (0, 1, 2, 3, 11, 100))
    assert len(set(said)) == 6
    message = _catalog("ar").get(one)
    assert message is not None
    assert message.string == said


def test_a_language_says_who_reviewed_it() -> None:
    languages = load()
    assert languages["fa"].reviewed_by is None
    assert languages["fa"].direction == "rtl"
    assert languages["ar"].reviewed_by is None
    assert languages["ar"].direction == "rtl"
    assert languages["fr"].reviewed_by is None
    assert languages["fr"].direction == "ltr"


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "code"),
    [
        ("fa", "en", "en", "fa"),
        (None, "fa", "en", "fa"),
        (None, None, "ar-EG,ar;q=0.9,fa;q=0.5", "ar"),
        (None, None, "fa-IR,fa;q=0.9,en;q=0.5", "fa"),
        (None, None, "de, en;q=0.1", "en"),
        (None, None, "de, fr-CH;q=0.8, en;q=0.5", "fr"),
        ("xx", "../../etc", "fa;q=nonsense", "en"),
    ],
)
def test_the_language_is_asked_for_kept_or_wished(
    asked: str | None, kept: str | None, accepted: str, code: str
) -> None:
    assert choose(load(), asked, kept, accepted).code == code


def test_another_language_is_the_same_page_question_and_all() -> None:
    """What was asked stays asked; what answers a sent form is left for the page on which the form lay."""
    offices = Offices()
    mandate, browser = offices.agree(), Browser(offices.washington)
    browser.sign_in()
    lane = {"to": offices.tehran.me.hex()}
    write = f"/channels/{mandate.hex()}/write?to={lane['to']}"
    words: dict[str, Any] = {**lane, "text": "Stop here.", "language": "en", "precedence": 2}

    def persian(page: str) -> str:
        found = re.search(r'<a href="([^"]*)" lang="fa"', page)
        assert found is not None
        return unescape(found[1])

    asked = browser.get(f"{write}&fresh=1&lang=ar").text
    assert persian(asked) == f"{write}&lang=fa"
    browser.client.headers["referer"] = f"http://127.0.0.1:8000{write}"
    read_once_more = browser.post(f"/channels/{mandate.hex()}/confirm", html=True, **words).text
    assert persian(read_once_more) == f"{write}&lang=fa"
    back_to_the_text = re.search(r'formaction="(/channels/[^"]*/write[^"]*)"', read_once_more)
    assert back_to_the_text is not None
    browser.client.headers["referer"] = f"http://127.0.0.1:8000/channels/{mandate.hex()}/confirm"
    assert persian(browser.post(back_to_the_text[1], html=True, **words).text) == f"{write}&lang=fa"
    browser.client.headers["referer"] = "http://elsewhere.example/lines"
    refused = browser.post(f"/channels/{mandate.hex()}/release", html=True, **{**words, "text": ""}).text
    assert persian(refused) == f"/channels/{mandate.hex()}?lang=fa"
    assert browser.get(persian(refused)).status_code == 200


def test_what_stands_between_parts_of_a_sentence_is_translated_too() -> None:
    """A comma or a quotation mark that a template writes by itself is English in every language."""
    found = []
    for path in sorted((ROOT / "src" / "goodoffices" / "web" / "templates").glob("*.html")):
        text = re.sub(r"{%-? *trans\b.*?endtrans *-?%}|_\(\"[^\"]*\"", "", path.read_text(), flags=re.DOTALL)
        bare = re.findall(r".{0,40}(?:(?:}}|%}|</\w+>)[,;]|[“”]).{0,20}", text)
        found += [f"{path.name}: {each}" for each in bare if 'dir="ltr"' not in each]
    assert found == []


@pytest.mark.parametrize("language", [each for each in load() if each != "en"])
def test_digits_inside_a_translation_are_those_of_the_numbers_on_the_same_page(language: str) -> None:
    """Times, check digits and counts are written in one set of digits; a text that brings another is misread."""
    for each in _catalog(language):
        said = [each.string] if isinstance(each.string, str) else list(each.string or ())
        assert not any(letter.isdigit() and not letter.isascii() for text in said for letter in text), said


def test_every_arrow_of_a_page_turns_where_the_page_is_written_from_the_right() -> None:
    """P6: a step that points back to where it came from says the opposite. Which way a link leads back is chosen."""
    for path in sorted((ROOT / "src" / "goodoffices" / "web" / "templates").glob("*.html")):
        for span in re.findall(r"<\w+[^>]*>[^<]*[→←][^<]*", path.read_text()):
            assert 'class="arrow"' in span or "lang.direction" in span, (path.name, span)
