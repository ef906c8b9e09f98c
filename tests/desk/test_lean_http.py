# SPDX-License-Identifier: Apache-2.0
"""Requests over kept connections: what was said before is remembered, and nothing is taken for what it is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

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
        self.ends_unanswered = False
        """Whether the next request is the last on its connection, and gets no answer."""
        self.told_of_end: Callable[[], None] = lambda: None
        self.serving: list[asyncio.Task[None] | None] = []
        self.silent = False
        """Whether what comes on a connection that is open already gets lost on the way."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.serving.append(asyncio.current_task())
        while self.answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            if self.silent:
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                break
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.heard.append(head + await reader.readexactly(size))
            if self.ends_unanswered:
                self.ends_unanswered = False
                self.answers.pop(0)
                break
            for piece in self.answers.pop(0):
                writer.write(piece)
                await writer.drain()
                turn = asyncio.get_running_loop().create_future()  # the other side reads between two pieces
                asyncio.get_running_loop().call_soon(turn.set_result, None)
                await turn
        writer.close()
        self.told_of_end()

    def asked(self, *bodies: bytes, most: int = 100) -> list[tuple[int, bytes] | str]:
        """What came of putting these bodies one after another, a failure by its name."""
        return asyncio.run(self._ask(bodies, most))

    async def stand(self) -> tuple[asyncio.Server, str]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/box"

    async def _ask(self, bodies: Sequence[bytes], most: int) -> list[tuple[int, bytes] | str]:
        server, url = await self.stand()
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


def test_what_is_begun_at_once_is_sent_once_and_answered() -> None:
    """P5: a put is on its way before its task has had a turn, over the connection that stood ready."""
    server = Scripted(*([with_length(OPEN, each)] for each in (b"first", b"begun")))
    assert asyncio.run(begun_after_a_first(server)) == (201, b"begun")
    assert [each[-1:] for each in server.heard] == [b"a", b"b"]
    assert server.connections == 1


def test_what_is_begun_on_a_connection_that_ended_meanwhile_goes_over_a_fresh_one() -> None:
    """P2: the other side may have closed it in the same moment; a put twice is a put once."""
    server = Scripted([with_length(OPEN, b"first")], [], [with_length(OPEN, b"again")])
    assert asyncio.run(begun_after_a_first(server, ends_unanswered=True)) == (201, b"again")
    assert [each[-1:] for each in server.heard] == [b"a", b"b", b"b"]
    assert server.connections == 2


async def begun_after_a_first(server: Scripted, *, ends_unanswered: bool = False) -> tuple[int, bytes]:
    """A first request, so that a connection stands ready; then one that is begun, and awaited."""
    listening, url = await server.stand()
    http, right = LeanHttp(None, 5.0), {"X-Right": "one"}
    assert http.begin("POST", url, right, b"a") is None, "nothing stands ready yet"
    await http.request("POST", url, right, b"a")
    server.ends_unanswered = ends_unanswered
    begun = http.begin("POST", url, right, b"b")
    answer = await http.request("POST", url, right, b"b", begun=begun)
    await http.close()
    listening.close()
    return answer


def test_a_connection_whose_answer_nobody_came_for_is_closed_with_the_rest() -> None:
    """P12: a desk that stops between sending and hearing leaves nothing open."""
    assert asyncio.run(hears_the_end(Scripted([with_length(OPEN, b"first")], [], [b"never"])))


async def hears_the_end(server: Scripted) -> bool:
    """Whether the peer hears that the connection ends."""
    ended = asyncio.Event()
    server.told_of_end = ended.set
    listening, url = await server.stand()
    http = LeanHttp(None, 5.0)
    await http.request("POST", url, {}, b"a")
    assert http.begin("POST", url, {}, b"b") is not None
    await http.close()
    await asyncio.wait_for(ended.wait(), 10)
    listening.close()
    return True


def test_an_address_that_no_request_can_name_is_an_error_of_that_address() -> None:
    """P12: what a line's page was told is refused as an address, before anybody is connected to."""

    async def asks() -> None:
        http = LeanHttp(None, 5.0)
        with pytest.raises(ValueError, match="no request"):
            await http.request("POST", "http://127.0.0.1:9/v1/two words", {}, b"body")
        await http.close()

    asyncio.run(asks())


def test_sizes_in_turn_at_one_mailbox_each_state_their_own_length() -> None:
    """P2: the head that is remembered for one size of an envelope never goes before another size."""
    bodies = [b"small", b"a larger one", b"small", b"other", b"a larger two"]
    server = Scripted(*([with_length(OPEN, each)] for each in bodies))
    assert server.asked(*bodies) == [(201, each) for each in bodies]
    assert [each.split(b"\r\n\r\n", 1)[1] for each in server.heard] == bodies
    assert server.connections == 1


def test_an_answer_of_a_byte_apiece_is_not_read_to_its_end() -> None:
    """P7, P12: ten thousand pieces in one read held a desk for seconds, all its other lines with it."""
    pieces = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nX\r\n" * 1_000
    assert Scripted([pieces + b"0\r\n\r\n"]).asked(b"one", most=10_000) == ["unanswered"]
    before = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000
    assert Scripted([before + with_length(OPEN, b"so")]).asked(b"one", most=10_000) == ["unanswered"]


def test_an_answer_that_comes_in_small_pieces_one_after_the_other_is_read() -> None:
    """P7: over a modem each is some hundred bytes."""
    body = bytes(range(100)) * 40
    answer = with_length(OPEN, body)
    splinters = [answer[at : at + 40] for at in range(0, len(answer), 40)]
    assert Scripted(splinters).asked(b"one", most=10_000) == [(201, body)]
    chunks = [b"a\r\n%b\r\n" % body[at : at + 10] for at in range(0, len(body), 10)]
    first = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert Scripted([first, *chunks, b"0\r\n\r\n"]).asked(b"one", most=10_000) == [(200, body)]


def test_connections_that_were_forgotten_on_the_way_are_waited_for_once() -> None:
    """P5: each that stood idle was tried in its turn, twenty seconds apiece, while a fresh one would have answered"""

    async def story() -> tuple[list[str | int], int]:
        server = Scripted(*([with_length(OPEN, b"ok")] for _ in range(20)))
        listening, url = await server.stand()
        http = LeanHttp(None, 60.0)
        await asyncio.gather(*(http.request("POST", url, {}, b"a") for _ in range(5)))
        stood = server.connections
        server.silent = True
        http.timeout = 0.2
        came: list[str | int] = []
        try:
            await http.request("POST", url, {}, b"a")
        except TimeoutError:
            came.append("no answer in time")
        server.silent, http.timeout = False, 60.0
        came.append((await http.request("POST", url, {}, b"b"))[0])
        await http.close()
        listening.close()
        await asyncio.gather(*filter(None, server.serving))
        return came, server.connections - stood

    assert asyncio.run(story()) == (["no answer in time", 201], 1)


def test_a_connection_that_rested_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """P5: a line that was idle for weeks sends its note at three in the morning over a way that is there"""
    usual = with_length(OPEN, b"usual")
    server = Scripted(*([usual] for _ in range(3)))
    monkeypatch.setattr("goodoffices.desk.routes.lean_http.MAX_REST", -1.0)
    assert server.asked(b"a", b"b", b"c") == [(201, b"usual")] * 3
    assert server.connections == 3
