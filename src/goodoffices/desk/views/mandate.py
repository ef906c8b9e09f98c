# SPDX-License-Identifier: Apache-2.0
"""The mandate's pages: its terms, who has signed, the digits to compare, and what a new one is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goodoffices.core.codebook import CodeBook
from goodoffices.core.digits import grouped
from goodoffices.core.forms import NoteForm
from goodoffices.core.mandate import DEFAULT_CLOCKS, Agreement, Role
from goodoffices.core.office import Right
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.forms.library import Library
from goodoffices.desk.ledger.ledger import LeftRow
from goodoffices.desk.views.agreed import FormCard, card_of
from goodoffices.desk.views.waiting import label_of, told_apart


@dataclass(frozen=True)
class Place:
    """An office's place on the path."""

    id: bytes
    name: str
    role: str
    on_paper: bool
    mine: bool
    signed: bool
    compared: bool
    digits: str


@dataclass(frozen=True)
class Clock:
    """The time allowed for one precedence."""

    precedence: int
    label: str
    minutes: int


@dataclass(frozen=True)
class MandatePage:
    """A mandate in plain terms."""

    id: bytes
    name: str
    purpose: str | None
    state: str
    path: tuple[Place, ...]
    reading: int
    forwarding: int
    clocks: tuple[Clock, ...]
    languages: tuple[str, ...]
    disclosure: int
    record_use: int
    acknowledgements: tuple[int, ...]
    ends: int | None
    made: int
    officers_to_add_words: int
    flash_budget: tuple[int, int] | None
    forms: tuple[NoteForm, ...]
    books: tuple[CodeBook, ...]
    predecessor: bytes | None
    vouched_alone: bool
    left: tuple[tuple[str, LeftRow], ...]
    """Offices in whose names somebody signed who had left by a roster known here, and nobody else."""
    has_paper: bool
    digits: str
    read_aloud: str | None
    may_compare: bool
    why_not_compare: str | None
    compared_here: bool
    may_sign: bool
    why_not_sign: str | None
    aside: bool
    may_set_aside: bool
    keepers: tuple[str, ...]
    """Who can sign it here, where this officer cannot and it is not signed yet."""


@dataclass(frozen=True)
class PathOffice:
    """An office that can stand on a path."""

    id: bytes
    name: str
    mine: bool
    line: str | None
    introduced_by: str | None


@dataclass(frozen=True)
class PredecessorView:
    """A mandate in force, as the beginning of its successor."""

    id: bytes
    name: str
    fields: Mapping[str, str]
    """As the page's form holds them."""


@dataclass(frozen=True)
class NewMandatePage:
    """What a mandate can be made of."""

    offices: tuple[PathOffice, ...]
    clocks: tuple[tuple[int, str, int], ...]
    wordings: tuple[FormCard, ...]
    follows: PredecessorView | None
    """The mandate that the new one is to follow; the page begins with its terms."""
    may_propose: bool
    why_not: str | None


def _why_not_compare(desk: Desk, agreement: Agreement, *, keys: bool) -> str | None:
    if not agreement.mandate.is_party(desk.me):
        return "The parties compare the mandate's digits; the intermediary cannot do it for them."
    if not agreement.complete:
        return "Not every office has signed the mandate yet."
    if agreement.mandate.has_paper:
        return "A party on paper has no keys, and so no digits to compare."
    if not keys:
        return "You do not hold the right 'keys' here."
    return None


def _why_not_sign(desk: Desk, agreement: Agreement, state: str, *, keys: bool) -> str | None:
    if state == "ended":
        return "This mandate has ended: a signature would bind to nothing."
    if desk.me in agreement.signed_by():
        return "This office has signed."
    return None if keys else "You do not hold the right 'keys' here."


def _keepers(desk: Desk) -> tuple[str, ...]:
    return tuple(name for name, _, held in desk.context.my_office().roster.officers if held & Right.KEYS)


