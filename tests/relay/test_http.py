# SPDX-License-Identifier: Apache-2.0
"""The wire API: rights, sizes, repeats, refusals, push. The store has its own contract suite."""

from __future__ import annotations

import hashlib
import os

import pytest
from starlette.testclient import WebSocketDenialResponse, WebSocketTestSession

from goodoffices.relay.answers import ANSWERS
from goodoffices.relay.rules import DAY_MS, SIZE_CLASSES, Limits, Refusal
from tests.relay.conftest import Box, Here, Inside, unpack

UNKNOWN = Box(id="f" * 32)


def put(here: Here, envelope: bytes) -> int:
    url = here.box.url + "/envelopes"
    return here.client.post(url, content=envelope, headers=here.box.may("put")).status_code


def listen(here: Here, after: int = 0) -> WebSocketTestSession:
    session = here.client.websocket_connect(
        f"{here.box.url}/push?after={after}", headers=here.box.may("collect")
    )
    assert isinstance(session, WebSocketTestSession)
    return session


@pytest.mark.parametrize("size", SIZE_CLASSES)
def test_an_envelope_of_every_size_class_goes_through_byte_for_byte(here: Here, size: int) -> None:
    envelope = os.urandom(size)
    url = here.box.url + "/envelopes"
    answer = here.client.post(url, content=envelope, headers=here.box.may("put"))
    assert answer.status_code == 201
    assert answer.json() == {"id": hashlib.sha256(envelope).hexdigest(), "new": True}
    assert unpack(here.client.get(url, headers=here.box.may("collect")).content) == [(1, envelope)]


@pytest.mark.parametrize("size", [0, 1, 511, 513, 1024, 262143, 262145, 10_000_000])
def test_an_envelope_of_no_size_class_is_refused(here: Here, size: int) -> None:
    assert put(here, bytes(size)) == 413


def test_an_envelope_put_again_is_answered_as_stored(here: Here) -> None:
    """P12: repeated is answered as before, stored once."""
    assert [put(here, bytes(512)), put(here, bytes(512))] == [201, 200]


def test_a_deleted_envelope_is_gone_and_its_repeat_is_not_delivered(here: Here) -> None:
    """P2: nothing is shown twice."""
    put(here, bytes(512))
    url = f"{here.box.url}/envelopes/{hashlib.sha256(bytes(512)).hexdigest()}"
    assert [here.client.delete(url, headers=here.box.may("delete")).status_code for _ in range(2)] == [
        204,
        204,
    ]
    assert put(here, bytes(512)) == 200
    found = here.client.get(here.box.url + "/envelopes", headers=here.box.may("collect"))
    assert found.content == b""


def test_what_waits_is_told_to_sender_and_collector(here: Here) -> None:
    put(here, bytes(4096))
    for right in ("put", "collect"):
        answer = here.client.get(here.box.url, headers=here.box.may(right))
        assert answer.json() == {"waiting": 1, "bytes": 4096, "oldest_ms": here.now[0], "last": 1}


ALLOWED = {
    ("POST", "/envelopes"): {"put"},
    ("GET", "/envelopes"): {"collect"},
    ("DELETE", "/envelopes/" + "0" * 64): {"delete"},
    ("GET", ""): {"put", "collect"},
}


@pytest.mark.parametrize("right", ["put", "collect", "delete", "none", "wrong"])
@pytest.mark.parametrize(("method", "path"), ALLOWED)
def test_each_right_opens_its_own_door_only_and_every_refusal_is_the_same(
    here: Here, method: str, path: str, right: str
) -> None:
    """P4: neither the mailbox's existence nor which right was wrong can be told from the answer."""
    body = bytes(512) if method == "POST" else None
    secret = {"none": {}, "wrong": {"Authorization": "Bearer " + "0" * 64}}
    headers = secret[right] if right in secret else here.box.may(right)
    answer = here.client.request(method, here.box.url + path, content=body, headers=headers)
    unknown = here.client.request(method, UNKNOWN.url + path, content=body, headers=headers)
    assert unknown.status_code == 403
    if right in ALLOWED[method, path]:
        assert answer.status_code < 300
    else:
        assert (answer.status_code, answer.content, answer.headers) == (
            unknown.status_code,
            unknown.content,
            unknown.headers,
        )


@pytest.mark.parametrize("right", ["put", "delete"])
def test_the_push_needs_the_right_to_collect(here: Here, right: str) -> None:
    answers = []
    for box in (here.box, UNKNOWN):
        with pytest.raises(WebSocketDenialResponse) as refused:
            here.client.websocket_connect(f"{box.url}/push", headers=here.box.may(right)).__enter__()
        answers.append((refused.value.status_code, refused.value.content))
    assert answers[0] == answers[1]
    assert answers[0][0] == 403


def test_a_mailbox_opened_again_is_the_same_and_never_anothers(here: Here) -> None:
    assert here.client.put(here.box.url, json=here.box.rights).status_code == 200
    other = Box(put=b"x" * 32)
    assert here.client.put(here.box.url, json=other.rights).status_code == 409


