# SPDX-License-Identifier: Apache-2.0
"""Line tests and service chat between real desks in memory."""

import pytest

from goodoffices.core.envelope import NOTE_CLASS
from goodoffices.core.errors import NotAllowed, NotNow, Oversized, YourError
from goodoffices.core.line import EntryKind
from goodoffices.core.note import Words
from goodoffices.core.office import Right
from goodoffices.core.service_traffic import MAX_WORDS, ServiceChat, read_body
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import NewOfficer
from goodoffices.desk.lines import service_traffic
from goodoffices.desk.lines.service_traffic import ANSWER_WITHIN, EVERY, JITTER, KEPT, MOST_SAID, WATCH
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.views.lines import line_cards
from goodoffices.desk.watch.book import WatchBook
from goodoffices.desk.watch.plan import DAY, Watch
from tests.verify.channel import Channel, Node
from tests.web.offices import DeskInMemory, Offices

HOUR = 3_600_000


def paired() -> tuple[Offices, bytes]:
    offices = Offices()
    for each in offices.desks.values():
        each.unlock()
    return offices, offices.pair(offices.washington, offices.bern)


def kinds(desk: DeskInMemory) -> list[int]:
    rows = desk.desk.ledger.db.execute("SELECT kind FROM entry ORDER BY position").fetchall()
    return [row[0] for row in rows]


def call_when_due(offices: Offices, desk: DeskInMemory) -> None:
    """Let time pass until the desk calls by itself."""
    due = desk.desk.service_traffic.next_call(offices.time)
    assert due is not None
    offices.time = due
    assert desk.desk.service_traffic.call(offices.time)
    offices.pump()


def test_the_desk_calls_by_its_own_clock_and_the_other_answers() -> None:
    """P6: without anybody's doing, both sides learn that the line carries."""
    offices, line = paired()
    call_when_due(offices, offices.washington)
    ours = offices.washington.desk.ledger.newest_test(line, person=False, mine=True)
    theirs = offices.bern.desk.ledger.newest_test(line, person=False, mine=False)
    assert ours is not None
    assert theirs is not None
    assert ours.answered == offices.time
    assert theirs.answered == offices.time
    assert ours.nonce == theirs.nonce
    assert not ours.locked


def test_the_next_call_comes_within_an_hour_more_or_less_whoever_called() -> None:
    """P6: one test an hour and line, not two; jittered, so that nobody sets a clock by it."""
    offices, _ = paired()
    call_when_due(offices, offices.washington)
    before, dues = offices.time, set()
    for desk in (offices.washington, offices.bern):
        due = desk.desk.service_traffic.next_call(offices.time)
        assert due is not None
        assert before + EVERY - JITTER <= due <= before + EVERY + JITTER
        dues.add(due)
    assert len(dues) == 2


def test_a_locked_desk_answers_and_says_that_it_is_locked() -> None:
    """P6: up but locked is another silence."""
    offices, line = paired()
    offices.bern.desk.lock()
    call_when_due(offices, offices.washington)
    ours = offices.washington.desk.ledger.newest_test(line, person=False, mine=True)
    assert ours is not None
    assert ours.locked
    assert offices.washington.desk.lines.heard[line] == (offices.time, True)


def test_a_locked_desk_tells_it_by_its_own_calls_too() -> None:
    """P6"""
    offices, line = paired()
    offices.washington.desk.lock()
    call_when_due(offices, offices.washington)
    assert offices.bern.desk.lines.heard[line] == (offices.time, True)


def test_a_month_of_silence_is_one_call() -> None:
    """P6, P11: what nobody receipted is not called again."""
    offices, _ = paired()
    offices.bern.cut = True
    traffic = offices.washington.desk.service_traffic
    for _ in range(24 * 30):
        offices.time += HOUR
        traffic.call(offices.time)
    assert kinds(offices.washington).count(EntryKind.LINE_TEST) == 2  # one by the desk, one for a person


def test_a_clock_put_back_does_not_silence_the_tests() -> None:
    """P12"""
    offices, _ = paired()
    call_when_due(offices, offices.washington)
    offices.time -= 400 * 24 * HOUR
    due = offices.washington.desk.service_traffic.next_call(offices.time)
    assert due is not None
    assert due <= offices.time + EVERY + JITTER


