# SPDX-License-Identifier: Apache-2.0
"""Merkle trees (hashing of RFC 9162 §2.1), so that a part can be shown later with proof that it stood there.

Two uses: over the salted fields and paragraphs of a note, and over the entries of a chain. In a note each
leaf is one field or paragraph of a note. Its salt comes from the note's one 32-byte seed, so a
withheld short leaf cannot be guessed from its hash, and showing some leaves shows nothing of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
        pairs = [node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def body_root(seed: bytes, leaves: Sequence[tuple[int, Any]]) -> bytes:
    """The root over a note's leaves."""
    return root([leaf_hash(leaf_salt(seed, at), label, value) for at, (label, value) in enumerate(leaves)])


# --- trees that grow ---------------------------------------------------------------------------------


def plain_leaf(value: bytes) -> bytes:
    """SHA-256(0x00 || value): the leaf of a tree over what needs no salt."""
    return crypto.sha256(b"\x00" + value)


def node(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return crypto.sha256(b"\x01" + left + right)


class Frontier:
    """A growing tree by the roots of its full subtrees: at most 64 hashes, whatever its size."""

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self.roots = list(roots)
        """From the largest subtree to the smallest."""

    def add(self, leaf: bytes) -> None:
        """One more leaf hash."""
        size, found = self.size, leaf
        while size & 1:
            found, size = node(self.roots.pop(), found), size >> 1
        self.roots.append(found)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self.roots:
            return crypto.sha256(b"")
        found = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            found = node(left, found)
        return found


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf ``index`` (RFC 9162 §2.1.3.1); linear in the number of leaves."""
    path: list[bytes] = []
    start, end = 0, len(leaves)
    if not start <= index < end:
        raise ValueError("no such leaf")
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(root(leaves[middle:end]))
            end = middle
        else:
            path.append(root(leaves[start:middle]))
            start = middle
    return path[::-1]


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that an audit path leads to (RFC 9162 §2.1.3.2); None if the path has not the right length."""
    if not 0 <= index < size:
        return None
    found, at, last = leaf, index, size - 1
    for beside in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node(beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, beside)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def consistency(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """The proof that the first ``old`` leaves still begin the tree (RFC 9162 §2.1.4.1)."""
    if not 0 < old <= len(leaves):
        raise ValueError("no such older tree")
    path: list[bytes] = []
    start, end, whole = 0, len(leaves), True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(root(leaves[middle:end]))
            end = middle
        else:
            path.append(root(leaves[start:middle]))
            start, whole = middle, False
    if not whole:
        path.append(root(leaves[start:end]))
    return path[::-1]


def extends(old: int, old_root: bytes, size: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` proves that one tree begins another (RFC 9162 §2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == new_root
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for beside in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node(beside, first), node(beside, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node(second, beside)
        at, last = at >> 1, last >> 1
    return first == old_root and second == new_root and last == 0
