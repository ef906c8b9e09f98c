# SPDX-License-Identifier: Apache-2.0
"""Briefings: parts of a record for a third party, each proved, and what is withheld told (P8, P4)."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor, crypto, merkle
from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.briefing import FILE, Parts, Sharing, Shown, read_briefing, write_briefing
from goodoffices.core.consent import Question
from goodoffices.core.errors import GoodOfficesError, NotAllowed, NotFound, NotNow
from goodoffices.core.mandate import RecordUse
from goodoffices.core.readable.briefing import TEXT as FILE_OF_TEXT
from goodoffices.core.readable.briefing import briefing_lines
from goodoffices.core.record.briefing import examine
from goodoffices.core.record.findings import Flaw
from goodoffices.core.statement import sign, state
from goodoffices.desk.briefing import Chosen, make_briefing
from goodoffices.desk.consent import ask
from goodoffices.verify.briefing import verify_briefing
from goodoffices.verify.command import main
from tests.verify.channel import Channel, exported, verdict

SECRET, WORDS = "Our man in the harbour is named so and so.", "The ships will not leave port."
TEXT = f"{WORDS}\n\n{SECRET}"


def made_channel(
    record_use: int = RecordUse.AS_EVIDENCE,
    checkpoints: bool = True,
    bring: Callable[[Channel], bytes] | None = None,
) -> tuple[Channel, bytes]:
    """A note from Washington, forwarded and opened. ``bring``: makes an extract that the note brings."""
    channel = Channel(record_use=record_use)
    reports = () if bring is None else (bring(channel),)
    note = channel.release(channel.west, channel.east, TEXT, reports)
    channel.middle.desk.acts.forward(channel.middle.officer, note, channel.tick())
    channel.pump()
    channel.east.desk.acts.open(channel.east.officer, note, channel.tick())
    channel.pump()
    for node in channel.nodes if checkpoints else ():
        node.desk.checkpoints.now(channel.tick())
        channel.pump()
    return channel, note


@pytest.fixture(scope="module")
def played() -> tuple[Channel, bytes]:
    return made_channel()


def chosen(channel: Channel, note: bytes, **more: object) -> Chosen:
    """The language and the first paragraph of the note, for a court."""
    first = Chosen(channel.mandate, "The Tribunal", Sharing.AMBER, {note: (1, 4)}, along=True)
    return replace(first, **more)  # type: ignore[arg-type]


def make(channel: Channel, what: Chosen, target: Path) -> Path:
    make_briefing(channel.east.desk, channel.east.officer, what, target, channel.tick())
    return target


@pytest.fixture(scope="module")
def folder(played: tuple[Channel, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    channel, note = played
    return make(channel, chosen(channel, note), tmp_path_factory.mktemp("briefing") / "briefing")


def test_what_is_shown_verifies_and_the_rest_is_not_in_it(folder: Path) -> None:
    """P8, P4: byte for byte, whoever looks."""
    told = verify_briefing(folder)
    assert told.findings == ()
    for path in folder.iterdir():
        assert WORDS.encode() in path.read_bytes()
        assert SECRET.encode() not in path.read_bytes()


def test_the_text_says_for_whom_under_which_mark_and_what_is_withheld(folder: Path) -> None:
    text = (folder / FILE_OF_TEXT).read_text(encoding="utf-8")
    assert text.startswith("TLP:AMBER\nBRIEFING by Tehran for The Tribunal\n")
    assert "paragraph\n    | The ships will not leave port.\n" in text
    assert text.count("WITHHELD\n") >= 3
    assert "cosigned by Tehran" in text
    assert "record       may be used as evidence" in text


def test_the_program_recognises_a_briefing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == 0
    assert "VERIFIED: each part" in capsys.readouterr().out
    assert main([str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["briefing"]
    assert (told["for"], told["mark"]) == ("The Tribunal", "TLP:AMBER")
    assert [(each["shown"], each["withheld"] > 0) for each in told["notes"]] == [(2, True)]


def test_fingerprints_are_compared_with_the_trust_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """P1."""
    (tmp_path / "trust").write_text(f"{'0' * 64} Nobody\n")
    assert main([str(folder), "--trust", str(tmp_path / "trust")]) == 1
    examined = verify_briefing(folder).examined
    assert examined is not None
    known = {each.id: each.name for each in examined.account.offices.values()}
    trust = "".join(f"{each.hex()} {name.replace('Bern', 'Vienna')}\n" for each, name in known.items())
    (tmp_path / "trust").write_text(trust)
    capsys.readouterr()
    assert main([str(folder), "--trust", str(tmp_path / "trust")]) == 0
    told = capsys.readouterr().out
    assert told.count("Remark: trusted as") == 1
    assert "Remark: trusted as 'Vienna' is an office that calls itself 'Bern'" in told


def test_the_briefing_is_an_act_of_its_office_that_stays_at_home(tmp_path: Path) -> None:
    channel, note = made_channel()
    make(channel, chosen(channel, note), tmp_path / "briefing")
    signed, _, _ = read_briefing((tmp_path / "briefing" / FILE).read_bytes())
    channel.pump()
    told = verdict(exported(channel.east, tmp_path / "export", channel.now))
    assert told.findings == ()
    assert told.account is not None
    acts = [kept.act for kept in told.account.acts.values() if kept.act.type == ActType.BRIEFED]
    assert [(act.evidence, act.words) for act in acts] == [(signed.id, "TLP:AMBER The Tribunal")]
    others = verdict(exported(channel.middle, tmp_path / "Bern", channel.now)).account
    assert others is not None
    assert ActType.BRIEFED not in {kept.act.type for kept in others.acts.values()}


@pytest.mark.parametrize(
    ("use", "consent", "allowed"),
    [
        (RecordUse.NOT_OUTSIDE, "All agreed.", False),
        (RecordUse.WITH_CONSENT_OF_ALL, "All agreed.", False),
        (RecordUse.AS_EVIDENCE, None, True),
    ],
)
def test_the_mandates_terms_decide(tmp_path: Path, use: int, consent: str | None, allowed: bool) -> None:
    """P4: what was agreed on the record's use is held to, and shown."""
    channel, note = made_channel(use)
    what = chosen(channel, note, consent=consent)
    if allowed:
        assert verify_briefing(make(channel, what, tmp_path / "briefing")).verified
    else:
        with pytest.raises(NotAllowed):
            make(channel, what, tmp_path / "briefing")
        assert not (tmp_path / "briefing").exists()


