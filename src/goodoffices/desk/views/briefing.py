# SPDX-License-Identifier: Apache-2.0
"""The page on which a briefing is put together: a channel's notes in parts, and the acts about them (ADR 0020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.briefing import why_not
from goodoffices.core.extract import read_extract
from goodoffices.core.filled import printed
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import Leaf, read_inside
from goodoffices.desk.consent import needs_of
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.pages import fitting
from goodoffices.desk.views.agreed import ReportView, extracts_here
from goodoffices.desk.views.custody import signed_at

MOST = 12
"""Notes on one page, the newest first; each part and act of one is a box to tick."""

_ACTS = {
    int(ActType.ON_RELAY): "on a relay",
    int(ActType.AT_DESK): "at the desk",
    int(ActType.SEEN): "seen",
    int(ActType.FORWARDED): "forwarded",
    int(ActType.REFUSED): "refused",
    int(ActType.RETURNED): "returned",
    int(ActType.REMARK): "covering remark",
    int(ActType.OPENED): "opened",
    int(ActType.WITH_PRINCIPAL): "with the principal",
    int(ActType.ACKNOWLEDGED): "acknowledged",
    int(ActType.WITHDRAWN): "withdrawn",
    int(ActType.ALTERED): "altered",
    int(ActType.EXPIRED): "expired",
    int(ActType.HANDED_OVER): "handed over",
    int(ActType.TRANSLATION): "translation",
    int(ActType.REWORDING): "rewording",
}


def step(act: int) -> str:
    """The rung that an act of this type is, by its name on pages; empty for another act."""
    return _ACTS.get(act, "")


@dataclass(frozen=True)
class PartCard:
    """One field or paragraph of a note. ``label``: its number in the format.

    ``text``: a paragraph, what a field of its form says, or the words of a report that it brings.
    """

    at: int
    label: int
    text: str | None


@dataclass(frozen=True)
class ActCard:
    """An act about a note. ``what``: a rung's name, or None; ``at`` in ms UTC."""

    id: bytes
    what: str | None
    author: str
    at: int


@dataclass(frozen=True)
class NoteCard:
    """A note that may be shown. Without ``parts`` its words are not before this office."""

    id: bytes
    author: str
    number: int
    at: int
    parts: tuple[PartCard, ...]
    acts: tuple[ActCard, ...]


@dataclass(frozen=True)
class BriefingPage:
    """A channel from which something may be shown. ``against``: why the mandate does not let it."""

    id: bytes
    name: str
    record_use: int
    against: str | None
    asks_consent: bool
    has_paper: bool
    notes: tuple[NoteCard, ...]
    older: int | None
    """The place before which there are more."""
    extracts: tuple[ReportView, ...]
    """Reports that were let out of this office's incident files lately."""


def briefing_page(
    desk: Desk, mandate: bytes, before: int | None = None, picked: Sequence[bytes] = ()
) -> BriefingPage:
    """What the page shows; the newest notes first. ``before``: those that came before this place in the record.

    ``picked``: these notes and no others, wherever they stand in the record.
    """
    agreement, ledger = desk.ledger.agreement(mandate), desk.ledger
    path = agreement.mandate.path
    lanes = [lane for lane in (CHANNEL_LANE, *path) if ledger.places_before(mandate, [lane], path, None, 1)]
    places = ledger.places_before(mandate, lanes, path, before, MOST + 1)
    if picked:
        places = sorted(ledger.place_of(each) for each in picked if _in_channel(desk, mandate, each))
    rows = ledger.notes_at(places[-MOST:])
    texts = (_text(desk, row) for row in reversed(rows))
    rows = rows[len(rows) - fitting(texts, MOST) :] if rows else []
    notes = []
    for row in reversed(rows):
        inside = desk.channels.words_inside(row)
        opened = read_inside(inside) if inside else None
        leaves = opened.leaves if opened else ()
        parts = tuple(
            PartCard(at, label, _said(agreement.mandate, leaves, label, value))
            for at, (label, value) in enumerate(leaves)
        )
        acts = tuple(
            ActCard(act.id, step(act.type) or None, agreement.name_of(act.author), signed_at(act))
            for act in desk.ledger.acts_about(row.id)
        )
        at = opened.note.time[0] if opened else row.at
        notes.append(NoteCard(row.id, agreement.name_of(row.author), row.number, at, parts, acts))
    return BriefingPage(
        mandate,
        agreement.mandate.name,
        agreement.mandate.record_use,
        why_not(agreement.mandate),
        any(needs_of(desk, mandate, lane) for lane in {CHANNEL_LANE, *lanes}),
        agreement.mandate.has_paper,
        tuple(notes),
        places[-len(rows)] if len(rows) < len(places) else None,
        extracts_here(desk.context),
    )


def _said(mandate: Mandate, leaves: Sequence[tuple[int, Any]], label: int, value: Any) -> str | None:
    if label == Leaf.PARAGRAPH and isinstance(value, str):
        return value
    if label == Leaf.REPORT:
        return read_extract(value).report.what
    by = dict(leaves)
    form = mandate.agreed_forms.get(by.get(Leaf.FORM, b""))
    if label != Leaf.FIELD or form is None or by[Leaf.LANGUAGE] not in form.languages:
        return None
    return printed(form, (value,), by[Leaf.LANGUAGE]).partition("\n\n")[2]


def _in_channel(desk: Desk, mandate: bytes, note: bytes) -> bool:
    row = desk.ledger.note(note)
    return row is not None and row.mandate == mandate


def _text(desk: Desk, row: NoteRow) -> str:
    inside = desk.channels.words_inside(row)
    return "".join(str(value) for _, value in read_inside(inside).leaves) if inside else ""
