# SPDX-License-Identifier: Apache-2.0
"""What a counterpart with valid keys can cost: bounded, told, and never what came before (P12, ADR 0023)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goodoffices.core import crypto
from goodoffices.core.envelope import entry_part, head_part
from goodoffices.core.errors import DigitsDiffer, NotAllowed, NotFound, YourError
from goodoffices.core.mandate import Forwarding, Mandate, Reading
from goodoffices.core.note import Words
from goodoffices.core.office import make_root, make_roster, verify_office
from goodoffices.core.statement import sign, state
from goodoffices.desk.channels.credentials import MAX_INTRODUCED, MAX_PROPOSED
from goodoffices.desk.founding import NewOfficer, found
from goodoffices.desk.ledger.channels import MAX_COPIES
from goodoffices.desk.ledger.ledger import MAX_FINDINGS, MORE
from goodoffices.desk.lines.reoffers import FORGET, WAITS
from goodoffices.desk.officers.acts import Draft, Terms
from tests.attacks.hostile import NOW, ActType, Item, Office, Wire


def _again(wire: Wire, now: int, **fields: object) -> int:
    """How many entries Washington's desk packs once Bern's asks as if it had lost all that others wrote."""
    mine = wire.m.ledger.head(wire.am, wire.m.me)
    question = wire.question(wire.m, wire.am, time=(now, 0), **{"mine": mine, **fields})
    wire.send(wire.a, wire.am, [head_part(question)], now)
    return _packed(wire, now)


def _packed(wire: Wire, now: int) -> int:
    wire.a.desk.settle(now)
    puts = wire.a.desk.work(now)
    entries = {entry for put in puts for entry in put.entries}
    for put in puts:
        to, line = wire.boxes[put.route.mailbox]
        to.desk.receive(line, put.envelope, now)
    wire.pump()
    return len(entries)


def _quiet(wire: Wire) -> int:
    wire.release(wire.agree(), wire.a, wire.b)
    wire.pump()
    return int(wire.a.db.execute("SELECT count(*) FROM entry WHERE writer=?", (wire.a.me,)).fetchone()[0])


def test_the_first_peer_that_lost_its_vault_gets_everything_at_once() -> None:
    """P2: a restored desk must not wait."""
    wire = Wire()
    count = _quiet(wire)
    assert _again(wire, NOW) == count


def test_asking_again_and_again_does_not_send_the_history_again_and_again() -> None:
    """P12: two hundred bytes in, the whole record out, for every new nonce."""
    wire = Wire()
    count = _quiet(wire)
    assert [_again(wire, NOW) for _ in range(20)] == [count, *[0] * 19]
    assert wire.a.desk.next_wake() == NOW + WAITS[0]
    sent = [_packed(wire, NOW + WAITS[0]), _packed(wire, NOW + 2 * WAITS[0])]
    assert sent == [count, 0]  # put off, and sent then: nothing is refused
    assert _again(wire, NOW + WAITS[0] + WAITS[1] - 1) == 0
    assert _packed(wire, NOW + WAITS[0] + WAITS[1]) == count


def test_a_day_later_the_peer_is_believed_at_once_again() -> None:
    """P2."""
    wire = Wire()
    count = _quiet(wire)
    assert _again(wire, NOW) == count
    assert _again(wire, NOW) == 0
    assert _packed(wire, NOW + WAITS[0]) == count
    later = NOW + 2 * FORGET
    question = wire.question(wire.m, wire.am, mine=wire.m.ledger.head(wire.am, wire.m.me))
    with wire.a.desk.context.transaction():
        wire.a.desk.lines._head(wire.a.ledger.line(wire.am), question, later)
    assert _packed(wire, later) == count


def test_a_peer_that_names_entries_that_never_existed_opens_nothing() -> None:
    """P12: no incarnation is opened by a stranger's word; one finding says what it may mean."""
    wire = Wire()
    _quiet(wire)
    before = wire.a.ledger.line(wire.am).incarnation
    for _ in range(5):
        place = (before, 10_000, wire.rng.randbytes(32))
        wire.send(wire.a, wire.am, [head_part(wire.question(wire.m, wire.am, yours=place))])
        wire.send(wire.a, wire.am, [entry_part(wire.entry(wire.m, wire.am, [], seen=place))])
    wire.pump()
    wire.release(wire.a.ledger.mandates()[0], wire.a, wire.b)
    assert wire.a.ledger.line(wire.am).incarnation == before
    assert sum("does not hold" in each for each in wire.a.findings()) == 1


