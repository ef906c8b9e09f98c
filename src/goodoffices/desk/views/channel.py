# SPDX-License-Identifier: Apache-2.0
"""A channel's page with its lanes, which can never be taken for one another, and the write page.

Lanes: *between* the parties, through the intermediary; and a party's *caucus* with the intermediary,
which is never forwarded. A party sees two, an intermediary one between and one for each party at its
side. A number that is missing shows as a gap, at its place.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.errors import NotAllowed, NotNow
from goodoffices.core.mandate import Agreement, Reading
from goodoffices.core.note import MAX_TEXT
from goodoffices.core.office import Right
from goodoffices.desk.consent import open_here
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.agreed import FormCard, ReportView, cards_of, extracts_here
from goodoffices.desk.views.inside import Inside, shown
from goodoffices.desk.views.note import NEARBY, NoteCard, NoteRef, note_card, ref
from goodoffices.desk.views.waiting import label_of

PAGE = 24
"""Notes on one page of a channel, newest; older ones are a page further."""


MAX_GAPS = 50
"""Missing numbers in a row that each get a line; the rest of the row stands in one."""


@dataclass(frozen=True)
class Gap:
    """A number that is missing here."""

    kind: str
    number: int
    author_name: str
    until: int
    """The last number that is missing: another than ``number`` only in a long row of them."""
    mine: bool
    """This office's own: written before its vault was put back, and told of by who has it."""


@dataclass(frozen=True)
class Lane:
    """One lane with its notes, oldest first."""

    kind: str
    """between | caucus"""
    to: bytes | None
    to_name: str
    """To whom this office writes here; empty for the lane that an intermediary only carries."""
    between: tuple[str, ...]
    through: tuple[str, ...]
    items: tuple[NoteCard | Gap, ...]
    why_not_write: str | None


@dataclass(frozen=True)
class ChannelPage:
    """A channel."""

    id: bytes
    name: str
    purpose: str | None
    state: str
    me_party: bool
    path: tuple[str, ...]
    mine_at: int
    reading: int
    forwarding: int
    ends: int | None
    vouched_alone: bool
    has_paper: bool
    unsigned: tuple[str, ...]
    lanes: tuple[Lane, ...]
    older: int | None
    newest: bool
    questions: int
    """Questions for consent to a briefing that wait for this office's answer."""


@dataclass(frozen=True)
class WritePage:
    """What a writer sees before a word is written."""

    id: bytes
    channel: str
    to: bytes
    to_name: str
    lane: str
    through: tuple[str, ...]
    readers: tuple[str, ...]
    reading: int
    languages: tuple[str, ...]
    precedences: tuple[tuple[int, str, int], ...]
    """(number, label, minutes allowed to the intermediary)"""
    disclosure: int
    unopened: tuple[NoteRef, ...]
    last_read: NoteRef | None
    replaces: NoteRef | None
    in_reply_to: NoteRef | None
    rewords: NoteRef | None
    """The note whose matter this one puts into other words, and that stays withheld."""
    text: str
    number: int
    max_bytes: int
    vouched_alone: bool
    has_paper: bool
    why_not: str | None
    may_release: bool
    releasers_needed: int
    flash_budget: tuple[int, int] | None
    """How many FLASH notes the mandate gives each office, within how many milliseconds."""
    wordings: tuple[FormCard, ...]
    """Forms and code books by which a note can be written here."""
    extracts: tuple[ReportView, ...]
    """Reports that were let out of incident files lately, to be attached."""


