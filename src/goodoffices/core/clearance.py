# SPDX-License-Identifier: Apache-2.0
"""Clearances: what officers of one office sign about each other's drafts (docs/format.md §5.5).

A clearance never leaves its office: who hesitated, and over which words, is nobody else's business. It
names one version of one draft by the hash of its salted content, so a change of the words, of the
urgency or of the end voids it by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from goodoffices.core.fields import ID, TIME, key, one_of, text, uint
from goodoffices.core.statement import Content, Kind


class Verdict(IntEnum):
    """What an officer says of a version of a draft."""

    CLEARED = 1
    REFUSED = 2
    COMMENT = 3


@dataclass(frozen=True, kw_only=True)
class Clearance(Content):
    """One officer's word on one version of a draft; signed with that officer's key."""

    KIND: ClassVar[Kind] = Kind.CLEARANCE
    office: bytes = key(1, ID)
    roster: int = key(2, uint(2**32))
    time: tuple[int, int] = key(3, TIME)
    draft: bytes = key(4, ID)
    version: int = key(5, uint(2**32))
    content: bytes = key(6, ID)
    """SHA-256 of the version's content, which begins with 32 random bytes."""
    verdict: int = key(7, one_of(1, 2, 3))
    words: str = key(8, text(2000), default="")
