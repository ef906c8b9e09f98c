# SPDX-License-Identifier: Apache-2.0
"""Words of the intermediary's own beside a note: one officer adds them, or two where the mandate says so.

They never hold the note up: it goes on verbatim at once, and a remark that waits for its second signature
follows. Both officers sign the same act. It is drawn up once, in an incarnation of its own, so that its place
holds while this office's other acts go on (ADR 0026); each signs it when he is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core import crypto
from goodoffices.core.act import Act, ActType
from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.mandate import Agreement
from goodoffices.core.office import Right
from goodoffices.core.statement import Signed, add_signature, read_signed, sign, state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.officers.acting import Acting
from goodoffices.desk.vault.keys import open_text, seal_text

MAX_WORDS = 8000
"""Bytes of a remark."""


@dataclass(frozen=True)
class OpenRemark:
    """A remark that one officer wrote and signed for, and that waits for a second."""

    note: bytes
    officer: bytes
    name: str
    at: int
    words: str
    signed: Signed | None
    """The act with the first officer's signature; None in a row of an earlier version."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the words: what the second officer says he read."""
        return crypto.sha256(self.words.encode())


class Remarking(Acting):
    """What officers of the intermediary do beside a note."""

    def passing(self, officer: Officer, note_id: bytes) -> tuple[NoteRow, Agreement]:
        """A note that passes through this office, and the mandate it stands under."""
        self.require(officer, Right.DUTY)
        note = self.note_row(note_id)
        agreement = self.ledger.agreement(note.mandate)
        if agreement.mandate.is_party(self.context.me) or note.recipient == self.context.me:
            raise NotAllowed("This note does not pass through this office.")
        return note, agreement

    def open_remark(self, note_id: bytes) -> OpenRemark | None:
        """The remark on a note that waits for a second officer, if the desk is unlocked."""
        key = self.context.reading_key
        row = self.ledger.db.execute(
            "SELECT officer, name, at, words_sealed, signed_sealed FROM remark_open WHERE note=?", (note_id,)
        ).fetchone()
        if row is None or key is None:
            return None
        words = open_text(key, bytes(row[3]), b"remark" + note_id).decode()
        raw = open_text(key, bytes(row[4]), b"remark signed" + note_id) if row[4] is not None else None
        return OpenRemark(note_id, bytes(row[0]), row[1], row[2], words, read_signed(raw) if raw else None)

    def remark(self, officer: Officer, note_id: bytes, words: str, now: int) -> bool:
        """Add words of our own beside a note; False if they wait for a second officer now."""
        note, agreement = self.passing(officer, note_id)
        self._check(words)
        alone = agreement.mandate.officers_to_add_words == 1
        with self.context.transaction():
            if alone:
                self.add_words(agreement, note, words, now, officer)
            else:
                self.put_up_words(note, words, now, officer)
            self.lines.flush_all(now)
        return alone

    def _check(self, words: str) -> None:
        if not words.strip():
            raise YourError("A remark needs words.", "Write them, or add none.")
        if len(words.encode()) > MAX_WORDS:
            raise YourError("A covering remark has at most 8,000 bytes.", "Shorten it.")

    def add_words(
        self,
        agreement: Agreement,
        note: NoteRow,
        words: str,
        now: int,
        officer: Officer,
        *also: Officer,
    ) -> Signed:
        """The signed remark. In the caller's transaction."""
        return self.channels.do(
            agreement,
            ActType.REMARK,
            now,
            recipient=note.recipient,
            lane=note.lane,
            officer=officer,
            also=also,
            subject=note.id,
            words=words,
            code=1,
        )

    def put_up_words(self, note: NoteRow, words: str, now: int, officer: Officer) -> None:
        """Sign a remark, and keep it until a second officer signs it too; it takes the place of an earlier one."""
        key = self.context.reading_key
        if key is None:
            raise NotNow("The desk is locked.", "Sign in first.")
        sealed = seal_text(key, words.encode(), b"remark" + note.id, self.context.rng)
        act = Act(
            **(self.channels.place(note.mandate, note.lane) | {"incarnation": self.context.rng(16)}),
            recipient=note.recipient,
            time=self.context.time(now),
            type=int(ActType.REMARK),
            subject=note.id,
            words=words,
            code=1,
            case_at=self.context.case_at(now),
        )
        signed = sign(state(act, self.context.keys.realm), officer.seed)
        kept = seal_text(key, signed.raw, b"remark signed" + note.id, self.context.rng)
        self.ledger.db.execute(
            "INSERT OR REPLACE INTO remark_open VALUES (?,?,?,?,?,?)",
            (note.id, officer.public, officer.name, now, sealed, kept),
        )
        self.ledger.audit(
            now,
            officer.name,
            f"wrote a remark on note {note.id.hex()[:8]} for a second officer",
            AuditKind.DRAFT,
        )

    def _waiting(self, note_id: bytes) -> OpenRemark:
        found = self.open_remark(note_id)
        if found is None:
            raise NotFound("No remark waits for a second officer here.", "Look at the note again.")
        return found

    def sign_remark(
        self, officer: Officer, first: Officer | None, note_id: bytes, read: bytes, now: int
    ) -> None:
        """The second officer signs the words that he read, beside the one who wrote and signed them.

        ``read``: the digest of the words that he had before his eyes. ``first``: the one who wrote them, if
        still signed in: asked for where an earlier version kept the words without his signature.
        """
        note, agreement = self.passing(officer, note_id)
        found = self._waiting(note_id)
        if found.officer == officer.public:
            raise NotAllowed("The second officer is another one than the first.")
        if found.digest != read:
            raise NotNow("The remark was changed meanwhile.", "Read it again, then sign.")
        if found.signed is not None:
            self._sign_too(officer, agreement, found.signed, note_id, now)
            return
        if first is None or first.public != found.officer:
            raise NotNow(
                f"{found.name} wrote this remark and has signed out since.",
                "Ask for a sign-in; both keys are needed at the same time.",
            )
        self.require(first, Right.DUTY)
        with self.context.transaction():
            self.add_words(agreement, note, found.words, now, first, officer)
            self.ledger.db.execute("DELETE FROM remark_open WHERE note=?", (note_id,))
            self.lines.flush_all(now)

    def _sign_too(
        self, officer: Officer, agreement: Agreement, signed: Signed, note_id: bytes, now: int
    ) -> None:
        act, roster = signed.statement.read(Act), self.context.my_office().roster
        if act.roster != roster.version or any(map(self.ledger.locked_out, signed.signers)):
            with self.context.transaction():
                self.ledger.db.execute("DELETE FROM remark_open WHERE note=?", (note_id,))
            raise NotNow(
                "The office's roster changed since this was drawn up, or a signer was locked out; it is taken down.",
                "Write it again: both sign anew.",
            )
        with self.context.transaction():
            whole = add_signature(signed, officer.seed)
            self.channels.keep_act(agreement, whole, act, now, came_from=None)
            self.ledger.db.execute("DELETE FROM remark_open WHERE note=?", (note_id,))
            about = f"signed 'remark' about note {note_id.hex()[:8]}"
            self.ledger.audit(now, officer.name, about, AuditKind.ACT)
            self.lines.flush_all(now)

    def drop_remark(self, officer: Officer, note_id: bytes, now: int) -> None:
        """A remark that waited is not added."""
        self.passing(officer, note_id)
        self._waiting(note_id)
        with self.context.transaction():
            self.ledger.db.execute("DELETE FROM remark_open WHERE note=?", (note_id,))
            self.ledger.audit(
                now, officer.name, f"dropped a remark on note {note_id.hex()[:8]}", AuditKind.DRAFT
            )
