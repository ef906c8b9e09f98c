# SPDX-License-Identifier: Apache-2.0
"""Which steps of real notes at real desks ring, for whom, and what settles them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from goodoffices.core.errors import NotFound, NotNow
from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.desk.alarms.alarms import Alarms, line_steps
from goodoffices.desk.alarms.engine import MINUTE, SECOND, Moment, Ring
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.views.lines import line_cards
from goodoffices.desk.watch.book import Address
from goodoffices.desk.watch.plan import Watch
from tests.web.offices import DeskInMemory, Offices

HOUR = 60 * MINUTE


@dataclass
class Calls:
    """Who was called outside, with what."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, addresses: Iterable[Address], text: str) -> None:
        self.told += [(each.label, text) for each in addresses]


class Night:
    """Alarms beside the three desks of a channel."""

    def __init__(self, **terms: object) -> None:
        self.offices = Offices()
        self.mandate = self.offices.agree(**terms)  # type: ignore[arg-type]
        self.calls = Calls()
        self.alarms = {name: self.begin(name) for name in self.offices.desks}
        self.pass_time(SECOND)

    def begin(self, name: str) -> Alarms:
        desk = self.offices.desks[name]
        desk.ringing.alarms = Alarms(desk.desk, lambda: ["duty", "second"], self.calls)
        return desk.ringing.alarms

    def restart(self, name: str) -> None:
        self.alarms[name].book.save()
        self.alarms[name] = self.begin(name)

    def moment(self) -> Moment:
        return Moment(self.offices.time, self.offices.time - 1_600_000_000_000, b"boot")

    def round(self, name: str) -> tuple[Ring, ...]:
        alarms = self.alarms[name]
        cards = line_cards(alarms.desk, self.offices.time, ())
        rings = alarms.round(self.moment(), line_steps(cards))
        alarms.book.save()
        return rings

    def rung(self, name: str) -> list[str]:
        return sorted(each.what for each in self.alarms[name].book.open.values() if each.state == "ringing")

    def pass_time(self, span: int) -> None:
        self.offices.time += span
        self.offices.pump()
        for name in self.alarms:
            self.round(name)

    def release(
        self,
        by: DeskInMemory,
        to: DeskInMemory,
        precedence: int = 4,
        life: int | None = None,
        **words: Any,
    ) -> bytes:
        draft = Draft(
            mandate=self.mandate,
            recipient=to.me,
            words=Words(text="One note.", language="en", **words),
            precedence=precedence,
            valid_until=self.offices.time + life if life else None,
        )
        note = by.act(lambda desk, now: desk.acts.release(by.officer(), draft, now))
        self.pass_time(SECOND)
        return note


@pytest.fixture
def night() -> Night:
    return Night()


def test_whoever_is_told_that_an_alarm_could_not_be_taken_has_silenced_nothing(night: Night) -> None:
    """P5: the disk takes no writes, so the page shows an error; the alarm goes on."""
    bern = night.offices.bern
    note = night.release(night.offices.washington, night.offices.tehran)
    db = bern.desk.ledger.db
    db.execute("PRAGMA query_only=1")
    with pytest.raises(sqlite3.OperationalError):
        night.alarms["Bern"].take(bern.officer(), f"forward {note.hex()}", night.moment())
    db.execute("PRAGMA query_only=0")
    assert night.rung("Bern") == ["forward"]


def test_the_number_that_rings_falls_with_the_act_and_not_with_the_next_round(night: Night) -> None:
    """P5: the page after *Forward*, *Open* or looking at the note says what still waits for somebody."""
    bern, tehran = night.offices.bern, night.offices.tehran
    first, second = (night.release(night.offices.washington, tehran) for _ in range(2))
    book = night.alarms["Bern"].book
    assert book.ringing == 2
    bern.act(lambda desk, now: desk.acts.forward(bern.officer(), first, now))
    assert book.ringing == 1
    bern.act(lambda desk, now: desk.acts.take(bern.officer(), second, now))
    assert book.ringing == 0
    night.pass_time(SECOND)
    book = night.alarms["Tehran"].book
    assert book.ringing == 1
    tehran.act(lambda desk, now: desk.acts.open(tehran.officer(), first, now))
    assert book.ringing == 0


def test_a_note_that_was_looked_at_as_expired_rings_once_the_clock_is_set_back(night: Night) -> None:
    """P5: nothing else happens to it, and nobody has forwarded it."""
    bern = night.offices.bern
    note = night.release(night.offices.washington, night.offices.tehran, life=HOUR)
    night.offices.time += 2 * HOUR
    night.round("Bern")
    night.alarms["Bern"].take(bern.officer(), f"forward {note.hex()}", night.moment())
    night.round("Bern")
    assert "forward" not in night.rung("Bern")
    night.offices.time -= 2 * HOUR
    night.round("Bern")
    assert "forward" in night.rung("Bern")


