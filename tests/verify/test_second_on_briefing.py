# SPDX-License-Identifier: Apache-2.0
"""Briefings before both verifiers: a disagreement fails (P4, P8)."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goodoffices.core import cbor, crypto
from goodoffices.core.briefing import FILE, MARK, Parts, Shown, read_briefing, write_briefing
from goodoffices.core.checkpoint import COSIGNATURE, Line, key_id, read_checkpoint
from goodoffices.core.crypto import ed25519_sign
from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.readable.briefing import TEXT as FILE_OF_TEXT
from goodoffices.core.readable.briefing import briefing_lines
from goodoffices.core.record.briefing import examine
from goodoffices.core.statement import Signed, read_signed, sign, state
from tests.verify.channel import Channel
from tests.verify.resigning import AllKeys
from tests.verify.second import Second
from tests.verify.test_briefing import chosen, made_channel, make, with_leaf
from tests.verify.test_witnesses import AT, KEY, NAME, SEED, VKEY

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def channel() -> Channel:
    return made_channel()[0]


@pytest.fixture(scope="module")
def folder(channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    note = channel.east.desk.ledger.notes(channel.mandate)[0].id
    return make(channel, chosen(channel, note), tmp_path_factory.mktemp("briefing") / "briefing")


def put(place: Path, raw: bytes) -> Path:
    """A briefing with the text that follows from it, as far as one does."""
    place.mkdir(exist_ok=True)
    (place / FILE).write_bytes(raw)
    try:
        (place / FILE_OF_TEXT).write_text("".join(briefing_lines(examine(raw))), encoding="utf-8", newline="")
    except GoodOfficesError:
        (place / FILE_OF_TEXT).write_bytes(b"Nothing can be made of it.\n")
    return place


def again(folder: Path, channel: Channel, change: Any) -> bytes:
    """The briefing with other parts, signed again by the officer who made it."""
    signed, content, parts = read_briefing((folder / FILE).read_bytes())
    other = change(parts)
    statement = state(replace(content, parts=crypto.sha256(other.raw)), signed.statement.realm)
    return write_briefing(sign(statement, channel.east.officer.seed), other)


def test_both_verify_it_and_make_the_same_text(second: Second, folder: Path) -> None:
    assert second.agrees_on_briefing(folder)["verdict"] == "verified"


def test_both_hold_it_against_a_trust_list_and_name_what_is_beside_it(
    second: Second, folder: Path, tmp_path: Path
) -> None:
    place = put(tmp_path / "other", (folder / FILE).read_bytes())
    (place / "annex.txt").write_bytes(b"And more.")
    (place / "annex").mkdir()
    kinds = [each["kind"] for each in second.agrees_on_briefing(place, {bytes(32): "Nobody"})["findings"]]
    assert sorted(set(kinds)) == ["extra", "untrusted"]


def _drop_entries(parts: Parts) -> Parts:
    return replace(parts, entries=())


def _turn_path(parts: Parts) -> Parts:
    first, *rest = parts.entries
    return replace(parts, entries=(replace(first, path=first.path[::-1] or (bytes(32),)), *rest))


def _other_checkpoint(parts: Parts) -> Parts:
    first, *rest = parts.entries
    return replace(parts, entries=(replace(first, checkpoint=7), *rest))


def _other_line(parts: Parts) -> Parts:
    first, *rest = parts.entries
    return replace(parts, entries=(replace(first, line=7), *rest))


def _unsigned_mandate(parts: Parts) -> Parts:
    statement = read_signed(parts.mandate).statement
    return replace(parts, mandate=Signed(statement, ()).raw)


def _no_confirmation(parts: Parts) -> Parts:
    return replace(parts, lines=tuple((pairing, ()) for pairing, _ in parts.lines))


def _no_credentials(parts: Parts) -> Parts:
    return replace(parts, credentials=parts.credentials[1:])


@pytest.mark.parametrize(
    "change",
    [
        _drop_entries,
        _turn_path,
        _other_checkpoint,
        _other_line,
        _no_confirmation,
        _no_credentials,
        _unsigned_mandate,
    ],
)
def test_both_find_parts_that_do_not_hold_together(
    second: Second, folder: Path, channel: Channel, tmp_path: Path, change: Any
) -> None:
    told = second.agrees_on_briefing(put(tmp_path / "other", again(folder, channel, change)))
    assert told["verdict"] == "findings"


@pytest.mark.parametrize(
    "value", ["Other words.", 5, -1, 2**63, True, None, b"x", ("a", b"b", 3, None, ("c",)), {1: 2}, ()]
)
@pytest.mark.parametrize("label", [1, 3, 16, 200])
def test_both_find_and_write_whatever_stands_in_a_leaf(
    second: Second, folder: Path, channel: Channel, tmp_path: Path, value: Any, label: int
) -> None:
    """P12: also what no version of this software would write."""
    raw = again(folder, channel, lambda parts: with_leaf(parts, 4, Shown(label, value, bytes(32))))
    told = second.agrees_on_briefing(put(tmp_path / "other", raw))
    assert {each["kind"] for each in told["findings"]} == {"briefing-note"}


def test_both_say_the_same_of_what_somebody_with_every_key_changes_in_a_briefing(
    second: Second, folder: Path, channel: Channel, tmp_path: Path
) -> None:
    """P8: whatever its maker puts in, the parts and the statement fit. Seeded, so it can be repeated."""
    rng = random.Random(10)
    keys = AllKeys(channel, folder, rng)
    signed, content, parts = read_briefing((folder / FILE).read_bytes())
    for _ in range(50):
        other = cbor.encode(keys.within(cbor.decode(parts.raw)))
        statement = state(replace(content, parts=crypto.sha256(other)), signed.statement.realm)
        raw = cbor.encode([MARK, sign(statement, channel.east.officer.seed).raw, other])
        second.agrees_on_briefing(put(tmp_path / "other", raw))


@pytest.mark.parametrize("holds", [True, False])
def test_both_tell_of_the_witnesses_that_saw_its_checkpoints(
    second: Second, folder: Path, channel: Channel, tmp_path: Path, holds: bool
) -> None:
    """P8: against two offices that agree to lie, it is these who count."""

    def witnessed(parts: Parts) -> Parts:
        first = read_checkpoint(parts.checkpoints[0])
        signed = ed25519_sign(SEED, f"cosignature/v1\ntime {AT + (not holds)}\n".encode() + first.text)
        line = Line(NAME, key_id(NAME, COSIGNATURE, KEY), AT.to_bytes(8, "big") + signed)
        return replace(parts, checkpoints=(first.with_more([line]).raw, *parts.checkpoints[1:]))

    place = put(tmp_path / "other", again(folder, channel, witnessed))
    known = dict.fromkeys((node.me for node in channel.nodes), "an office")
    told = second.agrees_on_briefing(place, known, VKEY)
    assert [(each["kind"], each["where"]) for each in told["findings"]] == (
        [] if holds else [("witness", "checkpoint 1")]
    )
    saw = f"checkpoint 1: the witness {NAME} saw it, 2020-09-13 12:26:40.000Z."
    assert (saw in told["remarks"]) == holds
    assert ("checkpoint 1: no trusted witness saw it." in told["remarks"]) != holds


def test_both_say_the_same_of_flipped_bits(second: Second, folder: Path, tmp_path: Path) -> None:
    rng = random.Random(9)
    raw = (folder / FILE).read_bytes()
    for _ in range(30):
        at = rng.randrange(len(raw))
        other = raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]
        assert second.agrees_on_briefing(put(tmp_path / "other", other))["verdict"] == "findings"
