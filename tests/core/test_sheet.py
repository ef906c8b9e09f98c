# SPDX-License-Identifier: Apache-2.0
"""A signed note's codes on paper: what is rebuilt is what was signed, or it is refused (docs/format.md §15)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goodoffices.core.errors import Altered, Malformed, YourError
from goodoffices.core.note import Words, read_inside, verify_release
from goodoffices.core.sheet import MAX_CODES, PART, codes_of, rebuilt
from tests.core.making import released, washington

LONG = Words(text="We do not want a war. " * 150, language="en")
VECTOR = Path(__file__).parents[1] / "vectors" / "sheets" / "note.json"


def test_a_note_comes_back_from_its_codes_in_any_order() -> None:
    """P1: the same bytes, and so the same verdict."""
    opened = released(LONG)
    codes = codes_of(opened)
    assert len(codes) == 4
    back = rebuilt([b"something else", *reversed(codes), codes[0]])
    assert back.inside == opened.inside
    assert verify_release(back, washington().office) == verify_release(opened, washington().office)


def test_a_note_that_is_too_long_has_no_codes() -> None:
    """P14: nothing is printed of which a part would be missing."""
    assert codes_of(released(Words(text="x" * PART * MAX_CODES, language="en"))) == ()


def test_missing_and_mixed_codes_are_named() -> None:
    """P12: who photographed them is told which to take again."""
    codes, others = codes_of(released(LONG)), codes_of(released())
    with pytest.raises(YourError, match="Of 4 codes these are missing or cannot be read: 2, 4"):
        rebuilt([codes[0], codes[2]])
    with pytest.raises(YourError, match="more than one note"):
        rebuilt([*codes, *others])
    with pytest.raises(YourError, match="no code of a signed note"):
        rebuilt([])


def test_what_was_changed_on_paper_is_not_taken_for_the_note() -> None:
    """P1: neither words, nor the name of another note, nor two versions of one code."""
    codes = codes_of(released(LONG))
    changed = codes[1][:-1] + bytes([codes[1][-1] ^ 1])
    with pytest.raises(Altered):
        rebuilt([codes[0], changed, *codes[2:]])
    with pytest.raises(Altered, match="different things"):
        rebuilt([*codes, changed])
    with pytest.raises(Altered, match="another note"):
        rebuilt([each[:4] + bytes(32) + each[36:] for each in codes])
    with pytest.raises(Malformed):
        rebuilt([codes[0][:37] + bytes([9]) + codes[0][38:]])


def test_the_vector_of_the_format_is_read_and_written() -> None:
    """P8: a reader by other hands has bytes to try itself on."""
    kept = json.loads(VECTOR.read_text())
    codes = [bytes.fromhex(each) for each in kept["codes"]]
    assert rebuilt(codes).inside == bytes.fromhex(kept["inside"])
    assert list(codes_of(read_inside(bytes.fromhex(kept["inside"])))) == codes
