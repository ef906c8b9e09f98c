# SPDX-License-Identifier: Apache-2.0
"""What a case's faults put off: until when nothing passes between two offices, and until when nobody acts."""

from __future__ import annotations

from collections.abc import Callable

from goodoffices.drill.form.exercise import (
    ASLEEP,
    HOSTILE_RELAY,
    LINE_CUT,
    RELAY_DOWN,
    RELAYS,
    REPEATS,
    Fault,
)
from goodoffices.drill.form.forms import Case


def arrival(case: Case, sender: str, receiver: str, at: int) -> int:
    """When what leaves one office at ``at`` arrives at its neighbour: at once, or when no fault stands in the way."""
    return _after(at, lambda moment: _in_the_way(case, {sender, receiver}, moment))


def awake(case: Case, office: str, at: int) -> int:
    """When somebody at an office acts who would have acted at ``at``."""
    return _after(
        at,
        lambda moment: [
            f for f in case.faults if f.what == ASLEEP and f.office == office and f.holds(moment)
        ],
    )


class Acting:
    """The steps that somebody takes at an office, one after another, counted from ``start``: where sleep puts one
    off, those after it are put off as much."""

    def __init__(self, case: Case, office: str, start: int) -> None:
        self._case, self._office, self._start = case, office, start

    def at(self, after: int) -> int:
        """When the next step is taken that would be ``after`` ms later than the start."""
        planned = self._start + after
        acted = awake(self._case, self._office, planned)
        self._start += acted - planned
        return acted


def active(case: Case, first: int, last: int) -> tuple[Fault, ...]:
    """The faults that were on at any time of a span."""
    return tuple(fault for fault in case.faults if fault.at < last and first < fault.until)


def _after(at: int, holding: Callable[[int], list[Fault]]) -> int:
    while faults := holding(at):
        at = min(fault.until for fault in faults)
    return at


def _in_the_way(case: Case, ends: set[str], at: int) -> list[Fault]:
    """Nothing, unless the line itself is cut or no relay is left that hands on what it is given."""
    on = [fault for fault in case.faults if fault.holds(at)]
    cut = [fault for fault in on if fault.what == LINE_CUT and set(fault.line) == ends]
    away = [f for f in on if f.what == RELAY_DOWN or (f.what == HOSTILE_RELAY and f.how != REPEATS)]
    return cut + (away if len({fault.relay for fault in away}) == RELAYS else [])
