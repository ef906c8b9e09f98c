# SPDX-License-Identifier: Apache-2.0
"""Envelopes: one size class outside, the true length inside, nothing to tell them apart by."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor, crypto
from goodoffices.core.envelope import (
    MAX_PARTS,
    MAX_PAYLOAD,
    Part,
    entry_part,
    envelope_id,
    pack,
    receipt_part,
    unpack,
)
from goodoffices.core.errors import Altered, Malformed, OtherOfficeError, Oversized
from goodoffices.core.line import CarriedEntry, EntryKind
from goodoffices.core.statement import LIVE
from tests.core.making import DRILL, LINE, bern, entry, seed, tehran

PUBLIC = crypto.sealing_public(tehran().envelope())
SEEDS = (tehran().envelope(2), tehran().envelope(1))


def packed(body: bytes = b"\x80") -> bytes:
    return pack([entry_part(entry(bern(), body))], realm=LIVE, line=LINE, public=PUBLIC)


def opened(raw: bytes, **changes: Any) -> tuple[Part, ...]:
    return unpack(raw, **({"realm": LIVE, "line": LINE, "seeds": SEEDS} | changes))


def by_hand(payload: bytes, *, length: int | None = None, size: int = 4096, padding: int = 0) -> bytes:
    room = size - 1 - crypto.SEAL_OVERHEAD - 4 - len(payload)
    padded = (
        (len(payload) if length is None else length).to_bytes(4, "big") + payload + bytes([padding]) * room
    )
    info = cbor.encode(["GO1 envelope", 1, LIVE, LINE, crypto.sha256(PUBLIC)])
    return b"\x01" + crypto.seal(PUBLIC, padded, info)


def test_what_is_packed_is_unpacked_with_any_of_the_desks_keys() -> None:
    ((kind, part),) = opened(packed())
    assert kind == 1
    assert isinstance(part, CarriedEntry)
    assert part == entry(bern(), b"\x80")


def test_there_are_four_sizes_and_nothing_between() -> None:
    """format §9: tests, receipts and notes share a class."""
    receipt = pack([receipt_part(entry(bern(), b"\x80").signed)], realm=LIVE, line=LINE, public=PUBLIC)
    note, test = packed(bytes(900)), entry(bern(), b"\x80", kind=int(EntryKind.LINE_TEST))
    line_test = pack([entry_part(test)], realm=LIVE, line=LINE, public=PUBLIC)
    assert {len(each) for each in (receipt, note, line_test)} == {4096}
    assert [len(packed(bytes(n))) for n in (3_000, 20_000, 100_000)] == [16384, 65536, 262144]


@given(st.integers(0, 2700))
def test_the_size_says_nothing_within_a_class(size: int) -> None:
    assert len(by_hand(cbor.encode([[9, bytes(size)]]))) == 4096


def test_the_same_parts_packed_again_are_another_envelope() -> None:
    assert envelope_id(packed()) != envelope_id(packed())


def test_what_does_not_fit_the_largest_class_is_not_cut() -> None:
    with pytest.raises(Oversized):
        packed(bytes(MAX_PAYLOAD))


@pytest.mark.parametrize(
    "changes", [{"realm": DRILL}, {"line": seed("x")}, {"seeds": (bern().envelope(),)}, {"seeds": ()}]
)
def test_another_realm_line_or_desk_opens_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(Altered):
        opened(packed(), **changes)


@given(st.integers(1, 4095), st.integers(1, 255))
def test_any_changed_byte_opens_nothing(at: int, change: int) -> None:
    raw = bytearray(PACKED)
    raw[at] ^= change
    with pytest.raises(Altered):
        opened(bytes(raw))


PACKED = packed()


@pytest.mark.parametrize(
    "raw", [b"", b"\x01", bytes(4096), PACKED[:-1], PACKED + b"\x00", b"\x02" + PACKED[1:], bytes(512)]
)
def test_another_size_or_version_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        opened(raw)


@pytest.mark.parametrize(
    "raw",
    [
        by_hand(b"\x80", length=2**32 - 1),
        by_hand(b"\x80", length=0),
        by_hand(b"\x80", padding=1),
        by_hand(cbor.encode({})),
        by_hand(cbor.encode([1])),
        by_hand(cbor.encode([[]])),
        by_hand(cbor.encode([[True, b""]])),
        by_hand(cbor.encode([["1", b""]])),
        by_hand(cbor.encode([[0, b""]])),
        by_hand(cbor.encode([[-1]])),
        by_hand(cbor.encode([[2]])),
        by_hand(cbor.encode([[2, "text"]])),
        by_hand(cbor.encode([[1, b"", b"", b""]])),
        by_hand(cbor.encode([[9]] * (MAX_PARTS + 1))),
    ],
)
def test_an_envelope_with_something_else_inside_is_refused(raw: bytes) -> None:
    with pytest.raises(OtherOfficeError):
        opened(raw)


def test_a_part_of_a_newer_version_does_not_cost_the_others() -> None:
    part = cbor.decode(cbor.encode([entry_part(entry(bern(), b"\x80"))]))[0]
    assert len(opened(by_hand(cbor.encode([[9, b"later"], part])))) == 1
