# SPDX-License-Identifier: Apache-2.0
"""People on watch in the simulated world: called by their desks' alarms, asleep, waking, taking, acting.

A round of alarms a second at every desk, as a running desk has them. ``vigil`` sees to it that nothing that
somebody must be woken for stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from goodoffices.core.errors import NotFound, NotNow, YourError
from goodoffices.desk.alarms.alarms import Alarms
from goodoffices.desk.alarms.engine import Moment, Ring
from goodoffices.desk.desk import Desk
from goodoffices.desk.watch.book import Address
from goodoffices.desk.watch.plan import Watch
from goodoffices.drill.world.officers import attempt
from goodoffices.drill.world.parts import SECOND, SimOffice
from goodoffices.drill.world.vigil import Vigil
from goodoffices.drill.world.world import World

STAFF = ("anna", "bruno", "clara")


@dataclass
class Bedside:
    """One office on watch: its alarms while its desk runs, and the clock that nobody can set."""

    office: SimOffice
    alarms: Alarms | None = None
    boot: int = -1
    machine: bytes = b""
    base: int = 0

    def tell(self, addresses: Iterable[Address], text: str) -> None:
        """Calls outside are not simulated: whom the engine calls is what counts."""


class Watching:
    """Alarms at every desk of a world, and who is called by them.

    ``starts``: whether somebody starts a desk that stands still; elsewhere others do.
    """

    def __init__(self, world: World, *, starts: bool) -> None:
        self.world = world
        self.dice = world.rng
        self.starts = starts
        self.vigil = Vigil(world)
        self.beds = {office.name: Bedside(office) for office in world.offices}
        world.after_visit.append(self.vigil.arrived)
        world.after_loss.append(self.vigil.lost)

    def pass_time(self, span: int) -> None:
        """Let time pass second by second, with a round of alarms after each."""
        end = self.world.time + span
        while self.world.time < end:
            self.world.pass_time(min(SECOND, end - self.world.time))
            for bed in self.beds.values():
                self._second(bed)

    def ends(self) -> None:
        """Nobody is called any more."""
        self.world.after_visit.remove(self.vigil.arrived)
        self.world.after_loss.remove(self.vigil.lost)
        self.world.counts["alarms"] = self.vigil.calls

    # --- a second at a desk ---------------------------------------------------------------------------

    def _second(self, bed: Bedside) -> None:
        office = bed.office
        if office.desk is None:
            if self.starts and self.world.chance(0.02):
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
        # In an order of their own: that of names in a set, or of IDs, is another in every process.
        numbers = {note: at for at, note in enumerate(self.world.notes)}
        for ring in sorted(rings, key=lambda each: each.person or ""):
            known = [key for key in ring.keys if key in subjects]
            for key in sorted(
                known, key=lambda each: (numbers.get(subjects[each][1], -1), subjects[each][0])
            ):
                if self.world.chance(0.15):
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
            try:
                alarms.book.save()
            finally:
                self.vigil.taken(bed.office, what, note)  # pressed it is, also where the disk is full

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
