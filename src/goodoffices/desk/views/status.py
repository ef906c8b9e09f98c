# SPDX-License-Identifier: Apache-2.0
"""The line status: every silence with its name, since when, and whose word it is (P6).

Lines first (route, relays, the other desk, locked), with what their tests say; then own notes that went
quiet (nobody forwarded, nobody opened, opened and no answer, refused). What is not known is not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.ladder import Rung
from goodoffices.core.line import EntryKind
from goodoffices.core.mandate import Agreement
from goodoffices.core.office import Right
from goodoffices.core.service_traffic import MAX_WORDS, ServiceChat, read_body
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import LineRow, NoteRow
from goodoffices.desk.ledger.service_traffic import TestRow
from goodoffices.desk.views.custody import CustodyStep, acts_of, custody, status_of
from goodoffices.desk.views.lines import LineCard, RelayLike, line_cards

DAY = 86_400_000
LOOKED_BACK = 14 * DAY
"""Milliseconds for which an own note without an answer stands in the status."""
SETTLED_SHOWN = 3 * DAY
"""Milliseconds for which a refusal stands there."""
NEWEST = 12
"""Own notes per lane that are looked at."""
STRIP = 2
"""Quiet notes that stand on every page; the rest are counted."""
CALL_SHOWN = 8 * 3_600_000
"""Milliseconds for which the other side's call for a person stands on every page: a watch."""
CHATS = 100

_STATES = {
    str(Rung.RELEASED): "not arrived",
    str(Rung.ON_RELAY): "not arrived",
    str(Rung.AT_DESK): "not forwarded",
    str(Rung.SEEN): "not forwarded",
    str(Rung.FORWARDED): "on the way",
    str(Rung.AT_FAR_DESK): "not opened",
    str(Rung.OPENED): "no answer",
    str(Rung.WITH_PRINCIPAL): "no answer",
    str(Rung.HANDED_OVER): "on paper",
    str(Rung.REFUSED): "refused",
    str(Rung.RETURNED): "returned",
    str(Rung.EXPIRED): "expired",
    str(Rung.ALTERED): "altered",
}
_SETTLED = {"refused", "returned", "expired", "altered"}


@dataclass(frozen=True)
class TestView:
    """One kind of test of one line: the newest that went through, and one that waits."""

    __test__ = False  # pytest: not a test of ours

    went_through: int | None
    """When the newest answered call of this side was answered."""
    took: int | None
    by: str | None
    """The officer who answered; None: the desk."""
    waits_since: int | None
    """When this side called and has no answer yet."""
    theirs_at: int | None
    """When the other side's newest call was answered here."""


@dataclass(frozen=True)
class Call:
    """The other side asks whether a person is here."""

    line: bytes
    peer_name: str
    nonce: bytes
    at: int


@dataclass(frozen=True)
class LineStatus:
    """One line: what its silence means, and its tests."""

    card: LineCard
    by_desks: TestView
    by_people: TestView
    call: Call | None
    new_chats: int
    next_test: int | None


@dataclass(frozen=True)
class Quiet:
    """An own note without an answer: where it stands, since when, and when its next step is due."""

    note: bytes
    mandate: bytes
    channel: str
    caucus: bool
    number: int
    precedence: int
    to_name: str
    state: str
    """not arrived | not forwarded | on the way | not opened | no answer | refused | returned | expired | altered"""
    office_name: str
    since: int
    word: str
    late: bool
    due: int | None
    """When the step that is awaited is due, while it is not late."""


@dataclass(frozen=True)
class StatusPage:
    """The line-status page."""

    lines: tuple[LineStatus, ...]
    notes: tuple[Quiet, ...]
    may_duty: bool
    locked: bool


@dataclass(frozen=True)
class Strip:
    """The status on every page: a word per line, the notes that press, a call for a person."""

    lines: tuple[LineCard, ...]
    notes: tuple[Quiet, ...]
    more: bool
    """Whether further notes press, on the page *Line status*. Not all of them are looked at here."""
    calls: tuple[Call, ...]
    new_chats: int


