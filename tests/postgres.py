# SPDX-License-Identifier: Apache-2.0
"""Real PostgreSQL servers for tests: made, started, killed and promoted on loopback.

PostgreSQL refuses to run as root, so root lends its servers to the user `postgres` (or `nobody`).
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Self

import psycopg

NUMBERS = count(1)


def _programs() -> Path:
    """Where the server's programs are: Debian keeps them off the path, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    assert elsewhere, "the package postgresql is missing; script/test installs it"
    return Path(elsewhere).parent


def _user() -> pwd.struct_passwd:
    """Who runs the servers."""
    if os.geteuid():
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _as_user() -> list[str]:
    if os.geteuid():
        return []
    user = _user()
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One PostgreSQL server with its own folder and port. The role `relay` is what a relay uses."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.settings = ["listen_addresses=127.0.0.1", "shared_buffers=32MB", *settings]
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def fresh(cls, *settings: str) -> Self:
        server = cls(_folder(), *settings)
        run("initdb", "-D", f"{server.folder}/data", "-A", "trust", "-U", "admin", "-E", "UTF8", "--no-sync")
        server.start()
        server.do("CREATE ROLE relay LOGIN")
        return server

    def copy(self, name: str, *settings: str) -> Server:
        """A standby of this server, following it under ``name``."""
        other = Server(_folder(), *settings)
        data = f"{other.folder}/data"
        source = f"host=127.0.0.1 port={self.port} user=admin application_name={name}"
        run("pg_basebackup", "-D", data, "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        other.start()
        return other

    def start(self) -> None:
        options = [word for each in self.settings for word in ("-c", each)]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [
                *_as_user(),
                str(_programs() / "postgres"),
                *("-D", f"{self.folder}/data", "-k", str(self.folder), "-p", str(self.port), *options),
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        log.close()
        deadline = time.monotonic() + 60
        while True:
            try:
                self.do("SELECT 1")
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
            else:
                return

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            f"host=127.0.0.1 port={self.port} user=admin dbname={database} connect_timeout=20",
            autocommit=True,
        )

    def do(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with self.admin(database) as session:
            cursor = session.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self) -> str:
        """A fresh empty database that the role `relay` owns; its name."""
        name = f"relay{next(NUMBERS)}"
        self.do(f"CREATE DATABASE {name} OWNER relay")
        return name

    def url(self, database: str) -> str:
        return f"postgresql://relay@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        """As a power cut: no farewell, and every session of it dies in the same moment."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)  # it must not clean up after its children
            for child in _children(self.process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        self._end(signal.SIGKILL)

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """As a disk that does not answer: every session stays open, and nothing is said on any of them."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)  # first, so that it makes no more of them
        held = [self.process.pid, *_children(self.process.pid)]
        try:
            for each in held[1:]:
                os.kill(each, signal.SIGSTOP)
            yield
        finally:
            for each in held:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def wait_until(self, sql: str, database: str = "postgres") -> None:
        """Until a question is answered with true."""
        deadline = time.monotonic() + 60
        while self.do(sql, database) != [(True,)]:
            assert time.monotonic() < deadline, sql

    def need(self, standby: str) -> None:
        """From now on a commit counts only once this standby has it."""
        self.do(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
        self.do("SELECT pg_reload_conf()")
        self.wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")

    def promote(self) -> None:
        self.do("SELECT pg_promote()")
        self.wait_until("SELECT NOT pg_is_in_recovery()")

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(60)
            self.process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="goodoffices-postgres-"))
    if not os.geteuid():
        os.chown(folder, _user().pw_uid, _user().pw_gid)
    return folder


def run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [*_as_user(), str(_programs() / program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def server(*settings: str) -> Iterator[Server]:
    running = Server.fresh(*settings)
    try:
        yield running
    finally:
        running.close()
