# SPDX-License-Identifier: Apache-2.0
"""How the relay's replies look on the wire: the one table from refusals to statuses, and its forms.

Nothing is decided here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from goodoffices.relay.rules import Refusal, Refused


@dataclass(frozen=True)
class Answer:
    """How one refusal looks on the wire."""

    status: int
    fault: str
    what: str
    next: str
    retry_seconds: int | None = None


# The one table from refusals to statuses.
ANSWERS: Mapping[Refusal, Answer] = {
    Refusal.MALFORMED: Answer(400, "yours", "The request is not of the form.", "See docs/relay-api.md."),
    Refusal.NO_RIGHT: Answer(
        403,
        "yours",
        "This right is not given here.",
        "Check the relay's address, the mailbox and the secret; open the mailbox if it is new.",
    ),
    Refusal.OTHER_RIGHTS: Answer(
        409, "yours", "The mailbox is open with other rights.", "Open one with a new random ID."
    ),
    Refusal.NO_LENGTH: Answer(411, "yours", "The request has no Content-Length.", "Send the length first."),
    Refusal.NOT_A_SIZE_CLASS: Answer(
        413,
        "yours",
        "The envelope is of no size class.",
        "Seal it to 512, 576, 640, 704, 4096, 16384, 65536 or 262144 bytes.",
    ),
    Refusal.TOO_SLOW: Answer(408, "yours", "The body did not arrive in time.", "Send it again."),
    Refusal.MAILBOX_FULL: Answer(
        429, "yours", "The mailbox is full.", "Use another relay of the line until it is collected.", 60
    ),
    Refusal.NO_MORE_MAILBOXES: Answer(
        429, "relay", "The relay takes no more mailboxes.", "Ask its operator, or use another relay.", 3600
    ),
    Refusal.TOO_OFTEN: Answer(
        429, "yours", "This was asked more often than one side may ask.", "Wait, then go on more slowly.", 1
    ),
    Refusal.BUSY: Answer(
        503, "relay", "The relay has more to do than it can hold.", "Send it again, or use another relay.", 1
    ),
    Refusal.STORE_SHORT: Answer(
        507,
        "relay",
        "The relay is short of room, and this mailbox holds its share of it.",
        "Use another relay of the line until it is collected.",
        60,
    ),
    Refusal.DISK_FULL: Answer(
        507,
        "relay",
        "The relay's disk is full or cannot be written; nothing was stored.",
        "Use another relay of the line; its operator makes room.",
        60,
    ),
    Refusal.STORE_FAILED: Answer(
        500, "relay", "The relay's database failed.", "Use another relay; its operator starts it again.", 60
    ),
    Refusal.STORE_AWAY: Answer(
        503,
        "relay",
        "The relay's database cannot be reached; whether this was stored is not known.",
        "Send it again, or use another relay.",
        2,
    ),
    Refusal.UNCONFIRMED: Answer(
        503,
        "relay",
        "The relay's database does not confirm; whether this was stored is not known.",
        "Send it again, or use another relay.",
        10,
    ),
    Refusal.STOPPING: Answer(503, "relay", "The relay is stopping.", "Use another relay, or try later.", 5),
}


class Json(Response):
    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode()


class PutAnswer(Response):
    """A Response without Starlette's work on headers, which are the same every time."""

    def __init__(self, body: bytes, status: int) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]


def _whole(status: bytes, new: bytes) -> bytes:
    body = b'{"id":"%s","new":' + new + b"}"
    head = b"HTTP/1.1 " + status + b"\r\ncontent-type: application/json\r\ncontent-length: "
    return head + b"%d\r\n\r\n" % (len(body) - 2 + 64) + body


_NEW, _KNOWN = _whole(b"201 Created", b"true"), _whole(b"200 OK", b"false")


def put_answer(envelope_id: bytes, new: bool) -> bytes:
    """A put's whole answer, its head included, byte for byte as ``PutAnswer`` and the server make it."""
    return (_NEW if new else _KNOWN) % envelope_id.hex().encode()


def refusal_bytes(refused: Refused) -> tuple[int, bytes]:
    """(status, whole answer) of a refusal after which the connection ends."""
    answer = refusal(refused, close=True)
    head = [b"HTTP/1.1 %d %s" % (answer.status_code, HTTPStatus(answer.status_code).phrase.encode())]
    head += [name + b": " + value for name, value in answer.raw_headers]
    return answer.status_code, b"\r\n".join([*head, b"", bytes(answer.body)])


def refusal(refused: Refused, *, close: bool = False) -> Response:
    answer = ANSWERS[refused.refusal]
    if refused.retry_seconds is not None:
        answer = replace(answer, retry_seconds=refused.retry_seconds)
    return answer_with(answer, refused.detail or answer.what, close=close)


def answer_with(answer: Answer, what: str, *, close: bool) -> Response:
    headers: dict[str, str] = {}
    if answer.retry_seconds is not None:
        headers["Retry-After"] = str(answer.retry_seconds)
    if close:
        headers["Connection"] = "close"
    return Json(
        {"fault": answer.fault, "what": what, "next": answer.next}, status_code=answer.status, headers=headers
    )


async def no_such_page(request: Request, error: Exception) -> Response:
    """The answer where no door is (404, 405): the same form as every other refusal."""
    assert isinstance(error, HTTPException)
    answer = Answer(error.status_code, "yours", "There is no such door.", "See docs/relay-api.md.")
    response = answer_with(answer, answer.what, close=True)
    response.headers.update(error.headers or {})
    return response
