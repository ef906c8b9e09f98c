# SPDX-License-Identifier: Apache-2.0
"""What a finding says has happened, and what comes first when one fault hides others (P8)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core import cbor
from goodoffices.core.crypto import ed25519_public, sha256
from goodoffices.core.errors import Altered, NewerVersion, NotNow
from goodoffices.core.office import Office, Right, Roster, make_roster, verify_office
from goodoffices.core.record.findings import Cause, Finding, Flaw, cause_of, signer_cause
from goodoffices.core.roster_request import sign_request
from goodoffices.core.statement import Signed, sign, state
from goodoffices.desk.export import export
from goodoffices.verify.command import main
from tests.verify.channel import Channel, Node, exported, sign_again, verdict


@pytest.fixture(scope="module")
def channel() -> Channel:
    played = Channel()
    played.week()
    return played


@pytest.fixture
def folder(channel: Channel, tmp_path: Path) -> Path:
    return exported(channel.east, tmp_path / "export", channel.now)


def causes(folder: Path) -> list[tuple[str, Cause]]:
    return [(each.where, each.cause) for each in verdict(folder).findings]


def test_every_kind_of_finding_has_a_promise_and_a_cause() -> None:
    assert all(Finding("", flaw, "", "").cause in Cause and 1 <= flaw.promise <= 14 for flaw in Flaw)


def test_errors_keep_their_cause() -> None:
    assert [cause_of(each("")) for each in (Altered, NewerVersion, NotNow)] == [
        Cause.ALTERED,
        Cause.NEWER,
        Cause.MISSING,
    ]


def test_programs_are_told_cause_and_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = min(folder.glob("lines/*/entries/*"))
    path.write_bytes(path.read_bytes()[:-1])
    assert main([str(folder), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["findings"]
    name = path.relative_to(folder).as_posix()
    assert {(each["where"], each["cause"]) for each in told} >= {(name, "altered"), (name, "malformed")}


@pytest.mark.parametrize("at", [30, 260, 320, -20])
@pytest.mark.parametrize("author", ["tehran", "washington"])
def test_one_altered_byte_of_a_note_has_one_place_and_one_cause(folder: Path, author: str, at: int) -> None:
    """P1: not that it is another note's, that its text belongs to nothing, or that others lie about it."""
    path = min(folder.glob(f"channels/*/notes/{author}-*/note.cbor"))
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)
    name = path.relative_to(folder).as_posix()
    told = verdict(folder)
    found = {(each.where, each.flaw, each.cause) for each in told.findings}
    assert found == {(name, Flaw.HASH, Cause.ALTERED), (name, Flaw.NOTE, Cause.ALTERED)}
    (remark,) = (each for each in told.remarks if each.startswith(path.parent.relative_to(folder).as_posix()))
    assert "files.sha256 alone" in remark
    assert not any("are not here" in each or "is not here" in each for each in told.remarks)


def test_what_is_made_from_a_note_that_does_not_hold_is_still_held_against_the_list(folder: Path) -> None:
    """P8: its text, changed with it, is found by itself; and so is a note's file that was taken away."""
    path = min(folder.glob("channels/*/notes/tehran-*/note.cbor"))
    path.unlink()
    text = path.with_name("text.txt")
    text.write_bytes(text.read_bytes() + b"!")
    assert {(each.where.rpartition("/")[2], each.flaw) for each in verdict(folder).findings} == {
        ("note.cbor", Flaw.MISSING),
        ("text.txt", Flaw.HASH),
    }


def test_a_manifest_that_cannot_be_read_is_the_first_finding_and_what_is_left_is_said(folder: Path) -> None:
    (folder / "manifest.cbor").write_bytes(b"\x80")
    (folder / "README.txt").write_bytes(b"Trust me.\n")
    told = verdict(folder)
    assert causes(folder) == [("manifest.cbor", Cause.MALFORMED), ("README.txt", Cause.ALTERED)]
    assert "nobody has signed" in told.remarks[0]


def test_a_damaged_manifest_is_named_before_the_list(folder: Path) -> None:
    raw = (folder / "manifest.cbor").read_bytes()
    at = raw.index(sha256((folder / "files.sha256").read_bytes()))
    (folder / "manifest.cbor").write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
    assert [where for where, _ in causes(folder)][:2] == ["manifest.cbor", "files.sha256"]


