# SPDX-License-Identifier: Apache-2.0
"""Check digits: their form, their spread, and every way that people type them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import digits
from goodoffices.core.errors import YourError
from tests.core.making import seed

KINDS = {"pairing": 60, "mandate": 60, "office": 30, "note": 20}


@pytest.mark.parametrize(("what", "count"), KINDS.items())
def test_digits_are_as_many_as_said_and_always_the_same(what: str, count: int) -> None:
    found = digits.check_digits(what, seed("x"), count)
    assert len(found) == count
    assert found.isascii()
    assert found.isdigit()
    assert digits.check_digits(what, seed("x"), count) == found
    assert digits.check_digits(what, seed("y"), count) != found


def test_digits_of_different_kinds_are_unrelated() -> None:
    assert len({digits.check_digits(what, seed("x"), 20) for what in KINDS}) == len(KINDS)


def test_every_digit_is_as_likely_in_every_place() -> None:
    found = [digits.check_digits("note", seed(str(n)), 20) for n in range(3000)]
    for place in range(20):
        counts = [sum(each[place] == digit for each in found) for digit in "0123456789"]
        # 300 each; four standard deviations of a count are 66.
        assert all(220 < count < 380 for count in counts)


def test_leading_zeros_stay() -> None:
    found = [digits.check_digits("note", seed(str(n)), 20) for n in range(200)]
    assert any(each.startswith("0") for each in found)
    assert {len(each) for each in found} == {20}


def test_each_try_at_digits_that_agree_by_half_is_dear() -> None:
    """Whoever may choose salts could search for two IDs that agree in the 30 digits one side types."""
    began = time.perf_counter()
    digits.check_digits("pairing", seed("never seen before"), 60)
    assert time.perf_counter() - began > 0.002
    known = digits._stretch.cache_info().hits
    digits.check_digits("pairing", seed("never seen before"), 60)
    assert digits._stretch.cache_info().hits == known + 1


def test_digits_are_shown_in_groups_of_five() -> None:
    assert digits.grouped("12345678901234567890") == "12345 67890 12345 67890"
    assert digits.grouped("") == ""


@pytest.mark.parametrize(
    "text",
    [
        "12345 67890",
        "1234567890",
        " 12345-67890\n",
        "۱۲۳۴۵ ۶۷۸۹۰",
        "١٢٣٤٥ ٦٧٨٩٠",
        "\u200e12345\u200f\u200c 67890",
        "12345\u00a067890",
        "12345, 67890.",
        "12345–67890",
    ],
    ids=ascii,
)
def test_people_type_digits_in_many_ways(text: str) -> None:
    assert digits.typed(text, 10) == "1234567890"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "12345 678901",
        "12345 6789O",
        "१२३४५६७८९०",
        "²²²²²²²²²²",
        "1\ud800",
        "１２３４５６７８９０",
    ],
    ids=ascii,
)
def test_anything_else_is_to_be_typed_again(text: str) -> None:
    with pytest.raises(YourError):
        digits.typed(text, 10)


@given(st.text(max_size=40))
def test_any_text_gives_digits_or_a_clear_refusal(text: str) -> None:
    try:
        found = digits.typed(text, 5)
    except YourError:
        return
    assert len(found) == 5
    assert found.isascii()