def _gaps(cards: list[NoteCard], first_numbers: dict[bytes, int], me: bytes) -> list[NoteCard | Gap]:
    """The cards with a gap before each whose author's numbers before it are missing."""
    seen = {author: number - 1 for author, number in first_numbers.items()}
    held: dict[bytes, set[int]] = {}
    for card in cards:
        held.setdefault(card.author, set()).add(card.number)
    result: list[NoteCard | Gap] = []
    for card in cards:
        first = seen.get(card.author, 0) + 1
        until = min(card.number, first + MAX_GAPS)
        missing = [each for each in range(first, until) if each not in held[card.author]]
        mine = card.author == me
        result += [Gap("gap", each, card.author_name, each, mine) for each in missing]
        if until < card.number:
            # Whoever numbers his next note 4,000,000,000 costs a page one line, not so many.
            result.append(Gap("gap", until, card.author_name, card.number - 1, mine))
        seen[card.author] = max(seen.get(card.author, 0), card.number)
        result.append(card)
    return result


def _why_not_write(agreement: Agreement, state: str, desk: Desk, kind: str, to: bytes) -> str | None:
    if state == "signing":
        return "Not every office has signed the mandate yet."
    if state == "ended":
        return "The mandate has ended."
    if (
        kind == "between"
        and agreement.mandate.reading == Reading.SEALED
        and desk.acts.vouched_alone(agreement)
    ):
        return "A sealed channel does not open before both parties have compared the mandate's digits."
    return None


def lanes_of(desk: Desk, agreement: Agreement) -> list[tuple[str, bytes, bytes | None]]:
    """(kind, lane, to) in the order in which they stand on the page."""
    mandate, me = agreement.mandate, desk.me
    if mandate.is_party(me):
        neighbour = mandate.neighbours(me)[0]
        return [("between", CHANNEL_LANE, mandate.far_party(me)), ("caucus", me, neighbour)]
    sides = [each for each in mandate.neighbours(me) if mandate.is_party(each) and not mandate.on_paper(each)]
    return [("between", CHANNEL_LANE, None), *(("caucus", each, each) for each in sides)]


def channel_page(
    desk: Desk, agreement: Agreement, now: int, state: str, *, before: int | None
) -> ChannelPage:
    """A channel as its page shows it. ``before``: only notes that came before this place in the record."""
    mandate, ledger, inside, lanes = agreement.mandate, desk.ledger, Inside(desk), []
    written = lanes_of(desk, agreement)
    among = agreement.id, [lane for _, lane, _ in written], mandate.path
    places = ledger.places_before(*among, before, PAGE + NEARBY)
    first = places[-PAGE:][0] if places else 0
    last = places[-1] if places else (before or 1) - 1
    later = ledger.places_after(*among, last, NEARBY) if before is not None else []
    older = len(places) > PAGE
    nearby = ledger.notes_at(places + later)
    rows = nearby[max(0, len(places) - PAGE) : len(places)]
    for kind, lane, to in written:
        cards = [
            note_card(inside, agreement, row, [n for n in nearby if n.lane == lane and n.id != row.id], now)[
                0
            ]
            for row in rows
            if row.lane == lane
        ]
        numbers = {each: ledger.highest_before(agreement.id, lane, each, first) + 1 for each in mandate.path}
        items = _gaps(cards, numbers, desk.me)
        lanes.append(
            Lane(
                kind=kind,
                to=to,
                to_name=agreement.name_of(to) if to else "",
                between=tuple(agreement.name_of(each) for each in mandate.parties),
                through=tuple(agreement.name_of(each) for each in mandate.path[1:-1]),
                items=tuple(items),
                why_not_write=_why_not_write(agreement, state, desk, kind, to) if to else None,
            )
        )
    signed = agreement.signed_by()
    return ChannelPage(
        id=agreement.id,
        name=mandate.name,
        purpose=mandate.purpose,
        state=state,
        me_party=mandate.is_party(desk.me),
        path=tuple(agreement.name_of(each) for each in mandate.path),
        mine_at=mandate.path.index(desk.me),
        reading=mandate.reading,
        forwarding=mandate.forwarding,
        ends=mandate.ends,
        vouched_alone=desk.acts.vouched_alone(agreement),
        has_paper=mandate.has_paper,
        unsigned=tuple(
            agreement.name_of(each)
            for _, each, _, paper in mandate.offices
            if not paper and each not in signed
        ),
        lanes=tuple(lanes),
        older=first if older else None,
        newest=not later,
        questions=open_here(desk, agreement.id),
    )


