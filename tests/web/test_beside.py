# SPDX-License-Identifier: Apache-2.0
"""Translations and rewordings through the pages: under the original, graded, marked, and never in its place."""

from __future__ import annotations

import hmac
import re
import sys
from typing import Any

import pytest

from goodoffices.core.note import Words
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.desk.machine import TranslatingMachine, read_translator
from goodoffices.desk.officers.acts import Draft
from tests.web.offices import Browser, Offices

PEOPLE = [NewOfficer("duty", "officer 1"), NewOfficer("second", "officer 2", ALL_RIGHTS)]
ORIGINAL = "We do not want war.\n\nWe expect your answer."
SIGHT = "ما جنگ نمی‌خواهیم.\n\nچشم به راه پاسخ شماییم."
ROUGH = "ما خواهان جنگ نیستیم.\n\nچشم به راه پاسخ شماییم."


class Channel:
    """A note at Bern, taken there."""

    def __init__(self, officers: int = 1, **terms: Any) -> None:
        self.offices = Offices(officers=PEOPLE)
        self.mandate = self.offices.agree(officers_to_add_words=officers, languages=("en", "fa"), **terms)
        self.note = self.release("washington", "tehran", ORIGINAL)
        self.path = f"/notes/{self.note.hex()}"
        self.bern = self.browser("bern")
        self.bern.done(f"{self.path}/take")

    def release(self, author: str, reader: str, text: str, **fields: Any) -> bytes:
        by, to = getattr(self.offices, author), getattr(self.offices, reader)
        words = Words(text=text, language="en", **fields)
        draft = Draft(mandate=self.mandate, recipient=to.me, words=words, precedence=4)
        return bytes(by.act(lambda desk, now: desk.acts.release(by.officer(), draft, now)))

    def browser(self, desk: str, name: str = "duty") -> Browser:
        browser = Browser(getattr(self.offices, desk))
        browser.sign_in(name)
        return browser

    def put(self, browser: Browser, path: str = "", **fields: Any) -> Any:
        given = {"text": SIGHT, "language": "fa", "grade": "2", "newlines": "lf"} | fields
        return browser.done(f"{self.path}/beside{path}", **given)

    def cards(self, browser: Browser) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = browser.json(f"{self.path}/beside")["view"]["cards"]
        return found


def reader(channel: Channel) -> Browser:
    channel.bern.done(f"{channel.path}/forward")
    tehran = channel.browser("tehran")
    tehran.done(f"{channel.path}/open")
    return tehran


@pytest.mark.slow
def test_the_reader_sees_the_original_first_and_which_grade_he_holds() -> None:
    """P1: both whole, the translation under its maker's name; the corrected one stays to be looked at."""
    channel = Channel()
    tehran = reader(channel)
    first = channel.put(channel.bern)["id"]
    channel.put(channel.bern, text=ROUGH, grade="3", corrects=first)
    page = tehran.get(channel.path).text
    at = [
        page.index("We do not want war."),
        page.index("ما خواهان جنگ نیستیم."),
        page.index("ما جنگ نمی‌خواهیم."),
    ]
    assert at == sorted(at)
    assert "Bern’s translation, not Washington’s words." in page
    assert "What changed from the earlier one (at sight)" in page
    assert "<del>" in page
    assert "<ins>" in page
    rough, sight = channel.cards(tehran)
    assert (rough["grade"], rough["corrects"], rough["corrected_by"]) == (3, first, None)
    assert (sight["grade"], sight["text"], sight["corrected_by"]) == (2, SIGHT, rough["act"])
    steps = [(each["rung"], each["code"]) for each in tehran.json(channel.path)["steps"]]
    assert steps.count(("translation", 2)) == steps.count(("translation", 3)) == 1


def test_nothing_beside_a_note_is_shown_where_the_note_is_not() -> None:
    """P1: a reader who has not opened it reads no translation of it either."""
    channel = Channel()
    channel.put(channel.bern)
    channel.bern.done(f"{channel.path}/forward")
    tehran = channel.browser("tehran")
    page = tehran.get(channel.path).text
    assert SIGHT.splitlines()[0] not in page
    assert "It is shown when the note itself is." in page
    assert tehran.get(f"{channel.path}/beside").status_code == 409


