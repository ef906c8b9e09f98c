# SPDX-License-Identifier: Apache-2.0
"""``goodoffices note check``: a signed note from pictures of its sheet, held against its author's credential."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from goodoffices.cli.output import Group, aside, read_file, say
from goodoffices.core.digits import grouped
from goodoffices.core.errors import GoodOfficesError, OtherOfficeError
from goodoffices.core.note import note_digits, verify_release
from goodoffices.core.office import MAX_CREDENTIAL, read_office
from goodoffices.core.record.layout import plain
from goodoffices.core.sheet import rebuilt
from goodoffices.core.statement import LIVE
from goodoffices.desk.courier.pictures import MAX_FILE
from goodoffices.desk.sheet_check import codes_in

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=Group)
def note() -> None:
    """A note on paper."""


@note.command("check")
@click.argument("pictures", type=FILE, nargs=-1, required=True)
@click.option("--credential", type=FILE, required=True, help="The author's credential, known from elsewhere.")
def check(pictures: tuple[Path, ...], credential: Path) -> None:
    """Verify the signed note whose codes are in PICTURES: photographs or scans of its sheet (PNG, JPEG, WebP),
    or texts that hold the codes.

    Exit 0 verified, 1 not what its author signed, 2 not readable.
    """
    office = read_office(read_file(credential, MAX_CREDENTIAL))
    found: list[bytes] = []
    for picture in pictures:
        try:
            found += codes_in(read_file(picture, MAX_FILE))
        except OtherOfficeError as error:
            aside(f"unused    {picture}: {error.what}")
    try:
        opened = rebuilt(found)
        signers = verify_release(opened, office)
    except OtherOfficeError as error:
        _refuse(error, 1)
    except GoodOfficesError as error:
        _refuse(error, 2)
    stated, words, note_id = opened.note, opened.words, opened.signed.statement.id
    when = datetime.fromtimestamp(stated.time[0] / 1000, UTC).isoformat(timespec="seconds")
    say("verified  the words below are what the author's officers signed")
    if office.realm != LIVE:
        say("DRILL     a rehearsal; nothing here is meant")
    say(f"author    {plain(office.name)}, fingerprint digits {grouped(office.digits)}")
    say(f"note      {stated.number}, released {when} by its own clock")
    say(f"signed    {', '.join(map(plain, signers))}")
    say(f"to        {stated.recipient.hex()}")
    say(f"id        {note_id.hex()}")
    say(f"digits    {grouped(note_digits(note_id))}")
    say()
    for line in words.text.splitlines():
        say(f"  {plain(line)}")


def _refuse(error: GoodOfficesError, code: int) -> NoReturn:
    say("not verified" if code == 1 else "not readable")
    say(f"  {error.what}")
    if error.next_step:
        aside(error.next_step)
    sys.exit(code)
