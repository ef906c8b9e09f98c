# SPDX-License-Identifier: Apache-2.0
"""The note path: released at A to stored and verified at B through M, by hand-over of three desks.

    .venv/bin/python bench/note_path.py [--notes 200] [--hanging]

With --hanging: notes beside notes while a witness and a time stamp authority take requests and never answer (P11).

Real processes: two relays, three desks, automatic forwarding, every hop synced to disk, loopback, no TLS.
Beside the path, in the same run and on the same disk, its parts are measured alone: a commit of a vault
and of a relay's database, a round trip over HTTP and a push, and the cryptography of all three desks: each back
to back, and all of them one after the other in the path's order, after the same rest as between notes, in which
caches cool and a disk goes idle. The figures to look at are the ratios of the path to both sums. Bounded in time
and count.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from goodoffices.cli.process import calm_collector, fast_loop
from goodoffices.core import crypto, envelope
from goodoffices.core.envelope import SIZE_CLASSES
from goodoffices.core.line import CarriedEntry, Entry, EntryKind, commitment
from goodoffices.core.note import Words
from goodoffices.core.pairing import Offer, read_offer
from goodoffices.core.statement import LIVE, sign, state
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.db.sqlite import transaction
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk as OfficeDesk
from goodoffices.desk.founding import NewOfficer, found, keep
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.officers.acts import Draft, Terms
from goodoffices.desk.outsiders import Witness
from goodoffices.desk.routes.relay_client import RelayClient
from goodoffices.desk.service import DeskConfig, DeskService
from goodoffices.desk.vault.vault import Cost, Vault, create_vault

PASSPHRASE = "four words of measuring"
TEXT = "x" * 1024
REST, LONG_REST = 0.03, 0.25
"""Seconds between notes, which go one at a time: one after another, and after a rest in which caches cool."""
TELLING = 0.005
"""Seconds after which a desk tells this bench what it did: the envelope goes first, as it does in a desk that tells
nobody."""
OUTSIDE = "GOODOFFICES_BENCH_OUTSIDE"
AT_MOST = 240.0
"""Seconds of a whole run."""
GOAL_MS, GOAL_RATIO = 15.0, 3.0
LEAST_MS, LEAST_SYNCS = 5.5, 6
"""The further goal: so many milliseconds beside so many of this disk's syncs."""


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def shown(values: list[float]) -> str:
    return "  ".join(f"p{round(share * 100)} {percentile(values, share):6.2f}" for share in (0.5, 0.95, 0.99))


# --- one desk as a process ----------------------------------------------------------------------------


