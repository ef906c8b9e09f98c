# SPDX-License-Identifier: Apache-2.0
"""Channels: what arrives in entries, and what the desk does about it without an officer.

Mandates are merged and passed on; notes are kept, verified as far as this desk can, and forwarded by
the desk where the mandate says *automatic*; acts are verified and carried along the path. A note's
acts go to the far side only with or after the note itself, so that nobody learns from a receipt what
was never forwarded to him.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goodoffices.core import crypto
from goodoffices.core.act import CHANNEL_LANE, Act, ActType, check_signer
from goodoffices.core.beside import check_beside, words_need
from goodoffices.core.consent import check_consent
from goodoffices.core.errors import Foreign, NewerVersion, NotNow, OtherOfficeError, Oversized
from goodoffices.core.line import CarriedEntry, EntryKind, Item
from goodoffices.core.mandate import Agreement, Forwarding, Role, read_agreement
from goodoffices.core.note import OpenNote
from goodoffices.core.office import read_office
from goodoffices.core.pairing import verify_confirmed
from goodoffices.core.sealed import Header, SealedNote, read_sealed
from goodoffices.core.statement import MAX_SIGNATURES, Signed, read_signed
from goodoffices.desk.channels import bounds
from goodoffices.desk.channels.credentials import wait_for_credentials
from goodoffices.desk.channels.forgotten import TOLD
from goodoffices.desk.channels.verifying import Verifying
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.ledger.ledger import LineRow, NoteRow

Flush = Callable[[bytes, int], None]
Form = tuple[bytes, bytes]
"""(digest, bytes) of one sealed form of a note."""


class Channels(Verifying):
    """Everything under mandates at one desk."""

    def __init__(self, context: Context, flush: Flush) -> None:
        super().__init__(context)
        self._flush = flush

    # --- items of an entry --------------------------------------------------------------------------

    def take_items(self, line: LineRow, carried: CarriedEntry, now: int) -> None:
        """Do what an entry that was just kept says. One bad item costs nothing else (P12)."""
        if carried.entry.kind != EntryKind.ACTS:
            return  # line tests and chat are not of a channel; what is newer is kept and chained
        try:
            items = carried.items
        except OtherOfficeError as error:
            self._find(line, carried, error, now)
            return
        with self.ledger.brought_by(line.id), self.departed.carrying(carried, now):
            early = [item for item in items if not self._take_item(line, carried, item, now, early=True)]
            for item in early:  # what was missing may have stood behind it, in the same entry
                self._take_item(line, carried, item, now)
        if any(item[0] in TOLD for item in items):
            try:
                with self.context.part():
                    self.forgotten.came(line, carried, now)
            except OtherOfficeError as error:
                self._find(line, carried, error, now)

    def _take_item(
        self, line: LineRow, carried: CarriedEntry, item: tuple[Any, ...], now: int, *, early: bool = False
    ) -> bool:
        try:
            with self.context.part():
                self._take(line, carried, item, now)
        except NotNow:
            if not early:
                raise
            return False
        except OtherOfficeError as error:
            self._find(line, carried, error, now)
        return True

    def _find(self, line: LineRow, carried: CarriedEntry, error: OtherOfficeError, now: int) -> None:
        self.ledger.find(now, error.fault, error.what, error.next_step, line=line.id, entry=carried.signed.id)

    def _take(self, line: LineRow, carried: CarriedEntry, item: tuple[Any, ...], now: int) -> None:
        if item[0] not in (Item.CONFIRMED, Item.INCARNATION) and not self.ledger.line(line.id).open:
            # Beside a confirmation that does not hold, nothing else gets in either.
            raise Foreign("Something on a line that is not confirmed by both offices.")
        match item[0]:
            case Item.NOTE | Item.RESEALED:
                self.note_came(line, read_sealed(item[1]), now, carried)
                if item[0] == Item.RESEALED:
                    self.anew.came(line, read_sealed(item[1]))
            case Item.RESEAL_ASKED:
                self.anew.asked(line, item[1], now)
            case Item.ACT:
                self._act(line, read_signed(item[1]), now)
            case Item.MANDATE:
                self._mandate(line, read_signed(item[1]), item[2], item[3], now)
            case Item.CONFIRMED:
                self._confirmed(line, read_signed(item[1]))
            case Item.ROSTER:
                self.learn(read_office(item[1]), line.peer, now)
            case Item.NEXT_ROSTER:
                self.learn_roster(read_signed(item[1]), line.peer, now)
            case Item.THIN_LINE | Item.THIN_KEYS | Item.THIN_HELD:
                self.thin.take(line, item[0], item[1], now)
                if item[0] == Item.THIN_KEYS:
                    self.keys_came(read_signed(item[1]).id, now)
            case Item.INCARNATION:
                self.forgotten.goes_on(line, item[1], carried, now)
            case number:
                raise NewerVersion(f"An item of kind {number} that this version does not know.")

    def _confirmed(self, line: LineRow, signed: Signed) -> None:
        peer = self.ledger.office(line.peer)
        if peer is None:
            raise Foreign("A confirmation of an office that is not known here.")
        verify_confirmed(signed, line.id, peer)
        self.ledger.confirm_line(line.id, signed.raw, mine=False)
        self.context.something_came()

    def roster_came(self, now: int) -> None:
        """Notes that named a roster which was not here are opened and verified now."""
        self.verify_pending(now)

    # --- mandates -----------------------------------------------------------------------------------

    def _mandate(
        self,
        line: LineRow,
        signed: Signed,
        credentials: tuple[bytes, ...],
        papers: tuple[bytes, ...],
        now: int,
    ) -> None:
        offered = {office.id: office for office, _ in self.ledger.offices()}
        offered |= {office.id: office for office in map(read_office, credentials)}
        offered[self.context.me] = self.context.my_office()
        wait_for_credentials(signed, offered)
        agreement = read_agreement(signed, offered, tuple(map(read_signed, papers)))
        if agreement.realm != self.context.keys.realm:
            raise Foreign("A mandate of another realm: a drill and the live channel never mix.")
        path = agreement.mandate.path
        if self.context.me not in path or line.peer not in agreement.mandate.neighbours(self.context.me):
            raise Foreign("A mandate on whose path this office and its sender do not stand side by side.")
        self.require_room_for_mandate(signed.id, line.peer)
        for office in agreement.offices.values():
            self.learn(office, line.peer, now)
        self.name_hidden("It is an agreed mandate's.", agreement.mandate.name, agreement.id, now)
        self.keep_mandate(signed, papers, now, came_from=line.peer)

    def keep_mandate(
        self, signed: Signed, papers: tuple[bytes, ...], now: int, *, came_from: bytes | None
    ) -> Agreement:
        """Merge signatures into what is known, keep it, and hand news to the neighbours on the path."""
        before: tuple[bytes, ...] = ()
        received = signed.signers
        if self.ledger.has_mandate(signed.id):
            known = self.ledger.agreement(signed.id).signed
            before = known.signers
            merged = dict(signed.signatures) | dict(known.signatures)
            if len(merged) > MAX_SIGNATURES:
                raise Oversized("A mandate with more signatures than can be carried.")
            signed = Signed(signed.statement, tuple(sorted(merged.items())))
        offices = {office.id: office for office, _ in self.ledger.offices()}
        agreement = read_agreement(signed, offices, tuple(map(read_signed, papers)))
        self.ledger.save_mandate(agreement, papers, now)
        self.departed.mandate(agreement, before, now)
        self.context.pending.changed.add(agreement.id)
        if signed.signers != before:
            self.context.something_came()
            for neighbour in agreement.mandate.neighbours(self.context.me):
                to = self.ledger.line_to(neighbour)
                if to is not None and (neighbour != came_from or signed.signers != received):
                    self.owe_mandate(to.id, agreement, papers)
        return agreement

    # --- acts ---------------------------------------------------------------------------------------

    def _act(self, line: LineRow, signed: Signed, now: int) -> None:
        act = signed.statement.read(Act, realm=self.context.keys.realm)
        if self.ledger.has_act(signed.id, act):
            return
        agreement = self._agreement(act.mandate)
        if act.subject and (note := self.ledger.note(act.subject)) and note.mandate != act.mandate:
            raise Foreign("An act about a note of another mandate.")
        self._comes_from(agreement, act.author, line.peer)
        self._check_lane(agreement, act.author, act.lane)
        automatic = agreement.mandate.forwarding == Forwarding.AUTOMATIC
        check_signer(
            signed,
            act,
            agreement.offices[act.author],
            automatic=automatic,
            words_need=words_need(act, agreement.offices[act.author], agreement.mandate),
        )
        check_beside(signed, act, agreement.offices[act.author], agreement.mandate)
        check_consent(act)
        bounds.require_room(self.ledger, act)
        self.keep_act(agreement, signed, act, now, came_from=line.peer)
        self.beside.came(signed.id, act, now)

    # --- notes --------------------------------------------------------------------------------------

    def note_came(self, line: LineRow, sealed: SealedNote, now: int, carried: CarriedEntry) -> None:
        """A note that an entry carries."""
        header = sealed.header
        agreement = self._agreement(header.mandate)
        self._comes_from(agreement, header.author, line.peer)
        self._check_lane(agreement, header.author, header.lane)
        self._check_addresses(agreement, header)
        first = self.ledger.note(header.note) is None
        digest = crypto.sha256(sealed.raw)
        room = first or self.ledger.room_for_copy(header.note, digest)
        if room is None:
            raise NotNow("One more form of a note of which many wait to be opened.")
        if not room:
            raise Foreign("One more form of a note that came in too many.")
        opened = self.opens_at_once(agreement, sealed, now) if first else None
        row = self._row(line, header, digest, opened, now)
        if first:
            self.ledger.add_note(row)
        self.thin.tables.forget_ahead(digest)
        if not self.ledger.add_copy(
            digest,
            header.note,
            sealed.raw,
            carried.signed.id,
            now,
            state="unopened" if opened is None else "verified",
        ):
            return  # the same bytes once more
        if first:
            self.ledger.add_arrival(header.note, digest)
        self.context.pending.changed.add(header.mandate)
        if opened is not None:
            self.verified(agreement, row, opened, now)
        elif not self.context.locked:
            self.verify_note(header.note, now)
        if first and agreement.mandate.forwarding == Forwarding.AUTOMATIC:
            self.forward_by_desk(agreement, header.note, now, (digest, sealed.raw))

    def _row(
        self, line: LineRow, header: Header, digest: bytes, opened: OpenNote | None, now: int
    ) -> NoteRow:
        """A note that came by a line: verified if it was opened at once, else yet to be judged."""
        words = self.sealed_words(opened) if opened is not None else None
        return NoteRow(
            header.note,
            header.mandate,
            header.lane,
            header.author,
            header.recipient,
            header.number,
            header.precedence,
            header.valid_until,
            now,
            line.peer,
            "unopened" if opened is None else "verified",
            None,
            None if opened is None else digest,
            words,
        )

    # --- forwarding ---------------------------------------------------------------------------------

    def why_not_forward(self, note: NoteRow, agreement: Agreement, now: int) -> str | None:
        """What stands against forwarding a note, in words; None if nothing does."""
        if note.lane != CHANNEL_LANE or agreement.mandate.is_party(self.context.me):
            return "It is addressed to this office alone and is never forwarded."
        if note.recipient == self.context.me:
            return "It is addressed to this office."
        if note.state == "altered":
            return "It is not what its author signed."
        if self.ledger.carried_to(note.id, agreement.mandate.next_hop(self.context.me, note.recipient)):
            return "It was forwarded already."  # or handed over, where the reader is on paper
        done = {(row.type, row.author) for row in self.ledger.acts_about(note.id)}
        if (ActType.WITHDRAWN, note.author) in done:
            return "Its author has withdrawn it."
        if (ActType.REFUSED, self.context.me) in done:
            return "It was refused."
        if note.valid_until is not None and now >= note.valid_until:
            return "It has expired."
        if agreement.mandate.ends is not None and now >= agreement.mandate.ends:
            return "The mandate has ended."
        return None

    def forward_by_desk(
        self, agreement: Agreement, note_id: bytes, now: int, form: Form | None = None
    ) -> None:
        """Forward by the desk's signature, which never claims *seen*; expired and withdrawn notes stay.

        ``form``: the only one in which the note is here, where the caller has it at hand.
        """
        note = self.ledger.note(note_id)
        if note is None or self._role(agreement) != Role.INTERMEDIARY:
            return
        reason = self.why_not_forward(note, agreement, now)
        if reason is None and not agreement.mandate.on_paper(note.recipient):  # a desk cannot hand over
            self.forward(agreement, note, now, None, form)
        elif reason == "It has expired.":
            self.do(agreement, ActType.EXPIRED, now, recipient=note.author, lane=note.lane, subject=note.id)

    def forward(
        self,
        agreement: Agreement,
        note: NoteRow,
        now: int,
        officer: Officer | None,
        form: Form | None = None,
    ) -> None:
        """Pass a note on, byte for byte as it came, with every act about it so far."""
        target = agreement.mandate.next_hop(self.context.me, note.recipient)
        to = self.ledger.line_to(target)
        if to is None:
            raise NotNow(f"There is no open line to {agreement.name_of(target)}.", "Pair with it first.")
        digest, raw = form or self._form_of(note)
        self.ledger.mark_carried(note.id, target)
        self.ledger.owe(to.id, (Item.NOTE, raw), urgent=note.precedence)
        self.do(
            agreement,
            ActType.FORWARDED,
            now,
            recipient=note.recipient,
            lane=note.lane,
            officer=officer,
            subject=note.id,
            evidence=digest,
        )
        for row in self.ledger.acts_about(note.id):
            signed = read_signed(row.signed)
            self.carry(agreement, signed, signed.statement.read(Act), target)
        self._flush(to.id, now)

    def _form_of(self, note: NoteRow) -> Form:
        """The form in which a note is passed on; raises NotNow."""
        for digest, raw, _, verdict in self.ledger.copies(note.id):
            if digest == note.copy or verdict != "altered":
                return digest, raw
        raise NotNow("Only altered copies of this note are here.", "Ask its author to send it again.")
