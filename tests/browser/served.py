# SPDX-License-Identifier: Apache-2.0
"""A desk in memory behind a real server, for a person at a browser: cheaper than processes, same pages."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from goodoffices.web.app import create_app
from tests.web.offices import DeskInMemory


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
        thread.join(10)
        listener.close()
