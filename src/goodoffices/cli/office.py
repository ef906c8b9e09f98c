# SPDX-License-Identifier: Apache-2.0
"""``goodoffices office``: make an office, show its credential."""

from __future__ import annotations

import io
import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import segno

from goodoffices.cli.output import (
    ROOT,
    Group,
    aside,
    chosen,
    passphrase,
    require_new,
    say,
    secret_lines,
    write_new,
)
from goodoffices.core import digits
from goodoffices.core.errors import GoodOfficesError, MachineError, YourError
from goodoffices.core.fields import REALM_SIZE
from goodoffices.core.office import MAX_CREDENTIAL, Office, Right, read_office
from goodoffices.core.record.layout import counted
from goodoffices.core.statement import LIVE
from goodoffices.desk.founding import ALL_RIGHTS, NewOfficer, found, keep
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.vault.keys import KEY_SIZE, MIN_CHARACTERS, MIN_WORDS, fold_name
from goodoffices.desk.vault.tokens import holding
from goodoffices.desk.vault.vault import check_passphrase, create_vault, open_vault

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=Group)
def office() -> None:
    """Make an office and show its credential."""


def realm_of(text: str | None) -> bytes:
    """A realm from the command line: none means live."""
    if text is None:
        return LIVE
    try:
        realm = bytes.fromhex(text)
    except ValueError:
        realm = b""
    if len(realm) != REALM_SIZE or realm == LIVE:
        raise YourError("A drill's realm is 32 hexadecimal digits, not all zero.")
    return realm


def parse_rights(listed: str) -> Right:
    """Rights by name, with commas between them."""
    known = {right.name: right for right in Right if right.name}
    rights = Right(0)
    for each in listed.split(","):
        if each.strip().upper() not in known:
            raise YourError(f"'{each}' is no right.", "Rights are draft, release, duty, keys and audit.")
        rights |= known[each.strip().upper()]
    return rights


def parse_officer(text: str, at: int) -> NewOfficer:
    """NAME or NAME=right,right: the pseudonym that others see is a number, never the name."""
    name, equals, listed = text.partition("=")
    return NewOfficer(name.strip(), f"officer {at}", parse_rights(listed) if equals else ALL_RIGHTS)


@office.command()
@click.argument("folder", type=FOLDER)
@click.option("--name", required=True, help="The office's name, as its counterparts will see it.")
@click.option(
    "--officer",
    "officers",
    multiple=True,
    required=True,
    help="NAME, or NAME=draft,release,duty,keys,audit. Repeat for each officer; all rights by default.",
)
@click.option(
    "--root", "root_file", required=True, type=FILE, help="Where the root is exported. Keep it apart."
)
@click.option("--passphrase-file", type=FILE, help="One passphrase a line, in the officers' order.")
@click.option(
    "--token", type=FILE, help="PKCS#11 module: the first officer's key is made on a token and stays there."
)
@click.option("--token-label", help="Which token, where this machine has several.")
@click.option(
    "--unlock-file", type=FILE, help="Where the unattended tier's secret lies (by default in FOLDER)."
)
@click.option(
    "--releasers",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="How many officers must sign a note before it is released.",
)
@click.option(
    "--drill-realm", help="32 hexadecimal digits: make an office of that drill instead of a live one."
)
def new(
    folder: Path,
    name: str,
    officers: tuple[str, ...],
    root_file: Path,
    passphrase_file: Path | None,
    token: Path | None,
    token_label: str | None,
    unlock_file: Path | None,
    releasers: int,
    drill_realm: str | None,
) -> None:
    """Make an office in FOLDER: root, desk, sealing and officer keys, a roster, an encrypted vault."""
    people = [parse_officer(text, at) for at, text in enumerate(officers, 1)]
    if len({fold_name(each.name) for each in people}) != len(people):
        raise YourError("Two officers have names that are typed alike.", "Give each a name of his own.")
    realm = realm_of(drill_realm)
    require_new(root_file)
    if root_file.resolve().is_relative_to(folder.resolve()):
        raise YourError(
            "The root is not kept in the vault's folder: whoever takes the desk would have it too.",
            "Name a file elsewhere, best on a medium that leaves this machine.",
        )
    if token_label is not None and token is None:
        raise YourError("A label names no token without its module.", "Give --token MODULE as well.")
    secrets = _passphrases(people, passphrase_file, token=token is not None)
    now = time.time_ns() // 1_000_000
    with ExitStack() as tokens:
        first, held = people[0].name, None
        if token is not None:
            held = tokens.enter_context(holding(token, token_label, secrets[0], os.urandom))
        keys = {first: held.public} if held is not None else {}
        founding = found(name, people, realm, os.urandom, now, releasers=releasers, on_tokens=keys)
        write_root(root_file, founding.office.name, founding.root_seed)
        try:
            made = create_vault(folder, rng=os.urandom, unlock_path=unlock_file)
        except GoodOfficesError:
            root_file.unlink()  # of an office that was never made
            raise
        with made as vault:
            if held is not None:
                vault.add_held(first, held, founding.reading_key, os.urandom, now)
            for person, secret in zip(people, secrets, strict=True):
                if (seed := founding.officer_seeds.get(person.name)) is not None:
                    vault.add_officer(person.name, secret, seed, founding.reading_key, os.urandom, now)
            ledger = Ledger(vault.db)
            with ledger.transaction():
                keep(ledger, founding, os.urandom)
    export_credential(folder, founding.office)
    say(f"office    {name}")
    say(f"id        {founding.office.id.hex()}")
    say(f"digits    {digits.grouped(founding.office.digits)}")
    say(f"vault     {folder}")
    say(f"root      {root_file}")
    aside("The root signs every change of keys. Move it off this machine now, to two places, and test both.")


