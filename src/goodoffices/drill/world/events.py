# SPDX-License-Identifier: Apache-2.0
"""The simulated world's time: what happens when, what the dice say, and the story that is told of it."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from random import Random

from goodoffices.drill.world.parts import START, Weather


class Events:
    """Things that happen one after another, in an order of time that is drawn from one seed."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.rng = Random(seed)
        self.weather = replace(weather)
        self.time = START
        self._told: deque[tuple[int, str]] = deque(maxlen=2000)
        self.counts: dict[str, int] = {}
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0

    def at(self, delay: int, action: Callable[[], None]) -> None:
        """Something happens ``delay`` ms from now."""
        self._number += 1
        heapq.heappush(self._events, (self.time + max(0, delay), self._number, action))

    def next(self) -> None:
        """The next thing happens."""
        self.time, _, action = heapq.heappop(self._events)
        action()

    def pass_time(self, span: int) -> None:
        """Everything that falls due within ``span`` ms happens."""
        end = self.time + span
        while self._events and self._events[0][0] <= end:
            self.next()
        self.time = end

    def chance(self, probability: float) -> bool:
        """A throw of the dice; none is made for what cannot or must happen."""
        return probability > 0 and self.rng.random() < probability

    def delay(self) -> int:
        """How long a message takes."""
        if self.chance(self.weather.late):
            return self.rng.randint(40, self.weather.late_ms)
        # As ``randint(1, 40)`` draws it, without its three calls: a note has some twenty messages.
        bits = self.rng.getrandbits
        drawn = bits(6)
        while drawn >= 40:
            drawn = bits(6)
        return 1 + drawn

    def tell(self, what: str) -> None:
        """A line of the run's story. No hash stands in it, so that two replays tell the same."""
        self._told.append((self.time, what))

    @property
    def trace(self) -> list[str]:
        """The newest of the run's story."""
        return [f"{(at - START) / 1000:12.3f} {what}" for at, what in self._told]

    def count(self, what: str) -> None:
        """One more of these."""
        self.counts[what] = self.counts.get(what, 0) + 1
