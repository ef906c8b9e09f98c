# SPDX-License-Identifier: Apache-2.0
"""What protects the pages: headers on every answer, host and origin checks, sessions, slow guessing.

Sessions live in memory only, because they hold officers' keys: after a restart everybody signs in
again. Reasons are in docs/adr/0012-web.md.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from goodoffices.core.courier import MAX_BUNDLE
from goodoffices.desk.context import Officer
from goodoffices.web.presses import Presses, token_in

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    # Not no-referrer: with it browsers send "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
_HOST = re.compile(r"(\[[^\[\]@/?#\\\s]*\]|[^\[\]:@/?#\\\s]*)(?::[0-9]{0,5})?")
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

IDLE = 15 * 60.0
"""Seconds without an act of the officer's own after which a session ends."""
IDLE_ON_WATCH = 2 * 3600.0
"""The same for a duty officer who said at sign-in that he is on watch: his page has to stay and ring."""
LONGEST = 12 * 3600.0
"""Seconds after which every session ends: a watch."""
SWEEP = 20.0
MAX_SESSIONS = 64
MAX_EACH = 8
"""Sessions of one officer."""
UPLOADS = ("/courier/in", "/check")
"""Where bundles and pictures come in."""
MAX_UPLOAD = MAX_BUNDLE + (1 << 20)
"""Bytes of a request that brings a courier's bundle, or pictures of one."""
MAX_BODY = 4 << 20
"""Bytes of a request: many times a note of 60,000 bytes, so that a paste that is far too long comes back with its
text on the page and its size named. A form writes each byte of Persian as three."""


def host_name(host: str) -> str:
    """The name in a Host header, without the port, in lower case; IPv6 in brackets. Empty for what is none."""
    found = _HOST.fullmatch(host.strip().lower())
    return found[1] if found is not None else ""


def add_headers(headers: MutableHeaders, *, secure: bool) -> None:
    """The protective headers, on whatever is answered."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if secure:
        headers.setdefault("strict-transport-security", "max-age=31536000")


class Guard:
    """The outermost layer: unknown host names are refused, and every answer carries the headers."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], *, secure: bool) -> None:
        self.app = app
        names = {each.lower() for each in hosts}
        self.hosts = LOOPBACK_NAMES | names | {f"[{each}]" for each in names if ":" in each}
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(MutableHeaders(scope=message), secure=self.secure)
            await send(message)

        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self.hosts:
            refusal = PlainTextResponse(
                "This desk does not answer under that host name. Use its own address, or start it with"
                " --name.",
                421,
            )
            await refusal(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)


def same_origin(headers: Headers, *, secure: bool) -> bool:
    """Whether a page of this desk itself sent the request: said by the browser, and never left out."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None and origin is None:
        return False
    if site is not None and site != "same-origin":
        return False
    if origin is None:
        return True
    scheme = "https" if secure else "http"
    return origin.lower() == f"{scheme}://{headers.get('host', '').strip().lower()}"


@dataclass
class Session:
    """A signed-in officer in one browser."""

    token: str
    officer: Officer = field(repr=False)
    csrf: str
    began: float
    used: float
    mark: str = ""
    """Stands for the session in the audit log; nobody can use it."""
    on_watch: bool = False
    presses: Presses[Any] = field(default_factory=Presses, repr=False)
    """What the forms that were sent in it came to."""

    @property
    def idle(self) -> float:
        """Seconds without an act of the officer's own after which it ends."""
        return IDLE_ON_WATCH if self.on_watch else IDLE


