# SPDX-License-Identifier: Apache-2.0
"""The tree over a note's leaves is RFC 9162's."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor, crypto, merkle

SEED = bytes(range(32))


def by_definition(hashes: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, on leaf hashes: split at the largest power of two below the count."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + by_definition(hashes[:k]) + by_definition(hashes[k:])).digest()


def test_the_root_is_the_definitions_for_every_count() -> None:
    leaves = [hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(300)]
    for count in range(300):
        assert merkle.root(leaves[:count]) == by_definition(leaves[:count])


def test_a_leaf_is_salted_by_seed_and_place() -> None:
    salt = crypto.hkdf(SEED, b"GO1 leaf\x00\x00\x00\x07")
    assert merkle.leaf_salt(SEED, 7) == salt
    assert (
        merkle.leaf_hash(salt, 16, "text")
        == hashlib.sha256(b"\x00" + salt + cbor.encode([16, "text"])).digest()
    )


LEAVES = st.lists(st.tuples(st.integers(0, 200), st.text(max_size=5)), min_size=1, max_size=12)


@given(LEAVES, LEAVES)
def test_other_leaves_have_another_root(one: list[tuple[int, str]], other: list[tuple[int, str]]) -> None:
    assert (merkle.body_root(SEED, one) == merkle.body_root(SEED, other)) == (one == other)


def test_an_inner_node_does_not_pass_for_a_leaf() -> None:
    hashes = [merkle.leaf_hash(merkle.leaf_salt(SEED, n), 16, "x") for n in range(2)]
    assert merkle.root(hashes) != merkle.root([b"".join(hashes)])
    assert merkle.root([merkle.root(hashes)]) == merkle.root(hashes)  # hence the signed leaf count


def test_another_seed_hides_the_same_words() -> None:
    assert merkle.body_root(SEED, [(16, "yes")]) != merkle.body_root(bytes(32), [(16, "yes")])
