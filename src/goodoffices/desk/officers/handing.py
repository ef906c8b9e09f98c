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
        words = words_of(hand)
        signed = self.stands(note, ActType.HANDED_OVER, {"words": words})
        reason = None if signed else self.why_not_hand_over(note, agreement, now)
        if reason is not None:
            raise NotNow(f"The note cannot be handed over. {reason}")
        if hand.at > now + 60_000:
            raise YourError("It cannot have been handed over later than now.", "Correct the time.")
        with self.context.transaction():
            self._see(agreement, note, officer, now)
            if not signed:
                self.require_room(note, ActType.HANDED_OVER)
                self._about(
                    agreement, note, ActType.HANDED_OVER, officer, now, words=words, evidence=note.copy
                )
                if agreement.mandate.on_paper(note.recipient):
                    self.ledger.mark_carried(note.id, note.recipient)
            if remark:
                self.add_words(agreement, note, officer, now, remark)
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
        instead: bytes | None = None,
    ) -> bool:
        """Write down what a party on paper answered: the intermediary's transcript, never that party's words.

        False if it waits for a second officer now, where the mandate asks for two to add words. ``instead``:
        the digest of one that waits, and that whoever compared it found wrong.
        """
        note, agreement = self.passing(officer, note_id)
        if not agreement.mandate.on_paper(note.recipient):
            raise NotAllowed("A party with a desk answers for itself.")
        words = words_of(hand, text)
        with self.context.transaction():
            self._see(agreement, note, officer, now)
            stands = self.add_words(
                agreement,
                note,
                officer,
                now,
                words,
                ActType.TRANSCRIPT,
                recipient=note.author,
                code=SPOKEN if spoken else PAPER,
                evidence=scan,
                instead=instead,
            )
            self.lines.flush_all(now)
        return stands
