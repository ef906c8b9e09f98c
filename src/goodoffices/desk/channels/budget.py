# SPDX-License-Identifier: Apache-2.0
"""How another office spends the mandate's budget for FLASH: named where it is overspent, and never refused.

Its own desk keeps to the budget; one that does not is to be seen for what it is, but a note that cries
wolf is still a note (P12). What counts is when the notes were released, by their author's own clock: a
relay that was down must not make anybody a spendthrift.
"""

from __future__ import annotations

from collections.abc import Callable

from goodoffices.core.mandate import Agreement, Precedence
from goodoffices.core.note import OpenNote, read_inside
from goodoffices.desk.ledger.ledger import Ledger, NoteRow

LOOKED_AT = 64
"""Newest FLASH notes of an office that are counted."""


def overspent(
    ledger: Ledger, agreement: Agreement, note: NoteRow, opened: Callable[[NoteRow], OpenNote | None]
) -> int | None:
    """How many FLASH notes its author had released within the budget's time, this one among them, if that is
    more than the mandate gives; else None. Notes that cannot be opened here are not counted."""
    budget = agreement.mandate.flash_budget
    if budget is None or note.precedence != Precedence.FLASH or (mine := opened(note)) is None:
        return None
    most, within = budget
    until = mine.note.time[0]
    times = [
        found.note.time[0]
        for row in ledger.newest_flash(note.mandate, note.author, LOOKED_AT)
        if row.id != note.id and (found := opened(row)) is not None
    ]
    spent = 1 + sum(until - within < at <= until for at in times)
    return spent if spent > most else None


def check(
    ledger: Ledger,
    agreement: Agreement,
    note: NoteRow,
    words_inside: Callable[[NoteRow], bytes | None],
    now: int,
) -> None:
    """Name what an office does beside the mandate's terms for FLASH. ``words_inside``: what a note's seal held."""
    budget = agreement.mandate.flash_budget
    if budget is None or note.precedence != Precedence.FLASH:
        return

    def opened(row: NoteRow) -> OpenNote | None:
        kept = ledger.note(row.id)  # it may have been verified in this very transaction
        raw = words_inside(kept) if kept is not None and kept.state == "verified" else None
        return read_inside(raw) if raw is not None else None

    inside = opened(note)
    if inside is None:
        return
    name, fault = agreement.name_of(note.author), "the other office's"
    spent = overspent(ledger, agreement, note, opened)
    if spent is not None:
        ledger.find(
            now,
            fault,
            f"{name} has overspent the mandate's budget for FLASH: {spent} notes within"
            f" {budget[1] // 60_000} minutes, of which it gives {budget[0]}.",
            "The note is taken as FLASH all the same. Speak with that office about its use of FLASH.",
            entry=note.id,
        )
    if not (inside.words.reason or "").strip():
        ledger.find(
            now,
            fault,
            f"{name} has sent a FLASH note that does not state why it is one, as the mandate asks.",
            "The note is taken as FLASH all the same. Ask that office for its reason.",
            entry=note.id,
        )
