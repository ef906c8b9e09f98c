# SPDX-License-Identifier: Apache-2.0
"""Where each side of a line collects, changed while notes flow (ADR 0043).

An officer states where this office collects from now on. The statement is offered until the peer's desk
says, in a head, that it writes there. What was dropped is collected from until then and until everything
that the peer wrote before is here; so the old relay may be dead, or die in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from goodoffices.core import envelope
from goodoffices.core.addresses import loopback
from goodoffices.core.errors import Foreign, NotNow, YourError
from goodoffices.core.line import Head
from goodoffices.core.mailboxes import Mailboxes, verify_mailboxes
from goodoffices.core.pairing import MAX_ROUTES, Route
from goodoffices.core.statement import Signed, sign, state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.ledger.ledger import LineRow, RouteRow
from goodoffices.desk.ledger.mailboxes import DRAINING, LEFT, USED
from goodoffices.desk.lines.heads import Heads
from goodoffices.desk.thin.cells import Cells

MAX_KEPT = 64
"""Mailboxes of a peer that are remembered per line: one that changes them without end is not followed further."""
MAX_SAME = 8
"""Statements of a peer under one version: more than one come of copies of its vault, and each is read each time."""
MAX_TOLD = 2**31
"""The highest version of our own that a peer is believed: the numbers beyond are left for what we state next."""


class Collecting(Heads):
    """The mailboxes of every line."""

    def __init__(self, context: Context, cells: Cells) -> None:
        super().__init__(context, cells)
        self._stating: dict[bytes, bytes] = {}
        """Own statements that the peer has not confirmed, by their IDs: on which line."""
        self._draining: set[bytes] = set()
        """Lines with a mailbox that is only emptied."""

    # --- our own ----------------------------------------------------------------------------------------

    def resume_mailboxes(self, now: int) -> None:
        """After every start: state again what was not confirmed, go on emptying."""
        for line in self.ledger.lines():
            if any(route.state == DRAINING for route in self.ledger.routes(line.id, own=True)):
                self._draining.add(line.id)
            self._state_again(line, now)

    def boxes_at(self, line_id: bytes, relays: Sequence[str]) -> tuple[RouteRow, ...]:
        """The mailboxes of this office at these relays; raises YourError or NotNow.

        Those that stay are kept as they are, for each further relay there is a fresh one, of number 0.
        """
        line = self.ledger.line(line_id)
        if not line.open:
            raise NotNow(
                "The line is not confirmed by both offices yet.",
                "Confirm it on both sides, and let both desks run: they tell each other. Else pair it anew.",
            )
        wanted = list(dict.fromkeys(each.rstrip("/") for each in relays))
        mine = self.ledger.routes(line_id, own=True)
        used = {route.relay for route in mine if route.state == USED}
        if not 1 <= len(wanted) <= MAX_ROUTES:
            raise YourError(
                f"A line has 1 to {MAX_ROUTES} relays.", "Two in different hands are better than one."
            )
        if set(wanted) == used:
            raise YourError("This office collects at just these relays already.", "Nothing was changed.")
        kept = {route.relay: route for route in mine if route.relay in wanted}
        return tuple(kept.get(url) or self._fresh(line_id, url) for url in wanted)

    def _fresh(self, line_id: bytes, relay: str) -> RouteRow:
        rng = self.context.rng
        return RouteRow(0, line_id, relay, rng(16), rng(32), rng(32), rng(32), made_at_relay=False, cursor=0)

    def collect_at(
        self,
        officer: Officer,
        line_id: bytes,
        relays: Sequence[str],
        now: int,
        drawn: Sequence[RouteRow] = (),
    ) -> None:
        """State that this office collects at these relays from now on; raises YourError or NotNow.

        ``drawn``: mailboxes of ``boxes_at`` that their relays may keep already; a fresh one is taken from there.
        """
        line = self.ledger.line(line_id)
        made = {each.relay: each for each in drawn}
        boxes = [each if each.id else made.get(each.relay, each) for each in self.boxes_at(line_id, relays)]
        wanted = [each.relay for each in boxes]
        mine = self.ledger.routes(line_id, own=True)
        stated = Mailboxes(
            line=line_id,
            office=self.context.me,
            roster=self.context.my_office().roster.version,
            version=self.ledger.mailboxes_version(line_id, mine=True) + 1,
            mailboxes=tuple((each.relay, each.mailbox, each.put) for each in boxes),
            time=self.context.time(now),
        )
        signed = sign(state(stated, self.context.keys.realm), officer.seed)
        with self.context.transaction():
            for each in boxes:
                if not each.id and each.collect is not None and each.remove is not None:
                    there = Route(each.relay, each.mailbox, each.put)
                    self.ledger.add_route(line_id, there, (each.collect, each.remove))
            for old in mine:
                self.ledger.set_route(old.id, USED if old.relay in wanted else DRAINING)
            self.ledger.add_mailboxes(line_id, stated.version, signed.id, signed, now, mine=True)
            self.ledger.audit(
                now, officer.name, f"changed the relays of the line {line.name}", AuditKind.OFFICE
            )
        self._draining.add(line_id)
        self._state_again(line, now)

    def mailboxes_parts(self, line_id: bytes) -> list[tuple[object, ...]]:
        """The statement that the peer has not confirmed, as the part of an envelope; none if there is none."""
        newest = next(iter(self.ledger.mailboxes(line_id, mine=True)), None)
        if newest is None or newest.signed is None or newest.confirmed is not None:
            return []
        self._stating[newest.id] = line_id
        return [envelope.mailboxes_part(newest.signed)]

    def _state_again(self, line: LineRow, now: int) -> None:
        # Its ID stands for an entry in ``sending``: it is offered until the peer's desk has confirmed it.
        if parts := self.mailboxes_parts(line.id):
            newest = self.ledger.mailboxes(line.id, mine=True)[0]
            self._pack(line, parts, [newest.id], now)

    def restate(self, line_id: bytes, stale: frozenset[bytes], now: int) -> None:
        """Offer the newest statement of mailboxes again if it is among what went stale."""
        if stale & self._stating.keys() and self.ledger.mailboxes(line_id, mine=True)[0].id in stale:
            self._state_again(self.ledger.line(line_id), now)

    def drain(self, line: LineRow) -> None:
        """Leave what is being emptied, once all that the peer wrote before it changed over is here.

        Inside the caller's transaction.
        """
        if line.id not in self._draining:
            return
        newest = next(iter(self.ledger.mailboxes(line.id, mine=True)), None)
        if newest is None or newest.confirmed is None:
            return
        if newest.until is not None and not self.ledger.complete_with(line.id, line.peer, newest.until):
            return
        for route in self.ledger.routes(line.id, own=True):
            if route.state == DRAINING:
                self.ledger.set_route(route.id, LEFT)
        self.context.pending.after.append(lambda: self._draining.discard(line.id))

    # --- the peer's -------------------------------------------------------------------------------------

    def _take_mailboxes(self, line: LineRow, signed: Signed, now: int) -> None:
        """Write where the peer collects from now on, and say so. Inside the caller's transaction."""
        if not line.open:
            raise NotNow("The line is not confirmed by both offices yet.")
        stated = verify_mailboxes(signed, line.id, self.peer_of(line))
        routes = self.ledger.routes(line.id, own=False, left=True)
        if not any(_on_this_machine(route.relay) for route in routes) and any(
            _on_this_machine(relay) for relay, _, _ in stated.mailboxes
        ):
            raise Foreign("The other office names a relay on this very machine.")
        new = {box for _, box, _ in stated.mailboxes} - {route.mailbox for route in routes}
        if len(routes) + len(new) > MAX_KEPT:
            raise Foreign("The other office has changed its relays more often than is followed.")
        if stated.version >= self.ledger.mailboxes_version(line.id, mine=False):
            same = [
                each.id
                for each in self.ledger.mailboxes(line.id, mine=False)
                if each.version == stated.version
            ]
            if signed.id not in same and len(same) >= MAX_SAME:
                raise Foreign("The other office states too often, under one version, where it collects.")
            self.ledger.add_mailboxes(line.id, stated.version, signed.id, signed, now, mine=False)
            self.ledger.guard([urlsplit(relay).hostname or "" for relay, _, _ in stated.mailboxes])
            self._write_as_stated(line, now)
        nonce = self.context.rng(16)
        self.context.pending.after.append(lambda: self._send_head(line, nonce, bytes(16), now))

    def _write_as_stated(self, line: LineRow, now: int) -> None:
        # Two statements of one version are the work of an older copy of the peer's vault: it may collect by either.
        statements = self.ledger.mailboxes(line.id, mine=False)
        version = statements[0].version
        wanted: dict[bytes, Route] = {}
        for each in statements:
            if each.version == version and each.signed is not None:
                wanted |= {route.mailbox: route for route in each.signed.statement.read(Mailboxes).routes}
        known = {route.mailbox: route for route in self.ledger.routes(line.id, own=False, left=True)}
        new = wanted.keys() - known.keys()
        moved = [row for box, row in known.items() if (row.state == USED) != (box in wanted)]
        for mailbox in sorted(new):
            self.ledger.add_route(line.id, wanted[mailbox], None)
        for row in moved:
            self.ledger.set_route(row.id, LEFT if row.state == USED else USED)
        if new or moved:
            self._reroute_after(line, now)

    def _write_everywhere(self, line: LineRow, now: int) -> None:
        for route in self.ledger.routes(line.id, own=False, left=True):
            self.ledger.set_route(route.id, USED)
        self._reroute_after(line, now)

    def _reroute_after(self, line: LineRow, now: int) -> None:
        routes = self.ledger.routes(line.id, own=False)
        self.context.pending.after.append(lambda: self.sending.reroute(line.id, routes, now))

    # --- what heads say ---------------------------------------------------------------------------------

    def _told_mailboxes(self, line: LineRow, head: Head, now: int) -> None:
        collects, writes = head.mailboxes or (0, 0)
        self._told_where_it_writes(line, head, writes, now)
        known = self.ledger.mailboxes_version(line.id, mine=False)
        if not known:
            return
        left = {route.state for route in self.ledger.routes(line.id, own=False, left=True)}
        if head.answers is None and collects < known and LEFT in left:
            # Its vault was put back to before it changed: it collects where it did then, and knows no better.
            self._write_everywhere(line, now)
        elif collects == known:
            self._write_as_stated(line, now)

    def _told_where_it_writes(self, line: LineRow, head: Head, writes: int, now: int) -> None:
        own = self.ledger.mailboxes_version(line.id, mine=True)
        if writes > MAX_TOLD:
            raise Foreign(
                "The other desk writes to mailboxes of a version that this office will never state."
            )
        if writes > own:
            self.ledger.add_mailboxes(line.id, writes, bytes(32), None, now, mine=True)
            self.ledger.confirm_mailboxes(line.id, writes, head.mine, now)
            self.ledger.find(
                now,
                "this machine's",
                "The other desk writes to mailboxes of ours that this vault does not hold: it was restored from a"
                " backup of before they were changed.",
                "Both old and new ones are written to. State anew, on the page of the line's relays, where this"
                " office collects.",
                line=line.id,
            )
        elif own and writes == own and self.ledger.confirm_mailboxes(line.id, own, head.mine, now):
            stated = [each for each, on in self._stating.items() if on == line.id]
            self.context.pending.after.append(lambda: self._confirmed(stated))
        self.drain(line)

    def _confirmed(self, stated: Sequence[bytes]) -> None:
        for each in stated:
            self._stating.pop(each, None)
            self.sending.receipted(each)


def _on_this_machine(url: str) -> bool:
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        return loopback(host) or host.endswith(".localhost")
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any(each.is_loopback or each.is_unspecified for each in (address, mapped) if each is not None)
