# SPDX-License-Identifier: Apache-2.0
"""Line tests and service chat: signed as what they are, and as nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from goodoffices.core import cbor
from goodoffices.core.act import Act
from goodoffices.core.errors import (
    Foreign,
    Malformed,
    NewerVersion,
    NotNow,
    OtherOfficeError,
    WrongSigner,
    YourError,
)
from goodoffices.core.line import CarriedEntry, EntryKind, Item, verify_entry
from goodoffices.core.note import Note
from goodoffices.core.service_traffic import LineTest, ServiceChat, Step, body_of, fault_of, read_body
from goodoffices.core.statement import Signed, sign, state
from tests.core.making import (
    LINE,
    bern,
    entry,
    line_test,
    seed,
    service_chat,
    signed_act,
    tehran,
)


def body(signed: Signed) -> bytes:
    return body_of(signed)[1]


@pytest.mark.parametrize("step", list(Step))
def test_each_step_of_a_test_verifies(step: Step) -> None:
    by = bern().officer() if step == Step.PERSON_ANSWERED else bern().desk_seed
    signed = line_test(bern(), by, step=int(step))
    found, content = read_body(EntryKind.LINE_TEST, body(signed), LINE, bern().office)
    assert found.id == signed.id
    assert isinstance(content, LineTest)
    assert content.step == step


def test_an_officer_may_call_the_other_side_by_hand() -> None:
    signed = line_test(bern(), bern().officer(), step=int(Step.PERSON_CALLED))
    assert read_body(EntryKind.LINE_TEST, body(signed), LINE, bern().office)[0].signers == signed.signers


def test_a_desk_never_answers_for_a_person() -> None:
    """P6, P11: that a person was there is said by a person."""
    signed = line_test(bern(), bern().desk_seed, step=int(Step.PERSON_ANSWERED))
    with pytest.raises(WrongSigner):
        read_body(EntryKind.LINE_TEST, body(signed), LINE, bern().office)


@pytest.mark.parametrize("step", [Step.CALL, Step.ANSWER])
def test_a_person_never_signs_for_the_desk(step: Step) -> None:
    """P6"""
    signed = line_test(bern(), bern().officer(), step=int(step))
    with pytest.raises(WrongSigner):
        read_body(EntryKind.LINE_TEST, body(signed), LINE, bern().office)


def test_who_has_no_duty_neither_answers_nor_chats() -> None:
    """P10"""
    for signed in (
        line_test(bern(), bern().officer("drafter"), step=int(Step.PERSON_ANSWERED)),
        service_chat(bern(), bern().officer("drafter")),
        service_chat(bern(), bern().desk_seed),
    ):
        kind, raw = body_of(signed)
        with pytest.raises(WrongSigner):
            read_body(kind, raw, LINE, bern().office)


@pytest.mark.parametrize("make", [line_test, service_chat])
def test_of_another_line_office_or_realm_is_refused(make: Any) -> None:
    """P12"""
    kind, raw = body_of(make(bern()))
    drill = state(
        replace(make(bern()).statement.read(LineTest if make is line_test else ServiceChat)), bytes(15) + b"x"
    )
    for line, office, given in (
        (seed("x"), bern().office, raw),
        (LINE, tehran().office, raw),
        (LINE, bern().office, body(sign(drill, bern().officer()))),
    ):
        with pytest.raises(Foreign):
            read_body(kind, given, line, office)


def test_an_unknown_step_is_a_newer_versions() -> None:
    raw = line_test(bern()).statement.raw.replace(b"\x04\x01\x05", b"\x04\x09\x05")
    assert raw != line_test(bern()).statement.raw
    signed = Signed(replace(line_test(bern()).statement, raw=raw), ())
    with pytest.raises(NewerVersion):
        signed.statement.read(LineTest)


def test_a_roster_that_is_not_here_is_waited_for() -> None:
    with pytest.raises(NotNow):
        read_body(EntryKind.LINE_TEST, body(line_test(bern(), roster=7)), LINE, bern().office)


@pytest.mark.parametrize("kind", [EntryKind.LINE_TEST, EntryKind.SERVICE_CHAT])
def test_nothing_else_stands_in_such_an_entry(kind: EntryKind) -> None:
    """P11: an entry of a test or chat carries no act, no note, and not the other of the two."""
    own = Item.LINE_TEST if kind == EntryKind.LINE_TEST else Item.SERVICE_CHAT
    other = Item.SERVICE_CHAT if own == Item.LINE_TEST else Item.LINE_TEST
    good = line_test(bern()) if own == Item.LINE_TEST else service_chat(bern(), bern().officer())
    act, _ = signed_act(bern())
    for items in (
        [[int(own), good.raw], [int(own), good.raw]],
        [[int(own), good.raw], [int(Item.ACT), act.raw]],
        [[int(Item.ACT), act.raw]],
        [[int(Item.NOTE), act.raw]],
        [[int(other), good.raw]],
        [],
    ):
        with pytest.raises(Malformed):
            read_body(kind, cbor.encode(items), LINE, bern().office)


def test_the_signature_of_one_kind_never_stands_under_another() -> None:
    """P11: a test is no act and no note, whatever is made of its bytes."""
    act, _ = signed_act(bern())
    for signed in (line_test(bern()), service_chat(bern(), bern().officer())):
        for other in (Act, Note):
            with pytest.raises(Foreign):
                signed.statement.read(other)
        item = Item.LINE_TEST if signed.statement.kind == 27 else Item.SERVICE_CHAT
        with pytest.raises(OtherOfficeError):
            read_body(body_of(signed)[0], cbor.encode([[int(item), act.raw]]), LINE, bern().office)


def test_only_tests_and_chat_can_be_erased() -> None:
    """P8: the chain holds without their words; an act's body can never be left out."""
    for kind, allowed in ((1, False), (2, True), (3, True), (4, False), (9, False)):
        carried = entry(bern(), body(line_test(bern())), kind=kind)
        erased = CarriedEntry(carried.signed, b"", b"")
        if allowed:
            assert verify_entry(erased, LINE, bern().office).kind == kind
        else:
            with pytest.raises(Foreign):
                verify_entry(erased, LINE, bern().office)
        with pytest.raises(Foreign):
            verify_entry(CarriedEntry(carried.signed, carried.salt, b""), LINE, bern().office)


@pytest.mark.parametrize(("kind", "kept"), [(1, True), (2, False), (3, False)])
def test_the_words_of_what_may_be_erased_stay_in_no_memory(kind: int, kept: bool) -> None:
    """P8: what an entry carries is read once; once a chat is erased, nothing here tells what it said."""
    carried = entry(bern(), body(line_test(bern())), kind=kind)
    assert carried.items == carried.items
    assert (carried.items is carried.items) == kept


def test_a_fault_in_a_body_is_told_and_what_is_not_shown_is_none() -> None:
    assert fault_of(EntryKind.LINE_TEST, body(line_test(bern())), LINE, bern().office) is None
    assert fault_of(EntryKind.LINE_TEST, None, LINE, bern().office) is None
    assert fault_of(EntryKind.ACTS, b"\xff", LINE, bern().office) is None
    assert fault_of(EntryKind.SERVICE_CHAT, b"\xff", LINE, bern().office)


def test_the_words_of_a_chat_are_bounded() -> None:
    assert len(service_chat(bern(), bern().officer(), words="x" * 2000).raw) < 2600
    with pytest.raises(YourError, match="words"):
        service_chat(bern(), bern().officer(), words="x" * 2001)
