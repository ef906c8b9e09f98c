# SPDX-License-Identifier: Apache-2.0
"""Notes by a form and coded notes through the pages: agreed on, written, read in the reader's own language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from goodoffices.core.note import NoteKind
from goodoffices.desk.forms.library import shipped
from goodoffices.web.render import form_time
from tests.web.offices import Browser, Offices

HOUR = 3_600_000


def wording(called: str) -> str:
    """The ID of what comes with the program under this code or word."""
    (found,) = [
        each.id for each in shipped() if called in (getattr(each.agreed, "word", ""), _code(each.agreed))
    ]
    return found.hex()


def _code(agreed: Any) -> str:
    return "" if hasattr(agreed, "word") else str(agreed.code)


@dataclass
class Stage:
    offices: Offices
    mandate: str
    washington: Browser
    bern: Browser
    tehran: Browser

    @property
    def write(self) -> str:
        return f"/channels/{self.mandate}/write?to={self.offices.tehran.me.hex()}"

    def send(self, path: str = "release", **fields: Any) -> Any:
        base = {"to": self.offices.tehran.me.hex(), "language": "en", "precedence": "2"}
        return self.washington.post(f"/channels/{self.mandate}/{path}", **(base | fields))

    def clarify(self, path: str = "release", **fields: Any) -> Any:
        base = {
            "form": wording("CL-1"),
            "f_what": "Three rockets fell near the bridge.",
            "f_time": self.ago(2 * HOUR),
            "f_time_until": self.ago(HOUR),
            "f_intent": "1",
            "f_steps": "The battery was stood down.\r\nIts officer is relieved.",
        }
        return self.send(path, **(base | fields))

    def ago(self, milliseconds: int) -> str:
        return form_time(self.offices.washington.now() - milliseconds)

    def reach(self, note: str) -> None:
        self.bern.done(f"/notes/{note}/forward")
        self.tehran.done(f"/notes/{note}/open")


@pytest.fixture(scope="module")
def stage() -> Stage:
    offices = Offices()
    agreed = tuple(bytes.fromhex(wording(each)) for each in ("CL-1", "AN-1", "AS-1", "HARBOUR"))
    mandate = offices.agree(languages=("en", "fa"), wordings=agreed)
    browsers = [Browser(each) for each in (offices.washington, offices.bern, offices.tehran)]
    for each in browsers:
        each.sign_in()
    return Stage(offices, mandate.hex(), *browsers)


def told(answer: Any) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["what"])


def test_the_wording_is_shown_before_it_is_signed(stage: Stage) -> None:
    """P1: whoever signs the mandate reads every form in every language."""
    page = stage.tehran.get(f"/mandates/{stage.mandate}?lang=fa").text
    for words in ("توضیح دربارهٔ یک رویداد", "It was not meant.", "عمدی نبود.", "HARBOUR 3"):
        assert words in page


def test_the_write_page_offers_the_forms_in_its_own_language(stage: Stage) -> None:
    page = stage.washington.get(f"{stage.write}&form={wording('CL-1')}").text
    assert 'name="f_what"' in page
    assert 'name="text"' not in page
    assert "What happened" in page
    assert "آنچه رخ داد" in stage.washington.get(f"{stage.write}&form={wording('CL-1')}&lang=fa").text
    stage.washington.get("/?lang=en")


def test_a_form_is_read_in_the_readers_language(stage: Stage) -> None:
    """No translation is asked for: Tehran's page says in Persian what Washington said in English."""
    note = stage.clarify().json()["id"]
    stage.reach(note)
    page = stage.tehran.get(f"/notes/{note}?lang=fa").text
    for words in (
        "توضیح دربارهٔ یک رویداد",
        "عمدی نبود.",
        "Three rockets fell near the bridge.",
        "Its officer is relieved.",
    ):
        assert words in page
    data = stage.tehran.json(f"/notes/{note}")
    assert (data["card"]["by"], data["agreed"]["called"]) == (NoteKind.CLARIFICATION, "CL-1")
    assert data["card"]["text"].startswith("Clarification of an incident (CL-1)\n\nWhat happened:\n  Three")
    assert set(data["agreed"]["fields"]) == {"en", "fr", "fa", "ar"}
    assert "توضیح دربارهٔ یک رویداد" in stage.bern.get(f"/notes/{note}/sheet").text


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"f_what": " "}, "'What happened' is not filled in."),
        ({"f_intent": ""}, "'Was it meant?' is not filled in."),
        ({"f_intent": "9"}, "'Was it meant?' takes one of its choices."),
        ({"f_place": "x" * 201}, "'Where' takes one line of at most 200 bytes"),
        ({"f_time_until": "2001-01-01T00:00"}, "'When, from and until' ends before it begins."),
        ({"f_time": "", "f_time_until": ""}, "'When, from and until' is not filled in."),
        ({"f_time": ""}, "'When, from and until' has an end and no beginning."),
        ({"f_time_until": "2099-01-01T00:00"}, "'When, from and until' lies in the future"),
        (
            {"f_steps": "\n".join("x" * 9)},
            "'What has been done so that it ends or does not recur' takes at most 8 lines",
        ),
        ({"form": "ab" * 32}, "The mandate lists no such form."),
        ({"language": "de"}, "Form CL-1 has no wording in the note's language."),
        ({"f_stps": "x"}, "Form CL-1 has no field 'stps'."),
    ],
)
def test_fields_are_checked_before_release(stage: Stage, fields: dict[str, str], what: str) -> None:
    """P12: impossible and contradictory times, missing and foreign fields are named by their label."""
    for path in ("release", "confirm", "draft"):
        assert what in told(stage.clarify(path, **fields))


