# SPDX-License-Identifier: Apache-2.0
"""The intermediary's own words beside a note: replies on paper or by word of mouth as it wrote them down, its word
and no party's (P14), and what waits for a second officer.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import Act, ActType
from goodoffices.core.handing import Hand, read_words
from goodoffices.core.ladder import has_part
from goodoffices.core.mandate import Agreement
from goodoffices.core.statement import read_signed
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.officers.own_words import NAMES
from goodoffices.desk.views.custody import signers_of

SPOKEN = 2


@dataclass(frozen=True)
class Transcript:
    """A reply on paper or by word of mouth, as the intermediary wrote it down: its word, no party's (P14)."""

    office: bytes
    office_name: str
    of: str
    """The party whose reply it is said to be, who has signed nothing."""
    at: int
    signer: str
    who: str
    where: str
    when: int | None
    by: str
    text: str
    spoken: bool
    scan: bytes | None


def transcripts_of(desk: Desk, agreement: Agreement, note: NoteRow) -> tuple[Transcript, ...]:
    """The transcripts about a note, each an object of its own, with everybody who signed it."""
    found = []
    for row in desk.ledger.acts_about(note.id):
        if row.type != ActType.TRANSCRIPT:
            continue
        signed = read_signed(row.signed)
        act = signed.statement.read(Act)
        if not has_part(act, note.author, note.recipient):
            continue
        hand, text = read_words(act.words) or (None, None)
        found.append(
            Transcript(
                act.author,
                agreement.name_of(act.author),
                agreement.name_of(note.recipient),
                act.time[0],
                signers_of(signed, agreement.offices.get(act.author), act.roster),
                hand.who if hand else "",
                hand.where if hand else "",
                hand.at if hand else None,
                hand.by if hand else "",
                (text if text is not None else act.words) or "",
                act.code == SPOKEN,
                act.evidence,
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class OpenWordsCard:
    """A remark or transcript of this office that waits for a second officer."""

    kind: str
    """remark | transcript"""
    words: str
    """Letter for letter, as the second officer signs them."""
    digest: bytes
    by: str
    at: int
    mine: bool
    spoken: bool
    scan: bytes | None
    hand: Hand | None
    """Of a transcript: from whom, where, when and taken down by whom, as its words say."""
    text: str
    """What it says besides."""


def open_words_of(desk: Desk, officer: Officer, note: NoteRow) -> tuple[OpenWordsCard, ...]:
    """What this office has written beside a note and one officer has signed so far."""
    found = []
    for each in desk.acts.open_words(note.id):
        act = each.signed.statement.read(Act) if each.signed is not None else None
        hand, text = (read_words(each.words) if each.kind == ActType.TRANSCRIPT else None) or (None, None)
        found.append(
            OpenWordsCard(
                kind=NAMES[each.kind],
                words=each.words,
                digest=each.digest,
                by=each.name,
                at=each.at,
                mine=each.officer == officer.public,
                spoken=each.kind == ActType.TRANSCRIPT and act is not None and act.code == SPOKEN,
                scan=act.evidence if act is not None else None,
                hand=hand,
                text=text if text is not None else each.words,
            )
        )
    return tuple(found)
