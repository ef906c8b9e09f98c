# SPDX-License-Identifier: Apache-2.0
"""The constant beat of a line: one envelope per mailbox and slot, full or empty (ADR 0045). Sans I/O."""

from __future__ import annotations

from dataclasses import dataclass

LEAD = 250
"""Milliseconds from the moment when a slot's envelope is made to the one at which it leaves, full or empty."""


@dataclass
class _Beat:
    slot: int
    next: int


class Beats:
    """Which lines beat, and when each does next."""

    def __init__(self) -> None:
        self._beats: dict[bytes, _Beat] = {}

    def __bool__(self) -> bool:
        return bool(self._beats)

    def __contains__(self, line: bytes) -> bool:
        return line in self._beats

    def set(self, line: bytes, slot: int, now: int, phase: int = 0) -> None:
        """One envelope per mailbox of this line every ``slot`` milliseconds, no more and no fewer; 0: no beat."""
        if not slot:
            self._beats.pop(line, None)
        elif line not in self._beats or self._beats[line].slot != slot:
            self._beats[line] = _Beat(slot, now + phase % slot)

    def ticking(self, now: int) -> frozenset[bytes]:
        """The lines whose slot has come. Slots that were slept through are not made up for."""
        ticks = {line for line, beat in self._beats.items() if beat.next <= now}
        for line in ticks:
            beat = self._beats[line]
            beat.next += beat.slot * ((now - beat.next) // beat.slot + 1)
        return frozenset(ticks)

    def put_back(self, span: int) -> None:
        """The clock was put back by ``span`` ms: nothing waits until it has caught up."""
        for beat in self._beats.values():
            beat.next -= span

    def wakes(self) -> list[int]:
        """When each line beats next."""
        return [beat.next for beat in self._beats.values()]