def test_mandates_without_number_are_not_kept() -> None:
    """P12: those that are here stay, and a neighbour that is in the way is named."""
    wire = Wire()
    first = wire.agree()
    agreement = wire.a.ledger.agreement(first)
    for at in range(MAX_PROPOSED + 5):
        proposal = replace(agreement.mandate, name=f"flood {at}", salt=wire.rng.randbytes(32))
        signed = sign(state(proposal, bytes(16)), wire.m.officer.seed)
        wire.say(wire.m, wire.a, wire.am, [(Item.MANDATE, signed.raw, [], [])])
    assert len(wire.a.ledger.mandates()) == 1 + MAX_PROPOSED
    assert any("has proposed 32 mandates" in each for each in wire.a.findings())
    wire.a.desk.acts.sign_mandate(wire.a.officer, wire.a.ledger.mandates()[-1], NOW)
    proposal = replace(agreement.mandate, name="one more", salt=wire.rng.randbytes(32))
    signed = sign(state(proposal, bytes(16)), wire.m.officer.seed)
    wire.say(wire.m, wire.a, wire.am, [(Item.MANDATE, signed.raw, [], [])])
    assert len(wire.a.ledger.mandates()) == 2 + MAX_PROPOSED
    assert isinstance(proposal, Mandate)


@pytest.mark.slow
def test_offices_without_number_are_not_kept() -> None:
    """P12: the far party of a mandate in force is not counted."""
    wire = Wire()
    wire.agree()
    known = len(wire.a.ledger.offices())
    for at in range(MAX_INTRODUCED + 3):
        office = found(f"x{at}", [NewOfficer("o", "o")], bytes(16), wire.rng.randbytes, NOW).office
        wire.say(wire.m, wire.a, wire.am, [(Item.ROSTER, office.raw)])
    assert len(wire.a.ledger.offices()) == known + MAX_INTRODUCED
    assert any("has introduced 64 offices" in each for each in wire.a.findings())


def test_findings_of_ever_new_texts_do_not_fill_the_disk() -> None:
    """P12: and what this machine itself did wrong is still kept."""
    wire = Wire()
    with wire.a.desk.context.transaction():
        for at in range(MAX_FINDINGS + 50):
            wire.a.ledger.find(NOW, "the other office's", f"text {at}", "", line=wire.am)
        wire.a.ledger.find(NOW, "this machine's", "own", "", line=wire.am)
        wire.a.ledger.find(NOW, "the other office's", "another line", "", line=bytes(32))
    found_here = wire.a.findings()
    assert len(found_here) == MAX_FINDINGS + 3
    assert {MORE, "own", "another line", "text 0"} <= set(found_here)


def _forms(wire: Wire, raw: bytes, count: int) -> list[tuple[int, bytes]]:
    from goodoffices.core import cbor

    suite, header, wraps, ciphertext = cbor.decode(raw)
    changed: list[tuple[int, bytes]] = []
    for at in range(count):
        flipped = bytearray(ciphertext)
        flipped[at] ^= 1
        changed.append((Item.NOTE, cbor.encode([suite, header, list(wraps), bytes(flipped)])))
    return changed


def _true_form(wire: Wire) -> tuple[bytes, bytes]:
    mandate = wire.agree(reading=Reading.SEALED, forwarding=Forwarding.BY_HAND)
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    ((_, raw, _, _),) = wire.m.ledger.copies(note)
    return note, raw


def test_sixteen_bad_forms_do_not_keep_the_true_one_out() -> None:
    """P2: an altered form gives way; some of the bad ones are kept as evidence."""
    wire = Wire()
    note, raw = _true_form(wire)
    wire.say(wire.m, wire.b, wire.mb, _forms(wire, raw, MAX_COPIES + 4))
    assert wire.b.note(note).state == "altered"
    wire.say(wire.m, wire.b, wire.mb, [(Item.NOTE, raw)])
    assert wire.b.note(note).state == "verified"
    assert len(wire.b.ledger.copies(note)) == MAX_COPIES


def test_the_true_form_waits_while_a_locked_desk_cannot_tell_the_others() -> None:
    """P2: it stays at the relay until somebody signs in."""
    wire = Wire()
    note, raw = _true_form(wire)
    wire.b.desk.lock()
    wire.say(wire.m, wire.b, wire.mb, _forms(wire, raw, MAX_COPIES))
    wire.say(wire.m, wire.b, wire.mb, [(Item.NOTE, raw)])
    assert len(wire.b.ledger.copies(note)) == MAX_COPIES
    wire.b.desk.unlock(wire.b.founding.reading_key, NOW)
    wire.send(wire.b, wire.mb, [head_part(wire.question(wire.m, wire.mb))])
    assert wire.b.note(note).state == "verified"


def test_a_page_sent_twice_with_other_words_is_told_so() -> None:
    """P2: the officer believed the second text to be released, and the first one was."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b, "The first.", once="token")
    assert wire.release(mandate, wire.a, wire.b, "The first.", once="token") == note
    with pytest.raises(YourError, match="released a note already"):
        wire.release(mandate, wire.a, wire.b, "The second.", once="token")
    with pytest.raises(YourError, match="released a note already"):
        wire.release(mandate, wire.a, wire.m, "The first.", once="token")
    assert len(wire.a.ledger.notes(mandate)) == 1


def test_a_token_of_an_older_vault_answers_as_before() -> None:
    """P13: it was kept without what was released."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b, once="token")
    with wire.a.desk.context.transaction():
        wire.a.ledger.set_fact("once token", note)
    assert wire.release(mandate, wire.a, wire.b, "Other.", once="token") == note


