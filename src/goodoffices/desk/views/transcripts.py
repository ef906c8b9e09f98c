# SPDX-License-Identifier: Apache-2.0
"""Replies on paper or by word of mouth, as the intermediary wrote them down: its word, no party's (P14)."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import Act, ActType
from goodoffices.core.handing import read_words
from goodoffices.core.mandate import Agreement
from goodoffices.desk.ledger.ledger import NoteRow

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


def transcripts_of(
    agreement: Agreement, note: NoteRow, acts: list[tuple[bytes, Act, str, bool]]
) -> tuple[Transcript, ...]:
    """The transcripts about a note, each an object of its own."""
    found = []
    for _, act, name, _ in acts:
        if act.type == ActType.TRANSCRIPT:
            read = read_words(act.words)
            hand, text = read if read is not None else (None, None)
            found.append(
                Transcript(
                    act.author,
                    agreement.name_of(act.author),
                    agreement.name_of(note.recipient),
                    act.time[0],
                    name,
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