def test_no_consent_is_asked_for_what_the_mandate_forbids(tmp_path: Path) -> None:
    """P4: the question itself would have told the other offices of a briefing that nobody can make."""
    channel, note = made_channel(RecordUse.NOT_OUTSIDE)
    east, question = channel.east, Question("The Tribunal", Sharing.RED, (note,))
    with pytest.raises(NotAllowed, match="not used outside the channel"):
        ask(east.desk, east.officer, channel.mandate, CHANNEL_LANE, question, channel.tick())


def test_what_stands_under_no_checkpoint_is_not_shown_yet(tmp_path: Path) -> None:
    channel, note = made_channel(checkpoints=False)
    with pytest.raises(NotNow, match="checkpoint"):
        make(channel, chosen(channel, note), tmp_path / "briefing")


def test_what_would_be_shown_along_is_said_before(played: tuple[Channel, bytes], tmp_path: Path) -> None:
    """P4: an entry is shown whole."""
    channel, note = played
    entry = next(row for row in channel.east.desk.ledger.acts_about(note) if row.author == channel.middle.me)
    with pytest.raises(NotAllowed, match="as well"):
        make(channel, chosen(channel, note, notes={}, acts=(entry.id,), along=False), tmp_path / "briefing")


@pytest.mark.parametrize("notes", [{bytes(32): None}, "too far"])
def test_what_is_not_there_is_not_shown(played: tuple[Channel, bytes], tmp_path: Path, notes: object) -> None:
    channel, note = played
    what = {note: (99,)} if notes == "too far" else notes
    with pytest.raises(NotFound):
        make(channel, chosen(channel, note, notes=what), tmp_path / "briefing")


# --- attacks ----------------------------------------------------------------------------------------------


def changed(folder: Path, channel: Channel, change: Callable[[Parts], Parts]) -> set[Flaw]:
    """What a holder of the briefing office's officer key can do to it, and what is found."""
    signed, content, parts = read_briefing((folder / FILE).read_bytes())
    other = change(parts)
    again = sign(
        state(replace(content, parts=crypto.sha256(other.raw)), signed.statement.realm),
        channel.east.officer.seed,
    )
    return {each.flaw for each in examine(write_briefing(again, other)).findings}


def with_leaf(parts: Parts, at: int, leaf: Shown | bytes) -> Parts:
    (note,) = parts.notes
    return replace(parts, notes=(replace(note, leaves=(*note.leaves[:at], leaf, *note.leaves[at + 1 :])),))


