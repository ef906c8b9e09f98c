# SPDX-License-Identifier: Apache-2.0
"""P10: an officer's key that a PKCS#11 token holds signs like any other, and is nowhere else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest

from goodoffices.core.errors import MachineError, NotAllowed, WrongSecret, YourError
from goodoffices.core.office import Right
from goodoffices.core.roster_request import sign_request
from goodoffices.core.statement import sign, state
from goodoffices.core.stop import Stop
from goodoffices.desk.context import Officer
from goodoffices.desk.founding import ALL_RIGHTS
from goodoffices.desk.presence.people import add_with_token, lock_out, people
from goodoffices.desk.service import DeskConfig, DeskService, desk_of
from goodoffices.desk.vault.vault import Vault, open_vault
from tests.desk.running import PASSPHRASE, make_office
from tests.tokens import PIN, TokenShop, module

NOW = 1_700_000_000_000


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    return make_office(tmp_path / "vault", "Aland")


@pytest.fixture
def vault(tmp_path: Path, root: bytes) -> Iterator[Vault]:
    with open_vault(tmp_path / "vault") as opened:
        yield opened


def _add(vault: Vault, root: bytes, name: str, label: str | None, pin: str = PIN) -> None:
    """By a keeper who is signed in, and by the root at once."""
    desk, keys = desk_of(vault), vault.sign_in("duty", PASSPHRASE)
    keeper = Officer("duty", keys.public, keys.seed)
    desk.unlock(keys.reading_key, NOW)
    request = add_with_token(
        vault, desk, keeper, name, f"officer of {label}", ALL_RIGHTS, NOW,
        module=module(), label=label, pin=pin,
    )  # fmt: skip
    desk.rosters.install(sign_request(request, root), NOW)


def test_a_token_signs_what_the_roster_lists_and_gives_no_key_out(
    vault: Vault, root: bytes, tokens: TokenShop
) -> None:
    """P10, P3: the vault holds the reading key alone, under what the token computes."""
    label = tokens.new()
    _add(vault, root, "Dana", label)
    opened = vault.sign_in("dana", PIN)
    assert not isinstance(opened.seed, bytes)
    assert opened.reading_key == vault.sign_in("duty", PASSPHRASE).reading_key
    desk = desk_of(vault)
    assert desk.context.my_office().roster.rights(opened.public) == ALL_RIGHTS
    stated = state(Stop(line=bytes(32), office=desk.me, roster=2, time=(NOW, 0)), bytes(16))
    both = sign(stated, opened.seed, vault.sign_in("duty", PASSPHRASE).seed)
    both.verify()
    assert opened.public in both.signers
    (wrapped,) = vault.db.execute("SELECT wrapped FROM officer WHERE folded='dana'").fetchone()
    assert len(wrapped) == 1 + 12 + 32 + 16
    (person,) = (each for each in people(vault, desk) if each.name == "Dana")
    assert person.token == label
    with pytest.raises(NotAllowed, match="A token holds"):
        opened.wrappable()
    with pytest.raises(NotAllowed, match="A token holds"):
        vault.change_passphrase("Dana", PIN, "three calm words more", os.urandom, NOW)


@pytest.mark.slow
def test_a_wrong_pin_opens_nothing_also_while_the_token_is_open(
    vault: Vault, root: bytes, tokens: TokenShop
) -> None:
    """P10: a token that is signed in to does not look at a PIN again, so the desk does."""
    _add(vault, root, "Dana", tokens.new())
    for pin in ("271829", "", "x" * 300):
        with pytest.raises(WrongSecret):
            vault.sign_in("Dana", pin)
    first = vault.sign_in("Dana", PIN)
    with pytest.raises(WrongSecret):
        vault.sign_in("Dana", "271829")
    assert vault.sign_in("Dana", PIN).public == first.public


@pytest.mark.slow
@pytest.mark.parametrize("says_so", [True, False])
def test_a_token_that_has_locked_itself_is_called_that_and_its_last_try_is_not_spent(
    vault: Vault, root: bytes, tokens: TokenShop, monkeypatch: pytest.MonkeyPatch, says_so: bool
) -> None:
    """P12, P13: *no officer with this PIN* would have him type it again for ever. SoftHSM never locks itself."""
    label = tokens.new()
    _add(vault, root, "Dana", label)
    (there,) = (each for each in pkcs11.lib(str(module())).get_tokens() if each.label.strip() == label)
    tried: list[str] = []

    class Locked:
        serial, label = there.serial, there.label
        flags = pkcs11.TokenFlag.USER_PIN_LOCKED if says_so else pkcs11.TokenFlag(0)

        def open(self, *, rw: bool, user_pin: str) -> None:
            tried.append(user_pin)
            raise pkcs11.PinLocked

    class Library:
        def get_tokens(self) -> list[Locked]:
            return [Locked()]

    monkeypatch.setattr(pkcs11, "lib", lambda _: Library())
    with pytest.raises(MachineError, match="refused too many PINs") as told:
        vault.sign_in("Dana", PIN)
    assert "unlock it there" in told.value.next_step
    assert tried == ([] if says_so else [PIN])


@pytest.mark.slow
def test_signing_out_closes_the_token(tmp_path: Path, root: bytes, tokens: TokenShop) -> None:
    """P10: its key answers until its officer signs out, and to a lock-out at once."""
    with open_vault(tmp_path / "vault") as vault:
        _add(vault, root, "Dana", tokens.new())

    async def story() -> None:
        service = DeskService(DeskConfig(vault=tmp_path / "vault"))
        await service.start()
        dana = await service.sign_in("Dana", PIN)
        service.desk.acts.require(dana, Right.RELEASE)
        await service.prove(dana, PIN)
        with pytest.raises(WrongSecret):
            await service.prove(dana, "271829")
        once = Stop(line=bytes(32), office=service.desk.me, roster=2, time=(NOW, 0))
        sign(state(once, bytes(16)), dana.seed).verify()
        service.sign_out(dana)
        with pytest.raises(MachineError, match="Put the token back"):
            sign(state(once, bytes(16)), dana.seed)
        keeper = await service.sign_in("duty", PASSPHRASE)
        dana = await service.sign_in("Dana", PIN)
        service.lock_out(keeper, "Dana", "")
        with pytest.raises(MachineError):
            sign(state(once, bytes(16)), dana.seed)
        with pytest.raises(WrongSecret):
            await service.sign_in("Dana", PIN)
        await service.stop()

    asyncio.run(story())


def test_one_token_is_one_officers_and_what_fails_leaves_nothing_on_it(
    vault: Vault, root: bytes, tokens: TokenShop
) -> None:
    """P12: each refusal says what to do, and costs neither the vault nor the token anything."""
    label = tokens.new()
    with pytest.raises(WrongSecret, match=r"The token .* refuses this PIN"):
        _add(vault, root, "Dana", label, pin="271829")
    _add(vault, root, "Dana", label)
    with pytest.raises(YourError, match="another officer's at this desk"):
        _add(vault, root, "Emre", label)
    with pytest.raises(MachineError, match="no such token"):
        _add(vault, root, "Emre", "nobody's")
    with pytest.raises(
        YourError, match="several tokens in this machine: token-"
    ):  # none of them without a name
        _add(vault, root, "Emre", None)
    assert {each.name for each in vault.officers()} == {"duty", "second", "Dana"}
    assert vault.sign_in("Dana", PIN).name == "Dana"


def test_a_token_that_is_not_there_is_named(vault: Vault, root: bytes, tokens: TokenShop) -> None:
    """P12"""
    _add(vault, root, "Dana", tokens.new())
    vault.tokens.keep(set())
    vault.db.execute("UPDATE token SET serial='00'")
    with pytest.raises(MachineError, match="is not in this machine"):
        vault.sign_in("Dana", PIN)
    vault.db.execute("UPDATE token SET module='/nowhere/module.so'")
    with pytest.raises(MachineError, match="cannot be loaded"):
        vault.sign_in("Dana", PIN)
    desk, keys = desk_of(vault), vault.sign_in("duty", PASSPHRASE)
    desk.unlock(keys.reading_key, NOW)
    lock_out(vault, desk, Officer("duty", keys.public, keys.seed), "Dana", "lost", NOW)
    assert vault.db.execute("SELECT count(*) FROM token").fetchone() == (0,)
