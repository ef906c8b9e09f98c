# SPDX-License-Identifier: Apache-2.0
"""The incident files of one desk: opened, added to, read. Nothing in them is changed or taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from goodoffices.core.errors import NotFound, YourError
from goodoffices.core.incident import (
    Claim,
    Incident,
    Report,
    check_incident,
    check_report,
)
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.home_papers import HomePapers, require_room
from goodoffices.desk.incidents.standing import Filed

MAX_REPORTS = 2000
"""Reports in one file."""
MAX_FILES = 2000
CLOCKS_DIFFER = 5 * 60_000
"""Milliseconds by which the clocks of this machine and of who tells a time may differ."""


@dataclass(frozen=True)
class File:
    """An open file: its title, and how many reports it holds."""

    id: bytes
    incident: Incident
    reports: int
    newest: int
    """When the last report, or the file itself, was entered, ms UTC."""


@dataclass(frozen=True)
class NewReport:
    """What an officer states; the desk adds office, roster and time."""

    what: str
    source: str
    known: int
    claim: Claim = Claim.FACT
    where: str = ""
    happened: tuple[int, int] | None = None
    grade: tuple[int, int] = (0, 0)
    mark: int = 0
    question: str = ""
    answer: str = ""
    claimant: str = ""
    corrects: bytes | None = None
    contradicts: tuple[bytes, ...] = ()
    evidence: Mapping[bytes, str] = field(default_factory=dict)


class IncidentFiles(HomePapers):
    """The incident files of one desk. Every writing method is a transaction of its own."""

    # --- reading --------------------------------------------------------------------------------------

    def files(self) -> tuple[File, ...]:
        """Every file, the one with the newest entry first."""
        rows = self.db.execute(
            "SELECT i.id, i.signed_sealed, count(r.id), max(i.at, coalesce(max(r.at), 0)) AS newest"
            " FROM incident i LEFT JOIN incident_report r ON r.incident=i.id"
            " GROUP BY i.id ORDER BY newest DESC, i.rowid DESC"
        ).fetchall()
        return tuple(
            File(bytes(number), self.verified(number, sealed, check_incident)[0], reports, newest)
            for number, sealed, reports, newest in rows
        )

    def file(self, incident: bytes) -> tuple[Incident, tuple[Filed, ...]]:
        """One file with its reports, in the order of entering; raises NotFound.

        Each is verified when the unlocked desk reads it for the first time, and not again for each look.
        """
        row = self.db.execute("SELECT signed_sealed FROM incident WHERE id=?", (incident,)).fetchone()
        if row is None:
            raise NotFound("There is no such incident file at this desk.")
        opened, _ = self.verified(incident, row[0], check_incident)
        rows = self.db.execute(
            "SELECT id, signed_sealed FROM incident_report WHERE incident=? ORDER BY rowid", (incident,)
        ).fetchall()
        reports = ((bytes(number), self.verified(number, sealed, check_report)) for number, sealed in rows)
        return opened, tuple(Filed(number, *found) for number, found in reports)

    # --- writing --------------------------------------------------------------------------------------

    def open(self, officer: Officer, title: str, place: str, now: int) -> bytes:
        """Open a file on an event; returns its ID."""
        self._require(officer)
        if not title.strip():
            raise YourError("The file has no title.", "Say in one line what happened.")
        require_room((title, 300), (place, 200))
        if self.db.execute("SELECT count(*) FROM incident").fetchone()[0] >= MAX_FILES:
            raise YourError("There are too many incident files.", "Go on in one of them.")
        content = Incident(
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
            title=title.strip(),
            place=place.strip(),
        )
        signed = self._signed(content, officer)
        check_incident(signed, self.context.my_office())
        with self.context.transaction():
            known = self.db.execute("SELECT 1 FROM incident WHERE id=?", (signed.id,)).fetchone()
            if known is None:
                self.db.execute(
                    "INSERT INTO incident (id, at, signed_sealed) VALUES (?,?,?)",
                    (signed.id, now, self._sealed(signed)),
                )
                self.context.ledger.audit(now, officer.name, "opened an incident file", AuditKind.ACT)
        return signed.id

    def add(
        self, officer: Officer, incident: bytes, new: NewReport, now: int, *, once: str | None = None
    ) -> bytes:
        """Enter a report; returns its ID. A form sent twice (``once``) enters one."""
        self._require(officer)
        if once is not None:
            row = self.db.execute("SELECT id FROM incident_report WHERE once=?", (once,)).fetchone()
            if row is not None:
                return bytes(row[0])
        _, reports = self.file(incident)
        self._require_sense(
            new, {each.id: each.report for each in reports}, max(now, self.context.case_at(now) or 0)
        )
        if len(reports) >= MAX_REPORTS:
            raise YourError("The file is full.", "Open a second one on the same event.")
        content = Report(
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
            incident=incident,
            claim=int(new.claim),
            what=new.what.strip(),
            where=new.where.strip(),
            happened=new.happened,
            known=new.known,
            source=new.source.strip(),
            grade=new.grade,
            mark=new.mark,
            question=new.question.strip(),
            answer=new.answer.strip(),
            claimant=new.claimant.strip(),
            corrects=new.corrects,
            contradicts=tuple(sorted(set(new.contradicts))),
            evidence=tuple(sorted(new.evidence.items())),
        )
        signed = self._signed(content, officer)
        check_report(signed, self.context.my_office())
        with self.context.transaction():
            if self.db.execute("SELECT 1 FROM incident_report WHERE id=?", (signed.id,)).fetchone() is None:
                self.db.execute(
                    "INSERT INTO incident_report (id, incident, at, once, signed_sealed) VALUES (?,?,?,?,?)",
                    (signed.id, incident, now, once, self._sealed(signed)),
                )
                what = "corrected a report" if new.corrects else "entered a report"
                self.context.ledger.audit(now, officer.name, f"{what} in an incident file", AuditKind.ACT)
        return signed.id

    @staticmethod
    def _require_sense(new: NewReport, reports: Mapping[bytes, Report], now: int) -> None:
        """Raise YourError for what cannot be so; every fault names its field and what would do."""
        if not new.what.strip() or not new.source.strip():
            raise YourError("A report says what happened and from whom it comes.", "Fill in both.")
        require_room(
            (new.what, 4000),
            (new.where, 200),
            (new.source, 500),
            (new.question, 300),
            (new.answer, 200),
            (new.claimant, 300),
        )
        if new.claim == Claim.INTENT and not new.claimant.strip():
            raise YourError(
                "What somebody meant is always somebody's claim.",
                "Say whose: 'officials of …', 'the author'.",
            )
        if bool(new.question.strip()) != bool(new.answer.strip()):
            raise YourError(
                "A question without its answer, or an answer without its question.", "Give both or neither."
            )
        if new.happened is not None and new.happened[0] > new.happened[1]:
            raise YourError("It ended before it began.", "Correct the two times of 'happened'.")
        if new.known > now + CLOCKS_DIFFER:
            raise YourError("It became known in the future.", "Correct the time of 'known'.")
        if new.claim == Claim.FACT and new.happened is not None and new.known < new.happened[0]:
            raise YourError(
                "It was known before it happened.",
                "Correct one of the two times; a warning of something to come is a claim about an intent.",
            )
        for each in (new.corrects, *new.contradicts):
            if each is not None and each not in reports:
                raise YourError("It points at a report that is not in this file.", "Choose one of the list.")
        if new.corrects is not None and new.known < reports[new.corrects].known:
            raise YourError(
                "The correction was known before what it corrects.", "Correct the time of 'known'."
            )