def nanoseconds() -> int:
    """A clock that all processes of this machine share."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Watched(DeskService):
    """A desk that says when a note is stored and verified, and when it takes and sends envelopes."""

    def __init__(self, config: DeskConfig, say: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(config)
        self.say = say
        self.known: set[bytes] = set()

    def _take(self, route: Any, sealed: bytes) -> None:
        began = nanoseconds()
        receive, ended = self.desk.receive, began

        def watched(*arrived: Any) -> Any:
            nonlocal ended
            taken = receive(*arrived)
            ended = nanoseconds()
            return taken

        self.desk.receive = watched  # type: ignore[method-assign, assignment]
        super()._take(route, sealed)
        self.desk.receive = receive  # type: ignore[method-assign]
        asyncio.get_running_loop().call_later(TELLING, self._told, began, ended, len(sealed))

    def _told(self, began: int, ended: int, size: int) -> None:
        if size == min(SIZE_CLASSES):
            return  # receipts and rungs, taken in the same moment as a note: that does not fit in here
        for (note_id,) in self.desk.ledger.db.execute(
            "SELECT id FROM note WHERE state='verified' AND author<>? ORDER BY rowid DESC LIMIT 4",
            (self.desk.me,),
        ).fetchall():
            if bytes(note_id) not in self.known:
                self.known.add(bytes(note_id))
                self.say({"note": bytes(note_id).hex(), "began": began, "ended": ended, "bytes": size})


def pair_with(officer: Officer, theirs: Offer, name: str, desk: OfficeDesk, now: int) -> bytes:
    return desk.pair(officer, theirs, name, now)


def confirm(officer: Officer, line: bytes, heard: str, desk: OfficeDesk, now: int) -> None:
    desk.confirm(officer, line, heard, now)


def propose(officer: Officer, terms: Terms, desk: OfficeDesk, now: int) -> bytes:
    return desk.acts.propose(officer, terms, now)


def agree(officer: Officer, mandate: bytes, desk: OfficeDesk, now: int) -> None:
    desk.acts.sign_mandate(officer, mandate, now)


def release(officer: Officer, draft: Draft, desk: OfficeDesk, now: int) -> bytes:
    return desk.acts.release(officer, draft, now)


def complete(service: DeskService, mandate: bytes) -> bool:
    return service.desk.ledger.agreement(mandate).complete


async def until(come: Callable[[], bool]) -> None:
    while not come():  # noqa: ASYNC110 - set-up only, outside of what is measured
        await asyncio.sleep(0.01)


async def worker(folder: str, relays: list[str]) -> None:
    """Serve one desk and obey the lines on standard input."""
    loop = asyncio.get_running_loop()

    def say(message: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    outside = os.environ.get(OUTSIDE)
    witnesses = (Witness("w", bytes(31) + b"\x02", outside),) if outside else ()
    stamps = (outside,) if outside else ()
    service = Watched(DeskConfig(vault=Path(folder), witnesses=witnesses, time_stamps=stamps), say)
    await service.start()
    officer = await service.sign_in("duty", PASSPHRASE)
    reader = asyncio.StreamReader(limit=1 << 22)  # an invitation is some 80 KB of hexadecimal digits
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"ready": service.desk.me.hex()})
    while line := await reader.readline():
        asked = json.loads(line)
        match asked["do"]:
            case "offer":
                offer = service.act(lambda desk, now: desk.offer(officer, relays, now))
                say({"offer": offer.raw.hex()})
            case "pair":
                theirs = read_offer(bytes.fromhex(asked["offer"]))
                line_id = service.act(partial(pair_with, officer, theirs, asked["name"]))
                row = service.desk.ledger.line(line_id)
                say({"read": service.desk.spoken_digits(row).read_aloud, "line": line_id.hex()})
            case "confirm":
                service.act(partial(confirm, officer, bytes.fromhex(asked["line"]), asked["digits"]))
                say({"done": True})
            case "open":
                await until(lambda: all(row.open for row in service.desk.ledger.lines()))
                say({"done": True})
            case "propose":
                path = tuple(bytes.fromhex(each) for each in asked["path"])
                terms = Terms(name="bench", path=path, forwarding=2)
                mandate = service.act(partial(propose, officer, terms))
                say({"mandate": mandate.hex()})
            case "agree":
                mandate = bytes.fromhex(asked["mandate"])
                await until(partial(service.desk.ledger.has_mandate, mandate))
                if asked["sign"]:
                    service.act(partial(agree, officer, mandate))
                await until(partial(complete, service, mandate))
                say({"done": True})
            case "release":
                draft = Draft(
                    mandate=bytes.fromhex(asked["mandate"]),
                    recipient=bytes.fromhex(asked["to"]),
                    words=Words(text=TEXT, language="en"),
                    precedence=4,
                )
                began = nanoseconds()
                note = service.act(partial(release, officer, draft))
                told = {"released": note.hex(), "began": began, "ended": nanoseconds()}
                loop.call_later(TELLING, say, told)
            case "checkpoint":
                service.act(lambda desk, now: desk.checkpoints.now(now))
                service.outsiders.wake()
                say({"done": True})
            case "stop":
                say({"rss_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss})
                break
    await service.stop()


@dataclass
class Desk:
    """A worker as its driver sees it."""

    process: subprocess.Popen[str]
    me: str = ""

    def ask(self, **asked: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return self.hear()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a desk of the bench ended early")
        return dict(json.loads(line))


# --- the path -----------------------------------------------------------------------------------------


def start_relay(folder: Path, number: int) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "goodoffices", "relay", "serve", "--db", str(folder / f"relay{number}.db")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().split(" ready at ")[1].strip()


def make_office(folder: Path, name: str) -> Path:
    founding = found(name, [NewOfficer("duty", "officer 1")], LIVE, os.urandom, time.time_ns() // 1_000_000)
    with create_vault(folder / name, rng=os.urandom, cost=Cost(8192, 1, 1)) as vault:
        fill(vault, founding)
    return folder / name


def fill(vault: Vault, founding: Any) -> None:
    vault.put_secret("desk seed", founding.desk_seed)
    for epoch, seed in founding.envelope_seeds.items():
        vault.put_secret(f"envelope seed {epoch}", seed)
    vault.add_officer(
        "duty",
        PASSPHRASE,
        founding.officer_seeds["duty"],
        founding.reading_key,
        os.urandom,
        founding.office.root.made,
    )
    ledger = Ledger(vault.db)
    with ledger.transaction():
        keep(ledger, founding, os.urandom)


def pair(left: Desk, right: Desk, name: str) -> None:
    offers = [desk.ask(do="offer")["offer"] for desk in (left, right)]
    said = [
        desk.ask(do="pair", offer=offer, name=name) for desk, offer in ((left, offers[1]), (right, offers[0]))
    ]
    left.ask(do="confirm", line=said[0]["line"], digits=said[1]["read"])
    right.ask(do="confirm", line=said[1]["line"], digits=said[0]["read"])


Stages = list[dict[str, float]]
"""Per note: milliseconds of each stage."""


def measure_path(
    folder: Path, notes: int, outside: str | None = None
) -> tuple[Stages, Stages, dict[str, int]]:
    """``outside``: the address of a witness and a time stamp authority of every desk (``--hanging``)."""
    relays = [start_relay(folder, number) for number in (1, 2)]
    addresses = [address for _, address in relays]
    processes = [process for process, _ in relays]
    try:
        desks = {}
        for name in ("A", "M", "B"):
            vault = make_office(folder, name)
            process = subprocess.Popen(
                [sys.executable, __file__, "--worker", str(vault), *addresses],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | ({OUTSIDE: outside} if outside else {}),
            )
            processes.append(process)
            desks[name] = Desk(process)
            desks[name].me = desks[name].hear()["ready"]
        a, m, b = desks["A"], desks["M"], desks["B"]
        pair(a, m, "am")
        pair(m, b, "mb")
        for desk in (a, m, b):
            desk.ask(do="open")
        mandate = m.ask(do="propose", path=[a.me, m.me, b.me])["mandate"]
        for desk in (a, b):
            assert desk.process.stdin is not None
            desk.process.stdin.write(json.dumps({"do": "agree", "mandate": mandate, "sign": True}) + "\n")
            desk.process.stdin.flush()
        m.ask(do="agree", mandate=mandate, sign=False)
        for desk in (a, b):
            desk.hear()
        for desk in (a, m, b) if outside else ():
            desk.ask(do="checkpoint")
        brisk = walk(a, m, b, mandate, notes + 10, REST)[10:]
        rested = walk(a, m, b, mandate, max(10, notes // 4), LONG_REST)
        return brisk, rested, stop(desks)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def walk(a: Desk, m: Desk, b: Desk, mandate: str, notes: int, rest: float) -> Stages:
    stages: Stages = []
    end = time.monotonic() + AT_MOST
    for _ in range(notes):
        if time.monotonic() > end:
            break
        released = a.ask(do="release", mandate=mandate, to=b.me)
        at_m, at_b = m.hear(), b.hear()
        assert released["released"] == at_m["note"] == at_b["note"]
        ms = 1e-6
        stages.append(
            {
                "release at A": (released["ended"] - released["began"]) * ms,
                "A to M": (at_m["began"] - released["ended"]) * ms,
                "receive and forward at M": (at_m["ended"] - at_m["began"]) * ms,
                "M to B": (at_b["began"] - at_m["ended"]) * ms,
                "receive and verify at B": (at_b["ended"] - at_b["began"]) * ms,
                "whole path": (at_b["ended"] - released["began"]) * ms,
                "bytes A to M": at_m["bytes"],
                "bytes M to B": at_b["bytes"],
            }
        )
        time.sleep(rest)
    return stages


def stop(desks: dict[str, Desk]) -> dict[str, int]:
    return {name: desk.ask(do="stop")["rss_kib"] for name, desk in desks.items()}


# --- its parts, alone -----------------------------------------------------------------------------------

Work = Callable[[], float]
"""Does one part, and says how many milliseconds it took."""
TIMES, TIMES_RESTED = 200, 60
"""How often each part is measured back to back, and how often all of them after a rest."""
HOP = ["trip", "put", "trip"]
"""A put and a push, which are a round trip each, and the relay's commit."""
AT_A = ["sign", "sign", "verify", "wrap", "wrap", "pack", "commit"]
"""Note and entry signed, the note checked before it goes, sealed to two readers."""
AT_M = ["unpack", "verify", "verify", "unwrap", "sign", "sign", "pack", "commit"]
"""Entry and note checked, the note opened; the forward and its entry signed."""
AT_B = ["unpack", "verify", "verify", "verify", "unwrap", "commit"]
"""Entry, forward and note checked, the note opened."""
WAY = [*AT_A, *HOP, *AT_M, *HOP, *AT_B]
"""The parts of the path in their order."""


