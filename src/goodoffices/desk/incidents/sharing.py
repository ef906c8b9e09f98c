# SPDX-License-Identifier: Apache-2.0
"""What leaves an incident file: extracts of chosen reports, by their sharing marks, for notes and briefings.

The report itself, its file and all that is withheld stay here. Whoever gets an extract reads what it shows, who
signed it, and how much is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core import merkle
from goodoffices.core.errors import NotAllowed, NotFound, YourError
from goodoffices.core.extract import (
    ALWAYS,
    GRADE,
    MAY_LEAVE,
    REST,
    SOURCE,
    Extract,
    Shown,
    leaves_of,
    read_extract,
    write_extract,
)
from goodoffices.core.note import MAX_REPORTS
from goodoffices.core.office import Right
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.home_papers import HomePapers
from goodoffices.desk.incidents.files import IncidentFiles
from goodoffices.desk.incidents.standing import Filed
from goodoffices.desk.vault.keys import open_text, seal_text

LATELY = 24
"""Extracts that a page offers, the newest."""
_CORRECTED = "It was corrected: share the correction."
_STAY = "A report marked RED or AMBER+STRICT stays in this office."
_UNMARKED = "A report without a sharing mark stays in this office."


@dataclass(frozen=True)
class Kept:
    """An extract that was made here."""

    id: bytes
    report: bytes
    at: int
    raw: bytes
    shown: Shown


def why_not_share(filed: Filed, corrected: bool) -> str | None:
    """What stands against letting parts of a report out, in words; None if nothing does."""
    if corrected:
        return _CORRECTED
    if filed.report.mark in MAY_LEAVE:
        return None
    return _STAY if filed.report.mark else _UNMARKED


class Extracts(HomePapers):
    """The extracts of one desk. Making some is a transaction of its own."""

    def make(
        self,
        officer: Officer,
        incident: bytes,
        reports: tuple[bytes, ...],
        now: int,
        *,
        source: bool = False,
        grade: bool = False,
    ) -> tuple[bytes, ...]:
        """Let the chosen reports out, as far as they may; returns the extracts' IDs.

        ``source``, ``grade``: whether these are shown too; else they are withheld. Raises NotAllowed where a
        report's mark keeps it here.
        """
        if not self.context.my_office().roster.rights(officer.public) & Right.RELEASE:
            raise NotAllowed("Only an officer who releases lets reports out of a file.")
        if not reports:
            raise YourError("No report was chosen.", "Tick at least one.")
        if len(reports) > MAX_REPORTS:
            raise YourError(f"At most {MAX_REPORTS} reports go into one note.", "Choose fewer.")
        _, filed = IncidentFiles(self.context).file(incident)
        there = {each.id: each for each in filed}
        corrected = {each.report.corrects for each in filed}
        wanted = ALWAYS | REST | (SOURCE if source else frozenset()) | (GRADE if grade else frozenset())
        made = []
        for each in dict.fromkeys(reports):
            if each not in there:
                raise NotFound("A report that was chosen is not in this file.")
            against = why_not_share(there[each], each in corrected)
            if against is not None:
                raise NotAllowed(against, "Choose another, or enter a correction with another mark.")
            made.append((each, *self._extract(officer, there[each], wanted, now)))
        with self.context.transaction():
            for report, number, raw in made:
                sealed = seal_text(self._key(), raw, number, self.context.rng)
                self.db.execute(
                    "INSERT INTO report_extract (id, incident, report, at, sealed) VALUES (?,?,?,?,?)",
                    (number, incident, report, now, sealed),
                )
                self.context.ledger.audit(
                    now, officer.name, "let a report out of an incident file", AuditKind.ACT
                )
        return tuple(number for _, number, _ in made)

    def _extract(
        self, officer: Officer, filed: Filed, wanted: frozenset[int], now: int
    ) -> tuple[bytes, bytes]:
        leaves, seed = leaves_of(filed.report, filed.id), self.context.rng(32)
        content = Extract(
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
            body=merkle.body_root(seed, leaves),
            leaves=len(leaves),
            mark=filed.report.mark,
        )
        signed = self._signed(content, officer)
        raw = write_extract(signed, seed, leaves, wanted)
        read_extract(raw)
        return signed.id, raw

    def one(self, extract: bytes) -> Kept:
        """An extract made here; raises NotFound."""
        row = self.db.execute(
            "SELECT report, at, sealed FROM report_extract WHERE id=?", (extract,)
        ).fetchone()
        if row is None:
            raise NotFound("There is no such extract at this desk.")
        raw = open_text(self._key(), bytes(row[2]), extract)
        return Kept(extract, bytes(row[0]), row[1], raw, read_extract(raw))

    def leaving(self, extract: bytes) -> Kept:
        """An extract that is about to leave; raises NotFound, and NotAllowed where its report was corrected since."""
        kept = self.one(extract)
        row = self.db.execute("SELECT incident FROM report_extract WHERE id=?", (extract,)).fetchone()
        if kept.report in self._corrected(bytes(row[0])):
            raise NotAllowed(_CORRECTED, "Let the correction out, and choose that.")
        return kept

    def _corrected(self, incident: bytes) -> frozenset[bytes | None]:
        _, filed = IncidentFiles(self.context).file(incident)
        return frozenset(each.report.corrects for each in filed)

    def of(self, report: bytes) -> bytes | None:
        """The newest extract of a report."""
        row = self.db.execute(
            "SELECT id FROM report_extract WHERE report=? ORDER BY rowid DESC LIMIT 1", (report,)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def lately(self) -> tuple[Kept, ...]:
        """Those made last whose reports stand, the newest first."""
        rows = self.db.execute(
            "SELECT id, incident, report FROM report_extract ORDER BY rowid DESC LIMIT ?", (LATELY,)
        ).fetchall()
        corrected = {each: self._corrected(each) for each in {bytes(incident) for _, incident, _ in rows}}
        return tuple(
            self.one(bytes(number))
            for number, incident, report in rows
            if bytes(report) not in corrected[bytes(incident)]
        )
