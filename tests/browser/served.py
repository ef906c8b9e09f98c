# SPDX-License-Identifier: Apache-2.0
"""Desks behind a real server, for a person at a browser: one in memory, one with a vault. Cheaper than processes."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import uvicorn

from goodoffices.core.office import Right
from goodoffices.core.statement import LIVE
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer, found, keep
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.service import DeskConfig, DeskService, real_now
from goodoffices.desk.vault.vault import Cost, create_vault
from goodoffices.web.app import create_app
from tests.web.offices import PASSPHRASE, DeskInMemory

T = TypeVar("T")


@contextmanager
def served(desk: DeskInMemory, host: str = "127.0.0.1") -> Iterator[str]:
    """The address at which the desk's pages answer while the block runs."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = create_app(desk, secure=False)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(60)
        listener.close()


class Running:
    """A desk and its pages in a thread of their own."""

    def __init__(self, folder: Path, *more: NewOfficer) -> None:
        people = [
            NewOfficer("duty", "officer 1", ALL_RIGHTS),
            NewOfficer("auditor", "officer 2", Right.AUDIT),
            *more,
        ]
        founding = found("Aland", people, LIVE, os.urandom, real_now())
        with create_vault(folder, rng=os.urandom, cost=Cost(64, 1, 1)) as vault:
            vault.put_secret("desk seed", founding.desk_seed)
            for epoch, seed in founding.envelope_seeds.items():
                vault.put_secret(f"envelope seed {epoch}", seed)
            for name, seed in founding.officer_seeds.items():
                vault.add_officer(name, PASSPHRASE, seed, founding.reading_key, os.urandom, real_now())
            ledger = Ledger(vault.db)
            with ledger.transaction():
                keep(ledger, founding, os.urandom)
        self.founding = founding
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://localhost:{self.listener.getsockname()[1]}"
        self.service = DeskService(DeskConfig(folder))
        app = create_app(self.service, secure=False)
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.started = threading.Event()
        self.thread.start()
        assert self.started.wait(60)

    async def _run(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self.service.start()
        self.started.set()
        await self.server.serve(sockets=[self.listener])
        await self.service.stop()

    def do(self, what: Callable[[], T]) -> T:
        """Do something in the desk's own thread, where nothing of its work comes in between."""

        async def there() -> T:
            return what()

        return asyncio.run_coroutine_threadsafe(there(), self.loop).result(60)

    def locked(self) -> bool:
        return self.service.desk.context.locked

    def stop(self) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(60)
        self.listener.close()