class Sessions:
    """Every session of one desk, in memory."""

    def __init__(
        self,
        rng: Callable[[int], bytes],
        clock: Callable[[], float],
        ended: Callable[[Session, str], None],
        still_in: Callable[[Officer], bool],
    ) -> None:
        self._rng = rng
        self._clock = clock
        self._ended = ended
        self._still_in = still_in
        self._sessions: dict[str, Session] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    def begin(self, officer: Officer, *, on_watch: bool = False) -> Session:
        """A session of an officer who just signed in; his own that was used longest ago gives way to too many.

        Only where many officers have many does another's: one of whoever has most.
        """
        while len(self.of(officer.public)) >= MAX_EACH:
            self._make_room(officer.public)
        while len(self._sessions) >= MAX_SESSIONS:
            counts = Counter(each.officer.public for each in self._sessions.values())
            self._make_room(counts.most_common(1)[0][0])
        now = self._clock()
        token, csrf, mark = self._rng(32).hex(), self._rng(32).hex(), self._rng(4).hex()
        session = Session(token, officer, csrf, now, now, mark, on_watch)
        self._sessions[session.token] = session
        self._sweep_later()
        return session

    def find(self, token: str | None, *, use: bool) -> Session | None:
        """The session of a cookie, if it has not ended. ``use``: the officer did something himself."""
        session = self._sessions.get(token) if token else None
        if session is None or not self.alive(session):
            return None
        if use:
            session.used = self._clock()
        return session

    def officer_of(self, public: bytes) -> Officer | None:
        """An officer who is signed in here now, by key."""
        return next((each.officer for each in self.of(public) if self.alive(each)), None)

    def alive(self, session: Session) -> bool:
        """Whether a session goes on; one that is over is ended here and its officer signed out."""
        now = self._clock()
        if session.token in self._sessions:
            if now - session.used > session.idle:
                self.end(session, "the session ended: nothing was done in it")
            elif not self._still_in(session.officer):
                self.end(session, "the session ended: locked out, or not in the roster any more")
            elif now - session.began > LONGEST:
                self.end(session, "the session ended: its time was over")
        return session.token in self._sessions

    def _make_room(self, public: bytes) -> None:
        self.end(min(self.of(public), key=lambda each: each.used), "made room for another session")

    def of(self, public: bytes) -> list[Session]:
        """An officer's sessions, by his key."""
        return [each for each in self._sessions.values() if each.officer.public == public]

    def named(self, name: str) -> list[Session]:
        """The sessions that go on of an officer, by the name that he signs in with."""
        found = [each for each in list(self._sessions.values()) if each.officer.name == name]
        return [each for each in found if self.alive(each)]

    def others(self, session: Session) -> list[Session]:
        """The same officer's other sessions that go on."""
        mine = self.of(session.officer.public)
        return [each for each in mine if each is not session and self.alive(each)]

    def end(self, session: Session, why: str) -> None:
        """Sign out: the officer's key leaves the memory of the desk. ``why``: for the audit log."""
        if self._sessions.pop(session.token, None) is not None:
            self._ended(session, why)

    def _sweep_later(self) -> None:
        # No page may be open when a session runs out, and the keys must go all the same.
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        for session in list(self._sessions.values()):
            self.alive(session)
        if self._sessions:
            self._sweep_later()


def csrf_fits(session: Session, given: str | None) -> bool:
    """Whether a request carries its session's token."""
    return given is not None and hmac.compare_digest(token_in(given).encode(), session.csrf.encode())


def bound(session: Session, purpose: str) -> str:
    """A token that ties a form to one purpose: this lane of this channel, this line's chat (P4)."""
    return hmac.new(session.csrf.encode(), purpose.encode(), "sha256").hexdigest()[:32]


def lane_purpose(mandate: bytes, to: bytes) -> str:
    """What a write page's token is bound to: one lane of one channel."""
    return f"note {mandate.hex()} {to.hex()}"


@dataclass
class _Tries:
    failures: int = 0
    not_before: float = 0.0
    last: float = 0.0


class Throttle:
    """Makes guessing passphrases slow without ever locking the office out.

    The delay grows per address, so that a guesser elsewhere on the network does not delay the officer
    at the desk; and passphrases are checked one after the other, since each check costs much memory.
    """

    FREE, LONGEST_DELAY, FORGET, MAX_KNOWN, MAX_QUEUE = 3, 60.0, 900.0, 256, 8

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tries: dict[str, _Tries] = {}
        self._queue = 0
        self._one = asyncio.Lock()

    def wait(self, address: str) -> int:
        """Seconds until this address may try again; 0 if it may now."""
        tries = self._tries.get(address)
        if self._queue >= self.MAX_QUEUE:
            return 2
        return max(0, math.ceil(tries.not_before - self._clock())) if tries else 0

    def failed(self, address: str) -> None:
        """A wrong passphrase."""
        now = self._clock()
        tries = self._tries.pop(address, None) or _Tries()
        if now - tries.last > self.FORGET:
            tries.failures = 0
        tries.failures += 1
        tries.last = now
        over = tries.failures - self.FREE
        tries.not_before = now + (min(self.LONGEST_DELAY, 2.0 ** min(over, 10)) if over >= 0 else 0.0)
        self._tries[address] = tries
        while len(self._tries) > self.MAX_KNOWN:
            del self._tries[next(iter(self._tries))]

    def succeeded(self, address: str) -> None:
        """A right one."""
        self._tries.pop(address, None)

    async def __aenter__(self) -> None:
        self._queue += 1
        try:
            await self._one.acquire()
        except BaseException:
            self._queue -= 1
            raise

    async def __aexit__(self, *exc: object) -> None:
        self._queue -= 1
        self._one.release()


class Limits:
    """How large a request may be: bundles and pictures come in at two addresses, everything else is small."""

    def __init__(self, app: ASGIApp) -> None:
        self._small = RequestBodyLimitMiddleware(app, max_body_size=MAX_BODY)
        self._large = RequestBodyLimitMiddleware(app, max_body_size=MAX_UPLOAD)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        large = scope["type"] == "http" and scope["path"].endswith(UPLOADS)
        await (self._large if large else self._small)(scope, receive, send)
