# SPDX-License-Identifier: Apache-2.0
"""What is on its way: every envelope is offered to all relays of its line until the receipt is in.

Sans I/O, in memory only: after a crash it is rebuilt from the entries that have no receipt yet. A
failed try is repeated after seconds, then minutes, for ever. An envelope that a relay has taken but
that nobody receipts is packed afresh after a while, since a relay may forget or lie (P2, P7).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from goodoffices.desk.ledger.ledger import RouteRow

BACKOFF = (1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000)
"""Milliseconds before the next try after the 1st, 2nd ... failure; the last one for ever."""

UNRECEIPTED = (
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    1_800_000,
    3_600_000,
    10_800_000,
    21_600_000,
)
"""Milliseconds after which an envelope that a relay took, but no receipt answers, is packed afresh.

The waits grow so that a month of a peer's silence does not fill its mailboxes; a relay that comes back,
or a peer that starts, ends them at once (``sign_of_life``, ``peer_started``).
"""

VOLATILE_TRIES = 4
"""Receipts and heads are not kept: whoever misses one asks again by sending again."""


@dataclass(frozen=True)
class Put:
    """Offer an envelope to a relay. ``entries``: what is in it."""

    batch: int
    route: RouteRow
    envelope: bytes
    entries: tuple[bytes, ...] = ()


@dataclass
class _Try:
    route: RouteRow
    failures: int = 0
    due: int | None = 0
    accepted: bool = False


@dataclass
class _Batch:
    line: bytes
    envelope: bytes
    entries: set[bytes]
    tries: dict[int, _Try]
    urgent: bool
    repacks: int = 0
    stale_at: int | None = None
    all_entries: tuple[bytes, ...] = ()


class Sending:
    """The batches of one desk."""

    def __init__(self) -> None:
        self._batches: dict[int, _Batch] = {}
        self._next = 1
        self._latest = 0

    def _notice(self, now: int) -> None:
        """A clock that was put back must not make anything wait until it has caught up."""
        back = self._latest - now
        self._latest = now
        if back <= 0:
            return
        for batch in self._batches.values():
            batch.stale_at = None if batch.stale_at is None else batch.stale_at - back
            for attempt in batch.tries.values():
                attempt.due = None if attempt.due is None else attempt.due - back

    def add(
        self,
        line: bytes,
        envelope: bytes,
        entries: Iterable[bytes],
        routes: Iterable[RouteRow],
        *,
        now: int,
        urgent: bool = False,
        repacks: int = 0,
    ) -> None:
        """A new envelope for a line; ``entries`` empty for receipts and heads."""
        self._notice(now)
        ids = tuple(entries)
        tries = {route.id: _Try(route, due=now) for route in routes}
        self._batches[self._next] = _Batch(line, envelope, set(ids), tries, urgent, repacks, None, ids)
        self._next += 1

    def due(self, now: int) -> list[Put]:
        """What to offer now, urgent first. Each is marked as under way until its outcome is told."""
        self._notice(now)
        puts = []
        for number, batch in sorted(self._batches.items(), key=lambda each: (not each[1].urgent, each[0])):
            for attempt in batch.tries.values():
                if attempt.due is not None and attempt.due <= now:
                    attempt.due = None
                    puts.append(Put(number, attempt.route, batch.envelope, batch.all_entries))
        return puts

    def next_wake(self) -> int | None:
        """When something falls due next."""
        times = [t.due for batch in self._batches.values() for t in batch.tries.values() if t.due is not None]
        times += [batch.stale_at for batch in self._batches.values() if batch.stale_at is not None]
        return min(times, default=None)

    def accepted(self, put: Put, now: int) -> tuple[bytes, ...]:
        """A relay took it. Returns the batch's entries if this may be the first relay that did."""
        self._notice(now)
        batch = self._batches.get(put.batch)
        if batch is None:
            # The reader's receipt was quicker than the relay's answer; a relay took it all the same.
            return put.entries
        first = not any(attempt.accepted for attempt in batch.tries.values())
        attempt = batch.tries.get(put.route.id)
        if attempt is not None:  # None: that mailbox was left while the put was under way
            attempt.accepted, attempt.due, attempt.failures = True, None, 0
        if first:
            batch.stale_at = now + UNRECEIPTED[min(batch.repacks, len(UNRECEIPTED) - 1)]
        self._drop_if_done(put.batch)
        return batch.all_entries if first else ()

    def failed(self, put: Put, now: int) -> None:
        """A relay did not take it; it is tried again."""
        self._notice(now)
        batch = self._batches.get(put.batch)
        attempt = batch.tries.get(put.route.id) if batch is not None else None
        if attempt is None:
            return
        attempt.due = now + BACKOFF[min(attempt.failures, len(BACKOFF) - 1)]
        attempt.failures += 1
        self._drop_if_done(put.batch)

    def sign_of_life(self, relay: str, now: int) -> None:
        """A relay answers again: what waits for it is tried at once.

        What it took before and nobody receipted is offered again too: it may have come back empty, and
        a relay that still has it stores it once.
        """
        for batch in self._batches.values():
            for attempt in batch.tries.values():
                if attempt.route.relay == relay and (attempt.due is not None or attempt.accepted):
                    attempt.due = now

    def peer_started(self, line: bytes, now: int) -> None:
        """The peer's desk has just started: what it has not receipted is packed afresh at once."""
        for batch in self._batches.values():
            if batch.line == line and batch.stale_at is not None:
                batch.stale_at, batch.repacks = now, 0

    def receipted(self, entry: bytes) -> None:
        """The far desk has this entry: it is offered no more."""
        for number, batch in list(self._batches.items()):
            if entry in batch.entries:
                batch.entries.discard(entry)
                self._drop_if_done(number)

    def stale(self, now: int) -> list[tuple[bytes, frozenset[bytes], bool, int]]:
        """Batches to pack afresh: (line, entries still unreceipted, urgent, how often before)."""
        self._notice(now)
        found = []
        for number, batch in list(self._batches.items()):
            if batch.stale_at is not None and batch.stale_at <= now:
                del self._batches[number]
                if batch.entries:
                    found.append((batch.line, frozenset(batch.entries), batch.urgent, batch.repacks + 1))
        return found

    def reroute(self, line: bytes, routes: Iterable[RouteRow], now: int) -> None:
        """The peer collects elsewhere from now on: what it has not receipted is offered there too."""
        wanted = {route.id: route for route in routes}
        for number, batch in list(self._batches.items()):
            if batch.line == line:
                kept = {at: attempt for at, attempt in batch.tries.items() if at in wanted}
                fresh = {at: _Try(route, due=now) for at, route in wanted.items() if at not in kept}
                batch.tries = kept | fresh
                self._drop_if_done(number)

    def forget(self, line: bytes) -> None:
        """Nothing more is offered for this line."""
        self._batches = {at: batch for at, batch in self._batches.items() if batch.line != line}

    def waiting(self) -> dict[str, int]:
        """Per relay, how many envelopes it has not taken yet."""
        counts: dict[str, int] = {}
        for batch in self._batches.values():
            for attempt in batch.tries.values():
                counts.setdefault(attempt.route.relay, 0)
                if batch.entries and not attempt.accepted:
                    counts[attempt.route.relay] += 1
        return counts

    def on_route(self, route: int) -> tuple[int, int]:
        """(envelopes that a mailbox's relay has not taken yet, those that it took and nobody receipted)."""
        tries = [
            batch.tries[route] for batch in self._batches.values() if batch.entries and route in batch.tries
        ]
        taken = sum(attempt.accepted for attempt in tries)
        return len(tries) - taken, taken

    def _drop_if_done(self, number: int) -> None:
        batch = self._batches[number]
        if batch.all_entries:
            if not batch.entries:
                del self._batches[number]
            return
        tried = [attempt.accepted or attempt.failures >= VOLATILE_TRIES for attempt in batch.tries.values()]
        if all(tried):
            del self._batches[number]
