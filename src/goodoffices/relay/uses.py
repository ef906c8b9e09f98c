# SPDX-License-Identifier: Apache-2.0
"""Which mailboxes were used lately, so that a relay removes only those that nobody uses.

Noted in memory and handed to the store now and then: a request must not cost a write of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from goodoffices.relay.rules import DAY_MS

NOTED = 65_536


class Uses:
    """Notes each mailbox once a day."""

    def __init__(self) -> None:
        self._noted: dict[bytes, int] = {}
        self._due: set[bytes] = set()

    def note(self, box: bytes, now: int) -> None:
        """Somebody who has a right on this mailbox used it."""
        if now - self._noted.get(box, 0) < DAY_MS:
            return
        if len(self._noted) >= NOTED:
            self._noted.clear()
        self._noted[box] = now
        self._due.add(box)

    def due(self, listened: Iterable[bytes], now: int) -> list[bytes]:
        """What the store is to be told now, with the mailboxes that are listened to."""
        for box in listened:
            self.note(box, now)
        due = list(self._due)
        self._due.clear()
        return due
