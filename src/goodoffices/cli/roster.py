# SPDX-License-Identifier: Apache-2.0
"""`goodoffices office officer`, `releasers`, `renew`, `sign-roster`, `install-roster`: changing the roster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from goodoffices.cli.office import export_credential, new_passphrase, office, parse_rights, read_root
from goodoffices.cli.output import Group, aside, chosen, passphrase, require_new, say, write_new
from goodoffices.cli.root_signing import memory_of, sign_with, signed_with
from goodoffices.cli.sign_in import FILE, FOLDER, THERE, now, signed_in, signing_in, stands_on
from goodoffices.core.errors import Malformed, NotFound, NotNow, YourError
from goodoffices.core.office import MAX_CREDENTIAL, Office, Right, Roster, read_office
from goodoffices.core.record.layout import counted
from goodoffices.core.roster_request import (
    MAX_REQUEST,
    RosterRequest,
    changes,
    read_request,
    require_root,
    rights_in_words,
)
from goodoffices.core.statement import MAX_SIGNED, read_signed
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import ALL_RIGHTS
from goodoffices.desk.presence.people import add_officer, add_with_token, key_named, lock_out, people
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.vault import Vault, open_vault

MAX_ROSTER_FILE = 2 * MAX_SIGNED


def signing_off(command: click.decorators.FC) -> click.decorators.FC:
    """How the changed roster gets the root's signature: here and now, or by a request that is carried to it."""
    for option in (
        click.option(
            "--request", "out", type=FILE, help="Write the request here, to be signed where the root is."
        ),
        click.option(
            "--root", "root_file", type=THERE, help="The root is at hand: sign and install at once."
        ),
    ):
        command = option(command)
    return command


def check_way(root_file: Path | None, out: Path | None) -> None:
    if (root_file is None) == (out is None):
        raise YourError(
            "Say how the roster gets the root's signature.",
            "Give --root FILE if the root is at hand, else --request FILE.",
        )
    if out is not None:
        require_new(out)


def before_asking(desk: Desk, root_file: Path | None) -> None:
    """What is asked together with a wrong root must leave nothing; what waits already is signed along."""
    if root_file is not None:
        require_root(desk.context.my_office(), read_root(root_file))
        _require_ours(desk.context.my_office(), signed_with(root_file))
    waiting = desk.rosters.request()
    if waiting is not None:
        aside("This waits for the root's signature since before, and goes along with what you ask for now:")
        for each in changes(waiting.office.roster, waiting.roster):
            aside(f"  {each}")


def sign_off(
    vault: Vault, desk: Desk, request: RosterRequest | None, root_file: Path | None, out: Path | None
) -> None:
    if request is None:
        say("no roster lists this key; nothing is to be signed")
        return
    for each in changes(request.office.roster, request.roster):
        say(each)
    if root_file is not None:
        before = desk.context.my_office().roster
        if _bring_back(desk, signed_with(root_file)) != before:
            again = desk.rosters.request()
            if again is None:
                raise NotNow(
                    "What was asked for went by a roster that is no longer the newest.",
                    "Give the same command once more.",
                )
            request = again
        roster = desk.rosters.install(sign_with(root_file, request), now())
        vault.scrub()
        _keep_credential(vault, desk)
        say(f"roster {roster.version} is in force")
        aside("The counterparts are told as soon as the desk runs. Put the root away again.")
        return
    assert out is not None
    write_new(out, request.raw)
    say(f"request for roster {request.roster.version} written to {out}")
    aside("Where the root is: goodoffices office sign-roster. Then here: goodoffices office install-roster.")


def _credential(raw: bytes) -> Office | None:
    try:
        return read_office(raw)
    except Malformed:
        return None  # one roster by itself


def _require_ours(mine: Office, signed: Office | None) -> None:
    """Raise YourError for what another office's root has signed."""
    if signed is not None and signed.id != mine.id:
        raise YourError(f"These are the rosters of {signed.name}.", "Take those of this office.")


def _bring_back(desk: Desk, signed: Office | None) -> Roster:
    """What the root has signed and this vault has lost comes into force again."""
    mine = desk.context.my_office()
    _require_ours(mine, signed)
    if signed is None or len(signed.signed) <= len(mine.signed):
        return mine.roster
    roster = desk.rosters.bring_back(signed.signed[len(mine.signed) :], now())
    say(
        f"rosters {mine.roster.version + 1} to {roster.version}, which this vault had lost, are in force again"
    )
    if desk.rosters.lost_keys(now()):
        aside("Keys that they name were lost too. Ask for new ones: goodoffices office renew.")
    return roster


def _keep_credential(vault: Vault, desk: Desk) -> None:
    export_credential(vault.folder, desk.context.my_office())


