# SPDX-License-Identifier: Apache-2.0
"""The roster of watches: who is on watch when, in which order an alarm climbs, where it has gaps.

A watch comes back each week, or stands on one date instead of those of the week, by the wall clock of the
office's zone: when the clocks are put forward or back, an instant still has one time on the wall, so nobody
falls out of the roster. A wrong clock may wake the wrong watch first; the alarm climbs on to everybody all
the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from goodoffices.core.errors import YourError

DAY = 24 * 60
WEEK = 7 * DAY
MAX_WATCHES = 64
MAX_LEVELS = 8


@dataclass(frozen=True)
class Watch:
    """One watch of each week. Minutes of the day in the office's zone; ``ends`` not after ``starts`` is
    on the next day."""

    name: str
    days: int
    """Bit 0 is Monday: the days on which it begins."""
    starts: int
    ends: int
    levels: tuple[tuple[str, ...], ...]
    """Who is woken first, who next."""
    id: int | None = None
    date: str = ""
    """YYYY-MM-DD: it begins on this one day, and while it stands those of the week do not."""

    @property
    def length(self) -> int:
        """Minutes."""
        return self.ends - self.starts if self.ends > self.starts else self.ends - self.starts + DAY

    def covers(self, minute: int) -> bool:
        """Whether it stands at a minute of the week, 0 being Monday 00:00."""
        return any(
            self.days >> day & 1 and (minute - day * DAY - self.starts) % WEEK < self.length
            for day in range(7)
        )


@dataclass(frozen=True)
class Gap:
    """Minutes of the week in which nobody is on watch: from, until (not included)."""

    starts: int
    ends: int


def check(watch: Watch) -> None:
    """Raise YourError where the fields make no watch."""
    if not watch.name.strip() or len(watch.name.encode()) > 80:
        raise YourError("A watch needs a name of at most 80 bytes.", "Name it, such as 'night'.")
    if watch.date:
        try:
            date.fromisoformat(watch.date)
        except ValueError:
            raise YourError("That is no date.", "Write it as 2026-12-31.") from None
    elif not 0 < watch.days < 128:
        raise YourError("A watch begins on at least one day of the week.", "Tick its days.")
    if not (0 <= watch.starts < DAY and 0 <= watch.ends < DAY):
        raise YourError("A watch begins and ends at a time of the day.", "Write them as 22:00.")
    if not watch.levels or not all(watch.levels) or len(watch.levels) > MAX_LEVELS:
        raise YourError("A watch needs at least one officer.", "Name who is woken first.")


def minute_of_week(now: int, zone: str) -> int:
    """The minute of the week on the wall of a zone."""
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone))
    return local.weekday() * DAY + local.hour * 60 + local.minute


def stands(watch: Watch, now: int, zone: str) -> bool:
    """Whether a watch stands at ``now`` (ms UTC), leaving aside whether another stands instead."""
    if not watch.date:
        return watch.covers(minute_of_week(now, zone))
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone))
    days = (local.date() - date.fromisoformat(watch.date)).days
    return 0 <= days * DAY + local.hour * 60 + local.minute - watch.starts < watch.length


def on_duty(watches: Iterable[Watch], now: int, zone: str) -> list[Watch]:
    """The watches that stand at ``now``: those of the date where there are any, else those of the week."""
    standing = [each for each in watches if stands(each, now, zone)]
    return [each for each in standing if each.date] or standing


def next_start(watches: Iterable[Watch], after: int, zone: str) -> int | None:
    """When (ms UTC) the next watch begins after a time; None if none does within a week."""
    here = ZoneInfo(zone)
    today = datetime.fromtimestamp(after / 1000, UTC).astimezone(here).date()
    days = [today + timedelta(days=ahead) for ahead in range(9)]
    begins = [
        round(datetime.combine(day, time(each.starts // 60, each.starts % 60), here).timestamp() * 1000)
        for each in watches
        for day in days
        if (each.date == day.isoformat() if each.date else each.days >> day.weekday() & 1)
    ]
    return min((at for at in begins if at > after), default=None)


def ladder(watches: Iterable[Watch], now: int, zone: str) -> tuple[tuple[str, ...], ...]:
    """Who is woken at ``now`` (ms UTC), level by level; empty where the roster has a gap."""
    standing = on_duty(watches, now, zone)
    deepest = max((len(each.levels) for each in standing), default=0)
    return tuple(
        tuple(
            dict.fromkeys(
                name for each in standing if level < len(each.levels) for name in each.levels[level]
            )
        )
        for level in range(deepest)
    )


def gaps(watches: Iterable[Watch]) -> tuple[Gap, ...]:
    """The stretches of the week in which nobody is on watch, in order. Watches of one date fill none."""
    held = bytearray(WEEK)
    for each in watches:
        if each.date:
            continue
        for day in range(7):
            if each.days >> day & 1:
                for minute in range(each.length):
                    held[(day * DAY + each.starts + minute) % WEEK] = 1
    found: list[Gap] = []
    for minute in range(WEEK):
        if held[minute]:
            continue
        if found and found[-1].ends == minute:
            found[-1] = Gap(found[-1].starts, minute + 1)
        else:
            found.append(Gap(minute, minute + 1))
    return tuple(found)
