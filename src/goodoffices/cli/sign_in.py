# SPDX-License-Identifier: Apache-2.0
"""Signing in at the command line: the options for it, and an offline desk with one officer signed in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from goodoffices.cli.output import passphrase
from goodoffices.core.errors import AlreadyRunning
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.presence.present import require_listed
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.vault import Vault, open_vault

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
THERE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class SignedIn:
    """An offline desk over its vault, with one officer signed in."""

    vault: Vault
    desk: Desk
    officer: Officer


def signing_in(command: click.decorators.FC) -> click.decorators.FC:
    """The options with which an officer signs in at the command line."""
    for option in (
        click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies."),
        click.option("--passphrase-file", type=FILE, help="The officer's passphrase, on the first line."),
        click.option("--officer", required=True, help="Who does this. Needs the right 'keys'."),
        click.option("--vault", required=True, type=FOLDER, help="The office's vault."),
    ):
        command = option(command)
    return command


@contextmanager
def signed_in(
    vault: Path, officer: str, passphrase_file: Path | None, unlock_file: Path | None
) -> Iterator[SignedIn]:
    """An offline desk with one officer signed in."""
    with open_vault(vault, unlock_path=unlock_file) as opened:
        keys = opened.sign_in(officer, passphrase(passphrase_file, f"Passphrase of {officer}"))
        desk = desk_of(opened)
        person = Officer(keys.name, keys.public, keys.seed)
        opened.know_key(keys.name, person.public)
        require_listed(desk, person)
        desk.unlock(keys.reading_key, now())
        yield SignedIn(opened, desk, person)


@contextmanager
def stands_on(page: str) -> Iterator[None]:
    """For a command that only shows: where the same stands while a desk runs on the vault."""
    try:
        yield
    except AlreadyRunning as error:
        raise AlreadyRunning(
            error.what, f"The same stands on the running desk's page {page}; or stop the desk first."
        ) from None


def now() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000