@office.group(cls=Group)
def officer() -> None:
    """Officers come, go, and get other rights. Stop the desk while you use these."""


@officer.command(name="add")
@click.argument("name")
@signing_in
@click.option("--pseudonym", help="What counterparts see instead of the name; a number if left out.")
@click.option("--rights", default=None, help="draft,release,duty,keys,audit; all if left out.")
@click.option(
    "--new-passphrase-file",
    type=FILE,
    help="The new officer's passphrase, or his token's PIN, on the first line.",
)
@click.option(
    "--token", type=THERE, help="PKCS#11 module: the officer's key is made on a token and stays there."
)
@click.option("--token-label", help="Which token, where this machine has several.")
@signing_off
def add(
    name: str,
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    pseudonym: str | None,
    rights: str | None,
    new_passphrase_file: Path | None,
    token: Path | None,
    token_label: str | None,
    root_file: Path | None,
    out: Path | None,
) -> None:
    """Make keys for a new officer NAME, under a passphrase that only he knows, and a place in the roster."""
    check_way(root_file, out)
    given = parse_rights(rights) if rights is not None else ALL_RIGHTS
    if token_label is not None and token is None:
        raise YourError("A label names no token without its module.", "Give --token MODULE as well.")
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        before_asking(here.desk, root_file)
        shown = pseudonym or _free_pseudonym(here.desk)
        if token is not None:
            pin = passphrase(new_passphrase_file, f"PIN of {name}'s token, typed by {name}")
            request = add_with_token(
                here.vault, here.desk, here.officer, name, shown, given, now(),
                module=token, label=token_label, pin=pin,
            )  # fmt: skip
        else:
            what = f"Passphrase of {name}, typed by {name}"
            secret = (
                new_passphrase(what, name)
                if new_passphrase_file is None
                else passphrase(new_passphrase_file, what)
            )
            request = add_officer(here.vault, here.desk, here.officer, name, secret, shown, given, now())
        sign_off(here.vault, here.desk, request, root_file, out)


def _free_pseudonym(desk: Desk) -> str:
    taken = set(desk.rosters.pseudonyms())
    return next(name for at in range(1, 10_000) if (name := f"officer {at}") not in taken)


@officer.command(name="remove")
@click.argument("name")
@signing_in
@click.option("--why", default="", help="Stands in the roster for counterparts to read. May stay empty.")
@click.option(
    "--pseudonym", help="Which place in the roster is NAME's, where the vault does not know it yet."
)
@click.option("--keep-sealing-keys", is_flag=True, help="Do not change the sealing keys along with it.")
@signing_off
def remove(
    name: str,
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    why: str,
    pseudonym: str | None,
    keep_sealing_keys: bool,
    root_file: Path | None,
    out: Path | None,
) -> None:
    """Lock officer NAME out at once, then ask for a roster without that key."""
    check_way(root_file, out)
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        before_asking(here.desk, root_file)
        public = _key_of_pseudonym(here.desk, pseudonym) if pseudonym is not None else None
        request = lock_out(
            here.vault,
            here.desk,
            here.officer,
            name,
            why,
            now(),
            public=public,
            new_sealing_keys=not keep_sealing_keys,
        )
        say(f"{name} is locked out here")
        sign_off(here.vault, here.desk, request, root_file, out)


def _key_of_pseudonym(desk: Desk, pseudonym: str) -> bytes:
    for name, public, _ in desk.rosters.planned().officers:
        if name == pseudonym:
            return public
    raise NotFound(f"The roster lists nobody as {pseudonym}.", "Run: goodoffices office show")


@officer.command(name="rights")
@click.argument("name")
@click.argument("rights")
@signing_in
@signing_off
def give(
    name: str,
    rights: str,
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    root_file: Path | None,
    out: Path | None,
) -> None:
    """Give officer NAME the RIGHTS draft,release,duty,keys,audit, and no others."""
    check_way(root_file, out)
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        before_asking(here.desk, root_file)
        public = key_named(here.vault, here.desk, name)
        request = here.desk.rosters.give(here.officer, public, parse_rights(rights), now())
        sign_off(here.vault, here.desk, request, root_file, out)


@officer.command(name="list")
@click.option("--vault", required=True, type=FOLDER, help="The office's vault.")
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
def list_officers(vault: Path, unlock_file: Path | None) -> None:
    """List who signs in here, under which pseudonym, with which rights."""
    with stands_on("'Officers'"), open_vault(vault, unlock_path=unlock_file) as opened:
        for each in people(opened, desk_of(opened)):
            state = "locked out" if each.locked_out is not None else rights_in_words(each.rights)
            if each.locked_out is None and each.planned != each.rights:
                state += f" (asked for: {rights_in_words(each.planned)})"
            kept = f"\tkey on the token {each.token}" if each.token is not None else ""
            say(f"{each.name}\t{each.pseudonym or '?'}\t{state}{kept}")