def mandate_page(desk: Desk, officer: Officer, agreement: Agreement, state: str) -> MandatePage:
    """A mandate as its page shows it."""
    mandate, signed = agreement.mandate, agreement.signed_by()
    keys = bool(desk.context.my_office().roster.rights(officer.public) & Right.KEYS)
    not_compare = _why_not_compare(desk, agreement, keys=keys)
    not_sign = _why_not_sign(desk, agreement, state, keys=keys)
    return MandatePage(
        id=agreement.id,
        name=mandate.name,
        purpose=mandate.purpose,
        state=state,
        path=tuple(
            Place(
                id=office,
                name=agreement.name_of(office),
                role="party" if role == Role.PARTY else "intermediary",
                on_paper=paper,
                mine=office == desk.me,
                signed=office in signed,
                compared=role == Role.PARTY and desk.acts.compared(agreement, office),
                digits="" if paper else agreement.offices[office].digits,
            )
            for role, office, _, paper in mandate.offices
        ),
        reading=mandate.reading,
        forwarding=mandate.forwarding,
        clocks=tuple(
            Clock(each, label_of(agreement, each), mandate.clock(each) // 60_000) for each in (4, 3, 2, 1)
        ),
        languages=mandate.languages,
        disclosure=mandate.disclosure,
        record_use=mandate.record_use,
        acknowledgements=mandate.acknowledgements,
        ends=mandate.ends,
        made=mandate.made,
        officers_to_add_words=mandate.officers_to_add_words,
        flash_budget=mandate.flash_budget,
        forms=tuple(mandate.agreed_forms.values()),
        books=tuple(mandate.agreed_books.values()),
        predecessor=mandate.predecessor,
        vouched_alone=desk.acts.vouched_alone(agreement),
        left=tuple((agreement.name_of(each.author), each) for each in desk.ledger.mandate_left(agreement.id)),
        has_paper=mandate.has_paper,
        digits=agreement.digits,
        read_aloud=desk.acts.spoken_digits(agreement)[0] if mandate.is_party(desk.me) else None,
        may_compare=not_compare is None,
        why_not_compare=not_compare,
        compared_here=mandate.is_party(desk.me) and desk.acts.compared(agreement, desk.me),
        may_sign=not_sign is None,
        why_not_sign=not_sign,
        aside=desk.ledger.is_set_aside(agreement.id),
        may_set_aside=keys and state != "in force",
        keepers=() if keys or desk.me in signed else _keepers(desk),
    )


def new_mandate_page(desk: Desk, officer: Officer, follows: bytes | None = None) -> NewMandatePage:
    """The offices known here, the default clocks. ``follows``: the mandate that is to be succeeded."""
    known = desk.ledger.offices()
    names = {office.id: office.name for office, _ in known}
    lines = {office.id: desk.ledger.line_to(office.id) for office, _ in known if office.id != desk.me}
    keys = bool(desk.context.my_office().roster.rights(officer.public) & Right.KEYS)
    why_not = None if keys else "You do not hold the right 'keys' here."
    if keys and len(known) < 2:
        why_not = "A path needs three offices; fewer are known here. Pair with one, or have one introduced."
    offices = []
    shown = told_apart([(office.name, grouped(office.digits[:20])) for office, _ in known])
    for (office, introducer), name in zip(known, shown, strict=True):
        line = lines.get(office.id)
        offices.append(
            PathOffice(
                office.id,
                name,
                office.id == desk.me,
                line.name if line else None,
                names.get(introducer) if introducer else None,
            )
        )
    clocks = tuple(
        (int(each), each.name, DEFAULT_CLOCKS[each] // 60_000)
        for each in sorted(DEFAULT_CLOCKS, reverse=True)
    )
    wordings = tuple(card_of(each.agreed) for each in Library(desk.context).every())
    before = _predecessor(desk, follows) if follows is not None else None
    return NewMandatePage(tuple(offices), clocks, wordings, before, why_not is None, why_not)


def _predecessor(desk: Desk, follows: bytes) -> PredecessorView:
    """The terms of a mandate as the page's form holds them, so that a change is the change alone."""
    mandate = desk.ledger.agreement(follows).mandate
    clocks = {1: "clock_routine", 2: "clock_priority", 3: "clock_immediate", 4: "clock_flash"}
    fields = {
        "name": mandate.name,
        "purpose": mandate.purpose or "",
        "path": ",".join(office.hex() for _, office, _, paper in mandate.offices if not paper),
        "reading": str(mandate.reading),
        "forwarding": str(mandate.forwarding),
        "disclosure": str(mandate.disclosure),
        "record_use": str(mandate.record_use),
        "languages": ", ".join(mandate.languages),
        "acknowledgements": ",".join(map(str, mandate.acknowledgements)),
        "officers_to_add_words": str(mandate.officers_to_add_words),
        "wordings": ",".join(each.hex() for each in (*mandate.agreed_forms, *mandate.agreed_books)),
        "predecessor": follows.hex(),
    }
    fields |= {name: str(mandate.clock(each) // 60_000) for each, name in clocks.items()}
    if mandate.flash_budget is not None:
        most, within = mandate.flash_budget
        fields |= {"flash_most": str(most), "flash_hours": str(max(1, within // 3_600_000))}
    return PredecessorView(follows, mandate.name, fields)
