# SPDX-License-Identifier: Apache-2.0
"""Lines: entries out, envelopes in, receipts and incarnations. Heads are ``heads``' job.

What entries carry is ``channels``' job; this module sees to it that each is written once, offered
until receipted, verified on arrival, kept, and that no chain of this desk ever forks: a desk opens a
new incarnation with every start, since its vault may be an older copy (ADR 0017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from goodoffices.core import cbor, crypto, envelope
from goodoffices.core.errors import NotNow, OtherOfficeError
from goodoffices.core.line import (
    ERASABLE,
    MAX_BODY,
    MAX_ITEMS,
    MAX_RECEIPTED,
    CarriedEntry,
    Entry,
    EntryKind,
    Item,
    Place,
    Receipt,
    commitment,
    verify_entry,
    verify_receipt,
)
from goodoffices.core.office import Office, sealing_key
from goodoffices.core.statement import Signed
from goodoffices.desk.context import Context
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.lines.mailboxes import Collecting
from goodoffices.desk.routes.sending import Put

TakeItems = Callable[[LineRow, CarriedEntry, int], None]

ROOM = envelope.MAX_PAYLOAD - 2048
"""Bytes of entries in one envelope: the rest is for their frame and a receipt."""


class Lines(Collecting):
    """All lines of one desk."""

    def __init__(self, context: Context, take_items: TakeItems) -> None:
        super().__init__(context)
        self._take_items = take_items
        self.take_own_roster: Callable[[Signed, int], None] = lambda signed, now: None
        self.take_stop: Callable[[LineRow, Signed, int], None] = lambda line, signed, now: None
        self.receipted: Callable[[bytes, int], None] = lambda entry, now: None  # the peer has it, by a relay
        self.take_checkpoint: Callable[[LineRow, bytes, int], None] = lambda line, raw, now: None

    # --- starting ---------------------------------------------------------------------------------

    def resume(self, now: int) -> None:
        """After every start: offer again what has no receipt, and ask each peer about both chains."""
        for line in self.ledger.lines():
            unreceipted = self.ledger.unreceipted(line.id, self.context.me)
            self.context.committed.fresh += [(line.id, carried, urgent) for carried, urgent in unreceipted]
            if line.open:
                self._ask(line, now)
        self.resume_mailboxes(now)

    # --- writing ----------------------------------------------------------------------------------

    def flush(self, line_id: bytes, now: int) -> None:
        """Write everything that is owed to a line into entries. Inside the caller's transaction."""
        line = self.ledger.line(line_id)
        while owed := self.ledger.owed(line_id):
            if not line.open:
                owed = [row for row in owed if cbor.decode(row[1])[0] == Item.CONFIRMED]
                if not owed or not line.confirmed_here:
                    return
            room = MAX_BODY - 1024
            taken: list[tuple[int, bytes, bool]] = []
            for row in owed[:MAX_ITEMS]:
                room -= len(row[1])
                if room < 0 and taken:
                    break
                taken.append(row)
            items = [cbor.decode(item) for _, item, _ in taken]
            self._write(line_id, EntryKind.ACTS, items, now, urgent=any(urgent for _, _, urgent in taken))
            self.ledger.settle(line_id, [row for row, _, _ in taken])

    def write_roster(self, line_id: bytes, roster: bytes, now: int) -> None:
        """Tell the peer of the office's next roster, by an entry that is still the present one's."""
        self._write(line_id, EntryKind.ACTS, [[Item.NEXT_ROSTER, roster]], now, urgent=True)

    def flush_all(self, now: int) -> None:
        """Write what is owed to any line."""
        for line_id in self.ledger.owing_lines():
            self.flush(line_id, now)

    def write_apart(self, line_id: bytes, kind: EntryKind, body: bytes, now: int) -> bytes:
        """An entry of its own for a test or chat; returns its ID. Inside the caller's transaction.

        Its body may be erased later, so it never opens an incarnation: an entry of acts before it does.
        """
        opening = line_id not in self._may_go_on and line_id not in self.context.pending.new_incarnations
        if opening and self.ledger.head(line_id, self.context.me) is not None:
            self._write(line_id, EntryKind.ACTS, [], now, urgent=False)
        return self._add(line_id, kind, body, now, urgent=False)

    def _write(self, line_id: bytes, kind: int, items: list[Any], now: int, *, urgent: bool) -> None:
        if line_id not in self._may_go_on and line_id not in self.context.pending.new_incarnations:
            before = self.ledger.head(line_id, self.context.me)
            # Nobody can tell this desk what an older copy of its vault has forgotten and sent (ADR 0017).
            self.ledger.set_incarnation(line_id, self.context.rng(16))
            if before is not None:
                items = [[Item.INCARNATION, before], *items]
            # Only the commit makes it so: a new incarnation that is rolled back was never opened.
            self.context.pending.new_incarnations.add(line_id)
            self.context.pending.after.append(lambda: self._may_go_on.add(line_id))
        self._add(line_id, kind, cbor.encode(items), now, urgent=urgent)

    def _add(self, line_id: bytes, kind: int, body: bytes, now: int, *, urgent: bool) -> bytes:
        line, salt = self.ledger.line(line_id), self.context.rng(32)
        head = self.ledger.head(line_id, self.context.me, line.incarnation)
        entry = Entry(
            line=line_id,
            writer=self.context.me,
            incarnation=line.incarnation,
            number=head[1] + 1 if head else 1,
            previous=head[2] if head else None,
            seen=self.ledger.head(line_id, line.peer),
            kind=kind,
            time=self.context.time(now),
            commitment=commitment(salt, body),
            roster=self.context.my_office().roster.version,
            case_at=self.context.case_at(now),
        )
        carried = CarriedEntry(self._by_desk(entry), salt, body)
        self.ledger.add_entry(carried, now, urgent=urgent)
        self.context.pending.fresh.append((line_id, carried, urgent))
        return carried.signed.id

    # --- sending ----------------------------------------------------------------------------------

    def work(self, now: int, *, only_urgent: bool = False) -> list[Put]:
        """Pack what the last transactions left to send; returns what to offer to relays now.

        ``only_urgent``: a note that somebody waits for is on the wire before receipts are signed.
        """
        committed = self.context.committed
        fresh, committed.fresh = committed.fresh, []
        if only_urgent:
            pressing = {line for line, _, urgent in fresh if urgent}
            committed.fresh = [each for each in fresh if each[0] not in pressing]
            for line_id in sorted(pressing):
                entries = [each for each in fresh if each[0] == line_id]
                self._pack_entries(self.ledger.line(line_id), entries, [], now, urgent=True)
            return self.sending.due(now)
        receipts, committed.receipts = committed.receipts, []
        for line_id, ids, urgent, repacks in self.sending.stale(now):
            if self._questions.get(line_id) in ids:
                if line_id in self._again:
                    del self._questions[line_id]  # it was answered: only another one is acted upon
                self._ask(self.ledger.line(line_id), now, repacks)
                continue
            if self.restate(line_id, ids, now, repacks):
                continue
            again = [(line_id, c, u) for c, u in self.ledger.unreceipted(line_id, self.context.me)]
            again = [each for each in again if each[1].signed.id in ids]
            self._pack_entries(self.ledger.line(line_id), again, [], now, urgent=urgent, repacks=repacks)
        owing = {line for line, _, _ in fresh} | {line for line, _ in receipts}
        urgent_lines = {line for line, _, urgent in fresh if urgent}
        for line_id in sorted(owing, key=lambda each: (each not in urgent_lines, each)):
            places = [place for line, place in receipts if line == line_id]
            entries = [each for each in fresh if each[0] == line_id]
            line = self.ledger.line(line_id)
            self._pack_entries(line, entries, places, now, urgent=line_id in urgent_lines)
        return self.sending.due(now)

    def _pack_entries(
        self,
        line: LineRow,
        fresh: list[tuple[bytes, CarriedEntry, bool]],
        places: list[Place],
        now: int,
        *,
        urgent: bool,
        repacks: int = 0,
    ) -> None:
        # Nobody who sees envelopes shall tell the hourly test of an idle line from a note.
        alike = any(carried.entry.kind in ERASABLE for _, carried, _ in fresh)
        at_least = envelope.NOTE_CLASS if alike else 0
        for parts, ids in self._groups(line, fresh, places, now):
            self._pack(line, parts, ids, now, urgent=urgent, repacks=repacks, at_least=at_least)

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
        self.ledger.went_by_hand(carried.signed.id for _, carried, _ in fresh)
        envelopes = [self._seal(line, parts, now) for parts, _ in self._groups(line, fresh, places, now)]
        heads = []
        if question := self._questions.get(line_id):
            heads.append(self._head_part(line, question, None, now))
        if asked := self._asked.get(line_id):
            heads.append(self._head_part(line, self.context.rng(16), asked, now))
        heads += self.mailboxes_parts(line_id)
        return [*envelopes, *([self._seal(line, heads, now)] if heads else [])]

    def _groups(
        self, line: LineRow, fresh: list[tuple[bytes, CarriedEntry, bool]], places: list[Place], now: int
    ) -> Iterator[tuple[list[tuple[Any, ...]], list[bytes]]]:
        """(parts, IDs of the entries in them) for one envelope after the other, urgent entries first."""
        parts: list[tuple[Any, ...]] = []
        for at in range(0, len(places), MAX_RECEIPTED):
            receipt = Receipt(
                line=line.id,
                reader=self.context.me,
                entries=tuple(places[at : at + MAX_RECEIPTED]),
                time=self.context.time(now),
                roster=self.context.my_office().roster.version,
            )
            parts.append(envelope.receipt_part(self._by_desk(receipt)))
        room = ROOM
        ids: list[bytes] = []
        for _, carried, _ in sorted(fresh, key=lambda each: not each[2]):
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

    # --- receiving --------------------------------------------------------------------------------

    def receive(self, line_id: bytes, sealed: bytes, now: int) -> bool:
        """One envelope from a relay. Inside a transaction of the caller.

        Returns False if some part (NotNow: the whole) can be judged only later and the envelope must stay
        at the relay; raises OtherOfficeError if it holds nothing that can be accepted.
        """
        line = self.ledger.line(line_id)
        if not line.confirmed_here:
            raise NotNow("The line is not confirmed here yet.", "Compare the digits and type them in.")
        seeds = sorted(self.context.keys.envelope_seeds.items(), reverse=True)
        parts = envelope.unpack(
            sealed, realm=self.context.keys.realm, line=line_id, seeds=self._likely_first(seeds, now)
        )
        whole = True
        for kind, part in parts:
            # One bad or early part costs nothing else: the others of the same envelope are taken.
            try:
                with self.context.part():
                    if isinstance(part, CarriedEntry):
                        self._entry(line_id, part, now)
                    elif isinstance(part, bytes):
                        self.take_checkpoint(line, part, now)
                    elif kind == envelope.PART_ROSTER:
                        self.take_own_roster(part, now)
                    elif kind == envelope.PART_MAILBOXES:
                        self._take_mailboxes(line, part, now)
                    elif kind == envelope.PART_STOP:
                        self.take_stop(line, part, now)
                    elif kind == envelope.PART_RECEIPT:
                        self._receipt(line, part, now)
                    else:
                        self._head(line, part, now)
            except NotNow:
                whole = False
            except OtherOfficeError as error:
                self.refused_envelope(line_id, sealed, error, now)
        self.drain(line)
        return whole

    def opens(self, line: LineRow, sealed: bytes, now: int) -> bool:
        """Whether an envelope was sealed to this desk on this line. Nothing is kept of it."""
        seeds = sorted(self.context.keys.envelope_seeds.items(), reverse=True)
        try:
            envelope.unpack(
                sealed, realm=self.context.keys.realm, line=line.id, seeds=self._likely_first(seeds, now)
            )
        except OtherOfficeError:
            return False
        return True

    def _likely_first(self, seeds: list[tuple[int, bytes]], now: int) -> list[bytes]:
        current, _ = sealing_key(self.context.my_office().envelope_epochs, now)
        return [seed for _, seed in sorted(seeds, key=lambda each: abs(each[0] - current))]

    def _entry(self, line_id: bytes, carried: CarriedEntry, now: int) -> None:
        line = self.ledger.line(line_id)
        peer = self._peer(line)
        entry = verify_entry(carried, line_id, peer)
        self._check_past(line, entry.seen, now)
        self.hear(line_id, now, entry.time[0])
        place = carried.place
        others = self.ledger.entry_ids_at(line_id, entry.writer, place)
        if carried.signed.id in others:
            self.context.pending.receipts.append((line_id, place))
            return
        if not line.open and not any(item[0] == Item.CONFIRMED for item in carried.items):
            raise NotNow(f"{peer.name} has not confirmed the line yet.")
        self.ledger.add_entry(carried, now)
        self.context.pending.receipts.append((line_id, place))
        if others:
            self.ledger.find(
                now,
                "the other office's",
                f"{peer.name}'s desk signed two different entries {entry.number} in one incarnation.",
                "Both are kept. Ask the other office by another way; verify the record.",
                line=line_id,
                entry=carried.signed.id,
            )
            return
        self._check_links(line, peer, carried, now)
        self._take_items(line, carried, now)

    def _check_links(self, line: LineRow, peer: Office, carried: CarriedEntry, now: int) -> None:
        entry, place = carried.entry, carried.place
        for number, other_id, other_previous in self.ledger.neighbours_of(line.id, line.peer, place):
            before = number == entry.number - 1 and entry.previous != other_id
            after = number == entry.number + 1 and other_previous != carried.signed.id
            if before or after:
                self.ledger.find(
                    now,
                    "the other office's",
                    f"{peer.name}'s entries {min(number, entry.number)} and {max(number, entry.number)} do not"
                    " belong to one chain.",
                    "Both are kept. Ask the other office by another way; verify the record.",
                    line=line.id,
                    entry=carried.signed.id,
                )

    def _receipt(self, line: LineRow, signed: Signed, now: int) -> None:
        receipt = verify_receipt(signed, line.id, self._peer(line))
        self.hear(line.id, now, receipt.time[0])
        for place in receipt.entries:
            if self.ledger.save_receipt(line.id, place[2], signed.raw):
                if not self.ledger.was_by_hand(place[2]):
                    self.receipted(place[2], now)
                self.context.pending.after.append(partial(self.sending.receipted, place[2]))
            else:
                self._check_past(line, place, now)

    # --- outcomes that the runner tells -------------------------------------------------------------

    def refused_envelope(self, line_id: bytes, sealed: bytes, error: OtherOfficeError, now: int) -> None:
        """Keep what was wrong with an envelope that held nothing acceptable."""
        self.ledger.find(
            now, error.fault, error.what, error.next_step, line=line_id, entry=crypto.sha256(sealed)
        )
