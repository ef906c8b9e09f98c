# SPDX-License-Identifier: Apache-2.0
"""The rung *on a relay* of own notes: signed in the round that follows, as arrivals are (ADR 0084).

What a relay said is kept in memory until then. A crash in between loses that rung alone, and the reader's
receipt, which cannot be had without a relay or a courier, settles it.
"""

from __future__ import annotations

from collections.abc import Iterable

from goodoffices.core.act import ActType
from goodoffices.core.line import Item
from goodoffices.core.sealed import read_sealed
from goodoffices.desk.context import Context
from goodoffices.desk.officers.handing import HandActs

MAX_KNOWN = 4096
"""Entries of which it is remembered which own notes they carry: asked once per relay, and at the receipt."""


class OnRelay:
    """Own entries that a relay has, by its word or by the peer's receipt."""

    def __init__(self, context: Context, acts: HandActs) -> None:
        self.context = context
        self._acts = acts
        self._took: dict[bytes, int] = {}
        self._notes: dict[bytes, tuple[bytes, ...]] = {}

    @property
    def waiting(self) -> bool:
        """Whether a rung is yet to be signed."""
        return bool(self._took)

    def took(self, entries: Iterable[bytes], now: int) -> None:
        """A relay has these entries, synced. If it is the first, that is a rung of the notes inside."""
        for entry in entries:
            if any(not self._stands(note) for note in self._own_notes(entry)):
                self._took.setdefault(entry, now)

    def sign(self) -> None:
        """Sign what relays took, with the times at which they said so. Inside a transaction."""
        for entry, at in self._took.items():
            self.has(entry, at)
        self.context.pending.after.append(self._took.clear)

    def has(self, entry: bytes, now: int) -> None:
        """A relay has an own entry, or had it: the peer's receipt may come before the relay's answer."""
        for note_id in self._own_notes(entry):
            if self.context.speaks and not self._stands(note_id):
                note = self._acts.note_row(note_id)
                self._acts.channels.do(
                    self.context.ledger.agreement(note.mandate),
                    ActType.ON_RELAY,
                    now,
                    recipient=note.recipient,
                    lane=note.lane,
                    subject=note_id,
                )

    def _stands(self, note: bytes) -> bool:
        return self._acts.has_act(note, ActType.ON_RELAY)

    def _own_notes(self, entry_id: bytes) -> tuple[bytes, ...]:
        known = self._notes.get(entry_id)
        if known is not None:
            return known
        carried, me = self.context.ledger.entry(entry_id), self.context.me
        if carried is None or carried.entry.writer != me:
            return ()
        headers = [read_sealed(item[1]).header for item in carried.items if item[0] == Item.NOTE]
        if len(self._notes) >= MAX_KNOWN:
            self._notes.clear()
        self._notes[entry_id] = tuple(header.note for header in headers if header.author == me)
        return self._notes[entry_id]
