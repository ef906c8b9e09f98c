# SPDX-License-Identifier: Apache-2.0
"""The alarms of one desk: the record is looked at, the engine decides, what changed is saved.

Ringing never waits for the disk: what could not be saved is saved with the next call, and after a crash
in between it rings once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from goodoffices.core.act import ActType
from goodoffices.core.errors import NotFound, NotNow
from goodoffices.desk.alarms.engine import Alarm, Moment, People, Ring, Step, advance, next_wake, take
from goodoffices.desk.alarms.steps import steps_about
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.waiting import waiting_notes

_COLUMNS = tuple(each.name for each in fields(Alarm))
_FLAGS = frozenset({"loud", "looks", "recorded"})
NEWEST = 200
"""Notes of a record that was there before its alarms of which the steps of others are looked at, too."""
_CURSORS = ("note", "act", "copy")
SETTLED_BY = {
    "forward": (ActType.FORWARDED, ActType.REFUSED, ActType.RETURNED),
    "open": (ActType.OPENED,),
}
"""Acts of this office that do what an alarm asks for."""

_SILENCED_BY = {**SETTLED_BY, "forward": (*SETTLED_BY["forward"], ActType.SEEN)}


@dataclass
class _Read:
    """How far the record was read."""

    note: int = 0
    act: int = 0
    copy: int = 0


class AlarmBook:
    """Alarms over the tables of one desk. One per desk and run of the program."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.db = desk.ledger.db
        self.open: dict[str, Alarm] = {}
        """Every alarm that waits for somebody."""
        self._last: tuple[bytes, int] | None = None
        self._read: _Read | None = None
        self._unsaved: dict[str, Alarm] = {}
        self._saved: tuple[Any, ...] | None = None
        self._first = True
        self._now: int | None = None
        """The time of day at the last look."""

    # --- what waits ---------------------------------------------------------------------------------

    def _load(self) -> _Read:
        if self._read is None:
            rows = self.db.execute(f"SELECT {', '.join(_COLUMNS)} FROM alarm WHERE state<>'settled'")  # noqa: S608 # constant columns
            self.open = {alarm.key: alarm for alarm in map(_alarm, rows.fetchall())}
            clock = self.db.execute("SELECT boot, steady, note, act, copy FROM alarm_clock").fetchone()
            if clock is not None:
                self._last, self._read = (bytes(clock[0]), clock[1]), _Read(*clock[2:])
                self._saved = tuple(clock)
            else:
                self._read = _Read(-1, -1, -1)
        return self._read

    def _news(self, read: _Read, now: int) -> tuple[set[bytes], _Read]:
        """Notes to look at, and how far that reads the record."""
        ends = _Read(*(self._end(table) for table in _CURSORS))
        notes: set[bytes] = set()
        if read.note < 0:
            # A vault from before there were alarms: what waits for an act here, and the newest of the rest.
            newest = self.db.execute("SELECT id FROM note ORDER BY rowid DESC LIMIT ?", (NEWEST,)).fetchall()
            waiting = {each.note for each in waiting_notes(self.desk, now)}
            return waiting | {bytes(row[0]) for row in newest}, ends
        for query, after in (
            ("SELECT id FROM note WHERE rowid>?", read.note),
            ("SELECT subject FROM act WHERE position>?", read.act),
            ("SELECT note FROM copy WHERE rowid>?", read.copy),
        ):
            notes.update(bytes(row[0]) for row in self.db.execute(query, (after,)).fetchall() if row[0])
        return notes, ends

    def _looked_at_later(self, now: int) -> set[bytes]:
        """Notes that were looked at as over when the clock was ahead of now: it was wrong then, or is now."""
        later = "SELECT subject FROM alarm WHERE state='settled' AND looks=1 AND settled_now>?"
        looked = {
            each.subject
            for each in self._unsaved.values()
            if not each.open and each.looks and (each.settled_now or 0) > now
        }
        return {bytes(each) for (each,) in self.db.execute(later, (now,)).fetchall() if each} | {
            each for each in looked if each is not None
        }

    def _end(self, table: str) -> int:
        return int(self.db.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0])  # noqa: S608 # constant names

    def _settled(self, keys: Iterable[str]) -> dict[str, Alarm]:
        found = {}
        for key in keys:
            row = self.db.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM alarm WHERE key=?",  # noqa: S608 # constant columns
                (key,),
            ).fetchone()
            if row is not None:
                found[key] = _alarm(row)
        return found

    # --- evaluating -----------------------------------------------------------------------------------

    def evaluate(self, moment: Moment, people: People, more: Iterable[Step] = ()) -> tuple[Ring, ...]:
        """Look at the record, and at ``more`` (lines, this machine): who is to be called now."""
        before = self._load()
        notes, read = self._news(before, moment.now)
        notes |= {alarm.subject for alarm in self.open.values() if alarm.subject is not None}
        if self._now is None or moment.now < self._now:
            notes |= self._looked_at_later(moment.now)
        self._now = moment.now
        steps = [*more]
        for note_id in sorted(notes):
            note = self.desk.ledger.note(note_id)
            if note is not None:
                steps += steps_about(self.desk, note, moment.now)
        new = [step.key for step in steps if step.key not in self.open]
        known = {**self._settled(new), **{key: self._unsaved[key] for key in new if key in self._unsaved}}
        outcome = advance({**self.open, **known}, steps, people, moment, last=self._last, first=self._first)
        self._first, self._read = False, read
        self._last = moment.boot, moment.steady
        self._remember(outcome.changed)
        return outcome.rings

    def _remember(self, changed: dict[str, Alarm]) -> None:
        for key, alarm in changed.items():
            if alarm.open:
                self.open[key] = alarm
            else:
                self.open.pop(key, None)
        self._unsaved.update(changed)

    def waiting(self, key: str) -> Alarm:
        """An alarm that somebody can take; raises NotFound or NotNow."""
        self._load()
        alarm = self.open.get(key)
        if alarm is None:
            if not self._settled([key]):
                raise NotFound("There is no such alarm at this desk.")
            raise NotNow("That alarm is settled already.")
        return alarm

    def take(self, key: str, who: str, moment: Moment) -> Alarm:
        """A person takes an alarm: it is silent until an act follows, or taking lapses."""
        taken = take(self.waiting(key), who, moment)
        self._remember({key: taken})
        return taken

    def save(self) -> bool:
        """Write what changed; False if there was nothing. Raises what the disk raises, and loses nothing."""
        read, last = self._read, self._last
        if read is None or last is None:
            return False
        clock = (*last, read.note, read.act, read.copy)
        same = self._saved is not None and (clock[0], *clock[2:]) == (self._saved[0], *self._saved[2:])
        if not self._unsaved and same:
            return False
        with self.desk.ledger.transaction():
            for alarm in self._unsaved.values():
                self.db.execute(
                    f"INSERT OR REPLACE INTO alarm ({', '.join(_COLUMNS)})"  # noqa: S608 # constant columns
                    f" VALUES ({', '.join('?' * len(_COLUMNS))})",
                    tuple(_value(getattr(alarm, name)) for name in _COLUMNS),
                )
            self.db.execute("INSERT OR REPLACE INTO alarm_clock VALUES (1,?,?,?,?,?)", clock)
        self._unsaved, self._saved = {}, clock
        return True

    @property
    def ringing(self) -> int:
        """How many alarms ring now, for anybody. An act of this office silences its alarm before the next round."""
        loud = [each for each in self.open.values() if each.state == "ringing"]
        if not loud or self._read is None:
            return len(loud)
        since = "SELECT subject, type FROM act WHERE position>? AND author=? AND subject IS NOT NULL"
        done = {
            (bytes(row[0]), row[1])
            for row in self.db.execute(since, (self._read.act, self.desk.me)).fetchall()
        }
        return sum(
            not any((each.subject, act) in done for act in _SILENCED_BY.get(each.what, ())) for each in loud
        )

    def next_wake(self) -> int | None:
        """The steady time at which something changes by itself next."""
        return next_wake(self.open.values())


def _alarm(row: Any) -> Alarm:
    values = dict(zip(_COLUMNS, row, strict=True))
    values = {name: bool(value) if name in _FLAGS else value for name, value in values.items()}
    if values["subject"] is not None:
        values["subject"] = bytes(values["subject"])
    return Alarm(**values)


def _value(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
