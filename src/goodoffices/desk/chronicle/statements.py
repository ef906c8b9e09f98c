# SPDX-License-Identifier: Apache-2.0
"""The public statements that one desk logged: added, read, corrected by a later one, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from goodoffices.core.errors import NotFound, YourError
from goodoffices.core.public_statement import PublicStatement, check_public_statement
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.home_papers import HomePapers, require_room
from goodoffices.desk.incidents.files import CLOCKS_DIFFER

MAX_STATEMENTS = 200_000


@dataclass(frozen=True)
class NewStatement:
    """What an officer states; the desk adds office, roster and time. Times are ms UTC."""

    what: str
    by: str
    said: int
    known: int
    source: str
    where: str = ""
    grade: tuple[int, int] = (0, 0)
    mark: int = 0
    note: bytes | None = None
    corrects: bytes | None = None
    evidence: Mapping[bytes, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Logged:
    """A statement with who logged it (public key)."""

    id: bytes
    statement: PublicStatement
    signer: bytes


class PublicStatements(HomePapers):
    """The public statements of one desk."""

    def one(self, statement: bytes) -> Logged:
        """A statement, verified again; raises NotFound."""
        signed = self.paper("public_statement", statement)
        return Logged(signed.id, check_public_statement(signed, self.context.my_office()), signed.signers[0])

    def newest(self, most: int) -> list[bytes]:
        """The IDs of those that were logged last, the newest first."""
        rows = self.db.execute("SELECT id FROM public_statement ORDER BY rowid DESC LIMIT ?", (most,))
        return [bytes(each) for (each,) in rows.fetchall()]

    def log(self, officer: Officer, new: NewStatement, now: int, *, once: str | None = None) -> bytes:
        """Log a statement; returns its ID. A form sent twice (``once``) logs one."""
        self._require(officer)
        if once is not None:
            row = self.db.execute("SELECT id FROM public_statement WHERE once=?", (once,)).fetchone()
            if row is not None:
                return bytes(row[0])
        self._require_sense(new, max(now, self.context.case_at(now) or 0))
        content = PublicStatement(
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
            what=new.what.strip(),
            by=" ".join(new.by.split()),
            where=new.where.strip(),
            said=new.said,
            known=new.known,
            source=new.source.strip(),
            grade=new.grade,
            mark=new.mark,
            note=new.note,
            corrects=new.corrects,
            evidence=tuple(sorted(new.evidence.items())),
        )
        signed = self._signed(content, officer)
        check_public_statement(signed, self.context.my_office())
        with self.context.transaction():
            if self.db.execute("SELECT 1 FROM public_statement WHERE id=?", (signed.id,)).fetchone() is None:
                self.db.execute(
                    "INSERT INTO public_statement (id, at, once, signed_sealed) VALUES (?,?,?,?)",
                    (signed.id, now, once, self._sealed(signed)),
                )
                what = "corrected a public statement" if new.corrects else "logged a public statement"
                self.context.ledger.audit(now, officer.name, what, AuditKind.ACT)
        return signed.id

    def _require_sense(self, new: NewStatement, now: int) -> None:
        """Raise YourError for what cannot be so; every fault names its field and what would do."""
        if not new.what.strip() or not new.by.strip() or not new.source.strip():
            raise YourError(
                "A public statement says what was said, by whom, and from where it is known.",
                "Fill in all three.",
            )
        require_room((new.what, 8000), (new.by, 300), (new.where, 200), (new.source, 500))
        if new.said > now + CLOCKS_DIFFER or new.known > now + CLOCKS_DIFFER:
            raise YourError("It was said, or became known, in the future.", "Correct the two times.")
        if new.known < new.said:
            raise YourError("It was known before it was said.", "Correct one of the two times.")
        if new.note is not None and self.context.ledger.note(new.note) is None:
            raise NotFound("The note that says the same is not at this desk.")
        if new.corrects is not None:
            self.one(new.corrects)
        if self.db.execute("SELECT count(*) FROM public_statement").fetchone()[0] >= MAX_STATEMENTS:
            raise YourError("There are too many public statements at this desk.")
