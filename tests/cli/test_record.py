# SPDX-License-Identifier: Apache-2.0
"""``record export`` and ``verify`` as an officer and a stranger type them (P8, P12)."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Office, ended, start

pytestmark = pytest.mark.slow  # whole folders, processes or many runs

SIGNED_IN = "--officer duty --passphrase-file passphrase"


def verified(office: Office, *words: str) -> tuple[int, str]:
    said = ended(start(office.folder, "verify", *words))
    return said.code, said.out + said.err


def test_an_office_exports_its_record_and_anybody_verifies_it(washington: Office) -> None:
    washington.does(f"record export vault out {SIGNED_IN}")
    code, words = verified(washington, "out")
    assert (code, words.splitlines()[-1][:8]) == (0, "VERIFIED")
    assert (
        (washington.folder / "out" / "README.txt")
        .read_text(encoding="utf-8")
        .startswith("RECORD OF Washington")
    )


def test_nobody_needs_to_sign_in_to_export_what_is_not_words(washington: Office) -> None:
    said = washington.does("record export vault out --sealed")
    assert "words of the notes are not in it" in said.err
    code, told = verified(washington, "out", "--json")
    assert code == 0
    assert json.loads(told)["texts"] is False


def test_a_flipped_byte_is_told_with_its_place(washington: Office) -> None:
    """P8."""
    washington.does(f"record export vault out {SIGNED_IN}")
    path = min((washington.folder / "out").glob("offices/*/office.txt"))
    raw = path.read_bytes()
    path.write_bytes(raw[:9] + bytes([raw[9] ^ 1]) + raw[10:])
    code, words = verified(washington, "out")
    assert code == 1
    assert f"FINDING in {path.relative_to(washington.folder / 'out')}" in words


def test_a_wrong_passphrase_exports_nothing(washington: Office) -> None:
    (washington.folder / "passphrase").write_text("not the right words at all\n", encoding="utf-8")
    assert "passphrase" in washington.is_refused(f"record export vault out {SIGNED_IN}")
    assert not (washington.folder / "out").exists()


def test_an_export_never_replaces_a_folder(washington: Office) -> None:
    (washington.folder / "out").mkdir()
    assert "there already" in washington.is_refused("record export vault out --sealed")


def test_what_is_no_export_ends_with_2(washington: Office, tmp_path: Path) -> None:
    assert verified(washington, "nowhere")[0] == 2
    assert verified(washington, str(tmp_path))[0] == 2
    assert json.loads(verified(washington, "nowhere", "--json")[1])["verdict"] == "not an export"
