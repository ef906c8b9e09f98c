# SPDX-License-Identifier: Apache-2.0
"""``goodoffices desk certificate``: a certificate for the pages, signed by an authority of the office's own."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from goodoffices.cli.desk import desk
from goodoffices.cli.output import aside, say
from goodoffices.cli.sign_in import now
from goodoffices.core.certificates import SERVER_DAYS, make_authority, make_server
from goodoffices.core.errors import YourError
from goodoffices.desk.vault.files import on_disk, write_private

TLS = "tls"
"""The folder of these files, beside the vault."""
AUTHORITY, AUTHORITY_KEY, CHAIN, KEY = "authority.pem", "authority.key", "chain.pem", "key.pem"


@desk.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--name", "names", multiple=True, required=True, help="A host name or address of the desk. Repeat."
)
def certificate(folder: Path, names: tuple[str, ...]) -> None:
    """Make or renew the certificate in FOLDER; its authority is made with the first one and kept.

    Browsers and telephones trust it once authority.pem is installed on them. Restart the desk afterwards.
    """
    made = issue(folder, list(names))
    if made:
        aside(f"A new authority: install {folder / AUTHORITY} on each browser and telephone of the office.")
        aside(
            f"Move {folder / AUTHORITY_KEY} off this machine; bring it back to renew. Whoever has it can pose as"
            " any of your machines."
        )
    say(f"certificate for {', '.join(names)}, {SERVER_DAYS} days: {folder / CHAIN}, {folder / KEY}")


def issue(folder: Path, names: list[str]) -> bool:
    """Write chain and key for ``names``; True if the authority was made along with them."""
    for each in names:
        if not re.fullmatch(r"[A-Za-z0-9.:-]{1,253}", each):
            raise YourError(f"'{each}' is no host name or address.", "Give it as browsers call it.")
    with on_disk(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not (folder / AUTHORITY).exists()
        if new:
            authority, key = make_authority(f"{names[0]}: authority of this office", now())
            write_private(folder / AUTHORITY_KEY, key)
            write_private(folder / AUTHORITY, authority)
        elif not (folder / AUTHORITY_KEY).exists():
            raise YourError(
                f"{folder / AUTHORITY_KEY} is not here.", "Bring it back to this folder, then run this again."
            )
        chain, server_key = make_server(
            (folder / AUTHORITY).read_bytes(), (folder / AUTHORITY_KEY).read_bytes(), names, now()
        )
        for name, content in ((KEY, server_key), (CHAIN, chain)):
            part = folder / f"{name}.new"
            part.unlink(missing_ok=True)
            write_private(part, content)
            os.replace(part, folder / name)  # noqa: PTH105 - one step, whatever is there
    return new
