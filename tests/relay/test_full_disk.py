# SPDX-License-Identifier: Apache-2.0
"""A disk that really is full: the operating system refuses the relay's file more room."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay.conftest import COMMAND, Box, RelayProcess, unpack

BOX = Box()
# The kernel refuses to let any file of this process grow past 2 MiB: what SQLite meets is a failed write,
# as on a full disk. The signal that comes with it is ignored, as is the default under service managers.
FULL = (
    "import resource, signal\n"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))\n"
    "from goodoffices.cli.relay import relay\n"
    "relay()"
)


def ask(relay: RelayProcess, method: str, path: str, body: bytes | None = None, right: str = "put") -> bytes:
    request = urllib.request.Request(relay.address + path, data=body, method=method, headers=BOX.may(right))
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: bytes = answer.read()
        return found


def refused(relay: RelayProcess, envelope: bytes) -> tuple[int, dict[str, str]]:
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(relay, "POST", f"{BOX.url}/envelopes", envelope)
    with error.value as answer:
        return answer.code, json.load(answer)


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RelayProcess]:
    with monkeypatch.context() as patched:
        patched.setattr("tests.relay.conftest.COMMAND", [sys.executable, "-c", FULL, *COMMAND[3:]])
        relay = RelayProcess(tmp_path / "relay.db")
    ask(relay, "PUT", BOX.url, json.dumps(BOX.rights).encode())
    yield relay
    relay.close()


def test_a_full_disk_is_said_and_what_was_answered_is_kept(full: RelayProcess, tmp_path: Path) -> None:
    """P2, P12: nothing is lost, nothing half stored; the relay serves on, and stores again when there is room."""
    stored: list[bytes] = []
    code, said = 0, {}
    for _ in range(100):
        envelope = os.urandom(65536)
        try:
            ask(full, "POST", f"{BOX.url}/envelopes", envelope)
        except urllib.error.HTTPError as error:
            with error:
                code, said = error.code, json.load(error)
            break
        stored.append(envelope)
    assert (code, said["fault"]) == (507, "relay")
    assert stored
    assert refused(full, os.urandom(65536))[0] == 507
    there = [envelope for _, envelope in unpack(ask(full, "GET", f"{BOX.url}/envelopes", right="collect"))]
    assert there == stored[: len(there)]
    full.kill()
    roomy = RelayProcess(tmp_path / "relay.db")
    try:
        found: list[bytes] = []
        after = 0
        while part := unpack(ask(roomy, "GET", f"{BOX.url}/envelopes?after={after}", right="collect")):
            found += [envelope for _, envelope in part]
            after = part[-1][0]
        assert found == stored
        ask(roomy, "POST", f"{BOX.url}/envelopes", os.urandom(65536))
    finally:
        roomy.close()
