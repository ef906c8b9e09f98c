# SPDX-License-Identifier: Apache-2.0
"""``goodoffices doctor``: whether a desk is ready, in plain words, asked of its vault or of its running pages."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from goodoffices.cli.certificate import CHAIN, TLS
from goodoffices.cli.output import aside, fail, say
from goodoffices.core.errors import AlreadyRunning, GoodOfficesError
from goodoffices.desk.backup.running import kept_state
from goodoffices.desk.readiness import all_checks, machine
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.vault import open_vault
from goodoffices.desk.views.lines import line_cards
from goodoffices.web.readiness import in_words

SIGNS = {"bad": "MEND", "soon": "soon", "good": "ok"}


@click.command()
@click.option(
    "--vault", required=True, type=click.Path(file_okay=False, path_type=Path), help="The office's vault."
)
@click.option(
    "--unlock-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the unattended tier's secret lies.",
)
@click.option(
    "--tls-cert",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The pages' certificate chain (PEM); else that of desk setup.",
)
def doctor(vault: Path, unlock_file: Path | None, tls_cert: Path | None) -> None:
    """Say what would fail when it is needed, and what to do. Exit 0 nothing to mend now, 1 something.

    The desk must be stopped; a running one says the same, and more, on its page Ready.
    """
    try:
        bad = _look(vault, unlock_file, tls_cert)
    except AlreadyRunning as error:
        fail(AlreadyRunning(error.what, "A running desk says all of this on its page Ready."))
    except GoodOfficesError as error:
        fail(error)
    else:
        sys.exit(1 if bad else 0)


def _look(vault: Path, unlock_file: Path | None, tls_cert: Path | None) -> bool:
    now = time.time_ns() // 1_000_000
    beside = vault.absolute().parent / TLS / CHAIN
    if tls_cert is None and beside.exists():
        tls_cert = beside  # as desk setup lays it
    with open_vault(vault, unlock_path=unlock_file) as opened:
        desk = desk_of(opened)
        state, cards = kept_state(desk.ledger), line_cards(desk, now, ())
        checks = all_checks(desk, machine(vault, tls_cert), state, cards, now)
    for each in checks:
        what, step = in_words(each)
        at = datetime.fromtimestamp(each.at / 1000, UTC).strftime(" (%Y-%m-%d %H:%M UTC)") if each.at else ""
        say(f"{SIGNS[each.state]:4}  {what}{at}")
        if each.state != "good":
            say(f"      {step}")
    aside("Watches, devices and the state of relays are known to the running desk alone: see its page Ready.")
    return any(each.state == "bad" for each in checks)
