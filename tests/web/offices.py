# SPDX-License-Identifier: Apache-2.0
"""Three offices in memory behind their pages: real desks on real tables; only the network is a loop."""

from __future__ import annotations

import asyncio
import hmac
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from starlette.testclient import TestClient

from goodoffices.core.errors import MachineError, WrongSecret
from goodoffices.core.mandate import Forwarding, Reading
from goodoffices.core.statement import LIVE
from goodoffices.desk.alarms.alarms import Alarms, line_steps
from goodoffices.desk.alarms.engine import Moment
from goodoffices.desk.backup.running import RunningBackup
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import Founding, NewOfficer, keep
from goodoffices.desk.leaving import Leaving
from goodoffices.desk.machine import TranslatingMachine
from goodoffices.desk.officers.acts import Terms
from goodoffices.desk.presence.people import Person
from goodoffices.desk.readiness import Readiness
from goodoffices.desk.routes.trying import Tried
from goodoffices.desk.vault.passkeys import Passkeys
from goodoffices.desk.views.lines import line_cards
from goodoffices.desk.watch.book import Address
from goodoffices.web.app import create_app
from tests import founded

T = TypeVar("T")
START = 1_700_000_000_000
RELAYS = ("http://127.0.0.1:9", "http://127.0.0.1:10")
PASSPHRASE = "five calm words at night"


@dataclass
class Relay:
    url: str
    up: bool
    since: int
    waiting: int
    what: str


class RingingInMemory:
    """A desk's alarms; a round follows whatever happens at it. Nobody is called outside."""

    def __init__(self, desk: DeskInMemory) -> None:
        self.desk = desk
        self.told: list[tuple[str, str]] = []
        self.alarms = Alarms(desk.desk, lambda: list(desk.founding.officer_seeds), self)

    def tell(self, addresses: Iterable[Address], text: str) -> None:
        self.told += [(each.label, text) for each in addresses]

    def moment(self) -> Moment:
        return Moment(self.desk.now(), self.desk.now() - 1_600_000_000_000, b"boot")

    def round(self) -> None:
        cards = line_cards(self.desk.desk, self.desk.now(), ())
        self.alarms.round(self.moment(), line_steps(cards))
        self.alarms.book.save()


