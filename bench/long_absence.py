# SPDX-License-Identifier: Apache-2.0
"""A desk returns after a long absence: ten thousand entries from two relays, and FLASH notes in between.

    .venv/bin/python -m bench.long_absence [--entries 10000]

Real vaults, two relay processes with their ordinary bounds, sockets on loopback, no TLS. All three desks
share this process and its one loop, so every figure is on the high side. Ten thousand envelopes do not fit
a mailbox of 64 MiB: part of them waits at the author's desk, as it would after a month.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from goodoffices.core.note import Words
from goodoffices.desk.lines import service_traffic
from goodoffices.desk.officers.acts import Draft
from tests.desk.running import Desks, RunningDesk, two_relays

AT_MOST = 1_800.0
"""Seconds of each wait."""


def memory() -> int:
    """Mebibytes that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def until(true: Callable[[], object], pause: float = 0.02) -> float:
    """Seconds until something is so."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > AT_MOST:
            raise SystemExit("it did not happen")
        await asyncio.sleep(pause)
    return time.monotonic() - began


def flash(desk: RunningDesk, mandate: bytes, to: bytes) -> bytes:
    """The intermediary's own FLASH note to the party that was away."""
    words = Words(text="Read this first.", language="en", reason="It cannot wait.")
    draft = Draft(mandate=mandate, recipient=to, words=words, precedence=4)
    return desk.service.act(lambda here, now: here.acts.release(desk.duty, draft, now))


async def absence(desks: Desks, entries: int) -> dict[str, object]:
    """The whole story, in figures."""
    await desks.agree()
    await desks.until(desks.quiet)
    bern, tehran, mandate, me = desks.bern, desks.tehran, desks.mandate, desks.tehran.me
    line = bern.service.desk.line_named("Tehran").id
    await tehran.stop()
    service_traffic.MOST_SAID = entries + service_traffic.MOST_SAID  # of a day: here a month is a minute
    before, began, most = memory(), time.monotonic(), 0
    for number in range(entries):
        bern.service.act(lambda here, now, n=number: here.service_traffic.say(bern.duty, line, f"{n}", now))  # type: ignore[misc]
        most = max(most, bern.service.desk.lines.sending.kept())
        await asyncio.sleep(0)
    written = time.monotonic() - began
    await asyncio.sleep(5)
    lay_there = flash(bern, mandate, me)
    away = memory()
    began = time.monotonic()
    await tehran.start()
    await until(lambda: tehran.state(lay_there) == "verified")
    first = time.monotonic() - began
    new = flash(bern, mandate, me)
    second = await until(lambda: tehran.state(new) == "verified")
    ledger = tehran.service.desk.ledger

    def all_here() -> bool:
        return ledger.counts_of(line, bern.me, me)[0] >= entries

    await until(all_here, 0.2)
    caught_up = time.monotonic() - began
    await until(lambda: not bern.service.desk.ledger.waits_for_receipt(line, bern.me)[0], 0.2)
    places = ledger.newest_places(line, bern.me, 2 * entries)
    numbers = [number for incarnation, number, _ in places if incarnation == places[-1][0]]
    rising = sum(a < b for a, b in pairwise(numbers))
    return {
        "entries": entries,
        "written_s": round(written, 1),
        "author_envelopes_kept_at_most_MiB": round(most / 2**20, 1),
        "flash_before_return_verified_s": round(first, 2),
        "flash_after_return_verified_s": round(second, 2),
        "all_here_s": round(caught_up, 1),
        "entries_per_s": round(entries / caught_up),
        "in_order_share": round(rising / max(1, len(numbers) - 1), 4),
        "every_number_once": len(numbers) == len(set(numbers)),
        "memory_MiB": {"before": before, "at the author's": away, "in all": memory()},
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=10_000)
    given = parser.parse_args()

    async def whole(place: Path) -> dict[str, object]:
        with two_relays(place) as relays:
            async with Desks(place, relays) as desks:
                return await absence(desks, given.entries)

    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(whole(Path(folder))), indent=2))


if __name__ == "__main__":
    main()
