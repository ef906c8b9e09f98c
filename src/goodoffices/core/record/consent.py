# SPDX-License-Identifier: Apache-2.0
"""Whether a briefing has the consent that its mandate asks for, each signed by who gave it (P4; ADR 0055).

A briefing made before consent was an act holds an officer's words instead; they are told as that. A record holds
no briefing, only the act of having made one: then what is missing is a remark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from goodoffices.core.act import CHANNEL_LANE, Act, ActType, check_signer
from goodoffices.core.briefing import Briefing, Sharing, Shown, ShownNote
from goodoffices.core.consent import (
    Answered,
    Consent,
    check_consent,
    holders,
    read_question,
    who_consents,
)
from goodoffices.core.errors import Foreign, GoodOfficesError, Malformed, WrongSigner
from goodoffices.core.mandate import Agreement, RecordUse
from goodoffices.core.note import Leaf
from goodoffices.core.record.account import Account, KeptAct
from goodoffices.core.record.findings import Cause, Finding, Flaw, Found, cause_of, signer_cause
from goodoffices.core.record.notes import signer_of
from goodoffices.core.statement import read_signed

_WHERE = "the briefing"


@dataclass(frozen=True)
class Judged:
    """What there is of consent: acts that hold, what does not, and what is only somebody's word."""

    needed: bool
    """Whether the mandate asks for anybody's consent to what is shown."""
    acts: tuple[KeptAct, ...]
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    """Offices that have not signed it, by name."""


def judge_consent(
    account: Account,
    agreement: Agreement,
    briefing: Briefing,
    raws: tuple[bytes, ...],
    shown: list[ShownNote],
) -> Judged:
    """Hold a briefing against its mandate's terms. After everything that it shows was examined."""
    needed = _needed(account, agreement, briefing, shown)
    offices = [each for each in agreement.mandate.path if any(each in lacks for lacks in needed.values())]
    if briefing.consents is None:
        if agreement.mandate.record_use == RecordUse.WITH_CONSENT_OF_ALL:
            offices = [each for each in agreement.mandate.path if each != briefing.office]
        return _by_word(agreement, briefing, offices)
    acts: list[KeptAct] = []
    findings: list[Finding] = []
    for at, raw in enumerate(raws, 1):
        try:
            acts.append(_act(raw, agreement, briefing, f"consent {at}"))
        except GoodOfficesError as error:
            expected = "an act by which consent to this briefing was asked, or given, by officers who may"
            findings.append(
                Finding(f"consent {at}", Flaw.BRIEFING_TERMS, expected, error.what, cause_of(error))
            )
    given, without = _given(acts, briefing), list[str]()
    for office in offices:
        if agreement.mandate.on_paper(office) and briefing.consent is not None:
            continue
        lacking = sum(office in lacks and office not in given[spot] for spot, lacks in needed.items())
        if lacking:
            without.append(agreement.name_of(office))
            expected = f"the signed consent of {agreement.name_of(office)}, for which the mandate asks"
            notes = "1 note" if lacking == 1 else f"{lacking} notes"
            findings.append(Finding(_WHERE, Flaw.BRIEFING_TERMS, expected, f"none for {notes} that it shows"))
    return Judged(bool(offices), tuple(acts), tuple(findings), (), tuple(without))


def _by_word(agreement: Agreement, briefing: Briefing, offices: list[bytes]) -> Judged:
    names = ", ".join(agreement.name_of(each) for each in offices)
    if not offices:
        return Judged(False, (), (), ())
    if briefing.consent is None:
        found = f"The mandate asks for the consent of {names}, and nothing is said of it."
        expected = "a briefing that the mandate allows"
        return Judged(True, (), (Finding(_WHERE, Flaw.BRIEFING_TERMS, expected, found),), ())
    remark = f"The consent of {names} is the word of who signed this briefing; nobody else has signed it."
    return Judged(True, (), (), (remark,))


def _needed(
    account: Account, agreement: Agreement, briefing: Briefing, shown: list[ShownNote]
) -> dict[tuple[bytes, bytes], frozenset[bytes]]:
    """By lane and note: whose consent it takes. What was done about a note counts as the note."""
    confidential = {
        each.signed.id
        for each in shown
        if any(isinstance(leaf, Shown) and leaf.label == Leaf.CONFIDENTIAL for leaf in each.leaves)
    }
    authors: dict[tuple[bytes, bytes], bytes | None] = {
        (kept.act.lane, kept.act.subject): None
        for kept in account.acts.values()
        if kept.act.subject is not None and kept.act.mandate == agreement.id
    }
    authors |= {
        (note.header.lane, note.id): note.header.author if note.id in confidential else None
        for note in account.notes.values()
        if note.header.mandate == agreement.id
    }
    mandate, office = agreement.mandate, briefing.office
    return {
        spot: needs
        for spot, author in authors.items()
        if (needs := who_consents(mandate, office, spot[0], author))
    }


