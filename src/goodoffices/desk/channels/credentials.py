# SPDX-License-Identifier: Apache-2.0
"""Offices as a desk learns of them: introduced, and followed from roster to roster (ADR 0022).

What is news here goes on to the neighbours on the paths on which that office stands, each roster once and by
itself. A roster that came by its root's word alone waits (``waiting_rosters``).
"""

from __future__ import annotations

from goodoffices.core.errors import Foreign, NotNow, Oversized
from goodoffices.core.fields import hidden_in, shown_name
from goodoffices.core.line import MAX_BODY, Item
from goodoffices.core.mandate import Agreement, Mandate, Precedence
from goodoffices.core.office import Office, Roster, follow, merge, verify_office
from goodoffices.core.statement import Signed
from goodoffices.desk.channels.chains import Chains
from goodoffices.desk.channels.forgotten import Forgotten
from goodoffices.desk.channels.waiting_rosters import WaitingRosters
from goodoffices.desk.context import Context

MAX_INTRODUCED = 64
"""Offices that one neighbour may have introduced beyond those of mandates in force."""
MAX_PROPOSED = 32
"""Mandates that came from one neighbour and wait for this office's signature."""
LARGE = MAX_BODY // 4
"""Bytes of a credential from which on it is handed over in pieces, each of which fits an envelope."""


def wait_for_credentials(signed: Signed, offered: dict[bytes, Office]) -> None:
    """Raise NotNow while a mandate has overtaken the credentials that went ahead of it."""
    for _, office_id, pin, paper in signed.statement.read(Mandate).offices:
        known = offered.get(office_id)
        if not paper and (known is None or pin not in {each.id for each in known.signed[1:]}):
            raise NotNow("A mandate that names an office, or a roster of one, which is not here yet.")


