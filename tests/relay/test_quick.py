# SPDX-License-Identifier: Apache-2.0
"""Puts that are answered on the spot are answered as every other put is, however they come (ADR 0059)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from goodoffices.relay.answers import put_answer, refusal_bytes
from goodoffices.relay.push import Hub
from goodoffices.relay.rules import Refusal, Refused
from tests.relay.conftest import COMMAND, Box, RelayProcess, unpack
from tests.relay.test_hostile import Line, head

BOX = Box()
PUT = f"{BOX.url}/envelopes"


def put_head(right: str = "put", size: int = 512, *fields: str) -> bytes:
    return head(
        "POST", PUT, f"Authorization: {BOX.may(right)['Authorization']}", f"Content-Length: {size}", *fields
    )


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    running = RelayProcess(tmp_path_factory.mktemp("quick") / "relay.db", "--max-mailbox-mib", "1")
    body = json.dumps(BOX.rights).encode()
    with Line(running) as line:
        line.say(head("PUT", BOX.url, f"Content-Length: {len(body)}") + body)
        assert line.answer()[0] in {200, 201}
        line.say(put_head() + os.urandom(512))  # from now on the relay knows its rights
        assert line.answer()[0] == 201
    yield running
    running.close()


def stored(relay: RelayProcess) -> list[bytes]:
    with Line(relay) as line:
        line.say(
            head("GET", PUT, f"Authorization: {BOX.may('collect')['Authorization']}", "Connection: close")
        )
        return [envelope for _, envelope in unpack(line.rest().split(b"\r\n\r\n", 1)[1])]


def test_puts_with_the_same_head_are_each_kept_and_each_answered_with_its_own_id(relay: RelayProcess) -> None:
    """P2: nothing of an earlier request is taken for the next."""
    envelopes = [os.urandom(512) for _ in range(4)]
    with Line(relay) as line:
        for envelope, new in [*((each, True) for each in envelopes), (envelopes[0], False)]:
            line.say(put_head() + envelope)
            said = {"id": hashlib.sha256(envelope).hexdigest(), "new": new}
            assert line.answer() == (201 if new else 200, said)
    assert stored(relay)[-4:] == envelopes


def test_requests_that_come_together_are_answered_in_their_order(relay: RelayProcess) -> None:
    """P12: quick and ordinary ones, good and bad ones, in one piece and in splinters."""
    envelopes = [os.urandom(512) for _ in range(3)]
    whole = put_head() + envelopes[0] + head("GET", "/health") + put_head() + envelopes[1]
    whole += put_head("put", 512, "Expect: 100-continue") + envelopes[2]
    with Line(relay) as line:
        line.say(whole + put_head("delete") + os.urandom(512))
        heard = line.rest()
    order = [hashlib.sha256(each).hexdigest().encode() for each in envelopes]
    places = [heard.index(each) for each in (order[0], b'"ok":true', order[1], order[2], b'"fault":"yours"')]
    assert places == sorted(places)
    with Line(relay) as line:
        envelope = os.urandom(512)
        sent = put_head() + envelope
        for at in range(0, len(sent), 97):
            line.say(sent[at : at + 97])
        assert line.answer()[0] == 201
        line.say(sent)
        assert line.answer() == (200, {"id": hashlib.sha256(envelope).hexdigest(), "new": False})
    assert stored(relay)[-4:] == [*envelopes, envelope]


def test_an_empty_line_behind_an_envelope_is_no_part_of_the_next_one(relay: RelayProcess) -> None:
    """P2: the bytes before it were remembered as the head, and of the next envelope that began alike others were
    kept: its last ones and the empty line in place of its first, and told as taken."""
    envelopes = [b"GO" + os.urandom(510) for _ in range(3)]
    with Line(relay) as line:
        for envelope in envelopes:
            line.say(put_head() + envelope + b"\r\n")
            assert line.answer() == (201, {"id": hashlib.sha256(envelope).hexdigest(), "new": True})
    assert stored(relay)[-3:] == envelopes


JOIN = head(
    "GET",
    f"{BOX.url}/push",
    f"Authorization: {BOX.may('collect')['Authorization']}",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)


@pytest.mark.parametrize("ordinary", [False, True])
def test_an_answer_that_is_owed_never_comes_within_a_push(relay: RelayProcess, *, ordinary: bool) -> None:
    """P12: the push began at once, and the answer to the put before it came behind what was pushed."""
    envelope = os.urandom(512)
    with Line(relay) as line:
        line.say(put_head("put", 512, *(["Expect: nothing"] if ordinary else [])) + envelope + JOIN)
        heard = line.rest()
    assert heard.startswith(b"HTTP/1.1 201 ")
    assert heard.endswith(b'{"id":"%s","new":true}' % hashlib.sha256(envelope).hexdigest().encode())


IMPATIENT = (
    "import uvicorn\n"
    "plain = uvicorn.Config.__init__\n"
    "def impatient(self, *given, **named): plain(self, *given, **{**named, 'timeout_keep_alive': 1})\n"
    "uvicorn.Config.__init__ = impatient\n"
    "from goodoffices.cli.relay import relay\n"
    "relay()"
)


@pytest.mark.slow
def test_a_push_on_a_connection_that_had_a_put_before_is_not_cut_off_for_resting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P5: the put's timer went on, and whatever listens was cut off when it ran out. Behind a proxy that keeps its
    connections a push may come so."""
    monkeypatch.setattr("tests.relay.conftest.COMMAND", [sys.executable, "-c", IMPATIENT, *COMMAND[3:]])
    running = RelayProcess(tmp_path / "relay.db")
    try:
        body = json.dumps(BOX.rights).encode()
        with Line(running) as line:
            line.say(head("PUT", BOX.url, f"Content-Length: {len(body)}") + body)
            assert line.answer()[0] == 201
            for _ in range(2):
                line.say(put_head() + os.urandom(512))
                assert line.answer()[0] == 201
            line.say(JOIN)
            heard = b""
            while heard.count(b"\x82\x7e\x02\x08") < 2:  # both were pushed
                heard += line.socket.recv(65_536)
            line.socket.settimeout(2.5)
            with pytest.raises(TimeoutError):
                line.socket.recv(1)
    finally:
        running.close()


