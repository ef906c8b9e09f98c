# SPDX-License-Identifier: Apache-2.0
"""Desks without a relay between them: a note, its acts and its receipts go by hand."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from goodoffices.core.act import ActType
from goodoffices.core.courier import read_bundle, write_bundle
from goodoffices.core.errors import GoodOfficesError, YourError
from goodoffices.desk.courier.carrying import TakenIn, carry_in, carry_out
from goodoffices.desk.courier.frames import frames_of
from goodoffices.desk.courier.gathering import gather
from goodoffices.desk.courier.pictures import contents, png
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import keys_in
from tests import founded
from tests.attacks.hostile import NOW, Office, Wire
from tests.desk.test_rosters import _gone_back, newcomer, signed, version_at


def carry(giver: Office, taker: Office, line: bytes) -> TakenIn:
    giver.desk.settle(NOW)
    return carry_in(taker.desk, taker.officer, carry_out(giver.desk, giver.officer, line, NOW), NOW)


def rungs(office: Office, note: bytes) -> set[int]:
    return {row.type for row in office.ledger.acts_about(note)}


def test_a_note_and_its_acknowledgement_travel_by_stick_alone() -> None:
    """P2, P7: every leg by hand, and every rung is known at the end where it began."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b, "By hand.")
    assert carry(wire.a, wire.m, wire.am).new > 0
    assert carry(wire.m, wire.b, wire.mb).new > 0
    assert wire.b.note(note).state == "verified"
    wire.b.desk.acts.open(wire.b.officer, note, NOW)
    wire.b.desk.acts.acknowledge(wire.b.officer, note, 1, NOW)
    back = carry(wire.b, wire.m, wire.mb)
    assert back.receipted > 0
    last = carry(wire.m, wire.a, wire.am)
    assert last.receipted > 0
    assert {ActType.FORWARDED, ActType.OPENED, ActType.ACKNOWLEDGED} <= rungs(wire.a, note)
    assert not wire.a.findings() + wire.m.findings() + wire.b.findings()


def test_an_envelope_that_a_stick_damaged_costs_the_others_nothing() -> None:
    """P2, P12: the rest of the bundle is taken in, and what was damaged stays owed."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b)
    whole = read_bundle(carry_out(wire.a.desk, wire.a.officer, wire.am, NOW))
    damaged = bytearray(whole[0])
    damaged[1000] ^= 1
    carry_in(wire.m.desk, wire.m.officer, write_bundle([bytes(damaged), *whole]), NOW)
    assert wire.m.note(note).state == "verified"


def test_a_bundle_that_was_cut_off_is_told_as_such() -> None:
    """P12: the stick's fault, and no other office's."""
    wire = Wire()
    bundle = carry_out(wire.a.desk, wire.a.officer, wire.am, NOW)
    with pytest.raises(YourError, match="cut off or damaged"):
        carry_in(wire.m.desk, wire.m.officer, bundle[:-1], NOW)


def test_what_was_carried_stays_owed_until_its_receipt_comes() -> None:
    """P2: a stick that is lost costs a day, not a note."""
    wire = Wire()
    mandate = wire.agree()
    wire.release(mandate, wire.a, wire.b)
    lost = carry_out(wire.a.desk, wire.a.officer, wire.am, NOW)
    again = carry_in(wire.m.desk, wire.m.officer, carry_out(wire.a.desk, wire.a.officer, wire.am, NOW), NOW)
    assert again.new > 0
    assert lost
    carry(wire.m, wire.a, wire.am)
    assert not wire.a.ledger.unreceipted(wire.am, wire.a.me)
    assert carry(wire.a, wire.m, wire.am).new == 0
    assert ActType.ON_RELAY not in rungs(wire.a, wire.a.ledger.notes(mandate)[0].id)


def test_the_same_stick_twice_changes_nothing() -> None:
    """P2"""
    wire = Wire()
    mandate = wire.agree()
    wire.release(mandate, wire.a, wire.b)
    bundle = carry_out(wire.a.desk, wire.a.officer, wire.am, NOW)
    first = carry_in(wire.m.desk, wire.m.officer, bundle, NOW)
    second = carry_in(wire.m.desk, wire.m.officer, bundle, NOW)
    assert first.new > 0
    assert (second.new, second.refused, second.later) == (0, 0, 0)


def test_a_relay_that_comes_back_brings_nothing_twice() -> None:
    """P2, P7: by hand is one more route, beside the others."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b)
    carry(wire.a, wire.m, wire.am)
    wire.pump()
    assert [row.id for row in wire.b.ledger.notes(mandate)] == [note]


def test_somebody_elses_stick_is_named_and_leaves_nothing() -> None:
    """P12"""
    wire = Wire()
    mandate = wire.agree()
    wire.release(mandate, wire.a, wire.b)
    bundle = carry_out(wire.a.desk, wire.a.officer, wire.am, NOW)
    before = wire.b.ledger.counts_of(wire.mb, wire.m.me, wire.b.me)
    with pytest.raises(YourError, match="another office"):
        carry_in(wire.b.desk, wire.b.officer, bundle, NOW)
    assert wire.b.ledger.counts_of(wire.mb, wire.m.me, wire.b.me) == before


def test_a_stick_shows_neither_names_nor_lines() -> None:
    """P3, P4: whoever finds it learns sizes."""
    wire = Wire()
    mandate = wire.agree()
    wire.release(mandate, wire.a, wire.b, "Nobody reads this.")
    bundle = carry_out(wire.a.desk, wire.a.officer, wire.am, NOW)
    for secret in (wire.am, mandate, wire.a.me, wire.m.me, b"Washington", b"Bern", b"Nobody reads this."):
        assert secret not in bundle


