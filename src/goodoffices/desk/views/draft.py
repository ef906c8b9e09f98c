# SPDX-License-Identifier: Apache-2.0
"""Drafts as pages show them: versions, what others say of them, options side by side, and what is up for
release, letter for letter as the next officer would sign it.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import CHANNEL_LANE
from goodoffices.core.clearance import Verdict
from goodoffices.core.mandate import Agreement
from goodoffices.core.note import MAX_LISTED, note_digits
from goodoffices.core.office import Right
from goodoffices.desk.clearance.drafting import READERS, WRITERS
from goodoffices.desk.clearance.tables import DraftRow, OpenRelease, VersionRow
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.officers.writing import Draft
from goodoffices.desk.views.channel import WritePage, write_page
from goodoffices.desk.views.note import NoteRef, ref
from goodoffices.desk.views.waiting import label_of

EXCERPT = 240
OF_WORDS = (
    "authority",
    "language",
    "reply_by",
    "reason",
    "confidential",
    "in_reply_to",
    "replaces",
    "withdraws",
)


@dataclass(frozen=True)
class DraftCard:
    """A draft in a list."""

    id: bytes
    matter: bytes
    option: int
    mandate: bytes
    channel: str
    lane: str
    to: bytes
    to_name: str
    state: str
    note: bytes | None
    version: int
    by: str
    at: int
    text: str
    language: str
    precedence: int
    label: str
    cleared_by: tuple[str, ...]
    refused_by: tuple[str, ...]
    signed_by: tuple[str, ...]
    """Who signed the note drawn up from it; empty: it is not up for release."""
    needed: int
    waits_for_me: bool


@dataclass(frozen=True)
class VersionView:
    """One version, as it was."""

    version: int
    by: str
    at: int
    text: str
    language: str


@dataclass(frozen=True)
class Changed:
    """What a version changed of the one before."""

    version: int
    before: str
    after: str
    fields: tuple[str, ...]
    """Besides the text, by the names of ``web.words.DRAFT_FIELDS``."""


@dataclass(frozen=True)
class OpinionView:
    """An officer's signed word on a version."""

    by: str
    at: int
    version: int
    verdict: int
    words: str
    void: bool
    """The draft was changed since."""


@dataclass(frozen=True)
class UpForRelease:
    """The note as it was drawn up: what the next releaser signs."""

    note: bytes
    digits: str
    number: int
    at: int
    precedence: int
    label: str
    reason: str | None
    signed_by: tuple[str, ...]
    needed: int
    signed_by_me: bool
    read: tuple[NoteRef, ...]
    held: tuple[NoteRef, ...]


@dataclass(frozen=True)
class DraftPage:
    """Everything about one draft."""

    card: DraftCard
    write: WritePage
    draft: Draft
    versions: tuple[VersionView, ...]
    changed: Changed | None
    opinions: tuple[OpinionView, ...]
    options: tuple[DraftCard, ...]
    arrived: tuple[NoteRef, ...]
    """Notes that arrived since the version was saved, or since it was put up."""
    up: UpForRelease | None
    may_write: bool
    may_judge: bool
    may_clear: bool
    may_release: bool


@dataclass(frozen=True)
class DraftsPage:
    """Every draft that is open, the newest matter first, and the last that were closed."""

    drafts: tuple[DraftCard, ...]


def _newest(desk: Desk, row: DraftRow) -> VersionRow:
    return desk.clearing.tables.versions(row.id)[-1]


def waits_for(desk: Desk, officer: Officer) -> int:
    """How many notes wait for this officer's signature."""
    if desk.context.locked or not desk.clearing.rights(officer) & Right.RELEASE:
        return 0
    return sum(
        officer.public not in desk.clearing.signed_so_far(each).signed.signers
        for each in desk.clearing.tables.open_releases()
    )


def _names(desk: Desk, keys: tuple[bytes, ...]) -> tuple[str, ...]:
    roster = desk.context.my_office().roster
    return tuple(roster.pseudonym(each) or each.hex()[:16] for each in keys)


