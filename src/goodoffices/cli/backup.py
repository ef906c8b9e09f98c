# SPDX-License-Identifier: Apache-2.0
"""``goodoffices backup``: where backups go, who can open them, trying one, and restoring a desk from one."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from goodoffices.cli.office import export_credential, read_root
from goodoffices.cli.output import Group, aside, passphrase, require_new, say, secret_lines, write_new
from goodoffices.cli.roster import check_way, sign_off, signing_off
from goodoffices.cli.sign_in import FILE, FOLDER, THERE, now, signed_in, signing_in
from goodoffices.core import crypto, digits
from goodoffices.core.backup import proof_digits, root_seed
from goodoffices.core.errors import YourError
from goodoffices.core.office import Office, Right
from goodoffices.core.record.layout import counted
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.backup import keepers, rows
from goodoffices.desk.backup.places import Place, SftpLogin, place_at
from goodoffices.desk.backup.restoring import Restored, finishing, restore
from goodoffices.desk.backup.setup import (
    Setup,
    Target,
    add_place,
    drop_place,
    note_restored,
    set_up,
    setup_of,
)
from goodoffices.desk.backup.writing import SeriesWriter
from goodoffices.desk.context import Officer
from goodoffices.desk.founding import require_reading_keys
from goodoffices.desk.presence.present import require_listed
from goodoffices.desk.routes.admittance import AUTHORITIES, SECRETS, put_back
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.vault import Cost, Vault, open_vault


@click.group(cls=Group)
def backup() -> None:
    """Set backups up, try one, restore a desk from one. A running desk writes them by itself."""


def _reaching(command: click.decorators.FC) -> click.decorators.FC:
    """How this machine shows itself to a place on another machine."""
    for option in (
        click.option("--sftp-key", type=THERE, help="Private key for sftp://, without a passphrase."),
        click.option("--sftp-host-key", type=THERE, help="The other machine's public key, one line."),
    ):
        command = option(command)
    return command


def _login(key: Path | None, host_key: Path | None) -> SftpLogin | None:
    if key is None and host_key is None:
        return None
    if key is None or host_key is None:
        raise YourError("SFTP needs both keys.", "Give --sftp-key and --sftp-host-key.")
    return SftpLogin("\n".join(secret_lines(key)) + "\n", "".join(secret_lines(host_key)).strip())


def _opening(command: click.decorators.FC) -> click.decorators.FC:
    """Whoever may open a backup: the root, or enough keepers."""
    for option in (
        click.option(
            "--share", "shares", multiple=True, type=THERE, help="A keeper's share, in a file. Repeat."
        ),
        click.option("--root", "root_file", type=THERE, help="The root file."),
    ):
        command = option(command)
    return command


def _seeds(root_file: Path | None, shares: tuple[Path, ...]) -> tuple[list[bytes], Callable[[Office], bool]]:
    if (root_file is None) == (not shares):
        raise YourError("Say who opens the backup.", "Give --root FILE, or --share FILE for each keeper.")
    if root_file is None:
        return [keepers.join([words_of(each) for each in shares])], lambda _: True
    seed = read_root(root_file)
    return [root_seed(seed)], _with_root(seed)


def _with_root(seed: bytes) -> Callable[[Office], bool]:
    public = crypto.root_public(seed)
    return lambda office: (office.root.ed25519, office.root.mldsa65) == public


def words_of(share: Path) -> str:
    """The words of a share, without what its sheet says above them; raises YourError naming the file."""
    words = " ".join(line for line in secret_lines(share) if line and line[0].islower())
    count = len(words.split())
    if count != keepers.WORDS:
        raise YourError(
            f"{share} holds {count} words where a share has {keepers.WORDS}.",
            "Name the file of a share; add the words that are missing from the paper.",
        )
    if strange := keepers.strange_words(words):
        raise YourError(
            f"{share}: '{strange[0]}' is no word of a share.", "Check it against the paper; it was mistyped."
        )
    if not keepers.sound(words):
        raise YourError(
            f"The words in {share} do not fit one another: at least one is mistyped.",
            "Check each word against the paper.",
        )
    return words


@backup.command(name="set-up")
@signing_in
@click.option("--to", "where", required=True, help="A folder, or sftp://USER@HOST/FOLDER.")
@click.option("--keeper", "names", multiple=True, help="Somebody who shall hold a share. Repeat for each.")
@click.option(
    "--needed", type=click.IntRange(1, 16), default=2, show_default=True, help="Shares that open it."
)
@click.option("--shares", type=FOLDER, help="A new folder for the shares, one file a keeper.")
@click.option("--root", "root_file", type=THERE, help="Once, for an office made by an earlier version.")
@_reaching
def set_up_backup(
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    where: str,
    names: tuple[str, ...],
    needed: int,
    shares: Path | None,
    root_file: Path | None,
    sftp_key: Path | None,
    sftp_host_key: Path | None,
) -> None:
    """Say where backups go and who can open them: the root always, keepers with enough shares if you like."""
    login = _login(sftp_key, sftp_host_key)
    if bool(names) != (shares is not None):
        raise YourError("Keepers and a folder for their shares go together.", "Give --keeper and --shares.")
    if len(set(names)) != len(names):
        raise YourError("Two keepers have the same name.", "Name each as he is known.")
    if shares is not None:
        require_new(shares)
    where = _settled(where)
    place = place_at(where, login)
    root = read_root(root_file) if root_file is not None else None
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        here.desk.acts.require(here.officer, Right.KEYS)
        asyncio.run(_reach(place))
        ledger = here.desk.ledger
        with ledger.transaction():
            setup, made = set_up(
                ledger, where, now(), root=root, names=names, needed=needed, login=login, rng=os.urandom
            )
            ledger.audit(now(), here.officer.name, f"set backups up to go to {where}", AuditKind.OFFICE)
        _hand_out(shares, names, made, setup.needed, here.desk.context.my_office())
    say(
        f"backups go to {where}, sealed to the root"
        + (f" and {needed} of {len(names)} keepers" if names else "")
    )
    aside("A running desk writes them by itself. Try one soon, on another machine: goodoffices backup try")


async def _reach(place: Place) -> None:
    async with place:
        await place.names()


def _hand_out(
    folder: Path | None, names: tuple[str, ...], shares: list[str], needed: int, office: Office
) -> None:
    if folder is None:
        return
    folder.mkdir(mode=0o700, parents=True)
    for at, (name, share) in enumerate(zip(names, shares, strict=True), 1):
        text = (
            f"SHARE {at} of {len(names)}, for {name}. Any {needed} of them open the backups of {office.name}.\n"
            f"OFFICE {digits.grouped(office.digits)}\n{share}\n"
        )
        write_new(folder / f"share-{at}.txt", text.encode())
    aside(
        f"Give each keeper one file of {folder}, on paper best, and remove the folder. They are kept nowhere else."
    )


@backup.command(name="add-place")
@signing_in
@click.argument("where")
@_reaching
def add_backup_place(
    where: str,
    vault: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    sftp_key: Path | None,
    sftp_host_key: Path | None,
) -> None:
    """Have everything go to WHERE as well: a folder, or sftp://USER@HOST/FOLDER. Whoever opens one opens both."""
    target = Target(_settled(where), _login(sftp_key, sftp_host_key))
    place = target.place()
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        here.desk.acts.require(here.officer, Right.KEYS)
        asyncio.run(_reach(place))
        with here.desk.context.transaction():
            setup = add_place(here.desk.ledger, target)
            what = f"had backups go to {target.where} as well"
            here.desk.ledger.audit(now(), here.officer.name, what, AuditKind.OFFICE)
    _tell_places(setup)