def write_page(
    desk: Desk,
    officer: Officer,
    agreement: Agreement,
    to: bytes,
    now: int,
    *,
    replaces: bytes | None,
    in_reply_to: bytes | None,
    rewords: bytes | None = None,
) -> WritePage:
    """The write page for one recipient; raises NotAllowed for an office that cannot be written to."""
    lanes = [(kind, lane) for kind, lane, each in lanes_of(desk, agreement) if each == to]
    if not lanes:
        raise NotAllowed("A party writes to the other party, or to its own intermediary alone.")
    kind, lane = lanes[0]
    mandate = agreement.mandate
    opened_up = kind == "between" and mandate.reading == Reading.OPEN
    readers = [each for each in mandate.path if opened_up or each in (desk.me, to)]
    unread = [
        each
        for each in desk.ledger.unsettled(agreement.id, desk.me, now)
        if each.lane == lane and each.recipient == desk.me
    ]
    authors = [each for each in mandate.path if each != desk.me]
    last_read = desk.ledger.newest_with_act(agreement.id, lane, authors, desk.me, ActType.OPENED)
    for other in (replaces, in_reply_to):
        named = desk.ledger.note(other) if other is not None else None
        if other is not None and (named is None or (named.mandate, named.lane) != (agreement.id, lane)):
            raise NotNow("The note that this would answer or replace belongs to another lane.")
        if other is not None and other == replaces and named is not None and named.author != desk.me:
            raise NotAllowed("Only its author can replace or withdraw a note.")
    if rewords is not None:
        desk.acts.may_reword(agreement, lane, rewords)
    state = "signing" if not agreement.complete else "in force"
    if mandate.ends is not None and now >= mandate.ends:
        state = "ended"
    rights = desk.context.my_office().roster.rights(officer.public)
    why_not = None if rights & (Right.RELEASE | Right.DRAFT) else "You do not hold the right 'draft' here."
    return WritePage(
        id=agreement.id,
        channel=mandate.name,
        to=to,
        to_name=agreement.name_of(to),
        lane=kind,
        through=tuple(agreement.name_of(each) for each in mandate.path[1:-1]) if kind == "between" else (),
        readers=tuple(agreement.name_of(each) for each in readers),
        reading=mandate.reading,
        languages=mandate.languages,
        precedences=tuple(
            (each, label_of(agreement, each), mandate.clock(each) // 60_000) for each in (1, 2, 3, 4)
        ),
        disclosure=mandate.disclosure,
        unopened=tuple(ref(desk, agreement, each.id) for each in unread),
        last_read=ref(desk, agreement, last_read) if last_read else None,
        replaces=ref(desk, agreement, replaces) if replaces else None,
        in_reply_to=ref(desk, agreement, in_reply_to) if in_reply_to else None,
        rewords=ref(desk, agreement, rewords) if rewords else None,
        text=_own_text(desk, replaces) if replaces else "",
        number=desk.ledger.next_number(agreement.id, lane, desk.me),
        max_bytes=MAX_TEXT,
        vouched_alone=kind == "between" and desk.acts.vouched_alone(agreement),
        has_paper=mandate.has_paper,
        why_not=why_not or _why_not_write(agreement, state, desk, kind, to),
        may_release=bool(rights & Right.RELEASE),
        releasers_needed=desk.acts.releasers_needed,
        flash_budget=mandate.flash_budget,
        wordings=cards_of(mandate),
        extracts=extracts_here(desk.context),
    )


def _own_text(desk: Desk, note_id: bytes) -> str:
    row = desk.ledger.note(note_id)
    words = Inside(desk).words(row) if row is not None and shown(desk, row) else None
    return words.text if words is not None else ""
