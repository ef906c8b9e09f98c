# SPDX-License-Identifier: Apache-2.0
"""Rosters on a running line: asked for by the desk, signed by the root, told to everybody (ADR 0022)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace

import pytest

from goodoffices.core import crypto
from goodoffices.core.errors import NotAllowed, NotFound, NotNow, WrongSigner, YourError
from goodoffices.core.mandate import Forwarding, Precedence, Reading
from goodoffices.core.office import Right, sign_as_root
from goodoffices.core.roster_request import RosterRequest, check_signed_before, sign_request
from goodoffices.core.sealed import read_sealed
from goodoffices.core.statement import Signed, sign
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import ALL_RIGHTS, CHECKPOINT, DAY, keys_in
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.officers.acts import Terms
from goodoffices.desk.officers.roster_in_force import DESK, SEALING
from tests import founded
from tests.attacks.hostile import NOW, ActType, Item, Office, Wire


def signed(office: Office, request: RosterRequest) -> Signed:
    """What the root makes of a request."""
    return sign_request(request, office.founding.root_seed)


def newcomer(wire: Wire, office: Office, rights: Right = ALL_RIGHTS) -> Officer:
    """An officer who is in the roster from now on."""
    seed = wire.rng.randbytes(32)
    person = Officer("second", crypto.ed25519_public(seed), seed)
    request = office.desk.rosters.add(office.officer, person.public, "officer 2", rights, NOW)
    office.desk.rosters.install(signed(office, request), NOW)
    return person


def version_at(here: Office, there: Office) -> int:
    known = here.ledger.office(there.me)
    assert known is not None
    return known.roster.version


def test_a_new_officers_acts_count_everywhere_once_the_roster_has_gone_round() -> None:
    """P10: East's new officer releases, and the far party verifies it by the roster that came along."""
    wire = Wire()
    mandate = wire.agree(reading=Reading.SEALED)
    wire.a.officer = newcomer(wire, wire.a)
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    assert version_at(wire.m, wire.a) == version_at(wire.b, wire.a) == 2
    assert wire.b.note(note).state == "verified"
    assert all(not office.findings() for office in wire.offices)


def test_a_roster_goes_out_before_anything_that_states_it() -> None:
    """P2: the entry that carries it is still the old roster's, or nobody could verify it."""
    wire = Wire()
    wire.agree()
    newcomer(wire, wire.a)
    rows = wire.a.db.execute(
        "SELECT id, urgent FROM entry WHERE writer=? ORDER BY position", (wire.a.me,)
    ).fetchall()
    assert rows[-1][1] == Precedence.FLASH  # offered again, no backlog of notes that wait for it goes first
    last = wire.a.ledger.entry(bytes(rows[-1][0]))
    assert last is not None
    assert last.items[0][0] == Item.NEXT_ROSTER
    assert last.entry.roster == 1


def test_a_roster_goes_on_to_the_far_party_before_whatever_presses() -> None:
    """P2: East's notes that state it wait for it at West, so no backlog of the intermediary's goes first."""
    wire = Wire()
    wire.agree()
    newcomer(wire, wire.a)
    wire.pump()
    rows = wire.m.db.execute(
        "SELECT id, urgent FROM entry WHERE writer=? AND line=?", (wire.m.me, wire.mb)
    ).fetchall()
    entries = [(wire.m.ledger.entry(bytes(entry)), urgent) for entry, urgent in rows]
    urgent = [at for each, at in entries if each and any(item[0] == Item.NEXT_ROSTER for item in each.items)]
    assert urgent == [Precedence.FLASH]


def test_a_removed_officers_acts_are_refused_here_and_found_there() -> None:
    """P10: by the new roster that key has no right; what it signed before stays proven."""
    wire = Wire()
    mandate = wire.agree()
    before = wire.release(mandate, wire.a, wire.b)
    old = wire.a.officer
    wire.a.officer = newcomer(wire, wire.a)
    request = wire.a.desk.rosters.remove(wire.a.officer, old.public, "left", NOW)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    with pytest.raises(NotAllowed):
        wire.a.desk.acts.withdraw(old, before, NOW)
    wire.a.officer, keeper = old, wire.a.officer
    act = wire.act(wire.a, mandate, ActType.WITHDRAWN, subject=before, recipient=wire.b.me, roster=3)
    wire.a.officer = keeper
    wire.say(wire.a, wire.m, wire.am, [(Item.ACT, act.raw)])
    assert any("without the right" in each for each in wire.m.findings())
    assert wire.b.note(before).state == "verified"
    known = wire.b.ledger.office(wire.a.me)
    assert known is not None
    assert known.roster.revoked == ((old.public, NOW, "left"),)


