# SPDX-License-Identifier: Apache-2.0
"""Durable puts per second of a real relay process, with this machine's own limits beside them.

    python bench/relay_puts.py [--seconds 3] [--size 4096] [--json FILE] [--check]

Senders put in a closed loop over connections kept alive; each waits for its answer, which the relay
gives only after the sync. Every put is also pushed to a listener at its mailbox. At the end the relay
is killed with SIGKILL under load, started again, and every answered envelope is looked for.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import multiprocessing
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

RELAY = [sys.executable, "-c", "from goodoffices.cli.relay import relay; relay()", "serve"]
UNBOUNDED = ("--max-puts-per-second", "1000000", "--max-mailbox-mib", "100000", "--max-store-mib", "1000000")
GOAL_PUTS = 9_500
GOAL_P99_MS = 25.0
GOAL_MIB = 100
BOXES = 64


@dataclass(frozen=True)
class Box:
    """A mailbox and the secrets of its rights."""

    id: str
    put: str
    collect: str
    delete: str


class Relay:
    """A relay process that this program started."""

    def __init__(self, db: Path | str) -> None:
        kept = ["--db", str(db)] if isinstance(db, Path) else ["--database", db]
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [*RELAY, *kept, *UNBOUNDED], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("relay ready at "):
            raise SystemExit("The relay did not start.")
        self.start_seconds = time.perf_counter() - begun
        self.address = line.split()[-1]
        self.port = urlsplit(self.address).port or 0

    def peak_mib(self) -> float:
        """The most memory it has had resident."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def cpu_seconds(self) -> float:
        """Processor time it has used, in all threads and in the kernel."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, number: int = signal.SIGTERM) -> float:
        """End it; seconds taken."""
        begun = time.perf_counter()
        self.process.send_signal(number)
        self.process.wait(10)
        return time.perf_counter() - begun


def open_boxes(relay: Relay, count: int) -> list[Box]:
    boxes = []
    for _ in range(count):
        box = Box(secrets.token_hex(16), *(secrets.token_hex(32) for _ in range(3)))
        rights = {
            name: hashlib.sha256(bytes.fromhex(getattr(box, name))).hexdigest()
            for name in ("put", "collect", "delete")
        }
        request = urllib.request.Request(
            f"{relay.address}/v1/mailboxes/{box.id}", data=json.dumps(rights).encode(), method="PUT"
        )
        urllib.request.urlopen(request, timeout=10).close()
        boxes.append(box)
    return boxes


# --- the load ------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What a sender process saw."""

    latencies: list[float] = field(default_factory=list)
    answered: list[tuple[str, bytes]] = field(default_factory=list)
    other: dict[str, int] = field(default_factory=dict)


