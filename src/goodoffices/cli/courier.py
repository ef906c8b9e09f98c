# SPDX-License-Identifier: Apache-2.0
"""``goodoffices courier``: carry what a line owes by hand, on a stick or as pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from goodoffices.cli.output import Group, aside, say, write_new
from goodoffices.core.courier import MAX_BUNDLE, letters
from goodoffices.core.errors import AlreadyRunning, GoodOfficesError, OtherOfficeError, Oversized, YourError
from goodoffices.core.record.layout import counted
from goodoffices.desk.courier.carrying import TakenIn, carry_in, carry_out, stop_out
from goodoffices.desk.desk import Desk
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.vault import open_vault

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=Group)
def courier() -> None:
    """Carry what a line owes by hand, when no relay is to be had. A desk that runs has a page for it."""


@contextmanager
def _desk(vault: Path, unlock: Path | None) -> Iterator[Desk]:
    try:
        with open_vault(vault, unlock_path=unlock) as opened:
            yield desk_of(opened)
    except AlreadyRunning as error:
        raise AlreadyRunning(
            error.what, "Use the page 'By hand' of the running desk (under Lines), or stop the desk first."
        ) from None


def _now() -> int:
    return time.time_ns() // 1_000_000


@courier.command("out")
@click.argument("vault", type=FOLDER)
@click.argument("line")
@click.option("--to", "target", type=FILE, help="The new file that goes on the stick.")
@click.option(
    "--pictures", type=FOLDER, help="A new folder of pictures (QR codes) to print or to show instead."
)
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
def out(vault: Path, line: str, target: Path | None, pictures: Path | None, unlock_file: Path | None) -> None:
    """Write everything that LINE owes into one bundle, for its other office alone.

    What is carried stays owed until its receipt comes, by whatever way.
    """
    if (target is None) == (pictures is None):
        raise YourError("Say where to: --to FILE for a stick, or --pictures FOLDER.", "Give one of the two.")
    with _desk(vault, unlock_file) as desk:
        row = desk.line_named(line)
        bundle = carry_out(desk, None, row.id, _now(), pictures=pictures is not None)
        sign = letters(row.id, row.peer)
    if target is not None:
        write_new(target, bundle)
        say(f"bundle    {target}  ({len(bundle)} bytes)")
    else:
        assert pictures is not None
        from goodoffices.desk.courier.frames import frames_of
        from goodoffices.desk.courier.pictures import png

        frames = frames_of(bundle)
        pictures.mkdir(mode=0o700)
        for number, frame in enumerate(frames, 1):
            write_new(pictures / f"{number:04}.png", png(frame))
        say(f"pictures  {pictures}  ({len(frames)}; up to three in seven may be lost)")
    say(f"letters   {sign}")
    aside("Nobody but the other office's desk can open it. It names nobody.")
    aside("Its page 'By hand' shows the same letters: write them on the stick, so that none is swapped.")


@courier.command("in")
@click.argument("vault", type=FOLDER)
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
def take_in(vault: Path, files: tuple[Path, ...], unlock_file: Path | None) -> None:
    """Take in a bundle, or pictures of one: the same checks as from a relay."""
    bundles = _bundles(files)
    against: list[tuple[str, YourError | OtherOfficeError]] = []
    with _desk(vault, unlock_file) as desk:
        for name, bundle in bundles:
            try:
                _tell(carry_in(desk, None, bundle, _now()))
            except (YourError, OtherOfficeError) as error:  # somebody else's, beside this office's own
                against.append((name, error))
    if len(against) == len(bundles):
        raise against[-1][1]
    for name, reason in against:
        _unused(name, reason)


@courier.command("stop")
@click.argument("vault", type=FOLDER)
@click.argument("line")
@click.option("--to", "target", type=FILE, required=True, help="The new file, to be kept far from the desk.")
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
def stop(vault: Path, line: str, target: Path, unlock_file: Path | None) -> None:
    """Write LINE's stop certificate beforehand, for somebody elsewhere to hand over if the desk is seized.

    Whoever takes it in at the other office's desk ends what this desk says, until the next roster. Guard it.
    """
    with _desk(vault, unlock_file) as desk:
        bundle, until = stop_out(desk, desk.line_named(line).id, _now())
    write_new(target, bundle)
    day = datetime.fromtimestamp(until / 1000, UTC).date().isoformat()
    say(f"stop      {target}  (make a new one before {day})")
    aside("It opens at the other office alone. A new roster of this office ends it by itself.")


def _bundles(files: tuple[Path, ...]) -> list[tuple[str, bytes]]:
    from goodoffices.desk.courier.gathering import gather

    gathered = gather([(file.name, _read(file)) for file in files])
    try:
        return gathered.bundles()
    finally:
        for name, error in gathered.useless:
            _unused(name, error)


def _unused(name: str, error: GoodOfficesError) -> None:
    aside(f"unused    {name}: {error.what} {error.next_step}".rstrip())


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_BUNDLE:
            raise Oversized(
                f"{file} is larger than any bundle.", "Name the bundle's file, or pictures of it."
            )
        return file.read_bytes()
    except OSError as error:
        raise YourError(
            f"{file} cannot be read: {error.strerror}.", "Check the stick and the name."
        ) from None


def _tell(taken: TakenIn) -> None:
    say(f"line      {taken.line_name}")
    receipts, envelopes = counted(taken.receipted, "receipt"), counted(taken.envelopes, "envelope")
    say(f"taken in  {taken.new:,} new, {receipts}, of {envelopes}")
    if not (taken.new or taken.receipted or taken.refused or taken.later):
        aside("Nothing in it is new: all of it had come before, by hand or over a relay.")
    if taken.refused:
        aside(f"findings  {taken.refused}: something in it does not hold; see the desk's page of findings.")
    if taken.later:
        aside(
            f"later     {taken.later} can be judged only when more has come: keep the bundle and take it in again."
        )