class DeskInMemory:
    """What ``DeskService`` is to the pages; envelopes go to the other desks of the same test at once."""

    fault: MachineError | None = None

    def __init__(
        self, name: str, world: Offices, officers: list[NewOfficer], realm: bytes, releasers: int = 1
    ) -> None:
        self.world = world
        self.office_name = name
        db: Any = founded.tables(any_thread=True)
        self.founding: Founding = founded.office(
            name, officers, realm, world.random, world.time, releasers=releasers
        )
        self.desk = Desk(db, self.founding.keys, world.rng)
        with self.desk.context.transaction():
            keep(self.desk.ledger, self.founding, world.rng)
        self.desk.start(world.time)
        box: Any = SimpleNamespace(db=db, writing=self.desk.context.transaction, scrub=lambda: None)
        self.passkeys = Passkeys(box, self.desk.me, name)
        self.signed_in: list[Officer] = []
        self.ringing = RingingInMemory(self)
        self.events: set[asyncio.Event] = set()
        self.machine = TranslatingMachine(None)
        self.relay_states = [Relay(url, True, world.time, 0, "connected") for url in RELAYS]
        self.look_states: dict[int, Any] = {}
        self.silent_relays: dict[str, str] = {}
        self.cut = False
        running: Any = self
        self.backup, self.leaving = RunningBackup(running), Leaving(running)
        self.readiness = Readiness(running, Path(__file__).parent, None)

    @property
    def realm(self) -> bytes:
        return self.desk.context.keys.realm

    @property
    def me(self) -> bytes:
        return self.desk.me

    def now(self) -> int:
        return self.world.time

    def officer(self, name: str = "duty") -> Officer:
        return self.founding.officer(name)

    def unlock(self) -> None:
        self.desk.unlock(self.founding.reading_key, self.now())

    async def beside(self, look: Callable[[Desk, int], T]) -> T:
        return look(self.desk, self.now())

    def knows(self, name: str) -> bool:
        return name in self.founding.officer_seeds

    async def prove(self, officer: Officer, passphrase: str) -> None:
        if passphrase != PASSPHRASE:
            raise WrongSecret("This is not your passphrase.")

    async def sign_in_by_passkey(self, place: Any, state: object, answer: Any, prf: bytes) -> Officer | bytes:
        raise WrongSecret("This desk has no vault, and so no passkeys.")

    def people(self) -> tuple[Any, ...]:
        roster, found = self.desk.context.my_office().roster, []
        for name in self.founding.officer_seeds:
            public = self.founding.officer(name).public
            held = roster.rights(public)
            found.append(Person(name, public, roster.pseudonym(public), held, held, None))
        return tuple(found)

    def add_officer(self, keeper: Officer, name: str, passphrase: str, pseudonym: str, rights: Any) -> None:
        raise WrongSecret("This desk has no vault to keep keys in.")

    def lock_out(self, keeper: Officer, name: str, why: str) -> None:
        raise WrongSecret("This desk has no vault to keep keys in.")

    def install_roster(self, signed: Any) -> None:
        raise WrongSecret("This desk has no vault to keep keys in.")

    def wrap_under_passkey(self, officer: Officer, passkey: bytes, prf: bytes) -> None:
        raise WrongSecret("This desk has no vault, and so no passkeys.")

    def asks_for_passkey(self, name: str, public: bytes) -> bool:
        return False

    async def sign_in(self, name: str, passphrase: str, passkey: bytes | None = None) -> Officer:
        if name not in self.founding.officer_seeds or passphrase != PASSPHRASE:
            raise WrongSecret("Name or passphrase do not fit.")
        officer = self.officer(name)
        self.signed_in.append(officer)
        self.unlock()
        self.world.pump()
        return officer

    def still_in(self, officer: Officer) -> bool:
        return officer in self.signed_in

    def sign_out(self, officer: Officer) -> None:
        if officer in self.signed_in:
            self.signed_in.remove(officer)
        if not self.signed_in:
            self.desk.lock()

    def act(self, operation: Callable[[Desk, int], T]) -> T:
        try:
            return operation(self.desk, self.now())
        finally:
            self.world.pump()

    def relays(self) -> list[Relay]:
        return self.relay_states

    async def tried(self, boxes: Sequence[Any]) -> tuple[Tried, ...]:
        return tuple(Tried(each.relay, not each.id, self.silent_relays.get(each.relay)) for each in boxes)

    def looks(self) -> dict[int, Any]:
        return self.look_states

    async def changes(self) -> AsyncIterator[None]:
        event = asyncio.Event()
        self.events.add(event)
        try:
            while True:
                await event.wait()
                event.clear()
                yield None
        finally:
            self.events.discard(event)

    def set_case_offset(self, offset: int | None) -> None:
        self.desk.context.case_offset = offset


ALL = [NewOfficer("duty", "officer 1")]


