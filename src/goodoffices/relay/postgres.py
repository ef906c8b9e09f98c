# SPDX-License-Identifier: Apache-2.0
"""Connections to the PostgreSQL server that keeps a relay's mailboxes, and what the server must be.

A relay's answer means that the envelope survives. So a server that does not sync its log is refused,
every session asks for synchronous commits itself, and a commit that came with a warning does not count:
that is how PostgreSQL says that it gave up waiting for the standby.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import Diagnostic

from goodoffices.core.addresses import loopback
from goodoffices.core.errors import MachineError
from goodoffices.db.sqlite import check_private

OLDEST = 13
CONNECT_SECONDS = 5
VERIFIED = frozenset({"verify-ca", "verify-full"})
Row = tuple[object, ...]
Session = psycopg.Connection[Row]


class Unfit(MachineError):
    """The server is reached and is not one that a relay may stand on."""


class Behind(psycopg.OperationalError):
    """The server is a primary of the past: another one was promoted after it."""


@dataclass(frozen=True)
class Target:
    """Where the database is. The text holds the password, if one was given by file: never show it."""

    servers: tuple[str, ...] = field(repr=False)
    """A connection string for each server, in the order in which they are tried."""
    hosts: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Its hosts, for people."""
        return ", ".join(self.hosts) or "the local server"


