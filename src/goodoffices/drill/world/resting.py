# SPDX-License-Identifier: Apache-2.0
"""A simulated world coming to rest: nothing owed, nothing without a receipt, nobody with a question."""

from __future__ import annotations

from collections.abc import Callable

from goodoffices.drill.world.events import Events
from goodoffices.drill.world.parts import SECOND, SimOffice, Weather


class Resting(Events):
    """The offices of a world, and letting time pass until they are quiet."""

    def __init__(self, seed: int, weather: Weather) -> None:
        super().__init__(seed, weather)
        self.offices: list[SimOffice] = []
        self.at_rest: list[Callable[[], None]] = []
        """What people do about what they are told, looked at while the world comes to rest."""
        self._in_vain: set[tuple[str, bytes, bytes | None]] = set()
        """Gaps that were asked for at long intervals, twice, and did not fill."""

    def quiet(self) -> bool:
        """Whether nothing is owed, unreceipted or being compared at any desk."""
        return all(
            office.desk is not None
            and not office.desk.owes()
            and not office.desk.lines.comparing()
            and not any(
                office.desk.ledger.unreceipted(line.id, office.id) for line in office.desk.ledger.lines()
            )
            for office in self.offices
        )

    def rest(self, limit: int = 6 * 3600 * SECOND) -> bool:
        """Let time pass until the world is quiet; False if it is not within ``limit`` ms."""
        end, span = self.time + limit, 200
        while self.time < end:
            self.pass_time(span)
            for each in self.at_rest:
                each()
            if self.quiet():
                self.pass_time(2 * SECOND)
                if self.quiet():
                    return self._asked_once_more()
            span = min(span * 2, 60 * SECOND)
        return False

    def _asked_once_more(self) -> bool:
        """What did not come while it stormed is asked for at long intervals: those pass here.

        Once for each gap: one that nobody can fill (its writer lost it) would be waited for at every rest.
        """
        for _ in range(2):
            missing = self._missing()
            if missing <= self._in_vain:
                break
            self.pass_time(90_000 * SECOND)
            self.pass_time(60 * SECOND)
            self._in_vain |= missing & self._missing()
        return self.quiet()

    def _missing(self) -> set[tuple[str, bytes, bytes | None]]:
        """(office, line, last entry before the gap) of what is asked for at long intervals."""
        return {
            (each.name, line, place[2] if place is not None else None)
            for each in self.offices
            if each.desk is not None
            for line, place in each.desk.lines.still_missing().items()
        }
