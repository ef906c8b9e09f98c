# SPDX-License-Identifier: Apache-2.0
"""A flipped byte anywhere, a missing, extra, cut, renamed or swapped file: found, and named (P8, P12)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core import cbor
from goodoffices.verify.output import as_words
from tests.verify.channel import Channel, exported, files_of, sign_again, verdict

pytestmark = pytest.mark.slow  # whole folders, processes or many runs


@pytest.fixture(scope="module")
def played() -> Channel:
    channel = Channel()
    channel.week()
    return channel


@pytest.fixture(scope="module")
def folder(played: Channel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An export that every test leaves as it was."""
    made = exported(played.east, tmp_path_factory.mktemp("damage") / "export", played.now)
    before = {path: path.read_bytes() for path in files_of(made)}
    yield made
    assert {path: path.read_bytes() for path in files_of(made)} == before


def found_at(folder: Path, path: Path) -> bool:
    """Whether the verifier names this file."""
    name = path.relative_to(folder).as_posix()
    return any(finding.where == name for finding in verdict(folder).findings)


def flipped(raw: bytes, at: int, bit: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]


def test_a_flipped_byte_in_any_file_is_found_there(folder: Path) -> None:
    """Every file once."""
    for number, path in enumerate(files_of(folder)):
        raw = path.read_bytes()
        path.write_bytes(flipped(raw, len(raw) * (number % 7) // 7, number % 8))
        try:
            assert found_at(folder, path), path
        finally:
            path.write_bytes(raw)


def test_of_many_findings_the_altered_file_is_named_as_the_one_to_begin_with(folder: Path) -> None:
    """P8: much of an export stands on an office's credential; one file is the cause."""
    path = next(each for each in files_of(folder) if each.name == "credential.cbor")
    raw = path.read_bytes()
    path.write_bytes(flipped(raw, len(raw) // 2, 0))
    try:
        *_, count, begin, _ = as_words(verdict(folder))
    finally:
        path.write_bytes(raw)
    assert count.startswith("NOT VERIFIED: ")
    assert begin == f"Begin with what is not as it was exported: {path.relative_to(folder).as_posix()}."


@given(data=st.data())
def test_any_flipped_bit_of_any_file_is_found_there(folder: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files_of(folder)))
    raw = path.read_bytes()
    path.write_bytes(flipped(raw, data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(0, 7))))
    try:
        assert found_at(folder, path), path
    finally:
        path.write_bytes(raw)


def test_every_bit_of_the_manifest_counts(folder: Path) -> None:
    path = folder / "manifest.cbor"
    raw = path.read_bytes()
    try:
        for at in range(0, len(raw), 5):
            path.write_bytes(flipped(raw, at, at % 8))
            assert found_at(folder, path), at
    finally:
        path.write_bytes(raw)


def test_a_missing_file_is_named(folder: Path) -> None:
    for path in files_of(folder):
        raw = path.read_bytes()
        path.unlink()
        try:
            assert found_at(folder, path), path
        finally:
            path.write_bytes(raw)


@pytest.mark.parametrize("keep", [0, 1, -1])
def test_a_cut_file_is_named(folder: Path, keep: int) -> None:
    for path in files_of(folder):
        raw = path.read_bytes()
        path.write_bytes(raw[:keep])
        try:
            assert found_at(folder, path), path
        finally:
            path.write_bytes(raw)


def test_a_byte_more_at_the_end_of_a_file_is_found_there(folder: Path) -> None:
    for path in files_of(folder):
        raw = path.read_bytes()
        path.write_bytes(raw + b"\n")
        try:
            assert found_at(folder, path), path
        finally:
            path.write_bytes(raw)


def test_a_renamed_file_is_found_under_both_names(folder: Path) -> None:
    for path in files_of(folder):
        other = path.with_name(path.name.swapcase())
        path.rename(other)
        try:
            assert found_at(folder, path), path
            assert found_at(folder, other) or path.name == "manifest.cbor", other
        finally:
            other.rename(path)


def test_two_swapped_files_are_both_found(folder: Path) -> None:
    files = files_of(folder)
    for one, other in zip(files, [*files[1:], files[0]], strict=True):
        first, second = one.read_bytes(), other.read_bytes()
        if first == second:
            continue
        one.write_bytes(second)
        other.write_bytes(first)
        try:
            if "manifest.cbor" in (one.name, other.name):
                assert found_at(folder, folder / "manifest.cbor")  # without it nothing else is checked
            else:
                assert found_at(folder, one), one
                assert found_at(folder, other), other
        finally:
            one.write_bytes(first)
            other.write_bytes(second)


@pytest.mark.parametrize(
    "name", [".hidden", "notes.txt", "offices/x", "lines/Entries", "récit.txt", "a b", "-x"]
)
def test_an_extra_file_is_named(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(b"")
    try:
        assert found_at(folder, path)
    finally:
        path.unlink()


def test_an_extra_folder_is_named_also_an_empty_one(folder: Path) -> None:
    path = folder / "offices" / "nobody"
    path.mkdir()
    try:
        assert found_at(folder, path)
    finally:
        path.rmdir()


def test_a_link_is_named_and_not_followed(folder: Path, tmp_path: Path) -> None:
    """Also where a listed file was, and its target has the right bytes."""
    path = min(folder.glob("offices/*/office.txt"))
    away = tmp_path / "elsewhere"
    shutil.move(path, away)
    path.symlink_to(away)
    try:
        assert found_at(folder, path)
    finally:
        path.unlink()
        shutil.move(away, path)


def test_a_name_that_is_no_text_crashes_nothing(folder: Path) -> None:
    path = Path(str(folder) + "/\udcff\udcfe")
    path.write_bytes(b"")
    try:
        assert not verdict(folder).verified
    finally:
        path.unlink()


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(0, 200), inner, max_size=5),
    max_leaves=12,
)


@given(data=st.data())
def test_whatever_a_holder_puts_in_and_signs_again_is_found_and_crashes_nothing(
    folder: Path, played: Channel, data: st.DataObject
) -> None:
    """P12: the hashes fit; what is under them must still hold."""
    path = data.draw(st.sampled_from([each for each in files_of(folder) if each.name not in SIGNED_OVER]))
    raw = path.read_bytes()
    kept = {name: (folder / name).read_bytes() for name in SIGNED_OVER}
    at = data.draw(st.integers(0, len(raw) - 1))
    other = data.draw(
        st.one_of(
            st.just(flipped(raw, at, data.draw(st.integers(0, 7)))),
            st.just(raw[:at]),
            st.binary(max_size=200),
            values.map(cbor.encode),
        ).filter(lambda each: each != raw)
    )
    path.write_bytes(other)
    sign_again(folder, played.east)
    try:
        assert not verdict(folder).verified, path
    finally:
        path.write_bytes(raw)
        for name, content in kept.items():
            (folder / name).write_bytes(content)


SIGNED_OVER = ("files.sha256", "manifest.cbor")
