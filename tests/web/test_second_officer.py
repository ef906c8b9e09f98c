# SPDX-License-Identifier: Apache-2.0
"""What waits for a second officer: found from any page, held against its original, put right where it is wrong."""

from __future__ import annotations

import hashlib
from typing import Any

from goodoffices.core.act import ActType
from goodoffices.core.statement import read_signed
from tests.web.offices import Browser, DeskInMemory, Offices
from tests.web.test_beside import SIGHT
from tests.web.test_beside import Channel as Translated
from tests.web.test_paper import HAND, browse, propose, write
from tests.web.test_remarks import PEOPLE, Channel, reader


def to_sign(browser: Browser) -> list[tuple[str, int]]:
    found = browser.json("/")["here"]["words_to_sign"]
    return [(each["kind"], each["number"]) for each in found]


def on_paper(**terms: Any) -> tuple[Offices, str]:
    """A note that was handed over to a party on paper."""
    offices = Offices(officers=PEOPLE)
    for each in offices.desks.values():
        each.unlock()
    offices.pair(offices.washington, offices.bern)
    mandate = str(propose(offices, **terms).json()["id"])
    browse(offices.washington).done(f"/mandates/{mandate}/sign")
    note = write(offices, mandate)
    browse(offices.bern).done(f"/notes/{note}/hand-over", **HAND)
    return offices, note


def signers(desk: DeskInMemory, note: str) -> list[int]:
    rows = desk.desk.ledger.acts_about(bytes.fromhex(note))
    return [len(read_signed(each.signed).signers) for each in rows if each.type == ActType.TRANSCRIPT]


def test_a_transcript_that_the_second_officer_found_wrong_is_put_right_and_signed_by_both() -> None:
    """P10, P14: he finds it from his first page, and types nothing anew but what was wrong."""
    offices, note = on_paper(officers_to_add_words="2")
    one, two = browse(offices.bern), browse(offices.bern, "second")
    one.done(f"/notes/{note}/transcript", transcript="Come on Friday.", kind="1", scan="ab" * 32, **HAND)
    assert (to_sign(one), to_sign(two)) == ([], [("transcript", 1)])
    for page in ("/", "/drafts", "/watch"):
        assert "1 text of ours waits for your signature" in two.get(page).text
    (wrong,) = two.json(f"/notes/{note}")["open_words"]
    again = {"instead": wrong["digest"], "kind": "1", "scan": "ab" * 32, **HAND}
    refused = two.post(
        f"/notes/{note}/transcript", html=True, **again | {"transcript": "Thursday.", "scan": "x"}
    )
    assert refused.status_code == 400
    assert "64 digits" in refused.text
    assert refused.text.count("Thursday.") == 1  # in the form that was sent, and in no other
    for _ in range(2):
        two.done(f"/notes/{note}/transcript", transcript="Come on Thursday.", **again)
    assert (to_sign(one), to_sign(two)) == ([("transcript", 1)], [])
    assert one.post(f"/notes/{note}/words/sign", read=wrong["digest"]).status_code == 409
    (right,) = one.json(f"/notes/{note}")["open_words"]
    one.done(f"/notes/{note}/words/sign", read=right["digest"])
    (stands,) = browse(offices.washington).json(f"/notes/{note}")["transcripts"]
    assert (stands["text"], signers(offices.washington, note)) == ("Come on Thursday.", [2])
    assert to_sign(one) == to_sign(two) == []
    late = two.post(f"/notes/{note}/transcript", transcript="Come on Sunday.", **again)
    assert late.status_code == 404  # what was to be replaced has gone


def test_a_remark_is_put_right_by_the_second_officer() -> None:
    """P10, P11"""
    channel = Channel(2)
    one, two = channel.pair()
    one.done(f"{channel.path}/forward", remark="At their request.")
    (wrong,) = two.json(channel.path)["open_words"]
    two.done(f"{channel.path}/remark", remark="At its request.", instead=wrong["digest"])
    (right,) = one.json(channel.path)["open_words"]
    one.done(f"{channel.path}/words/sign", read=right["digest"])
    assert [each["words"] for each in reader(channel).json(channel.path)["remarks"]] == ["At its request."]


def test_a_translation_that_the_second_officer_found_wrong_is_put_right_and_signed_by_both() -> None:
    """P1, P10: the page shows what he changes; what waited is taken down, and never read by anybody else."""
    channel = Translated(officers=2)
    one, two = channel.bern, channel.browser("bern", "second")
    wrong = channel.put(one)["id"]
    assert (to_sign(one), to_sign(two)) == ([], [("translation", 1)])
    page = two.get(f"{channel.path}/beside?change={wrong}").text
    assert SIGHT.splitlines()[0] in page
    assert f'name="instead" value="{wrong}"' in page
    right = channel.put(two, text="ما جنگ نمی‌خواهیم.", instead=wrong)["id"]
    assert (to_sign(one), to_sign(two)) == ([("translation", 1)], [])
    one.done(f"{channel.path}/beside/sign", act=right)
    (card,) = channel.cards(one)
    assert (card["text"], len(card["signers"])) == ("ما جنگ نمی‌خواهیم.", 2)
    assert to_sign(one) == to_sign(two) == []


def test_words_beside_one_note_take_the_place_of_none_beside_another() -> None:
    """P4, P10: what waits beside a note is taken down by whoever may add words to that note."""
    channel = Translated(officers=2)
    two = channel.browser("bern", "second")
    waits = channel.put(channel.bern)["id"]
    other = channel.release("washington", "tehran", "Another one.")
    two.done(f"/notes/{other.hex()}/take")
    given: dict[str, Any] = {"text": "ما جنگ نمی‌خواهیم.", "language": "fa", "grade": "2", "newlines": "lf"}
    page = two.get(f"/notes/{other.hex()}/beside").text
    assert f'value="{waits}"' not in page
    assert two.post(f"/notes/{other.hex()}/beside", **given, instead=waits).status_code == 404
    assert to_sign(two) == [("translation", 1)]


def test_the_hash_of_a_scan_is_computed_here_and_the_scan_is_not_kept() -> None:
    """P14: nobody computes a SHA-256 by hand at night."""
    offices, note = on_paper()
    bern = browse(offices.bern)
    fields = {"csrf": bern.csrf, "transcript": "Come on Thursday.", "kind": "1", **HAND}
    headers = {
        "accept": "application/json",
        "origin": "http://127.0.0.1:8000",
        "sec-fetch-site": "same-origin",
    }
    scan = b"\x89PNG a photograph"
    answer = bern.client.post(
        f"/notes/{note}/transcript", data=fields, files={"scanned": ("scan.png", scan)}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    (said,) = bern.json(f"/notes/{note}")["transcripts"]
    assert said["scan"] == hashlib.sha256(scan).hexdigest()
