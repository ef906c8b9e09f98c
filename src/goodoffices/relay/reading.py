# SPDX-License-Identifier: Apache-2.0
"""Reading a request: one header, a length, a body of that length, in time."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, HTTPConnection, Request

from goodoffices.relay.rules import Refusal, Refused

WHOLE = "whole"
"""In a request's state: whether its whole body is here already."""
BODY_SECONDS = 120.0  # a 4 KiB envelope at 300 bit/s takes 110 s


def header(connection: HTTPConnection, name: bytes) -> bytes | None:
    """The one header of this name; two of them are as none."""
    found: list[bytes] = [value for key, value in connection.scope["headers"] if key == name]
    return found[0] if len(found) == 1 else None


def content_length(request: Request) -> int:
    value = header(request, b"content-length")
    if value is None or not value.isdigit() or len(value) > 18:
        raise Refused(Refusal.NO_LENGTH)
    return int(value)


async def read_body(request: Request, size: int) -> bytes:
    """Exactly ``size`` bytes, in time."""
    whole = request.scope.get("state", {}).get(WHOLE)
    if whole is not None and whole():
        body = await _read(request, size)  # nothing to wait for: no timer
    else:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(request, size)
        except TimeoutError:
            raise Refused(Refusal.TOO_SLOW) from None
    if len(body) != size:
        raise Refused(Refusal.MALFORMED, "The body is not as long as Content-Length says.")
    return body


async def _read(request: Request, size: int) -> bytes:
    message = await request.receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False) and len(body) <= size:
        message = await request.receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return body
