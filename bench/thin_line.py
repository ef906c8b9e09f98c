# SPDX-License-Identifier: Apache-2.0
"""A line over a serial pipe of 300 bit/s, 2 s late, that loses every fifth frame: what a note costs and takes.

    .venv/bin/python -m bench.thin_line [--notes 3] [--bits 300] [--delay-ms 2000] [--loss 0.2] [--seed 1]

First the bytes of notes in six languages and with several releasers, all told on the route. Then the way
itself: three desks with real vaults in this process, two halves of a relay as processes of their own, each on
a serial device (a pair of pseudo-terminals), and a wire between them that takes its time and loses frames.
Washington and Bern have no other way. They pair and agree over the same wire while it is quick; then the
halves are started anew at the speed to be measured. About a minute for each note, in real time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median

from goodoffices.core.act import ActType
from goodoffices.core.note import Words
from goodoffices.core.statement import LIVE
from goodoffices.core.thin import text as thin_text
from goodoffices.core.thin.cell import PART_NOTE, pack_cell, size_for, write_parts
from goodoffices.core.thin.note import MOST_RELEASERS
from goodoffices.desk.officers.acts import Draft
from goodoffices.relay.link import CELL, Frames, frame
from tests.core import making
from tests.core.making import tehran, washington
from tests.core.test_thin import NONCE, TEXTS, chain, note_of, sealed_thin, shelf
from tests.desk.running import two_relays
from tests.desk.test_thin_process import OverPipe, ask, thin
from tests.relay.conftest import RelayProcess

QUICK = ("--pipe-bits", "3000000", "--pipe-delay-ms", "1")
AT_MOST = 900.0
"""Seconds of each wait."""


class Serial:
    """Two serial devices, and what lies between them: nothing at first, then a slow and lossy wire."""

    def __init__(self, dice: Random) -> None:
        pairs = [os.openpty() for _ in range(2)]
        for end in (fd for pair in pairs for fd in pair):
            tty.setraw(end)
        self.far = tuple(pair[1] for pair in pairs)
        self.devices = tuple(os.ttyname(fd) for fd in self.far)
        self._near = tuple(pair[0] for pair in pairs)
        self._dice = dice
        self._frames = [Frames(), Frames()]
        self.bits, self.delay, self.loss = 0, 0.0, 0.0
        self._free = [0.0, 0.0]
        self._flying: tuple[deque[tuple[float, bytes]], ...] = (deque(), deque())
        self.cells: list[int] = []
        self.bytes, self.sent, self.lost = [0, 0], 0, 0
        for at, fd in enumerate(self._near):
            os.set_blocking(fd, False)
            asyncio.get_running_loop().add_reader(fd, self._read, at)

    def slow(self, bits: int, delay_ms: int, loss: float) -> None:
        """From now on it takes its time."""
        self.bits, self.delay, self.loss = bits, delay_ms / 1000, loss

    def forget(self) -> None:
        """Count from here."""
        self.cells, self.bytes, self.sent, self.lost = [], [0, 0], 0, 0

    def _read(self, at: int) -> None:
        try:
            data = os.read(self._near[at], 4096)
        except BlockingIOError:
            return
        loop = asyncio.get_running_loop()
        for found in self._frames[at].take(data):
            whole = frame(*found)
            self.sent += 1
            self.bytes[at] += len(whole)
            if found[0] == CELL:
                self.cells.append(len(whole))
            if self._dice.random() < self.loss:
                self.lost += 1
                continue
            took = len(whole) * 8 / self.bits if self.bits else 0.0
            self._free[at] = max(loop.time(), self._free[at]) + took
            loop.call_at(self._free[at] + self.delay, self._arrive, 1 - at, whole)

    def _arrive(self, at: int, whole: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads there: lost, as on any wire
            os.write(self._near[at], whole)

    def close(self) -> None:
        """Nothing passes any more."""
        for fd in self._near:
            asyncio.get_running_loop().remove_reader(fd)
        for fd in (*self._near, *self.far):
            os.close(fd)


def sizes() -> dict[str, object]:
    """A note of 200 letters on the route, frame and all, by language and by how many release."""
    told: dict[str, object] = {}
    for language, text in TEXTS.items():
        cells = []
        for releasers in range(1, MOST_RELEASERS + 1):
            held = shelf()
            sealed = sealed_thin(note_of(text, language, releasers), held, releasers)
            offices = washington().id, tehran().id
            payload = write_parts([(PART_NOTE, sealed)], LIVE, making.LINE, offices, held)
            cells.append(len(pack_cell(payload, size_for(releasers), chain(), NONCE)[0]))
        written = text[:200]
        told[language] = {
            "letters": len(written),
            "as UTF-8": len(written.encode()),
            "packed": len(thin_text.encode(written)),
            "cell for 1, 2, 3, 4 releasers": cells,
        }
    return told


async def until(true: Callable[[], object]) -> float:
    """Seconds until something is so."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > AT_MOST:
            raise SystemExit("it did not happen")
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def one(desks: OverPipe, wire: Serial, language: str) -> dict[str, object]:
    """One note from Washington to Tehran, by way of the wire to Bern."""
    west, bern = desks.washington, desks.bern.service.desk
    words = Words(text=TEXTS[language], language=language)
    draft = Draft(mandate=desks.mandate, recipient=desks.tehran.me, words=words, precedence=3)
    wire.forget()
    began = time.monotonic()
    note = west.service.act(lambda desk, now: desk.acts.release(west.duty, draft, now))
    await until(lambda: bern.ledger.note(note) is not None)
    there = time.monotonic() - began
    line = west.service.desk.line_named("Bern").id

    def receipted() -> bool:
        left = west.service.desk.ledger.unreceipted(line, west.me)
        carries = any(item[0] == 1 for carried, _ in left for item in carried.items)
        return not carries and ActType.AT_DESK in west.rungs(note)

    await until(receipted)
    back = time.monotonic() - began
    await until(lambda: desks.tehran.state(note) == "verified" and ActType.FORWARDED in west.rungs(note))
    await until(desks.quiet)
    return {
        "language": language,
        "letters": len(TEXTS[language]),
        "at the intermediary, s": round(there, 1),
        "receipt and 'at the desk' back, s": round(back, 1),
        "all quiet, s": round(time.monotonic() - began, 1),
        "cells": len(wire.cells),
        "largest frame": max(wire.cells),
        "bytes there and back": list(wire.bytes),
        "frames": wire.sent,
        "lost": wire.lost,
    }