def timed(work: Callable[[], object]) -> Work:
    def part() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1000

    return part


@contextmanager
def vault_commits(folder: Path) -> Iterator[Work]:
    """A transaction of a vault that writes what a received note writes: five rows, 12 KiB."""
    with create_vault(folder / "parts", rng=os.urandom, cost=Cost(8192, 1, 1)) as vault:
        vault.db.execute("CREATE TABLE part (id INTEGER PRIMARY KEY, value BLOB)")

        def commit() -> None:
            with transaction(vault.db):
                for size in (5000, 3500, 2000, 500, 500):
                    vault.db.execute("INSERT INTO part (value) VALUES (?)", (os.urandom(size),))

        yield timed(commit)


@contextmanager
def relay_commits(folder: Path) -> Iterator[Work]:
    """One envelope of 16 KiB into a relay's database, synced."""
    with closing(sqlite3.connect(folder / "parts.db", isolation_level=None)) as db:
        migrate(db, steps_in("goodoffices.relay.schema"))
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE part (id INTEGER PRIMARY KEY, value BLOB)")

        def commit() -> None:
            with transaction(db):
                db.execute("INSERT INTO part (value) VALUES (?)", (os.urandom(16384),))

        yield timed(commit)


@contextmanager
def disk_syncs(folder: Path) -> Iterator[Work]:
    """4 KiB at the end of a file, synced: what this disk takes."""
    with (folder / "sync").open("wb") as file:

        def sync() -> None:
            file.write(os.urandom(4096))
            file.flush()
            os.fsync(file.fileno())

        yield timed(sync)