def read_target(url: str, password_file: Path | None) -> Target:
    """A connection string as libpq knows them, without a password in it.

    Adds what a relay needs: the host that takes writes, silent hosts noticed, TLS with a checked
    certificate except on this machine. Raises MachineError.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise MachineError(
            f"--database is not a connection string: {str(error).strip()}.",
            "Write postgresql://user@host1,host2/name",
        ) from error
    if "password" in given:
        raise MachineError(
            "--database holds a password, which everybody on this machine can read in the list of processes.",
            "Leave it out, change it, and put the new one into a file: --password-file, or PGPASSFILE.",
        )
    hosts = tuple(str(given.get("host") or "").split(","))
    away = [host for host in hosts if host and not host.startswith(("/", "@")) and not loopback(host)]
    mode = str(given.get("sslmode") or "")
    if away and mode and mode not in VERIFIED:
        raise MachineError(
            f"sslmode={mode} would let anybody between here and {away[0]} confirm what was never stored.",
            "Use sslmode=verify-full, and sslrootcert with your certificate authority.",
        )
    added: dict[str, str | int] = {
        "target_session_attrs": "read-write",
        "application_name": "goodoffices-relay",
        "connect_timeout": CONNECT_SECONDS,
        # A host that falls silent is noticed within some ten seconds.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    if away:
        added["sslmode"] = "verify-full"
    kept = {name: value for name, value in given.items() if value is not None}
    if kept.get("target_session_attrs", "read-write") not in {"read-write", "primary"}:
        raise MachineError(
            "A relay writes: target_session_attrs must be read-write.", "Leave it out of --database."
        )
    if password_file is not None:
        kept["password"] = _read_password(password_file)
    return Target(_one_by_one({**added, **kept}), tuple(host for host in hosts if host))


def _one_by_one(parameters: dict[str, str | int]) -> tuple[str, ...]:
    """Connection strings with one host each, so that it is known, and chosen, which server one is at."""
    lists = {
        name: str(parameters[name]).split(",") for name in ("host", "hostaddr", "port") if name in parameters
    }
    count = max([len(values) for values in lists.values()], default=1)
    for name, values in lists.items():
        if len(values) not in {1, count}:
            raise MachineError(
                f"--database names {count} servers, and {len(values)} of {name}.",
                "Give each its own, or one for all.",
            )
    servers = []
    for at in range(count):
        own: dict[str, str | int] = {name: values[at % len(values)] for name, values in lists.items()}
        servers.append(make_conninfo("", **{**parameters, **own}))
    return tuple(servers)


def _read_password(path: Path) -> str:
    try:
        check_private(path)
        return path.read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise MachineError(f"{path} cannot be read.", "Check --password-file.") from error


# What every session of a relay sets for itself, whatever the server's defaults are. A timeout on
# statements would end the wait for the standby and report a success that is none.
SESSION = (
    "SET synchronous_commit = %s",
    "SET statement_timeout = 0",
    "SET lock_timeout = '10s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    "SET default_transaction_isolation = 'read committed'",
    "SET client_min_messages = 'warning'",
)


TIMELINE = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"


@dataclass(frozen=True)
class Server:
    """What a session found out about its server."""

    timeline: int
    """Counts promotions: a later primary has a higher one."""
    standbys: str
    """synchronous_standby_names; empty: this server alone has what it confirms."""


def prepare(session: Session) -> Server:
    """Set a session up for writing, and check the server. Raises Unfit."""
    if session.info.server_version < OLDEST * 10_000:
        raise Unfit(
            f"The PostgreSQL server is of version {session.info.server_version // 10_000}.",
            f"Use version {OLDEST} or newer.",
        )
    if session.info.encoding != "utf-8":
        session.execute("SET client_encoding = 'UTF8'")
    level = setting(session, "synchronous_commit")
    session.execute("SELECT set_config('synchronous_commit', %s, false)", (stronger(level),))
    for statement in SESSION[1:]:
        session.execute(statement)
    return check(session)


def stronger(level: str) -> str:
    """The level of synchronous_commit that a relay asks for: at least 'on'."""
    return "remote_apply" if level == "remote_apply" else "on"


def setting(session: Session, name: str) -> str:
    """A setting of the server, as this session sees it."""
    row = session.execute("SELECT current_setting(%s)", (name,)).fetchone()
    return str(row[0]) if row else ""


def check(session: Session) -> Server:
    """Whether an answer of this server means what a relay promises with it. Raises Unfit."""
    for name, harm in (
        ("fsync", "loses what it confirmed, or all of it, when the power fails"),
        ("full_page_writes", "can be left with torn pages when the power fails"),
    ):
        if setting(session, name) != "on":
            raise Unfit(
                f"The PostgreSQL server runs with {name}=off: it {harm}.",
                f"Set {name}=on on the server and reload it.",
            )
    if setting(session, "synchronous_commit") not in {"on", "remote_apply"}:
        raise Unfit(
            "The PostgreSQL server does not commit synchronously.", "Find out what resets synchronous_commit."
        )
    row = session.execute(TIMELINE).fetchone()
    assert row is not None
    return Server(int(str(row[0])), setting(session, "synchronous_standby_names"))


class Warned:
    """Notes whether the server warned a session; what was committed meanwhile may be on one server only."""

    def __init__(self) -> None:
        self.heard = False

    def __call__(self, diagnostic: Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            self.heard = True


def cut(session: Session | psycopg.AsyncConnection[Row]) -> None:
    """End a session under whoever waits for its answer. Not by a cancel: that would make an old primary commit alone,
    and a server that hangs does not hear it."""
    with (
        contextlib.suppress(OSError, psycopg.Error),  # it may just have ended
        socket.socket(fileno=os.dup(session.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)


def connect(
    target: Target,
    warned: Callable[[Diagnostic], None],
    least: int,
    opening: Callable[[Session], None] = lambda _: None,
) -> tuple[Session, Server, str]:
    """A session at the server that takes writes, on a timeline not before ``least``; and where that is.

    Of several the one that was promoted last: an earlier one is a primary of the past that nobody told.
    In autocommit mode: transactions are begun and ended in words. Raises psycopg.OperationalError when
    there is no such server, Unfit when there is one that a relay must not stand on. ``opening``: told of each session
    before it is asked anything, for a server may hang.
    """
    reason: psycopg.OperationalError = psycopg.OperationalError("no server is named")
    best: tuple[Session, Server, str] | None = None
    for conninfo in target.servers:
        try:
            session: Session = psycopg.connect(conninfo, autocommit=True)
        except psycopg.OperationalError as error:
            reason = error
            continue
        try:
            opening(session)
            session.add_notice_handler(warned)
            server = prepare(session)
        except psycopg.OperationalError as error:
            session.close()
            reason = error
            continue
        except BaseException:
            session.close()
            raise
        if server.timeline < (best[1].timeline if best else least):
            reason = Behind(f"timeline {server.timeline} of a primary of the past")
            session.close()
        else:
            if best is not None:
                best[0].close()
            best = session, server, conninfo
    if best is None:
        raise reason
    return best
