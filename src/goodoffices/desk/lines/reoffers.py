# SPDX-License-Identifier: Apache-2.0
"""How often a peer may have the history of a line sent again, by this desk's own clock (ADR 0023).

Only a desk whose vault went back lacks what it has receipted, so the first such question is answered at
once. Who asks so again and again has it sent after a minute, ten minutes, an hour: put off, never refused,
since the third restore of a day may be true as well.
"""

from __future__ import annotations

from dataclasses import dataclass

WAITS = (60_000, 600_000, 3_600_000)
"""Milliseconds between two times that what was receipted is sent again; the last for ever."""
FORGET = 86_400_000
"""Milliseconds after which a line that asked no more begins anew."""


@dataclass(frozen=True)
class _Sent:
    at: int
    times: int


class Reoffers:
    """When each line's history was sent again, and what is put off. In memory: a start begins anew."""

    def __init__(self) -> None:
        self._sent: dict[bytes, _Sent] = {}
        self._off: dict[bytes, tuple[int, bytes | None]] = {}

    def may(self, line: bytes, last: bytes | None, now: int) -> bool:
        """Whether to send everything after the entry ``last`` again now; if not, it is put off."""
        sent = self._sent.get(line)
        if sent is not None and sent.at <= now < (due := sent.at + WAITS[min(sent.times, len(WAITS) - 1)]):
            self._off[line] = due, last
            return False
        # A clock that was put back makes nobody wait until it has caught up.
        fresh = sent is None or not 0 <= now - sent.at < FORGET
        self._sent[line] = _Sent(now, 0 if fresh or sent is None else sent.times + 1)
        self._off.pop(line, None)
        return True

    def put_off(self, line: bytes, last: bytes | None, now: int) -> None:
        """What could not be done now is due at once, as if it had not been tried."""
        self._sent.pop(line, None)
        self._off[line] = now, last

    def due(self, now: int) -> list[tuple[bytes, bytes | None]]:
        """(line, entry after which to send again) of what was put off until now."""
        found = [(line, last) for line, (due, last) in self._off.items() if due <= now]
        for line, _ in found:
            del self._off[line]
        return found

    def next_wake(self) -> int | None:
        """When something that was put off falls due."""
        return min((due for due, _ in self._off.values()), default=None)
