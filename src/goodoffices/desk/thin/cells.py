# SPDX-License-Identifier: Apache-2.0
"""Cells of a thin line, packed and opened at a desk (docs/format.md §16.5, ADR 0044)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from goodoffices.core import crypto
from goodoffices.core.envelope import PART_ENTRY
from goodoffices.core.errors import Altered, Foreign, MachineError, OtherOfficeError, Unopened
from goodoffices.core.line import CarriedEntry, Item
from goodoffices.core.sealed import SealedNote, read_sealed
from goodoffices.core.thin.cell import (
    CLASSES,
    PART_NOTE,
    VERSION,
    ThinPart,
    cell_place,
    open_cell,
    pack_cell,
    read_parts,
    room,
    size_for,
    write_parts,
)
from goodoffices.core.thin.keys import NONCE, Chain, Reading
from goodoffices.core.thin.values import Unfit
from goodoffices.desk.context import Context
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.thin.agreeing import ThinAgreeing
from goodoffices.desk.thin.known import LineKnown
from goodoffices.desk.vault.database import faults

PATIENCE = 3
"""Rounds without a receipt after which a line's entries go the ordinary way and new keys are drawn."""
RECEIPTED = 16
"""Entries that one receipt of a cell names."""

Fresh = tuple[bytes, CarriedEntry, int]
Cell = tuple[bytes, list[bytes]]
"""A sealed cell, and the entries that it helps to carry."""


def is_cell(sealed: bytes) -> bool:
    """Whether an envelope says that it is a cell."""
    return len(sealed) in CLASSES and sealed[0] == VERSION


