# SPDX-License-Identifier: Apache-2.0
"""By hand and on paper: handing a printed sheet over, and writing a paper or spoken reply down (P14).

Both are signed by the intermediary's officer and stand as the intermediary's word. What was said beside
them is a covering remark, an act of its own.
"""

from __future__ import annotations

from goodoffices.core.act import ActType
from goodoffices.core.errors import NotAllowed, NotNow, YourError
from goodoffices.core.handing import Hand, words_of
from goodoffices.core.mandate import Agreement
from goodoffices.desk.context import Officer
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.officers.acts import OfficerActs

FORWARDED_ALREADY = "It was forwarded already."
PAPER, SPOKEN = 1, 2


class HandActs(OfficerActs):
    """Every use case of an officer, those by hand among them."""

    def why_not_hand_over(self, note: NoteRow, agreement: Agreement, now: int) -> str | None:
        """What stands against handing a note over, in words; None if nothing does."""
        mandate = agreement.mandate
        if mandate.is_party(self.context.me) or note.recipient == self.context.me:
            return "It does not pass through this office."
        if mandate.next_hop(self.context.me, note.recipient) != note.recipient:
            return "The post at its reader's side hands it over."
        reason = self.channels.why_not_forward(note, agreement, now)
        if reason == FORWARDED_ALREADY and not mandate.on_paper(note.recipient):
            reason = None  # what went to the reader's desk may be put into his hand as well
        if reason is not None:
            return reason
        return None if note.state == "verified" else "Its text is not before us."

    def hand_over(self, officer: Officer, note_id: bytes, hand: Hand, now: int, *, remark: str = "") -> None:
        """Sign that the sheet was given: to whom, where, when, by whom. A remark is an act of its own."""
        note, agreement = self.passing(officer, note_id)
        reason = self.why_not_hand_over(note, agreement, now)
        if reason is not None:
            raise NotNow(f"The note cannot be handed over. {reason}")
        if hand.at > now + 60_000:
            raise YourError("It cannot have been handed over later than now.", "Correct the time.")
        words = words_of(hand)
        with self.context.transaction():
            self._see(agreement, note, officer, now)
            self._about(agreement, note, ActType.HANDED_OVER, officer, now, words=words, evidence=note.copy)
            if agreement.mandate.on_paper(note.recipient):
                self.ledger.mark_carried(note.id, note.recipient)
            if remark and agreement.mandate.officers_to_add_words == 1:
                self.add_words(agreement, note, remark, now, officer)
            elif remark:
                self.put_up_words(note, remark, now, officer)
            self.lines.flush_all(now)

    def transcribe(
        self,
        officer: Officer,
        note_id: bytes,
        hand: Hand,
        text: str,
        now: int,
        *,
        spoken: bool,
        scan: bytes | None = None,
    ) -> None:
        """Write down what a party on paper answered: the intermediary's transcript, never that party's words."""
        note, agreement = self.passing(officer, note_id)
        if not agreement.mandate.on_paper(note.recipient):
            raise NotAllowed("A party with a desk answers for itself.")
        self._may_add_words(agreement)
        words = words_of(hand, text)
        with self.context.transaction():
            self._see(agreement, note, officer, now)
            self._about(
                agreement,
                note,
                ActType.TRANSCRIPT,
                officer,
                now,
                words=words,
                code=SPOKEN if spoken else PAPER,
                evidence=scan,
            )
            self.lines.flush_all(now)

    @staticmethod
    def _may_add_words(agreement: Agreement) -> None:
        if agreement.mandate.officers_to_add_words > 1:
            raise NotAllowed(
                "The mandate asks for two officers to add words, and a transcript takes one so far.",
                "Say it in a covering remark, which two can sign.",
            )
