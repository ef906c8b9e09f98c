# SPDX-License-Identifier: Apache-2.0
"""One press is one act: a form that a browser sends twice does what it says once, with or without scripts.

Each page that is drawn has a number of its own, which its forms carry beside the session's token. What a press
came to is remembered with the session, in memory: after a restart no session goes on, and no form of it counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Generic, TypeVar

T = TypeVar("T")
MOST = 64
"""Presses that one session remembers: the newest."""
NUMBER = 8
"""Bytes of a page's number; it is no secret, only unlike others."""

AGAIN = "again"
"""Stands in the address of a page that says so: what was pressed had been done before, and was not done twice."""


def said_again(location: str) -> str:
    """Where a browser goes on to, told that what was pressed had been done before."""
    path, mark, place = location.partition("#")
    return f"{path}{'&' if '?' in path else '?'}{AGAIN}=1{mark}{place}"


def stamped(token: str, number: bytes) -> str:
    """What a page's forms carry: the session's token, and which page they stand on."""
    return f"{token}.{number.hex()}" if token else ""


def token_in(field: str) -> str:
    """The session's token alone."""
    return field.partition(".")[0]


def key_of(path: str, fields: dict[str, str]) -> bytes | None:
    """Names one press: the page's number, where its form went and all that was filled in.

    None where the sender names no page, as programs do not. Whoever goes back and fills in something else means
    something else.
    """
    number = fields.get("csrf", "").partition(".")[2]
    if not number:
        return None
    parts = [
        path,
        number,
        *(text for name in sorted(fields) if name != "csrf" for text in (name, fields[name])),
    ]
    return sha256(b"".join(sha256(part.encode("utf-8", "surrogatepass")).digest() for part in parts)).digest()


@dataclass
class Presses(Generic[T]):
    """What the presses of one session came to."""

    _known: dict[bytes, asyncio.Future[T | None]] = field(default_factory=dict)

    async def once(
        self, key: bytes, act: Callable[[], Awaitable[T]], lasts: Callable[[T], bool]
    ) -> tuple[T, bool]:
        """Do it, or say what it came to when it was done, and that it was; the second of two at once waits for
        the first.

        What was refused, or does not last, is forgotten: pressed again, it is tried again.
        """
        while (earlier := self._known.get(key)) is not None:
            came_to = await asyncio.shield(earlier)  # who goes away does not end it for the other
            if came_to is not None:
                return came_to, True
        mine: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._known[key] = mine
        kept: T | None = None
        try:
            answer = await act()
            kept = answer if lasts(answer) else None
        finally:
            if kept is None:
                del self._known[key]
            mine.set_result(kept)
        while len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        return answer, False
