# SPDX-License-Identifier: Apache-2.0
"""The page of a line's relays: who collects where, what waits at each, and a change under way (ADR 0043)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from goodoffices.core.office import Right
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.ledger.mailboxes import USED
from goodoffices.desk.views.lines import RelayLike


class LookLike(Protocol):
    """What a relay said of one mailbox."""

    @property
    def waiting(self) -> int: ...
    @property
    def oldest(self) -> int | None: ...
    @property
    def at(self) -> int: ...


@dataclass(frozen=True)
class Box:
    """One mailbox of a line."""

    url: str
    draining: bool
    known: bool
    up: bool
    since: int | None
    what: str
    not_taken: int
    """Our envelopes that its relay has not taken yet."""
    taken: int
    """Those that it took and nobody has receipted."""
    waiting: int | None
    """How many lie in it, by the relay's word; None: not known."""
    oldest: int | None
    looked: int | None
    guarded: str | None
    """Its host, where the other office named it since the pairing and nobody allowed it inside the own network."""


@dataclass(frozen=True)
class RelaysPage:
    """One line's relays."""

    line: bytes
    peer_name: str
    open: bool
    ours: tuple[Box, ...]
    """Where this office collects."""
    theirs: tuple[Box, ...]
    """Where the other one does."""
    stated: int | None
    """When this office last stated where it collects; None: with the pairing."""
    confirmed: int | None
    forgotten: bool
    """The vault was put back to before the newest change: it must be stated anew."""
    addresses: tuple[str, ...]
    only_theirs: bool
    """The other office collects at a relay at which this one does not."""
    all_addresses: tuple[str, ...]
    beat: int
    """Seconds between two envelopes that leave on this line, full or empty; 0: no beat."""
    may_keys: bool
    thin: str
    """no | ours | theirs | agreed | thin"""


def relays_page(
    desk: Desk,
    officer: Officer,
    line_id: bytes,
    relays: tuple[RelayLike, ...],
    looks: Mapping[int, LookLike],
) -> RelaysPage:
    """Raises NotFound."""
    line = desk.ledger.line(line_id)
    peer = desk.ledger.office(line.peer)
    known = {each.url.rstrip("/"): each for each in relays}

    def box(route: RouteRow) -> Box:
        state, look = known.get(route.relay.rstrip("/")), looks.get(route.id)
        host = urlsplit(route.relay).hostname or ""
        not_taken, taken = desk.lines.sending.on_route(route.id)
        return Box(
            url=route.relay,
            draining=route.state != USED,
            known=state is not None,
            up=state is not None and state.up,
            since=state.since if state else None,
            what=state.what if state else "",
            not_taken=not_taken,
            taken=taken,
            waiting=look.waiting if look else None,
            oldest=look.oldest if look else None,
            looked=look.at if look else None,
            guarded=host if desk.ledger.guarded(host) else None,
        )

    ours = tuple(map(box, desk.ledger.routes(line_id, own=True)))
    theirs = tuple(map(box, desk.ledger.routes(line_id, own=False)))
    newest = next(iter(desk.ledger.mailboxes(line_id, mine=True)), None)
    addresses = tuple(each.url for each in ours if not each.draining)
    together = tuple(dict.fromkeys((*addresses, *(each.url for each in theirs))))
    return RelaysPage(
        line=line_id,
        peer_name=peer.name if peer else line.name,
        open=line.open,
        ours=ours,
        theirs=theirs,
        stated=newest.at if newest else None,
        confirmed=newest.confirmed if newest else None,
        forgotten=newest is not None and newest.signed is None,
        addresses=addresses,
        only_theirs=len(together) > len(addresses),
        all_addresses=together,
        beat=desk.beating.slot_of(line) // 1000,
        may_keys=bool(desk.context.my_office().roster.rights(officer.public) & Right.KEYS),
        thin=desk.channels.thin.state(line),
    )
