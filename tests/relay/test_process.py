# SPDX-License-Identifier: Apache-2.0
"""The relay as users run it: a process, real sockets, kill -9, signals."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from goodoffices.relay.push import LISTENERS_PER_MAILBOX
from tests.relay.conftest import COMMAND, Box, RelayProcess, Start, unpack

BOX = Box()


def ask(relay: RelayProcess, method: str, path: str, body: bytes | None = None, right: str = "put") -> bytes:
    request = urllib.request.Request(relay.address + path, data=body, method=method, headers=BOX.may(right))
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: bytes = answer.read()
        return found


def opened(relay: RelayProcess) -> RelayProcess:
    ask(relay, "PUT", BOX.url, json.dumps(BOX.rights).encode())
    return relay


def listen(relay: RelayProcess) -> ClientConnection:
    address = relay.address.replace("http", "ws", 1) + BOX.url + "/push"
    return connect(address, additional_headers=BOX.may("collect"), compression=None, proxy=None)


@pytest.mark.slow
def test_what_was_answered_survives_kill_9_under_load(start: Start) -> None:
    """P2: an answered put is on the disk."""
    relay = opened(start())
    answered: list[bytes] = []
    enough = threading.Event()

    def send() -> None:
        while True:
            envelope = os.urandom(512)
            try:
                ask(relay, "POST", BOX.url + "/envelopes", envelope)
            except (OSError, http.client.HTTPException):  # killed before its answer, or in the middle of it
                return
            answered.append(envelope)
            if len(answered) >= 200:
                enough.set()

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    assert enough.wait(60)
    relay.kill()
    for sender in senders:
        sender.join(60)
    again = start()
    there: set[bytes] = set()
    after = 0
    while found := unpack(ask(again, "GET", f"{BOX.url}/envelopes?after={after}", right="collect")):
        there |= {envelope for _, envelope in found}
        after = found[-1][0]
    assert set(answered) <= there


def test_it_stops_at_sigterm_with_listeners_that_take_nothing(start: Start) -> None:
    relay = opened(start())
    with listen(relay) as listener:
        ask(relay, "POST", BOX.url + "/envelopes", bytes(512))
        assert listener.recv(timeout=60) == (1).to_bytes(8, "big") + bytes(512)
        assert relay.stop() == 0


def test_of_too_many_listeners_at_a_mailbox_the_newest_win(start: Start) -> None:
    relay = opened(start())
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(listen(relay)) for _ in range(LISTENERS_PER_MAILBOX + 1)]
        ask(relay, "POST", BOX.url + "/envelopes", bytes(512))
        with pytest.raises(ConnectionClosed):
            listeners[0].recv(timeout=60)
        for listener in listeners[1:]:
            assert listener.recv(timeout=60) == (1).to_bytes(8, "big") + bytes(512)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "loopback"),
        (["--host", "relay.example"], "loopback"),
        (["--tls-cert", "missing.pem"], "both"),
        (["--tls-cert", "missing.pem", "--tls-key", "missing.pem"], "TLS files"),
    ],
)
def test_it_refuses_to_serve_exposed_and_says_what_to_do(
    tmp_path: Path, options: list[str], said: str
) -> None:
    run = subprocess.run(
        [*COMMAND, "--db", str(tmp_path / "relay.db"), *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_a_second_relay_over_the_same_file_is_refused(start: Start, tmp_path: Path) -> None:
    start()
    run = subprocess.run(
        [*COMMAND, "--db", str(tmp_path / "relay.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "Another process holds" in run.stderr


def test_a_full_disk_refuses_and_loses_nothing(start: Start) -> None:
    relay = opened(start("--max-disk-mib", "1"))
    stored = []
    with pytest.raises(urllib.error.HTTPError) as full:  # noqa: PT012 - whichever put meets the end
        for number in range(100):
            envelope = bytes([number]) * 65536
            ask(relay, "POST", BOX.url + "/envelopes", envelope)
            stored.append(envelope)
    assert full.value.code == 507
    full.value.close()
    last = stored[-1]
    key = hashlib.sha256(last).hexdigest()
    there = unpack(ask(relay, "GET", f"{BOX.url}/envelopes", right="collect"))
    assert [envelope for _, envelope in there] == stored
    ask(relay, "DELETE", f"{BOX.url}/envelopes/{key}", right="delete")
