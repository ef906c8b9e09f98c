# SPDX-License-Identifier: Apache-2.0
"""Damaged requests and frames at a relay as users run it. What was once found stays in the folder corpus.

Each file there is a request, with the words BOX, PUT, COLLECT and DELETE where a mailbox and its secrets
stand. Each is tried as it is, and then damaged at random; whatever a damaged one says, the relay answers in
the documented way, stores nothing that was not answered as stored, and serves the next.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.relay.conftest import Box, RelayProcess

pytestmark = pytest.mark.slow

BOX = Box(id="c0ffee" * 5 + "00")
CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())
DOCUMENTED = {100, 101, 200, 201, 204, 400, 403, 404, 405, 408, 409, 411, 413, 426, 429, 431, 507}


def whole(file: Path) -> bytes:
    """A request of the corpus, with this test's mailbox in it."""
    text = file.read_bytes()
    for word, value in (
        (b"BOX", BOX.id.encode()),
        (b"PUT_RIGHT", BOX.put.hex().encode()),
        (b"COLLECT_RIGHT", BOX.collect.hex().encode()),
        (b"DELETE_RIGHT", BOX.delete.hex().encode()),
        (b"RIGHTS", json.dumps(BOX.rights, separators=(",", ":")).encode()),
    ):
        text = text.replace(b"<" + word + b">", value)
    return text


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    many = ("--max-puts-per-second", "100000", "--max-mailboxes", "100000", "--metrics-port", "0")
    running = RelayProcess(tmp_path_factory.mktemp("relay") / "relay.db", *many)
    assert running.process.stderr
    while '"ready"' not in (line := running.process.stderr.readline()):
        assert line
    running.watched = json.loads(line)["metrics_port"]  # type: ignore[attr-defined]
    request = urllib.request.Request(
        running.address + BOX.url, data=json.dumps(BOX.rights).encode(), method="PUT"
    )
    urllib.request.urlopen(request, timeout=60).close()
    yield running
    code = running.stop()
    assert code == 0
    assert '"fault"' not in running.said


def say(relay: RelayProcess, *parts: bytes) -> bytes:
    """Everything that the relay answers until it ends the connection, or has nothing to add."""
    heard = b""
    with socket.create_connection(("127.0.0.1", relay.port), timeout=60) as line:
        try:
            for part in parts:
                line.sendall(part)
            line.shutdown(socket.SHUT_WR)
            while part := line.recv(65536):
                heard += part
        except (BrokenPipeError, ConnectionResetError):
            pass  # the relay has heard enough
        except OSError as error:
            if error.errno != 107:  # it was quicker to hang up
                raise
    return heard


def statuses(heard: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)]


def stored(relay: RelayProcess) -> int:
    """How many envelopes the relay has stored so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{relay.watched}/metrics", timeout=60) as answer:  # type: ignore[attr-defined]
        found = re.search(rb"^goodoffices_relay_stored_total (\d+)$", answer.read(), re.MULTILINE)
    assert found
    return int(found[1])


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_what_was_once_found_is_answered(relay: RelayProcess, file: Path) -> None:
    """P12."""
    heard = say(relay, whole(file))
    assert set(statuses(heard)) <= DOCUMENTED, heard
    assert statuses(say(relay, b"GET /health HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n")) == [200]


@pytest.mark.parametrize("name", ["put-then-nonsense", "put-then-broken-chunks"])
def test_what_was_asked_before_nonsense_is_answered_as_it_went(relay: RelayProcess, name: str) -> None:
    """P2: what is stored is answered as stored, not with the refusal of what came after it."""
    request = whole(Path(__file__).parent / "corpus" / name)
    unique = request.replace(bytes(16), os.urandom(16), 1)
    assert statuses(say(relay, unique)) == [201]


DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(["flip", "drop", "double", "insert", "cut", "swap"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 64),
        st.binary(min_size=1, max_size=24)
        | st.sampled_from(
            [b"\r\n", b"\r\n\r\n", b"\0", b":", b" ", b"%2f", b"Transfer-Encoding: chunked\r\n", b"-1"]
        ),
    ),
    min_size=1,
    max_size=4,
)


def damaged(data: bytes, steps: list[tuple[str, float, int, bytes]]) -> bytes:
    for kind, where, size, more in steps:
        at = int(where * len(data))
        piece = data[at : at + size]
        if kind == "flip" and piece:
            data = data[:at] + bytes([piece[0] ^ (1 << size % 8)]) + data[at + 1 :]
        elif kind == "drop":
            data = data[:at] + data[at + size :]
        elif kind == "double":
            data = data[:at] + piece + data[at:]
        elif kind == "insert":
            data = data[:at] + more + data[at:]
        elif kind == "cut":
            data = data[:at]
        elif kind == "swap":
            data = data[at:] + data[:at]
    return data


@given(st.sampled_from(CORPUS), DAMAGE, st.lists(st.floats(0, 1), max_size=3))
def test_a_damaged_request_is_answered_and_stores_nothing_by_itself(
    relay: RelayProcess, file: Path, steps: list[tuple[str, float, int, bytes]], cuts: list[float]
) -> None:
    """P2, P12: in whatever pieces it comes, what was not answered as stored is not there."""
    request = damaged(whole(file), steps)
    places = [0, *sorted(int(cut * len(request)) for cut in cuts), len(request)]
    before = stored(relay)
    heard = say(relay, *(request[a:b] for a, b in pairwise(places)))
    found = statuses(heard)
    assert set(found) <= DOCUMENTED, heard
    assert stored(relay) - before <= found.count(201)


@given(
    st.lists(
        st.binary(max_size=60)
        | st.sampled_from([b"\x88\x80\0\0\0\0", b"\x89\xfe\xff\xff", b"\x82\x7f" + b"\xff" * 8]),
        max_size=5,
    )
)
def test_whatever_a_listener_says_costs_its_own_connection_and_nothing_else(
    relay: RelayProcess, frames: list[bytes]
) -> None:
    """P12: frames of every kind, masked or not, too long, cut off."""
    key = base64.b64encode(os.urandom(16)).decode()
    box = Box(id=os.urandom(16).hex())  # a mailbox of its own: joining is counted by mailbox
    request = urllib.request.Request(
        relay.address + box.url, data=json.dumps(box.rights).encode(), method="PUT"
    )
    urllib.request.urlopen(request, timeout=60).close()
    hello = (
        f"GET {box.url}/push HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Authorization: Bearer {box.collect.hex()}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", relay.port), timeout=60) as line:
        line.sendall(hello.encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 101 ")
        try:
            for frame in frames:
                line.sendall(frame)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the relay has heard enough
    assert statuses(say(relay, b"GET /health HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n")) == [200]
