# SPDX-License-Identifier: Apache-2.0
"""Drafts with versions, side by side as options, and what other officers say of them (ADR 0026).

A version is never changed, a verdict names one version by its hash: a change of the words, the urgency
or the end voids every clearance by itself. Texts lie sealed under the reading key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

from goodoffices.core import cbor, crypto
from goodoffices.core.clearance import Clearance, Verdict
from goodoffices.core.errors import LacksRight, NotAllowed, NotFound, NotNow, YourError
from goodoffices.core.office import Right
from goodoffices.core.statement import read_signed, sign, state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.clearance.content import content_of, draft_of
from goodoffices.desk.clearance.tables import ClearanceRow, DraftRow, DraftTables, VersionRow
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.officers.acts import OfficerActs
from goodoffices.desk.officers.writing import Draft
from goodoffices.desk.vault.keys import open_text, seal_text

WRITERS = (Right.DRAFT, Right.RELEASE)
READERS = (Right.DRAFT, Right.RELEASE, Right.DUTY)
MAX_OPTIONS = 8
MAX_VERSIONS = 200
MAX_WORDS = 2000
MAX_UNFINISHED = 200_000
WINDOW = "window"
"""Beside the fields of what is typed: on which page, by its form's token."""


@dataclass(frozen=True)
class Typed:
    """Which page something is typed on, and what was kept when that page was opened."""

    once: str | None
    """The form's token; None: no page of ours."""
    began: int | None = None
    """When (ms) the words were kept with which the page began; None: it began empty."""


@dataclass(frozen=True)
class Opinion:
    """An officer's verdict on a version, with its words."""

    row: ClearanceRow
    words: str


