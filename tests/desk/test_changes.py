# SPDX-License-Identifier: Apache-2.0
"""What changed between two texts, word by word."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.desk.views.changes import MOST, Run, changes

WORDS = st.lists(st.sampled_from(["one", "two", "\n\n", " ", ", ", "خانه‌ها", "no", "۶"]), max_size=40).map(
    "".join
)


@given(WORDS, WORDS)
def test_each_text_can_be_read_out_of_its_changes(before: str, after: str) -> None:
    """Promise P1: what is shown of two texts is these two texts, letter for letter."""
    runs = changes(before, after)
    assert "".join(run.text for run in runs if run.kind != "in") == before
    assert "".join(run.text for run in runs if run.kind != "out") == after
    assert all(one.kind != two.kind for one, two in pairwise(runs))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        ("The same.", "The same.", [("same", "The same.")]),
        ("We shall not.", "We shall.", [("same", "We shall"), ("out", " not"), ("same", ".")]),
        ("We may go.", "We may not go.", [("same", "We may"), ("in", " not"), ("same", " go.")]),
        ("نمی‌خواهیم برویم", "می‌خواهیم برویم", [("out", "نمی‌خواهیم"), ("in", "می‌خواهیم"), ("same", " برویم")]),
    ],
)  # fmt: skip
def test_single_words_are_told_apart(before: str, after: str, expected: list[tuple[str, str]]) -> None:
    """Promise P10: whoever signs sees which words another officer changed. A Persian word is one word."""
    assert changes(before, after) == tuple(Run(*each) for each in expected)


def test_texts_with_little_in_common_stand_one_after_the_other() -> None:
    """Promise P12: nobody chooses how long it takes to show his text."""
    before = " ".join(f"a{at}" for at in range(MOST))
    after = " ".join(f"b{at}" for at in range(MOST))
    assert [run.kind for run in changes(before, after)] == ["out", "in"]
