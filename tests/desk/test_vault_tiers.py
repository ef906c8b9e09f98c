# SPDX-License-Identifier: Apache-2.0
"""P3, P10: what the vault gives to the unattended desk, to an officer, and to a thief with the disk."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from goodoffices.core.errors import NotAllowed, NotFound, VaultDamaged, WrongSecret, YourError
from goodoffices.desk.vault.keys import DECOY, unwrap
from goodoffices.desk.vault.vault import (
    Cost,
    Vault,
    create_vault,
    open_text,
    open_vault,
    seal_text,
)

CHEAP = Cost(64, 1, 1)
PASSPHRASE = "walnut harbour slowly thirteen"
OTHER = "copper meadow quietly ninety"
TEXT = b"The flight will not be answered if the answer ends there."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "office" / "vault"


@pytest.fixture
def vault(folder: Path) -> Iterator[Vault]:
    with create_vault(folder, rng=os.urandom, cost=CHEAP) as opened:
        yield opened


def _everything(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _rows(vault: Vault) -> bytes:
    """All that the unattended tier can read, in one string."""
    tables = [
        row[0] for row in vault.db.execute("SELECT name FROM sqlite_schema WHERE type='table'").fetchall()
    ]
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode()
        for table in tables
        for row in vault.db.execute(f'SELECT * FROM "{table}"').fetchall()
        for value in row
    )


def _forms(secret: bytes) -> tuple[bytes, ...]:
    return (
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret).rstrip(b"="),
        base64.urlsafe_b64encode(secret).rstrip(b"="),
    )


def test_an_officers_sign_in_yields_seed_and_reading_key(vault: Vault) -> None:
    seed, reading = os.urandom(32), os.urandom(32)
    vault.add_officer("Releaser", PASSPHRASE, seed, reading, os.urandom, 1)
    opened = vault.sign_in("Releaser", PASSPHRASE)
    assert (opened.name, opened.seed, opened.reading_key) == ("Releaser", seed, reading)


def test_opened_keys_do_not_show_in_a_log(vault: Vault) -> None:
    vault.add_officer("Releaser", PASSPHRASE, b"\x55" * 32, b"\x66" * 32, os.urandom, 1)
    assert repr(vault.sign_in("Releaser", PASSPHRASE)) == "OpenedOfficer(name='Releaser')"


def test_a_thief_with_the_disk_finds_no_text_no_seed_and_no_passphrase(folder: Path) -> None:
    """P3: while the desk runs, after it was closed, and with the log still there."""
    seed, reading, desk_seed = os.urandom(32), os.urandom(32), os.urandom(32)
    with create_vault(folder, rng=os.urandom, cost=CHEAP) as vault:
        vault.add_officer("Releaser", PASSPHRASE, seed, reading, os.urandom, 1)
        vault.put_secret("desk seed", desk_seed)
        vault.put_secret("a text", seal_text(reading, TEXT, b"note", os.urandom))
        running = _everything(folder)
    for found in (running, _everything(folder)):
        for secret in (seed, reading, desk_seed, PASSPHRASE.encode(), TEXT, b"Releaser"):
            assert not [form for form in _forms(secret) if form in found]


def test_the_unattended_tier_alone_yields_no_text_and_no_officers_key(folder: Path) -> None:
    """P10: the thief has the unlock secret too."""
    seed, reading = os.urandom(32), os.urandom(32)
    with create_vault(folder, rng=os.urandom, cost=CHEAP) as vault:
        vault.add_officer("Releaser", PASSPHRASE, seed, reading, os.urandom, 1)
        vault.put_secret("a text", seal_text(reading, TEXT, b"note", os.urandom))
    with open_vault(folder) as vault:
        found = _rows(vault)
    assert b"Releaser" in found
    for secret in (seed, reading, PASSPHRASE.encode(), TEXT):
        assert not [form for form in _forms(secret) if form in found]


def test_the_desk_reads_its_own_secrets_after_a_restart_without_a_person(folder: Path) -> None:
    desk_seed = os.urandom(32)
    with create_vault(folder, rng=os.urandom, cost=CHEAP) as vault:
        vault.put_secret("desk seed", desk_seed)
    with open_vault(folder) as vault:
        assert vault.secret("desk seed") == desk_seed
        assert vault.secret_names() == ("desk seed",)


def test_a_destroyed_secret_is_gone_from_every_page_and_from_the_log(vault: Vault) -> None:
    """P3: an old sealing seed must not come back."""
    old = os.urandom(32)
    vault.put_secret("sealing 1", old)
    vault.destroy_secret("sealing 1")
    with pytest.raises(NotFound):
        vault.secret("sealing 1")
    assert not (vault.folder / "vault.db-wal").stat().st_size
    copy = vault.folder / "plain.db"
    vault.db.execute("ATTACH DATABASE ? AS plain KEY ''", (str(copy),))
    vault.db.execute("SELECT sqlcipher_export('plain')")
    vault.db.execute("DETACH DATABASE plain")
    assert old not in copy.read_bytes()


@pytest.mark.parametrize(
    ("name", "passphrase"),
    [("Releaser", OTHER), ("Nobody", PASSPHRASE), ("", PASSPHRASE), ("Departed", PASSPHRASE)],
)
def test_wrong_passphrase_unknown_and_departed_officers_get_one_answer(
    vault: Vault, name: str, passphrase: str
) -> None:
    vault.add_officer("Releaser", PASSPHRASE, os.urandom(32), b"r" * 32, os.urandom, 1)
    vault.add_officer("Departed", PASSPHRASE, os.urandom(32), b"r" * 32, os.urandom, 2)
    vault.lock_out("Departed", 3)
    with pytest.raises(WrongSecret) as caught:
        vault.sign_in(name, passphrase)
    assert str(caught.value) == (
        "No officer signs in here with this name and passphrase. Check both and the keyboard's language, "
        "then type them again; nothing was changed."
    )


def test_an_unknown_name_costs_the_same_derivation_and_opens_for_nothing() -> None:
    """The decoy goes through ``unwrap`` itself: same Argon2id, same decryption, then refused."""
    with pytest.raises(WrongSecret):
        unwrap(PASSPHRASE, "nobody", bytes(16), CHEAP, DECOY)
    assert len(DECOY) == 1 + 12 + 64 + 16


def test_the_same_name_in_other_letters_signs_in(vault: Vault) -> None:
    vault.add_officer("Duty Officer", PASSPHRASE, os.urandom(32), os.urandom(32), os.urandom, 1)
    assert vault.sign_in("  duty officer ", PASSPHRASE).name == "Duty Officer"


def test_wrapped_keys_of_one_officer_do_not_open_as_anothers(vault: Vault) -> None:
    """P10: even somebody who can write the unlocked database cannot swap officers."""
    for name in ("First", "Second"):
        vault.add_officer(name, PASSPHRASE, os.urandom(32), b"r" * 32, os.urandom, 1)
    vault.db.execute(
        "UPDATE officer SET (salt, wrapped) = (SELECT salt, wrapped FROM officer WHERE name='First')"
        " WHERE name='Second'"
    )
    with pytest.raises(WrongSecret):
        vault.sign_in("Second", PASSPHRASE)


def test_a_changed_passphrase_opens_and_the_old_one_does_not(vault: Vault) -> None:
    vault.add_officer("Releaser", PASSPHRASE, b"s" * 32, b"r" * 32, os.urandom, 1)
    vault.change_passphrase("Releaser", PASSPHRASE, OTHER, os.urandom, 2)
    assert vault.sign_in("Releaser", OTHER).seed == b"s" * 32
    assert vault.officers()[0].changed_ms == 2
    with pytest.raises(WrongSecret):
        vault.sign_in("Releaser", PASSPHRASE)


def test_a_passphrase_is_not_changed_without_the_old_one(vault: Vault) -> None:
    vault.add_officer("Releaser", PASSPHRASE, b"s" * 32, b"r" * 32, os.urandom, 1)
    with pytest.raises(WrongSecret):
        vault.change_passphrase("Releaser", OTHER, OTHER, os.urandom, 2)
    assert vault.sign_in("Releaser", PASSPHRASE).seed == b"s" * 32


def test_a_departed_officers_wrapped_keys_are_destroyed_and_the_row_stays(vault: Vault) -> None:
    vault.add_officer("Stays", PASSPHRASE, os.urandom(32), b"r" * 32, os.urandom, 1)
    vault.add_officer("Leaves", PASSPHRASE, os.urandom(32), b"r" * 32, os.urandom, 2)
    vault.lock_out("Leaves", 3)
    assert [(one.name, one.may_sign_in) for one in vault.officers()] == [("Stays", True), ("Leaves", False)]
    row = vault.db.execute("SELECT salt, wrapped FROM officer WHERE name='Leaves'").fetchone()
    assert tuple(row) == (None, None)


def test_the_last_officer_cannot_be_locked_out(vault: Vault) -> None:
    vault.add_officer("Last", PASSPHRASE, os.urandom(32), os.urandom(32), os.urandom, 1)
    with pytest.raises(NotAllowed, match="last officer"):
        vault.lock_out("Last", 2)
    assert vault.sign_in("Last", PASSPHRASE).name == "Last"


def test_a_name_is_not_given_twice_even_after_its_officer_left(vault: Vault) -> None:
    for name in ("Stays", "Leaves"):
        vault.add_officer(name, PASSPHRASE, os.urandom(32), b"r" * 32, os.urandom, 1)
    vault.lock_out("Leaves", 2)
    with pytest.raises(YourError, match="not given twice"):
        vault.add_officer("LEAVES", PASSPHRASE, os.urandom(32), b"r" * 32, os.urandom, 3)


def test_an_officer_with_another_reading_key_is_refused(vault: Vault) -> None:
    vault.add_officer("First", PASSPHRASE, os.urandom(32), b"r" * 32, os.urandom, 1)
    with pytest.raises(NotAllowed, match="reading key"):
        vault.add_officer("Second", PASSPHRASE, os.urandom(32), b"q" * 32, os.urandom, 2)


def test_an_officer_added_in_a_transaction_that_fails_is_not_there(vault: Vault) -> None:
    vault.db.execute("BEGIN IMMEDIATE")
    vault.add_officer("First", PASSPHRASE, os.urandom(32), b"r" * 32, os.urandom, 1)
    vault.db.execute("ROLLBACK")
    assert vault.officers() == ()


def test_a_sealed_text_opens_under_its_key_and_its_name_only() -> None:
    blob = seal_text(b"r" * 32, TEXT, b"note 1", os.urandom)
    assert open_text(b"r" * 32, blob, b"note 1") == TEXT
    for key, aad in ((b"q" * 32, b"note 1"), (b"r" * 32, b"note 2")):
        with pytest.raises(VaultDamaged):
            open_text(key, blob, aad)


def test_the_same_text_sealed_twice_shares_no_bytes_but_the_version() -> None:
    """A restored backup has no counter that could go back: key and nonce come from fresh salt."""
    first, second = (seal_text(b"r" * 32, TEXT, b"", os.urandom) for _ in range(2))
    assert first[0] == second[0] == 1
    assert first[1:25] != second[1:25]
    assert first[25:41] != second[25:41]


@pytest.mark.slow
def test_default_cost_is_64_mib_three_passes_and_four_lanes(folder: Path) -> None:
    with create_vault(folder, rng=os.urandom) as vault:
        vault.add_officer("Releaser", PASSPHRASE, b"s" * 32, b"r" * 32, os.urandom, 1)
        row = vault.db.execute("SELECT memory_kib, passes, lanes FROM officer").fetchone()
    assert tuple(row) == (65536, 3, 4)
    with open_vault(folder) as vault:
        assert vault.sign_in("Releaser", PASSPHRASE).seed == b"s" * 32
