# SPDX-License-Identifier: Apache-2.0
"""Verifying on several cores gives the verdict of one, whatever is wrong (P8, P12)."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from goodoffices.verify import ahead
from goodoffices.verify.ahead import looking_ahead
from goodoffices.verify.verifier import NotAnExport, verify
from tests.verify.channel import Channel, exported, files_of, sign_again


@pytest.fixture(scope="module")
def played() -> Channel:
    channel = Channel()
    channel.week()
    return channel


@pytest.fixture
def folder(played: Channel, tmp_path: Path) -> Path:
    return exported(played.east, tmp_path / "export", played.now)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the smallest record were worth waking other cores."""
    monkeypatch.setattr("goodoffices.verify.ahead.FEWEST", 1)


def signed_files(folder: Path) -> list[str]:
    return [
        path.relative_to(folder).as_posix()
        for path in files_of(folder)
        if path.parent.name in ("entries", "receipts")
    ]


def test_what_other_cores_say_is_what_the_files_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature that does not verify and a file that cannot be read are left to the pass."""
    paths = signed_files(folder)
    damaged, missing = folder / paths[1], folder / paths[2]
    raw = damaged.read_bytes()
    damaged.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    missing.unlink()
    receipt = min(folder.glob("lines/*/receipts/*"))
    signed = receipt.read_bytes()
    receipt.write_bytes(signed[:-1] + bytes([signed[-1] ^ 1]))
    monkeypatch.setattr(ahead, "FEWEST", 1)
    with looking_ahead(folder, len(paths), 2) as look:
        found = {path: (read, vouched) for path, read, vouched in look.files(paths)}
    assert list(found) == paths
    assert found[paths[2]] == (None, False)
    assert not found[receipt.relative_to(folder).as_posix()][1]
    assert found[paths[0]] == ((folder / paths[0]).read_bytes(), True)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda raw: raw,
    "a bit": lambda raw: raw[:200] + bytes([raw[200] ^ 4]) + raw[201:],
    "the end": lambda raw: raw[:-1],
    "all": lambda raw: b"",
}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("again", [False, True])
def test_the_verdict_is_the_same_on_any_number_of_cores(
    played: Channel, folder: Path, damage: str, again: bool
) -> None:
    """Also when the holder has signed the list again, so that the hashes fit."""
    for at in (0, -1):
        path = folder / signed_files(folder)[at]
        path.write_bytes(DAMAGE[damage](path.read_bytes()))
    if again:
        sign_again(folder, played.east)
    one, two = (verify(folder, jobs=jobs) for jobs in (1, 2))
    assert one.findings == two.findings
    assert one.verified == (damage == "nothing")


def test_an_archive_is_not_unpacked_here(folder: Path, tmp_path: Path) -> None:
    """P12: one that explodes does so in a tool that its owner chose, not in the verifier."""
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/manifest.cbor", bytes(10_000_000))
    with pytest.raises(NotAnExport, match="but a file") as refused:
        verify(packed)
    assert "unpack it first" in refused.value.next_step