@backup.command(name="drop-place")
@signing_in
@click.argument("where")
def drop_backup_place(
    where: str, vault: Path, officer: str, passphrase_file: Path | None, unlock_file: Path | None
) -> None:
    """Send nothing more to WHERE. What lies there stays; remove it yourself."""
    with signed_in(vault, officer, passphrase_file, unlock_file) as here:
        here.desk.acts.require(here.officer, Right.KEYS)
        with here.desk.context.transaction():
            setup = drop_place(here.desk.ledger, _settled(where))
            what = f"had no more backups go to {where}"
            here.desk.ledger.audit(now(), here.officer.name, what, AuditKind.OFFICE)
    _tell_places(setup)


def _settled(where: str) -> str:
    return where if "://" in where else str(Path(where).resolve())


def _tell_places(setup: Setup) -> None:
    for each in setup.targets:
        say(f"backups go to {each.where}")


@backup.command(name="now")
@click.option("--vault", required=True, type=FOLDER, help="The office's vault.")
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
def write_now(vault: Path, unlock_file: Path | None) -> None:
    """Write a whole backup now. The desk must be stopped; a running one does it by itself."""
    with open_vault(vault, unlock_path=unlock_file) as opened:
        desk = desk_of(opened)
        require_reading_keys(desk.ledger)
        setup = setup_of(desk.ledger)
        if setup is None:
            raise YourError("No backups are set up.", "Run: goodoffices backup set-up")

        async def write(target: Target) -> SeriesWriter:
            async with target.place() as place:
                writer = SeriesWriter(desk.context, setup, place, target.where)
                await writer.everything(opened.db, now())
                await writer.write(rows.changed(opened.db, []), now(), whole=True)
                return writer

        for target in setup.targets:
            writer = asyncio.run(write(target))
            say(f"{counted(writer.number, 'piece')}, {writer.bytes:,} bytes, to {target.where}")


@backup.command(name="try")
@click.argument("where")
@_opening
@_reaching
def try_restore(
    where: str,
    root_file: Path | None,
    shares: tuple[Path, ...],
    sftp_key: Path | None,
    sftp_host_key: Path | None,
) -> None:
    """Restore the newest backup at WHERE into a folder that is removed again, and check it. Changes nothing.

    Best on the machine that would be used. The digits at the end are typed at the desk, on its page Ready.
    """
    seeds, is_root = _seeds(root_file, shares)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="goodoffices-try-") as folder:
        vault, restored = _restored(
            where, _login(sftp_key, sftp_host_key), seeds, Path(folder) / "vault", is_root, Cost(64, 1, 1)
        )
        with vault:
            _describe(vault, restored)
    say(f"took      {time.monotonic() - began:.1f} seconds")
    say(f"proof     {digits.grouped(proof_digits(restored.proof))}")
    aside("Type these digits at the desk, on its page Ready: then it knows that its backups were tried.")


