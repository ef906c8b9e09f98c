# SPDX-License-Identifier: Apache-2.0
"""What the page of assurances shows, as frozen dataclasses: on one page, for the principal."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.assurance import Became
from goodoffices.core.home_papers import WRITING
from goodoffices.desk.assurances.assurances import Assurances, Standing, warns_at
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.home_papers import pseudonym_of
from goodoffices.desk.pages import fitting

LATELY = 12
"""Notes that are offered as those that say what became of an assurance."""
EACH = 40
"""Assurances on one page, if their words leave room: the principal reads them together."""
ORDER = (Became.DISPUTED, Became.IN_FORCE, Became.LAPSED, Became.WITHDRAWN)


@dataclass(frozen=True)
class ChangeCard:
    """What became of one, and why."""

    became: int
    why: str
    at: int
    by: str
    until: int | None
    note: bytes | None
    note_name: str | None


@dataclass(frozen=True)
class AssuranceCard:
    """One assurance as it stands now. Times are ms UTC."""

    id: bytes
    state: int
    ends_soon: bool
    what: str
    conditions: tuple[str, ...]
    until: int | None
    note: bytes
    note_name: str
    author_name: str
    written: int
    by: str
    note_withdrawn: bool
    changes: tuple[ChangeCard, ...]
    to_name: str
    """To whom it was promised."""


@dataclass(frozen=True)
class NoteBehind:
    """The note from which an assurance is about to be written down."""

    id: bytes
    name: str


@dataclass(frozen=True)
class AssurancesPage:
    """Every assurance, what presses first."""

    cards: tuple[AssuranceCard, ...]
    first: int
    """Which the first one on this page is, from 0; earlier ones press more."""
    further: int | None
    """Which one the next page begins with."""
    behind: NoteBehind | None
    changing: bytes | None
    """The one of which an officer is about to state what became of it."""
    said_by: tuple[NoteBehind, ...]
    """Notes that may say what became of that one: the newest of its lane."""
    may_write: bool


def assurances_page(
    context: Context,
    officer: Officer,
    behind: bytes | None,
    now: int,
    first: int = 0,
    changing: bytes | None = None,
) -> AssurancesPage:
    """Assurances from one on; ``behind``: the note from which the next one is to be written down.

    ``changing``: the one of which it is to be stated what became of it; it stands on the page that is shown.
    """
    every = sorted(
        (_card(context, each, now) for each in Assurances(context).every()),
        key=lambda each: (ORDER.index(Became(each.state)), each.until is None, each.until or 0),
    )
    name = _name(context, behind) if behind is not None else None
    at = next((at for at, each in enumerate(every) if each.id == changing), None)
    if at is not None and not first <= at < first + EACH:
        first = at
    first = min(first, max(0, len(every) - 1))
    cards = every[first : first + fitting(map(_written, every[first:]), EACH)]
    return AssurancesPage(
        tuple(cards),
        first,
        first + len(cards) if first + len(cards) < len(every) else None,
        NoteBehind(behind, name) if behind is not None and name is not None else None,
        changing if at is not None else None,
        _lately(context, every[at].note) if at is not None else (),
        bool(context.my_office().roster.rights(officer.public) & WRITING),
    )


def _written(card: AssuranceCard) -> str:
    return "".join((card.what, *card.conditions, *(each.why for each in card.changes)))


def _name(context: Context, note_id: bytes) -> str | None:
    note = context.ledger.note(note_id)
    if note is None:
        return None
    return f"{context.ledger.agreement(note.mandate).name_of(note.author)} {note.number}"


def _author(context: Context, note_id: bytes) -> str:
    note = context.ledger.note(note_id)
    return "?" if note is None else context.ledger.agreement(note.mandate).name_of(note.author)


def _recipient(context: Context, note_id: bytes) -> str:
    note = context.ledger.note(note_id)
    return "?" if note is None else context.ledger.agreement(note.mandate).name_of(note.recipient)


def _lately(context: Context, note_id: bytes) -> tuple[NoteBehind, ...]:
    note = context.ledger.note(note_id)
    if note is None:
        return ()
    path = list(context.ledger.agreement(note.mandate).mandate.path)
    newest = context.ledger.newest_of(note.mandate, note.lane, path, LATELY)
    return tuple(NoteBehind(each, _name(context, each) or "?") for each in newest if each != note_id)


def _card(context: Context, each: Standing, now: int) -> AssuranceCard:
    found = each.assurance
    state, near = each.state(now), warns_at(found.time[0], each.until)
    return AssuranceCard(
        id=each.id,
        state=int(state),
        ends_soon=state in (Became.IN_FORCE, Became.DISPUTED) and near is not None and now >= near,
        what=found.what,
        conditions=found.conditions,
        until=each.until,
        note=found.note,
        note_name=_name(context, found.note) or "?",
        author_name=_author(context, found.note),
        written=found.time[0],
        by=pseudonym_of(context, each.signer, found.roster),
        note_withdrawn=each.note_withdrawn,
        to_name=_recipient(context, found.note),
        changes=tuple(
            ChangeCard(
                change.became,
                change.why,
                change.time[0],
                pseudonym_of(context, signer, change.roster),
                change.until,
                change.note,
                _name(context, change.note) if change.note is not None else None,
            )
            for change, signer in each.changes
        ),
    )
