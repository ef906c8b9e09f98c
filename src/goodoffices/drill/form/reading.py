# SPDX-License-Identifier: Apache-2.0
"""Reading one table of a case file: what cases alone hold, such as spans of time, zones and moments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from goodoffices.core.record.layout import counted
from goodoffices.datafile import tables
from goodoffices.datafile.tables import kind_of, nearest, quoted
from goodoffices.drill.form.clocks import DAY, When, local_to_ms, parse_duration, to_ms, zone_exists

ASPECTS = ("wording", "time", "place", "handling", "steps", "grade", "source")
"""What of an item can have been made up for a drill."""
ITEM_GRADES = tuple("123456")
YEARS = range(1900, 2201)
NEVER = "never"
NAME = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}")


class Table(tables.Table):
    """One table of a case file. Each reader returns a stand-in after a fault, so that reading goes on."""

    def span(self, key: str, default: int | None, *, never: bool = True) -> int | None:
        """A duration such as ``"4m30s"``; ``None`` stands for "never"."""
        value = self.raw(key, str, 'a duration such as "4m30s"' + (' or "never"' if never else ""))
        return default if value is None else self._duration(key, value, default, never)

    def spans(self, key: str, count: int, default: int | None) -> tuple[int | None, ...]:
        """One duration for each intermediary on the way: a list, or one text that holds for all."""
        value = self.raw(key, (str, list), 'a duration such as "4m30s", or a list of one per intermediary')
        if value is None:
            return (default,) * count
        if isinstance(value, str):
            return (self._duration(key, value, default, True),) * count
        if len(value) != count:
            stand = "1 intermediary stands" if count == 1 else f"{count} intermediaries stand"
            self.fault(key, f"lists {counted(len(value), 'duration')}, but {stand} on this note's way")
            return (default,) * count
        return tuple(self._duration(key, item, default, True) for item in value)

    def _duration(self, key: str, value: object, default: int | None, never: bool) -> int | None:
        if not isinstance(value, str):
            self.fault(key, f'takes a duration in quotes such as "4m30s", not {kind_of(value)}')
            return default
        if never and value.strip().casefold() == NEVER:
            return None
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fault(key, f'{quoted(value)} is {error}; write it like "4m30s", "90s" or "1h"')
            return default

    def zone(self, key: str, default: str | None = None) -> str:
        value = self.text(key, default or "", required=default is None, limit=80)
        if value and not zone_exists(value):
            self.fault(key, f"{quoted(value)} is not an IANA time zone such as 'Asia/Tehran'")
            return "UTC"
        return value or "UTC"

    def moment(self, key: str, zone: str, *, required: bool = False) -> int | None:
        """An instant: a date-time with offset, or a local one read in ``zone``."""
        value = self.raw(
            key, (datetime, date, str), "a date-time such as 2020-01-08T03:10:00+03:30", required=required
        )
        if value is None:
            return None
        if not isinstance(value, datetime):
            self.fault(
                key,
                f"takes a date-time without quotes such as 2020-01-08T03:10:00+03:30, not {kind_of(value)}",
            )
            return None
        return self._instant(key, value, zone)

    def _instant(self, key: str, value: datetime, zone: str) -> int | None:
        if value.year not in YEARS:
            self.fault(key, f"the year {value.year} lies outside {YEARS.start}–{YEARS.stop - 1}")
            return None
        if value.tzinfo is not None:
            return to_ms(value)
        try:
            return local_to_ms(value, zone)
        except ValueError as error:
            self.fault(
                key,
                f"the local time {value:%H:%M} of {value:%Y-%m-%d} {error} ({zone}); give it with its offset",
            )
            return None

    def when(self, key: str, zone: str, told: str = "", *, required: bool = False) -> When:
        """A time as far as known: a date-time, a date (the whole day), a list of two, or "unknown"."""
        wanted = 'a date-time, a date, a list of two of them, or "unknown"'
        value = self.raw(key, (datetime, date, list, str), wanted, required=required)
        if value is None:
            return When(None, None, told=told, zone=zone)
        if isinstance(value, str):
            if value.strip().casefold() not in ("unknown", "not known"):
                self.fault(key, f"takes {wanted}, not {quoted(value)} (dates stand without quotes)")
            return When(None, None, told=told, zone=zone)
        ends = value if isinstance(value, list) else [value, value]
        if len(ends) != 2 or not all(isinstance(end, date) for end in ends):
            self.fault(key, f"takes {wanted}")
            return When(None, None, told=told, zone=zone)
        first, last = self._edge(key, ends[0], zone, False), self._edge(key, ends[1], zone, True)
        if first is None or last is None:
            return When(None, None, told=told, zone=zone)
        if last < first:
            self.fault(key, "the end of the span lies before its beginning")
        return When(first, last, not any(isinstance(end, datetime) for end in ends), told, zone)

    def _edge(self, key: str, value: date, zone: str, end: bool) -> int | None:
        if isinstance(value, datetime):
            return self._instant(key, value, zone)
        if value.year not in YEARS:
            self.fault(key, f"the year {value.year} lies outside {YEARS.start}–{YEARS.stop - 1}")
            return None
        midnight = datetime.combine(value, time())  # naive on purpose: a wall-clock time in ``zone``
        try:
            return local_to_ms(midnight + timedelta(days=1), zone) - 1 if end else local_to_ms(midnight, zone)
        except ValueError:
            # clocks that change at midnight: the day is still a day, an hour more or less
            start = local_to_ms(midnight + timedelta(hours=12), zone) - DAY // 2
            return start + DAY - 1 if end else start


def read_id(table: Table) -> str:
    found = table.text("id", required=True, limit=60)
    if found and not NAME.fullmatch(found):
        table.fault(
            "id",
            f"{quoted(found)} may hold small letters, digits and single hyphens only, such as 'first-note'",
        )
    return found


def read_item_grade(table: Table) -> str:
    """1 to 6, as text or as number; "6" where none is given."""
    value = table.raw("grade_item", (str, int), "1, 2, 3, 4, 5 or 6")
    if value is None or str(value) in ITEM_GRADES:
        return str(value or "6")
    table.fault("grade_item", f"{quoted(value)} is not one of: {', '.join(ITEM_GRADES)}")
    return "6"


def zone_of(table: Table, zones: Mapping[str, str], default: str) -> str:
    """The zone in which this table's local times are read: that of an office or clock, or an IANA name."""
    named = table.text("zone", limit=80)
    if not named:
        return default
    if named in zones:
        return zones[named]
    if not zone_exists(named):
        table.fault("zone", f"{quoted(named)} is neither an office, nor a clock, nor an IANA time zone")
        return "UTC"
    return named


def read_made_up(table: Table, default: Sequence[str]) -> frozenset[str]:
    """What of an item was invented for the drill: all of it, nothing, or the aspects that are listed."""
    if isinstance(table.data.get("made_up", []), bool):
        return frozenset(ASPECTS if table.flag("made_up", False) else ())
    named = table.texts("made_up")
    for aspect in named:
        if aspect not in ASPECTS:
            table.fault(
                "made_up", f"{quoted(aspect)} is not one of: {', '.join(ASPECTS)}{nearest(aspect, ASPECTS)}"
            )
    return frozenset(named if table.has("made_up") else default)
