# SPDX-License-Identifier: Apache-2.0
"""Acts: anything that somebody did and signed, other than writing a note (docs/format.md §6).

An act stands alone: it names mandate, author, recipient, lane, its place in its author's chain,
roster and time. A **lane** is the channel itself (every office of the path holds its acts) or a
party's *caucus* with the intermediary (only those two do). Each author has one chain per mandate and
lane, so that a far reader can check it end to end and learns nothing of a caucus that is not his
(ADR 0004). With every start a desk opens a new incarnation, so that a restored vault forks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from goodoffices.core.errors import Foreign, Malformed, NewerVersion, WrongSigner
from goodoffices.core.fields import ID, INCARNATION, MAX_TIME, TIME, data, key, one_of, optional, text, uint
from goodoffices.core.office import Office, Right, require_version
from goodoffices.core.statement import Content, Kind, Signed

CHANNEL_LANE = bytes(32)
"""The lane between the parties. A caucus lane is named by the ID of the party whose caucus it is."""

HOME_LANE = b"\xff" * 32
"""The lane of acts that the mandate does not let travel: kept at home, in a chain of their own."""

SEALED = 129
"""Field of an act whose words are for some only: they, sealed (``core.beside``)."""

MAX_SEAL = 100_000
"""Bytes of it."""

CASE_AT = 128
"""Field of a drill's acts and notes: the time that the case is played at (ms UTC)."""


class ActType(IntEnum):
    """What was done. Numbers are never reused; an unknown one is shown as "newer version"."""

    AT_DESK = 1
    """Arrived at a desk (the desk's own signature)."""
    SEEN = 2
    """An officer of an intermediary took it and saw what there is to see."""
    FORWARDED = 3
    """Passed on, verbatim. By the desk's signature when the mandate says automatic."""
    REFUSED = 4
    """Will not be forwarded, with the reason."""
    RETURNED = 5
    """Handed back to its author with a question, may be sent again."""
    REMARK = 6
    """The intermediary's own covering words beside a note, never in it."""
    OPENED = 7
    WITH_PRINCIPAL = 8
    ACKNOWLEDGED = 9
    WITHDRAWN = 10
    COMPARED = 11
    """A party's officer compared the mandate's check digits with the other party."""
    ALTERED = 12
    """A reader found that what arrived is not what its author signed."""
    ON_RELAY = 13
    """The author's own statement: a relay has accepted it."""
    EXPIRED = 14
    """The desk found the note expired before it was forwarded."""
    BRIEFED = 15
    """Parts of the record were shown to a third party; kept at home. Evidence is the briefing's ID."""
    HANDED_OVER = 18
    """An officer of an intermediary gave the printed sheet to a person (``core.handing``)."""
    TRANSCRIPT = 19
    """The intermediary's own record of a paper or spoken reply: never its party's signed words (P14)."""
    TRANSLATION = 20
    """A graded translation beside a note (``core.beside``)."""
    REWORDING = 21
    """A note's matter in the intermediary's own words, beside it."""
    CONSENT = 48
    """Consent to a briefing: asked, given or refused (``core.consent``)."""


class Acknowledgement(IntEnum):
    """Kinds of acknowledgement. None of them means consent."""

    READ = 1
    CONSIDERING = 2
    REPLY_FOLLOWS = 3
    ANSWERED = 4


class ProofKind(IntEnum):
    """Who can be shown that the words are the author's."""

    TRANSFERABLE = 1
    """Anybody: a signature (note verbale)."""
    CHANNEL_ONLY = 2
    """Reserved: the offices of the channel (aide-mémoire)."""
    READER_ONLY = 3
    """Reserved: the reader alone (non-paper)."""


WORDS_OF_ITS_OWN: frozenset[int] = frozenset(
    {ActType.REMARK, ActType.TRANSCRIPT, ActType.TRANSLATION, ActType.REWORDING}
)
"""Acts by which words are added; the mandate says how many of an intermediary's officers that takes."""

