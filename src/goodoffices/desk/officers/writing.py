# SPDX-License-Identifier: Apache-2.0
"""Writing: releasing a note, replacing and withdrawing it. One transaction, then the wire.

Rights are checked here, against the roster, however the request came in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from goodoffices.core import crypto
from goodoffices.core.act import (
    CHANNEL_LANE,
    ActType,
    ProofKind,
)
from goodoffices.core.agreed import kind_of
from goodoffices.core.errors import NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.line import Item
from goodoffices.core.mandate import (
    MINUTE,
    Agreement,
    Precedence,
    Reading,
)
from goodoffices.core.note import (
    MAX_LISTED,
    Note,
    NoteKind,
    OpenNote,
    Words,
    body_of,
    check_issued,
    read_inside,
    verify_release,
    write_note,
)
from goodoffices.core.office import Right, sealing_key
from goodoffices.core.sealed import seal_note
from goodoffices.core.statement import sign
from goodoffices.core.thin.note import thin_seed
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.assurances.assurances import Assurances
from goodoffices.desk.context import Officer
from goodoffices.desk.forms.filling import require_filled
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.officers.acting import Acting
from goodoffices.desk.vault.keys import seal_text


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


def require_ahead(draft: Draft, now: int) -> None:
    """Raise YourError for a time in a draft that is past before anybody reads it."""
    if draft.valid_until is not None and draft.valid_until <= now:
        raise YourError("The note would be expired before it is released.", "Choose a later time.")
    if draft.words.reply_by is not None and draft.words.reply_by <= now:
        raise YourError("The time by which a reply is asked for is past.", "Choose a later time.")


class Writing(Acting):
    """What releasers do."""

    def release(self, officer: Officer, draft: Draft, now: int) -> bytes:
        """Sign, seal, keep and send a note; returns its ID. One transaction, then the wire."""
        self.require(officer, Right.RELEASE)
        if (done := self.released_by(draft)) is not None:
            note, same = done
            if not same:
                raise YourError(
                    "This page has released a note already, with other words or to somebody else.",
                    "Look at that note; what is to be said otherwise is a new note, from a new page.",
                )
            return note
        if self.releasers_needed > 1:
            raise NotAllowed(
                "At this office several officers release a note, one after the other.",
                "Put it up for release as a draft; the others sign the same.",
            )
        with self.context.transaction():
            agreement, opened = self.draw_up(draft, now)
            opened = replace(opened, signed=sign(opened.signed.statement, officer.seed))
            self.let_go(officer, agreement, opened, now)
            self.ledger.nothing_said(opened.signed.id)
            if draft.once is not None:
                self.ledger.set_fact(f"once {draft.once}", opened.signed.id + _digest(draft))
            self.lines.flush_all(now)
            self.lines.seal_ahead(now)
        return opened.signed.id

    def released_by(self, draft: Draft) -> tuple[bytes, bool] | None:
        """The note that the draft's page has released already, and whether it says the same; None: none yet."""
        done = self.ledger.fact(f"once {draft.once}") if draft.once is not None else None
        return None if done is None else (done[:32], done[32:] in (b"", _digest(draft)))

    @property
    def releasers_needed(self) -> int:
        """How many officers must sign a note, by this office's newest roster."""
        return self.context.my_office().roster.releasers_needed

    def draw_up(self, draft: Draft, now: int, *, apart: bool = False) -> tuple[Agreement, OpenNote]:
        """The note that a draft becomes, unsigned, every rule checked. Nothing is kept yet.

        ``apart``: in an incarnation of its own, so that its place holds while several officers sign and
        this office's other acts go on (ADR 0026).
        """
        check_issued(draft.kind, draft.proof)
        agreement, lane = self.may_release(draft, now)
        words = self._with_knowledge(agreement, draft, lane)
        kind = kind_of(words, agreement.mandate)
        for each in _taken_back(words):
            self._own_note(each)
        thin = self.channels.thin_notes
        seed = thin.seed() if thin.chain_to(agreement, draft.recipient) else self.context.rng(32)
        body, leaves = body_of(words, seed)
        place = self.channels.place(agreement.id, lane)
        if apart:
            place["incarnation"] = self.context.rng(16)
        note = Note(
            **place,
            recipient=draft.recipient,
            time=self.context.time(now),
            number=self.ledger.next_number(agreement.id, lane, self.context.me),
            precedence=draft.precedence,
            valid_until=draft.valid_until,
            kind=kind,
            body=body,
            leaves=leaves,
            case_at=self.context.case_at(now),
        )
        return agreement, write_note(note, words, seed, self.context.keys.realm)[1]

    def thin_to(self, mandate: bytes, recipient: bytes) -> bool:
        """Whether a note to ``recipient`` would go in a cell of a thin line, if it fits."""
        return self.channels.thin_notes.chain_to(self.ledger.agreement(mandate), recipient) is not None

    def thin_left(self, draft: Draft, now: int) -> int | None:
        """Bytes that a draft has left in a cell of a thin line; below zero: it does not fit. None: not thin."""
        agreement = self.ledger.agreement(draft.mandate)
        if self.channels.thin_notes.chain_to(agreement, draft.recipient) is None:
            return None
        lane = self.lane_to(agreement, draft.recipient)
        seed, words = thin_seed(bytes(16)), self._with_knowledge(agreement, draft, lane)
        body, leaves = body_of(words, seed)
        note = Note(
            mandate=agreement.id,
            author=self.context.me,
            recipient=draft.recipient,
            lane=lane,
            incarnation=self.context.rng(16),
            sequence=2**20,
            previous=self.context.rng(32),
            roster=self.context.my_office().roster.version,
            proof=draft.proof,
            time=self.context.time(now),
            number=self.ledger.next_number(agreement.id, lane, self.context.me),
            precedence=draft.precedence,
            valid_until=draft.valid_until,
            kind=draft.kind,
            body=body,
            leaves=leaves,
            case_at=self.context.case_at(now),
        )
        _, opened = write_note(note, words, seed, self.context.keys.realm)
        return self.channels.thin_notes.left(agreement, opened)

    def may_release(self, draft: Draft, now: int) -> tuple[Agreement, bytes]:
        """The agreement and the lane of a draft that could be released now; raises what stands against it."""
        agreement = self._in_force(draft.mandate, now)
        lane = self.lane_to(agreement, draft.recipient)
        require_filled(draft.words, agreement.mandate, now)
        if not draft.words.text.strip():
            raise YourError("A note needs words.", "Write the text, then release it.")
        require_ahead(draft, now)
        sealed_reading = agreement.mandate.reading == Reading.SEALED and lane == CHANNEL_LANE
        if sealed_reading and self.vouched_alone(agreement):
            raise NotNow(
                "A sealed channel does not open before both parties have compared the mandate's digits.",
                "Compare them by voice, in a public statement or through a third state, and type them in.",
            )
        if self.context.reading_key is None:
            raise NotNow("The desk is locked.", "Sign in first.")
        self._check_flash(agreement, draft, now)
        if draft.words.rewords is not None:
            self.may_reword(agreement, lane, draft.words.rewords)
        return agreement, lane

    def may_reword(self, agreement: Agreement, lane: bytes, original: bytes) -> None:
        """Raise what stands against telling, in that lane and in our own words, of what a note here said.

        Only the intermediary does, and only of what a party told it alone: that note is never passed on, so
        the reader is told that there is one. The party's consent is asked for where the note is written.
        """
        mandate, me = agreement.mandate, self.context.me
        note = self.ledger.note(original)
        if note is None or note.mandate != agreement.id:
            raise NotFound("The note that this would put into other words is not here.")
        if mandate.is_party(me) or note.recipient != me or lane in (CHANNEL_LANE, note.lane):
            raise NotAllowed(
                "Only the intermediary puts into other words what one party told it alone, for the other party."
            )
        inside = self.channels.words_inside(note)
        if inside is None or not self.has_act(original, ActType.OPENED):
            raise NotNow("Its text is not before us.", "Open it first.")
        if read_inside(inside).words.confidential:
            raise NotAllowed("Its author called it confidential: not to be disclosed, even in substance.")

    def _check_flash(self, agreement: Agreement, draft: Draft, now: int) -> None:
        """Where the mandate gives FLASH a budget, it states its reason and is not spent twice."""
        budget = agreement.mandate.flash_budget
        if budget is None or draft.precedence != Precedence.FLASH:
            return
        if not (draft.words.reason or "").strip():
            raise YourError(
                "By this mandate a FLASH note states why it is one.", "Write the reason, or choose less."
            )
        most, within = budget
        spent = self.ledger.own_since(agreement.id, self.context.me, Precedence.FLASH, now - within)
        if len(spent) >= most:
            minutes = -(-(spent[-most] + within - now) // MINUTE)  # after so many there is room
            span = within // MINUTE
            raise NotNow(
                f"The mandate's budget for FLASH is used up: one note within {span} min."
                if most == 1
                else f"The mandate's budget for FLASH is used up: {most} notes within {span} min.",
                f"Release it as IMMEDIATE, or wait {minutes} min.",
            )

    def let_go(self, officer: Officer, agreement: Agreement, opened: OpenNote, now: int) -> None:
        """Keep a note that enough officers signed, owe it to its line, withdraw what it takes back."""
        verify_release(opened, self.context.my_office())
        self._keep_own(agreement, opened, opened.note.lane, self.context.rng(32), now)
        to = agreement.name_of(opened.note.recipient)
        self.ledger.audit(now, officer.name, f"released note {opened.note.number} to {to}", AuditKind.ACT)
        Assurances(self.context).take(officer, opened.signed.id, opened.words, agreement.mandate, now)
        for each in _taken_back(opened.words):
            self._withdraw(agreement, officer, each, now)

    def lane_to(self, agreement: Agreement, recipient: bytes) -> bytes:
        """The lane in which this office writes to ``recipient``; raises NotAllowed."""
        mandate, me = agreement.mandate, self.context.me
        if mandate.is_party(me):
            if recipient == mandate.far_party(me):
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
        others = [office for office in agreement.mandate.path if office != self.context.me]
        for note_id in self.ledger.newest_of(agreement.id, lane, others, 2 * MAX_LISTED):
            (read if self.has_act(note_id, ActType.OPENED) else held).append(note_id)
        return replace(draft.words, read=tuple(read[-MAX_LISTED:]), held=tuple(held[-MAX_LISTED:]))

    def _keep_own(self, agreement: Agreement, opened: OpenNote, lane: bytes, key: bytes, now: int) -> None:
        note, mandate, me = opened.note, agreement.mandate, self.context.me
        readers = {note.recipient}
        if lane == CHANNEL_LANE and mandate.reading == Reading.OPEN:
            readers |= set(mandate.path) - {me}
        rows = []
        for reader in readers:
            if not mandate.on_paper(reader):
                epoch, public = sealing_key(agreement.offices[reader].reading_epochs, now)
                rows.append((reader, epoch, public))
        sealed = self.channels.thin_notes.seal(agreement, opened) or seal_note(opened, tuple(rows), key)
        digest = crypto.sha256(sealed.raw)
        assert self.context.reading_key is not None
        row = NoteRow(
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
        self.ledger.add_note(row)
        self.ledger.keep_reply(row, opened.words)
        self.ledger.add_copy(digest, opened.signed.id, sealed.raw, None, now, state="verified")
        self.ledger.add_link((agreement.id, lane, me, note.incarnation, note.sequence, opened.signed.id))
        target = mandate.next_hop(me, note.recipient)
        to = self.ledger.line_to(target)
        if to is None:
            raise NotNow(f"There is no open line to {agreement.name_of(target)}.", "Pair with it first.")
        self.ledger.owe(to.id, (Item.NOTE, sealed.raw), urgent=note.precedence)
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


def _taken_back(words: Words) -> list[bytes]:
    return [each for each in (words.replaces, words.withdraws) if each is not None]


def _digest(draft: Draft) -> bytes:
    """Of what is released; older vaults kept none."""
    return crypto.sha256(repr(replace(draft, once=None)).encode("utf-8", "surrogatepass"))
