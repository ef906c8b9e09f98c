# SPDX-License-Identifier: Apache-2.0
"""Several relay processes over one PostgreSQL database, as users start them."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.postgres import Server
from tests.relay.conftest import Box, RelayProcess, unpack

pytestmark = pytest.mark.slow

BOX = Box()
Begin = Callable[..., RelayProcess]


def ask(relay: RelayProcess, method: str, path: str, body: bytes | None = None, right: str = "put") -> bytes:
    request = urllib.request.Request(relay.address + path, data=body, method=method, headers=BOX.may(right))
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: bytes = answer.read()
        return found


def put(relay: RelayProcess, envelope: bytes) -> int:
    """The status of a put."""
    try:
        ask(relay, "POST", f"{BOX.url}/envelopes", envelope)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    return 201


def opened(relay: RelayProcess) -> RelayProcess:
    ask(relay, "PUT", BOX.url, json.dumps(BOX.rights).encode())
    return relay


def everything(relay: RelayProcess) -> list[bytes]:
    found: list[bytes] = []
    after = 0
    while part := unpack(ask(relay, "GET", f"{BOX.url}/envelopes?after={after}", right="collect")):
        found += [envelope for _, envelope in part]
        after = part[-1][0]
    return found


def listen(relay: RelayProcess) -> ClientConnection:
    address = relay.address.replace("http", "ws", 1) + BOX.url + "/push"
    return connect(address, additional_headers=BOX.may("collect"), compression=None, proxy=None)


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start relay processes over a database; whatever still runs at the end is killed."""
    running = []

    def start(url: str, *options: str) -> RelayProcess:
        running.append(RelayProcess(url, *options))
        return running[-1]

    yield start
    for relay in running:
        relay.close()


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.url(postgres.database())


def test_what_is_put_at_one_process_is_pushed_at_another(begin: Begin, url: str) -> None:
    one, other = opened(begin(url)), begin(url)
    with listen(other) as listener:
        for number in range(3):
            assert put(one, bytes([number]) * 512) == 201
            assert listener.recv(timeout=60) == (number + 1).to_bytes(8, "big") + bytes([number]) * 512


def test_envelopes_put_at_both_are_pushed_once_and_in_order(begin: Begin, url: str) -> None:
    """P2: a listener misses nothing that another process took, and no seq is given twice."""
    both = opened(begin(url)), begin(url)
    sent = [os.urandom(512) for _ in range(60)]

    def send(part: int) -> None:
        for envelope in sent[part::4]:
            assert put(both[part % 2], envelope) == 201

    with listen(both[0]) as first, listen(both[1]) as second:
        senders = [threading.Thread(target=send, args=(part,)) for part in range(4)]
        for sender in senders:
            sender.start()
        heard = [[each.recv(timeout=60) for _ in sent] for each in (first, second)]
        for sender in senders:
            sender.join()
    for messages in heard:
        assert [int.from_bytes(message[:8], "big") for message in messages] == list(range(1, 61))  # type: ignore[arg-type]
        assert {message[8:] for message in messages} == set(sent)


def test_what_was_put_while_a_process_could_not_be_told_is_pushed_all_the_same(
    begin: Begin, url: str, postgres: Server
) -> None:
    """P7: a notification that was missed costs a moment and no envelope."""
    one, other = opened(begin(url)), begin(url)
    name = url.rsplit("/", 1)[1]
    with listen(other) as listener:
        assert put(one, bytes(512)) == 201
        assert listener.recv(timeout=60)
        gone = postgres.do(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{name}' AND query LIKE 'LISTEN%'"
        )
        assert len(gone) >= 2
        assert put(one, b"1" * 512) == 201
        assert listener.recv(timeout=60) == (2).to_bytes(8, "big") + b"1" * 512


def test_a_repeat_at_another_process_is_the_same_envelope(begin: Begin, url: str) -> None:
    """P2, P12: stored once, wherever it is offered."""
    one, other = opened(begin(url)), begin(url)
    answers = [json.loads(ask(each, "POST", f"{BOX.url}/envelopes", bytes(512))) for each in (one, other)]
    assert [answer["new"] for answer in answers] == [True, False]
    ask(other, "DELETE", f"{BOX.url}/envelopes/{answers[0]['id']}", right="delete")
    assert not json.loads(ask(one, "POST", f"{BOX.url}/envelopes", bytes(512)))["new"]
    assert everything(one) == everything(other) == []


def test_what_one_process_answered_is_there_when_it_is_killed(begin: Begin, url: str) -> None:
    """P2."""
    one, other = opened(begin(url)), begin(url)
    answered: list[bytes] = []
    enough = threading.Event()

    def send() -> None:
        with contextlib.suppress(OSError):
            while True:
                envelope = os.urandom(512)
                if put(one, envelope) == 201:
                    answered.append(envelope)
                if len(answered) >= 100:
                    enough.set()

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    assert enough.wait(60)
    one.kill()
    for sender in senders:
        sender.join(60)
    assert set(answered) <= set(everything(other))


def test_a_relay_lives_through_its_databases_restart(begin: Begin) -> None:
    """P12: while the database is away it says so; afterwards it goes on by itself."""
    server = Server.fresh()
    try:
        relay = opened(begin(server.url(server.database())))
        assert put(relay, bytes(512)) == 201
        server.stop()
        assert put(relay, b"1" * 512) == 503
        with pytest.raises(urllib.error.HTTPError) as unwell:
            ask(relay, "GET", "/health")
        assert unwell.value.code == 503
        unwell.value.close()
        server.start()
        while put(relay, b"1" * 512) != 201:
            pass
        assert everything(relay) == [bytes(512), b"1" * 512]
        assert json.loads(ask(relay, "GET", "/health"))["ok"]
    finally:
        server.close()
