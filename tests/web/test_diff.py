# SPDX-License-Identifier: Apache-2.0
"""What changed between two texts: nothing invented, nothing swallowed, whatever they are."""

from __future__ import annotations

import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from goodoffices.web.diff import Change, changes

TEXTS = st.text(alphabet="abc .\n\u200cمی", max_size=60)


def sides(found: tuple[Change, ...]) -> tuple[str, str]:
    old = "".join(each.text for each in found if each.kind != "in")
    return old, "".join(each.text for each in found if each.kind != "out")


@given(TEXTS, TEXTS)
@example("", "")
@example("a", "")
@example("\r\n\x00", "\u2028")
def test_both_texts_can_be_read_back_from_what_is_shown(old: str, new: str) -> None:
    """P1"""
    found = changes(old, new)
    assert sides(found) == (old, new)
    assert all(each.text for each in found)
    assert all(one.kind != other.kind for one, other in itertools.pairwise(found))


def test_words_are_whole() -> None:
    """A Persian word with a joiner in it is one word."""
    found = changes("We want no war. می‌خواهیم", "We do not want war. نمی‌خواهیم")
    kinds = {(each.kind, each.text) for each in found}
    assert {("in", "do not "), ("out", "no "), ("out", "می‌خواهیم"), ("in", "نمی‌خواهیم")} <= kinds


def test_texts_that_have_nothing_in_common_are_shown_one_after_the_other() -> None:
    """P12: a comparison that would take long is given up, and still says nothing false."""
    old, new = " ".join(["a", "b"] * 10_000), " ".join(["b", "c"] * 10_000)
    assert changes(old, new) == (Change("out", old), Change("in", new))