def test_what_would_be_signed_is_read_once_more_with_the_glossary() -> None:
    """P10: the look signs nothing, and sent twice it is one act."""
    channel = Channel()
    channel.bern.done("/glossary/add", term="پاسخ", advice="Say 'reply', never 'reaction'.")
    fields: dict[str, Any] = {
        "text": SIGHT,
        "language": "fa",
        "grade": "2",
        "newlines": "lf",
        "bound": bound(channel),
    }
    page = channel.bern.post(f"{channel.path}/beside/look", html=True, **fields).text
    assert "What you would sign" in page
    assert "never &#39;reaction&#39;" in page
    assert page.index("We do not want war.") < page.index("ما جنگ نمی‌خواهیم.")
    assert channel.cards(channel.bern) == []
    assert channel.put(channel.bern)["id"] == channel.put(channel.bern)["id"]
    assert len(channel.cards(channel.bern)) == 1


def test_a_later_one_takes_the_newest_ones_place_unless_its_maker_says_otherwise() -> None:
    """P11: of the same language, and of no higher grade; which one is said before anybody signs."""
    channel = Channel()
    fields: dict[str, Any] = {"language": "fa", "newlines": "lf", "bound": bound(channel)}

    def looked(**more: Any) -> tuple[str, str]:
        page = channel.bern.post(f"{channel.path}/beside/look", html=True, **fields, **more).text
        found = re.search(r'name="corrects" value="(\w+)"', page)
        assert found is not None
        return found[1], page

    assert looked(text=SIGHT, grade="2", corrects="newest")[0] == "none"
    sight = channel.put(channel.bern)["id"]
    assert "our newest one in the same language" in channel.bern.get(f"{channel.path}/beside").text
    named, page = looked(text=ROUGH, grade="3", corrects="newest")
    assert named == sight
    assert "It takes the place of an earlier one of ours" in page
    assert looked(text=ROUGH, grade="1", corrects="newest", made_with="x")[0] == "none"
    assert looked(text=ROUGH, grade="3", corrects="none")[0] == "none"
    fields["language"] = "en"
    assert looked(text=ROUGH, grade="3", corrects="newest")[0] == "none"
    fields["language"] = "fa"
    channel.put(channel.bern, text=ROUGH, grade="3", corrects="newest")
    rough, before = channel.cards(channel.bern)
    assert (rough["corrects"], before["corrected_by"]) == (sight, rough["act"])
    back = channel.bern.post(
        f"{channel.path}/beside/again", html=True, **fields, text=ROUGH, corrects=sight, chosen="newest"
    ).text
    assert f'value="{rough["act"]}" selected' not in back


def bound(channel: Channel) -> str:
    purpose = f"beside {channel.note.hex()}"
    return hmac.new(channel.bern.csrf.encode(), purpose.encode(), "sha256").hexdigest()[:32]


def test_words_written_beside_another_note_are_not_sent_beside_this_one() -> None:
    """P4"""
    channel = Channel()
    fields: dict[str, Any] = {"text": SIGHT, "language": "fa", "grade": "2", "bound": "0" * 32}
    answer = channel.bern.post(f"{channel.path}/beside", html=True, **fields)
    assert answer.status_code == 403
    assert channel.cards(channel.bern) == []


def test_two_officers_sign_the_same_bytes_apart_in_time() -> None:
    """P10, P11: the note has gone long before; the first need not be there when the second signs."""
    channel = Channel(2)
    tehran = reader(channel)
    made = channel.put(channel.bern)
    assert made["stands"] is False
    assert channel.cards(tehran) == []
    channel.bern.done("/sign-out")
    second = channel.browser("bern", "second")
    waiting = second.json(f"{channel.path}/beside")["view"]["waiting"][0]
    assert (waiting["text"], waiting["signers"], waiting["signed_by_me"]) == (SIGHT, ["officer 1"], False)
    second.done("/glossary/add", term="پاسخ", advice="Say 'reply', never 'reaction'.")
    assert "never &#39;reaction&#39;" in second.get(channel.path).text
    second.done(f"{channel.path}/beside/sign", act=made["id"])
    assert [each["signers"] for each in channel.cards(tehran)] == [["officer 1", "officer 2"]] or [
        sorted(each["signers"]) for each in channel.cards(tehran)
    ] == [["officer 1", "officer 2"]]


