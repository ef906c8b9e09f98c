# SPDX-License-Identifier: Apache-2.0
"""``goodoffices desk serve``: what it refuses before it listens, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from goodoffices.web.connections import MOST
from tests.cli.conftest import Office, ended, refusal, start

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--host 0.0.0.0", "Plain HTTP is served on loopback only"),
        ("--host desk.example", "Plain HTTP is served on loopback only"),
        ("--tls-cert nowhere.pem", "Give both --tls-cert and --tls-key"),
        ("--tls-cert nowhere.pem --tls-key nowhere.pem", "TLS files cannot be used"),
        ("--relay-ca nowhere.pem", "certificate authority"),
        ("--admission-file nowhere", "cannot be read"),
        ("--unlock-file passphrase", "does not hold an unlock secret"),
    ],
)
def test_a_desk_that_would_be_exposed_or_is_set_up_wrongly_does_not_start(
    washington: Office, options: str, said: str
) -> None:
    assert said in washington.is_refused(f"desk serve --vault vault {options}")


def test_a_port_in_use_is_named(washington: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"127.0.0.1:{port} cannot be listened on" in washington.is_refused(
            f"desk serve --vault vault --port {port}"
        )


def test_a_folder_without_a_vault_is_named(tmp_path: Path) -> None:
    assert "no vault" in refusal(ended(start(tmp_path, "desk", "serve", "--vault", str(tmp_path))))


def test_a_desk_answers_once_it_says_so_holds_its_vault_and_stops_when_told(washington: Office) -> None:
    running = washington.begin("desk serve --vault vault")
    try:
        assert running.stdout is not None
        address = running.stdout.readline().removeprefix("desk ready at ").strip()
        with urllib.request.urlopen(f"{address}/health", timeout=60) as answer:
            assert answer.read() == b'{"ok":true,"locked":true}'
        said = washington.is_refused("line invite --relay http://127.0.0.1:1 --out invitation")
        assert "A desk is running on the vault" in said
    finally:
        running.send_signal(signal.SIGTERM)
    end = ended(running)
    *log, last = end.err.splitlines()
    assert (end.code, last) == (0, "desk stopped")
    assert [json.loads(each)["event"] for each in log] == ["started", "collecting", "ready", "stopped"]


def test_a_desk_with_a_thousand_connections_answers_and_has_files_left(washington: Office) -> None:
    """P7: they took every file that it may open, and no relay could be reached any more."""
    running = washington.begin("desk serve --vault vault")
    crowd: list[socket.socket] = []
    try:
        assert running.stdout is not None
        address = running.stdout.readline().removeprefix("desk ready at ").strip()
        port = int(address.rsplit(":", 1)[1])
        crowd += [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(1_100)]
        with socket.create_connection(("127.0.0.1", port), timeout=60) as asking:
            asking.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % port)
            assert asking.recv(15) == b"HTTP/1.1 200 OK"
        assert len([*Path(f"/proc/{running.pid}/fd").iterdir()]) < MOST + 64
    finally:
        for each in crowd:
            each.close()
        running.terminate()
    assert ended(running).code == 0
