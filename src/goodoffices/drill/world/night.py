# SPDX-License-Identifier: Apache-2.0
"""A night in the simulated world: officers asleep, machines that stop, clocks that are set.

Notes come in; whoever is called may wake, take, fall asleep over it, or act. ``vigil`` sees to it that
nothing stays silent.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.note import Words
from goodoffices.desk.officers.acts import Draft
from goodoffices.drill.world.checks import Broken
from goodoffices.drill.world.officers import release
from goodoffices.drill.world.parts import SECOND
from goodoffices.drill.world.remembering import remembering, uncollected
from goodoffices.drill.world.runs import DAY, beginning, random_weather
from goodoffices.drill.world.watching import Watching
from goodoffices.drill.world.world import World

MINUTE = 60 * SECOND


@dataclass(frozen=True)
class NightVerdict:
    """How a night went."""

    seed: int
    broken: str | None
    worst: int
    """Milliseconds of the latest alarm."""
    calls: int
    counts: dict[str, int]
    trace: tuple[str, ...]


class Night:
    """One night from one seed."""

    def __init__(self, seed: int, minutes: int, terms: int | None = None) -> None:
        self.world = World(seed)
        self.dice = self.world.rng
        self.minutes = minutes
        self.world.begin_from(beginning(1, young=False))
        drawn = self.dice.choice(self.world.mandates)
        self.mandate = drawn if terms is None else self.world.mandates[terms]
        self.world.rest()
        self.watching = Watching(self.world, starts=True)
        self.faults = [self.dice.random() < 0.7 for _ in range(4)]

    def run(self) -> None:
        """Let the night pass, second by second."""
        if self.faults[0]:
            self.world.weather = random_weather(self.dice)
        for _ in range(self.minutes):
            self._minute()
            self.watching.pass_time(MINUTE)

    # --- what a night brings ----------------------------------------------------------------------------

    def _minute(self) -> None:
        world = self.world
        office = self.dice.choice(world.offices)
        if world.chance(0.2):
            self._releases()
        if self.faults[1] and world.chance(0.15) and office.desk is not None:
            office.disk.stop_in = self.dice.randint(1, 12)
        if self.faults[2] and world.chance(0.25):
            office.offset += self.dice.choice((-1, 1)) * self.dice.choice(
                (SECOND, 10 * MINUTE, DAY, 40 * DAY)
            )
            world.count("clock jumps")
        if self.faults[3] and world.chance(0.15):
            relay = self.dice.choice(list(world.relays.values()))
            relay.up = not relay.up
            world.hang_up(relay)
        if world.chance(0.1) and office.desk is not None:
            office.desk.lock()

    def _releases(self) -> None:
        world = self.world
        parties = [world.offices[0], world.offices[-1]]
        author = self.dice.choice(parties)
        if author.desk is None:
            return
        if author.desk.context.locked:
            world.unlock(author)
        others = [each for each in (*parties, world.offices[1]) if each is not author]
        to = self.dice.choice(others)
        draft = Draft(
            mandate=self.mandate,
            recipient=to.id,
            words=Words(text=world.number("In the night."), language="en"),
            precedence=self.dice.randint(1, 4),
        )
        release(world, author, draft)


def run_night(seed: int, minutes: int = 40, terms: int | None = None) -> NightVerdict:
    """One night, under one of begin.TERMS or any. Never raises what went wrong in it: that is the verdict."""
    with uncollected():
        return _verdict(seed, minutes, terms)


def _verdict(seed: int, minutes: int, terms: int | None) -> NightVerdict:
    night, broken = Night(seed, minutes, terms), None
    try:
        with remembering():
            night.run()
    except Broken as error:
        broken = str(error)
    vigil, world = night.watching.vigil, night.world
    return NightVerdict(seed, broken, vigil.worst, vigil.calls, world.counts, tuple(world.trace[-60:]))