class Offices:
    """Washington, Bern and Tehran with two lines; a channel when ``agree`` is called."""

    def __init__(self, *, realm: bytes = LIVE, officers: list[NewOfficer] = ALL, releasers: int = 1) -> None:
        self.random = random.Random(7)
        self.rng = self.random.randbytes
        self.time = START
        self.desks = {
            name: DeskInMemory(name, self, officers, realm, releasers)
            for name in ("Washington", "Bern", "Tehran")
        }
        self.washington, self.bern, self.tehran = self.desks.values()
        self.boxes: dict[bytes, tuple[DeskInMemory, bytes]] = {}

    def pump(self) -> None:
        """Carry envelopes until nothing moves."""
        moving = True
        while moving:
            moving = False
            for each in self.desks.values():
                each.desk.settle(self.time)
                for put in each.desk.work(self.time):
                    to, line = self._whose(put.route.mailbox)
                    if each.cut or to.cut:
                        each.desk.put_failed(put, self.time)
                        continue
                    moving = True
                    each.desk.put_accepted(put, self.time)
                    to.desk.receive(line, put.envelope, self.time)
        for each in self.desks.values():
            each.ringing.round()
            for event in each.events:
                event.set()

    def _whose(self, mailbox: bytes) -> tuple[DeskInMemory, bytes]:
        if mailbox not in self.boxes:  # made since the pairing
            for each in self.desks.values():
                for route in each.desk.own_routes():
                    self.boxes[route.mailbox] = (each, route.line or b"")
        return self.boxes[mailbox]

    def pair(self, one: DeskInMemory, two: DeskInMemory, *, confirm: bool = True) -> bytes:
        a, b = one.officer(), two.officer()
        offers = one.desk.offer(a, list(RELAYS), self.time), two.desk.offer(b, list(RELAYS), self.time)
        line = one.desk.pair(a, offers[1], two.office_name, self.time)
        two.desk.pair(b, offers[0], one.office_name, self.time)
        for each in (one, two):
            for route in each.desk.ledger.routes(line, own=True):
                self.boxes[route.mailbox] = (each, line)
        if confirm:
            digits = [each.desk.spoken_digits(each.desk.line_named(other.office_name)).read_aloud
                      for each, other in ((one, two), (two, one))]  # fmt: skip
            one.desk.confirm(a, line, digits[1], self.time)
            two.desk.confirm(b, line, digits[0], self.time)
            self.pump()
        return line

    def agree(self, *, reading: int = Reading.OPEN, forwarding: int = Forwarding.BY_HAND, compare: bool = True,
              **terms: Any) -> bytes:  # fmt: skip
        """Pair, propose, sign, compare; returns the mandate's ID."""
        for each in self.desks.values():
            each.unlock()
        self.pair(self.washington, self.bern)
        self.pair(self.bern, self.tehran)
        path = (self.washington.me, self.bern.me, self.tehran.me)
        name = terms.pop("name", "Good offices")
        asked = Terms(name=name, path=path, reading=reading, forwarding=forwarding, **terms)
        mandate = self.bern.act(lambda desk, now: desk.acts.propose(self.bern.officer(), asked, now))
        for each in (self.washington, self.tehran):
            each.act(partial(_sign, each.officer(), mandate))
        if compare:
            self.compare(mandate)
        return mandate

    def compare(self, mandate: bytes) -> None:
        one, two = self.washington, self.tehran
        heard = {
            each.office_name: each.desk.acts.spoken_digits(each.desk.ledger.agreement(mandate))[0]
            for each in (one, two)
        }
        one.act(lambda d, now: d.acts.compare_mandate(one.officer(), mandate, heard["Tehran"], now))
        two.act(lambda d, now: d.acts.compare_mandate(two.officer(), mandate, heard["Washington"], now))


def _sign(officer: Officer, mandate: bytes, desk: Desk, now: int) -> None:
    desk.acts.sign_mandate(officer, mandate, now)


class Browser:
    """A browser at one desk, without the eyes: cookies, the token, and the headers that browsers send."""

    def __init__(self, desk: DeskInMemory, **app: Any) -> None:
        self.desk = desk
        self.app = create_app(desk, secure=False, **app)
        self.client = TestClient(self.app, base_url="http://127.0.0.1:8000", follow_redirects=False)
        self.csrf = ""

    def sign_in(self, name: str = "duty", passphrase: str = PASSPHRASE, **fields: Any) -> Any:
        answer = self.post("/sign-in", name=name, passphrase=passphrase, **fields)
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={"accept": "text/html", **headers})

    def json(self, path: str) -> Any:
        answer = self.client.get(path, headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, /, *, html: bool = False, csrf: str | None = None, **fields: Any) -> Any:
        headers = {
            "accept": "text/html" if html else "application/json",
            "origin": "http://127.0.0.1:8000",
            "sec-fetch-site": "same-origin",
        }
        data = {"csrf": self.csrf if csrf is None else csrf, **fields}
        if html and path.startswith("/channels/") and "to" in fields and "bound" not in fields:
            # What the write page's own form carries.
            purpose = f"note {path.split('/')[2]} {fields['to']}"
            data["bound"] = hmac.new(self.csrf.encode(), purpose.encode(), "sha256").hexdigest()[:32]
        return self.client.post(path, data=data, headers=headers)

    def done(self, path: str, /, **fields: Any) -> Any:
        answer = self.post(path, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()
