# SPDX-License-Identifier: Apache-2.0
"""P2, P12: the vault on a real disk: damage, permissions, locks, kill -9. Refused, with what to do."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.errors import (
    AlreadyRunning,
    GoodOfficesError,
    LoosePermissions,
    MachineError,
    VaultDamaged,
    WrongSecret,
)
from goodoffices.desk.vault.files import read_unlock, require_private
from goodoffices.desk.vault.vault import Cost, create_vault, faults, open_text, open_vault, seal_text

CHEAP = Cost(64, 1, 1)
SECRETS = {f"secret {n}": bytes([n]) * 700 for n in range(40)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed vault with something in it."""
    _fill(tmp_path / "vault")
    return tmp_path / "vault"


def _fill(folder: Path) -> None:
    with create_vault(folder, rng=os.urandom, cost=CHEAP) as vault:
        for name, value in SECRETS.items():
            vault.put_secret(name, value)


@pytest.fixture(scope="module")
def closed() -> Iterator[Path]:
    """A closed vault that no test changes: it is copied for each example."""
    with tempfile.TemporaryDirectory() as place:
        _fill(Path(place) / "vault")
        yield Path(place) / "vault"


@pytest.fixture(scope="module")
def killed() -> Iterator[Path]:
    """A vault whose desk was killed: its commits are in the log only."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "vault"
        with create_vault(folder, rng=os.urandom, cost=CHEAP):
            pass
        with _process(folder, _COMMITS) as process:
            assert process.stdout
            while process.stdout.readline() != "39\n":
                pass
            process.kill()
        yield folder


@contextmanager
def _copy(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        yield Path(shutil.copytree(folder, Path(place) / "vault"))


def _flip(path: Path, position: int, mask: int) -> None:
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= mask
    path.write_bytes(data)


# --- Damage -----------------------------------------------------------------------------------------


@pytest.mark.slow
@given(position=st.integers(0, 10**6), mask=st.integers(1, 255))
def test_any_flipped_byte_of_the_database_is_named_damage(closed: Path, position: int, mask: int) -> None:
    with _copy(closed) as folder:
        _flip(folder / "vault.db", position, mask)
        with pytest.raises(VaultDamaged):
            open_vault(folder)


@given(position=st.integers(0, 10**6), mask=st.integers(1, 255))
def test_any_flipped_byte_of_the_header_is_named_damage(closed: Path, position: int, mask: int) -> None:
    with _copy(closed) as folder:
        _flip(folder / "vault.json", position, mask)
        with pytest.raises(VaultDamaged, match=r"vault\.json"):
            open_vault(folder)


@given(position=st.integers(0, 63), mask=st.integers(1, 255))
def test_a_flipped_byte_of_the_unlock_secret_is_a_wrong_secret(
    closed: Path, position: int, mask: int
) -> None:
    with _copy(closed) as folder:
        before = bytes.fromhex((folder / "unlock.key").read_text())
        _flip(folder / "unlock.key", position, mask)
        try:
            same = bytes.fromhex((folder / "unlock.key").read_text(errors="replace")) == before
        except ValueError:
            same = False
        if same:  # only the case of a hexadecimal digit
            open_vault(folder).close()
        else:
            with pytest.raises(WrongSecret):
                open_vault(folder)


@given(position=st.integers(0, 10**7), mask=st.integers(1, 255))
def test_a_flipped_byte_of_the_log_loses_at_most_the_last_commit(
    killed: Path, position: int, mask: int
) -> None:
    """P2: SQLite by itself would drop every commit after the flip without a word."""
    with _copy(killed) as folder:
        _flip(folder / "vault.db-wal", position, mask)
        try:
            with open_vault(folder) as vault:
                held = [int(name) for name in vault.secret_names()]
                assert all(vault.secret(str(n)) == _VALUE for n in held)
        except VaultDamaged:
            return
        assert sorted(held) in (list(range(40)), list(range(39)))


def test_a_log_left_by_a_kill_opens_with_every_commit(killed: Path) -> None:
    with _copy(killed) as folder, open_vault(folder) as vault:
        assert len(vault.secret_names()) == 40


@given(st.integers(0, 10**6) | st.integers(0, 9000))
def test_a_cut_database_is_named_damage(closed: Path, kept: int) -> None:
    with _copy(closed) as folder:
        data = (folder / "vault.db").read_bytes()
        (folder / "vault.db").write_bytes(data[: kept % len(data)])
        with pytest.raises(VaultDamaged):
            open_vault(folder)


def test_a_database_of_one_byte_is_not_taken_for_a_new_one(folder: Path) -> None:
    (folder / "vault.db").write_bytes(b"x")
    with pytest.raises(VaultDamaged, match="cut off"):
        open_vault(folder)


@pytest.mark.slow
@given(st.integers(0, 10**6))
def test_a_cut_log_gives_a_beginning_of_what_was_committed(killed: Path, kept: int) -> None:
    """P2's limit: a log cut at its end is the same as a backup of that moment (the record finds it)."""
    with _copy(killed) as folder:
        data = (folder / "vault.db-wal").read_bytes()
        (folder / "vault.db-wal").write_bytes(data[: kept % len(data)])
        with open_vault(folder) as vault:
            held = sorted(map(int, vault.secret_names()))
        assert held == list(range(len(held)))


