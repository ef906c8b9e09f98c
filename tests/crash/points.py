# SPDX-License-Identifier: Apache-2.0
"""``goodoffices`` as a process that can be killed at a point: before and after each commit and each send.

    python -m tests.crash.points LOG AT FAULT -- desk serve --vault ...

The points lie around what the program writes and sends; nothing of this is in the program itself, so nobody
can turn it on there. Counting begins at SIGUSR1 (or at once, with AT negative); at the AT-th point the
process kills itself as ``kill -9`` does. FAULT: none, or what happens to the disk at SIGUSR1:

    cut:N     killed by the kernel in the middle of a write, N bytes further into the database's log
    full:N    the database's log grows by N bytes more and not by another: a full disk
    readonly  the database takes no writes any more
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from goodoffices.cli.main import main
from goodoffices.db import sqlite
from goodoffices.desk.routes.lean_http import LeanHttp
from goodoffices.desk.vault import database, vault
from goodoffices.relay import service as relay_service
from goodoffices.relay.http import build_app
from goodoffices.relay.quick_http import Answering
from goodoffices.relay.server import EndingWebSocket


class Points:
    """How many points were passed, and at which the process ends."""

    def __init__(self, log: Path, at: int) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._at, self._passed = abs(at), 0
        self.counting = at < 0

    def point(self, where: str) -> None:
        """A place where the process may end."""
        if not self.counting:
            return
        self._passed += 1
        if self._passed == self._at:
            os.write(self._log, f"{where}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """A connection whose commits are points."""

    def __init__(self, raw: Any, points: Points) -> None:
        self._raw, self._points = raw, points

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        """See ``db.sqlite.Connection``."""
        if sql != "COMMIT" and not sql.startswith("PRAGMA wal_checkpoint"):
            return self._raw.execute(sql, parameters)
        what = "a commit" if sql == "COMMIT" else "a checkpoint of the log"
        self._points.point(f"before {what}")
        done = self._raw.execute(sql, parameters)
        self._points.point(f"after {what}")
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def watch_commits(points: Points, opened: list[Watched]) -> None:
    """Every database of this process, the relay's and the vault."""

    def watching(connect: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*words: Any) -> Watched:
            opened.append(Watched(connect(*words), points))
            return opened[-1]

        return watched

    setattr(vault, "connect", watching(database.connect))  # noqa: B010 # in this process alone
    plain = watching(lambda path: sqlite3.connect(path, isolation_level=None, check_same_thread=False))
    sqlite.open_database.__defaults__ = (plain,)


def watch_sends(points: Points) -> None:
    """Each request of a desk, each answer and each push of a relay."""
    asked, built = LeanHttp.request, build_app

    async def request(self: LeanHttp, method: str, *words: Any, **more: Any) -> tuple[int, bytes]:
        points.point(f"before a {method}")
        answer = await asked(self, method, *words, **more)
        points.point(f"after a {method}")
        return answer

    def build(*words: Any, **more: Any) -> Any:
        app = built(*words, **more)

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            async def sending(message: Any) -> None:
                points.point(f"before {message['type']}")
                await send(message)
                points.point(f"after {message['type']}")

            await app(scope, receive, sending if scope["type"] != "lifespan" else send)

        return serve

    def watched(method: Callable[..., Any], what: str) -> Callable[..., Any]:
        def sending(*words: Any) -> Any:
            points.point(f"before {what}")
            sent = method(*words)
            points.point(f"after {what}")
            return sent

        return sending

    setattr(Answering, "say", watched(Answering.say, "an answer on the spot"))  # noqa: B010
    setattr(EndingWebSocket, "frame", watched(EndingWebSocket.frame, "a push on the spot"))  # noqa: B010
    setattr(LeanHttp, "request", request)  # noqa: B010 # a method, replaced in this process alone
    setattr(relay_service, "build_app", build)  # noqa: B010


def spoil_disk(fault: str, opened: list[Watched]) -> None:
    """What happens to this process's disk from now on."""
    kind, _, amount = fault.partition(":")
    if kind in ("cut", "full"):
        file = Path(opened[0].execute("PRAGMA database_list").fetchone()[2])
        size = file.with_name(file.name + "-wal").stat().st_size + int(amount)
        # Python ignores the signal that comes with this limit; a process that keeps it dies in its write.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if kind == "cut" else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    elif kind == "readonly":
        for each in opened:
            each.execute("PRAGMA query_only=ON")


def run(words: list[str]) -> None:
    """The program, watched."""
    log, at, fault, _, *command = words
    points, opened = Points(Path(log), int(at)), list[Watched]()

    def go(_number: int, _frame: FrameType | None) -> None:
        points.counting = True
        spoil_disk(fault, opened)

    signal.signal(signal.SIGUSR1, go)
    watch_commits(points, opened)
    watch_sends(points)
    main(command)


if __name__ == "__main__":
    run(sys.argv[1:])
