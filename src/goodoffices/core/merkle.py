# SPDX-License-Identifier: Apache-2.0
"""Merkle tree over salted leaves (hashing of RFC 9162 §2.1), so that parts can be shown later alone.

Each leaf is one field or paragraph of a note. Its salt comes from the note's one 32-byte seed, so a
withheld short leaf cannot be guessed from its hash, and showing some leaves shows nothing of others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goodoffices.core import cbor, crypto


def leaf_salt(seed: bytes, index: int) -> bytes:
    """32 bytes: HKDF-SHA256 of the seed and the leaf's index."""
    return crypto.hkdf(seed, b"GO1 leaf" + index.to_bytes(4, "big"))


def leaf_hash(salt: bytes, label: int, value: Any) -> bytes:
    """SHA-256(0x00 || salt || CBOR [label, value])."""
    return crypto.sha256(b"\x00" + salt + cbor.encode([label, value]))


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes; SHA-256 of nothing for no leaves. Linear, no recursion by depth."""
    if not hashes:
        return crypto.sha256(b"")
    level = list(hashes)
    # Pairing from the left and carrying an odd last node up gives exactly RFC 9162's split.
    while len(level) > 1:
        pairs = [crypto.sha256(b"\x01" + level[at] + level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def body_root(seed: bytes, leaves: Sequence[tuple[int, Any]]) -> bytes:
    """The root over a note's leaves."""
    return root([leaf_hash(leaf_salt(seed, at), label, value) for at, (label, value) in enumerate(leaves)])
