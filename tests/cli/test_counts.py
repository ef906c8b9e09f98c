# SPDX-License-Identifier: Apache-2.0
"""How the program counts in its sentences."""

from __future__ import annotations

import pytest

from goodoffices.core.record.layout import counted


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 entries"), (1, "1 entry"), (2, "2 entries"), (1200, "1,200 entries")]
)
def test_one_is_said_as_one(count: int, said: str) -> None:
    """P8: what a stranger is told of a record is told in whole sentences."""
    assert counted(count, "entry", "entries") == said
    assert counted(count, "note").split(" ")[1] == ("note" if count == 1 else "notes")