async def measure(place: Path, options: argparse.Namespace) -> dict[str, object]:
    """The whole story."""
    wire = Serial(Random(options.seed))
    files = [place / f"half-{at}.db" for at in range(2)]
    halves = [
        RelayProcess(path, "--pipe", device, *QUICK) for path, device in zip(files, wire.devices, strict=True)
    ]
    slow = ("--pipe-bits", str(options.bits), "--pipe-delay-ms", str(options.delay_ms))
    told: list[dict[str, object]] = []
    try:
        with two_relays(place) as relays:
            async with OverPipe(place, relays, halves) as desks:
                await desks.agree()
                ask(desks.washington, desks.bern)
                ask(desks.bern, desks.washington)
                await until(lambda: thin(desks) and desks.quiet())
                for half in halves:
                    half.stop()
                wire.slow(options.bits, options.delay_ms, options.loss)
                for at, (path, device) in enumerate(zip(files, wire.devices, strict=True)):
                    port = str(halves[at].port)
                    halves[at] = RelayProcess(path, "--port", port, "--pipe", device, *slow)
                await asyncio.sleep(40 + 10 * options.delay_ms / 1000)  # they greet and find their mailboxes
                for at in range(options.notes):
                    each = await one(desks, wire, list(TEXTS)[at % len(TEXTS)])
                    print(each, file=sys.stderr, flush=True)
                    told.append(each)
    finally:
        for half in halves:
            half.close()
        wire.close()
    times = [float(str(each["receipt and 'at the desk' back, s"])) for each in told]
    return {
        "wire": {"bit/s": options.bits, "delay, ms": options.delay_ms, "loss": options.loss},
        "notes": told,
        "note and receipts, median s": median(times),
        "worst s": max(times),
        "goal": "180 s",
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--notes", type=int, default=3)
    parser.add_argument("--bits", type=int, default=300)
    parser.add_argument("--delay-ms", type=int, default=2_000)
    parser.add_argument("--loss", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(json.dumps(sizes(), ensure_ascii=False, indent=1), flush=True)
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(asyncio.run(measure(Path(place), options)), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