def test_an_export_signed_by_another_offices_desk_has_the_wrong_signer(
    channel: Channel, folder: Path
) -> None:
    sign_again(folder, channel.middle)
    assert causes(folder) == [("manifest.cbor", Cause.WRONG_SIGNER)]


def with_next_roster(node: Node, **changed: object) -> Office:
    """The office after its root signed one more roster."""
    known = node.founding.office
    roster: Roster = replace(
        known.roster,
        version=known.roster.version + 1,
        previous=known.pin,
        **changed,  # type: ignore[arg-type]
    )
    return verify_office((*known.signed, make_roster(roster, node.founding.root_seed, known.realm)))


def test_a_signer_is_a_stranger_a_key_of_another_time_or_without_the_right(channel: Channel) -> None:
    """P10: which of the three is told apart, by the roster of that moment."""
    node = channel.east
    old = node.officer
    new_seed = bytes(range(32))
    rows = (("officer 2", ed25519_public(new_seed), int(Right.AUDIT)),)
    revoked = ((old.public, channel.now, "lost"),)
    office = with_next_roster(node, officers=rows, revoked=revoked)
    anything = node.founding.office.signed[1].statement
    stranger = sign(anything, bytes(32))
    assert signer_cause(stranger, office, 2) == Cause.WRONG_SIGNER
    assert signer_cause(sign(anything, old.seed), office, 2) == Cause.REVOKED_KEY
    assert signer_cause(sign(anything, new_seed), office, 2) == Cause.NO_RIGHT
    assert signer_cause(sign(anything, new_seed), office, 1) == Cause.REVOKED_KEY
    assert signer_cause(sign(anything, old.seed), office, 3) == Cause.WRONG_SIGNER
    forged = Signed(anything, ((old.public, bytes(64)),))
    assert signer_cause(forged, office, 1) == Cause.WRONG_SIGNER


def test_a_roster_that_was_handed_over_and_is_left_out_of_the_credential_is_missing(tmp_path: Path) -> None:
    """P8, P10: an office's last roster taken out of what a stranger gets."""
    channel = Channel()
    node, new = channel.middle, bytes(range(32))
    request = node.desk.rosters.add(
        node.officer, ed25519_public(new), "officer 2", Right.AUDIT, channel.tick()
    )
    node.desk.rosters.install(sign_request(request, node.founding.root_seed), channel.now)
    channel.pump()
    folder = exported(channel.east, tmp_path / "export", channel.now)
    (credential,) = folder.glob("offices/bern-*/credential.cbor")
    items = cbor.decode(credential.read_bytes())
    credential.write_bytes(cbor.encode(items[:-1]))
    sign_again(folder, channel.east)
    told = [each for each in verdict(folder).findings if each.flaw == Flaw.ITEM]
    assert {each.cause for each in told} == {Cause.MISSING}


def test_an_act_on_a_note_that_had_not_arrived_contradicts_its_own_desk(tmp_path: Path) -> None:
    """P9: Tehran's desk signs to have opened a note while its entries say that it had not come yet."""
    channel = Channel()
    east, middle = channel.east, channel.middle
    note = channel.release(channel.west, channel.east)
    middle.desk.acts.forward(middle.officer, note, channel.tick())
    channel.pump()
    east.desk.acts.open(east.officer, note, channel.tick())
    head = east.desk.ledger.head(channel.lines[1], east.me)
    assert head is not None
    carried = east.desk.ledger.entry(head[2])
    assert carried is not None
    earlier = replace(carried.entry, seen=None)
    signed = sign(state(earlier, bytes(16)), east.founding.desk_seed)
    east.db.execute("UPDATE entry SET id=?, signed=? WHERE id=?", (signed.id, signed.raw, head[2]))
    east.desk.ledger._forget()  # it remembers where its chains end
    export(east.desk, tmp_path / "export", channel.now)
    (told,) = verdict(tmp_path / "export").findings
    assert (told.flaw, told.cause, told.promise) == (Flaw.CLAIM, Cause.CONTRADICTION, 9)
    assert told.where.endswith(f"{signed.id[:16].hex()}.cbor")
    assert len(told.beside) == 1


def test_the_verdict_on_a_sealed_record_says_what_it_does_not_cover(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """P8, P3."""
    channel = Channel()
    channel.week()
    channel.east.desk.lock()
    assert main([str(exported(channel.east, tmp_path / "export", channel.now))]) == 0
    told = capsys.readouterr().out
    assert "(0 with their words, 3 sealed)" in told
    assert "not what they say" in told.splitlines()[-1]
