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
from goodoffices.core.beside import Beside
from goodoffices.core.errors import Foreign, GoodOfficesError, Malformed, NewerVersion, WrongSigner
from goodoffices.core.line import Item
from goodoffices.core.mandate import read_agreement
from goodoffices.core.note import OpenNote
from goodoffices.core.office import Office, Roster, follow, is_desk, merge, read_office
from goodoffices.core.pairing import Pairing, PairingConfirmed, verify_confirmed
from goodoffices.core.record import checkpoints as record_checkpoints
from goodoffices.core.record import layout
from goodoffices.core.record.account import (
    ITEM_WORDS,
    Account,
    KeptAct,
    KeptEntry,
    KeptLine,
    KeptNote,
    KeptReceipt,
    carries,
)
from goodoffices.core.record.consent import remark_briefings
from goodoffices.core.record.findings import (
    OBJECTS,
    SIGNER_CAUSES,
    Cause,
    Finding,
    Flaw,
    Found,
    cause_of,
    signer_cause,
)
from goodoffices.core.record.hold import HeldEntry, Refused, cause_by, hold_entry, hold_receipt
from goodoffices.core.record.links import AT
from goodoffices.core.record.manifest import Manifest
from goodoffices.core.record.notes import Carried, Way, signer_of
from goodoffices.core.record.pack import Ends, Looked, Order
from goodoffices.core.record.stretch import Stretch
from goodoffices.core.record.whole import check_whole, remark_whole
from goodoffices.core.statement import Signed, Statement, read_signed

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
        for each, paper in agreement.papers.items():
            self.account.papers.setdefault(each, paper.name)
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
            self._fails(where, Flaw.CONFIRMATION, error, cause_by(error, signed, office))
            return None
        line.confirmed[office.id] = confirmed, signer_of(office, confirmed.roster, signed)
        return layout.confirmation(line.folder, office.name, office.id)

    def entry(
        self, line: KeptLine, raw: bytes, where: str | None = None, *, vouched: bool = False
    ) -> str | None:
        """An entry of a line, with everything that it carries. ``vouched``: its own signature was verified."""
        held = hold_entry(raw, line.id, self.ends(line), self.account.realm, vouched=vouched)
        if isinstance(held, Refused):
            self.find(where or line.folder, Flaw.ENTRY, OBJECTS[Flaw.ENTRY], held.what, held.cause)
            return None
        entry = held.entry
        name = self.account.name(entry.writer)
        path = layout.entry(line.folder, entry.time[0], name, entry.number, held.id)
        where = where or path
        self.take(line, held, where, self._spot(line, where))
        if not self.account.manifest.layout:
            self.account.entries.append(
                KeptEntry(
                    line.id,
                    entry.writer,
                    entry.time,
                    entry.case_at,
                    entry.number,
                    entry.kind,
                    carries(held.items),
                    where,
                )
            )
        return path

    def ends(self, line: KeptLine) -> dict[bytes, Office]:
        """The offices at the two ends of a line."""
        return {each: self.account.offices[each] for each in line.pairing.offices}

    def packed(self, line: KeptLine) -> Ends:
        """What looking at the packs of a line takes."""
        one, two = self.ends(line).values()
        return Ends(line.id, self.account.realm, line.folder, (one, two))

    def _spot(self, line: KeptLine, where: str) -> int:
        line.files.append(where)
        return len(line.files) - 1 << AT

    def take(self, line: KeptLine, held: HeldEntry, where: str, spot: int) -> None:
        """An entry that holds: its place in its chain, and everything that it carries."""
        entry = held.entry
        if held.fault is not None:
            self.find(where, Flaw.BODY, OBJECTS[Flaw.BODY], held.fault.what, held.fault.cause)
        items = held.items
        if items:
            self._items(line, held, where)
        opens = items[0][1] if items and items[0][0] == Item.INCARNATION else None
        place = entry.incarnation, entry.number, held.id
        line.links[entry.writer].take(
            *place, entry.previous, entry.roster, entry.time[0], spot, entry.seen, opens
        )

    def pack(self, line: KeptLine, kind: str, looked: Looked, path: str, after: Order | None) -> Order | None:
        """A pack of ``entries`` or ``receipts`` that was looked at; gives what the next one has to follow."""
        flaw = Flaw.ENTRY if kind == "entries" else Flaw.RECEIPT
        spot = self._spot(line, path)
        for at, refused in looked.refused:
            self.find(f"{path}#{at}", flaw, OBJECTS[flaw], refused.what, refused.cause)
        if looked.broken or not looked.count:
            where = f"{path}#{max(1, looked.count)}"
            self.find(where, flaw, OBJECTS[flaw], "It does not begin, or is cut off.", Cause.MALFORMED)
        begins = [looked.first_at] if after and looked.first and looked.first <= after else []
        for at in (*begins, *looked.misplaced):
            expected = "entries and receipts in the order of their times, each once"
            self.find(f"{path}#{at}", Flaw.PLACE, expected, "one out of place")
        links = [line.links[each] for each in line.pairing.offices]
        for found in looked.found:
            if isinstance(found, Stretch):
                links[found.writer].extend(found, spot)
            else:
                at, held = found
                self.take(line, held, f"{path}#{at}", spot + at)
        for at, reader, places in looked.receipts:
            line.receipt(reader, places, f"{path}#{at}")
        return max(filter(None, (after, looked.last)), default=None)

    def _items(self, line: KeptLine, held: HeldEntry, where: str) -> None:
        items = held.items
        if any(item[0] != Item.CONFIRMED for item in items) and len(line.confirmed) < 2:
            expected = "nothing on a line before both offices have confirmed it"
            self.find(where, Flaw.UNCONFIRMED, expected, "it carries something")
        way = Way.of(line, held.entry, held.id, where)
        for at, item in enumerate(items):
            try:
                self._item(way, item, vouched=at in held.vouched)
            except GoodOfficesError as error:
                expected = f"{ITEM_WORDS.get(item[0], 'an item of a known kind')} that belongs on this line"
                cause = cause_of(error)
                flaw = Flaw.ITEM_SIGNER if cause in SIGNER_CAUSES else Flaw.ITEM
                self.find(where, flaw, expected, error.what, cause)

    def _item(self, way: Way, item: tuple[Any, ...], *, vouched: bool) -> None:
        match item[0]:
            case Item.NOTE | Item.RESEALED:
                self._carried.sealed(way, item[1], resealed=item[0] == Item.RESEALED)
            case Item.ACT:
                signed = read_signed(item[1])
                if vouched:
                    signed.vouch()
                self._carried.act(signed, way.where, way)
            case Item.MANDATE:
                self._mandate(way, item)
            case Item.CONFIRMED:
                self._confirmed(way, read_signed(item[1]))
            case Item.ROSTER:
                self._known(way, item[1])
            case Item.NEXT_ROSTER:
                self._roster(way, read_signed(item[1]))
            case Item.THIN_LINE | Item.THIN_KEYS | Item.THIN_HELD:
                # They change how bytes travel and nothing that was said; the entry's desk answers for them.
                read_signed(item[1]).verify()
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
            raise Found(cause_by(error, signed, writer), error.what) from None

    def _known(self, way: Way, raw: bytes) -> None:
        office = self._credential(raw)
        known = self.account.offices.get(office.id)
        if known is None or len(merge(known, office).signed) > len(known.signed):
            what = f"The export lacks the credential of {office.name} that was handed over here."
            raise Found(Cause.MISSING, what)
        self._told(way, office.id, office.roster.version)

    def _roster(self, way: Way, signed: Signed) -> None:
        roster = signed.statement.read(Roster, realm=self.account.realm)
        known = self.account.offices.get(roster.office)
        if known is None or follow(known, signed) is not known:
            raise Found(Cause.MISSING, "The export lacks a roster that was handed over here.")
        self._told(way, roster.office, roster.version)

    def _told(self, way: Way, office: bytes, version: int) -> None:
        if way.reader == self.account.manifest.office:
            self._carried.departed.told(way.came, office, version)

    def _mandate(self, way: Way, item: tuple[Any, ...]) -> None:
        signed = read_signed(item[1])
        if signed.id not in self.account.agreements:
            raise Found(Cause.MISSING, "A mandate that is not among the channels of this export.")
        if crypto.sha256(signed.raw) not in self._verified:
            read_agreement(signed, self.account.offices, tuple(map(read_signed, item[3])))
            self._verified.add(crypto.sha256(signed.raw))
        if way.reader == self.account.manifest.office:
            self._carried.departed.mandate(signed.id, signed.signers, way.came)
        for credential in item[2]:
            self._known(way, credential)

    def receipt(
        self, line: KeptLine, raw: bytes, where: str | None = None, *, vouched: bool = False
    ) -> str | None:
        """A receipt by the other side's desk. ``vouched``: its signature was verified."""
        held = hold_receipt(raw, line.id, self.ends(line), vouched=vouched)
        if isinstance(held, Refused):
            self.find(where or line.folder, Flaw.RECEIPT, OBJECTS[Flaw.RECEIPT], held.what, held.cause)
            return None
        receipt, office = held.receipt, held.office
        path = layout.receipt(line.folder, receipt.time[0], office.name, held.id)
        line.receipt(office.id, receipt.entries, where or path)
        if not self.account.manifest.layout:
            self.account.receipts.append(
                KeptReceipt(line.id, office.id, receipt.time, len(receipt.entries), where or path)
            )
        return path

    def checkpoint(self, line: KeptLine, raw: bytes, where: str = "") -> tuple[str, str] | None:
        """A checkpoint: (where it belongs without its ending, the note to lie beside it). After the entries."""
        ends = self.ends(line)
        try:
            checkpoint, cosigned = record_checkpoints.examine(raw, line.id, ends)
        except GoodOfficesError as error:
            self._fails(where or line.folder, Flaw.CHECKPOINT, error)
            return None
        path = record_checkpoints.path_of(line.folder, ends[checkpoint.tree.writer].name, checkpoint)
        where = where or f"{path}.cbor"
        seen_by, wrong = record_checkpoints.judge(checkpoint, self.account.witnesses, where)
        self.findings += wrong
        stamped = self.account.authorities
        line.checkpoints.append(record_checkpoints.keep(checkpoint, cosigned, where, seen_by, stamped))
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
        self.findings += self._carried.departed.check(self.account, self._carried.authors)
        self.remarks += remark_whole(self.account, self._carried.authors)
        self.remarks += remark_briefings(self.account)
