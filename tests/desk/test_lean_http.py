# SPDX-License-Identifier: Apache-2.0
"""Requests over kept connections: what was said before is remembered, and nothing is taken for what it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from goodoffices.desk.routes.lean_http import LeanHttp, Unanswered

OPEN = b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%s"
CLOSING = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"


class Scripted:
    """A server that answers each request with the next of the pieces it was given, whatever was asked."""

    def __init__(self, *answers: Sequence[bytes]) -> None:
        self.answers = list(answers)
        self.connections = 0
        self.heard: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while self.answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.heard.append(head + await reader.readexactly(size))
            for piece in self.answers.pop(0):
                writer.write(piece)
                await writer.drain()
                turn = asyncio.get_running_loop().create_future()  # the other side reads between two pieces
                asyncio.get_running_loop().call_soon(turn.set_result, None)
                await turn
        writer.close()

    def asked(self, *bodies: bytes, most: int = 100) -> list[tuple[int, bytes] | str]:
        """What came of putting these bodies one after another, a failure by its name."""
        return asyncio.run(self._ask(bodies, most))

    async def _ask(self, bodies: Sequence[bytes], most: int) -> list[tuple[int, bytes] | str]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/box"
        http = LeanHttp(None, 5.0)
        outcomes: list[tuple[int, bytes] | str] = []
        for body in bodies:
            try:
                outcomes.append(await http.request("POST", url, {"X-Right": "one"}, body, most))
            except Unanswered:
                outcomes.append("unanswered")
        await http.close()
        server.close()
        return outcomes


def with_length(form: bytes, body: bytes) -> bytes:
    return form % (len(body), body)


def test_each_of_many_alike_gets_its_own_answer_over_one_connection() -> None:
    """P2: a remembered head never brings back another's body, and what is sent is each time the same request."""
    said = [b"first", b"other", b"third", b"longer than they", b"again"]
    server = Scripted(*([with_length(OPEN, each)] for each in said))
    assert server.asked(b"a", b"b", b"c", b"d", b"e") == [(201, each) for each in said]
    assert server.connections == 1
    assert [each[-1:] for each in server.heard] == [b"a", b"b", b"c", b"d", b"e"]
    assert len({each[:-1] for each in server.heard}) == 1


def test_a_length_of_its_own_is_told_anew() -> None:
    """docs/relay-api.md: every request states the length of its own body."""
    server = Scripted(*([with_length(OPEN, b"ok")] for _ in range(4)))
    server.asked(b"a", b"bb", b"", b"cc")
    assert [each.split(b"\r\n\r\n")[1] for each in server.heard] == [b"a", b"bb", b"", b"cc"]


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        ([with_length(OPEN, b"other")[:20], with_length(OPEN, b"other")[20:]], (201, b"other")),
        ([with_length(CHUNKED, b"other")], (200, b"other")),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], (204, b"")),
        ([b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno"], (500, b"no")),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", with_length(OPEN, b"other")], (201, b"other")),
        ([b"nonsense\r\n\r\n"], "unanswered"),
        ([with_length(OPEN, b"x" * 101)], "unanswered"),
    ],
)
def test_another_answer_than_the_last_is_read_for_what_it_is(
    answer: list[bytes], means: tuple[int, bytes] | str
) -> None:
    """P12: in pieces, in chunks, without a body, refused, no HTTP at all, or too long."""
    usual = [with_length(OPEN, b"usual")]
    # What cannot be read is asked once more over a fresh connection, and so is answered twice.
    again = [answer] if means == "unanswered" else []
    server = Scripted(usual, usual, answer, *again, usual, usual)
    assert server.asked(b"a", b"b", b"c", b"d", b"e") == [
        *[(201, b"usual")] * 2,
        means,
        *[(201, b"usual")] * 2,
    ]


def test_a_connection_that_is_announced_to_end_or_said_too_much_is_not_used_again() -> None:
    """P7: what is left on a connection is never the next request's answer."""
    usual = with_length(OPEN, b"usual")
    server = Scripted([usual], [with_length(CLOSING, b"last")], [usual], [usual + usual], [usual])
    assert server.asked(b"a", b"b", b"c", b"d", b"e") == [
        (201, b"usual"),
        (200, b"last"),
        *[(201, b"usual")] * 3,
    ]
    assert server.connections == 3
