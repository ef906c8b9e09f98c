# SPDX-License-Identifier: Apache-2.0
"""The alarm engine, sans I/O: what waits and who can be woken go in, who is to be woken now comes out.

It runs on a clock that only goes forward (``Moment.steady``), never on the time of day: setting the clock
can neither silence an alarm nor delay one. After a reboot nobody knows for certain how long the machine
was off, so everything that waits rings at once. In doubt it rings (ADR 0028).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

SECOND = 1000
MINUTE = 60 * SECOND

CLIMBS_AFTER = {True: MINUTE, False: 15 * MINUTE}
"""Milliseconds for which an alarm rings on one level of the watch before the next is woken too; loud, calm."""
RINGS_AGAIN = {True: MINUTE, False: 15 * MINUTE}
"""Milliseconds between two calls of the same people outside the pages. It never stops by itself."""
COLLECT_FIRST = 30 * SECOND
"""Milliseconds after a start in which what others owe may still come in before its absence rings."""
EVERYBODY = 99
"""The level on which everybody is reached. An alarm that was there stays there, whatever watch begins."""


@dataclass(frozen=True)
class Moment:
    """An instant by two clocks.

    ``now``: ms UTC, for what people read. ``steady``: ms of a clock that nobody can set. ``boot``: which
    run of that clock this is; another one has nothing in common with the last.
    """

    now: int
    steady: int
    boot: bytes


@dataclass(frozen=True)
class Step:
    """Something that waits for a person, as the record shows it now."""

    key: str
    what: str
    """forward | open | altered | unreadable | arrival | passing | stopped | reply | unanswered | line | machine …"""
    subject: bytes | None = None
    loud: bool = True
    rings_after: int = 0
    """Milliseconds from when it is first seen until it rings, if nobody takes it before."""
    clock: int = 0
    """Milliseconds from when it is first seen until it is late."""
    lapse: int = 5 * MINUTE
    """Milliseconds after which taking it lapses, if no act follows."""
    looks: bool = False
    """Nothing can be done any more but to know of it: who takes it settles it."""
    renews: bool = False
    """It can come again under the same key: a line that is down once more."""
    others: bool = False
    """It waits for what another office does, so there is something to collect first after a start."""
    taken: str | None = None
    """Who took it by a signed act."""


@dataclass(frozen=True)
class Alarm:
    """What the desk remembers of a step. Times are of the steady clock, but for those named ``now``."""

    key: str
    what: str
    subject: bytes | None
    loud: bool
    looks: bool
    state: str
    """awaited | ringing | taken | settled"""
    since_now: int
    rings_at: int
    due_at: int
    lapse: int
    level: int = 0
    climbs_at: int = 0
    again_at: int = 0
    rang: int = 0
    """How often people were called."""
    taken_by: str | None = None
    taken_now: int | None = None
    lapses_at: int = 0
    recorded: bool = False
    """Whether taking it stands in the record: a signed act counts once, not for ever."""
    settled_now: int | None = None

    @property
    def open(self) -> bool:
        """Whether it waits for somebody."""
        return self.state != "settled"


@dataclass(frozen=True)
class People:
    """Who can be woken. ``ladder``: the people on watch now, level by level, as the alarm climbs."""

    ladder: tuple[tuple[str, ...], ...]
    everybody: tuple[str, ...]
    reachable: frozenset[str]
    """Whom something would really wake now: a page with its sound armed, or an address outside."""

    def level(self, number: int) -> tuple[str, ...]:
        """Everybody whom an alarm has reached at a level; above the ladder that is everybody."""
        if number >= self.top:
            return self.everybody
        return tuple(dict.fromkeys(name for each in self.ladder[: number + 1] for name in each))

    @property
    def top(self) -> int:
        """The first level of everybody."""
        return len(self.ladder)


@dataclass(frozen=True)
class Ring:
    """One person to call now, for these alarms. ``person`` None: nobody can be reached; call everywhere."""

    person: str | None
    keys: tuple[str, ...]
    loud: bool


@dataclass(frozen=True)
class Outcome:
    """What changed, and who is to be called."""

    changed: dict[str, Alarm]
    rings: tuple[Ring, ...]


def advance(
    known: Mapping[str, Alarm],
    steps: Iterable[Step],
    people: People,
    moment: Moment,
    *,
    last: tuple[bytes, int] | None,
    first: bool = False,
) -> Outcome:
    """The alarms as they stand at ``moment``.

    ``known``: every open alarm, and settled ones whose step is among ``steps``. ``steps``: everything that
    waits now. ``last``: boot and steady time of the call before; None if there was none. ``first``: the
    first call since the program started, so that what is new to it may have lain there for any time.
    """
    rebooted = last is None or last[0] != moment.boot or moment.steady < last[1]
    # What this desk signed before it stopped may stand in the record and not yet in its book of alarms: such a
    # taking is younger than the book, and after a reboot nobody knows how much older than the start.
    book = None if rebooted or last is None else replace(moment, steady=last[1])
    counts_from = book if first else moment
    changed: dict[str, Alarm] = {}
    calls: dict[str | None, list[Alarm]] = {}
    waiting = {step.key: step for step in steps}
    for key in dict.fromkeys((*known, *waiting)):
        before, step = known.get(key), waiting.get(key)
        alarm = before
        if alarm is not None and rebooted and alarm.open:
            alarm = _after_reboot(alarm, step, moment, last)
        alarm = _follow(alarm, step, moment, unknown_age=rebooted or first, counts_from=counts_from)
        if alarm is None:
            continue
        alarm, called = _ring(alarm, people, moment)
        for person in called:
            calls.setdefault(person, []).append(alarm)
        if alarm != before:
            changed[key] = alarm
    rings = tuple(
        Ring(person, tuple(each.key for each in alarms), any(each.loud for each in alarms))
        for person, alarms in calls.items()
    )
    return Outcome(changed, rings)


def _after_reboot(alarm: Alarm, step: Step | None, moment: Moment, last: tuple[bytes, int] | None) -> Alarm:
    """How long the machine was off is not known: what waits rings now, whoever had taken it."""
    left = max(0, alarm.due_at - last[1]) if last is not None else 0
    collect = COLLECT_FIRST if step is not None and step.others else 0
    return replace(
        alarm, state="awaited", rings_at=moment.steady + collect, due_at=moment.steady + left, lapses_at=0
    )


def _follow(
    alarm: Alarm | None,
    step: Step | None,
    moment: Moment,
    *,
    unknown_age: bool,
    counts_from: Moment | None,
) -> Alarm | None:
    """The alarm as the record has it: new, taken, changed, settled.

    ``counts_from``: since when a taking that the alarm does not know counts; None where nobody can tell.
    """
    if step is None:
        if alarm is None or not alarm.open:
            return alarm
        return replace(alarm, state="settled", settled_now=moment.now)
    # What seemed over by a wrong clock, and was looked at, can be done after all once the clock is set right.
    again = alarm is not None and not alarm.open and (step.renews or (alarm.looks and not step.looks))
    if alarm is None or again:
        after = step.rings_after
        if unknown_age and not step.renews:
            after = min(after, COLLECT_FIRST if step.others else 0)
        alarm = Alarm(
            key=step.key,
            what=step.what,
            subject=step.subject,
            loud=step.loud,
            looks=step.looks,
            state="awaited",
            since_now=moment.now,
            rings_at=moment.steady + after,
            due_at=moment.steady + step.clock,
            lapse=step.lapse,
            recorded=alarm is not None and alarm.recorded,
        )
    if not alarm.open:
        return alarm
    if (alarm.loud, alarm.looks, alarm.what) != (step.loud, step.looks, step.what):
        alarm = replace(alarm, loud=step.loud, looks=step.looks, what=step.what)
    if step.taken is not None and not alarm.recorded:
        if counts_from is not None or alarm.looks:
            alarm = take(alarm, step.taken, counts_from or moment)
        alarm = replace(alarm, recorded=True)
    return alarm


def take(alarm: Alarm, who: str, moment: Moment) -> Alarm:
    """Somebody takes it: settled if there is nothing but to know of it, else silent until taking lapses."""
    if not alarm.open:
        return alarm
    if alarm.looks:
        return replace(alarm, state="settled", taken_by=who, taken_now=moment.now, settled_now=moment.now)
    # Once late, it does not stay quiet for longer than a minute past its time.
    lapses = moment.steady + min(alarm.lapse, max(MINUTE, alarm.due_at - moment.steady))
    if moment.steady >= alarm.due_at:
        lapses = moment.steady + alarm.lapse
    if alarm.state == "awaited":
        lapses = max(lapses, alarm.rings_at)
    return replace(alarm, state="taken", taken_by=who, taken_now=moment.now, lapses_at=lapses)


def _ring(alarm: Alarm, people: People, moment: Moment) -> tuple[Alarm, tuple[str | None, ...]]:
    """The alarm after its clocks, and whom to call."""
    at = moment.steady
    if alarm.state == "awaited" and at >= alarm.rings_at:
        alarm = replace(alarm, state="ringing", climbs_at=at + CLIMBS_AFTER[alarm.loud], again_at=at)
    if alarm.state == "taken" and at >= alarm.lapses_at:
        # Who took it may have fallen asleep over it: the next level is woken with him.
        alarm = replace(
            alarm,
            state="ringing",
            level=alarm.level if alarm.level >= people.top else alarm.level + 1,
            climbs_at=at + CLIMBS_AFTER[alarm.loud],
            again_at=at,
        )
    if alarm.state != "ringing":
        return alarm, ()
    level, again = alarm.level, at >= alarm.again_at
    while level < people.top and (
        at >= alarm.climbs_at or not people.reachable.intersection(people.level(level))
    ):
        # A level that nothing would wake is passed at once; a person without a device silences nothing.
        if at >= alarm.climbs_at:
            alarm = replace(alarm, climbs_at=at + CLIMBS_AFTER[alarm.loud])
        level += 1
    if level >= people.top:
        level = EVERYBODY
    reached = people.level(level)
    called: tuple[str | None, ...] = reached
    if not again:
        before = people.level(alarm.level)
        called = tuple(each for each in reached if each not in before) if level != alarm.level else ()
    if (again or called) and not people.reachable.intersection(reached):
        called = (*called, None)
    if called:
        alarm = replace(
            alarm, again_at=at + RINGS_AGAIN[alarm.loud] if again else alarm.again_at, rang=alarm.rang + 1
        )
    return (alarm if alarm.level == level else replace(alarm, level=level)), called


def rings_for(alarm: Alarm, person: str | None, people: People) -> bool:
    """Whether a page of this person is to ring; where nobody can be reached, every page does."""
    if alarm.state != "ringing":
        return False
    reached = people.level(alarm.level)
    return person in reached or not people.reachable.intersection(reached)


def late(alarm: Alarm, moment: Moment) -> bool:
    """Whether its clock has run out."""
    return alarm.open and moment.steady >= alarm.due_at


def next_wake(alarms: Iterable[Alarm]) -> int | None:
    """The steady time at which something changes by itself next."""
    times = []
    for alarm in alarms:
        if alarm.state == "awaited":
            times.append(alarm.rings_at)
        elif alarm.state == "taken":
            times.append(alarm.lapses_at)
        elif alarm.state == "ringing":
            times.append(alarm.again_at if alarm.level == EVERYBODY else min(alarm.climbs_at, alarm.again_at))
    return min(times, default=None)