@dataclass(frozen=True)
class ChatLine:
    """One line of service chat; ``words`` are None once erased."""

    mine: bool
    signer: str
    office_name: str
    at: int
    case_at: int | None
    arrived: int
    words: str | None
    receipted: bool


@dataclass(frozen=True)
class ChatPage:
    """The duty officers' own lane on a line."""

    line: bytes
    peer: bytes
    peer_name: str
    state: str
    chat: tuple[ChatLine, ...]
    may_duty: bool
    max_bytes: int
    why_not: str | None


def _tests(desk: Desk, line: bytes, *, person: bool) -> TestView:
    ledger = desk.ledger
    through = ledger.newest_test(line, person=person, mine=True, answered=True)
    last = ledger.newest_test(line, person=person, mine=True)
    theirs = ledger.newest_test(line, person=person, mine=False, answered=True)
    return TestView(
        went_through=through.answered if through else None,
        took=max(0, (through.answered or 0) - through.at) if through else None,
        by=through.answered_by if through else None,
        waits_since=last.at if last is not None and last.answered is None else None,
        theirs_at=theirs.answered if theirs else None,
    )


def _call(desk: Desk, line: LineRow, peer_name: str, now: int) -> Call | None:
    call: TestRow | None = desk.ledger.newest_test(line.id, person=True, mine=False)
    if call is None or call.answered is not None or now - call.at > CALL_SHOWN:
        return None
    return Call(line.id, peer_name, call.nonce, call.at)


def _new_chats(desk: Desk, line: bytes, peer: bytes) -> int:
    seen = max(desk.service_traffic.chat_seen.get(line, 0), desk.ledger.newest_chat_of(line, desk.me))
    if desk.ledger.newest_chat_of(line, peer) <= seen:
        return 0
    return sum(
        1
        for row in desk.ledger.chat(line, CHATS)
        if row.position > seen and row.carried.entry.writer == peer and not row.carried.erased
    )


def _quiet_note(desk: Desk, agreement: Agreement, note: NoteRow, now: int) -> Quiet | None:
    acts = acts_of(desk, agreement, note)
    strip = custody(desk, agreement, note, None, acts, now)
    reached: CustodyStep | None = status_of(strip)
    state = _STATES.get(reached.rung if reached else str(Rung.RELEASED))
    since = reached.at if reached is not None and reached.at is not None else note.at
    if state is None or (state in _SETTLED and now - since > SETTLED_SHOWN):
        return None
    if state == "on paper" and any(act.type == ActType.TRANSCRIPT for _, act, _, _ in acts):
        return None
    if state == "no answer" and desk.ledger.wrote_after(agreement.id, note.lane, note.recipient, since):
        return None
    late = any(each.late for each in strip)
    return Quiet(
        note=note.id,
        mandate=agreement.id,
        channel=agreement.mandate.name,
        caucus=note.lane != CHANNEL_LANE,
        number=note.number,
        precedence=note.precedence,
        to_name=agreement.name_of(note.recipient),
        state=state,
        office_name=reached.office_name if reached else agreement.name_of(note.author),
        since=since,
        word=reached.word if reached else "",
        late=late,
        due=None if late else next((each.due for each in strip if each.due and each.state != "done"), None),
    )


