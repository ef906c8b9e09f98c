# SPDX-License-Identifier: Apache-2.0
"""Chosen reports of an incident file in a note: by their sharing marks, in parts, the rest stays at home (ADR 0049)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.web.offices import Browser, Offices


@dataclass
class Stage:
    offices: Offices
    mandate: str
    washington: Browser
    bern: Browser
    tehran: Browser
    file: str

    def report(self, **fields: Any) -> str:
        base = {"what": "The flight is on the ground.", "source": "an informant at the airport", "mark": "2"}
        grade = {"grade_source": "2", "grade_item": "3", "question": "Has the flight left?", "answer": "no"}
        found = self.washington.done(f"/incidents/{self.file}/report", **(base | grade | fields))["id"]
        return str(found)

    def share(self, *reports: str, **fields: Any) -> Any:
        return self.washington.post(f"/incidents/{self.file}/share", reports=",".join(reports), **fields)

    def newest(self) -> str:
        page = self.washington.json(f"/channels/{self.mandate}/write?to={self.offices.tehran.me.hex()}")
        return str(page["extracts"][0]["id"])

    def send(self, *extracts: str) -> str:
        to = self.offices.tehran.me.hex()
        fields = {"to": to, "text": "See the report.", "language": "en", "precedence": "2"}
        path = f"/channels/{self.mandate}/release"
        note = str(self.washington.done(path, reports=",".join(extracts), **fields)["id"])
        self.bern.done(f"/notes/{note}/forward")
        self.tehran.done(f"/notes/{note}/open")
        return note


@pytest.fixture(scope="module")
def stage() -> Stage:
    offices = Offices()
    mandate = offices.agree()
    browsers = [Browser(each) for each in (offices.washington, offices.bern, offices.tehran)]
    for each in browsers:
        each.sign_in()
    file = browsers[0].done("/incidents", title="A flight", place="Damascus")["id"]
    washington, bern, tehran = browsers
    return Stage(offices, mandate.hex(), washington, bern, tehran, file)


def test_a_chosen_report_goes_with_a_note_and_the_rest_stays(stage: Stage) -> None:
    """P4: the reader has the words and not the source; the author's page shows the same."""
    stage.report(what="Nobody is told of this one.")
    assert stage.share(stage.report()).status_code == 200
    note = stage.send(stage.newest())
    (shown,) = stage.tehran.json(f"/notes/{note}")["reports"]
    assert (shown["what"], shown["answer"], shown["mark"]) == ("The flight is on the ground.", "no", 2)
    assert (shown["source"], shown["grade"], shown["withheld"]) == (None, None, 5)
    page = stage.tehran.get(f"/notes/{note}").text
    assert "The flight is on the ground." in page
    assert "informant" not in page
    assert "Nobody is told of this one." not in page
    assert stage.washington.json(f"/notes/{note}")["reports"] == [shown]


def test_source_and_grade_are_shown_where_that_was_chosen(stage: Stage) -> None:
    stage.share(stage.report(), source="1", grade="1")
    (shown,) = stage.tehran.json(f"/notes/{stage.send(stage.newest())}")["reports"]
    assert (shown["source"], shown["grade"]) == ("an informant at the airport", "B3")


@pytest.mark.parametrize(
    ("mark", "what"),
    [
        ("5", "A report marked RED or AMBER+STRICT stays in this office."),
        ("4", "A report marked RED or AMBER+STRICT stays in this office."),
        ("0", "A report without a sharing mark stays in this office."),
    ],
)
def test_the_sharing_mark_decides_what_leaves(stage: Stage, mark: str, what: str) -> None:
    """P4."""
    answer = stage.share(stage.report(mark=mark))
    assert (answer.status_code, answer.json()["what"]) == (403, what)
    assert what in stage.washington.get(f"/incidents/{stage.file}?share=1").text


def test_a_corrected_report_is_not_let_out(stage: Stage) -> None:
    first = stage.report(what="It has left.", answer="yes")
    stage.report(corrects=first, answer="no")
    assert "It was corrected" in stage.share(first).json()["what"]


def test_what_is_no_extract_here_is_refused(stage: Stage) -> None:
    assert stage.share().status_code == 400
    assert stage.share("ab" * 32).status_code == 404
    to = stage.offices.tehran.me.hex()
    fields: dict[str, Any] = {
        "to": to,
        "text": "x",
        "language": "en",
        "precedence": "2",
        "reports": "ab" * 32,
    }
    assert stage.washington.post(f"/channels/{stage.mandate}/release", **fields).status_code == 404


def test_a_draft_keeps_its_reports(stage: Stage) -> None:
    stage.share(stage.report(what="It is in the air."))
    to, chosen = stage.offices.tehran.me.hex(), stage.newest()
    fields = {"to": to, "text": "See it.", "language": "en", "precedence": "2", "reports": chosen}
    draft = stage.washington.done(f"/channels/{stage.mandate}/draft", **fields)["id"]
    assert "It is in the air." in stage.washington.get(f"/drafts/{draft}").text
    page = stage.washington.get(f"/channels/{stage.mandate}/write?to={to}&draft={draft}&fresh=1").text
    assert f'value="{chosen}" checked' in page
