# SPDX-License-Identifier: Apache-2.0
"""``goodoffices relay``: serve a store-and-forward server of sealed envelopes."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from goodoffices.cli.process import calm_collector
from goodoffices.core.errors import GoodOfficesError

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def relay() -> None:
    """Run a relay: mailboxes of sealed envelopes, told no names, lines or content."""


@relay.command()
@click.option("--db", required=True, type=FILE, help="The relay's database; made if it is missing.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default="any free one", type=click.IntRange(0, 65_535))
@click.option("--tls-cert", type=FILE, help="Certificate chain (PEM). Needed on anything but loopback.")
@click.option("--tls-key", type=FILE, help="The certificate's key (PEM).")
@click.option("--admission-file", type=FILE, help="Who opens a mailbox must show the secret in this file.")
@click.option("--retention-days", default=30, show_default=True, type=click.IntRange(1, 3_650))
@click.option("--max-mailbox-mib", default=64, show_default=True, type=click.IntRange(1, 1_048_576))
@click.option("--max-mailboxes", default=10_000, show_default=True, type=click.IntRange(1, 10_000_000))
@click.option("--max-disk-mib", default=None, type=click.IntRange(1), help="Most the database may take.")
def serve(
    db: Path,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    admission_file: Path | None,
    retention_days: int,
    max_mailbox_mib: int,
    max_mailboxes: int,
    max_disk_mib: int | None,
) -> None:
    """Serve until SIGTERM or Ctrl-C. Prints one line once the relay accepts."""
    from goodoffices.relay.rules import DAY_MS, MIB, Limits
    from goodoffices.relay.service import RelayConfig, read_admission
    from goodoffices.relay.service import serve as run

    calm_collector()
    try:
        config = RelayConfig(
            db=db,
            host=host,
            port=port,
            tls_cert=tls_cert,
            tls_key=tls_key,
            admission=read_admission(admission_file) if admission_file else None,
            limits=Limits(
                mailbox_bytes=max_mailbox_mib * MIB,
                mailboxes=max_mailboxes,
                retention_ms=retention_days * DAY_MS,
            ),
            most_disk_bytes=max_disk_mib * MIB if max_disk_mib else None,
        )
        code = run(config, ready=_say_ready)
    except GoodOfficesError as error:
        click.echo(f"{error.what}\n{error.next_step}", err=True)
        sys.exit(1)
    sys.exit(code)


def _say_ready(address: str) -> None:
    click.echo(f"relay ready at {address}")
    sys.stdout.flush()
