# SPDX-License-Identifier: Apache-2.0
"""``goodoffices office``: making an office and showing its credential, as transcripts of real commands."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest
import segno
from click.testing import CliRunner

from goodoffices.cli.main import main
from tests.cli.conftest import DRAFTERS, DRILL, PASSPHRASE, Office, ended, private, refusal, start
from tests.tokens import PIN, TokenShop, module

pytestmark = pytest.mark.slow  # every test starts processes

NEW = ("office", "new", "vault", "--name", "Bern", "--officer", "duty", "--root", "root")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_offices_files_are_its_users_alone(washington: Office) -> None:
    """P12: the vault's folder and every file in it, and the root, which lies elsewhere."""
    vault = washington.folder / "vault"
    assert _mode(vault) == 0o700
    names = {"vault.db", "vault.db.lock", "vault.json", "unlock.key", "credential.cbor"}
    assert {(path.name, _mode(path)) for path in vault.iterdir()} == {(name, 0o600) for name in names}
    assert _mode(washington.folder / "root") == 0o600
    assert "office: Washington" in (washington.folder / "root").read_text(encoding="utf-8")


def test_the_root_is_nowhere_in_the_vault(washington: Office) -> None:
    """P13, format §3: the root is exported and kept off the desk."""
    seed = (washington.folder / "root").read_text(encoding="utf-8").split("seed: ")[1].strip()
    for path in (washington.folder / "vault").iterdir():
        held = path.read_bytes()
        assert bytes.fromhex(seed) not in held
        assert seed.encode() not in held


def test_the_credential_shows_alike_from_the_vault_and_from_a_file(washington: Office) -> None:
    shown = washington.does("office show vault --out credential --qr qr.svg")
    inspected = washington.does("office inspect credential")
    assert shown.out == inspected.out
    assert shown.word("office") == "Washington"
    assert shown.word("realm") == "live"
    assert [len(group) for group in shown.word("digits").split()] == [5] * 6
    assert _mode(washington.folder / "credential") == 0o600


def test_the_qr_code_holds_the_offices_fingerprint(washington: Office) -> None:
    identifier = washington.does("office show vault --qr qr.svg").word("id")
    expected = io.BytesIO()
    segno.make(f"GOODOFFICES OFFICE {identifier.upper()}", error="m").save(
        expected, kind="svg", scale=8, border=4
    )
    assert (washington.folder / "qr.svg").read_bytes() == expected.getvalue()


def test_a_drills_office_says_so(founded: Path) -> None:
    said = ended(start(founded / "drill", "office", "inspect", "vault/credential.cbor"))
    assert said.word("realm") == f"DRILL {DRILL}"


@pytest.mark.parametrize("at", [0, 100, -1])
def test_an_altered_credential_is_refused(washington: Office, at: int) -> None:
    """P1, P12."""
    path = washington.folder / "vault" / "credential.cbor"
    altered = bytearray(path.read_bytes())
    altered[at] ^= 1
    (washington.folder / "altered").write_bytes(altered)
    assert ("yours" if at == 0 else "the other office's") in washington.is_refused("office inspect altered")


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x9f" * 1000, bytes(2 << 20)], ids=len)
def test_what_is_no_credential_is_refused(washington: Office, content: bytes) -> None:
    (washington.folder / "other").write_bytes(content)
    said = washington.is_refused("office inspect other")
    assert "other is no credential" in said
    assert "whose fault: yours" in said


def test_a_root_and_a_text_are_not_taken_for_damaged(washington: Office) -> None:
    """P12: what must never lie here is said to be what it is."""
    said = washington.is_refused("office inspect root")
    assert "root is a root: whoever holds it" in said
    assert "Move it away from here" in said
    assert "passphrase is a text, and no credential" in washington.is_refused("office inspect passphrase")


@pytest.mark.parametrize(
    ("passphrase", "said"),
    [
        ("short", "or 4 words or more"),
        ("duty duty duty", ""),
        ("aaaaaaaaaaaaaaaa", ""),
        ("", ""),
    ],
)
def test_a_weak_passphrase_is_refused_before_anything_is_made(
    tmp_path: Path, passphrase: str, said: str
) -> None:
    private(tmp_path / "passphrase", passphrase + "\n")
    assert said in refusal(ended(start(tmp_path, *NEW, "--passphrase-file", "passphrase")))
    assert [path.name for path in tmp_path.iterdir()] == ["passphrase"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--officer", "second=fly"], "'fly' is no right"),
        (["--officer", "second="], "'' is no right"),
        (["--officer", "DUTY"], "names that are typed alike"),
        (["--drill-realm", "0" * 32], "drill's realm is 32 hexadecimal digits"),
        (["--drill-realm", "xyz"], "drill's realm is 32 hexadecimal digits"),
        (["--root", "vault/root"], "not kept in the vault's folder"),
        (["--root", "passphrase"], "is there already"),
        (["--root", "nowhere/root"], "nowhere"),
        (["--name", ""], ""),
        (["--name", "two\nlines"], ""),
        (["--passphrase-file", "nowhere"], "cannot be read"),
        (["--officer", "second"], "1 passphrase for 2 officers"),
    ],
    ids=lambda value: " ".join(value).replace("\n", "\\n") if isinstance(value, list) else None,
)
def test_what_cannot_be_an_office_is_refused_before_anything_is_made(
    tmp_path: Path, options: list[str], said: str
) -> None:
    private(tmp_path / "passphrase", PASSPHRASE + "\n")
    assert said in refusal(ended(start(tmp_path, *NEW, "--passphrase-file", "passphrase", *options)))
    assert [path.name for path in tmp_path.iterdir()] == ["passphrase"]


