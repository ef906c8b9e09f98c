# SPDX-License-Identifier: Apache-2.0
"""What is under way on a line whose other side is silent for weeks: bounded here, bounded at the relays (ADR 0043)."""

from __future__ import annotations

from goodoffices.core.crypto import sha256
from goodoffices.core.mandate import Precedence
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.batches import AT_A_TIME, BACKOFF, FORGOTTEN, UNRECEIPTED
from goodoffices.desk.routes.sending import AT_ONCE, KEPT, REVIVAL, WINDOW, Put, Sending

LINE = bytes(32)
ONE, TWO = (
    RouteRow(number, LINE, f"https://{name}.example", bytes(16), bytes(32), None, None, False, 0)
    for number, name in ((1, "one"), (2, "two"))
)
DAY = 86_400_000


def entry(number: int) -> bytes:
    return sha256(str(number).encode())


def offer(sending: Sending, first: int, count: int, *, size: int = 4096, now: int = 0) -> None:
    for number in range(first, first + count):
        sending.add(LINE, bytes(size), [entry(number)], [ONE, TWO], now=now)


def taken(sending: Sending, now: int, *relays: RouteRow) -> list[Put]:
    """What is offered now; the relays named take it, the others do not answer."""
    puts: list[Put] = []
    while some := sending.due(now):
        for put in some:
            (sending.accepted if put.route in relays else sending.failed)(put, now)
        puts += some
    return puts


