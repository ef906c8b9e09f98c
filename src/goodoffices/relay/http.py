# SPDX-License-Identifier: Apache-2.0
"""The relay's wire API (docs/relay-api.md) over a RelayStore: HTTP and WebSocket in, store calls out.

Only the door: what is allowed is decided in ``rules``, what is kept in ``store``. Nothing about a
request is logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from goodoffices import __version__
from goodoffices.relay.answers import Json, PutAnswer, no_such_page, refusal
from goodoffices.relay.doorkeeper import Bodies, Doorkeeper, Rates, Use
from goodoffices.relay.metrics import Metrics
from goodoffices.relay.push import Hub, Listener, Tell, not_now
from goodoffices.relay.reading import content_length, header, read_body
from goodoffices.relay.rules import (
    KIB,
    Limits,
    Opened,
    Refusal,
    Refused,
    Right,
    admitted,
    check_size,
    holds,
    pack_collected,
    pack_pushed,
    read_bearer,
    read_box,
    read_id,
    read_number,
    read_rights,
)
from goodoffices.relay.store import RelayStore
from goodoffices.relay.uses import Uses

PROVEN = "proven"
"""In a request's state: what the server wants called once something was allowed on its connection."""
GONE = "gone"
"""In a request's state: whether its connection is ended, so that an answer has nowhere to go."""
FRAME = "frame"
"""In a push connection's state: what sends a message at once, if the peer takes it."""
MOST_SEQ = 2**63 - 1
OPEN_BODY = KIB
CATCH_UP_BYTES = 64 * KIB  # read at a time for a listener that lags: what it may hold while it is slow


class Endpoint(Protocol):
    """One door: a method of RelayDoor."""

    @property
    def __name__(self) -> str: ...

    def __call__(self, request: Request, /) -> Awaitable[Response]: ...


class _Door:
    """An ASGI endpoint around one handler per method: refusals become answers, here and nowhere else.

    Plain ASGI instead of Starlette's function endpoints: those cost as much as the rest of a put.
    """

    def __init__(self, metrics: Metrics, **methods: Endpoint) -> None:
        self._metrics = metrics
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._methods.get(scope["method"])
        if handler is None:
            raise HTTPException(405, headers={"Allow": ", ".join(self._methods)})
        request = Request(scope, receive)
        try:
            response = await handler(request)
        except Refused as refused:
            self._metrics.refused(refused.refusal)
            # A body that was refused unread must not be taken for the next request.
            response = refusal(refused, close=scope["method"] in {"POST", "PUT"})
        except ClientDisconnect:
            return  # nobody is there to be answered
        self._metrics.answered(handler.__name__, response.status_code)
        await response(scope, receive, send)


