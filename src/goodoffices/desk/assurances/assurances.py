# SPDX-License-Identifier: Apache-2.0
"""The assurances of one desk: written down, changed by what comes later, and warned of before they lapse."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import ActType
from goodoffices.core.agreed import form_of
from goodoffices.core.assurance import (
    MAX_CONDITIONS,
    Assurance,
    AssuranceChange,
    Became,
    check_assurance,
    check_change,
)
from goodoffices.core.errors import NotFound, YourError
from goodoffices.core.forms import FormKind, Means
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import Words
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.home_papers import HomePapers, require_room

MAX_ASSURANCES = 2000
HOUR = 3_600_000
WARNS_BEFORE = 12 * HOUR
"""Milliseconds before its end at which a long assurance warns; a short one warns in its last quarter."""
RINGS_FOR = 35 * 24 * HOUR
"""Milliseconds after its end for which a lapsed assurance that nobody took note of rings."""


@dataclass(frozen=True)
class Standing:
    """An assurance and all that became of it."""

    id: bytes
    assurance: Assurance
    signer: bytes
    changes: tuple[tuple[AssuranceChange, bytes], ...]
    """With the officer who signed each, in the order of writing."""
    note_withdrawn: bool

    @property
    def until(self) -> int | None:
        """Its end (ms UTC), by the newest word on it."""
        renewed = [change for change, _ in self.changes if change.became == Became.IN_FORCE]
        return renewed[-1].until if renewed else self.assurance.until

    def state(self, now: int) -> Became:
        """As it stands at ``now`` (ms UTC): its author's withdrawal first, then officers' words, then its end."""
        last = Became(self.changes[-1][0].became) if self.changes else Became.IN_FORCE
        if last == Became.IN_FORCE and self.note_withdrawn and not self.changes:
            return Became.WITHDRAWN
        if last in (Became.IN_FORCE, Became.DISPUTED) and self.until is not None and now >= self.until:
            return Became.LAPSED
        return last


def warns_at(at: int, until: int | None) -> int | None:
    """From when (ms UTC) the end of an assurance written down ``at`` is near."""
    return None if until is None else until - max(0, min(WARNS_BEFORE, (until - at) // 4))


class Assurances(HomePapers):
    """The assurances of one desk. Every writing method is a transaction of its own."""

    # --- reading --------------------------------------------------------------------------------------

    def every(self) -> tuple[Standing, ...]:
        """Every assurance, the newest first."""
        rows = self.db.execute("SELECT id, note, signed_sealed FROM assurance ORDER BY rowid DESC").fetchall()
        return tuple(self._standing(*row) for row in rows)

    def one(self, assurance: bytes) -> Standing:
        """One; raises NotFound."""
        row = self.db.execute(
            "SELECT id, note, signed_sealed FROM assurance WHERE id=?", (assurance,)
        ).fetchone()
        if row is None:
            raise NotFound("There is no such assurance at this desk.")
        return self._standing(*row)

    def _standing(self, number: bytes, note: bytes, sealed: bytes) -> Standing:
        found, signer = self.verified(number, sealed, check_assurance)
        rows = self.db.execute(
            "SELECT id, signed_sealed FROM assurance_change WHERE assurance=? ORDER BY rowid", (number,)
        ).fetchall()
        changes = tuple(self.verified(change, raw, check_change) for change, raw in rows)
        withdrawn = any(row.type == ActType.WITHDRAWN for row in self.context.ledger.acts_about(bytes(note)))
        return Standing(bytes(number), found, signer, changes, withdrawn)

    # --- writing --------------------------------------------------------------------------------------

    def write(
        self,
        officer: Officer,
        note: bytes,
        what: str,
        conditions: tuple[str, ...],
        until: int | None,
        now: int,
        *,
        once: str | None = None,
    ) -> bytes:
        """Write down what a note promises; returns its ID. A form sent twice (``once``) writes one."""
        self._require(officer)
        if once is not None:
            row = self.db.execute("SELECT id FROM assurance WHERE once=?", (once,)).fetchone()
            if row is not None:
                return bytes(row[0])
        if self.context.ledger.note(note) is None:
            raise NotFound("The note behind it is not at this desk.")
        if not what.strip():
            raise YourError("What was promised is not said.", "Write it in the note's own words.")
        if len(conditions) > MAX_CONDITIONS:
            raise YourError(f"More than {MAX_CONDITIONS} conditions.", "Put some of them into one line.")
        require_room((what, 2000), *((each, 500) for each in conditions))
        if until is not None and until <= now:
            raise YourError(
                "It would have lapsed before it is written down.", "Correct 'until', or leave it empty."
            )
        if self.db.execute("SELECT count(*) FROM assurance").fetchone()[0] >= MAX_ASSURANCES:
            raise YourError("There are too many assurances at this desk.")
        with self.context.transaction():
            made = self._keep(officer, note, what, conditions, until, now, once)
            self.context.ledger.audit(now, officer.name, "wrote an assurance down", AuditKind.ACT)
        return made

    def take(self, officer: Officer, note: bytes, words: Words, mandate: Mandate, now: int) -> None:
        """Write down what a note by the form of an assurance promises, in its own words: once.

        Part of the caller's transaction, which opens or releases the note. One that has lapsed is written too.
        """
        form = form_of(words, mandate)
        if form is None or form.kind != FormKind.ASSURANCE:
            return
        once = f"form {note.hex()}"
        there = self.db.execute("SELECT 1 FROM assurance WHERE once=?", (once,)).fetchone()
        if (
            there is not None
            or self.db.execute("SELECT count(*) FROM assurance").fetchone()[0] >= MAX_ASSURANCES
        ):
            return
        given = dict(words.values)
        what, conditions, until = map(form.place, (Means.PROMISED, Means.CONDITIONS, Means.END))
        promised = given[what or 0], given.get(conditions or 0, ()), given.get(until or 0)
        self._keep(officer, note, *promised, now, once)
        self.context.ledger.audit(now, officer.name, "wrote an assurance down", AuditKind.ACT)

    def _keep(
        self,
        officer: Officer,
        note: bytes,
        what: str,
        conditions: tuple[str, ...],
        until: int | None,
        now: int,
        once: str | None,
    ) -> bytes:
        content = Assurance(
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
            note=note,
            what=what.strip(),
            conditions=conditions,
            until=until,
        )
        signed = self._signed(content, officer)
        check_assurance(signed, self.context.my_office())
        self.db.execute(
            "INSERT OR IGNORE INTO assurance (id, note, at, until, warn_at, once, signed_sealed)"
            " VALUES (?,?,?,?,?,?,?)",
            (signed.id, note, now, until, warns_at(now, until), once, self._sealed(signed)),
        )
        return signed.id

    def change(
        self,
        officer: Officer,
        assurance: bytes,
        became: Became,
        why: str,
        now: int,
        *,
        note: bytes | None = None,
        until: int | None = None,
    ) -> bytes:
        """State what became of one, with the reason."""
        self._require(officer)
        self.one(assurance)
        if not why.strip():
            raise YourError("Why is not said.", "Say from where it is known.")
        require_room((why, 2000))
        if note is not None and self.context.ledger.note(note) is None:
            raise NotFound("The note that says so is not at this desk.")
        if became != Became.IN_FORCE and until is not None:
            raise YourError("Only what is in force has an end.", "Leave 'until' empty.")
        if until is not None and until <= now:
            raise YourError("Its new end lies in the past.", "Correct 'until', or leave it empty.")
        content = AssuranceChange(
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
            assurance=assurance,
            became=int(became),
            why=why.strip(),
            note=note,
            until=until,
        )
        signed = self._signed(content, officer)
        check_change(signed, self.context.my_office())
        with self.context.transaction():
            self.db.execute(
                "INSERT OR IGNORE INTO assurance_change (id, assurance, at, signed_sealed) VALUES (?,?,?,?)",
                (signed.id, assurance, now, self._sealed(signed)),
            )
            if became == Became.IN_FORCE:
                self.db.execute(
                    "UPDATE assurance SET until=?, warn_at=? WHERE id=?",
                    (until, warns_at(now, until), assurance),
                )
            elif became != Became.DISPUTED:
                self.db.execute("UPDATE assurance SET warn_at=NULL WHERE id=?", (assurance,))
            self.context.ledger.audit(now, officer.name, "stated what became of an assurance", AuditKind.ACT)
        return signed.id


@dataclass(frozen=True)
class Ending:
    """An assurance whose end is near, or just past."""

    id: bytes
    note: bytes
    until: int


def endings(context: Context, now: int) -> list[Ending]:
    """Assurances that end soon, or have lapsed lately; read from the unattended tier, so while locked too."""
    rows = context.ledger.db.execute(
        "SELECT id, note, until FROM assurance WHERE warn_at<=? AND until>?", (now, now - RINGS_FOR)
    ).fetchall()
    return [Ending(bytes(number), bytes(note), until) for number, note, until in rows]
