# SPDX-License-Identifier: Apache-2.0
"""A briefing put together on a page: what is ticked is proved, what is not stays hidden (P4, P8)."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from goodoffices.core.act import Act, ActType
from goodoffices.core.mandate import RecordUse
from goodoffices.core.readable.briefing import TEXT
from goodoffices.core.statement import read_signed
from goodoffices.desk.views.briefing import MOST
from goodoffices.verify.briefing import verify_briefing
from goodoffices.web.render import zulu
from tests.web.offices import Browser, DeskInMemory, Offices
from tests.web.test_pages import do, release, signed_in

WORDS, SECRET = "The ships stay in port.", "Our man is in the harbour."


class Played:
    """A note from Washington to Tehran, forwarded, under checkpoints."""

    def __init__(self, record_use: int = RecordUse.AS_EVIDENCE) -> None:
        self.offices = Offices()
        self.mandate = self.offices.agree(record_use=record_use)
        self.desk: DeskInMemory = self.offices.washington
        self.note = release(self.desk, self.mandate, self.offices.tehran.me, f"{WORDS}\n\n{SECRET}")
        self.desk.act(lambda desk, now: desk.checkpoints.now(now))
        self.path = f"/channels/{self.mandate.hex()}/briefing"

    def form(self, **more: str) -> dict[str, str]:
        given = {"recipient": "The Tribunal", "mark": "1", "parts": f"{self.note.hex()}:3", "along": "1"}
        return given | more


@pytest.fixture(scope="module")
def played() -> Played:
    return Played()


def unpacked(answer: Any, target: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(target)
    (folder,) = target.iterdir()
    return folder


def part_of(browser: Browser, played: Played, words: str) -> str:
    """The value of the box beside some words of a note."""
    page = browser.get(played.path).text
    (found,) = re.findall(rf'value="({played.note.hex()}:\d+)"[^>]*> <label[^>]*><span[^>]*>{words}', page)
    return str(found)


@pytest.mark.parametrize("language", ["en", "fa", "ar", "fr"])
def test_what_is_ticked_is_shown_with_proof_and_the_rest_is_withheld(
    played: Played, tmp_path: Path, language: str
) -> None:
    browser = signed_in(played.desk, **{"accept-language": language})
    chosen = played.form(parts=part_of(browser, played, WORDS))
    answer = browser.post(played.path, html=True, **chosen)
    assert answer.headers["content-disposition"].endswith("briefing-for-the-tribunal.zip")
    folder = unpacked(answer, tmp_path)
    assert verify_briefing(folder).findings == ()
    text = (folder / TEXT).read_text(encoding="utf-8")
    assert text.startswith("TLP:RED\nBRIEFING by Washington for The Tribunal\n")
    assert WORDS in text
    assert all(SECRET.encode() not in path.read_bytes() for path in folder.iterdir())


def test_the_briefing_is_an_act_of_the_officer_who_made_it(played: Played) -> None:
    browser = signed_in(played.desk)
    browser.post(played.path, html=True, **played.form(recipient="The Library"))
    signed = played.desk.desk.ledger.newest_acts(played.mandate, int(ActType.BRIEFED), 0, 9)[0].signed
    assert read_signed(signed).statement.read(Act).words == "TLP:RED The Library"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"recipient": " "}, "for whom"),
        ({"mark": "9"}, "sharing mark"),
        ({"parts": "", "acts": ""}, "Nothing was chosen"),
        ({"parts": "../../etc:1"}, "cannot be read"),
    ],
)
def test_what_cannot_be_made_is_said_and_the_choice_stays(
    played: Played, change: dict[str, str], what: str
) -> None:
    """P12."""
    answer = signed_in(played.desk).post(played.path, html=True, **played.form(**change))
    assert answer.status_code >= 400
    assert what in answer.text
    if "recipient" not in change:
        assert 'value="The Tribunal"' in answer.text


def test_a_mandate_that_forbids_it_is_told_before_anything_is_chosen() -> None:
    """P4."""
    closed = Played(RecordUse.NOT_OUTSIDE)
    browser = signed_in(closed.desk)
    page = browser.get(closed.path).text
    assert "The record is not used outside the channel." in page
    assert "<input" not in page.partition("<main")[2]
    assert browser.post(closed.path, html=True, **closed.form()).status_code >= 400


def test_a_report_that_was_let_out_goes_along_signed(tmp_path: Path) -> None:
    """P4, P8: chosen on the page, held to its mark, alone or beside notes."""
    played = Played()
    browser = signed_in(played.desk)
    file = browser.done("/incidents", title="A flight")["id"]
    given = {"what": "It is on the ground.", "source": "our man in the tower", "mark": "2"}
    report = browser.done(f"/incidents/{file}/report", **given)["id"]
    browser.done(f"/incidents/{file}/share", reports=report)
    (extract,) = re.findall(r'name="reports" value="([0-9a-f]{64})"', browser.get(played.path).text)
    from_chronicle = browser.get(f"{played.path}?own={report}").text
    assert f'name="reports" value="{extract}" checked' in from_chronicle
    assert 'name="own"' not in from_chronicle
    refused = browser.post(played.path, html=True, **played.form(parts="", reports=extract, mark="5"))
    assert "TLP:GREEN" in refused.text
    assert f'value="{extract}" checked' in refused.text
    answer = browser.post(played.path, html=True, **played.form(parts="", reports=extract, mark="3"))
    folder = unpacked(answer, tmp_path)
    assert verify_briefing(folder).verified
    text = (folder / TEXT).read_text(encoding="utf-8")
    assert "| It is on the ground.\n" in text
    assert "tower" not in text
    to, sent = played.offices.tehran.me.hex(), {"text": "See it.", "language": "en", "precedence": "2"}
    browser.done(f"/channels/{played.mandate.hex()}/release", to=to, reports=extract, **sent)
    page = browser.get(played.path).text
    assert 'A report that it brings: <span class="text" dir="auto">It is on the ground.</span>' in page


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fa", "ar", "fr"])
def test_consent_is_asked_and_given_on_the_pages_of_each_office(language: str, tmp_path: Path) -> None:
    """P4: none is made without it; who refused is shown, and may say otherwise later."""
    asked = Played(RecordUse.WITH_CONSENT_OF_ALL)
    offices, consent = asked.offices, f"/channels/{asked.mandate.hex()}/consent"
    browser = signed_in(asked.desk, **{"accept-language": language})
    assert browser.post(asked.path, html=True, **asked.form()).status_code >= 400
    assert browser.post(consent, html=True, **asked.form()).status_code == 303
    offices.pump()
    for desk, given in ((offices.bern, "1"), (offices.tehran, "0"), (offices.tehran, "1")):
        other = signed_in(desk, **{"accept-language": language})
        page = other.get(consent).text
        assert "The Tribunal" in page
        (question,) = set(re.findall(rf"{consent}/([0-9a-f]{{64}})", page))
        assert (consent in other.get("/").text) == (consent in other.get(consent[: -len("/consent")]).text)
        assert other.post(f"{consent}/{question}", html=True, given=given, words="So.").status_code == 303
        offices.pump()
        assert consent not in other.get("/").text
    assert browser.get(consent).text.count("So.") == 2
    folder = unpacked(browser.post(asked.path, html=True, **asked.form()), tmp_path)
    assert verify_briefing(folder).findings == ()
    assert (folder / TEXT).read_text(encoding="utf-8").count("\nconsented  ") == 2


def test_an_answer_that_says_neither_yes_nor_no_is_none() -> None:
    """P12"""
    asked = Played(RecordUse.WITH_CONSENT_OF_ALL)
    consent = f"/channels/{asked.mandate.hex()}/consent"
    signed_in(asked.desk).post(consent, html=True, **asked.form())
    asked.offices.pump()
    other = signed_in(asked.offices.bern)
    (question,) = set(re.findall(rf"{consent}/([0-9a-f]{{64}})", other.get(consent).text))
    for path, given in ((question, "2"), (question, ""), ("0" * 64, "1")):
        assert other.post(f"{consent}/{path}", html=True, given=given).status_code >= 400


def test_a_long_channel_is_shown_in_pages() -> None:
    """P6: the newest notes first, and every page small."""
    played = Played()
    for at in range(MOST + 1):
        release(played.desk, played.mandate, played.offices.tehran.me, f"Note {at}. " + "x" * 900)
    browser = signed_in(played.desk)
    first = browser.json(played.path)
    assert len(first["notes"]) == MOST
    rest = browser.json(f"{played.path}?before={first['older']}")
    assert [each["number"] for each in first["notes"] + rest["notes"]] == list(range(MOST + 2, 0, -1))
    assert rest["older"] is None
    assert len(browser.get(played.path).content) < 60_000


def test_a_step_stands_at_the_time_that_its_signer_stated() -> None:
    """P1, P6: also where word of it came hours later: to be shown to others, and on the first page."""
    played = Played()
    bern, stated = played.offices.bern, played.offices.time
    bern.cut = True
    do(bern, "refuse", played.note, "Not in these words.")
    played.offices.time += 7_200_000
    bern.cut = False
    played.offices.pump()
    browser = signed_in(played.desk)
    shown = browser.get(played.path).text
    assert zulu(stated) in re.findall(r"refused · .*?</label>", shown, re.DOTALL)[0]
    assert zulu(stated) in re.findall(r"<strong>refused</strong>.*?</p>", browser.get("/").text, re.DOTALL)[0]
