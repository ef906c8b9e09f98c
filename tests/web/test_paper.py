# SPDX-License-Identifier: Apache-2.0
"""Paper: sheets, hand delivery, a party without a desk, and what it answered (P14)."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from goodoffices.core.act import ActType
from goodoffices.core.mandate import Reading
from goodoffices.core.statement import read_signed
from goodoffices.desk.export import export
from goodoffices.desk.founding import NewOfficer
from goodoffices.verify.verifier import verify
from tests.web.offices import Browser, DeskInMemory, Offices

MINUTE = 60_000
HAND: dict[str, Any] = {
    "who": "Mr Zarif",
    "where": "his office, Tehran",
    "when": "2023-11-14T22:13",
    "by": "the ambassador",
}
TERMS = {
    "name": "By paper",
    "reading": "2",
    "forwarding": "1",
    "officers_to_add_words": "1",
    "languages": "en, fa",
}


@pytest.fixture
def offices() -> Offices:
    return Offices()


def browse(desk: DeskInMemory, name: str = "duty") -> Browser:
    browser = Browser(desk)
    assert browser.sign_in(name).status_code == 200
    return browser


def propose(offices: Offices, **terms: Any) -> Any:
    """Washington, Bern, and a party on paper at Bern's side."""
    fields: dict[str, Any] = {
        **TERMS,
        "path": f"{offices.washington.me.hex()},{offices.bern.me.hex()}",
        "paper_name": "The council in the hills",
        "paper_consent": "By word of mouth to Bern's envoy, 3 May.",
        **terms,
    }
    return browse(offices.bern).post("/mandates", **fields)


@pytest.fixture
def paper(offices: Offices) -> str:
    """A channel to a party on paper, in force."""
    for each in offices.desks.values():
        each.unlock()
    offices.pair(offices.washington, offices.bern)
    mandate = str(propose(offices).json()["id"])
    browse(offices.washington).done(f"/mandates/{mandate}/sign")
    return mandate


def far(offices: Offices, mandate: str) -> str:
    return offices.washington.desk.ledger.agreement(bytes.fromhex(mandate)).mandate.path[-1].hex()


def write(offices: Offices, mandate: str, text: str = "We ask for the prisoners' names.") -> str:
    fields: dict[str, Any] = {"to": far(offices, mandate), "text": text, "language": "en", "precedence": "3"}
    return str(browse(offices.washington).done(f"/channels/{mandate}/release", **fields)["id"])


def rungs(browser: Browser, note: str) -> list[str]:
    return [each["rung"] for each in browser.json(f"/notes/{note}")["steps"] if each["state"] == "done"]


def test_nobody_is_asked_to_compare_digits_with_a_party_on_paper(offices: Offices, paper: str) -> None:
    """P1, P14: it has no keys; every page says whose word stands for it instead."""
    note, author = write(offices, paper), browse(offices.washington)
    to = far(offices, paper)
    for path in ("/", f"/notes/{note}", f"/channels/{paper}", f"/channels/{paper}/write?to={to}"):
        page = author.get(path).text
        assert "A party on paper has no keys" in page
        assert "#compare" not in page
    mandate = author.get(f"/mandates/{paper}").text
    assert "no digits to compare" in mandate
    assert "Read aloud" not in mandate


def test_a_party_on_paper_is_entered_with_its_consent_attested(offices: Offices, paper: str) -> None:
    """P14"""
    page = browse(offices.washington).json(f"/mandates/{paper}")
    assert [(each["name"], each["on_paper"]) for each in page["path"]] == [
        ("Washington", False),
        ("Bern", False),
        ("The council in the hills", True),
    ]
    assert page["state"] == "in force"
    agreement = offices.washington.desk.ledger.agreement(bytes.fromhex(paper))
    (attested,) = agreement.papers.values()
    assert attested.attested_by == offices.bern.me
    assert attested.consent == "By word of mouth to Bern's envoy, 3 May."


@pytest.mark.parametrize(
    "wrong",
    [
        {"reading": str(int(Reading.SEALED))},
        {"forwarding": "2"},
        {"paper_consent": " "},
        {"paper_name": "x" * 121},
    ],
)
def test_what_cannot_be_done_on_paper_is_not_proposed(offices: Offices, wrong: dict[str, str]) -> None:
    """P12, P14: nobody could read a sealed note aloud, no desk can hand over, no consent is made up."""
    for each in offices.desks.values():
        each.unlock()
    offices.pair(offices.washington, offices.bern)
    assert propose(offices, **wrong).status_code == 400