@contextmanager
def round_trips(folder: Path) -> Iterator[Work]:
    """A request to a relay that writes nothing, by the desk's own client."""
    relay, address = start_relay(folder, 9)
    client = RelayClient()

    async def trip() -> float:
        began = time.perf_counter()
        await client.health(address)
        return (time.perf_counter() - began) * 1000

    try:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            yield lambda: runner.run(trip())
            runner.run(client.close())
    finally:
        relay.terminate()
        relay.wait(20)


def cryptography() -> dict[str, Callable[[], object]]:
    """Every operation of the path, alone: signatures, a reader's wrapped key, an envelope's seal."""
    seed, secret, message, big = os.urandom(32), os.urandom(32), os.urandom(600), os.urandom(8192)
    public, signer = crypto.sealing_public(secret), crypto.ed25519_public(seed)
    signature = crypto.ed25519_sign(seed, message)
    wrapped, sealed = (crypto.seal(public, each, b"info") for each in (secret, big))
    return {
        "sign": lambda: crypto.ed25519_sign(seed, message),
        "verify": lambda: crypto.ed25519_verify(signer, signature, message),
        "wrap": lambda: crypto.seal(public, secret, b"info"),
        "unwrap": lambda: crypto.unseal(secret, wrapped, b"info"),
        "pack": lambda: crypto.seal(public, big, b"info"),
        "unpack": lambda: crypto.unseal(secret, sealed, b"info"),
    }


@dataclass(frozen=True)
class Parts:
    """Milliseconds: the median of each part back to back, and every time of all in the path's order after a rest."""

    each: dict[str, float]
    rested: list[float]
    sync: float
    sync_rested: float

    @property
    def back_to_back(self) -> float:
        return sum(self.each[name] for name in WAY)

    def of(self, *names: str) -> float:
        return sum(self.each[name] for name in WAY if name in names)


def measure_parts(folder: Path) -> Parts:
    with (
        vault_commits(folder) as commit,
        relay_commits(folder) as put,
        disk_syncs(folder) as sync,
        round_trips(folder) as trip,
    ):
        keys = cryptography()
        works = {
            "commit": commit,
            "put": put,
            "trip": trip,
            **{name: timed(work) for name, work in keys.items()},
        }
        each = {name: median([work() for _ in range(TIMES)]) for name, work in works.items()}
        synced = median([sync() for _ in range(TIMES)])
        rested, synced_rested = [], []
        for _ in range(TIMES_RESTED):
            time.sleep(REST)
            rested.append(sum(works[name]() for name in WAY))
        for _ in range(TIMES_RESTED):
            time.sleep(REST)
            synced_rested.append(sync())
    return Parts(each, rested, synced, median(synced_rested))


