# SPDX-License-Identifier: Apache-2.0
"""What holders, counterparts and intermediaries may try with a record, and what a stranger is told (P1, P8)."""

from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core import crypto
from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.line import CarriedEntry, Entry
from goodoffices.core.mandate import Forwarding, Reading
from goodoffices.core.record.findings import Cause, Finding, Flaw
from goodoffices.core.record.manifest import digest
from goodoffices.core.statement import sign, state
from goodoffices.desk.context import Officer
from goodoffices.desk.export import export
from tests.verify.channel import Channel, Node, exported, sign_again, verdict


@pytest.fixture
def channel() -> Channel:
    played = Channel()
    played.week()
    return played


def findings(node: Node, target: Path, now: int) -> tuple[Finding, ...]:
    """What a stranger finds in the export that this office makes of the tables it has."""
    export(node.desk, target, now)
    return verdict(target).findings


def drop_last_entry(node: Node, writer: Node, line: bytes) -> CarriedEntry:
    """A holder takes the newest entry of one chain out of its own vault."""
    head = node.desk.ledger.head(line, writer.me)
    assert head is not None
    carried = node.desk.ledger.entry(head[2])
    assert carried is not None
    node.db.execute("DELETE FROM entry WHERE id=?", (head[2],))
    node.desk.ledger._forget()
    return carried


def test_a_manifest_signed_by_another_office_is_found(channel: Channel, tmp_path: Path) -> None:
    folder = exported(channel.east, tmp_path / "export", channel.now)
    sign_again(folder, channel.middle)
    assert [each.where for each in verdict(folder).findings] == ["manifest.cbor"]


def test_an_own_entry_that_the_other_side_had_seen_cannot_be_left_out(
    channel: Channel, tmp_path: Path
) -> None:
    node = channel.east
    channel.release(channel.middle, node, "Has it reached you?")
    drop_last_entry(node, node, channel.lines[1])
    channel.release(channel.middle, node, "Has it reached you?")
    told = findings(node, tmp_path / "export", channel.now)
    assert any("seen by Bern's desk" in each.expected for each in told)


def test_an_entry_of_the_other_side_cannot_be_left_out_once_one_answered_it(
    channel: Channel, tmp_path: Path
) -> None:
    node = channel.east
    node.desk.acts.acknowledge(node.officer, node.desk.ledger.notes(channel.mandate)[0].id, 4, channel.tick())
    channel.pump()
    drop_last_entry(node, channel.middle, channel.lines[1])
    told = findings(node, tmp_path / "export", channel.now)
    assert any("the record was cut" in each.found for each in told)


def test_an_end_that_nobody_had_receipted_or_seen_can_be_left_out(channel: Channel, tmp_path: Path) -> None:
    """A limit that is stated: the writer's own, last, unreceipted entries (P8, docs/export.md)."""
    node = channel.east
    node.desk.acts.acknowledge(node.officer, node.desk.ledger.notes(channel.mandate)[0].id, 4, channel.tick())
    drop_last_entry(node, node, channel.lines[1])
    assert findings(node, tmp_path / "export", channel.now) == ()


def test_an_entry_left_out_in_the_middle_is_a_gap(channel: Channel, tmp_path: Path) -> None:
    node = channel.middle
    node.db.execute(
        "DELETE FROM entry WHERE number=3 AND line=? AND writer=?", (channel.lines[0], channel.west.me)
    )
    told = findings(node, tmp_path / "export", channel.now)
    assert any(each.promise == 2 and "Washington's entry 3" in each.expected for each in told)


def test_an_entry_replayed_from_another_line_is_found(channel: Channel, tmp_path: Path) -> None:
    folder = exported(channel.middle, tmp_path / "export", channel.now)
    source = min(folder.glob("lines/washington-*/entries/*-bern-*"))
    copy = min(folder.glob("lines/tehran-*")) / "entries" / source.name
    copy.write_bytes(source.read_bytes())
    sign_again(folder, channel.middle)
    told = verdict(folder).findings
    assert [each.cause for each in told if each.where.endswith(source.name)] == [Cause.REPLAYED]


def test_a_record_of_a_drill_cannot_pass_into_a_live_one(channel: Channel, tmp_path: Path) -> None:
    drill = Channel(realm=b"drill realm 0001")
    drill.week()
    live = exported(channel.east, tmp_path / "live", channel.now)
    played = exported(drill.east, tmp_path / "drill", drill.now)
    source = min(played.glob("lines/*/entries/*-bern-000003-*"))
    place = min(live.glob("lines/*/entries")) / source.name
    place.write_bytes(source.read_bytes())
    sign_again(live, channel.east)
    told = [each for each in verdict(live).findings if each.where.endswith(source.name)]
    assert [each.cause for each in told] == [Cause.REPLAYED]


def fork(node: Node, writer: Node, line: bytes) -> CarriedEntry:
    """A second entry at the place of the writer's newest one, signed with the writer's own desk key."""
    head = node.desk.ledger.head(line, writer.me)
    assert head is not None
    carried = node.desk.ledger.entry(head[2])
    assert carried is not None
    content = replace(carried.entry, time=(carried.entry.time[0] + 1, 0))
    return CarriedEntry(
        sign(state(content, node.founding.office.realm), writer.founding.desk_seed),
        carried.salt,
        carried.body,
    )


