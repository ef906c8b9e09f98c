# SPDX-License-Identifier: Apache-2.0
"""The ladder: from signed acts to the rungs that people read (docs/format.md §6.3).

Each rung has its time and its signer, and says whose word it is: the author's own statement, the
intermediary's word, or signed by the far party itself. Time is what the signer's clock said.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from goodoffices.core.act import BY_DESK, Act, ActType
from goodoffices.core.mandate import Mandate


class Rung(StrEnum):
    """The rungs by the names that stand on screen and in the drill's results."""

    RELEASED = "released"
    ON_RELAY = "on a relay"
    AT_DESK = "at the desk"
    SEEN = "seen"
    FORWARDED = "forwarded"
    AT_FAR_DESK = "at the far desk"
    OPENED = "opened"
    WITH_PRINCIPAL = "with the principal"
    ACKNOWLEDGED = "acknowledged"
    HANDED_OVER = "handed over"
    REFUSED = "refused"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ALTERED = "altered"


class Word(StrEnum):
    """Whose word a rung is."""

    AUTHOR = "the author's own statement"
    INTERMEDIARY = "the intermediary's word"
    READER = "signed by the reader"


_ORDER = {rung: at for at, rung in enumerate(Rung)}
_RUNGS: dict[int, Rung] = {
    ActType.ON_RELAY: Rung.ON_RELAY,
    ActType.SEEN: Rung.SEEN,
    ActType.FORWARDED: Rung.FORWARDED,
    ActType.OPENED: Rung.OPENED,
    ActType.WITH_PRINCIPAL: Rung.WITH_PRINCIPAL,
    ActType.ACKNOWLEDGED: Rung.ACKNOWLEDGED,
    ActType.HANDED_OVER: Rung.HANDED_OVER,
    ActType.REFUSED: Rung.REFUSED,
    ActType.RETURNED: Rung.RETURNED,
    ActType.WITHDRAWN: Rung.WITHDRAWN,
    ActType.EXPIRED: Rung.EXPIRED,
    ActType.ALTERED: Rung.ALTERED,
}


class Step(NamedTuple):
    """One rung reached."""

    rung: Rung
    office: bytes
    at: int
    quality: int
    case_at: int | None
    by_desk: bool
    signer: str
    word: Word
    act: bytes
    code: int | None = None
    words: str | None = None


def whose_word(act: Act, author: bytes, recipient: bytes) -> Word:
    """Whose word an act about a note from ``author`` to ``recipient`` is."""
    if act.author == author:
        return Word.AUTHOR
    return Word.READER if act.author == recipient else Word.INTERMEDIARY


_AUTHORS = frozenset({ActType.ON_RELAY, ActType.WITHDRAWN})
_READERS = frozenset({ActType.OPENED, ActType.WITH_PRINCIPAL, ActType.ACKNOWLEDGED})
_PASSERS = frozenset(
    {
        ActType.SEEN,
        ActType.FORWARDED,
        ActType.REFUSED,
        ActType.RETURNED,
        ActType.EXPIRED,
        ActType.HANDED_OVER,
        ActType.TRANSCRIPT,
    }
)


def has_part(act: Act, author: bytes, recipient: bytes) -> bool:
    """Whether this act is its author's to do about a note from ``author`` to ``recipient``.

    Only the author withdraws, only the reader opens or acknowledges, only who stands between passes
    on, refuses or returns. A signature by anybody else is kept in the record but is no rung.
    """
    if act.type in _AUTHORS:
        return act.author == author
    if act.type in _READERS:
        return act.author == recipient
    if act.type in _PASSERS:
        return act.author not in (author, recipient)
    return act.author != author


def climb(
    mandate: Mandate,
    author: bytes,
    recipient: bytes,
    acts: Iterable[tuple[bytes, Act, str, bool]],
) -> list[Step]:
    """The rungs of one note, from (act ID, act, signer's name, signed by the desk), oldest first."""
    steps = []
    for act_id, act, signer, by_desk in acts:
        if not has_part(act, author, recipient):
            continue
        if act.type == ActType.AT_DESK:
            far = act.author == recipient and mandate.is_party(recipient)
            rung = Rung.AT_FAR_DESK if far else Rung.AT_DESK
        elif act.type in _RUNGS:
            rung = _RUNGS[act.type]
        else:
            continue
        steps.append(
            Step(
                rung,
                act.author,
                act.time[0],
                act.time[1],
                act.case_at,
                by_desk or act.type in BY_DESK,
                signer,
                whose_word(act, author, recipient),
                act_id,
                act.code,
                act.words,
            )
        )
    return sorted(steps, key=lambda step: (step.at, _ORDER[step.rung]))
