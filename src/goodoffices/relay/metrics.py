# SPDX-License-Identifier: Apache-2.0
"""What a relay counts about itself, as text in Prometheus' exposition format (version 0.0.4).

Nothing here is kept by mailbox or address: who reads it learns how busy the relay is, and not with whom.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable

from goodoffices.relay.rules import Refusal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "goodoffices_relay_"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
WORKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Histogram:
    """Counts of what was at most each bound, and the sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str) -> Iterable[str]:
        so_far = 0
        for bound, count in zip((*self._bounds, "+Inf"), self._counts, strict=True):
            so_far += count
            yield f'{name}_bucket{{le="{bound}"}} {so_far}'
        yield f"{name}_sum {self._sum:.6f}"
        yield f"{name}_count {so_far}"


class Metrics:
    """The counters of one relay process. Called on the event loop only."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self.refusals: Counter[str] = Counter()
        self._puts = Histogram(SECONDS)
        self._commits = Histogram(SECONDS)
        self._works = Histogram(WORKS)
        self.pushed = 0
        self.new = 0
        self.repeats = 0
        self._gauges: list[tuple[str, str, Callable[[], float]]] = []

    def answered(self, door: str, status: int) -> None:
        """A request was answered."""
        self._answers[door, status] += 1

    def refused(self, refusal: Refusal) -> None:
        """Something was refused, with this reason."""
        self.refusals[refusal.value] += 1

    def put(self, seconds: float, new: bool) -> None:
        """An envelope was answered as stored, so long after its request."""
        self._puts.add(seconds)
        if new:
            self.new += 1
        else:
            self.repeats += 1

    def committed(self, works: int, seconds: float) -> None:
        """A batch was committed, or failed."""
        self._works.add(works)
        self._commits.add(seconds)

    def gauge(self, name: str, means: str, value: Callable[[], float]) -> None:
        """Something that is read when it is asked for."""
        self._gauges.append((PREFIX + name, means, value))

    def text(self) -> str:
        """Everything, in the exposition format."""
        lines: list[str] = []
        answers = [
            (f'door="{door}",status="{status}"', count) for (door, status), count in self._answers.items()
        ]
        refusals = [(f'reason="{reason}"', count) for reason, count in self.refusals.items()]
        for name, means, rows in (
            ("answers_total", "Answers by door and status.", answers),
            ("refusals_total", "What was refused, by reason.", refusals),
            ("stored_total", "Envelopes stored.", [("", self.new)]),
            ("repeats_total", "Envelopes that were known already.", [("", self.repeats)]),
            ("pushed_total", "Envelopes pushed to listeners.", [("", self.pushed)]),
        ):
            lines += [f"# HELP {PREFIX}{name} {means}", f"# TYPE {PREFIX}{name} counter"]
            lines += [
                f"{PREFIX}{name}{{{labels}}} {count}" if labels else f"{PREFIX}{name} {count}"
                for labels, count in sorted(rows)
            ]
        for name, means, histogram in (
            ("put_seconds", "From a put's head to its answer.", self._puts),
            ("commit_seconds", "One batch, its sync included.", self._commits),
            ("batch_works", "Works in one batch.", self._works),
        ):
            lines += [f"# HELP {PREFIX}{name} {means}", f"# TYPE {PREFIX}{name} histogram"]
            lines += histogram.lines(PREFIX + name)
        for name, means, value in self._gauges:
            lines += [f"# HELP {name} {means}", f"# TYPE {name} gauge", f"{name} {value():.15g}"]
        return "\n".join([*lines, ""])
