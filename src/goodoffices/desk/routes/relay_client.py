# SPDX-License-Identifier: Apache-2.0
"""The desk's one network module: mailboxes at relays, over HTTP and a WebSocket (docs/relay-api.md).

Knows nothing of entries or notes. Every failure becomes a RelayError; whether and when to try again is
``sending``'s to say.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from goodoffices.core.addresses import loopback
from goodoffices.core.crypto import sha256
from goodoffices.core.errors import MachineError, NotAllowed, RelayError
from goodoffices.core.fields import MAX_TIME
from goodoffices.core.pairing import relay_parts
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.routes.lean_http import MAX_ANSWER, Begun, LeanHttp, Unanswered
from goodoffices.desk.routes.socks import Proxy
from goodoffices.desk.routes.socks import connect as through
from goodoffices.wire import few_frames

MAX_MESSAGE = 262_144 + 64
MAX_PAGE = 1_300_000
"""Bytes of an answer that lists envelopes: a mebibyte of them, or a single one, and their frame."""
PROXY_TIMEOUT = 60.0
"""Seconds, through a proxy that first has to find its way."""
TIMEOUT = 20.0
"""Seconds until a silent relay counts as down for this try."""
PING = 20.0


@dataclass(frozen=True)
class Look:
    """What a relay says of one mailbox. ``oldest``: ms UTC by its clock; ``last``: None from an older relay."""

    waiting: int
    size: int
    oldest: int | None
    last: int | None


def check_relay_url(url: str) -> None:
    """Refuse what must not be used: plain HTTP to anything but loopback, credentials, odd schemes."""
    parts = relay_parts(url)
    if parts is None:
        raise NotAllowed(f"{url} is not the address of a relay.", "Write it as https://host:port")
    scheme, host = parts
    if scheme == "http" and not loopback(host):
        raise NotAllowed(
            f"{url} is plain HTTP to another machine.",
            "Use the relay's https address; plain HTTP is for loopback.",
        )


def read_reach(text: str) -> tuple[str, str]:
    """RELAY=ADDRESS: a relay as lines know it, and where this desk reaches it. Raises NotAllowed."""
    relay, _, address = text.partition("=")
    check_relay_url(relay.rstrip("/"))
    check_relay_url(address.rstrip("/"))
    return relay.rstrip("/"), address.rstrip("/")


def tls_trusting(authority: Path | None) -> ssl.SSLContext | None:
    """TLS that trusts an office's own certificate authority, or None for the system's."""
    if authority is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(authority))
    except (OSError, ssl.SSLError) as error:
        raise MachineError(
            f"{authority} cannot be used as a certificate authority: {error}.", "Check --relay-ca."
        ) from None


class _Push(ClientConnection):
    """A push of which no relay can make this desk look at frames without end."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        few_frames(self.protocol, self.loop.time)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.protocol.parser_exc is not None:
            self.transport.abort()  # or it would be waited for until the relay ends it


@dataclass
class RelayState:
    """What this desk knows of one relay. ``since``: ms UTC of the last change between up and down."""

    url: str
    up: bool
    since: int
    waiting: int
    what: str


