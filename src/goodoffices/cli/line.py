# SPDX-License-Identifier: Apache-2.0
"""``goodoffices line``: pair two offices, by exchanging two files or at a meeting place on a relay."""

from __future__ import annotations

import asyncio
import os
import shlex
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from goodoffices.cli.output import (
    SOCKS,
    Group,
    admission,
    admission_in,
    aside,
    chosen,
    require_new,
    say,
    write_new,
)
from goodoffices.cli.sign_in import FILE, FOLDER, THERE, SignedIn, now, signed_in, signing_in, stands_on
from goodoffices.core import digits
from goodoffices.core.errors import DigitsDiffer, NotFound, NotNow, RelayError, YourError
from goodoffices.core.pairing import CODE_DIGITS, MAX_OFFER, Offer, read_offer
from goodoffices.core.record.layout import counted
from goodoffices.desk.ledger.ledger import Ledger, LineRow, RouteRow
from goodoffices.desk.ledger.mailboxes import USED
from goodoffices.desk.routes.admittance import kept
from goodoffices.desk.routes.meeting import meet
from goodoffices.desk.routes.relay_client import RelayClient, check_relay_url, tls_trusting
from goodoffices.desk.routes.socks import read_proxy
from goodoffices.desk.routes.trying import Tried, tried, why_not
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.vault import open_vault


@click.group(cls=Group)
def line() -> None:
    """Pair with another office. Stop the desk while you use these; its pages confirm as well."""


@line.command()
@signing_in
@click.option(
    "--relay", "relays", multiple=True, required=True, help="A relay's address. Two are better than one."
)
@click.option("--out", required=True, type=FILE, help="The invitation file, to hand to the other office.")
def invite(
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    relays: tuple[str, ...],
    out: Path,
) -> None:
    """Make an invitation that lives one hour. The other office makes one too; exchange the two files."""
    for each in relays:
        check_relay_url(each)
    require_new(out)
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        desk, person = here.desk, here.officer
        offer = desk.offer(person, list(relays), now())
        write_new(out, offer.raw)
    say(f"invitation written to {out}")
    aside(
        "Hand it to the other office and take theirs. It holds your mailboxes' put rights: keep it private."
    )


