# SPDX-License-Identifier: Apache-2.0
"""The desk's unit as ``desk setup`` writes it, started by a systemd of its own (P13): see boot.sh."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import ssl
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from goodoffices.drill.scene.doors import until
from tests.cli.conftest import PASSPHRASE, Office, private

ROOT = Path(__file__).parents[2]
UNIT = "goodoffices-desk.service"
USER = "daemon"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def _set_up(place: Path) -> int:
    """An office by ``desk setup``, its unit bent to where boot.sh puts folder and program; returns the port."""
    private(place / "passphrase", PASSPHRASE + "\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    words = "desk setup home --office Aland --officer amir --root root --passphrase-file passphrase"
    Office(place).does(
        words, "--host-name=desk.aland.example", "--listen=127.0.0.1", f"--port={port}", f"--user={USER}"
    )
    unit = place / "home" / "units" / UNIT
    packages = Path(sysconfig.get_path("purelib")).relative_to(ROOT)
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    program = (
        f"/usr/bin/env PYTHONPATH=/opt/goodoffices/src:/opt/goodoffices/{packages} PYTHONDONTWRITEBYTECODE=1"
        f" LD_LIBRARY_PATH=/opt/python/lib /opt/python/bin/{python}"
    )
    text = unit.read_text().replace(str(place / "home"), "/srv/goodoffices").replace(sys.executable, program)
    unit.write_text(text)
    return port


@contextmanager
def _machine(place: Path, log: Path) -> Iterator[int]:
    """A machine that is switched on; afterwards its plug is pulled. Gives the process under which all others are."""
    place.mkdir(exist_ok=True)
    words = ["unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "sh"]
    words += [str(ROOT / "tests" / "cli" / "boot.sh"), str(place), str(log.parent / "home"), str(ROOT)]
    with log.open("ab") as said:
        running = subprocess.Popen([*words, sys.base_prefix, UNIT], stdout=said, stderr=said)
    try:
        yield running.pid
    finally:
        running.kill()
        running.wait(60)


def _desk_below(pid: int) -> int | None:
    """The desk's own process among the descendants of one."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"goodoffices\0desk\0serve" in command:
                return child
            if (found := _desk_below(child)) is not None:
                return found
    return None


def _health(place: Path, port: int) -> str | None:
    trusted = ssl.create_default_context(cafile=str(place / "home" / "tls" / "authority.pem"))
    try:
        with urllib.request.urlopen(
            f"https://127.0.0.1:{port}/health", context=trusted, timeout=20
        ) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


def test_the_unit_comes_up_with_its_machine_and_after_a_kill_and_may_do_nothing_else(tmp_path: Path) -> None:
    """P13, P3: twice switched on, once killed; locked, by its own user, without a right beside its folder."""
    if os.geteuid() != 0:
        # Without root there are no namespaces to start it in; what is written is still looked through.
        unit = subprocess.run(["systemd-analyze", "--version"], capture_output=True, check=False)
        assert unit.returncode == 0
        return
    port = _set_up(tmp_path)
    log = tmp_path / "log"
    with _machine(tmp_path / "first", log) as pid:
        assert until("the desk", lambda: _health(tmp_path, port), patience=60) == '{"ok":true,"locked":true}'
        desk = _desk_below(pid)
        assert desk is not None
        status = Path(f"/proc/{desk}/status").read_text()
        told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        uid = str(pwd.getpwnam(USER).pw_uid)
        assert told["Uid"].split() == [uid] * 4
        assert (told["NoNewPrivs"], told["Seccomp"], int(told["CapEff"], 16)) == ("1", "2", 0)
        os.kill(desk, signal.SIGKILL)
        until("another desk", lambda: (_desk_below(pid) or desk) != desk or None, patience=60)
        until("that it answers", lambda: _health(tmp_path, port), patience=60)
    until("that the machine is off", lambda: _health(tmp_path, port) is None or None, patience=60)
    with _machine(tmp_path / "second", log):
        until("the desk after a power cut", lambda: _health(tmp_path, port), patience=60)
