# SPDX-License-Identifier: Apache-2.0
"""Running desks over running relays: real vaults, processes and sockets, on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from goodoffices.core.act import ActType
from goodoffices.core.backup import root_seed
from goodoffices.core.mandate import Forwarding, Reading
from goodoffices.core.note import Words
from goodoffices.core.pairing import Offer
from goodoffices.core.roster_request import sign_request
from goodoffices.core.statement import LIVE
from goodoffices.desk.backup.places import Folder
from goodoffices.desk.backup.restoring import finishing, restore
from goodoffices.desk.backup.setup import set_up
from goodoffices.desk.context import Officer
from goodoffices.desk.founding import NewOfficer, found, keep
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.officers.acts import Draft, Terms
from goodoffices.desk.service import DeskConfig, DeskService, desk_of
from goodoffices.desk.vault.vault import Cost, create_vault
from tests.relay.conftest import RelayProcess

PASSPHRASE = "five calm words at night"
CHEAP = Cost(64, 1, 1)
WITHIN = 120.0
"""Seconds until something that must happen counts as not happening."""


def make_office(folder: Path, name: str) -> bytes:
    """An office with 'duty' and 'second', whose passphrases cost little to stretch; returns its root."""
    now = time.time_ns() // 1_000_000
    officers = [NewOfficer("duty", "officer 1"), NewOfficer("second", "officer 2")]
    made = found(name, officers, LIVE, os.urandom, now)
    with create_vault(folder, rng=os.urandom, cost=CHEAP) as vault:
        for each, seed in made.officer_seeds.items():
            vault.add_officer(each, PASSPHRASE, seed, made.reading_key, os.urandom, now)
        ledger = Ledger(vault.db)
        with ledger.transaction():
            keep(ledger, made, os.urandom)
    return made.root_seed


class Relays:
    """Two relays as processes of their own, which can be stopped and started at the same address."""

    def __init__(self, place: Path) -> None:
        self._files = [place / "relay-1.db", place / "relay-2.db"]
        self.running = [RelayProcess(each) for each in self._files]
        self.urls = [each.address for each in self.running]

    def kill(self, at: int) -> None:
        self.running[at].kill()

    def start(self, at: int, *, empty: bool = False) -> None:
        """Start it again, on its old database or on none."""
        if empty:
            for path in self._files[at].parent.glob(self._files[at].name + "*"):
                path.unlink()
        self.running[at] = RelayProcess(self._files[at], "--port", str(self.running[at].port))

    def taken(self) -> int:
        """How many envelopes they ever kept, by their databases."""
        numbers = 0
        for each in self._files:
            with contextlib.closing(sqlite3.connect(f"file:{each}?mode=ro", uri=True)) as db:
                numbers += int(db.execute("SELECT total(last_seq) FROM mailbox").fetchone()[0])
        return numbers

    def take_more_than(self, before: int) -> bool:
        """Whether they come to keep more, while this process waits and does nothing else."""
        end = time.monotonic() + 20
        while not (more := self.taken() > before) and time.monotonic() < end:
            pass  # each look opens two files
        return more

    def close(self) -> None:
        for each in self.running:
            each.close()


@dataclass(eq=False)
class RunningDesk:
    """One office's desk in this process, and its duty officer."""

    folder: Path
    name: str
    service: DeskService = field(init=False)
    officer: Officer | None = None
    root: bytes = b""
    reach: tuple[tuple[str, str], ...] = ()

    async def start(self, *, sign_in: bool = True) -> None:
        self.service = DeskService(DeskConfig(vault=self.folder, reach=self.reach))
        await self.service.start()
        self.officer = await self.service.sign_in("duty", PASSPHRASE) if sign_in else None

    async def stop(self) -> None:
        self.officer = None
        await self.service.stop()

    def back_up(self, copies: Path) -> None:
        """Backups go to a new folder from now on."""
        copies.mkdir()
        ledger = self.service.desk.ledger
        with ledger.transaction():
            set_up(ledger, str(copies), 5, root=self.root, rng=os.urandom)
        self.service.backup.start()

    def backed_up(self) -> bool:
        state = self.service.backup.state()
        return state.last is not None and not state.waits

    async def restore(self, copies: Path, folder: Path) -> None:
        """On another machine: the newest backup, with keys that the root certifies anew."""
        seeds = [root_seed(self.root)]
        vault, restored = await restore(
            Folder(copies), seeds, folder, root=lambda _: True, rng=os.urandom, cost=CHEAP
        )
        with finishing(vault, restored):
            keys = vault.sign_in("duty", PASSPHRASE)
            desk = desk_of(vault)
            desk.context.reading_key = keys.reading_key
            now = time.time_ns() // 1_000_000
            officer = Officer("duty", keys.public, keys.seed)
            desk.rosters.install(
                sign_request(desk.rosters.renew(officer, now, desk_key=True), self.root), now
            )
        self.folder = folder

    def knows_roster(self, office: bytes) -> int:
        """The newest roster of an office that is known here."""
        known = self.service.desk.ledger.office(office)
        return known.roster.version if known is not None else 0

    @property
    def me(self) -> bytes:
        return self.service.desk.me

    @property
    def duty(self) -> Officer:
        assert self.officer is not None, "nobody is signed in"
        return self.officer

    def offer(self, relays: list[str]) -> Offer:
        return self.service.act(lambda desk, now: desk.offer(self.duty, relays, now))

    def sign(self, mandate: bytes) -> None:
        self.service.act(lambda desk, now: desk.acts.sign_mandate(self.duty, mandate, now))

    def compare(self, mandate: bytes, heard: str) -> None:
        self.service.act(lambda desk, now: desk.acts.compare_mandate(self.duty, mandate, heard, now))

    def rungs(self, note: bytes) -> set[ActType]:
        """What this desk knows to have happened to a note."""
        return {ActType(row.type) for row in self.service.desk.ledger.acts_about(note)}

    def state(self, note: bytes) -> str | None:
        row = self.service.desk.ledger.note(note)
        return row.state if row else None

    def relays_down(self) -> list[str]:
        return [state.url for state in self.service.relays() if not state.up]

    def findings(self) -> list[str]:
        return [row[4] for row in self.service.desk.ledger.findings()]


