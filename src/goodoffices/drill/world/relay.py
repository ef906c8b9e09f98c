# SPDX-License-Identifier: Apache-2.0
"""The simulated world's relays: the relay's own rules and memory store, with an operator who may fail.

A relay can be down, lose everything and come back empty, say "stored" of what it did not keep, and
deliver again what its collector deleted long ago. It never sees more than the real one does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from goodoffices.core.crypto import sha256
from goodoffices.core.envelope import envelope_id
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.relay.rules import MIB, Limits, Refusal, Refused, Right, Rights, holds
from goodoffices.relay.store import MemoryRelayStore

T = TypeVar("T")
_IN_USE = 2**52
"""Who listens uses a mailbox all the time; nobody here leaves one for good."""
Stored = Callable[[str, bytes, bytes], None]
"""Called with relay, mailbox and envelope for each envelope that is new there."""


def now_of(work: Coroutine[Any, Any, T]) -> T:
    """The outcome of a coroutine that never waits: the memory store's are such."""
    try:
        work.send(None)
    except StopIteration as done:
        outcome: T = done.value
        return outcome
    raise RuntimeError("the memory store waited for something")


@dataclass
class SimRelay:
    """One relay."""

    url: str
    stored: Stored
    up: bool = True
    past: dict[bytes, list[bytes]] = field(default_factory=dict)
    """Every envelope that ever lay in a mailbox: what a hostile operator could deliver again."""
    offset: int = 0
    """How far its clock is from the world's, in ms: by it a relay throws away what lies here for too long."""

    def __post_init__(self) -> None:
        self._new_store()

    def _new_store(self) -> None:
        def on_stored(box: bytes, _seq: int, envelope: bytes) -> None:
            self.past.setdefault(box, []).append(envelope)
            self.stored(self.url, box, envelope)

        self._store = MemoryRelayStore(Limits(), on_stored)
        self._held: set[tuple[bytes, Right, bytes | None]] = set()
        """Rights that were shown before: a mailbox's never change."""

    def forget(self) -> None:
        """Come back empty: mailboxes, envelopes and tombstones are gone."""
        self._new_store()

    def _check(self, box: bytes, right: Right, secret: bytes | None) -> None:
        if (box, right, secret) not in self._held:
            if not holds(now_of(self._store.rights(box)), right, secret):
                raise Refused(Refusal.NO_RIGHT)
            self._held.add((box, right, secret))

    def open(self, route: RouteRow) -> None:
        """Make an own mailbox; again is the same as once."""
        assert route.collect is not None
        assert route.remove is not None
        rights = Rights(sha256(route.put), sha256(route.collect), sha256(route.remove))
        now_of(self._store.open_mailbox(route.mailbox, rights, _IN_USE))

    def put(self, route: RouteRow, envelope: bytes, now: int, *, keep: bool = True) -> None:
        """Store an envelope; with ``keep`` false only say so. Raises Refused."""
        self._check(route.mailbox, Right.PUT, route.put)
        if keep:
            now_of(self._store.put(route.mailbox, envelope_id(envelope), envelope, now + self.offset))

    def collect(self, route: RouteRow) -> list[bytes]:
        """Everything that waits in a mailbox, oldest first. Raises Refused."""
        self._check(route.mailbox, Right.COLLECT, route.collect)
        found: list[bytes] = []
        after = 0
        while more := now_of(self._store.collect(route.mailbox, after, 1000, MIB)):
            found += [envelope for _, envelope in more]
            after = more[-1][0]
        return found

    def expire(self, now: int) -> None:
        """Throw away what lies here longer than the retention, as the real relay does by itself."""
        while now_of(self._store.purge(now + self.offset, 1000)):
            self._held.clear()  # mailboxes may be gone with what lay in them

    def delete(self, route: RouteRow, envelope: bytes, now: int) -> None:
        """Delete what its collector has kept. Raises Refused."""
        self._check(route.mailbox, Right.DELETE, route.remove)
        now_of(self._store.delete(route.mailbox, envelope_id(envelope), now + self.offset))


def spoilt(dice: Random, envelope: bytes, others: list[list[bytes]]) -> bytes:
    """What an operator without keys can make of an envelope: another mailbox's, or one bit turned over."""
    if others and dice.random() < 0.5:
        return dice.choice(dice.choice(others))
    at = dice.randrange(len(envelope))
    return envelope[:at] + bytes([envelope[at] ^ 1 << dice.randrange(8)]) + envelope[at + 1 :]
