# SPDX-License-Identifier: Apache-2.0
"""Clocks that differ, told by what no delay can make: a time of the future, an answer from before its call.

Nothing is refused for it (P12); the page Ready says it, so that somebody looks which of the two is wrong.
"""

from __future__ import annotations

SURE = 60_000
"""Milliseconds that two sound clocks never differ by."""


class Apart:
    """Per line by how much the other desk's clock differs from this one's, where that is certain."""

    def __init__(self) -> None:
        self._found: dict[bytes, int] = {}

    def stated(self, line: bytes, now: int, stated: int) -> None:
        """The other desk signed a time, and here it is ``now``: later it cannot have been."""
        ahead = stated - now
        if ahead > SURE:
            self._found[line] = ahead
        elif self._found.get(line, 0) > 0:
            del self._found[line]

    def answered(self, line: bytes, called: int, stated: int) -> None:
        """The other desk answered a call, and stated a time: earlier than the call it cannot have been."""
        ahead = stated - called
        if ahead < -SURE:
            self._found[line] = ahead
        elif self._found.get(line, 0) < 0:
            del self._found[line]

    def of(self, line: bytes) -> int | None:
        """Milliseconds by which the other clock is ahead (negative: behind), or None where none was found to be."""
        return self._found.get(line)
