# SPDX-License-Identifier: Apache-2.0
"""Consent to a briefing: asked, given and refused by each office under an officer's name (P4, P8; ADR 0055)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core import crypto
from goodoffices.core.act import HOME_LANE, ActType
from goodoffices.core.briefing import FILE, Sharing, read_briefing, write_briefing
from goodoffices.core.consent import MAX_NOTES, Question, read_question, write_question
from goodoffices.core.errors import NotAllowed, NotFound, YourError
from goodoffices.core.mandate import Disclosure, RecordUse
from goodoffices.core.readable.briefing import TEXT
from goodoffices.core.readable.notes import act_line
from goodoffices.core.record.findings import Cause, Flaw
from goodoffices.core.record.manifest import MANIFEST, Manifest
from goodoffices.core.statement import read_signed, sign, state
from goodoffices.desk.briefing import make_briefing
from goodoffices.desk.channels import bounds
from goodoffices.desk.consent import answer, ask, asked, open_here
from goodoffices.verify.briefing import verify_briefing
from tests.verify.channel import Channel, Node, exported, sign_again, verdict
from tests.verify.test_briefing import chosen, made_channel, make


def question(channel: Channel, *notes: bytes) -> Question:
    return Question("The Tribunal", Sharing.AMBER, notes)


def agreed(channel: Channel, note: bytes, given: tuple[bool, ...] = (True, True)) -> bytes:
    """Tehran asks; Bern and Washington answer."""
    row = channel.east.desk.ledger.note(note)
    assert row is not None
    asks = ask(
        channel.east.desk,
        channel.east.officer,
        channel.mandate,
        row.lane,
        question(channel, note),
        channel.tick(),
    )
    channel.pump()
    for node, yes in zip((channel.middle, channel.west), given, strict=False):
        said(channel, node, asks, yes)
    return asks


def said(channel: Channel, node: Node, asks: bytes, yes: bool) -> None:
    answer(node.desk, node.officer, asks, yes, None if yes else "Not now.", channel.tick())
    channel.pump()


@pytest.fixture
def channel() -> Channel:
    return made_channel(RecordUse.WITH_CONSENT_OF_ALL)[0]


@pytest.fixture
def note(channel: Channel) -> bytes:
    return channel.east.desk.ledger.notes(channel.mandate)[0].id


def test_a_briefing_holds_who_consented_and_its_text_says_so(
    channel: Channel, note: bytes, tmp_path: Path
) -> None:
    """P4, P8: nobody has to believe the office that shows it."""
    agreed(channel, note)
    folder = make(channel, chosen(channel, note), tmp_path / "briefing")
    told = verify_briefing(folder)
    assert (told.findings, told.examined.remarks if told.examined else None) == ((), ())
    consents = told.as_json()["briefing"]["consents"]
    assert [each["asks"] for each in consents] == [True, False, False]
    text = (folder / TEXT).read_text(encoding="utf-8")
    assert text.count("\nconsented  ") == 2
    assert " by Washington, officer 1, act " in text
    assert "may be used outside the channel with the consent of all its offices" in text


@pytest.mark.parametrize("given", [(), (True,), (True, False)])
def test_without_the_consent_of_all_nothing_is_made(
    channel: Channel, note: bytes, tmp_path: Path, given: tuple[bool, ...]
) -> None:
    """P4"""
    agreed(channel, note, given)
    with pytest.raises(NotAllowed, match="the consent of Washington"):
        make(channel, chosen(channel, note), tmp_path / "briefing")
    assert not (tmp_path / "briefing").exists()


def test_the_last_answer_counts(channel: Channel, note: bytes, tmp_path: Path) -> None:
    asks = agreed(channel, note)
    said(channel, channel.west, asks, False)
    with pytest.raises(NotAllowed, match="Washington"):
        make(channel, chosen(channel, note), tmp_path / "briefing")
    said(channel, channel.west, asks, True)
    assert verify_briefing(make(channel, chosen(channel, note), tmp_path / "briefing")).verified


@pytest.mark.parametrize(
    "other", [{"recipient": "The press"}, {"mark": Sharing.GREEN}, {"purpose": "Votes."}]
)
def test_consent_covers_what_was_asked_and_nothing_wider(
    channel: Channel, note: bytes, tmp_path: Path, other: dict[str, object]
) -> None:
    agreed(channel, note)
    with pytest.raises(NotAllowed):
        make(channel, chosen(channel, note, **other), tmp_path / "briefing")


def test_every_office_sees_the_question_and_who_said_what(channel: Channel, note: bytes) -> None:
    """P6: the counterpart's desk shows that it has not answered, and then that it has."""
    asks = agreed(channel, note, (True,))
    assert [open_here(node.desk, channel.mandate) for node in channel.nodes] == [1, 0, 0]
    said(channel, channel.west, asks, False)
    (seen,) = asked(channel.east.desk, channel.mandate)
    assert {each.office: each.given for each in seen.answers.values()} == {
        channel.middle.me: True,
        channel.west.me: False,
    }
    assert open_here(channel.west.desk, channel.mandate) == 0
    with pytest.raises(NotFound):
        answer(channel.east.desk, channel.east.officer, asks, True, None, channel.tick())


