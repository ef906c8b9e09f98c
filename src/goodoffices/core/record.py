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

from goodoffices.core import crypto, record_checkpoints
from goodoffices.core import record_layout as layout
from goodoffices.core.beside import Beside
from goodoffices.core.errors import Foreign, GoodOfficesError, Malformed, NewerVersion, WrongSigner
from goodoffices.core.line import (
    CarriedEntry,
    Entry,
    EntryKind,
    Item,
    Receipt,
    commitment,
    read_items,
    verify_entry,
    verify_receipt,
)
from goodoffices.core.mandate import read_agreement
from goodoffices.core.note import OpenNote
from goodoffices.core.office import Office, Roster, follow, is_desk, merge, read_office
from goodoffices.core.pairing import Pairing, PairingConfirmed, verify_confirmed
from goodoffices.core.record_account import (
    ITEM_WORDS,
    Account,
    KeptAct,
    KeptEntry,
    KeptLine,
    KeptNote,
    KeptReceipt,
    carries,
)
from goodoffices.core.record_chains import Link
from goodoffices.core.record_findings import (
    OBJECTS,
    SIGNER_CAUSES,
    Cause,
    Finding,
    Flaw,
    Found,
    cause_of,
    signer_cause,
)
from goodoffices.core.record_manifest import Manifest, read_entry
from goodoffices.core.record_notes import Carried, Way, signer_of
from goodoffices.core.record_whole import check_whole, remark_whole
from goodoffices.core.service_traffic import fault_of
from goodoffices.core.statement import Kind, Signed, Statement, read_signed

_ROSTER: dict[int, int] = {Kind.PAIRING_CONFIRMED: 3, Kind.ENTRY: 10, Kind.RECEIPT: 5}
"""Field of an object that names the roster by which it is signed."""
_OF_REALM = "It belongs to another realm: a drill and the live channel never mix."


