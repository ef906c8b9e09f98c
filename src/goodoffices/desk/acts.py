# SPDX-License-Identifier: Apache-2.0
"""What officers do: write and release, take, forward, refuse, return, open, acknowledge, withdraw,
compare digits, propose and sign mandates. Each is one transaction and one signed act (or note).

Rights are checked here, against the roster, however the request came in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from goodoffices.core import crypto, digits
from goodoffices.core.act import (
    CHANNEL_LANE,
    HOME_LANE,
    Acknowledgement,
    ActType,
    ProofKind,
)
from goodoffices.core.errors import NotAllowed, NotFound, NotNow, WrongSigner, YourError
from goodoffices.core.line import Item
from goodoffices.core.mandate import (
    DEFAULT_CLOCKS,
    Agreement,
    Disclosure,
    Forwarding,
    Mandate,
    Reading,
    RecordUse,
    Role,
    check,
)
from goodoffices.core.note import (
    MAX_LISTED,
    Note,
    NoteKind,
    OpenNote,
    Words,
    body_of,
    check_issued,
    verify_release,
    write_note,
)
from goodoffices.core.office import Right, sealing_key
from goodoffices.core.sealed import seal_note
from goodoffices.core.statement import Signed, Statement, sign, state
from goodoffices.desk.channels import Channels
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.ledger import NoteRow
from goodoffices.desk.lines import Lines
from goodoffices.desk.vault_keys import seal_text


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms of a mandate to propose. Clocks in milliseconds by precedence."""

    name: str
    path: tuple[bytes, ...]
    reading: int = Reading.OPEN
    forwarding: int = Forwarding.BY_HAND
    clocks: dict[int, int] = field(default_factory=lambda: {int(k): v for k, v in DEFAULT_CLOCKS.items()})
    languages: tuple[str, ...] = ("en",)
    disclosure: int = Disclosure.ONLY_WITH_CONSENT
    record_use: int = RecordUse.NOT_OUTSIDE
    acknowledgements: tuple[int, ...] = (
        ActType.OPENED,
        ActType.WITH_PRINCIPAL,
        ActType.ACKNOWLEDGED,
    )
    ends: int | None = None
    officers_to_add_words: int = 1
    labels: dict[int, str] | None = None
    purpose: str | None = None
    predecessor: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What an officer asks to release. ``recipient``: an office of the channel."""

    mandate: bytes
    recipient: bytes
    words: Words
    precedence: int
    valid_until: int | None = None
    kind: int = NoteKind.PLAIN
    proof: int = ProofKind.TRANSFERABLE
    once: str | None = None
    """A token of the request: asked again, it answers the note that it released."""


class OfficerActs:
    """The use cases of signed-in officers."""

    def __init__(self, context: Context, channels: Channels, lines: Lines) -> None:
        self.context = context
        self.ledger = context.ledger
        self.channels = channels
        self.lines = lines

    def require(self, officer: Officer, right: Right) -> None:
        """Raise NotAllowed unless the newest roster gives the officer this right."""
        if not self.context.my_office().roster.rights(officer.public) & right:
            raise NotAllowed(
                f"{officer.name} does not hold the right '{right.name.lower() if right.name else right}' here."
            )

    def _in_force(self, mandate_id: bytes, now: int) -> Agreement:
        agreement = self.ledger.agreement(mandate_id)
        if not agreement.complete:
            raise NotNow("Not every office has signed the mandate yet.", "Wait for the signatures that are missing.")
        if agreement.mandate.ends is not None and now >= agreement.mandate.ends:
            raise NotNow("The mandate has ended.", "Agree on a new one that names this one as its predecessor.")
        return agreement

    def note_row(self, note_id: bytes) -> NoteRow:
        """A note of this desk; raises NotFound."""
        note = self.ledger.note(note_id)
        if note is None:
            raise NotFound("There is no such note at this desk.")
        return note

    # --- mandates -----------------------------------------------------------------------------------

    def propose(self, officer: Officer, terms: Terms, now: int) -> bytes:
        """Make a mandate over offices whose credentials are here, sign it, send it along the path."""
        self.require(officer, Right.KEYS)
        me = self.context.me
        if me not in terms.path:
            raise YourError("The path does not run through this office.")
        offices = []
        for at, office_id in enumerate(terms.path):
            office = self.ledger.office(office_id)
            if office is None:
                raise NotFound("An office of the path is not known here.", "Pair with it, or have it introduced.")
            role = Role.PARTY if at in (0, len(terms.path) - 1) else Role.INTERMEDIARY
            offices.append((int(role), office_id, office.pin, False))
        mandate = Mandate(
            name=terms.name,
            offices=tuple(offices),
            reading=terms.reading,
            forwarding=terms.forwarding,
            clocks=terms.clocks,
            languages=terms.languages,
            disclosure=terms.disclosure,
            record_use=terms.record_use,
            acknowledgements=tuple(int(each) for each in terms.acknowledgements),
            ends=terms.ends,
            predecessor=terms.predecessor,
            officers_to_add_words=terms.officers_to_add_words,
            labels=terms.labels,
            made=now,
            salt=self.context.rng(32),
            purpose=terms.purpose,
        )
        check(mandate)
        for neighbour in mandate.neighbours(me):
            if self.ledger.line_to(neighbour) is None:
                raise NotNow("A neighbour on the path has no open line with this office.", "Pair with it first.")
        signed = sign(state(mandate, self.context.keys.realm), officer.seed)
        with self.context.transaction():
            agreement = self.channels.keep_mandate(signed, (), now, came_from=None)
            self.ledger.audit(now, officer.name, f"proposed the mandate {terms.name}")
            self.lines.flush_all(now)
        return agreement.id

    def sign_mandate(self, officer: Officer, mandate_id: bytes, now: int) -> None:
        """Add this office's signature to a proposed mandate."""
        self.require(officer, Right.KEYS)
        with self.context.transaction():
            self.channels.countersign(self.ledger.agreement(mandate_id), officer, now)
            self.ledger.audit(now, officer.name, "signed a mandate")
            self.lines.flush_all(now)

    def introduce(self, officer: Officer, office_id: bytes, line_id: bytes, now: int) -> None:
        """Hand a known office's credential to the peer of a line, so that it can stand in a mandate."""
        self.require(officer, Right.KEYS)
        office = self.ledger.office(office_id)
        if office is None:
            raise NotFound("An office that is not known here cannot be introduced.")
        with self.context.transaction():
            self.ledger.owe(self.ledger.line(line_id).id, (Item.ROSTER, office.raw))
            self.ledger.audit(now, officer.name, f"introduced {office.name}")
            self.lines.flush_all(now)

    def spoken_digits(self, agreement: Agreement) -> tuple[str, str]:
        """(half to read aloud, half to hear) of a mandate's 60 digits, seen from a party."""
        half = digits.MANDATE // 2
        halves = agreement.digits[:half], agreement.digits[half:]
        return halves if self.context.me == agreement.mandate.parties[0] else (halves[1], halves[0])

    def compare_mandate(self, officer: Officer, mandate_id: bytes, heard: str, now: int) -> None:
        """A party's officer types what the other party read aloud; if it fits, that is a signed act."""
        self.require(officer, Right.KEYS)
        agreement = self._in_force(mandate_id, now)
        mandate = agreement.mandate
        if not mandate.is_party(self.context.me):
            raise NotAllowed("The parties compare the mandate's digits; the intermediary cannot do it for them.")
        if digits.typed(heard, digits.MANDATE // 2) != self.spoken_digits(agreement)[1]:
            raise WrongSigner(
                "The digits do not fit: misheard, or the intermediary showed each side another mandate.",
                "Have them read once more. If they still differ, send nothing and tell your superior.",
            )
        if self.compared(agreement, self.context.me):
            return
        with self.context.transaction():
            self.channels.do(
                agreement,
                ActType.COMPARED,
                now,
                recipient=mandate.far_party(self.context.me),
                lane=CHANNEL_LANE,
                officer=officer,
            )
            self.lines.flush_all(now)

    def compared(self, agreement: Agreement, office: bytes) -> bool:
        """Whether an officer of a party signed that the digits were compared."""
        return any(row.author == office for row in self.ledger.acts_of_type(agreement.id, ActType.COMPARED))

    def vouched_alone(self, agreement: Agreement) -> bool:
        """Whether keys in this channel are vouched for by the intermediary alone."""
        return not all(self.compared(agreement, party) for party in agreement.mandate.parties)

    # --- writing ------------------------------------------------------------------------------------

    def release(self, officer: Officer, draft: Draft, now: int) -> bytes:
        """Sign, seal, keep and send a note; returns its ID. One transaction, then the wire."""
        self.require(officer, Right.RELEASE)
        if draft.once is not None and (released := self.ledger.fact(f"once {draft.once}")) is not None:
            return released
        check_issued(draft.kind, draft.proof)
        agreement = self._in_force(draft.mandate, now)
        lane = self._lane_to(agreement, draft.recipient)
        if not draft.words.text.strip():
            raise YourError("A note needs words.", "Write the text, then release it.")
        if draft.valid_until is not None and draft.valid_until <= now:
            raise YourError("The note would be expired before it is released.", "Choose a later time.")
        sealed_reading = agreement.mandate.reading == Reading.SEALED and lane == CHANNEL_LANE
        if sealed_reading and self.vouched_alone(agreement):
            raise NotNow(
                "A sealed channel does not open before both parties have compared the mandate's digits.",
                "Compare them by voice, in a public statement or through a third state, and type them in.",
            )
        if self.context.my_office().roster.releasers_needed > 1:
            raise NotAllowed("This roster needs several officers to release; this version lets one release.")
        if self.context.reading_key is None:
            raise NotNow("The desk is locked.", "Sign in first.")
        words = self._with_knowledge(agreement, draft, lane)
        withdrawn = [each for each in (words.replaces, words.withdraws) if each is not None]
        for note_id in withdrawn:
            self._own_note(note_id)
        seed, key = self.context.rng(32), self.context.rng(32)
        body, leaves = body_of(words, seed)
        with self.context.transaction():
            note = Note(
                **self.channels.place(agreement.id, lane),
                recipient=draft.recipient,
                time=self.context.time(now),
                number=self.ledger.next_number(agreement.id, lane, self.context.me),
                precedence=draft.precedence,
                valid_until=draft.valid_until,
                kind=draft.kind,
                body=body,
                leaves=leaves,
                case_at=self.context.case_at(now),
            )
            statement, opened = write_note(note, words, seed, self.context.keys.realm)
            opened = replace(opened, signed=_signed(statement, officer))
            verify_release(opened, self.context.my_office())
            self._keep_own(agreement, opened, lane, key, now)
            if draft.once is not None:
                self.ledger.set_fact(f"once {draft.once}", opened.signed.id)
            for note_id in withdrawn:
                self._withdraw(agreement, officer, note_id, now)
            self.lines.flush_all(now)
        return opened.signed.id

    def _lane_to(self, agreement: Agreement, recipient: bytes) -> bytes:
        mandate, me = agreement.mandate, self.context.me
        if mandate.is_party(me):
            if recipient == mandate.far_party(me):
                if mandate.on_paper(recipient):
                    raise NotAllowed("The other party is on paper; notes to it are handed over by the intermediary.")
                return CHANNEL_LANE
            if recipient in mandate.neighbours(me):
                return me
            raise NotAllowed("A party writes to the other party, or to its own intermediary alone.")
        if recipient in mandate.neighbours(me) and mandate.is_party(recipient):
            return recipient
        raise NotAllowed("An intermediary writes, as itself, to the party at its side.")

    def _with_knowledge(self, agreement: Agreement, draft: Draft, lane: bytes) -> Words:
        """What the author's office had read, and what lay unopened at its desk (P9)."""
        read: list[bytes] = []
        held: list[bytes] = []
        for note in self.ledger.notes(agreement.id):
            if note.author == self.context.me or note.lane != lane or note.state == "altered":
                continue
            (read if self.has_act(note.id, ActType.OPENED) else held).append(note.id)
        return replace(draft.words, read=tuple(read[-MAX_LISTED:]), held=tuple(held[-MAX_LISTED:]))

    def _keep_own(self, agreement: Agreement, opened: OpenNote, lane: bytes, key: bytes, now: int) -> None:
        note, mandate, me = opened.note, agreement.mandate, self.context.me
        readers = {note.recipient}
        if lane == CHANNEL_LANE and mandate.reading == Reading.OPEN:
            readers |= set(mandate.path) - {me}
        rows = []
        for reader in readers:
            if not mandate.on_paper(reader):
                epoch, public = sealing_key(agreement.offices[reader].roster.reading_epochs, now)
                rows.append((reader, epoch, public))
        sealed = seal_note(opened, tuple(rows), key)
        digest = crypto.sha256(sealed.raw)
        assert self.context.reading_key is not None
        self.ledger.add_note(
            NoteRow(
                opened.signed.id,
                agreement.id,
                lane,
                me,
                note.recipient,
                note.number,
                note.precedence,
                note.valid_until,
                now,
                None,
                "verified",
                None,
                digest,
                seal_text(self.context.reading_key, opened.inside, opened.signed.id, self.context.rng),
            )
        )
        self.ledger.add_copy(digest, opened.signed.id, sealed.raw, None, now)
        self.ledger.judge_copy(digest, "verified")
        self.ledger.add_link(
            (agreement.id, lane, me, note.incarnation, note.sequence, opened.signed.id, note.previous)
        )
        target = mandate.next_hop(me, note.recipient)
        to = self.ledger.line_to(target)
        if to is None:
            raise NotNow(f"There is no open line to {agreement.name_of(target)}.", "Pair with it first.")
        self.ledger.owe(to.id, (Item.NOTE, sealed.raw), urgent=True)
        self.ledger.mark_carried(opened.signed.id, target)
        self.context.pending.changed.add(agreement.id)

    def _own_note(self, note_id: bytes) -> NoteRow:
        note = self.note_row(note_id)
        if note.author != self.context.me:
            raise NotAllowed("Only its author can replace or withdraw a note.")
        return note

    def withdraw(self, officer: Officer, note_id: bytes, now: int) -> None:
        """Take back a note: if it was not forwarded yet, it is not forwarded any more."""
        self.require(officer, Right.RELEASE)
        note = self._own_note(note_id)
        with self.context.transaction():
            self._withdraw(self.ledger.agreement(note.mandate), officer, note_id, now)
            self.lines.flush_all(now)

    def _withdraw(self, agreement: Agreement, officer: Officer, note_id: bytes, now: int) -> None:
        note = self.note_row(note_id)
        if not self.has_act(note_id, ActType.WITHDRAWN):
            self.channels.do(
                agreement,
                ActType.WITHDRAWN,
                now,
                recipient=note.recipient,
                lane=note.lane,
                officer=officer,
                subject=note_id,
            )

    # --- the intermediary's officer -------------------------------------------------------------------

    def has_act(self, note_id: bytes, kind: ActType) -> bool:
        """Whether this office did that about a note."""
        return any(
            row.author == self.context.me and row.type == kind for row in self.ledger.acts_about(note_id)
        )

    def _passing(self, officer: Officer, note_id: bytes, now: int) -> tuple[NoteRow, Agreement]:
        self.require(officer, Right.DUTY)
        note = self.note_row(note_id)
        agreement = self.ledger.agreement(note.mandate)
        if agreement.mandate.is_party(self.context.me) or note.recipient == self.context.me:
            raise NotAllowed("This note does not pass through this office.")
        return note, agreement

    def _about(self, agreement: Agreement, note: NoteRow, kind: ActType, officer: Officer, now: int, **fields: object) -> Signed:
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
        note, agreement = self._passing(officer, note_id, now)
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
        note, agreement = self._passing(officer, note_id, now)
        reason = self.channels.why_not_forward(note, agreement, now)
        if reason is not None and not (although_expired and reason == "It has expired."):
            raise NotNow(f"The note cannot be forwarded. {reason}")
        if remark and agreement.mandate.officers_to_add_words > 1:
            raise NotAllowed(
                "The mandate asks for two officers to add words, and this version lets one act.",
                "Forward without a remark.",
            )
        with self.context.transaction():
            self._see(agreement, note, officer, now)
            beside = []
            if remark:
                beside.append(
                    self.channels.do(
                        agreement,
                        ActType.REMARK,
                        now,
                        recipient=note.recipient,
                        lane=note.lane,
                        officer=officer,
                        subject=note.id,
                        words=remark,
                        code=1,
                    )
                )
            self.channels.forward(agreement, note, now, officer, beside)
        with self.context.transaction():
            self.lines.flush_all(now)

    def refuse(self, officer: Officer, note_id: bytes, reason: str, now: int, *, returned: bool = False) -> None:
        """Refuse to forward, or hand back with a question; the sender sees the reason."""
        note, agreement = self._passing(officer, note_id, now)
        if not reason.strip():
            raise YourError("A refusal states its reason; the sender will read it.", "Write the reason.")
        why_not = self.channels.why_not_forward(note, agreement, now)
        if why_not in ("It was forwarded already.", "It was refused."):
            raise NotNow(f"It is too late to refuse this note. {why_not}")
        with self.context.transaction():
            self._see(agreement, note, officer, now)
            self._about(agreement, note, ActType.RETURNED if returned else ActType.REFUSED, officer, now, words=reason)
            self.lines.flush_all(now)

    # --- the reader's officer -------------------------------------------------------------------------

    def _reading(self, officer: Officer, note_id: bytes) -> tuple[NoteRow, Agreement]:
        self.require(officer, Right.DUTY)
        note = self.note_row(note_id)
        if note.recipient != self.context.me:
            raise NotAllowed("This note is not addressed to this office.")
        if note.state == "altered":
            raise NotNow("This is not what its author signed; it is not shown as his.", "See the evidence beside it.")
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
        self, agreement: Agreement, note: NoteRow, kind: ActType, officer: Officer, now: int, **fields: int
    ) -> None:
        mine = [row for row in self.ledger.acts_about(note.id) if row.author == self.context.me and row.type == kind]
        if mine and kind != ActType.ACKNOWLEDGED:
            return
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
            self.lines.flush_all(now)


def _signed(statement: Statement, officer: Officer) -> Signed:
    return sign(statement, officer.seed)
