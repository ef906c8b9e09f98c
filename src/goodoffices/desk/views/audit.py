# SPDX-License-Identifier: Apache-2.0
"""The audit log as an auditor reads it: filtered, in pages, with the state of its chain."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.desk.asking import AuditKind
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.audit import AuditRow

PAGE = 100
CHECKED = 2000
"""Rows whose chain is checked whenever the page is looked at; all of them when it is asked for."""
SHOWN = 10
"""Bytes of a row's place in the chain that are shown and compared."""


@dataclass(frozen=True)
class AuditLine:
    """One row: who did what, when, from which session, and the mark that stands for all rows up to it."""

    number: int
    at: int
    officer: str
    kind: str
    what: str
    session: str
    mark: str


@dataclass(frozen=True)
class AuditPage:
    """Rows of the audit log, newest first."""

    rows: tuple[AuditLine, ...]
    count: int
    mark: str
    """Of the newest row: an auditor notes number and mark, and looks for them the next time."""
    checked_from: int
    """The first row that was checked for this page."""
    broken_at: int | None
    """The first row that is missing or was changed."""
    kinds: tuple[str, ...]
    officers: tuple[str, ...]
    kind: str | None
    officer: str | None
    older: int | None
    asked: AuditLine | None
    """The row whose number was asked for, to be compared with what was noted."""


def _line(row: AuditRow) -> AuditLine:
    mark = row.chain[:SHOWN].hex() if row.chain else ""
    grouped = " ".join(mark[at : at + 5] for at in range(0, len(mark), 5))
    return AuditLine(row.number, row.at, row.officer, row.kind, row.what, row.session, grouped)


def audit_page(
    desk: Desk, *, kind: str | None, officer: str | None, before: int | None, number: int | None, whole: bool
) -> AuditPage:
    """The audit log; the chain of its newest rows is checked each time, on demand that of all."""
    ledger = desk.ledger
    kinds = tuple(str(each) for each in AuditKind)
    kind = kind if kind in kinds else None
    rows = ledger.audit_rows(kind=kind, officer=officer, before=before, most=PAGE + 1)
    newest = ledger.audit_rows(kind=None, officer=None, before=None, most=1)
    asked = ledger.audit_row(number) if number is not None else None
    return AuditPage(
        rows=tuple(_line(each) for each in rows[:PAGE]),
        count=newest[0].number if newest else 0,
        mark=_line(newest[0]).mark if newest else "",
        checked_from=1 if whole or not newest else max(1, newest[0].number - CHECKED + 1),
        broken_at=ledger.audit_break(None if whole else CHECKED),
        kinds=kinds,
        officers=tuple(ledger.audit_officers()),
        kind=kind,
        officer=officer,
        older=rows[PAGE - 1].number if len(rows) > PAGE else None,
        asked=_line(asked) if asked else None,
    )