def _act(raw: bytes, agreement: Agreement, briefing: Briefing, where: str) -> KeptAct:
    signed = read_signed(raw)
    act = signed.statement.read(Act, realm=agreement.realm)
    office = agreement.offices.get(act.author)
    if act.mandate != agreement.id or office is None:
        raise Foreign("It is an act under another mandate, or of an office that has no desk in this one.")
    if act.type != ActType.CONSENT:
        raise Malformed("It is an act of another type.")
    try:
        check_signer(signed, act, office, automatic=False)
    except WrongSigner as error:
        raise Found(signer_cause(signed, office, act.roster), error.what) from None
    check_consent(act)
    asks = act.code == Consent.ASKED and office.id == briefing.office
    if not asks and (act.code != Consent.GIVEN or office.id == briefing.office):
        raise Found(Cause.NOT_AGREED, "It neither asks for consent to this briefing nor gives it.")
    return KeptAct(signed.id, act, signer_of(office, act.roster, signed), False, where, None)


def _given(acts: list[KeptAct], briefing: Briefing) -> dict[tuple[bytes, bytes], frozenset[bytes]]:
    """By lane and note: who consented to a question that covers this briefing."""
    given: dict[tuple[bytes, bytes], frozenset[bytes]] = defaultdict(frozenset)
    for each in _answered(acts):
        if each.question.allows(briefing.recipient, briefing.mark, briefing.purpose):
            yes = {office for office, code in each.answers.items() if code == Consent.GIVEN}
            for note in each.question.notes:
                given[each.lane, note] |= yes
    return given


def _answered(acts: list[KeptAct]) -> Iterator[Answered]:
    answers: dict[bytes, dict[bytes, int]] = defaultdict(dict)
    for kept in acts:
        if kept.act.code == Consent.GIVEN and kept.act.evidence is not None:
            answers[kept.act.evidence][kept.act.author] = int(Consent.GIVEN)
    for kept in acts:
        question = read_question(kept.act.words) if kept.act.code == Consent.ASKED else None
        if question is not None:
            yield Answered(kept.id, kept.act.lane, question, answers[kept.id])


def remark_briefings(account: Account) -> Iterator[str]:
    """Where this office showed parts of the record, and the record lacks the consent that the mandate asks for.

    Which notes were shown the record does not say: a question for this third party that every other office holding
    the lane has once said yes to is enough.
    """
    office, least = account.manifest.office, _least_lacking(account)
    for kept in account.acts.values():
        act, (_, agreement) = kept.act, account.agreements[kept.act.mandate]
        if act.type != ActType.BRIEFED or act.author != office:
            continue
        if agreement.mandate.record_use != RecordUse.WITH_CONSENT_OF_ALL:
            continue
        label, _, recipient = (act.words or "").partition(" ")
        marks = [each for each in Sharing if label in {wide.label for wide in Sharing if wide <= each}]
        asked = [least[spot] for each in marks if (spot := (agreement.id, recipient, int(each))) in least]
        lacking = min(asked)[1] if asked else _others(agreement, agreement.mandate.path, office)
        if lacking:
            names = ", ".join(agreement.name_of(agreement.mandate.path[each]) for each in lacking)
            yield (
                f"{kept.where}: parts of the record were shown to a third party. The mandate asks for the consent of"
                f" all its offices, and this record holds none by {names}."
            )


def _least_lacking(account: Account) -> dict[tuple[bytes, str, int], tuple[int, tuple[int, ...]]]:
    """By mandate, third party and mark: of the questions of this office the one that the fewest left unanswered."""
    given: dict[bytes, set[bytes]] = defaultdict(set)
    for kept in account.acts.values():
        if kept.act.type == ActType.CONSENT and kept.act.code == Consent.GIVEN and kept.act.evidence:
            given[kept.act.evidence].add(kept.act.author)
    least: dict[tuple[bytes, str, int], tuple[int, tuple[int, ...]]] = {}
    for kept in account.acts.values():
        act, (_, agreement) = kept.act, account.agreements[kept.act.mandate]
        asks = act.type == ActType.CONSENT and act.code == Consent.ASKED
        if not asks or act.author != account.manifest.office:
            continue
        question = read_question(act.words)
        if question is None or act.lane not in (CHANNEL_LANE, *agreement.mandate.path):
            continue
        lacking = _others(agreement, holders(agreement.mandate, act.lane), act.author, *given[kept.id])
        spot = agreement.id, question.recipient, int(question.mark)
        rank = len(lacking), lacking
        least[spot] = min(least.get(spot, rank), rank)
    return least


def _others(agreement: Agreement, offices: Iterable[bytes], *without: bytes) -> tuple[int, ...]:
    """Their places on the path. An office on paper signs nothing."""
    left = {each for each in offices if not agreement.mandate.on_paper(each)} - set(without)
    return tuple(at for at, each in enumerate(agreement.mandate.path) if each in left)
