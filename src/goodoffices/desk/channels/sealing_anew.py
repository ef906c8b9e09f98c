# SPDX-License-Identifier: Apache-2.0
"""A note whose sealing key is gone: its reader asks, its author seals the same note anew (ADR 0042).

Sealing keys are destroyed when their time is over, and no backup holds them. So a note can arrive, or arrive
once more, that its reader cannot open. The words are with the author; the question goes to him hop by hop as
item 7 of an entry, the same note under a new seal comes back as item 8. Nothing that was signed changes: the
note's ID is that of its statement, and the seal stands outside of it.
"""

from __future__ import annotations

from goodoffices.core import crypto
from goodoffices.core.act import CHANNEL_LANE
from goodoffices.core.errors import Foreign, NotNow
from goodoffices.core.line import Item
from goodoffices.core.mandate import Agreement, Reading
from goodoffices.core.note import OpenNote, read_inside
from goodoffices.core.office import sealing_key
from goodoffices.core.sealed import SealedNote, read_sealed, seal_note
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Context
from goodoffices.desk.ledger.ledger import LineRow, NoteRow
from goodoffices.desk.thin.notes import ThinNotes
from goodoffices.desk.vault.keys import open_text

MOST = 8
"""Times that one office may ask for one note: a key is lost once, not without end."""