def _passphrases(people: list[NewOfficer], file: Path | None, *, token: bool) -> list[str]:
    """One for each; the first is a PIN where his key is to lie on a token."""
    first, *others = people
    if file is not None:
        lines = secret_lines(file)
        if len(lines) < len(people):
            raise YourError(
                f"{file} holds {counted(len(lines), 'passphrase')} for {counted(len(people), 'officer')}."
            )
        found_secrets = lines[: len(people)]
    else:
        found_secrets = [
            passphrase(None, f"PIN of {first.name}'s token")
            if token
            else new_passphrase(f"Passphrase of {first.name}", first.name),
            *(new_passphrase(f"Passphrase of {each.name}", each.name) for each in others),
        ]
    for person, secret in zip(people, found_secrets, strict=True):
        if not token or person is not first:
            check_passphrase(secret, person.name)
    return found_secrets


def new_passphrase(what: str, name: str) -> str:
    """A new officer's passphrase, typed: what it has to be stands before the question, and a bad one is asked anew."""
    aside(
        f"A passphrase takes {MIN_CHARACTERS} characters or more, or {MIN_WORDS} words or more; "
        "a single letter is no word."
    )
    while True:
        secret = passphrase(None, what, confirm=True)
        try:
            check_passphrase(secret, name)
        except YourError as error:
            aside(f"{error.what} {error.next_step}")
        else:
            return secret


def read_root(path: Path) -> bytes:
    """The root's seed from the file that ``office new`` wrote."""
    seeds = [line[5:].strip() for line in secret_lines(path) if line.startswith("seed:")]
    try:
        (seed,) = [bytes.fromhex(each) for each in seeds]
    except ValueError:
        seed = b""
    if len(seed) != KEY_SIZE:
        raise YourError(f"{path} is not a root file.", "Take the file that was written with the office.")
    return seed


def root_name(path: Path) -> str:
    """Whose root a file says it is."""
    return next((line[7:].strip() for line in secret_lines(path) if line.startswith("office:")), "?")


def write_root(path: Path, name: str, seed: bytes) -> None:
    """A new root file."""
    text = (
        f"{ROOT.decode()} Whoever holds this file speaks for the office.\n"
        "Keep it off the desk's machine, in two places. It is needed to change rosters and keys.\n"
        f"office: {name}\nseed: {seed.hex()}\n"
    )
    write_new(path, text.encode())


def export_credential(folder: Path, credential: Office) -> Path:
    path = folder / "credential.cbor"
    path.write_bytes(credential.raw)
    path.chmod(0o600)
    return path


@office.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FILE, help="Write the credential to this file, to hand to a counterpart.")
@click.option("--qr", "qr_file", type=FILE, help="Write the fingerprint as a QR code (SVG).")
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
def show(folder: Path, out: Path | None, qr_file: Path | None, unlock_file: Path | None) -> None:
    """Show the office's credential: ID, check digits, officers; as a file and as a QR code."""
    with open_vault(folder, unlock_path=unlock_file) as vault:
        ledger = Ledger(vault.db)
        me = ledger.fact("office")
        mine = ledger.office(me) if me else None
        if mine is None:
            raise MachineError("This vault holds no office.", "Make one with: goodoffices office new")
    describe(mine)
    code = segno.make(fingerprint(mine), error="m")
    if qr_file:
        drawn = io.BytesIO()
        code.save(drawn, kind="svg", scale=8, border=4)
        write_new(qr_file, drawn.getvalue())
        aside(f"QR code written to {qr_file}")
    else:
        code.terminal(compact=True)
    if out:
        write_new(out, mine.raw)
        aside(f"credential written to {out}")


@office.command()
@click.argument("credential", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def inspect(credential: Path) -> None:
    """Verify a credential FILE that somebody handed over, and show its check digits."""
    describe(credential_in(credential))


def credential_in(file: Path) -> Office:
    """The credential in a file that somebody handed over, verified."""
    return read_office(chosen(file, MAX_CREDENTIAL, "credential of an office", _many_signed))


def _many_signed(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) > 1 and all(isinstance(each, bytes) for each in value)


def describe(shown: Office) -> None:
    """An office's credential in words."""
    say(f"office    {shown.name}")
    say(f"id        {shown.id.hex()}")
    say(f"digits    {digits.grouped(shown.digits)}")
    say(f"realm     {'live' if shown.realm == LIVE else 'DRILL ' + shown.realm.hex()}")
    say(
        f"roster    version {shown.roster.version}, {shown.roster.releasers_needed} of"
        f" {sum(bool(Right(r) & Right.RELEASE) for _, _, r in shown.roster.officers)} release"
    )
    for pseudonym, _, rights in shown.roster.officers:
        held = ", ".join(right.name.lower() for right in Right if rights & right and right.name)
        say(f"          {pseudonym}: {held}")


def fingerprint(shown: Office) -> str:
    """What the QR code says: enough to check a credential that came as a file."""
    return f"GOODOFFICES OFFICE {shown.id.hex().upper()}"
