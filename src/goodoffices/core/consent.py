# SPDX-License-Identifier: Apache-2.0
"""Consent to a briefing: asked, given and refused, each as an act of the office that says so (ADR 0055).

An act of type CONSENT says by its code which of the three it is. What is asked stands in its words, so that a
reader without this software sees what was signed, and an answer names the question by its ID:

    for: <the third party>
    mark: <sharing mark of TLP 2.0, the widest>
    note: <ID of a note that may be shown, whole or in part, with what was done about it>    once for each

and, where one is stated, an empty line and the purpose. The last answer of an office counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from goodoffices.core.act import CHANNEL_LANE, Act, ActType
from goodoffices.core.briefing import Sharing
from goodoffices.core.errors import Malformed, YourError
from goodoffices.core.fields import one_line
from goodoffices.core.mandate import Disclosure, Mandate, RecordUse

MAX_NOTES = 80
MAX_PURPOSE = 2000
"""UTF-8 bytes."""
MAX_WORDS = 8000

_LINE = one_line(200)
_FORM = re.compile(
    r"for: ([^\n]+)\nmark: (TLP:[A-Z+]+)((?:\nnote: [0-9a-f]{64}){1,80})(?:\n\n(.+))?", re.DOTALL
)
_MARKS = {each.label: each for each in Sharing}


class Consent(IntEnum):
    """Codes of an act of type CONSENT. An unknown one is shown by its number."""

    ASKED = 1
    GIVEN = 2
    REFUSED = 3
    """Also of what was given before."""


@dataclass(frozen=True)
class Question:
    """What the other offices are asked to agree to: a briefing for whom, no wider than ``mark``, of which notes."""

    recipient: str
    mark: Sharing
    notes: tuple[bytes, ...]
    purpose: str | None = None

    def allows(self, recipient: str, mark: int, purpose: str | None) -> bool:
        """Whether a briefing for somebody, so marked and so purposed, is what was asked."""
        return (self.recipient, self.purpose) == (recipient, purpose) and mark <= self.mark

    def covers(self, recipient: str, mark: int, purpose: str | None, note: bytes) -> bool:
        """Whether showing a note, or what was done about it, in such a briefing is what was asked."""
        return self.allows(recipient, mark, purpose) and note in self.notes


def write_question(question: Question) -> str:
    """The words of the act; raises YourError where a line is missing or hides something, or all is too long."""
    try:
        _LINE(question.recipient)
    except ValueError:
        raise YourError(
            "The third party takes one visible line of at most 200 bytes.", "Correct it, then ask."
        ) from None
    if not 1 <= len(set(question.notes)) <= MAX_NOTES:
        raise YourError(f"Consent is asked for 1 to {MAX_NOTES} notes at once.", "Choose others, or fewer.")
    notes = "".join(f"\nnote: {each.hex()}" for each in sorted(set(question.notes)))
    words = f"for: {question.recipient}\nmark: {question.mark.label}{notes}"
    if question.purpose is not None:
        words += f"\n\n{question.purpose}"
    purpose = (question.purpose or "").encode("utf-8", "surrogatepass")
    if len(purpose) > MAX_PURPOSE or len(words.encode("utf-8", "surrogatepass")) > MAX_WORDS:
        raise YourError(f"The purpose is longer than {MAX_PURPOSE} bytes.", "Shorten it.")
    return words


def read_question(words: str | None) -> Question | None:
    """What an act asks, or None where its words have another form."""
    found = _FORM.fullmatch(words or "")
    if found is None or found[2] not in _MARKS:
        return None
    try:
        _LINE(found[1])
    except ValueError:
        return None
    notes = tuple(bytes.fromhex(each) for each in re.findall("[0-9a-f]{64}", found[3]))
    return Question(found[1], _MARKS[found[2]], notes, found[4])


def check_consent(act: Act) -> None:
    """Raise Malformed where an act of type CONSENT says nothing that could be read."""
    if act.type != ActType.CONSENT:
        return
    if act.code == Consent.ASKED and read_question(act.words) is None:
        raise Malformed("A question for consent that does not say to what.")
    if act.code in (Consent.GIVEN, Consent.REFUSED) and act.evidence is None:
        raise Malformed("An answer to no question for consent.")


def holders(mandate: Mandate, lane: bytes) -> tuple[bytes, ...]:
    """The offices that hold what stands in a lane: every one of the path, or a party and its neighbour."""
    return mandate.path if lane == CHANNEL_LANE else (lane, *mandate.neighbours(lane))


def who_consents(
    mandate: Mandate, office: bytes, lane: bytes, confidential_of: bytes | None
) -> frozenset[bytes]:
    """Whose consent it takes that ``office`` shows a note of ``lane``, by the mandate's terms.

    ``confidential_of``: the note's author where the note is confidential (leaf 10) and that is shown.
    """
    needed: set[bytes] = set()
    if mandate.record_use == RecordUse.WITH_CONSENT_OF_ALL:
        needed |= set(holders(mandate, lane))
    if lane != CHANNEL_LANE and mandate.disclosure == Disclosure.ONLY_WITH_CONSENT:
        needed.add(lane)
    if confidential_of is not None:
        needed.add(confidential_of)
    return frozenset(needed - {office})


@dataclass(frozen=True)
class Answered:
    """A question with the answers that it has: by office, the last one's code."""

    id: bytes
    lane: bytes
    question: Question
    answers: Mapping[bytes, int]
