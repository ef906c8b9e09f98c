# SPDX-License-Identifier: Apache-2.0
"""What came beside notes lately that its reader may not have seen: no note of its own, so nothing waits to be opened.

A party on paper answers through the intermediary's transcript; a translation may come when its reader has
opened the note already. Both hang on a note that nobody has a reason to look at again.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import ActType
from goodoffices.core.mandate import Agreement
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import ActRow, NoteRow
from goodoffices.desk.views.custody import signed_at

BESIDE = {
    ActType.TRANSCRIPT: "transcript",
    ActType.TRANSLATION: "translation",
    ActType.REWORDING: "rewording",
    ActType.REMARK: "covering remark",
}
SHOWN_FOR = 3 * 86_400_000
"""Milliseconds for which it stands on the first page."""
LOOKED_AT = 12
"""Newest acts of each such kind that are looked at."""
MOST = 6


@dataclass(frozen=True)
class Came:
    """Words of another office beside a note, since this office wrote or opened it."""

    note: bytes
    author_name: str
    number: int
    what: str
    """transcript | translation | rewording | covering remark"""
    office_name: str
    at: int


def came_beside(desk: Desk, agreement: Agreement, now: int) -> tuple[Came, ...]:
    """The newest first."""
    found = []
    for kind, what in BESIDE.items():
        for row in desk.ledger.newest_acts(agreement.id, kind, now - SHOWN_FOR, LOOKED_AT):
            note = desk.ledger.note(row.subject) if row.subject is not None else None
            if note is not None and row.author != desk.me and _new_to_us(desk, note, row):
                names = agreement.name_of(note.author), agreement.name_of(row.author)
                found.append(Came(note.id, names[0], note.number, what, names[1], signed_at(row)))
    return tuple(sorted(found, key=lambda each: each.at, reverse=True)[:MOST])


def _new_to_us(desk: Desk, note: NoteRow, row: ActRow) -> bool:
    """Whether it came after this office had last a reason to look at the note."""
    if note.author == desk.me:
        return row.type == ActType.TRANSCRIPT
    opened = [
        each.position
        for each in desk.ledger.acts_about(note.id)
        if each.type == ActType.OPENED and each.author == desk.me
    ]
    return note.recipient == desk.me and bool(opened) and opened[0] < row.position
