# SPDX-License-Identifier: Apache-2.0
"""Two real PostgreSQL servers, the second a synchronous standby of the first, and relays that outlive the first."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.postgres import Server
from tests.relay.conftest import COMMAND, Box, RelayProcess, unpack

pytestmark = pytest.mark.slow

BOX = Box()
# The relay as it is, but it waits a second for its database instead of ten.
SHORT = (
    "import goodoffices.relay.store_postgres as store\n"
    "import goodoffices.relay.postgres_reading as reading\n"
    "store.CONFIRM_SECONDS = reading.ANSWER_SECONDS = reading.TURN_SECONDS = 1.0\n"
    "from goodoffices.cli.relay import relay\n"
    "relay()"
)


@dataclass
class Pair:
    """A primary, and a standby without which the primary confirms nothing."""

    first: Server
    second: Server
    database: str

    @property
    def url(self) -> str:
        ports = f"127.0.0.1:{self.first.port},127.0.0.1:{self.second.port}"
        return f"postgresql://relay@{ports}/{self.database}"


@pytest.fixture
def pair() -> Iterator[Pair]:
    with contextlib.ExitStack() as undo:
        first = Server.fresh()
        undo.callback(first.close)
        database = first.database()
        second = first.copy("second")
        undo.callback(second.close)
        first.need("second")
        yield Pair(first, second, database)


class Relays:
    """Starts relays, and ends them."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.running: list[RelayProcess] = []

    def start(self, *options: str) -> RelayProcess:
        relay = RelayProcess(self.pair.url, *options)
        self.running.append(relay)
        return relay


@pytest.fixture
def relays(pair: Pair) -> Iterator[Relays]:
    relays = Relays(pair)
    yield relays
    for relay in relays.running:
        relay.close()


