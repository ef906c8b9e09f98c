# SPDX-License-Identifier: Apache-2.0
"""What every act of an officer stands on: rights by the roster, mandates in force, notes that are here."""

from __future__ import annotations

from typing import Any

from goodoffices.core.act import Act, ActType
from goodoffices.core.errors import LacksRight, NotFound, NotNow, YourError
from goodoffices.core.mandate import Agreement
from goodoffices.core.office import Right
from goodoffices.core.statement import read_signed
from goodoffices.desk.channels.bounds import full
from goodoffices.desk.channels.channels import Channels
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.lines.lines import Lines


class Acting:
    """What every use case of an officer stands on."""

    def __init__(self, context: Context, channels: Channels, lines: Lines) -> None:
        self.context = context
        self.ledger = context.ledger
        self.channels = channels
        self.lines = lines

    def require(self, officer: Officer, right: Right) -> None:
        """Raise NotAllowed unless the newest roster gives the officer this right."""
        held = self.context.my_office().roster.rights(officer.public)
        if not held & right or self.ledger.locked_out(officer.public):
            raise LacksRight(
                f"{officer.name} does not hold the right '{right.name.lower() if right.name else right}' here."
            )

    def _in_force(self, mandate_id: bytes, now: int) -> Agreement:
        agreement = self.ledger.agreement(mandate_id)
        if not agreement.complete:
            raise NotNow(
                "Not every office has signed the mandate yet.", "Wait for the signatures that are missing."
            )
        if agreement.mandate.ends is not None and now >= agreement.mandate.ends:
            raise NotNow(
                "The mandate has ended.", "Agree on a new one that names this one as its predecessor."
            )
        return agreement

    def note_row(self, note_id: bytes) -> NoteRow:
        """A note of this desk; raises NotFound."""
        note = self.ledger.note(note_id)
        if note is None:
            raise NotFound("There is no such note at this desk.")
        return note

    def has_act(self, note_id: bytes, kind: ActType) -> bool:
        """Whether this office did that about a note."""
        return self.ledger.did(note_id, self.context.me, kind)

    def stands(self, note: NoteRow, kind: ActType, stated: dict[str, Any]) -> bool:
        """Whether this office has signed just that about a note: a form that was sent twice is one act."""
        mine = (row for row in self.ledger.acts_about(note.id) if row.author == self.context.me)
        return any(
            states(read_signed(row.signed).statement.read(Act), stated) for row in mine if row.type == kind
        )

    def require_room(self, note: NoteRow, kind: ActType, *, waiting: int = 0) -> None:
        """Raise YourError where this office has said as much about a note as its counterparts take (ADR 0052)."""
        if full(self.ledger, note.id, self.context.me, kind, more=waiting, own=True):
            raise YourError(
                "This office has said as much beside this note as is carried.",
                "Send what is still to be said as a note.",
            )

    def compared(self, agreement: Agreement, office: bytes) -> bool:
        """Whether an officer of a party signed that the digits were compared, and had not left by then (ADR 0096)."""
        return any(
            row.author == office and self.ledger.left(row.id, office) is None
            for row in self.ledger.acts_of_type(agreement.id, ActType.COMPARED)
        )

    def vouched_alone(self, agreement: Agreement) -> bool:
        """Whether keys in this channel are vouched for by the intermediary alone."""
        return not all(self.compared(agreement, party) for party in agreement.mandate.parties)


def states(act: Act, stated: dict[str, Any]) -> bool:
    """Whether an act states these fields just so."""
    return all(getattr(act, name) == value for name, value in stated.items())
