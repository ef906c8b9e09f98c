# SPDX-License-Identifier: Apache-2.0
"""Whoever keeps the backups puts a piece of his own among them, for the office to restore."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goodoffices.core.backup import open_piece, seal_piece
from goodoffices.core.crypto import sealing_public
from goodoffices.core.errors import WrongSigner
from tests.attacks.catalogue import Attack
from tests.desk.test_backup import Small, piece_of

ATTACK = Attack(
    by="A thief with the disk",
    does="hands a backup back that the office did not write",
    refused="a piece counts by the desk's signature alone, in its own place of its own series",
    promise=8,
)


def committed(small: Small) -> bytes:
    """A piece that opens for the root, as anybody can seal one to it, under a key of the thief's."""
    readers = [sealing_public(small.root[0])]
    piece, office = piece_of(small, b""), small.made.office
    sealed = seal_piece(
        piece, b"", office, desk_seed=os.urandom(32), readers=readers, rng=os.urandom, introduce=True
    )
    return sealed[0]


def test_it_is_not_restored_from(tmp_path: Path) -> None:
    """P8"""
    small = Small(tmp_path / "vault")
    with pytest.raises(WrongSigner):
        open_piece(committed(small), small.root, None)