@pytest.mark.slow
def test_the_author_gives_its_own_as_a_courtesy_and_the_page_says_so() -> None:
    """P1"""
    channel = Channel()
    channel.put(channel.browser("washington"), grade="4")
    assert (
        "A courtesy of Washington. The note above alone is its word."
        in reader(channel).get(channel.path).text
    )


def test_it_stands_on_the_printed_sheet_after_the_text() -> None:
    """P14"""
    channel = Channel()
    channel.put(channel.bern)
    page = channel.bern.get(f"{channel.path}/sheet").text
    assert (
        page.index("We do not want war.")
        < page.index("Translation – at sight")
        < page.index("ما جنگ نمی‌خواهیم.")
    )


# --- rewording what is withheld -----------------------------------------------------------------------


def told_alone(channel: Channel, **fields: Any) -> bytes:
    """Washington told Bern something for Bern alone."""
    note = channel.release("washington", "bern", "We would give up the island.", **fields)
    channel.bern.done(f"/notes/{note.hex()}/open")
    return note


def reword(channel: Channel, note: bytes, **fields: Any) -> Any:
    given: dict[str, Any] = {
        "to": channel.offices.tehran.me.hex(),
        "text": "A party would talk of the island.",
        "language": "en",
    }
    path = f"/channels/{channel.mandate.hex()}/release"
    return channel.bern.post(path, precedence="2", rewords=note.hex(), **given, **fields)


def test_a_rewording_says_whose_words_it_is_and_that_the_original_is_withheld() -> None:
    """P1, P4: the reader is given an ID, and not a letter."""
    channel = Channel()
    note = told_alone(channel)
    assert f"rewords={note.hex()}" in channel.bern.get(f"/notes/{note.hex()}").text
    assert "has to agree before you tell of it" in reword(channel, note).text
    made = reword(channel, note, consent="1").json()["id"]
    tehran = channel.browser("tehran")
    tehran.done(f"/notes/{made}/open")
    page = tehran.get(f"/notes/{made}").text
    assert "A rewording: these are Bern’s own words" in page
    assert note.hex() in page
    assert "give up the island" not in page


@pytest.mark.parametrize("what", ["confidential", "not a caucus", "not here"])
def test_what_may_not_be_told_of_is_not(what: str) -> None:
    """P4"""
    channel = Channel()
    note = told_alone(channel, confidential=True) if what == "confidential" else channel.note
    answer = reword(channel, note if what != "not here" else bytes(32), consent="1")
    assert answer.status_code in (403, 404)


# --- the machine --------------------------------------------------------------------------------------

SHOUTS = "import sys; print(sys.argv[1] + sys.argv[2] + sys.stdin.read().upper())"


def machine(*command: str, **how: Any) -> TranslatingMachine:
    return TranslatingMachine(read_translator(" ".join((sys.executable, *command))), **how)


def test_a_machine_fills_the_form_marked_and_signs_nothing() -> None:
    """P10: only an officer's act makes something of it, and it stays marked."""
    channel = Channel()
    assert "first one" not in channel.bern.get(f"{channel.path}/beside").text
    assert channel.bern.post(f"{channel.path}/beside/machine", language="fa").status_code == 409
    channel.offices.bern.machine = machine("-c", f"'{SHOUTS}'", "{from}", "{to}")
    page = channel.bern.post(
        f"{channel.path}/beside/machine", html=True, language="fa", bound=bound(channel)
    ).text
    assert "enfaWE DO NOT WANT WAR." in page
    assert channel.cards(channel.bern) == []
    name = channel.offices.bern.machine.name
    channel.put(channel.bern, text="enfaWE DO NOT WANT WAR.", grade="1", made_with=name)
    assert f"Made by a machine ({name}) and checked by nobody." in reader(channel).get(channel.path).text


@pytest.mark.slow
@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(600)",
        "print(1 * 0 or str()); raise SystemExit(0)",
        "raise SystemExit(3)",
        "import sys; [sys.stdout.write(str(9) * 65536) for _ in range(99)]",
    ],
)
def test_a_machine_that_hangs_fails_or_floods_costs_nothing_else(program: str) -> None:
    """P12"""
    channel = Channel()
    channel.offices.bern.machine = machine("-c", f"'{program}'", "{to}", timeout=1.0)
    answer = channel.bern.post(f"{channel.path}/beside/machine", language="fa")
    assert answer.status_code >= 400
    assert "translating programme" in answer.json()["what"]
    channel.put(channel.bern)
