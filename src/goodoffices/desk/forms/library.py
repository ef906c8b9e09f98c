# SPDX-License-Identifier: Apache-2.0
"""The forms and code books that an office can propose: those that come with the program, and its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from goodoffices.core.errors import LacksRight, NotFound, YourError
from goodoffices.core.forms import NoteForm
from goodoffices.core.office import Right
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.forms.reading import Agreed, read_agreed, read_file

MOST = 64
"""Forms and code books of an office's own."""


@dataclass(frozen=True)
class Wording:
    """A form or code book, and the file that it was made from."""

    agreed: Agreed
    source: str
    shipped: bool

    @property
    def id(self) -> bytes:
        """SHA-256 of what a mandate would hold."""
        return self.agreed.id


@lru_cache(maxsize=1)
def shipped() -> tuple[Wording, ...]:
    """What comes with the program, in the order of the file names."""
    folder = resources.files("goodoffices.desk.forms") / "shipped"
    files = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name
    )
    found = []
    for each in files:
        data = each.read_bytes()
        found.append(Wording(read_file(data, each.name), data.decode(), True))
    return tuple(found)


class Library:
    """The forms and code books of one desk."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.db = context.ledger.db

    def every(self) -> tuple[Wording, ...]:
        """Every form and code book, those of the program first."""
        rows = self.db.execute("SELECT source, raw FROM wording ORDER BY rowid").fetchall()
        return (*shipped(), *(Wording(read_agreed(bytes(raw)), source, False) for source, raw in rows))

    def one(self, wording: bytes) -> Wording:
        """One by its ID; raises NotFound."""
        for each in self.every():
            if each.id == wording:
                return each
        raise NotFound("There is no such form or code book at this desk.")

    def add(self, officer: Officer, data: bytes, name: str, now: int) -> bytes:
        """Keep a file's form or code book; returns its ID. The same once more changes nothing. Raises BadForm."""
        if not self.context.my_office().roster.rights(officer.public) & Right.KEYS:
            raise LacksRight(f"{officer.name} does not hold the right 'keys' here.")
        agreed = read_file(data, name)
        if any(each.id == agreed.id for each in self.every()):
            return agreed.id
        if self.db.execute("SELECT count(*) FROM wording").fetchone()[0] >= MOST:
            raise YourError(f"This desk has {MOST} forms and code books of its own.", "Take one out first.")
        called = agreed.code if isinstance(agreed, NoteForm) else agreed.word
        with self.context.transaction():
            self.db.execute(
                "INSERT INTO wording (id, at, officer, source, raw) VALUES (?,?,?,?,?)",
                (agreed.id, now, officer.name, data.decode(), agreed.raw),
            )
            what = "the form" if isinstance(agreed, NoteForm) else "the code book"
            self.context.ledger.audit(now, officer.name, f"added {what} {called}", AuditKind.OTHER)
        return agreed.id

    def drop(self, officer: Officer, wording: bytes, now: int) -> None:
        """Take one of this office's own out. Mandates that list it hold it themselves."""
        with self.context.transaction():
            if self.db.execute("DELETE FROM wording WHERE id=?", (wording,)).rowcount == 0:
                raise NotFound("There is no such form or code book of this office's own.")
            self.context.ledger.audit(now, officer.name, "took a form or code book out", AuditKind.OTHER)
