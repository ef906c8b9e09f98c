# SPDX-License-Identifier: Apache-2.0
"""A night in the simulated world: officers asleep, machines that stop, clocks that are set.

Notes come in; whoever is called may wake, take, fall asleep over it, or act. ``vigil`` sees to it that
nothing stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from goodoffices.core.errors import NotFound, NotNow, YourError
from goodoffices.core.mandate import Forwarding
from goodoffices.core.note import Words
from goodoffices.desk.alarms.alarms import Alarms
from goodoffices.desk.alarms.engine import Moment, Ring
from goodoffices.desk.desk import Desk
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.watch.book import Address
from goodoffices.desk.watch.plan import Watch
from goodoffices.drill.world.begin import TERMS
from goodoffices.drill.world.checks import Broken
from goodoffices.drill.world.officers import attempt, release
from goodoffices.drill.world.parts import SECOND, SimOffice
from goodoffices.drill.world.remembering import remembering
from goodoffices.drill.world.runs import DAY, beginning, random_weather
from goodoffices.drill.world.vigil import Vigil
from goodoffices.drill.world.world import World

STAFF = ("anna", "bruno", "clara")
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


@dataclass
class Bedside:
    """One office at night: its alarms while its desk runs, and the clock that nobody can set."""

    office: SimOffice
    alarms: Alarms | None = None
    boot: int = -1
    machine: bytes = b""
    base: int = 0

    def tell(self, addresses: Iterable[Address], text: str) -> None:
        """Calls outside are not simulated: whom the engine calls is what counts."""


class Night:
    """One night from one seed."""

    def __init__(self, seed: int, minutes: int) -> None:
        self.world = World(seed)
        self.dice = self.world.rng
        self.minutes = minutes
        self.vigil = Vigil(self.world)
        self.world.begin_from(beginning(1, young=False))
        by_hand = [at for at, (_, forwarding) in enumerate(TERMS) if forwarding == Forwarding.BY_HAND]
        self.mandate = self.world.mandates[self.dice.choice(by_hand)]
        self.world.rest()
        self.beds = {office.name: Bedside(office) for office in self.world.offices}
        self.world.after_visit.append(self.vigil.arrived)
        self.faults = [self.dice.random() < 0.7 for _ in range(4)]

    def run(self) -> None:
        """Let the night pass, second by second."""
        if self.faults[0]:
            self.world.weather = random_weather(self.dice)
        for _ in range(self.minutes):
            self._minute()
            for _ in range(60):
                self.world.pass_time(SECOND)
                for bed in self.beds.values():
                    self._second(bed)

    # --- a second at a desk ---------------------------------------------------------------------------

    def _second(self, bed: Bedside) -> None:
        office = bed.office
        if office.desk is None:
            if self.world.chance(0.02):
                self.world.start(office, unlock=self.world.chance(0.3))
            return
        if bed.boot != office.boot and not self._begun(bed):
            return
        alarms = bed.alarms
        assert alarms is not None
        if self.world.chance(0.5):
            for name in STAFF:
                if self.world.chance(0.7):
                    alarms.beat(f"{name}'s page", name, armed=True, moment=self._moment(bed))
        rings: list[Ring] = []

        def look(_: Desk) -> None:
            rings.extend(alarms.round(self._moment(bed)))
            self._called(bed, tuple(rings))
            alarms.book.save()

        self.world.visit(office, "looks at its alarms", look)
        if office.desk is not None:
            self.vigil.check(office)

    def _begun(self, bed: Bedside) -> bool:
        """Whether the desk still runs once its watch has begun."""
        self.world.visit(bed.office, "begins its watch", lambda desk: self._begin(bed, desk))
        return bed.office.desk is not None

    def _begin(self, bed: Bedside, desk: Desk) -> None:
        reboots = not bed.machine or self.world.chance(0.5)
        if reboots:
            bed.machine = self.dice.randbytes(8)
            bed.base = self.world.time - self.dice.randint(0, 60 * SECOND)
            self.world.count("reboots")
        bed.boot, bed.alarms = bed.office.boot, Alarms(desk, lambda: STAFF, bed)
        self.vigil.woke(bed.office)
        watch = bed.alarms.watch
        if not watch.watches() and self.world.chance(0.7):
            levels = tuple((name,) for name in self.dice.sample(STAFF, self.dice.randint(1, 2)))
            try:
                watch.add_watch(Watch("night", 127, 0, self.dice.choice((0, 8 * 60)), levels))
            except YourError:
                self.world.count("no roster")

    def _moment(self, bed: Bedside) -> Moment:
        return Moment(self.world.now(bed.office), self.world.time - bed.base, bed.machine)

    # --- people ---------------------------------------------------------------------------------------

    def _called(self, bed: Bedside, rings: tuple[Ring, ...]) -> None:
        assert bed.alarms is not None
        subjects = {
            alarm.key: (alarm.what, alarm.subject)
            for alarm in bed.alarms.book.open.values()
            if alarm.subject is not None
        }
        self.vigil.rang(bed.office, rings, subjects)
        for ring in rings:
            for key in ring.keys:
                if key in subjects and self.world.chance(0.15):
                    self.world.at(self.dice.randint(2, 200) * SECOND, self._wakes(bed, key, *subjects[key]))

    def _wakes(self, bed: Bedside, key: str, what: str, note: bytes) -> Callable[[], None]:
        def wake() -> None:
            office, alarms = bed.office, bed.alarms
            if office.desk is None or alarms is None or bed.boot != office.boot:
                return
            if self.world.chance(0.5):
                self._takes(bed, alarms, key, what, note)
            elif what in ("forward", "open"):
                self._acts(office, what, note)

        return wake

    def _takes(self, bed: Bedside, alarms: Alarms, key: str, what: str, note: bytes) -> None:
        def take(_: Desk) -> None:
            try:
                alarms.take(bed.office.officer, key, self._moment(bed))
            except (NotFound, NotNow):
                return
            alarms.book.save()
            self.vigil.taken(bed.office, what, note)

        self.world.count("taken")
        self.world.visit(bed.office, f"takes '{what}'", take)

    def _acts(self, office: SimOffice, what: str, note: bytes) -> None:
        if office.desk is not None and office.desk.context.locked:
            self.world.unlock(office)
        now = self.world.now(office)
        if what == "forward" and self.world.chance(0.3):
            attempt(self.world, office, "takes", lambda acts: acts.take(office.officer, note, now))
        elif what == "forward":
            attempt(self.world, office, "forwards", lambda acts: acts.forward(office.officer, note, now))
        else:
            attempt(self.world, office, "opens", lambda acts: acts.open(office.officer, note, now))

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
            words=Words(text=f"{len(world.notes)}. In the night.", language="en"),
            precedence=self.dice.randint(1, 4),
        )
        release(world, author, draft)


def run_night(seed: int, minutes: int = 40) -> NightVerdict:
    """One night. Never raises what went wrong in it: that is the verdict."""
    night, broken = Night(seed, minutes), None
    try:
        with remembering():
            night.run()
    except Broken as error:
        broken = str(error)
    vigil, world = night.vigil, night.world
    return NightVerdict(seed, broken, vigil.worst, vigil.calls, world.counts, tuple(world.trace)[-60:])
