# SPDX-License-Identifier: Apache-2.0
"""Floods against a relay as users run it: each gets a clear answer, and the others go on."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.relay.conftest import Box, RelayProcess, Start

pytestmark = pytest.mark.slow

T = TypeVar("T")
BURST = 8  # puts, where one a second is allowed
VICTIM = Box(id="a" * 32)
OTHER = Box(id="b" * 32, put=b"x" * 32, collect=b"y" * 32, delete=b"z" * 32)


def ask(
    relay: RelayProcess, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, str | None]:
    """Status, and Retry-After."""
    connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read() or b"{}")
        if answer.status >= 400:
            assert set(said) == {"fault", "what", "next"}
        return answer.status, answer.headers["Retry-After"]
    finally:
        connection.close()


def opened(relay: RelayProcess, *boxes: Box) -> RelayProcess:
    for box in boxes:
        assert ask(relay, "PUT", box.url, {}, json.dumps(box.rights).encode())[0] in {200, 201}
    return relay


def put(relay: RelayProcess, box: Box, **more: str) -> tuple[int, str | None]:
    return ask(relay, "POST", f"{box.url}/envelopes", {**box.may("put"), **more}, os.urandom(512))


def at_once(do: Callable[[int], T], count: int, first: int = 0) -> list[T]:
    """What each gave. Many at a time, so that a busy machine does not slow them down to what is allowed."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(do, range(first, first + count)))


def resident_mib(relay: RelayProcess) -> float:
    status = Path(f"/proc/{relay.process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_who_puts_too_often_is_told_when_to_go_on_and_the_others_are_not_slowed(start: Start) -> None:
    """P12."""
    relay = opened(start("--max-puts-per-second", "1"), VICTIM, OTHER)
    began = time.monotonic()
    answers = at_once(lambda _: put(relay, VICTIM), 60)
    took = time.monotonic() - began
    stored = [status for status, _ in answers].count(201)
    assert stored <= BURST + took + 1, "one more for each second that it took, however slow this machine is"
    assert {status for status, _ in answers} == {201, 429}
    refused = [after for status, after in answers if status == 429]
    assert refused
    assert all(int(after or 0) >= 1 for after in refused)
    assert put(relay, OTHER)[0] == 201


def test_who_guesses_mailboxes_is_slowed_and_the_owner_at_the_same_address_is_not(start: Start) -> None:
    """P12: a desk whose neighbour attacks from behind the same address goes on."""
    relay = opened(start("--behind-proxy"), VICTIM)
    here = {"X-Forwarded-For": "198.51.100.7"}
    assert put(relay, VICTIM, **here)[0] == 201
    statuses = Counter(
        at_once(
            lambda number: ask(relay, "GET", f"/v1/mailboxes/{number:032x}", {**VICTIM.may("put"), **here})[
                0
            ],
            300,
        )
    )
    assert set(statuses) == {403, 429}
    assert statuses[403] >= 100
    assert put(relay, VICTIM, **here)[0] == 201
    assert (
        ask(
            relay,
            "GET",
            f"/v1/mailboxes/{'0' * 32}",
            {**VICTIM.may("put"), "X-Forwarded-For": "198.51.100.8"},
        )[0]
        == 403
    )


def test_who_opens_mailboxes_without_end_is_slowed_and_others_are_not(start: Start) -> None:
    relay = start("--behind-proxy")

    def open_one(number: int, address: str) -> int:
        body = json.dumps(VICTIM.rights).encode()
        return ask(relay, "PUT", f"/v1/mailboxes/{number:032x}", {"X-Forwarded-For": address}, body)[0]

    assert open_one(0, "2001:db8::1") == 201
    statuses = Counter(at_once(lambda number: open_one(number, "2001:db8::1"), 160, first=1))
    assert statuses[201] >= 59
    assert statuses[429] >= 10
    assert open_one(1000, "2001:db8:0:1::1") == 201
    assert open_one(0, "2001:db8::1") == 200, "what is open already is not a new one"


def test_one_address_does_not_take_every_connection(start: Start) -> None:
    relay = opened(start("--max-connections-per-address", "5"), VICTIM)
    held = [http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60) for _ in range(5)]
    for connection in held:
        connection.request("GET", VICTIM.url, headers=VICTIM.may("put"))
        assert connection.getresponse().read()
    status, after = ask(relay, "GET", "/health", {})
    assert (status, after) == (429, "60")
    for connection in held:
        connection.close()
    while ask(relay, "GET", "/health", {})[0] != 200:  # once the relay has noticed
        pass


def test_a_thousand_connections_of_one_mailbox_cost_the_others_nothing(start: Start) -> None:
    """P12: of a mailbox's listeners four stay; who comes again and again is told to wait."""
    relay = opened(start(), VICTIM, OTHER)
    address = relay.address.replace("http", "ws", 1)
    outcomes: Counter[int] = Counter()

    async def attack() -> None:
        try:
            async with connect(
                f"{address}{OTHER.url}/push",
                additional_headers=OTHER.may("collect"),
                compression=None,
                proxy=None,
            ) as line:
                outcomes[101] += 1
                with contextlib.suppress(ConnectionClosed):
                    await line.recv()
        except InvalidStatus as refused:
            outcomes[refused.response.status_code] += 1

    async def story() -> None:
        async with connect(
            f"{address}{VICTIM.url}/push",
            additional_headers=VICTIM.may("collect"),
            compression=None,
            proxy=None,
        ) as honest:
            attacks: list[asyncio.Task[None]] = []
            for _ in range(20):
                attacks += [asyncio.create_task(attack()) for _ in range(50)]
                envelope = os.urandom(512)
                status, _ = await asyncio.to_thread(
                    ask, relay, "POST", f"{VICTIM.url}/envelopes", VICTIM.may("put"), envelope
                )
                assert status == 201
                async with asyncio.timeout(60):
                    message = await honest.recv()
                assert isinstance(message, bytes)
                assert hashlib.sha256(message[8:]).digest() == hashlib.sha256(envelope).digest()
            while outcomes[429] + outcomes[101] < 1000:
                done, _ = await asyncio.wait(attacks, return_when=asyncio.FIRST_COMPLETED, timeout=1)
                attacks = [task for task in attacks if task not in done]
            for task in attacks:
                task.cancel()
            await asyncio.gather(*attacks, return_exceptions=True)

    asyncio.run(story())
    assert set(outcomes) == {101, 429}
    assert outcomes[429] > 900
    assert resident_mib(relay) < 120


def test_bodies_that_never_end_leave_room_for_the_others(start: Start) -> None:
    """P12: half-open puts of one mailbox are bounded, and end."""
    relay = opened(start(), VICTIM, OTHER)
    begun = []
    for _ in range(120):
        connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=60)
        connection.putrequest("POST", f"{OTHER.url}/envelopes")
        for name, value in {**OTHER.may("put"), "Content-Length": "262144"}.items():
            connection.putheader(name, value)
        connection.endheaders(b"some of it")
        begun.append(connection)
    assert put(relay, VICTIM)[0] == 201
    status, _ = ask(relay, "POST", f"{OTHER.url}/envelopes", OTHER.may("put"), os.urandom(262_144))
    assert status == 429, "this mailbox has its share of what may be read at once"
    for connection in begun:
        connection.close()
    while put(relay, OTHER)[0] != 201:  # once the relay has noticed that they are gone
        pass
    assert resident_mib(relay) < 120
