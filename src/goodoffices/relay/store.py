# SPDX-License-Identifier: Apache-2.0
"""The port behind which a relay keeps its mailboxes, and the store in memory that tests and drills use.

``tests/contract`` runs one suite over every store; a promise here that the suite does not check is a
mistake in the suite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from goodoffices.relay.rules import (
    Limits,
    MailboxState,
    Opened,
    Refusal,
    Refused,
    Rights,
    after_delete,
    decide_open,
    decide_put,
    expired_before,
    removable,
)

OnStored = Callable[[bytes, int, bytes], None]
"""Called with mailbox, seq and envelope for each new envelope."""


@dataclass(frozen=True)
class Waiting:
    """What a mailbox holds, for its sender and its collector."""

    waiting: int
    bytes: int
    oldest_ms: int | None
    last: int = 0
    """The newest seq that it gave, whether or not that envelope still lies there."""


@dataclass(frozen=True)
class Totals:
    """What a relay holds in all its mailboxes together."""

    mailboxes: int
    waiting: int
    bytes: int
    tombstones: int


TOTALS = (
    "SELECT count(*), coalesce(sum(waiting), 0), coalesce(sum(bytes), 0), coalesce(sum(tombstones), 0)"
    " FROM mailbox"
)
"""For the stores that speak SQL."""


class RelayStore(Protocol):
    """Where mailboxes live. Every method may be called concurrently from one event loop."""

    async def open_mailbox(self, box: bytes, rights: Rights, now: int) -> Opened:
        """Make a mailbox, durable when this returns. Its rights never change.

        Raises Refused OTHER_RIGHTS or NO_MORE_MAILBOXES.
        """
        ...

    async def touch(self, boxes: Sequence[bytes], now: int) -> None:
        """These mailboxes are in use: they stay, though nothing may be in them."""
        ...

    async def rights(self, box: bytes) -> Rights | None:
        """The mailbox's rights, or None when there is no such mailbox."""
        ...

    async def put(self, box: bytes, envelope_id: bytes, envelope: bytes, now: int) -> bool:
        """Keep an envelope. True: it is new; False: it was put before (it may be deleted by now).

        When this returns, the envelope survives kill -9 and power loss. When it raises, nothing is
        promised: the sender offers it again, and a repeat is harmless. A new envelope gets the next
        seq of its mailbox; a seq is never used again.
        ``on_stored`` has been called for it before this returns.
        Raises Refused NO_RIGHT (no such mailbox), MAILBOX_FULL, STORE_SHORT, BUSY, DISK_FULL,
        STORE_FAILED, STORE_AWAY, UNCONFIRMED.
        """
        ...

    async def collect(self, box: bytes, after: int, envelopes: int, size: int) -> list[tuple[int, bytes]]:
        """The oldest envelopes with a seq above ``after``, in order of seq; collecting deletes nothing.

        At most ``envelopes`` and ``size`` bytes, but always one when there is one. If a seq is
        returned or pushed, every smaller seq not returned before has been deleted or purged.
        """
        ...

    async def delete(self, box: bytes, envelope_id: bytes, now: int) -> None:
        """Delete an envelope and remember its ID until the retention time is over; durable on return.

        Deleting what is not there changes nothing and is no error.
        """
        ...

    async def waiting(self, box: bytes) -> Waiting:
        """How much waits in a mailbox, and when the first of it was put."""
        ...

    async def purge(self, now: int, most: int) -> int:
        """Remove what is past the retention time: envelopes, tombstones, and mailboxes that nobody used.

        At most ``most`` of each; how many were removed. A purged envelope leaves no tombstone. A
        mailbox that is made later, the same again too, starts above every seq of those removed.
        """
        ...

    async def totals(self) -> Totals:
        """What there is in all."""
        ...

    @property
    def sound(self) -> bool:
        """Whether, as far as is known now, a put would be stored."""
        ...

    async def close(self) -> None:
        """Finish what was begun, refuse what comes later (Refused STOPPING), release everything."""
        ...


@dataclass
class _Kept:
    seq: int
    at_ms: int
    envelope: bytes


@dataclass
class _Mailbox:
    rights: Rights
    state: MailboxState
    used_ms: int
    kept: dict[bytes, _Kept] = field(default_factory=dict)
    tombstones: dict[bytes, int] = field(default_factory=dict)