@office.command()
@click.argument("number", type=click.IntRange(1, 16))
@signing_in
@signing_off
def releasers(
    number: int,
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    root_file: Path | None,
    out: Path | None,
) -> None:
    """Have NUMBER officers release each note together."""
    check_way(root_file, out)
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        before_asking(here.desk, root_file)
        request = here.desk.rosters.need(here.officer, number, now())
        sign_off(here.vault, here.desk, request, root_file, out)


@office.command()
@signing_in
@click.option("--desk-key", is_flag=True, help="A new key for the desk itself, too.")
@click.option(
    "--seen",
    metavar="WHY",
    help="The desk's old key may be in other hands: a new one, and the old one is revoked. Counterparts read WHY.",
)
@click.option("--checkpoint-key", is_flag=True, help="A key for checkpoints, new or the first.")
@click.option("--keep-sealing-keys", is_flag=True, help="Leave the sealing keys as they are.")
@signing_off
def renew(
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    desk_key: bool,
    seen: str | None,
    checkpoint_key: bool,
    keep_sealing_keys: bool,
    root_file: Path | None,
    out: Path | None,
) -> None:
    """New sealing keys for the coming year, and on request a new key for the desk."""
    check_way(root_file, out)
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        before_asking(here.desk, root_file)
        request = here.desk.rosters.renew(
            here.officer,
            now(),
            sealing_keys=not keep_sealing_keys,
            desk_key=desk_key,
            checkpoint_key=checkpoint_key,
            seen=seen,
        )
        sign_off(here.vault, here.desk, request, root_file, out)


def _of_three(value: Any) -> bool:
    """What ``read_request`` goes on with; a signed roster or a credential is something else."""
    return isinstance(value, tuple) and len(value) == 3 and isinstance(value[0], str)


def _of_bytes(value: Any) -> bool:
    """One signed roster, or the credential with all of them."""
    return isinstance(value, tuple) and len(value) > 1 and isinstance(value[0], bytes)


@office.command(name="sign-roster")
@click.argument("request", type=THERE)
@click.option("--root", "root_file", required=True, type=THERE, help="The root file. Needs no vault.")
@click.option("--out", type=FILE, help="Where the signed roster goes; REQUEST.signed if left out.")
@click.option("--yes", is_flag=True, help="Do not ask before signing.")
def sign_roster(request: Path, root_file: Path, out: Path | None, yes: bool) -> None:
    """Read what a REQUEST would change, and sign it with the root. Best on a machine without a network."""
    asked = read_request(chosen(request, MAX_REQUEST, "request for a roster", _of_three))
    target = out or request.with_name(request.name + ".signed")
    require_new(target)
    say(f"office    {asked.office.name}")
    say(f"roster    {asked.roster.version}, after {asked.office.roster.version}")
    for each in changes(asked.office.roster, asked.roster):
        say(each)
    if not yes and not click.confirm("Sign this?", err=True):
        raise YourError("Nothing was signed.", "Have a request made that fits what was decided.")
    write_new(target, sign_with(root_file, asked).raw)
    say(f"signed roster written to {target}")
    aside("Take it to the desk: goodoffices office install-roster.")
    aside(f"Put the root away again, and {memory_of(root_file).name} with it: it says what was signed.")


@office.command(name="install-roster")
@click.argument("signed", type=THERE)
@click.option("--vault", required=True, type=FOLDER, help="The office's vault.")
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
def install_roster(signed: Path, vault: Path, unlock_file: Path | None) -> None:
    """Put a SIGNED roster in force: the root's signature is the authority. Stop the desk while you do.

    SIGNED may also be the file of rosters beside the root: what this vault has lost of them comes back.
    """
    raw = chosen(signed, max(MAX_ROSTER_FILE, MAX_CREDENTIAL), "signed roster", _of_bytes)
    with open_vault(vault, unlock_path=unlock_file) as opened:
        desk = desk_of(opened)
        if (whole := _credential(raw)) is not None:
            roster = _bring_back(desk, whole)
        else:
            roster = desk.rosters.install(read_signed(raw), now())
        opened.scrub()
        _keep_credential(opened, desk)
    say(f"roster {roster.version} is in force")
    held = sum(bool(rights & Right.RELEASE) for _, _, rights in roster.officers)
    say(f"{counted(len(roster.officers), 'officer')}, {roster.releasers_needed} of {held} release")
    aside("The counterparts are told as soon as the desk runs.")
