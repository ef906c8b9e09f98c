# SPDX-License-Identifier: Apache-2.0
"""Consent to a briefing at one desk: asked, answered, and gathered for the briefing itself (ADR 0055).

A question and its answers are acts like others: signed by officers who may release, chained, carried along
the path to every office of the lane, and kept in every record for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from goodoffices.core.act import CHANNEL_LANE, Act, ActType
from goodoffices.core.briefing import MAX_CONSENTS, why_not
from goodoffices.core.consent import (
    MAX_WORDS,
    Consent,
    Question,
    holders,
    read_question,
    who_consents,
    write_question,
)
from goodoffices.core.errors import NotAllowed, NotFound, YourError
from goodoffices.core.mandate import Agreement
from goodoffices.core.office import Right
from goodoffices.core.statement import read_signed
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk


@dataclass(frozen=True)
class Answer:
    """An office's last answer to a question. ``at``: ms UTC by its clock; ``raw``: the signed act."""

    office: bytes
    given: bool
    at: int
    words: str | None
    raw: bytes


@dataclass
class Asked:
    """A question for consent with the answers that are here. ``wanted``: offices with a desk that answer."""

    id: bytes
    by: bytes
    at: int
    lane: bytes
    question: Question
    wanted: tuple[bytes, ...]
    raw: bytes
    answers: dict[bytes, Answer] = field(default_factory=dict)


def asked(desk: Desk, mandate: bytes) -> list[Asked]:
    """Every question for consent under a mandate, newest first."""
    agreement = desk.ledger.agreement(mandate)
    acts = []
    for row in desk.ledger.acts_of_type(mandate, ActType.CONSENT):
        signed = read_signed(row.signed)
        acts.append((row.id, row.signed, signed.statement.read(Act)))
    found: dict[bytes, Asked] = {}
    for act_id, raw, act in acts:
        question = read_question(act.words) if act.code == Consent.ASKED else None
        if question is not None:
            wanted = tuple(
                each
                for each in holders(agreement.mandate, act.lane)
                if each in agreement.offices and each != act.author
            )
            found[act_id] = Asked(act_id, act.author, act.time[0], act.lane, question, wanted, raw)
    for _, raw, act in acts:
        known = found.get(act.evidence) if act.evidence is not None else None
        if known is not None and act.code in (Consent.GIVEN, Consent.REFUSED) and act.author in known.wanted:
            given = act.code == Consent.GIVEN
            known.answers[act.author] = Answer(act.author, given, act.time[0], act.words, raw)
    return list(reversed(found.values()))


def open_here(desk: Desk, mandate: bytes) -> int:
    """How many questions of other offices this one has not answered."""
    return sum(desk.me in each.wanted and desk.me not in each.answers for each in asked(desk, mandate))


def ask(desk: Desk, officer: Officer, mandate: bytes, lane: bytes, question: Question, now: int) -> bytes:
    """Ask every other office of the lane; returns the question's ID. Raises NotAllowed where no consent would help."""
    desk.acts.require(officer, Right.RELEASE)
    agreement = desk.ledger.agreement(mandate)
    against = why_not(agreement.mandate)
    if against is not None:
        raise NotAllowed(against, "Agree on another mandate.")
    words = write_question(question)
    rows = [desk.ledger.note(each) for each in question.notes]
    if any(row is None or (row.mandate, row.lane) != (mandate, lane) for row in rows):
        raise NotFound("A note that was chosen is not in this lane of the channel.")
    others = [
        each for each in holders(agreement.mandate, lane) if each in agreement.offices and each != desk.me
    ]
    if not others:
        raise YourError("There is nobody to ask: no other office of this lane has a desk.")
    with desk.context.transaction():
        signed = desk.channels.do(
            agreement,
            ActType.CONSENT,
            now,
            recipient=_towards(desk, agreement, lane, others),
            lane=lane,
            officer=officer,
            code=int(Consent.ASKED),
            words=words,
        )
        desk.lines.flush_all(now)
    return signed.id


def _towards(desk: Desk, agreement: Agreement, lane: bytes, others: list[bytes]) -> bytes:
    """Whom an act is addressed to so that it travels past everybody else."""
    parties = agreement.mandate.parties
    if lane == CHANNEL_LANE and desk.me in parties:
        far = agreement.mandate.far_party(desk.me)
        return far if far in others else others[-1] if desk.me == parties[0] else others[0]
    return others[0]


def answer(desk: Desk, officer: Officer, question: bytes, given: bool, words: str | None, now: int) -> bytes:
    """Give consent, or refuse it; also after another answer, which then no longer counts."""
    desk.acts.require(officer, Right.RELEASE)
    row = desk.ledger.act(question)
    act = read_signed(row.signed).statement.read(Act) if row is not None else None
    known = None
    if act is not None and act.type == ActType.CONSENT:
        known = next((each for each in asked(desk, act.mandate) if each.id == question), None)
    if act is None or known is None or desk.me not in known.wanted:
        raise NotFound("There is no such question for this office's consent.")
    if words is not None and len(words.encode("utf-8", "surrogatepass")) > MAX_WORDS:
        raise YourError(f"The reason is longer than {MAX_WORDS} bytes.", "Shorten it.")
    with desk.context.transaction():
        signed = desk.channels.do(
            desk.ledger.agreement(act.mandate),
            ActType.CONSENT,
            now,
            recipient=act.author,
            lane=act.lane,
            officer=officer,
            code=int(Consent.GIVEN if given else Consent.REFUSED),
            evidence=question,
            words=words,
        )
        desk.lines.flush_all(now)
    return signed.id


def gathered(
    desk: Desk, mandate: bytes, recipient: str, mark: int, purpose: str | None, notes: Iterable[bytes]
) -> tuple[bytes, ...]:
    """Signed acts by which what such a briefing shows was consented to: own questions, newest first, and yeses."""
    wanted, found = set(notes), list[bytes]()
    for each in asked(desk, mandate):
        covered = any(each.question.covers(recipient, mark, purpose, note) for note in wanted)
        yes = [answer.raw for answer in each.answers.values() if answer.given]
        if each.by == desk.me and covered and yes and len(found) + 1 + len(yes) <= MAX_CONSENTS:
            found += [each.raw, *yes]
    return tuple(found)


def needs_of(desk: Desk, mandate: bytes, lane: bytes) -> frozenset[bytes]:
    """Whose consent it takes here, by the mandate's terms, to show a note of a lane that is not confidential."""
    return who_consents(desk.ledger.agreement(mandate).mandate, desk.me, lane, None)
