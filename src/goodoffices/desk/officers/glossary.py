# SPDX-License-Identifier: Apache-2.0
"""The office's glossary: forms of address, and words that want care. It advises before a release.

It stops nothing and changes no letter: a hotline's operators once asked the other side's operators how to
address its head of government, and the answer was taken for a joke.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from goodoffices.core.errors import NotFound, YourError
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Context, Officer

MAX_TERMS = 500


@dataclass(frozen=True)
class Term:
    """A word or name, and what to mind about it."""

    id: int
    term: str
    advice: str


def _folded(text: str) -> str:
    """As words are compared: without case, and with letters that look alike by design taken as one."""
    return unicodedata.normalize("NFKC", text).casefold()


def advise(terms: tuple[Term, ...], text: str) -> tuple[Term, ...]:
    """The terms that stand in a text as whole words, in the order of the glossary."""
    folded = _folded(text)
    return tuple(
        each for each in terms if re.search(rf"(?<!\w){re.escape(_folded(each.term.strip()))}(?!\w)", folded)
    )


class Glossary:
    """The glossary of one desk."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.db = context.ledger.db

    def terms(self) -> tuple[Term, ...]:
        """Every term, in the order of the letters."""
        rows = self.db.execute("SELECT id, term, advice FROM glossary ORDER BY term, id").fetchall()
        return tuple(Term(*row) for row in rows)

    def advise(self, text: str) -> tuple[Term, ...]:
        """What to mind about a text before it is released."""
        return advise(self.terms(), text)

    def add(self, officer: Officer, term: str, advice: str, now: int) -> None:
        """Keep a term; the same term again replaces its advice."""
        term, advice = term.strip(), advice.strip()
        if not term or len(term.encode()) > 120 or not advice or len(advice.encode()) > 500:
            raise YourError(
                "A term has 1 to 120 bytes, its advice 1 to 500.", "Write the word, then what to mind."
            )
        same = [each for each in self.terms() if _folded(each.term) == _folded(term)]
        if not same and len(self.terms()) >= MAX_TERMS:
            raise YourError("The glossary is full.", "Take a term out first.")
        with self.context.transaction():
            for each in same:
                self.db.execute("DELETE FROM glossary WHERE id=?", (each.id,))
            self.db.execute("INSERT INTO glossary (term, advice) VALUES (?,?)", (term, advice))
            self.context.ledger.audit(now, officer.name, f"wrote '{term}' into the glossary", AuditKind.OTHER)

    def drop(self, officer: Officer, number: int, now: int) -> None:
        """Take a term out."""
        with self.context.transaction():
            if self.db.execute("DELETE FROM glossary WHERE id=?", (number,)).rowcount == 0:
                raise NotFound("There is no such term in the glossary.")
            self.context.ledger.audit(now, officer.name, "took a term out of the glossary", AuditKind.OTHER)
