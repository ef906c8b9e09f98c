# SPDX-License-Identifier: Apache-2.0
"""Token buckets: how often one side may ask, with bounded memory for any number of sides.

Each bucket is one number, the time at which it will be full again (the virtual scheduling form of the
generic cell rate algorithm, ITU-T I.371). So a side that is quiet costs nothing and is forgotten first.
"""

from __future__ import annotations

from dataclasses import dataclass

REMEMBERED = 65_536


@dataclass(frozen=True)
class Rate:
    """``burst`` at once, then ``per_second``."""

    per_second: float
    burst: int


class Buckets:
    """One bucket for each key. Times are milliseconds UTC."""

    def __init__(self, rate: Rate, remembered: int = REMEMBERED) -> None:
        self._each = 1000.0 / rate.per_second
        self._depth = self._each * rate.burst
        self._remembered = remembered
        self._full_at: dict[bytes | str, float] = {}

    def take(self, key: bytes | str, now: int) -> float:
        """Take one; 0.0, or how many seconds to wait, and then nothing was taken."""
        full_at = max(self._full_at.get(key, 0.0), now) + self._each
        wait = full_at - now - self._depth
        if wait > self._each:
            # The clock was set back: that must not lock anybody out for longer than an empty bucket does.
            self._full_at[key] = now + self._depth
            wait = self._each
        if wait > 0:
            return wait / 1000
        if key not in self._full_at and len(self._full_at) >= self._remembered:
            self._forget(now)
        self._full_at[key] = full_at
        return 0.0

    def spare(self, key: bytes | str, now: int) -> bool:
        """Whether one could be taken."""
        full_at = min(max(self._full_at.get(key, 0.0), now), now + self._depth)
        return full_at + self._each - now <= self._depth

    def _forget(self, now: int) -> None:
        """Those that are full again; and if nearly all are in use, the half that is nearest to it."""
        kept = {key: at for key, at in self._full_at.items() if at > now}
        if len(kept) > self._remembered // 2:
            kept = dict(sorted(kept.items(), key=lambda item: item[1])[-(self._remembered // 2) :])
        self._full_at = kept
