# SPDX-License-Identifier: Apache-2.0
"""docs/asvs.md answers every requirement of its chapters, and each piece of evidence is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([123]) \| (\w+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
SECTIONS = {
    "1.1": 2, "1.2": 10, "1.3": 12, "1.4": 3, "1.5": 3,
    "2.1": 3, "2.2": 3, "2.3": 5, "2.4": 2,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2,
    "8.1": 4, "8.2": 4, "8.3": 3, "8.4": 2,
}  # fmt: skip
"""How many requirements each section of ASVS 5.0 has."""


def test_every_requirement_has_one_row() -> None:
    expected = [f"{section}.{n}" for section, count in SECTIONS.items() for n in range(1, count + 1)]
    assert [row[0] for row in ROWS] == expected


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_a_row_names_as_evidence_is_there(row: tuple[str, str, str, str, str]) -> None:
    """P10: a claim without a test or a page behind it does not stand here."""
    number, _, kept, _, evidence = row
    assert kept in ("kept", "partly", "not", "none")
    named = re.findall(r"`([^`]+)`", evidence)
    assert named, number
    for each in named:
        path, _, test = each.partition("::")
        assert (ROOT / path).is_file(), each
        if test:
            text = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^(async )?def {test}\(", text, re.MULTILINE), each
