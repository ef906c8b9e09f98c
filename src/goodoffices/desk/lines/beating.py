# SPDX-License-Identifier: Apache-2.0
"""Which lines beat, and how fast: as an officer chose, or where a relay elsewhere looks on (ADR 0045)."""

from __future__ import annotations

from urllib.parse import urlsplit

from goodoffices.core.addresses import loopback
from goodoffices.core.errors import YourError
from goodoffices.core.statement import LIVE
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.routes.beat import Beats

DEFAULT_SLOT, MIN_SLOT, MAX_SLOT = 20_000, 1_000, 600_000
"""Milliseconds between two envelopes of a line with a beat."""


class Beating:
    """The beats of one desk's lines."""

    def __init__(self, context: Context, beats: Beats) -> None:
        self.context = context
        self.ledger = context.ledger
        self.beats = beats
        self._kept: tuple[bytes, ...] = ()

    def change(self, officer: Officer, line_id: bytes, slot: int, now: int) -> None:
        """Another slot for a line, in milliseconds; 0 for no beat."""
        line = self.ledger.line(line_id)
        if slot and not MIN_SLOT <= slot <= MAX_SLOT:
            raise YourError("A beat is between one second and ten minutes.", "Choose 0 for none.")
        with self.context.transaction():
            self.ledger.set_fact(f"beat {line_id.hex()}", slot.to_bytes(4))
            self.ledger.audit(
                now, officer.name, f"changed the beat of the line {line.name}", AuditKind.OFFICE
            )
        self.beats.set(line_id, slot, now, int.from_bytes(self.context.rng(4)))

    def slot_of(self, line: LineRow) -> int:
        """The slot of a line's beat in milliseconds, 0 for none."""
        chosen = self.ledger.fact(f"beat {line.id.hex()}")
        if chosen is not None:
            return int.from_bytes(chosen)
        routes = self.ledger.routes(line.id, own=False)
        elsewhere = routes and not any(loopback(urlsplit(route.relay).hostname or "") for route in routes)
        return DEFAULT_SLOT if elsewhere and self.context.keys.realm == LIVE else 0

    def keep_up(self, now: int) -> None:
        """Begin the beat of every open line that has one and does not beat yet."""
        opened = tuple(line.id for line in self.ledger.lines() if line.open)
        if opened == self._kept:
            return
        self._kept = opened
        for line in self.ledger.lines():
            if line.open:
                self.beats.set(line.id, self.slot_of(line), now, int.from_bytes(self.context.rng(4)))
