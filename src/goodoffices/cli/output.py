# SPDX-License-Identifier: Apache-2.0
"""The command line's voice.

What was asked for goes to standard output; what a person should know beside it, to standard error.
An error is two sentences: what happened, and what to do. Exit codes: 0 done, 1 refused or failed, 2 the
command was not understood (click's own).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from goodoffices.core.errors import GoodOfficesError


class Group(click.Group):
    """A group whose commands turn this program's errors into two sentences and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a GoodOfficesError never becomes a traceback."""
        try:
            return super().invoke(ctx)
        except GoodOfficesError as error:
            fail(error)


def fail(error: GoodOfficesError) -> None:
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
        lines = file.read_text(encoding="utf-8").splitlines()
        return lines[0] if lines else ""
    return str(click.prompt(what, hide_input=True, confirmation_prompt=confirm, err=True))
