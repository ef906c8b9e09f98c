# SPDX-License-Identifier: Apache-2.0
"""What a relay tells who runs it: metrics, health, a log; and that none of it tells who uses it."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from goodoffices.relay.journal import Event, FaultHandler, Journal
from goodoffices.relay.metrics import Metrics
from goodoffices.relay.rules import Refusal
from tests.relay.conftest import Box, RelayProcess, Start

pytestmark = pytest.mark.slow

BOX = Box(id=os.urandom(16).hex())


def ask(relay: RelayProcess, method: str, path: str, body: bytes | None = None, right: str = "put") -> int:
    headers = {**BOX.may(right), "X-Forwarded-For": "198.51.100.77"}
    request = urllib.request.Request(relay.address + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def log_of(relay: RelayProcess) -> list[dict[str, object]]:
    return [json.loads(line) for line in relay.said.splitlines()]


def watch(relay: RelayProcess, path: str = "/metrics") -> str:
    assert relay.process.stderr
    while '"ready"' not in (line := relay.process.stderr.readline()):
        assert line
    port = json.loads(line)["metrics_port"]
    relay.watched = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
    return look(relay, path)


def look(relay: RelayProcess, path: str = "/metrics") -> str:
    with urllib.request.urlopen(f"{relay.watched}{path}", timeout=60) as answer:  # type: ignore[attr-defined]
        return str(answer.read().decode())


def value(text: str, name: str) -> float:
    found = re.search(rf"^goodoffices_relay_{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, text
    return float(found[1])


def use(relay: RelayProcess) -> None:
    """Everything that offices and strangers do."""
    ask(relay, "PUT", BOX.url, json.dumps(BOX.rights).encode())
    address = relay.address.replace("http", "ws", 1) + BOX.url + "/push"
    with connect(address, additional_headers=BOX.may("collect"), compression=None, proxy=None) as listener:
        for number in (1, 1, 2):
            ask(relay, "POST", f"{BOX.url}/envelopes", bytes([number]) * 512)
        for _ in range(2):
            listener.recv(timeout=60)
    ask(relay, "GET", f"{BOX.url}/envelopes", right="collect")
    ask(relay, "POST", f"{BOX.url}/envelopes", bytes(512), right="collect")
    ask(relay, "GET", f"/v1/mailboxes/{'e' * 32}")
    with pytest.raises(InvalidStatus):
        connect(address, additional_headers=BOX.may("put"), compression=None, proxy=None)
    ask(relay, "DELETE", f"{BOX.url}/envelopes/{'a' * 64}", right="delete")
    with socket.create_connection(("127.0.0.1", relay.port), timeout=60) as line:
        line.sendall(b"\x16\x03 no request at all\r\n\r\n")
        line.recv(1000)


def test_the_metrics_tell_how_busy_the_relay_is(start: Start) -> None:
    relay = start("--metrics-port", "0")
    before = watch(relay)
    assert value(before, "stored_total") == 0
    use(relay)
    text = look(relay)
    expected = {
        'answers_total{door="put",status="201"}': 2,
        'answers_total{door="put",status="200"}': 1,
        'answers_total{door="push",status="101"}': 1,
        'refusals_total{reason="no right"}': 3,
        "stored_total": 2,
        "repeats_total": 1,
        "pushed_total": 2,
        "mailboxes": 1,
        "waiting": 2,
        "waiting_bytes": 1024,
        "sound": 1,
    }
    assert {name: value(text, name) for name in expected} == expected
    assert value(text, "put_seconds_count") == 3
    assert value(text, 'put_seconds_bucket{le="+Inf"}') == 3
    assert 1e6 < value(text, "resident_bytes") < 1e9
    assert look(relay, "/health") == "ok\n"


def test_every_line_of_the_metrics_is_of_the_exposition_format() -> None:
    metrics = Metrics()
    metrics.answered("put", 201)
    metrics.refused(Refusal.TOO_OFTEN)
    metrics.put(0.003, True)
    metrics.committed(3, 0.001)
    metrics.gauge("open_files", "Files.", lambda: 7)
    text = metrics.text()
    assert text.endswith("\n")
    for line in text.splitlines():
        assert re.fullmatch(
            r"# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+=\"[^\"\\]*\"(,[a-z]+=\"[^\"\\]*\")*\})? [0-9.e+-]+",
            line,
        ), line
    counts = [int(found) for found in re.findall(r'put_seconds_bucket\{le="[^"]+"\} (\d+)', text)]
    assert counts == sorted(counts)
    assert counts[-1] == 1


def test_what_is_watched_is_not_at_the_relays_own_door(start: Start) -> None:
    relay = start("--metrics-port", "0")
    assert ask(relay, "GET", "/metrics") == 404


def test_neither_metrics_nor_log_name_a_mailbox_an_address_or_an_envelope(start: Start) -> None:
    """P3: who reads them learns nothing of who shares a line."""
    relay = start("--metrics-port", "0", "--behind-proxy")
    text = watch(relay)
    use(relay)
    text += look(relay)
    relay.stop()
    for told in (text, relay.said):
        assert not re.search(r"[0-9a-f]{32}", told)
        assert "198.51.100.77" not in told
        assert BOX.id not in told
        assert "/v1/" not in told
    assert not re.search(r"127\.0\.0\.1", relay.said)


def test_the_log_is_one_object_a_line_from_start_to_stop(start: Start) -> None:
    relay = start()
    use(relay)
    relay.stop()
    events = [line["event"] for line in log_of(relay)]
    assert events == ["started", "ready", "stopping"]
    assert all(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(line["at"])) for line in log_of(relay)
    )


def test_a_metrics_port_that_is_taken_is_named(tmp_path: Path, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(AssertionError, match="--metrics-port"):
            start("--metrics-port", port)


@pytest.mark.parametrize(
    "said", [b"\0" * 9000, b"POST /metrics HTTP/1.1\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics"]
)
def test_nonsense_at_the_watchers_door_costs_nothing(start: Start, said: bytes) -> None:
    """P12."""
    relay = start("--metrics-port", "0")
    watch(relay)
    port = int(relay.watched.rsplit(":", 1)[1])  # type: ignore[attr-defined]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(said)
        line.shutdown(socket.SHUT_WR)
        heard = line.recv(1000)
    assert not heard or heard.startswith(b"HTTP/1.0 405")
    assert "sound 1" in look(relay)


def test_a_fault_is_logged_once_a_minute_with_its_place_and_not_its_words() -> None:
    """P12: whoever finds a fault cannot fill the log with it."""
    lines: list[str] = []
    now = [1_578_000_000_000]
    handler = FaultHandler(Journal(lines.append, lambda: now[0]), lambda: now[0])
    record = logging.LogRecord("x", logging.ERROR, "place.py", 7, "words of %s", ("somebody",), None)
    for _ in range(5):
        handler.emit(record)
    now[0] += 60_000
    handler.emit(record)
    said = [json.loads(line) for line in lines]
    assert [(each["at_line"], each["more_since"]) for each in said] == [("place:7", 0), ("place:7", 4)]
    assert "somebody" not in "".join(lines)


def test_a_state_that_lasts_is_logged_once() -> None:
    lines: list[str] = []
    journal = Journal(lines.append, lambda: 1_578_000_000_000)
    for event in (Event.DATABASE_LOST, Event.DATABASE_AWAY, Event.DATABASE_AWAY, Event.DATABASE_BACK):
        journal.say_once(event)
    assert [json.loads(line)["event"] for line in lines] == [
        "database lost",
        "database away",
        "database back",
    ]
    assert json.loads(lines[0])["at"] == "2020-01-02T21:20:00.000Z"
