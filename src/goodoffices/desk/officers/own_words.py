# SPDX-License-Identifier: Apache-2.0
"""Words of the intermediary's own beside a note, a remark or a transcript: by one officer, or two where the mandate
says so.

They never hold the note up: it goes on verbatim at once, and words that wait for their second signature
follow. Both officers sign the same act. It is drawn up once, in an incarnation of its own, so that its place
holds while this office's other acts go on (ADR 0026, ADR 0052); each signs it when he is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goodoffices.core import crypto
from goodoffices.core.act import Act, ActType
from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.mandate import Agreement
from goodoffices.core.office import Right
from goodoffices.core.statement import Signed, add_signature, read_signed, sign, state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.officers.acting import Acting, states
from goodoffices.desk.vault.keys import open_text, seal_text

MAX_WORDS = 8000
"""Bytes of a remark."""
NAMES = {ActType.REMARK: "remark", ActType.TRANSCRIPT: "transcript"}


@dataclass(frozen=True)
class OpenWords:
    """A remark or transcript that one officer wrote and signed for, and that waits for a second."""

    slot: bytes
    note: bytes
    kind: ActType
    officer: bytes
    name: str
    at: int
    words: str
    signed: Signed | None
    """The act with the first officer's signature; None in a row of an earlier version."""

    @property
    def digest(self) -> bytes:
        """What the second officer says he read: the act with all that it states, not its words alone."""
        return self.signed.id if self.signed is not None else crypto.sha256(self.words.encode())


