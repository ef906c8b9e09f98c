# SPDX-License-Identifier: Apache-2.0
"""Release by several officers: one draws the note up and signs, the others sign the same (ADR 0026).

What is up for release is drawn up once: statement, salt and leaves are frozen, every releaser signs the
same bytes, and names in the request the note that he had before his eyes. A change of the draft, of the
roster, or a releaser's word takes it down again; a note that arrives meanwhile does not.
"""

from __future__ import annotations

from dataclasses import replace

from goodoffices.core.clearance import Verdict
from goodoffices.core.errors import NotNow
from goodoffices.core.note import OpenNote, read_inside
from goodoffices.core.office import Right
from goodoffices.core.statement import add_signature, sign
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.clearance.drafting import WRITERS, Drafting, short
from goodoffices.desk.clearance.tables import ClearanceRow, DraftRow, OpenRelease
from goodoffices.desk.context import Officer
from goodoffices.desk.officers.writing import Draft
from goodoffices.desk.vault.keys import open_text, seal_text


class Clearing(Drafting):
    """From a draft to a note that enough officers signed."""

    def put_up(
        self,
        officer: Officer,
        draft_id: bytes,
        version: int,
        now: int,
        *,
        precedence: int | None = None,
        reason: str | None = None,
        although_refused: bool = False,
    ) -> bytes:
        """Draw the note up, and sign it first; where one officer is enough, it is released by that.

        ``precedence`` and ``reason``: what the releaser confirms, where it is not what was proposed.
        Returns the note's ID.
        """
        self.acts.require(officer, Right.RELEASE)
        row = self.draft(draft_id)
        if row.state == "released" and row.note is not None:
            return row.note
        row = self.open_draft(draft_id)
        newest = self.standing(row, version)
        if not although_refused and (against := self.refusing(row.id, version)):
            raise NotNow(
                f"{', '.join(against)} refused this version.",
                "Speak to them; if it is to be released all the same, say so in the form.",
            )
        draft = self.words(newest)
        draft = replace(
            draft,
            precedence=precedence if precedence is not None else draft.precedence,
            words=replace(draft.words, reason=(reason or "").strip() or draft.words.reason),
        )
        lane = self.acts.lane_to(self.ledger.agreement(row.mandate), row.recipient)
        other = self.tables.open_release(row.mandate, lane)
        if other is not None:
            if other.draft == row.id and officer.public in self.signed_so_far(other).signed.signers:
                return other.note
            raise NotNow(
                "A note is up for release in this lane already.", "Sign that one, or take it down first."
            )
        needed = self.acts.releasers_needed
        able = [each for _, each, has in self.context.my_office().roster.officers if has & Right.RELEASE]
        if len(able) < needed:
            raise NotNow(
                f"The roster asks for {needed} releasers and lists {len(able)}.",
                "The keeper of keys makes a new roster.",
            )
        with self.context.transaction():
            _, opened = self.acts.draw_up(draft, now, apart=needed > 1)
            opened = replace(opened, signed=sign(opened.signed.statement, officer.seed))
            self.ledger.audit(
                now,
                officer.name,
                f"put draft {short(row.id)}, version {version}, up for release",
                AuditKind.DRAFT,
            )
            self._go_on(officer, row, version, opened, now)
        return opened.signed.id

    def sign_release(self, officer: Officer, draft_id: bytes, note_id: bytes, now: int) -> None:
        """One more releaser signs the same bytes; with enough of them the note goes. Signing twice is one."""
        self.acts.require(officer, Right.RELEASE)
        row = self.draft(draft_id)
        if row.state == "released" and row.note == note_id:
            return
        row = self.open_draft(draft_id)
        release = self.tables.release_of(row.id)
        if release is None or release.note != note_id:
            raise NotNow(
                "What you read is not up for release any more: it was changed or taken down.",
                "Read what stands now.",
            )
        opened = self.signed_so_far(release)
        if opened.note.roster != self.context.my_office().roster.version:
            self._take_down(officer, row, now)
            raise NotNow(
                "The office's roster changed since this was put up; it is taken down.",
                "Put it up again: all sign anew.",
            )
        if any(self.ledger.locked_out(each) for each in opened.signed.signers):
            self._take_down(officer, row, now)
            raise NotNow(
                "An officer who signed this was locked out since; it is taken down.",
                "Put it up again: all sign anew.",
            )
        if officer.public in opened.signed.signers:
            return
        note = opened.note
        self.acts.may_release(
            Draft(
                mandate=note.mandate,
                recipient=note.recipient,
                words=opened.words,
                precedence=note.precedence,
                valid_until=note.valid_until,
            ),
            now,
        )
        opened = replace(opened, signed=add_signature(opened.signed, officer.seed))
        with self.context.transaction():
            self.ledger.audit(
                now, officer.name, f"signed the release of draft {short(row.id)}", AuditKind.DRAFT
            )
            self._go_on(officer, row, release.version, opened, now)

    def _go_on(self, officer: Officer, row: DraftRow, version: int, opened: OpenNote, now: int) -> None:
        """Release if enough have signed; else keep it for the next."""
        note = opened.note
        if len(opened.signed.signers) < self.acts.releasers_needed:
            sealed = seal_text(self.reading_key(), opened.inside, opened.signed.id, self.context.rng)
            self.tables.keep_release(
                OpenRelease(note.mandate, note.lane, row.id, version, opened.signed.id, now, sealed)
            )
            self._changed(row)
            return
        agreement = self.ledger.agreement(row.mandate)
        self.acts.let_go(officer, agreement, opened, now)
        self.tables.end_release(row.id)
        for each in self.tables.side_by_side(row.matter):
            if each.id == row.id:
                self.tables.close(each, "released", opened.signed.id)
            elif each.state == "open":
                # Of what stood side by side one was meant; the other must not go out by mistake.
                self.tables.close(each, "dropped", None)
        self.acts.lines.flush_all(now)

    def call_back(self, officer: Officer, draft_id: bytes, now: int) -> None:
        """Take a note down that waits for signatures; the signatures so far are gone."""
        self.require_any(officer, WRITERS)
        self._take_down(officer, self.open_draft(draft_id), now)

    def _take_down(self, officer: Officer, row: DraftRow, now: int) -> None:
        with self.context.transaction():
            if self.tables.end_release(row.id):
                self.ledger.audit(
                    now, officer.name, f"took the release of draft {short(row.id)} down", AuditKind.DRAFT
                )
                self._changed(row)

    def signed_so_far(self, release: OpenRelease) -> OpenNote:
        """The note that is up for release, with the signatures so far, each verified."""
        opened = read_inside(open_text(self.reading_key(), release.inside_sealed, release.note))
        opened.signed.verify()
        return opened

    def refusing(self, draft_id: bytes, version: int) -> list[str]:
        """Who refused a version and has not said otherwise since."""
        last: dict[bytes, ClearanceRow] = {}
        for row in self.tables.clearances(draft_id):
            if row.version == version and row.verdict != Verdict.COMMENT:
                last[row.officer] = row
        return [row.name for row in last.values() if row.verdict == Verdict.REFUSED]
