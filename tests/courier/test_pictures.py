# SPDX-License-Identifier: Apache-2.0
"""Damaged pictures and bundles as somebody may bring them. What was once found stays in the folder corpus.

Each file there is tried as it is, and then damaged at random: it gives codes, or is refused in words.
"""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.courier import read_bundle
from goodoffices.core.errors import GoodOfficesError
from goodoffices.desk.courier.gathering import gather

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


def taken(content: bytes) -> None:
    """A file is looked through as *By hand* and the command do it."""
    gathered = gather([("file", content)])
    with suppress(GoodOfficesError):
        for _, bundle in gathered.bundles():
            read_bundle(bundle)


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_what_was_once_found_is_read_or_refused(file: Path) -> None:
    """P12"""
    taken(file.read_bytes())


def summed(png: bytes) -> bytes:
    """The same with right sums on its pieces, so that the damage is met behind them."""
    if not png.startswith(b"\x89PNG"):
        return png
    made, at = png[:8], 8
    while at + 12 <= len(png):
        size = int.from_bytes(png[at : at + 4])
        if at + 12 + size > len(png):
            break
        piece = png[at + 4 : at + 8 + size]
        made += png[at : at + 4] + piece + struct.pack(">I", zlib.crc32(piece))
        at += 12 + size
    return made + png[at:]


DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(["set", "drop", "insert", "cut"]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=20)
        | st.sampled_from([bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\1\0\0"]),
    ),
    max_size=5,
)


@given(st.sampled_from(CORPUS), DAMAGE, st.booleans(), st.booleans())
def test_a_damaged_file_is_read_or_refused(
    file: Path, damage: list[tuple[str, float, bytes]], at_the_head: bool, whole: bool
) -> None:
    """P12: whatever bytes a stick or a telephone brings."""
    content = file.read_bytes()
    for kind, where, more in damage:
        at = int(where * (min(len(content), 64) if at_the_head else len(content)))
        match kind:
            case "set":
                content = content[:at] + more + content[at + len(more) :]
            case "drop":
                content = content[:at] + content[at + len(more) :]
            case "insert":
                content = content[:at] + more + content[at:]
            case _:
                content = content[: max(at, 8)]
    taken(summed(content) if whole else content)
