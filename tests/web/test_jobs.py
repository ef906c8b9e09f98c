# SPDX-License-Identifier: Apache-2.0
"""docs/jobs.md names the walk of every job, and each is there and made on the screens that it says."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\|[^|]*\|[^|]+\| (\w+) \| `(\w+)::(\w+)` \|$", PAGE, re.MULTILINE)
BOTH = {("en", 1280), ("fa", 390)}


def _screens(test: object) -> set[tuple[str, int | None]]:
    """(language, width) of each run of a test."""
    found: set[tuple[str, int | None]] = set()
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize" and "language" in mark.args[0]:
            names = [mark.args[0]] if isinstance(mark.args[0], str) else list(mark.args[0])
            for run in mark.args[1]:
                values = dict(zip(names, [run] if isinstance(run, str) else run, strict=True))
                found.add((values["language"], values.get("width")))
    return found


def test_every_line_of_the_table_names_a_walk() -> None:
    assert len(ROWS) == PAGE.count("`test_") >= 25


@pytest.mark.parametrize(("walked", "module", "name"), ROWS, ids=[row[2] for row in ROWS])
def test_a_walk_is_there_and_made_as_the_table_says(walked: str, module: str, name: str) -> None:
    """P6, P10: a job that nobody does in a browser is not called done."""
    tests = importlib.import_module(f"tests.browser.{module}")
    screens = _screens(getattr(tests, name))
    match walked:
        case "both":
            assert screens >= BOTH
        case "all":
            assert screens == {("en", None), ("fa", None)}
            assert set(tests.WIDTHS) == {width for _, width in BOTH}
        case _:
            assert walked == "English"
            assert not screens