class RelayDoor:
    """The endpoints. ``clock`` gives milliseconds UTC."""

    def __init__(
        self,
        store: RelayStore,
        hub: Hub,
        limits: Limits,
        clock: Callable[[], int],
        admission: bytes | None,
        *,
        keeper: Doorkeeper | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._hub = hub
        self._limits = limits
        self._clock = clock
        self._admission = admission
        self._keeper = keeper or Doorkeeper(Rates())
        self.metrics = metrics or Metrics()
        self.bodies = Bodies()
        self.uses = Uses()

    async def health(self, request: Request) -> Response:
        """GET /health."""
        sound = self._store.sound
        return Json({"ok": sound, "version": __version__}, status_code=200 if sound else 503)

    async def open_mailbox(self, request: Request) -> Response:
        """PUT /v1/mailboxes/{box}."""
        box = read_box(request.path_params["box"])
        now = self._clock()
        self._keeper.check_stranger(box, request.scope, now)
        if not admitted(self._admission, header(request, b"x-admission")):
            self._keeper.refused(request.scope, now)
            raise Refused(Refusal.NO_RIGHT)
        size = content_length(request)
        if size > OPEN_BODY:
            raise Refused(Refusal.MALFORMED, f"The body is at most {OPEN_BODY} bytes.")
        rights = read_rights(await read_body(request, size))
        if await self._store.rights(box) is None:
            self._keeper.open(request.scope, now)
        else:
            self._keeper.use(Use.READ, box, now)
        opened = await self._store.open_mailbox(box, rights, now)
        self.uses.note(box, now)
        return Json({"new": opened is Opened.NEW}, status_code=201 if opened is Opened.NEW else 200)

    async def put(self, request: Request) -> Response:
        """POST /v1/mailboxes/{box}/envelopes."""
        begun = time.perf_counter()
        box = await self._allowed(request, Use.PUT, Right.PUT)
        size = content_length(request)
        check_size(size)
        self.bodies.take(box, size)
        try:
            envelope = await read_body(request, size)
            envelope_id = hashlib.sha256(envelope).digest()
            new = await self._store.put(box, envelope_id, envelope, self._clock())
        finally:
            self.bodies.give_back(box, size)
        self.metrics.put(time.perf_counter() - begun, new)
        body = b'{"id":"%s","new":%s}' % (envelope_id.hex().encode(), b"true" if new else b"false")
        return PutAnswer(body, 201 if new else 200)

    async def collect(self, request: Request) -> Response:
        """GET /v1/mailboxes/{box}/envelopes."""
        box = await self._allowed(request, Use.READ, Right.COLLECT)
        query = request.query_params
        after = read_number(query.get("after"), "after", 0, MOST_SEQ)
        most = self._limits.answer_envelopes
        limit = read_number(query.get("limit"), "limit", most, MOST_SEQ)
        if limit == 0:
            raise Refused(Refusal.MALFORMED, "limit is at least 1.")
        found = await self._store.collect(box, after, min(limit, most), self._limits.answer_bytes)
        return Response(pack_collected(found), media_type="application/octet-stream")

    async def delete(self, request: Request) -> Response:
        """DELETE /v1/mailboxes/{box}/envelopes/{id}."""
        box = await self._allowed(request, Use.DELETE, Right.DELETE)
        await self._store.delete(box, read_id(request.path_params["id"]), self._clock())
        return Response(status_code=204)

    async def waiting(self, request: Request) -> Response:
        """GET /v1/mailboxes/{box}, for who may put or collect."""
        box = await self._allowed(request, Use.READ, Right.PUT, Right.COLLECT)
        found = await self._store.waiting(box)
        return Json(
            {
                "waiting": found.waiting,
                "bytes": found.bytes,
                "oldest_ms": found.oldest_ms,
                "last": found.last,
            }
        )

    async def push(self, scope: Scope, receive: Receive, send: Send) -> None:
        """WebSocket /v1/mailboxes/{box}/push."""
        socket = WebSocket(scope, receive, send)
        try:
            box = await self._allowed(socket, Use.JOIN, Right.COLLECT)
            after = read_number(socket.query_params.get("after"), "after", 0, MOST_SEQ)
            listener = self._hub.join(box)
            if listener is None:
                raise Refused(Refusal.BUSY)
        except Refused as refused:
            self.metrics.refused(refused.refusal)
            answer = refusal(refused)
            self.metrics.answered("push", answer.status_code)
            await socket.send_denial_response(answer)
            return
        self.metrics.answered("push", 101)
        try:
            await socket.accept()
            listener.after = after
            listener.tell = self._teller(scope.get("state", {}).get(FRAME))
            await self._feed(socket, listener, send)
        except WebSocketDisconnect:
            pass  # the client will come again and say what it has
        finally:
            self._hub.leave(listener)

    def _teller(self, frame: Callable[[bytes, bytes], bool] | None) -> Tell:
        """What pushes an envelope to a listener that has everything before it, without waking its task."""
        if frame is None:
            return not_now

        def tell(seq: int, envelope: bytes) -> bool:
            if not frame(seq.to_bytes(8, "big"), envelope):
                return False
            self.metrics.pushed += 1
            return True

        return tell

    async def _feed(self, socket: WebSocket, listener: Listener, send: Send) -> None:
        # A handler that only sends does not learn that its client is gone: watch the other direction.
        sender = asyncio.create_task(self._send_all(socket, listener, send))
        watcher = asyncio.create_task(_until_gone(socket))
        try:
            await asyncio.wait((sender, watcher), return_when=asyncio.FIRST_COMPLETED)
        finally:
            watcher.cancel()
            sender.cancel()
            await asyncio.wait((sender, watcher))
        for task in (sender, watcher):
            error = None if task.cancelled() else task.exception()
            if isinstance(error, Refused):
                self.metrics.refused(error.refusal)
                await socket.close(1013, "The store cannot be read now. Connect again; say what you have.")
            elif error is not None and not isinstance(error, (WebSocketDisconnect, OSError)):
                raise error

    async def _send_all(self, socket: WebSocket, listener: Listener, send: Send) -> None:
        # No time limit on a send: a ping waits behind what is not taken, and its time limit ends the
        # connection. ``send`` is the server's own, without Starlette's checks at every message.
        while not listener.dismissed:
            if listener.lagging:
                # Before the read, so that nothing falls between the read and the queue.
                listener.caught_up()
                found = await self._store.collect(
                    listener.box, listener.after, self._limits.answer_envelopes, CATCH_UP_BYTES
                )
                for seq, envelope in found:
                    listener.after = seq
                    await send({"type": "websocket.send", "bytes": pack_pushed(seq, envelope)})
                self.metrics.pushed += len(found)
                if found:
                    listener.lagging = True  # until a read finds nothing more
                continue
            item = listener.take()
            if item is None:
                await listener.wait()
            elif item[0] == listener.after + 1:
                listener.after = item[0]
                await send({"type": "websocket.send", "bytes": pack_pushed(*item)})
                self.metrics.pushed += 1
            elif item[0] > listener.after:
                # What lies between may have been put at another process of this relay: read it first.
                listener.look_again()
        await socket.close(1012, "Connect again; say what you have.")

    async def _allowed(self, connection: HTTPConnection, use: Use, *rights: Right) -> bytes:
        """The mailbox, if one of ``rights`` is held on it; the same refusal for every other case."""
        scope = connection.scope
        box = read_box(scope["path_params"]["box"])
        now = self._clock()
        self._keeper.check_stranger(box, scope, now)
        secret = read_bearer(header(connection, b"authorization"))
        known = await self._store.rights(box)
        # Every right is tried, whichever fits: the time taken tells nothing.
        if not sum(holds(known, right, secret) for right in rights):
            self._keeper.refused(scope, now)
            raise Refused(Refusal.NO_RIGHT)
        self._keeper.welcome(box, now)
        if (proven := scope.get("state", {}).get(PROVEN)) is not None:
            proven()
        self._keeper.use(use, box, now)
        self.uses.note(box, now)
        return box


class _Push:
    """The push as a plain ASGI endpoint."""

    def __init__(self, door: RelayDoor) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door.push(scope, receive, send)


async def _until_gone(socket: WebSocket) -> None:
    """Read and drop what the client says; ends when it is gone."""
    message: Message = {"type": ""}
    while message["type"] != "websocket.disconnect":
        message = await socket.receive()


Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]