def test_an_act_that_goes_back_to_an_older_roster_is_found() -> None:
    """P8: so a removed officer's key could be used for ever."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b)
    newcomer(wire, wire.a)
    wire.a.desk.acts.withdraw(wire.a.officer, note, NOW)
    wire.pump()
    incarnation, number, last = wire.a.ledger.chain_head(mandate, bytes(32), wire.a.me)  # type: ignore[misc]
    act = wire.act(
        wire.a,
        mandate,
        ActType.COMPARED,
        recipient=wire.b.me,
        incarnation=incarnation,
        sequence=number + 1,
        previous=last,
        roster=1,
    )
    wire.say(wire.a, wire.m, wire.am, [(Item.ACT, act.raw)])
    for office in (wire.m, wire.b):
        assert any(
            "goes by roster 1, though the one before it went by roster 2" in each
            for each in office.findings()
        )


def test_changes_asked_for_before_the_root_has_signed_gather_in_one_request() -> None:
    """P10: each later one asks for what those before it asked for."""
    wire = Wire()
    rosters, keeper = wire.a.desk.rosters, wire.a.officer
    publics = [crypto.ed25519_public(wire.rng.randbytes(32)) for _ in range(2)]
    first = rosters.add(keeper, publics[0], "officer 2", Right.RELEASE, NOW)
    second = rosters.add(keeper, publics[1], "officer 3", Right.RELEASE, NOW)
    third = rosters.need(keeper, 2, NOW)
    assert {each.roster.version for each in (first, second, third)} == {2}
    roster = rosters.install(signed(wire.a, third), NOW)
    assert [name for name, _, _ in roster.officers] == ["officer 1", "officer 2", "officer 3"]
    assert roster.releasers_needed == 2
    assert rosters.install(signed(wire.a, third), NOW) == roster  # twice is once
    assert rosters.request() is None


def test_a_request_that_was_signed_before_the_next_was_made_loses_neither() -> None:
    """P10: the root signs one roster of each version; what was asked for since waits for it again."""
    wire = Wire()
    rosters, keeper = wire.a.desk.rosters, wire.a.officer
    first = rosters.renew(keeper, NOW, desk_key=True)
    at_the_root = signed(wire.a, first)
    public = crypto.ed25519_public(wire.rng.randbytes(32))
    rosters.add(keeper, public, "officer 2", Right.RELEASE, NOW)
    rosters.renew(keeper, NOW, desk_key=True)
    rosters.install(at_the_root, NOW)
    assert rosters.lost_keys(NOW) == frozenset()
    waiting = rosters.request()
    assert waiting is not None
    assert waiting.roster.rights(public) == Right.RELEASE
    assert rosters.install(signed(wire.a, waiting), NOW).version == 3
    assert rosters.lost_keys(NOW) == frozenset()


def test_a_roster_that_this_desk_did_not_ask_for_is_not_installed() -> None:
    """P10: a copy of the vault that somebody tries elsewhere takes nothing from the desk that works."""
    wire = Wire()
    copy = wire.a.db.serialize()
    rosters = wire.a.desk.rosters
    rosters.need(wire.a.officer, 1, NOW)
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.deserialize(copy)
    elsewhere = Desk(db, keys_in(Ledger(db)), wire.rng.randbytes)
    elsewhere.unlock(wire.a.founding.reading_key, NOW)
    request = elsewhere.rosters.renew(wire.a.officer, NOW, desk_key=True)
    with pytest.raises(NotNow):
        rosters.install(signed(wire.a, request), NOW)


def test_a_roster_that_another_root_signed_is_not_installed() -> None:
    """P1."""
    wire = Wire()
    request = wire.a.desk.rosters.need(wire.a.officer, 1, NOW)
    with pytest.raises(WrongSigner):
        wire.a.desk.rosters.install(sign_as_root(request.statement, wire.m.founding.root_seed), NOW)
    assert wire.a.desk.rosters.request() is not None


def test_an_office_is_not_left_without_keeper_duty_officer_or_releasers() -> None:
    """P10: a roster by which nobody could act is not asked for."""
    wire = Wire()
    rosters, keeper = wire.a.desk.rosters, wire.a.officer
    with pytest.raises(YourError, match="keeper of keys"):
        rosters.remove(keeper, keeper.public, "", NOW)
    with pytest.raises(YourError, match="release"):
        rosters.need(keeper, 2, NOW)
    with pytest.raises(NotFound):
        rosters.give(keeper, bytes(32), Right.DUTY, NOW)


def test_only_a_keeper_of_keys_changes_the_roster() -> None:
    """P10: default deny, for each of the ways."""
    wire = Wire()
    drafter = newcomer(wire, wire.a, Right.DRAFT)
    rosters = wire.a.desk.rosters
    deeds: tuple[Callable[[], object], ...] = (
        lambda: rosters.add(drafter, wire.m.officer.public, "officer 9", Right.DRAFT, NOW),
        lambda: rosters.remove(drafter, wire.a.officer.public, "", NOW),
        lambda: rosters.give(drafter, drafter.public, ALL_RIGHTS, NOW),
        lambda: rosters.need(drafter, 1, NOW),
        lambda: rosters.renew(drafter, NOW, desk_key=True),
    )
    for deed in deeds:
        with pytest.raises(NotAllowed):
            deed()
    assert rosters.request() is None


def test_a_new_desk_key_and_new_sealing_keys_take_over_without_a_gap() -> None:
    """P2, P3: the entry that carries the roster is the old key's; all after it the new one's."""
    wire = Wire()
    mandate = wire.agree(reading=Reading.SEALED)
    under_way = wire.release(mandate, wire.a, wire.b)
    request = wire.b.desk.rosters.renew(wire.b.officer, NOW, desk_key=True, checkpoint_key=True)
    wire.b.desk.rosters.install(signed(wire.b, request), NOW)
    roster = wire.b.desk.context.my_office().roster
    assert crypto.ed25519_public(wire.b.desk.context.keys.desk_seed) == roster.desk
    assert roster.desk != wire.b.founding.office.roster.desk
    assert roster.checkpoint == crypto.ed25519_public(wire.b.ledger.secret(CHECKPOINT) or b"")
    wire.pump()
    after = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    assert [wire.b.note(each).state for each in (under_way, after)] == ["verified", "verified"]
    (reader,) = {wrapped[0:2] for wrapped in _wraps(wire.b, after)}
    assert reader == (wire.b.me, 14)
    assert all(not office.findings() for office in wire.offices)


def _wraps(office: Office, note: bytes) -> list[tuple[bytes, int, bytes]]:
    ((_, raw, _, _),) = office.ledger.copies(note)
    return [*read_sealed(raw).wraps]


def test_keys_of_a_new_roster_are_there_after_a_restart() -> None:
    """P2: they stood in the same commit as the roster."""
    wire = Wire()
    wire.agree()
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW, desk_key=True)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    wire.a.desk = Desk(wire.a.db, keys_in(wire.a.ledger), wire.rng.randbytes)
    wire.a.desk.start(NOW)
    wire.a.desk.unlock(wire.a.founding.reading_key, NOW)
    wire.pump()
    assert not wire.m.findings()
    assert max(wire.a.desk.context.reading) == max(wire.a.desk.context.keys.envelope_seeds) == 26


def test_a_change_of_officers_alone_makes_a_short_roster() -> None:
    """P7: 36 KB of sealing keys are not carried again, and hold on all the same."""
    wire = Wire()
    wire.agree()
    newcomer(wire, wire.a)
    mine = wire.a.desk.context.my_office()
    assert len(mine.signed[2].raw) < 9_000 < len(mine.signed[1].raw)
    assert len(mine.reading_epochs) == len(mine.envelope_epochs) == 13
    wire.pump()
    known = wire.b.ledger.office(wire.a.me)
    assert known is not None
    assert known.reading_epochs == mine.reading_epochs


def test_sealing_keys_that_end_within_half_a_year_are_made_longer_by_any_new_roster() -> None:
    """P13: the root is at hand anyway."""
    wire = Wire()
    later = NOW + 200 * DAY
    request = wire.a.desk.rosters.need(wire.a.officer, 1, later)
    wire.a.desk.rosters.install(signed(wire.a, request), later)
    mine = wire.a.desk.context.my_office()
    ends = [each[2] for each in mine.reading_epochs]
    assert len(ends) == 13
    assert ends[-1] - later > 330 * DAY
    assert [end - begin for _, begin, end, _ in mine.reading_epochs] == [28 * DAY] * 13


def test_a_locking_out_draws_new_sealing_keys_and_the_old_ones_still_open_what_is_under_way() -> None:
    """P3: a copy of the vault that a departed officer took opens nothing that is sealed from now on."""
    wire = Wire()
    mandate = wire.agree(reading=Reading.SEALED)
    old = wire.b.officer
    wire.b.officer = newcomer(wire, wire.b)
    note = wire.release(mandate, wire.a, wire.b)
    request = wire.b.desk.rosters.remove(wire.b.officer, old.public, "", NOW)
    wire.b.desk.rosters.install(signed(wire.b, request), NOW)
    wire.pump()
    certified = {each[0] for each in wire.b.desk.context.my_office().reading_epochs}
    assert certified.isdisjoint(range(1, 14))
    assert wire.b.note(note).state == "verified"


def test_a_note_that_came_before_its_authors_roster_is_opened_when_that_comes() -> None:
    """P2: early is kept, and judged once what it needs is here."""
    wire = Wire()
    mandate = wire.agree(reading=Reading.SEALED, forwarding=Forwarding.AUTOMATIC)
    wire.m.desk.channels._pass_on = lambda *_: None  # type: ignore[method-assign]
    wire.a.officer = newcomer(wire, wire.a)
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    assert wire.b.note(note).state == "unopened"
    roster = wire.a.desk.context.my_office().signed[2]
    wire.say(wire.m, wire.b, wire.mb, [(Item.NEXT_ROSTER, roster.raw)])
    assert wire.b.note(note).state == "verified"


def test_an_invitation_of_before_a_new_roster_pairs_no_line() -> None:
    """P1: the other side would hold a credential by which the confirmation does not verify."""
    wire = Wire()
    oslo = wire.add("Oslo")
    relays = ["http://127.0.0.1:1"]
    mine, theirs = (each.desk.offer(each.officer, relays, NOW) for each in (wire.a, oslo))
    line = wire.a.desk.pair(wire.a.officer, theirs, "Oslo", NOW)
    assert oslo.desk.pair(oslo.officer, mine, "Washington", NOW) == line
    newcomer(wire, wire.a)
    heard = oslo.desk.spoken_digits(oslo.ledger.line(line)).read_aloud
    with pytest.raises(NotNow, match="roster changed"):
        wire.a.desk.confirm(wire.a.officer, line, heard, NOW)
    newer = oslo.desk.offer(oslo.officer, relays, NOW)
    with pytest.raises(NotNow):
        wire.a.desk.pair(wire.a.officer, newer, "Oslo again", NOW)


def test_a_pseudonym_is_never_given_twice() -> None:
    """P1: acts of two people must not look like one person's."""
    wire = Wire()
    with pytest.raises(YourError):
        wire.a.desk.rosters.add(wire.a.officer, wire.m.officer.public, "officer 1", Right.DUTY, NOW)
    second = newcomer(wire, wire.a)
    request = wire.a.desk.rosters.remove(wire.a.officer, second.public, "", NOW)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    with pytest.raises(YourError):
        wire.a.desk.rosters.add(wire.a.officer, wire.m.officer.public, "officer 2", Right.DUTY, NOW)