def test_a_call_that_lay_about_is_not_answered_by_the_desk() -> None:
    """P11: answers are for calls that somebody still waits for."""
    offices, line = paired()
    bern = offices.bern.desk
    offices.bern.desk.lines._may_go_on.clear()  # Bern has just started and was not told of its chain
    call_when_due(offices, offices.washington)
    call = bern.ledger.newest_test(line, person=False, mine=False)
    assert call is not None
    assert call.answered is None
    bern.lines.trust(line)
    offices.time += ANSWER_WITHIN + 1
    assert not bern.settle(offices.time)


def test_a_person_is_called_once_a_watch_and_answers_by_own_hand() -> None:
    """P6, P10"""
    offices, line = paired()
    offices.time += EVERY + WATCH
    for each in (offices.washington, offices.bern):
        each.desk.service_traffic.next_call(offices.time)
    offices.time += EVERY
    offices.washington.desk.service_traffic.call(offices.time)
    offices.pump()
    bern = offices.bern.desk
    call = bern.ledger.newest_test(line, person=True, mine=False)
    assert call is not None
    assert call.answered is None
    offices.time += 90_000
    officer, before = offices.bern.officer(), kinds(offices.bern).count(EntryKind.LINE_TEST)
    for _ in range(2):  # a double click answers once
        offices.bern.act(lambda desk, now: desk.service_traffic.answer(officer, line, call.nonce, now))
    ours = offices.washington.desk.ledger.newest_test(line, person=True, mine=True)
    assert ours is not None
    assert ours.answered == offices.time
    assert ours.answered_by == "officer 1"
    assert kinds(offices.bern).count(EntryKind.LINE_TEST) == before + 1


def test_only_who_has_the_duty_calls_answers_and_chats() -> None:
    """P10"""
    offices = Offices(
        officers=[NewOfficer("duty", "officer 1"), NewOfficer("clerk", "officer 2", Right.DRAFT)]
    )
    for each in offices.desks.values():
        each.unlock()
    line = offices.pair(offices.washington, offices.bern)
    clerk, traffic = offices.bern.officer("clerk"), offices.bern.desk.service_traffic
    offices.washington.desk.service_traffic.call_now(
        offices.washington.officer(), line, offices.time, person=True
    )
    offices.pump()
    call = offices.bern.desk.ledger.newest_test(line, person=True, mine=False)
    assert call is not None
    for deed in (
        lambda: traffic.call_now(clerk, line, offices.time, person=False),
        lambda: traffic.answer(clerk, line, call.nonce, offices.time),
        lambda: traffic.say(clerk, line, "Hello", offices.time),
        lambda: traffic.erase_chat(clerk, line, offices.time),
    ):
        with pytest.raises(NotAllowed):
            deed()


def test_chat_arrives_signed_by_its_officer_and_is_no_note() -> None:
    """P4, P11: another kind of entry; no note, no act, nothing to forward."""
    offices, line = paired()
    officer = offices.washington.officer()
    for _ in range(2):
        offices.washington.act(
            lambda desk, now: desk.service_traffic.say(
                officer, line, " Relay two is back. ", now, "one token"
            )
        )
    (row,) = offices.bern.desk.ledger.chat(line, 10)
    office = offices.bern.desk.ledger.office(offices.washington.me)
    assert office is not None
    signed, chat = read_body(EntryKind.SERVICE_CHAT, row.carried.body, line, office)
    assert isinstance(chat, ServiceChat)
    assert chat.words == "Relay two is back."
    assert office.roster.pseudonym(signed.signers[0]) == "officer 1"
    for desk in (offices.washington, offices.bern):
        for table in ("note", "act"):
            assert desk.desk.ledger.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0
    (own,) = offices.washington.desk.ledger.chat(line, 10)
    assert own.receipted


def test_chat_has_a_bound_and_needs_words() -> None:
    """P12"""
    offices, line = paired()
    traffic, officer = offices.washington.desk.service_traffic, offices.washington.officer()
    for words in ("", "  \n", "x" * (MAX_WORDS + 1)):
        with pytest.raises((YourError, Oversized)):
            traffic.say(officer, line, words, offices.time)


