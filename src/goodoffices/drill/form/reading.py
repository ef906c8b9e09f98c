# SPDX-License-Identifier: Apache-2.0
"""Reading one table of a case file: every key is asked for by type, and every fault names line and field.

Faults are collected rather than raised, so that a writer sees up to ten at once.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from goodoffices.core.errors import BadCase
from goodoffices.drill.form.clocks import DAY, When, local_to_ms, parse_duration, to_ms, zone_exists
from goodoffices.drill.form.forms import ASPECTS
from goodoffices.drill.form.toml_lines import Lines, Path

SHOWN_FAULTS = 10
YEARS = range(1900, 2201)
NEVER = "never"
NAME = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}")
_ALLOWED_CONTROLS = "\n\t\r"


@dataclass
class Faults:
    """What is wrong with a case file, in the order of its lines."""

    name: str
    lines: Lines
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, path: Path, where: str, what: str) -> None:
        line = self.lines.of(path)
        self.found.append((line, f"{self.name}:{line}: {where}: {what}"))

    def raise_any(self) -> None:
        if not self.found:
            return
        texts = list(dict.fromkeys(text for _, text in sorted(self.found)))
        shown = texts[:SHOWN_FAULTS]
        if len(texts) > len(shown):
            shown.append(f"... and {len(texts) - len(shown)} more.")
        raise BadCase("\n".join(shown) + "\n")


def quoted(value: object) -> str:
    """A value as it may be repeated in a fault: short, on one line, nothing that moves a cursor."""
    text = str(value)
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:60]) + (
        "…" if len(text) > 60 else ""
    )
    return f"'{text}'"


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that is most like a wrong one: `` (did you mean 'x'?)``, or nothing."""
    close = difflib.get_close_matches(word.casefold(), [k.casefold() for k in known], n=1, cutoff=0.55)
    match = [k for k in known if close and k.casefold() == close[0]]
    return f" (did you mean '{match[0]}'?)" if match else ""


def _kind(value: object) -> str:
    names = [
        (bool, "true or false"), (str, "text"), (int, "a whole number"), (float, "a number"),
        (datetime, "a date-time"), (date, "a date"), (time, "a time of day"), (list, "a list"),
        (dict, "a table"),
    ]  # fmt: skip
    return next((name for kind, name in names if isinstance(value, kind)), "something else")


class Table:
    """One table of the file. Each reader returns a stand-in after a fault, so that reading goes on."""

    def __init__(self, data: Mapping[str, Any], path: Path, label: str, faults: Faults) -> None:
        self.data, self.path, self.label, self.faults = data, path, label, faults
        self._asked: list[str] = []

    def fault(self, key: str | None, what: str) -> None:
        if key is None:
            self.faults.add(self.path, self.label, what)
        else:
            self.faults.add((*self.path, key), f"{self.label}, field '{key}'", what)

    def refuse_unknown(self) -> None:
        for key in self.data:
            if key not in self._asked:
                known = ", ".join(self._asked)
                self.faults.add(
                    (*self.path, key), f"{self.label}, field {quoted(key)}",
                    f"there is no such field{nearest(key, self._asked)}; fields are {known}",
                )  # fmt: skip

    def has(self, key: str) -> bool:
        return key in self.data

    def raw(self, key: str, kind: type | tuple[type, ...], wanted: str, *, required: bool = False) -> Any:
        self._asked.append(key)
        if key not in self.data:
            if required:
                self.fault(None, f"the field '{key}' is missing; it takes {wanted}")
            return None
        value = self.data[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(key, f"takes {wanted}, not {_kind(value)}")
            return None
        return value

    def text(
        self, key: str, default: str = "", *, required: bool = False, limit: int = 400, lines: bool = False
    ) -> str:
        value = self.raw(key, str, "text in quotes", required=required)
        if value is None:
            return default
        return value if self._fits(key, value, limit, lines, required) else default

    def optional_text(self, key: str, *, limit: int = 400, lines: bool = False) -> str | None:
        return (
            self.text(key, required=False, limit=limit, lines=lines)
            if self.has(key)
            else self.raw(key, str, "text")
        )

    def _fits(self, key: str, value: str, limit: int, lines: bool, required: bool) -> bool:
        if required and not value.strip():
            self.fault(key, "is empty")
        elif len(value) > limit:
            self.fault(key, f"is too long: {len(value):,} characters, at most {limit:,} are allowed")
        else:
            allowed = _ALLOWED_CONTROLS if lines else ""
            bad = next(
                (c for c in value if unicodedata.category(c) in ("Cc", "Cs") and c not in allowed), None
            )
            if bad is None:
                return True
            if bad == "\n":
                self.fault(key, "holds a line break; it stands on one line")
                return False
            self.fault(key, f"holds the control character U+{ord(bad):04X}, which a person cannot see")
        return False

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        value = self.raw(key, str, "one of: " + ", ".join(options), required=default is None)
        if value is None:
            return default or options[0]
        for option in options:
            if value.strip().casefold() == option.casefold():
                return option
        self.fault(key, f"{quoted(value)} is not one of: {', '.join(options)}{nearest(value, options)}")
        return default or options[0]

    def flag(self, key: str, default: bool) -> bool:
        value = self.raw(key, bool, "true or false")
        return default if value is None else bool(value)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self.raw(key, (int, float), f"a number from {low:g} to {high:g}")
        if value is None:
            return default
        if not low <= value <= high:
            self.fault(key, f"is {quoted(value)}; it must lie between {low:g} and {high:g}")
            return default
        return float(value)

    def texts(self, key: str, *, limit: int = 400, most: int = 40) -> tuple[str, ...]:
        """One text or a list of texts."""
        value = self.raw(key, (str, list), "text or a list of texts")
        if value is None:
            return ()
        items = [value] if isinstance(value, str) else value
        if len(items) > most:
            self.fault(key, f"lists {len(items)} items; at most {most} are allowed")
            return ()
        out = []
        for item in items:
            if not isinstance(item, str):
                self.fault(key, f"every item must be text, not {_kind(item)}")
            elif self._fits(key, item, limit, False, True):
                out.append(item)
        return tuple(out)

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
            self.fault(
                key, f"lists {len(value)} durations, but {count} intermediaries stand on this note's way"
            )
            return (default,) * count
        return tuple(self._duration(key, item, default, True) for item in value)

    def _duration(self, key: str, value: object, default: int | None, never: bool) -> int | None:
        if not isinstance(value, str):
            self.fault(key, f'takes a duration in quotes such as "4m30s", not {_kind(value)}')
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
                key, f"takes a date-time without quotes such as 2020-01-08T03:10:00+03:30, not {_kind(value)}"
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