_PUT_PATH = re.compile(r"/v1/mailboxes/([^/]*)/envelopes")


def build_app(door: RelayDoor, lifespan: Lifespan | None = None) -> ASGIApp:
    """The ASGI application: Starlette's routes, with the put's before them.

    The put's path is the hot one, and matching it here saves a third of what it costs to serve.
    """
    rest = _routes(door, lifespan)
    put = _Door(door.metrics, POST=door.put)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        match = None
        if scope["type"] == "http" and scope["method"] == "POST":
            match = _PUT_PATH.fullmatch(scope["path"])
        try:
            if match:
                scope["path_params"] = {"box": match[1]}
                await put(scope, receive, send)
            else:
                await rest(scope, receive, send)
        except RuntimeError:
            # The server's transport refuses an answer once something behind it on the connection ended it.
            gone = scope.get("state", {}).get(GONE)
            if gone is None or not gone():
                raise

    return app


def _routes(door: RelayDoor, lifespan: Lifespan | None) -> Starlette:
    door_of = partial(_Door, door.metrics)
    app = Starlette(
        routes=[
            Route("/v1/mailboxes/{box}/envelopes", door_of(POST=door.put, GET=door.collect)),
            Route("/v1/mailboxes/{box}/envelopes/{id}", door_of(DELETE=door.delete)),
            WebSocketRoute("/v1/mailboxes/{box}/push", _Push(door)),
            Route("/v1/mailboxes/{box}", door_of(PUT=door.open_mailbox, GET=door.waiting)),
            Route("/health", door_of(GET=door.health)),
        ],
        exception_handlers={404: no_such_page, 405: no_such_page},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app