class Examiner:
    """Takes a record in, keeps what it says in ``account`` and what is wrong with it in ``findings``."""

    def __init__(self, manifest: Manifest, realm: bytes, findings: list[Finding] | None = None) -> None:
        self.account = Account(manifest, realm)
        self.findings: list[Finding] = [] if findings is None else findings
        self.remarks: list[str] = []
        self._carried = Carried(self.account, self.findings)
        self._credentials: dict[bytes, Office] = {}
        self._verified: set[bytes] = set()

    def find(self, where: str, flaw: Flaw, expected: str, found: str, why: Cause | None = None) -> None:
        """Note something that does not hold."""
        self.findings.append(Finding(where, flaw, expected, found, why))

    def _fails(self, where: str, flaw: Flaw, error: GoodOfficesError, why: Cause | None = None) -> None:
        self.find(where, flaw, OBJECTS[flaw], error.what, why or cause_of(error))

    # --- who -----------------------------------------------------------------------------------------

    def manifest(self, where: str, signed: Signed) -> None:
        """The manifest's signature, by the desk of the exporting office. After the offices."""
        manifest, office = self.account.manifest, self.account.offices.get(self.account.manifest.office)
        try:
            if office is None:
                raise Found(Cause.MISSING, "The credential of the exporting office is not in the export.")
            signed.verify()
            if len(signed.signers) != 1 or not is_desk(office, manifest.roster, signed.signers[0]):
                cause = signer_cause(signed, office, manifest.roster)
                raise Found(cause, f"It is signed by a key that is not that of {office.name}'s desk.")
        except GoodOfficesError as error:
            self._fails(where, Flaw.MANIFEST_SIGNER, error)

    def office(self, raw: bytes, where: str = "") -> str | None:
        """An office's credential: root and rosters."""
        try:
            office = self._credential(raw)
            if office.realm != self.account.realm:
                raise Foreign(_OF_REALM)
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
                raise Foreign(_OF_REALM)
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
        signed, office = None, None
        try:
            signed = read_signed(raw)
            office = self.account.offices.get(signed.statement.read(PairingConfirmed).office)
            if office is None or office.id not in line.pairing.offices:
                raise Foreign("It is by an office that is no end of this line.")
            confirmed = verify_confirmed(signed, line.id, office)
        except GoodOfficesError as error:
            self._fails(where, Flaw.CONFIRMATION, error, self._cause(error, signed, office))
            return None
        line.confirmed[office.id] = confirmed, signer_of(office, confirmed.roster, signed)
        return layout.confirmation(line.folder, office.name, office.id)

    def _cause(self, error: GoodOfficesError, signed: Signed | None, office: Office | None) -> Cause:
        if isinstance(error, WrongSigner) and signed is not None:
            content = signed.statement.parts[2]
            version = content.get(_ROSTER[signed.statement.kind], 0)
            return signer_cause(signed, office, version)
        return cause_of(error)

    def entry(
        self, line: KeptLine, raw: bytes, where: str | None = None, *, vouched: bool = False
    ) -> str | None:
        """An entry of a line, with everything that it carries. ``vouched``: its own signature was verified."""
        signed, office = None, None
        try:
            signed, salt, body = read_entry(raw)
            if vouched:
                signed.vouch()
            entry = signed.statement.read(Entry, realm=self.account.realm)
            office = self.account.offices.get(entry.writer)
            if office is None or entry.writer not in line.pairing.offices or entry.line != line.id:
                raise Foreign("It was written on another line, or by an office that is no end of this one.")
            shown = salt is not None and body is not None
            if not shown and entry.kind == EntryKind.ACTS:
                raise Found(Cause.MISSING, "Its body is missing.")
            if shown and commitment(salt or b"", body or b"") != entry.commitment:
                raise Found(Cause.ALTERED, "An entry whose body is not the one it commits to.")
            verify_entry(CarriedEntry(signed, salt or b"", body or b""), line.id, office, body_shown=shown)
        except GoodOfficesError as error:
            self._fails(where or line.folder, Flaw.ENTRY, error, self._cause(error, signed, office))
            return None
        path = layout.entry(line.folder, entry.time[0], office.name, entry.number, signed.id)
        where = where or path
        if fault := fault_of(entry.kind, body, line.id, office):
            self._fails(where, Flaw.BODY, fault)
        items = (
            self._items(line, entry, signed.id, body, where)
            if entry.kind == EntryKind.ACTS and body is not None
            else ()
        )
        opens = items[0][1] if items and items[0][0] == Item.INCARNATION else None
        at, place = entry.time[0], (entry.incarnation, entry.number, signed.id)
        line.links[entry.writer].append(
            Link(*place, entry.previous, entry.roster, at, where, entry.seen, opens)
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

    def _items(
        self, line: KeptLine, entry: Entry, entry_id: bytes, body: bytes, where: str
    ) -> tuple[tuple[Any, ...], ...]:
        try:
            items = read_items(body)
        except GoodOfficesError as error:
            self._fails(where, Flaw.BODY, error)
            return ()
        if any(item[0] != Item.CONFIRMED for item in items) and len(line.confirmed) < 2:
            expected = "nothing on a line before both offices have confirmed it"
            self.find(where, Flaw.UNCONFIRMED, expected, "it carries something")
        way = Way.of(line, entry, entry_id, where)
        for item in items:
            try:
                self._item(way, item)
            except GoodOfficesError as error:
                expected = f"{ITEM_WORDS.get(item[0], 'an item of a known kind')} that belongs on this line"
                cause = cause_of(error)
                flaw = Flaw.ITEM_SIGNER if cause in SIGNER_CAUSES else Flaw.ITEM
                self.find(where, flaw, expected, error.what, cause)
        return items

    def _item(self, way: Way, item: tuple[Any, ...]) -> None:
        match item[0]:
            case Item.NOTE | Item.RESEALED:
                self._carried.sealed(way, item[1], resealed=item[0] == Item.RESEALED)
            case Item.ACT:
                self._carried.act(read_signed(item[1]), way.where, way)
            case Item.MANDATE:
                self._mandate(item)
            case Item.CONFIRMED:
                self._confirmed(way, read_signed(item[1]))
            case Item.ROSTER:
                self._known(item[1])
            case Item.NEXT_ROSTER:
                self._roster(read_signed(item[1]))
            case Item.INCARNATION | Item.RESEAL_ASKED:
                pass
            case number:
                raise NewerVersion(
                    f"An item of kind {number}: made by a newer version, not verified by this one."
                )

    def _confirmed(self, way: Way, signed: Signed) -> None:
        writer = self.account.offices[way.writer]
        try:
            verify_confirmed(signed, way.line.id, writer)
        except WrongSigner as error:
            raise Found(self._cause(error, signed, writer), error.what) from None

    def _known(self, raw: bytes) -> None:
        office = self._credential(raw)
        known = self.account.offices.get(office.id)
        if known is None or len(merge(known, office).signed) > len(known.signed):
            what = f"The export lacks the credential of {office.name} that was handed over here."
            raise Found(Cause.MISSING, what)

    def _roster(self, signed: Signed) -> None:
        known = self.account.offices.get(signed.statement.read(Roster, realm=self.account.realm).office)
        if known is None or follow(known, signed) is not known:
            raise Found(Cause.MISSING, "The export lacks a roster that was handed over here.")

    def _mandate(self, item: tuple[Any, ...]) -> None:
        signed = read_signed(item[1])
        if signed.id not in self.account.agreements:
            raise Found(Cause.MISSING, "A mandate that is not among the channels of this export.")
        if crypto.sha256(signed.raw) not in self._verified:
            read_agreement(signed, self.account.offices, tuple(map(read_signed, item[3])))
            self._verified.add(crypto.sha256(signed.raw))
        for credential in item[2]:
            self._known(credential)

    def receipt(
        self, line: KeptLine, raw: bytes, where: str | None = None, *, vouched: bool = False
    ) -> str | None:
        """A receipt by the other side's desk. ``vouched``: its signature was verified."""
        signed, office = None, None
        try:
            signed = read_signed(raw)
            if vouched:
                signed.vouch()
            office = self.account.offices.get(signed.statement.read(Receipt).reader)
            if office is None or office.id not in line.pairing.offices:
                raise Foreign("It is by an office that is no end of this line.")
            receipt = verify_receipt(signed, line.id, office)
        except GoodOfficesError as error:
            self._fails(where or line.folder, Flaw.RECEIPT, error, self._cause(error, signed, office))
            return None
        path = layout.receipt(line.folder, receipt.time[0], office.name, signed.id)
        for place in receipt.entries:
            line.receipted[place] = office.id, where or path
        self.account.receipts.append(
            KeptReceipt(line.id, office.id, receipt.time, len(receipt.entries), where or path)
        )
        return path

    def checkpoint(self, line: KeptLine, raw: bytes, where: str = "") -> tuple[str, str] | None:
        """A checkpoint: (where it belongs without its ending, the note to lie beside it). After the entries."""
        ends = {each: self.account.offices[each] for each in line.pairing.offices}
        try:
            checkpoint, cosigned = record_checkpoints.examine(raw, line.id, ends)
        except GoodOfficesError as error:
            self._fails(where or line.folder, Flaw.CHECKPOINT, error)
            return None
        path = record_checkpoints.path_of(line.folder, ends[checkpoint.tree.writer].name, checkpoint)
        line.checkpoints.append(record_checkpoints.keep(checkpoint, cosigned, where or f"{path}.cbor"))
        return path, checkpoint.note

    # --- what entries carry --------------------------------------------------------------------------

    def own_act(self, raw: bytes, where: str = "") -> str | None:
        """An act of the exporting office that no entry carried: kept at home, or waiting. After the lines."""
        return self._carried.own_act(raw, where)

    def note(self, note: KeptNote, inside: bytes, where: str = "") -> OpenNote | None:
        """What was inside a note's seal: statement, seed, leaves. None if it does not hold."""
        return self._carried.note(note, inside, where)

    def beside(self, kept: KeptAct, inside: bytes, where: str = "") -> Beside | None:
        """The words of a translation or rewording, held against what was signed."""
        return self._carried.beside(kept, inside, where)

    def finish(self) -> None:
        """What shows only when everything is there; see ``record_whole``."""
        self.findings += check_whole(self.account, self._carried.authors)
        self.remarks += remark_whole(self.account, self._carried.authors)
