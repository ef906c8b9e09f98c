# SPDX-License-Identifier: Apache-2.0
"""Time as a drill shows it: spans, durations, date-time groups, local clocks.

Instants are integer milliseconds UTC. Nothing here asks what time it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
LONGEST_DURATION = 30 * DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(
    r"(?=[0-9])(?:([0-9]{1,3})d)?\s*(?:([0-9]{1,4})h)?\s*(?:([0-9]{1,6})m)?\s*(?:([0-9]{1,7})s)?\s*(?:([0-9]{1,9})ms)?"
)


def to_ms(moment: datetime) -> int:
    """Milliseconds UTC of an aware ``moment``, exactly (no floats)."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def rfc3339(ms: int) -> str:
    """``2020-01-08T00:04:30.000Z``."""
    return moment(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def dtg(ms: int) -> str:
    """The date-time group DDHHMMZ MON YY."""
    t = moment(ms)
    return f"{t:%d%H%M}Z {MONTHS[t.month - 1]} {t:%y}"


def day_group(ms: int, zone: str = "UTC") -> str:
    t = moment(ms).astimezone(ZoneInfo(zone))
    return f"{t:%d} {MONTHS[t.month - 1]} {t:%y}"


def zone_exists(name: str) -> bool:
    """Whether ``name`` is an IANA time zone this machine knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder such as "Asia", an overlong name
        return False
    return True


def local(ms: int, zone: str, *, seconds: bool = False) -> str:
    """``04:47``, with the day in brackets when it is another one than Zulu's."""
    t = moment(ms).astimezone(ZoneInfo(zone))
    clock = t.strftime("%H:%M:%S" if seconds else "%H:%M")
    if t.date() == moment(ms).date():
        return clock
    return f"{clock} ({t.day} {MONTHS[t.month - 1].capitalize()})"


def local_full(ms: int, zone: str) -> str:
    t = moment(ms).astimezone(ZoneInfo(zone))
    return f"{DAYS[t.weekday()]} {t.day} {MONTHS[t.month - 1].capitalize()} {t.year}, {t:%H:%M:%S}"


def local_to_ms(naive: datetime, zone: str) -> int:
    """Milliseconds UTC of a wall-clock time; ``ValueError`` if that time did not exist or came twice."""
    info = ZoneInfo(zone)
    first, second = naive.replace(tzinfo=info, fold=0), naive.replace(tzinfo=info, fold=1)
    if first.utcoffset() != second.utcoffset():
        gone = first.astimezone(UTC).astimezone(info).replace(tzinfo=None) != naive
        raise ValueError(
            "did not exist there (clocks were put forward)"
            if gone
            else "came twice there (clocks were put back)"
        )
    return to_ms(first)


def parse_duration(text: str) -> int:
    """``4m30s`` as milliseconds; ``ValueError`` if it is not a duration."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError("not a duration")
    parts = [int(part or 0) for part in found.groups()]
    ms = sum(n * unit for n, unit in zip(parts, (DAY, HOUR, MINUTE, SECOND, 1), strict=True))
    if ms > LONGEST_DURATION:
        raise ValueError("longer than 30 days")
    return ms


def duration(ms: int) -> str:
    """``4 min 30 s``: at most two units, the way one would say it."""
    sign, ms = ("−" if ms < 0 else ""), abs(ms)
    if ms < SECOND:
        return f"{sign}{ms / 1000:.1f} s" if ms >= 100 else f"{sign}under 0.1 s" if ms else "0 s"
    seconds = (ms + 500) // 1000
    if seconds < 60:
        return f"{sign}{seconds} s"
    if seconds < 3600:
        return f"{sign}{seconds // 60} min" + (f" {seconds % 60} s" if seconds % 60 else "")
    minutes = (ms + 30_000) // MINUTE
    if minutes < 1440:
        return f"{sign}{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    hours = (ms + 1_800_000) // HOUR
    return f"{sign}{hours // 24} d" + (f" {hours % 24} h" if hours % 24 else "")


@dataclass(frozen=True, slots=True)
class When:
    """A time as far as it is known: an instant, a span, whole days, or unknown.

    ``last`` is the end of the span (inclusive); ``told`` are the case's own words for it.
    """

    first: int | None
    last: int | None
    whole_days: bool = False
    told: str = ""
    zone: str = "UTC"

    @property
    def known(self) -> bool:
        return self.first is not None

    @property
    def instant(self) -> bool:
        return self.known and self.first == self.last

    def words(self) -> str:
        """For people: the case's own words if it has any, else a date-time group or a span of them."""
        if self.told:
            return self.told
        if self.first is None or self.last is None:
            return "not known"
        if self.whole_days:
            first, last = day_group(self.first, self.zone), day_group(self.last, self.zone)
            return first if first == last else f"{first} – {last}"
        return dtg(self.first) if self.instant else f"{dtg(self.first)} – {dtg(self.last)}"
