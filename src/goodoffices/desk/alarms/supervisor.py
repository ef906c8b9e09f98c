# SPDX-License-Identifier: Apache-2.0
"""Telling the system's own supervisor that rounds of alarms are had (sd_notify(3), systemd.service(5) WatchdogSec).

Who calls when the alarm engine stands still is this desk's watchdog, a thread. Where the whole process stands
still, or its threads, nobody in it can call: then systemd ends it and starts it again.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

ENDING = 3_600_000_000
"""Microseconds that a desk gives itself to end: nothing rings any more, and it is not to be started anew meanwhile."""


class Supervisor:
    """The socket that systemd named, if it named one to this process."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]  # the name of an abstract socket (unix(7))
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._watched = mine and environ.get("WATCHDOG_USEC", "0").isdecimal() and self._address != ""
        self._ready = False

    def round_had(self) -> None:
        """A round of alarms was had. The first says that the desk stands, too."""
        first, self._ready = not self._ready, True
        told = (["READY=1"] if first else []) + (["WATCHDOG=1"] if self._watched else [])
        if told:
            self._tell(told)

    def ending(self) -> None:
        """Rounds end because the desk does."""
        if self._watched:
            self._tell([f"WATCHDOG_USEC={ENDING}"])

    def _tell(self, lines: list[str]) -> None:
        if not self._address:
            return
        # A supervisor that does not listen costs the desk nothing: the next round tells it again.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
            sending.setblocking(False)
            sending.sendto("\n".join(lines).encode(), self._address)