def test_what_no_relay_takes_fills_no_memory() -> None:
    """P2: beyond a mebibyte per line the rest waits in the ledger."""
    sending = Sending()
    offer(sending, 0, WINDOW // 4096 - 1)
    assert sending.room(LINE)
    offer(sending, WINDOW // 4096, 1)
    assert not sending.room(LINE)
    taken(sending, 0, ONE)
    assert sending.room(LINE)


def test_what_one_relay_took_is_not_kept_for_ever_for_the_other() -> None:
    """P2, P7: what is no longer kept here is offered to the other relay afresh when it comes back."""
    sending = Sending()
    many = 3 * KEPT // 65_536
    for at in range(0, many, 8):
        offer(sending, at, 8, size=65_536)
        taken(sending, 0, ONE)
    assert sending.kept() <= KEPT
    assert all(sending.under_way(LINE, entry(number)) for number in range(many))
    sending.sign_of_life(TWO.relay, 1)
    ((line, again),) = sending.stale(1)
    assert line == LINE
    assert set(again) == {entry(number) for number in range(many)}


def test_to_a_silent_peer_nothing_is_sent_twice_while_the_relays_say_that_it_lies_there() -> None:
    """P2: a month of silence does not fill its mailboxes; a relay that came back empty is given all again."""
    sending = Sending()
    offer(sending, 0, AT_ONCE + 1)
    taken(sending, 0, ONE, TWO)
    rounds = 0
    for day in range(1, 31):
        for route in (ONE, TWO):
            sending.looked(route, AT_ONCE + 1, day * DAY)
        rounds += len(sending.stale(day * DAY))
    assert rounds == 0
    for route, waiting in ((ONE, AT_ONCE + 1), (TWO, 0)):
        sending.looked(route, waiting, 31 * DAY)
    assert len(sending.stale(31 * DAY)) == 1


def test_without_a_word_of_the_relays_the_rounds_grow_rarer() -> None:
    """P2"""
    sending = Sending()
    at = rounds = 0
    while at < 30 * DAY:
        offer(sending, 0, 1, now=at)
        taken(sending, at, ONE, TWO)
        wake = sending.next_wake()
        assert wake is not None
        at = wake
        assert [set(again) for _, again in sending.stale(at)] == [{entry(0)}]
        rounds += 1
    assert 100 < rounds < 140
    assert UNRECEIPTED[-1] * 100 < at


def test_while_receipts_come_nothing_is_offered_twice() -> None:
    """P2: who returns reads thousands from its relays; only when its receipts stop is the rest offered afresh."""
    sending = Sending()
    offer(sending, 0, 200)
    taken(sending, 0, ONE, TWO)
    sending.stale(UNRECEIPTED[0])  # a first round, unanswered
    offer(sending, 0, 200, now=UNRECEIPTED[0])
    taken(sending, 2 * DAY, ONE, TWO)
    sending.peer_started(LINE, 3 * DAY)
    now = 3 * DAY
    for number in range(150):
        now += 10_000
        sending.due(now)
        sending.receipted(entry(number), LINE)
        assert sending.stale(now) == []
    ((_, rest),) = sending.stale(now + UNRECEIPTED[0])
    assert rest == {entry(number) for number in range(150, 200)}


def test_what_presses_is_offered_afresh_whatever_lies_there_before_it() -> None:
    """P5"""
    sending = Sending()
    offer(sending, 0, 100)
    taken(sending, 0, ONE, TWO)
    sending.again(LINE, [entry(42)])
    assert not sending.under_way(LINE, entry(42))
    assert sending.under_way(LINE, entry(41))
    sending.add(LINE, bytes(4096), [entry(1000)], [ONE], now=1)
    sending.add(LINE, bytes(4096), [entry(42)], [ONE], now=1, urgent=4)
    assert [put.entries for put in sending.due(1)] == [(entry(42),), (entry(1000),)]


def test_what_is_on_its_way_to_a_relay_is_not_sent_beside_itself() -> None:
    """P7: a relay that answered some and kept others waiting, up and down by turns, was sent every envelope anew
    while the last try was under way, each time: thousands of connections in seconds, until none was left for others.
    """
    sending = Sending()
    offer(sending, 0, 3)
    taken(sending, 0, ONE, TWO)
    sending.sign_of_life(TWO.relay, DAY)
    again = sending.due(DAY)
    assert [put.route for put in again] == [TWO] * 3
    sending.sign_of_life(TWO.relay, 2 * DAY)
    assert sending.due(2 * DAY) == []
    sending.failed(again[0], 2 * DAY)
    sending.accepted(again[1], 2 * DAY)
    sending.sign_of_life(TWO.relay, 3 * DAY)
    assert [put.batch for put in sending.due(3 * DAY)] == [again[0].batch, again[1].batch]


def test_a_relay_that_is_up_and_down_by_turns_is_not_sent_everything_at_each_turn() -> None:
    """P7: at most every two seconds."""
    sending = Sending()
    offer(sending, 0, 1)
    taken(sending, 0, ONE, TWO)
    sent = 0
    for now in range(DAY, DAY + 10 * REVIVAL, 10):
        sending.sign_of_life(TWO.relay, now)
        sent += len(taken(sending, now, TWO))
    assert sent == 10


def test_what_a_relay_just_failed_to_take_goes_by_its_own_wait_or_sooner() -> None:
    """P5: that a relay answers again puts nothing off, and a clock that was put back makes nothing wait longer."""
    sending = Sending()
    offer(sending, 0, 1, now=DAY)
    taken(sending, DAY, ONE)
    sending.sign_of_life(TWO.relay, DAY)  # it fails again at once, and answers again at once
    assert [put.route for put in taken(sending, DAY)] == [TWO]
    sending.sign_of_life(TWO.relay, DAY)
    assert taken(sending, DAY) == []
    assert [put.route for put in taken(sending, DAY + min(BACKOFF[1], REVIVAL))] == [TWO]
    sending.sign_of_life(TWO.relay, 0)
    assert [put.route for put in taken(sending, REVIVAL)] == [TWO]


def test_a_relay_that_answers_nothing_is_asked_so_much_at_a_time_and_what_is_urgent_waits_behind_none_of_it() -> (
    None
):
    """P5, P7: as many connections as there were envelopes stood open there, each for twenty seconds"""
    sending = Sending()
    offer(sending, 0, 3 * AT_A_TIME)
    sent = sending.due(0)
    assert [len([put for put in sent if put.route == route]) for route in (ONE, TWO)] == [AT_A_TIME] * 2
    assert not sending.due(1)
    assert sending.next_wake() is None, "a relay's answer wakes, and no clock in the meantime"
    sending.add(LINE, bytes(4096), [entry(-1)], [ONE, TWO], now=1, urgent=int(Precedence.FLASH))
    assert {put.route for put in sending.due(1)} == {ONE, TWO}
    for put in sent:
        if put.route == ONE:
            sending.accepted(put, 2)  # it goes on at the pace of its answers, whatever the other does
    assert sending.next_wake() == 2
    assert [put.route for put in sending.due(2)] == [ONE] * (AT_A_TIME - 1)


def test_what_waits_for_a_place_gets_it_when_a_try_fails_or_is_never_told_of() -> None:
    """P2: nothing waits for ever behind what nobody answers"""
    sending = Sending()
    offer(sending, 0, AT_A_TIME + 3)
    sent = [put for put in sending.due(0) if put.route == ONE]
    sending.failed(sent[0], 1)
    sending.receipted(entry(1))
    assert [put.entries for put in sending.due(1) if put.route == ONE] == [(entry(AT_A_TIME),)]
    again = sending.due(2 + FORGOTTEN)
    assert {entry(0), entry(AT_A_TIME + 1), entry(AT_A_TIME + 2)} <= {
        each for put in again if put.route == ONE for each in put.entries
    }
