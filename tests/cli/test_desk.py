# SPDX-License-Identifier: Apache-2.0
"""``goodoffices desk serve``: what it refuses before it listens, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

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