class Drafting:
    """What officers do with drafts before a note exists."""

    def __init__(self, context: Context, acts: OfficerActs) -> None:
        self.context = context
        self.ledger = context.ledger
        self.tables = DraftTables(context.ledger.db)
        self.acts = acts

    # --- rights and texts -----------------------------------------------------------------------------

    def rights(self, officer: Officer) -> Right:
        """What the newest roster lets an officer do."""
        return self.context.my_office().roster.rights(officer.public)

    def require_any(self, officer: Officer, rights: tuple[Right, ...]) -> None:
        """Raise NotAllowed unless the officer holds one of these rights."""
        if not self.rights(officer) & reduce(Right.__or__, rights):
            right = " / ".join((each.name or "").lower() for each in rights)
            raise LacksRight(f"{officer.name} does not hold the right '{right}' here.")

    def reading_key(self) -> bytes:
        """The key of the texts; raises NotNow while the desk is locked."""
        if self.context.reading_key is None:
            raise NotNow("The desk is locked.", "Sign in first.")
        return self.context.reading_key

    def draft(self, draft_id: bytes) -> DraftRow:
        """A draft; raises NotFound."""
        row = self.tables.draft(draft_id)
        if row is None:
            raise NotFound("There is no such draft at this desk.")
        return row

    def open_draft(self, draft_id: bytes) -> DraftRow:
        """A draft that can still change; raises NotFound or NotNow."""
        row = self.draft(draft_id)
        if row.state != "open":
            raise NotNow(
                "This draft was released." if row.state == "released" else "This draft was set aside.",
                "Write a new one.",
            )
        return row

    def words(self, version: VersionRow) -> Draft:
        """What a version says."""
        return draft_of(
            open_text(self.reading_key(), version.words_sealed, _aad(version.draft, version.version))
        )

    def opinions(self, draft_id: bytes) -> list[Opinion]:
        """Every verdict on every version, oldest first, each verified before it is shown."""
        found = []
        for row in self.tables.clearances(draft_id):
            signed = read_signed(open_text(self.reading_key(), row.signed_sealed, b"clearance" + draft_id))
            signed.verify()
            found.append(Opinion(row, signed.statement.read(Clearance).words))
        return found

    # --- drafts ---------------------------------------------------------------------------------------

    def save(
        self,
        officer: Officer,
        draft: Draft,
        now: int,
        *,
        of: bytes | None = None,
        base: int | None = None,
        beside: bytes | None = None,
        began: int | None = None,
    ) -> tuple[bytes, int]:
        """Keep a new draft, a new version ``of`` one, or one ``beside`` another; returns (draft, version).

        ``base``: the version that the writer had before his eyes. Another officer's newer one is not
        written over. ``began``: see ``Typed``.
        """
        self.require_any(officer, WRITERS)
        if draft.once is not None and (saved := self.tables.saved_by(draft.once)) is not None:
            return saved
        agreement = self.ledger.agreement(draft.mandate)
        self.acts.lane_to(agreement, draft.recipient)
        if not draft.words.text.strip():
            raise YourError("A draft needs words.", "Write the text, then save it.")
        content = content_of(draft, self.context.rng(32))
        with self.context.transaction():
            self._forget(officer, draft.mandate, draft.recipient, of, Typed(draft.once, began))
            if of is None:
                row = self._new_draft(draft, beside, now)
                version = 1
            else:
                row = self.open_draft(of)
                if (row.mandate, row.recipient) != (draft.mandate, draft.recipient):
                    raise NotNow("This draft belongs to another lane.", "Write it there anew.")
                newest = self.tables.versions(row.id)[-1]
                if self.words(newest) == replace(draft, once=None):
                    return row.id, newest.version  # nothing was changed: no clearance is voided
                version = self._next_version(row, newest, base)
            self.tables.add_version(
                VersionRow(
                    row.id,
                    version,
                    officer.public,
                    officer.name,
                    now,
                    crypto.sha256(content),
                    seal_text(self.reading_key(), content, _aad(row.id, version), self.context.rng),
                ),
                draft.once,
            )
            if self.tables.end_release(row.id):
                self.ledger.audit(
                    now, officer.name, f"changed draft {short(row.id)}: its release is off", AuditKind.DRAFT
                )
            self.ledger.audit(
                now, officer.name, f"saved draft {short(row.id)}, version {version}", AuditKind.DRAFT
            )
            self._changed(row)
        return row.id, version

    def _new_draft(self, draft: Draft, beside: bytes | None, now: int) -> DraftRow:
        new = self.context.rng(32)
        matter, option = new, 1
        if beside is not None:
            other = self.open_draft(beside)
            if (other.mandate, other.recipient) != (draft.mandate, draft.recipient):
                raise NotNow("Options stand side by side in one lane only.", "Write it there anew.")
            matter, option = other.matter, len(self.tables.side_by_side(other.matter)) + 1
            if option > MAX_OPTIONS:
                raise NotNow(f"There are {MAX_OPTIONS} options already.", "Set one aside first.")
        row = DraftRow(new, matter, option, draft.mandate, draft.recipient, now, "open", None)
        self.tables.add_draft(row)
        return row

    def _next_version(self, row: DraftRow, newest: VersionRow, base: int | None) -> int:
        if base is not None and base != newest.version:
            raise NotNow(
                f"{newest.name} saved version {newest.version} meanwhile; yours began from version {base}.",
                "Your text is kept below. Compare it with theirs, then save it once more.",
            )
        if newest.version >= MAX_VERSIONS:
            raise NotNow(f"This draft has {MAX_VERSIONS} versions.", "Write a new one.")
        return newest.version + 1

    def drop(self, officer: Officer, draft_id: bytes, now: int) -> None:
        """Set a draft aside; it stays readable, and nothing can be done with it."""
        self.require_any(officer, WRITERS)
        row = self.draft(draft_id)
        if row.state == "dropped":
            return
        row = self.open_draft(draft_id)
        with self.context.transaction():
            self.tables.end_release(row.id)
            self.tables.close(row, "dropped", None)
            self.ledger.audit(now, officer.name, f"set draft {short(row.id)} aside", AuditKind.DRAFT)
            self._changed(row)

    def judge(
        self, officer: Officer, draft_id: bytes, version: int, verdict: int, words: str, now: int
    ) -> None:
        """Clear, refuse or comment on the version that the officer had before his eyes; signed."""
        self.require_any(officer, READERS)
        row = self.open_draft(draft_id)
        newest = self.standing(row, version)
        if verdict not in {int(each) for each in Verdict}:
            raise YourError("A draft is cleared, refused or commented on.", "Choose one of these.")
        if verdict == Verdict.CLEARED and newest.officer == officer.public:
            raise NotAllowed("You wrote this version; another officer clears it.")
        if verdict != Verdict.CLEARED and not words.strip():
            raise YourError("A refusal or a comment needs words.", "Write them.")
        if len(words.encode("utf-8", "surrogatepass")) > MAX_WORDS:
            raise YourError(f"At most {MAX_WORDS} bytes.", "Shorten it.")
        clearance = Clearance(
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
            draft=row.id,
            version=version,
            content=newest.content,
            verdict=verdict,
            words=words,
        )
        signed = sign(state(clearance, self.context.keys.realm), officer.seed)
        sealed = seal_text(self.reading_key(), signed.raw, b"clearance" + row.id, self.context.rng)
        with self.context.transaction():
            self.tables.add_clearance(
                ClearanceRow(row.id, version, officer.public, officer.name, now, verdict, sealed)
            )
            did = {Verdict.CLEARED: "cleared", Verdict.REFUSED: "refused", Verdict.COMMENT: "commented on"}
            self.ledger.audit(
                now,
                officer.name,
                f"{did[Verdict(verdict)]} draft {short(row.id)}, version {version}",
                AuditKind.DRAFT,
            )
            self._changed(row)

    def standing(self, row: DraftRow, version: int) -> VersionRow:
        """The newest version, if it is the one that the officer had before his eyes."""
        newest = self.tables.versions(row.id)[-1]
        if newest.version != version:
            raise NotNow(
                f"The draft was changed meanwhile: version {newest.version} by {newest.name} stands now.",
                "Read that one.",
            )
        return newest

    # --- what is being typed --------------------------------------------------------------------------

    def keep_unfinished(
        self,
        officer: Officer,
        mandate: bytes,
        recipient: bytes,
        of: bytes | None,
        fields: dict[str, str],
        now: int,
        typed: Typed,
    ) -> None:
        """Keep what an officer is typing, for him alone: a lost connection must not cost his words.

        What comes in behind its own save or release is not kept. Raises NotNow where another window of his has
        its words kept here: one window does not write over the other.
        """
        self.require_any(officer, WRITERS)
        self.acts.lane_to(self.ledger.agreement(mandate), recipient)
        once = typed.once
        if once is not None and (self.tables.saved_by(once) or self.ledger.fact(f"once {once}")):
            return
        if not self._its_own(officer, mandate, recipient, of, typed):
            raise NotNow(
                "Another window of yours writes to the same reader; its words are kept here, not this one's.",
                "Go on in one of the two, or save this text as a draft.",
            )
        try:
            raw = cbor.encode(dict(sorted({**fields, WINDOW: once or ""}.items())))
        except ValueError:
            raise YourError("The text holds half a character and cannot be kept.") from None
        if len(raw) > MAX_UNFINISHED:
            raise YourError(f"More than {MAX_UNFINISHED} bytes are not kept while typing.", "Shorten it.")
        with self.context.transaction():
            sealed = seal_text(self.reading_key(), raw, b"unfinished" + officer.public, self.context.rng)
            self.tables.keep_unfinished(officer.public, mandate, recipient, of or b"", now, sealed)

    def unfinished(
        self, officer: Officer, mandate: bytes, recipient: bytes, of: bytes | None
    ) -> tuple[int, dict[str, str]] | None:
        """(when it was kept, fields) of what this officer was typing here."""
        kept = self._kept(officer, mandate, recipient, of)
        return kept and (kept[0], {name: text for name, text in kept[1].items() if name != WINDOW})

    def _kept(
        self, officer: Officer, mandate: bytes, recipient: bytes, of: bytes | None
    ) -> tuple[int, dict[str, str]] | None:
        row = self.tables.unfinished(officer.public, mandate, recipient, of or b"")
        if row is None:
            return None
        raw = open_text(self.reading_key(), row[1], b"unfinished" + officer.public)
        return row[0], {str(name): str(value) for name, value in cbor.decode(raw).items()}

    def _its_own(
        self, officer: Officer, mandate: bytes, recipient: bytes, of: bytes | None, typed: Typed
    ) -> bool:
        """Whether nothing is kept here but what this page kept, or began with."""
        kept = self._kept(officer, mandate, recipient, of) if typed.once is not None else None
        return kept is None or kept[0] == typed.began or kept[1].get(WINDOW, typed.once) == typed.once

    def forget_unfinished(
        self,
        officer: Officer,
        mandate: bytes,
        recipient: bytes,
        of: bytes | None,
        typed: Typed | None = None,
    ) -> None:
        """It was released, or is not wanted; what another window than the one named has kept stays."""
        with self.context.transaction():
            self._forget(officer, mandate, recipient, of, typed or Typed(None))

    def _forget(
        self, officer: Officer, mandate: bytes, recipient: bytes, of: bytes | None, typed: Typed
    ) -> None:
        if self._its_own(officer, mandate, recipient, of, typed):
            self.tables.forget_unfinished(officer.public, mandate, recipient, of or b"")

    def _changed(self, row: DraftRow) -> None:
        self.context.pending.changed.add(row.mandate)


def _aad(draft: bytes, version: int) -> bytes:
    return b"draft" + draft + version.to_bytes(4, "big")


def short(draft: bytes) -> str:
    """How a draft is named in the audit log."""
    return draft.hex()[:8]