def test_two_versions_of_one_entry_are_a_finding_for_ever(channel: Channel, tmp_path: Path) -> None:
    node = channel.middle
    node.desk.ledger.add_entry(fork(node, channel.west, channel.lines[0]), channel.now)
    told = findings(node, tmp_path / "export", channel.now)
    (found,) = (each for each in told if each.flaw == Flaw.FORK)
    assert "Washington" in found.expected
    assert len({found.where, *found.beside}) == 2


def test_an_act_by_somebody_who_is_no_officer_is_found(channel: Channel, tmp_path: Path) -> None:
    """P10."""
    node, seed = channel.east, bytes(range(32))
    thief = Officer("thief", crypto.ed25519_public(seed), seed)
    note = node.desk.ledger.notes(channel.mandate)[0]
    with node.desk.context.transaction():
        node.desk.channels.do(
            node.desk.ledger.agreement(channel.mandate),
            ActType.WITH_PRINCIPAL,
            channel.tick(),
            recipient=note.author,
            lane=CHANNEL_LANE,
            officer=thief,
            subject=note.id,
        )
        node.desk.lines.flush_all(channel.now)
    told = findings(node, tmp_path / "export", channel.now)
    assert any(each.promise == 1 and each.cause == Cause.WRONG_SIGNER for each in told)


def test_a_note_altered_by_its_intermediary_is_found_in_both_parties_records(tmp_path: Path) -> None:
    """P1: in the sender's by the digest that the reader's desk signed, in the reader's by what it found."""
    channel = Channel(reading=Reading.SEALED)
    note = channel.release(channel.west, channel.east)
    ledger = channel.middle.desk.ledger
    ((old, raw, _, _),) = ledger.copies(note)
    altered = raw[:-1] + bytes([raw[-1] ^ 1])
    channel.middle.db.execute(
        "UPDATE copy SET sealed=?, digest=? WHERE digest=?", (altered, digest(altered), old)
    )
    channel.middle.desk.acts.forward(channel.middle.officer, note, channel.tick())
    channel.pump()
    for node in (channel.west, channel.east):
        told = findings(node, tmp_path / node.name, channel.now)
        assert any("altered" in each.found for each in told)
        assert all(each.promise == 1 for each in told)
    assert any("other bytes" in each.found for each in verdict(tmp_path / "Washington").findings)


def test_a_desk_cannot_forward_where_the_mandate_asks_for_a_person(tmp_path: Path) -> None:
    """P10."""
    channel = Channel(forwarding=Forwarding.BY_HAND)
    note = channel.release(channel.west, channel.east)
    desk = channel.middle.desk
    row = desk.ledger.note(note)
    assert row is not None
    with desk.context.transaction():
        desk.channels.forward(desk.ledger.agreement(channel.mandate), row, channel.tick(), None)
    told = findings(channel.middle, tmp_path / "export", channel.now)
    assert {each.cause for each in told} == {Cause.NO_RIGHT}  # once on each line that carried it


@pytest.mark.parametrize(
    "name", ["record.txt", "README.txt", "text.txt", "note.txt", "mandate.txt", "line.txt"]
)
def test_a_text_that_says_something_else_than_the_signed_bytes_is_found(
    channel: Channel, tmp_path: Path, name: str
) -> None:
    """Also when its holder signs the list again."""
    folder = exported(channel.east, tmp_path / "export", channel.now)
    path = min(folder.rglob(name))
    path.write_bytes(path.read_bytes().replace(b"not", b"now").replace(b"e", b"a"))
    sign_again(folder, channel.east)
    told = verdict(folder).findings
    assert [each.where for each in told] == [path.relative_to(folder).as_posix()]
    assert "made from the signed bytes" in told[0].expected


def test_another_notes_words_cannot_be_put_under_a_note(channel: Channel, tmp_path: Path) -> None:
    folder = exported(channel.east, tmp_path / "export", channel.now)
    one, other, *_ = sorted(folder.glob("channels/*/notes/*/note.cbor"))
    one.write_bytes(other.read_bytes())
    sign_again(folder, channel.east)
    assert any(each.where == one.relative_to(folder).as_posix() for each in verdict(folder).findings)


def test_a_file_that_belongs_to_nothing_is_found_though_it_is_listed(
    channel: Channel, tmp_path: Path
) -> None:
    folder = exported(channel.east, tmp_path / "export", channel.now)
    (folder / "channels" / "secret-annex.txt").write_text("They agreed to more.", encoding="utf-8")
    sign_again(folder, channel.east)
    assert [each.where for each in verdict(folder).findings] == ["channels/secret-annex.txt"]


def test_a_line_nobody_confirmed_carries_nothing(channel: Channel, tmp_path: Path) -> None:
    """P1."""
    folder = exported(channel.east, tmp_path / "export", channel.now)
    min(folder.glob("lines/*/confirmed-by-bern-*")).unlink()
    sign_again(folder, channel.east)
    assert any("before both offices have confirmed" in each.expected for each in verdict(folder).findings)


def test_an_entry_names_itself_by_its_place(channel: Channel) -> None:
    """The fork above is a real one: same place, other ID."""
    other = fork(channel.middle, channel.west, channel.lines[0])
    head = channel.middle.desk.ledger.head(channel.lines[0], channel.west.me)
    assert head is not None
    assert other.signed.statement.read(Entry).number == head[1]
    assert other.signed.id != head[2]
