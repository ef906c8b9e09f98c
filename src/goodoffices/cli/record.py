# SPDX-License-Identifier: Apache-2.0
"""``goodoffices record export`` and ``goodoffices verify``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from goodoffices.cli.output import Group, aside, passphrase, say
from goodoffices.core.record.layout import plain
from goodoffices.desk.export import export as write_export
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.vault import open_vault
from goodoffices.verify.command import run, write_page

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=Group)
def record() -> None:
    """Export the record of an office's lines."""


@record.command()
@click.argument("vault_folder", metavar="VAULT", type=FOLDER)
@click.argument("target", metavar="FOLDER", type=FOLDER)
@click.option("--officer", help="Who signs in, so that the notes' words are included. Asked for if left out.")
@click.option("--passphrase-file", type=FILE, help="The officer's passphrase, on the first line.")
@click.option("--sealed", is_flag=True, help="Nobody signs in: the words of the notes stay sealed.")
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
def export(
    vault_folder: Path,
    target: Path,
    officer: str | None,
    passphrase_file: Path | None,
    sealed: bool,
    unlock_file: Path | None,
) -> None:
    """Write the whole record of VAULT's lines into the new FOLDER, for a person to read and to verify."""
    now = time.time_ns() // 1_000_000
    with open_vault(vault_folder, unlock_path=unlock_file) as vault:
        desk = desk_of(vault)
        if not sealed:
            name = officer or str(click.prompt("Officer", err=True))
            opened = vault.sign_in(name, passphrase(passphrase_file, f"Passphrase of {name}"))
            desk.unlock(opened.reading_key, now)
        findings = write_export(desk, target, now)
    say(f"exported  {target}")
    if sealed:
        aside("Nobody signed in: the words of the notes are not in it.")
    for finding in findings:
        aside(f"finding   {plain(finding.where)}: {plain(finding.found)}")
    aside(f"Check it with: goodoffices verify {target}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.argument("other", type=click.Path(path_type=Path), required=False)
@click.option(
    "--trust", type=FILE, help="Whom to compare with: '<64 hex> name', or a witness's key, per line."
)
@click.option("--json", "as_machine", is_flag=True, help="The verdict for programs.")
@click.option("--jobs", type=click.IntRange(1), help="On how many cores; all, if left out.")
@click.option("--page", type=FILE, help="Write the second verifier, a page for a browser, to this new file.")
def verify(
    folder: Path | None,
    other: Path | None,
    trust: Path | None,
    as_machine: bool,
    jobs: int | None,
    page: Path | None,
) -> None:
    """Verify the export in FOLDER offline, and hold it against the export OTHER if one is named.

    Exit 0 verified, 1 findings or records that part, 2 not an export.
    """
    if page is not None:
        sys.exit(write_page(page))
    if folder is None:
        raise click.UsageError("Missing argument 'FOLDER'.")
    sys.exit(run(folder, trust, as_machine=as_machine, other=other, jobs=jobs))