def test_one_envelope_that_was_changed_on_the_way_costs_only_itself() -> None:
    """P12: the rest is taken in, and the damage is a finding."""
    wire = Wire()
    mandate = wire.agree()
    for number in range(40):
        wire.release(mandate, wire.a, wire.b, f"{number} " + "x" * 20_000)
    envelopes = list(read_bundle(carry_out(wire.a.desk, wire.a.officer, wire.am, NOW)))
    assert len(envelopes) > 2
    envelopes[1] = envelopes[1][:-1] + bytes([envelopes[1][-1] ^ 1])
    taken = carry_in(wire.m.desk, wire.m.officer, write_bundle(envelopes), NOW)
    assert taken.refused == 1
    assert taken.new > 0
    assert carry(wire.a, wire.m, wire.am).new > 0
    assert len(wire.m.ledger.notes(mandate)) == 40


def test_a_desk_that_started_is_told_by_hand_that_it_did_not_go_back() -> None:
    """P8: the question after every start, and its answer, go by stick as well."""
    wire = Wire()
    wire.a.desk.lines.resume(NOW)
    assert wire.a.desk.lines.comparing()
    carry(wire.a, wire.m, wire.am)
    carry(wire.m, wire.a, wire.am)
    assert not wire.a.desk.lines.comparing()


def test_a_stick_brings_rosters_that_no_entry_could_tell() -> None:
    """P2, P7: after a lost vault the root gives the desk another key, and no relay is needed to say so."""
    wire = Wire()
    mandate = wire.agree()
    copy = wire.a.db.serialize()
    renewed(wire, wire.a)
    wire.pump()
    _gone_back(wire, wire.a, copy)
    renewed(wire, wire.a)
    note = wire.release(mandate, wire.a, wire.b, "By the new key.")
    taken = carry(wire.a, wire.m, wire.am)
    assert (version_at(wire.m, wire.a), taken.later) == (3, 0)
    assert wire.m.ledger.note(note) is not None
    carry(wire.m, wire.a, wire.am)
    assert not wire.a.desk.lines.untold.anybody()


def renewed(wire: Wire, office: Office) -> None:
    """The office's desk has another key from now on."""
    request = office.desk.rosters.renew(office.officer, NOW, desk_key=True)
    office.desk.rosters.install(signed(office, request), NOW)


def test_a_stick_brings_a_lost_vault_the_rosters_of_its_own_office() -> None:
    """P7, P8: the answer to its question says which officers there are now."""
    wire = Wire()
    wire.agree()
    copy = wire.a.db.serialize()
    newcomer(wire, wire.a)
    wire.pump()
    founded.put_back(wire.a.db, copy)
    wire.a.desk = Desk(wire.a.db, keys_in(wire.a.ledger), wire.rng.randbytes)
    wire.a.desk.start(NOW)
    carry(wire.a, wire.m, wire.am)
    carry(wire.m, wire.a, wire.am)
    assert wire.a.desk.context.my_office().roster.version == 2


def test_an_officer_without_duty_carries_nothing() -> None:
    """P4"""
    wire = Wire()
    with pytest.raises(GoodOfficesError):
        carry_out(wire.a.desk, wire.b.officer, wire.am, NOW)


@pytest.mark.slow
def test_photographed_sheets_bring_the_bundle_over() -> None:
    """P7: printed six to a page, photographed askew, a third of the pages lost."""
    wire = Wire()
    mandate = wire.agree()
    note = wire.release(mandate, wire.a, wire.b, "On paper.")
    frames = frames_of(carry_out(wire.a.desk, wire.a.officer, wire.am, NOW, pictures=True))
    sheets = []
    for first in range(0, len(frames), 6):
        sheet = Image.new("L", (1240, 1754), 255)
        for at, frame in enumerate(frames[first : first + 6]):
            code = Image.open(io.BytesIO(png(frame))).convert("L").resize((530, 530))
            sheet.paste(code, (60 + (at % 2) * 590, 60 + (at // 2) * 560))
        out = io.BytesIO()
        sheet.rotate(1.7, expand=True, fillcolor=190).save(out, "JPEG", quality=80)
        sheets.append(out.getvalue())
    kept = random.Random(5).sample(sheets, -(-len(sheets) * 7 // 10))
    assert len(kept) < len(sheets)
    gathered = gather((f"{at}.jpg", sheet) for at, sheet in enumerate(kept))
    ((_, bundle),) = gathered.bundles()
    assert carry_in(wire.m.desk, wire.m.officer, bundle, NOW).new > 0
    assert wire.m.note(note).state == "verified"


@pytest.mark.parametrize(
    "junk", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(40), b"\xff\xd8\xff" + bytes(40)]
)
def test_a_file_that_is_neither_is_named_and_the_others_count(junk: bytes) -> None:
    """P12"""
    wire = Wire()
    bundle = carry_out(wire.a.desk, wire.a.officer, wire.am, NOW)
    gathered = gather([("junk", junk), ("stick.courier", bundle)])
    assert [name for name, _ in gathered.useless] == ["junk"]
    assert gathered.bundles() == [("stick.courier", bundle)]


@pytest.mark.parametrize("size", [(9_000, 9_000), (14_000, 14_000), (70_000, 1), (1, 65_536)])
def test_a_picture_that_explodes_is_refused(size: tuple[int, int]) -> None:
    """P12: few bytes that would become many points, or a line of them that no reader of codes takes."""
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG")
    with pytest.raises(GoodOfficesError):
        list(contents(out.getvalue()))
