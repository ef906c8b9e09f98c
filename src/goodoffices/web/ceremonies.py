# SPDX-License-Identifier: Apache-2.0
"""What browsers were asked to do with passkeys: each ceremony has a token that is used once and soon ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from goodoffices.core.errors import NotNow
from goodoffices.desk.context import Officer

LIFE = 300.0
"""Seconds."""
MAX_OPEN = 256


@dataclass(frozen=True)
class Ceremony:
    """What was asked of a browser: to make a passkey, to show what it computes, or to sign in."""

    what: str
    state: Any
    officer: Officer | None
    passkey: bytes | None
    until: float


class Ceremonies:
    """The ceremonies that are under way at one desk, in memory; the oldest gives way."""

    def __init__(self, rng: Callable[[int], bytes], clock: Callable[[], float]) -> None:
        self._rng, self._clock = rng, clock
        self._open: dict[str, Ceremony] = {}

    def begin(
        self, what: str, state: Any, officer: Officer | None = None, passkey: bytes | None = None
    ) -> str:
        """A token for a new one."""
        while len(self._open) >= MAX_OPEN:
            del self._open[next(iter(self._open))]
        token = self._rng(16).hex()
        self._open[token] = Ceremony(what, state, officer, passkey, self._clock() + LIFE)
        return token

    def take(self, what: str, token: str | None, officer: Officer | None = None) -> Ceremony:
        """The ceremony of a token, which is used up by that; raises NotNow."""
        found = self._open.pop(token or "", None)
        if found is None or found.until < self._clock() or found.what != what or found.officer is not officer:
            raise NotNow("That took too long, or was begun elsewhere.", "Begin once more.")
        return found
