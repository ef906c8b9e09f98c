# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent to the relay's port gets a clear answer or the end of the line, and costs nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.relay.bounded_http import MOST_WAITING
from goodoffices.wire import MOST_SMALL
from tests.relay.conftest import COMMAND, Box, RelayProcess

BOX = Box()
# A relay whose patience and bounds are small; everything else is the command itself.
SHORT = (
    "import goodoffices.relay.reading as reading, goodoffices.relay.bounded_http as server\n"
    "reading.BODY_SECONDS = server.HEAD_SECONDS = 2.0\n"
    "from goodoffices.cli.relay import relay\n"
    "relay()"
)


class Line:
    """A raw connection."""

    def __init__(self, relay: RelayProcess) -> None:
        self.socket = socket.create_connection(("127.0.0.1", relay.port), timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.socket.close()

    def say(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the relay has heard enough

    def no_more(self) -> None:
        """Say that nothing follows."""
        with contextlib.suppress(OSError):  # the relay may have ended it by now
            self.socket.shutdown(socket.SHUT_WR)

    def rest(self) -> bytes:
        """Everything until the relay ends the connection."""
        heard = b""
        try:
            while part := self.socket.recv(65536):
                heard += part
        except ConnectionResetError:
            pass
        return heard

    def answer(self) -> tuple[int, dict[str, object]]:
        """One answer: its status and its JSON."""
        heard = b""
        while b"\r\n\r\n" not in heard:
            part = self.socket.recv(65536)
            assert part, heard
            heard += part
        head, body = heard.split(b"\r\n\r\n", 1)
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields.get(b"content-length", b"0")):
            body += self.socket.recv(65536)
        return int(head.split()[1]), json.loads(body or b"{}")


def head(method: str, path: str, *fields: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: relay", *fields, "", ""]).encode("latin-1")


def bearer(right: str) -> str:
    return f"Authorization: {BOX.may(right)['Authorization']}"


def opened(relay: RelayProcess) -> RelayProcess:
    body = json.dumps(BOX.rights).encode()
    with Line(relay) as line:
        line.say(head("PUT", BOX.url, f"Content-Length: {len(body)}") + body)
        assert line.answer()[0] in {200, 201}
    return relay


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    running = opened(RelayProcess(tmp_path_factory.mktemp("relay") / "relay.db"))
    yield running
    running.close()


def well(relay: RelayProcess) -> bool:
    """Whether the relay still serves."""
    with Line(relay) as line:
        line.say(head("GET", "/health"))
        return line.answer()[0] == 200


def resident_mib(relay: RelayProcess) -> float:
    status = Path(f"/proc/{relay.process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


PUT = f"{BOX.url}/envelopes"
ENVELOPE = os.urandom(512)
CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (head("POST", PUT, bearer("put"), "Content-Length: 511") + ENVELOPE[:511], 413),
        (head("POST", PUT, bearer("put")), 411),
        (head("POST", PUT, bearer("put"), CHUNKED) + b"200\r\n" + ENVELOPE + b"\r\n0\r\n\r\n", 411),
        (head("POST", PUT, bearer("put"), bearer("put"), "Content-Length: 512") + ENVELOPE, 403),
        (head("POST", PUT, bearer("collect"), "Content-Length: 512") + ENVELOPE, 403),
        (head("POST", PUT, "Authorization: Bearer é", "Content-Length: 512") + ENVELOPE, 403),
        (head("POST", PUT, "Authorization: Basic cDpw", "Content-Length: 512") + ENVELOPE, 403),
        (head("POST", "/v1/mailboxes/xyz/envelopes", bearer("put"), "Content-Length: 512") + ENVELOPE, 400),
        (head("POST", "/v1/mailboxes/%2e%2e/envelopes", bearer("put"), "Content-Length: 512") + ENVELOPE, 400),
        (head("PUT", BOX.url, "Content-Length: 2000") + b" " * 2000, 400),
        (head("PUT", BOX.url, "Content-Length: 4") + b"[[[[", 400),
        (head("GET", f"{PUT}?after=0&limit=0", bearer("collect")), 400),
        (head("GET", f"{PUT}?after=%00", bearer("collect")), 400),
        (head("DELETE", f"{PUT}/{'0' * 63}", bearer("delete")), 400),
        (head("GET", "/v1/mailboxes/" + "0" * 32 + "/push", bearer("collect")), 404),
        (head("TRACE", "/health"), 405),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)  # fmt: skip
def test_a_request_of_another_form_is_refused_with_a_next_step(
    relay: RelayProcess, request_bytes: bytes, status: int
) -> None:
    """P12."""
    with Line(relay) as line:
        line.say(request_bytes)
        got, said = line.answer()
    assert (got, set(said)) == (status, {"fault", "what", "next"})


@pytest.mark.parametrize(
    "bad",
    [
        b"\0" * 100,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost relay\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50),  # TLS to the plain port
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        head("POST", PUT, bearer("put"), "Content-Length: -1"),
        head("POST", PUT, bearer("put"), "Content-Length: 512", "Content-Length: 511"),
        head("POST", PUT, bearer("put"), "Content-Length: 99999999999999999999999"),
        head("POST", PUT, bearer("put"), "Content-Length: 512", "Transfer-Encoding: chunked"),
        head("POST", PUT, bearer("put"), "Transfer-Encoding: chunked") + b"zz\r\n",
    ],
)
def test_what_is_no_request_ends_the_connection_and_nothing_else(relay: RelayProcess, bad: bytes) -> None:
    with Line(relay) as line:
        line.say(bad)
        line.no_more()
        heard = line.rest()
    assert not heard or heard.split()[1][:1] == b"4", heard
    assert well(relay)


@pytest.mark.parametrize("grow", [b"X-Pad: " + b"a" * 100_000, b"X: 1\r\n" * 20_000])
def test_a_head_without_end_is_refused(relay: RelayProcess, grow: bytes) -> None:
    with Line(relay) as line:
        line.say(b"GET /health HTTP/1.1\r\nHost: relay\r\n" + grow)
        assert line.rest().startswith(b"HTTP/1.1 431 ")
    assert well(relay)


def test_an_envelope_that_breaks_off_is_not_stored(relay: RelayProcess) -> None:
    """P12: half of it is nothing."""
    with Line(relay) as line:
        line.say(head("POST", PUT, bearer("put"), "Content-Length: 4096") + b"half" * 500)
    with Line(relay) as line:
        line.say(head("GET", BOX.url, bearer("put")))
        assert line.answer()[1]["bytes"] == 0


def test_requests_one_behind_the_other_are_answered_in_their_order(relay: RelayProcess) -> None:
    with Line(relay) as line:
        line.say(head("GET", "/health") + head("GET", "/nowhere", "Connection: close"))
        answers = line.rest().split(b"HTTP/1.1 ")[1:]
    assert [each[:3] for each in answers] == [b"200", b"404"]


def test_a_body_that_was_refused_is_not_taken_for_a_request(relay: RelayProcess) -> None:
    """No smuggling: after a refused body the connection ends."""
    hidden = head("GET", "/health")
    with Line(relay) as line:
        line.say(head("POST", PUT, bearer("collect"), f"Content-Length: {len(hidden)}") + hidden)
        heard = line.rest()
    assert heard.startswith(b"HTTP/1.1 403 ")
    assert heard.count(b"HTTP/1.1") == 1


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=200),
            st.sampled_from(
                [
                    head("GET", "/health"),
                    head("POST", PUT, bearer("put"), "Content-Length: 512"),
                    head("PUT", BOX.url, "Content-Length: 10"),
                    b"\r\n\r\n",
                    b"0\r\n\r\n",
                    b"Content-Length: 7\r\n",
                ]
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_said_the_relay_serves_the_next(relay: RelayProcess, said: list[bytes]) -> None:
    """P12: only answers of the documented kinds, and the relay goes on."""
    with Line(relay) as line:
        for part in said:
            line.say(part)
        line.no_more()
        heard = line.rest()
    assert b"HTTP/1.1 5" not in heard
    assert well(relay)


WORD = st.text(st.characters(codec="ascii", exclude_characters="\r\n \x00"), max_size=40)


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    st.lists(WORD, max_size=4),
    WORD,
    WORD,
    st.binary(max_size=600),
)
def test_any_request_gets_an_answer_of_the_documented_form(
    relay: RelayProcess, method: str, path: list[str], query: str, secret: str, body: bytes
) -> None:
    target = "/v1/mailboxes/" + "/".join(path) + "?" + query
    fields = f"Authorization: Bearer {secret}", f"Content-Length: {len(body)}", "Connection: close"
    with Line(relay) as line:
        line.say(head(method, target, *fields) + body)
        heard = line.rest()
    assert heard[:13] in {
        b"HTTP/1.1 %d " % status for status in (200, 201, 204, 400, 403, 404, 405, 409, 413)
    }


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RelayProcess]:
    """A relay that waits two seconds for a head or a body."""
    monkeypatch.setattr("tests.relay.conftest.COMMAND", [sys.executable, "-c", SHORT, *COMMAND[3:]])
    running = opened(RelayProcess(tmp_path / "relay.db"))
    yield running
    running.close()


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[RelayProcess]:
    """A relay that bears eight connections."""
    running = opened(RelayProcess(tmp_path / "relay.db", "--max-connections", "8"))
    yield running
    running.close()


