# SPDX-License-Identifier: Apache-2.0
"""Puts decided and answered without a task of their own (ADR 0059): the hot path of a busy relay.

Only what is whole and in order is done here, by the same rules and with the same counters as in ``http``.
At the first doubt, whatever it is, nothing was done, and the request goes the ordinary way, which knows
how to wait, to refuse and to say why. So there is one place that refuses, and this is not it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any, Protocol

from goodoffices.relay.answers import put_answer, refusal_bytes
from goodoffices.relay.batch import Stored
from goodoffices.relay.doorkeeper import Bodies, Doorkeeper, Use
from goodoffices.relay.group_commit import Waiter
from goodoffices.relay.metrics import Metrics
from goodoffices.relay.rules import SIZE_CLASSES, Refused, Right, Rights, holds, read_bearer
from goodoffices.relay.uses import Uses

Answer = Callable[[bytes, bool], None]
"""Called with the bytes of an answer, and whether the connection ends with it."""


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

    def put(self, box_hex: str, authorization: bytes, envelope: bytes, answer: Answer) -> bool:
        """Keep an envelope and answer once it is synced; False if that must go the ordinary way."""
        begun = time.perf_counter()
        box, now, size = bytes.fromhex(box_hex), self._clock(), len(envelope)
        rights = self._store.known_rights(box)
        if rights is None or size not in SIZE_CLASSES or not self._keeper.familiar(box, now):
            return False
        if not holds(rights, Right.PUT, read_bearer(authorization)):
            return False
        envelope_id = hashlib.sha256(envelope).digest()
        waiting = _Waiting(self, box, envelope_id, size, begun, answer)
        try:
            self._bodies.take(box, size)
        except Refused:
            return False
        try:
            self._keeper.use(Use.PUT, box, now)
            self._store.put_soon(box, envelope_id, envelope, now, waiting)
        except Refused:
            self._bodies.give_back(box, size)
            return False
        self._uses.note(box, now)
        return True

    def stored(self, waiting: _Waiting, new: bool) -> None:
        """It is kept, or was before."""
        self._bodies.give_back(waiting.box, waiting.size)
        self._metrics.put(time.perf_counter() - waiting.begun, new)
        self._metrics.answered("put", 201 if new else 200)
        waiting.answer(put_answer(waiting.id, new), False)

    def refused(self, waiting: _Waiting, refused: Refused) -> None:
        """It could not be kept."""
        self._bodies.give_back(waiting.box, waiting.size)
        self._metrics.refused(refused.refusal)
        status, said = refusal_bytes(refused)
        self._metrics.answered("put", status)
        waiting.answer(said, True)


class _Waiting:
    """Who is told of a put's commit, in place of a future: no turn of the loop between commit and answer."""

    __slots__ = ("_done", "_puts", "answer", "begun", "box", "id", "size")

    def __init__(
        self, puts: QuickPuts, box: bytes, envelope_id: bytes, size: int, begun: float, answer: Answer
    ) -> None:
        self._puts = puts
        self.box = box
        self.id = envelope_id
        self.size = size
        self.begun = begun
        self.answer = answer
        self._done = False

    def done(self) -> bool:
        """See Waiter."""
        return self._done

    def set_result(self, outcome: Any) -> None:
        """See Waiter."""
        self._done = True
        assert isinstance(outcome, Stored)
        self._puts.stored(self, outcome.seq is not None)

    def set_exception(self, error: Exception) -> None:
        """See Waiter."""
        self._done = True
        assert isinstance(error, Refused)
        self._puts.refused(self, error)