def test_what_a_party_told_the_intermediary_alone_goes_on_with_its_consent_only(tmp_path: Path) -> None:
    """P4: also where the record may be used as evidence. The other party is not asked, and learns nothing."""
    channel = Channel(record_use=RecordUse.AS_EVIDENCE)
    note = channel.release(channel.east, channel.middle, "For you alone.")
    for node in channel.nodes:
        node.desk.checkpoints.now(channel.tick())
        channel.pump()
    agreement = channel.middle.desk.ledger.agreement(channel.mandate)
    assert agreement.mandate.disclosure == Disclosure.ONLY_WITH_CONSENT
    what = chosen(channel, note, notes={note: None}, along=True)
    bern = channel.middle
    with pytest.raises(NotAllowed, match="the consent of Tehran"):
        make_briefing(bern.desk, bern.officer, what, tmp_path / "briefing", channel.tick())
    asks = ask(
        bern.desk, bern.officer, channel.mandate, channel.east.me, question(channel, note), channel.tick()
    )
    channel.pump()
    assert asked(channel.west.desk, channel.mandate) == []
    said(channel, channel.east, asks, True)
    make_briefing(bern.desk, bern.officer, what, tmp_path / "briefing", channel.tick())
    assert verify_briefing(tmp_path / "briefing").verified


def test_consent_in_another_offices_name_is_no_consent(channel: Channel, note: bytes, tmp_path: Path) -> None:
    """P1: what an office has not signed does not stand for it."""
    agreed(channel, note)
    folder = make(channel, chosen(channel, note), tmp_path / "briefing")
    _, content, parts = read_briefing((folder / FILE).read_bytes())
    assert parts.consents is not None
    forged = tuple(
        sign(read_signed(each).statement, channel.east.officer.seed).raw for each in parts.consents
    )
    other = replace(parts, consents=forged)
    made = state(replace(content, parts=crypto.sha256(other.raw)), bytes(16))
    (folder / FILE).write_bytes(write_briefing(sign(made, channel.east.officer.seed), other))
    found = [each for each in verify_briefing(folder).findings if each.flaw == Flaw.BRIEFING_TERMS]
    assert [each.where for each in found] == ["consent 2", "consent 3", "the briefing", "the briefing"]
    assert {each.cause for each in found[:2]} == {Cause.WRONG_SIGNER}


