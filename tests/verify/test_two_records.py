# SPDX-License-Identifier: Apache-2.0
"""Two offices' records held against each other: where they part, and who signed what (P1, P8)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core.mandate import Reading
from goodoffices.core.record.compare import Comparison
from goodoffices.core.record.manifest import digest
from goodoffices.core.statement import sign, state
from goodoffices.desk.export import export
from goodoffices.verify.command import main
from goodoffices.verify.pair import Pair
from tests.verify.channel import PAIR_JUDGES, Channel, Node, exported, verdict


@pytest.fixture
def channel() -> Channel:
    played = Channel()
    played.week()
    return played


def held(first: Path, second: Path) -> Comparison:
    pair = Pair((first.name, second.name), (verdict(first), verdict(second)))
    for judge in PAIR_JUDGES:
        judge(pair, first, second)
    found = pair.comparison
    assert found is not None
    return found


def pair(channel: Channel, one: Node, other: Node, tmp_path: Path) -> tuple[Path, Path]:
    """Both exports, whatever is wrong with them."""
    folders = tmp_path / one.name, tmp_path / other.name
    for node, folder in zip((one, other), folders, strict=True):
        export(node.desk, folder, channel.now)
    return folders


def test_the_two_ends_of_an_honest_line_part_nowhere_and_lack_nothing(
    channel: Channel, tmp_path: Path
) -> None:
    """P8. What Bern holds of its other line is not Tehran's to have."""
    found = held(*pair(channel, channel.east, channel.middle, tmp_path))
    assert (len(found.common), found.partings) == (1, ())
    assert not any("entr" in each.what for each in found.differences)


def signed_twice(channel: Channel) -> None:
    """Bern has signed another entry in one place, and its record holds that one."""
    node, line = channel.middle, channel.lines[1]
    head = node.desk.ledger.head(line, node.me)
    assert head is not None
    carried = node.desk.ledger.entry(head[2])
    assert carried is not None
    other = sign(
        state(replace(carried.entry, time=(carried.entry.time[0] + 1, 0)), bytes(16)), node.founding.desk_seed
    )
    node.db.execute(
        "UPDATE entry SET id=?, signed=?, receipt=NULL WHERE id=?", (other.id, other.raw, head[2])
    )
    node.db.execute("DELETE FROM kept_receipt")


def test_an_entry_signed_twice_is_where_the_two_records_part(channel: Channel, tmp_path: Path) -> None:
    """P8: neither record shows it alone."""
    signed_twice(channel)
    found = held(*pair(channel, channel.east, channel.middle, tmp_path))
    (parting,) = found.partings
    assert parting.signer == "Bern's desk"
    assert (parting.first, parting.second) != ("", "")
    assert (tmp_path / "Tehran" / parting.first).is_file()
    assert (tmp_path / "Bern" / parting.second).is_file()


def test_a_note_sent_on_as_other_bytes_is_where_the_parties_records_part(tmp_path: Path) -> None:
    """P1: the parties have no line in common; what Bern signed to each stands against it."""
    channel = Channel(reading=Reading.SEALED)
    note = channel.release(channel.west, channel.east)
    ((old, raw, _, _),) = channel.middle.desk.ledger.copies(note)
    altered = raw[:-1] + bytes([raw[-1] ^ 1])
    channel.middle.db.execute(
        "UPDATE copy SET sealed=?, digest=? WHERE digest=?", (altered, digest(altered), old)
    )
    channel.middle.desk.acts.forward(channel.middle.officer, note, channel.tick())
    channel.pump()
    found = held(*pair(channel, channel.west, channel.east, tmp_path))
    assert found.common == ()
    assert [each.signer for each in found.partings] == ["Bern and Washington"]


def test_what_was_refused_is_told_with_who_refused_it(channel: Channel, tmp_path: Path) -> None:
    """P6."""
    found = held(*pair(channel, channel.east, channel.west, tmp_path))
    told = [each for each in found.differences if each.what == "note 1 of Tehran"]
    assert [(each.holder, each.known) for each in told] == [(0, "refused by Bern")]


def test_a_younger_record_has_what_the_older_lacks_and_that_is_no_finding(
    channel: Channel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = exported(channel.east, tmp_path / "old", channel.now)
    channel.release(channel.middle, channel.east, "Are you well?")
    new = exported(channel.middle, tmp_path / "new", channel.now)
    assert main([str(old), str(new), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["partings"] == []
    entries = [each for each in told["differences"] if "entr" in each["what"]]
    assert {each["holder"] for each in entries} == {1}
    assert any("signed receipts" in each["known"] for each in entries)


def test_both_verdicts_and_the_comparison_are_said_in_words(
    channel: Channel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = pair(channel, channel.east, channel.middle, tmp_path)
    assert main([str(each) for each in folders]) == 0
    told = capsys.readouterr().out
    assert told.count("VERIFIED") == 2
    assert "Both hold the line" in told
    assert "They part nowhere" in told.splitlines()[-1]


def test_a_drill_and_the_channel_are_not_compared(channel: Channel, tmp_path: Path) -> None:
    drill = Channel(realm=b"drill realm 0001")
    live = exported(channel.east, tmp_path / "live", channel.now)
    played = exported(drill.east, tmp_path / "drill", drill.now)
    assert main([str(live), str(played)]) == 1
