# SPDX-License-Identifier: Apache-2.0
"""What the incident pages show, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.fields import hidden_in, shown_name
from goodoffices.core.home_papers import WRITING
from goodoffices.core.office import Right
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.home_papers import pseudonym_of
from goodoffices.desk.incidents.files import IncidentFiles
from goodoffices.desk.incidents.sharing import why_not_share
from goodoffices.desk.incidents.standing import Standing, known_at, speaks_of, stood
from goodoffices.desk.pages import fitting

FILES = 60
"""Files on one page of the list."""
BRIEF = 60
"""Characters."""


@dataclass(frozen=True)
class FileCard:
    """One file in the list."""

    id: bytes
    title: str
    place: str
    opened: int
    reports: int
    newest: int


@dataclass(frozen=True)
class IncidentsPage:
    """Every file of this office."""

    files: tuple[FileCard, ...]
    first: int
    further: int | None
    """Which one the next page begins with."""
    may_write: bool


@dataclass(frozen=True)
class ReportCard:
    """A report as it stood at the hour that is shown. Times are ms UTC."""

    id: bytes
    number: int
    """Its place in the file, in the order of entering, from 1; never another's."""
    claim: int
    what: str
    brief: str
    """Its first words on one line, where a list names it; what cannot be seen is written out."""
    where: str
    happened: tuple[int, int] | None
    known: int
    entered: int
    entered_late: bool
    source: str
    grade: str
    """B2; a dash where a half was not judged."""
    mark: int
    question: str
    answer: str
    claimant: str
    by: str
    corrects: int | None
    corrected_by: tuple[int, ...]
    against: tuple[int, ...]
    evidence: tuple[tuple[bytes, str], ...]
    why_not_share: str | None
    """What keeps it in this office; None where nothing does."""

    @property
    def stands(self) -> bool:
        """Whether nothing known by then corrects it."""
        return not self.corrected_by


@dataclass(frozen=True)
class MatterCard:
    """All that answers one question."""

    question: str
    disputed: bool
    reports: tuple[ReportCard, ...]


@dataclass(frozen=True)
class IncidentPage:
    """One file, as it stood at ``at`` or, without it, as it stands; what it says of ``moment``, or of any."""

    id: bytes
    title: str
    place: str
    opened: int
    at: int | None
    moment: int | None
    of_other_times: int
    """Reports known by then that speak of other times than ``moment``."""
    matters: tuple[MatterCard, ...]
    numbers: tuple[int, ...]
    """Of the reports on this page: the newest, or those before the one that was asked for."""
    earlier: int | None
    """The number before which there are more."""
    newest: bool
    total: int
    known_later: int
    """Reports that were known only after ``at``."""
    questions: tuple[str, ...]
    """As they stand in the file, so that the next report can answer the same."""
    may_write: bool
    may_share: bool


def incidents_page(context: Context, officer: Officer, first: int = 0) -> IncidentsPage:
    """Files of this office, from one on."""
    files = IncidentFiles(context).files()
    first = min(first, max(0, len(files) - 1))
    some = files[first : first + fitting((each.incident.title for each in files[first:]), FILES)]
    cards = tuple(
        FileCard(
            each.id,
            each.incident.title,
            each.incident.place,
            each.incident.time[0],
            each.reports,
            each.newest,
        )
        for each in some
    )
    further = first + len(some) if first + len(some) < len(files) else None
    return IncidentsPage(cards, first, further, _may_write(context, officer))


def incident_page(
    context: Context,
    officer: Officer,
    incident: bytes,
    at: int | None,
    before: int | None = None,
    moment: int | None = None,
) -> IncidentPage:
    """One file as it stood at an hour (ms UTC); raises NotFound. ``before``: the reports before that number.

    Two axes: ``at``, when the office knew it; ``moment``, when it was so (ms UTC; None: any time).
    """
    opened, reports = IncidentFiles(context).file(incident)
    numbers = {each.id: number for number, each in enumerate(reports, 1)}
    standing = stood(reports, at)
    known = sorted(
        (
            (numbers[row.filed.id], row.filed.report.what)
            for each in standing
            for row in each.reports
            if moment is None or speaks_of(row.filed.report, moment)
        ),
        reverse=True,
    )
    below = [each for each in known if before is None or each[0] < before]
    here = {number for number, _ in below[: fitting(what for _, what in below)]}
    matters = tuple(
        MatterCard(
            each.question,
            each.disputed,
            tuple(_card(context, row, numbers) for row in each.reports if numbers[row.filed.id] in here),
        )
        for each in standing
        if any(numbers[row.filed.id] in here for row in each.reports)
    )
    asked = dict.fromkeys(each.question for each in standing if each.question)
    questions = tuple(each for each in asked if not hidden_in(each))
    return IncidentPage(
        incident,
        opened.title,
        opened.place,
        opened.time[0],
        at,
        moment,
        sum(len(each.reports) for each in standing) - len(known),
        matters,
        tuple(sorted(here)),
        min(here) if len(below) > len(here) else None,
        len(below) == len(known),
        len(reports),
        len(reports) - len(known_at(reports, at)),
        questions,
        _may_write(context, officer),
        bool(context.my_office().roster.rights(officer.public) & Right.RELEASE),
    )


def grade_of(grade: tuple[int, int]) -> str:
    """B2 and the like: the source's letter and the item's number."""
    source, item = grade
    return ("ABCDEF"[source - 1] if source else "–") + (str(item) if item else "–")


def _card(context: Context, row: Standing, numbers: dict[bytes, int]) -> ReportCard:
    filed, report = row.filed, row.filed.report
    return ReportCard(
        id=filed.id,
        number=numbers[filed.id],
        claim=report.claim,
        what=report.what,
        brief=shown_name(" ".join(report.what.split())[:BRIEF]),
        where=report.where,
        happened=report.happened,
        known=report.known,
        entered=filed.entered,
        entered_late=filed.entered_late,
        source=report.source,
        grade=grade_of(report.grade),
        mark=report.mark,
        question=report.question,
        answer=report.answer,
        claimant=report.claimant,
        by=pseudonym_of(context, filed.signer, report.roster),
        corrects=None if report.corrects is None else numbers.get(report.corrects),
        corrected_by=tuple(sorted(numbers[each] for each in row.corrected_by)),
        against=tuple(sorted(numbers[each] for each in row.against)),
        evidence=report.evidence,
        why_not_share=why_not_share(filed, bool(row.corrected_by)),
    )


def _may_write(context: Context, officer: Officer) -> bool:
    return bool(context.my_office().roster.rights(officer.public) & WRITING)
