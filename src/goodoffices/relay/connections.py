# SPDX-License-Identifier: Apache-2.0
"""Which network connections a relay bears: so many in all, so many from one address, and who has to go.

A connection on which nothing has been allowed yet is unproven. When all places are taken the oldest
unproven one gives way to a newcomer, so that connections that only sit there keep nobody out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import Enum

OF_ONE = 256


class Verdict(Enum):
    """What becomes of a new connection."""

    ADMITTED = "admitted"
    FULL = "too many connections"
    TOO_MANY_OF_ONE = "too many connections from one address"


class Connections:
    """Keeps count. A connection is any object; ``end`` cuts one off."""

    def __init__(self, most: int, of_one: int, end: Callable[[object], None]) -> None:
        self._most = most
        self._of_one = of_one
        self._end = end
        self._address: dict[object, str | None] = {}
        self._count: Counter[str] = Counter()
        self._unproven: dict[object, None] = {}
        self.refused: Counter[Verdict] = Counter()
        self.cut = 0

    def __len__(self) -> int:
        return len(self._address)

    @property
    def crowded(self) -> bool:
        """Places are getting scarce: patience ends earlier."""
        return len(self._address) > self._most * 3 // 4

    def came(self, who: object, address: str | None) -> Verdict:
        """A new connection. ``address`` None: not counted by address."""
        verdict = Verdict.ADMITTED
        if address is not None and self._count[address] >= self._of_one:
            verdict = Verdict.TOO_MANY_OF_ONE
        elif len(self._address) >= self._most and not self._make_place():
            verdict = Verdict.FULL
        if verdict is not Verdict.ADMITTED:
            self.refused[verdict] += 1
            return verdict
        self._address[who] = address
        self._unproven[who] = None
        if address is not None:
            self._count[address] += 1
        return verdict

    def proven(self, who: object) -> None:
        """A request on it was allowed."""
        self._unproven.pop(who, None)

    def replaced(self, old: object, new: object) -> None:
        """The same connection is served by somebody else from now on."""
        if old in self._address:
            self._address[new] = self._address.pop(old)
            self._unproven.pop(old, None)

    def left(self, who: object) -> None:
        """It is gone; harmless when it was never admitted."""
        address = self._address.pop(who, None)
        self._unproven.pop(who, None)
        if address is not None:
            self._count[address] -= 1
            if not self._count[address]:
                del self._count[address]

    def _make_place(self) -> bool:
        for oldest in self._unproven:
            self.left(oldest)
            self._end(oldest)
            self.cut += 1
            return True
        return False
