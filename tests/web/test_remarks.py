# SPDX-License-Identifier: Apache-2.0
"""Words of the intermediary's own beside a note: one officer or two, and they say so."""

from __future__ import annotations

from typing import Any

import pytest

from goodoffices.core.act import Act, ActType
from goodoffices.core.note import Words
from goodoffices.core.statement import read_signed
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer
from goodoffices.desk.officers.acts import Draft
from tests.web.offices import Browser, Offices

PEOPLE = [NewOfficer("duty", "officer 1"), NewOfficer("second", "officer 2", ALL_RIGHTS)]
WORDS = "With the compliments of this office.\n\nIt was read aloud to us."


class Channel:
    """A note at Bern, under a mandate that asks for so many officers to add words."""

    def __init__(self, officers: int) -> None:
        self.offices = Offices(officers=PEOPLE)
        mandate = self.offices.agree(officers_to_add_words=officers)
        draft = Draft(
            mandate=mandate,
            recipient=self.offices.tehran.me,
            words=Words(text="We do not want war.", language="en"),
            precedence=4,
        )
        by = self.offices.washington
        self.note = by.act(lambda desk, now: desk.acts.release(by.officer(), draft, now))
        self.path = f"/notes/{self.note.hex()}"

    def browser(self, name: str) -> Browser:
        browser = Browser(self.offices.bern)
        browser.sign_in(name)
        return browser

    def pair(self) -> tuple[Browser, Browser]:
        """Two officers at the pages of one desk."""
        one = self.browser("duty")
        two = Browser(self.offices.bern)
        two.app, two.client.app = one.app, one.app
        two.client._transport.app = one.app  # type: ignore[attr-defined]
        two.sign_in("second")
        return one, two

    def remarks(self, desk: str) -> list[tuple[str, int]]:
        rows = self.offices.desks[desk].desk.ledger.acts_about(self.note)
        signed = [read_signed(row.signed) for row in rows if row.type == ActType.REMARK]
        return [(each.statement.read(Act).words or "", len(each.signers)) for each in signed]


def digest(browser: Browser, channel: Channel) -> str:
    """What an officer says he read, who signs the words that wait."""
    (waiting,) = browser.json(channel.path)["open_words"]
    return str(waiting["digest"])


def reader(channel: Channel) -> Any:
    tehran = Browser(channel.offices.tehran)
    tehran.sign_in()
    return tehran


def test_one_officer_where_the_mandate_allows_and_it_says_so() -> None:
    """P10"""
    channel = Channel(1)
    channel.browser("duty").done(f"{channel.path}/forward", remark=WORDS)
    assert channel.remarks("Tehran") == [(WORDS, 1)]
    assert "Added by one officer, as the mandate allows." in reader(channel).get(channel.path).text


def test_the_note_goes_at_once_and_the_words_follow_with_two_signatures() -> None:
    """P10, P11: a remark never holds a note up, and never goes with one signature where two are asked."""
    channel = Channel(2)
    one, two = channel.pair()
    one.done(f"{channel.path}/forward", remark=WORDS)
    assert channel.offices.tehran.desk.ledger.note(channel.note) is not None
    assert channel.remarks("Bern") == channel.remarks("Tehran") == []
    (waiting,) = two.json(channel.path)["open_words"]
    assert (waiting["words"], waiting["by"], waiting["mine"]) == (WORDS, "duty", False)
    assert one.post(f"{channel.path}/words/sign", read=waiting["digest"]).status_code == 403
    two.done(f"{channel.path}/words/sign", read=waiting["digest"])
    assert channel.remarks("Tehran") == [(WORDS, 2)]
    assert two.json(channel.path)["open_words"] == []
    page = reader(channel).get(channel.path).text
    assert "Added by one officer" not in page
    (remark,) = reader(channel).json(channel.path)["remarks"]
    assert sorted(remark["signer"].split(", ")) == ["officer 1", "officer 2"]


def test_the_second_signs_what_he_read_though_the_first_has_gone_home() -> None:
    """P10, P11: the first signature was made when the words were written, and holds for these words alone."""
    channel = Channel(2)
    one, two = channel.pair()
    one.done(f"{channel.path}/remark", remark=WORDS)
    old = digest(two, channel)
    one.done(f"{channel.path}/remark", remark="Other words.")
    changed = two.post(f"{channel.path}/words/sign", read=old)
    assert changed.status_code == 409
    one.done(f"{channel.path}/forward")
    one.done("/sign-out")
    new = digest(two, channel)
    two.done(f"{channel.path}/words/sign", read=new)
    assert channel.remarks("Bern") == channel.remarks("Tehran") == [("Other words.", 2)]


def test_a_remark_that_was_dropped_is_not_sent() -> None:
    """P10"""
    channel = Channel(2)
    one, two = channel.pair()
    one.done(f"{channel.path}/remark", remark=WORDS)
    two.done(f"{channel.path}/words/drop", read=digest(two, channel))
    assert two.json(channel.path)["open_words"] == []
    assert channel.remarks("Bern") == []


def test_words_are_added_after_the_note_has_gone_and_once_however_often_they_are_sent() -> None:
    """P11: also by a button pressed twice; other words are another remark."""
    channel = Channel(1)
    bern = channel.browser("duty")
    bern.done(f"{channel.path}/forward")
    assert "Add words of our own beside it" in bern.get(channel.path).text
    for words in (WORDS, WORDS, "And this."):
        bern.done(f"{channel.path}/remark", remark=words)
    assert channel.remarks("Tehran") == [(WORDS, 1), ("And this.", 1)]


def test_words_that_an_earlier_version_kept_take_both_officers_at_once() -> None:
    """P10: they were kept without the first one's signature."""
    channel = Channel(2)
    one, two = channel.pair()
    one.done(f"{channel.path}/forward", remark=WORDS)
    channel.offices.bern.desk.ledger.db.execute("UPDATE words_open SET signed_sealed=NULL")
    read = digest(two, channel)
    one.done("/sign-out")
    gone = two.post(f"{channel.path}/words/sign", read=read)
    assert gone.status_code == 409
    assert "signed out" in gone.json()["what"]
    again = Browser(channel.offices.bern)
    again.app, again.client.app = two.app, two.app
    again.client._transport.app = two.app  # type: ignore[attr-defined]
    again.sign_in("duty")
    two.done(f"{channel.path}/words/sign", read=read)
    assert channel.remarks("Tehran") == [(WORDS, 2)]


@pytest.mark.parametrize("words", ["", "   ", "x" * 8001])
def test_a_remark_has_words_and_an_end(words: str) -> None:
    """P12"""
    channel = Channel(2)
    assert channel.browser("duty").post(f"{channel.path}/remark", remark=words).status_code == 400


def test_the_words_that_wait_lie_under_the_reading_key() -> None:
    """P3"""
    channel = Channel(2)
    channel.browser("duty").done(f"{channel.path}/remark", remark=WORDS)
    rows = channel.offices.bern.desk.ledger.db.execute("SELECT * FROM words_open").fetchall()
    assert len(rows) == 1
    assert not any(b"compliments" in value for value in rows[0] if isinstance(value, bytes))