def test_a_mandate_is_not_signed_by_a_keeper_who_was_out_before_it() -> None:
    """P10: any roster that ever listed him counted."""
    wire = Wire()
    old = wire.b.officer
    wire.b.officer = newcomer(wire, wire.b)
    request = wire.b.desk.rosters.remove(wire.b.officer, old.public, "", NOW)
    wire.b.desk.rosters.install(signed(wire.b, request), NOW)
    wire.pump()
    terms = Terms(name="later", path=(wire.a.me, wire.m.me, wire.b.me))
    mandate = wire.m.desk.acts.propose(wire.m.officer, terms, NOW)
    wire.pump()
    agreement = wire.b.ledger.agreement(mandate)
    false = sign(agreement.signed.statement, old.seed)
    wire.say(wire.b, wire.m, wire.mb, [(Item.MANDATE, false.raw, [], [])])
    assert any("keeps no keys" in each for each in wire.m.findings())
    assert wire.b.me not in wire.m.ledger.agreement(mandate).signed_by()


def test_an_office_from_before_checkpoints_gets_its_key_with_the_next_roster() -> None:
    """P8: nobody has to ask for it."""
    wire = Wire()
    desk = wire.b.desk
    plain = replace(desk.context.my_office().roster, checkpoint=None, checkpoint_mldsa65=None)
    desk.rosters.planned = lambda: plain  # type: ignore[method-assign]
    request = desk.rosters.need(wire.b.officer, 1, NOW)
    assert request.roster.checkpoint is not None
    assert request.roster.checkpoint_mldsa65 is not None


