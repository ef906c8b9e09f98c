# SPDX-License-Identifier: Apache-2.0
"""Desks as users run them: processes that are killed at any time, and find everything there again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from goodoffices.core.errors import MachineError
from goodoffices.core.mandate import Forwarding
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.vault.vault import open_vault
from goodoffices.drill.scene.doors import Door, until
from tests.desk.running import PASSPHRASE, Desks, Relays, two_relays

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
LADDER = {
    "released",
    "on a relay",
    "at the desk",
    "seen",
    "forwarded",
    "at the far desk",
    "opened",
    "acknowledged",
}


class DeskProcess:
    """``goodoffices desk serve`` over a vault, with its duty officer's session."""

    def __init__(self, vault: Path, name: str) -> None:
        self.vault, self.name = vault, name
        self._metrics: int | None = None
        self.start()

    def start(self, *, sign_in: bool = True) -> None:
        words = ["desk", "serve", "--vault", str(self.vault), "--metrics-port", "0"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "goodoffices", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout
        guard = threading.Timer(60, self.process.kill)  # a desk that never gets ready fails, not hangs
        guard.start()
        line = self.process.stdout.readline()
        guard.cancel()
        assert line.startswith("desk ready at "), self.process.communicate()[1]
        self.door = Door(self.name, line.split()[-1], "duty", PASSPHRASE)
        if sign_in:
            self.door.sign_in()

    def metric(self, name: str) -> float:
        """What this machine's own supervision reads of the desk, nobody signed in."""
        assert self.process.stderr
        while self._metrics is None:
            self._metrics = json.loads(self.process.stderr.readline()).get("metrics_port")
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}/metrics", timeout=20) as answer:
            told = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")
        return float(told[name])

    def kill(self) -> None:
        """kill -9."""
        self.door.close()
        self.process.kill()
        self.process.communicate(timeout=60)
        self._metrics = None

    def killed_and_started(self) -> None:
        self.kill()
        self.start()

    def stop(self) -> tuple[int, str]:
        """SIGTERM; the exit code and what was said beside."""
        self.door.close()
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=60)[1]
        return self.process.returncode, said

    def rungs(self, note: str) -> set[str] | None:
        page = self.door.find(f"/notes/{note}")
        return None if page is None else {each["rung"] for each in page["steps"] if each["state"] == "done"}

    def until_rung(self, note: str, *rungs: str) -> None:
        found: set[str] | None = None

        def there() -> bool | None:
            nonlocal found
            found = self.rungs(note)
            return True if found is not None and found >= set(rungs) else None

        try:
            until("a rung", there, patience=40)
        except MachineError:
            missing = None if found is None else set(rungs) - found
            raise AssertionError(f"{self.name} does not know of {missing}, only of {found}") from None


@dataclass
class Running:
    """A channel by three desk processes over two relay processes."""

    mandate: bytes
    tehran_id: bytes
    desks: tuple[DeskProcess, ...]
    relays: Relays

    def release(self, text: str) -> str:
        done = self.desks[0].door.do(
            f"/channels/{self.mandate.hex()}/release",
            to=self.tehran_id.hex(),
            text=text,
            language="en",
            precedence=3,
        )
        return str(done["id"])


def _begin(place: Path, relays: Relays, forwarding: Forwarding) -> tuple[bytes, bytes]:
    """Pair and agree; the desks are stopped afterwards."""

    async def agreed() -> tuple[bytes, bytes]:
        async with Desks(place, relays) as desks:
            await desks.agree(forwarding=forwarding)
            await desks.until(desks.quiet)
            return desks.mandate, desks.tehran.me

    return asyncio.run(agreed())


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    with two_relays(tmp_path) as relays:
        mandate, tehran = _begin(tmp_path, relays, request.param)
        desks: list[DeskProcess] = []
        try:
            names = ("Washington", "Bern", "Tehran")
            desks.extend(DeskProcess(tmp_path / name.lower(), name) for name in names)
            yield Running(mandate, tehran, tuple(desks), relays)
        finally:
            for each in desks:
                if each.process.poll() is None:
                    each.kill()


def _numbers_at(vault: Path, mandate: bytes) -> list[tuple[int, str]]:
    with open_vault(vault) as opened:
        return sorted((row.number, row.state) for row in Ledger(opened.db).notes(mandate))


def calm(said: str) -> bool:
    """Whether a desk's log holds no more than that it began and ended."""
    *log, last = said.strip().splitlines()
    return last == "desk stopped" and all(json.loads(each)["level"] == "info" for each in log)


