# SPDX-License-Identifier: Apache-2.0
"""P10, P13: one passphrase is the same on every keyboard, and a weak one is refused with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.errors import YourError
from goodoffices.desk.vault.keys import check_passphrase, fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("کلید بانی", "كليد بانى"),  # Persian keh and yeh against an Arabic layout's
        ("۱۲۳۴", "١٢٣٤"),  # Persian against Arabic digits
        ("۱۲۳۴", "1234"),
        ("می‌روم", "میروم"),  # with and without the zero-width non-joiner
        ("é", "e\u0301"),
        ("ﻻ", "لا"),  # a ligature from an old font
        ("two  words", " two\u00a0words "),
        ("نامۀ", "نامه\u0654"),
    ],
)
def test_what_a_person_types_is_the_same_on_every_keyboard(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_upper_and_lower_case_of_a_passphrase_stay_apart() -> None:
    assert fold("Walnut") != fold("walnut")


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    try:
        once = fold(text)
    except YourError:
        return
    assert fold(once) == once


@pytest.mark.parametrize(
    "text", ["walnut\x07harbour", "walnut\ud800harbour", "walnut\U000e0fffharbour", "a" * 2000]
)
def test_characters_without_a_settled_form_are_refused(text: str) -> None:
    with pytest.raises(YourError):
        check_passphrase(text)


@pytest.mark.parametrize(
    ("passphrase", "reason"),
    [
        ("short", "takes 12 characters or more, or 4 words or more"),
        ("", "takes 12 characters or more, or 4 words or more"),
        ("aaaaaaaaaaaaaaaa", "repeats itself"),
        ("password password password", "one word again and again"),
        ("Duty Officer1", "officer's name"),
    ],
)
def test_a_weak_passphrase_is_refused_with_the_reason(passphrase: str, reason: str) -> None:
    with pytest.raises(YourError, match=reason) as caught:
        check_passphrase(passphrase, "Duty Officer")
    assert "4 words" in caught.value.next_step


@pytest.mark.parametrize("passphrase", ["ab cd ef gh", "xK9#mm2pQ!7z", "گردو بندر آهسته سیزده"])
def test_four_words_or_twelve_characters_are_enough(passphrase: str) -> None:
    check_passphrase(passphrase, "Duty Officer")
