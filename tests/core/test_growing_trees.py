# SPDX-License-Identifier: Apache-2.0
"""Trees that grow: roots, audit paths and consistency proofs as RFC 9162 §2.1 has them (P8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import merkle

LEAVES = [merkle.plain_leaf(each.to_bytes(2, "big")) for each in range(70)]
# Inputs and roots that implementations of RFC 6962, whose trees are the same, test themselves with.
PUBLISHED = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def test_the_published_roots() -> None:
    tree = merkle.Frontier()
    for leaf, root in zip(PUBLISHED, ROOTS, strict=True):
        tree.add(merkle.plain_leaf(bytes.fromhex(leaf)))
        assert tree.root().hex() == root


def test_a_tree_grown_leaf_by_leaf_has_the_root_of_the_whole() -> None:
    tree = merkle.Frontier()
    assert tree.root() == merkle.root([])
    for count, leaf in enumerate(LEAVES, 1):
        tree.add(leaf)
        assert tree.root() == merkle.root(LEAVES[:count])
        again = merkle.Frontier(tree.size, tree.roots)
        assert again.root() == tree.root()
        assert len(tree.roots) == count.bit_count()


def test_every_leaf_of_every_tree_has_a_path_to_its_root() -> None:
    for size in range(1, 40):
        root = merkle.root(LEAVES[:size])
        for index in range(size):
            path = merkle.inclusion(LEAVES[:size], index)
            assert merkle.root_by_path(LEAVES[index], index, size, path) == root


@given(size=st.integers(2, 70), data=st.data())
def test_a_path_proves_one_leaf_in_one_place_of_one_tree(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    root, path = merkle.root(LEAVES[:size]), merkle.inclusion(LEAVES[:size], index)
    other = data.draw(st.integers(0, size - 1).filter(lambda each: each != index))
    assert merkle.root_by_path(LEAVES[other], index, size, path) != root
    assert merkle.root_by_path(LEAVES[index], other, size, path) != root
    assert merkle.root_by_path(LEAVES[index], index, size, path[:-1]) != root
    assert merkle.root_by_path(LEAVES[index], index, size, [*path, bytes(32)]) is None
    assert merkle.root_by_path(LEAVES[index], size, size, path) is None


def test_every_tree_extends_every_earlier_one() -> None:
    roots = [merkle.root(LEAVES[:size]) for size in range(41)]
    for size in range(1, 41):
        for old in range(1, size + 1):
            path = merkle.consistency(LEAVES[:size], old)
            assert merkle.extends(old, roots[old], size, roots[size], path)
            assert not merkle.extends(old, bytes(32), size, roots[size], path)
            assert not merkle.extends(old, roots[old], size, bytes(32), path)
            if path:
                assert not merkle.extends(old, roots[old], size, roots[size], path[1:])


@given(size=st.integers(3, 60), data=st.data())
def test_a_tree_with_another_beginning_extends_nothing(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    other = [*LEAVES[:size]]
    other[changed] = bytes(32)
    path = merkle.consistency(other, old)
    assert not merkle.extends(old, merkle.root(LEAVES[:old]), size, merkle.root(other), path)


@pytest.mark.parametrize("wrong", [-1, 5])
def test_there_is_no_path_to_what_is_not_there(wrong: int) -> None:
    with pytest.raises(ValueError, match="no such"):
        merkle.inclusion(LEAVES[:5], wrong)
    with pytest.raises(ValueError, match="no such"):
        merkle.consistency(LEAVES[:5], wrong + 1 if wrong == 5 else 0)
