# SPDX-License-Identifier: Apache-2.0
"""The simulated world: whole offices and relays in one process, from one seed.

Desk, core and relay code is the real one; only clock, randomness, disk and network are replaced
(docs/simulation.md). Things happen one after another, as events in an order of time that is drawn from
``random.Random(seed)``; nothing else decides what happens, so a seed replays exactly.

``begin`` founds its offices, ``officers`` says what people do here, ``checks`` what
must hold, ``runs`` makes runs of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeVar

from goodoffices.core import crypto
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import Founding, keys_in
from goodoffices.desk.ledger.ledger import Ledger, RouteRow
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.routes.sending import Put
from goodoffices.drill.world.disk import Crash, Disk
from goodoffices.drill.world.parts import CALM, RELAYS, SECOND, Released, SimOffice, Snapshot, Weather
from goodoffices.drill.world.relay import SimRelay, spoilt
from goodoffices.drill.world.resting import Resting
from goodoffices.relay.rules import Refused

T = TypeVar("T")


class World(Resting):
    """Offices in their order along the path, relays, and everything that is under way between them."""

    def __init__(self, seed: int, weather: Weather = CALM) -> None:
        super().__init__(seed, weather)
        self.relays = {url: SimRelay(url, self._stored) for url in RELAYS}
        self.mandates: list[bytes] = []
        self.paper: bytes | None = None
        """The mandate whose other party is on paper."""
        self.notes: dict[bytes, Released] = {}
        self.written: dict[tuple[str, bytes], list[Released]] = {}
        """The same by author and mandate."""
        self.spoilt: set[bytes] = set()
        """SHA-256 of every envelope that a relay or a courier handed out and that nobody made, or not for here."""
        self.drafts: dict[bytes, tuple[SimOffice, Draft]] = {}
        """Drafts that were saved, with what they say."""
        self.texts = 0
        self.cuts: set[tuple[str, str]] = set()
        """(office, relay) between which nothing passes."""
        self.after_visit: list[Callable[[SimOffice], None]] = []
        self.after_loss: list[Callable[[SimOffice], None]] = []
        """Called when an office's disk turns out to hold less than it said."""
        self.before_loss: list[Callable[[SimOffice], None]] = []
        """Called while such a disk still holds everything."""
        self.at_start: list[Callable[[SimOffice], None]] = []
        """Called when a machine came up, before its desk does anything."""
        self._boxes: dict[bytes, tuple[SimOffice, RouteRow]] = {}
        self._lines: dict[bytes | None, int] = {}

    def number(self, text: str) -> str:
        """A text that nobody writes a second time: a draft left lying may be released long after a later note."""
        self.texts += 1
        return f"{self.texts - 1}. {text}"

    # --- offices ------------------------------------------------------------------------------------

    def now(self, office: SimOffice) -> int:
        """The time by an office's clock."""
        return self.time + office.offset

    def add(self, name: str, founding: Founding, disk: Disk) -> SimOffice:
        """An office whose desk is not started yet."""
        office = SimOffice(name, founding, disk, Random(self.rng.getrandbits(64)))
        self.offices.append(office)
        return office

    def start(self, office: SimOffice, *, unlock: bool = False) -> None:
        """The machine comes up: a new desk over the old disk, locked until an officer signs in."""
        office.boot += 1
        office.wake_at, office.settling = None, False
        office.listening.clear()
        office.desk = Desk(office.disk, keys_in(Ledger(office.disk)), office.rng.randbytes)
        for each in self.at_start:
            each(office)
        self.refresh(office)
        self.visit(office, "starts", lambda desk: desk.start(self.now(office)))
        if unlock:
            self.unlock(office)

    def unlock(self, office: SimOffice) -> None:
        """An officer signs in."""
        key = office.founding.reading_key
        self.visit(office, "is unlocked", lambda desk: desk.unlock(key, self.now(office)))

    def stop(self, office: SimOffice, why: str) -> None:
        """The machine stops at once."""
        self.tell(f"{office.name} stops: {why}")
        self.count("stops")
        office.disk.lose_power()
        office.desk = None
        office.boot += 1
        if office.unsynced is not None:
            self.tell(f"{office.name}'s disk had not kept its last commits")
            self.count("disks that lied")
            self.put_back(office, office.unsynced)

    def put_back(self, office: SimOffice, copy: bytes) -> None:
        """An office's disk is what it was when ``copy`` was taken."""
        for look in self.before_loss:
            look(office)
        office.disk = Disk.of(copy)
        office.unsynced, office.restored = None, True
        for forget in self.after_loss:
            forget(office)

    def visit(
        self, office: SimOffice, what: str, action: Callable[[Desk], T], *, presses: bool = True
    ) -> T | None:
        """Something is done at a desk, then the desk does what follows from it. None if it stopped.

        ``presses``: whether something may have come of it that somebody waits for.
        """
        desk = office.desk
        if desk is None:
            return None
        self.tell(f"{office.name} {what}")
        outcome: T | None = None
        try:
            try:
                outcome = action(desk)
            except sqlite3.OperationalError:
                # The disk was full at a commit: nothing of the visit counts, the desk goes on.
                self.tell(f"{office.name}'s disk is full")
                self.count("full disks")
                self._hang_up_all(office)
            finally:
                if office.desk is desk and not office.disk.in_transaction:
                    self._work(office, desk, presses=presses)
        except Crash as crash:
            self.stop(office, str(crash))
        for check in self.after_visit:
            check(office)
        return outcome

    def _work(self, office: SimOffice, desk: Desk, *, presses: bool = True) -> None:
        # What somebody waits for goes out at once, the rest in rounds of their own, as a running desk has them.
        if presses:
            self._offer(office, desk.work(self.now(office), only_urgent=True))
        if not office.settling and (desk.lines.left(self.now(office)) or desk.owes()):
            office.settling = True
            after = desk.lines.pause(self.now(office)) + self.rng.randint(1, 30)
            self.at(after, self._settler(office, office.boot))
        # A running desk asks when to wake after each round; one is about to be had where something is to be settled.
        wake = desk.next_wake(self.now(office)) if not office.settling else None
        if wake is not None:
            due = max(self.time + 1, wake - office.offset)
            if office.wake_at is None or due < office.wake_at or office.wake_at <= self.time:
                office.wake_at = due
                self.at(due - self.time, self._waker(office, office.boot, due))

    def _offer(self, office: SimOffice, puts: list[Put]) -> None:
        for put in sorted(
            puts, key=lambda each: (self._lines[each.route.line], each.batch, each.route.relay)
        ):
            office.disk.point("between two sends")
            self._send(office, put)

    def _settler(self, office: SimOffice, boot: int) -> Callable[[], None]:
        def settle() -> None:
            if office.boot == boot:
                office.settling = False
                self.visit(office, "settles", self._round(office))

        return settle

    def _waker(self, office: SimOffice, boot: int, due: int) -> Callable[[], None]:
        def wake() -> None:
            if office.boot == boot and office.wake_at == due:
                office.wake_at = None
                self.visit(office, "wakes", self._round(office))

        return wake

    def _round(self, office: SimOffice) -> Callable[[Desk], None]:
        def rounds(desk: Desk) -> None:
            if desk.destroy_expired_keys(self.now(office)):
                self.count("expired sealing keys destroyed")
            if desk.service_traffic.call(self.now(office)):
                self.count("line tests by the desk")
            desk.settle(self.now(office))
            self._offer(office, desk.work(self.now(office), gather=True))

        return rounds

    # --- the network: puts ----------------------------------------------------------------------------

    def reachable(self, office: SimOffice, relay: SimRelay) -> bool:
        """Whether anything passes between an office and a relay."""
        return relay.up and (office.name, relay.url) not in self.cuts

    def _send(self, office: SimOffice, put: Put) -> None:
        relay, boot, keep = self.relays[put.route.relay], office.boot, not self.chance(self.weather.lied)

        def answer(taken: bool) -> None:
            if office.boot != boot:
                return
            if taken:
                what, told = (
                    "hears that a relay took it",
                    lambda desk: desk.put_accepted(put, self.now(office)),
                )
            else:
                what, told = "hears that a put failed", lambda desk: desk.put_failed(put, self.now(office))
            self.visit(office, what, told, presses=False)

        def reach() -> None:
            taken = False
            if self.reachable(office, relay):
                try:
                    relay.put(put.route, put.envelope, self.time, keep=keep)
                    taken = True
                except Refused:
                    self.count("refused puts")
            if not self.chance(self.weather.lost):
                self.at(self.delay(), lambda: answer(taken))
            else:
                self.count("lost answers")
                self.at(20 * SECOND, lambda: answer(taken=False))

        self.count("envelopes")
        if not keep:
            self.count("lies")
        if self.chance(self.weather.lost):
            self.count("lost envelopes")
            self.at(20 * SECOND, lambda: answer(taken=False))
            return
        self.at(self.delay(), reach)
        if self.chance(self.weather.doubled):
            self.count("doubled envelopes")
            self.at(self.delay(), lambda: self._again(office, relay, put))

    def _again(self, office: SimOffice, relay: SimRelay, put: Put) -> None:
        if self.reachable(office, relay):
            try:
                relay.put(put.route, put.envelope, self.time)
            except Refused:
                self.count("refused puts")

    # --- the network: listening -------------------------------------------------------------------------

    def refresh(self, office: SimOffice) -> None:
        """Listen to every own mailbox, as a running desk does."""
        if office.desk is None:
            return
        for route in office.desk.own_routes():
            assert route.line is not None
            self._lines.setdefault(route.line, len(self._lines))
            self._boxes[route.mailbox] = office, route
            if route.id not in office.listening:
                self.listen(office, route)

    def listen(self, office: SimOffice, route: RouteRow) -> None:
        """Open the mailbox and take everything that waits there, then what comes; again later if it fails."""
        boot, relay = office.boot, self.relays[route.relay]
        failed = False

        def connect() -> None:
            nonlocal failed
            if office.boot != boot or route.id in office.listening:
                return
            if not self.reachable(office, relay):
                failed = True
                self.at(self.rng.randint(500, 20 * SECOND), connect)
                return
            relay.open(route)
            office.listening.add(route.id)
            for envelope in relay.collect(route):
                self._show(office, route, envelope)
            if failed:
                self.visit(office, "finds a relay again", found)

        def found(desk: Desk) -> None:
            desk.lines.sending.sign_of_life(relay.url, self.now(office))

        self.at(self.delay(), connect)

    def hang_up(self, relay: SimRelay, office: SimOffice | None = None) -> None:
        """Connections to a relay break; each desk connects anew and is told everything undeleted again."""
        for here, route in self._boxes.values():
            if route.relay == relay.url and (office is None or here is office) and route.id in here.listening:
                here.listening.discard(route.id)
                if here.desk is not None:
                    self.listen(here, route)

    def _hang_up_all(self, office: SimOffice) -> None:
        for relay in self.relays.values():
            self.hang_up(relay, office)

    def _stored(self, url: str, box: bytes, envelope: bytes) -> None:
        office, route = self._boxes[box]
        if route.id not in office.listening:
            return
        self._show(office, route, envelope)
        if self.chance(self.weather.replayed):
            self.count("replayed envelopes")
            self._bring(office, route, self.rng.choice(self.relays[url].past[box]))

    def _show(self, office: SimOffice, route: RouteRow, envelope: bytes) -> None:
        """A relay tells of an envelope that lies there: as it is, or not now, or something else beside it."""
        if self.chance(self.weather.hidden):
            self.count("hidden envelopes")
        else:
            self._bring(office, route, envelope)
        if self.chance(self.weather.spoilt):
            self.count("spoilt envelopes")
            self._bring(office, route, self.spoil(route, envelope))

    def spoil(self, route: RouteRow, envelope: bytes) -> bytes:
        """What an operator without keys can make of an envelope: another's, or the same with a bit turned over."""
        others = [box for box, (_, other) in self._boxes.items() if other.line != route.line]
        past = self.relays[route.relay].past
        made = spoilt(self.rng, envelope, [past[box] for box in others if past.get(box)])
        self.spoilt.add(crypto.sha256(made))
        return made

    def _bring(self, office: SimOffice, route: RouteRow, envelope: bytes) -> None:
        boot, relay, line = office.boot, self.relays[route.relay], route.line
        assert line is not None

        def arrive() -> None:
            if office.boot != boot or office.desk is None or route.id not in office.listening:
                return
            if not self.reachable(office, relay):
                return
            self.visit(office, "receives", receive)

        def receive(desk: Desk) -> None:
            taken = desk.receive(line, envelope, self.now(office), route.relay)
            office.disk.point("between keeping and deleting at the relay")
            if taken.delete and not self.chance(self.weather.lost):
                self.at(self.delay(), delete)

        def delete() -> None:
            if self.reachable(office, relay):
                try:
                    relay.delete(route, envelope, self.time)
                except Refused:
                    self.count("refused deletes")

        self.at(self.delay(), arrive)

    # --- faults end ---------------------------------------------------------------------------------------

    def calm(self) -> None:
        """All faults end: every relay is up and honest, every desk runs and is unlocked."""
        self.tell("all faults end")
        self.weather = replace(CALM)
        self.cuts.clear()
        for relay in self.relays.values():
            relay.up = True
        for office in self.offices:
            office.disk.stop_in, office.disk.full, office.unsynced = None, False, None
            if office.desk is None:
                self.start(office)
            if office.desk is not None and office.desk.context.locked:
                self.unlock(office)

    # --- beginnings ---------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """This world's disks, to begin other worlds from."""
        offices = tuple((each.name, each.founding, each.disk.copy()) for each in self.offices)
        return Snapshot(offices, tuple(self.mandates), self.time, self.paper)

    def begin_from(self, snapshot: Snapshot, *, unlock: bool = True) -> None:
        """Start the offices of a snapshot."""
        self.time = snapshot.time
        self.mandates, self.paper = list(snapshot.mandates), snapshot.paper
        for name, founding, copy in snapshot.offices:
            self.add(name, founding, Disk.of(copy))
        for office in self.offices:
            self.start(office, unlock=unlock)