BY_DESK: frozenset[int] = frozenset({ActType.AT_DESK, ActType.ON_RELAY, ActType.ALTERED, ActType.EXPIRED})
"""Acts that the desk signs by itself. Everything else is an officer's."""

NEEDS: dict[int, Right] = {
    ActType.SEEN: Right.DUTY,
    ActType.FORWARDED: Right.DUTY,
    ActType.REFUSED: Right.DUTY,
    ActType.RETURNED: Right.DUTY,
    ActType.REMARK: Right.DUTY,
    ActType.HANDED_OVER: Right.DUTY,
    ActType.TRANSCRIPT: Right.DUTY,
    ActType.TRANSLATION: Right.DUTY | Right.RELEASE,
    ActType.REWORDING: Right.DUTY,
    ActType.OPENED: Right.DUTY,
    ActType.WITH_PRINCIPAL: Right.DUTY,
    ActType.ACKNOWLEDGED: Right.DUTY,
    ActType.WITHDRAWN: Right.RELEASE,
    ActType.COMPARED: Right.KEYS,
    ActType.BRIEFED: Right.RELEASE,
    ActType.CONSENT: Right.RELEASE,
}


@dataclass(frozen=True, kw_only=True)
class Act(Content):
    """One signed act. Fields 1 to 10 are the same in a note."""

    KIND: ClassVar[Kind] = Kind.ACT
    mandate: bytes = key(1, ID)
    author: bytes = key(2, ID)
    recipient: bytes = key(3, ID)
    lane: bytes = key(4, ID)
    incarnation: bytes = key(5, INCARNATION)
    sequence: int = key(6, uint(2**32))
    previous: bytes | None = key(7, optional(ID), default=None)
    roster: int = key(8, uint(2**32))
    proof: int = key(9, one_of(1, 2, 3))
    time: tuple[int, int] = key(10, TIME)
    type: int = key(11, uint(2**16))
    subject: bytes | None = key(12, optional(ID), default=None)
    code: int | None = key(13, optional(uint(2**16)), default=None)
    words: str | None = key(14, optional(text(8000)), default=None)
    evidence: bytes | None = key(15, optional(ID), default=None)
    case_at: int | None = key(CASE_AT, optional(uint(MAX_TIME)), default=None)
    sealed: bytes | None = key(SEALED, optional(data(1, MAX_SEAL)), default=None)


def check_place(sequence: int, previous: bytes | None) -> None:
    """Raise Malformed unless a place in a chain is one: counted from 1, only the first follows nothing."""
    if sequence < 1 or (previous is None) != (sequence == 1):
        raise Malformed("Only the first act or note of a chain has none before it.")


def check_signer(signed: Signed, act: Act, office: Office, *, automatic: bool, words_need: int = 1) -> None:
    """Raise WrongSigner unless the act is signed as its type demands.

    ``automatic``: the mandate lets this office's desk forward by its own signature. ``words_need``: how
    many officers it takes to add words (``core.beside.words_need``).
    """
    if act.author != office.id or signed.statement.realm != office.realm:
        raise Foreign("An act held against the credential of an office that is not its author.")
    if act.proof != ProofKind.TRANSFERABLE:
        raise NewerVersion(f"An act of proof kind {act.proof}, which is reserved.")
    check_place(act.sequence, act.previous)
    roster = require_version(office, act.roster)
    signed.verify()
    signers = set(signed.signers)
    if act.type in BY_DESK or (act.type == ActType.FORWARDED and automatic and signers == {roster.desk}):
        if signers != {roster.desk}:
            raise WrongSigner(f"An act that {office.name}'s desk signs is signed by somebody else.")
        return
    needed = NEEDS.get(act.type)
    for signer in signers:
        rights = roster.rights(signer)
        if not rights or (needed is not None and not rights & needed):
            raise WrongSigner(f"An act signed by somebody without the right at {office.name}.")
    if act.type in WORDS_OF_ITS_OWN and len(signers) < words_need:
        raise WrongSigner(f"{len(signers)} of {words_need} officers needed to add words signed this act.")