@pytest.mark.slow
def test_a_body_that_does_not_come_is_not_waited_for(short: RelayProcess) -> None:
    with Line(short) as line:
        line.say(head("POST", PUT, bearer("put"), "Content-Length: 512") + b"one")
        status, said = line.answer()
        assert (status, said["fault"]) == (408, "yours")
        assert line.rest() == b""
    assert well(short)


@pytest.mark.slow
def test_a_head_that_does_not_come_is_not_waited_for(short: RelayProcess) -> None:
    with Line(short) as line:
        line.say(b"GET /health HTTP/1.1\r\nHost:")
        assert line.rest() == b""
    with Line(short) as silent:
        assert silent.rest() == b""
    assert well(short)


def test_connections_beyond_the_bound_are_told_to_come_again(narrow: RelayProcess) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            line = stack.enter_context(Line(narrow))
            line.say(head("GET", BOX.url, bearer("put")))
            assert line.answer()[0] == 200  # something was allowed on it: it stays
        status, said = stack.enter_context(Line(narrow)).answer()
        assert (status, said["fault"]) == (503, "relay")
    while not well(narrow):  # once the relay has noticed that they are gone
        pass


def test_connections_that_only_sit_there_keep_nobody_out(narrow: RelayProcess) -> None:
    """P12: when all places are taken, the oldest on which nothing was allowed gives way."""
    with contextlib.ExitStack() as stack:
        honest = stack.enter_context(Line(narrow))
        honest.say(head("GET", BOX.url, bearer("put")))
        assert honest.answer()[0] == 200
        for _ in range(20):
            stack.enter_context(Line(narrow))
        newcomer = stack.enter_context(Line(narrow))
        newcomer.say(head("GET", BOX.url, bearer("put")))
        assert newcomer.answer()[0] == 200
        honest.say(head("GET", BOX.url, bearer("put")))
        assert honest.answer()[0] == 200