class OwnWords(Acting):
    """What officers of the intermediary do beside a note."""

    def passing(self, officer: Officer, note_id: bytes) -> tuple[NoteRow, Agreement]:
        """A note that passes through this office, and the mandate it stands under."""
        self.require(officer, Right.DUTY)
        note = self.note_row(note_id)
        agreement = self.ledger.agreement(note.mandate)
        if agreement.mandate.is_party(self.context.me) or note.recipient == self.context.me:
            raise NotAllowed("This note does not pass through this office.")
        return note, agreement

    # --- adding ---------------------------------------------------------------------------------------

    def remark(
        self, officer: Officer, note_id: bytes, words: str, now: int, *, instead: bytes | None = None
    ) -> bool:
        """Add words of our own beside a note; False if they wait for a second officer now.

        ``instead``: the digest of those that wait and that these take the place of.
        """
        note, agreement = self.passing(officer, note_id)
        if not words.strip():
            raise YourError("A remark needs words.", "Write them, or add none.")
        with self.context.transaction():
            stands = self.add_words(agreement, note, officer, now, words, instead=instead)
            self.lines.flush_all(now)
        return stands

    def add_words(
        self,
        agreement: Agreement,
        note: NoteRow,
        officer: Officer,
        now: int,
        words: str,
        kind: ActType = ActType.REMARK,
        *,
        instead: bytes | None = None,
        **fields: Any,
    ) -> bool:
        """Sign words beside a note; False if they wait for a second officer now. In the caller's transaction.

        A form that was sent twice is one act: what stands there in the very same words is not added again.
        ``instead``: what waits and is not sent, because whoever read it found it wrong.
        """
        if len(words.encode("utf-8", "surrogatepass")) > MAX_WORDS:
            raise YourError("A covering remark has at most 8,000 bytes.", "Shorten it.")
        stated: dict[str, Any] = {"recipient": note.recipient, "code": 1, "words": words} | fields
        if self.stands(note, kind, stated):
            return True
        waiting = self.open_words(note.id)
        acts = [each.signed.statement.read(Act) for each in waiting if each.signed and each.kind == kind]
        if any(states(act, stated) for act in acts):
            return False
        if instead is not None:
            self._forget(self._waiting(note.id, instead))
            waiting = [each for each in waiting if each.digest != instead]
        self.require_room(note, kind, waiting=len(waiting))
        if agreement.mandate.officers_to_add_words > 1:
            self._put_up(note, officer, now, kind, stated)
            return False
        self.channels.do(agreement, kind, now, lane=note.lane, officer=officer, subject=note.id, **stated)
        return True

    def _put_up(
        self, note: NoteRow, officer: Officer, now: int, kind: ActType, stated: dict[str, Any]
    ) -> None:
        """Sign words, and keep them until a second officer signs them too.

        A remark takes the place of an earlier one that waits; each transcript is of another reply, and stays.
        """
        key = self.context.reading_key
        if key is None:
            raise NotNow("The desk is locked.", "Sign in first.")
        act = Act(
            **(self.channels.place(note.mandate, note.lane) | {"incarnation": self.context.rng(16)}),
            time=self.context.time(now),
            type=int(kind),
            subject=note.id,
            case_at=self.context.case_at(now),
            **stated,
        )
        signed = sign(state(act, self.context.keys.realm), officer.seed)
        if kind == ActType.REMARK:
            self.ledger.db.execute("DELETE FROM words_open WHERE note=? AND type=?", (note.id, int(kind)))
        rng = self.context.rng
        self.ledger.db.execute(
            "INSERT INTO words_open VALUES (?,?,?,?,?,?,?,?)",
            (
                signed.id,
                note.id,
                int(kind),
                officer.public,
                officer.name,
                now,
                seal_text(key, stated["words"].encode(), b"remark" + signed.id, rng),
                seal_text(key, signed.raw, b"remark signed" + signed.id, rng),
            ),
        )
        what = f"wrote a {NAMES[kind]} on note {note.id.hex()[:8]} for a second officer"
        self.ledger.audit(now, officer.name, what, AuditKind.DRAFT)
        self.context.pending.changed.add(note.mandate)

    # --- the second officer ---------------------------------------------------------------------------

    def open_words(self, note_id: bytes) -> list[OpenWords]:
        """Our own words on a note that wait for a second officer, oldest first; none while the desk is locked."""
        key = self.context.reading_key
        rows = self.ledger.db.execute(
            "SELECT slot, note, type, officer, name, at, words_sealed, signed_sealed FROM words_open WHERE note=?"
            " ORDER BY at, slot",
            (note_id,),
        ).fetchall()
        return [_opened(key, *row) for row in rows] if key is not None else []

    def _waiting(self, note_id: bytes, read: bytes) -> OpenWords:
        waiting = self.open_words(note_id)
        if not waiting:
            raise NotFound("Nothing waits for a second officer here any more.", "Look at the note again.")
        for each in waiting:
            if each.digest == read:
                return each
        raise NotNow("The words were changed meanwhile.", "Read them again, then sign.")

    def sign_words(
        self, officer: Officer, first: Officer | None, note_id: bytes, read: bytes, now: int
    ) -> None:
        """The second officer signs the words that he read, beside the one who wrote and signed them.

        ``read``: the digest of what he had before his eyes. ``first``: the one who wrote it, if still
        signed in: asked for where an earlier version kept the words without his signature.
        """
        note, agreement = self.passing(officer, note_id)
        if self.ledger.has_act(read):
            return  # the same button twice
        found = self._waiting(note_id, read)
        if found.officer == officer.public:
            raise NotAllowed("The second officer is another one than the first.")
        if found.signed is not None:
            self._sign_too(officer, agreement, found, found.signed, now)
            return
        if first is None or first.public != found.officer:
            raise NotNow(
                f"{found.name} wrote this remark and has signed out since.",
                "Ask for a sign-in; both keys are needed at the same time.",
            )
        self.require(first, Right.DUTY)
        with self.context.transaction():
            self.channels.do(
                agreement,
                ActType.REMARK,
                now,
                recipient=note.recipient,
                lane=note.lane,
                officer=first,
                also=(officer,),
                subject=note.id,
                words=found.words,
                code=1,
            )
            self._forget(found)
            self.lines.flush_all(now)

    def _sign_too(
        self, officer: Officer, agreement: Agreement, found: OpenWords, signed: Signed, now: int
    ) -> None:
        act, roster = signed.statement.read(Act), self.context.my_office().roster
        if act.roster != roster.version or any(map(self.ledger.locked_out, signed.signers)):
            with self.context.transaction():
                self._forget(found)
            raise NotNow(
                "The office's roster changed since this was drawn up, or a signer was locked out; it is taken down.",
                "Write it again: both sign anew.",
            )
        with self.context.transaction():
            whole = add_signature(signed, officer.seed)
            self.channels.keep_act(agreement, whole, act, now, came_from=None)
            self._forget(found)
            about = f"signed '{NAMES[found.kind]}' about note {found.note.hex()[:8]}"
            self.ledger.audit(now, officer.name, about, AuditKind.ACT)
            self.lines.flush_all(now)

    def drop_words(self, officer: Officer, note_id: bytes, read: bytes, now: int) -> None:
        """Words that waited are not added."""
        note, _ = self.passing(officer, note_id)
        found = self._waiting(note_id, read)
        with self.context.transaction():
            self._forget(found)
            what = f"dropped a {NAMES[found.kind]} on note {note_id.hex()[:8]}"
            self.ledger.audit(now, officer.name, what, AuditKind.DRAFT)
            self.context.pending.changed.add(note.mandate)

    def _forget(self, found: OpenWords) -> None:
        self.ledger.db.execute("DELETE FROM words_open WHERE slot=?", (found.slot,))


def _opened(
    key: bytes,
    slot: bytes,
    note: bytes,
    kind: int,
    officer: bytes,
    name: str,
    at: int,
    words: bytes,
    signed: bytes | None,
) -> OpenWords:
    said = open_text(key, bytes(words), b"remark" + bytes(slot)).decode()
    raw = open_text(key, bytes(signed), b"remark signed" + bytes(slot)) if signed is not None else None
    act = read_signed(raw) if raw is not None else None
    return OpenWords(bytes(slot), bytes(note), ActType(kind), bytes(officer), name, at, said, act)