@pytest.mark.parametrize("name", ["vault.db", "vault.json"])
def test_a_lost_file_is_named_and_not_made_anew(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(VaultDamaged, match=name):
        open_vault(folder)
    assert not (folder / name).exists()


@pytest.mark.parametrize(
    "garbage", [b"", b"{}", b"[" * 4000, b"\xff\xfe", b'{"format": "goodoffices vault"}', b"null"]
)
def test_a_garbled_header_is_named_damage(folder: Path, garbage: bytes) -> None:
    (folder / "vault.json").write_bytes(garbage)
    with pytest.raises(VaultDamaged, match=r"vault\.json"):
        open_vault(folder)


def test_a_vault_refused_for_damage_is_not_left_locked(folder: Path) -> None:
    whole = (folder / "vault.db").read_bytes()
    _flip(folder / "vault.db", 5000, 1)
    with pytest.raises(VaultDamaged):
        open_vault(folder)
    (folder / "vault.db").write_bytes(whole)
    open_vault(folder).close()


@given(st.binary(min_size=41, max_size=120), st.integers(0, 500), st.integers(1, 255))
def test_a_flipped_byte_of_a_sealed_text_never_gives_another_text(
    text: bytes, position: int, mask: int
) -> None:
    blob = bytearray(seal_text(b"r" * 32, text, b"note", os.urandom))
    blob[position % len(blob)] ^= mask
    with pytest.raises(MachineError):
        open_text(b"r" * 32, bytes(blob), b"note")


@given(st.binary(max_size=200))
def test_bytes_that_were_never_sealed_are_refused(blob: bytes) -> None:
    with pytest.raises(MachineError):
        open_text(b"r" * 32, blob, b"note")


# --- Secrets, versions, places ------------------------------------------------------------------------


def test_another_vaults_unlock_secret_is_refused(folder: Path, tmp_path: Path) -> None:
    create_vault(tmp_path / "other", rng=os.urandom, cost=CHEAP).close()
    with pytest.raises(WrongSecret, match="does not fit this vault"):
        open_vault(folder, unlock_path=tmp_path / "other" / "unlock.key")


def test_the_unlock_secret_may_be_kept_elsewhere(tmp_path: Path) -> None:
    folder, unlock = tmp_path / "vault", tmp_path / "credential"
    with create_vault(folder, rng=os.urandom, unlock_path=unlock, cost=CHEAP) as vault:
        vault.put_secret("desk", b"x")
    assert not (folder / "unlock.key").exists()
    with open_vault(folder, unlock_path=unlock) as vault:
        assert vault.secret("desk") == b"x"


def test_an_unlock_secret_that_was_provided_is_taken_and_not_overwritten(tmp_path: Path) -> None:
    unlock = tmp_path / "credential"
    unlock.write_text("ab" * 32)
    unlock.chmod(0o600)
    create_vault(tmp_path / "vault", rng=os.urandom, unlock_path=unlock, cost=CHEAP).close()
    assert unlock.read_text() == "ab" * 32
    assert read_unlock(unlock, os.geteuid()) == b"\xab" * 32


def test_a_missing_unlock_secret_is_named(folder: Path) -> None:
    (folder / "unlock.key").unlink()
    with pytest.raises(MachineError, match=r"unlock\.key is not there"):
        open_vault(folder)


def test_a_folder_without_a_vault_says_how_to_make_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(MachineError, match="goodoffices office new"):
        open_vault(tmp_path)
    with pytest.raises(MachineError, match="is not there"):
        open_vault(tmp_path / "nowhere")


def test_a_vault_of_a_newer_schema_is_refused_untouched(folder: Path) -> None:
    with open_vault(folder) as vault:
        vault.db.execute("PRAGMA user_version=9999")
    with pytest.raises(MachineError, match="9999"):
        open_vault(folder)


@pytest.mark.parametrize(("version", "code"), [(1, "HMAC_SHA512"), (2, "HMAC_SHA256")])
def test_a_vault_of_an_older_version_opens_and_stays_what_it_is(
    tmp_path: Path, version: int, code: str
) -> None:
    """P2: pages of older vaults are larger and carry another code; they are read, written and read again."""
    folder = tmp_path / "vault"
    with create_vault(folder, rng=os.urandom, cost=CHEAP, version=version) as vault:
        vault.put_secret("one", b"1")
    before = (folder / "vault.json").read_bytes()
    with open_vault(folder) as vault:
        assert vault.secret("one") == b"1"
        vault.put_secret("two", b"2")
    with open_vault(folder) as vault:
        assert (vault.secret("one"), vault.secret("two")) == (b"1", b"2")
        assert vault.db.execute("PRAGMA cipher_hmac_algorithm").fetchone()[0] == code
        assert vault.db.execute("PRAGMA cipher_page_size").fetchone()[0] == "4096"
    assert (folder / "vault.json").read_bytes() == before


def test_a_new_vault_has_small_pages_with_the_shorter_code(folder: Path) -> None:
    """P5: a note waits for every page, and for every byte of it (ADR 0087)."""
    with open_vault(folder) as vault:
        assert vault.db.execute("PRAGMA cipher_hmac_algorithm").fetchone()[0] == "HMAC_SHA256"
        assert vault.db.execute("PRAGMA cipher_page_size").fetchone()[0] == "2048"
        assert not vault.db.execute("PRAGMA cipher_integrity_check").fetchall()


def test_a_vault_of_a_version_that_is_not_known_is_refused_untouched(folder: Path) -> None:
    """P12: the header of a later version, whole in itself."""
    found = json.loads((folder / "vault.json").read_bytes())
    body = {name: value for name, value in found.items() if name != "sum"} | {"version": 9}
    whole = body | {"sum": sha256(json.dumps(body, indent=1, sort_keys=True).encode() + b"\n").hexdigest()}
    (folder / "vault.json").write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")
    with pytest.raises(MachineError, match="newer version"):
        open_vault(folder)


def test_a_vault_is_not_made_over_another(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(MachineError, match="holds a vault already"):
        create_vault(folder, rng=os.urandom, cost=CHEAP)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_creation_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """The unlock secret's folder is missing; so is, afterwards, the vault."""
    with pytest.raises(MachineError):
        create_vault(tmp_path / "vault", rng=os.urandom, unlock_path=tmp_path / "no" / "key", cost=CHEAP)
    assert not (tmp_path / "vault").exists()


def test_a_place_that_cannot_be_written_is_this_machines_fault() -> None:
    with pytest.raises(MachineError):
        create_vault(Path("/proc/self/vault"), rng=os.urandom, cost=CHEAP)


def test_a_database_that_cannot_be_written_says_so(folder: Path) -> None:
    with open_vault(folder) as vault:
        vault.db.execute("PRAGMA query_only=ON")
        with pytest.raises(MachineError, match="cannot be written"):
            vault.put_secret("more", b"x")


def test_a_full_disk_is_named_and_loses_nothing(folder: Path) -> None:
    with open_vault(folder) as vault:
        pages = vault.db.execute("PRAGMA page_count").fetchone()[0]
        vault.db.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(MachineError, match="disk is full"):
            vault.put_secret("large", bytes(100_000))
        assert not vault.db.in_transaction
    with open_vault(folder) as vault:
        assert set(vault.secret_names()) == set(SECRETS)


def test_a_disk_that_refuses_a_write_is_named_and_loses_nothing(folder: Path) -> None:
    """A real refusal by the operating system: a limit on the size of files."""
    with _process(folder, _LIMITED) as process:
        out, _ = process.communicate(timeout=60)
    assert out.startswith("MachineError")
    with open_vault(folder) as vault:
        assert set(vault.secret_names()) == set(SECRETS)


def test_mistakes_in_sql_are_not_called_damage(folder: Path) -> None:
    with open_vault(folder) as vault, pytest.raises(Exception, match="no such table") as caught, faults():
        vault.db.execute("SELECT * FROM missing")
    assert not isinstance(caught.value, GoodOfficesError)


def test_a_reader_sees_what_is_committed_and_cannot_write(folder: Path) -> None:
    with open_vault(folder) as vault:
        reader = vault.reader()
        vault.put_secret("more", b"x")
        assert reader.execute("SELECT value FROM secret WHERE name='more'").fetchone()[0] == b"x"
        with pytest.raises(MachineError), faults():
            reader.execute("DELETE FROM secret")


# --- Permissions ------------------------------------------------------------------------------------


def test_everything_in_the_folder_is_for_its_owner_alone(folder: Path) -> None:
    with open_vault(folder) as vault:
        vault.put_secret("more", b"x")
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {"vault.db", "vault.db-wal", "vault.db-shm", "vault.json", "unlock.key"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("name", ["vault.db", "vault.json", "unlock.key", "vault.db.lock"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_file_that_others_could_read_or_change_is_refused_with_the_command(
    folder: Path, name: str, mode: int
) -> None:
    (folder / name).chmod(mode)
    with pytest.raises(LoosePermissions) as caught:
        open_vault(folder)
    assert caught.value.next_step.endswith(f"chmod 600 {shlex.quote(str(folder / name))}")


def test_a_folder_that_others_could_enter_is_refused_with_the_command(folder: Path) -> None:
    folder.chmod(0o750)
    with pytest.raises(LoosePermissions) as caught:
        open_vault(folder)
    assert caught.value.next_step.endswith(f"chmod 700 {shlex.quote(str(folder))}")
    folder.chmod(0o700)
    open_vault(folder).close()


def test_an_unlock_secret_elsewhere_that_others_could_read_is_refused(tmp_path: Path) -> None:
    unlock = tmp_path / "credential"
    create_vault(tmp_path / "vault", rng=os.urandom, unlock_path=unlock, cost=CHEAP).close()
    unlock.chmod(0o640)
    with pytest.raises(LoosePermissions, match="credential"):
        open_vault(tmp_path / "vault", unlock_path=unlock)


def test_a_foreign_owner_is_refused_with_the_command(folder: Path) -> None:
    me = os.geteuid()
    with pytest.raises(LoosePermissions, match=f"chown {me + 1} "):
        require_private(folder / "vault.db", me + 1)


def test_a_link_in_place_of_a_file_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "vault.db").rename(tmp_path / "elsewhere.db")
    (folder / "vault.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(MachineError, match="link"):
        open_vault(folder)


# --- Processes --------------------------------------------------------------------------------------

_VALUE = b"v" * 900
_OPEN = """
import os, sys
from pathlib import Path
from goodoffices.core.errors import GoodOfficesError
from goodoffices.desk.vault.vault import open_vault
vault = open_vault(Path(sys.argv[1]))
"""
_HOLDS = _OPEN + "print('open', flush=True); sys.stdin.read()"
_COMMITS = (
    _OPEN
    + """
for n in range(1000000):
    vault.put_secret(str(n), b"v" * 900)
    print(n, flush=True)
    if n == 39 and len(sys.argv) == 2:
        sys.stdin.read()
"""
)
_HALF_WAY = (
    _OPEN
    + """
vault.put_secret("committed", b"yes")
vault.db.execute("PRAGMA cache_size=2")
vault.db.execute("BEGIN IMMEDIATE")
for n in range(300):
    vault.put_secret(f"half {n}", bytes(2000))
print("open", flush=True)
sys.stdin.read()
"""
)
_LIMITED = (
    _OPEN
    + """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000))
try:
    vault.put_secret("large", bytes(200000))
except GoodOfficesError as error:
    print(type(error).__name__, error, flush=True)
os._exit(0)
"""
)


@contextmanager
def _process(folder: Path, program: str, *more: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_told_that_the_vault_is_in_use(folder: Path) -> None:
    with _process(folder, _HOLDS) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        with pytest.raises(AlreadyRunning):
            open_vault(folder)


def test_the_same_process_is_told_so_too(folder: Path) -> None:
    with open_vault(folder), pytest.raises(AlreadyRunning):
        open_vault(folder)


def test_the_lock_vanishes_with_the_process_that_held_it(folder: Path) -> None:
    with _process(folder, _HOLDS) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        open_vault(folder).close()


def test_kill_between_write_and_commit_keeps_what_was_committed_and_nothing_else(folder: Path) -> None:
    """P2: the cache is small, so half of the transaction is in the log already."""
    with _process(folder, _HALF_WAY) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        assert (folder / "vault.db-wal").stat().st_size > 200_000
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    with open_vault(folder) as vault:
        assert set(vault.secret_names()) == {*SECRETS, "committed"}
        assert vault.secret("committed") == b"yes"


@pytest.mark.parametrize("after", [1, 17, 60, 230, 700])
def test_kill_at_any_instant_loses_no_commit_that_was_reported(tmp_path: Path, after: int) -> None:
    """P2: what was said to be committed is there; at most one more, whose report did not get out."""
    folder = tmp_path / "vault"
    create_vault(folder, rng=os.urandom, cost=CHEAP).close()
    with _process(folder, _COMMITS, "for ever") as process:
        assert process.stdout
        for _ in range(after):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        told = after + len(process.stdout.read().splitlines())
        process.wait(60)
    with open_vault(folder) as vault:
        held = sorted(map(int, vault.secret_names()))
        assert held == list(range(len(held)))
        assert told <= len(held) <= told + 1
