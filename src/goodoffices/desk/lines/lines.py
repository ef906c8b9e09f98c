# SPDX-License-Identifier: Apache-2.0
"""Lines: entries written, envelopes taken in, receipts and incarnations. Offering entries is ``offering``'s job.

What entries carry is ``channels``' job; this module sees to it that each is written once, offered
until receipted, verified on arrival, kept, and that no chain of this desk ever forks: a desk opens a
new incarnation with every start, since its vault may be an older copy (ADR 0017).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from goodoffices.core import cbor, crypto, envelope
from goodoffices.core.errors import NotNow, OtherOfficeError, Unopened
from goodoffices.core.line import (
    MAX_BODY,
    MAX_ITEMS,
    CarriedEntry,
    Entry,
    EntryKind,
    Head,
    Item,
    commitment,
    verify_entry,
    verify_head,
    verify_receipt,
)
from goodoffices.core.mandate import Precedence
from goodoffices.core.office import Office, sealing_key
from goodoffices.core.sealed import SealedNote
from goodoffices.core.statement import Signed
from goodoffices.core.thin.cell import ThinPart
from goodoffices.desk.context import Context, PartFailed
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.lines.offering import Offering
from goodoffices.desk.thin.cells import Cells, is_cell

_IN_THE_RECORD = (envelope.PART_ENTRY, envelope.PART_RECEIPT)
TakeItems = Callable[[LineRow, CarriedEntry, int], None]


class Lines(Offering):
    """All lines of one desk."""

    def __init__(self, context: Context, take_items: TakeItems, cells: Cells) -> None:
        super().__init__(context, cells)
        self._take_items = take_items
        self.said = True  # whether the newest envelope held anything
        self.take_roster: Callable[[LineRow, Signed, int], None] = lambda line, signed, now: None
        self.take_vouch: Callable[[LineRow, Signed, int], None] = lambda line, signed, now: None
        self.from_peer = False
        """Whether the envelope under way holds a head that nobody but the peer can have put there."""
        self.answer_came: Callable[[LineRow, bool, int], None] = lambda line, rosters, now: None
        self.take_stop: Callable[[LineRow, Signed, int], None] = lambda line, signed, now: None
        self.receipted: Callable[[bytes, int], None] = lambda entry, now: None  # the peer has it, by a relay
        self.take_checkpoint: Callable[[LineRow, bytes, int], None] = lambda line, raw, now: None

    # --- starting ---------------------------------------------------------------------------------

    def resume(self, now: int) -> None:
        """After every start: offer again what has no receipt, and ask each peer about both chains."""
        for line in self.ledger.lines():
            self.offer_all(line.id)
            if line.open:
                self._ask(line, now)
        self.resume_mailboxes(now)

    # --- writing ----------------------------------------------------------------------------------

    def flush(self, line_id: bytes, now: int) -> None:
        """Write everything that is owed to a line into entries. Inside the caller's transaction."""
        line = self.ledger.line(line_id)
        while (owed := self.ledger.owed(line_id)) and self.context.speaks:
            if not line.open:
                owed = [row for row in owed if cbor.decode(row[1])[0] == Item.CONFIRMED]
                if not owed or not line.confirmed_here:
                    return
            room = MAX_BODY - 1024
            taken: list[tuple[int, bytes, int]] = []
            for row in owed[: self.cells.most_items(line) or MAX_ITEMS]:
                room -= len(row[1])
                if room < 0 and taken:
                    break
                taken.append(row)
            items = [item for _, item, _ in taken]
            self._write(line_id, EntryKind.ACTS, items, now, urgent=max(urgent for _, _, urgent in taken))
            self.ledger.settle(line_id, [row for row, _, _ in taken])

    def write_roster(self, line_id: bytes, roster: bytes, now: int) -> None:
        """Tell the peer of the office's next roster, by an entry that is still the present one's.

        Nothing that states it can be judged before, so nothing that presses goes before it.
        """
        items = [cbor.encode([Item.NEXT_ROSTER, roster])]
        self._write(line_id, EntryKind.ACTS, items, now, urgent=int(Precedence.FLASH))

    def flush_all(self, now: int) -> None:
        """Write what is owed to any line."""
        for line_id in self.ledger.owing_lines():
            self.flush(line_id, now)

    def write_apart(self, line_id: bytes, kind: EntryKind, body: bytes, now: int) -> bytes:
        """An entry of its own for a test or chat; returns its ID. Inside the caller's transaction.

        Its body may be erased later, so it never opens an incarnation: an entry of acts before it does.
        """
        self.context.require_speaks()
        opening = line_id not in self._may_go_on and line_id not in self.context.pending.new_incarnations
        if opening and self.ledger.head(line_id, self.context.me) is not None:
            self._write(line_id, EntryKind.ACTS, [], now, urgent=0)
        return self._add(line_id, kind, body, now, urgent=0)

    def _write(self, line_id: bytes, kind: int, items: list[bytes], now: int, *, urgent: int) -> None:
        if line_id not in self._may_go_on and line_id not in self.context.pending.new_incarnations:
            before = self.ledger.head(line_id, self.context.me)
            # Nobody can tell this desk what an older copy of its vault has forgotten and sent (ADR 0017).
            self.ledger.set_incarnation(line_id, self.context.rng(16))
            if before is not None:
                items = [cbor.encode([Item.INCARNATION, before]), *items]
            # Only the commit makes it so: a new incarnation that is rolled back was never opened.
            self.context.pending.new_incarnations.add(line_id)
            self.context.pending.after.append(lambda: self._may_go_on.add(line_id))
        self._add(line_id, kind, cbor.joined(items), now, urgent=urgent)

    def _add(self, line_id: bytes, kind: int, body: bytes, now: int, *, urgent: int) -> bytes:
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
        self.ledger.remember(carried)
        self.context.pending.fresh.append((line_id, carried, urgent))
        return carried.signed.id

    # --- receiving --------------------------------------------------------------------------------

    def receive(self, line_id: bytes, sealed: bytes, now: int) -> bool:
        """One envelope from a relay. Inside a transaction of the caller.

        Returns False if some part (NotNow: the whole) can be judged only later and the envelope must stay
        at the relay; raises OtherOfficeError if it holds nothing that can be accepted.
        """
        line = self.ledger.line(line_id)
        if not line.confirmed_here:
            raise NotNow("The line is not confirmed here yet.", "Compare the digits and type them in.")
        self._in_cell = is_cell(sealed)
        if self._in_cell:
            self.context.require_speaks()  # opened it cannot be opened again
        if self.context.whole and self._in_cell:
            raise PartFailed  # its key is used up by opening it
        parts = self._unpack(line, sealed, now)
        whole, self.said = True, bool(parts)
        heads = [part for kind, part in parts if kind == envelope.PART_HEAD and isinstance(part, Signed)]
        rosters = any(kind == envelope.PART_ROSTER for kind, _ in parts)
        answered = any(self._answers(line_id, head) for head in heads)
        self.from_peer = answered or (rosters and any(self._from_peer(line, head) for head in heads))
        if self.context.whole and any(kind not in _IN_THE_RECORD for kind, _ in parts):
            raise PartFailed  # what they change in memory must not be done twice
        for kind, part in parts:
            # One bad or early part costs nothing else: the others of the same envelope are taken.
            try:
                with self.context.part():
                    self._take_part(line, kind, part, now)
            except NotNow:
                whole = False
                self._unjudged.add(line_id)
            except OtherOfficeError as error:
                self.refused_envelope(line_id, sealed, error, now)
        if answered:
            self.answer_came(line, rosters, now)
        self.drain(line)
        return whole

    def ask_anew(self, now: int) -> None:
        """After a roster came that no entry could tell of: each question brings it along.

        What answers a question of before says nothing of this roster, and there may be many on their way.
        """
        for line in self.ledger.lines():
            if line.open and self.untold.any_on(line.id):
                self.ask_afresh(line, now)

    def ask_afresh(self, line: LineRow, now: int) -> None:
        """Ask a line's peer about both chains and this office's rosters: what it answers is of now."""
        before = self._questions.pop(line.id, None)
        if before is not None:
            self.sending.receipted(before)
        self._ask(line, now)

    def _answers(self, line: bytes, signed: Signed) -> bool:
        """Whether a head answers what this desk asked last. Its nonce is known to who has read the question."""
        asked = self._questions.get(line)
        try:
            return asked is not None and signed.statement.read(Head).answers == asked
        except OtherOfficeError:
            return False

    def _from_peer(self, line: LineRow, signed: Signed) -> bool:
        """Whether a head is the peer's, so that nobody but the two desks ever had it in hands."""
        try:
            verify_head(signed, line.id, self.peer_of(line))
        except (OtherOfficeError, NotNow):
            return False
        return True

    def _take_part(self, line: LineRow, kind: int, part: Any, now: int) -> None:
        if kind not in (envelope.PART_ROSTER, envelope.PART_VOUCH):
            self.context.require_speaks()  # what cannot be receipted is not taken
        if isinstance(part, CarriedEntry):
            self._entry(line.id, part, now)
        elif isinstance(part, SealedNote):
            self.cells.keep_ahead(line, part, now)
        elif isinstance(part, bytes):
            self.take_checkpoint(line, part, now)
        elif kind == envelope.PART_ROSTER:
            self.take_roster(line, part, now)
        elif kind == envelope.PART_VOUCH:
            self.take_vouch(line, part, now)
        elif kind == envelope.PART_MAILBOXES:
            self._take_mailboxes(line, part, now)
        elif kind == envelope.PART_STOP:
            self.take_stop(line, part, now)
        elif kind == envelope.PART_RECEIPT:
            self._receipt(line, part, now)
        else:
            self._head(line, part, now)

    def _unpack(self, line: LineRow, sealed: bytes, now: int) -> tuple[envelope.Part | ThinPart, ...]:
        if is_cell(sealed):
            return self.cells.open(line, sealed) or ()
        seeds = sorted(self.context.keys.envelope_seeds.items(), reverse=True)
        try:
            padded = envelope.opened(
                sealed, realm=self.context.keys.realm, line=line.id, seeds=self._likely_first(seeds, now)
            )
        except OtherOfficeError as error:
            raise Unopened(error.what) from error
        return envelope.read_opened(padded)

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
        known = self.ledger.entry_place(line_id, line.peer, carried.place)
        if known is not None:
            # Verified when it first came: after a month's silence the same lies at every relay many times.
            self.context.pending.receipts.append((line_id, known))
            return
        peer = self.peer_of(line)
        entry = verify_entry(carried, line_id, peer)
        self._check_past(line, entry.seen, now)
        self.hear(line_id, now, entry.time[0])
        place = carried.place
        others = self.ledger.entry_ids_at(line_id, entry.writer, place)
        neighbours = self.ledger.neighbours_of(line_id, entry.writer, place)
        if not line.open and not any(item[0] == Item.CONFIRMED for item in carried.items):
            raise NotNow(f"{peer.name} has not confirmed the line yet.")
        self.ledger.add_entry(carried, now)
        self.cells.learn(line, carried)
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
        self._check_links(line, peer, carried, neighbours, now)
        self._take_items(line, carried, now)
        if not line.open and self.ledger.line(line_id).open and not self.goes_on(line_id):
            # The start asked on lines that were open then: a test on this one would wait for the next start.
            self._ask(line, now)

    def _check_links(
        self,
        line: LineRow,
        peer: Office,
        carried: CarriedEntry,
        neighbours: list[tuple[int, bytes, bytes | None]],
        now: int,
    ) -> None:
        entry = carried.entry
        for number, other_id, other_previous in neighbours:
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
        receipt = verify_receipt(signed, line.id, self.peer_of(line))
        self.hear(line.id, now, receipt.time[0])
        for place in receipt.entries:
            if self.ledger.save_receipt(line.id, place[2], signed.raw):
                self.cells.was_receipted(line, place[2])
                if not self.ledger.was_by_hand(place[2]):
                    self.receipted(place[2], now)
                self.context.pending.after.append(partial(self.sending.receipted, place[2], line.id))
            else:
                self._check_past(line, place, now)

    # --- outcomes that the runner tells -------------------------------------------------------------

    def refused_envelope(
        self, line_id: bytes, sealed: bytes, error: OtherOfficeError, now: int, relay: str | None = None
    ) -> None:
        """Keep what was wrong with an envelope that held nothing acceptable. ``relay``: whose mailbox it lay in."""
        if isinstance(error, Unopened):
            # Any number of them can be made by whoever may write there: each relay of a line is told of once.
            what = "Something was brought that no key of this desk opens: nobody has signed it."
            if relay is not None:
                what = f"{relay} hands over what no key of this desk opens: nobody has signed it."
            if not self.ledger.was_found(what, line_id):
                self.ledger.find(
                    now, error.fault, what, error.next_step, line=line_id, entry=crypto.sha256(sealed)
                )
            return
        self.ledger.find(
            now, error.fault, error.what, error.next_step, line=line_id, entry=crypto.sha256(sealed)
        )