def _gone_back(wire: Wire, office: Office, copy: bytes, late: list[bytes] | None = None) -> None:
    """The office's machine is lost and its vault put back from a copy. ``late``: what its peers send to it then."""
    office.db = sqlite3.connect(":memory:", isolation_level=None)
    founded.put_back(office.db, copy)
    office.desk = Desk(office.db, keys_in(Ledger(office.db)), wire.rng.randbytes)
    office.desk.start(NOW)
    office.desk.unlock(office.founding.reading_key, NOW)
    wire.pump(late=(office, late) if late is not None else None)


def test_a_restored_desk_gets_its_own_rosters_back() -> None:
    """P8, P10: or it would ask its root for a second roster of the same version, and take acts of who is out."""
    wire = Wire()
    wire.agree()
    copy = wire.a.db.serialize()
    old = wire.a.officer
    wire.a.officer = newcomer(wire, wire.a)
    request = wire.a.desk.rosters.remove(wire.a.officer, old.public, "", NOW, new_sealing_keys=False)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    _gone_back(wire, wire.a, copy)
    assert wire.a.desk.context.my_office().roster.version == 3
    with pytest.raises(NotAllowed):
        wire.a.desk.acts.require(old, Right.KEYS)
    assert any("was taken from the other desk" in each for each in wire.a.findings())
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    assert version_at(wire.b, wire.a) == 4
    assert not wire.m.findings()