@pytest.mark.parametrize("name", ["Be\u200drn", "Bern\u200e", "\u3164"])
def test_names_with_unseen_characters_are_not_signed_here(name: str) -> None:
    """P12: an office that looks like another, and a channel too."""
    wire = Wire()
    with pytest.raises(YourError):
        found(name, [NewOfficer("duty", "officer 1")], bytes(16), wire.rng.randbytes, NOW)
    terms = Terms(name=name, path=(wire.a.me, wire.m.me, wire.b.me))
    with pytest.raises(YourError):
        wire.m.desk.acts.propose(wire.m.officer, terms, NOW)


def test_unseen_characters_of_received_names_are_said() -> None:
    """P12: an office introduced as another's double, an officer's pseudonym, and a mandate's name."""
    wire = Wire()
    agreement = wire.a.ledger.agreement(wire.agree())
    root_seed, officer = wire.rng.randbytes(32), wire.rng.randbytes(32)
    root = make_root("Teh\u200dran", root_seed, bytes(16), NOW)
    like = wire.b.founding.office.roster
    roster = replace(like, office=root.id, officers=(("duty\u200e", crypto.ed25519_public(officer), 31),))
    double = verify_office((root, make_roster(roster, root_seed, bytes(16))))
    wire.say(wire.m, wire.a, wire.am, [(Item.ROSTER, double.raw)])
    proposal = replace(agreement.mandate, name="chan\u200dnel", salt=wire.rng.randbytes(32))
    signed = sign(state(proposal, bytes(16)), wire.m.officer.seed)
    wire.say(wire.m, wire.a, wire.am, [(Item.MANDATE, signed.raw, [], [])])
    told = [each for each in wire.a.findings() if "cannot be seen" in each]
    assert [each.removeprefix("The name ").partition(" holds ")[0] for each in told] == [
        "Teh[U+200D]ran",
        "duty[U+200E]",
        "chan[U+200D]nel",
    ]
    assert ["U+200D" in told[0], "U+200E" in told[1], "U+200D" in told[2]] == [True] * 3


def _half_paired(wire: Wire) -> tuple[Office, bytes]:
    oslo = wire.add("Oslo")
    relays = ["http://127.0.0.1:1"]
    offers = [each.desk.offer(each.officer, relays, NOW) for each in (wire.a, oslo)]
    line = wire.a.desk.pair(wire.a.officer, offers[1], "Oslo", NOW)
    assert oslo.desk.pair(oslo.officer, offers[0], "Washington", NOW) == line
    return oslo, line


def test_digits_that_do_not_fit_are_nobodys_fault_yet() -> None:
    """P1: most often they were misheard; the next step covers the other case."""
    wire = Wire()
    _, line = _half_paired(wire)
    with pytest.raises(DigitsDiffer) as told:
        wire.a.desk.confirm(wire.a.officer, line, "1" * 30, NOW)
    assert told.value.fault == "unknown"
    assert not wire.a.ledger.line(line).confirmed_here


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_line_that_was_never_confirmed_gives_its_name_back(confirmed: bool) -> None:
    """P12: an invitation that came to nothing kept its name for ever."""
    wire = Wire()
    oslo, line = _half_paired(wire)
    if confirmed:
        heard = oslo.desk.spoken_digits(oslo.ledger.line(line)).read_aloud
        wire.a.desk.confirm(wire.a.officer, line, heard, NOW)
        wire.a.desk.work(NOW)
    wire.a.desk.remove_line(wire.a.officer, line, NOW)
    with pytest.raises(NotFound):
        wire.a.ledger.line(line)
    assert wire.a.desk.work(NOW) == []
    assert all(route.line is not None for route in wire.a.desk.own_routes())
    mine, theirs = (each.desk.offer(each.officer, ["http://127.0.0.1:1"], NOW) for each in (wire.a, oslo))
    again = wire.a.desk.pair(wire.a.officer, theirs, "Oslo", NOW, mine)
    assert wire.a.ledger.line(again).name == "Oslo"
    assert wire.a.db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_line_in_use_is_not_removed() -> None:
    """P8: its record is kept."""
    wire = Wire()
    with pytest.raises(NotAllowed):
        wire.a.desk.remove_line(wire.a.officer, wire.am, NOW)
    words = Words(text="Still there.", language="en")
    draft = Draft(mandate=wire.agree(), recipient=wire.b.me, words=words, precedence=3)
    wire.a.desk.acts.release(wire.a.officer, draft, NOW)
    assert not any(row.type == ActType.ALTERED for row in wire.a.ledger.acts_of_type(draft.mandate, 12))
