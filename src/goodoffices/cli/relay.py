# SPDX-License-Identifier: Apache-2.0
"""``goodoffices relay``: serve a store-and-forward server of sealed envelopes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goodoffices.cli.output import fail
from goodoffices.cli.process import calm_collector
from goodoffices.core.errors import GoodOfficesError, MachineError

if TYPE_CHECKING:
    from goodoffices.relay.halves import PipeConfig
    from goodoffices.relay.postgres import Target

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def relay() -> None:
    """Run a relay: mailboxes of sealed envelopes, told no names, lines or content."""


@relay.command()
@click.option("--db", type=FILE, help="The relay's database, a file; made if it is missing.")
@click.option("--database", metavar="URL", help="Instead: a PostgreSQL database, postgresql://user@host/name")
@click.option("--password-file", type=FILE, help="Its password; without it PGPASSFILE or none.")
@click.option(
    "--standby-needed",
    is_flag=True,
    help="Do not start over a PostgreSQL server without a synchronous standby.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default="any free one", type=click.IntRange(0, 65_535))
@click.option("--tls-cert", type=FILE, help="Certificate chain (PEM). Needed on anything but loopback.")
@click.option("--tls-key", type=FILE, help="The certificate's key (PEM).")
@click.option("--admission-file", type=FILE, help="Who opens a mailbox must show the secret in this file.")
@click.option("--retention-days", default=30, show_default=True, type=click.IntRange(1, 3_650))
@click.option("--max-mailbox-mib", default=64, show_default=True, type=click.IntRange(1, 1_048_576))
@click.option(
    "--max-store-mib", default=16_384, show_default=True, type=click.IntRange(1), help="Of all mailboxes."
)
@click.option("--max-mailboxes", default=10_000, show_default=True, type=click.IntRange(1, 10_000_000))
@click.option("--max-connections", default=4_096, show_default=True, type=click.IntRange(8, 60_000))
@click.option(
    "--max-connections-per-address",
    type=click.IntRange(1),
    help="256, and no bound for this machine itself, unless given.",
)
@click.option(
    "--max-puts-per-second", default=500, show_default=True, type=click.IntRange(1), help="Of one mailbox."
)
@click.option("--behind-proxy", is_flag=True, help="Count by the last address in X-Forwarded-For.")
@click.option("--metrics-port", type=click.IntRange(0, 65_535), help="Serve metrics at this loopback port.")
@click.option(
    "--pipe",
    metavar="ADDRESS",
    help="Half of a relay: a device, tcp:HOST:PORT or listen:HOST:PORT leads to the other.",
)
@click.option("--pipe-bits", default=300, show_default=True, type=click.IntRange(50), help="A second.")
@click.option("--pipe-delay-ms", default=2_000, show_default=True, type=click.IntRange(0, 600_000))
@click.option("--max-disk-mib", default=None, type=click.IntRange(1), help="Most the database may take.")
def serve(
    db: Path | None,
    database: str | None,
    password_file: Path | None,
    standby_needed: bool,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    admission_file: Path | None,
    retention_days: int,
    max_mailbox_mib: int,
    max_store_mib: int,
    max_mailboxes: int,
    max_connections: int,
    max_connections_per_address: int | None,
    max_puts_per_second: int,
    behind_proxy: bool,
    metrics_port: int | None,
    max_disk_mib: int | None,
    pipe: str | None,
    pipe_bits: int,
    pipe_delay_ms: int,
) -> None:
    """Serve until SIGTERM or Ctrl-C. Prints one line once the relay accepts.

    Mailboxes are kept in a file (--db) or in PostgreSQL (--database).
    """
    if (db is None) == (database is None):
        raise click.UsageError("Give either --db or --database.")
    if database is None and (standby_needed or password_file is not None):
        raise click.UsageError("--standby-needed and --password-file go with --database.")
    if database is not None and pipe is not None:
        raise click.UsageError("Half of a relay keeps its mailboxes in a file: give --db with --pipe.")
    from goodoffices.relay.buckets import Rate
    from goodoffices.relay.doorkeeper import Rates
    from goodoffices.relay.rules import DAY_MS, MIB, Limits
    from goodoffices.relay.service import RelayConfig, read_admission
    from goodoffices.relay.service import serve as run

    calm_collector()
    try:
        config = RelayConfig(
            db=db if db is not None else _target(database or "", password_file),
            host=host,
            port=port,
            tls_cert=tls_cert,
            tls_key=tls_key,
            admission=read_admission(admission_file) if admission_file else None,
            limits=Limits(
                mailbox_bytes=max_mailbox_mib * MIB,
                store_bytes=max_store_mib * MIB,
                mailboxes=max_mailboxes,
                retention_ms=retention_days * DAY_MS,
            ),
            most_disk_bytes=max_disk_mib * MIB if max_disk_mib else None,
            standby_needed=standby_needed,
            rates=Rates(writes=Rate(max_puts_per_second, 8 * max_puts_per_second)),
            proxied=behind_proxy,
            connections=max_connections,
            connections_of_one=max_connections_per_address,
            metrics_port=metrics_port,
            pipe=_pipe(pipe, pipe_bits, pipe_delay_ms) if pipe else None,
        )
        code = run(config, ready=_say_ready)
    except GoodOfficesError as error:
        fail(error)
    sys.exit(code)


@relay.command()
@click.option("--database", required=True, metavar="URL", help="The relay's PostgreSQL database.")
@click.option("--password-file", type=FILE, help="Its password; without it PGPASSFILE or none.")
@click.option("--backup-made", is_flag=True, help="A copy was made with pg_dump, and can be restored.")
def upgrade(database: str, password_file: Path | None, backup_made: bool) -> None:
    """Bring a PostgreSQL database to this version's schema. Stop every relay over it first.

    A database in a file needs no such step: it is copied and brought up when the relay starts.
    """
    try:
        target = _target(database, password_file)
        from goodoffices.relay.store_postgres import upgrade as run

        done = run(target, backup_made=backup_made)
    except GoodOfficesError as error:
        fail(error)
    click.echo(f"{done} steps were run." if done else "The database is of this version already.")


def _pipe(where: str, bits: int, delay: int) -> PipeConfig:
    from goodoffices.relay.halves import PipeConfig

    return PipeConfig(where, bits, delay)


def _target(database: str, password_file: Path | None) -> Target:
    """Read --database. What it needs beyond an ordinary installation is named when it is missing."""
    try:
        from goodoffices.relay.postgres import read_target
    except ImportError as error:
        raise MachineError(
            "The library for PostgreSQL is not installed.", "Run: script/bootstrap postgresql"
        ) from error
    return read_target(database, password_file)


def _say_ready(address: str) -> None:
    click.echo(f"relay ready at {address}")
    sys.stdout.flush()