def test_tests_and_chat_look_like_notes_from_outside() -> None:
    """P3: the class of their envelopes is that of an ordinary note."""
    offices = Offices()
    mandate = offices.agree()
    line = offices.washington.desk.ledger.lines()[0].id
    officer, sizes = offices.washington.officer(), {}
    desk = offices.washington.desk
    words = Words(text="We do not want a war. " * 20, language="en")
    draft = Draft(mandate=mandate, recipient=offices.tehran.me, words=words, precedence=3)
    for name, deed in (
        ("test", lambda: desk.service_traffic.call_now(officer, line, offices.time, person=False)),
        ("chat", lambda: desk.service_traffic.say(officer, line, "Hello", offices.time)),
        ("note", lambda: desk.acts.release(officer, draft, offices.time)),
    ):
        deed()
        sizes[name] = {len(put.envelope) for put in desk.work(offices.time)}
    assert sizes["test"] == sizes["chat"] == sizes["note"] == {NOTE_CLASS}


def test_a_note_is_offered_before_any_test() -> None:
    """P11: tests never wait before a note."""
    offices = Offices()
    mandate = offices.agree()
    line = offices.washington.desk.ledger.lines()[0].id
    officer, desk = offices.washington.officer(), offices.washington.desk
    desk.service_traffic.call_now(officer, line, offices.time, person=False)
    desk.service_traffic.say(officer, line, "Hello", offices.time)
    draft = Draft(
        mandate=mandate, recipient=offices.tehran.me, words=Words(text="War?", language="en"), precedence=4
    )
    desk.acts.release(officer, draft, offices.time)
    puts = desk.work(offices.time, only_urgent=True)
    first = desk.ledger.entry(puts[0].entries[0])
    assert first is not None
    assert first.entry.kind == EntryKind.ACTS


def test_what_was_said_is_erased_in_time_and_the_chain_goes_on() -> None:
    """P8: the commitment stays, the words are gone, and the line goes on."""
    offices, line = paired()
    officer = offices.washington.officer()
    offices.washington.act(lambda desk, now: desk.service_traffic.say(officer, line, "Old words", now))
    offices.time += KEPT + 2 * HOUR
    for each in (offices.washington, offices.bern):
        each.desk.service_traffic.call(offices.time)
        (row,) = each.desk.ledger.chat(line, 10)
        assert row.carried.erased
    offices.pump()
    offices.washington.act(lambda desk, now: desk.service_traffic.say(officer, line, "New words", now))
    assert len(offices.bern.desk.ledger.chat(line, 10)) == 2
    assert offices.bern.desk.ledger.findings() == []


def test_what_the_other_side_has_not_is_not_erased() -> None:
    """P2"""
    offices, line = paired()
    offices.bern.cut = True
    officer = offices.washington.officer()
    offices.washington.act(lambda desk, now: desk.service_traffic.say(officer, line, "Do you read?", now))
    assert offices.washington.desk.service_traffic.erase_chat(officer, line, offices.time) == 0
    offices.bern.cut = False
    offices.time += HOUR
    offices.pump()
    assert len(offices.bern.desk.ledger.chat(line, 10)) == 1
    assert offices.washington.desk.service_traffic.erase_chat(officer, line, offices.time) == 1
    (row,) = offices.bern.desk.ledger.chat(line, 10)
    assert not row.carried.erased


def test_a_peer_that_lost_an_erased_entry_gets_the_link_of_the_chain() -> None:
    """P8, P12: handed over again without its words, it is kept and chained, and no finding."""
    offices, line = paired()
    officer, bern = offices.washington.officer(), offices.bern.desk
    offices.washington.act(lambda desk, now: desk.service_traffic.say(officer, line, "Gone soon", now))
    offices.washington.desk.service_traffic.erase_chat(officer, line, offices.time)
    (own,) = offices.washington.desk.ledger.chat(line, 10)
    bern.ledger.db.execute("DELETE FROM entry WHERE id=?", (own.carried.signed.id,))
    bern.lines._may_go_on.clear()
    bern.start(offices.time)
    offices.time += HOUR
    offices.pump()
    (row,) = bern.ledger.chat(line, 10)
    assert row.carried.erased
    assert bern.ledger.findings() == []


def test_a_restored_desk_opens_an_incarnation_before_it_answers() -> None:
    """P8: an entry that may be erased never opens an incarnation."""
    offices, line = paired()
    washington = offices.washington.desk
    washington.lines._may_go_on.clear()
    washington.lines._vouched.clear()
    washington.service_traffic.call_now(offices.washington.officer(), line, offices.time, person=False)
    offices.pump()
    rows = washington.ledger.db.execute(
        "SELECT kind, number FROM entry WHERE writer=? ORDER BY position", (washington.me,)
    ).fetchall()
    assert [tuple(row) for row in rows[-2:]] == [(1, 1), (2, 2)]
    assert offices.bern.desk.ledger.findings() == []


