# SPDX-License-Identifier: Apache-2.0
"""Envelopes that came too early: kept in memory, and judged again once something came that they may have waited for.

Each may take tenths of a second, and whoever sent sixty of them also chooses what makes them worth another look. So a
few are judged at a time, the lines in turn, and between them the desk does what else there is to do (ADR 0089).
"""

from __future__ import annotations

MOST = 64
"""Envelopes of one line; the rest wait at the relay."""
AT_ONCE = 4
"""How many are judged before the desk does something else."""


class Early:
    """What waits, by line. Lost with the process: relays keep what was not taken."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, dict[bytes, None]] = {}
        self._again: dict[bytes, dict[bytes, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting or self._again)

    @property
    def due(self) -> bool:
        """Whether any is to be judged again now."""
        return bool(self._again)

    def keep(self, line: bytes, envelope: bytes) -> None:
        """One that can be judged later only."""
        waiting = self._waiting.setdefault(line, {})
        if len(waiting) + len(self._again.get(line, ())) < MOST:
            waiting[envelope] = None

    def look_again(self) -> None:
        """Something came that any of them may have waited for."""
        waiting, self._waiting = self._waiting, {}
        for line, envelopes in waiting.items():
            self._again.setdefault(line, {}).update(envelopes)

    def next(self) -> tuple[bytes, bytes] | None:
        """(line, envelope) of the next to be judged again, which waits no more."""
        line = next(iter(self._again), None)
        if line is None:
            return None
        envelopes = self._again.pop(line)
        envelope = next(iter(envelopes))
        del envelopes[envelope]
        if envelopes:
            self._again[line] = envelopes  # behind the other lines
        return line, envelope

    def forget(self, line: bytes) -> None:
        """A line that is no more."""
        self._waiting.pop(line, None)
        self._again.pop(line, None)
