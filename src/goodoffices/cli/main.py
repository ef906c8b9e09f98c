# SPDX-License-Identifier: Apache-2.0
"""``goodoffices``: all commands by name. Each group stands in a module of its own."""

from __future__ import annotations

import click

from goodoffices import __version__
from goodoffices.cli.desk import desk
from goodoffices.cli.drill import drill
from goodoffices.cli.line import line
from goodoffices.cli.office import office
from goodoffices.cli.output import Group
from goodoffices.cli.record import record, verify
from goodoffices.cli.relay import relay


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="goodoffices")
def main() -> None:
    """Written notes between two sides that do not speak, through an intermediary both accept."""


for command in (office, line, desk, relay, drill, record, verify):
    main.add_command(command)
