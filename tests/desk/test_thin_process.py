# SPDX-License-Identifier: Apache-2.0
"""A line over a byte pipe that loses every fifth frame: two halves of a relay, two desks, real processes (ADR 0057).

The wire is ten thousand times as quick as the slowest that it is made for; its bytes are the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

import pytest

from goodoffices.core.mandate import Reading
from goodoffices.core.sealed import read_sealed
from goodoffices.relay.link import CELL, Frames, frame
from tests.core.test_thin import TEXTS
from tests.desk.running import PASSPHRASE, Desks, Relays, RunningDesk, two_relays
from tests.relay.conftest import RelayProcess

pytestmark = pytest.mark.slow


class Wire:
    """Two ends connect; what one writes the other gets, but for every fifth frame. It runs beside the test."""

    def __init__(self) -> None:
        self.cells: list[int] = []
        self._dice = Random(4)
        self._ends: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._came, "127.0.0.1", 0), self._loop
        ).result(60)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.append(writer)
        with contextlib.suppress(OSError):
            await self._pass_on(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        while data := await reader.read(4096):
            for found in frames.take(data):
                if found[0] == CELL:
                    self.cells.append(len(frame(*found)))
                other = [end for end in self._ends if end is not writer]
                if other and self._dice.random() >= 0.2:
                    other[-1].write(frame(*found))

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for end in self._ends:
            end.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)


class OverPipe(Desks):
    """Washington and Bern have no other way than the pipe."""

    def __init__(self, place: Path, relays: Relays, halves: list[RelayProcess]) -> None:
        super().__init__(place, relays)
        self.halves = halves
        self.bern.reach = ((halves[0].address, halves[1].address),)

    def pair(self, one: RunningDesk, two: RunningDesk, *, confirm: bool = True) -> bytes:
        kept = self.relays.urls
        self.relays.urls = [self.halves[0].address] if one is self.washington else kept
        try:
            return super().pair(one, two, confirm=confirm)
        finally:
            self.relays.urls = kept


def ask(desk: RunningDesk, peer: RunningDesk) -> None:
    """What the page does."""
    at = desk.service.desk.line_named(peer.name).id
    desk.service.act(lambda here, now: here.acts.thin_line(desk.duty, at, True, now))


def ask_by_command(desk: RunningDesk, name: str) -> str:
    """What a keeper of keys types while the desk is stopped; what it answers."""
    secret = desk.folder.parent / f"{desk.name}.passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    words = f"line thin --vault {desk.folder} --officer duty --passphrase-file {secret} --name {name} --on"
    command = [sys.executable, "-m", "goodoffices", *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def thin(desks: Desks) -> bool:
    """Whether Washington seals notes to Tehran from a chain, and its cells to Bern."""
    here = desks.washington.service.desk
    agreement = here.ledger.agreement(desks.mandate)
    (line,) = here.ledger.lines()
    return (
        here.channels.thin_notes.chain_to(agreement, desks.tehran.me) is not None
        and here.channels.thin.usable(line.id, line.peer) is not None
    )


def test_a_line_lives_on_a_pipe_that_loses_every_fifth_frame(tmp_path: Path) -> None:
    """P2, P7: paired, agreed and made thin over it; a Persian note of 200 letters is one frame of 512 bytes."""

    async def story() -> None:
        wire = Wire()
        pipe = ("--pipe", f"tcp:127.0.0.1:{wire.port}", "--pipe-bits", "3000000", "--pipe-delay-ms", "1")
        halves = [RelayProcess(tmp_path / f"half-{at}.db", *pipe) for at in range(2)]
        try:
            with two_relays(tmp_path) as relays:
                async with OverPipe(tmp_path, relays, halves) as desks:
                    await desks.agree()
                    ask(desks.washington, desks.bern)
                    await desks.bern.stop()
                    told = ask_by_command(desks.bern, "Washington")
                    await desks.bern.start()
                    assert "wants it thin" in told or "both want it thin" in told
                    await desks.until(lambda: thin(desks))
                    wire.cells.clear()
                    note = desks.release(TEXTS["fa"])
                    await desks.arrived(note)
                    assert wire.cells
                    assert set(wire.cells) == {512}
                    await desks.until(desks.quiet)
                    assert [desk.findings() for desk in desks.all] == [[], [], []]
        finally:
            for half in halves:
                half.close()
            wire.close()

    asyncio.run(story())


def chains(desk: RunningDesk) -> set[bytes]:
    """The chains whose keys a desk has in use."""
    rows = desk.service.desk.ledger.db.execute("SELECT id FROM thin_chain WHERE state IS NOT NULL").fetchall()
    return {bytes(row[0]) for row in rows}


def chain_to_tehran(desks: Desks) -> bytes | None:
    """The chain from which Washington seals its notes now."""
    here = desks.washington.service.desk
    found = here.channels.thin_notes.chain_to(here.ledger.agreement(desks.mandate), desks.tehran.me)
    return found.id if found is not None else None


def test_a_desk_that_was_restored_from_its_backup_has_a_thin_line_again(tmp_path: Path) -> None:
    """P2, P3, P13: no backup holds a key of a thin line; new ones are agreed at once, and no old one is used."""
    copies = tmp_path / "copies"

    async def story() -> None:
        with two_relays(tmp_path) as relays:
            async with Desks(tmp_path, relays) as desks:
                await desks.agree(reading=Reading.SEALED)
                for one, two in ((desks.washington, desks.bern), (desks.bern, desks.tehran)):
                    ask(one, two)
                    ask(two, one)
                await desks.until(lambda: thin(desks))
                lost = desks.tehran
                lost.back_up(copies)
                before = desks.release(TEXTS["fa"])
                await desks.arrived(before)
                await desks.until(desks.quiet)
                await desks.until(lost.backed_up)
                old = chains(lost)
                await lost.stop()
                await lost.restore(copies, tmp_path / "second-site")
                await lost.start()
                assert not chains(lost) & old
                note = desks.release(TEXTS["en"])
                await desks.arrived(note)
                await desks.until(lambda: chain_to_tehran(desks) in chains(lost) - old)
                again = desks.release(TEXTS["fr"])
                await desks.arrived(again)
                (copy,) = lost.service.desk.ledger.copies(again)
                chain = read_sealed(copy[1]).chain
                assert chain is not None
                assert chain[0] in chains(lost) - old

    asyncio.run(story())
