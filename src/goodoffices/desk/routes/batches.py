# SPDX-License-Identifier: Apache-2.0
"""Envelopes that are under way, as ``sending`` keeps them in memory: which relay took each, and who awaits what."""

from __future__ import annotations

from dataclasses import dataclass, field

from goodoffices.desk.ledger.ledger import RouteRow


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
