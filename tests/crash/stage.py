# SPDX-License-Identifier: Apache-2.0
"""A channel of three desks and a relay as processes, of which one is killed and started again and again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from goodoffices.core.errors import MachineError
from goodoffices.core.mandate import Forwarding, Reading
from goodoffices.core.record.findings import Flaw
from goodoffices.desk.export import export
from goodoffices.desk.service import desk_of, real_now
from goodoffices.desk.vault.vault import open_vault
from goodoffices.drill.scene.doors import Door, Refused, until
from goodoffices.verify.verifier import verify
from tests.desk.running import PASSPHRASE, Desks, Relays

NAMES = ("Washington", "Bern", "Tehran")
TREE = Path(__file__).parents[2]


@dataclass
class Actor:
    """One process of the channel, which may be told where to end."""

    name: str
    words: tuple[str, ...]
    log: Path
    address: str = ""
    door: Door | None = None
    process: subprocess.Popen[str] = field(init=False)

    @property
    def said(self) -> Path:
        """What it wrote to its standard error, from its first start on: a pipe that nobody reads would stop it."""
        return self.log.with_name(f"{self.name}.stderr")

    def start(self, at: int = 0, fault: str = "none") -> None:
        """Start it; ``at``: the point at which it ends, counted from ``go`` on, or from its start if negative."""
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.crash.points",
                    str(self.log),
                    str(at),
                    fault,
                    "--",
                    *self.words,
                ],
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                cwd=TREE,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert self.process.stdout
        guard = threading.Timer(60, self.process.kill)
        guard.start()
        line = self.process.stdout.readline()
        guard.cancel()
        if " ready at " not in line:
            assert self.process.wait(20) == -signal.SIGKILL, self.said.read_text(encoding="utf-8")[-4000:]
            return  # it ended on its way, as it was told to
        self.address = line.split()[-1]
        if "desk" in self.words:
            self.door = Door(self.name, self.address, "duty", PASSPHRASE)
            with suppress(httpx2.TransportError):
                self.door.sign_in()

    def go(self) -> None:
        """From now on its points count, and its disk is what it was told to be."""
        self.process.send_signal(signal.SIGUSR1)

    def waits_for(self) -> str:
        """Where its tasks stand now, by its own word."""
        before = self.said.stat().st_size
        self.process.send_signal(signal.SIGUSR2)
        with suppress(MachineError):
            until("its word", lambda: self.said.stat().st_size > before or None, patience=5)
        return f"--- {self.name}\n{self.said.read_text(encoding='utf-8')[-20_000:]}"

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        if self.door is not None:
            self.door.close()
        self.process.kill()
        self.process.communicate(timeout=20)

    def again(self, at: int = 0, fault: str = "none") -> None:
        """Killed, if it still lives, and started anew over what stands on its disk."""
        self.kill()
        self.start(at, fault)

    def page(self, note: str) -> dict[str, Any] | None:
        """What this desk's page of a note says, or None while there is none or nobody answers."""
        assert self.door is not None
        with suppress(httpx2.TransportError):
            return self.door.find(f"/notes/{note}")
        return None

    def opens(self, note: str) -> str | None:
        """The text of a note as this desk shows it to the officer who opens it, or None while it has none."""
        page = self.page(note)
        if page is None or self.door is None:
            return None
        if page["card"]["text"] is None:
            with suppress(httpx2.TransportError, Refused):
                self.door.do(f"/notes/{note}/open")
                page = self.page(note)
        return None if page is None else page["card"]["text"]


