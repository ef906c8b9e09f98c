# SPDX-License-Identifier: Apache-2.0
"""A restore that fails or is cut off leaves nothing that could speak for the office."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from goodoffices.core.errors import MachineError, VaultDamaged, WrongSecret
from goodoffices.desk.backup.restoring import finishing
from goodoffices.desk.service import DeskConfig, DeskService
from goodoffices.desk.vault.vault import open_vault
from tests.desk.running import PASSPHRASE
from tests.desk.test_backup import Small, restored, small

__all__ = ["small"]


@pytest.fixture
def copies(small: Small, tmp_path: Path) -> Path:
    small.set_up(tmp_path / "copies")
    asyncio.run(small.back_up(tmp_path / "copies"))
    return tmp_path / "copies"


def test_a_mistyped_passphrase_leaves_nothing_behind(small: Small, copies: Path, tmp_path: Path) -> None:
    """P2, P8: a half vault would have gone on signing under the old key, and nobody could have signed in."""
    vault, told = restored(copies, small.root, tmp_path / "new")
    with pytest.raises(WrongSecret), finishing(vault, told):
        vault.sign_in("duty", f"not {PASSPHRASE}")
    assert not (tmp_path / "new").exists()
    vault, told = restored(copies, small.root, tmp_path / "new")
    with finishing(vault, told):
        assert vault.sign_in("duty", PASSPHRASE).name == "duty"
    open_vault(tmp_path / "new").close()


def test_a_restore_that_was_cut_off_is_no_vault(small: Small, copies: Path, tmp_path: Path) -> None:
    """P2: what lies there after a kill at any instant between is opened by no command and no desk."""
    vault, _ = restored(copies, small.root, tmp_path / "new")
    vault.close()  # as far as a process came that was killed
    with pytest.raises(MachineError, match="under way, or was cut off"):
        open_vault(tmp_path / "new")
    with pytest.raises(MachineError, match="remove the folder and restore once more"):
        restored(copies, small.root, tmp_path / "new")


def test_an_unlock_secret_that_was_there_before_stays(small: Small, copies: Path, tmp_path: Path) -> None:
    """P13: a service's credential is not the restore's to remove."""
    kept = tmp_path / "kept.key"
    kept.touch(mode=0o600)
    kept.write_text("ab" * 32 + "\n")
    vault, told = restored(copies, small.root, tmp_path / "new", kept)
    with pytest.raises(WrongSecret), finishing(vault, told):
        vault.sign_in("duty", os.urandom(8).hex())
    assert kept.exists()


def test_a_desk_without_reading_keys_does_not_start(small: Small, copies: Path, tmp_path: Path) -> None:
    """P2: half a restore by an earlier version served, signed on its lines and wrote the newest backup."""
    vault, told = restored(copies, small.root, tmp_path / "new")
    with finishing(vault, told):
        pass
    with pytest.raises(VaultDamaged, match="its restore was never finished"):
        DeskService(DeskConfig(tmp_path / "new"))