@backup.command(name="restore")
@click.argument("where")
@click.argument("folder", type=FOLDER)
@click.option("--officer", required=True, help="A keeper of keys of the office.")
@click.option("--passphrase-file", type=FILE, help="The officer's passphrase, on the first line.")
@click.option("--unlock-file", type=FILE, help="Where the new unattended tier's secret lies.")
@click.option("--share", "shares", multiple=True, type=THERE, help="A keeper's share, in a file. Repeat.")
@click.option("--seen", metavar="WHY", help="The old machine may be in other hands: revoke its desk's key.")
@signing_off
@_reaching
def restore_desk(
    where: str,
    folder: Path,
    officer: str,
    passphrase_file: Path | None,
    unlock_file: Path | None,
    shares: tuple[Path, ...],
    seen: str | None,
    root_file: Path | None,
    out: Path | None,
    sftp_key: Path | None,
    sftp_host_key: Path | None,
) -> None:
    """Make a vault in FOLDER from the newest backup at WHERE, with new keys of the desk.

    With --root all is done at once. With keepers' shares and --request the root signs elsewhere. Never start
    the old machine's desk again: what it signed from then on would be a finding at every counterpart.
    """
    check_way(root_file, out)
    seeds, is_root = _seeds(None if shares else root_file, shares)
    if shares and root_file is not None:
        is_root = _with_root(read_root(root_file))
    secret = passphrase(passphrase_file, f"Passphrase of {officer}")
    vault, restored = _restored(
        where, _login(sftp_key, sftp_host_key), seeds, folder, is_root, None, unlock_file
    )
    with finishing(vault, restored):
        keys = vault.sign_in(officer, secret)
        desk = desk_of(vault)
        person = Officer(keys.name, keys.public, keys.seed)
        require_listed(desk, person)
        # Not ``unlock``: there are no reading keys of sealing to open yet, they are drawn with the request.
        desk.context.reading_key = keys.reading_key
        _describe(vault, restored)
        request = desk.rosters.renew(person, now(), desk_key=True, seen=seen)
        with desk.context.transaction():
            note_restored(desk.ledger, now())
            desk.ledger.audit(now(), person.name, "restored this desk from a backup", AuditKind.OFFICE)
        export_credential(folder, desk.context.my_office())
        put_back(desk.ledger, folder.absolute().parent)
        sign_off(vault, desk, request, root_file, out)
    say(f"vault     {folder}")
    _say_start(folder)
    aside(
        "Start the desk here. It tells its counterparts, asks them for what it lacks, and says what is missing."
    )
    aside("Backups of this desk go on to the same place; see that it can be reached from here.")


def _say_start(folder: Path) -> None:
    """The command that starts the desk here, with what its relays need where the backup held it."""
    words = ["goodoffices", "desk", "serve", "--vault", str(folder)]
    for name, option in ((AUTHORITIES, "--relay-ca"), (SECRETS, "--admission-file")):
        path = folder.parent / name
        if path.exists():
            say(f"relays    {path}")
            words += [option, str(path)]
    say(f"start     {shlex.join(words)}")
    home = folder.absolute().parent
    if folder.name == "vault":
        aside(f"As a service, with a certificate: goodoffices desk setup {shlex.quote(str(home))}")
    if not (home / AUTHORITIES).exists():
        aside("A relay with an authority of its own needs its card: desk setup FOLDER --use-relay CARD.")


def _restored(
    where: str,
    login: SftpLogin | None,
    seeds: list[bytes],
    folder: Path,
    is_root: Callable[[Office], bool],
    cost: Cost | None,
    unlock: Path | None = None,
) -> tuple[Vault, Restored]:
    async def work() -> tuple[Vault, Restored]:
        async with place_at(where, login) as place:
            return await restore(
                place, seeds, folder, root=is_root, rng=os.urandom, unlock_path=unlock, cost=cost
            )

    return asyncio.run(work())


def _describe(vault: Vault, restored: Restored) -> None:
    desk = desk_of(vault)
    until = datetime.fromtimestamp(restored.time / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    (notes,) = vault.db.execute("SELECT count(*) FROM note").fetchone()
    say(f"office    {restored.office.name}")
    say(f"id        {restored.office.id.hex()}")
    say(f"digits    {digits.grouped(restored.office.digits)}")
    say(f"up to     {until}")
    lines, pieces = counted(len(desk.ledger.lines()), "line"), counted(restored.pieces, "piece")
    say(f"holds     {lines}, {counted(notes, 'note')}, {pieces}, {counted(restored.rows, 'row')}")
    if restored.left:
        aside(f"{counted(restored.left, 'newer piece')} could not be used. {restored.why_left}".strip())
