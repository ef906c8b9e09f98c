# SPDX-License-Identifier: Apache-2.0
"""Waking people outside the pages, by Apprise: mail, ntfy, webhook, SMS gateways …

Each address has a thread of its own, so a service that hangs holds up nobody: not the desk, not another
address. What goes out is the office's one neutral sentence. Failures are told to the desk and tried again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from goodoffices.desk.watch.book import Address

TIMEOUT = 10.0
"""Seconds for one try."""
TRIES = (0.0, 5.0, 15.0, 30.0)
"""Seconds to wait before each try of one message."""
STUCK = 40.0
"""Seconds after which a thread that does not come back is given up."""
MAX_STUCK = 4
"""Threads given up per address: after that, what hangs is only named as failing."""

Report = Callable[[int, str | None], None]
Call = Callable[[str, str], str | None]


def call(url: str, text: str) -> str | None:
    """One try: None if the service took it, else what is wrong. Never with the address in it."""
    # Loading it takes a moment and a desk without addresses never needs it.
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    asset = apprise.AppriseAsset(
        # Nothing that leaves here says what system it is from.
        app_id="Duty desk",
        app_desc="Duty desk",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        secure_logging=True,
        async_mode=False,
    )
    service = apprise.Apprise(asset=asset)
    if not service.add(url):
        return "This address is of no known service, or written wrongly."
    if not service.notify(body=text, timeout=TIMEOUT):
        return "The service cannot be reached, or refused the message."
    return None


@dataclass
class _Line:
    """One address under way."""

    text: str
    stop: threading.Event = field(default_factory=threading.Event)
    began: float = 0.0


class Outward:
    """Calls addresses, each in its own thread. ``report`` is called from those threads."""

    def __init__(self, report: Report, clock: Callable[[], float], call: Call = call) -> None:
        self._report, self._clock, self._call = report, clock, call
        self._lock = threading.Lock()
        self._under_way: dict[int, _Line] = {}
        self._stuck: dict[int, int] = {}

    def tell(self, addresses: Iterable[Address], text: str) -> None:
        """Send a text to each address; returns at once."""
        for address in addresses:
            with self._lock:
                line = self._under_way.get(address.id)
                if line is not None and self._clock() - line.began < STUCK:
                    continue  # the last message is still being tried, and says the same
                if line is not None:
                    line.stop.set()
                    self._stuck[address.id] = self._stuck.get(address.id, 0) + 1
                hopeless = self._stuck.get(address.id, 0) >= MAX_STUCK
                if not hopeless:
                    line = self._under_way[address.id] = _Line(text, began=self._clock())
                    threading.Thread(
                        target=self._send, args=(address, line), name=f"outward {address.id}", daemon=True
                    ).start()
            if hopeless:
                self._report(address.id, "The service takes the call and never answers.")

    def stop(self) -> None:
        """No further tries."""
        with self._lock:
            for line in self._under_way.values():
                line.stop.set()

    def _send(self, address: Address, line: _Line) -> None:
        for pause in TRIES:
            if line.stop.wait(pause):
                break
            failure = self._call(address.url, line.text)
            if line.stop.is_set():
                break
            self._report(address.id, failure)
            if failure is None:
                break
            line.began = self._clock()
        with self._lock:
            if self._under_way.get(address.id) is line:
                del self._under_way[address.id]
                self._stuck.pop(address.id, None)
