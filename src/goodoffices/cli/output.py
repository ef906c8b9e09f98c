# SPDX-License-Identifier: Apache-2.0
"""The command line's voice.

What was asked for goes to standard output; what a person should know beside it, to standard error.
An error is two sentences: what happened, and what to do. Exit codes: 0 done, 1 refused or failed, 2 the
command was not understood (click's own).
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from goodoffices.core import cbor
from goodoffices.core.errors import GoodOfficesError, MachineError, OtherOfficeError, YourError

SOCKS = "A SOCKS5 proxy such as Tor's for every relay elsewhere: socks5h://127.0.0.1:9050."
"""What each command says of the option that takes one."""

ROOT = b"Good Offices root."
"""How a root's file begins."""


class Group(click.Group):
    """A group whose commands turn this program's errors into two sentences and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a GoodOfficesError never becomes a traceback."""
        try:
            return super().invoke(ctx)
        except GoodOfficesError as error:
            fail(error)


def fail(error: GoodOfficesError) -> NoReturn:
    """Say whose fault it is, what happened and the next step; exit 1."""
    click.echo(f"goodoffices: {error.what}", err=True)
    click.echo(f"  whose fault: {error.fault}; next step: {error.next_step}", err=True)
    sys.exit(1)


def say(text: str = "") -> None:
    """What was asked for, flushed at once: other programs read it line by line."""
    click.echo(text)
    sys.stdout.flush()


def aside(text: str) -> None:
    """What a person should know beside the result."""
    click.echo(text, err=True)


def passphrase(file: Path | None, what: str, *, confirm: bool = False) -> str:
    """A secret from a file's first line, or typed. Never from an argument: others could see that."""
    if file is not None:
        lines = secret_lines(file)
        return lines[0] if lines else ""
    return str(click.prompt(what, hide_input=True, confirmation_prompt=confirm, err=True))


def secret_lines(file: Path) -> list[str]:
    """The lines of a file with secrets, one a line. A file that others can read is said to be so."""
    try:
        if file.stat().st_mode & 0o077:
            aside(f"Other users of this machine could read {file}. Run: chmod 600 {shlex.quote(str(file))}")
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise MachineError(f"{file} cannot be read: {error.strerror}.", "Check the path.") from None
    except UnicodeDecodeError:
        raise YourError(f"{file} is not text in UTF-8.", "Name the file that holds the secret.") from None


def require_new(file: Path) -> None:
    """Refuse to write over what is there: it may be the only copy."""
    if file.exists() or file.is_symlink():
        raise YourError(f"{file} is there already.", "Name a file that does not exist yet.")


def write_new(file: Path, content: bytes) -> None:
    """A new file that only this user can read."""
    from goodoffices.desk.vault.files import (
        on_disk,
        write_private,
    )  # brings the cryptography: not for a relay

    require_new(file)
    with on_disk(file):
        write_private(file, content)


def read_file(file: Path, most: int) -> bytes:
    """A file that somebody handed over; of one that is too large, just enough to be refused."""
    from goodoffices.desk.vault.files import on_disk

    with on_disk(file), file.open("rb") as opened:
        return opened.read(most + 1)


def chosen(file: Path, most: int, what: str, fits: Callable[[Any], bool]) -> bytes:
    """A file that was named on this command line: one of another sort is a slip here, nobody else's fault.

    ``fits`` is asked of the value that the file holds; what fits is verified by whoever reads it then.
    """
    raw = read_file(file, most)
    try:
        found = fits(cbor.decode(raw, max_size=most))
    except OtherOfficeError:
        found = False
    if not found and raw.startswith(ROOT):
        raise YourError(
            f"{file} is a root: whoever holds it speaks for its office. It is no {what}.",
            "Move it away from here, to where the root is kept; nobody else is ever handed it.",
        )
    if not found and _is_text(raw):
        raise YourError(
            f"{file} is a text, and no {what}.",
            "Name the file that you mean. If this one holds a passphrase, see that nobody was handed it.",
        )
    if not found:
        raise YourError(
            f"{file} is no {what}.",
            "Look whether it is the file that you mean; if it is, it was damaged on the way: ask for it again.",
        )
    return raw


def _is_text(raw: bytes) -> bool:
    try:
        return raw.decode().replace("\n", "").replace("\r", "").replace("\t", "").isprintable() and bool(raw)
    except UnicodeDecodeError:
        return False


def admission(file: Path | None) -> Callable[[str], str | None]:
    """The secret that each relay asks for before it makes a mailbox: a line ``URL secret``, or one for all others."""
    return admission_in(secret_lines(file) if file is not None else (), str(file))


def admission_in(lines: Iterable[str], file: str) -> Callable[[str], str | None]:
    """The same of lines that are read already; ``file``: what they are called where they are something else."""
    secrets: dict[str, str] = {}
    for line in lines:
        *url, secret = line.split()[-2:] or [""]
        if not secret.isascii() or not secret.isprintable() or len(line.split()) > 2:
            raise YourError(
                f"{file} holds something else than secrets of relays.", "Ask the relay's operator for it."
            )
        if secret:
            secrets[url[0].rstrip("/") if url else ""] = secret
    return lambda relay: secrets.get(relay.rstrip("/"), secrets.get(""))
