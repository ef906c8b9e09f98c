# SPDX-License-Identifier: Apache-2.0
"""Outside witnesses in a record: judged by keys that whoever verifies was given (P8)."""

from __future__ import annotations

import random
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from goodoffices.core.checkpoint import COSIGNATURE, Checkpoint, Line, key_id
from goodoffices.core.crypto import ed25519_public, ed25519_sign
from goodoffices.core.readable.texts import texts
from goodoffices.verify.command import BadTrustFile, main, read_trust, read_witnesses
from goodoffices.verify.output import as_json
from goodoffices.verify.verifier import Verdict, verify
from tests.verify.channel import Channel, exported, sign_again
from tests.verify.second import Second, assert_same
from tests.verify.test_checkpoints import mine, put

SEED, NAME, AT = bytes(range(32)), "witness.example/w1", 1_600_000_000
KEY = ed25519_public(SEED)
VKEY = f"{NAME}+{key_id(NAME, COSIGNATURE, KEY).hex()}+{b64encode(COSIGNATURE + KEY).decode()}"


@pytest.fixture(scope="module")
def played() -> Channel:
    channel = Channel()
    channel.week()
    for node in channel.nodes:
        node.desk.checkpoints.now(channel.tick())
        channel.pump()
    return channel


@pytest.fixture
def folder(played: Channel, tmp_path: Path) -> Path:
    """Tehran's record, in which a witness cosigned one of its checkpoints."""
    made = exported(played.east, tmp_path / "export", played.now)
    path, checkpoint = mine(made, "tehran")
    signed = ed25519_sign(SEED, f"cosignature/v1\ntime {AT}\n".encode() + checkpoint.text)
    line = Line(NAME, key_id(NAME, COSIGNATURE, KEY), AT.to_bytes(8, "big") + signed)
    put(made, path, checkpoint.with_more([line]), played.east)
    account = verify(made).account
    assert account is not None
    (text,) = (rows for name, rows in texts(account) if name.endswith("checkpoints.txt"))
    (path.parent.parent / "checkpoints.txt").write_text("".join(text), encoding="utf-8")
    sign_again(made, played.east)
    return made


def spoilt(folder: Path, played: Channel) -> None:
    """The same with another time in the witness's line than the one that it signed."""
    path, checkpoint = mine(folder, "tehran")
    lines = [
        replace(line, blob=line.blob[:7] + bytes([line.blob[7] ^ 1]) + line.blob[8:])
        if line.name == NAME
        else line
        for line in checkpoint.lines
    ]
    changed: Checkpoint = replace(checkpoint, lines=tuple(lines))
    put(folder, path, changed, played.east)


@pytest.fixture
def trust(folder: Path, tmp_path: Path) -> Path:
    account = verify(folder).account
    assert account is not None
    known = "".join(f"{office.hex()} an office\n" for office in account.offices)
    (tmp_path / "trust").write_text(f"# offices, and a witness\n{known}{VKEY}\n")
    return tmp_path / "trust"


def judged(folder: Path, trust: Path) -> Verdict:
    return verify(folder, read_trust(trust), witnesses=read_witnesses(trust))


def test_a_witness_who_is_trusted_says_until_where_and_when(folder: Path, trust: Path) -> None:
    told = judged(folder, trust)
    assert told.findings == ()
    (saw,) = (each for each in told.remarks if f"the witness {NAME} saw" in each)
    assert "Tehran's entries 1 to" in saw
    assert saw.endswith("2020-09-13 12:26:40.000Z.")
    assert any("under no checkpoint that a trusted witness saw" in each for each in told.remarks)


def test_a_witness_nobody_gave_a_key_of_is_named_and_not_judged(folder: Path, played: Channel) -> None:
    """P8: it says nothing about cosignatures of which it knows no key."""
    spoilt(folder, played)
    told = verify(folder)
    assert told.findings == ()
    assert not any("saw" in each for each in told.remarks)


def test_a_cosignature_that_does_not_hold_is_a_finding(folder: Path, trust: Path, played: Channel) -> None:
    spoilt(folder, played)
    assert [str(each.flaw) for each in judged(folder, trust).findings] == ["witness"]


@pytest.mark.parametrize(
    "line",
    [
        VKEY.replace("+", "+0", 1)[: len(VKEY)],
        VKEY[:-2] + "AA",
        f"{NAME}+00000000+{VKEY.rpartition('+')[2]}",
        "a+b+c",
    ],
)
def test_a_key_of_a_witness_that_is_none_is_refused(line: str, tmp_path: Path) -> None:
    """P12."""
    (tmp_path / "trust").write_text(f"{line}\n")
    with pytest.raises(BadTrustFile, match="line 1"):
        read_trust(tmp_path / "trust")


def test_the_command_takes_witnesses_from_the_trust_file(
    folder: Path, trust: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), "--trust", str(trust)]) == 0
    assert f"the witness {NAME} saw" in capsys.readouterr().out


@pytest.mark.slow
def test_both_verifiers_say_the_same_of_a_witness(
    folder: Path, trust: Path, played: Channel, second: Second
) -> None:
    """P8: where it holds, and where it does not."""
    for change in (None, spoilt):
        if change is not None:
            change(folder, played)
        told = second.judge(folder, trust.read_text())
        assert_same(as_json(judged(folder, trust)), told)


_PIECES = [
    *("\ufeff", "# x", " ", "\x1f", "\x85", "\u2003", "\u200b", "\n", "\r\n", "\x0b", "\u2028", "name", "+"),
    *("a" * 64, "0F" * 32, VKEY, "+aa+bb", "\U0001d54f"),
    "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----",
]


@pytest.mark.slow
def test_both_read_the_same_of_any_trust_file(second: Second, tmp_path: Path) -> None:
    """P12: what is blank, a line or a mark of its bytes is no matter of the language that reads it."""
    rng = random.Random(4)
    texts = ["".join(rng.choice(_PIECES) for _ in range(rng.randrange(1, 7))) for _ in range(1_500)]
    ask = """(texts) => texts.map((text) => {
        try {
          const trusted = verifier.readTrust(new TextEncoder().encode(text));
          return [[...trusted], trusted.witnesses.map((each) => each.name)];
        } catch (error) {
          return null;
        }
    })"""
    file = tmp_path / "trust"
    for text, told in zip(texts, second.page.evaluate(ask, texts), strict=True):
        file.write_bytes(text.encode())
        try:
            offices = [[each.hex(), name] for each, name in read_trust(file).items()]
            assert told == [offices, [name for name, _ in read_witnesses(file)]], repr(text)
        except BadTrustFile:
            assert told is None, repr(text)
