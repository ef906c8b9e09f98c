# SPDX-License-Identifier: Apache-2.0
"""What waits for a person, read from the record: every step of a note with its clock, from mandate and
precedence (P5). Only what was verified stands in the record, so nothing else can ring.

The reader's desk waits for its officer to open; the intermediary's for its officer to forward; whoever sent
a note on, for the next desk to say that it has it; an author, for each post to have passed it on.
"""

from __future__ import annotations

from dataclasses import replace

from goodoffices.core.act import CHANNEL_LANE, Acknowledgement, Act, ActType
from goodoffices.core.mandate import Agreement, Precedence
from goodoffices.core.statement import read_signed
from goodoffices.desk.alarms.engine import MINUTE, Step
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import ActRow, NoteRow

_STOPS = frozenset({ActType.REFUSED, ActType.RETURNED, ActType.ALTERED, ActType.EXPIRED})
OVER = ("It has expired.", "The mandate has ended.")
"""Reasons against forwarding that come with time alone: time never silences, so somebody looks at it."""


def arrival_clock(clock: int) -> int:
    """Milliseconds for the next desk to say that it has a note: a fifth of its clock, from 1 to 15 minutes.

    No person takes part in it; it takes longer only where something is broken.
    """
    return min(max(clock // 5, MINUTE), 15 * MINUTE)


def presses(precedence: int) -> bool:
    """Whether a precedence wakes people at once."""
    return precedence >= Precedence.IMMEDIATE


class _About:
    """One note as the steps see it."""

    def __init__(self, desk: Desk, note: NoteRow) -> None:
        self.desk = desk
        self.note = note
        self.agreement: Agreement = desk.ledger.agreement(note.mandate)
        self.rows: list[ActRow] = desk.ledger.acts_about(note.id)
        self.done = {(row.type, row.author) for row in self.rows}
        self.clock = self.agreement.mandate.clock(note.precedence)
        self.name = note.id.hex()

    def has(self, kind: ActType, author: bytes) -> bool:
        return (kind, author) in self.done

    def answered(self) -> bool:
        """Whether its reader says that it was answered another way, or answered on paper."""
        on_paper = self.agreement.mandate.on_paper(self.note.recipient)
        return (on_paper and any(kind == ActType.TRANSCRIPT for kind, _ in self.done)) or any(
            row.type == ActType.ACKNOWLEDGED
            and row.author == self.note.recipient
            and read_signed(row.signed).statement.read(Act).code == Acknowledgement.ANSWERED
            for row in self.rows
        )

    def passed(self, office: bytes) -> bool:
        """Whether an office of the intermediary sent it on, or handed it over."""
        return self.has(ActType.FORWARDED, office) or (
            self.has(ActType.HANDED_OVER, office) and self.agreement.mandate.on_paper(self.note.recipient)
        )

    def step(self, what: str, mark: str = "", *, looks: bool = False, taken: str | None = None) -> Step:
        """A step of this office's own: it rings at once where it presses, else after half its clock."""
        loud = presses(self.note.precedence)
        return Step(
            key=f"{what} {self.name}{mark}",
            what=what,
            subject=self.note.id,
            loud=loud or not looks,
            rings_after=0 if loud or looks else self.clock // 2,
            clock=self.clock,
            lapse=min(max(self.clock // 2, MINUTE), 15 * MINUTE),
            looks=looks,
            taken=taken,
        )

    def waits(self, what: str, mark: str, allowed: int, *, looks: bool = False) -> Step:
        """A step of somebody else: it rings when its time has run out."""
        return Step(
            key=f"{what} {self.name}{mark}",
            what=what,
            subject=self.note.id,
            loud=presses(self.note.precedence),
            rings_after=allowed,
            clock=allowed,
            lapse=max(15 * MINUTE, self.clock // 2),
            looks=looks,
            others=True,
        )


def steps_about(desk: Desk, note: NoteRow, now: int) -> list[Step]:
    """Everything about one note that waits for a person of this office, or for another office."""
    about = _About(desk, note)
    if desk.me not in about.agreement.mandate.path:
        return []
    if about.has(ActType.WITHDRAWN, note.author):
        return []
    found: list[Step] = []
    if note.recipient == desk.me:
        found += _reader(about)
    elif note.author != desk.me:
        found += _between(about, now)
    if note.author == desk.me or about.passed(desk.me):
        found += _sent(about)
    if note.author == desk.me and note.lane == CHANNEL_LANE:
        found += _passing(about)
    if note.author == desk.me:
        found += _stopped(about) + _answers(about)
    if desk.me in (note.author, note.recipient):
        found += _reply(about, now)
    return found


def _reader(about: _About) -> list[Step]:
    if about.has(ActType.OPENED, about.desk.me):
        return []
    if about.note.state in ("altered", "newer", "unreadable"):
        return [about.step("altered" if about.note.state == "altered" else "unreadable", looks=True)]
    return [about.step("open")]


def _reply(about: _About, now: int) -> list[Step]:
    """A reply that the author asks for by a time: its reader's people are to write it, his own to know of it."""
    desk, note = about.desk, about.note
    until = desk.ledger.reply_awaited(note.id)
    if until is None or about.answered():
        return []
    left = max(0, until - now)
    if note.author == desk.me:
        return [about.waits("unanswered", "", left, looks=True)]
    if not about.has(ActType.OPENED, desk.me):
        return []  # until then it is to be opened, and that rings
    lead = min(about.clock, max(0, until - note.at) // 2)
    step = about.step("reply")
    return [replace(step, rings_after=max(0, left - lead), clock=left, lapse=max(step.lapse, lead // 2))]


def _between(about: _About, now: int) -> list[Step]:
    desk, note = about.desk, about.note
    if note.lane != CHANNEL_LANE or about.has(ActType.RETURNED, desk.me):
        return []
    if note.state == "altered":
        return [about.step("altered", looks=True)]
    against = desk.channels.why_not_forward(note, about.agreement, now)
    if against is not None and against not in OVER:
        return []
    return [about.step("forward", looks=against in OVER, taken=_taker(about))]


def _taker(about: _About) -> str | None:
    for row in about.rows:
        if row.type == ActType.SEEN and row.author == about.desk.me:
            signed = read_signed(row.signed)
            version = signed.statement.read(Act).roster
            roster = about.desk.context.my_office().roster_at(version)
            return (roster.pseudonym(signed.signers[0]) if roster else None) or "?"
    return None


def _sent(about: _About) -> list[Step]:
    """The next desk on the way says by itself that it has the note."""
    mandate, note, me = about.agreement.mandate, about.note, about.desk.me
    following = mandate.next_hop(me, note.recipient)
    heard = any(author not in (me, note.author) and _beyond(about, author) for _, author in about.done)
    if heard or mandate.on_paper(following):
        return []
    return [about.waits("arrival", f" {following.hex()[:16]}", arrival_clock(about.clock))]


def _beyond(about: _About, office: bytes) -> bool:
    """Whether an office stands further on the way than this one."""
    path = about.agreement.mandate.path
    if office not in path:
        return False
    me, there, at = path.index(about.desk.me), path.index(about.note.recipient), path.index(office)
    return me < at <= there if me < there else there <= at < me


def _passing(about: _About) -> list[Step]:
    """Each post of the intermediary passes it on, one after the other."""
    mandate, note = about.agreement.mandate, about.note
    if any(author != note.author and kind in _STOPS for kind, author in about.done):
        return []
    here, allowed, found = note.author, 0, []
    while (here := mandate.next_hop(here, note.recipient)) != note.recipient:
        allowed += about.clock + arrival_clock(about.clock)
        passed = about.passed(here) or any(_further(about, here, author) for _, author in about.done)
        if not passed:
            found.append(about.waits("passing", f" {here.hex()[:16]}", allowed))
    return found


def _further(about: _About, post: bytes, office: bytes) -> bool:
    path = about.agreement.mandate.path
    if office not in path:
        return False
    start, there = path.index(about.note.author), path.index(about.note.recipient)
    return (path.index(office) - path.index(post)) * (1 if there > start else -1) > 0


def _stopped(about: _About) -> list[Step]:
    """Somebody on the way did not pass it on: the author's people are to know."""
    return [
        about.step("stopped", f" {row.id.hex()[:16]}", looks=True)
        for row in about.rows
        if row.type in _STOPS and row.author != about.desk.me
    ]


def _answers(about: _About) -> list[Step]:
    """A party without a desk answered: what it said came as no note, so that nothing else would wake anybody."""
    return [
        about.step("answer", f" {row.id.hex()[:16]}", looks=True)
        for row in about.rows
        if row.type == ActType.TRANSCRIPT and row.author != about.desk.me
    ]