def _verdicts(desk: Desk, row: DraftRow, version: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    last = {
        each.officer: each
        for each in desk.clearing.tables.clearances(row.id)
        if each.version == version and each.verdict != Verdict.COMMENT
    }
    cleared = tuple(each.name for each in last.values() if each.verdict == Verdict.CLEARED)
    return cleared, tuple(each.name for each in last.values() if each.verdict == Verdict.REFUSED)


def draft_card(desk: Desk, officer: Officer, agreement: Agreement, row: DraftRow) -> DraftCard:
    """One draft in a list."""
    newest = _newest(desk, row)
    draft = desk.clearing.words(newest)
    cleared, refused = _verdicts(desk, row, newest.version)
    release = desk.clearing.tables.release_of(row.id)
    signers = desk.clearing.signed_so_far(release).signed.signers if release else ()
    may_sign = bool(desk.clearing.rights(officer) & Right.RELEASE)
    return DraftCard(
        id=row.id,
        matter=row.matter,
        option=row.option,
        mandate=row.mandate,
        channel=agreement.mandate.name,
        lane="between" if desk.acts.lane_to(agreement, row.recipient) == CHANNEL_LANE else "caucus",
        to=row.recipient,
        to_name=agreement.name_of(row.recipient),
        state=row.state,
        note=row.note,
        version=newest.version,
        by=newest.name,
        at=newest.at,
        text=draft.words.text[:EXCERPT],
        language=draft.words.language,
        precedence=draft.precedence,
        label=label_of(agreement, draft.precedence),
        cleared_by=cleared,
        refused_by=refused,
        signed_by=_names(desk, signers),
        needed=desk.acts.releasers_needed,
        waits_for_me=may_sign and release is not None and officer.public not in signers,
    )


def up_for_release(desk: Desk, officer: Officer, agreement: Agreement) -> tuple[DraftCard, ...]:
    """The notes of a channel that wait for more signatures of this office before they go out."""
    if desk.context.locked:
        return ()
    rows = [row for row in desk.clearing.tables.open_drafts() if row.mandate == agreement.id]
    return tuple(
        draft_card(desk, officer, agreement, row) for row in rows if desk.clearing.tables.release_of(row.id)
    )


def drafts_page(desk: Desk, officer: Officer) -> DraftsPage:
    """Every open draft."""
    return DraftsPage(
        tuple(
            draft_card(desk, officer, desk.ledger.agreement(row.mandate), row)
            for row in desk.clearing.tables.open_drafts()
        )
    )


def _up(desk: Desk, officer: Officer, agreement: Agreement, release: OpenRelease) -> UpForRelease:
    opened = desk.clearing.signed_so_far(release)
    note, words = opened.note, opened.words
    return UpForRelease(
        note=opened.signed.id,
        digits=note_digits(opened.signed.id),
        number=note.number,
        at=note.time[0],
        precedence=note.precedence,
        label=label_of(agreement, note.precedence),
        reason=words.reason,
        signed_by=_names(desk, opened.signed.signers),
        needed=desk.acts.releasers_needed,
        signed_by_me=officer.public in opened.signed.signers,
        read=tuple(ref(desk, agreement, each) for each in words.read),
        held=tuple(ref(desk, agreement, each) for each in words.held),
    )


def _arrived(desk: Desk, agreement: Agreement, row: DraftRow, since: int) -> tuple[NoteRef, ...]:
    lane = desk.acts.lane_to(agreement, row.recipient)
    others = [each for each in agreement.mandate.path if each != desk.me]
    newest = desk.ledger.newest_of(row.mandate, lane, others, MAX_LISTED)
    found = [note for note in map(desk.ledger.note, newest) if note is not None and note.at > since]
    return tuple(ref(desk, agreement, note.id) for note in found)


def _changed(desk: Desk, versions: list[VersionRow], version: int) -> Changed | None:
    """What a version changed of the one before; None for the first, or if there is no such version."""
    at = next((at for at, each in enumerate(versions) if each.version == version), 0)
    if at == 0:
        return None
    before, after = (desk.clearing.words(each) for each in versions[at - 1 : at + 1])
    said = [
        [each.precedence, each.valid_until, *(getattr(each.words, name) for name in OF_WORDS)]
        for each in (before, after)
    ]
    names = ("precedence", "valid_until", *OF_WORDS)
    return Changed(
        version,
        before.words.text,
        after.words.text,
        tuple(name for name, one, other in zip(names, *said, strict=True) if one != other),
    )


def draft_page(
    desk: Desk,
    officer: Officer,
    agreement: Agreement,
    row: DraftRow,
    now: int,
    version: int | None = None,
) -> DraftPage:
    """One draft, with what was said of it. ``version``: of which the changes are shown; else of the newest."""
    versions = desk.clearing.tables.versions(row.id)
    newest = versions[-1]
    release = desk.clearing.tables.release_of(row.id)
    up = _up(desk, officer, agreement, release) if release else None
    rights = desk.clearing.rights(officer)
    still = row.state == "open"
    said = []
    for each in versions:
        words = desk.clearing.words(each).words
        said.append(VersionView(each.version, each.name, each.at, words.text, words.language))
    return DraftPage(
        card=draft_card(desk, officer, agreement, row),
        write=write_page(desk, officer, agreement, row.recipient, now, replaces=None, in_reply_to=None),
        draft=desk.clearing.words(newest),
        versions=tuple(said),
        changed=_changed(desk, versions, newest.version if version is None else version),
        opinions=tuple(
            OpinionView(
                by=each.row.name,
                at=each.row.at,
                version=each.row.version,
                verdict=each.row.verdict,
                words=each.words,
                void=each.row.version != newest.version,
            )
            for each in reversed(desk.clearing.opinions(row.id))
        ),
        options=tuple(
            draft_card(desk, officer, agreement, each)
            for each in desk.clearing.tables.side_by_side(row.matter)
            if each.id != row.id
        ),
        arrived=_arrived(desk, agreement, row, up.at if up else newest.at),
        up=up,
        may_write=still and bool(rights & (WRITERS[0] | WRITERS[1])),
        may_judge=still and any(rights & each for each in READERS),
        may_clear=still and newest.officer != officer.public,
        may_release=still and bool(rights & Right.RELEASE),
    )
