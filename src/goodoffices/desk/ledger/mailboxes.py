# SPDX-License-Identifier: Apache-2.0
"""The tables of mailboxes: the routes of each line, and what each side stated about its own (ADR 0043)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from goodoffices.core import cbor
from goodoffices.core.line import Place
from goodoffices.core.pairing import Route
from goodoffices.core.statement import Signed, read_signed
from goodoffices.desk.ledger.rows import RouteRow, Tables

_ROUTE = "id, line, relay, mailbox, put, collect, remove, made_at_relay, cursor, state"
_GUARDED = "relays named since"
USED, DRAINING, LEFT = "used", "draining", "left"


@dataclass(frozen=True)
class MailboxesRow:
    """One statement of where an office collects. ``signed`` is None for an own one that this vault has lost."""

    version: int
    id: bytes
    signed: Signed | None
    at: int
    confirmed: int | None
    until: Place | None


class MailboxTables(Tables):
    """Routes, and the statements that change them."""

    def routes(self, line_id: bytes | None = None, *, own: bool, left: bool = False) -> list[RouteRow]:
        """Own mailboxes, or the peer's, of one line or of all. ``left``: also those no longer used.

        Remembered, as lines are: whatever writes to the table forgets them.
        """
        if self._routes is None:
            rows = self._all(f"SELECT {_ROUTE} FROM route ORDER BY id")
            self._routes = [RouteRow(*(*row[:7], bool(row[7]), row[8], row[9])) for row in rows]
        return [
            row
            for row in self._routes
            if (row.collect is not None) == own
            and (line_id is None or row.line == line_id)
            and (left or row.state != LEFT)
        ]

    def guarded(self, host: str) -> bool:
        """Whether a peer named this host after the pairing, and nobody here allowed it inside the own network."""
        return host in self.guarded_hosts()

    def guarded_hosts(self) -> list[str]:
        """Every such host, oldest first."""
        return [str(each) for each in cbor.decode(self.fact(_GUARDED) or cbor.encode([]))]

    def guard(self, hosts: Collection[str]) -> None:
        """Hosts that a peer names now: those at which nobody collected before are guarded from now on."""
        known = {
            urlsplit(row.relay).hostname for own in (True, False) for row in self.routes(own=own, left=True)
        }
        kept = self.guarded_hosts()
        new = [each for each in dict.fromkeys(hosts) if each not in known and each not in kept]
        if new:
            self.set_fact(_GUARDED, cbor.encode([*kept, *new]))

    def allow_inside(self, host: str) -> None:
        """An officer knows this host."""
        self.set_fact(_GUARDED, cbor.encode([each for each in self.guarded_hosts() if each != host]))

    def mailbox_made(self, route_id: int) -> None:
        """The relay has this mailbox."""
        self._routes = None
        self.db.execute("UPDATE route SET made_at_relay=1 WHERE id=?", (route_id,))

    def add_route(self, line: bytes, route: Route, rights: tuple[bytes, bytes] | None) -> None:
        """One more mailbox of a line. ``rights``: (collect, remove) of an own one."""
        self._routes = None
        collect, remove = rights or (None, None)
        self.db.execute(
            "INSERT INTO route (line, relay, mailbox, put, collect, remove) VALUES (?,?,?,?,?,?)",
            (line, route.relay, route.mailbox, route.put, collect, remove),
        )

    def set_route(self, route_id: int, state: str) -> None:
        """Used, draining or left."""
        self._routes = None
        self.db.execute("UPDATE route SET state=? WHERE id=?", (state, route_id))

    def mailboxes(self, line: bytes, *, mine: bool) -> list[MailboxesRow]:
        """What one side stated since the pairing, newest version first."""
        rows = self._all(
            "SELECT version, id, signed, at, confirmed, until FROM mailboxes WHERE line=? AND mine=?"
            " ORDER BY version DESC, id",
            line,
            int(mine),
        )
        return [_row(row) for row in rows]

    def mailboxes_version(self, line: bytes, *, mine: bool) -> int:
        """The newest version that is known here; 0: the pairing's."""
        row = self._one("SELECT max(version) FROM mailboxes WHERE line=? AND mine=?", line, int(mine))
        return int(row[0] or 0)

    def add_mailboxes(
        self, line: bytes, version: int, identifier: bytes, signed: Signed | None, now: int, *, mine: bool
    ) -> None:
        """Keep a statement; again is the same as once. Of the peer's, and of own lost ones, the newest stay."""
        self.db.execute(
            "DELETE FROM mailboxes WHERE line=? AND mine=? AND version<? AND (mine=0 OR signed IS NULL)",
            (line, int(mine), version),
        )
        self.db.execute(
            "INSERT OR IGNORE INTO mailboxes (line, mine, version, id, signed, at) VALUES (?,?,?,?,?,?)",
            (line, int(mine), version, identifier, signed.raw if signed else None, now),
        )

    def confirm_mailboxes(self, line: bytes, version: int, until: Place | None, now: int) -> bool:
        """The peer's desk writes to the own mailboxes of this version; False if that was known."""
        changed = self.db.execute(
            "UPDATE mailboxes SET confirmed=?, until=? WHERE line=? AND mine=1 AND version=? AND confirmed IS NULL",
            (now, cbor.encode(until) if until else None, line, version),
        )
        return changed.rowcount > 0


def _row(row: Any) -> MailboxesRow:
    version, identifier, signed, at, confirmed, until = row
    return MailboxesRow(
        version,
        bytes(identifier),
        read_signed(bytes(signed)) if signed is not None else None,
        at,
        confirmed,
        cbor.decode(bytes(until)) if until is not None else None,
    )
