# SPDX-License-Identifier: Apache-2.0
"""What waits for an act of this office: found by index, so that a long record costs a page nothing."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.mandate import Agreement, Precedence
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import NoteRow


@dataclass(frozen=True)
class Waiting:
    """A note that waits for an act of this office."""

    note: bytes
    mandate: bytes
    channel: str
    what: str
    """forward | open"""
    number: int
    author_name: str
    recipient_name: str
    caucus: bool
    precedence: int
    label: str
    since: int
    due: int | None
    late: bool
    taken: bool


def label_of(agreement: Agreement, precedence: int) -> str:
    """The label that the mandate gives a precedence, or our own."""
    own = (agreement.mandate.labels or {}).get(precedence)
    return own or Precedence(precedence).name


def told_apart(named: Sequence[tuple[str, str]]) -> list[str]:
    """Names out of (name, mark): those that look alike get their marks beside them.

    Nobody owns a name. An intermediary can introduce a second office, or propose a second mandate, under
    a name that is here already, and an officer chooses by what he sees.
    """
    alike = [" ".join(unicodedata.normalize("NFKC", name).casefold().split()) for name, _ in named]
    counts = Counter(alike)
    return [f"{name} ({mark})" if counts[alike[at]] > 1 else name for at, (name, mark) in enumerate(named)]


def note_count(desk: Desk, mandate: bytes) -> int:
    """How many notes of a channel are here."""
    row = desk.ledger.db.execute("SELECT count(*) FROM note WHERE mandate=?", (mandate,)).fetchone()
    return int(row[0])


def waiting_notes(desk: Desk, now: int) -> tuple[Waiting, ...]:
    """Notes to forward (expired ones are not: they ask for nothing by themselves) and notes to open."""
    found: list[Waiting] = []
    for mandate_id in desk.ledger.mandates():
        agreement = desk.ledger.agreement(mandate_id)
        mandate = agreement.mandate
        if desk.me not in mandate.path:
            continue
        for note in desk.ledger.unsettled(mandate_id, desk.me, now):
            if note.recipient == desk.me:
                found.append(_waiting(desk, agreement, note, "open", now))
            elif desk.channels.why_not_forward(note, agreement, now) is None:
                found.append(_waiting(desk, agreement, note, "forward", now))
    return tuple(
        sorted(found, key=lambda each: (each.due or each.since + mandate_clock(desk, each), each.since))
    )


def mandate_clock(desk: Desk, waiting: Waiting) -> int:
    """The mandate's clock for a waiting note's precedence: used to order notes that have no due time."""
    return desk.ledger.agreement(waiting.mandate).mandate.clock(waiting.precedence)


def _waiting(desk: Desk, agreement: Agreement, note: NoteRow, what: str, now: int) -> Waiting:
    due = note.at + agreement.mandate.clock(note.precedence) if what == "forward" else None
    return Waiting(
        note=note.id,
        mandate=agreement.id,
        channel=agreement.mandate.name,
        what=what,
        number=note.number,
        author_name=agreement.name_of(note.author),
        recipient_name=agreement.name_of(note.recipient),
        caucus=note.lane != CHANNEL_LANE,
        precedence=note.precedence,
        label=label_of(agreement, note.precedence),
        since=note.at,
        due=due,
        late=due is not None and now > due,
        taken=desk.acts.has_act(note.id, ActType.SEEN),
    )
