# SPDX-License-Identifier: Apache-2.0
"""The door for who watches the relay: its metrics and its health, on a loopback port of its own.

Apart from the relay's own door, so that nothing that faces offices can reach it, and answered in plain
HTTP/1.0: one request a connection, and the head bounded in size and time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from goodoffices.core.errors import MachineError
from goodoffices.relay.metrics import CONTENT_TYPE

HEAD_BYTES = 8 * 1024
HEAD_SECONDS = 5.0

Answer = Callable[[str], Awaitable[tuple[int, str, str]]]
"""From a path to status, content type and text."""


def bind(port: int) -> socket.socket:
    """The loopback socket to watch through; bound before the relay says that it is ready."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise MachineError(
            f"Port {port} cannot be listened at: {error.strerror}.", "Give another --metrics-port."
        ) from error


class Watching:
    """Serves one socket until closed."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._server: asyncio.Server | None = None

    async def begin(self, bound: socket.socket) -> None:
        self._server = await asyncio.start_server(self._serve, sock=bound, limit=HEAD_BYTES)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                words = head.split(b"\r\n", 1)[0].split(b" ")
                if len(words) == 3 and words[0] == b"GET":
                    status, kind, text = await self._answer(words[1].decode("latin-1"))
                else:
                    status, kind, text = 405, "text/plain", "Only GET.\n"
                body = text.encode()
                writer.write(
                    b"HTTP/1.0 %d -\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
                    % (status, kind.encode(), len(body))
                )
                writer.write(body)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # no request of the form: the connection ends
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def metrics_answer(text: str) -> tuple[int, str, str]:
    return 200, CONTENT_TYPE, text


def resident_bytes() -> float:
    """Memory that this process has resident."""
    return float(
        int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    )


def open_files() -> float:
    """Files and sockets that this process has open."""
    return float(len(list(Path("/proc/self/fd").iterdir())))