class Credentials(Chains):
    """Credentials known here, and what goes on to others."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.forgotten = Forgotten(context, self.owe_mandate)
        self.waiting = WaitingRosters(self.ledger)

    def learn(self, office: Office, introduced_by: bytes | None, now: int) -> None:
        """Keep a credential, or the longer of two of the same office."""
        if office.realm != self.context.keys.realm:
            raise Foreign("A credential of another realm: a drill and the live channel never mix.")
        if office.id == self.context.me:
            return
        known = self.ledger.office(office.id)
        merged = merge(known, office) if known else office
        if known is None:
            self._require_room_for_office(introduced_by)
            self.ledger.save_office(merged, introduced_by)
            self.departed.told(merged, 0)
            self.name_hidden("It is an office's.", merged.name, merged.id, now)
            self._name_officers(merged, (), now)
            self.context.something_came()
        elif len(merged.signed) > len(known.signed):
            self._follow(known, merged, introduced_by, now)

    def learn_paired(self, office: Office, now: int) -> None:
        """The credential of an invitation, whose digits nobody has compared yet (``Desk.confirm`` does).

        Where a line with that office is open it changes nothing before: somebody else may have written it.
        """
        known, line = self.ledger.office(office.id), self.ledger.line_to(office.id)
        if known is not None and line is not None and line.open:
            merge(known, office)
        else:
            self.learn(office, None, now)

    def _require_room_for_office(self, introduced_by: bytes | None) -> None:
        """Raise Oversized if the introducer's offices that no mandate in force needs are too many."""
        if introduced_by is None:
            return
        introduced = {each.id for each, by in self.ledger.offices() if by == introduced_by}
        if len(introduced) >= MAX_INTRODUCED:
            for mandate_id in self.ledger.mandates():
                agreement = self.ledger.agreement(mandate_id)
                if agreement.complete:
                    introduced -= set(agreement.mandate.path)
        if len(introduced) >= MAX_INTRODUCED:
            raise Oversized(
                f"{self._name(introduced_by)} has introduced {MAX_INTRODUCED} offices that no mandate in force"
                " needs; no more are kept.",
                "Ask that office what they are for.",
            )

    def require_room_for_mandate(self, mandate_id: bytes, proposer: bytes) -> None:
        """Raise Oversized if too many mandates that this office has not signed came from one neighbour."""
        waiting = self.ledger.mandates_not_in_force()
        if mandate_id in waiting or len(waiting) < MAX_PROPOSED or self.ledger.has_mandate(mandate_id):
            return
        me = self.context.me
        agreements = [self.ledger.agreement(each) for each in waiting]
        theirs = [each for each in agreements if proposer in each.mandate.neighbours(me)]
        if sum(me not in each.signed_by() for each in theirs) >= MAX_PROPOSED:
            raise Oversized(
                f"{self._name(proposer)} has proposed {MAX_PROPOSED} mandates that this office has not signed;"
                " no more are kept.",
                "Sign those that are meant, and ask that office about the others.",
            )

    def _name(self, office: bytes) -> str:
        known = self.ledger.office(office)
        return known.name if known is not None else "An office"

    def learn_roster(self, signed: Signed, came_from: bytes, now: int) -> None:
        """Keep a roster that came alone; raises NotNow until those before it are here."""
        office_id = signed.statement.read(Roster, realm=self.context.keys.realm).office
        if office_id == self.context.me:
            return
        known = self.ledger.office(office_id)
        if known is None:
            raise NotNow("A roster of an office that is not known here yet.")
        longer = follow(known, signed)
        if longer is not known:
            self._follow(known, longer, came_from, now)

    def _follow(self, known: Office, longer: Office, came_from: bytes | None, now: int) -> None:
        self.ledger.save_office(longer, came_from)
        self.departed.told(longer, known.roster.version)
        for rival in self.waiting.settle(longer):
            self._name_rival(longer, rival, now)
        self._name_officers(longer, known.rosters, now)
        self.context.something_came()
        if came_from not in (None, known.id) and (to := self.ledger.line_to(known.id)) is not None:
            self.forgotten.hand_rosters(
                to, known.roster.version, now
            )  # a vault that lost it may know it from here
        for mandate_id in self.ledger.mandates():
            agreement = self.ledger.agreement(mandate_id)
            path = agreement.mandate.path
            if known.id not in path or self.context.me not in path:
                continue
            self.context.pending.changed.add(mandate_id)
            nearer = agreement.mandate.next_hop(self.context.me, known.id)
            for neighbour in agreement.mandate.neighbours(self.context.me):
                if neighbour not in (nearer, came_from):
                    self._pass_on(longer.signed[len(known.signed) :], neighbour)
        self.roster_came(now)

    def _name_rival(self, office: Office, rival: Signed, now: int) -> None:
        version = rival.statement.read(Roster).version
        line = self.ledger.line_to(office.id)
        self.ledger.find(
            now,
            "the other office's",
            f"The root of {shown_name(office.name)} has signed two rosters {version}: the one that waited here never"
            " counted.",
            "Tell that office by voice: its root is stolen, or was used twice. What counts is the other roster.",
            line=line.id if line is not None else None,
            entry=rival.id,
        )

    def _name_officers(self, office: Office, before: tuple[Roster, ...], now: int) -> None:
        for roster in office.rosters[len(before) :]:
            for pseudonym, public, _ in roster.officers:
                whose = f"It is that of an officer of {shown_name(office.name)}."
                self.name_hidden(whose, pseudonym, public, now)

    def name_hidden(self, whose: str, name: str, entry: bytes, now: int) -> None:
        """Say which characters of a received name cannot be seen: it may look like another's (P12)."""
        hidden = hidden_in(name)
        if hidden:
            self.ledger.find(
                now,
                "the other office's",
                f"The name {shown_name(name)} holds what cannot be seen: {', '.join(dict.fromkeys(hidden))}."
                f" {whose}",
                "It may look like another name. Go by the digits, and ask that office why.",
                entry=entry,
            )

    def _pass_on(self, rosters: tuple[Signed, ...], neighbour: bytes) -> None:
        """Owe rosters to a neighbour. No note that states one can be judged before, so none goes before it."""
        to = self.ledger.line_to(neighbour)
        for each in rosters:
            if to is not None and not self.ledger.carried_to(each.id, neighbour):
                self.ledger.owe(to.id, (Item.NEXT_ROSTER, each.raw), urgent=Precedence.FLASH)
                self.ledger.mark_carried(each.id, neighbour)

    def roster_came(self, now: int) -> None:
        """What waited for a roster can be judged now."""

    # --- handing credentials over ---------------------------------------------------------------------

    def owe_credential(self, line: bytes, office: Office) -> None:
        """Owe an office's credential: whole, or its beginning and then each further roster by itself."""
        whole = len(office.raw) <= LARGE
        first = office if whole else verify_office(office.signed[:2])
        self.ledger.owe(line, (Item.ROSTER, first.raw))
        for each in () if whole else office.signed[2:]:
            self.ledger.owe(line, (Item.NEXT_ROSTER, each.raw))

    def owe_mandate(self, line: bytes, agreement: Agreement, papers: tuple[bytes, ...]) -> None:
        """Owe a mandate with its offices' credentials, which go ahead of it where all is too much for one."""
        offices = agreement.offices.values()
        credentials = [office.raw for office in offices]
        if sum(map(len, (*credentials, *papers))) > MAX_BODY // 2:
            for office in offices:
                self.owe_credential(line, office)
            credentials = []
        self.ledger.owe(line, (Item.MANDATE, agreement.signed.raw, credentials, list(papers)))
