# SPDX-License-Identifier: Apache-2.0
"""A mark for every counterpart: a colour and a shape by which an officer sees to whom a window belongs (P4).

Marks follow the order in which offices became known here, so that a counterpart keeps its own for ever. They
are this desk's alone: they mean nothing to others, and the name always stands beside them.
"""

from __future__ import annotations

from goodoffices.core.mandate import Mandate
from goodoffices.desk.desk import Desk

COLOURS, SHAPES = 6, 5
"""Without a common divisor: no two of thirty counterparts have the same mark, and the first five share neither."""


def mark_of(desk: Desk, office: bytes) -> int | None:
    """The number of an office's mark; None for this office itself and for one that is not known."""
    if office == desk.me:
        return None
    known = [each for each in desk.ledger.office_ids() if each != desk.me]
    if office in known:
        return known.index(office)
    # A party on paper has no credential here: those are counted from the other end.
    papers = dict.fromkeys(
        each for mandate in _mandates(desk) for each in mandate.path if mandate.on_paper(each)
    )
    at = list(papers).index(office) if office in papers else None
    return None if at is None else COLOURS * SHAPES - 1 - at % (COLOURS * SHAPES)


def _mandates(desk: Desk) -> list[Mandate]:
    return [desk.ledger.agreement(each).mandate for each in desk.ledger.mandates()]
