# SPDX-License-Identifier: Apache-2.0
"""The strict CBOR subset: one encoding of each value, nothing else accepted. cbor2 gives a second opinion."""

import time
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor
from goodoffices.core.errors import Malformed, OtherOfficeError, Oversized

KEYS = st.integers(0, 2**64 - 1) | st.text(max_size=8)
LEAVES = (
    st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=40)
    | st.booleans()
    | st.none()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    assert cbor.decode(cbor.encode(value)) == value


@given(st.lists(VALUES, max_size=30))
def test_encodings_joined_are_the_encoding_of_their_array(items: list[Any]) -> None:
    assert cbor.joined([cbor.encode(each) for each in items]) == cbor.encode(items)


@given(VALUES)
def test_another_decoder_reads_the_same(value: Any) -> None:
    assert cbor2.loads(cbor.encode(value), immutable=True) == value


@given(st.dictionaries(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), max_size=30))
def test_another_encoder_orders_a_map_of_numbers_the_same(value: dict[int, int]) -> None:
    assert cbor2.dumps(value, canonical=True) == cbor.encode(value)


@given(st.binary(max_size=64))
def test_any_bytes_are_refused_or_encode_to_themselves(data: bytes) -> None:
    """P12: accepted means that there is no second way to write it."""
    try:
        value = cbor.decode(data)
    except OtherOfficeError:
        return
    assert cbor.encode(value) == data
    assert cbor2.loads(data, immutable=True) == value


@given(VALUES, st.data())
def test_a_changed_byte_is_refused_or_is_another_value(value: Any, data: st.DataObject) -> None:
    raw = bytearray(cbor.encode(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = cbor.decode(bytes(raw))
    except OtherOfficeError:
        return
    assert cbor.encode(other) == raw


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        ("", "nothing"),
        ("1800", "a number longer than needed"),
        ("190017", "a number longer than needed"),
        ("1a0000ffff", "a number longer than needed"),
        ("1b00000000ffffffff", "a number longer than needed"),
        ("5801", "a string cut short"),
        ("1c", "a reserved head"),
        ("5f4100ff", "indefinite length"),
        ("9fff", "indefinite length"),
        ("bfff", "indefinite length"),
        ("f7", "undefined"),
        ("f0", "a simple value"),
        ("f820", "a simple value"),
        ("f93c00", "a float"),
        ("fb3ff0000000000000", "a float"),
        ("c000", "a tag"),
        ("d81c00", "a tag"),
        ("61ff", "text that is not UTF-8"),
        ("63eda080", "half a character as text"),
        ("62c080", "text longer than needed"),
        ("0000", "bytes after the end"),
        ("a10000ff", "bytes after the end"),
        ("a201000000", "keys out of order"),
        ("a200000000", "a key twice"),
        ("a26161006000", "text keys out of order"),
        ("a1f500", "a key that is true"),
        ("a12000", "a negative key"),
        ("a1410000", "a key of bytes"),
        ("a1800000", "a key that is a list"),
        ("9b7fffffffffffffff", "a length beyond the end"),
        ("bb7fffffffffffffff", "a length beyond the end"),
        ("5b7fffffffffffffff", "a length beyond the end"),
        ("9affffffff00", "a length beyond the end"),
    ],
)
def test_refused_for(encoded: str, why: str) -> None:
    with pytest.raises(Malformed):
        cbor.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize("head", ["81", "a100", "c0"])
def test_nesting_without_end_is_refused_at_once(head: str) -> None:
    with pytest.raises(Malformed):
        cbor.decode(bytes.fromhex(head) * 300_000 + b"\x00")


def test_sixteen_levels_are_the_most() -> None:
    assert cbor.encode(cbor.decode(b"\x81" * 16 + b"\x00")) == b"\x81" * 16 + b"\x00"
    with pytest.raises(Malformed):
        cbor.decode(b"\x81" * 17 + b"\x00")


def test_more_bytes_than_allowed_are_not_looked_at() -> None:
    with pytest.raises(Oversized):
        cbor.decode(bytes(11), max_size=10)


def test_work_grows_with_the_size_and_no_faster() -> None:
    """P12: eight times the bytes take some eight times as long; squared it would be sixty-four."""

    def least(size: int) -> float:
        raw, times = b"\x9a" + (size - 5).to_bytes(4, "big") + bytes(size - 5), []
        for _ in range(3):
            began = time.process_time()
            cbor.decode(raw)
            times.append(time.process_time() - began)
        return min(times)

    assert least(1 << 20) < 32 * least(1 << 17) + 0.05


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (2**64, ValueError),
        (-(2**64) - 1, ValueError),
        ("\ud800", ValueError),
        (1.0, TypeError),
        ({True: 1}, TypeError),
        ({-1: 1}, TypeError),
        ({b"": 1}, TypeError),
        ({1}, TypeError),
        (object(), TypeError),
    ],
)
def test_what_has_no_encoding_is_not_written(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        cbor.encode(value)


def test_true_and_one_are_two_values() -> None:
    assert cbor.encode(True) != cbor.encode(1)
    assert cbor.decode(b"\xf5") is True
    assert cbor.decode(b"\x01") is not True
