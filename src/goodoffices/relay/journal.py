# SPDX-License-Identifier: Apache-2.0
"""The relay's log: one JSON object a line, about the relay and never about who uses it.

What can be said is listed here, and values are numbers or words of the program's own. So no mailbox,
address, envelope or size of one can get into a log, whoever calls.
"""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

MINUTE_MS = 60_000


class Event(Enum):
    """Everything that a relay logs, with how bad it is."""

    STARTED = "info", "started"
    READY = "info", "ready"
    STOPPING = "info", "stopping"
    PURGED = "info", "purged"
    DATABASE_BACK = "info", "database back"
    CONFIRMED = "info", "database confirms again"
    MOVED = "warning", "another database server took over"
    ALONE = "warning", "database without a synchronous standby"
    REFUSING = "warning", "refusing"
    PIPE_BROKE = "warning", "pipe to the other half broke"
    DATABASE_LOST = "error", "database lost"
    DATABASE_AWAY = "error", "database away"
    DATABASE_UNFIT = "error", "database unfit"
    UNCONFIRMED = "error", "database does not confirm"
    STORE_FAILED = "error", "store failed"
    FAULT = "error", "fault"


class Journal:
    """Writes events. ``clock`` gives milliseconds UTC."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], int]) -> None:
        self._write = write
        self._clock = clock
        self._last: Event | None = None

    def say(self, event: Event, **facts: int | str | Mapping[str, int]) -> None:
        """One line. ``facts`` are numbers and words of this program, nothing that came from outside."""
        at = datetime.fromtimestamp(self._clock() / 1000, UTC).isoformat(timespec="milliseconds")
        level, name = event.value
        self._write(json.dumps({"at": at.replace("+00:00", "Z"), "level": level, "event": name, **facts}))

    def say_once(self, event: Event, **facts: int | str) -> None:
        """The same, unless it was the last thing said in this way: a state that lasts is said when it begins."""
        if event is not self._last:
            self._last = event
            self.say(event, **facts)


class FaultHandler(logging.Handler):
    """Turns what the server's library logs into our lines: where in the code, and not what was in the data.

    Each place at most once a minute: whoever finds a fault must not be able to fill a log with it, or to
    hold the relay up where nobody reads its standard error.
    """

    def __init__(self, journal: Journal, clock: Callable[[], int]) -> None:
        super().__init__(logging.ERROR)
        self._journal = journal
        self._clock = clock
        self._said: dict[str, tuple[int, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        name, place = "", f"{record.module}:{record.lineno}"
        if error is not None:
            frames = traceback.extract_tb(error.__traceback__)[-6:]
            name = type(error).__name__
            place = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
        now = self._clock()
        at, unsaid = self._said.get(place, (now - MINUTE_MS, 0))
        if abs(now - at) < MINUTE_MS:
            self._said[place] = at, unsaid + 1
        else:
            self._said[place] = now, 0
            self._journal.say(Event.FAULT, error=name, at_line=place, more_since=unsaid)


def loud(task: asyncio.Task[None]) -> asyncio.Task[None]:
    """A task that runs as long as the relay: should it ever end by a fault, that is logged at once."""

    def tell(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and (error := ended.exception()) is not None:
            logging.getLogger(__name__).error("a task ended", exc_info=error)

    task.add_done_callback(tell)
    return task
