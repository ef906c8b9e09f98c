# SPDX-License-Identifier: Apache-2.0
"""How much one office may say about one note at this desk: a page shows all of it (ADR 0052).

Each office's acts are counted apart, so nobody uses up another's room. What was accepted stays.
"""

from __future__ import annotations

from goodoffices.core.act import Act, ActType
from goodoffices.core.beside import BESIDE, MOST_BESIDE
from goodoffices.core.errors import Oversized
from goodoffices.desk.ledger.ledger import Ledger

WORDS: frozenset[int] = frozenset({ActType.REMARK, ActType.TRANSCRIPT})
MOST_WORDS = 16
"""Remarks and transcripts of one office about one note; each may be 8,000 bytes."""
MOST_ACTS = 64
"""All its other acts about the note: rungs, questions, acknowledgements."""
MOST_CONSENT = 256
"""Questions and answers of one office about consent under one mandate; each may be 8,000 bytes."""
MOST_OWN_ACTS = 32
"""The same of this office's own: fewer, so that nothing of ours is ever turned away."""


def full(ledger: Ledger, note: bytes, author: bytes, kind: int, *, more: int = 0, own: bool = False) -> bool:
    """Whether an office has no room for one more act of a kind about a note. ``more``: what waits besides."""
    beside, words, others = ledger.count_about(note, author, (BESIDE, WORDS))
    if kind in BESIDE:
        return beside + more >= MOST_BESIDE
    if kind in WORDS:
        return words + more >= MOST_WORDS
    return others + more >= (MOST_OWN_ACTS if own else MOST_ACTS)


def require_room(ledger: Ledger, act: Act) -> None:
    """Raise Oversized for a counterpart's act that is one too many about its note, or about consent."""
    if act.type == ActType.CONSENT:
        rows = ledger.acts_of_type(act.mandate, act.type)
        if sum(row.author == act.author for row in rows) >= MOST_CONSENT:
            raise Oversized(f"More than {MOST_CONSENT} questions and answers of one office about consent.")
    if act.subject is None or not full(ledger, act.subject, act.author, act.type):
        return
    if act.type in BESIDE:
        raise Oversized(f"More than {MOST_BESIDE} translations and rewordings beside one note.")
    if act.type in WORDS:
        raise Oversized(f"More than {MOST_WORDS} remarks and transcripts of one office about one note.")
    raise Oversized(f"More than {MOST_ACTS} acts of one office about one note.")
