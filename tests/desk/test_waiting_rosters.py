# SPDX-License-Identifier: Apache-2.0
"""A roster that no entry brings: vouched for by a key of before, or waiting for people (P1, P2, P8; ADR 0079)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from goodoffices.core.envelope import roster_part, vouch_part
from goodoffices.core.errors import DigitsDiffer, NotAllowed, NotFound
from goodoffices.core.mandate import Reading
from goodoffices.core.office import Right
from goodoffices.core.statement import Signed, sign, state
from goodoffices.core.vouching import Vouch
from goodoffices.desk.views.lines import LineCard, line_cards
from tests.attacks.hostile import NOW, Office, Wire
from tests.desk.test_rosters import _gone_back, newcomer, signed, version_at
from tests.desk.test_stolen_root import the_thief


def card(office: Office, line: bytes) -> LineCard:
    return next(each for each in line_cards(office.desk, NOW, ()) if each.id == line)


def back_with_a_revoked_key(wire: Wire) -> None:
    """Washington's vault goes back to before its desk's key was revoked; the root gives it another one."""
    copy = wire.a.db.serialize()
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW, seen="the machine was opened")
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    _gone_back(wire, wire.a, copy)
    request = wire.a.desk.rosters.need(wire.a.officer, 1, NOW)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()


def test_where_nothing_vouches_a_roster_waits_until_its_digits_were_heard() -> None:
    """P1, P2: nothing counts meanwhile, nothing is lost, and one voice call brings the line back."""
    wire = Wire()
    mandate = wire.agree(reading=Reading.SEALED)
    back_with_a_revoked_key(wire)
    ours, theirs = wire.release(mandate, wire.a, wire.b), wire.release(mandate, wire.b, wire.a)
    wire.pump()
    assert version_at(wire.m, wire.a) == 2
    assert (wire.m.ledger.note(ours), wire.a.ledger.note(theirs)) == (None, None)
    assert any("It waits, and the one before counts" in each for each in wire.m.findings())
    ((version, digits),) = card(wire.a, wire.am).untold
    assert version == card(wire.m, wire.am).waiting == 3
    wire.m.desk.rosters.confirm_waiting(wire.m.officer, wire.am, digits, NOW)
    wire.pump()
    assert version_at(wire.b, wire.a) == 3
    assert {wire.b.note(ours).state, wire.a.note(theirs).state} == {"verified"}
    assert (card(wire.m, wire.am).waiting, card(wire.a, wire.am).untold) == (None, ())


def test_only_a_keeper_who_heard_the_very_digits_lets_a_roster_count() -> None:
    """P1, P10"""
    wire = Wire()
    back_with_a_revoked_key(wire)
    rosters = wire.m.desk.rosters
    ((_, digits),) = card(wire.a, wire.am).untold
    wrong = str((int(digits[0]) + 1) % 10) + digits[1:]
    with pytest.raises(DigitsDiffer):
        rosters.confirm_waiting(wire.m.officer, wire.am, wrong, NOW)
    nobody = newcomer(wire, wire.m, Right.DUTY)
    with pytest.raises(NotAllowed):
        rosters.confirm_waiting(nobody, wire.am, digits, NOW)
    with pytest.raises(NotFound):
        rosters.confirm_waiting(wire.m.officer, wire.mb, digits, NOW)
    assert version_at(wire.m, wire.a) == 2


def test_what_waits_outlives_a_restart() -> None:
    """P2"""
    wire = Wire()
    back_with_a_revoked_key(wire)
    _gone_back(wire, wire.m, wire.m.db.serialize())
    ((_, digits),) = card(wire.a, wire.am).untold
    wire.m.desk.rosters.confirm_waiting(wire.m.officer, wire.am, digits, NOW)
    assert version_at(wire.m, wire.a) == 3


def test_a_roster_after_one_that_nobody_was_told_of_is_vouched_for_by_the_key_between() -> None:
    """P2, P8: the counterpart hears of two changes at once, after the vault had gone back."""
    wire = Wire()
    wire.agree()
    copy = wire.a.db.serialize()
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW, desk_key=True)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    _gone_back(wire, wire.a, copy)
    for _ in range(2):
        request = wire.a.desk.rosters.renew(wire.a.officer, NOW, desk_key=True)
        wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    assert version_at(wire.b, wire.a) == 4
    assert not any("waits" in each for each in wire.m.findings())


def test_an_answer_to_an_earlier_question_says_nothing_of_a_roster_since() -> None:
    """P2: the root came before the first answer did, and brought new keys; the line would stand still for good."""
    wire = Wire()
    mandate = wire.agree()
    copy = wire.a.db.serialize()
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW, desk_key=True)
    lost = signed(wire.a, request)
    wire.a.desk.rosters.install(lost, NOW)
    wire.pump()
    answers: list[bytes] = []
    _gone_back(wire, wire.a, copy, answers)
    wire.a.desk.rosters.bring_back([lost], NOW)
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    for sealed in answers:
        wire.a.desk.receive(wire.am, sealed, NOW)
    wire.pump()
    assert version_at(wire.m, wire.a) == 3
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    assert wire.b.note(note).state == "verified"


def _by(wire: Wire, roster: Signed, seed: bytes, version: int = 1) -> Signed:
    said = Vouch(office=wire.a.me, roster=version, time=(NOW, 0), vouched=roster.id)
    return sign(state(said, bytes(16)), seed)


SIGNERS: dict[str, Callable[[Wire], bytes]] = {
    "an officer's": lambda wire: bytes(wire.a.founding.officer_seeds["duty"]),
    "a neighbour's": lambda wire: wire.m.founding.desk_seed,
    "the thief's own": lambda wire: bytes(32),
}


@pytest.mark.parametrize("whose", SIGNERS)
def test_no_other_key_vouches(whose: str) -> None:
    """P1: with the root in the same hands."""
    wire = Wire()
    forged = the_thief(wire, wire.a).office.signed[-1]
    word = _by(wire, forged, SIGNERS[whose](wire))
    wire.send(wire.m, wire.am, [vouch_part(word), roster_part(forged)])
    assert version_at(wire.m, wire.a) == 1
    assert "A word for a roster that no key of that office's desk signed." in wire.m.findings()


def test_a_key_that_was_revoked_vouches_no_more_even_where_its_word_came_before() -> None:
    """P1: the disk was stolen, and the root later."""
    wire = Wire()
    old = wire.a.founding.desk_seed
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW, seen="the disk is gone")
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    thief = the_thief(wire, wire.a, wire.a.desk.context.my_office())
    forged = thief.office.signed[-1]
    wire.send(wire.m, wire.am, [vouch_part(_by(wire, forged, old)), roster_part(forged)])
    wire.pump()  # only now the counterpart hears that the key was revoked
    wire.send(wire.m, wire.am, [vouch_part(_by(wire, forged, old)), roster_part(forged)])
    assert version_at(wire.m, wire.a) == 2
    assert "A word for a roster by a key of that office's desk that was revoked." in wire.m.findings()


def test_the_offices_own_roster_ends_the_waiting_and_names_the_other() -> None:
    """P1, P8: two rosters of one version are what a stolen root leaves behind."""
    wire = Wire()
    forged = the_thief(wire, wire.a).office.signed[-1]
    wire.send(wire.m, wire.am, [roster_part(forged)])
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW)
    own = signed(wire.a, request)
    wire.a.desk.rosters.install(own, NOW)
    wire.pump()
    known = wire.m.ledger.office(wire.a.me)
    assert known is not None
    assert known.pin == own.id
    assert any("has signed two rosters 2" in each for each in wire.m.findings())
    assert card(wire.m, wire.am).waiting is None


def test_an_invitation_changes_nothing_on_a_line_in_use_before_its_digits_are_compared() -> None:
    """P1: an officer of the counterpart opened what a thief of the root had sent as an invitation."""
    wire = Wire()
    mandate = wire.agree()
    thief = wire.add("the thief", the_thief(wire, wire.a))
    relays = ["http://127.0.0.1:1"]
    wire.m.desk.offer(wire.m.officer, relays, NOW)
    wire.m.desk.pair(wire.m.officer, thief.desk.offer(thief.officer, relays, NOW), "Washington, anew", NOW)
    assert version_at(wire.m, wire.a) == 1
    note = wire.release(mandate, wire.b, wire.a)
    wire.pump()
    assert wire.a.note(note).state == "verified"