RIGHTS = Box().rights


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 1000,
        b"{}",
        b'{"put":1,"collect":2,"delete":3}',
        str({**RIGHTS, "extra": 1}).replace("'", '"').encode(),
        str({**RIGHTS, "put": RIGHTS["put"].upper() + "00"}).replace("'", '"').encode(),
        str({**RIGHTS, "put": RIGHTS["collect"]}).replace("'", '"').encode(),
        b'{"put":"' + b"0" * 2000 + b'"}',
    ],
)
def test_rights_of_another_form_are_refused(inside: Inside, body: bytes) -> None:
    here = inside(opened=False)
    answer = here.client.put(here.box.url, content=body)
    assert answer.status_code == 400
    assert answer.json().keys() == {"fault", "what", "next"}


def test_a_relay_with_admission_opens_mailboxes_only_for_who_shows_it(inside: Inside) -> None:
    here = inside(admission=b"a long enough secret", opened=False)
    assert here.client.put(here.box.url, json=here.box.rights).status_code == 403
    wrong = {"X-Admission": "another secret"}
    assert here.client.put(here.box.url, json=here.box.rights, headers=wrong).status_code == 403
    right = {"X-Admission": "a long enough secret"}
    assert here.client.put(here.box.url, json=here.box.rights, headers=right).status_code == 201


def test_a_full_mailbox_says_when_to_come_again(inside: Inside) -> None:
    here = inside(Limits(mailbox_bytes=5000))
    assert put(here, bytes(4096)) == 201
    url = here.box.url + "/envelopes"
    answer = here.client.post(url, content=b"x" * 4096, headers=here.box.may("put"))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=1e3", "after=9223372036854775808", "limit=0"]
)
def test_a_query_of_another_form_is_refused(here: Here, query: str) -> None:
    answer = here.client.get(f"{here.box.url}/envelopes?{query}", headers=here.box.may("collect"))
    assert answer.status_code == 400


def test_a_put_without_length_is_refused(here: Here) -> None:
    url = here.box.url + "/envelopes"
    answer = here.client.post(url, content=iter([bytes(512)]), headers=here.box.may("put"))
    assert answer.status_code == 411


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [("GET", "/", 404), ("GET", "/v1/mailboxes/", 404), ("PATCH", Box().url, 405), ("POST", "/health", 405)],
)
def test_where_no_door_is_the_answer_has_the_same_form(
    here: Here, method: str, url: str, status: int
) -> None:
    answer = here.client.request(method, url)
    assert answer.status_code == status
    assert answer.json().keys() == {"fault", "what", "next"}


def test_every_refusal_has_an_answer_with_a_next_step() -> None:
    assert set(ANSWERS) == set(Refusal)
    for answer in ANSWERS.values():
        assert answer.fault in {"yours", "relay"}
        assert answer.what
        assert answer.next


def test_the_push_brings_what_waits_then_what_comes(here: Here) -> None:
    first, second = os.urandom(512), os.urandom(4096)
    put(here, first)
    with listen(here) as session:
        assert session.receive_bytes() == (1).to_bytes(8, "big") + first
        put(here, second)
        assert session.receive_bytes() == (2).to_bytes(8, "big") + second


def test_the_push_goes_on_after_a_reconnect_where_it_stopped(here: Here) -> None:
    """P2: nothing lost, nothing doubled by a broken connection."""
    sent = [bytes([number]) * 512 for number in range(6)]
    put(here, sent[0])
    with listen(here) as session:
        session.receive_bytes()
        put(here, sent[1])
        session.receive_bytes()
    for envelope in sent[2:5]:
        put(here, envelope)
    with listen(here, after=2) as session:
        put(here, sent[5])
        got = [session.receive_bytes() for _ in range(4)]
    assert got == [seq.to_bytes(8, "big") + sent[seq - 1] for seq in range(3, 7)]


def test_a_repeated_put_is_not_pushed_again(here: Here) -> None:
    with listen(here) as session:
        for envelope in (bytes(512), bytes(512), b"x" * 512):
            put(here, envelope)
        assert [session.receive_bytes()[:8] for _ in range(2)] == [n.to_bytes(8, "big") for n in (1, 2)]


def test_a_listener_that_was_too_slow_for_its_queue_still_gets_everything_in_order(here: Here) -> None:
    with listen(here) as session:
        for number in range(300):
            put(here, number.to_bytes(2, "big") * 256)
        got = [int.from_bytes(session.receive_bytes()[:8], "big") for _ in range(300)]
    assert got == list(range(1, 301))


def test_retention_runs_on_the_relays_clock(here: Here) -> None:
    put(here, bytes(512))
    here.now[0] += 31 * DAY_MS
    answer = here.client.get(here.box.url, headers=here.box.may("collect"))
    assert answer.json()["oldest_ms"] == here.now[0] - 31 * DAY_MS