class Desks:
    """Washington, Bern and Tehran, running."""

    def __init__(self, place: Path, relays: Relays) -> None:
        self.relays = relays
        self.washington, self.bern, self.tehran = self.all = [
            RunningDesk(place / name.lower(), name) for name in ("Washington", "Bern", "Tehran")
        ]
        for each in self.all:
            each.root = make_office(each.folder, each.name)
        self.mandate = b""

    async def __aenter__(self) -> Self:
        for each in self.all:
            await each.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for each in self.all:
            await each.stop()
        # Nothing of a stopped desk goes on: no listener, no try to send.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    async def until(self, true: Callable[[], object], within: float = WITHIN) -> None:
        """Wait until something is so, looking after each change at any desk."""
        events = {each: each.service._subscribe() for each in self.all}
        deadline = time.monotonic() + within
        try:
            while not true():
                assert time.monotonic() < deadline, "it did not happen"
                waiting = [asyncio.ensure_future(event.wait()) for event in events.values()]
                # Not every change is announced: look again soon in any case.
                await asyncio.wait(waiting, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
                for task in waiting:
                    task.cancel()
                for event in events.values():
                    event.clear()
        finally:
            for each, event in events.items():
                each.service._subscribers.discard(event)

    def pair(self, one: RunningDesk, two: RunningDesk, *, confirm: bool = True) -> bytes:
        """Exchange invitations; with ``confirm`` both read and type the digits."""
        offers = one.offer(self.relays.urls), two.offer(self.relays.urls)
        line = one.service.act(lambda desk, now: desk.pair(one.duty, offers[1], two.name, now))
        assert two.service.act(lambda desk, now: desk.pair(two.duty, offers[0], one.name, now)) == line
        if confirm:
            self.confirm(one, two, line)
            self.confirm(two, one, line)
        return line

    def confirm(self, here: RunningDesk, there: RunningDesk, line: bytes) -> None:
        """Type at one desk what the other read aloud."""
        desk = there.service.desk
        heard = desk.spoken_digits(desk.ledger.line(line)).read_aloud
        here.service.act(lambda desk, now: desk.confirm(here.duty, line, heard, now))

    async def agree(self, *, reading: int = Reading.OPEN, forwarding: int = Forwarding.AUTOMATIC) -> None:
        """Pair, propose, sign; compare the mandate's digits as a sealed channel needs."""
        washington, bern, tehran = self.all
        self.pair(washington, bern)
        self.pair(bern, tehran)
        await self.until(
            lambda: all(line.open for each in self.all for line in each.service.desk.ledger.lines())
        )
        path = (washington.me, bern.me, tehran.me)
        terms = Terms(name="Good offices", path=path, reading=reading, forwarding=forwarding)
        mandate = self.mandate = bern.service.act(lambda desk, now: desk.acts.propose(bern.duty, terms, now))
        parties = (washington, tehran)
        await self.until(lambda: all(each.service.desk.ledger.has_mandate(mandate) for each in parties))
        for each in parties:
            each.sign(mandate)
        await self.until(
            lambda: all(each.service.desk.ledger.agreement(mandate).complete for each in self.all)
        )
        desks = [each.service.desk for each in parties]
        heard = [desk.acts.spoken_digits(desk.ledger.agreement(mandate))[0] for desk in desks]
        washington.compare(mandate, heard[1])
        tehran.compare(mandate, heard[0])

        def compared() -> bool:
            each = washington.service.desk
            return not each.acts.vouched_alone(each.ledger.agreement(mandate))

        await self.until(compared)

    def release(self, text: str) -> bytes:
        """Washington's note to Tehran."""
        draft = Draft(
            mandate=self.mandate,
            recipient=self.tehran.me,
            words=Words(text=text, language="en"),
            precedence=3,
        )
        officer = self.washington.duty
        return self.washington.service.act(lambda desk, now: desk.acts.release(officer, draft, now))

    async def arrived(self, note: bytes) -> None:
        """Verified at Tehran, and known to be there at Washington."""
        await self.until(lambda: self.tehran.state(note) == "verified")
        await self.until(lambda: self.washington.rungs(note) >= {ActType.AT_DESK, ActType.FORWARDED})

    def quiet(self) -> bool:
        """Whether nothing is under way any more: all that was written is receipted."""
        return all(
            not desk.ledger.unreceipted(line.id, desk.me)
            for desk in (each.service.desk for each in self.all)
            for line in desk.ledger.lines()
        )


@contextlib.contextmanager
def two_relays(place: Path) -> Iterator[Relays]:
    """Two relays that end with the test."""
    relays = Relays(place)
    try:
        yield relays
    finally:
        relays.close()
