# SPDX-License-Identifier: Apache-2.0
"""Verification of a briefing, part by part, with public keys alone (P8; ADR 0020).

Proved is of each part: who signed it, that it stood in the record at this place, and no later than its
checkpoint. Not proved is that nothing else was there: what is left out is left out by choice, and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from goodoffices.core import merkle
from goodoffices.core.act import ActType
from goodoffices.core.agreed import check_shown
from goodoffices.core.briefing import (
    Briefing,
    Parts,
    Shown,
    ShownNote,
    check_leaves,
    read_briefing,
    why_not,
    why_not_marked,
)
from goodoffices.core.checkpoint import Checkpoint
from goodoffices.core.errors import Foreign, GoodOfficesError, Malformed, WrongSigner
from goodoffices.core.extract import Shown as ShownReport
from goodoffices.core.extract import check_extracts
from goodoffices.core.line import Entry
from goodoffices.core.mandate import Agreement
from goodoffices.core.note import Leaf, Note, OpenNote, verify_release
from goodoffices.core.office import Office, Right, may
from goodoffices.core.record import checkpoints as record_checkpoints
from goodoffices.core.record.account import Account, KeptAct, KeptLine, KeptNote
from goodoffices.core.record.checkpoints import Cosigned, JudgeStamp, Witnesses
from goodoffices.core.record.consent import judge_consent
from goodoffices.core.record.examiner import Examiner
from goodoffices.core.record.findings import Cause, Finding, Flaw, Found, cause_of, signer_cause
from goodoffices.core.record.layout import zulu
from goodoffices.core.record.manifest import Manifest, read_entry
from goodoffices.core.record.notes import signer_of
from goodoffices.core.sealed import header_of
from goodoffices.core.statement import Signed

_PLACE = "an entry that stood under its checkpoint"


@dataclass(frozen=True)
class ProvedEntry:
    """An entry with its number, the checkpoint that it stands under, and who cosigned that."""

    writer: bytes
    number: int
    line: KeptLine
    checkpoint: Checkpoint
    cosigned: Cosigned
    where: str


@dataclass(frozen=True)
class ProvedNote:
    """A note whose statement verified, with what is shown of it."""

    kept: KeptNote
    note: Note
    released_by: tuple[str, ...]
    shown: ShownNote


@dataclass(frozen=True)
class ProvedReport:
    """An extract of a report of the briefing's own office, and under which name it was signed."""

    shown: ShownReport
    signed_by: str


