# SPDX-License-Identifier: Apache-2.0
"""The chronicle's page: asked, searched, added to, and taken along as a file that proves nothing it cannot."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from goodoffices.core.mandate import RecordUse
from goodoffices.core.office import Right
from goodoffices.desk.chronicle.statements import NewStatement, PublicStatements
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.verify.briefing import verify_briefing
from goodoffices.web.deeds import told as in_words
from goodoffices.web.language import load
from tests.web.offices import Browser, DeskInMemory, Offices
from tests.web.test_pages import release, signed_in

PEOPLE = [
    NewOfficer("duty", "officer 1", ALL_RIGHTS),
    NewOfficer("drafter", "officer 2", Right.DRAFT),
    NewOfficer("keeper", "officer 3", Right.KEYS),
]
HOSTILE = '=HYPERLINK("http://example.org") <script>alert(1)</script>'


class Played:
    """A note to the other party, one to the intermediary alone, and two public statements."""

    def __init__(self) -> None:
        self.offices = Offices(officers=PEOPLE)
        self.mandate = self.offices.agree(record_use=RecordUse.AS_EVIDENCE)
        self.desk: DeskInMemory = self.offices.washington
        self.note = release(self.desk, self.mandate, self.offices.tehran.me, "کشتی در بندر می‌ماند")
        self.alone = release(self.desk, self.mandate, self.offices.bern.me, "Between us: the deadline moves.")
        self.path = f"/channels/{self.mandate.hex()}/chronicle"
        browser = signed_in(self.desk)
        for words, mark in (("We also said this at the UN.", "1"), (HOSTILE, "3")):
            self.said = browser.done(f"{self.path}/statements", **statement(what=words, mark=mark))["id"]


def statement(**more: str) -> dict[str, str]:
    given = {"by": "the envoy", "said": "2023-11-14T20:00Z", "heard": "UN Web TV", "said_source": "1"}
    return given | {"said_item": "2", "where": "New York"} | more


@pytest.fixture(scope="module")
def played() -> Played:
    return Played()


def items(played: Played, query: str = "") -> list[dict[str, Any]]:
    browser = signed_in(played.desk)
    return list(browser.json(f"{played.path}?{query}")["items"])


def test_the_page_shows_everything_in_order_with_source_grade_and_proof(played: Played) -> None:
    """P8"""
    found = items(played)
    assert [each["at"] for each in found] == sorted((each["at"] for each in found), reverse=True)
    note = next(each for each in found if each["kind"] == "note")
    assert (note["id"], note["text"], note["source"]) == (
        played.note.hex(),
        "کشتی در بندر می‌ماند",
        "Washington",
    )
    assert note["entry"]
    assert len(note["digits"].replace(" ", "")) == 20
    said = next(each for each in found if each["kind"] == "statement")
    assert (said["grade"], said["entry"], said["where"]) == ("A2", None, "New York")


@pytest.mark.parametrize("language", ["en", "fa", "ar", "fr"])
def test_it_is_searched_in_persian_typed_with_arabic_letters(played: Played, language: str) -> None:
    browser = signed_in(played.desk, **{"accept-language": language})
    text = browser.get(f"{played.path}?q=كشتي&zone=Asia/Tehran&zones=America/New_York").text
    assert f'href="/notes/{played.note.hex()}"' in text
    assert "UN Web TV" not in text
    assert "+03:30" in text
    assert "-05:00" in text
    assert 'value="America/New_York" checked' in text


def test_the_caucus_stands_behind_its_wall_until_it_is_asked_for(played: Played) -> None:
    """P4"""
    assert "deadline" not in json.dumps(items(played))
    assert items(played, "q=deadline") == []
    party = played.desk.me.hex()
    assert [each["lane"] for each in items(played, f"q=deadline&lane={party}")] == ["caucus"]
    browser = signed_in(played.desk)
    for query in ("lane=" + "ab" * 32, "kind=chat", "zones=Nowhere", "since=2024-01-02&until=2024-01-01"):
        answer = browser.get(f"{played.path}?{query}")
        assert answer.status_code == 400
    assert browser.get(f"{played.path}?q={'x' * 301}").status_code == 400
    many = "&".join(f"zone=Etc/GMT%2B{hours}" for hours in range(1, 10))
    assert browser.get(f"{played.path}?{many}").status_code == 400


def test_older_pages_hold_the_rest_each_item_once(played: Played) -> None:
    """P12"""
    alone = Played()
    duty, now = alone.desk.officer(), alone.desk.now()
    log = PublicStatements(alone.desk.desk.context)
    for at in range(120):
        said = now - (at // 3) * 1000
        log.log(duty, NewStatement(f"Said {at}.", "the envoy", said, now, "a wire"), now)
    assert alone.desk.desk.chronicle.catch_up(1000)  # as a running desk does when it is at rest
    browser, seen = signed_in(alone.desk), []
    query = "?kind=statement&q=said"
    while query:
        text = browser.get(f"{alone.path}{query}").text
        seen += re.findall(r'class="note-card own" id="i([0-9a-f]{16})"', text)
        older = re.search(r'name="before" value="(\d+)"', text)
        query = f"?kind=statement&q=said&before={older[1]}" if older else ""
        assert not older or 'name="q" value="said"' in text
    assert len(seen) == len(set(seen)) == 121
    for wrong in ("x", "-1", "9" * 19, "١٢"):
        assert browser.get(f"{alone.path}?before={wrong}").status_code == 400


def taken(played: Played, kind: str, **more: str) -> Any:
    browser = signed_in(played.desk)
    return browser.post(f"{played.path}/file", html=True, format=kind, mark="3", zone="Asia/Tehran", **more)


def test_a_file_is_a_deed_in_the_audit_log_under_its_mark(played: Played) -> None:
    """P10"""
    answer = taken(played, "html")
    assert answer.headers["content-disposition"].endswith("chronicle-good-offices.html")
    text = answer.text
    assert "TLP:AMBER" in text
    assert "<script" not in text
    assert played.note.hex() in text
    assert "deadline" not in text
    assert not re.search(r'(?:src|href)="(?!#)', text)
    row = played.desk.desk.ledger.audit_rows(kind="export", officer=None, before=None, most=1)[0]
    assert row.what == "took the chronicle along as HTML, TLP:AMBER"
    assert signed_in(played.desk).post(f"{played.path}/file", html=True, format="html").status_code == 400
    narrower = signed_in(played.desk).post(f"{played.path}/file", html=True, format="csv", mark="2")
    assert narrower.status_code == 403
    assert "TLP:AMBER" in narrower.text


@pytest.mark.slow
def test_a_pdf_is_laid_out_from_right_to_left_too(played: Played) -> None:
    browser = signed_in(played.desk, **{"accept-language": "fa"})
    answer = browser.post(f"{played.path}/file", html=True, format="pdf", mark="5", kind="note")
    assert answer.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(answer.content)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    for words in ("کشتی در بندر", "TLP", "RED", "Washington 1"):
        assert words in text


def test_csv_has_no_formula_and_leads_back_to_the_signed_entry(played: Played) -> None:
    """P12"""
    rows = list(csv.DictReader(io.StringIO(taken(played, "csv").content.decode("utf-8-sig"))))
    assert all(not value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    assert any(row["text"] == f"'{HOSTILE}" for row in rows)
    note = next(row for row in rows if row["id"] == played.note.hex())
    assert played.desk.desk.ledger.entry(bytes.fromhex(note["entry"])) is not None
    assert note["Asia/Tehran"].endswith("+03:30")
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)


def test_json_is_what_timelinejs_reads_and_holds_no_markup_of_others(played: Played) -> None:
    """P12"""
    found = json.loads(taken(played, "json").content)
    assert set(found) == {"scale", "title", "events"}
    for event in found["events"]:
        assert set(event) == {"start_date", "text", "group", "unique_id", "autolink"}
        assert event["autolink"] is False
        assert "<script" not in event["text"]["text"]
    first = found["events"][0]["start_date"]
    assert (first["year"], first["month"], first["day"], first["hour"]) == (2023, 11, 14, 20)
    assert len({event["unique_id"] for event in found["events"]}) == len(found["events"])


def test_a_statement_that_was_corrected_says_so_in_every_kind_of_file() -> None:
    """P9: nothing is overwritten, and nobody reads the old words without a hint of the new."""
    alone = Played()
    browser, old = signed_in(alone.desk), alone.said
    given = statement(what="As printed.", mark="3", corrects=old)
    new = browser.done(f"{alone.path}/statements", **given)["id"]
    for form in ("html", "csv", "json"):
        text = taken(alone, form).text
        before = text[: text.index("As printed.")]
        assert new[:16] in before[before.rindex("HYPERLINK") :]
    page = browser.get(f"{alone.path}?kind=statement").text
    assert f'href="#i{new[:16]}"' in page
    assert f'href="#i{old[:16]}"' in page


def test_an_old_statement_can_be_corrected_from_any_page() -> None:
    """P9: it need not be searched for; what is corrected already is offered no more."""
    alone = Played()
    browser, old = signed_in(alone.desk), alone.said
    options = f'<option value="{old}"'
    assert options in browser.get(f"{alone.path}?q=nothing-has-this-word").text
    browser.done(f"{alone.path}/statements", **statement(what="As printed.", mark="3", corrects=old))
    assert options not in browser.get(alone.path).text


def test_a_statement_far_back_is_corrected_from_its_own_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: page by page, without knowing its words; it is chosen already in the form that opens."""
    monkeypatch.setattr("goodoffices.desk.views.chronicle.CORRECTABLE", 0)
    alone = Played()
    browser, old = signed_in(alone.desk), alone.said
    assert f'<option value="{old}"' not in browser.get(f"{alone.path}?q=nothing-has-this-word").text
    (link,) = re.findall(
        rf'href="([^"]*corrects={old}#log)"', browser.get(f"{alone.path}?kind=statement").text
    )
    page = browser.get(link.replace("&amp;", "&").partition("#")[0]).text
    assert f'<option value="{old}" selected>' in page
    assert re.search(r'<details class="act" id="log" open>', page)
    browser.done(f"{alone.path}/statements", **statement(what="As printed.", mark="3", corrects=old))
    assert f"corrects={old}#log" not in browser.get(f"{alone.path}?kind=statement").text


