# SPDX-License-Identifier: Apache-2.0
"""One envelope's way through a relay, and what a thousand waiting desks cost, beside other brokers on this machine.

    python -m bench.relay_path [--peers] [--postgresql] [--hops 500] [--json FILE] [--check]

A hop is from the first byte of a put to its push at a listener; the put is answered only after the sync. The
disk's own median sync is measured in the same run, so that runs of different machines can be compared.
``--peers`` runs the same job on what of NATS JetStream, Mosquitto (both in Debian) and Matrix' Synapse (on PyPI)
is installed. The first two do not sync before they acknowledge, which the table says. ``--postgresql`` adds a
relay over a throw-away PostgreSQL server with its usual settings.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from bench import relay_puts
from bench.brokers import Broker, Mosquitto, NatsJetStream, OurRelay, Peer
from bench.synapse import Synapse

SIZE = 4096
QUEUED = 1_000
SENDERS = 64

GOALS = {
    "hop_median_ms": 1.2,
    "hop_p95_ms": 2.0,
    "catch_up_ms": 250.0,
    "desk_kib": 32.0,
    "cold_start_ms": 250.0,
}


@dataclass
class Numbers:
    """What one broker did. Milliseconds, KiB; None: not measured."""

    name: str
    syncs: bool
    cold_start_ms: float
    hop_median_ms: float
    hop_p95_ms: float
    catch_up_ms: float
    puts_per_second: float
    put_p99_ms: float
    desk_kib: float | None


def sync_median_ms(directory: Path, count: int = 300) -> float:
    """An append of one envelope, synced."""
    handle = os.open(directory / "sync", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        os.write(handle, bytes(SIZE))
        os.fdatasync(handle)
        times.append(time.perf_counter() - begun)
    os.close(handle)
    return 1000 * statistics.median(times)


def resident_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text(encoding="ascii").split("VmRSS:")[1].split()[0])


async def hops(broker: Broker, count: int) -> list[float]:
    """One at a time: from the put to its push, in seconds."""
    box = await broker.box()
    heard: asyncio.Queue[float] = asyncio.Queue()
    listener = await broker.listen(box, lambda _: heard.put_nowait(time.perf_counter()))
    sender = await broker.sender(box)
    times = []
    for number in range(count + 20):
        begun = time.perf_counter()
        await sender.put(number.to_bytes(8, "big") + os.urandom(SIZE - 8))
        arrived = await heard.get()
        if number >= 20:
            times.append(arrived - begun)
    await sender.close()
    await listener.close()
    return sorted(times)


async def catch_up(broker: Broker) -> float:
    """From the connection of a desk that was away to the last of what waits, in seconds."""
    box = await broker.box()
    sender = await broker.sender(box)
    for _ in range(QUEUED // 50):
        await asyncio.gather(*(sender.put(os.urandom(SIZE)) for _ in range(50)))
    await sender.close()
    done = asyncio.Event()
    count = 0

    def heard(_: int) -> None:
        nonlocal count
        count += 1
        if count == QUEUED:
            done.set()

    begun = time.perf_counter()
    listener = await broker.listen(box, heard)
    await asyncio.wait_for(done.wait(), 60)
    took = time.perf_counter() - begun
    await listener.close()
    return took


async def load(broker: Broker, seconds: float) -> tuple[float, float]:
    """Puts per second of 64 senders at 64 mailboxes that are all listened to, and the 99th percentile in seconds."""
    boxes = [await broker.box() for _ in range(SENDERS)]
    listeners = [await broker.listen(box, lambda _: None) for box in boxes]
    senders = [await broker.sender(box) for box in boxes]
    until = time.perf_counter() + seconds
    times: list[float] = []

    async def send(sender: object) -> None:
        while (begun := time.perf_counter()) < until:
            await sender.put(os.urandom(SIZE))  # type: ignore[attr-defined]
            times.append(time.perf_counter() - begun)

    await asyncio.gather(*(send(sender) for sender in senders))
    for each in (*senders, *listeners):
        await each.close()
    times.sort()
    return len(times) / seconds, times[int(len(times) * 0.99)]


async def idle(broker: Broker) -> float:
    """KiB of the broker's memory for each desk that is connected and hears nothing."""
    boxes = [await broker.box() for _ in range(broker.desks)]
    await asyncio.sleep(1)
    before = resident_kib(broker.pid)
    listeners = []
    for start in range(0, broker.desks, 50):
        listeners += await asyncio.gather(
            *(broker.listen(box, lambda _: None) for box in boxes[start : start + 50])
        )
    await asyncio.sleep(3)
    after = resident_kib(broker.pid)
    for listener in listeners:
        await listener.close()
    return (after - before) / broker.desks


