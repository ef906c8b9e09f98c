# SPDX-License-Identifier: Apache-2.0
"""Which relays are up, as far as this desk has seen it: what pages, alarms and the next offer go by (P6)."""

from __future__ import annotations

from collections.abc import Callable

from goodoffices.core.errors import RelayError
from goodoffices.desk.routes.relay_client import RelayState

_REFUSED, _OUT_OF_ORDER, _AWAY = "refused with ", "refused with 5", "refused with 503"


class Standing:
    """The state of every relay by its address. ``changed`` is told (address, up) when one goes up or down."""

    def __init__(self, now: Callable[[], int], changed: Callable[[str, bool], None]) -> None:
        self._now, self._changed = now, changed
        self.states: dict[str, RelayState] = {}

    def put(self, url: str, up: bool, what: str) -> None:
        """A relay was seen up or down; ``what`` says how."""
        state = self.states.get(url)
        if state is not None and state.up == up:
            state.what = what
            return
        self.states[url] = RelayState(url, up, self._now(), 0, what)
        self._changed(url, up)

    def failed(self, url: str, error: RelayError) -> None:
        """One that cannot be reached, or says that it can store nothing (5xx), is down. One that refuses a
        mailbox (4xx) is up, and what it said is shown."""
        if _REFUSED not in error.what or _OUT_OF_ORDER in error.what:
            self.put(url, False, error.what)
        elif url in self.states and self.states[url].up:
            self.put(url, True, error.what)

    def answered(self, url: str) -> None:
        """It was asked what lies there, and said so out of its store: whose database was away has it again.
        A full disk (507) answers too, so that one is up when it takes something."""
        state = self.states.get(url)
        if state is not None and not state.up and _AWAY in state.what:
            self.put(url, True, "answers again")

    def used(self, urls: set[str], waiting: dict[str, int]) -> list[RelayState]:
        """The relays among ``urls``, with how much waits for each; the others are forgotten."""
        for url in self.states.keys() - urls:
            del self.states[url]
        for url, state in self.states.items():
            state.waiting = waiting.get(url, 0)
        return [self.states[url] for url in sorted(self.states)]
