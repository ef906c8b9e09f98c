# SPDX-License-Identifier: Apache-2.0
"""The readable lines about extracts of reports, in note.txt and briefing.txt (see ``readable``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from goodoffices.core.extract import Shown
from goodoffices.core.incident import Claim
from goodoffices.core.record.layout import plain, zulu

_MARKS = ("", "TLP:CLEAR", "TLP:GREEN", "TLP:AMBER")
_NAMES = {
    "where": "where      ",
    "question": "question   ",
    "answer": "answer     ",
    "claimant": "claimed by ",
    "source": "source     ",
}


def report_rows(extracts: Iterable[Shown], first: int = 1) -> Iterator[str]:
    """Each report as far as it is shown."""
    for at, shown in enumerate(extracts, first):
        report = shown.report
        kind = "what somebody meant" if report.claim == Claim.INTENT else "what happened"
        yield f"report {at}   of {kind}, {_MARKS[report.mark]}, known {zulu(report.known)}"
        yield from (f"             | {plain(row)}" for row in report.what.split("\n"))
        if report.happened is not None:
            yield f"             happened   {zulu(report.happened[0])} to {zulu(report.happened[1])}"
        for name, said in _NAMES.items():
            if shown.shows(name) and getattr(report, name):
                yield f"             {said}{plain(getattr(report, name))}"
        if shown.shows("grade"):
            source, item = report.grade
            yield f"             grade      {'-ABCDEF'[source]}{item or '-'}"
        for digest, what in report.evidence:
            yield f"             evidence   {digest.hex()} {plain(what)}"
        yield f"             {shown.withheld} parts of it withheld"
