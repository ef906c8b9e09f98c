# SPDX-License-Identifier: Apache-2.0
"""What officers do: the intermediary's take, forward, refuse and return; the reader's open, hand to the
principal and acknowledge; and, from their own modules, agreeing and writing.

Each is one transaction and one signed act. Rights are checked here, against the roster, however the
request came in.
"""

from __future__ import annotations

from typing import Any

from goodoffices.core.act import (
    CHANNEL_LANE,
    HOME_LANE,
    Acknowledgement,
    Act,
    ActType,
)
from goodoffices.core.errors import NotAllowed, NotNow, YourError
from goodoffices.core.mandate import (
    Agreement,
)
from goodoffices.core.note import read_inside
from goodoffices.core.office import Right
from goodoffices.core.statement import Signed, read_signed
from goodoffices.desk.assurances.assurances import Assurances
from goodoffices.desk.context import Officer
from goodoffices.desk.ledger.ledger import ActRow, NoteRow
from goodoffices.desk.officers.acting import states
from goodoffices.desk.officers.agreeing import Agreeing, Terms
from goodoffices.desk.officers.beside import Besides
from goodoffices.desk.officers.own_words import OwnWords
from goodoffices.desk.officers.writing import Draft

__all__ = ["Draft", "OfficerActs", "Terms"]


ON_PAPER = "The reader is on paper: the sheet is printed and handed over."
DECIDED = frozenset({"It was forwarded already.", "It was refused.", "Its author has withdrawn it."})
"""After these there is nothing left to refuse or to return: a note that its author took back goes nowhere."""


class OfficerActs(Agreeing, Besides, OwnWords):
    """The use cases of signed-in officers."""

    # --- the intermediary's officer -------------------------------------------------------------------

    def _about(
        self, agreement: Agreement, note: NoteRow, kind: ActType, officer: Officer, now: int, **fields: Any
    ) -> Signed:
        return self.channels.do(
            agreement,
            kind,
            now,
            recipient=note.author,
            lane=note.lane,
            officer=officer,
            subject=note.id,
            **fields,
        )

    def take(self, officer: Officer, note_id: bytes, now: int) -> None:
        """An officer of the intermediary takes a note and sees what there is to see."""
        note, agreement = self.passing(officer, note_id)
        with self.context.transaction():
            self._see(agreement, note, officer, now)
            self.lines.flush_all(now)

    def _see(self, agreement: Agreement, note: NoteRow, officer: Officer, now: int) -> None:
        if not self.has_act(note.id, ActType.SEEN):
            self._about(agreement, note, ActType.SEEN, officer, now)

    def forward(
        self, officer: Officer, note_id: bytes, now: int, *, remark: str = "", although_expired: bool = False
    ) -> None:
        """Pass a note on verbatim, in one act; a covering remark is an object of its own beside it."""
        note, agreement = self.passing(officer, note_id)
        reason = self.channels.why_not_forward(note, agreement, now)
        if reason is not None and not (although_expired and reason == "It has expired."):
            raise NotNow(f"The note cannot be forwarded. {reason}")
        if agreement.mandate.on_paper(agreement.mandate.next_hop(self.context.me, note.recipient)):
            raise NotNow(ON_PAPER, "Print the sheet, hand it over, and sign that you did.")
        with self.context.transaction():
            self._see(agreement, note, officer, now)
            if remark:  # the note never waits for a second officer; the words follow
                self.add_words(agreement, note, officer, now, remark)
            self.channels.forward(agreement, note, now, officer)
        with self.context.transaction():
            self.lines.flush_all(now)

    def refuse(
        self, officer: Officer, note_id: bytes, reason: str, now: int, *, returned: bool = False
    ) -> None:
        """Refuse to forward, or hand back with a question; the sender sees the reason."""
        note, agreement = self.passing(officer, note_id)
        if not reason.strip():
            raise YourError("A refusal states its reason; the sender will read it.", "Write the reason.")
        kind = ActType.RETURNED if returned else ActType.REFUSED
        if self.stands(note, kind, {"words": reason}):
            return
        self.require_room(note, kind)
        why_not = self.channels.why_not_forward(note, agreement, now)
        if why_not in DECIDED:
            raise NotNow(f"It is too late to refuse this note. {why_not}")
        with self.context.transaction():
            self._see(agreement, note, officer, now)
            self._about(agreement, note, kind, officer, now, words=reason)
            self.lines.flush_all(now)

    # --- the reader's officer -------------------------------------------------------------------------

    def _reading(self, officer: Officer, note_id: bytes) -> tuple[NoteRow, Agreement]:
        self.require(officer, Right.DUTY)
        note = self.note_row(note_id)
        if note.recipient != self.context.me:
            raise NotAllowed("This note is not addressed to this office.")
        if note.state == "altered":
            raise NotNow(
                "This is not what its author signed; it is not shown as his.", "See the evidence beside it."
            )
        return note, self.ledger.agreement(note.mandate)

    def open(self, officer: Officer, note_id: bytes, now: int) -> None:
        """Open a note addressed to this office; the author is told, if the mandate lets it travel."""
        note, agreement = self._reading(officer, note_id)
        if note.state != "verified":
            raise NotNow(note.finding or "The note cannot be opened here yet.")
        self._rung(agreement, note, ActType.OPENED, officer, now)

    def with_principal(self, officer: Officer, note_id: bytes, now: int) -> None:
        """The note is with the principal."""
        note, agreement = self._reading(officer, note_id)
        self._need_open(note)
        self._rung(agreement, note, ActType.WITH_PRINCIPAL, officer, now)

    def acknowledge(self, officer: Officer, note_id: bytes, kind: int, now: int) -> None:
        """Acknowledge in one of the agreed kinds; none of them means consent."""
        note, agreement = self._reading(officer, note_id)
        self._need_open(note)
        if kind not in {int(each) for each in Acknowledgement}:
            raise YourError("There is no such kind of acknowledgement.")
        self._rung(agreement, note, ActType.ACKNOWLEDGED, officer, now, code=kind)

    def _need_open(self, note: NoteRow) -> None:
        if not self.has_act(note.id, ActType.OPENED):
            raise NotNow("The note has not been opened yet.", "Open it first.")

    def _rung(
        self, agreement: Agreement, note: NoteRow, kind: ActType, officer: Officer, now: int, **fields: Any
    ) -> None:
        mine = [
            row
            for row in self.ledger.acts_about(note.id)
            if row.author == self.context.me and row.type == kind
        ]
        if mine and (kind != ActType.ACKNOWLEDGED or states(_act(mine[-1]), fields)):
            return  # it stands already: a button pressed twice is one act
        self.require_room(note, kind)
        travels = kind in agreement.mandate.acknowledgements or note.lane != CHANNEL_LANE
        with self.context.transaction():
            self.channels.do(
                agreement,
                kind,
                now,
                recipient=note.author if travels else self.context.me,
                lane=note.lane if travels else HOME_LANE,
                officer=officer,
                subject=note.id,
                **fields,
            )
            inside = self.channels.words_inside(note) if kind == ActType.OPENED else None
            if inside is not None:
                words, mandate = read_inside(inside).words, agreement.mandate
                Assurances(self.context).take(officer, note.id, words, mandate, now)
            self.lines.flush_all(now)


def _act(row: ActRow) -> Act:
    return read_signed(row.signed).statement.read(Act)