class MemoryRelayStore:
    """A store that forgets everything with its process. For tests and the simulated world."""

    def __init__(self, limits: Limits, on_stored: OnStored) -> None:
        self._limits = limits
        self._on_stored = on_stored
        self._boxes: dict[bytes, _Mailbox] = {}
        self._used = 0
        self._seq_floor = 0
        self._closed = False

    async def open_mailbox(self, box: bytes, rights: Rights, now: int) -> Opened:
        """See RelayStore."""
        self._check_open()
        existing = self._boxes.get(box)
        reply = decide_open(existing.rights if existing else None, rights, len(self._boxes), self._limits)
        if isinstance(reply, Refusal):
            raise Refused(reply)
        if reply is Opened.NEW:
            self._boxes[box] = _Mailbox(rights, MailboxState(self._seq_floor, 0, 0, 0), now)
        return reply

    async def touch(self, boxes: Sequence[bytes], now: int) -> None:
        """See RelayStore."""
        for box in boxes:
            if box in self._boxes:
                self._boxes[box].used_ms = now

    async def rights(self, box: bytes) -> Rights | None:
        """See RelayStore."""
        found = self._boxes.get(box)
        return found.rights if found else None

    async def put(self, box: bytes, envelope_id: bytes, envelope: bytes, now: int) -> bool:
        """See RelayStore."""
        self._check_open()
        mailbox = self._boxes.get(box)
        if mailbox is None:
            raise Refused(Refusal.NO_RIGHT)
        known = envelope_id in mailbox.kept or envelope_id in mailbox.tombstones
        reply = decide_put(mailbox.state, known, len(envelope), self._used, self._limits)
        if isinstance(reply, Refusal):
            raise Refused(reply)
        if reply is None:
            return False
        self._change(mailbox, reply)
        mailbox.kept[envelope_id] = _Kept(reply.last_seq, now, envelope)
        self._on_stored(box, reply.last_seq, envelope)
        return True

    async def collect(self, box: bytes, after: int, envelopes: int, size: int) -> list[tuple[int, bytes]]:
        """See RelayStore."""
        mailbox = self._boxes.get(box)
        found: list[tuple[int, bytes]] = []
        total = 0
        if mailbox is None:
            return found
        # Kept in order of seq: dicts keep the order of insertion.
        for kept in mailbox.kept.values():
            if kept.seq <= after:
                continue
            if len(found) >= envelopes or (found and total + len(kept.envelope) > size):
                break
            found.append((kept.seq, kept.envelope))
            total += len(kept.envelope)
        return found

    async def delete(self, box: bytes, envelope_id: bytes, now: int) -> None:
        """See RelayStore."""
        self._check_open()
        mailbox = self._boxes.get(box)
        kept = mailbox.kept.pop(envelope_id, None) if mailbox else None
        if mailbox and kept:
            self._change(mailbox, after_delete(mailbox.state, len(kept.envelope)))
            mailbox.tombstones[envelope_id] = now

    async def waiting(self, box: bytes) -> Waiting:
        """See RelayStore."""
        mailbox = self._boxes.get(box)
        if mailbox is None:
            return Waiting(0, 0, None)
        oldest = next((kept.at_ms for kept in mailbox.kept.values()), None)
        return Waiting(mailbox.state.waiting, mailbox.state.bytes, oldest, mailbox.state.last_seq)

    async def purge(self, now: int, most: int) -> int:
        """See RelayStore."""
        self._check_open()
        cutoff = expired_before(now, self._limits)
        old = [
            (box, key)
            for box in self._boxes.values()
            for key, kept in box.kept.items()
            if kept.at_ms < cutoff
        ][:most]
        gone = [
            (box, key) for box in self._boxes.values() for key, at in box.tombstones.items() if at < cutoff
        ][:most]
        for box, key in old:
            kept = box.kept.pop(key)
            s = box.state
            size = len(kept.envelope)
            self._change(box, MailboxState(s.last_seq, s.waiting - 1, s.bytes - size, s.tombstones))
        for box, key in gone:
            del box.tombstones[key]
            s = box.state
            self._change(box, MailboxState(s.last_seq, s.waiting, s.bytes, s.tombstones - 1))
        unused = [
            key for key, box in self._boxes.items() if removable(box.state, box.used_ms, now, self._limits)
        ][:most]
        for key in unused:
            self._seq_floor = max(self._seq_floor, self._boxes.pop(key).state.last_seq)
        return len(old) + len(gone) + len(unused)

    def _change(self, mailbox: _Mailbox, state: MailboxState) -> None:
        self._used += state.used - mailbox.state.used
        mailbox.state = state

    async def totals(self) -> Totals:
        """See RelayStore."""
        states = [box.state for box in self._boxes.values()]
        return Totals(
            len(states),
            sum(state.waiting for state in states),
            sum(state.bytes for state in states),
            sum(state.tombstones for state in states),
        )

    @property
    def sound(self) -> bool:
        """See RelayStore."""
        return not self._closed

    async def close(self) -> None:
        """See RelayStore."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise Refused(Refusal.STOPPING)
