# SPDX-License-Identifier: Apache-2.0
"""``goodoffices`` as a process that can be killed at a point: before and after each write and each send.

    python -m tests.crash.points LOG AT FAULT -- desk serve --vault ...

The points lie around what the program writes and sends; nothing of this is in the program itself, so nobody
can turn it on there. Counting begins at SIGUSR1 (or at once, with AT negative); at the AT-th point the
process kills itself as ``kill -9`` does. Every kind of point that it came by, counted or not, is told beside
LOG in a file that ends in .passed: what no point lies around any more is missing there. FAULT: none, or what
happens to the disk at SIGUSR1:

    cut:N     killed by the kernel in the middle of a write, N bytes further into the database's log
    full:N    the database's log grows by N bytes more and not by another: a full disk
    readonly  the database takes no writes any more
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from goodoffices.cli import desk as desk_command
from goodoffices.cli.main import main
from goodoffices.db import sqlite
from goodoffices.desk.routes.lean_http import Begun, LeanHttp
from goodoffices.desk.vault import database, vault
from goodoffices.relay import service as relay_service
from goodoffices.relay import write_back
from goodoffices.relay.http import build_app
from goodoffices.relay.quick_http import Answering
from goodoffices.relay.server import EndingWebSocket
from goodoffices.web.app import create_app


class Points:
    """How many points were passed, and at which the process ends."""

    def __init__(self, log: Path, at: int) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._kinds = os.open(
            log.with_suffix(".passed"), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        self._known: set[str] = set()
        self._at, self._passed = abs(at), 0
        self.counting = at < 0

    def point(self, where: str) -> None:
        """A place where the process may end."""
        if where not in self._known:
            self._known.add(where)
            os.write(self._kinds, f"{where}\n".encode())
        if not self.counting:
            return
        self._passed += 1
        if self._passed == self._at:
            os.write(self._log, f"{where}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Watched:
    """A connection whose commits are points."""

    def __init__(self, raw: Any, points: Points) -> None:
        self._raw, self._points = raw, points

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        """See ``db.sqlite.Connection``."""
        if sql == "COMMIT":
            what = "a commit"
        elif sql.startswith("PRAGMA wal_checkpoint"):
            what = "a checkpoint of the log"
        elif sql.startswith(_WRITES) and not self._raw.in_transaction:
            what = "a write by itself"
        else:
            return self._raw.execute(sql, parameters)
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


def never_wait_for_a_long_log() -> None:
    """A note's passage is too short for a checkpoint of the log: here each rest is a time for one."""
    setattr(write_back, "WORTH_IT", 1)  # noqa: B010 # in this process alone
    setattr(database, "LOG_ROWS", 0)  # noqa: B010


def never_write_back() -> None:
    """The log grows only, so that a place in it that was not reached yet lies before whatever is written next."""
    setattr(write_back, "LONG", sys.maxsize)  # noqa: B010 # in this process alone
    setattr(write_back, "WORTH_IT", sys.maxsize)  # noqa: B010
    setattr(database, "LOG_ROWS", sys.maxsize)  # noqa: B010


def end_of_log(log: Path) -> int:
    """Where a write-ahead log's next frame goes: one that begins anew leaves what it had behind its end.

    SQLite's file format, section 4.1: a header of 32 bytes and frames of 24 and a page, all with the header's salts.
    """
    said = log.read_bytes()
    frame, salts, end = 24 + int.from_bytes(said[8:12]), said[16:24], 32
    while end + frame <= len(said) and said[end + 8 : end + 16] == salts:
        end += frame
    return end


def watch_sends(points: Points) -> None:
    """Each request of a desk and each answer to a deed on its pages; each answer and each push of a relay."""
    asked, begun, drained = LeanHttp.request, LeanHttp.begin, asyncio.StreamWriter.drain

    async def request(self: LeanHttp, method: str, *words: Any, **more: Any) -> tuple[int, bytes]:
        points.point(f"before a {method}")
        answer = await asked(self, method, *words, **more)
        points.point(f"after a {method}")
        return answer

    def begin(self: LeanHttp, method: str, *words: Any, **more: Any) -> Begun | None:
        points.point(f"before a {method} at once")
        on_its_way = begun(self, method, *words, **more)
        points.point(f"with a {method} sent at once")
        return on_its_way

    async def drain(self: asyncio.StreamWriter) -> None:
        await drained(self)
        points.point("with a request on its way")

    def watching(build: Callable[..., Any], of: Callable[[Any], bool], what: str) -> Callable[..., Any]:
        """An application whose answers are points, where ``of`` says so of their scope."""

        def built(*words: Any, **more: Any) -> Any:
            app = build(*words, **more)

            async def serve(scope: Any, receive: Any, send: Any) -> None:
                async def sending(message: Any) -> None:
                    points.point(f"before {what}{message['type']}")
                    await send(message)
                    points.point(f"after {what}{message['type']}")

                await app(scope, receive, sending if of(scope) else send)

            return serve

        return built

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
    setattr(LeanHttp, "begin", begin)  # noqa: B010
    setattr(asyncio.StreamWriter, "drain", drain)  # noqa: B010
    served = watching(build_app, lambda scope: scope["type"] != "lifespan", "")
    setattr(relay_service, "build_app", served)  # noqa: B010
    # Pages are asked for as often as one likes: what is told of a deed is a send like any other.
    pages = watching(create_app, lambda scope: scope.get("method") == "POST", "a page's ")
    setattr(desk_command, "create_app", pages)  # noqa: B010


def spoil_disk(fault: str, opened: list[Watched]) -> None:
    """What happens to this process's disk from now on."""
    kind, _, amount = fault.partition(":")
    if kind in ("cut", "full"):
        file = Path(opened[0].execute("PRAGMA database_list").fetchone()[2])
        size = end_of_log(file.with_name(file.name + "-wal")) + int(amount)
        # Python ignores the signal that comes with this limit; a process that keeps it dies in its write.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if kind == "cut" else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    elif kind == "readonly":
        for each in opened:
            each.execute("PRAGMA query_only=ON")


def tell_what_waits() -> None:
    """At SIGUSR2: where each task of this process stands, and each thread, on its standard error."""

    def tell(_number: int, _frame: FrameType | None) -> None:
        faulthandler.dump_traceback(all_threads=True)
        with suppress(RuntimeError):
            for task in asyncio.all_tasks(asyncio.get_running_loop()):
                task.print_stack(file=sys.stderr)
        sys.stderr.flush()

    signal.signal(signal.SIGUSR2, tell)


def run(words: list[str]) -> None:
    """The program, watched."""
    log, at, fault, _, *command = words
    points, opened = Points(Path(log), int(at)), list[Watched]()

    def go(_number: int, _frame: FrameType | None) -> None:
        points.counting = True
        spoil_disk(fault, opened)

    signal.signal(signal.SIGUSR1, go)
    tell_what_waits()
    watch_commits(points, opened)
    if fault == "none":
        never_wait_for_a_long_log()
    else:  # a disk's faults lie at the end of a log that grows
        never_write_back()
    watch_sends(points)
    main(command)


if __name__ == "__main__":
    run(sys.argv[1:])
