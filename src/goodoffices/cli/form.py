# SPDX-License-Identifier: Apache-2.0
"""`goodoffices form`: forms and code books as files, checked, shown in every language, given to a desk."""

from __future__ import annotations

from pathlib import Path

import click

from goodoffices.cli.output import Group, read_file, say
from goodoffices.cli.sign_in import FILE, now, signed_in, signing_in
from goodoffices.core.codebook import CodeBook
from goodoffices.core.errors import NotFound
from goodoffices.core.forms import NoteForm, Sort
from goodoffices.core.record.layout import plain
from goodoffices.desk.forms.library import Library, shipped
from goodoffices.desk.forms.reading import LARGEST_FILE, Agreed
from goodoffices.desk.forms.reading import read_file as read_form_file

BY_NAME = {
    each.agreed.code if isinstance(each.agreed, NoteForm) else each.agreed.word: each for each in shipped()
}


@click.group(cls=Group)
def form() -> None:
    """Forms and code books: wording that two sides agree on beforehand."""


@form.command("list")
def list_() -> None:
    """List the forms and code books that come with the program."""
    for name, each in BY_NAME.items():
        say(f"{name:<8} {', '.join(each.agreed.languages):<16} {plain(each.agreed.title[0])}")


@form.command()
@click.argument("name")
def file(name: str) -> None:
    """Write the file of a shipped form or code book to standard output: the beginning of your own."""
    if name not in BY_NAME:
        raise NotFound(f"There is no shipped form {name}.", f"There are {', '.join(BY_NAME)}.")
    click.echo(BY_NAME[name].source, nl=False)


@form.command()
@click.argument("source", metavar="FILE", type=FILE)
def check(source: Path) -> None:
    """Check a form's or code book's FILE and show its wording in every language."""
    agreed = read_form_file(read_file(source, LARGEST_FILE), source.name)
    for at, tongue in enumerate(agreed.languages):
        say(f"[{tongue}] {plain(agreed.title[at])}")
        _show(agreed, at)
    say(f"{len(agreed.raw)} bytes, id {agreed.id.hex()}")


def _show(agreed: Agreed, at: int) -> None:
    if isinstance(agreed, CodeBook):
        for number, said in agreed.texts:
            say(f"  {agreed.code(number)}: {plain(said[at])}")
        return
    for each in agreed.fields:
        say(f"  {'*' if each.needed else ' '} {plain(each.label[at])} ({Sort(each.sort).name.lower()})")
        for choice in each.choices:
            say(f"      - {plain(choice[at])}")


@form.command()
@click.argument("source", metavar="FILE", type=FILE)
@signing_in
def add(
    source: Path, vault: Path, officer: str, passphrase_file: Path | None, unlock_file: Path | None
) -> None:
    """Give a form's or code book's FILE to a desk that is stopped; a mandate can then list it."""
    data = read_file(source, LARGEST_FILE)
    read_form_file(data, source.name)
    with signed_in(vault, officer, passphrase_file, unlock_file) as there:
        made = Library(there.desk.context).add(there.officer, data, source.name, now())
        say(f"added {made.hex()}")
