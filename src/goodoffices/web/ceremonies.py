# SPDX-License-Identifier: Apache-2.0
"""What browsers were asked to do with passkeys: each ceremony has a token that is used once and soon ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from goodoffices.core.errors import NotNow
from goodoffices.desk.context import Officer

LIFE = 300.0
"""Seconds."""
MAX_OPEN = 256
MAX_EACH = 16
"""Open ceremonies of one officer, or of one network address where nobody is signed in."""


@dataclass(frozen=True)
class Ceremony:
    """What was asked of a browser: to make a passkey, to show what it computes, or to sign in."""

    what: str
    state: Any
    officer: Officer | None
    passkey: bytes | None
    until: float
    who: str


class Ceremonies:
    """The ceremonies that are under way at one desk, in memory. Who asks for many crowds out his own alone."""

    def __init__(self, rng: Callable[[int], bytes], clock: Callable[[], float]) -> None:
        self._rng, self._clock = rng, clock
        self._open: dict[str, Ceremony] = {}

    def begin(
        self,
        what: str,
        state: Any,
        officer: Officer | None = None,
        passkey: bytes | None = None,
        *,
        address: str = "",
    ) -> str:
        """A token for a new one. ``address``: from where, if nobody is signed in."""
        who = officer.public.hex() if officer is not None else address
        now = self._clock()
        for gone in [token for token, each in self._open.items() if each.until < now]:
            del self._open[gone]
        while sum(each.who == who for each in self._open.values()) >= MAX_EACH:
            self._drop(who)
        while len(self._open) >= MAX_OPEN:
            self._drop(Counter(each.who for each in self._open.values()).most_common(1)[0][0])
        token = self._rng(16).hex()
        self._open[token] = Ceremony(what, state, officer, passkey, now + LIFE, who)
        return token

    def _drop(self, who: str) -> None:
        del self._open[next(token for token, each in self._open.items() if each.who == who)]

    def take(self, what: str, token: str | None, officer: Officer | None = None) -> Ceremony:
        """The ceremony of a token, which is used up by that; raises NotNow."""
        found = self._open.pop(token or "", None)
        if found is None or found.until < self._clock() or found.what != what or found.officer is not officer:
            raise NotNow("That took too long, or was begun elsewhere.", "Begin once more.")
        return found