def test_a_past_that_a_form_speaks_of_ahead_is_refused(stage: Stage) -> None:
    notice = {
        "form": wording("AN-1"),
        "f_what": "An exercise.",
        "f_place": "At sea",
        "f_time": stage.ago(HOUR),
    }
    assert "lies in the past" in told(stage.send(**notice))


def test_what_was_filled_in_survives_a_refusal(stage: Stage) -> None:
    page = stage.clarify("confirm", html=True, f_intent="", newlines="lf").text
    assert "Three rockets fell near the bridge." in page
    assert "Its officer is relieved." in page


def test_the_confirm_page_shows_both_languages(stage: Stage) -> None:
    page = stage.clarify("confirm", html=True, newlines="lf").text
    assert "Clarification of an incident (CL-1)" in page
    assert "عمدی نبود." in page
    assert 'name="f_what"' in page


def test_a_draft_by_a_form_is_changed_by_its_fields(stage: Stage) -> None:
    draft = stage.clarify("draft", f_place="Kirkuk").json()["id"]
    assert "Kirkuk" in stage.washington.get(f"/drafts/{draft}").text
    page = stage.washington.get(f"{stage.write}&draft={draft}&fresh=1").text
    assert 'value="Kirkuk"' in page
    again = stage.clarify("draft", f_place="Erbil", draft=draft, base="1").json()["id"]
    assert again == draft
    note = stage.washington.done(f"/drafts/{draft}/release", version="2", precedence="2")["id"]
    assert "Where: Erbil" in stage.washington.json(f"/notes/{note}")["card"]["text"]


def test_a_coded_note_sends_the_code_alone(stage: Stage) -> None:
    note = stage.send(codes=wording("HARBOUR"), code_number="4").json()["id"]
    stage.reach(note)
    data = stage.tehran.json(f"/notes/{note}")
    assert (data["card"]["text"], data["card"]["by"]) == ("HARBOUR 4", NoteKind.CODED)
    page = stage.tehran.get(f"/notes/{note}?lang=fa").text
    assert "اقدام ما پایان یافت. گام دیگری در نظر نداریم." in page
    assert "coded note" in stage.washington.get(f"/channels/{stage.mandate}?lang=en").text