def test_who_may_not_read_log_or_take_along_is_refused(played: Played) -> None:
    """P4"""
    keeper, drafter = Browser(played.desk), Browser(played.desk)
    assert keeper.sign_in("keeper").status_code == drafter.sign_in("drafter").status_code == 200
    assert keeper.get(played.path).status_code == 403
    assert drafter.post(f"{played.path}/file", format="csv", mark="5").status_code == 403
    text = drafter.get(played.path).text
    assert f"{played.path}/file" not in text
    assert f"{played.path}/statements" in text


def test_what_was_typed_is_kept_where_a_statement_is_refused(played: Played) -> None:
    """P12"""
    browser = signed_in(played.desk)
    answer = browser.post(f"{played.path}/statements", html=True, **statement(what="Kept.", said=""))
    assert answer.status_code == 400
    assert "Kept." in answer.text


def test_what_is_ticked_goes_into_a_briefing_and_what_is_not_proved_beside_it(tmp_path: Path) -> None:
    """P8"""
    played = Played()
    played.desk.act(lambda desk, now: desk.checkpoints.now(now))
    browser = signed_in(played.desk)
    path = f"/channels/{played.mandate.hex()}/briefing"
    text = browser.get(f"{path}?note={played.note.hex()}&own={played.said}").text
    parts = re.findall(r'name="parts" value="([0-9a-f]{64}:\d+)" checked', text)
    assert {each[:64] for each in parts} == {played.note.hex()}
    assert f'name="own" value="{played.said}" checked' in text
    assert f'value="{played.alone.hex()}' not in text
    form = {"recipient": "An ally", "parts": ",".join(parts), "along": "1", "own": played.said}
    wide = browser.post(path, html=True, mark="5", **form)
    assert (wide.status_code, "TLP:AMBER" in wide.text) == (403, True)
    made = browser.post(path, html=True, mark="3", **form)
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert verify_briefing(folder / "briefing").findings == ()
    told = (folder / "not-proved.txt").read_text(encoding="utf-8")
    assert told.startswith("TLP:AMBER\nNOT PROVED.")
    assert HOSTILE in told
    assert all(HOSTILE.encode() not in each.read_bytes() for each in (folder / "briefing").iterdir())
    assert browser.get(f"{path}?own={'ab' * 32}").status_code == 404
    assert browser.get(f"{path}?own=nonsense").status_code == 400
    rows = played.desk.desk.ledger.audit_rows(kind="export", officer=None, before=None, most=1)
    assert [each.what for each in rows] == ["put 1 paper beside a briefing, not proved"]
    assert in_words(rows[0].what, load()["fa"])
