# SPDX-License-Identifier: Apache-2.0
"""Calls outside: through Apprise to a server on this machine; what hangs or fails holds up nobody."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest

from goodoffices.desk.alarms import outward
from goodoffices.desk.alarms.outward import Outward, call
from goodoffices.desk.watch.book import Address

pytestmark = pytest.mark.slow  # whole folders, processes or many runs

TEXT = "Your duty desk needs you: step 1"


class Gateway(BaseHTTPRequestHandler):
    """A webhook that keeps what it gets; ``status`` is its answer."""

    got: Queue[tuple[str, bytes, dict[str, str]]] = Queue()
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.put((self.path, body, {key.lower(): value for key, value in self.headers.items()}))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def gateway() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Gateway.status, Gateway.got = 200, Queue()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_goes_out_is_the_sentence_and_nothing_else(gateway: str) -> None:
    """P3, P5: no title, no names, and nothing that says what software it is."""
    assert call(f"json://{gateway}/hook", TEXT) is None
    path, body, headers = Gateway.got.get(timeout=60)
    said = json.loads(body)
    assert path == "/hook"
    assert said["message"] == TEXT
    assert said["title"] == ""
    assert headers["user-agent"] == "Duty desk"
    assert set(said) <= {"version", "title", "message", "attachments", "type"}


def test_ntfy_on_the_offices_own_network_needs_no_internet(gateway: str) -> None:
    """P5"""
    assert call(f"ntfy://{gateway}/duty", TEXT) is None
    _, body, _ = Gateway.got.get(timeout=60)
    assert TEXT.encode() in body


def test_a_service_that_refuses_or_is_not_there_is_named_without_its_address(gateway: str) -> None:
    """P3"""
    Gateway.status = 500
    failures = [
        call(f"json://secret:word@{gateway}/hook", TEXT),
        call("json://secret:word@127.0.0.1:9/hook", TEXT),
        call("nonsense://secret:word@x", TEXT),
    ]
    assert all(failures)
    assert not any("secret" in str(each) for each in failures)


def test_what_hangs_holds_up_no_other_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """P5"""
    release, told = threading.Event(), Queue[tuple[int, str | None]]()
    now = [0.0]

    def hangs(url: str, text: str) -> str | None:
        if url == "hangs":
            release.wait(150)  # longer than anybody below waits
        return None

    monkeypatch.setattr(outward, "TRIES", (0.0,))
    calls = Outward(lambda number, failure: told.put((number, failure)), lambda: now[0], hangs)
    bad, good = Address(1, "duty", "a", "hangs"), Address(2, "duty", "b", "works")
    for _ in range(6):
        calls.tell([bad, good], TEXT)
        assert told.get(timeout=60)[0] in (1, 2)
        now[0] += 41
    calls.tell([bad], TEXT)
    answers = [told.get(timeout=60)]
    while answers[-1] != (1, "The service takes the call and never answers."):
        answers.append(told.get(timeout=60))
    release.set()
    calls.stop()


def test_a_call_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """P5"""
    told, tries = Queue[tuple[int, str | None]](), [0]

    def second_time(url: str, text: str) -> str | None:
        tries[0] += 1
        return None if tries[0] > 1 else "not yet"

    monkeypatch.setattr(outward, "TRIES", (0.0, 0.01))
    Outward(lambda number, failure: told.put((number, failure)), time.monotonic, second_time).tell(
        [Address(1, "duty", "a", "x")], TEXT
    )
    assert [told.get(timeout=60), told.get(timeout=60)] == [(1, "not yet"), (1, None)]
