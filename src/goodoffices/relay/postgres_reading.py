# SPDX-License-Identifier: Apache-2.0
"""The PostgreSQL store's reading side: sessions that only read, and word of what other processes put.

Word comes by LISTEN and NOTIFY. It is never relied on: a session that comes back after a loss looks at
every mailbox that is listened to, and a slow look repeats that for as long as the relay runs.

A server that hangs keeps its connections and says nothing. So no answer is waited for without bound, here or by whoever
asks: a session that is silent for too long is ended under its statement. Not by a cancel, which waits for the server.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import psycopg

from goodoffices.relay.postgres import Row, cut
from goodoffices.relay.rules import Refusal, Refused

CHANNEL = "goodoffices_relay"
SESSIONS = 4
LOOK_SECONDS = 15.0
ANSWER_SECONDS = 10.0
"""Until a silent server counts as away. Who waits for a session first is still answered before a desk gives up."""
TURN_SECONDS = 5.0
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
        with answering(session):
            await session.execute("SET statement_timeout = '30s'")
    except BaseException:
        await session.close()
        raise
    return session


@contextlib.contextmanager
def answering(session: Reading) -> Iterator[None]:
    """The server answers what is asked within this, or the session is ended: psycopg.OperationalError."""
    late = asyncio.get_running_loop().call_later(ANSWER_SECONDS, cut, session)
    try:
        yield
    finally:
        late.cancel()


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
        self._asked: set[Reading] = set()
        self._closed = False

    async def rows(self, sql: str, parameters: tuple[object, ...]) -> list[Row]:
        """One statement's rows. Raises Refused STORE_AWAY, BUSY or STOPPING."""
        idle, loop = True, asyncio.get_running_loop()
        while True:
            held = await self._turn()
            begun = loop.time()
            kept: _Held | None = None
            idle = idle and held is not None and held.where == self._where()
            try:
                if held is None or not idle:
                    await _end(held)
                    held = await self._open()
                self._asked.add(held.session)
                with answering(held.session):
                    cursor = held.session.cursor(binary=True)
                    await cursor.execute(sql.encode(), parameters)
                    rows = await cursor.fetchall()
                kept = held
                return rows
            except (psycopg.Error, OSError) as error:
                # A session that lay idle may have died meanwhile; a fresh one that fails tells the truth.
                if not idle or loop.time() - begun >= ANSWER_SECONDS:
                    raise Refused(Refusal.STORE_AWAY) from error
                idle = False
            finally:
                if held is not None:
                    self._asked.discard(held.session)
                # Cancelled half-way too: what the session was about to hear is of no use to the next.
                if kept is None or self._closed:
                    await _end(held)
                    kept = None
                self._free.put_nowait(kept)

    async def _turn(self) -> _Held | None:
        """One of the sessions, or the place of one."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                return await self._free.get()
        except TimeoutError:
            raise Refused(Refusal.BUSY) from None

    async def _open(self) -> _Held:
        if self._closed:
            raise Refused(Refusal.STOPPING)
        where = self._where()
        return _Held(await connect(where), where)

    async def close(self) -> None:
        """End every session; those at work end with it, and wait for nothing more."""
        self._closed = True
        for session in self._asked:
            cut(session)
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
        self._session: Reading | None = None
        self.connected = False

    def moved(self) -> None:
        """Another server has taken over. The one that is listened to may hang, and would never say so."""
        if self._session is not None:
            cut(self._session)

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
        session = self._session = await connect(where)
        try:
            with answering(session):
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
                with answering(session):
                    await self._look(session)
        finally:
            self._session = None
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
