# SPDX-License-Identifier: Apache-2.0
"""Verification of a whole record, object by object, with public keys alone (P8).

The caller hands in every signed object once, in this order: offices, mandates, lines with their entries
and receipts, own acts, notes; then asks ``finish`` for what only shows when all is there. It reads files
or a vault; nothing here does. What does not hold becomes a ``Finding``; what is merely worth knowing,
such as a gap in a far office's chain, becomes a remark. Times make remarks, never findings.

Each method returns where the object belongs in an export, or None if that cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from goodoffices.core import crypto
from goodoffices.core import record_layout as layout
from goodoffices.core.act import BY_DESK, CHANNEL_LANE, Act, ActType, check_signer
from goodoffices.core.errors import Foreign, GoodOfficesError, Malformed, WrongSigner
from goodoffices.core.line import (
    CarriedEntry,
    Entry,
    EntryKind,
    Item,
    Receipt,
    read_items,
    verify_entry,
    verify_receipt,
)
from goodoffices.core.mandate import Agreement, Forwarding, read_agreement
from goodoffices.core.note import Note, OpenNote, read_inside, verify_release
from goodoffices.core.office import Office, is_desk, merge, read_office
from goodoffices.core.pairing import Pairing, PairingConfirmed, verify_confirmed
from goodoffices.core.record_account import (
    ITEM_WORDS,
    Account,
    KeptAct,
    KeptEntry,
    KeptLine,
    KeptNote,
    KeptReceipt,
    Passed,
    carries,
)
from goodoffices.core.record_chains import Link
from goodoffices.core.record_findings import OBJECTS, Finding, Flaw
from goodoffices.core.record_manifest import Manifest, read_entry
from goodoffices.core.record_whole import Authors, check_whole, remark_whole
from goodoffices.core.sealed import Header, header_of, read_sealed
from goodoffices.core.statement import Signed, Statement, read_signed


class Examiner:
    """Takes a record in, keeps what it says in ``account`` and what is wrong with it in ``findings``."""

    def __init__(self, manifest: Manifest, realm: bytes) -> None:
        self.account = Account(manifest, realm)
        self.findings: list[Finding] = []
        self.remarks: list[str] = []
        self._authors: Authors = {}
        self._credentials: dict[bytes, Office] = {}
        self._verified: set[bytes] = set()

    def find(self, where: str, flaw: Flaw, expected: str, found: str) -> None:
        """Note something that does not hold."""
        self.findings.append(Finding(where, flaw, expected, found))

    def _fails(self, where: str, flaw: Flaw, error: GoodOfficesError) -> None:
        self.find(where, flaw, OBJECTS[flaw], error.what)

    # --- who -----------------------------------------------------------------------------------------

    def manifest(self, where: str, signed: Signed) -> None:
        """The manifest's signature, by the desk of the exporting office. After the offices."""
        manifest, office = self.account.manifest, self.account.offices.get(self.account.manifest.office)
        try:
            if office is None:
                raise Foreign("The credential of the exporting office is not in the export.")
            signed.verify()
            if len(signed.signers) != 1 or not is_desk(office, manifest.roster, signed.signers[0]):
                raise WrongSigner(f"It is signed by a key that is not that of {office.name}'s desk.")
        except GoodOfficesError as error:
            self._fails(where, Flaw.MANIFEST_SIGNER, error)

    def office(self, raw: bytes, where: str = "") -> str | None:
        """An office's credential: root and rosters."""
        try:
            office = self._credential(raw)
            if office.realm != self.account.realm:
                raise Foreign("It belongs to another realm: a drill and the live channel never mix.")
        except GoodOfficesError as error:
            self._fails(where, Flaw.CREDENTIAL, error)
            return None
        self.account.offices[office.id] = office
        return f"{layout.office(office.name, office.id)}/credential.cbor"

    def _credential(self, raw: bytes) -> Office:
        digest = crypto.sha256(raw)
        if digest not in self._credentials:
            self._credentials[digest] = read_office(raw)
        return self._credentials[digest]

    def mandate(self, raw: bytes, papers: Iterable[bytes], where: str = "") -> str | None:
        """A mandate with the signatures that this office has."""
        try:
            signed = read_signed(raw)
            if signed.statement.realm != self.account.realm:
                raise Foreign("It belongs to another realm: a drill and the live channel never mix.")
            agreement = read_agreement(signed, self.account.offices, tuple(map(read_signed, papers)))
        except GoodOfficesError as error:
            self._fails(where, Flaw.MANDATE, error)
            return None
        folder = layout.channel(agreement.mandate.name, agreement.id)
        self.account.agreements[agreement.id] = folder, agreement
        if not agreement.complete:
            self.remarks.append(f"{folder}: not every office has signed this mandate; it is not in force.")
        return f"{folder}/mandate.cbor"

    # --- lines ---------------------------------------------------------------------------------------

    def line(self, pairing: bytes, where: str = "") -> KeptLine | None:
        """A line: the pairing statement, whose hash is the line's ID."""
        try:
            statement = Statement(pairing)
            content = statement.read(Pairing, realm=self.account.realm)
            if content.offices[0] >= content.offices[1]:
                raise Malformed("Its two offices are out of order.")
            if self.account.manifest.office not in content.offices or not (
                set(content.offices) <= set(self.account.offices)
            ):
                raise Foreign("It is a line of other offices than those of this export.")
        except GoodOfficesError as error:
            self._fails(where, Flaw.PAIRING, error)
            return None
        kept = KeptLine(statement.id, "", content)
        kept.folder = layout.line(self.account.name(kept.other(self.account.manifest.office)), statement.id)
        self.account.lines[statement.id] = kept
        return kept

    def confirmation(self, line: KeptLine, raw: bytes, where: str = "") -> str | None:
        """An office's confirmation of a line, by an officer who keeps keys there."""
        try:
            signed = read_signed(raw)
            office = self.account.offices.get(signed.statement.read(PairingConfirmed).office)
            if office is None or office.id not in line.pairing.offices:
                raise Foreign("It is by an office that is no end of this line.")
            confirmed = verify_confirmed(signed, line.id, office)
        except GoodOfficesError as error:
            self._fails(where, Flaw.CONFIRMATION, error)
            return None
        line.confirmed[office.id] = confirmed, self._signer(office, confirmed.roster, signed)
        return layout.confirmation(line.folder, office.name, office.id)

    def _signer(self, office: Office, version: int, signed: Signed) -> str:
        roster = office.roster_at(version)
        names = [roster.pseudonym(each) for each in signed.signers] if roster else []
        return ", ".join(name for name in names if name) or "the desk"

    def entry(self, line: KeptLine, raw: bytes, where: str | None = None) -> str | None:
        """An entry of a line, with everything that it carries."""
        try:
            signed, salt, body = read_entry(raw)
            entry = signed.statement.read(Entry)
            office = self.account.offices.get(entry.writer)
            if office is None or entry.writer not in line.pairing.offices:
                raise Foreign("It was written by an office that is no end of this line.")
            shown = salt is not None and body is not None
            if not shown and entry.kind == EntryKind.ACTS:
                raise Malformed("Its body is missing.")
            verify_entry(CarriedEntry(signed, salt or b"", body or b""), line.id, office, body_shown=shown)
        except GoodOfficesError as error:
            self._fails(where or line.folder, Flaw.ENTRY, error)
            return None
        path = layout.entry(line.folder, entry.time[0], office.name, entry.number, signed.id)
        where = where or path
        items = (
            self._items(line, entry, body, where) if entry.kind == EntryKind.ACTS and body is not None else ()
        )
        opens = items[0][1] if items and items[0][0] == Item.INCARNATION else None
        line.links[entry.writer].append(
            Link(
                entry.incarnation,
                entry.number,
                signed.id,
                entry.previous,
                entry.roster,
                entry.time[0],
                where,
                entry.seen,
                opens,
            )
        )
        self.account.entries.append(
            KeptEntry(
                line.id,
                entry.writer,
                entry.time,
                entry.case_at,
                entry.number,
                entry.kind,
                carries(items),
                where,
            )
        )
        return path

    def _items(self, line: KeptLine, entry: Entry, body: bytes, where: str) -> tuple[tuple[Any, ...], ...]:
        try:
            items = read_items(body)
        except GoodOfficesError as error:
            self._fails(where, Flaw.BODY, error)
            return ()
        if any(item[0] != Item.CONFIRMED for item in items) and len(line.confirmed) < 2:
            self.find(
                where,
                Flaw.UNCONFIRMED,
                "nothing on a line before both offices have confirmed it",
                "it carries something",
            )
        for item in items:
            try:
                self._item(line, entry, item, where)
            except GoodOfficesError as error:
                expected = f"{ITEM_WORDS.get(item[0], 'an item of a known kind')} that belongs on this line"
                flaw = Flaw.ITEM_SIGNER if isinstance(error, WrongSigner) else Flaw.ITEM
                self.find(where, flaw, expected, error.what)
        return items

    def _item(self, line: KeptLine, entry: Entry, item: tuple[Any, ...], where: str) -> None:
        match item[0]:
            case Item.NOTE | Item.RESEALED:
                self._sealed(line, entry, item[1], where, resealed=item[0] == Item.RESEALED)
            case Item.ACT:
                self._act(read_signed(item[1]), where, entry.writer, line.other(entry.writer))
            case Item.MANDATE:
                self._mandate(item)
            case Item.CONFIRMED:
                verify_confirmed(read_signed(item[1]), line.id, self.account.offices[entry.writer])
            case Item.ROSTER:
                self._known(item[1])
            case Item.INCARNATION | Item.RESEAL_ASKED:
                pass
            case number:
                raise Malformed(
                    f"An item of kind {number}: made by a newer version, not verified by this one."
                )

    def _known(self, raw: bytes) -> None:
        office = self._credential(raw)
        known = self.account.offices.get(office.id)
        if known is None or len(merge(known, office).signed) > len(known.signed):
            raise Foreign(f"The export lacks the credential of {office.name} that was handed over here.")

    def _mandate(self, item: tuple[Any, ...]) -> None:
        signed = read_signed(item[1])
        if signed.id not in self.account.agreements:
            raise Foreign("A mandate that is not among the channels of this export.")
        if crypto.sha256(signed.raw) not in self._verified:
            read_agreement(signed, self.account.offices, tuple(map(read_signed, item[3])))
            self._verified.add(crypto.sha256(signed.raw))
        for credential in item[2]:
            self._known(credential)

    def receipt(self, line: KeptLine, raw: bytes, where: str | None = None) -> str | None:
        """A receipt by the other side's desk."""
        try:
            signed = read_signed(raw)
            office = self.account.offices.get(signed.statement.read(Receipt).reader)
            if office is None or office.id not in line.pairing.offices:
                raise Foreign("It is by an office that is no end of this line.")
            receipt = verify_receipt(signed, line.id, office)
        except GoodOfficesError as error:
            self._fails(where or line.folder, Flaw.RECEIPT, error)
            return None
        path = layout.receipt(line.folder, receipt.time[0], office.name, signed.id)
        for place in receipt.entries:
            line.receipted[place] = office.id, where or path
        self.account.receipts.append(
            KeptReceipt(line.id, office.id, receipt.time, len(receipt.entries), where or path)
        )
        return path

    # --- acts ----------------------------------------------------------------------------------------

    def _channel(self, mandate: bytes) -> Agreement:
        if mandate not in self.account.agreements:
            raise Foreign("It belongs to a mandate that is not in this export.")
        agreement = self.account.agreements[mandate][1]
        if not agreement.complete:
            raise Foreign("It belongs to a mandate that not every office has signed.")
        return agreement

    def _way(self, agreement: Agreement, author: bytes, lane: bytes, writer: bytes, reader: bytes) -> None:
        mandate = agreement.mandate
        if not {author, writer, reader} <= set(mandate.path) or reader not in mandate.neighbours(writer):
            raise Foreign("It belongs to a channel that does not run over this line.")
        if author == reader or mandate.next_hop(reader, author) != writer:
            raise Foreign("It came from the wrong side of its channel's path.")
        if lane != CHANNEL_LANE and (not mandate.is_party(lane) or lane not in (writer, reader)):
            raise Foreign("It belongs to a lane that does not run over this line.")

    def _act(self, signed: Signed, where: str, writer: bytes | None, reader: bytes) -> KeptAct:
        act = signed.statement.read(Act, realm=self.account.realm)
        agreement = self._channel(act.mandate)
        if writer is not None:
            self._way(agreement, act.author, act.lane, writer, reader)
        digest = crypto.sha256(signed.raw)
        if digest in self._verified:
            return self.account.acts[signed.id]
        office = agreement.offices.get(act.author)
        if office is None:
            raise WrongSigner("An act of an office that runs no desk.")
        check_signer(signed, act, office, automatic=agreement.mandate.forwarding == Forwarding.AUTOMATIC)
        if act.type == ActType.REMARK and len(signed.signers) < agreement.mandate.officers_to_add_words:
            raise WrongSigner("Words added by fewer officers than the mandate asks for.")
        if act.type == ActType.COMPARED and not agreement.mandate.is_party(act.author):
            raise WrongSigner("An intermediary that claims to have compared the mandate's digits.")
        self._verified.add(digest)
        by_desk = act.type in BY_DESK or is_desk(office, act.roster, signed.signers[0])
        kept = KeptAct(signed.id, act, self._signer(office, act.roster, signed), by_desk, where)
        if signed.id not in self.account.acts:
            self.account.acts[signed.id] = kept
            self._link(act, signed.id, where)
            if act.subject is not None:
                self.account.about[act.subject].append(kept)
        return kept

    def _link(self, act: Act | Note, act_id: bytes, where: str) -> None:
        self._authors.setdefault((act.mandate, act.lane, act.author), []).append(
            Link(act.incarnation, act.sequence, act_id, act.previous, act.roster, act.time[0], where)
        )

    def own_act(self, raw: bytes, where: str = "") -> str | None:
        """An act of the exporting office that no entry carried: kept at home, or waiting. After the lines."""
        try:
            signed = read_signed(raw)
            kept = self._act(signed, where, None, b"")
            if kept.act.author != self.account.manifest.office:
                raise Foreign("It is another office's, so an entry must have brought it.")
            if kept.where != where:
                raise Foreign("It stands in an entry already.")
        except GoodOfficesError as error:
            self._fails(where, Flaw.OWN_ACT, error)
            return None
        folder, _ = self.account.agreements[kept.act.mandate]
        return layout.own_act(folder, kept.act.time[0], kept.act.sequence, kept.id)

    # --- notes ---------------------------------------------------------------------------------------

    def _sealed(self, line: KeptLine, entry: Entry, raw: bytes, where: str, *, resealed: bool) -> None:
        header = read_sealed(raw).header
        agreement = self._channel(header.mandate)
        writer, reader = entry.writer, line.other(entry.writer)
        self._way(agreement, header.author, header.lane, writer, reader)
        ends = agreement.mandate.parties if header.lane == CHANNEL_LANE else (writer, reader)
        if header.author == header.recipient or not {header.author, header.recipient} <= set(ends):
            raise Foreign("A note that is not from one end of its lane to the other.")
        folder, _ = self.account.agreements[header.mandate]
        note = self.account.notes.get(header.note)
        if note is None:
            place = layout.note(folder, agreement.name_of(header.author), header.number, header.note)
            note = self.account.notes[header.note] = KeptNote(header.note, header, place)
        if note.header != header:
            self.find(
                where, Flaw.HEADER, f"the same handling header as in {note.passed[0].where}", "another one"
            )
        note.passed.append(Passed(crypto.sha256(raw), header, where, writer, reader, entry.time, resealed))

    def note(self, note: KeptNote, inside: bytes, where: str = "") -> OpenNote | None:
        """What was inside a note's seal: statement, seed, leaves. None if it does not hold."""
        try:
            opened = read_inside(inside)
            content = opened.note
            if opened.signed.id != note.id or opened.signed.statement.realm != self.account.realm:
                raise Foreign("It is another note, or one of another realm.")
            self._same_header(header_of(content, note.id), note)
            office = self._channel(content.mandate).offices[content.author]
            released_by = verify_release(opened, office)
        except GoodOfficesError as error:
            self._fails(where, Flaw.NOTE, error)
            return None
        note.note, note.released_by = content, released_by
        self._link(content, note.id, where or f"{note.folder}/note.cbor")
        return opened

    def _same_header(self, signed: Header, note: KeptNote) -> None:
        if signed != note.header:
            raise Foreign("The handling header that was carried does not say what the author signed.")

    def finish(self) -> None:
        """What shows only when everything is there; see ``record_whole``."""
        self.findings += check_whole(self.account, self._authors)
        self.remarks += remark_whole(self.account, self._authors)
