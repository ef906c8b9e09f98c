# SPDX-License-Identifier: Apache-2.0
"""What comes beside a note is found by whom it is for: an answer on paper, a translation after the opening."""

from __future__ import annotations

from typing import Any

from tests.web.offices import Browser
from tests.web.test_beside import Channel
from tests.web.test_paper import HAND, browse
from tests.web.test_second_officer import on_paper


def came(browser: Browser) -> list[tuple[str, str]]:
    (card,) = browser.json("/")["channels"]
    return [(each["what"], each["office_name"]) for each in card["came"]]


def ringing(browser: Browser) -> list[tuple[str, bool]]:
    return [(each["what"], each["looks"]) for each in browser.json("/watch")["alarms"]]


def test_an_answer_on_paper_is_told_to_the_author_and_rings_until_somebody_knows_of_it() -> None:
    """P5, P14: it is no note, so nothing waits to be opened; all who signed it are named."""
    offices, note = on_paper(officers_to_add_words="2")
    washington, one, two = browse(offices.washington), browse(offices.bern), browse(offices.bern, "second")
    one.done(f"/notes/{note}/transcript", transcript="Come on Thursday.", kind="2", **HAND)
    assert (came(washington), ringing(washington)) == ([], [])
    (waiting,) = two.json(f"/notes/{note}")["open_words"]
    two.done(f"/notes/{note}/words/sign", read=waiting["digest"])
    assert came(washington) == [("transcript", "Bern")]
    assert (ringing(washington), ringing(one)) == ([("answer", True)], [])
    (said,) = washington.json(f"/notes/{note}")["transcripts"]
    assert sorted(said["signer"].split(", ")) == ["officer 1", "officer 2"]
    assert 'href="#transcript-1"' in washington.get(f"/notes/{note}").text
    (alarm,) = washington.json("/watch")["alarms"]
    offered: Any = washington.done("/watch/take", key=alarm["key"])
    assert offered["location"] == f"/notes/{note}"
    assert ringing(washington) == []


def test_a_translation_that_comes_after_the_opening_is_told_on_the_readers_first_page() -> None:
    """P1, P11: one that came before stands under the note when it is opened, and needs no telling."""
    channel = Channel()
    channel.put(channel.bern)
    channel.bern.done(f"{channel.path}/forward")
    tehran = channel.browser("tehran")
    tehran.done(f"{channel.path}/open")
    assert came(tehran) == []
    channel.put(channel.bern, text="ما خواهان جنگ نیستیم.", grade="3")
    assert came(tehran) == [("translation", "Bern")]
    assert "a translation came after it was opened" in tehran.get("/").text
    assert (came(channel.bern), came(channel.browser("washington"))) == ([], [])
