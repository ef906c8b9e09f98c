# SPDX-License-Identifier: Apache-2.0
"""What a file says at an hour: which reports stood, which were corrected, which contradict each other.

Pure. Two axes of time are kept apart: when something was so, and when the office knew it. A third, when
it was entered here, only marks what was written down later than it was known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from goodoffices.core.incident import Report

ENTERED_LATE = 10 * 60_000
"""Milliseconds between knowing and entering after which a report says that it was entered later."""


@dataclass(frozen=True)
class Filed:
    """A report as the file holds it: verified, with its ID and the officer who signed."""

    id: bytes
    report: Report
    signer: bytes

    @property
    def entered(self) -> int:
        """When it was entered, ms UTC."""
        return self.report.time[0]

    @property
    def entered_late(self) -> bool:
        """Whether it was known well before it was entered."""
        return self.entered - self.report.known > ENTERED_LATE


@dataclass(frozen=True)
class Standing:
    """A report as it stood at an hour."""

    filed: Filed
    corrected_by: tuple[bytes, ...]
    """Reports known by then that correct it."""
    against: tuple[bytes, ...]
    """Reports known by then, none of them corrected, that contradict it."""

    @property
    def stands(self) -> bool:
        """Whether nothing known by then corrects it."""
        return not self.corrected_by


@dataclass(frozen=True)
class Matter:
    """Everything that answers one question; the question is empty for reports that answer none."""

    question: str
    reports: tuple[Standing, ...]

    @property
    def disputed(self) -> bool:
        """Whether reports that stand contradict each other."""
        return any(each.stands and each.against for each in self.reports)


def folded(words: str) -> str:
    """As questions and answers are compared: without case, blanks at the ends, or marks after the last word."""
    return " ".join(unicodedata.normalize("NFKC", words).casefold().split()).rstrip("?؟.!")


def known_at(reports: Iterable[Filed], at: int | None) -> tuple[Filed, ...]:
    """What the office knew at ``at`` (ms UTC; None: all), in the order of knowing, then of entering."""
    found = [each for each in reports if at is None or each.report.known <= at]
    return tuple(sorted(found, key=lambda each: (each.report.known, each.entered)))


def speaks_of(report: Report, moment: int) -> bool:
    """Whether a report speaks of a moment (ms UTC); one that names no time may speak of any."""
    return report.happened is None or report.happened[0] <= moment <= report.happened[1]


def stood(reports: Iterable[Filed], at: int | None = None) -> tuple[Matter, ...]:
    """The file as it stood: per question, in the order in which each was first known.

    A correction that came later than ``at`` corrects nothing yet: that is what was believed then.
    """
    known = known_at(reports, at)
    corrected: dict[bytes, list[bytes]] = {}
    for each in known:
        if each.report.corrects is not None:
            corrected.setdefault(each.report.corrects, []).append(each.id)
    standing = [each for each in known if each.id not in corrected]
    against = _contradictions(standing)
    matters: dict[str, list[Standing]] = {}
    names: dict[str, str] = {}
    for each in known:
        question = folded(each.report.question)
        names.setdefault(question, each.report.question.strip())
        matters.setdefault(question, []).append(
            Standing(each, tuple(corrected.get(each.id, ())), tuple(sorted(against.get(each.id, ()))))
        )
    return tuple(Matter(names[question], tuple(rows)) for question, rows in matters.items())


def _contradictions(standing: Sequence[Filed]) -> dict[bytes, set[bytes]]:
    """Which reports contradict which: said so by one, or other answers to one question for one time."""
    found: dict[bytes, set[bytes]] = {}
    ids = {each.id for each in standing}
    asked: dict[str, dict[str, list[Filed]]] = {}
    for each in standing:
        for other in each.report.contradicts:
            if other in ids and other != each.id:
                found.setdefault(each.id, set()).add(other)
                found.setdefault(other, set()).add(each.id)
        if each.report.question.strip():
            answers = asked.setdefault(folded(each.report.question), {})
            answers.setdefault(folded(each.report.answer), []).append(each)
    for answers in asked.values():
        for some, others in combinations(answers.values(), 2):
            for each, rival in product(some, others):
                if _overlap(each, rival):
                    found.setdefault(each.id, set()).add(rival.id)
                    found.setdefault(rival.id, set()).add(each.id)
    return found


def _overlap(one: Filed, other: Filed) -> bool:
    """Whether both speak of a common time; one that names none may speak of any."""
    a, b = one.report.happened, other.report.happened
    return a is None or b is None or (a[0] <= b[1] and b[0] <= a[1])
