# SPDX-License-Identifier: Apache-2.0
"""A bundle on a stick and its pictures: what is accepted, and what any sufficient part rebuilds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor
from goodoffices.core.courier import (
    MARK,
    MAX_PICTURED,
    MAX_SYMBOL,
    MIN_SYMBOL,
    Frame,
    bundle_name,
    read_bundle,
    read_frame,
    write_bundle,
)
from goodoffices.core.errors import GoodOfficesError, Malformed, NewerVersion, Oversized, YourError
from goodoffices.desk.courier.frames import Heap, frames_of
from goodoffices.desk.courier.gathering import Gathered

RNG = random.Random(11)
BUNDLE = write_bundle([RNG.randbytes(4096), RNG.randbytes(16384)])
FRAMES = frames_of(BUNDLE)


def test_what_was_packed_is_unpacked_in_order() -> None:
    envelopes = (bytes([1]) * 4096, bytes([2]) * 16384)
    assert read_bundle(write_bundle(envelopes)) == envelopes


@given(st.binary(max_size=200) | st.integers(0, len(BUNDLE) - 1).map(lambda at: BUNDLE[:at]))
def test_anything_else_is_refused(raw: bytes) -> None:
    """P12"""
    with pytest.raises((Malformed, NewerVersion)):
        read_bundle(raw)


@pytest.mark.parametrize("item", [b"short", bytes(4097), 7, "text"])
def test_something_that_is_no_envelope_is_refused(item: object) -> None:
    """P12"""
    with pytest.raises(Malformed):
        read_bundle(cbor.encode([MARK, 1, [item]]))


def test_a_newer_bundle_says_so() -> None:
    with pytest.raises(NewerVersion):
        read_bundle(cbor.encode([MARK, 2, [], "more"]))


@pytest.mark.parametrize("seed", range(8))
def test_pictures_of_which_three_in_ten_are_lost_rebuild_the_bundle(seed: int) -> None:
    """P7: any sufficient part is enough, in any order, some read twice."""
    rng = random.Random(seed)
    kept = rng.sample(FRAMES, round(len(FRAMES) * 0.7))
    heap = Heap()
    heap.add([*kept, *kept[:5]])
    assert heap.bundles() == [BUNDLE]


def test_too_few_pictures_say_how_many_are_missing() -> None:
    """P12"""
    heap = Heap()
    heap.add(FRAMES[:7])
    with pytest.raises(YourError, match=r"not enough yet.*: 7 of the [0-9]+ or more"):
        heap.bundles()
    ((here, needed),) = heap.counts()
    assert here == 7
    assert needed > 7


@pytest.mark.parametrize("forged", [1, 3])
def test_pictures_that_somebody_slipped_in_do_not_spoil_the_sequence(forged: int) -> None:
    """P7, P12: one of the right name with other bytes made all that the others hold another bundle"""
    heap = Heap()
    for frame in map(read_frame, FRAMES[:forged]):
        heap.add([replace(frame, packet=frame.packet[:4] + RNG.randbytes(len(frame.packet) - 4)).raw])
    heap.add(FRAMES[forged:])
    assert heap.bundles() == [BUNDLE]


def test_a_sequence_that_is_not_whole_is_told_beside_one_that_is() -> None:
    """P6: it looked as if all had been taken in"""
    other = frames_of(write_bundle([RNG.randbytes(16_384)]))
    gathered = Gathered(whole=[("stick.courier", BUNDLE)])
    gathered.heap.add(other[:3], "three.png")
    assert gathered.bundles() == [("stick.courier", BUNDLE)]
    ((file, error),) = gathered.useless
    assert file == "three.png"
    assert "not enough yet" in error.what


def test_pictures_of_two_bundles_in_one_heap_give_both() -> None:
    other = write_bundle([RNG.randbytes(4096)])
    heap = Heap()
    mixed = [*FRAMES, *frames_of(other)]
    random.Random(3).shuffle(mixed)
    heap.add(mixed)
    assert set(heap.bundles()) == {BUNDLE, other}


def test_codes_of_something_else_are_counted_and_stop_nothing() -> None:
    """P12"""
    heap = Heap()
    heap.add([b"https://example.org", b"", *FRAMES])
    assert heap.useless == 2
    assert heap.bundles() == [BUNDLE]


@given(st.data())
def test_a_damaged_picture_never_gives_another_bundle(data: st.DataObject) -> None:
    """P1, P12: rebuilt means the very bytes that the pictures name."""
    picked = data.draw(st.lists(st.sampled_from(FRAMES), min_size=1, max_size=60))
    at = data.draw(st.integers(0, len(picked) - 1))
    hurt = bytearray(picked[at])
    hurt[data.draw(st.integers(0, len(hurt) - 1))] ^= data.draw(st.integers(1, 255))
    heap = Heap()
    heap.add([*picked[:at], bytes(hurt), *picked[at + 1 :]])
    try:
        found = heap.bundles()
    except YourError:
        return
    assert found == [BUNDLE]


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda raw: b"GOF1" + raw))
def test_no_bytes_in_a_picture_do_harm(raw: bytes) -> None:
    """P12"""
    try:
        frame = read_frame(raw)
    except GoodOfficesError:
        return
    assert frame.raw == raw


@given(st.integers(1, MAX_PICTURED), st.integers(MIN_SYMBOL, MAX_SYMBOL), st.binary(min_size=3, max_size=3))
def test_pictures_made_to_spoil_others_stop_nothing(length: int, symbol: int, number: bytes) -> None:
    """P12: whatever sizes a made-up picture names, the others still rebuild their bundle."""
    made_up = Frame(bytes(16), length, symbol, b"\0" + number + bytes(symbol)).raw
    heap = Heap()
    heap.add([made_up, *FRAMES])
    assert BUNDLE in heap.bundles()


def test_a_symbol_that_the_decoder_would_stop_on_is_refused() -> None:
    """P12"""
    with pytest.raises(Malformed, match="wrong size"):
        read_frame(Frame(bytes(16), 1000, 117, bytes(4 + 117)).raw)


def test_a_bundle_too_large_for_pictures_is_sent_by_stick() -> None:
    with pytest.raises(Oversized, match="pictures carry"):
        frames_of(bytes(MAX_PICTURED + 1))


def test_a_name_is_of_the_bytes() -> None:
    assert bundle_name(BUNDLE) != bundle_name(BUNDLE + b"\0")
