# SPDX-License-Identifier: Apache-2.0
"""Offices at the command line, as people have them: a folder, a passphrase file, and processes."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.relay.conftest import RelayProcess

GOODOFFICES = [sys.executable, "-m", "goodoffices"]
PASSPHRASE = "five calm words at night"
DRAFTERS = "four other words then"
DRILL = "0123456789abcdef" * 2
LIMIT = 150


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    def word(self, name: str) -> str:
        """The line of the answer that begins with ``name``, without it."""
        (found,) = (line for line in self.out.splitlines() if line.split(maxsplit=1)[0] == name)
        return found.removeprefix(name).strip()


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Begin a command in a folder."""
    return subprocess.Popen(
        [*GOODOFFICES, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def ended(process: subprocess.Popen[str]) -> Said:
    """Wait for a command's end, for a bounded time."""
    try:
        out, err = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    assert "Traceback" not in err, err
    return Said(process.returncode, out, err)


@dataclass(frozen=True)
class Office:
    """One office: its folder holds ``vault``, ``root``, ``passphrase``."""

    folder: Path

    def begin(self, command: str, *more: str) -> subprocess.Popen[str]:
        """Begin a command; those of ``line`` are done by the officer 'duty'."""
        words = [*shlex.split(command), *more]
        if words[0] == "line":
            words += ["--vault", "vault"]
            if words[1] != "list":
                words[2:2] = ["--officer", "duty", "--passphrase-file", "passphrase"]
        return start(self.folder, *words)

    def does(self, command: str, *more: str) -> Said:
        """Do it; it must succeed."""
        said = ended(self.begin(command, *more))
        assert said.code == 0, said.err
        return said

    def is_refused(self, command: str, *more: str) -> str:
        """Try it; it must be refused with two sentences. Returns what was said."""
        return refusal(ended(self.begin(command, *more)))

    def path(self, name: str) -> str:
        """A file of this office, as the other side would be handed it."""
        return str(self.folder / name)


def refusal(said: Said) -> str:
    """What a refused command said: whose fault, what happened, what to do."""
    assert said.code == 1, said
    assert "goodoffices: " in said.err
    assert "whose fault: " in said.err
    assert "next step: " in said.err
    return said.err


def private(path: Path, text: str) -> Path:
    """A file that only this user can read."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


def _begin_office(folder: Path, name: str, *options: str) -> subprocess.Popen[str]:
    folder.mkdir()
    private(folder / "passphrase", PASSPHRASE + "\n")
    private(folder / "drafters", DRAFTERS + "\n")
    private(folder / "both", f"{PASSPHRASE}\n{DRAFTERS}\n")
    words = ["--name", name, "--officer", "duty", "--officer", "drafter=draft"]
    words += ["--root", "root", "--passphrase-file", "both"]
    return start(folder, "office", "new", "vault", *words, *options)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three offices that no test changes: two live ones and one of a drill."""
    place = tmp_path_factory.mktemp("offices")
    beginning = [
        _begin_office(place / "washington", "Washington"),
        _begin_office(place / "bern", "Bern"),
        _begin_office(place / "drill", "Bern (drill)", "--drill-realm", DRILL),
    ]
    for each in beginning:
        said = ended(each)
        assert said.code == 0, said.err
    return place


@pytest.fixture
def take(founded: Path, tmp_path: Path) -> Callable[[str], Office]:
    """An own copy of a founded office."""

    def copied(name: str) -> Office:
        return Office(Path(shutil.copytree(founded / name, tmp_path / name)))

    return copied


@pytest.fixture
def washington(take: Callable[[str], Office]) -> Office:
    return take("washington")


@pytest.fixture
def bern(take: Callable[[str], Office]) -> Office:
    return take("bern")


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    running = RelayProcess(tmp_path / "relay.db")
    yield running
    running.close()