def test_a_restored_desk_whose_sealing_keys_were_renewed_comes_back_with_new_ones() -> None:
    """P2, P3: nothing but the rosters and the answer is sealed to the key of before."""
    wire = Wire()
    mandate = wire.agree(reading=Reading.SEALED)
    copy = wire.a.db.serialize()
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    _gone_back(wire, wire.a, copy)
    assert wire.a.desk.context.my_office().roster.version == 2
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    note = wire.release(mandate, wire.b, wire.a)
    wire.pump()
    assert wire.a.note(note).state == "verified"


def test_a_copy_of_before_a_new_desk_key_signs_nothing_until_the_root_gives_it_another() -> None:
    """P2, P8: it does not speak for the office any more; nothing that was released meanwhile is lost."""
    wire = Wire()
    mandate = wire.agree()
    copy = wire.a.db.serialize()
    request = wire.a.desk.rosters.renew(wire.a.officer, NOW, desk_key=True)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    wire.pump()
    _gone_back(wire, wire.a, copy)
    assert any("another key speaks for the desk" in each for each in wire.a.findings())
    assert wire.a.desk.rosters.lost_keys(NOW) == {DESK, SEALING}
    mute = wire.release(mandate, wire.a, wire.b)
    waiting = wire.release(mandate, wire.b, wire.a)
    wire.pump()
    assert wire.b.desk.ledger.note(mute) is None
    assert wire.a.desk.ledger.note(waiting) is None
    request = wire.a.desk.rosters.need(wire.a.officer, 1, NOW)
    wire.a.desk.rosters.install(signed(wire.a, request), NOW)
    assert wire.a.desk.rosters.lost_keys(NOW) == frozenset()
    wire.pump()
    assert version_at(wire.b, wire.a) == 3
    assert wire.b.note(mute).state == "verified"
    assert wire.a.note(waiting).state == "verified"
    (found,) = wire.m.findings()
    assert "counts by the word of an earlier key of its desk, by roster 1" in found
    assert not wire.b.findings()
    assert not wire.a.desk.lines.untold.anybody()


def test_the_root_brings_back_what_it_has_signed_and_a_vault_has_lost() -> None:
    """P8: no office has two rosters of one version, whatever became of its vault."""
    wire = Wire()
    wire.agree()
    copy = wire.a.db.serialize()
    first = signed(wire.a, wire.a.desk.rosters.renew(wire.a.officer, NOW, desk_key=True))
    wire.a.desk.rosters.install(first, NOW)
    at_the_root = wire.a.desk.context.my_office()
    founded.put_back(wire.a.db, copy)  # it went back before anybody was told
    wire.a.desk = Desk(wire.a.db, keys_in(Ledger(wire.a.db)), wire.rng.randbytes)
    wire.a.desk.start(NOW)
    wire.a.desk.unlock(wire.a.founding.reading_key, NOW)
    rosters = wire.a.desk.rosters
    with pytest.raises(NotNow, match="has signed roster 2"):
        check_signed_before(rosters.renew(wire.a.officer, NOW), at_the_root)
    rosters.bring_back(at_the_root.signed[2:], NOW)
    assert rosters.lost_keys(NOW) == {DESK, SEALING}  # what was drawn here bears the same numbers
    again = rosters.renew(wire.a.officer, NOW)
    check_signed_before(again, at_the_root)
    rosters.install(signed(wire.a, again), NOW)
    wire.pump()
    assert version_at(wire.b, wire.a) == 3
    (found,) = wire.m.findings()
    assert "counts by the word of an earlier key of its desk, by roster 1" in found
