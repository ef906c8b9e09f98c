# SPDX-License-Identifier: Apache-2.0
"""A root is stolen: what the how-to says of it (docs/how-to/officers-and-keys.md), step by step (P8, P13; ADR 0065)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core.envelope import roster_part
from goodoffices.core.office import Office as Credential
from goodoffices.core.office import make_roster, verify_office
from goodoffices.desk.export import export
from goodoffices.desk.founding import Founding, NewOfficer, found
from goodoffices.desk.views.lines import line_cards
from goodoffices.verify.verifier import verify
from tests.attacks.hostile import NOW, Office, Wire


def the_thief(wire: Wire, office: Office, known: Credential | None = None) -> Founding:
    """The office's own root, and every other key the thief's: a roster that the office never asked for."""
    theirs = found(office.name, [NewOfficer("duty", "officer 9")], bytes(16), wire.rng.randbytes, NOW)
    mine, root = known or office.founding.office, office.founding.root_seed
    version = mine.roster.version + 1
    roster = replace(theirs.office.roster, office=mine.id, version=version, previous=mine.pin)
    forged = verify_office((*mine.signed, make_roster(roster, root, bytes(16))))
    return replace(theirs, office=forged, root_seed=root)


def state_of(here: Office, line: bytes) -> str:
    (card,) = (each for each in line_cards(here.desk, NOW, ()) if each.id == line)
    return card.state


def flaws(office: Office, folder: Path) -> list[object]:
    """What a stranger finds wrong with the whole record that an office holds."""
    assert export(office.desk, folder, NOW) == ()
    return [*verify(folder).findings]


def test_a_stolen_root_is_never_silent_and_what_is_held_stays_proven(tmp_path: Path) -> None:
    """P1, P3: a thief who also reaches the mailboxes brings his roster; the counterpart is told what it rests on."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    thief = the_thief(wire, wire.a)
    for _ in range(2):
        wire.send(wire.m, wire.am, [roster_part(thief.office.signed[-1])])
    alone = [each for each in wire.m.findings() if "came by its root's word alone" in each]
    assert len(alone) == 1
    assert wire.b.note(note).state == "verified"
    assert not flaws(wire.b, tmp_path / "record")


def test_a_roster_that_the_office_never_signed_is_handed_to_it() -> None:
    """P8: somebody paired with the thief without asking; the true desk hears of it from that counterpart."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b)
    wire.pump()
    wire.pair(wire.add("the thief", the_thief(wire, wire.a)), wire.m)
    wire.release(mandate, wire.a, wire.b, "By the keys that were compared.")
    wire.pump()
    wire.a.desk.start(NOW)
    wire.pump()
    assert any("from before roster 2 of this office" in each for each in wire.a.findings())
    assert wire.b.note(note).state == "verified"


@pytest.mark.slow
def test_the_office_is_replaced_while_it_works_and_both_records_stand(tmp_path: Path) -> None:
    """P8, P13: announced on the old line, paired, agreed; then the old desk leaves, and every counterpart is told."""
    wire = Wire()
    mandate = wire.agree()
    told = wire.release(
        mandate, wire.a, wire.b, "From today our office is another; its digits follow by voice."
    )
    wire.pump()
    anew = wire.add("Washington, anew")
    line = wire.pair(anew, wire.m)
    again = wire.agree(path=(anew, wire.m, wire.b), name="The channel, anew")
    for route, envelope in wire.a.desk.stops.prepare(NOW):
        reader, old = wire.boxes[route.mailbox]
        reader.desk.receive(old, envelope, NOW)
    assert (state_of(wire.m, wire.am), state_of(wire.m, line)) == ("left", "open")
    first = wire.release(again, anew, wire.b)
    wire.pump()
    for each in (wire.m, wire.b):
        assert {each.note(told).state, each.note(first).state} == {"verified"}
        assert not flaws(each, tmp_path / each.name)
    assert not flaws(wire.a, tmp_path / "old")