def test_a_word_changed_in_a_paragraph_that_is_shown_is_found(
    folder: Path, played: tuple[Channel, bytes]
) -> None:
    """P1."""

    def change(parts: Parts) -> Parts:
        leaf = parts.notes[0].leaves[4]
        assert isinstance(leaf, Shown)
        return with_leaf(parts, 4, replace(leaf, value="The ships will leave port."))

    assert changed(folder, played[0], change) == {Flaw.BRIEFING_NOTE}


def test_a_part_left_out_without_a_trace_is_found(folder: Path, played: tuple[Channel, bytes]) -> None:
    """P8: that something is withheld, and where, cannot be hidden."""

    def change(parts: Parts) -> Parts:
        (note,) = parts.notes
        return replace(parts, notes=(replace(note, leaves=note.leaves[:-1]),))

    assert changed(folder, played[0], change) == {Flaw.BRIEFING_NOTE}


def test_an_entry_at_another_place_of_the_tree_is_found(folder: Path, played: tuple[Channel, bytes]) -> None:
    def change(parts: Parts) -> Parts:
        first, *rest = parts.entries
        return replace(parts, entries=(replace(first, path=first.path[::-1] or (bytes(32),)), *rest))

    assert Flaw.BRIEFING_PLACE in changed(folder, played[0], change)


def test_a_note_that_no_shown_entry_carried_is_found(folder: Path, played: tuple[Channel, bytes]) -> None:
    assert changed(folder, played[0], lambda parts: replace(parts, entries=())) == {Flaw.BRIEFING_NOTE}


def test_parts_that_the_officer_did_not_sign_are_found(folder: Path, tmp_path: Path) -> None:
    signed, _, parts = read_briefing((folder / FILE).read_bytes())
    place = tmp_path / "other"
    place.mkdir()
    (place / FILE).write_bytes(write_briefing(signed, replace(parts, notes=())))
    (place / FILE_OF_TEXT).write_bytes((folder / FILE_OF_TEXT).read_bytes())
    assert [each.flaw for each in verify_briefing(place).findings] == [Flaw.BRIEFING]


def test_a_text_that_says_more_is_found(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "other"
    place.mkdir()
    (place / FILE).write_bytes((folder / FILE).read_bytes())
    (place / FILE_OF_TEXT).write_bytes(b"They promised everything.\n")
    (place / "annex.txt").write_bytes(b"And more.\n")
    assert [each.flaw for each in verify_briefing(place).findings] == [Flaw.TEXT, Flaw.EXTRA]


def test_a_briefing_by_somebody_who_may_not_release_is_found(
    folder: Path, played: tuple[Channel, bytes]
) -> None:
    """P10."""
    signed, _, parts = read_briefing((folder / FILE).read_bytes())
    forged = sign(signed.statement, played[0].middle.officer.seed)
    assert {each.flaw for each in examine(write_briefing(forged, parts)).findings} == {Flaw.BRIEFING}


def test_a_withheld_paragraph_cannot_be_guessed(folder: Path) -> None:
    """P3: its hash has a salt that is not shown, and the seed of all salts is not in it."""
    _, _, parts = read_briefing((folder / FILE).read_bytes())
    hidden = {leaf for leaf in parts.notes[0].leaves if isinstance(leaf, bytes)}
    salts = [leaf.salt for leaf in parts.notes[0].leaves if isinstance(leaf, Shown)] + [bytes(32)]
    assert not hidden & {merkle.leaf_hash(salt, 16, SECRET) for salt in salts}


@given(data=st.data())
def test_no_flipped_bit_passes(folder: Path, data: st.DataObject) -> None:
    """P12."""
    raw = (folder / FILE).read_bytes()
    at, bit = data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(0, 7))
    try:
        examined = examine(raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :])
    except GoodOfficesError:
        return
    assert examined.findings


@given(
    value=st.recursive(
        st.none() | st.integers(0, 2**40) | st.binary(max_size=40),
        lambda inner: st.lists(inner, max_size=8),
        max_leaves=20,
    )
)
def test_nothing_malformed_crashes_it(value: object) -> None:
    with pytest.raises(GoodOfficesError):
        examine(cbor.encode(value))


def test_the_text_never_holds_a_line_of_somebody_elses(tmp_path: Path) -> None:
    """P1: what people wrote cannot pass for our lines."""
    channel, note = made_channel()
    what = chosen(channel, note, notes={note: None}, purpose="A\nTLP:CLEAR")
    folder = make(channel, what, tmp_path / "briefing")
    lines = list(briefing_lines(examine((folder / FILE).read_bytes())))
    assert sum(line.startswith("TLP:") for line in lines) == 1
