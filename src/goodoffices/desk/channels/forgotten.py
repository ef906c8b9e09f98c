# SPDX-License-Identifier: Apache-2.0
"""What a peer's vault has forgotten of mandates and of its own rosters: it is handed back (docs/format.md §8).

An officer signs a mandate once, and whoever holds that signature sees no need to send it back to its own office.
A vault that was put back, or whose disk lied, may lack it: then the mandate is in force everywhere but there, and
whatever comes under it waits for ever. A desk that asks with an older roster than is known is handed the later ones
by its answer; but what it had sent before it was lost may come in only after that answer. Its peers see which of
its entries it has forgotten: those after the place from which it goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from goodoffices.core.errors import Malformed, OtherOfficeError
from goodoffices.core.line import CarriedEntry, Item, Place, read_items
from goodoffices.core.mandate import Agreement, Mandate, Precedence
from goodoffices.core.office import Roster
from goodoffices.core.statement import Signed, read_signed
from goodoffices.desk.context import Context
from goodoffices.desk.ledger.ledger import LineRow

TOLD: dict[int, type[Mandate | Roster]] = {Item.MANDATE: Mandate, Item.NEXT_ROSTER: Roster}
Owe = Callable[[bytes, Agreement, tuple[bytes, ...]], None]


class Forgotten:
    """What peers have forgotten. Everything inside the caller's transaction."""

    def __init__(self, context: Context, owe: Owe) -> None:
        self.context = context
        self.ledger = context.ledger
        self._owe = owe
        self._ends: dict[bytes, Place | None] = {}
        """By line, where its peer's vault ended when it last asked."""
        self._handed: set[tuple[bytes, ...]] = set()
        """What this process has handed back: it stands in entries, which are offered until they are receipted.

        Once is enough, and two desks that take each other's mandates for forgotten ones come to an end.
        """
        self.hand_rosters: Callable[[LineRow, int, int], None] = lambda line, version, now: None
        """Hands a peer the rosters of its own office after ``version``, which no entry of another can tell it."""

    def asked(self, line: LineRow, place: Place | None) -> None:
        """The peer asks: its vault ends with ``place``. Its own rosters go with the answer."""
        self._ends[line.id] = place
        self._hand_back(line, self.ledger.forgotten_after(line.id, line.peer, place))

    def goes_on(self, line: LineRow, place: Place | None, opening: CarriedEntry, now: int) -> None:
        """The peer goes on after ``place`` in an incarnation that begins with ``opening``."""
        begins = [at for at, item in enumerate(opening.items) if item[0] == Item.INCARNATION]
        if opening.entry.number != 1 or begins != [0]:
            raise Malformed("An incarnation that begins in the midst of another, or of an entry.")
        if not self.context.pending.may_look():
            return
        bodies = self.ledger.forgotten_after(line.id, line.peer, place, but=opening.entry.incarnation)
        if self._hand_back(line, bodies):
            self._hand_rosters(line, opening.entry.roster, now)

    def came(self, line: LineRow, carried: CarriedEntry, now: int) -> None:
        """An entry that tells of mandates or rosters came: under way, perhaps, when its writer's vault was lost."""
        if not self._is_forgotten(line, carried.place) or not self._hand_back(line, [carried.body]):
            return
        newest = self.ledger.newest_head(line.id, line.peer)
        entry = self.ledger.entry(newest[2]) if newest is not None else None
        if entry is not None and self.context.pending.may_look():
            self._hand_rosters(line, entry.entry.roster, now)

    def _is_forgotten(self, line: LineRow, place: Place) -> bool:
        ends = self._ends.get(line.id)
        if ends is not None and ends[0] == place[0] and ends[1] < place[1]:
            return True
        return self.ledger.is_passed_over(line.id, line.peer, place)

    def _hand_back(self, line: LineRow, bodies: list[bytes]) -> bool:
        """Owe the mandates and others' rosters in these bodies; True if the peer's own rosters were among them."""
        own = False
        for kind, signed in dict.fromkeys(each for body in bodies for each in _told_in(body)):
            if kind == Item.MANDATE and self.ledger.has_mandate(signed.id):
                agreement = self.ledger.agreement(signed.id)
                if self._first(line.id, signed.id, *agreement.signed.signers):
                    self._owe(line.id, agreement, self.ledger.papers_of(signed.id))
            elif kind == Item.NEXT_ROSTER:
                office = signed.statement.read(Roster).office
                own = own or office == line.peer
                known = office != line.peer and self.ledger.office(office) is not None
                if known and self._first(line.id, signed.id):
                    self.ledger.owe(line.id, (Item.NEXT_ROSTER, signed.raw), urgent=Precedence.FLASH)
        return own

    def _first(self, *what: bytes) -> bool:
        if what in self._handed:
            return False
        self.context.pending.after.append(lambda: self._handed.add(what))
        return True

    def _hand_rosters(self, line: LineRow, version: int, now: int) -> None:
        peer = self.ledger.office(line.peer)
        if peer is not None and version < peer.roster.version:
            self.hand_rosters(line, version, now)


def _told_in(body: bytes) -> list[tuple[int, Signed]]:
    """Mandates and rosters in a body. One that cannot be read was a finding when it came (P12)."""
    found = []
    with suppress(OtherOfficeError):
        for item in read_items(body):
            if item[0] in TOLD:
                signed = read_signed(item[1])
                signed.statement.read(TOLD[item[0]])
                found.append((int(item[0]), signed))
    return found
