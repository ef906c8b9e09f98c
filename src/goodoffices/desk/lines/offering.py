# SPDX-License-Identifier: Apache-2.0
"""Entries on their way out: packed into envelopes, offered until receipted, afresh when nobody answers (ADR 0043).

What has no receipt stands in the ledger. However much that is after a month, it is read from there piece
by piece, the most pressing first, as relays take what was packed before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from goodoffices.core import envelope
from goodoffices.core.line import ERASABLE, MAX_RECEIPTED, CarriedEntry, Place, Receipt
from goodoffices.core.mandate import Precedence
from goodoffices.core.statement import Signed
from goodoffices.desk.context import Context, Sealed
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.lines.mailboxes import Collecting
from goodoffices.desk.routes.beat import LEAD
from goodoffices.desk.routes.sending import Put
from goodoffices.desk.thin.cells import RECEIPTED, Cells

ROOM = envelope.MAX_PAYLOAD - 2048
"""Bytes of entries and receipts in one envelope: the rest is for their frame."""
PRESSING = int(Precedence.IMMEDIATE)
"""From this precedence on an entry never waits behind others of its line."""
_LEVELS = ((4, 4), (3, 3), (0, 4))
"""FLASH first, then IMMEDIATE, then everything in its order."""
_AT_A_TIME = 256
FIRST = 30
"""Milliseconds before a round in which what nobody waits for is written and sent: rungs, answers, receipts.

So what follows one note goes together, and no desk works at it beside the note (ADR 0084).
"""
GATHER = 100
"""Milliseconds between two rounds: while more comes, each takes what gathered since the last into one envelope."""
RECEIPTS = 1000
"""Milliseconds for which receipts wait where nothing else goes on their line: no person sees one."""


@dataclass
class _Behind:
    """How far a line's entries without a receipt were read from the ledger: which level, after which place."""

    level: int = 0
    position: int = 0