def test_a_note_to_a_party_on_paper_is_printed_and_handed_over(offices: Offices, paper: str) -> None:
    """P6, P14: to whom, where, when, by whom; signed, and told to its author as the intermediary's word."""
    note = write(offices, paper)
    washington, bern = browse(offices.washington), browse(offices.bern)
    refused = bern.post(f"/notes/{note}/forward")
    assert refused.status_code == 409
    assert "on paper" in refused.json()["what"]
    bern.done(f"/notes/{note}/take")
    page = bern.get(f"/notes/{note}").text
    now = page[page.index('class="press-now"') : page.index("Vouched for by the intermediary alone")]
    assert (
        "its clock ends in" in now
    )  # handing over has the clock of forwarding, and its way stands beside it
    assert f"/notes/{note}/sheet" in now
    assert "#on-paper" in now
    assert "We ask for the prisoners&#39; names." in bern.get(f"/notes/{note}/sheet").text
    offices.time += MINUTE
    bern.done(f"/notes/{note}/hand-over", remark="He asked for water.", **HAND)
    assert rungs(washington, note) == [
        "released",
        "on a relay",
        "at the desk",
        "seen",
        "handed over",
        "covering remark",
    ]
    page = washington.json(f"/notes/{note}")
    (step,) = [each for each in page["steps"] if each["rung"] == "handed over"]
    assert step["word"] == "the intermediary's word"
    assert (
        step["detail"]
        == "who: Mr Zarif\nwhere: his office, Tehran\nwhen: 2023-11-14T22:13:00Z\nby: the ambassador"
    )
    assert not step["late"]
    assert [each["words"] for each in page["remarks"]] == ["He asked for water."]
    assert bern.json("/")["here"]["waiting"] == []
    bern.done(f"/notes/{note}/hand-over", **HAND)  # the same form sent twice is one act
    assert rungs(washington, note).count("handed over") == 1
    assert bern.post(f"/notes/{note}/hand-over", **{**HAND, "by": "somebody else"}).status_code == 409
    assert washington.json("/status")["notes"][0]["state"] == "on paper"


def test_the_picture_draws_a_hand_over_as_the_way_on(offices: Offices, paper: str) -> None:
    """P6, P14: not as waiting, and under its own name."""
    note = write(offices, paper)
    bern = browse(offices.bern)
    path = f"/channels/{paper}/picture"
    assert ">not forwarded yet<" in bern.get(path).text
    bern.done(f"/notes/{note}/hand-over", **HAND)
    html = bern.get(path).text
    assert "handed over +" in html
    assert ">not forwarded yet<" not in html


def test_a_note_that_is_handed_over_late_is_late(offices: Offices, paper: str) -> None:
    """P5"""
    note = write(offices, paper)
    offices.time += 20 * MINUTE
    bern = browse(offices.bern)
    assert bern.json("/")["here"]["waiting"][0]["late"]
    bern.done(f"/notes/{note}/hand-over", **HAND)
    (step,) = [each for each in bern.json(f"/notes/{note}")["steps"] if each["rung"] == "handed over"]
    assert step["late_by"] == 15 * MINUTE


def test_a_spoken_reply_is_the_intermediarys_transcript_and_no_partys_words(
    offices: Offices, paper: str
) -> None:
    """P14: never a note, never an acknowledgement; its scan's hash stands with it."""
    note = write(offices, paper)
    washington, bern = browse(offices.washington), browse(offices.bern)
    bern.done(f"/notes/{note}/hand-over", **HAND)
    bern.done(
        f"/notes/{note}/transcript",
        transcript="Come on Thursday.\nBring no one.",
        kind="1",
        scan="ab" * 32,
        **HAND,
    )
    page = washington.json(f"/notes/{note}")
    (said,) = page["transcripts"]
    assert said["text"] == "Come on Thursday.\nBring no one."
    assert (said["office_name"], said["of"], said["spoken"]) == ("Bern", "The council in the hills", False)
    assert said["scan"] == "ab" * 32
    html = washington.get(f"/notes/{note}").text
    assert "Transcript by Bern – not signed by The council in the hills" in html
    assert "acknowledged" not in rungs(washington, note)
    assert len(washington.json(f"/channels/{paper}")["lanes"][0]["items"]) == 1
    assert washington.json("/status")["notes"] == []


