# SPDX-License-Identifier: Apache-2.0
"""What the pages show, as frozen dataclasses read from the desk: no HTML, no keys, nothing written.
``Views`` answers every page of the desk. Texts are in only where an officer of this office has opened
or seen the note. A time that is not known is None, and the page says so instead of guessing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from goodoffices.core.act import ActType
from goodoffices.core.errors import NotAllowed, NotFound, NotNow
from goodoffices.core.mandate import Agreement, Mandate, Role
from goodoffices.core.note import OpenNote
from goodoffices.core.office import Right
from goodoffices.core.statement import LIVE
from goodoffices.desk.consent import open_here
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.officers.agreeing import has_ended
from goodoffices.desk.views.audit import AuditPage, audit_page
from goodoffices.desk.views.beside import BesidePage, BesideView, beside_page, beside_view
from goodoffices.desk.views.came import Came, came_beside
from goodoffices.desk.views.channel import ChannelPage, WritePage, channel_page, write_page
from goodoffices.desk.views.custody import signed_at
from goodoffices.desk.views.draft import DraftPage, DraftsPage, draft_page, drafts_page, waits_for
from goodoffices.desk.views.here import Here, words_to_sign
from goodoffices.desk.views.inside import Inside
from goodoffices.desk.views.lines import LineCard, LinesPage, RelayLike, line_cards, lines_page
from goodoffices.desk.views.mandate import MandatePage, NewMandatePage, mandate_page, new_mandate_page
from goodoffices.desk.views.marks import mark_of
from goodoffices.desk.views.note import NotePage, note_page
from goodoffices.desk.views.spacetime import PicturePage, picture_page
from goodoffices.desk.views.status import ChatPage, StatusPage, Strip, chat_page, status_page, strip
from goodoffices.desk.views.waiting import Waiting, note_count, told_apart, waiting_notes
from goodoffices.desk.watch.handover import waits_for_second

D = TypeVar("D")

STOPPED_BY = {
    ActType.REFUSED: "refused",
    ActType.RETURNED: "returned",
    ActType.EXPIRED: "expired",
    ActType.ALTERED: "altered",
}
STOPPED_SHOWN = 3 * 86_400_000
"""Milliseconds for which a note that did not get through stands on its author's first page."""
STOPPED_LOOKED_AT = 60
"""Newest acts of each such kind that are looked at."""
FINDINGS = 50
"""Findings on one page, newest first."""


@dataclass(frozen=True)
class Stopped:
    """A note of this office that did not get through lately: the first thing its author should see."""

    note: bytes
    number: int
    rung: str
    office_name: str
    at: int


@dataclass(frozen=True)
class ChannelCard:
    """One channel on the first page."""

    id: bytes
    name: str
    state: str
    """in force | signing | ended"""
    path: tuple[str, ...]
    role: str
    reading: int
    forwarding: int
    notes: int
    waiting: int
    late: int
    vouched_alone: bool
    has_paper: bool
    unsigned: tuple[str, ...]
    signed_here: bool
    stopped: tuple[Stopped, ...]
    came: tuple[Came, ...]
    questions: int
    """Questions for consent to a briefing that wait for this office's answer."""


@dataclass(frozen=True)
class HomePage:
    """The first page. ``aside``: channels not in force that this office has put out of the way."""

    here: Here
    channels: tuple[ChannelCard, ...]
    aside: tuple[ChannelCard, ...]
    lines: tuple[LineCard, ...]


@dataclass(frozen=True)
class Finding:
    """What was refused or does not hold: whose fault, what, what to do, since when."""

    at: int
    line: str | None
    entry: bytes | None
    fault: str
    what: str
    next: str


@dataclass(frozen=True)
class FindingsPage:
    """Every finding, newest first."""

    here: Here
    findings: tuple[Finding, ...]
    count: int
    older: int | None
    """The page that follows begins before this finding."""


def state_of(agreement: Agreement, now: int) -> str:
    """Whether a channel carries notes."""
    if has_ended(agreement, now):
        return "ended"
    return "in force" if agreement.complete else "signing"


