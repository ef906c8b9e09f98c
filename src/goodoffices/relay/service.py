# SPDX-License-Identifier: Apache-2.0
"""Putting a relay together and running it: the one place where its clock, files and sockets are real."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette

from goodoffices import __version__
from goodoffices.core.addresses import check_exposure
from goodoffices.core.errors import MachineError
from goodoffices.db.sqlite import check_private
from goodoffices.relay.doorkeeper import Doorkeeper, Rates
from goodoffices.relay.http import RelayDoor, build_app
from goodoffices.relay.journal import Event, FaultHandler, Journal, loud
from goodoffices.relay.metrics import Metrics
from goodoffices.relay.observing import Watching, bind, metrics_answer, open_files, resident_bytes
from goodoffices.relay.push import Hub
from goodoffices.relay.quick import QuickPuts
from goodoffices.relay.rules import Limits, Refusal, Refused
from goodoffices.relay.server import CONNECTIONS, RelayServer, protocols, raise_file_limit
from goodoffices.relay.store import RelayStore, Totals
from goodoffices.relay.store_sqlite import SqliteRelayStore
from goodoffices.wire.handshakes import listen

if (
    TYPE_CHECKING
):  # what few relays are is read where one is: its library may be missing, or costs the others a start
    from goodoffices.relay.halves import Pipe, PipeConfig
    from goodoffices.relay.postgres import Target

PURGE_AT_ONCE = 500
MIN_ADMISSION = 16
REPORT_SECONDS = 60.0
SPARE_FILES = 256
# What says that the relay sheds load, as against a client that asks wrongly.
SHEDDING = (
    Refusal.TOO_OFTEN,
    Refusal.BUSY,
    Refusal.STORE_SHORT,
    Refusal.DISK_FULL,
    Refusal.NO_MORE_MAILBOXES,
    Refusal.STORE_AWAY,
    Refusal.UNCONFIRMED,
)


@dataclass(frozen=True)
class RelayConfig:
    """How one relay process runs. Times in seconds unless the name says otherwise."""

    db: Path | Target
    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: Path | None = None
    tls_key: Path | None = None
    admission: bytes | None = field(default=None, repr=False)
    limits: Limits = Limits()
    most_disk_bytes: int | None = None
    standby_needed: bool = False
    rates: Rates = Rates()
    proxied: bool = False
    connections: int | None = None
    connections_of_one: int | None = None
    metrics_port: int | None = None
    purge_every: float = 600.0
    ping_every: float = 20.0
    stop_within: int = 1
    pipe: PipeConfig | None = None


def real_clock() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000


def read_admission(path: Path) -> bytes:
    """The secret that a relay asks for before it opens a mailbox: one line of a private file."""
    try:
        check_private(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise MachineError(f"{path} cannot be read: {error.strerror}.", "Check --admission-file.") from error
    if len(secret) < MIN_ADMISSION or not secret.isascii() or b"\n" in secret:
        raise MachineError(
            f"{path} is not one line of at least {MIN_ADMISSION} ASCII characters.",
            "Write a long random secret into it.",
        )
    return secret


class RelayService:
    """A relay: store, listeners, door. ``app`` is the ASGI application, whoever serves it."""

    def __init__(
        self,
        config: RelayConfig,
        clock: Callable[[], int] = real_clock,
        write: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),  # noqa: T201
    ) -> None:
        self._config = config
        self._clock = clock
        self.journal = Journal(write, clock)
        self.failed = False
        self.on_failure: Callable[[], None] = lambda: None
        self.hub = Hub()
        self.metrics = Metrics()
        self._totals = Totals(0, 0, 0, 0)
        self.watched: socket.socket | None = None
        self._begin: Callable[[], None] = lambda: None
        """What the store does besides being asked, once the loop runs."""
        self.store: RelayStore = self._open_store()
        self._pipe: Pipe | None = None
        if config.pipe is not None:
            self._be_half(config.pipe)
        keeper = Doorkeeper(config.rates, proxied=config.proxied)
        self._door = RelayDoor(
            self.store, self.hub, config.limits, clock, config.admission, keeper=keeper, metrics=self.metrics
        )
        self.quick = self._quick_puts(keeper)
        self._measure()
        self.app = build_app(self._door, self._lifespan)
        self.journal.say(
            Event.STARTED,
            version=__version__,
            store="sqlite" if isinstance(config.db, Path) else "postgresql",
        )

    def _quick_puts(self, keeper: Doorkeeper) -> QuickPuts | None:
        """Puts without a task, where the store can do them."""
        if not isinstance(self.store, SqliteRelayStore):
            return None
        door = self._door
        return QuickPuts(self.store, keeper, door.bodies, door.uses, self.metrics, self._clock)

    def _be_half(self, config: PipeConfig) -> None:
        """Half of a relay: what is put here goes to the other half, and what it has kept comes here."""
        from goodoffices.relay.halves import HalfStore, Pipe
        from goodoffices.relay.link import Link

        link = Link(os.urandom, bits=config.bits, delay=config.delay)
        half = HalfStore(self.store, link)
        self._pipe = Pipe(config, self.store, link, self._clock)
        half.kick = self._pipe.kick
        self._pipe.broke = lambda: self.journal.say_once(Event.PIPE_BROKE)
        self.store = half

    def _open_store(self) -> RelayStore:
        config = self._config
        if isinstance(config.db, Path):
            return SqliteRelayStore(
                config.db,
                config.limits,
                on_stored=self.hub.deliver,
                on_failure=self._store_failed,
                most_bytes=config.most_disk_bytes,
                observed=self.metrics.committed,
            )
        from goodoffices.relay.store_postgres import PostgresRelayStore

        store = PostgresRelayStore(
            config.db,
            config.limits,
            self.hub.deliver,
            told=self.journal.say_once,
            observed=self.metrics.committed,
        )
        self.metrics.gauge(
            "standby", "Whether a synchronous standby is named.", lambda: bool(store.server.standbys)
        )
        if not store.server.standbys:
            if config.standby_needed:
                raise MachineError(
                    f"The database at {config.db.shown} has no synchronous standby.",
                    "Set synchronous_standby_names on it, or leave --standby-needed out.",
                )
            self.journal.say(Event.ALONE)
        # Seqs that only the lost server knew may be given anew by its successor: everybody connects again.
        store.on_moved = self.hub.dismiss_all
        self._begin = lambda: store.begin(self.hub.boxes, self.hub.look_again)
        return store

    def _measure(self) -> None:
        gauge = self.metrics.gauge
        gauge("sound", "Whether a put would be stored, as far as is known.", lambda: self.store.sound)
        gauge("listeners", "Push connections.", lambda: self.hub.count)
        gauge("body_bytes", "Bodies being read or stored.", lambda: self._door.bodies.held)
        gauge("mailboxes", "Mailboxes.", lambda: self._totals.mailboxes)
        gauge("waiting", "Envelopes that wait.", lambda: self._totals.waiting)
        gauge("waiting_bytes", "Bytes of envelopes that wait.", lambda: self._totals.bytes)
        gauge("remembered", "IDs of deleted envelopes that are remembered.", lambda: self._totals.tombstones)
        gauge("resident_bytes", "Memory of this process.", resident_bytes)
        gauge("open_files", "Files and sockets of this process.", open_files)

    async def _answer_watcher(self, path: str) -> tuple[int, str, str]:
        if path == "/health":
            return (200, "text/plain", "ok\n") if self.store.sound else (503, "text/plain", "not sound\n")
        if path != "/metrics":
            return 404, "text/plain", "/metrics and /health are here.\n"
        with contextlib.suppress(Refused):  # the last totals will do while the store is away
            self._totals = await self.store.totals()
        return metrics_answer(self.metrics.text())

    async def _report_refusals(self) -> None:
        """Once a minute, when load was shed: how much, and for which reasons."""
        before: Counter[str] = Counter()
        while True:
            await _pause(REPORT_SECONDS)
            now = Counter({reason.value: self.metrics.refusals[reason.value] for reason in SHEDDING})
            if now - before:
                self.journal.say(Event.REFUSING, refused=dict(now - before))
            before = now

    def _store_failed(self) -> None:
        if not self.failed:
            self.journal.say(Event.STORE_FAILED)
        self.failed = True
        self.on_failure()

    def stop(self) -> None:
        """The server stops: let every listener go."""
        self.journal.say(Event.STOPPING)
        self.hub.dismiss_all()

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._begin()
        tasks = [
            loud(asyncio.create_task(each)) for each in (self._purge_for_ever(), self._report_refusals())
        ]
        if self._pipe is not None:
            tasks.append(loud(asyncio.create_task(self._pipe.run())))
        watching = Watching(self._answer_watcher)
        if self.watched is not None:
            await watching.begin(self.watched)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await watching.close()
            await self.store.close()

    async def _purge_for_ever(self) -> None:
        while True:
            # In small steps, each a batch of its own, so that puts pass between them. A full disk or a
            # busy file is no reason to stop purging for ever.
            removed = 0
            with contextlib.suppress(Refused):
                now = self._clock()
                await self.store.touch(self._door.uses.due(self.hub.boxes(), now), now)
                while some := await self.store.purge(self._clock(), PURGE_AT_ONCE):
                    removed += some
            if removed:
                self.journal.say(Event.PURGED, removed=removed)
            await _pause(self._config.purge_every)


async def _pause(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.call_later(seconds, over.cancel)
    await asyncio.wait([over])


def _check_free(host: str, port: int) -> None:
    """Said before anything is opened; whoever takes the port in between makes the server say it."""
    if port:
        try:
            listen(host, port).close()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise MachineError(
                f"{host}:{port} cannot be listened on: {why}.", "Choose another port."
            ) from None


def serve(
    config: RelayConfig,
    ready: Callable[[str], None],
    made: Callable[[RelayConfig], RelayService] = RelayService,
) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. ``ready`` is told the address once it accepts. ``made`` is for
    drills, in which a relay may be hostile."""
    check_exposure(config.host, config.tls_cert, config.tls_key)
    _check_free(config.host, config.port)
    # The writer thread needs the interpreter between two syncs; the default of 5 ms would make every
    # commit under load wait for the loop's turn.
    sys.setswitchinterval(0.00002)
    service = made(config)
    logging.getLogger().addHandler(FaultHandler(service.journal, real_clock))
    places, http, push = protocols(
        config.connections or CONNECTIONS, config.connections_of_one, service.quick
    )
    raise_file_limit((config.connections or CONNECTIONS) + SPARE_FILES)
    service.metrics.gauge("connections", "Network connections.", lambda: len(places))
    service.metrics.gauge("connections_cut", "Connections that gave way to others.", lambda: places.cut)
    service.metrics.gauge(
        "connections_refused", "Connections that found no place.", lambda: sum(places.refused.values())
    )
    if config.metrics_port is not None:
        service.watched = bind(config.metrics_port)
    tls = config.tls_cert is not None
    settings = uvicorn.Config(
        service.app,
        host=config.host,
        port=config.port,
        http=http,
        ws=push,
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=config.stop_within,
        ws_per_message_deflate=False,
        ws_max_size=1024,
        ws_ping_interval=config.ping_every,
        ws_ping_timeout=config.ping_every,
        ssl_certfile=config.tls_cert,
        ssl_keyfile=config.tls_key,
    )
    try:
        settings.load()
    except (OSError, ssl.SSLError) as error:
        raise MachineError(
            f"The TLS files cannot be used: {error}.", "Check --tls-cert and --tls-key."
        ) from error
    host = f"[{config.host}]" if ":" in config.host else config.host

    def said(port: int) -> None:
        watched = service.watched.getsockname()[1] if service.watched else 0
        service.journal.say(Event.READY, port=port, metrics_port=watched)
        ready(f"{'https' if tls else 'http'}://{host}:{port}")

    server = RelayServer(
        settings,
        ready=said,
        stopping=service.stop,
        places=places,
    )

    def stop() -> None:
        server.should_exit = True

    service.on_failure = stop
    server.run()
    return 1 if service.failed or not server.started else 0