@pytest.mark.slow
def test_a_listener_that_takes_nothing_costs_no_memory_and_does_not_keep_the_relay_up(tmp_path: Path) -> None:
    """64 MiB wait for it; the relay holds a bounded part of that, and stops at SIGTERM all the same."""
    relay = opened(RelayProcess(tmp_path / "relay.db"))
    try:
        with Line(relay) as deaf, Line(relay) as sender:
            deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
            upgrade = "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", key
            deaf.say(head("GET", f"{BOX.url}/push?after=0", bearer("collect"), *upgrade))
            assert deaf.socket.recv(12) == b"HTTP/1.1 101"
            before = resident_mib(relay)
            for number in range(160):
                body = struct.pack(">I", number) * 65536
                sender.say(head("POST", PUT, bearer("put"), f"Content-Length: {len(body)}") + body)
                assert sender.answer()[0] == 201
            grown = resident_mib(relay) - before
            assert grown < 24, grown  # of 40 MiB that were put
            assert relay.stop() == 0
    finally:
        relay.close()


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"\x89\x80\0\0\0\0", id="pings"),
        pytest.param(b"\x8a\x80\0\0\0\0", id="answers to no ping"),
        pytest.param(b"\x00\x80\0\0\0\0", id="a message in pieces of nothing"),
    ],
)
def test_who_listens_and_says_nothing_without_end_is_cut_off(relay: RelayProcess, frame: bytes) -> None:
    """P12: a hundred thousand frames with nothing in them came at one read, and for half a minute the relay did
    nothing else; what a message in pieces began with, and the answers to pings, it kept without end."""
    upgrade = "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"
    with Line(relay) as line:
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
        line.say(head("GET", f"{BOX.url}/push?after={2**62}", bearer("collect"), *upgrade, key))
        assert line.socket.recv(12) == b"HTTP/1.1 101"
        line.say(b"\x02\x81\0\0\0\0x" * frame.startswith(b"\0"))
        line.say(frame * (MOST_SMALL * 10))
        heard = line.rest()
    assert b"\x03\xea" in heard[-80:]  # it says that it ends, and for whose fault: 1002
    assert heard.count(b"\x8a\x00") <= MOST_SMALL
    assert well(relay)


def test_thousands_of_requests_in_one_piece_are_not_all_taken_in(relay: RelayProcess) -> None:
    """P12: each that waits for the answers before it was read and kept; some connections took the relay's time and
    memory from everybody else. The first are answered, and the connection ends."""
    with Line(relay) as line:
        line.say(head("GET", "/health") * 5_000)
        assert line.rest().count(b'"ok":true') == 1 + MOST_WAITING
    with Line(relay) as line:
        line.say((head("POST", PUT, bearer("put"), "Content-Length: 512") + ENVELOPE) * (1 + MOST_WAITING))
        line.no_more()
        assert line.rest().count(b'"id":') == 1 + MOST_WAITING
    assert well(relay)
