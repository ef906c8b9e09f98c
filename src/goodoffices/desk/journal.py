# SPDX-License-Identifier: Apache-2.0
"""The desk's log: one JSON object a line on standard error, about this desk's running and nothing else.

What can be said is listed here, and facts are numbers alone. So no line, office, officer, relay or note gets
into a log, whoever calls; what officers did stands in the record and in the audit log.
"""

from __future__ import annotations

import json
import sys
import traceback
from datetime import UTC, datetime
from enum import Enum


class Event(Enum):
    """Everything that a desk logs, with how bad it is."""

    STARTED = "info", "started"
    COLLECTING = "info", "collecting"
    READY = "info", "ready"
    UNLOCKED = "info", "unlocked"
    LOCKED = "info", "locked"
    STOPPED = "info", "stopped"
    SOUND = "info", "machine sound again"
    TROUBLE = "error", "machine in trouble"
    SENDING_FAILED = "error", "sending failed; it starts again in five seconds"
    LISTENER_FAILED = "error", "a listener failed; it starts again in five seconds"
    ALARMS_FAILED = "error", "the alarms failed; they start again in five seconds"
    ALARMS_STILL = "error", "the alarms stand still; calling everybody"
    BACKUP_FAILED = "error", "backups failed by a fault of this program; start the desk again"
    LEFT = "warning", "left: the keys are destroyed"


def log(event: Event, now: int, fault: BaseException | None = None, **facts: int) -> None:
    """One line. ``now``: ms UTC. ``fault``: where in this program it happened, without what it was about."""
    level, name = event.value
    at = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said: dict[str, object] = {"at": at, "level": level, "event": name, **facts}
    if fault is not None:
        steps = traceback.extract_tb(fault.__traceback__)[-6:]
        said["fault"] = type(fault).__name__
        said["where"] = [f"{each.filename.rpartition('/')[2]}:{each.lineno} {each.name}" for each in steps]
    sys.stderr.write(json.dumps(said) + "\n")
    sys.stderr.flush()
