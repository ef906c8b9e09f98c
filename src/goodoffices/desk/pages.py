# SPDX-License-Identifier: Apache-2.0
"""How much of a long list one page holds, so that every page stays small enough for a slow line at night."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 24
ROOM = 18_000
"""Bytes of what was written, as UTF-8: with what stands around it a page keeps below 100,000."""


def fitting(written: Iterable[str], most: int = MOST, room: int = ROOM) -> int:
    """How many of a list, from its first on, stand on one page: one at least, however long it is."""
    count = 0
    for words in written:
        room -= len(words.encode("utf-8", "surrogatepass"))
        if count and (count >= most or room < 0):
            break
        count += 1
    return count
