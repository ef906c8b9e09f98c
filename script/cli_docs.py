# SPDX-License-Identifier: Apache-2.0
"""Every command and option of ``goodoffices`` as one page, docs/cli.md, made from the commands themselves.

It is called through script/cli-docs. Nothing is written by hand here but the head of the page: what a
command says of itself is its help.
"""

# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from goodoffices.cli.main import main as program

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
HEAD = """\
# Every command

Made by `script/cli-docs` from the commands' own help; do not edit. `goodoffices COMMAND --help` says the same.

What was asked for goes to standard output, what a person should know beside it to standard error. Exit codes: 0 done;
1 refused or failed, with [whose fault it is and the next step](errors.md); 2 the command was not understood.
`goodoffices verify` has codes of its own: 0 verified, 1 findings, 2 not an export.

Passphrases are asked for, or read from a file with mode 0600; never from an argument, which others on the machine
could see.
"""


def commands(
    group: click.Group, path: tuple[str, ...] = ("goodoffices",)
) -> Iterator[tuple[str, click.Command]]:
    """(full name, command) of everything that can be called, in alphabetical order."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_section(name, command) for name, command in commands(program))


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"\n## {name}\n", f"`{name} {usage}`\n", " ".join((command.help or "").split()) + "\n"]
    options = [
        row for each in command.params if isinstance(each, click.Option) and (row := _row(each, context))
    ]
    if options:
        lines.append("| option | |\n| --- | --- |\n" + "".join(options))
    return "\n".join(lines)


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    if record is None or "--help" in option.opts:
        return ""
    names, said = record
    return f"| `{names}` | {' '.join(said.split()).replace('|', '/')} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    click.echo(f"wrote {PAGE.relative_to(PAGE.parent.parent)}")