@dataclass
class Examined:
    """What a briefing shows, as far as it holds; what does not hold is in ``findings``."""

    account: Account
    briefing: Briefing
    agreement: Agreement | None = None
    signed_by: str = ""
    entries: list[ProvedEntry] = field(default_factory=list)
    notes: list[ProvedNote] = field(default_factory=list)
    reports: list[ProvedReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    consents: tuple[KeptAct, ...] = ()
    """Acts by which consent was asked and given, as far as they hold."""
    remarks: tuple[str, ...] = ()
    asks_consent: bool = False
    lacking: tuple[str, ...] = ()
    """Offices whose consent is asked for and not signed, by name."""


def examine(raw: bytes, witnesses: Witnesses = (), authorities: JudgeStamp | None = None) -> Examined:
    """Verify a briefing; raises what keeps it from being read at all.

    ``witnesses``, ``authorities``: outside witnesses, and what judges time stamps, that are trusted.
    """
    signed, briefing, parts = read_briefing(raw)
    # An account of the briefing office's, with nothing in it but what is shown.
    frame = Manifest(
        office=briefing.office,
        roster=briefing.roster,
        time=briefing.time,
        list_hash=bytes(32),
        files=0,
        texts=True,
        chains=(),
        acts=None if briefing.consents is None else (int(ActType.CONSENT),),
    )
    findings: list[Finding] = []
    examiner = Examiner(frame, signed.statement.realm, findings)
    examiner.account.witnesses, examiner.account.authorities = witnesses, authorities
    examined = Examined(examiner.account, briefing, findings=findings)
    _Reading(examiner, examined, parts).run(signed)
    return examined


class _Reading:
    def __init__(self, examiner: Examiner, examined: Examined, parts: Parts) -> None:
        self.examiner, self.examined, self.parts = examiner, examined, parts
        self.account = examiner.account
        self._checkpoints: dict[tuple[int, bytes], tuple[Checkpoint, Cosigned] | GoodOfficesError] = {}

    def _fails(self, where: str, flaw: Flaw, expected: str, error: GoodOfficesError) -> None:
        self.examiner.find(where, flaw, expected, error.what, cause_of(error))

    def run(self, signed: Signed) -> None:
        for at, raw in enumerate(self.parts.credentials, 1):
            self.examiner.office(raw, f"credential {at}")
        self.examiner.mandate(self.parts.mandate, self.parts.papers, "the mandate")
        self._statement(signed)
        lines = [self._line(at, *each) for at, each in enumerate(self.parts.lines, 1)]
        for at, shown in enumerate(self.parts.entries, 1):
            where = f"entry {at}"
            line = lines[shown.line] if shown.line < len(lines) else None
            if shown.line >= len(lines):
                self._fails(where, Flaw.BRIEFING_PLACE, _PLACE, Foreign("Its line is not in the briefing."))
            if line is not None and self.examiner.entry(line, shown.raw, where) is not None:
                self._place(where, line, at - 1)
        for at, note in enumerate(self.parts.notes, 1):
            self._note(f"note {at}", note)
        for at, report in enumerate(self.parts.reports or (), 1):
            self._report(f"report {at}", report)
        if self.examined.agreement is not None:
            self._consent(self.examined.agreement)
        self.examined.remarks = tuple(self.examiner.remarks)

    def _consent(self, agreement: Agreement) -> None:
        raws, shown = self.parts.consents or (), [each.shown for each in self.examined.notes]
        judged = judge_consent(self.account, agreement, self.examined.briefing, raws, shown)
        self.examined.consents = judged.acts
        self.examiner.remarks += judged.remarks
        self.examined.asks_consent, self.examined.lacking = judged.needed, judged.lacking
        self.examined.findings += judged.findings

    def _statement(self, signed: Signed) -> None:
        briefing, where = self.examined.briefing, "the briefing"
        expected = "a briefing signed by officers of its office who may release, as its mandate allows"
        try:
            office = self.account.offices.get(briefing.office)
            found = self.account.agreements.get(briefing.mandate)
            if office is None or found is None or office.id not in found[1].offices:
                raise Foreign("Its office or its mandate is not in it.")
            self.examined.agreement = found[1]
            signed.verify()
            if not all(may(office, briefing.roster, each, Right.RELEASE) for each in signed.signers):
                cause = signer_cause(signed, office, briefing.roster)
                raise Found(cause, f"It is signed by somebody who may not release for {office.name}.")
            self.examined.signed_by = signer_of(office, briefing.roster, signed)
        except GoodOfficesError as error:
            self._fails(where, Flaw.BRIEFING, expected, error)
            return
        against = why_not(found[1].mandate)
        if against is not None:
            self.examiner.find(where, Flaw.BRIEFING_TERMS, "a briefing that the mandate allows", against)

    def _line(self, at: int, pairing: bytes, confirmations: tuple[bytes, ...]) -> KeptLine | None:
        line = self.examiner.line(pairing, f"line {at}")
        for raw in confirmations if line is not None else ():
            assert line is not None
            self.examiner.confirmation(line, raw, f"line {at}")
        return line

    def _place(self, where: str, line: KeptLine, at: int) -> None:
        shown = self.parts.entries[at]
        try:
            if shown.checkpoint >= len(self.parts.checkpoints):
                raise Found(Cause.MISSING, "Its checkpoint is not in the briefing.")
            checkpoint, cosigned = self._checkpoint(shown.checkpoint, line)
            signed, _, _ = read_entry(shown.raw)
            entry, tree = signed.statement.read(Entry), checkpoint.tree
            leaf = merkle.plain_leaf(signed.id)
            root = merkle.root_by_path(leaf, entry.number - 1, checkpoint.size, shown.path)
            if (entry.writer, entry.incarnation) != (
                tree.writer,
                tree.incarnation,
            ) or root != checkpoint.root:
                raise Found(Cause.ALTERED, "No path leads from it to the root of its checkpoint.")
        except GoodOfficesError as error:
            self._fails(where, Flaw.BRIEFING_PLACE, _PLACE, error)
            return
        proved = ProvedEntry(entry.writer, entry.number, line, checkpoint, cosigned, where)
        self.examined.entries.append(proved)

    def _checkpoint(self, number: int, line: KeptLine) -> tuple[Checkpoint, Cosigned]:
        """A checkpoint on a line, verified once however many entries stand under it."""
        spot = number, line.id
        if spot not in self._checkpoints:
            ends = {each: self.account.offices[each] for each in line.pairing.offices}
            try:
                raw = self.parts.checkpoints[number]
                self._checkpoints[spot] = known = record_checkpoints.examine(raw, line.id, ends)
                self._outside(f"checkpoint {number + 1}", known[0])
            except GoodOfficesError as error:
                self._checkpoints[spot] = error
        found = self._checkpoints[spot]
        if isinstance(found, GoodOfficesError):
            raise found
        return found

    def _outside(self, where: str, checkpoint: Checkpoint) -> None:
        """What outsiders who are trusted had seen of a checkpoint that parts stand under."""
        account, remarks = self.account, self.examiner.remarks
        seen_by, wrong = record_checkpoints.judge(checkpoint, account.witnesses, where)
        self.examined.findings += wrong
        remarks += [f"{where}: the witness {name} saw it, {zulu(at)}." for name, at in seen_by]
        if account.witnesses and not seen_by:
            remarks.append(f"{where}: no trusted witness saw it.")
        stamped, _, _ = record_checkpoints.judge_stamps(checkpoint, account.authorities)
        remarks += [
            f"{where}: the time stamp authority {name} stamped it, {zulu(at)}." for name, at in stamped
        ]
        if account.authorities is not None and not stamped:
            remarks.append(f"{where}: no trusted time stamp authority stamped it.")

    def _note(self, where: str, shown: ShownNote) -> None:
        expected = "parts of a note that its author signed, which an entry that is shown carried"
        try:
            content = check_leaves(shown)
            kept = self.account.notes.get(shown.signed.id)
            agreement = self.examined.agreement
            if kept is None or agreement is None or content.mandate != agreement.id:
                raise Found(Cause.MISSING, "No entry of this briefing carried this note.")
            if header_of(content, shown.signed.id) != kept.header:
                raise Found(Cause.ALTERED, "Its handling header does not say what its author signed.")
            office = agreement.offices.get(content.author)
            if office is None:
                raise WrongSigner("A note of an office that runs no desk.")
            try:
                released_by = verify_release(OpenNote(shown.signed, b"", ()), office)
            except WrongSigner as error:
                raise Found(signer_cause(shown.signed, office, content.roster), error.what) from None
            leaves = [(leaf.label, leaf.value) for leaf in shown.leaves if isinstance(leaf, Shown)]
            check_shown(content, leaves, agreement.mandate)
            reports = _reports_in(leaves, office)
        except GoodOfficesError as error:
            self._fails(where, Flaw.BRIEFING_NOTE, expected, error)
            return
        self.examined.notes.append(ProvedNote(kept, content, released_by, shown))
        for each in reports:
            self._mark(where, each)

    def _report(self, where: str, raw: bytes) -> None:
        briefing = self.examined.briefing
        try:
            office = self.account.offices.get(briefing.office)
            if office is None:
                raise Foreign("Its office is not in the briefing.")
            (found,) = check_extracts([raw], office)
        except GoodOfficesError as error:
            expected = "parts of a report that an officer of the briefing's office signed"
            self._fails(where, Flaw.BRIEFING_REPORT, expected, error)
            return
        who = signer_of(office, found.extract.roster, found.signed)
        self.examined.reports.append(ProvedReport(found, who))
        self._mark(where, found)

    def _mark(self, where: str, report: ShownReport) -> None:
        against = why_not_marked(report.extract.mark, self.examined.briefing.mark)
        if against is not None:
            expected = "reports shown no more widely than they are marked"
            self.examiner.find(where, Flaw.BRIEFING_TERMS, expected, against)


def _reports_in(leaves: Sequence[tuple[int, Any]], office: Office) -> tuple[ShownReport, ...]:
    """The reports that a shown note brings, each verified as its author's."""
    raws = [value for label, value in leaves if label == Leaf.REPORT]
    if not all(isinstance(each, bytes) for each in raws):
        raise Malformed("A report in a note is not a byte string.")
    return check_extracts(raws, office)
