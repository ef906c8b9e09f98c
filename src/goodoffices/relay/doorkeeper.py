# SPDX-License-Identifier: Apache-2.0
"""Who may ask how often, so that a flood costs its sender and not the others.

Who shows a right is counted by mailbox, everybody else by network address. A mailbox on which a right
was shown lately is familiar: its owner is let in whatever strangers do from the same address.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

from goodoffices.relay.buckets import Buckets, Rate
from goodoffices.relay.rules import MIB, Refusal, Refused

FAMILIAR_MS = 3_600_000
FAMILIAR = 65_536
BODIES = 32 * MIB  # of all requests being read or stored
LEAST_COST = 8 * 1024  # a request costs more than its bytes: at most 4,096 at once


class Use(Enum):
    """What holders of a right do, each with a bucket of its own per mailbox."""

    PUT = "put"
    DELETE = "delete"
    READ = "read"
    JOIN = "join"

    __hash__ = object.__hash__
    """There is one of each; Enum's own is a call of Python for every use that is counted."""


@dataclass(frozen=True)
class Rates:
    """How often: by mailbox for who shows a right, by address for everybody else."""

    writes: Rate = Rate(500, 4_000)
    reads: Rate = Rate(50, 500)
    joins: Rate = Rate(1, 20)
    opens: Rate = Rate(1, 60)
    strangers: Rate = Rate(5, 100)


class Doorkeeper:
    """Counts and refuses. ``proxied``: the address stands in X-Forwarded-For, its last word.

    Without a proxy, requests from this machine are not counted by address: drills, tests, and a proxy
    that was not named would otherwise all be one.
    """

    def __init__(self, rates: Rates, *, proxied: bool = False) -> None:
        self._proxied = proxied
        self._uses = {
            Use.PUT: Buckets(rates.writes),
            Use.DELETE: Buckets(rates.writes),
            Use.READ: Buckets(rates.reads),
            Use.JOIN: Buckets(rates.joins),
        }
        self._opens = Buckets(rates.opens)
        self._strangers = Buckets(rates.strangers)
        self._familiar: dict[bytes, int] = {}

    def address(self, scope: Scope) -> str | None:
        """What a request is counted by, or None: not by address. A whole /64 is one side in IPv6."""
        if self._proxied:
            values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            text = values[-1].rpartition(b",")[2].strip().decode("latin-1") if values else ""
            return network(text) or "unknown"
        client = scope.get("client")
        return None if client is None else network(client[0], count_loopback=False)

    def familiar(self, box: bytes, now: int) -> bool:
        """Whether a right on this mailbox was shown within the last half hour, so that no address is asked for."""
        return now - self._familiar.get(box, -FAMILIAR_MS) < FAMILIAR_MS // 2

    def check_stranger(self, box: bytes, scope: Scope, now: int) -> None:
        """Before the store is asked about a mailbox: refuse who was refused too often."""
        if now - self._familiar.get(box, -FAMILIAR_MS) < FAMILIAR_MS:
            return
        address = self.address(scope)
        if address is not None and not self._strangers.spare(address, now):
            raise Refused(Refusal.TOO_OFTEN)

    def refused(self, scope: Scope, now: int) -> None:
        """A right, or an admission, was not given."""
        address = self.address(scope)
        if address is not None:
            self._strangers.take(address, now)

    def welcome(self, box: bytes, now: int) -> None:
        """A right on this mailbox was shown."""
        if now - self._familiar.get(box, -FAMILIAR_MS) >= FAMILIAR_MS // 2:
            if len(self._familiar) >= FAMILIAR:
                self._familiar.clear()
            self._familiar[box] = now

    def use(self, use: Use, box: bytes, now: int) -> None:
        """Count one use by the holder of a right, or refuse it."""
        _refuse(self._uses[use].take(box, now))

    def open(self, scope: Scope, now: int) -> None:
        """Count one new mailbox, or refuse it."""
        address = self.address(scope)
        if address is not None:
            _refuse(self._opens.take(address, now))


def _refuse(wait: float) -> None:
    if wait:
        raise Refused(Refusal.TOO_OFTEN, retry_seconds=math.ceil(wait))


def network(text: str, *, count_loopback: bool = True) -> str | None:
    """The network that an address is counted as: itself in IPv4, its /64 in IPv6; None for what is none."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return network(str(found.ipv4_mapped), count_loopback=count_loopback)
        if not found.is_loopback:
            return found.packed[:8].hex()
    return str(found) if count_loopback or not found.is_loopback else None


class Bodies:
    """How many bytes of request bodies are held at once, in all and for each mailbox.

    One mailbox may hold a quarter of what is free (dynamic thresholds, as in ``rules.decide_put``):
    alone a fifth of all, and the less, the more others hold. The first body of a mailbox may go into a
    second part of the same size, which is closed to those that have one already.
    """

    def __init__(self, most: int = BODIES) -> None:
        self._most = most
        self._of: dict[bytes, int] = {}
        self.held = 0

    def take(self, box: bytes, size: int) -> None:
        """Before a body is read."""
        cost = max(size, LEAST_COST)
        mine = self._of.get(box, 0)
        fits = mine + cost <= (self._most - self.held) // 4
        if not fits and (mine or self.held + cost > 2 * self._most):
            raise Refused(Refusal.TOO_OFTEN if mine else Refusal.BUSY)
        self.held += cost
        self._of[box] = mine + cost

    def give_back(self, box: bytes, size: int) -> None:
        """Once it is stored or given up."""
        cost = max(size, LEAST_COST)
        self.held -= cost
        rest = self._of[box] - cost
        if rest:
            self._of[box] = rest
        else:
            del self._of[box]
