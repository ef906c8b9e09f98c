# SPDX-License-Identifier: Apache-2.0
"""Sockets to relays: direct, or through a SOCKS5 proxy such as Tor's (RFC 1928, RFC 1929).

The proxy is given the relay's name, never an address that was looked up here: this machine's resolver
would learn it. Each mailbox signs in at the proxy under a name of its own, which nobody checks; Tor keeps
what comes under different names on different circuits, so that one relay does not see one exit for all.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from goodoffices.core import crypto
from goodoffices.core.addresses import loopback
from goodoffices.core.errors import NotAllowed, RelayError

_VERSION, _CONNECT, _NAME = 5, 1, 3
_NONE, _PASSWORD, _REFUSED = 0, 2, 0xFF
_ADDRESS_SIZES = {1: 4, 4: 16}
_WHY = {
    1: "it failed",
    2: "its rules do not allow it",
    3: "the network cannot be reached",
    4: "the host cannot be reached",
    5: "the connection was refused",
    6: "it took too long",
}
"""RFC 1928 §6: the proxy's reply."""


@dataclass(frozen=True)
class Proxy:
    """A SOCKS5 proxy. It is not asked for relays on this very machine."""

    host: str
    port: int


def read_proxy(text: str) -> Proxy:
    """From ``socks5h://HOST:PORT``; raises NotAllowed."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme != "socks5h" or not host or port is None or parts.path.strip("/") or parts.username:
        raise NotAllowed(
            f"{text} is not the address of a SOCKS proxy.", "Write it as socks5h://127.0.0.1:9050"
        )
    return Proxy(host, port)


async def connect(proxy: Proxy | None, host: str, port: int, apart: bytes) -> socket.socket | None:
    """A socket that leads to ``host``, or None where the caller may connect by itself.

    ``apart``: what is to be kept on a path of its own, a mailbox. Raises OSError or RelayError.
    """
    if proxy is None or loopback(host):
        return None
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(proxy.host, proxy.port, type=socket.SOCK_STREAM)
    family, kind, protocol, _, address = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(made, address)
        await _ask(made, host, port, apart)
    except BaseException:
        made.close()
        raise
    return made


async def _ask(made: socket.socket, host: str, port: int, apart: bytes) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(made, bytes([_VERSION, 2, _NONE, _PASSWORD]))
    version, method = await _exactly(made, 2)
    if version != _VERSION or method not in (_NONE, _PASSWORD):
        raise RelayError("The SOCKS proxy wants a way of signing in that is not known here.")
    if method == _PASSWORD:
        name = crypto.sha256(apart).hex()[:32].encode()
        await loop.sock_sendall(made, bytes([1, len(name)]) + name + b"\x011")
        _, refused = await _exactly(made, 2)
        if refused:
            raise RelayError("The SOCKS proxy does not let this desk in.")
    wanted = host.encode("ascii", "replace")
    if len(wanted) > 255:
        raise RelayError("A relay's name is too long for a SOCKS proxy.")
    request = bytes([_VERSION, _CONNECT, 0, _NAME, len(wanted)]) + wanted + port.to_bytes(2)
    await loop.sock_sendall(made, request)
    version, reply, _, kind = await _exactly(made, 4)
    if version != _VERSION:
        raise RelayError("The SOCKS proxy answers with something else.")
    if reply:
        raise RelayError(f"The SOCKS proxy does not reach {host}: {_WHY.get(reply, 'it says no')}.")
    size = _ADDRESS_SIZES.get(kind) or (await _exactly(made, 1))[0]
    await _exactly(made, size + 2)


async def _exactly(made: socket.socket, size: int) -> bytes:
    """RFC 1928's answers are of known length: nothing that follows them is read here."""
    loop, got = asyncio.get_running_loop(), b""
    while len(got) < size:
        more = await loop.sock_recv(made, size - len(got))
        if not more:
            raise RelayError("The SOCKS proxy closed the connection.")
        got += more
    return got
