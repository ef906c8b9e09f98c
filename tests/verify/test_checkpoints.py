# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in the record: verified, held against the entries, told with what still waits (P8)."""

from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core import checkpoint as cp
from goodoffices.core import merkle
from goodoffices.core.checkpoint import Checkpoint, Tree, read_checkpoint
from goodoffices.core.record.compare import compare
from goodoffices.core.record.findings import Flaw
from goodoffices.desk.export import export
from tests.verify.channel import Channel, Node, exported, sign_again, verdict


@pytest.fixture
def channel() -> Channel:
    """A week, and at its end every desk signs a checkpoint over what it wrote."""
    played = Channel()
    played.week()
    for node in played.nodes:
        node.desk.checkpoints.now(played.tick())
        played.pump()
    return played


@pytest.fixture
def folder(channel: Channel, tmp_path: Path) -> Path:
    return exported(channel.east, tmp_path / "export", channel.now)


def mine(folder: Path, name: str) -> tuple[Path, Checkpoint]:
    path = min(folder.glob(f"lines/*/checkpoints/{name}-*.cbor"))
    return path, read_checkpoint(path.read_bytes())


def put(folder: Path, path: Path, checkpoint: Checkpoint, node: Node) -> None:
    """Under the name that belongs to it, with its note beside it, and signed for."""
    stem = f"{path.name[: path.name.index('-') + 33]}-{checkpoint.size:06}-{checkpoint.root[:16].hex()}"
    path.with_name(f"{stem}.cbor").write_bytes(checkpoint.raw)
    path.with_name(f"{stem}.txt").write_text(checkpoint.note, encoding="utf-8")
    sign_again(folder, node)


def flaws(folder: Path) -> set[Flaw]:
    """But for the text that lists the checkpoints."""
    return {each.flaw for each in verdict(folder).findings} - {Flaw.TEXT}


def test_every_office_exports_its_checkpoints_and_they_verify(channel: Channel, tmp_path: Path) -> None:
    for node in channel.nodes:
        folder = exported(node, tmp_path / node.name, channel.now)
        told = verdict(folder)
        assert told.findings == ()
        assert told.account is not None
        assert all(each.checkpoints for each in told.account.lines.values())
        assert not any("under no checkpoint" in each for each in told.remarks)


def test_the_note_beside_it_is_the_text_that_others_verify(folder: Path) -> None:
    path, checkpoint = mine(folder, "tehran")
    assert path.with_suffix(".txt").read_text(encoding="utf-8") == checkpoint.note


def test_the_record_says_which_entries_wait_for_what(channel: Channel, tmp_path: Path) -> None:
    """P8: nothing waits for a checkpoint, and what has none is told."""
    channel.release(channel.east, channel.middle, "One more.")
    channel.east.desk.lines.send_part = lambda *_: None  # type: ignore[method-assign]
    channel.release(channel.middle, channel.east, "And one back.")
    folder = exported(channel.east, tmp_path / "export", channel.now)
    told = verdict(folder)
    assert told.findings == ()
    assert any("of Tehran under no checkpoint" in each for each in told.remarks)
    text = min(folder.glob("lines/*/checkpoints.txt")).read_text(encoding="utf-8")
    assert "waits for the next checkpoint" in text
    assert "cosigned by Bern" in text


def test_a_checkpoint_over_other_entries_is_found(channel: Channel, folder: Path) -> None:
    """It does not extend the one that is over these."""
    path, known = mine(folder, "bern")
    seed = channel.middle.founding.checkpoint_seed
    put(folder, path, cp.make(known.tree, known.size, bytes(32), roster=1, seed=seed), channel.east)
    told = [each for each in verdict(folder).findings if each.flaw == Flaw.CHECKPOINT_ROOT]
    assert [len(each.beside) for each in told] == [1]


def test_a_cut_record_does_not_hold_what_the_checkpoint_covers(channel: Channel, tmp_path: Path) -> None:
    """P8: with a checkpoint, also an end that nobody had seen cannot be left out."""
    node = channel.east
    channel.release(node, channel.middle, "The end of it.")
    node.desk.checkpoints.now(channel.tick())
    head = node.desk.ledger.head(channel.lines[1], node.me)
    assert head is not None
    channel.pump()
    node.db.execute("DELETE FROM kept_receipt WHERE entry=?", (head[2],))
    node.db.execute("DELETE FROM entry WHERE id=?", (head[2],))
    node.desk.ledger._forget()  # it remembers where its chains end
    export(node.desk, tmp_path / "export", channel.now)
    assert Flaw.CHECKPOINT_CUT in flaws(tmp_path / "export")


@pytest.mark.parametrize("part", ["mldsa65", "lines", "cosigner"])
def test_a_checkpoint_with_a_damaged_signature_is_found(channel: Channel, folder: Path, part: str) -> None:
    path, known = mine(folder, "bern")
    line = replace(known.lines[0], blob=known.lines[0].blob[:-1] + bytes([known.lines[0].blob[-1] ^ 1]))
    bad = {
        "mldsa65": replace(known, mldsa65=bytes(3309)),
        "lines": replace(known, lines=(line, *known.lines[1:])),
        "cosigner": replace(known, cosigners=(replace(known.cosigners[0], mldsa65=bytes(3309)),)),
    }[part]
    put(folder, path, bad, channel.east)
    assert Flaw.CHECKPOINT in flaws(folder)


def test_a_checkpoint_of_another_line_is_found(channel: Channel, folder: Path) -> None:
    path, known = mine(folder, "bern")
    tree = replace(known.tree, line=channel.lines[0])
    seed = channel.middle.founding.checkpoint_seed
    put(folder, path, cp.make(tree, known.size, known.root, roster=1, seed=seed), channel.east)
    assert Flaw.CHECKPOINT in flaws(folder)


def test_a_list_of_checkpoints_that_says_more_than_they_do_is_found(channel: Channel, folder: Path) -> None:
    path = min(folder.glob("lines/*/checkpoints.txt"))
    path.write_text(path.read_text(encoding="utf-8").replace("no time stamp", "time stamps: 3"))
    sign_again(folder, channel.east)
    assert [each.flaw for each in verdict(folder).findings] == [Flaw.TEXT]


def test_two_checkpoints_of_one_size_are_where_two_records_part(
    channel: Channel, folder: Path, tmp_path: Path
) -> None:
    """P8: a writer that shows each side another history."""
    other = exported(channel.middle, tmp_path / "Bern", channel.now)
    path, known = mine(other, "tehran")
    path.unlink()
    path.with_suffix(".txt").unlink()
    seed = channel.east.founding.checkpoint_seed
    put(other, path, cp.make(known.tree, known.size, bytes(32), roster=1, seed=seed), channel.middle)
    one, two = verdict(folder).account, verdict(other).account
    assert one is not None
    assert two is not None
    partings = compare(one, two).partings
    assert [(each.what, each.signer) for each in partings] == [
        (f"Tehran's checkpoint over {known.size} entries", "Tehran")
    ]


def test_an_entry_is_proved_under_a_checkpoint_with_a_few_hashes(channel: Channel, folder: Path) -> None:
    """P8: what a briefing stands on."""
    _, known = mine(folder, "tehran")
    tree: Tree = known.tree
    ids = channel.east.desk.ledger.entry_ids(tree, 0, known.size)
    assert ids is not None
    leaves = [merkle.plain_leaf(each) for each in ids]
    path = merkle.inclusion(leaves, 2)
    assert merkle.root_by_path(leaves[2], 2, known.size, path) == known.root