class Sender(asyncio.Protocol):
    """One sender: the next request goes out when the answer to the last one is in."""

    def __init__(self, box: Box, make: Callable[[], bytes], tally: Tally, until: float) -> None:
        self.make, self.tally, self.until, self.box = make, tally, until, box
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport
        self.send()

    def send(self) -> None:
        body = self.make()
        self.envelope = body
        head = (
            f"POST /v1/mailboxes/{self.box.id}/envelopes HTTP/1.1\r\nHost: relay\r\n"
            f"Authorization: Bearer {self.box.put}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.begun = time.perf_counter()
        self.transport.write(head.encode() + body)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if b"}" not in self.buffer:
            return
        now = time.perf_counter()
        if self.buffer.startswith(b"HTTP/1.1 201"):
            self.tally.latencies.append(now - self.begun)
            self.tally.answered.append((self.box.id, hashlib.sha256(self.envelope).digest()))
        else:
            status = self.buffer[9:12].decode()
            self.tally.other[status] = self.tally.other.get(status, 0) + 1
        self.buffer = b""
        if now < self.until:
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def send_all(port: int, boxes: list[Box], senders: int, seconds: float, size: int) -> Tally:
    tally = Tally()
    counter = 0
    filler = secrets.token_bytes(size)

    def make() -> bytes:
        nonlocal counter
        counter += 1
        return os.urandom(16) + filler[16:]

    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    waiting = []
    for number in range(senders):
        box = boxes[number % len(boxes)]
        _, sender = await loop.create_connection(
            lambda box=box: Sender(box, make, tally, until),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        waiting.append(sender.over)
    await asyncio.wait_for(asyncio.gather(*waiting), seconds + 20)
    return tally


class ListenerClient(asyncio.Protocol):
    """A push client of the fewest lines: counts whole frames, answers nothing (runs are short)."""

    def __init__(self, box: Box, counts: dict[str, int]) -> None:
        self.box, self.counts, self.buffer, self.open = box, counts, bytearray(), False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        transport.write(  # type: ignore[attr-defined]
            (
                f"GET /v1/mailboxes/{self.box.id}/push?after=0 HTTP/1.1\r\nHost: relay\r\n"
                "Upgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                f"Authorization: Bearer {self.box.collect}\r\n\r\n"
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.open:
            if b"\r\n\r\n" not in self.buffer:
                return
            if not self.buffer.startswith(b"HTTP/1.1 101"):
                raise SystemExit("The relay refused a listener.")
            del self.buffer[: self.buffer.index(b"\r\n\r\n") + 4]
            self.open = True
            self.counts["open"] += 1
        while len(self.buffer) >= 2:
            short = self.buffer[1] & 0x7F
            start, size = 2, short
            if short == 126:
                start, size = 4, int.from_bytes(self.buffer[2:4], "big")
            elif short == 127:
                start, size = 10, int.from_bytes(self.buffer[2:10], "big")
            if len(self.buffer) < start + size:
                return
            if self.buffer[0] & 0x0F == 2:
                self.counts["pushed"] += 1
            del self.buffer[: start + size]


def listen_process(port: int, boxes: list[Box], pipe: Connection) -> None:
    """Listen at every mailbox; tell how many were pushed when asked, end when told."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        counts = {"open": 0, "pushed": 0}
        for box in boxes:
            await loop.create_connection(lambda box=box: ListenerClient(box, counts), "127.0.0.1", port)  # type: ignore[misc]
        while True:
            asked = await loop.run_in_executor(None, pipe.recv)
            pipe.send(dict(counts))
            if asked == "end":
                return

    uvloop.run(main())


def send_process(
    port: int, boxes: list[Box], senders: int, seconds: float, size: int, pipe: Connection
) -> None:
    pipe.send(uvloop.run(send_all(port, boxes, senders, seconds, size)))


@dataclass(frozen=True)
class Run:
    """One line of the table."""

    senders: int
    pushed: bool
    puts_per_second: float
    p50_ms: float
    p99_ms: float
    pushed_count: int
    puts: int
    cpu_us: float
    """Processor time of the relay for each put, its push included: other programs do not disturb it much."""
    other: dict[str, int]


def run_load(relay: Relay, boxes: list[Box], senders: int, seconds: float, size: int, push: bool) -> Run:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    listener = context.Process(target=listen_process, args=(relay.port, boxes, theirs))
    before = 0
    if push:
        listener.start()
        before = settled(ours, boxes)
    cpu = relay.cpu_seconds()
    processes = []
    parts = 2 if senders > 1 else 1
    for part in range(parts):
        mine, its = context.Pipe()
        share = boxes[part::parts]
        process = context.Process(
            target=send_process, args=(relay.port, share, senders // parts, seconds, size, its)
        )
        process.start()
        processes.append((process, mine))
    tallies: list[Tally] = [pipe.recv() for _, pipe in processes]
    for process, _ in processes:
        process.join(5)
    latencies = sorted(x for tally in tallies for x in tally.latencies)
    puts = len(latencies)
    pushed = 0
    if push:
        deadline = time.monotonic() + 10
        while pushed < puts and time.monotonic() < deadline:
            ours.send("how many")
            pushed = ours.recv()["pushed"] - before
        ours.send("end")
        ours.recv()
        listener.join(5)
    other: dict[str, int] = {}
    for tally in tallies:
        for status, count in tally.other.items():
            other[status] = other.get(status, 0) + count
    return Run(
        senders,
        push,
        puts / seconds,
        1000 * latencies[puts // 2],
        1000 * latencies[int(puts * 0.99)],
        pushed,
        puts,
        1e6 * (relay.cpu_seconds() - cpu) / puts,
        other,
    )


def settled(pipe: Connection, boxes: list[Box]) -> int:
    """Wait until every listener is open and has caught up with what was put earlier."""
    last = {"open": 0, "pushed": -1}
    while True:
        pipe.send("how many")
        now = pipe.recv()
        if now["open"] == len(boxes) and now == last:
            return int(now["pushed"])
        last = now
        time.sleep(0.2)


# --- the machine's limits and the loss check ------------------------------------------------------


def syncs_per_second(directory: Path, size: int, seconds: float = 1.0) -> float:
    """Appends of ``size`` bytes, each synced."""
    path = directory / "syncs"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    count = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        os.write(handle, bytes(size))
        os.fdatasync(handle)
        count += 1
    os.close(handle)
    path.unlink()
    return count / seconds


def collected(relay: Relay, box: Box) -> set[bytes]:
    """IDs of everything in a mailbox."""
    found: set[bytes] = set()
    after = 0
    while True:
        request = urllib.request.Request(
            f"{relay.address}/v1/mailboxes/{box.id}/envelopes?after={after}",
            headers={"Authorization": f"Bearer {box.collect}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        if not body:
            return found
        at = 0
        while at < len(body):
            after, size = (
                int.from_bytes(body[at : at + 8], "big"),
                int.from_bytes(body[at + 8 : at + 12], "big"),
            )
            found.add(hashlib.sha256(body[at + 12 : at + 12 + size]).digest())
            at += 12 + size


def kill_under_load(directory: Path, size: int) -> tuple[int, int]:
    """Answered puts before SIGKILL, and how many of them are missing afterwards."""
    db = directory / "killed.db"
    relay = Relay(db)
    boxes = open_boxes(relay, 8)
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe()
    process = context.Process(target=send_process, args=(relay.port, boxes, 64, 8.0, size, its))
    process.start()
    time.sleep(2.0)
    relay.stop(signal.SIGKILL)
    tally: Tally = mine.recv()
    process.join(5)
    again = Relay(db)
    there = {(box.id, key) for box in boxes for key in collected(again, box)}
    again.stop()
    return len(tally.answered), len(set(tally.answered) - there)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run")
    parser.add_argument("--size", type=int, default=4096, choices=(512, 4096, 16384, 65536, 262144))
    parser.add_argument("--dir", type=Path, help="where the databases lie while it runs")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dir) as name:
        directory = Path(name)
        syncs = syncs_per_second(directory, given.size)
        print(f"this machine: {os.cpu_count()} cores, {syncs:,.0f} appends of {given.size} bytes synced/s\n")
        print("senders  pushed    puts/s   p50 ms   p99 ms  cpu us/put   puts per sync of this machine")
        runs = []
        peak = start = stop = 0.0
        for senders, push in ((1, False), (16, False), (64, False), (64, True)):
            relay = Relay(directory / f"relay-{senders}-{push}.db")
            boxes = open_boxes(relay, min(senders, BOXES))
            run = run_load(relay, boxes, senders, given.seconds, given.size, push)
            runs.append(run)
            peak = max(peak, relay.peak_mib())
            start, stop = relay.start_seconds, relay.stop()
            print(
                f"{senders:7}  {'yes' if push else 'no':6}{run.puts_per_second:10,.0f}{run.p50_ms:9.2f}"
                f"{run.p99_ms:9.2f}{run.cpu_us:12.0f}   {run.puts_per_second / syncs:.2f}"
                + (f"   {run.pushed_count:,} of {run.puts:,} pushed" if push else "")
                + (f"   other answers: {run.other}" if run.other else "")
            )
        print(f"\npeak memory {peak:.0f} MiB, start {start:.2f} s, stop {stop:.2f} s")
        answered, lost = kill_under_load(directory, given.size)
        print(f"kill -9 under load: {answered:,} puts answered before it, {lost} of them lost")
    goals = {
        f"{GOAL_PUTS:,} puts/s at 64 senders, pushed": runs[-1].puts_per_second >= GOAL_PUTS,
        f"99th percentile {GOAL_P99_MS:.0f} ms": runs[-1].p99_ms <= GOAL_P99_MS,
        f"{GOAL_MIB} MiB resident": peak <= GOAL_MIB,
        "every put pushed": runs[-1].pushed_count == runs[-1].puts,
        "nothing lost": lost == 0 and answered > 0,
    }
    for goal, met in goals.items():
        print(f"  {'met   ' if met else 'MISSED'} {goal}")
    if given.json:
        report = {
            "syncs_per_second": syncs,
            "runs": [asdict(run) for run in runs],
            "peak_mib": peak,
            "start_seconds": start,
            "stop_seconds": stop,
            "killed": {"answered": answered, "lost": lost},
        }
        given.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(goals.values()) or not given.check else 1


if __name__ == "__main__":
    sys.exit(main())