def put(relay: RelayProcess, envelope: bytes) -> int:
    """The status of a put."""
    request = urllib.request.Request(
        f"{relay.address}{BOX.url}/envelopes", data=envelope, method="POST", headers=BOX.may("put")
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def opened(relay: RelayProcess) -> RelayProcess:
    request = urllib.request.Request(
        relay.address + BOX.url, data=json.dumps(BOX.rights).encode(), method="PUT"
    )
    urllib.request.urlopen(request, timeout=60).close()
    return relay


def everything(relay: RelayProcess) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while True:
        after = found[-1][0] if found else 0
        request = urllib.request.Request(
            f"{relay.address}{BOX.url}/envelopes?after={after}", headers=BOX.may("collect")
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            part = unpack(answer.read())
        if not part:
            return found
        found += part


def said(relay: RelayProcess) -> list[str]:
    """The names of what a stopped relay logged."""
    return [json.loads(line)["event"] for line in relay.said.splitlines()]


class Desk(threading.Thread):
    """Listens, and connects again whenever the relay asks it to; remembers all that it was pushed."""

    def __init__(self, relay: RelayProcess) -> None:
        super().__init__()
        self.relay = relay
        self.heard: set[bytes] = set()
        self.wanted: set[bytes] = set()
        self.over = threading.Event()

    def run(self) -> None:
        address = self.relay.address.replace("http", "ws", 1) + BOX.url + "/push"
        headers = BOX.may("collect")
        while not self.over.is_set():
            with (
                contextlib.suppress(ConnectionClosed, InvalidStatus, TimeoutError),
                connect(address, additional_headers=headers, compression=None, proxy=None) as line,
            ):
                while not self.over.is_set():
                    message = line.recv(timeout=1)
                    assert isinstance(message, bytes)
                    self.heard.add(message[8:])


def test_no_acknowledged_envelope_is_lost_when_the_standby_is_promoted_under_load(
    pair: Pair, relays: Relays
) -> None:
    """P2: the first server dies without a word while offices send; the second takes over; nothing is missing."""
    one, other = opened(relays.start("--standby-needed")), relays.start("--standby-needed")
    answered: list[bytes] = []
    before = threading.Event()
    after = threading.Event()
    promoted = threading.Event()
    then = [0]

    def send(relay: RelayProcess) -> None:
        while not after.is_set():
            envelope = os.urandom(512)
            while put(relay, envelope) not in {200, 201}:  # as a desk does: the same one again
                pass
            answered.append(envelope)
            if len(answered) >= 200:
                before.set()
            if promoted.is_set() and len(answered) >= then[0] + 200:
                after.set()

    desk = Desk(other)
    desk.start()
    senders = [threading.Thread(target=send, args=(relay,)) for relay in (one, other, one, other)]
    for sender in senders:
        sender.start()
    assert before.wait(60)
    pair.first.kill()
    pair.second.promote()
    then[0] = len(answered)
    promoted.set()
    assert after.wait(60)
    for sender in senders:
        sender.join(60)
    there = everything(one)
    assert set(answered) <= {envelope for _, envelope in there}
    assert len({seq for seq, _ in there}) == len(there)
    assert len({envelope for _, envelope in there}) == len(there), "nothing is stored twice"
    while (
        not set(answered) <= desk.heard
    ):  # every one reaches whoever listens; the test's time limit ends this
        desk.over.wait(0.05)
    desk.over.set()
    desk.join(60)
    for relay in (one, other):
        assert relay.stop() == 0
        assert "another database server took over" in said(relay)
        assert "database without a synchronous standby" in said(relay)  # until somebody makes a new one


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.relay.conftest.COMMAND", [sys.executable, "-c", SHORT, *COMMAND[3:]])


@pytest.mark.usefixtures("short")
def test_what_the_standby_does_not_confirm_is_not_answered_as_stored(pair: Pair, relays: Relays) -> None:
    """P2: neither at once, nor as a repeat, nor when the server gives up waiting and commits alone."""
    one, other = opened(relays.start()), relays.start()
    assert put(one, b"0" * 512) == 201
    pair.second.kill()
    assert put(one, b"1" * 512) == 503
    assert put(other, b"1" * 512) == 503
    ended = pair.first.do(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
        " WHERE wait_event = 'SyncRep' AND application_name = 'goodoffices-relay'"
    )
    assert ended, "one of the two waits for the standby"
    pair.first.wait_until("SELECT count(*) = 2 FROM envelope", pair.database)
    for relay in (one, other):
        for number in (b"0", b"1"):
            assert put(relay, number * 512) == 503
    pair.second.start()
    pair.first.wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
    for relay in (one, other):
        while (status := put(relay, b"1" * 512)) == 503:
            pass
        assert status == 200
    assert [envelope for _, envelope in everything(one)] == [b"0" * 512, b"1" * 512]


@pytest.mark.usefixtures("short")
def test_a_primary_of_the_past_gets_nothing_more(pair: Pair, relays: Relays) -> None:
    """P2: cut off from its successor and still up, it can confirm nothing; relays find the successor."""
    relay = opened(relays.start())
    assert put(relay, b"0" * 512) == 201
    pair.second.promote()
    while put(relay, b"1" * 512) not in {200, 201}:
        pass
    late = relays.start()
    assert put(late, b"2" * 512) == 201
    for each in (relay, late):
        assert [envelope[:1] for _, envelope in everything(each)] == [b"0", b"1", b"2"]
    assert pair.second.do("SELECT count(*) = 3 FROM envelope", pair.database) == [(True,)]


def looked(relay: RelayProcess) -> int:
    """The status of a look at what lies there."""
    request = urllib.request.Request(relay.address + BOX.url, headers=BOX.may("collect"))
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.usefixtures("short")
def test_a_server_that_hangs_keeps_no_relay_from_its_successor(pair: Pair, relays: Relays) -> None:
    """P2, P7, P12: its sessions stay open and say nothing; whoever read there waited, and heard of nothing, for ever"""
    one, other = opened(relays.start()), relays.start()
    desk = Desk(other)
    desk.start()
    assert put(one, b"0" * 512) == 201
    while b"0" * 512 not in desk.heard:  # the test's time limit ends this
        desk.over.wait(0.05)
    with pair.first.hanging():
        with ThreadPoolExecutor(6) as askers:
            assert set(askers.map(looked, [one] * 6)) == {503}, "more than there are sessions"
        pair.second.promote()
        while put(one, b"1" * 512) not in {200, 201} or put(other, b"2" * 512) not in {200, 201}:
            pass
        for relay in (one, other):
            assert looked(relay) == 200
            assert [envelope[:1] for _, envelope in everything(relay)] == [b"0", b"1", b"2"]
        # Only what is put at the other process, so that word between the two must come.
        sent = {b"%d" % number * 512 for number in (3, 4, 5)}
        assert [put(one, envelope) for envelope in sent] == [201] * 3
        while not sent <= desk.heard:
            desk.over.wait(0.05)
        desk.over.set()
        desk.join(60)
        assert [relay.stop() for relay in (one, other)] == [0, 0]
    assert "fault" not in said(one) + said(other)