def test_an_answer_that_nobody_called_for_is_a_finding() -> None:
    """P12"""
    offices, line = paired()
    bern = offices.bern.desk
    with bern.context.transaction():
        bern.service_traffic._write(line, bytes(16), 2, offices.time)  # type: ignore[arg-type]
    offices.pump()
    (finding,) = offices.washington.desk.ledger.findings()
    assert "has not called" in finding[4]


@pytest.mark.slow
def test_where_there_is_a_roster_a_person_is_called_when_a_watch_begins() -> None:
    """P6: each watch is asked once whether somebody is there, soon after it began."""
    offices, line = paired()
    desk = offices.washington.desk
    book = WatchBook(desk.ledger)
    for name, starts in (("day", 6 * 60), ("night", 20 * 60)):
        book.add_watch(Watch(name, 127, starts, (starts + 12 * 60) % DAY, (("duty",),)))
    desk.service_traffic.call_now(offices.washington.officer(), line, offices.time, person=True)
    called = []
    for _ in range(70):
        call_when_due(offices, offices.washington)
        newest = desk.ledger.newest_test(line, person=True, mine=True)
        assert newest is not None
        if newest.at not in called:
            called.append(newest.at)
    begins = [minutes_of_day(at) for at in called[1:]]
    assert len(begins) >= 4
    assert all(0 <= at - 6 * 60 <= 16 or 0 <= at - 20 * 60 <= 16 for at in begins)
    assert {at // 720 for at in begins} == {0, 1}


def minutes_of_day(at: int) -> int:
    return at // 60_000 % DAY


def test_when_the_other_desk_was_last_heard_is_known_after_a_restart() -> None:
    """P6: silence has a beginning, whoever was restarted meanwhile."""
    offices, _ = paired()
    call_when_due(offices, offices.washington)
    heard = offices.time
    again = Desk(offices.washington.desk.ledger.db, offices.washington.founding.keys, offices.rng)
    (card,) = line_cards(again, offices.time + HOUR, ())
    assert card.state == "not heard"
    assert card.heard is not None
    assert heard - 600_000 <= card.heard <= heard


def test_chat_has_a_bound_a_day_and_says_so() -> None:
    """P12: a line of its own for the duty officers is not a second channel for notes."""
    offices, line = paired()
    traffic, officer = offices.washington.desk.service_traffic, offices.washington.officer()
    for at in range(MOST_SAID):
        traffic.say(officer, line, f"{at}", offices.time)
    with pytest.raises(NotNow, match="it takes no more for now"):
        traffic.say(officer, line, "One more.", offices.time)
    offices.time += DAY * 60_000 + 1
    traffic.say(officer, line, "A day later.", offices.time)


def test_chat_of_a_counterpart_without_end_is_chained_and_its_words_are_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P12: what was kept stays, one finding says so, and a note that comes behind it is not touched."""
    monkeypatch.setattr(service_traffic, "MOST_KEPT", 3)
    offices, line = paired()
    officer, bern = offices.washington.officer(), offices.bern.desk
    for at in range(6):
        offices.washington.desk.service_traffic.say(officer, line, f"Line {at}.", offices.time)
        offices.pump()
    rows = bern.ledger.chat(line, 10)
    assert [bool(row.carried.body) for row in rows] == [True] * 3 + [False] * 3
    assert sum("lines of service chat lie here" in row[4] for row in bern.ledger.findings()) == 1


def test_a_line_confirmed_by_command_is_tested_from_the_desks_first_start_on() -> None:
    """P6, P13: the first test of a new line, at desks that start before they know that the other side confirmed."""
    channel = Channel()
    one, other = (Node(name, channel.rng, channel.now, bytes(16)) for name in ("Aland", "Mid"))
    line = channel.pair(one, other)
    channel.nodes = (one, other)
    for each in channel.nodes:
        channel.restart(each)
    channel.join()
    channel.pump()
    one.desk.service_traffic.call_now(one.officer, line, channel.tick(), person=False)
    channel.pump()
    call = one.desk.ledger.newest_test(line, person=False, mine=True)
    assert call is not None
    assert call.answered is not None
