# SPDX-License-Identifier: Apache-2.0
"""One half of a relay whose other half stands at the far end of a byte pipe (ADR 0057).

Each desk uses the half at its side like any relay. What is put into a mailbox that the far half's desk
opened is kept here until the far half has it. The pipe is a serial device, or a connection on this machine to
whatever program drives the modem or the radio.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import termios
import tty
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from goodoffices.core.addresses import loopback
from goodoffices.core.errors import YourError
from goodoffices.relay.link import Announced, Came, Carried, Event, Link
from goodoffices.relay.rules import MIB, Opened, Refused, Rights
from goodoffices.relay.store import RelayStore, Totals, Waiting

AGAIN = 5.0
"""Seconds until a pipe that broke is opened again."""
UNDER_WAY = 32
"""Envelopes of one mailbox that are handed to the link at once."""
_SPEEDS = {
    50,
    75,
    110,
    134,
    150,
    200,
    300,
    600,
    1200,
    1800,
    2400,
    4800,
    9600,
    19_200,
    38_400,
    57_600,
    115_200,
}


@dataclass(frozen=True)
class PipeConfig:
    """A pipe: its address, what it carries in a second, ms from one end to the other."""

    address: str
    bits: int = 300
    delay: int = 2_000


def check_pipe(address: str) -> None:
    """Raise YourError unless it is a device's path, or tcp:HOST:PORT or listen:HOST:PORT on this machine."""
    if address.startswith("/"):
        return
    sort, _, rest = address.partition(":")
    host, _, port = rest.rpartition(":")
    if sort not in ("tcp", "listen") or not port.isdigit() or not loopback(host):
        raise YourError(
            f"{address} is no pipe.",
            "Give a device, /dev/ttyS0, or tcp:127.0.0.1:PORT or listen:127.0.0.1:PORT on this machine.",
        )


def _nobody(box: bytes, what: str) -> bytes:
    """A hash of which nobody knows an origin: what belongs to the far half is collected by no one here."""
    return hashlib.sha256(hashlib.sha256(f"GO1 far half {what}".encode() + box).digest() + b"\0").digest()


class HalfStore:
    """A relay's store that also tells the link what was opened and put. Everything else is the store's."""

    def __init__(self, store: RelayStore, link: Link) -> None:
        self._store, self._link = store, link
        self.kick: Callable[[], None] = lambda: None

    async def open_mailbox(self, box: bytes, rights: Rights, now: int) -> Opened:
        """See RelayStore."""
        opened = await self._store.open_mailbox(box, rights, now)
        self._announce(box, rights)
        return opened

    def _announce(self, box: bytes, rights: Rights | None) -> None:
        if (
            rights is not None
            and rights.collect != _nobody(box, "collect")
            and self._link.announce(box, rights.put)
        ):
            self.kick()

    async def put(self, box: bytes, envelope_id: bytes, envelope: bytes, now: int) -> bool:
        """See RelayStore."""
        new = await self._store.put(box, envelope_id, envelope, now)
        if self._link.carries(box):
            self.kick()
        return new

    async def touch(self, boxes: Sequence[bytes], now: int) -> None:
        """See RelayStore."""
        await self._store.touch(boxes, now)

    async def rights(self, box: bytes) -> Rights | None:
        """See RelayStore."""
        return await self._store.rights(box)

    async def collect(self, box: bytes, after: int, envelopes: int, size: int) -> list[tuple[int, bytes]]:
        """See RelayStore. Whoever collects here opened the mailbox here, perhaps before this half was started."""
        if not self._link.announced(box):
            self._announce(box, await self._store.rights(box))
        return await self._store.collect(box, after, envelopes, size)

    async def delete(self, box: bytes, envelope_id: bytes, now: int) -> None:
        """See RelayStore."""
        await self._store.delete(box, envelope_id, now)

    async def waiting(self, box: bytes) -> Waiting:
        """See RelayStore."""
        return await self._store.waiting(box)

    async def purge(self, now: int, most: int) -> int:
        """See RelayStore."""
        return await self._store.purge(now, most)

    async def totals(self) -> Totals:
        """See RelayStore."""
        return await self._store.totals()

    @property
    def sound(self) -> bool:
        """See RelayStore."""
        return self._store.sound

    async def close(self) -> None:
        """See RelayStore."""
        await self._store.close()


