# SPDX-License-Identifier: Apache-2.0
"""The system's supervisor is told of the rounds of alarms, and of nothing else (P5)."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from goodoffices.core.errors import MachineError
from goodoffices.desk.alarms.supervisor import Supervisor
from goodoffices.desk.service import DeskConfig, DeskService
from tests.desk.running import make_office


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket on which systemd listens, named as it names it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "180000000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        yield listening


def test_a_round_that_was_had_is_told_and_one_that_failed_is_not(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P5: whoever watches the alarms is not told that they are well by a loop that merely turns."""
    make_office(tmp_path / "desk", "Aland")
    service = DeskService(DeskConfig(tmp_path / "desk"))
    try:
        service.ringing.round()
        assert systemd.recv(4096) == b"READY=1\nWATCHDOG=1"

        def fails(*_: object) -> NoReturn:
            raise MachineError("The disk is gone.")

        with monkeypatch.context() as broken:
            broken.setattr(service.ringing.alarms.book, "evaluate", fails)
            service.ringing.round()
        with pytest.raises(BlockingIOError):
            systemd.recv(4096)
        service.ringing.round()
        assert systemd.recv(4096) == b"WATCHDOG=1"
    finally:
        service.vault.close()


def test_nobody_is_told_where_nobody_asked(systemd: socket.socket) -> None:
    """P5: a desk outside of systemd, one that is not watched, and one that ends."""
    place = os.environ["NOTIFY_SOCKET"]
    Supervisor({}).round_had()
    Supervisor({"NOTIFY_SOCKET": place + " gone", "WATCHDOG_USEC": "1"}).round_had()
    unwatched = Supervisor({"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"})
    unwatched.round_had()
    unwatched.round_had()
    unwatched.ending()
    assert systemd.recv(4096) == b"READY=1"
    with pytest.raises(BlockingIOError):
        systemd.recv(4096)
    Supervisor(os.environ).ending()
    assert systemd.recv(4096) == b"WATCHDOG_USEC=3600000000"
