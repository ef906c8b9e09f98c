# SPDX-License-Identifier: Apache-2.0
"""What is on its way: every envelope is offered to all relays of its line until the receipt is in.

Sans I/O, in memory only: after a crash it is rebuilt from the entries that have no receipt yet. A
failed try is repeated after seconds, then minutes, for ever. What a relay has taken but nobody receipts
is offered afresh after a while, many entries in one envelope, since a relay may forget or lie (P2, P7).
However long a peer is silent, no more than a few mebibytes of envelopes per line are kept here; of the
rest only the IDs of entries, and the ledger has the entries themselves (ADR 0043).
"""

from __future__ import annotations

from collections.abc import Iterable

from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.batches import BACKOFF, UNRECEIPTED, Batch, LineState, Places, Put, Try
from goodoffices.desk.routes.beat import LEAD, Beats

__all__ = ["Put", "Sending"]

SLOW = 12
"""Times as long on a thin line: over a modem a cell and its receipt are half a minute on their way."""

AT_ONCE = 64
"""Entries without a receipt that a peer that has just started is offered again at once. If there are
more it is most likely reading them from its relays; they follow if its receipts stop coming."""

VOLATILE_TRIES = 4
"""Receipts and heads are not kept: whoever misses one asks again by sending again."""

WINDOW = 1 << 20
"""Bytes per line that no relay has taken yet, before what is not pressing waits in the ledger."""
KEPT = 8 << 20
"""Bytes per line kept to be offered again as they are to a relay that was down or came back empty."""
LOOK_HOLDS = 180_000
"""Milliseconds for which a look into a mailbox tells what lies there."""
NEVER = 1 << 62

REVIVAL = 2_000
"""Milliseconds between two times at which everything is tried because a relay answers again: one that is up and down
by turns, or says so, must not have its lines' envelopes sent to it without end."""

UNREAD = 64
"""Envelopes in a mailbox that nobody empties: from then on no empty ones are added (ADR 0045)."""