def test_a_note_that_presses_rings_at_the_middle_until_it_is_forwarded(night: Night) -> None:
    """P5"""
    bern, tehran = night.offices.bern, night.offices.tehran
    bern.desk.lock()
    note = night.release(night.offices.washington, tehran)
    assert night.rung("Bern") == ["forward"]
    assert night.rung("Washington") == []
    bern.unlock()
    bern.act(lambda desk, now: desk.acts.take(bern.officer(), note, now))
    night.pass_time(SECOND)
    assert night.rung("Bern") == []
    night.pass_time(151 * SECOND)
    assert night.rung("Bern") == ["forward"]
    bern.act(lambda desk, now: desk.acts.forward(bern.officer(), note, now))
    night.pass_time(SECOND)
    assert night.rung("Bern") == []
    assert night.rung("Tehran") == ["open"]
    tehran.act(lambda desk, now: desk.acts.open(tehran.officer(), note, now))
    night.pass_time(SECOND)
    assert [night.rung(name) for name in night.alarms] == [[], [], []]
    for name in night.alarms:
        night.restart(name)
    night.pass_time(61 * 24 * HOUR)
    assert [night.rung(name) for name in night.alarms] == [[], [], []]


def test_what_does_not_press_rings_after_half_its_clock(night: Night) -> None:
    """P5"""
    night.release(night.offices.washington, night.offices.tehran, Precedence.PRIORITY)
    assert night.rung("Bern") == []
    night.pass_time(90 * MINUTE - 2 * SECOND)
    assert night.rung("Bern") == []
    night.pass_time(2 * SECOND)
    assert night.rung("Bern") == ["forward"]


def test_the_senders_desk_rings_when_the_middle_is_silent(night: Night) -> None:
    """P5, P6: no word from the next desk, and then no word that it was passed on."""
    night.offices.bern.cut = True
    night.release(night.offices.washington, night.offices.tehran)
    night.pass_time(58 * SECOND)
    assert night.rung("Washington") == []
    night.pass_time(2 * SECOND)
    assert night.rung("Washington") == ["arrival"]
    night.pass_time(5 * MINUTE)
    assert night.rung("Washington") == ["arrival", "line", "passing"]


def test_the_sender_learns_that_the_middle_sleeps(night: Night) -> None:
    """P5: the note is at the desk there, and nobody passes it on."""
    night.release(night.offices.washington, night.offices.tehran)
    night.pass_time(6 * MINUTE - 2 * SECOND)
    assert night.rung("Washington") == []
    night.pass_time(2 * SECOND)
    assert night.rung("Washington") == ["passing"]


def test_the_middle_rings_when_the_far_desk_is_silent(night: Night) -> None:
    """P6"""
    note = night.release(night.offices.washington, night.offices.tehran)
    bern = night.offices.bern
    night.offices.tehran.cut = True
    bern.act(lambda desk, now: desk.acts.forward(bern.officer(), note, now))
    night.pass_time(SECOND)
    night.pass_time(MINUTE)
    assert night.rung("Bern") == ["arrival"]


def test_a_refusal_rings_at_the_author_until_somebody_looks(night: Night) -> None:
    note = night.release(night.offices.washington, night.offices.tehran)
    bern, washington = night.offices.bern, night.offices.washington
    bern.act(lambda desk, now: desk.acts.refuse(bern.officer(), note, "Not in this form.", now))
    night.pass_time(SECOND)
    assert night.rung("Bern") == []
    assert night.rung("Washington") == ["stopped"]
    (key,) = [each.key for each in night.alarms["Washington"].book.open.values()]
    night.alarms["Washington"].take(washington.officer(), key, night.moment())
    night.restart("Washington")
    night.pass_time(HOUR)
    assert night.rung("Washington") == []
    with pytest.raises(NotNow):
        night.alarms["Washington"].take(washington.officer(), key, night.moment())
    with pytest.raises(NotFound):
        night.alarms["Washington"].take(washington.officer(), "no such", night.moment())


def test_expiry_does_not_silence_by_itself(night: Night) -> None:
    """P5, P9: a clock set forward would make any note expire."""
    note = night.release(night.offices.washington, night.offices.tehran, 1, life=10 * MINUTE)
    night.pass_time(11 * MINUTE)
    alarm = next(each for each in night.alarms["Bern"].book.open.values() if each.subject == note)
    assert alarm.looks
    assert alarm.state in ("awaited", "ringing")


def test_a_withdrawn_note_stops_ringing_everywhere(night: Night) -> None:
    note = night.release(night.offices.washington, night.offices.tehran)
    washington = night.offices.washington
    washington.act(lambda desk, now: desk.acts.withdraw(washington.officer(), note, now))
    night.pass_time(SECOND)
    assert night.rung("Bern") == night.rung("Washington") == []


def test_a_desk_that_restarts_rings_on(night: Night) -> None:
    """P5"""
    night.release(night.offices.washington, night.offices.tehran)
    night.restart("Bern")
    assert night.round("Bern") == ()
    night.pass_time(MINUTE)
    assert night.rung("Bern") == ["forward"]


