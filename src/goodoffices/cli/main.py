# SPDX-License-Identifier: Apache-2.0
"""``goodoffices``: all commands by name. Each group stands in a module of its own."""

from __future__ import annotations

from importlib import import_module

import click

from goodoffices import __version__
from goodoffices.cli.output import Group

MODULES = {
    "office": "root",
    "line": "line",
    "desk": "setting_up",
    "courier": "courier",
    "backup": "backup",
    "doctor": "doctor",
    "relay": "relay",
    "drill": "drill",
    "record": "record",
    "verify": "record",
    "note": "note",
    "form": "form",
    "chronicle": "chronicle",
    "briefing": "briefing",
}
"""Which module holds a command. Only the one that is called is loaded: the pages alone take half a second."""


class Commands(Group):
    """The commands of ``MODULES``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in MODULES:
            return None
        found = getattr(import_module(f"goodoffices.cli.{MODULES[cmd_name]}"), cmd_name)
        assert isinstance(found, click.Command)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="goodoffices")
def main() -> None:
    """Written notes between two sides that do not speak, through an intermediary both accept."""