def _of_five(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 5 and isinstance(value[0], str)


@line.command()
@signing_in
@click.argument("theirs", type=THERE)
@click.option("--name", required=True, help="What this office calls the line.")
def accept(
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    theirs: Path,
    name: str,
) -> None:
    """Pair your newest invitation with THEIRS and show the digits to read aloud."""
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        desk, person = here.desk, here.officer
        offer = read_offer(chosen(theirs, MAX_OFFER, "invitation", _of_five))
        if offer.office.id == desk.context.my_office().id:
            raise YourError(
                f"{theirs} is your own invitation.", "Give it to the other office and take theirs."
            )
        line_id = desk.pair(person, offer, name, now())
        _show_digits(here, vault, line_id)
        _hear_digits(here, line_id)


def _show_digits(here: SignedIn, vault: Path, line_id: bytes) -> None:
    desk = here.desk
    row = desk.ledger.line(line_id)
    spoken = desk.spoken_digits(row)
    peer = desk.ledger.office(row.peer)
    say(f"line      {row.name}")
    say(f"peer      {peer.name if peer else '?'}")
    say(f"read      {digits.grouped(spoken.read_aloud)}")
    aside(
        "Read these digits aloud to the other office by a line you trust, and type the ones that they read:"
    )
    words = ["goodoffices", "line", "confirm", "--vault", str(vault), "--officer", here.officer.name]
    aside(f"  {shlex.join([*words, '--name', row.name])}")


def _confirm(here: SignedIn, row: LineRow, typed: str) -> None:
    """Confirm a line by the digits heard."""
    here.desk.confirm(here.officer, row.id, typed, now())


def _hear_digits(here: SignedIn, line_id: bytes) -> None:
    """Somebody sits there: what the other office reads aloud can be typed at once, as often as it takes."""
    row = here.desk.ledger.line(line_id)
    while sys.stdin.isatty():
        typed = click.prompt(
            "The digits that they read (nothing: later)", default="", show_default=False, err=True
        )
        if not typed.strip():
            return
        try:
            _confirm(here, row, typed)
        except (DigitsDiffer, YourError) as error:
            aside(f"{error.what} {error.next_step}")
            continue
        say(f"line {row.name} is confirmed here")
        return


@line.command()
@signing_in
@click.option("--name", required=True, help="The line's name.")
@click.option("--digits", "heard", help="What the other office read aloud; asked for if left out.")
def confirm(
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    name: str,
    heard: str | None,
) -> None:
    """Type the digits that the other office read aloud. The line opens when both have."""
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        row = here.desk.line_named(name)
        typed = heard if heard is not None else click.prompt("The digits that they read", err=True)
        _confirm(here, row, typed)
    say(f"line {name} is confirmed here")


@line.command()
@signing_in
@click.option(
    "--relay",
    "relays",
    multiple=True,
    required=True,
    help="A relay's address; the first is the meeting place.",
)
@click.option("--name", required=True, help="What this office calls the line.")
@click.option("--code", help="The code that the other office gave you; left out, one is made.")
@click.option("--wait", default=600, show_default=True, type=click.IntRange(1, 3600), help="Seconds to wait.")
@click.option("--relay-ca", type=FILE, help="Certificate authority of the relays (PEM), if it is your own.")
@click.option(
    "--admission-file", type=FILE, help="The secret that the relay asks for before it makes a mailbox."
)
@click.option("--socks", metavar="URL", help=SOCKS)
def meeting(
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    relays: tuple[str, ...],
    name: str,
    code: str | None,
    wait: int,
    relay_ca: Path | None,
    admission_file: Path | None,
    socks: str | None,
) -> None:
    """Pair over a relay: a one-time code finds the meeting place, the digits prove who was there."""
    for each in relays:
        check_relay_url(each)
    tls = tls_trusting(relay_ca)
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        desk, person = here.desk, here.officer
        desk.require_new_name(name)
        if code is None:  # not before whoever sits here has signed in: it is read out and lives an hour
            code = str(int.from_bytes(os.urandom(16)) % 10**CODE_DIGITS).zfill(CODE_DIGITS)
            say(f"code      {digits.grouped(code)}")
            aside("Tell the other office this code. It only finds the meeting place and lives one hour.")
        mine = desk.offer(person, list(relays), now())
        until = datetime.fromtimestamp(now() / 1000 + wait, UTC).strftime("%H:%M:%S UTC")
        aside(f"Waiting at the meeting place until {until}; nobody is there yet.")
        aside("If the other office waits as well: check with them the code, and the first relay's address.")
        client = RelayClient(tls, read_proxy(socks) if socks is not None else None)
        theirs = asyncio.run(_meet(client, relays, code, mine, wait, admission(admission_file)(relays[0])))
        line_id = desk.pair(person, theirs, name, now(), mine)
        _show_digits(here, vault, line_id)
        _hear_digits(here, line_id)


async def _meet(
    client: RelayClient, relays: tuple[str, ...], code: str, mine: Offer, wait: int, admitted: str | None
) -> Offer:
    place = meet(client, relays[0], code, mine, now=now, rng=os.urandom, wait=wait, admission=admitted)
    try:
        others = asyncio.gather(*(_answers(client, each) for each in relays[1:]))
        theirs = await place
        await others
        return theirs
    finally:
        await client.close()


async def _answers(client: RelayClient, relay: str) -> None:
    """Of a relay that is no meeting place nobody would hear before it is needed that its address has a slip in it."""
    try:
        await client.health(relay.rstrip("/"))
    except RelayError as error:
        aside(f"{relay} does not answer now. {error.what} Is that its address? The line counts on it.")


@line.command(name="list")
@click.option("--vault", required=True, type=FOLDER, help="The office's vault.")
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
def list_lines(vault: Path, unlock_file: Path | None) -> None:
    """List the lines and whether each is open."""
    with stands_on("'Lines'"), open_vault(vault, unlock_path=unlock_file) as opened:
        desk = desk_of(opened)
        for row in desk.ledger.lines():
            peer = desk.ledger.office(row.peer)
            state = "open" if row.open else "confirmed here" if row.confirmed_here else "digits not compared"
            say(f"{row.name}\t{peer.name if peer else '?'}\t{state}\t{row.id.hex()}")


@line.command()
@signing_in
@click.option("--name", required=True, help="The line's name.")
@click.option("--add", multiple=True, metavar="URL", help="A relay at which to collect from now on as well.")
@click.option("--drop", multiple=True, metavar="URL", help="A relay to leave, once it is empty.")
@click.option("--socks", metavar="URL", help=SOCKS)
@click.option("--anyway", is_flag=True, help="Also where a relay keeps no mailbox for this office now.")
def relays(
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    name: str,
    add: tuple[str, ...],
    drop: tuple[str, ...],
    socks: str | None,
    anyway: bool,
) -> None:
    """Change at which relays this office collects on a line in use, or show it. The other side is told."""
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        desk, row = here.desk, here.desk.line_named(name)
        if add or drop:
            used = [each.relay for each in desk.ledger.routes(row.id, own=True) if each.state == USED]
            dropped = {each.rstrip("/") for each in drop}
            if strange := dropped - set(used):
                raise NotFound(f"This office does not collect at {min(strange)} on this line.")
            wanted = [each for each in (*used, *add) if each.rstrip("/") not in dropped]
            drawn = desk.boxes_at(here.officer, row.id, wanted)
            against = None if anyway else why_not(asyncio.run(_tried(desk.ledger, drawn, socks)))
            if against is not None:
                step = "Nothing was changed. Look at the address; or add --anyway, knowing that."
                raise NotNow(against.what, step)
            desk.collect_at(here.officer, row.id, wanted, now(), drawn)
        newest = next(iter(desk.ledger.mailboxes(row.id, mine=True)), None)
        for own in (True, False):
            for each in desk.ledger.routes(row.id, own=own):
                say(f"{'ours' if own else 'theirs'}\t{each.relay}\t{each.state}")
        if newest is not None and newest.confirmed is None:
            aside("The other desk has not confirmed it yet: this desk goes on telling it while it runs.")


async def _tried(ledger: Ledger, boxes: tuple[RouteRow, ...], socks: str | None) -> tuple[Tried, ...]:
    """Asked as the desk would ask: by the authorities and secrets with which it was started last."""
    held = kept(ledger)
    tls = ssl.create_default_context(cadata=held.authorities.decode()) if held.authorities else None
    client = RelayClient(tls, read_proxy(socks) if socks is not None else None)
    try:
        secrets = held.secrets.decode().splitlines()
        return await tried(client, boxes, admission_in(secrets, "What the desk was started with"))
    finally:
        await client.close()


@line.command()
@signing_in
@click.option("--name", required=True, help="The line's name.")
@click.option("--every", type=click.IntRange(0, 600), help="Seconds between two envelopes; 0 for no beat.")
def beat(
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    name: str,
    every: int | None,
) -> None:
    """Have one envelope leave at a constant beat, full or empty, so that relays do not see when notes flow."""
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        row = here.desk.line_named(name)
        if every is not None:
            here.desk.change_beat(here.officer, row.id, every * 1000, now())
        slot = here.desk.beating.slot_of(row)
    say(f"line {name} beats every {counted(slot // 1000, 'second')}" if slot else f"line {name} has no beat")


@line.command()
@signing_in
@click.option("--name", required=True, help="The line's name.")
@click.option(
    "--on/--off", "wanted", default=None, help="Whether this office wants it thin; else it is shown."
)
def thin(
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    name: str,
    wanted: bool | None,
) -> None:
    """Carry notes and receipts in cells of 512 bytes, for a modem or a radio. Both offices have to want it."""
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        row = here.desk.line_named(name)
        if wanted is not None:
            here.desk.acts.thin_line(here.officer, row.id, wanted, now())
        state = here.desk.channels.thin.state(row)
    say(f"line {name}: {_THIN[state]}")


_THIN = {
    "no": "an ordinary line",
    "ours": "this office wants it thin, the other has not said so",
    "theirs": "the other office wants it thin, this one has not said so",
    "agreed": "both want it thin, keys are being agreed",
    "thin": "thin",
}


@line.command()
@signing_in
@click.option("--name", required=True, help="The line's name.")
def remove(
    vault: Path, officer: str, passphrase_file: Path | None, unlock_file: Path | None, name: str
) -> None:
    """Forget a line that was never confirmed on both sides. An open line's record is kept."""
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        here.desk.remove_line(here.officer, here.desk.line_named(name).id, now())
    say(f"line {name} is removed")