class SealingAnew:
    """Questions for a note to be sealed anew, and what is done about them."""

    def __init__(self, context: Context, thin: ThinNotes) -> None:
        self.context = context
        self.thin = thin
        self.ledger = context.ledger
        self._asked: set[bytes] = set()
        """Sealed forms for which this process has asked: once each, for what is lost on the way is asked at
        the next start."""

    # --- at the reader ------------------------------------------------------------------------------

    def key_is_gone(self, sealed: SealedNote) -> bool:
        """Whether a note is sealed to this office by a key that it has no more."""
        if sealed.chain is not None:
            return self.context.me in sealed.readers() and self.thin.key_is_gone(sealed)
        epochs = [epoch for reader, epoch, _ in sealed.wraps if reader == self.context.me]
        return bool(epochs) and epochs[0] not in self.context.reading

    def ask(self, agreement: Agreement, note: NoteRow, digest: bytes, now: int) -> str:
        """Ask its author, as soon as there is a key to which he can seal it; returns how the note stands.

        In the caller's transaction.
        """
        me = self.context.me
        epoch, _ = sealing_key(self.context.my_office().reading_epochs, now)
        to = self.ledger.line_to(agreement.mandate.next_hop(me, note.author))
        may = note.state != "verified" and digest not in self._asked and self._times(note.id, me) < MOST
        if may and epoch in self.context.reading and to is not None:
            self._note_down(note.id, me)
            self.ledger.owe(to.id, (Item.RESEAL_ASKED, note.id))
            self.context.pending.after.append(lambda: self._asked.add(digest))
        what = "The key of that epoch is not held here any more."
        asked = " Its author's desk was asked to seal it anew." if self._times(note.id, me) else ""
        return what + asked

    # --- on the way, and at the author ----------------------------------------------------------------

    def asked(self, line: LineRow, note_id: bytes, now: int) -> None:
        """A neighbour asks: answer, or pass the question on towards the author. Raises Foreign."""
        note, me = self.ledger.note(note_id), self.context.me
        if note is None:
            raise Foreign("It asks for a note to be sealed anew that is not here.")
        agreement = self.ledger.agreement(note.mandate)
        mandate = agreement.mandate
        if line.peer not in mandate.neighbours(me) or not self.ledger.carried_to(note_id, line.peer):
            raise Foreign("It asks for a note to be sealed anew that was not passed to it.")
        if self._times(note_id, line.peer) >= MOST:
            raise Foreign("It asks too often for one note to be sealed anew.")
        self._note_down(note_id, line.peer)
        if note.author == me:
            self._answer(agreement, note, now)
            return
        to = self.ledger.line_to(mandate.next_hop(me, note.author))
        if to is not None and to.peer != line.peer:
            self.ledger.owe(to.id, (Item.RESEAL_ASKED, note_id))

    def answer_pending(self, now: int) -> None:
        """After a sign-in, or once a new roster is known: what was asked of this office as the author."""
        if self.context.locked:
            return
        for (note_id,) in self.ledger.db.execute(
            "SELECT DISTINCT note FROM sealing_anew WHERE open=1 AND asker<>? ORDER BY note",
            (self.context.me,),
        ).fetchall():
            note = self.ledger.note(bytes(note_id))
            if note is not None and note.author == self.context.me:
                self._answer(self.ledger.agreement(note.mandate), note, now)

    def _answer(self, agreement: Agreement, note: NoteRow, now: int) -> None:
        if self.context.reading_key is None or note.words_sealed is None:
            return  # at the next sign-in
        opened = read_inside(open_text(self.context.reading_key, note.words_sealed, note.id))
        wraps = {(reader, epoch) for reader, epoch, _ in self._readers(agreement, note, now)}
        copies = [read_sealed(raw) for _, raw, _, _ in self.ledger.copies(note.id)]
        known = [each for each in copies if each.chain is None]
        if len(known) < len(copies):
            self.thin.agreeing.doubt(note.mandate)
        first = [
            {(reader, epoch) for reader, epoch, _ in each.wraps} for each in copies[:1] if not each.chain
        ]
        if first == [wraps]:
            return  # the reader's new keys are not known here yet: answered once they are
        again = [each for each in known if {(reader, epoch) for reader, epoch, _ in each.wraps} == wraps]
        sealed = again[0] if again else self._seal(agreement, opened, note, now)
        for asker in self._askers(note.id):
            to = self.ledger.line_to(asker)
            if to is not None:
                self.ledger.owe(to.id, (Item.RESEALED, sealed.raw), urgent=True)
                self._close(note.id, asker)
        what = f"sealed note {note.number} to {agreement.name_of(note.recipient)} anew, as its reader asked"
        self.ledger.audit(now, "the desk", what, AuditKind.ACT)

    def _readers(self, agreement: Agreement, note: NoteRow, now: int) -> tuple[tuple[bytes, int, bytes], ...]:
        mandate, me = agreement.mandate, self.context.me
        readers = {note.recipient}
        if note.lane == CHANNEL_LANE and mandate.reading == Reading.OPEN:
            readers |= set(mandate.path) - {me}
        return tuple(
            (reader, *sealing_key(agreement.offices[reader].reading_epochs, now))
            for reader in sorted(readers)
            if not mandate.on_paper(reader)
        )

    def _seal(self, agreement: Agreement, opened: OpenNote, note: NoteRow, now: int) -> SealedNote:
        sealed = seal_note(opened, self._readers(agreement, note, now), self.context.rng(32))
        self.ledger.add_copy(crypto.sha256(sealed.raw), note.id, sealed.raw, None, now, state="verified")
        return sealed

    def came(self, line: LineRow, sealed: SealedNote) -> None:
        """A note came sealed anew, and was kept: pass it on to the neighbours that asked for it."""
        note = self.ledger.note(sealed.header.note)
        if note is None:
            raise NotNow("A note sealed anew that is not here.")
        self._close(note.id, self.context.me)
        digest = crypto.sha256(sealed.raw)
        verdicts = {copy: verdict for copy, _, _, verdict in self.ledger.copies(note.id)}
        if verdicts.get(digest, "altered") == "altered":
            return
        for asker in self._askers(note.id):
            to = self.ledger.line_to(asker)
            if to is not None and asker != line.peer:
                self.ledger.owe(to.id, (Item.RESEALED, sealed.raw), urgent=True)
                self._close(note.id, asker)

    # --- the table ------------------------------------------------------------------------------------

    def _times(self, note: bytes, asker: bytes) -> int:
        row = self.ledger.db.execute(
            "SELECT times FROM sealing_anew WHERE note=? AND asker=?", (note, asker)
        ).fetchone()
        return int(row[0]) if row else 0

    def _note_down(self, note: bytes, asker: bytes) -> None:
        self.ledger.db.execute(
            "INSERT INTO sealing_anew VALUES (?,?,1,1)"
            " ON CONFLICT (note, asker) DO UPDATE SET times=times+1, open=1",
            (note, asker),
        )

    def _askers(self, note: bytes) -> list[bytes]:
        rows = self.ledger.db.execute(
            "SELECT asker FROM sealing_anew WHERE note=? AND open=1 AND asker<>? ORDER BY asker",
            (note, self.context.me),
        )
        return [bytes(row[0]) for row in rows.fetchall()]

    def _close(self, note: bytes, asker: bytes) -> None:
        self.ledger.db.execute("UPDATE sealing_anew SET open=0 WHERE note=? AND asker=?", (note, asker))
