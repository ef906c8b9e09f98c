# SPDX-License-Identifier: Apache-2.0
"""Notes opened and verified at this desk; an altered one is named as such, and never shown as its author's."""

from __future__ import annotations

from goodoffices.core.act import Act, ActType
from goodoffices.core.errors import Altered, Foreign, NewerVersion, NotNow, OtherOfficeError
from goodoffices.core.mandate import Agreement, Reading
from goodoffices.core.note import OpenNote, verify_release
from goodoffices.core.sealed import SealedNote, open_sealed, read_sealed
from goodoffices.core.statement import read_signed
from goodoffices.core.thin.values import is_not_here
from goodoffices.desk.channels import agreed, budget
from goodoffices.desk.channels.beside import BesideWords
from goodoffices.desk.channels.credentials import Credentials
from goodoffices.desk.channels.sealing_anew import SealingAnew
from goodoffices.desk.context import Context
from goodoffices.desk.ledger.ledger import NoteRow, claimed_by
from goodoffices.desk.vault.keys import seal_text


class Verifying(Credentials):
    """The verdict on each sealed form of a note."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.beside = BesideWords(context)
        self.anew = SealingAnew(context, self.thin_notes)

    def verify_note(self, note_id: bytes, now: int) -> None:
        """Open and verify a note with the reading keys; an altered one is named as such, never shown."""
        row = self.ledger.note(note_id)
        if row is None or self.context.reading_key is None:
            return
        for digest, raw, _, verdict in self.ledger.copies(note_id):
            if verdict in ("altered", "verified"):
                continue
            sealed = read_sealed(raw)
            note = claimed_by(sealed.header, row)  # the header that came first may not be the author's
            agreement = self.ledger.agreement(note.mandate)
            if self.context.me not in sealed.readers():
                self._not_for_us(agreement, note, digest, now)
                continue
            if self.thin_notes.is_second(note_id, sealed):
                # Its author seals a note from a chain once: somebody on the way made this one.
                error = Altered("A seal does not open: changed on the way, or not for this key.")
                self._altered(agreement, note, digest, error, now)
                continue
            if self.anew.key_is_gone(sealed):
                what = self.anew.ask(agreement, row, digest, now)
                self.ledger.judge_note(note_id, "unreadable", what, None, None)
                continue
            try:
                opened = self._open(agreement, sealed)
                agreed.require(self.ledger, agreement, opened, now)
            except NewerVersion as error:
                self.ledger.judge_note(note_id, "newer", error.what, None, None)
                continue
            except Foreign as error:
                self.ledger.judge_note(note_id, "unreadable", error.what, None, None)
                continue
            except NotNow as error:
                if is_not_here(error):
                    # A note of this office's own that its vault has lost: the author is asked for the whole.
                    what = self.anew.ask(agreement, row, digest, now)
                    self.ledger.judge_note(note_id, "unreadable", what, None, None)
                    continue
                # It names a roster that is not here yet. One such note must not keep officers from signing in.
                self.ledger.judge_note(note_id, "unopened", error.what, None, None)
                continue
            except OtherOfficeError as error:
                self._altered(agreement, note, digest, error, now)
                continue
            self.ledger.judge_copy(note_id, digest, "verified")
            self.ledger.restate_note(note)
            self.ledger.judge_note(note_id, "verified", None, digest, self.sealed_words(opened))
            self.verified(agreement, note, opened, now)

    def opens_at_once(self, agreement: Agreement, sealed: SealedNote, now: int) -> OpenNote | None:
        """A note that is new here, opened and verified; None where ``verify_note`` has to judge it."""
        if (
            self.context.locked
            or sealed.chain is not None
            or self.context.me not in sealed.readers()
            or self.anew.key_is_gone(sealed)
        ):
            return None
        try:
            opened = self._open(agreement, sealed)
            agreed.require(self.ledger, agreement, opened, now)
        except (OtherOfficeError, NotNow):
            return None
        return opened

    def sealed_words(self, opened: OpenNote) -> bytes:
        """What was inside a note's seal, sealed to this office's readers. The desk is unlocked."""
        assert self.context.reading_key is not None
        return seal_text(self.context.reading_key, opened.inside, opened.signed.id, self.context.rng)

    def verified(self, agreement: Agreement, note: NoteRow, opened: OpenNote, now: int) -> None:
        """What follows once a note is kept as verified."""
        if self.context.me in (note.author, note.recipient):
            self.ledger.keep_reply(note, opened.words)
        self._link(agreement, note.id, opened.note, now)
        self._check_roster(agreement, opened.note, note.id, now)
        self._check_number(agreement, note, now)
        self.departed.note(agreement, note.id, opened.note, opened.signed.signers, now)
        budget.check(self.ledger, agreement, note, self.words_inside, now)

    def _not_for_us(self, agreement: Agreement, note: NoteRow, digest: bytes, now: int) -> None:
        if note.recipient == self.context.me:
            # Its author's desk always seals to the reader it names: somebody put this together.
            error = Altered("It is addressed to this office but sealed to others only.")
            self._altered(agreement, note, digest, error, now)
            return
        self.ledger.judge_copy(note.id, digest, "sealed")
        if agreement.mandate.reading == Reading.OPEN:
            what = "The channel is open, yet this note is not sealed to this office."
            self.ledger.judge_note(note.id, "unreadable", what, None, None)

    def _open(self, agreement: Agreement, sealed: SealedNote) -> OpenNote:
        if sealed.chain is not None:
            return self.thin_notes.open(agreement, sealed)
        opened = open_sealed(sealed, self.context.keys.realm, self.context.me, self.context.reading)
        verify_release(opened, agreement.offices[sealed.header.author])
        return opened

    def _altered(
        self, agreement: Agreement, note: NoteRow, digest: bytes, error: OtherOfficeError, now: int
    ) -> None:
        author = agreement.name_of(note.author)
        carrier = agreement.name_of(note.carried_by) if note.carried_by else author
        what = f"Not {author}'s words: {error.what} It was passed to this desk by {carrier}."
        self.ledger.judge_copy(note.id, digest, "altered")
        self.ledger.judge_note(note.id, "altered", what, None, None)
        self.ledger.find(now, error.fault, what, error.next_step, entry=note.id)
        already = [row for row in self.ledger.acts_about(note.id) if row.type == ActType.ALTERED]
        if not any(read_signed(row.signed).statement.read(Act).evidence == digest for row in already):
            self.do(
                agreement,
                ActType.ALTERED,
                now,
                recipient=note.author,
                lane=note.lane,
                subject=note.id,
                evidence=digest,
            )

    def keys_came(self, chain: bytes, now: int) -> None:
        """Keys of a chain came, perhaps once more to a vault that was put back: notes sealed from it are judged."""
        if self.context.locked:
            return
        for note_id in self.ledger.notes_to_judge():
            waiting = [
                read_sealed(raw) for _, raw, _, state in self.ledger.copies(note_id) if state == "unopened"
            ]
            if any(sealed.chain is not None and sealed.chain[0] == chain for sealed in waiting):
                self.verify_note(note_id, now)

    def verify_pending(self, now: int) -> None:
        """After a sign-in: verify what arrived while the desk was locked."""
        for note_id in self.ledger.notes_to_judge():
            self.verify_note(note_id, now)
        self.beside.open_pending(now)
        self.anew.answer_pending(now)
