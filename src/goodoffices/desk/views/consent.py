# SPDX-License-Identifier: Apache-2.0
"""The page of questions for consent to a briefing: this office's own, and those that it answers (ADR 0055)."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import CHANNEL_LANE
from goodoffices.core.mandate import Agreement
from goodoffices.desk.consent import Asked, asked
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.note import NoteRef, ref

SHOWN = 50
"""Questions on the page, the newest."""


@dataclass(frozen=True)
class AnswerCard:
    """What an office said to a question; ``given`` is None while it has said nothing."""

    office_name: str
    given: bool | None
    at: int | None
    words: str | None


@dataclass(frozen=True)
class QuestionCard:
    """A question. ``mine``: this office asked; ``waits``: it has not answered."""

    id: bytes
    by_name: str
    at: int
    mine: bool
    waits: bool
    caucus: bool
    recipient: str
    mark: int
    purpose: str | None
    notes: tuple[NoteRef, ...]
    answers: tuple[AnswerCard, ...]


@dataclass(frozen=True)
class ConsentPage:
    """A channel's questions, newest first."""

    id: bytes
    name: str
    questions: tuple[QuestionCard, ...]


def consent_page(desk: Desk, mandate: bytes) -> ConsentPage:
    """What the page shows."""
    agreement = desk.ledger.agreement(mandate)
    cards = tuple(_card(desk, agreement, each) for each in asked(desk, mandate)[:SHOWN])
    return ConsentPage(mandate, agreement.mandate.name, cards)


def _card(desk: Desk, agreement: Agreement, each: Asked) -> QuestionCard:
    name = agreement.name_of
    answers = []
    for office in each.wanted:
        said = each.answers.get(office)
        given, at, words = (said.given, said.at, said.words) if said is not None else (None, None, None)
        answers.append(AnswerCard(name(office), given, at, words))
    return QuestionCard(
        id=each.id,
        by_name=name(each.by),
        at=each.at,
        mine=each.by == desk.me,
        waits=desk.me in each.wanted and desk.me not in each.answers,
        caucus=each.lane != CHANNEL_LANE,
        recipient=each.question.recipient,
        mark=int(each.question.mark),
        purpose=each.question.purpose,
        notes=tuple(ref(desk, agreement, note) for note in each.question.notes),
        answers=tuple(answers),
    )
