# SPDX-License-Identifier: Apache-2.0
"""Verification of the acts and notes that a record's entries carry: the second half of ``record``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from goodoffices.core import crypto
from goodoffices.core.act import BY_DESK, CHANNEL_LANE, Act, ActType, check_signer
from goodoffices.core.agreed import check_agreed
from goodoffices.core.beside import Beside, check_beside, read_beside, words_need
from goodoffices.core.consent import check_consent
from goodoffices.core.errors import Foreign, GoodOfficesError, WrongSigner
from goodoffices.core.extract import check_extracts
from goodoffices.core.line import Entry, Place
from goodoffices.core.mandate import Agreement, Forwarding
from goodoffices.core.note import Note, OpenNote, read_inside, verify_release
from goodoffices.core.office import Office, is_desk
from goodoffices.core.record import layout
from goodoffices.core.record.account import Account, Carriage, KeptAct, KeptLine, KeptNote, Passed
from goodoffices.core.record.departed import Came, Departed
from goodoffices.core.record.findings import OBJECTS, Cause, Finding, Flaw, Found, cause_of, signer_cause
from goodoffices.core.record.links import Link
from goodoffices.core.record.whole import Authors
from goodoffices.core.sealed import Header, header_of, read_sealed
from goodoffices.core.statement import Signed, read_signed


@dataclass(frozen=True, slots=True)
class Way:
    """The entry that carries something, as far as what it carries is concerned."""

    line: KeptLine
    writer: bytes
    reader: bytes
    time: tuple[int, int]
    place: Place
    seen: Place | None
    where: str

    @classmethod
    def of(cls, line: KeptLine, entry: Entry, entry_id: bytes, where: str) -> Way:
        """The way over an entry of a line."""
        place = entry.incarnation, entry.number, entry_id
        reader = line.other(entry.writer)
        return cls(line, entry.writer, reader, entry.time, place, entry.seen, where)

    @property
    def came(self) -> Came:
        """The same, as what tells of the order in which things came."""
        return self.line.id, self.writer, self.place

    def carriage(self) -> Carriage:
        """What is kept of it."""
        return Carriage(self.line.id, self.place, self.seen)


class Carried:
    """Takes in what entries carry between authors and readers."""

    def __init__(self, account: Account, findings: list[Finding]) -> None:
        self.account, self.findings = account, findings
        self.authors: Authors = {}
        self.departed = Departed()
        self._verified: set[bytes] = set()

    def _fails(self, where: str, flaw: Flaw, error: GoodOfficesError) -> None:
        found, cause = error.what, cause_of(error)
        if flaw == Flaw.NOTE and where in self.account.changed:
            # Where its bytes were changed decides as what they are refused: as another note's, as too short.
            found, cause = "other bytes than those that were exported", Cause.ALTERED
        self.findings.append(Finding(where, flaw, OBJECTS[flaw], found, cause))

    # --- acts ----------------------------------------------------------------------------------------

    def _channel(self, mandate: bytes) -> Agreement:
        if mandate not in self.account.agreements:
            raise Found(Cause.MISSING, "It belongs to a mandate that is not in this export.")
        agreement = self.account.agreements[mandate][1]
        if not agreement.complete:
            raise Found(Cause.NOT_AGREED, "It belongs to a mandate that not every office has signed.")
        return agreement

    def _way(self, agreement: Agreement, author: bytes, lane: bytes, writer: bytes, reader: bytes) -> None:
        mandate = agreement.mandate
        if not {author, writer, reader} <= set(mandate.path) or reader not in mandate.neighbours(writer):
            raise Foreign("It belongs to a channel that does not run over this line.")
        if author == reader or mandate.next_hop(reader, author) != writer:
            raise Foreign("It came from the wrong side of its channel's path.")
        if lane != CHANNEL_LANE and (not mandate.is_party(lane) or lane not in (writer, reader)):
            raise Foreign("It belongs to a lane that does not run over this line.")

    def act(self, signed: Signed, where: str, way: Way | None) -> KeptAct:
        """An act, by an entry or (``way`` None) kept at home; raises what is wrong with it."""
        act = signed.statement.read(Act, realm=self.account.realm)
        agreement = self._channel(act.mandate)
        if way is not None:
            self._way(agreement, act.author, act.lane, way.writer, way.reader)
        digest = crypto.sha256(signed.raw)
        if digest in self._verified:
            self._came(signed.id, way)
            return self.account.acts[signed.id]
        office = agreement.offices.get(act.author)
        if office is None:
            raise WrongSigner("An act of an office that runs no desk.")
        self._check_signer(signed, act, office, agreement)
        self._verified.add(digest)
        by_desk = act.type in BY_DESK or is_desk(office, act.roster, signed.signers[0])
        own = way.carriage() if way is not None and way.writer == act.author else None
        act = replace(act, sealed=None) if act.sealed else act  # sealed words are long, and not looked at
        kept = KeptAct(signed.id, act, signer_of(office, act.roster, signed), by_desk, where, own)
        if signed.id not in self.account.acts:
            self.account.acts[signed.id] = kept
            self._link(act, signed.id, where)
            if act.type == ActType.COMPARED:
                self.account.compared[act.mandate].add(act.author)
            if act.subject is not None:
                self.account.about[act.subject].append(kept)
            self.departed.signed(act, signed.id, signed.signers, office, where)
        self._came(signed.id, way)
        return kept

    def _came(self, act: bytes, way: Way | None) -> None:
        if way is not None and way.reader == self.account.manifest.office:
            self.departed.came(act, way.came)

    def _check_signer(self, signed: Signed, act: Act, office: Office, agreement: Agreement) -> None:
        mandate = agreement.mandate
        try:
            automatic, need = mandate.forwarding == Forwarding.AUTOMATIC, words_need(act, office, mandate)
            check_signer(signed, act, office, automatic=automatic, words_need=need)
            check_beside(signed, act, office, mandate)
            check_consent(act)
            if act.type == ActType.COMPARED and not mandate.is_party(act.author):
                raise WrongSigner("An intermediary that claims to have compared the mandate's digits.")
        except WrongSigner as error:
            raise Found(signer_cause(signed, office, act.roster), error.what) from None

    def _link(self, act: Act | Note, act_id: bytes, where: str) -> None:
        self.authors.setdefault((act.mandate, act.lane, act.author), []).append(
            Link(act.incarnation, act.sequence, act_id, act.previous, act.roster, act.time[0], where)
        )

    def own_act(self, raw: bytes, where: str = "") -> str | None:
        """An act of the exporting office that no entry carried: kept at home, or waiting. After the lines."""
        try:
            signed = read_signed(raw)
            kept = self.act(signed, where, None)
            if kept.act.author != self.account.manifest.office:
                raise Foreign("It is another office's, so an entry must have brought it.")
            if kept.where != where:
                raise Found(Cause.EXTRA, "It stands in an entry already.")
        except GoodOfficesError as error:
            self._fails(where, Flaw.OWN_ACT, error)
            return None
        folder, _ = self.account.agreements[kept.act.mandate]
        return layout.own_act(folder, kept.act.time[0], kept.act.sequence, kept.id)

    # --- notes ---------------------------------------------------------------------------------------

    def sealed(self, way: Way, raw: bytes, *, resealed: bool) -> None:
        """A sealed note in an entry; raises what is wrong with it."""
        header = read_sealed(raw).header
        agreement = self._channel(header.mandate)
        self._way(agreement, header.author, header.lane, way.writer, way.reader)
        ends = agreement.mandate.parties if header.lane == CHANNEL_LANE else (way.writer, way.reader)
        if header.author == header.recipient or not {header.author, header.recipient} <= set(ends):
            raise Foreign("A note that is not from one end of its lane to the other.")
        folder, _ = self.account.agreements[header.mandate]
        note = self.account.notes.get(header.note)
        if note is None:
            place = layout.note(folder, agreement.name_of(header.author), header.number, header.note)
            note = self.account.notes[header.note] = KeptNote(header.note, header, place)
        if note.header != header:
            expected = f"the same handling header as in {note.passed[0].where}"
            self.findings.append(Finding(way.where, Flaw.HEADER, expected, "another one"))
        digest, carriage = crypto.sha256(raw), way.carriage()
        note.passed.append(
            Passed(digest, header, way.where, way.writer, way.reader, way.time, resealed, carriage)
        )

    def note(self, note: KeptNote, inside: bytes, where: str = "") -> OpenNote | None:
        """What was inside a note's seal: statement, seed, leaves. None if it does not hold."""
        try:
            opened = read_inside(inside)
            content = opened.note
            if opened.signed.id != note.id or opened.signed.statement.realm != self.account.realm:
                raise Foreign("It is another note, or one of another realm.")
            self._same_header(header_of(content, note.id), note)
            office = self._channel(content.mandate).offices.get(content.author)
            if office is None:
                raise WrongSigner("A note of an office that runs no desk.")
            try:
                released_by = verify_release(opened, office)
            except WrongSigner as error:
                raise Found(signer_cause(opened.signed, office, content.roster), error.what) from None
            words = opened.words
            check_agreed(content, words, self._channel(content.mandate).mandate)
            check_extracts(words.reports, office)
        except GoodOfficesError as error:
            self._fails(where, Flaw.NOTE, error)
            return None
        note.note, note.released_by = content, released_by
        note.claims = (*words.read, *words.held, *filter(None, (words.in_reply_to,)))
        where = where or f"{note.folder}/note.cbor"
        self._link(content, note.id, where)
        self.departed.signed(content, note.id, opened.signed.signers, office, where)
        return opened

    def beside(self, kept: KeptAct, inside: bytes, where: str = "") -> Beside | None:
        """The words of a translation or rewording. None if they are not those that were signed."""
        try:
            return read_beside(inside, kept.act.evidence)
        except GoodOfficesError as error:
            self._fails(where, Flaw.NOTE, error)
            return None

    def _same_header(self, signed: Header, note: KeptNote) -> None:
        if signed != note.header:
            raise Found(
                Cause.ALTERED, "The handling header that was carried does not say what the author signed."
            )


def signer_of(office: Office, version: int, signed: Signed) -> str:
    """Under which pseudonyms officers signed, or "the desk"."""
    roster = office.roster_at(version)
    names = [roster.pseudonym(each) for each in signed.signers] if roster else []
    return ", ".join(name for name in names if name) or "the desk"