def test_a_transcript_takes_two_officers_where_the_mandate_asks_for_two() -> None:
    """P10, P14: read letter for letter by the second, with its kind and its scan; nothing of it goes before."""
    offices = Offices(officers=[NewOfficer("duty", "officer 1"), NewOfficer("second", "officer 2")])
    for each in offices.desks.values():
        each.unlock()
    offices.pair(offices.washington, offices.bern)
    mandate = str(propose(offices, officers_to_add_words="2").json()["id"])
    washington, bern, second = (
        browse(offices.washington),
        browse(offices.bern),
        browse(offices.bern, "second"),
    )
    washington.done(f"/mandates/{mandate}/sign")
    note = write(offices, mandate)
    bern.done(f"/notes/{note}/hand-over", **HAND)
    for said in ("Come on Thursday.", "Come on Friday.", "Come on Friday."):
        answer = bern.done(f"/notes/{note}/transcript", transcript=said, kind="2", scan="ab" * 32, **HAND)
        assert not answer["stands"]
    waiting = second.json(f"/notes/{note}")["open_words"]
    assert [(each["kind"], each["spoken"], each["scan"], each["mine"]) for each in waiting] == [
        ("transcript", True, "ab" * 32, False)
    ] * 2
    html = second.get(f"/notes/{note}").text
    assert "a second officer signs it first" in html
    # The names of its fields are the page's own, in its language; what is signed stands beside it as it is.
    told = second.get(f"/notes/{note}?lang=fa").text
    assert told.count("who: ") == told.count("who: ", told.index("<details>")) == 2
    second.get("/?lang=en")
    assert washington.json(f"/notes/{note}")["transcripts"] == []
    thursday, friday = sorted(waiting, key=lambda each: "Friday" in each["words"])
    assert bern.post(f"/notes/{note}/words/sign", read=thursday["digest"]).status_code == 403
    bern.done("/sign-out")
    for _ in range(2):
        second.done(f"/notes/{note}/words/sign", read=thursday["digest"])
    second.done(f"/notes/{note}/words/drop", read=friday["digest"])
    (stands,) = washington.json(f"/notes/{note}")["transcripts"]
    assert stands["text"] == "Come on Thursday."
    (signed,) = (
        read_signed(row.signed)
        for row in offices.washington.desk.ledger.acts_about(bytes.fromhex(note))
        if row.type == ActType.TRANSCRIPT
    )
    assert len(signed.signers) == 2
    assert second.json(f"/notes/{note}")["open_words"] == []


def test_a_party_with_a_desk_answers_for_itself(offices: Offices) -> None:
    """P1, P14"""
    mandate = offices.agree().hex()
    washington, bern = browse(offices.washington), browse(offices.bern)
    fields: dict[str, Any] = {
        "to": offices.tehran.me.hex(),
        "text": "Hello.",
        "language": "en",
        "precedence": "3",
    }
    note = washington.done(f"/channels/{mandate}/release", **fields)["id"]
    answer = bern.post(f"/notes/{note}/transcript", transcript="They say yes.", kind="2", **HAND)
    assert answer.status_code == 403
    # What goes to its desk may be put into its hand as well, and then the strip says both.
    bern.done(f"/notes/{note}/forward")
    bern.done(f"/notes/{note}/hand-over", **HAND)
    assert {"forwarded", "handed over", "at the far desk"} <= set(rungs(washington, note))
    assert washington.post(f"/notes/{note}/hand-over", **HAND).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"who": ""},
        {"where": "x" * 300},
        {"when": ""},
        {"when": "soon"},
        {"by": "\u202e"},
        {"when": "2999-01-01T00:00"},
    ],
)
def test_a_hand_over_that_is_half_said_is_refused_and_kept_on_the_page(
    offices: Offices, paper: str, wrong: dict[str, str]
) -> None:
    """P12"""
    note = write(offices, paper)
    bern = browse(offices.bern)
    fields: dict[str, Any] = {**HAND, "remark": "Kept.", **wrong}
    answer = bern.post(f"/notes/{note}/hand-over", html=True, **fields)
    assert answer.status_code == 400
    assert "Kept." in answer.text
    assert "handed over" not in rungs(bern, note)


def test_the_sheet_holds_what_paper_needs(offices: Offices, paper: str) -> None:
    """P1, P14: words letter for letter, whose, digits, a code, custody, lines to fill in by hand."""
    note = write(offices, paper, "Line one.\n\u202eHidden.")
    bern = browse(offices.bern)
    before = bern.get(f"/notes/{note}/sheet").text
    assert "Hidden." not in before  # not before this office has taken it
    bern.done(f"/notes/{note}/take")
    html = bern.get(f"/notes/{note}/sheet").text
    digits = bern.json(f"/notes/{note}")["card"]["digits"]
    shown = re.sub(r"<[^>]+>", "", html)
    assert digits in re.sub(r"\s", "", shown)
    assert note in html
    assert 'class="unseen"' in html
    assert "<svg" in html.split('class="qr"')[1].split("</figure>")[0]
    for words in ("The words of Washington, letter for letter", "Who had it, and when", "To whom"):
        assert words in shown
    assert "<script" not in html.split('<article class="sheet')[1].split("</article>")[0]


def test_the_record_of_a_channel_on_paper_verifies(offices: Offices, paper: str, tmp_path: Path) -> None:
    """P8, P14: at both offices, with what was handed over and written down in it."""
    note = write(offices, paper)
    bern = browse(offices.bern)
    bern.done(f"/notes/{note}/hand-over", **HAND)
    bern.done(f"/notes/{note}/transcript", transcript="Thursday.", kind="2", **HAND)
    for name in ("Washington", "Bern"):
        folder = tmp_path / name
        desk = offices.desks[name]
        desk.act(partial(_export, folder))
        assert not verify(folder).findings
        record = (folder / "record.txt").read_text(encoding="utf-8")
        assert "handed it over on paper" in record
        assert "wrote down a reply that its party has not signed" in record


def _export(folder: Path, desk: Any, now: int) -> None:
    export(desk, folder, now)