def _stop_all(running: Running) -> None:
    for each in running.desks:
        code, said = each.stop()
        assert code == 0, said
        assert "Traceback" not in said, said
        assert calm(said), said


@pytest.mark.parametrize("running", [Forwarding.BY_HAND], indirect=True)
@pytest.mark.parametrize("killed", [0, 1, 2], ids=["Washington", "Bern", "Tehran"])
def test_a_desk_killed_between_any_two_rungs_finds_it_all_there(running: Running, killed: int) -> None:
    """P2: kill -9 after every rung; nobody has to do anything twice."""
    _, bern, tehran = running.desks
    victim = running.desks[killed]
    note = running.release("We do not want war.\n\nStop.")
    victim.killed_and_started()
    bern.until_rung(note, "at the desk")
    bern.door.do(f"/notes/{note}/take")
    victim.killed_and_started()
    bern.door.do(f"/notes/{note}/forward")
    victim.killed_and_started()
    tehran.until_rung(note, "at the far desk")
    tehran.door.do(f"/notes/{note}/open")
    victim.killed_and_started()
    tehran.door.do(f"/notes/{note}/acknowledge", kind=2)
    victim.killed_and_started()
    for each in running.desks:
        each.until_rung(note, *LADDER)
    assert tehran.door.look(f"/notes/{note}")["card"]["text"] == "We do not want war.\n\nStop."
    _stop_all(running)
    assert _numbers_at(tehran.vault, running.mandate) == [(1, "verified")]


@pytest.mark.parametrize("running", [Forwarding.AUTOMATIC], indirect=True)
def test_notes_under_way_while_desks_are_killed_arrive_once_each(running: Running) -> None:
    """P2: nothing lost, nothing shown twice."""
    washington, bern, tehran = running.desks
    notes = [running.release(f"Note {number}.") for number in range(4)]
    bern.killed_and_started()
    notes += [running.release(f"Note {number}.") for number in range(4, 8)]
    tehran.killed_and_started()
    notes += [running.release(f"Note {number}.") for number in range(8, 12)]
    washington.killed_and_started()
    for note in notes:
        washington.until_rung(note, "released", "on a relay", "at the desk", "forwarded", "at the far desk")
        tehran.until_rung(note, "at the far desk")
    _stop_all(running)
    assert _numbers_at(tehran.vault, running.mandate) == [(number, "verified") for number in range(1, 13)]


@pytest.mark.parametrize("running", [Forwarding.AUTOMATIC], indirect=True)
def test_after_a_power_cut_on_all_sides_at_once_a_note_arrives_with_nobody_there(running: Running) -> None:
    """P2, P5, P6, P13: every desk and relay ends at one instant; up by themselves they carry on, ring, say locked."""
    washington, bern, tehran = running.desks
    note = running.release("We do not want war.")
    for each in running.desks:
        each.process.kill()
    for at in (0, 1):
        running.relays.kill(at)
    for each in running.desks:
        each.kill()
    for at in (0, 1):
        running.relays.start(at)
    for each in running.desks:
        each.start(sign_in=False)
    until("the alarm at the far desk", lambda: tehran.metric("goodoffices_desk_alarms_ringing") or None)

    def state(here: DeskProcess, office: str) -> str:
        (line,) = (each for each in here.door.look("/lines")["lines"] if each["peer_name"] == office)
        return str(line["state"])

    def becomes(here: DeskProcess, office: str, wanted: str) -> None:
        until(f"{office} is {wanted}", lambda: state(here, office) == wanted or None, patience=40)

    washington.door.sign_in()
    washington.until_rung(note, "on a relay", "at the desk", "forwarded", "at the far desk")
    becomes(washington, "Bern", "locked")
    bern.door.sign_in()
    becomes(washington, "Bern", "open")
    becomes(bern, "Tehran", "locked")
    tehran.door.sign_in()
    becomes(bern, "Tehran", "open")
    tehran.door.do(f"/notes/{note}/open")
    assert tehran.door.look(f"/notes/{note}")["card"]["text"] == "We do not want war."


@pytest.mark.parametrize("running", [Forwarding.AUTOMATIC], indirect=True)
def test_a_desk_stops_at_sigterm_with_a_page_open(running: Running) -> None:
    """A browser that watches for news does not keep a desk from stopping."""
    bern = running.desks[1]
    with bern.door._http.stream("GET", "/events") as events:
        assert events.status_code == 200
        code, said = bern.process.poll(), ""
        bern.process.send_signal(signal.SIGTERM)
        said = bern.process.communicate(timeout=60)[1]
        code = bern.process.returncode
    assert code == 0
    assert calm(said), said
