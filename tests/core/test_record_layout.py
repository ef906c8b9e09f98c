# SPDX-License-Identifier: Apache-2.0
"""How names and words stand in the texts of a record: alike wherever they are written (P1, P8)."""

import unicodedata
from pathlib import Path

import pytest

from goodoffices.core.record.findings import Flaw
from goodoffices.core.record.layout import plain

PAPER = Path(__file__).resolve().parent.parent.parent / "docs" / "export.md"


@pytest.mark.parametrize(
    "hidden",
    ["\n", "\r", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041"],
)
def test_what_would_end_hide_or_reverse_a_line_is_written_as_its_number(hidden: str) -> None:
    """P1."""
    assert plain(f"a{hidden}b") == f"a\\u{{{ord(hidden):x}}}b"


def test_a_backslash_is_doubled_so_that_nothing_can_imitate_an_escape() -> None:
    """P1."""
    assert plain("\\u{a}") == "\\\\u{a}"


@pytest.mark.slow
def test_persian_and_every_letter_mark_and_sign_stand_as_they_are() -> None:
    """P8: also those of which this Python's tables know nothing."""
    assert plain("می‌ماند é 平 😀 \U0001fae8") == "می‌ماند é 平 😀 \U0001fae8"
    escaped = [char for at in range(0x110000) if plain(char := chr(at)) != char and char != "\\"]
    assert {unicodedata.category(each) for each in escaped} <= {
        "Cc",
        "Cf",
        "Cn",
        "Co",
        "Cs",
        "Zl",
        "Zp",
        "Zs",
    }


def test_the_paper_names_every_kind_of_finding_with_its_promise() -> None:
    """P8: what two verifiers are held against each other by."""
    rows = [
        line.split("|")[1:3]
        for line in PAPER.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `") and "| P" in line
    ]
    told: dict[str, int] = {}
    for kinds, promises in rows:
        names = [each.strip(" `") for each in kinds.split(",")]
        numbers = [int(each.strip(" P")) for each in promises.split(",")]
        told |= dict(zip(names, numbers if len(numbers) > 1 else numbers * len(names), strict=True))
    assert told == {flaw.value: flaw.promise for flaw in Flaw}
