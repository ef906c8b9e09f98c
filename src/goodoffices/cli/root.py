# SPDX-License-Identifier: Apache-2.0
"""`goodoffices office share-root`, `join-root`: the root in shares, so that no single loss or theft takes it."""

from __future__ import annotations

from pathlib import Path

import click

from goodoffices.cli.backup import words_of
from goodoffices.cli.office import credential_in, office, read_root, root_name, write_root
from goodoffices.cli.output import aside, require_new, say, write_new
from goodoffices.cli.sign_in import FILE, FOLDER, THERE
from goodoffices.core import crypto, digits
from goodoffices.core.errors import YourError
from goodoffices.desk.backup import keepers


@office.command(name="share-root")
@click.argument("root_file", metavar="ROOT", type=THERE)
@click.option("--keeper", "names", multiple=True, required=True, help="Who shall hold a share. Repeat.")
@click.option(
    "--needed", type=click.IntRange(2, 16), default=2, show_default=True, help="Shares that give it back."
)
@click.option("--shares", required=True, type=FOLDER, help="A new folder for the shares, one file a keeper.")
def share_root(root_file: Path, names: tuple[str, ...], needed: int, shares: Path) -> None:
    """Cut the ROOT into shares of words: some of them together speak for the office, fewer know nothing.

    Needs no vault; best on a machine without a network. Shares of another cutting do not fit.
    """
    if len(set(names)) != len(names):
        raise YourError("Two keepers have the same name.", "Name each as he is known.")
    require_new(shares)
    seed, name = read_root(root_file), root_name(root_file)
    made = keepers.share(seed, needed, len(names))
    shares.mkdir(mode=0o700, parents=True)
    for at, (keeper, words) in enumerate(zip(names, made, strict=True), 1):
        text = (
            f"ROOT SHARE {at} of {len(names)}, for {keeper}. Any {needed} of them speak for {name}.\n"
            f"KEY {digits.grouped(_digits(seed))}\n{words}\n"
        )
        write_new(shares / f"root-share-{at}.txt", text.encode())
    say(f"{len(names)} shares in {shares}; any {needed} give the root of {name} back")
    aside("Try it now: goodoffices office join-root. Give each keeper one, on paper best; remove the folder.")
    aside("Whether a whole root file stays anywhere is for you to decide. Whoever has one needs no shares.")


@office.command(name="join-root")
@click.option(
    "--share", "shares", multiple=True, required=True, type=THERE, help="A share, in a file. Repeat."
)
@click.option(
    "--credential", required=True, type=THERE, help="The office's credential, as any counterpart has it."
)
@click.option(
    "--out", type=FILE, help="Write the root file here. Without it this is a try, and nothing is written."
)
def join_root(shares: tuple[Path, ...], credential: Path, out: Path | None) -> None:
    """Put the root together from enough shares, and hold it against the office's CREDENTIAL."""
    if out is not None:
        require_new(out)
    shown = credential_in(credential)
    seed = keepers.join([words_of(each) for each in shares])
    if crypto.root_public(seed) != (shown.root.ed25519, shown.root.mldsa65):
        raise YourError(
            f"These shares give the root of another office than {shown.name}.",
            "Bring the shares of this office, and its newest cutting.",
        )
    say(f"the root of {shown.name} is whole")
    if out is not None:
        write_root(out, shown.name, seed)
        say(f"written to {out}")
        aside("Sign what is to be signed, then destroy this file.")


def _digits(seed: bytes) -> str:
    """30 digits that tell one root from another on paper, from its public half."""
    ed25519, mldsa65 = crypto.root_public(seed)
    return digits.check_digits("root", crypto.sha256(ed25519 + mldsa65), digits.CREDENTIAL)