class Pipe:
    """Carries between this half's store and the other's, for as long as the relay runs."""

    def __init__(self, config: PipeConfig, store: RelayStore, link: Link, clock: Callable[[], int]) -> None:
        check_pipe(config.address)
        self._config, self._store, self._link, self._clock = config, store, link, clock
        self._wake = asyncio.Event()
        self.broke: Callable[[], None] = lambda: None
        """The pipe does not open, or broke. It is opened again."""
        self._theirs: set[bytes] = set()
        self._leaving: set[bytes] = set()
        """Envelopes that are at the far half and are being deleted here."""

    def kick(self) -> None:
        """There may be something to write."""
        self._wake.set()

    async def run(self) -> None:
        """For ever: what breaks is opened again."""
        while True:
            try:
                await self._through()
            except (OSError, termios.error):
                pass  # a device that is not there, a far end that is not up
            self.broke()
            await asyncio.sleep(AGAIN)

    async def _through(self) -> None:
        wire = await _opened(self._config)
        reading = asyncio.ensure_future(self._read(wire))
        try:
            while not reading.done():
                self._wake.clear()
                await self._feed()
                while (written := self._link.write(self._clock())) is not None:
                    await wire.write(written)
                now = self._clock()
                due = self._link.next_wake(now)
                wait = 60.0 if due is None else max(0.0, (due - now) / 1000)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            wire.close()

    async def _read(self, wire: _Wire) -> None:
        try:
            while data := await wire.read():
                events = self._link.read(data)
                self._leaving |= {_id(event.envelope) for event in events if isinstance(event, Carried)}
                for event in events:
                    with contextlib.suppress(
                        Refused
                    ):  # it is not acknowledged by its reader's desk: offered again
                        await self._do(event)
                    if isinstance(event, Came):
                        self._link.kept(event)  # only now: what came is in the store, synced
                self._wake.set()
        except OSError:
            return
        finally:
            self._wake.set()

    async def _do(self, event: Event) -> None:
        now = self._clock()
        if isinstance(event, Announced):
            rights = Rights(event.put, _nobody(event.box, "collect"), _nobody(event.box, "delete"))
            await self._store.open_mailbox(event.box, rights, now)
            self._theirs.add(event.box)
        elif isinstance(event, Came):
            await self._store.put(event.box, _id(event.envelope), event.envelope, now)
        elif isinstance(event, Carried):
            gone = _id(event.envelope)
            try:
                await self._store.delete(event.box, gone, now)
            finally:
                self._leaving.discard(gone)

    async def _feed(self) -> None:
        for box in self._theirs:
            with contextlib.suppress(Refused):
                for _, envelope in await self._store.collect(box, 0, UNDER_WAY, MIB):
                    if _id(envelope) not in self._leaving:
                        self._link.send(box, envelope)


def _id(envelope: bytes) -> bytes:
    return hashlib.sha256(envelope).digest()


class _Wire(Protocol):
    """Bytes in and out."""

    async def read(self) -> bytes: ...

    async def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        return await self._reader.read(4096)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()


class _Device:
    """A serial device. Watched by its descriptor: event loops take no terminals for pipes."""

    def __init__(self, path: str, bits: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        if os.isatty(self._fd):
            tty.setraw(self._fd)
            if bits in _SPEEDS:
                settings = termios.tcgetattr(self._fd)
                settings[4] = settings[5] = getattr(termios, f"B{bits}")
                termios.tcsetattr(self._fd, termios.TCSANOW, settings)

    async def read(self) -> bytes:
        while True:
            with contextlib.suppress(BlockingIOError):
                return os.read(self._fd, 4096)
            await self._ready(self._loop.add_reader, self._loop.remove_reader)

    async def write(self, data: bytes) -> None:
        while data:
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self._fd, data) :]
                continue
            await self._ready(self._loop.add_writer, self._loop.remove_writer)

    async def _ready(self, watch: Callable[..., object], forget: Callable[[int], object]) -> None:
        ready = asyncio.Event()
        watch(self._fd, ready.set)
        try:
            await ready.wait()
        finally:
            forget(self._fd)

    def close(self) -> None:
        os.close(self._fd)


async def _opened(config: PipeConfig) -> _Wire:
    if config.address.startswith("/"):
        return _Device(config.address, config.bits)
    sort, _, rest = config.address.partition(":")
    host, _, port = rest.rpartition(":")
    if sort == "tcp":
        return _Connection(*await asyncio.open_connection(host, int(port)))
    came: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
        asyncio.get_running_loop().create_future()
    )

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if came.done():
            writer.close()
        else:
            came.set_result((reader, writer))

    server = await asyncio.start_server(take, host, int(port))
    try:
        return _Connection(*await came)
    finally:
        server.close()
