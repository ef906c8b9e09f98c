# SPDX-License-Identifier: Apache-2.0
"""Envelopes that are under way, as ``sending`` keeps them in memory: which relay took each, and who awaits what."""

from __future__ import annotations

from dataclasses import dataclass, field

from goodoffices.desk.ledger.ledger import RouteRow

BACKOFF = (1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000)
"""Milliseconds before the next try after the 1st, 2nd ... failure; the last one for ever."""

UNRECEIPTED = (
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    1_800_000,
    3_600_000,
    10_800_000,
    21_600_000,
)
"""Milliseconds after which what relays took on a line, but no receipt answers, is offered afresh.

The waits grow so that a month of a peer's silence does not fill its mailboxes, and nothing is offered
afresh to relays that say that they still hold it; a relay that comes back, or a peer that starts, ends
the waiting at once (``sign_of_life``, ``peer_started``).
"""

AT_A_TIME = 64
"""Tries at one relay at a time of what presses nobody; with each step of urgency as many more. One that takes
connections and answers nothing holds each for twenty seconds, and has all the more to do when it comes to itself."""
FORGOTTEN = 180_000
"""Milliseconds after which a try whose outcome nobody told holds no place any more."""


@dataclass(frozen=True)
class Put:
    """Offer an envelope to a relay. ``entries``: what is in it."""

    batch: int
    route: RouteRow
    envelope: bytes
    entries: tuple[bytes, ...] = ()
    at: int | None = None
    """On a line with a beat: when it leaves, in ms UTC."""
    empty: bool = False
    """Only there to fill its slot."""


@dataclass
class Try:
    """One relay's part of a batch. ``due``: when it is to be tried, in ms UTC; None while that is under way or done."""

    route: RouteRow
    failures: int = 0
    due: int | None = 0
    accepted: bool = False
    under_way: bool = False
    """Offered, and its outcome not told yet: it is not offered beside itself."""
    held: bool = False
    """Due, and its relay has as much to answer as it may have at a time."""


@dataclass
class Batch:
    """One envelope, offered to every relay of its line. ``entries``: those inside without a receipt."""

    line: bytes
    envelope: bytes
    entries: set[bytes]
    tries: dict[int, Try]
    urgent: int
    all_entries: tuple[bytes, ...] = ()

    @property
    def taken(self) -> bool:
        """Whether any relay took it."""
        return any(attempt.accepted for attempt in self.tries.values())


@dataclass
class LineState:
    """What is known of a line's peer and of what lies at its relays."""

    awaiting: set[bytes] = field(default_factory=set)
    """Entries that a relay took and nobody has receipted."""
    rounds: int = 0
    due: int | None = None
    """When they are offered afresh."""
    laid: dict[int, int] = field(default_factory=dict)
    """By mailbox: envelopes laid there since anything showed that the peer collects."""
    looks: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By mailbox: (envelopes in it, when looked), by the relay's word."""
    missed: set[str] = field(default_factory=set)
    """Relays that have not taken something that is no longer kept here."""


class Places:
    """How much is being tried at each relay: what is urgent has places of its own, and waits behind no backlog."""

    def __init__(self) -> None:
        self._since: dict[str, dict[tuple[int, int], int]] = {}
        """By relay: batch and mailbox of what is being tried there, since when."""
        self.held = False
        """Whether anything waits for a place."""
        self.free = False
        """Whether it may have one since."""

    def take(self, batch: int, route: RouteRow, urgent: int, now: int) -> bool:
        """Whether one more may be tried at a relay now; it has its place then."""
        here, most = self._since.setdefault(route.relay, {}), AT_A_TIME * (1 + urgent)
        if len(here) >= most:
            late = [each for each, since in here.items() if now - since > FORGOTTEN]
            for each in late:
                del here[each]
            if len(here) >= most:
                self.held = True
                return False
        here[batch, route.id] = now
        return True

    def left(self, put: Put) -> None:
        """What became of a try was told."""
        self.free = self.held
        self._since.get(put.route.relay, {}).pop((put.batch, put.route.id), None)
