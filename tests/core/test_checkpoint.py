# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: the note that others can witness, both keys, cosignatures, hostile bytes (P8, P12)."""

from base64 import b64decode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import checkpoint as cp
from goodoffices.core import crypto
from goodoffices.core.checkpoint import Checkpoint, Tree
from goodoffices.core.errors import (
    Foreign,
    GoodOfficesError,
    Malformed,
    NotNow,
    OtherOfficeError,
    WrongSigner,
)
from goodoffices.core.office import Office
from tests.core.making import NOW, Made, bern, next_roster, seed, tehran

SEED, OTHER = seed("a checkpoint key"), seed("another checkpoint key")


def with_key(made: Made, key: bytes) -> Office:
    """An office whose second roster lists a key for checkpoints."""
    public = crypto.ed25519_public(key)
    return next_roster(made, checkpoint=public, checkpoint_mldsa65=cp.mldsa_public(key))


BERN, TEHRAN = with_key(bern(), SEED), with_key(tehran(), OTHER)
TREE = Tree(bytes(range(32)), BERN.id, bytes(16))


def checkpoint(size: int = 7, root: bytes = bytes(32)) -> Checkpoint:
    return cp.make(TREE, size, root, roster=2, seed=SEED)


def cosigned() -> Checkpoint:
    return cp.cosign(checkpoint(), TEHRAN.id, roster=2, seed=OTHER, now=NOW)


def test_it_reads_back_as_it_was_written() -> None:
    made = cosigned().with_more(stamps=[b"token"])
    assert cp.read_checkpoint(made.raw) == made
    assert (made.size, made.root) == (7, bytes(32))


def test_the_note_is_what_other_tools_read() -> None:
    """C2SP tlog-checkpoint: origin, size, root; a blank line; a line for each signature."""
    origin, size, root, blank, *signatures = cosigned().note.split("\n")
    assert (origin, size, b64decode(root), blank) == (TREE.origin, "7", bytes(32), "")
    assert [each.split(" ")[:2] for each in signatures] == [
        ["—", TREE.origin],
        ["—", TREE.cosigner(TEHRAN.id)],
        [""],
    ]


def test_a_note_of_another_implementation_verifies() -> None:
    """The example of Go's sumdb/note package: key ID and signature line."""
    name, public = "PeterNeumann", b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    (line,) = cp.read_lines(
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert cp.key_id(name, public[:1], public[1:]).hex() == line.key_id.hex() == "c74f20a3"
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    crypto.ed25519_verify(public[1:], line.blob, text.encode())


def test_writer_and_counterpart_are_verified_with_both_keys() -> None:
    made = cosigned()
    cp.verify(made, BERN)
    assert cp.verify_cosigner(made, TEHRAN) == NOW // 1000 * 1000
    with pytest.raises(NotNow, match="has not cosigned"):
        cp.verify_cosigner(checkpoint(), TEHRAN)


@pytest.mark.parametrize(
    "wrong",
    [
        cp.make(TREE, 7, bytes(32), roster=2, seed=OTHER),
        cp.make(TREE, 7, bytes(32), roster=1, seed=SEED),
        replace(checkpoint(), mldsa65=bytes(3309)),
        replace(checkpoint(), text=checkpoint(8).text),
        replace(checkpoint(), lines=()),
        replace(checkpoint(), lines=checkpoint().lines * 2),
    ],
)
def test_a_checkpoint_that_its_writer_did_not_sign_is_refused(wrong: Checkpoint) -> None:
    with pytest.raises(WrongSigner):
        cp.verify(wrong, BERN)


def test_a_checkpoint_of_another_tree_is_foreign() -> None:
    """The tree that it says it is of is bound by the origin that is signed."""
    with pytest.raises(Foreign, match="another tree"):
        cp.verify(replace(checkpoint(), tree=replace(TREE, incarnation=b"x" * 16)), BERN)
    with pytest.raises(Foreign, match="another office"):
        cp.verify(checkpoint(), TEHRAN)


def test_a_cosignature_by_another_or_of_another_text_is_refused() -> None:
    forged = cp.cosign(checkpoint(), TEHRAN.id, roster=2, seed=SEED, now=NOW)
    moved = replace(cosigned(), text=checkpoint(8).text)
    bare = replace(cosigned(), cosigners=(replace(cosigned().cosigners[0], mldsa65=bytes(3309)),))
    for wrong in (forged, moved, bare):
        with pytest.raises(WrongSigner):
            cp.verify_cosigner(wrong, TEHRAN)


def test_what_both_hold_of_one_checkpoint_is_merged_once() -> None:
    witness = cp.Line("witness.example/w", b"1234", bytes(72))
    mine, theirs = checkpoint().with_more([witness]), cosigned().with_more(stamps=[b"token"])
    both = cp.merge(cp.merge(mine, theirs), theirs)
    assert (len(both.lines), len(both.cosigners), both.stamps) == (3, 1, (b"token",))
    assert both.witnesses() == (witness,)
    with pytest.raises(Foreign):
        cp.merge(mine, checkpoint(8))


def test_the_origin_names_nobody_and_differs_for_every_tree() -> None:
    """P4: a witness learns sizes and times, and no names."""
    others = {
        replace(TREE, **{part: bytes([9]) * size}).origin
        for part, size in (("line", 32), ("writer", 32), ("incarnation", 16))
    }
    assert len({TREE.origin, *others}) == 4
    assert BERN.id.hex() not in checkpoint().note


@given(at=st.integers(0, len(cosigned().raw) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_passes(at: int, bit: int) -> None:
    raw = cosigned().raw
    changed = raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]
    try:
        read = cp.read_checkpoint(changed)
        cp.verify(read, BERN)
        cp.verify_cosigner(read, TEHRAN)
    except GoodOfficesError:
        return
    raise AssertionError(f"bit {bit} of byte {at}")


@given(raw=st.binary(max_size=300))
def test_nothing_malformed_crashes_it(raw: bytes) -> None:
    with pytest.raises(OtherOfficeError):
        cp.read_checkpoint(raw)


@pytest.mark.parametrize(
    "lines", ["— a\n", "- a YWFhYWFh\n", "— a b YWFhYWFh\n", "— a YWFhYWFh", "— a YWFh\n", "\n"]
)
def test_a_line_that_is_no_signature_is_malformed(lines: str) -> None:
    with pytest.raises(Malformed):
        cp.read_lines(lines)