class Views:
    """The read models of one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ledger = desk.ledger

    @property
    def version(self) -> int:
        """Grows with every row that this process writes: two pages with the same number show the same."""
        return int(self.ledger.db.execute("SELECT total_changes()").fetchone()[0])

    def drawn(self, key: tuple[Any, ...], draw: Callable[[], D]) -> D:
        """What was drawn for one officer and is the same for the next; forgotten when the desk locks."""
        return self.desk.context.opened.drawn(key, draw)

    def mark(self, office: bytes | None) -> int | None:
        """By which mark an officer tells a counterpart from the others; None for this office itself."""
        return None if office is None else mark_of(self.desk, office)

    def waiting(self, now: int) -> tuple[Waiting, ...]:
        """Notes that wait for an act of this office, the most pressing first."""
        return waiting_notes(self.desk, now)

    def here(self, officer: Officer, now: int) -> Here:
        """The frame of every page."""
        office = self.desk.context.my_office()
        rights = office.roster.rights(officer.public)
        return Here(
            office=office.id,
            name=office.name,
            digits=office.digits,
            realm=office.realm,
            drill=office.realm != LIVE,
            now=now,
            case_now=self.desk.context.case_at(now),
            officer=officer.name,
            pseudonym=office.roster.pseudonym(officer.public) or officer.name,
            rights=tuple((each.name or "").lower() for each in Right if each in rights),
            waiting=self.waiting(now),
            findings=self.ledger.finding_count(),
            to_sign=waits_for(self.desk, officer),
            words_to_sign=words_to_sign(self.desk, officer),
            to_take_over=waits_for_second(self.desk.context, officer),
            sealing_keys_end=self.desk.sealing_keys.warning(now),
        )

    def home(self, officer: Officer, now: int, relays: Iterable[RelayLike]) -> HomePage:
        """Channels, lines, what waits."""
        here = self.here(officer, now)
        agreements = [self.ledger.agreement(each) for each in self.ledger.mandates()]
        names = told_apart([(each.mandate.name, each.id.hex()[:16]) for each in agreements])
        cards = [
            replace(self._card(agreement, here, now), name=name)
            for agreement, name in zip(agreements, names, strict=True)
        ]
        cards.sort(key=lambda each: each.state != "in force")
        aside = [each for each in cards if each.state != "in force" and self.ledger.is_set_aside(each.id)]
        kept = tuple(each for each in cards if each not in aside)
        return HomePage(here, kept, tuple(aside), line_cards(self.desk, now, tuple(relays)))

    def _card(self, agreement: Agreement, here: Here, now: int) -> ChannelCard:
        mandate, signed = agreement.mandate, agreement.signed_by()
        mine = [each for each in here.waiting if each.mandate == agreement.id]
        role = next(role for role, office, _, _ in mandate.offices if office == self.desk.me)
        return ChannelCard(
            id=agreement.id,
            name=mandate.name,
            state=state_of(agreement, now),
            path=tuple(agreement.name_of(each) for each in mandate.path),
            role="party" if role == Role.PARTY else "intermediary",
            reading=mandate.reading,
            forwarding=mandate.forwarding,
            notes=note_count(self.desk, agreement.id),
            waiting=len(mine),
            late=sum(each.late for each in mine),
            vouched_alone=self.desk.acts.vouched_alone(agreement),
            has_paper=mandate.has_paper,
            unsigned=tuple(
                agreement.name_of(each)
                for _, each, _, paper in mandate.offices
                if not paper and each not in signed
            ),
            signed_here=self.desk.me in signed,
            stopped=self._stopped(agreement, now),
            came=came_beside(self.desk, agreement, now),
            questions=open_here(self.desk, agreement.id),
        )

    def _stopped(self, agreement: Agreement, now: int) -> tuple[Stopped, ...]:
        found = []
        for kind, rung in STOPPED_BY.items():
            for row in self.ledger.newest_acts(agreement.id, kind, now - STOPPED_SHOWN, STOPPED_LOOKED_AT):
                note = self.ledger.note(row.subject) if row.subject is not None else None
                if note is not None and note.author == self.desk.me != row.author:
                    name = agreement.name_of(row.author)
                    found.append(Stopped(note.id, note.number, rung, name, signed_at(row)))
        return tuple(sorted(found, key=lambda each: each.at, reverse=True)[:6])

    def agreement(self, mandate_id: bytes) -> Agreement:
        """A channel on whose path this office stands; raises NotFound or NotAllowed."""
        agreement = self.ledger.agreement(mandate_id)
        if self.desk.me not in agreement.mandate.path:
            raise NotAllowed("This office does not stand on that channel's path.")
        return agreement

    def terms(self, mandate_id: bytes) -> Mandate:
        """What a channel's offices agreed on."""
        return self.agreement(mandate_id).mandate

    def channel(
        self, officer: Officer, mandate_id: bytes, now: int, *, before: int | None = None
    ) -> tuple[Here, ChannelPage]:
        """A channel with its lanes."""
        agreement = self.agreement(mandate_id)
        page = self.desk.context.opened.page(
            (self.version, self.desk.context.locked, mandate_id, before, now // 1000),
            lambda: channel_page(self.desk, agreement, now, state_of(agreement, now), before=before),
        )
        return self.here(officer, now), page

    def write(
        self,
        officer: Officer,
        mandate_id: bytes,
        to: bytes,
        now: int,
        *,
        replaces: bytes | None = None,
        in_reply_to: bytes | None = None,
        rewords: bytes | None = None,
    ) -> tuple[Here, WritePage]:
        """What a writer is told before writing."""
        agreement = self.agreement(mandate_id)
        page = write_page(
            self.desk,
            officer,
            agreement,
            to,
            now,
            replaces=replaces,
            in_reply_to=in_reply_to,
            rewords=rewords,
        )
        return self.here(officer, now), page

    def note(self, officer: Officer, note_id: bytes, now: int) -> tuple[Here, NotePage]:
        """A note with its custody strip."""
        row, agreement = self._note(note_id)
        return self.here(officer, now), note_page(self.desk, officer, agreement, row, now)

    def beside(self, officer: Officer, note_id: bytes, now: int) -> tuple[Here, BesidePage]:
        """The page on which words beside a note are written; raises NotNow where its text is not before us."""
        row, agreement = self._note(note_id)
        page = beside_page(self.desk, officer, agreement, row)
        if page is None:
            raise NotNow("Its text is not before us.", "Open or take the note first.")
        return self.here(officer, now), page

    def signed_note(self, note_id: bytes) -> OpenNote | None:
        """A note with its signature and seed, where this office holds it open; None where it does not."""
        return Inside(self.desk).note(self._note(note_id)[0])

    def beside_of(self, officer: Officer, note_id: bytes) -> BesideView:
        """What stands beside a note."""
        row, agreement = self._note(note_id)
        return beside_view(self.desk, officer, agreement, row)

    def _note(self, note_id: bytes) -> tuple[NoteRow, Agreement]:
        row = self.ledger.note(note_id)
        if row is None:
            raise NotFound("There is no such note at this desk.")
        return row, self.agreement(row.mandate)

    def drafts(self, officer: Officer, now: int) -> tuple[Here, DraftsPage]:
        """Every open draft."""
        return self.here(officer, now), drafts_page(self.desk, officer)

    def draft(
        self, officer: Officer, draft_id: bytes, now: int, version: int | None = None
    ) -> tuple[Here, DraftPage]:
        """A draft with its versions and what was said of them."""
        row = self.desk.clearing.draft(draft_id)
        agreement = self.agreement(row.mandate)
        return self.here(officer, now), draft_page(self.desk, officer, agreement, row, now, version)

    def audit(
        self,
        officer: Officer,
        now: int,
        *,
        kind: str | None,
        who: str | None,
        before: int | None,
        number: int | None,
        whole: bool = False,
    ) -> tuple[Here, AuditPage]:
        """The audit log, filtered."""
        page = audit_page(self.desk, kind=kind, officer=who, before=before, number=number, whole=whole)
        return self.here(officer, now), page

    def mandate(self, officer: Officer, mandate_id: bytes, now: int) -> tuple[Here, MandatePage]:
        """A mandate's terms, signatures and digits."""
        agreement = self.agreement(mandate_id)
        return self.here(officer, now), mandate_page(self.desk, officer, agreement, state_of(agreement, now))

    def new_mandate(
        self, officer: Officer, now: int, follows: bytes | None = None
    ) -> tuple[Here, NewMandatePage]:
        """What a mandate can be made of."""
        return self.here(officer, now), new_mandate_page(self.desk, officer, follows)

    def lines(self, officer: Officer, now: int, relays: Iterable[RelayLike]) -> tuple[Here, LinesPage]:
        """Lines and relays."""
        return self.here(officer, now), lines_page(self.desk, officer, now, tuple(relays))

    def status(self, officer: Officer, now: int, relays: Iterable[RelayLike]) -> tuple[Here, StatusPage]:
        """Every silence with its name."""
        return self.here(officer, now), status_page(self.desk, officer, now, tuple(relays))

    def strip(self, now: int, relays: Iterable[RelayLike]) -> Strip:
        """What of the status stands on every page."""
        return strip(self.desk, now, tuple(relays))

    def picture(
        self, officer: Officer, mandate_id: bytes, now: int, first: int | None, last: int | None
    ) -> tuple[Here, PicturePage]:
        """The space-time picture of a channel, of a time or of its newest notes."""
        agreement = self.agreement(mandate_id)
        return self.here(officer, now), picture_page(self.desk, agreement, now, first, last)

    def chat(self, officer: Officer, line: bytes, now: int) -> tuple[Here, ChatPage]:
        """The service chat of a line."""
        return self.here(officer, now), chat_page(self.desk, officer, line, now)

    def findings(self, officer: Officer, now: int, *, before: int | None = None) -> FindingsPage:
        """Findings, newest first, a page at a time."""
        names = {line.id: line.name for line in self.ledger.lines()}
        rows = self.ledger.findings_before(before, FINDINGS + 1)
        shown = rows[:FINDINGS]
        return FindingsPage(
            self.here(officer, now),
            tuple(
                Finding(at, names.get(line) if line else None, entry, fault, what, step)
                for _, at, line, entry, fault, what, step in shown
            ),
            self.ledger.finding_count(),
            shown[-1][0] if len(rows) > FINDINGS else None,
        )