def quiet_notes(desk: Desk, now: int, newest: int = NEWEST) -> list[Quiet]:
    """Own notes that wait for somebody else's step, or were refused lately: late ones first, then the newest."""
    found = []
    for mandate_id in desk.ledger.mandates():
        agreement = desk.ledger.agreement(mandate_id)
        mandate = agreement.mandate
        if desk.me not in mandate.path:
            continue
        party = mandate.is_party(desk.me)
        lanes = (CHANNEL_LANE, desk.me) if party else mandate.neighbours(desk.me)
        for lane in lanes:
            for note_id in desk.ledger.newest_own(mandate_id, lane, desk.me, newest):
                note = desk.ledger.note(note_id)
                if note is not None and note.at > now - LOOKED_BACK:
                    quiet = _quiet_note(desk, agreement, note, now)
                    if quiet is not None:
                        found.append(quiet)
    return sorted(found, key=lambda each: (not each.late, -each.since))


def status_page(desk: Desk, officer: Officer, now: int, relays: tuple[RelayLike, ...]) -> StatusPage:
    """Everything that is known of every silence."""
    rows = {line.id: line for line in desk.ledger.lines()}
    lines = tuple(
        LineStatus(
            card=card,
            by_desks=_tests(desk, card.id, person=False),
            by_people=_tests(desk, card.id, person=True),
            call=_call(desk, rows[card.id], card.peer_name, now),
            new_chats=_new_chats(desk, card.id, card.peer),
            next_test=desk.service_traffic.next_on(card.id, now) if rows[card.id].open else None,
        )
        for card in line_cards(desk, now, relays)
    )
    return StatusPage(lines, tuple(quiet_notes(desk, now)), _may(desk, officer), locked=desk.context.locked)


def strip(desk: Desk, now: int, relays: tuple[RelayLike, ...]) -> Strip:
    """What of the status stands on every page."""
    cards = line_cards(desk, now, relays)
    rows = {line.id: line for line in desk.ledger.lines()}
    calls = [_call(desk, rows[card.id], card.peer_name, now) for card in cards]
    notes = quiet_notes(desk, now, 3)
    return Strip(
        lines=cards,
        notes=tuple(notes[:STRIP]),
        more=len(notes) > STRIP,
        calls=tuple(each for each in calls if each is not None),
        new_chats=sum(_new_chats(desk, card.id, card.peer) for card in cards),
    )


def chat_page(desk: Desk, officer: Officer, line_id: bytes, now: int) -> ChatPage:
    """The service chat of one line, oldest first. Looking at it counts as having seen it."""
    line = desk.ledger.line(line_id)
    rows = desk.ledger.chat(line_id, CHATS)
    if rows:
        desk.service_traffic.chat_seen[line_id] = rows[-1].position
    mine = desk.context.my_office()
    peer = desk.ledger.office(line.peer)
    lines = []
    for row in rows:
        own = row.carried.entry.writer == desk.me
        office = mine if own else peer
        if office is None:
            continue
        signer, words, case_at = "", None, row.carried.entry.case_at
        if not row.carried.erased:
            try:
                signed, content = read_body(EntryKind.SERVICE_CHAT, row.carried.body, line_id, office)
            except GoodOfficesError:
                continue  # it stands among the findings
            assert isinstance(content, ServiceChat)
            roster = office.roster_at(content.roster)
            signer = (roster.pseudonym(signed.signers[0]) if roster else None) or ""
            words = content.words
        lines.append(
            ChatLine(
                mine=own,
                signer=signer,
                office_name=office.name,
                at=row.carried.entry.time[0],
                case_at=case_at,
                arrived=row.at,
                words=words,
                receipted=row.receipted,
            )
        )
    may = _may(desk, officer)
    why_not = None if line.open else "The line is not confirmed by both offices yet."
    return ChatPage(
        line=line_id,
        peer=line.peer,
        peer_name=peer.name if peer is not None else line.name,
        state=next((each.state for each in line_cards(desk, now, ()) if each.id == line_id), ""),
        chat=tuple(lines),
        may_duty=may,
        max_bytes=MAX_WORDS,
        why_not=why_not or (None if may else "You do not hold the right 'duty' here."),
    )


def _may(desk: Desk, officer: Officer) -> bool:
    return bool(desk.context.my_office().roster.rights(officer.public) & Right.DUTY)