class RelayClient:
    """Talks to any relay. One pool of connections; a WebSocket per mailbox that is listened to."""

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
        guarded: Callable[[str], bool] = lambda _: False,
        reach: Mapping[str, str] | None = None,
    ) -> None:
        """``guarded``: hosts that may not lie inside this office's own network."""
        self._tls = context
        self._reach = dict(reach or {})
        """By the address of a relay as lines know it: the one at which this desk reaches it."""
        self._proxy = proxy
        # Every mailbox has connections of its own: a relay that answers nobody must not use up the others'
        # (P7), and none shall be told by its connections which mailboxes belong together.
        self._http = LeanHttp(context, TIMEOUT if proxy is None else PROXY_TIMEOUT, proxy, guarded)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()

    async def health(self, relay: str) -> None:
        """Raises RelayError unless the relay answers."""
        await self._ask("GET", f"{relay}/health")

    async def make_mailbox(self, route: RouteRow, admission: str | None = None) -> None:
        """Have the relay keep an own mailbox; again is the same as once."""
        assert route.collect is not None
        assert route.remove is not None
        headers = {"X-Admission": admission} if admission else {}
        body = {
            "put": sha256(route.put).hex(),
            "collect": sha256(route.collect).hex(),
            "delete": sha256(route.remove).hex(),
        }
        headers["Content-Type"] = "application/json"
        await self._ask("PUT", self._box(route), headers, json.dumps(body).encode(), apart=route.mailbox)

    def begin_put(self, route: RouteRow, envelope: bytes) -> Begun | None:
        """Send an envelope at once where a connection stands ready; ``put`` waits for the answer."""
        try:
            return self._http.begin("POST", *self._put(route), envelope, apart=route.mailbox)
        except ValueError:
            return None  # an address that is none: ``put`` says so

    async def put(self, route: RouteRow, envelope: bytes, begun: Begun | None = None) -> None:
        """Returns once the relay has the envelope synced to disk."""
        await self._ask("POST", *self._put(route), envelope, apart=route.mailbox, begun=begun)

    def _put(self, route: RouteRow) -> tuple[str, dict[str, str]]:
        return f"{self._box(route)}/envelopes", _right(route.put)

    async def delete(self, route: RouteRow, envelope_id: bytes) -> None:
        """The relay may forget an envelope that this desk has stored."""
        assert route.remove is not None
        await self._ask(
            "DELETE",
            f"{self._box(route)}/envelopes/{envelope_id.hex()}",
            _right(route.remove),
            apart=route.mailbox,
        )

    async def look(self, route: RouteRow) -> Look:
        """What lies in a mailbox, by the relay's word."""
        right = route.collect if route.collect is not None else route.put
        answer = await self._ask("GET", self._box(route), _right(right), apart=route.mailbox)
        try:
            told = json.loads(answer)
            numbers: list[Any] = [told["waiting"], told["bytes"], told["oldest_ms"], told.get("last")]
        except (ValueError, KeyError, TypeError, AttributeError):
            numbers = [-1]
        if not all(isinstance(each or 0, int) and 0 <= (each or 0) <= MAX_TIME for each in numbers):
            raise RelayError(f"{_host(route.relay)} does not say what lies in a mailbox.")
        return Look(numbers[0] or 0, numbers[1] or 0, numbers[2], numbers[3])

    async def collect(self, route: RouteRow, after: int, limit: int) -> list[tuple[int, bytes]]:
        """(seq, envelope) of what lies in an own mailbox after a seq, oldest first, about 1 MiB at most."""
        assert route.collect is not None
        url = f"{self._box(route)}/envelopes?after={after}&limit={limit}"
        answer = await self._ask("GET", url, _right(route.collect), most=MAX_PAGE, apart=route.mailbox)
        found, at = [], 0
        while at < len(answer):
            seq, size = int.from_bytes(answer[at : at + 8]), int.from_bytes(answer[at + 8 : at + 12])
            envelope = answer[at + 12 : at + 12 + size]
            if len(envelope) != size or not size or seq <= after:
                raise RelayError(f"{_host(url)} answers with something that is no list of envelopes.")
            found.append((seq, envelope))
            at += 12 + size
        return found

    def _box(self, route: RouteRow) -> str:
        return f"{self._reach.get(route.relay, route.relay)}/v1/mailboxes/{route.mailbox.hex()}"

    async def _ask(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        most: int = MAX_ANSWER,
        *,
        apart: bytes = b"",
        begun: Begun | None = None,
    ) -> bytes:
        try:
            status, answer = await self._http.request(method, url, headers or {}, body, most, apart, begun)
        except (Unanswered, OSError, ValueError) as error:
            raise RelayError(f"{_host(url)} cannot be reached. {why(error)}") from None
        if status >= 300:
            words = _words(answer)
            raise RelayError(f"{_host(url)} refused with {status}: {words}")
        return answer

    async def listen(
        self, route: RouteRow, connected: asyncio.Event, after: int = 0
    ) -> AsyncGenerator[bytes]:
        """Envelopes of an own mailbox after a seq, first those that wait, then each as it comes.

        Ends with RelayError when the connection does. Deflate stays off: envelopes do not compress,
        and it would cost the relay four times the memory per connection.
        """
        assert route.collect is not None
        url = "ws" + self._box(route).removeprefix("http") + f"/push?after={after}"
        tls = (self._tls or True) if url.startswith("wss") else None
        parts = urlsplit(url)
        try:
            async with asyncio.timeout(self._http.timeout):
                port = parts.port or (443 if tls else 80)
                led = await through(self._proxy, parts.hostname or "", port, route.mailbox)
            async with connect(
                url,
                sock=led,
                additional_headers=_right(route.collect),
                compression=None,
                proxy=None,
                ssl=tls,
                max_size=MAX_MESSAGE,
                ping_interval=PING,
                ping_timeout=PING,
                open_timeout=TIMEOUT,
                close_timeout=1,
                create_connection=_Push,
            ) as socket:
                connected.set()
                async for message in socket:
                    if not isinstance(message, bytes) or len(message) < 8:
                        raise RelayError(f"{_host(url)} pushes something that is no envelope.")
                    yield message[8:]
        except (WebSocketException, OSError, TimeoutError) as error:
            raise RelayError(f"{_host(url)} cannot be listened to. {why(error)}") from None
        raise RelayError(f"{_host(url)} closed the connection.")


_STRANGER = "Its certificate is by no authority that this desk trusts: see --relay-ca."
_CERTIFICATE = {
    9: "Its certificate begins later: compare the clocks of both machines.",
    10: "Its certificate has ended: whoever keeps this relay renews it, unless the clock here is wrong.",
    18: _STRANGER,
    19: _STRANGER,
    20: _STRANGER,
    62: "Its certificate is made for another name.",
    64: "Its certificate is made for another address.",
}
"""By OpenSSL's number of what is wrong with a certificate (X509_V_ERR_...)."""
_FAULTS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "Nobody listens there."),
    (TimeoutError, "There was no answer in time."),
    (socket.gaierror, "Its name is not known."),
    (ConnectionError, "The connection broke off."),
)


def why(error: BaseException) -> str:
    """A fault of a connection in a sentence; of one that has none here, its name in the language of the program."""
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _CERTIFICATE:
        return _CERTIFICATE[error.verify_code]
    known = next((words for kind, words in _FAULTS if isinstance(error, kind)), None)
    return known if known is not None else f"The connection failed ({type(error).__name__})."


def _words(answer: bytes) -> str:
    """What a relay says is the matter; of something else that answers there, how it begins."""
    try:
        told = json.loads(answer)["what"]
    except (ValueError, KeyError, TypeError, RecursionError):
        told = None
    return (told if isinstance(told, str) and told else answer[:200].decode("utf-8", "replace"))[:200]


def _right(secret: bytes) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret.hex()}"}


def _host(url: str) -> str:
    return urlsplit(url).netloc
