# SPDX-License-Identifier: Apache-2.0
"""What a running desk remembers of its tables, held against the tables: memory that is wrong signs wrong things."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.drill.world.parts import SimOffice

LOOKED_AT = 24
"""Of each kind, how much of what was remembered last is compared."""

_QUESTIONS: dict[str, Callable[..., Any]] = {
    "the numbers of": Ledger.next_number,
    "the newest notes of": Ledger.newest_of,
    "the chain of": Ledger.chain_head,
    "the head of": Ledger.head,
    "note": Ledger.note,
    "the acts about note": Ledger.acts_about,
    "what was said about note": Ledger.said_about,
    "the acts of a kind under": Ledger.acts_of_type,
    "what was carried:": Ledger.carried_to,
    "entry": Ledger.entry,
    "the fact": Ledger.fact,
    "the lines owed to": lambda ledger: sorted(ledger.owing_lines()),
    "the arrivals to be signed": Ledger.arrivals,
    "whether anything went by hand": Ledger.any_by_hand,
    "whether any signer had left": Ledger.any_left,
}


def differs(office: SimOffice) -> str | None:
    """What the desk of an office remembers otherwise than it stands in its tables; None if nothing."""
    if office.desk is None:
        return None
    desk, tables = office.desk.ledger, Ledger(office.disk)
    for what, asked_before in desk.remembered().items():
        ask = _QUESTIONS[what]
        for asked in islice(reversed(asked_before), LOOKED_AT):
            if ask(desk, *asked) != ask(tables, *asked):
                return f"{what} {' '.join(each.hex()[:8] if isinstance(each, bytes) else str(each) for each in asked)}"
    return _next_entries(desk, tables, office.id)


def _next_entries(desk: Ledger, tables: Ledger, me: bytes) -> str | None:
    """How far each chain is here, and what stands around the place in which its next entry comes."""
    for line in tables.lines():
        for writer in (me, line.peer):
            named = writer.hex()[:8]
            if desk.complete_until(line.id, writer) != tables.complete_until(line.id, writer):
                return f"how far all of {named}'s is here"
            head = tables.head(line.id, writer)
            if head is None:
                continue
            after = head[0], head[1] + 1, b""
            beside = [ledger.neighbours_of(line.id, writer, after) for ledger in (desk, tables)]
            if [each[:2] for each in beside[0]] != [each[:2] for each in beside[1]]:
                return f"what stands before {named}'s next entry"
            if desk.entry_ids_at(line.id, writer, after) != tables.entry_ids_at(line.id, writer, after):
                return f"what stands at {named}'s next place"
    return None