def test_an_office_needs_a_keeper_of_keys_and_a_duty_officer(tmp_path: Path) -> None:
    private(tmp_path / "passphrase", PASSPHRASE + "\n")
    words = ["office", "new", "vault", "--name", "Bern", "--root", "root", "--officer", "duty=draft,duty"]
    assert "keeper of keys" in refusal(ended(start(tmp_path, *words, "--passphrase-file", "passphrase")))


def test_a_folder_with_a_vault_is_left_as_it_is(washington: Office) -> None:
    """The second office's root is not left behind either."""
    before = {path.name: path.read_bytes() for path in (washington.folder / "vault").iterdir()}
    words = ("--name", "Other", "--officer", "duty", "--root", "root2", "--passphrase-file", "passphrase")
    assert "holds a vault already" in washington.is_refused("office new vault", *words)
    assert {path.name: path.read_bytes() for path in (washington.folder / "vault").iterdir()} == before
    assert not (washington.folder / "root2").exists()


def test_a_wrong_passphrase_opens_nothing_and_says_so(washington: Office) -> None:
    private(washington.folder / "passphrase", "five calm words at noon\n")
    said = washington.is_refused("line invite --relay http://127.0.0.1:1 --out invitation")
    assert "whose fault: yours" in said
    assert not (washington.folder / "invitation").exists()


@pytest.mark.parametrize("name", ["vault", "vault/vault.db", "vault/unlock.key", "vault/vault.json"])
def test_loose_permissions_are_refused_with_the_command_that_mends_them(
    washington: Office, name: str
) -> None:
    (washington.folder / name).chmod(0o755 if name == "vault" else 0o644)
    assert "chmod" in washington.is_refused("office show vault")


def test_a_loose_passphrase_file_is_named(washington: Office) -> None:
    (washington.folder / "passphrase").chmod(0o644)
    said = washington.does("line invite --relay http://127.0.0.1:1 --out invitation")
    assert "chmod 600 passphrase" in said.err


def test_a_damaged_vault_is_refused_and_kept(washington: Office) -> None:
    path = washington.folder / "vault" / "vault.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(64))
    assert "restore the last backup" in washington.is_refused("office show vault")
    assert path.stat().st_size == size


def test_another_vaults_unlock_secret_does_not_fit(washington: Office, bern: Office) -> None:
    said = washington.is_refused("office show vault --unlock-file", bern.path("vault/unlock.key"))
    assert "does not fit this vault" in said


def test_a_folder_without_a_vault_is_named(tmp_path: Path) -> None:
    assert "no vault" in refusal(ended(start(tmp_path, "office", "show", str(tmp_path))))


def test_what_is_there_is_never_written_over(washington: Office) -> None:
    for option in ("--out", "--qr"):
        assert "is there already" in washington.is_refused(f"office show vault {option} root")
    assert "seed: " in (washington.folder / "root").read_text(encoding="utf-8")


def test_the_first_officers_key_is_made_on_a_token_where_one_is_named(
    tmp_path: Path, tokens: TokenShop
) -> None:
    """P10, P13: he founds the office by his PIN, signs in by it, and the vault holds no key of his."""
    private(tmp_path / "pin", f"{PIN}\n{DRAFTERS}\n")
    office, label = Office(tmp_path), tokens.new()
    words = [
        "--name=Aland",
        "--officer=amir",
        "--officer=bo=draft",
        "--passphrase-file=pin",
        f"--token={module()}",
    ]
    founding = [*words, "--token-label"]
    assert "no such token" in office.is_refused(
        "office new nothing --root nothing.txt", *founding, "nobody's"
    )
    assert not (tmp_path / "nothing").exists()
    office.does("office new vault --root root.txt", *founding, label)
    assert (
        f"amir\tofficer 1\tdraft, release, duty, keys, audit\tkey on the token {label}"
        in office.does("office officer list --vault vault").out
    )
    more = ["--rights=audit", "--new-passphrase-file=passphrase", "--root=root.txt", "--passphrase-file=pin"]
    private(tmp_path / "passphrase", PASSPHRASE + "\n")
    added = office.does("office officer add Cleo --vault vault --officer amir", *more)
    assert "roster 2 is in force" in added.out
    again = ["--name=Beland", "--officer=emre", "--passphrase-file=pin", f"--token-label={label}"]
    assert "Give --token MODULE" in office.is_refused("office new other --root other.txt", *again)


def test_only_the_passphrase_that_is_too_weak_is_asked_for_again(tmp_path: Path) -> None:
    """P13: what it has to be is said before the question."""
    words = ["office", "new", str(tmp_path / "vault"), "--name", "Mid", "--officer", "duty"]
    typed = f"short\nshort\n{PASSPHRASE}\n{PASSPHRASE}\n"
    done = CliRunner().invoke(main, [*words, "--root", str(tmp_path / "root")], input=typed)
    assert done.exit_code == 0, done.output
    said = done.stderr
    assert said.index("A passphrase takes 12 characters") < said.index("Passphrase of duty")
    assert "is too short: it takes 12 characters" in said