class Offering(Collecting):
    """What a desk offers on its lines."""

    def __init__(self, context: Context, cells: Cells) -> None:
        super().__init__(context, cells)
        self._behind: dict[bytes, _Behind] = {}
        self._ready: dict[tuple[bytes, ...], Sealed] = {}
        self._round: int | None = None
        self._unsaid: dict[bytes, int] = {}
        """Lines for which nothing but receipts waits: since when."""

    def offer_all(self, line: bytes) -> None:
        """Everything on a line that has no receipt and is not under way is offered, from the next ``work`` on."""
        self._behind[line] = _Behind()

    def offer_pressing(self, line: bytes) -> None:
        """What presses and has no receipt is offered afresh, whatever lies at relays before it."""
        for low, high in _LEVELS[:-1]:
            rows = self.ledger.unreceipted_places(line, self.context.me, 0, low, high, _AT_A_TIME)
            self.sending.again(line, [row[1] for row in rows])
        self.offer_all(line)

    def forget(self, line: bytes) -> None:
        """A line that is no more: nothing is offered or asked on it."""
        self._behind.pop(line, None)
        self._unsaid.pop(line, None)
        committed = self.context.committed
        committed.fresh = [each for each in committed.fresh if each[0] != line]
        committed.receipts = [each for each in committed.receipts if each[0] != line]
        super().forget(line)

    def pause(self, now: int) -> int:
        """For how many milliseconds what nobody waits for gathers before its next round; a beat waits for nothing."""
        left = self._round + GATHER - now if self._round is not None else 0
        left = max(FIRST, left if left <= GATHER else 0)
        return max(0, min([left, *(beat - now for beat in self.sending.beats.wakes())]))

    def left(self, now: int) -> bool:
        """Whether ``work`` has something to pack that nobody waits for."""
        committed = self.context.committed
        if committed.fresh or self._behind:
            return True
        lines = {line for line, _ in committed.receipts}
        return bool(lines - self._gathering(lines, now))

    def next_receipts(self) -> int | None:
        """When receipts that wait for company go without; on a line with a beat they wait for its slot."""
        since = [at for line, at in self._unsaid.items() if line not in self.sending.beats]
        return min(since) + RECEIPTS if since else None

    def _gathering(self, lines: set[bytes], now: int) -> set[bytes]:
        """Of lines for which nothing but receipts waits, those that wait for more."""
        for line in self._unsaid.keys() - lines:
            del self._unsaid[line]
        return {line for line in lines if 0 <= now - self._unsaid.setdefault(line, now) < RECEIPTS}

    def work(self, now: int, *, only_urgent: bool = False, gather: bool = False) -> list[Put]:
        """Pack what the last transactions left to send; returns what to offer to relays now.

        ``only_urgent``: a note that somebody waits for is on the wire before receipts are signed.
        ``gather``: receipts for which nothing else goes may wait until there are more.
        """
        committed = self.context.committed
        if only_urgent and not committed.fresh:
            return self.sending.due(now)
        fresh, committed.fresh = committed.fresh, []
        self._ready, committed.sealed = committed.sealed, {}
        if only_urgent:
            pressing = {line for line, _, urgent in fresh if urgent and line not in self.sending.beats}
            committed.fresh = [each for each in fresh if each[0] not in pressing]
            for line_id in self._oldest_first(pressing):
                self._pack_entries(self.ledger.line(line_id), self._in_turn(line_id, fresh), [], now)
            return self.sending.due(now)
        receipts, committed.receipts = committed.receipts if self.context.speaks else [], []
        ticks = self.sending.beats.ticking(now)
        # On a line with a beat everything waits for its slot: then all of it goes in one envelope, if it fits.
        waiting = {line for line, _, _ in fresh} | {line for line, _ in receipts}
        held = {line for line in waiting if line in self.sending.beats}
        if gather:
            held |= self._gathering(waiting - {line for line, _, _ in fresh}, now)
        held -= ticks
        committed.fresh = [each for each in fresh if each[0] in held]
        committed.receipts = [each for each in receipts if each[0] in held]
        fresh = [each for each in fresh if each[0] not in held]
        receipts = [each for each in receipts if each[0] not in held]
        for line_id, ids in self.sending.stale(now):
            self._offer_stale(line_id, ids, now)
        owing = {line for line, _, _ in fresh} | {line for line, _ in receipts}
        if owing:
            self._round = now
        for line_id in owing:
            self._unsaid.pop(line_id, None)
        urgent_lines = {line for line, _, urgent in fresh if urgent}
        for line_id in sorted(self._oldest_first(owing), key=lambda each: each not in urgent_lines):
            places = [place for line, place in receipts if line == line_id]
            self._pack_entries(self.ledger.line(line_id), self._in_turn(line_id, fresh), places, now)
        for line_id in list(self._behind):
            self._catch_up(line_id, now)
        puts = self.sending.due(now, ticks)
        return puts + [each for line in self._oldest_first(ticks) for each in self._empty(line, puts, now)]

    def _oldest_first(self, lines: Collection[bytes]) -> list[bytes]:
        """These lines in the order in which they were made: a full disk meets each run of a seed at the same one."""
        if len(lines) < 2:
            return list(lines)
        return [line.id for line in self.ledger.lines() if line.id in lines]

    def _empty(self, line_id: bytes, puts: list[Put], now: int) -> list[Put]:
        """Envelopes of no parts for the slots of a line that nothing fills; the same for each of its relays."""
        filled = {put.route.id for put in puts}
        free = [
            route
            for route in self.ledger.routes(line_id, own=False)
            if route.id not in filled and not self.sending.unread(line_id, route.id)
        ]
        if not free:
            return []
        line = self.ledger.line(line_id)
        thin = self.cells.ready(line, self.sending.rounds(line_id))
        sealed = (self.cells.empty(line) if thin else None) or self._seal(line, [], now)
        return [Put(0, route, sealed, at=now + LEAD, empty=True) for route in free]

    def _offer_stale(self, line_id: bytes, ids: frozenset[bytes], now: int) -> None:
        """What relays took and nobody receipted: a question and a statement are made anew, entries read again."""
        if self._questions.get(line_id) in ids:
            if line_id in self._again or line_id in self._unjudged:
                # It was answered, or may have been by what this vault cannot verify until what the peer once
                # had a receipt for comes again: only another one is acted upon.
                del self._questions[line_id]
                self._unjudged.discard(line_id)
            self._ask(self.ledger.line(line_id), now)
        self.restate(line_id, ids, now)
        self.offer_all(line_id)

    def _in_turn(
        self, line_id: bytes, fresh: list[tuple[bytes, CarriedEntry, int]]
    ) -> list[tuple[bytes, CarriedEntry, int]]:
        """The fresh entries of a line; while others wait before them, those alone that press."""
        entries = [each for each in fresh if each[0] == line_id]
        if not entries or (line_id not in self._behind and self.sending.room(line_id)):
            return entries
        self._behind.setdefault(line_id, _Behind())
        return [each for each in entries if each[2] >= PRESSING]

    def _catch_up(self, line_id: bytes, now: int) -> None:
        """Read on in the ledger while relays take what was packed before."""
        line, behind = self.ledger.line(line_id), self._behind[line_id]
        while self.sending.room(line_id):
            low, high = _LEVELS[behind.level]
            rows = self.ledger.unreceipted_places(
                line_id, self.context.me, behind.position, low, high, _AT_A_TIME
            )
            if not rows:
                behind.level, behind.position = behind.level + 1, 0
                if behind.level == len(_LEVELS):
                    del self._behind[line_id]
                    return
                continue
            entries: list[tuple[bytes, CarriedEntry, int]] = []
            room = ROOM
            for position, entry_id, urgent, size in rows:
                if not self.sending.under_way(line_id, entry_id):
                    room -= size
                    if room < 0 and entries:
                        break
                    carried = self.ledger.entry(entry_id)
                    assert carried is not None
                    entries.append((line_id, carried, urgent))
                behind.position = position
            self._pack_entries(line, entries, [], now)

    def _pack_entries(
        self,
        line: LineRow,
        fresh: list[tuple[bytes, CarriedEntry, int]],
        places: list[Place],
        now: int,
    ) -> None:
        thin = self.cells.ready(line, self.sending.rounds(line.id))
        (self.sending.slow.add if thin else self.sending.slow.discard)(line.id)
        if thin:
            fresh, places = self._pack_cells(line, fresh, places, now)
        # Nobody who sees envelopes shall tell the hourly test of an idle line from a note.
        alike = any(carried.entry.kind in ERASABLE for _, carried, _ in fresh)
        at_least = envelope.NOTE_CLASS if alike else 0
        urgent = max((each[2] for each in fresh), default=0)
        for parts, ids in self._groups(line, fresh, places, now):
            ready = None if places else self._ready.get(tuple(ids))
            if ready is None:
                ready = self._sealing(line, parts, now, at_least=at_least)
            self._offer(line, ready(), ids, now, urgent=urgent)

    def _pack_cells(
        self,
        line: LineRow,
        fresh: list[tuple[bytes, CarriedEntry, int]],
        places: list[Place],
        now: int,
    ) -> tuple[list[tuple[bytes, CarriedEntry, int]], list[Place]]:
        """Offer in cells what goes into cells; returns what goes the ordinary way."""
        receipts = [places[at : at + RECEIPTED] for at in range(0, len(places), RECEIPTED)]
        entries = sorted(fresh, key=lambda each: -each[2])
        parts: list[tuple[int, Any]] = [(envelope.PART_ENTRY, carried) for _, carried, _ in entries]
        signed = {}
        for each in receipts:
            receipt = self._receipt_of(line, each, now)
            signed[receipt.id] = each
            parts.append((envelope.PART_RECEIPT, receipt))
        urgent = max((each[2] for each in fresh), default=0)
        cells, left = self.cells.pack(line, parts)
        for sealed, ids in cells:
            self._offer(line, sealed, ids, now, urgent=urgent if ids else 0)
        ordinary = {part.signed.id for kind, part in left if kind == envelope.PART_ENTRY}
        unsent = [place for kind, part in left if kind == envelope.PART_RECEIPT for place in signed[part.id]]
        return [each for each in fresh if each[1].signed.id in ordinary], unsent

    def _receipt_of(self, line: LineRow, places: list[Place], now: int) -> Signed:
        receipt = Receipt(
            line=line.id,
            reader=self.context.me,
            entries=tuple(places),
            time=self.context.time(now),
            roster=self.context.my_office().roster.version,
        )
        return self._by_desk(receipt)

    def seal_ahead(self, now: int) -> None:
        """Begin to seal what goes out first once this transaction is committed. Inside it, at its end.

        Sealing is not sending: what was sealed for a commit that fails is forgotten with it.
        """
        pending = self.context.pending
        pressing = {line for line, _, urgent in pending.fresh if urgent and line not in self.sending.beats}
        for line_id in self._oldest_first(pressing):
            entries = [each for each in pending.fresh if each[0] == line_id]
            line = self.ledger.line(line_id)
            if self.cells.ready(line, 0):
                continue  # a cell takes a key of its chain, and that in the order in which they are sent
            if any(carried.entry.kind in ERASABLE for _, carried, _ in entries):
                continue
            for parts, ids in self._groups(line, entries, [], now):
                pending.sealed[tuple(ids)] = self.context.beside(self._sealing(line, parts, now))

    def carried_by_hand(self, line_id: bytes, most_receipts: int, now: int) -> list[bytes]:
        """Envelopes of everything that a line owes: what has no receipt, the newest receipts, what was asked.

        Nothing is taken from what goes out by relays: both ways stay open until the receipt is in.
        """
        line = self.ledger.line(line_id)
        fresh = [
            (line_id, carried, urgent)
            for carried, urgent in self.ledger.unreceipted(line_id, self.context.me)
        ]
        places = self.ledger.newest_places(line_id, line.peer, most_receipts)
        if not self.context.speaks:
            places = []
        self.ledger.went_by_hand(carried.signed.id for _, carried, _ in fresh)
        envelopes = [self._seal(line, parts, now) for parts, _ in self._groups(line, fresh, places, now)]
        if not self.context.speaks:
            return envelopes
        # This office's rosters that no entry told go first: nothing that states one can be judged before.
        untold = [self._seal(line, parts, now) for parts in self.untold.parts(line_id)]
        last = [*self.mailboxes_parts(line_id)]
        if question := self._questions.get(line_id):
            last.append(self._head_part(line, question, None, now))
        answer = self._rosters_back(line, *self._asked[line_id], now) if line_id in self._asked else []
        heads = [last, answer] if len(answer) > 1 else [last + answer]
        return [*untold, *envelopes, *(self._seal(line, parts, now) for parts in heads if parts)]

    def _groups(
        self, line: LineRow, fresh: list[tuple[bytes, CarriedEntry, int]], places: list[Place], now: int
    ) -> Iterator[tuple[list[tuple[Any, ...]], list[bytes]]]:
        """(parts, IDs of the entries in them) for one envelope after the other, urgent entries first."""
        parts: list[tuple[Any, ...]] = []
        room = ROOM
        for at in range(0, len(places), MAX_RECEIPTED):
            part = envelope.receipt_part(self._receipt_of(line, places[at : at + MAX_RECEIPTED], now))
            if len(part[1]) + 16 > room:
                yield parts, []
                parts, room = [], ROOM
            parts.append(part)
            room -= len(part[1]) + 16
        ids: list[bytes] = []
        for _, carried, _ in sorted(fresh, key=lambda each: -each[2]):
            size = len(carried.body) + len(carried.signed.raw) + 64
            if size > room and parts:
                yield parts, ids
                parts, room, ids = [], ROOM, []
            parts.append(envelope.entry_part(carried))
            ids.append(carried.signed.id)
            room -= size
        if parts:
            yield parts, ids

    def send_part(self, line_id: bytes, part: tuple[Any, ...], now: int) -> None:
        """Send what is no entry and needs no receipt, in an envelope of its own. Outside a transaction."""
        self._pack(self.ledger.line(line_id), [part], [], now)