class Cells:
    """The cells of every thin line of one desk."""

    def __init__(self, context: Context, agreeing: ThinAgreeing) -> None:
        self.context = context
        self.ledger = context.ledger
        self.agreeing = agreeing
        self.tables = agreeing.tables
        self._known: dict[bytes, LineKnown] = {}
        self._answered: set[bytes] = set()
        self._lost: set[bytes] = set()
        """Chains that the peer may hold no more."""
        agreeing.changed = self._refresh

    def _refresh(self) -> None:
        for known in self._known.values():
            known.refresh()

    def known(self, line: LineRow) -> LineKnown:
        """What both ends of a line hold."""
        if line.id not in self._known:
            self._known[line.id] = LineKnown(self.context, self.tables, line)
        return self._known[line.id]

    def learn(self, line: LineRow, carried: CarriedEntry | None) -> None:
        """The peer surely has this entry: it wrote it, or receipted it."""
        if carried is None or not self.agreeing.agreed(line):
            return
        if carried.entry.writer == self.context.me:
            self._answered.add(line.id)
        try:
            self.known(line).learn(carried)
        except OtherOfficeError:
            return  # an entry of a form that is not known: nothing is named by it

    def was_receipted(self, line: LineRow, entry: bytes) -> None:
        """The peer receipted an own entry."""
        if self.agreeing.agreed(line):
            self.learn(line, self.ledger.entry(entry))

    def most_items(self, line: LineRow) -> int | None:
        """How many acts an entry takes, so that a cell holds it; None where the line is not thin.

        Before anything since the start was receipted, little can be named by its first bytes.
        """
        if not self.agreeing.agreed(line):
            return None
        return 2 if line.id in self._answered else 1

    def ready(self, line: LineRow, rounds: int) -> bool:
        """Whether a line's cells can be sealed now. ``rounds``: without a receipt so far."""
        if not self.agreeing.agreed(line):
            return False
        if rounds >= PATIENCE:
            self.agreeing.doubt(line.id)
            return False
        row = self.agreeing.usable(line.id, line.peer)
        return row is not None and row.id not in self._lost

    def started_without_keys(self, line: LineRow) -> bool:
        """The peer's desk started, and asked by an ordinary envelope: a restored one has no keys of a thin line.

        True if cells that are on their way to it may be lost.
        """
        row = self.agreeing.usable(line.id, line.peer) if self.agreeing.agreed(line) else None
        if row is not None and row.id not in self._lost:
            self.known(line).went_back()
            self._lost.add(row.id)
            self.agreeing.doubt(line.id)
        return row is not None

    # --- out ----------------------------------------------------------------------------------------

    def pack(self, line: LineRow, parts: list[tuple[int, Any]]) -> tuple[list[Cell], list[tuple[int, Any]]]:
        """Cells of as many parts as go into cells, notes ahead of the rest; and the parts that do not."""
        row = self.agreeing.usable(line.id, line.peer)
        if row is None or row.state is None:
            return [], parts
        size, chain, cells = self._size(line), Chain(row.id, row.state, row.next), list[Cell]()
        whole, left = self._whole(line, parts, size)
        for payload, ids in self._payloads(line, whole, size):
            sealed, chain = pack_cell(payload, size, chain, self.context.rng(NONCE))
            cells.append((sealed, ids))
        return (cells, left) if self._keep(chain) else ([], parts)

    def empty(self, line: LineRow) -> bytes | None:
        """A cell of no parts, for a slot that nothing fills."""
        row = self.agreeing.usable(line.id, line.peer)
        if row is None or row.state is None:
            return None
        payload = write_parts([], self.context.keys.realm, line.id, self._offices(line), self.known(line))
        chain = Chain(row.id, row.state, row.next)
        sealed, chain = pack_cell(payload, self._size(line), chain, self.context.rng(NONCE))
        return sealed if self._keep(chain) else None

    def _keep(self, chain: Chain) -> bool:
        """Keep a chain's next state; what its keys sealed may be sent only then. False if the disk took nothing."""
        # What is sent inside of a transaction waits for its end.
        inside = self.ledger.db.in_transaction
        try:
            with faults(), nullcontext() if inside else self.ledger.transaction():
                self.tables.move(chain, chain.state)
        except MachineError:
            if inside:
                raise
            return (
                False  # a disk that is full must not silence what was saved before: it goes the ordinary way
            )
        return True

    def _offices(self, line: LineRow) -> tuple[bytes, bytes]:
        me = self.context.me
        return (me, line.peer) if me < line.peer else (line.peer, me)

    def _size(self, line: LineRow) -> int:
        """One size for all cells of a line: by how many officers release where its notes come from."""
        me, most = self.context.me, self.context.my_office().roster.releasers_needed
        for mandate_id in self.ledger.mandates():
            agreement = self.ledger.agreement(mandate_id)
            path = agreement.mandate.path
            if agreement.complete and me in path and line.peer in agreement.mandate.neighbours(me):
                offices = [each for each in path if each in agreement.offices]
                most = max([most, *(agreement.offices[each].roster.releasers_needed for each in offices)])
        return size_for(most)

    def _whole(
        self, line: LineRow, parts: list[tuple[int, Any]], size: int
    ) -> tuple[list[tuple[int, Any]], list[tuple[int, Any]]]:
        """(parts for cells, notes before the entries that name them; parts that are for no cell)."""
        notes: list[tuple[int, Any]] = []
        whole: list[tuple[int, Any]] = []
        left: list[tuple[int, Any]] = []
        for kind, part in parts:
            ahead = [(PART_NOTE, each) for each in _notes_of(part)] if kind == PART_ENTRY else []
            if all(self._fits(line, [each], size) for each in [*ahead, (kind, part)]):
                notes += ahead
                whole.append((kind, part))
            else:
                left.append((kind, part))
        return [*notes, *whole], left

    def _fits(self, line: LineRow, parts: list[tuple[int, Any]], size: int) -> bool:
        return self._write(line, parts, size) is not None

    def _write(self, line: LineRow, parts: list[tuple[int, Any]], size: int) -> bytes | None:
        try:
            payload = write_parts(
                parts, self.context.keys.realm, line.id, self._offices(line), self.known(line)
            )
        except Unfit:
            return None
        return payload if len(payload) <= room(size) else None

    def _payloads(
        self, line: LineRow, parts: list[tuple[int, Any]], size: int
    ) -> Iterator[tuple[bytes, list[bytes]]]:
        """As few cells as parts in their order fill, each with the entries that wait for it."""
        taken: list[tuple[int, Any]] = []
        ready: bytes | None = None
        for part in parts:
            more = self._write(line, [*taken, part], size)
            if more is None and taken:
                assert ready is not None
                yield ready, _entries_of(taken, parts)
                taken, more = [], self._write(line, [part], size)
            taken, ready = [*taken, part], more
        if taken and ready is not None:
            yield ready, _entries_of(taken, parts)

    def keep_ahead(self, line: LineRow, sealed: SealedNote, now: int) -> None:
        """A note came ahead of its entry. Until that is here, nothing is done with it and nothing said of it."""
        self.tables.keep_ahead(line.id, sealed.header.note, crypto.sha256(sealed.raw), sealed.raw, now)
        self.context.something_came()  # its entry may have come before it

    # --- in -----------------------------------------------------------------------------------------

    def open(self, line: LineRow, sealed: bytes) -> tuple[ThinPart, ...] | None:
        """The parts of a cell, its key forgotten with the caller's commit; None if its key is gone.

        Raises NotNow where something named is not here yet, Altered or Malformed.
        """
        start, number = cell_place(sealed)
        for row in self.tables.starting(start, line.id, line.peer):
            if row.state is None:
                continue
            before = Reading(Chain(row.id, row.state, row.next), self.tables.skipped(row.id))
            try:
                message, after = before.key_of(number)
            except Foreign:
                return None  # it was opened before: another relay's, or one that came twice
            try:
                payload = open_cell(sealed, message)
            except Altered as error:
                raise Unopened(error.what) from error
            parts = read_parts(
                payload, self.context.keys.realm, line.id, self._offices(line), self.known(line)
            )
            fresh = {at: key for at, key in after.skipped.items() if at not in before.skipped}
            self.tables.keep_skipped(before, after, fresh)
            self.tables.move(after.chain, after.chain.state)
            return parts
        return None


def _notes_of(carried: CarriedEntry) -> list[SealedNote]:
    try:
        items = carried.items
    except OtherOfficeError:
        return []
    return [read_sealed(item[1]) for item in items if item[0] in (Item.NOTE, Item.RESEALED)]


def _entries_of(parts: list[tuple[int, Any]], all_parts: list[tuple[int, Any]]) -> list[bytes]:
    """The entries in a cell, and those whose notes are in it: until they are receipted it is offered."""
    notes = {part.raw for kind, part in parts if kind == PART_NOTE}
    found = [part.signed.id for kind, part in parts if kind == PART_ENTRY]
    for kind, part in all_parts:
        if kind == PART_ENTRY and any(note.raw in notes for note in _notes_of(part)):
            found.append(part.signed.id)
    return list(dict.fromkeys(found))
