# SPDX-License-Identifier: Apache-2.0
"""Officers coming and going: who may sign in here (the vault) together with what is asked of the root.

Each of these is one act of a keeper of keys. Locking out never waits for the root: the officer's wrapped
keys are destroyed at once, and no act of that key is taken here any more, while the request is on its way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from goodoffices.core import crypto
from goodoffices.core.errors import NotAllowed, NotFound, YourError
from goodoffices.core.office import Right
from goodoffices.core.roster_request import RosterRequest
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.vault.keys import fold_name
from goodoffices.desk.vault.tokens import holding
from goodoffices.desk.vault.vault import Vault, check_passphrase


@dataclass(frozen=True)
class Person:
    """An officer as the office's own keeper of keys sees him: a name here, a pseudonym for others."""

    name: str
    public: bytes | None
    """None until the officer has signed in once, where the vault is older than this program's 0.2."""
    pseudonym: str | None
    rights: Right
    """By the roster in force; none before it lists the officer."""
    planned: Right
    """By the roster that the root is asked to sign."""
    locked_out: int | None
    """Since when (ms), or None."""
    token: str | None = None
    """The token that holds his key; None where the vault does, wrapped."""


def people(vault: Vault, desk: Desk) -> tuple[Person, ...]:
    """Everybody who has or had keys here, in order of arrival."""
    roster, planned = desk.context.my_office().roster, desk.rosters.planned()
    out = []
    for each in vault.officers():
        public = each.public
        pseudonym = (planned.pseudonym(public) or roster.pseudonym(public)) if public else None
        held = (roster.rights(public), planned.rights(public)) if public else (Right(0), Right(0))
        out.append(Person(each.name, public, pseudonym, *held, each.locked_out_ms, each.token))
    return tuple(out)


def others_with(everybody: Iterable[Person], me: bytes, rights: Right) -> list[Person]:
    """Who else holds one of these rights and was not locked out; of whom no key is known yet may be one of them."""
    return [
        each
        for each in everybody
        if each.public != me and each.locked_out is None and (each.public is None or each.rights & rights)
    ]


def add_officer(
    vault: Vault,
    desk: Desk,
    keeper: Officer,
    name: str,
    passphrase: str,
    pseudonym: str,
    rights: Right,
    now: int,
) -> RosterRequest:
    """Make keys for a new officer, wrapped under his own passphrase, and ask for his place in the roster.

    He can sign in once the roster that lists him is in force.
    """
    reading_key = _reading_key(vault, desk, keeper, name)
    check_passphrase(passphrase, name)
    rng = desk.context.rng
    seed = rng(32)
    request = desk.rosters.add(keeper, crypto.ed25519_public(seed), pseudonym, rights, now)
    vault.add_officer(name, passphrase, seed, reading_key, rng, now)
    return request


def add_with_token(
    vault: Vault,
    desk: Desk,
    keeper: Officer,
    name: str,
    pseudonym: str,
    rights: Right,
    now: int,
    *,
    module: Path,
    label: str | None,
    pin: str,
) -> RosterRequest:
    """The same for an officer whose signing key a PKCS#11 token makes and holds; he signs in by its PIN."""
    reading_key = _reading_key(vault, desk, keeper, name)
    with holding(module, label, pin, desk.context.rng) as held:
        vault.tokens.require_free(held)
        request = desk.rosters.add(keeper, held.public, pseudonym, rights, now)
        vault.add_held(name, held, reading_key, desk.context.rng, now)
        return request


def _reading_key(vault: Vault, desk: Desk, keeper: Officer, name: str) -> bytes:
    """What a new officer named ``name`` is given; raises where he cannot come in."""
    desk.acts.require(keeper, Right.KEYS)
    reading_key = desk.context.reading_key
    if reading_key is None:
        raise NotAllowed("The desk is locked: a new officer is given the key to its texts.", "Sign in first.")
    there = next((each for each in people(vault, desk) if fold_name(each.name) == fold_name(name)), None)
    if there is not None and there.locked_out is None and not there.rights and there.planned:
        raise YourError(
            f"An officer named {there.name} was asked for already, and waits for the root's signature.",
            "Have the request signed; or take him out again: goodoffices office officer remove.",
        )
    if there is not None:
        raise YourError(
            f"An officer named {name} is or was here; names are not given twice.", "Give another name."
        )
    return reading_key


def lock_out(
    vault: Vault,
    desk: Desk,
    keeper: Officer,
    name: str,
    why: str,
    now: int,
    *,
    public: bytes | None = None,
    new_sealing_keys: bool = True,
) -> RosterRequest | None:
    """Lock an officer out at once, and ask for a roster without his key.

    ``public``: his key, where the vault does not know it yet. Returns None if no roster lists it: then
    nobody but this desk ever knew of him. A running desk also ends his sessions (``DeskService.lock_out``).
    """
    desk.acts.require(keeper, Right.KEYS)
    row = next((each for each in vault.officers() if fold_name(each.name) == fold_name(name)), None)
    if row is None:
        raise NotFound(f"No officer named {name} is or was here.", "The desk's pages list its officers.")
    key = row.public or public
    if key is None:
        raise YourError(
            f"Which key of the roster is {name}'s is not known here.",
            "Name the pseudonym that it stands under.",
        )
    if key == keeper.public:
        raise NotAllowed("Nobody locks out himself.", "Have another keeper of keys do it.")
    vault.know_key(name, key)
    if row.may_sign_in:
        vault.lock_out(name, now)
    desk.ledger.audit(now, keeper.name, f"locked out {row.name}", AuditKind.OFFICE)
    if desk.rosters.planned().pseudonym(key) is None:
        return desk.rosters.request()
    return desk.rosters.remove(keeper, key, why, now, new_sealing_keys=new_sealing_keys)


def key_named(vault: Vault, desk: Desk, name: str) -> bytes:
    """The key of an officer by the name he signs in with; raises NotFound."""
    for each in people(vault, desk):
        if fold_name(each.name) == fold_name(name):
            if each.public is None:
                raise NotFound(
                    f"Which key is {name}'s is not known here yet.", "Have that officer sign in once."
                )
            return each.public
    raise NotFound(f"No officer named {name} is or was here.", "The desk's pages list its officers.")