async def first_put(broker: Broker) -> None:
    box = await broker.box()
    sender = await broker.sender(box)
    await sender.put(os.urandom(SIZE))
    await sender.close()


async def measure(broker: Broker, count: int, seconds: float, begun: float) -> Numbers:
    await first_put(broker)
    cold = time.perf_counter() - begun
    times = await hops(broker, count)
    caught_up = min([await catch_up(broker) for _ in range(3)])
    puts, p99 = await load(broker, seconds)
    kib = await idle(broker)
    return Numbers(
        broker.name,
        broker.syncs,
        1000 * cold,
        1000 * statistics.median(times),
        1000 * times[int(len(times) * 0.95)],
        1000 * caught_up,
        puts,
        1000 * p99,
        kib,
    )


def show(numbers: Numbers, sync_ms: float) -> None:
    kib = "–" if numbers.desk_kib is None else f"{numbers.desk_kib:.1f}"
    print(
        f"{numbers.name:22}{'yes' if numbers.syncs else 'no':>5}{numbers.cold_start_ms:9.0f}"
        f"{numbers.hop_median_ms:8.2f}{numbers.hop_p95_ms:8.2f}{numbers.hop_median_ms / sync_ms:7.1f}"
        f"{numbers.catch_up_ms:9.0f}{numbers.puts_per_second:9,.0f}{numbers.put_p99_ms:8.1f}{kib:>8}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hops", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=3.0, help="of the load")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--dir", type=Path, help="where the databases lie while it runs")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    given = parser.parse_args()
    found: list[Numbers] = []
    with tempfile.TemporaryDirectory(dir=given.dir) as name, ExitStack() as stack:
        directory = Path(name)
        directory.chmod(0o755)
        sync_ms = sync_median_ms(directory)
        print(
            f"this machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, median sync {sync_ms:.2f} ms\n"
        )
        print(
            "                      syncs  cold ms   hop ms   p95  /sync  catch up   puts/s  p99 ms  KiB/desk"
        )
        candidates = [OurRelay(directory)]
        if given.postgresql:
            from tests.postgres import server

            postgres = stack.enter_context(server())
            candidates.append(OurRelay(directory, postgres.url(postgres.database())))
        peers: list[Broker] = [*candidates]
        if given.peers:
            known: tuple[Peer, ...] = (NatsJetStream(directory), Mosquitto(directory), Synapse(directory))
            for peer in known:
                if shutil.which(peer.program):
                    peers.append(peer)
                else:
                    print(f"{peer.name:22}not measured: {peer.program} is not installed ({peer.get})")
        for broker in peers:
            begun = time.perf_counter()
            broker.start()
            try:
                numbers = uvloop.run(measure(broker, given.hops, given.seconds, begun))
            finally:
                broker.stop()
            found.append(numbers)
            show(numbers, sync_ms)
        # One client of Python is slower than the relay: the goal is tried with two, and a third that listens.
        relay = relay_puts.Relay(directory / "load.db")
        boxes = relay_puts.open_boxes(relay, SENDERS)
        heavy = relay_puts.run_load(relay, boxes, SENDERS, given.seconds, SIZE, push=True)
        relay.stop()
        answered, lost = relay_puts.kill_under_load(directory, SIZE)
    ours = asdict(found[0])
    missed = [goal for goal, most in GOALS.items() if ours[goal] > most]
    print()
    for goal, most in GOALS.items():
        print(f"  {'MISSED' if goal in missed else 'met   '} {goal} {ours[goal]:.2f}, at most {most}")
    at_last = {
        f"{heavy.puts_per_second:,.0f} puts/s of {SENDERS} senders, {heavy.cpu_us:.0f} us of processor time each,"
        f" at least {relay_puts.GOAL_PUTS:,}": heavy.puts_per_second >= relay_puts.GOAL_PUTS,
        f"99th percentile of them {heavy.p99_ms:.1f} ms, at most {relay_puts.GOAL_P99_MS:.0f}": heavy.p99_ms
        <= relay_puts.GOAL_P99_MS,
        f"{heavy.pushed_count:,} of {heavy.puts:,} of them pushed": heavy.pushed_count == heavy.puts,
        f"{lost} of {answered:,} answered envelopes lost after kill -9": not lost and answered > 0,
    }
    for goal, met in at_last.items():
        print(f"  {'met   ' if met else 'MISSED'} {goal}")
        missed += [] if met else [goal]
    if given.json:
        given.json.write_text(
            json.dumps(
                {"sync_ms": sync_ms, "brokers": [asdict(each) for each in found], "load": asdict(heavy)},
                indent=1,
            )
            + "\n"
        )
    return 1 if missed and given.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
