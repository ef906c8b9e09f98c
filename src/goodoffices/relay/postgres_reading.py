# SPDX-License-Identifier: Apache-2.0
"""The PostgreSQL store's reading side: sessions that only read, and word of what other processes put.

Word comes by LISTEN and NOTIFY. It is never relied on: a session that comes back after a loss looks at
every mailbox that is listened to, and a slow look repeats that for as long as the relay runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import psycopg

from goodoffices.relay.postgres import Row
from goodoffices.relay.rules import Refusal, Refused

CHANNEL = "goodoffices_relay"
SESSIONS = 4
LOOK_SECONDS = 15.0
RETRY_SECONDS = 0.5
MOST_NAMED = 200  # mailboxes in one notification; PostgreSQL allows 8000 bytes

Reading = psycopg.AsyncConnection[Row]


def words(boxes: Iterable[bytes]) -> list[str]:
    """Notifications that name these mailboxes."""
    names = [box.hex() for box in boxes]
    return ["".join(names[start : start + MOST_NAMED]) for start in range(0, len(names), MOST_NAMED)]


def named(payload: str) -> list[bytes]:
    """The mailboxes that a notification names; anything else names none."""
    try:
        found = bytes.fromhex(payload)
    except ValueError:
        return []
    return [found[start : start + 16] for start in range(0, len(found) - 15, 16)]


async def connect(conninfo: str) -> Reading:
    """A session that reads."""
    session = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    try:
        await session.execute("SET statement_timeout = '30s'")
    except BaseException:
        await session.close()
        raise
    return session


@dataclass(frozen=True)
class _Held:
    session: Reading
    where: str


class Readers:
    """A few sessions that take turns. A lost one is opened again by who needs it next."""

    def __init__(self, where: Callable[[], str]) -> None:
        self._where = where
        self._free: asyncio.LifoQueue[_Held | None] = asyncio.LifoQueue()
        for _ in range(SESSIONS):
            self._free.put_nowait(None)
        self._closed = False

    async def rows(self, sql: str, parameters: tuple[object, ...]) -> list[Row]:
        """One statement's rows. Raises Refused STORE_AWAY or STOPPING."""
        idle = True
        while True:
            held = await self._free.get()
            kept: _Held | None = None
            idle = idle and held is not None and held.where == self._where()
            try:
                if held is None or not idle:
                    await _end(held)
                    held = await self._open()
                cursor = held.session.cursor(binary=True)
                await cursor.execute(sql.encode(), parameters)
                rows = await cursor.fetchall()
                kept = held
                return rows
            except (psycopg.Error, OSError) as error:
                # A session that lay idle may have died meanwhile; a fresh one that fails tells the truth.
                if not idle:
                    raise Refused(Refusal.STORE_AWAY) from error
                idle = False
            finally:
                # Cancelled half-way too: what the session was about to hear is of no use to the next.
                if kept is None or self._closed:
                    await _end(held)
                    kept = None
                self._free.put_nowait(kept)

    async def _open(self) -> _Held:
        if self._closed:
            raise Refused(Refusal.STOPPING)
        where = self._where()
        return _Held(await connect(where), where)

    async def close(self) -> None:
        """End every session that is not at work; the others end with their work."""
        self._closed = True
        for _ in range(self._free.qsize()):
            await _end(self._free.get_nowait())
            self._free.put_nowait(None)


async def _end(held: _Held | None) -> None:
    if held is not None:
        await held.session.close()


class Elsewhere:
    """Learns what other processes over the same database put."""

    def __init__(
        self,
        where: Callable[[], str],
        listened: Callable[[], Iterable[bytes]],
        look_again: Callable[[bytes], None],
        own: Callable[[], int],
    ) -> None:
        self._where = where
        self._listened = listened
        self._look_again = look_again
        self._own = own
        self._last: dict[bytes, int] = {}
        self.connected = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(psycopg.Error, OSError):
                await self._follow()
            self.connected = False
            pause = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(RETRY_SECONDS, pause.cancel)
            await asyncio.wait([pause])

    async def _follow(self) -> None:
        where = self._where()
        session = await connect(where)
        try:
            await session.execute(f"LISTEN {CHANNEL}")
            self.connected = True
            # What was put while nobody listened: every mailbox is looked at, whatever was known of it.
            for box in list(self._listened()):
                self._look_again(box)
            while self._where() == where:
                async for word in session.notifies(timeout=LOOK_SECONDS):
                    if word.pid != self._own():
                        for box in named(word.payload):
                            self._look_again(box)
                await self._look(session)
        finally:
            await session.close()

    async def _look(self, session: Reading) -> None:
        boxes = list(self._listened())
        cursor = await session.execute(
            "SELECT box, last_seq FROM mailbox WHERE box = ANY(%b::bytea[])", (boxes,)
        )
        found = {cast(bytes, box): cast(int, seq) for box, seq in await cursor.fetchall()}
        for box, seq in found.items():
            if self._last.get(box) != seq:
                self._look_again(box)
        self._last = found