def median(values: list[float]) -> float:
    return percentile(values, 0.5)


def smallest_envelope() -> int:
    """Bytes of a receipt on the route: the smallest class."""
    seed = os.urandom(32)
    body = b"\x80"
    entry = Entry(
        line=bytes(32), writer=bytes(32), incarnation=bytes(16), number=1, kind=EntryKind.ACTS, time=(0, 0),
        commitment=commitment(bytes(32), body), roster=1,
    )  # fmt: skip
    carried = CarriedEntry(sign(state(entry, LIVE), seed), bytes(32), body)
    public = crypto.sealing_public(os.urandom(32))
    return len(envelope.pack([envelope.entry_part(carried)], realm=LIVE, line=bytes(32), public=public))


@contextmanager
def hanging() -> Iterator[tuple[str, list[socket.socket]]]:
    """(the address of a server that takes every request and answers none, the connections that it holds)."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", held
        finally:
            for each in held:
                each.close()


def compare_hanging(folder: Path, notes: int) -> None:
    """Notes without outsiders, then with a witness and a time stamp authority that take requests and never answer."""
    found: dict[bool, Stages] = {}
    with hanging() as (address, held):
        for hangs in (False, True):
            (folder / str(hangs)).mkdir()
            found[hangs] = measure_path(folder / str(hangs), notes, address if hangs else None)[0]
        assert len(held) >= 6, "every desk has asked both"
        print(f"{notes} notes each way; {len(held)} requests held by a witness and a time stamp authority")
    for stage in ("release at A", "whole path"):
        without, both = (percentile([each[stage] for each in found[hangs]], 0.5) for hangs in (False, True))
        print(
            f"  {stage:<14} {without:7.2f} ms without, {both:7.2f} ms with both hanging: {both / without:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--notes", type=int, default=200)
    parser.add_argument("--hanging", action="store_true", help="a witness and a time stamp that never answer")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        calm_collector()
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(worker(given.worker[0], given.worker[1:]))
        return
    with tempfile.TemporaryDirectory(prefix="goodoffices-bench-") as name:
        folder = Path(name)
        if given.hanging:
            compare_hanging(folder, given.notes)
            return
        stages, rested, memory = measure_path(folder, given.notes)
        parts = measure_parts(folder)
    print(f"{len(stages)} notes of 1,024 characters, automatic forward, two relays, ms")
    for stage in list(stages[0])[:6]:
        print(f"  {stage:<26} {shown([each[stage] for each in stages])}")
    rested_ms = shown([each["whole path"] for each in rested])
    print(f"  {f'whole path, {LONG_REST} s of rest':<26} {rested_ms}")
    print("parts alone, medians in this run, ms")
    print(
        f"  vault commit {parts.each['commit']:.2f} x 3, relay commit {parts.each['put']:.2f} x 2, HTTP round trip"
        f" {parts.each['trip']:.2f} x 4"
    )
    keys = parts.of("sign", "verify", "wrap", "unwrap", "pack", "unpack")
    print(f"  (a put and a push a hop), cryptography {keys:.2f}: back to back {parts.back_to_back:.2f}")
    print(f"  in the path's order after {REST} s of rest {shown(parts.rested)}")
    print(f"  this disk's fsync of 4 KiB {parts.sync:.2f}, after that rest {parts.sync_rested:.2f}")
    whole = percentile([each["whole path"] for each in stages], 0.5)
    print(f"path / parts back to back    {whole / parts.back_to_back:.2f}")
    print(
        f"path / parts after a rest    {whole / median(parts.rested):.2f}   (goal: at most {GOAL_RATIO:.0f})"
    )
    print(f"path / goal of {GOAL_MS:.0f} ms         {whole / GOAL_MS:.2f}")
    least = LEAST_MS + LEAST_SYNCS * parts.sync
    print(
        f"path / goal of {LEAST_MS} ms and {LEAST_SYNCS} syncs ({least:.1f} ms) {whole / least:.2f},"
        f" its parts alone after a rest {median(parts.rested) / least:.2f}"
    )
    legs = [int(percentile([each[f"bytes {leg}"] for each in stages], 0.5)) for leg in ("A to M", "M to B")]
    print(f"bytes on the wire: A to M {legs[0]}, M to B {legs[1]}; a receipt or test {smallest_envelope()}")
    print("desks' memory, MiB: " + ", ".join(f"{name} {kib / 1024:.0f}" for name, kib in memory.items()))


if __name__ == "__main__":
    main()