def test_questions_without_end_are_refused(
    channel: Channel, note: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P12: a counterpart cannot make a page endless."""
    monkeypatch.setattr(bounds, "MOST_CONSENT", 3)
    for _ in range(5):
        agreed(channel, note, ())
    assert len(asked(channel.west.desk, channel.mandate)) == 3
    found = " ".join(row[4] for row in channel.middle.desk.ledger.findings())
    assert "questions and answers of one office about consent" in found


def test_the_record_holds_who_asked_and_who_answered(channel: Channel, note: bytes, tmp_path: Path) -> None:
    """P8. The manifest says that the texts name a type of act which older verifiers do not know."""
    agreed(channel, note, (True, False))
    folder = exported(channel.middle, tmp_path / "record", channel.now)
    assert verdict(folder).findings == ()
    told = (folder / "record.txt").read_text(encoding="utf-8")
    for words in ("Tehran, officer 1, asked for consent", "Bern, officer 1, consented", "refused consent"):
        assert words in told
    manifest = read_signed((folder / MANIFEST).read_bytes()).statement.read(Manifest)
    assert manifest.acts == (ActType.CONSENT,)


def briefed(channel: Channel, mark: Sharing, recipient: str) -> None:
    """Tehran's desk notes a briefing, whatever was consented to."""
    desk, officer = channel.east.desk, channel.east.officer
    with desk.context.transaction():
        desk.channels.do(
            desk.ledger.agreement(channel.mandate),
            ActType.BRIEFED,
            channel.tick(),
            recipient=desk.me,
            lane=HOME_LANE,
            officer=officer,
            evidence=bytes(32),
            words=f"{mark.label} {recipient}",
        )


@pytest.mark.parametrize(
    ("given", "mark", "recipient", "lacking"),
    [
        ((True, True), Sharing.AMBER, "The Tribunal", None),
        ((True, True), Sharing.RED, "The Tribunal", None),
        ((True, True), Sharing.GREEN, "The Tribunal", "Washington, Bern"),
        ((True, True), Sharing.AMBER, "The press", "Washington, Bern"),
        ((True,), Sharing.AMBER, "The Tribunal", "Washington"),
        ((False, True), Sharing.AMBER, "The Tribunal", "Bern"),
        ((), Sharing.AMBER, "The Tribunal", "Washington, Bern"),
    ],
)
def test_a_record_of_a_briefing_without_the_consent_of_all_says_so(
    channel: Channel,
    note: bytes,
    tmp_path: Path,
    given: tuple[bool, ...],
    mark: Sharing,
    recipient: str,
    lacking: str | None,
) -> None:
    """P4, P8: no finding, since the record holds no briefing; the remark names who has signed no consent to it."""
    agreed(channel, note, ())
    asks = agreed(channel, note, given)
    for node, yes in zip((channel.middle, channel.west), given, strict=False):
        if yes:
            said(channel, node, asks, False)  # taken back later: the briefing may have been made before
    briefed(channel, mark, recipient)
    told = verdict(exported(channel.east, tmp_path / "record", channel.now))
    remarks = [each for each in told.remarks if "were shown to a third party" in each]
    assert told.findings == ()
    assert [each.partition("holds none by ")[2] for each in remarks] == ([f"{lacking}."] if lacking else [])


def test_a_record_with_types_of_act_to_come_is_verified_but_for_its_texts(
    channel: Channel, note: bytes, tmp_path: Path
) -> None:
    """P8, P12: it says which, and finds a changed entry all the same."""
    folder = exported(channel.middle, tmp_path / "record", channel.now)
    record = folder / "record.txt"
    record.write_text(record.read_text(encoding="utf-8") + "Something new.\n", encoding="utf-8")
    statement = read_signed((folder / MANIFEST).read_bytes()).statement
    newer = replace(statement.read(Manifest), acts=(48, 999))
    (folder / MANIFEST).write_bytes(sign(state(newer, bytes(16)), channel.middle.founding.desk_seed).raw)
    sign_again(folder, channel.middle)
    (found,) = verdict(folder).findings
    assert (found.where, found.cause) == (MANIFEST, Cause.NEWER)
    assert "types 999, of a newer version" in found.found
    entry = next((folder / "lines").rglob("entries/*.cbor"))
    entry.write_bytes(entry.read_bytes()[:-1])
    assert {each.where for each in verdict(folder).findings} > {MANIFEST, str(entry.relative_to(folder))}


def test_a_record_of_a_desk_that_did_not_know_the_type_reads_as_it_was_written(
    channel: Channel, note: bytes, tmp_path: Path
) -> None:
    """P8: a text follows from the signed bytes and the manifest, whatever version looks at it."""
    agreed(channel, note)
    account = verdict(exported(channel.west, tmp_path / "record", channel.now)).account
    assert account is not None
    account.manifest = replace(account.manifest, acts=None)
    kept = next(each for each in account.acts.values() if each.act.type == ActType.CONSENT)
    assert "did act type 48 of a newer version" in act_line(account, kept)


@pytest.mark.parametrize(
    ("recipient", "notes", "purpose"),
    [
        ("two\nlines", 1, None),
        ("", 1, None),
        ("x", 0, None),
        ("x", MAX_NOTES + 1, None),
        ("x", 1, "y" * 2001),
    ],
)
def test_a_question_that_cannot_be_read_is_not_asked(recipient: str, notes: int, purpose: str | None) -> None:
    """P12"""
    what = Question(recipient, Sharing.RED, tuple(bytes([at]) * 32 for at in range(notes)), purpose)
    with pytest.raises(YourError):
        write_question(what)


def test_a_question_says_the_same_when_it_is_read_again() -> None:
    what = Question(
        "The Tribunal", Sharing.AMBER_STRICT, (bytes(32), b"\1" * 32), "To show\n\nwhat was said."
    )
    assert read_question(write_question(what)) == what
    assert read_question("for: x\nmark: TLP:PURPLE\nnote: " + "0" * 64) is None
