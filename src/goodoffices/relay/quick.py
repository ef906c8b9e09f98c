# SPDX-License-Identifier: Apache-2.0
"""Puts decided and answered without a task of their own (ADR 0059): the hot path of a busy relay.

Only what is whole and in order is done here, by the same rules and with the same counters as in ``http``.
At the first doubt, whatever it is, nothing was done, and the request goes the ordinary way, which knows
how to wait, to refuse and to say why. So there is one place that refuses, and this is not it.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from goodoffices.relay.answers import put_answer, refusal_bytes
from goodoffices.relay.batch import Stored
from goodoffices.relay.doorkeeper import Bodies, Doorkeeper, Use
from goodoffices.relay.group_commit import Waiter
from goodoffices.relay.metrics import Metrics
from goodoffices.relay.rules import SIZE_CLASSES, Refused, Rights, read_bearer
from goodoffices.relay.uses import Uses


class Claim(NamedTuple):
    """What a plain put's head says, as it is compared with every envelope that comes under it."""

    box: bytes
    secret: bytes
    """SHA-256 of the secret that was shown."""
    size: int


def read_claim(box: str, authorization: bytes, size: int) -> Claim | None:
    """``box``: 32 lowercase hexadecimal digits. None for what can be no put that is kept."""
    secret = read_bearer(authorization)
    if secret is None or size not in SIZE_CLASSES:
        return None
    return Claim(bytes.fromhex(box), hashlib.sha256(secret).digest(), size)


class QuickStore(Protocol):
    """What a store can do at once, on the event loop."""

    def known_rights(self, box: bytes) -> Rights | None:
        """A mailbox's rights, if they are remembered."""
        ...

    def put_soon(self, box: bytes, envelope_id: bytes, envelope: bytes, now: int, waiter: Waiter) -> None:
        """As ``RelayStore.put``, with somebody to be told instead of somebody who waits."""
        ...


class QuickPuts:
    """The put of a relay, for the server's protocol. Shares its doorkeeper and counters with the other doors."""

    def __init__(
        self,
        store: QuickStore,
        keeper: Doorkeeper,
        bodies: Bodies,
        uses: Uses,
        metrics: Metrics,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._bodies = bodies
        self._uses = uses
        self._metrics = metrics
        self._clock = clock

    def put(self, claim: Claim, envelope: bytes, asked: Asked) -> bool:
        """Keep an envelope of the size claimed, answer once it is synced; False if it must go the ordinary way."""
        begun, now = time.perf_counter(), self._clock()
        box, secret, size = claim
        rights = self._store.known_rights(box)
        if rights is None or not self._keeper.familiar(box, now):
            return False
        if not hmac.compare_digest(rights.put, secret):
            return False
        try:
            self._bodies.take(box, size)
        except Refused:
            return False
        asked.puts, asked.box, asked.size, asked.begun = self, box, size, begun
        asked.id = envelope_id = hashlib.sha256(envelope).digest()
        try:
            self._keeper.use(Use.PUT, box, now)
            self._store.put_soon(box, envelope_id, envelope, now, asked)
        except Refused:
            self._bodies.give_back(box, size)
            return False
        self._uses.note(box, now)
        return True

    def stored(self, asked: Asked, new: bool) -> None:
        """It is kept, or was before."""
        self._bodies.give_back(asked.box, asked.size)
        self._metrics.put(time.perf_counter() - asked.begun, new)
        self._metrics.answered("put", 201 if new else 200)
        asked.say(put_answer(asked.id, new), False)

    def refused(self, asked: Asked, refused: Refused) -> None:
        """It could not be kept."""
        self._bodies.give_back(asked.box, asked.size)
        self._metrics.refused(refused.refusal)
        status, said = refusal_bytes(refused)
        self._metrics.answered("put", status)
        asked.say(said, True)


class Asked:
    """A put that is being kept, told of its commit in place of a future: no turn of the loop before the answer."""

    __slots__ = ("begun", "box", "id", "puts", "size", "told")

    puts: QuickPuts
    box: bytes
    id: bytes
    size: int
    begun: float

    def __init__(self) -> None:
        self.told = False

    def say(self, answer: bytes, last: bool) -> None:
        """The whole answer, and whether the connection ends with it."""
        raise NotImplementedError

    def done(self) -> bool:
        """See Waiter."""
        return self.told

    def set_result(self, outcome: Any) -> None:
        """See Waiter."""
        self.told = True
        assert isinstance(outcome, Stored)
        self.puts.stored(self, outcome.seq is not None)

    def set_exception(self, error: Exception) -> None:
        """See Waiter."""
        self.told = True
        assert isinstance(error, Refused)
        self.puts.refused(self, error)
