# SPDX-License-Identifier: Apache-2.0
"""The how-to on officers and keys, followed from its first command to its last (P13)."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from goodoffices.cli.main import main
from tests.cli.conftest import DRAFTERS, PASSPHRASE, private
from tests.tokens import PIN, TokenShop, module

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "officers-and-keys.md"
CIRO = "five quite different words here"


def commands() -> list[list[str]]:
    """Every command of the page, as somebody would type it."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


def typed(words: list[str], label: str) -> list[str]:
    """The same with what a person is asked for in files, with backups where this test has them, and its token."""
    words = ["copies" if each == "/media/backup/aland" else each for each in words]
    if words[:2] == ["office", "new"]:
        words += ["--passphrase-file", "anew"]
    elif "--officer" in words:
        words += ["--passphrase-file", "ayla"]
    if "--token" in words:
        words[words.index("--token") + 1] = str(module())
        words[words.index("--token-label") + 1] = label
    if words[:3] == ["office", "officer", "add"]:
        words += ["--new-passphrase-file", "pin" if "--token" in words else "ciro"]
    return [*words, "--yes"] if words[:2] == ["office", "sign-roster"] else words


@pytest.mark.slow
def test_the_how_to_on_keys_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokens: TokenShop
) -> None:
    """P13: officers come and go, keys are renewed, a stolen desk comes back; a root in shares, and one replaced."""
    monkeypatch.chdir(tmp_path)
    label = tokens.new()
    for name, secret in (("ayla", PASSPHRASE), ("bo", DRAFTERS), ("ciro", CIRO), ("pin", PIN)):
        private(tmp_path / name, secret + "\n")
    private(tmp_path / "anew", f"{PASSPHRASE}\n{CIRO}\n")
    private(tmp_path / "both", f"{PASSPHRASE}\n{DRAFTERS}\n")
    (tmp_path / "copies").mkdir()
    run = CliRunner()

    def does(words: list[str]) -> str:
        done = run.invoke(main, words, catch_exceptions=False)
        assert done.exit_code == 0, (words, done.output)
        return done.output

    new = "office new vault --name Aland --officer ayla --officer bo --root root.txt --passphrase-file both"
    does(shlex.split(new))
    does(shlex.split("backup set-up --vault vault --officer ayla --passphrase-file ayla --to copies"))
    said = ""
    for words in commands():
        if words[:2] == ["desk", "serve"]:
            continue  # that it comes back on its lines is shown in tests/desk/test_backup.py
        if words[:2] == ["backup", "restore"]:
            does(["backup", "now", "--vault", "vault"])
        said += does(typed(words, label))
    assert "bo is locked out here" in said
    assert "the root of Aland is whole" in said
    assert (tmp_path / "aland.invitation").exists()
    few = run.invoke(
        main,
        shlex.split(
            "office join-root --share root-shares/root-share-2.txt --credential vault/credential.cbor"
        ),
    )
    assert "do not give the secret back" in few.output + few.stderr
    assert "The desk gets a new key" in said
    people = does(["office", "officer", "list", "--vault", "vault-new"])
    assert re.search(r"bo\t.*locked out", people)
    assert {line.split("\t")[0] for line in people.splitlines()} == {"ayla", "bo", "Dara", "Ciro", "Emre"}
    assert f"key on the token {label}" in people
