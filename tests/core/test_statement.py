# SPDX-License-Identifier: Apache-2.0
"""Signed bytes: kinds, realms and suites keep things apart; IDs do not hang on signatures."""

from dataclasses import replace
from typing import Any

import pytest

from goodoffices.core import cbor, crypto
from goodoffices.core.act import Act
from goodoffices.core.errors import Foreign, Malformed, NewerVersion, Oversized, WrongSigner, YourError
from goodoffices.core.line import Head, Receipt
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import Note
from goodoffices.core.office import Roster
from goodoffices.core.pairing import PairingConfirmed
from goodoffices.core.statement import (
    LIVE,
    MAX_SIGNATURES,
    MAX_SIGNED,
    Signed,
    Statement,
    add_signature,
    read_signed,
    sign,
    state,
)
from tests.core import making
from tests.core.making import NOW, seed

CONFIRMED = PairingConfirmed(line=seed("line"), office=seed("office"), roster=1, time=(NOW, 2))
STATEMENT = state(CONFIRMED, LIVE)


def raw(
    *, mark: Any = "GO1", suite: Any = 1, kind: Any = 9, realm: Any = LIVE, content: Any = None
) -> Statement:
    fields = {1: seed("line"), 2: seed("office"), 3: 1, 4: (NOW, 2)} if content is None else content
    return Statement(cbor.encode([mark, suite, kind, realm, fields]))


def test_the_signed_bytes_are_mark_suite_kind_realm_content() -> None:
    assert STATEMENT.raw == raw().raw
    assert STATEMENT.id == crypto.sha256(STATEMENT.raw)
    assert STATEMENT.read(PairingConfirmed, realm=LIVE) == CONFIRMED


@pytest.mark.parametrize(
    "changes",
    [
        {"mark": "GO2"},
        {"mark": b"GO1"},
        {"suite": True},
        {"suite": "1"},
        {"kind": True},
        {"kind": "9"},
        {"realm": bytes(15)},
        {"realm": "0" * 16},
        {"content": ()},
        {"content": 1},
    ],
)
def test_a_statement_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        raw(**changes).read(PairingConfirmed)


def test_another_suite_is_a_newer_version() -> None:
    with pytest.raises(NewerVersion):
        raw(suite=2).read(PairingConfirmed)


@pytest.mark.parametrize("cls", [Roster, Mandate, Note, Act, Receipt, Head])
def test_a_statement_of_one_kind_does_not_pass_for_another(cls: Any) -> None:
    with pytest.raises(Foreign):
        STATEMENT.read(cls)


@pytest.mark.parametrize("kind", [0, -1, 10, 255, 2**64 - 1])
def test_an_unknown_kind_is_kept_apart_not_guessed_at(kind: int) -> None:
    assert raw(kind=kind).kind == kind
    with pytest.raises(Foreign):
        raw(kind=kind).read(PairingConfirmed)


def test_a_drill_does_not_pass_for_the_live_channel() -> None:
    drill = state(CONFIRMED, making.DRILL)
    assert drill.id != STATEMENT.id
    with pytest.raises(Foreign):
        drill.read(PairingConfirmed, realm=LIVE)
    signed = sign(drill, seed("officer"))
    with pytest.raises(WrongSigner):
        Signed(STATEMENT, signed.signatures).verify()


def test_a_field_from_128_on_keeps_id_and_signature() -> None:
    later = raw(content={1: seed("line"), 2: seed("office"), 3: 1, 4: (NOW, 2), 200: "a newer version's"})
    signed = sign(later, seed("officer"))
    again = read_signed(signed.raw)
    again.verify()
    assert again.statement.read(PairingConfirmed) == CONFIRMED
    assert again.id == later.id != STATEMENT.id


def test_a_field_below_128_that_is_not_known_is_a_newer_version() -> None:
    with pytest.raises(NewerVersion):
        raw(content={1: seed("line"), 2: seed("office"), 3: 1, 4: (NOW, 2), 5: 0}).read(PairingConfirmed)


def test_signing_again_changes_neither_id_nor_bytes() -> None:
    once = sign(STATEMENT, seed("officer"))
    assert add_signature(once, seed("officer")).raw == once.raw
    both = add_signature(once, seed("second"))
    assert both.id == once.id
    assert both.signers == tuple(sorted(both.signers))
    assert both.raw == sign(STATEMENT, seed("second"), seed("officer")).raw
    both.verify()


def test_nobody_is_not_a_signer() -> None:
    with pytest.raises(WrongSigner):
        Signed(STATEMENT, ()).verify()


def test_every_signature_must_verify() -> None:
    good = sign(STATEMENT, seed("officer"))
    other = sign(raw(content={1: seed("x"), 2: seed("y"), 3: 1, 4: (0, 0)}), seed("second"))
    mixed = Signed(STATEMENT, tuple(sorted(good.signatures + other.signatures)))
    with pytest.raises(WrongSigner):
        mixed.verify()


def test_what_is_written_reads_back_the_same() -> None:
    signed = sign(STATEMENT, seed("officer"), seed("second"))
    assert read_signed(signed.raw) == signed
    assert read_signed(signed.raw).raw == signed.raw


def test_what_was_signed_here_says_what_its_bytes_say() -> None:
    """P8: it is not decoded again here, and decoded elsewhere it is the same."""
    for signed in (
        making.signed_act(making.bern(), making.seed("officer"), words="Beside it.", subject=seed("note"))[0],
        making.released().signed,
        making.entry(making.bern(), b"a body").signed,
    ):
        assert read_signed(signed.raw) is signed
        decoded = read_signed.read(signed.raw)
        assert decoded == signed
        assert decoded.raw == signed.raw
        assert decoded.statement.parts == signed.statement.parts


PAIR = sign(STATEMENT, seed("officer")).signatures[0]


@pytest.mark.parametrize(
    "value",
    [
        [],
        [b""],
        ["text", []],
        [STATEMENT.raw, [], []],
        [STATEMENT.raw, {}],
        [STATEMENT.raw, [PAIR, PAIR]],
        [STATEMENT.raw, [[PAIR[0]]]],
        [STATEMENT.raw, [[PAIR[0], "signature"]]],
        [STATEMENT.raw, [[b"", PAIR[1]]]],
        [STATEMENT.raw, sorted(sign(STATEMENT, seed("a"), seed("b")).signatures, reverse=True)],
        [STATEMENT.raw, [[bytes([n + 1]) * 32, bytes(64)] for n in range(MAX_SIGNATURES + 1)]],
    ],
)
def test_a_signed_object_of_another_form_is_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        read_signed(cbor.encode(value))


def test_a_signed_object_that_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(Oversized):
        read_signed(bytes(MAX_SIGNED + 1))


@pytest.mark.parametrize(
    "changes", [{"roster": -1}, {"roster": 2**64}, {"time": (NOW, 9)}, {"line": bytes(31)}, {"roster": True}]
)
def test_nothing_malformed_is_ever_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(YourError):
        state(replace(CONFIRMED, **changes), LIVE)


def test_half_a_character_is_refused_in_words() -> None:
    with pytest.raises(YourError):
        state(making.act(making.bern(), words="reason \ud800"), LIVE)
