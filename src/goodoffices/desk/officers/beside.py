# SPDX-License-Identifier: Apache-2.0
"""Translations and rewordings: what officers do beside a note (docs/format.md §6.5, ADR 0035).

They never hold a note up and never change it. Where several officers sign, the act is drawn up once, in an
incarnation of its own, and each signs the same bytes when he is there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from goodoffices.core import cbor, crypto
from goodoffices.core.act import CHANNEL_LANE, HOME_LANE, Act, ActType
from goodoffices.core.beside import MOST_BESIDE, Beside, Grade, read_beside, seal_beside, words_need
from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.fields import language
from goodoffices.core.mandate import Agreement, Reading
from goodoffices.core.note import MAX_TEXT
from goodoffices.core.office import Right, sealing_key
from goodoffices.core.statement import Signed, add_signature, read_signed, sign, state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.officers.writing import Writing
from goodoffices.desk.vault.keys import open_text, seal_text


@dataclass(frozen=True, kw_only=True)
class BesideDraft:
    """What an officer wants to put beside a note."""

    text: str
    language: str
    grade: int | None
    """None: a rewording."""
    corrects: bytes | None = None
    made_with: str | None = None


@dataclass(frozen=True)
class OpenBeside:
    """Words beside a note that wait for more officers."""

    signed: Signed
    words: Beside
    at: int

    @property
    def act(self) -> Act:
        """What is being signed."""
        return self.signed.statement.read(Act)


class Besides(Writing):
    """What officers do beside a note."""

    def beside_role(self, note: NoteRow, agreement: Agreement) -> str:
        """As what this office can add words beside a note: between | author | reader."""
        if note.author == self.context.me:
            return "author"
        return "reader" if note.recipient == self.context.me else "between"

    def why_not_beside(self, officer: Officer, note: NoteRow, agreement: Agreement) -> str | None:
        """What stands against a translation by this officer, in words; None if nothing does."""
        role = self.beside_role(note, agreement)
        needed = self._right(role, agreement)
        held = self.context.my_office().roster.rights(officer.public)
        if not held & needed:
            return f"You do not hold the right '{(needed.name or '').lower()}' here."
        if note.state != "verified":
            return "Its text is not before us."
        if role == "reader" and not self.has_act(note.id, ActType.OPENED):
            return "The note has not been opened yet."
        return None

    def _right(self, role: str, agreement: Agreement) -> Right:
        party = agreement.mandate.is_party(self.context.me)
        return Right.RELEASE if role == "author" and party else Right.DUTY

    def besides_take(self, note: NoteRow, agreement: Agreement) -> int:
        """How many officers of this office sign words that it puts beside a note."""
        role, mandate = self.beside_role(note, agreement), agreement.mandate
        if role == "reader":
            return 1
        return self.releasers_needed if mandate.is_party(self.context.me) else mandate.officers_to_add_words

    # --- adding ---------------------------------------------------------------------------------------

    def put_beside(
        self, officer: Officer, note_id: bytes, draft: BesideDraft, now: int, *, instead: bytes | None = None
    ) -> tuple[bytes, bool]:
        """Add words beside a note, or draw them up for more officers; (the act's ID, whether they stand).

        ``instead``: the act that waits and is taken down, because whoever read it found it wrong.
        """
        note, agreement, role = self.check_besides(officer, note_id, draft)
        already = self._the_same(note, draft)
        if already is not None:
            return already
        wrong = self._waiting_beside(instead) if instead is not None else None
        if wrong is not None and wrong.act.subject != note_id:
            raise NotFound("What it corrects is not this office's, or not beside this note.", "Look again.")
        there = self._own_of(note, rewording=False) | self._own_of(note, rewording=True)
        if len(there) + len(self.open_besides(note.id)) - (wrong is not None) >= MOST_BESIDE:
            raise YourError(
                f"There are {MOST_BESIDE} translations and rewordings of this office beside the note already.",
                "Send what is still to be said as a note.",
            )
        words = Beside(
            language=draft.language,
            text=draft.text,
            salt=self.context.rng(32),
            corrects=draft.corrects,
            made_with=draft.made_with,
        )
        with self.context.transaction():
            if wrong is not None:
                self._take_down(officer, wrong.act, wrong.signed.id, now)
            act = self._act(note, agreement, role, draft, words, now)
            signed = sign(state(act, self.context.keys.realm), officer.seed)
            stands = self._go_on(officer, agreement, signed, words, now)
            self.lines.flush_all(now)
        return signed.id, stands

    def check_besides(
        self, officer: Officer, note_id: bytes, draft: BesideDraft
    ) -> tuple[NoteRow, Agreement, str]:
        """The note, its mandate and this office's role, if this can be put beside it; raises what is against."""
        note = self.note_row(note_id)
        agreement = self.ledger.agreement(note.mandate)
        role = self.beside_role(note, agreement)
        self.require(officer, self._right(role, agreement))
        against = self.why_not_beside(officer, note, agreement)
        if against is not None:
            raise NotNow(against)
        self._check_beside(draft, note, role)
        return note, agreement, role

    def _check_beside(self, draft: BesideDraft, note: NoteRow, role: str) -> None:
        if not draft.text.strip():
            raise YourError("It needs words.", "Write the text, then sign.")
        if len(draft.text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
            raise YourError("The text has more than 60,000 bytes.", "Shorten it.")
        try:
            language(draft.language)
        except ValueError:
            raise YourError("The language is not named.", "Choose one of the list.") from None
        if draft.grade is None and role != "between":
            raise NotAllowed(
                "Only the intermediary rewords.", "A party's other words are another note: write that one."
            )
        if draft.grade is not None and draft.grade not in {int(each) for each in Grade}:
            raise YourError("There is no such grade.", "Choose one.")
        if draft.grade == Grade.MACHINE and not draft.made_with:
            raise YourError("A machine's translation names the programme.", "Write which one made it.")
        if draft.corrects is not None and draft.corrects not in self._own_of(
            note, rewording=draft.grade is None
        ):
            raise NotFound("What it corrects is not this office's, or not beside this note.", "Look again.")

    def _own_of(self, note: NoteRow, *, rewording: bool) -> set[bytes]:
        kind = ActType.REWORDING if rewording else ActType.TRANSLATION
        rows = self.ledger.acts_about(note.id)
        return {row.id for row in rows if row.author == self.context.me and row.type == kind}

    def _the_same(self, note: NoteRow, draft: BesideDraft) -> tuple[bytes, bool] | None:
        """What this office put there already in the very same words: a form that was sent twice is one act."""

        def fits(words: Beside | None, grade: int | None) -> bool:
            return words is not None and draft == BesideDraft(
                text=words.text,
                language=words.language,
                grade=grade,
                corrects=words.corrects,
                made_with=words.made_with,
            )

        mine = self._own_of(note, rewording=draft.grade is None)
        for row in self.channels.beside.of_note(note.id):
            kept = self.ledger.act(row.id) if row.id in mine else None
            if kept is not None:
                act = read_signed(kept.signed).statement.read(Act)
                if fits(self.channels.beside.words(row), act.code):
                    return row.id, True
        for each in self.open_besides(note.id):
            if fits(each.words, each.act.code):
                return each.signed.id, False
        return None

    def _act(
        self, note: NoteRow, agreement: Agreement, role: str, draft: BesideDraft, words: Beside, now: int
    ) -> Act:
        mandate, me = agreement.mandate, self.context.me
        lane = HOME_LANE if role == "reader" else note.lane
        sealed = None
        if role != "reader":
            open_reading = mandate.reading == Reading.OPEN and note.lane == CHANNEL_LANE
            readers = {note.author, note.recipient} | (set(mandate.path) if open_reading else set())
            wraps = [
                (reader, *sealing_key(agreement.offices[reader].reading_epochs, now))
                for reader in readers - {me}
                if not mandate.on_paper(reader)
            ]
            if wraps:
                sealed = seal_beside(
                    words,
                    tuple(wraps),
                    self.context.rng(32),
                    realm=self.context.keys.realm,
                    mandate=agreement.id,
                    author=me,
                    note=note.id,
                )
        act = Act(
            **self.channels.place(agreement.id, lane),
            recipient=me if role == "reader" else (note.author if note.recipient == me else note.recipient),
            time=self.context.time(now),
            type=int(ActType.REWORDING if draft.grade is None else ActType.TRANSLATION),
            subject=note.id,
            code=draft.grade,
            evidence=crypto.sha256(words.inside),
            sealed=sealed,
            case_at=self.context.case_at(now),
        )
        if words_need(act, self.context.my_office(), mandate) > 1:
            # It waits for others: its place must hold while this office's other acts go on (ADR 0026).
            return replace(act, incarnation=self.context.rng(16))
        return act

    # --- several officers -----------------------------------------------------------------------------

    def open_besides(self, note_id: bytes) -> list[OpenBeside]:
        """What waits for more officers' signatures beside a note, if the desk is unlocked."""
        rows = self.ledger.db.execute(
            "SELECT id, at, sealed FROM beside_open WHERE note=? ORDER BY rowid", (note_id,)
        ).fetchall()
        key = self.context.reading_key
        return [_opened(key, *row) for row in rows] if key is not None else []

    def _waiting_beside(self, act_id: bytes) -> OpenBeside:
        key = self.context.reading_key
        row = self.ledger.db.execute(
            "SELECT id, at, sealed FROM beside_open WHERE id=?", (act_id,)
        ).fetchone()
        if row is None or key is None:
            raise NotFound(
                "What you read does not wait for a signature any more.", "Look at the note as it stands now."
            )
        return _opened(key, *row)

    def sign_beside(self, officer: Officer, act_id: bytes, now: int) -> bool:
        """One more officer signs the same bytes; True if they stand by that. Signing twice is one."""
        if self.ledger.has_act(act_id):
            return True
        found = self._waiting_beside(act_id)
        act = found.act
        agreement = self.ledger.agreement(act.mandate)
        note = self.note_row(act.subject or b"")
        self.require(officer, self._right(self.beside_role(note, agreement), agreement))
        roster = self.context.my_office().roster
        if act.roster != roster.version or any(map(self.ledger.locked_out, found.signed.signers)):
            self._drop(officer, act, act_id, now)
            raise NotNow(
                "The office's roster changed since this was drawn up, or a signer was locked out; it is taken down.",
                "Draw it up again: all sign anew.",
            )
        if officer.public in found.signed.signers:
            return False
        with self.context.transaction():
            stands = self._go_on(
                officer, agreement, add_signature(found.signed, officer.seed), found.words, now
            )
            self.lines.flush_all(now)
        return stands

    def drop_beside(self, officer: Officer, act_id: bytes, now: int) -> None:
        """What waited is not added."""
        act = self._waiting_beside(act_id).act
        agreement = self.ledger.agreement(act.mandate)
        note = self.note_row(act.subject or b"")
        self.require(officer, self._right(self.beside_role(note, agreement), agreement))
        self._drop(officer, act, act_id, now)

    def _drop(self, officer: Officer, act: Act, act_id: bytes, now: int) -> None:
        with self.context.transaction():
            self._take_down(officer, act, act_id, now)

    def _take_down(self, officer: Officer, act: Act, act_id: bytes, now: int) -> None:
        self.ledger.db.execute("DELETE FROM beside_open WHERE id=?", (act_id,))
        self.ledger.audit(now, officer.name, f"took down {_named(act)}", AuditKind.DRAFT)
        self.context.pending.changed.add(act.mandate)

    def _go_on(self, officer: Officer, agreement: Agreement, signed: Signed, words: Beside, now: int) -> bool:
        """Keep the act if enough have signed; else keep it for the next."""
        act = signed.statement.read(Act)
        need = words_need(act, self.context.my_office(), agreement.mandate)
        if len(signed.signers) < need:
            key = self.context.reading_key
            if key is None:
                raise NotNow("The desk is locked.", "Sign in first.")
            raw = cbor.encode([signed.raw, words.inside])
            self.ledger.db.execute(
                "INSERT OR REPLACE INTO beside_open VALUES (?,?,?,?)",
                (
                    signed.id,
                    act.subject,
                    now,
                    seal_text(key, raw, b"beside open" + signed.id, self.context.rng),
                ),
            )
            self.ledger.audit(
                now, officer.name, f"signed {_named(act)}, which waits for more", AuditKind.DRAFT
            )
            self.context.pending.changed.add(agreement.id)
            return False
        self.channels.keep_act(agreement, signed, act, now, came_from=None)
        self.channels.beside.keep(signed.id, act, words)
        self.ledger.db.execute("DELETE FROM beside_open WHERE id=?", (signed.id,))
        self.ledger.audit(now, officer.name, f"signed {_named(act)}", AuditKind.ACT)
        return True


def _named(act: Act) -> str:
    kind = "a rewording" if act.type == ActType.REWORDING else f"a translation of grade {act.code}"
    return f"{kind} beside note {(act.subject or b'').hex()[:8]}"


def _opened(key: bytes, act_id: bytes, at: int, sealed: bytes) -> OpenBeside:
    raw, inside = cbor.decode(open_text(key, bytes(sealed), b"beside open" + bytes(act_id)))
    signed = read_signed(raw)
    signed.verify()
    return OpenBeside(signed, read_beside(inside, signed.statement.read(Act).evidence), at)