def test_a_head_that_was_right_before_opens_nothing_for_another(relay: RelayProcess) -> None:
    """P3: the right is looked at with every envelope."""
    with Line(relay) as line:
        line.say(put_head() + os.urandom(512))
        assert line.answer()[0] == 201
        line.say(put_head("collect") + os.urandom(512))
        assert line.answer()[0] == 403
    with Line(relay) as line:
        line.say(put_head(size=513) + os.urandom(513))
        assert line.answer()[0] == 413


def test_a_full_mailbox_is_refused_on_the_spot_in_the_usual_words(relay: RelayProcess) -> None:
    """P12: the answer says whose fault it is, what it is, what to do next, and when to come again."""
    answers: list[tuple[int, dict[str, object]]] = [(201, {})]
    while answers[-1][0] == 201 and len(answers) < 20:
        with Line(relay) as line:
            line.say(put_head(size=65_536) + os.urandom(65_536))
            answers.append(line.answer())
    status, said = answers[-1]
    assert (status, said["fault"], said["what"]) == (429, "yours", "The mailbox is full.")


def test_answers_are_written_as_the_server_writes_them() -> None:
    """docs/relay-api.md: one form, whichever way a request went."""
    for new in (True, False):
        first, body = put_answer(bytes(32), new).split(b"\r\n\r\n")
        assert int(first.rsplit(b" ", 1)[1]) == len(body)
        assert json.loads(body) == {"id": bytes(32).hex(), "new": new}
    status, whole = refusal_bytes(Refused(Refusal.STOPPING))
    first, body = whole.split(b"\r\n\r\n")
    fields = dict(line.split(b": ", 1) for line in first.lower().split(b"\r\n")[1:])
    assert (status, int(fields[b"content-length"]), fields[b"connection"]) == (503, len(body), b"close")
    assert fields[b"retry-after"] == b"5"


def test_an_envelope_is_sent_past_the_task_only_while_nothing_is_before_it() -> None:
    """P2: a listener never hears of an envelope before the one that was put before it."""
    asyncio.run(listen())


async def listen() -> None:
    """A listener whose task this test is."""
    hub = Hub()
    sent: list[int] = []
    takes = [True]

    def tell(seq: int, envelope: bytes) -> bool:
        if takes[0]:
            sent.append(seq)
        return takes[0]

    listener = hub.join(b"box")
    assert listener is not None
    listener.tell = tell
    hub.deliver(b"box", 1, b"one")
    assert not sent, "it has still to read what lies in the store"
    listener.caught_up()
    hub.deliver(b"box", 1, b"one")
    assert not sent, "its task is at work"
    assert listener.take() == (1, b"one")
    listener.after = 1
    waiting = listener.wait()
    with pytest.raises(StopIteration):
        waiting.send(None)  # it was woken before
    waiting = listener.wait()
    waiting.send(None)
    hub.deliver(b"box", 2, b"two")
    assert sent == [2]
    takes[0] = False
    hub.deliver(b"box", 3, b"three")
    takes[0] = True
    hub.deliver(b"box", 4, b"four")
    assert sent == [2], "the third waits for the connection, so the fourth waits for the third"
    assert [listener.take(), listener.take()] == [(3, b"three"), (4, b"four")]
    waiting.close()
