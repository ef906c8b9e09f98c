# SPDX-License-Identifier: Apache-2.0
"""A desk's alarms with the people they wake: roster, pages with sound, addresses outside.

No clock of its own: whoever runs it brings the moment (``running``, or the simulated world).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from goodoffices.core.errors import LacksRight
from goodoffices.core.office import Right
from goodoffices.desk.alarms.book import AlarmBook
from goodoffices.desk.alarms.engine import MINUTE, SECOND, Alarm, Moment, People, Ring, Step, late, rings_for
from goodoffices.desk.assurances.assurances import Ending, endings
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.lines import LineCard
from goodoffices.desk.watch.book import Address, WatchBook
from goodoffices.desk.watch.handover import Handovers, OpenThing
from goodoffices.desk.watch.plan import ladder

BEAT = 2 * SECOND
"""Milliseconds between two beats of a page."""
PAGE_GONE = 15 * SECOND
"""Milliseconds without a beat after which a page counts as no device."""
MAX_PAGES = 256
LINE_PATIENCE = 5 * MINUTE
"""Milliseconds for which a line may be down or silent before that rings, quietly."""
LINE_LAPSE = 60 * MINUTE
DOWN = frozenset({"route down", "relays down", "silent", "left"})


class Caller(Protocol):
    """Who calls addresses outside."""

    def tell(self, addresses: Iterable[Address], text: str) -> None: ...


@dataclass(frozen=True)
class Page:
    """A browser page that is open somewhere."""

    officer: str
    armed: bool
    """Whether its sound is on: only then does it wake anybody."""
    steady: int


@dataclass(frozen=True)
class Ringing:
    """What a page is to do now. It names nobody and nothing."""

    ringing: int
    """How many alarms ring for this page."""
    loud: bool
    waiting: int
    """How many wait at this desk, ringing or not."""
    late: int
    alive: bool
    """Whether the alarm engine itself is at work."""


@dataclass(frozen=True)
class Device:
    """What would wake an officer now."""

    officer: str
    pages: int
    silent_pages: int
    addresses: tuple[Address, ...]

    @property
    def reachable(self) -> bool:
        """Whether anything would."""
        return self.pages > 0 or any(each.failed_now is None for each in self.addresses)


def line_steps(cards: Iterable[LineCard]) -> list[Step]:
    """Lines that are down or silent: quieter than a note, and not at once."""
    return [
        Step(
            key=f"line {card.id.hex()}",
            what="line",
            subject=None,
            loud=False,
            rings_after=LINE_PATIENCE,
            clock=LINE_PATIENCE,
            lapse=LINE_LAPSE,
            renews=True,
        )
        for card in cards
        if card.state in DOWN
    ]


def ending_steps(ending: Iterable[Ending], now: int) -> list[Step]:
    """Assurances that end soon, or have lapsed: to be known of."""
    return [
        Step(
            key=f"{'lapse' if now >= each.until else 'assurance'} {each.id.hex()} {each.until}",
            what="lapse" if now >= each.until else "assurance",
            subject=each.note,
            loud=False,
            clock=max(0, each.until - now),
            lapse=LINE_LAPSE,
            looks=True,
        )
        for each in ending
    ]


def own_step(what: str, *, loud: bool, after: int) -> Step:
    """Something of this machine itself: the disk, the addresses outside."""
    return Step(key=what, what=what, loud=loud, rings_after=after, clock=after, lapse=LINE_LAPSE, renews=True)


class Alarms:
    """The alarms of one desk."""

    def __init__(self, desk: Desk, officers: Callable[[], Iterable[str]], caller: Caller) -> None:
        self.desk = desk
        self.book = AlarmBook(desk)
        self.watch = WatchBook(desk.ledger)
        self.handovers = Handovers(desk.context)
        self.caller = caller
        self._officers = officers
        self._pages: dict[str, Page] = {}
        self.beaten: int | None = None
        """Steady time of the last round: the engine's own heartbeat."""
        self.addresses: tuple[Address, ...] = ()
        """As they were at the last round: the watchdog must not need the database."""
        self.text = ""

    # --- who can be woken -----------------------------------------------------------------------------

    def everybody(self) -> tuple[str, ...]:
        """Every officer who may sign in."""
        return tuple(self._officers())

    def devices(self, moment: Moment) -> tuple[Device, ...]:
        """What would really wake each officer now."""
        fresh = [each for each in self._pages.values() if moment.steady - each.steady < PAGE_GONE]
        addresses = self.watch.addresses()
        return tuple(
            Device(
                name,
                sum(each.armed for each in fresh if each.officer == name),
                sum(not each.armed for each in fresh if each.officer == name),
                tuple(each for each in addresses if each.officer == name),
            )
            for name in self.everybody()
        )

    def people(self, moment: Moment) -> People:
        """Who is on watch, and whom something would wake."""
        devices = self.devices(moment)
        everybody = tuple(each.officer for each in devices)
        known = set(everybody)
        levels = tuple(
            tuple(name for name in level if name in known)
            for level in ladder(self.watch.watches(), moment.now, self.watch.zone)
        )
        holder = self.handovers.holder(moment.now)
        if holder in known:
            # Whoever took the watch over with his signature is woken first, whatever the roster says.
            levels = ((str(holder),), *levels)
        return People(levels, everybody, frozenset(each.officer for each in devices if each.reachable))

    def bell(self, token: str | None) -> str | None:
        """Whose bell a browser is; None if it is none, or of somebody who may not sign in any more."""
        name = self.watch.bell(token)
        return name if name is not None and name in self._officers() else None

    def beat(self, page: str, officer: str, *, armed: bool, moment: Moment) -> Ringing:
        """A page says that it is there, and is told what to do."""
        if page not in self._pages and len(self._pages) >= MAX_PAGES:
            self._pages.pop(min(self._pages, key=lambda each: self._pages[each].steady))
        self._pages[page] = Page(officer, armed, moment.steady)
        return self.ringing(officer, moment)

    def ringing(self, officer: str | None, moment: Moment) -> Ringing:
        """What a page of this officer is to do now."""
        people = self.people(moment)
        alarms = list(self.book.open.values())
        mine = [each for each in alarms if rings_for(each, officer, people)]
        return Ringing(
            len(mine),
            any(each.loud for each in mine),
            len([each for each in alarms if each.state != "awaited" or not waits_on_others(each)]),
            sum(late(each, moment) for each in alarms),
            self.alive(moment),
        )

    def alive(self, moment: Moment, within: int = 15 * SECOND) -> bool:
        """Whether the engine had its round lately."""
        return self.beaten is not None and moment.steady - self.beaten < within

    # --- rounds ---------------------------------------------------------------------------------------

    def round(self, moment: Moment, more: Iterable[Step] = ()) -> tuple[Ring, ...]:
        """One round: what waits is looked at, and people outside the pages are called.

        What changed is then to be saved (``book.save``); ringing does not wait for that.
        """
        self.addresses, self.text = self.watch.addresses(), self.watch.text
        failing = [each for each in self.addresses if each.failed_now is not None]
        steps = [*more, *ending_steps(endings(self.desk.context, moment.now), moment.now)]
        if failing:
            steps.append(own_step("outward", loud=False, after=MINUTE))
        rings = self.book.evaluate(moment, self.people(moment), steps)
        self.beaten = moment.steady
        for ring in rings:
            self.caller.tell(self._addresses_of(ring), self.sentence(len(ring.keys)))
        return rings

    def _addresses_of(self, ring: Ring) -> list[Address]:
        # An address that failed is tried too: it counts for nobody, and may work again.
        if ring.person is not None:
            return [each for each in self.addresses if each.officer == ring.person]
        return [each for each in self.addresses if each.officer is None] or list(self.addresses)

    def sentence(self, steps: int | None) -> str:
        """The one sentence that goes outside."""
        return self.text.replace("{steps}", "?" if steps is None else str(steps))

    def open_things(self, moment: Moment) -> list[OpenThing]:
        """What is open now, as a handover lists it: the loud first, then the oldest."""
        alarms = [
            each for each in self.book.open.values() if each.state != "awaited" or not waits_on_others(each)
        ]
        lines = {f"line {each.id.hex()}": each.id for each in self.desk.ledger.lines()}
        return [
            OpenThing(
                each.what,
                each.subject or lines.get(each.key),
                each.since_now,
                late(each, moment),
                each.taken_by if each.state == "taken" else None,
                each.taken_now if each.state == "taken" else None,
            )
            for each in sorted(alarms, key=lambda each: (not each.loud, each.since_now))
        ]

    # --- taking ---------------------------------------------------------------------------------------

    def take(self, officer: Officer, key: str, moment: Moment) -> Alarm:
        """A signed-in officer takes an alarm that no act of the record takes."""
        rights = self.desk.context.my_office().roster.rights(officer.public)
        if not rights & Right.DUTY:
            raise LacksRight(f"{officer.name} does not hold the right 'duty' here.")
        waiting = self.book.waiting(key)
        with self.desk.context.transaction():
            self.desk.ledger.audit(moment.now, officer.name, f"took the alarm '{waiting.what}'")
        return self.book.take(
            key, officer.name, moment
        )  # whoever is told that it failed has silenced nothing


def waits_on_others(alarm: Alarm) -> bool:
    """Whether it asks nothing of this office before it rings."""
    return alarm.what in ("arrival", "passing", "unanswered", "line", "machine", "outward", "ready")
