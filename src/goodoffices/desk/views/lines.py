# SPDX-License-Identifier: Apache-2.0
"""The lines page: what is known of each line and relay, so that silence can be read (P6).

What is not known is said as such: a desk that has sent nothing is *not heard*, never *down*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from goodoffices.core.office import Right, Roster
from goodoffices.core.statement import Signed
from goodoffices.core.vouching import roster_digits
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.lines.stops import stopped
from goodoffices.desk.views.clocks import zone_of

REFUSED = " refused with "
"""Stands in what a desk says of a relay that answered."""
PATIENCE = 60_000
"""Milliseconds after which something that the other desk has not receipted is called waiting."""
THIN_PATIENCE = 300_000
"""Milliseconds for which the desk at the end of a thin line counts as there once it was heard: receipts take long."""


class RelayLike(Protocol):
    """What the runner knows of one relay."""

    @property
    def url(self) -> str: ...
    @property
    def up(self) -> bool: ...
    @property
    def since(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def what(self) -> str: ...


@dataclass(frozen=True)
class RelayCard:
    """One relay of a line."""

    url: str
    known: bool
    up: bool
    since: int | None
    waiting: int
    what: str


@dataclass(frozen=True)
class LineCard:
    """One line with the state that silence on it has."""

    id: bytes
    name: str
    peer: bytes
    peer_name: str
    peer_digits: str
    state: str
    """confirm here | confirm there | route down | relays down | relay down | silent | locked | not heard | open"""
    since: int | None
    heard: int | None
    locked: bool
    unreceipted: int
    oldest_unreceipted: int | None
    thin: str
    """no | ours | theirs | agreed | thin"""
    relays: tuple[RelayCard, ...]
    confirmed_here: bool
    confirmed_there: bool
    read_aloud: str | None
    waiting: int | None = None
    """Version of their roster that came by its root's word alone, and waits for its digits."""
    untold: tuple[tuple[int, str], ...] = ()
    """Version and digits of our own rosters of which their desk has not said yet that they count there."""


@dataclass(frozen=True)
class KnownOffice:
    """An office whose credential is here."""

    id: bytes
    name: str
    digits: str
    introduced_by: str | None
    mine: bool
    zone: str
    """Its time zone as it was entered here; empty if it was not."""


@dataclass(frozen=True)
class LinesPage:
    """Every line, relay and known office."""

    lines: tuple[LineCard, ...]
    offices: tuple[KnownOffice, ...]
    may_keys: bool


def _relays(desk: Desk, line: LineRow, relays: tuple[RelayLike, ...]) -> tuple[RelayCard, ...]:
    urls = dict.fromkeys(
        route.relay for own in (True, False) for route in desk.ledger.routes(line.id, own=own)
    )
    known = {each.url.rstrip("/"): each for each in relays}
    cards = []
    for url in urls:
        state = known.get(url.rstrip("/"))
        if state is None:
            cards.append(RelayCard(url, known=False, up=False, since=None, waiting=0, what=""))
        else:
            cards.append(RelayCard(url, True, state.up, state.since, state.waiting, state.what))
    return tuple(cards)


def _state(
    line: LineRow,
    card_relays: tuple[RelayCard, ...],
    heard: tuple[int, bool] | None,
    waits: int | None,
    now: int,
    *,
    all_down: bool,
    thin: bool,
) -> tuple[str, int | None]:
    if not line.confirmed_here:
        return "confirm here", None
    if not line.open:
        return "confirm there", None
    known = [each for each in card_relays if each.known]
    down = [each for each in known if not each.up]
    if known and len(down) == len(known):
        since = max((each.since for each in down if each.since is not None), default=None)
        return "route down" if all_down else "relays down", since
    there = thin and heard is not None and now - heard[0] < THIN_PATIENCE
    if waits is not None and now - waits > PATIENCE and not there:
        return "silent", waits
    if down:
        return "relay down", down[0].since
    if heard is None:
        return "not heard", None
    return ("locked", heard[0]) if heard[1] else ("open", heard[0])


def _version(roster: Signed) -> int:
    return roster.statement.read(Roster).version


def line_cards(desk: Desk, now: int, relays: tuple[RelayLike, ...]) -> tuple[LineCard, ...]:
    """Every line."""
    cards = []
    # Several relays of several keepers do not fail at once: it is this office's own way out.
    # One that answers and refuses has been reached.
    all_down = len(relays) > 1 and not any(each.up or REFUSED in each.what for each in relays)
    for line in desk.ledger.lines():
        peer = desk.ledger.office(line.peer)
        unreceipted, oldest = desk.ledger.waits_for_receipt(line.id, desk.me)
        heard = desk.lines.heard.get(line.id)
        of_line = _relays(desk, line, relays)
        thin = desk.channels.thin.state(line)
        state, since = _state(line, of_line, heard, oldest, now, all_down=all_down, thin=thin == "thin")
        left = stopped(desk.ledger, line)
        if left is not None:
            state, since = "left", left
        cards.append(
            LineCard(
                id=line.id,
                name=line.name,
                peer=line.peer,
                peer_name=peer.name if peer else line.name,
                peer_digits=peer.digits if peer else "",
                state=state,
                since=since,
                heard=desk.lines.last_heard(line.id),
                locked=heard[1] if heard else False,
                unreceipted=unreceipted,
                oldest_unreceipted=oldest,
                thin=thin,
                relays=of_line,
                confirmed_here=line.confirmed_here,
                confirmed_there=line.their_confirmation is not None,
                read_aloud=None if line.open else desk.spoken_digits(line).read_aloud,
                waiting=next(map(_version, desk.channels.waiting.of(line.peer)), None),
                untold=tuple((_version(each), roster_digits(each)) for each in desk.lines.untold.on(line.id)),
            )
        )
    return tuple(cards)


def lines_page(desk: Desk, officer: Officer, now: int, relays: tuple[RelayLike, ...]) -> LinesPage:
    """Lines, relays, offices that can be introduced."""
    names = {office.id: office.name for office, _ in desk.ledger.offices()}
    return LinesPage(
        line_cards(desk, now, relays),
        tuple(
            KnownOffice(
                office.id,
                office.name,
                office.digits,
                names.get(introducer) if introducer else None,
                office.id == desk.me,
                zone_of(desk, office.id),
            )
            for office, introducer in desk.ledger.offices()
        ),
        bool(desk.context.my_office().roster.rights(officer.public) & Right.KEYS),
    )
