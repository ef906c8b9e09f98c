# SPDX-License-Identifier: Apache-2.0
"""``goodoffices backup``: set up, written, tried and restored, by the root and by keepers, as people do it."""

from __future__ import annotations

import stat

import pytest

from goodoffices.desk.backup.setup import tried as tried_at
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.routes.admittance import keep
from goodoffices.desk.vault.vault import open_vault
from tests.cli.conftest import Office

pytestmark = pytest.mark.slow  # every test starts processes

SET_UP = "backup set-up --vault vault --officer duty --passphrase-file passphrase --to copies"
BACK = "backup restore copies new --officer duty --passphrase-file passphrase"


def test_an_office_comes_back_from_its_backup(washington: Office) -> None:
    """P13: by the root in one command, or by two of three keepers and a request that the root signs elsewhere."""
    (washington.folder / "copies").mkdir()
    washington.does(SET_UP, "--keeper=Anna", "--keeper=Bert", "--keeper=Cora", "--shares=shares")
    share = washington.folder / "shares" / "share-3.txt"
    assert stat.S_IMODE(share.stat().st_mode) == 0o600
    assert "Any 2 of them" in share.read_text()
    _started_with_a_relay_of_its_own_authority(washington)
    assert washington.does("backup now --vault vault").out.startswith("2 pieces")
    tried = washington.does("backup try copies --root root")
    assert tried.word("office") == "Washington"
    assert len(tried.word("proof").replace(" ", "")) == 15

    shares = "--share shares/share-1.txt --share shares/share-3.txt"
    mistyped = washington.is_refused(BACK.replace("file passphrase", "file drafters"), "--root", "root")
    assert "No officer signs in here" in mistyped
    assert not (washington.folder / "new").exists()
    asked = washington.does(f"{BACK} {shares} --request request")
    assert "request for roster 2" in asked.out
    with open_vault(washington.folder / "new") as vault:
        assert tried_at(Ledger(vault.db)) is not None  # a restore that was needed is one that was tried
    assert "--relay-ca" in asked.word("start")
    assert (washington.folder / "relays.pem").read_text() == "an authority\n"
    assert stat.S_IMODE((washington.folder / "relays.admission").stat().st_mode) == 0o600
    washington.does("office sign-roster request --root root --yes")
    assert "roster 2 is in force" in washington.does("office install-roster request.signed --vault new").out
    assert "version 2" in washington.does("office show new").out

    assert "do not give the secret back" in washington.is_refused(
        "backup try copies --share shares/share-2.txt"
    )
    words = share.read_text().rsplit(" ", 1)[0]
    (washington.folder / "short").write_text(words)
    assert "short holds 32 words where" in washington.is_refused("backup try copies --share short")
    (washington.folder / "strange").write_text(f"{words} xylophone")
    assert "strange: 'xylophone' is no word" in washington.is_refused("backup try copies --share strange")
    (washington.folder / "mistyped").write_text(f"{words} {words.split()[-1]}")
    assert "at least one is mistyped" in washington.is_refused("backup try copies --share mistyped")
    assert "holds a vault already" in washington.is_refused(f"{BACK} --root root")
    assert "Say who opens" in washington.is_refused("backup try copies")
    assert "no backup at this place" in washington.is_refused("backup try shares --root root")


def _started_with_a_relay_of_its_own_authority(office: Office) -> None:
    """What a desk notes as it starts; the files themselves burn with the machine."""
    files = [office.folder / "authority", office.folder / "secrets"]
    files[0].write_text("an authority\n")
    files[1].write_text("https://relay.example secret\n")
    with open_vault(office.folder / "vault") as vault:
        keep(Ledger(vault.db), *files)
    for each in files:
        each.unlink()


def test_another_offices_root_opens_nothing(washington: Office, bern: Office) -> None:
    """P12"""
    (washington.folder / "copies").mkdir()
    washington.does(SET_UP)
    washington.does("backup now --vault vault")
    there = washington.path("copies")
    assert "another office's" in bern.is_refused("backup try", there, "--root", "root")