def test_an_unknown_number_is_refused_at_writing(stage: Stage) -> None:
    for number in ("7", "", "999999"):
        assert "stands for nothing" in told(stage.send(codes=wording("HARBOUR"), code_number=number))


@pytest.mark.parametrize("text", ["HARBOUR 4", " harbour 4. ", "Harbour-4"])
def test_free_text_never_passes_as_a_code(stage: Stage, text: str) -> None:
    """A plain text that reads as a code is refused where it is written."""
    assert "a plain note is never a code" in told(stage.send(text=text))
    assert stage.send(text=f"{text} is what you called it.").status_code == 200


def test_a_mandate_that_follows_adds_forms(stage: Stage) -> None:
    """Lines paired before keep working: the new mandate begins with the old terms."""
    page = stage.bern.get(f"/mandates/new?predecessor={stage.mandate}").text
    assert f'name="predecessor" value="{stage.mandate}"' in page
    assert page.count('checked> <label for="wording-') == 4


def test_an_office_adds_a_form_of_its_own(stage: Stage) -> None:
    source = next(each.source for each in shipped() if _code(each.agreed) == "RQ-1").replace("RQ-1", "RQ-9")
    made = stage.bern.done("/forms", source=source)["id"]
    assert "RQ-9" in stage.bern.get("/forms").text
    assert stage.bern.get(f"/forms/{made}/file").text == source
    assert stage.bern.done("/forms", source=source)["id"] == made
    wrong = stage.bern.post("/forms", source=source.replace('sort = "text"', 'sort = "tekst"'))
    assert "form.toml:20: field 'seen', field 'sort': 'tekst' is not one of" in told(wrong)
    stage.bern.done(f"/forms/{made}/drop")
    assert "RQ-9" not in stage.bern.get("/forms").text


def test_a_form_without_a_language_of_the_mandate_is_not_proposed(stage: Stage) -> None:
    path = ",".join(each.me.hex() for each in stage.offices.desks.values())
    asked: dict[str, Any] = {
        "name": "Another",
        "path": path,
        "languages": "en, ur",
        "wordings": wording("CL-1"),
    }
    assert (
        told(stage.bern.post("/mandates", **asked))
        == "CL-1 has no wording in ur, a language of this mandate."
    )


def test_a_note_by_the_form_of_an_assurance_gives_one_at_both_desks(stage: Stage) -> None:
    """The principal's page lists it with its conditions, its end and the signed note, at once and once."""
    fields = {"form": wording("AS-1"), "f_what": "The end, for now.", "f_conditions": "no answer\r\nno move"}
    note = stage.send(**fields, f_until=stage.ago(-HOUR)).json()["id"]
    stage.reach(note)
    stage.tehran.done(f"/notes/{note}/open")
    for browser in (stage.washington, stage.tehran):
        cards = [each for each in browser.json("/assurances")["cards"] if each["note"] == note]
        (card,) = cards
        assert (card["what"], card["conditions"]) == ("The end, for now.", ["no answer", "no move"])
        assert (card["state"], card["author_name"], card["to_name"]) == (1, "Washington", "Tehran")
        assert form_time(card["until"]) == stage.ago(-HOUR)
    assert stage.bern.json("/assurances")["cards"] == []


def test_the_note_that_says_what_became_of_it_can_be_named(stage: Stage) -> None:
    given = stage.send(form=wording("AS-1"), f_what="No flight before noon.").json()["id"]
    later = stage.send(text="We do not consider ourselves bound any more.").json()["id"]
    (card,) = [each for each in stage.washington.json("/assurances")["cards"] if each["note"] == given]
    page = stage.washington.json(f"/assurances?change={card['id']}")
    assert later in [each["id"] for each in page["said_by"]]
    stage.washington.done(f"/assurances/{card['id']}", became="2", why="The note says so.", note_said=later)
    (card,) = [each for each in stage.washington.json("/assurances")["cards"] if each["note"] == given]
    assert (card["state"], card["changes"][0]["note"]) == (2, later)