def test_a_silent_line_rings_quietly_and_stops_when_it_is_back(night: Night) -> None:
    """P6"""
    night.offices.bern.cut = True
    night.release(night.offices.washington, night.offices.tehran, Precedence.ROUTINE)
    night.pass_time(2 * MINUTE)
    night.pass_time(5 * MINUTE)
    alarm = night.alarms["Washington"].book.open[
        f"line {night.offices.washington.desk.ledger.lines()[0].id.hex()}"
    ]
    assert (alarm.state, alarm.loud) == ("ringing", False)
    night.offices.bern.cut = False
    night.offices.washington.desk.lines.sending.sign_of_life("http://127.0.0.1:9", night.offices.time)
    night.pass_time(10 * MINUTE)
    night.pass_time(SECOND)
    assert "line" not in night.rung("Washington")


def test_the_people_on_watch_are_called_outside_with_a_sentence_that_says_nothing(night: Night) -> None:
    """P3, P5"""
    watch = night.alarms["Bern"].watch
    watch.add_watch(Watch("always", 127, 0, 0, (("duty",), ("second",))))
    watch.add_address("duty", "phone", "json://127.0.0.1:1/x")
    watch.add_address("second", "mail", "json://127.0.0.1:1/y")
    night.release(night.offices.washington, night.offices.tehran)
    assert night.calls.told == [("phone", "Your duty desk needs you: step 1")]
    night.pass_time(MINUTE)
    assert night.calls.told[1:] == [
        ("phone", "Your duty desk needs you: step 1"),
        ("mail", "Your duty desk needs you: step 1"),
    ]


def test_an_address_that_fails_is_no_device_and_is_an_alarm_itself(night: Night) -> None:
    """P5"""
    alarms = night.alarms["Bern"]
    alarms.watch.add_watch(Watch("always", 127, 0, 0, (("duty",), ("second",))))
    alarms.watch.add_address("duty", "phone", "json://127.0.0.1:1/x")
    alarms.watch.add_address("second", "mail", "json://127.0.0.1:1/y")
    alarms.watch.told(alarms.watch.addresses()[0].id, night.offices.time, "no route")
    night.release(night.offices.washington, night.offices.tehran)
    assert [label for label, _ in night.calls.told] == ["phone", "mail"]
    night.pass_time(MINUTE)
    assert "outward" in night.rung("Bern")


def test_a_page_counts_as_a_device_only_with_its_sound_on_and_while_it_beats(night: Night) -> None:
    """P5"""
    alarms = night.alarms["Bern"]
    assert not alarms.people(night.moment()).reachable
    alarms.beat("page", "duty", armed=False, moment=night.moment())
    assert not alarms.people(night.moment()).reachable
    alarms.beat("page", "duty", armed=True, moment=night.moment())
    assert alarms.people(night.moment()).reachable == {"duty"}
    night.offices.time += 16 * SECOND
    assert not alarms.people(night.moment()).reachable


def test_a_page_is_told_whether_the_engine_is_at_work(night: Night) -> None:
    """P5"""
    alarms = night.alarms["Bern"]
    assert alarms.ringing("duty", night.moment()).alive
    night.offices.time += 16 * SECOND
    assert not alarms.ringing("duty", night.moment()).alive


def _asked(night: Night) -> bytes:
    """Tehran has opened a calm note that asks for a reply within ten hours."""
    bern, tehran = night.offices.bern, night.offices.tehran
    by = night.offices.time + 10 * HOUR
    note = night.release(night.offices.washington, tehran, Precedence.PRIORITY, reply_by=by)
    bern.act(lambda desk, now: desk.acts.forward(bern.officer(), note, now))
    tehran.act(lambda desk, now: desk.acts.open(tehran.officer(), note, now))
    night.pass_time(SECOND)
    return note


def test_a_reply_that_is_asked_for_rings_before_its_time_though_the_desk_is_locked(night: Night) -> None:
    """P5"""
    tehran = night.offices.tehran
    note = _asked(night)
    assert night.rung("Tehran") == []
    tehran.desk.lock()
    night.pass_time(7 * HOUR - 10 * SECOND)
    assert night.rung("Tehran") == []
    night.pass_time(10 * SECOND)
    assert night.rung("Tehran") == ["reply"]
    assert night.rung("Washington") == []
    tehran.unlock()
    night.release(tehran, night.offices.washington, Precedence.PRIORITY, in_reply_to=note)
    assert night.rung("Tehran") == []
    bern, washington = night.offices.bern, night.offices.washington
    (reply,) = [each.id for each in tehran.desk.ledger.notes(night.mandate) if each.author == tehran.me]
    bern.act(lambda desk, now: desk.acts.forward(bern.officer(), reply, now))
    washington.act(lambda desk, now: desk.acts.open(washington.officer(), reply, now))
    night.pass_time(4 * HOUR)
    assert (night.rung("Washington"), night.rung("Tehran")) == ([], [])


def test_the_author_is_told_that_no_reply_came_and_another_way_of_answering_counts(night: Night) -> None:
    """P5, P6"""
    note, tehran = _asked(night), night.offices.tehran
    night.pass_time(10 * HOUR)
    assert night.rung("Washington") == ["unanswered"]
    tehran.act(lambda desk, now: desk.acts.acknowledge(tehran.officer(), note, 4, now))
    night.pass_time(SECOND)
    assert (night.rung("Washington"), night.rung("Tehran")) == ([], [])
