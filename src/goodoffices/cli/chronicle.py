# SPDX-License-Identifier: Apache-2.0
"""`goodoffices chronicle`: a channel's line of time from a stopped desk, searched and taken along as a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from goodoffices.cli.briefing import channel_of, signed_in
from goodoffices.cli.output import Group, aside, say
from goodoffices.core.errors import MachineError, YourError
from goodoffices.core.office import Right
from goodoffices.core.record.layout import counted, plain
from goodoffices.core.statement import LIVE
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.briefing_beside import require_mark
from goodoffices.desk.chronicle.gathering import AT_ONCE
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.chronicle import TAKES_ALONG, ItemCard, caucuses, own_papers
from goodoffices.desk.views.chronicle_export import MARKS, heading, not_proved, on_the_wall, rfc3339
from goodoffices.web.chronicle import Wanted, file_of, pieces, wanted
from goodoffices.web.forms import Form, identifier

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
MOST = 200_000
"""Items that the command takes along at once: it holds nobody up."""


@click.group(cls=Group)
def chronicle() -> None:
    """A channel's notes, steps, reports and public statements on one line of time."""


def _asking(command: Callable[..., None]) -> Callable[..., None]:
    """The arguments and options by which items are asked for."""
    for option in reversed(
        (
            click.argument("vault_folder", metavar="VAULT", type=FOLDER),
            click.option("--officer", required=True, help="Who signs in."),
            click.option("--passphrase-file", type=FILE, help="The passphrase, on the first line."),
            click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies."),
            click.option(
                "--channel",
                required=True,
                help="The channel's name, or 8 digits or more of its ID.",
            ),
            click.option("--words", "q", default="", help="Words that must stand there."),
            click.option("--source", default="", help="Words of the source."),
            click.option(
                "--kind", multiple=True, help="note, step, report, assurance or statement; may be repeated."
            ),
            click.option("--since", default="", help="Not before this time, as 2026-01-31T06:00Z."),
            click.option("--until", default="", help="Not after this time."),
            click.option("--zone", multiple=True, help="A local time beside Zulu, as Europe/Zurich."),
            click.option(
                "--caucus", multiple=True, help="With the caucus lane of this party; left out otherwise."
            ),
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class _Found:
    items: list[ItemCard]
    want: Wanted
    name: str


def _found(desk: Desk, mandate: bytes, most: int, given: dict[str, Any]) -> _Found:
    agreement = desk.ledger.agreement(mandate)
    parties = {agreement.name_of(each): each.hex() for each in caucuses(desk, agreement)}
    unknown = [each for each in given["caucus"] if each not in parties]
    if unknown:
        raise YourError(f"'{unknown[0]}' has no caucus lane here.", "Name a party at this office's side.")
    lanes = ["between", *(parties[each] for each in given["caucus"])]
    fields = {name: given[name] for name in ("q", "source", "since", "until")}
    fields |= {name: ",".join(given[name]) for name in ("kind", "zone")} | {"lane": ",".join(lanes)}
    want = wanted(Form(fields), desk, mandate)
    items = [each for piece in pieces(desk, mandate, want, most) for each in piece]
    return _Found(items[::-1], want, agreement.mandate.name)


@chronicle.command("list")
@_asking
def list_items(
    vault_folder: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    channel: str,
    **given: Any,
) -> None:
    """Print what fits, oldest first, one item a line. The desk must be stopped."""
    now = time.time_ns() // 1_000_000
    with signed_in(vault_folder, unlock_file, officer, passphrase_file, now) as (desk, _):
        found = _found(desk, channel_of(desk, channel), MOST, given)
    for each in found.items:
        local = "".join(
            f"  {on_the_wall(each.at, here.office_name)} {here.office_name}" for here in each.times
        )
        words = "(not before this office)" if each.text is None else plain(" ".join(each.text.split()))[:200]
        grade = f" [{each.grade}]" if each.grade else ""
        say(f"{rfc3339(each.at)}{local}  {plain(heading(each))}{grade}  {words}  {each.id.hex()}")
    aside(f"{counted(len(found.items), 'item')}.")


@chronicle.command()
@_asking
@click.argument("target", metavar="FILE", type=FILE)
@click.option(
    "--as", "form", type=click.Choice(["html", "pdf", "csv", "json"]), required=True, help="The kind of file."
)
@click.option(
    "--mark", type=click.Choice(list(MARKS[1:])), required=True, help="Who may pass it on (TLP 2.0)."
)
def export(
    vault_folder: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    channel: str,
    target: Path,
    form: str,
    mark: str,
    **given: Any,
) -> None:
    """Write what fits into the new FILE, under a sharing mark. The desk must be stopped."""
    now = time.time_ns() // 1_000_000
    _require_new(target)
    with signed_in(vault_folder, unlock_file, officer, passphrase_file, now) as (desk, who):
        desk.acts.require(who, TAKES_ALONG)
        found = _found(desk, channel_of(desk, channel), MOST, given)
        require_mark(found.items, MARKS.index(mark))
        raw = file_of(desk, found.name, found.items, MARKS.index(mark), found.want, form, now)
        deed = f"took the chronicle along as {form.upper()}, {mark}"
        desk.note_down(who.name, deed, AuditKind.EXPORT, now)
    _write(target, raw)
    say(f"chronicle  {target}")
    aside(f"{counted(len(found.items), 'item')}, {mark}.")


@chronicle.command("not-proved")
@click.argument("vault_folder", metavar="VAULT", type=FOLDER)
@click.argument("target", metavar="FILE", type=FILE)
@click.option("--officer", required=True, help="Who signs in.")
@click.option("--passphrase-file", type=FILE, help="The passphrase, on the first line.")
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
@click.option("--channel", required=True, help="The channel's name, or 8 digits or more of its ID.")
@click.option("--for", "recipient", required=True, help="The third party, by name.")
@click.option(
    "--mark", type=click.Choice(list(MARKS[1:])), required=True, help="Who may pass it on (TLP 2.0)."
)
@click.option("--item", "items", multiple=True, required=True, help="The ID of a report or public statement.")
def not_proved_file(
    vault_folder: Path,
    target: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    channel: str,
    recipient: str,
    mark: str,
    items: tuple[str, ...],
) -> None:
    """Write reports and public statements into the new FILE, to go beside a briefing. The desk must be stopped."""
    now = time.time_ns() // 1_000_000
    _require_new(target)
    with signed_in(vault_folder, unlock_file, officer, passphrase_file, now) as (desk, who):
        desk.acts.require(who, Right.RELEASE)
        mandate = channel_of(desk, channel)
        while not desk.chronicle.catch_up(AT_ONCE):
            pass
        papers = [identifier(each.lower(), "item") for each in items]
        found = own_papers(desk, desk.ledger.agreement(mandate), papers)
        require_mark(found, MARKS.index(mark))
        name = plain(" ".join(recipient.split()))
        office = desk.context.my_office()
        raw = not_proved(office.name, name, found, MARKS.index(mark), drill=office.realm != LIVE)
        deed = f"put {counted(len(found), 'paper')} beside a briefing, not proved"
        desk.note_down(who.name, deed, AuditKind.EXPORT, now)
    _write(target, raw)
    say(f"not proved  {target}")


def _require_new(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise YourError(f"{target} is there already.", "Name a file that does not exist yet.")


def _write(target: Path, raw: bytes) -> None:
    try:
        with target.open("xb") as file:
            target.chmod(0o600)
            file.write(raw)
    except OSError as error:
        raise MachineError(f"The file cannot be written: {error.strerror or error}.") from None