class Sending:
    """The batches of one desk."""

    def __init__(self) -> None:
        self._batches: dict[int, Batch] = {}
        self._of_entry: dict[bytes, set[int]] = {}
        self._lines: dict[bytes, LineState] = {}
        self.slow: set[bytes] = set()
        """Lines that are thin."""
        self.beats = Beats()
        self._next = 1
        self._latest = 0
        self._places = Places()
        self._revived: dict[str, int] = {}
        """By relay: when everything was tried last because it answered again."""
        self._soonest: int | None = None
        """No try is due before; None: not known. So a desk with much under way looks through it when it must."""
        self._size: dict[bytes, int] = {}
        """Per line: bytes of every envelope under way."""

    def _notice(self, now: int) -> None:
        """A clock that was put back must not make anything wait until it has caught up."""
        back = self._latest - now
        self._latest = now
        if back <= 0:
            return
        for line in self._lines.values():
            line.due = None if line.due is None else line.due - back
            line.looks.clear()
        self._revived = {relay: at - back for relay, at in self._revived.items()}
        self.beats.put_back(back)
        self._places = Places()
        self._soonest = None
        for batch in self._batches.values():
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
        urgent: int = 0,
    ) -> None:
        """A new envelope for a line; ``entries`` empty for receipts and heads."""
        self._notice(now)
        ids = tuple(entries)
        tries = {route.id: Try(route, due=now) for route in routes}
        self._batches[self._next] = Batch(line, envelope, set(ids), tries, urgent, ids)
        for each in ids:
            self._of_entry.setdefault(each, set()).add(self._next)
        self._next += 1
        self._size[line] = self._size.get(line, 0) + len(envelope)
        self._soonest = None
        self._make_room(line)

    def unread(self, line: bytes, route: int) -> bool:
        """Whether so much lies in a mailbox, by its relay's word, that nobody can be reading it."""
        state = self._lines.get(line)
        return state is not None and state.looks.get(route, (0, 0))[0] > UNREAD

    def due(self, now: int, ticks: frozenset[bytes] = frozenset()) -> list[Put]:
        """What to offer now, most pressing first. Each is marked as under way until its outcome is told.

        On a line with a beat: at its ticks, one envelope per mailbox. On others so many at a relay at a time.
        """
        self._notice(now)
        if self._soonest is not None and now < self._soonest and not ticks and not self._places.held:
            return []
        self._places.held = self._places.free = False
        puts, filled = [], set()
        for number, batch in sorted(self._batches.items(), key=lambda each: (-each[1].urgent, each[0])):
            beat = batch.line in self.beats
            if beat and batch.line not in ticks:
                continue
            for attempt in batch.tries.values():
                if attempt.due is None or attempt.due > now or (beat and attempt.route.id in filled):
                    continue
                attempt.held = not beat and not self._places.take(number, attempt.route, batch.urgent, now)
                if attempt.held:
                    continue
                if beat:
                    filled.add(attempt.route.id)
                attempt.due, attempt.under_way, at = None, True, now + LEAD if beat else None
                puts.append(Put(number, attempt.route, batch.envelope, batch.all_entries, at))
        self._soonest = None
        return puts

    def next_wake(self) -> int | None:
        """When something falls due next."""
        if self._soonest is None:
            tries = (t for batch in self._batches.values() for t in batch.tries.values() if not t.held)
            self._soonest = min((t.due for t in tries if t.due is not None), default=NEVER)
        times = [self._soonest] if self._soonest != NEVER else []
        if self.beats:  # what waits for its slot wakes nobody before
            free = (batch for batch in self._batches.values() if batch.line not in self.beats)
            tries = (t for batch in free for t in batch.tries.values() if not t.held)
            times = [t.due for t in tries if t.due is not None]
            times += self.beats.wakes()
        times += [line.due for line in self._lines.values() if line.due is not None]
        times += [self._latest] if self._places.free else []
        return min(times, default=None)

    def accepted(self, put: Put, now: int) -> tuple[bytes, ...]:
        """A relay took it. Returns the batch's entries if this may be the first relay that did."""
        self._notice(now)
        self._places.left(put)
        batch = self._batches.get(put.batch)
        if batch is None:
            # The reader's receipt was quicker than the relay's answer; a relay took it all the same.
            return put.entries
        first = not batch.taken
        attempt = batch.tries.get(put.route.id)
        if attempt is not None:  # None: that mailbox was left while the put was under way
            attempt.accepted, attempt.under_way, attempt.due, attempt.failures = True, False, None, 0
        if batch.entries:
            line = self._lines.setdefault(batch.line, LineState())
            line.awaiting |= batch.entries
            line.laid[put.route.id] = line.laid.get(put.route.id, 0) + 1
            if line.due is None:
                line.due = now + self._patience(batch.line, line.rounds)
        self._drop_if_done(put.batch)
        self._make_room(batch.line)
        return batch.all_entries if first else ()

    def failed(self, put: Put, now: int) -> None:
        """A relay did not take it; it is tried again."""
        self._notice(now)
        self._places.left(put)
        batch = self._batches.get(put.batch)
        attempt = batch.tries.get(put.route.id) if batch is not None else None
        if attempt is None:
            return
        attempt.due = now + BACKOFF[min(attempt.failures, len(BACKOFF) - 1)]
        attempt.failures += 1
        attempt.under_way = False
        self._soonest = None
        self._drop_if_done(put.batch)

    def sign_of_life(self, relay: str, now: int) -> None:
        """A relay answers again: what waits for it is tried at once.

        What it took before and nobody receipted is offered again too: it may have come back empty, and
        a relay that still has it stores it once. Again within ``REVIVAL``, all this waits for its end.
        """
        self._notice(now)
        last = self._revived.get(relay, now - REVIVAL)
        at = self._revived[relay] = last if last > now else max(now, last + REVIVAL)
        self._soonest = None
        for batch in self._batches.values():
            for attempt in batch.tries.values():
                again = attempt.due is not None or (attempt.accepted and not attempt.under_way)
                if again and attempt.route.relay == relay:
                    attempt.due = min(at, at if attempt.due is None else attempt.due)
        for line in self._lines.values():
            if relay in line.missed:
                line.missed.discard(relay)
                line.due = at if line.awaiting else None

    def peer_started(self, line: bytes, now: int) -> None:
        """The peer's desk has just started: what it has not receipted is offered to it at once, or soon."""
        self._soonest = None
        for batch in self._batches.values():
            if batch.line == line:
                for attempt in batch.tries.values():
                    if attempt.due is not None:
                        attempt.due, attempt.failures = now, 0
        state = self._lines.get(line)
        if state is not None and state.awaiting:
            state.rounds = 0
            state.laid.clear()
            state.due = now if len(state.awaiting) <= AT_ONCE else now + UNRECEIPTED[0]

    def looked(self, route: RouteRow, waiting: int, now: int) -> None:
        """A relay says how many envelopes lie in a mailbox; of use if it is the peer's."""
        if route.collect is None and route.line is not None:
            self._lines.setdefault(route.line, LineState()).looks[route.id] = waiting, now

    def receipted(self, entry: bytes, line: bytes | None = None) -> None:
        """The far desk has this entry: it is offered no more."""
        for number in [*self._of_entry.get(entry, ())]:
            batch = self._batches[number]
            batch.entries.discard(entry)
            self._drop_if_done(number)
        for state in self._lines.values() if line is None else filter(None, [self._lines.get(line)]):
            if entry in state.awaiting:
                state.awaiting.discard(entry)
                state.laid.clear()
                state.rounds = 0
                # It reads: what else lies there is on its way to it, and is not offered twice meanwhile.
                state.due = self._latest + UNRECEIPTED[0] if state.awaiting else None

    def stale(self, now: int) -> list[tuple[bytes, frozenset[bytes]]]:
        """Lines on which what relays took is to be offered afresh: (line, entries still without a receipt)."""
        self._notice(now)
        found = []
        for line_id, line in self._lines.items():
            if line.due is None or line.due > now:
                continue
            line.rounds += 1
            line.due = now + self._patience(line_id, line.rounds)
            if self._still_lies_there(line_id, line, now):
                continue
            again, line.awaiting, line.due = frozenset(line.awaiting), set(), None
            line.laid.clear()
            line.missed.clear()
            for number, batch in list(self._batches.items()):
                if batch.line == line_id and batch.entries and batch.taken:
                    self._forget_batch(number)
            if again:
                found.append((line_id, again))
        return found

    def _still_lies_there(self, line_id: bytes, line: LineState, now: int) -> bool:
        """Whether every relay that took something says that as much lies in the mailbox: nobody has collected."""
        if line.missed or not line.laid or len(line.awaiting) <= AT_ONCE:
            return False
        for route, laid in line.laid.items():
            waiting, at = line.looks.get(route, (0, 0))
            if waiting < laid or now - at > LOOK_HOLDS:
                return False
        return not any(batch.line == line_id and not batch.taken for batch in self._batches.values())

    def _patience(self, line: bytes, rounds: int) -> int:
        return UNRECEIPTED[min(rounds, len(UNRECEIPTED) - 1)] * (SLOW if line in self.slow else 1)

    def rounds(self, line: bytes) -> int:
        """How often what relays took on a line was offered afresh, without any receipt since."""
        state = self._lines.get(line)
        return state.rounds if state is not None else 0

    def again(self, line: bytes, entries: Iterable[bytes]) -> None:
        """These are offered afresh, though relays took them: they are not under way any more."""
        state = self._lines.get(line)
        for entry in entries:
            for number in [*self._of_entry.get(entry, ())]:
                if number in self._batches and self._batches[number].taken:
                    if state is not None:
                        state.awaiting |= self._batches[number].entries - {entry}
                    self._forget_batch(number)
            if state is not None:
                state.awaiting.discard(entry)

    def under_way(self, line: bytes, entry: bytes) -> bool:
        """Whether an entry is offered now, or taken by a relay and waiting for its receipt."""
        state = self._lines.get(line)
        return entry in self._of_entry or (state is not None and entry in state.awaiting)

    def room(self, line: bytes) -> bool:
        """Whether more may be packed for a line: little is left that no relay has taken."""
        return self._size.get(line, 0) < WINDOW or self._bytes(line, taken=False) < WINDOW

    def _bytes(self, line: bytes, *, taken: bool) -> int:
        batches = (batch for batch in self._batches.values() if batch.line == line and batch.entries)
        return sum(len(batch.envelope) for batch in batches if batch.taken == taken)

    def _make_room(self, line: bytes) -> None:
        """What some relay took needs not be kept for ever for the sake of the others: the ledger has it."""
        if self._size.get(line, 0) <= KEPT:
            return
        excess = self._bytes(line, taken=True) - KEPT
        for number, batch in list(self._batches.items()):
            if excess <= 0:
                return
            if batch.line == line and batch.entries and batch.taken:
                excess -= len(batch.envelope)
                self._lines[line].missed |= {
                    attempt.route.relay for attempt in batch.tries.values() if not attempt.accepted
                }
                self._forget_batch(number)

    def reroute(self, line: bytes, routes: Iterable[RouteRow], now: int) -> None:
        """The peer collects elsewhere from now on: what it has not receipted is offered there too."""
        self._soonest = None
        wanted = {route.id: route for route in routes}
        for number, batch in list(self._batches.items()):
            if batch.line == line:
                kept = {at: attempt for at, attempt in batch.tries.items() if at in wanted}
                fresh = {at: Try(route, due=now) for at, route in wanted.items() if at not in kept}
                batch.tries = kept | fresh
                self._drop_if_done(number)
        state = self._lines.get(line)
        if state is not None and state.awaiting:
            state.laid.clear()
            state.due = now

    def forget(self, line: bytes) -> None:
        """Nothing more is offered for this line."""
        for number in [number for number, batch in self._batches.items() if batch.line == line]:
            self._forget_batch(number)
        self._lines.pop(line, None)
        self.beats.set(line, 0, 0)

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
        return len(tries) - taken, max(taken, *(line.laid.get(route, 0) for line in self._lines.values()), 0)

    def kept(self) -> int:
        """Bytes of envelopes that are kept in memory."""
        return sum(len(batch.envelope) for batch in self._batches.values())

    def _drop_if_done(self, number: int) -> None:
        batch = self._batches[number]
        if batch.all_entries:
            if not batch.entries:
                self._forget_batch(number)
            return
        tried = [attempt.accepted or attempt.failures >= VOLATILE_TRIES for attempt in batch.tries.values()]
        if all(tried):
            self._forget_batch(number)

    def _forget_batch(self, number: int) -> None:
        batch = self._batches.pop(number)
        self._size[batch.line] -= len(batch.envelope)
        if any(attempt.due is not None and attempt.due == self._soonest for attempt in batch.tries.values()):
            self._soonest = None
        for entry in batch.all_entries:
            numbers = self._of_entry.get(entry)
            if numbers is not None:
                numbers.discard(number)
                if not numbers:
                    del self._of_entry[entry]
