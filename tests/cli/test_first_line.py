# SPDX-License-Identifier: Apache-2.0
"""From nothing to a tested line between two offices, as two people do it by the how-to: what they type is counted."""

from __future__ import annotations

import getpass
import os
import pty
import re
import select
import shlex
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from goodoffices.drill.scene.doors import until
from tests.cli.conftest import GOODOFFICES, PASSPHRASE
from tests.cli.test_setting_up import free_port

MOST = 25
"""Answers and commands that both offices type together."""
PATIENCE = 60.0
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "first-week.md"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Person:
    """Somebody at a terminal who types commands and answers."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.typed, self.said = folder, 0, ""

    def types(self, *words: str) -> None:
        """Type a command; it goes on until it asks, or ends."""
        self.typed += 1
        self.said, self._at = "", 0
        here, there = pty.openpty()
        self._process = subprocess.Popen(
            [*GOODOFFICES, *words],
            cwd=self.folder,
            stdin=there,
            stdout=there,
            stderr=there,
            start_new_session=True,
        )
        os.close(there)
        self._terminal = here

    def hears(self, pattern: str) -> re.Match[str]:
        """Wait until it stands on the screen, after what was heard before."""
        end = time.monotonic() + PATIENCE
        while (found := re.compile(pattern).search(self.said, self._at)) is None:
            assert time.monotonic() < end, self.said
            assert self._read(), self.said
        self._at = found.end()
        return found

    def answers(self, question: str, answer: str) -> None:
        """Type an answer to a question."""
        self.hears(question)
        self.typed += 1
        os.write(self._terminal, answer.encode() + b"\n")

    def ends(self) -> None:
        """The command ends well."""
        while self._read():
            pass
        assert self._process.wait(60) == 0, self.said
        os.close(self._terminal)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], 1)
        try:
            piece = os.read(self._terminal, 65_536) if ready else None
        except OSError:  # nobody has the other end any more
            return False
        self.said += (piece or b"").decode(errors="replace").replace("\r\n", "\n")
        return piece != b""


def _page() -> list[list[str]]:
    """The commands of the page, in its order."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def _here(words: list[str], **places: str) -> list[str]:
    """A command of the page with the names of this test's machine in it."""
    names = {"desk.aland.example": "localhost", "desk.mid.example": "localhost", **places}
    for name, here in names.items():
        words = [each.replace(name, here) for each in words]
    return [
        getpass.getuser() if before == "--user" else each
        for before, each in zip(["", *words[:-1]], words, strict=True)
    ]


def _sets_up(person: Person, words: list[str], office: str, officer: str, *options: str) -> None:
    person.typed += 1  # script/bootstrap, which has been run for this test already
    person.types(*words[1:], "--listen=127.0.0.1", *options)
    person.answers("Name of the office: ", office)
    person.answers("Name of the first officer: ", officer)
    person.answers("File for the root.*: ", "root.txt")
    person.answers("Passphrase of .*: ", PASSPHRASE)
    person.answers("Repeat.*: ", PASSPHRASE)
    person.ends()


@contextmanager
def _running(person: Person, service: str) -> Iterator[str]:
    """What the unit starts; `sudo cp ... && sudo systemctl enable --now ...` is one command."""
    person.typed += 1
    unit = (person.folder / "home" / "units" / f"goodoffices-{service}.service").read_text()
    words = shlex.split(re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)[0])
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_two_offices_come_from_nothing_to_a_tested_line_by_few_answers(tmp_path: Path) -> None:
    """P13: set up, paired over the relay that one of them runs, digits typed where they are heard, tested."""
    install, with_relay, with_card, meeting, *_ = _page()
    assert install == ["script/bootstrap"]
    aland, mid = Person(tmp_path / "aland"), Person(tmp_path / "mid")
    ports = [str(free_port()) for _ in range(3)]
    homes = {f"/srv/goodoffices/{each.folder.name}": str(each.folder / "home") for each in (aland, mid)}
    ours = [f"--port={ports[0]}", f"--relay-port={ports[1]}"]
    _sets_up(aland, _here(with_relay, **homes), "Aland", "amir", *ours)
    card = {"relay-card.txt": str(aland.folder / "home" / "relay-card.txt")}
    _sets_up(mid, _here(with_card, **homes, **card), "Mid", "mia", f"--port={ports[2]}")
    with ExitStack() as running:
        running.enter_context(_running(aland, "relay"))
        told = [
            re.findall("goodoffices (line meeting .*)--name COUNTERPART", each.said)[0]
            for each in (aland, mid)
        ]
        said = ["goodoffices", *shlex.split(told[0]), "--name", "mid"]
        assert said == _here(meeting, **homes, **{":8444": f":{ports[1]}"})
        aland.types(*said[1:])
        aland.answers("Passphrase of .*: ", PASSPHRASE)
        code = aland.hears(r"code +([0-9 ]+)\n")[1]
        mid.types(*shlex.split(told[1]), "--name", "aland", "--code", code)
        mid.answers("Passphrase of .*: ", PASSPHRASE)
        digits = [person.hears(r"read +([0-9 ]+)\n")[1] for person in (aland, mid)]
        aland.answers("digits that they read.*: ", digits[0])
        aland.hears("that you read out yourself")
        aland.typed -= 1  # a slip, told and asked again
        for person, heard in ((aland, digits[1]), (mid, digits[0])):
            person.answers("digits that they read.*: ", heard)
            person.ends()
        address = running.enter_context(_running(aland, "desk"))
        running.enter_context(_running(mid, "desk"))
        trusted = ssl.create_default_context(cafile=str(aland.folder / "home" / "tls" / "authority.pem"))
        aland.typed += 2  # name and passphrase on the page; the rest is pressed
        with httpx2.Client(
            base_url=address.replace("127.0.0.1", "localhost"),
            verify=trusted,
            headers={"accept": "application/json", "origin": address.replace("127.0.0.1", "localhost")},
        ) as page:
            csrf = page.post("/sign-in", data={"name": "amir", "passphrase": PASSPHRASE}).json()["csrf"]

            def line_open() -> str | None:
                (line,) = page.get("/lines").json()["lines"]
                return str(line["id"]) if line["state"] in ("open", "locked") else None

            line = until("the line", line_open, patience=60)
            pressed = page.post(f"/status/{line}/test", data={"csrf": csrf, "kind": "desk"})
            assert pressed.status_code == 200, pressed.text

            def answered() -> bool | None:
                (status,) = page.get("/status").json()["lines"]
                return True if status["by_desks"]["went_through"] is not None else None

            until("the answer to the test", answered, patience=60)
    assert aland.typed + mid.typed <= MOST