class Stage:
    """Washington, Bern (automatic) and Tehran over one relay."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.mandate, self.tehran_id, self.port = asyncio.run(self._agree())
        words = ("relay", "serve", "--db", str(place / "relay-1.db"), "--port", str(self.port))
        vaults = {name: str(place / name.lower()) for name in NAMES}
        self.relay = Actor("the relay", words, place / "points.log")
        self.desks = [
            Actor(name, ("desk", "serve", "--vault", vault), place / "points.log")
            for name, vault in vaults.items()
        ]
        self.all = [*self.desks, self.relay]
        self.released: list[str] = []

    async def _agree(self) -> tuple[bytes, bytes, int]:
        relays = OneRelay(self.place)
        try:
            async with Desks(self.place, relays) as desks:
                await desks.agree(reading=Reading.SEALED, forwarding=Forwarding.AUTOMATIC)
                await desks.until(desks.quiet)
                return desks.mandate, desks.tehran.me, relays.running[0].port
        finally:
            relays.close()

    def start(self) -> None:
        self.relay.start()
        for each in self.desks:
            each.start()

    def close(self) -> None:
        for each in self.all:
            if hasattr(each, "process"):
                each.kill()

    def release(self) -> str | None:
        """Washington's next note; None if its desk ended on the way, so that nobody can say what became of it."""
        number = len(self.released) + 1
        door = self.desks[0].door
        assert door is not None
        with suppress(httpx2.TransportError):
            done = door.do(
                f"/channels/{self.mandate.hex()}/release",
                to=self.tehran_id.hex(),
                text=f"Note {number}.",
                language="en",
                precedence=3,
                once=f"note {number}",
            )
            return str(done["id"])
        return None

    def passage(self, victim: Actor) -> str:
        """A note from party to party while ``victim`` ends somewhere on its way, and is started again."""
        note = None if victim is self.desks[0] and victim.ended else self.release()
        if note is None:
            victim.process.wait(20)
            victim.again()
            note = self.release()  # asked once more, as the same form: it is released once
        assert note is not None
        self.arrives(note, victim)
        self.released.append(note)
        return note

    def _whole(self, note: str) -> bool:
        """Opened at its reader, and known to be so at its author."""
        number = len(self.released) + 1
        washington, _, tehran = self.desks
        text = tehran.opens(note)
        if text is None:
            return False
        assert text == f"Note {number}."
        page = washington.page(note)
        done = {each["rung"] for each in page["steps"] if each["state"] == "done"} if page else set()
        return done >= {"on a relay", "at the desk", "forwarded", "at the far desk", "opened"}

    def arrives(self, note: str, victim: Actor) -> None:
        """The note is opened at its reader, and its author knows; who ends meanwhile is started again."""

        def seen() -> bool | None:
            if victim.ended:
                victim.again()
            return self._whole(note) or None

        try:
            until("the note", seen, patience=40)
        except MachineError:
            pages = [each.page(note) for each in self.desks]
            rungs = [[(s["rung"], s["state"]) for s in page["steps"]] if page else None for page in pages]
            points = self.relay.log.read_text(encoding="utf-8").splitlines()[-1:]
            waits = "\n".join(each.waits_for() for each in self.all if not each.ended)
            raise AssertionError(
                f"note {len(self.released) + 1} did not arrive, after an end {points}: {rungs}\n{waits}"
            ) from None

    def verdict(self, *, restored: str | None = None) -> None:
        """Everything stops: each note stands once, nothing is found wrong, and each record verifies."""
        for each in self.all:
            each.kill()
        for name in NAMES:
            with open_vault(self.place / name.lower()) as opened:
                desk = desk_of(opened)
                desk.unlock(opened.sign_in("duty", PASSPHRASE).reading_key, real_now())
                rows = desk.ledger.notes(self.mandate)
                assert [row.id.hex() for row in rows] == self.released, name
                assert [row.number for row in rows] == list(range(1, len(rows) + 1)), name
                if name != "Bern":
                    assert {row.state for row in rows} == {"verified"}, name
                found = [row[4] for row in desk.ledger.findings()]
                assert not found or name == restored, (name, found)
                folder = self.place / f"{name}.export"
                told = export(desk, folder, real_now())
            # What a lost vault alone had written is with its peers, and its own record says that it is cut: by what
            # they had seen of it when they signed, and by their receipts for it.
            flaws = {each.flaw for each in (*told, *verify(folder).findings)}
            assert flaws <= ({Flaw.SEEN, Flaw.RECEIPTED} if name == restored else set()), (name, told)


class OneRelay(Relays):
    """One relay, so that its end is felt."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.running.pop().close()
        self.urls.pop()


@contextmanager
def stage(place: Path) -> Iterator[Stage]:
    """The channel, agreed and running; whatever still runs at the end is killed."""
    made = Stage(place)
    try:
        made.start()
        yield made
    finally:
        made.close()
