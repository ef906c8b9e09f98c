# SPDX-License-Identifier: Apache-2.0
"""Acts at one desk: signed, kept, put in their author's chain, and carried to whom they may concern.

A note's acts go to a neighbour only with or after the note itself, so that nobody learns from a receipt
what was never forwarded to him.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goodoffices.core.act import BY_DESK, CHANNEL_LANE, Act, ActType, ProofKind
from goodoffices.core.errors import Foreign, NotNow
from goodoffices.core.line import Item
from goodoffices.core.mandate import Agreement
from goodoffices.core.note import Note
from goodoffices.core.sealed import Header
from goodoffices.core.statement import Signed, read_signed, sign, state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.channels.departed import Departed
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.ledger.rows import MAX_REMEMBERED
from goodoffices.desk.thin.agreeing import ThinAgreeing
from goodoffices.desk.thin.notes import ThinNotes
from goodoffices.desk.vault.keys import open_text

Flush = Callable[[bytes, int], None]


class Chains:
    """Acts and the chains that they stand in."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ledger = context.ledger
        self._new_acts = True
        self._rosters: dict[bytes, int] = {}
        """By act: the roster that it states. Acts are named by their content, so this holds whatever is undone."""
        self.thin = ThinAgreeing(context, self._comes_from)
        self.thin_notes = ThinNotes(context, self.thin)
        self.departed = Departed(context)

    def _agreement(self, mandate_id: bytes) -> Agreement:
        if not self.ledger.has_mandate(mandate_id):
            raise NotNow("It belongs to a mandate that has not arrived here yet.")
        agreement = self.ledger.agreement(mandate_id)
        if not agreement.complete:
            raise NotNow("It belongs to a mandate that not every office has signed yet.")
        return agreement

    def _comes_from(self, agreement: Agreement, author: bytes, peer: bytes) -> None:
        me = self.context.me
        if author not in agreement.mandate.path or author == me or me not in agreement.mandate.path:
            raise Foreign("Something of an office that is not on the channel's path, or of our own.")
        if agreement.mandate.on_paper(author):
            raise Foreign("Something signed in the name of an office on paper, which has no desk.")
        if agreement.mandate.next_hop(me, author) != peer:
            raise Foreign("Something that came from the wrong side of the path.")

    def _check_lane(self, agreement: Agreement, author: bytes, lane: bytes) -> None:
        if lane == CHANNEL_LANE:
            return
        me, neighbours = self.context.me, agreement.mandate.neighbours(self.context.me)
        own = lane == me and author in neighbours
        beside = lane == author and lane in neighbours
        if not agreement.mandate.is_party(lane) or not (own or beside):
            raise Foreign("Something of a caucus that is not this office's.")

    def _check_addresses(self, agreement: Agreement, header: Header) -> None:
        """Raise Foreign on a note to nobody on the path, or in a lane that is not its own."""
        if header.recipient not in agreement.mandate.path or header.recipient == header.author:
            raise Foreign("A note to nobody on the channel's path.")
        between = agreement.mandate.carries_between_parties(header.author, header.recipient)
        if (header.lane == CHANNEL_LANE) != between:
            raise Foreign(
                "A note in a lane that is not its own: between the parties, or with one of them alone."
            )
        if header.lane != CHANNEL_LANE and header.recipient != self.context.me:
            raise Foreign("A caucus note that is not for this office.")

    def keep_act(
        self,
        agreement: Agreement,
        signed: Signed,
        act: Act,
        now: int,
        *,
        came_from: bytes | None,
        drawn_up_now: bool = False,
    ) -> None:
        """Keep an act that is new here, chain it, and carry it to the neighbours that may have it.

        ``drawn_up_now``: an own one, by this very transaction, so it stands behind the furthest of its chain.
        """
        self.ledger.add_act(signed, act, now, came_from)
        if drawn_up_now:
            place = act.mandate, act.lane, act.author, act.incarnation, act.sequence, signed.id
            self.ledger.extend_chain(place)
        else:
            self._link(agreement, signed.id, act, now)
            self._check_roster(agreement, act, signed.id, now)
        if came_from is not None:
            self.departed.act(agreement, signed.id, act, signed.signers, now)
        for neighbour in agreement.mandate.neighbours(self.context.me):
            if neighbour != came_from:
                self.carry(agreement, signed, act, neighbour, new=True)
        self.context.pending.changed.add(act.mandate)

    def carry(
        self, agreement: Agreement, signed: Signed, act: Act, neighbour: bytes, *, new: bool = False
    ) -> None:
        """Owe an act to a neighbour, unless it has it, may not have it, or must wait for its note.

        ``new``: it is kept by this very transaction, so nobody can have it.
        """
        me = self.context.me
        if act.recipient == me or (not new and self.ledger.carried_to(signed.id, neighbour)):
            return
        if act.lane != CHANNEL_LANE and act.lane not in (me, neighbour):
            return
        if act.subject is not None and not self._has_note(act.subject, neighbour, agreement):
            return
        to = self.ledger.line_to(neighbour)
        if to is not None:
            self.ledger.owe(to.id, (Item.ACT, signed.raw))
            self.ledger.mark_carried(signed.id, neighbour)

    def _has_note(self, note_id: bytes, neighbour: bytes, agreement: Agreement) -> bool:
        note = self.ledger.note(note_id)
        if note is None or note.mandate != agreement.id:
            return False
        me = self.context.me
        if note.author != me and agreement.mandate.next_hop(me, note.author) == neighbour:
            return True
        return self.ledger.carried_to(note_id, neighbour)

    def _link(self, agreement: Agreement, what: bytes, act: Any, now: int) -> None:
        link = (act.mandate, act.lane, act.author, act.incarnation, act.sequence, what)
        if self.ledger.add_link(link):
            self.ledger.find(
                now,
                "the other office's",
                f"{agreement.name_of(act.author)} signed two different acts {act.sequence} in one incarnation.",
                "Both are kept. Ask that office by another way; verify the record.",
                entry=what,
            )

    def _check_roster(self, agreement: Agreement, act: Act | Note, act_id: bytes, now: int) -> None:
        """Nobody goes back to an older roster: so could a removed officer's key still be used."""
        stated = self._roster_of(act.previous) if act.previous is not None else 0
        if len(self._rosters) >= MAX_REMEMBERED:
            self._rosters.clear()
        self._rosters[act_id] = act.roster
        if act.roster < stated:
            self.ledger.find(
                now,
                "the other office's",
                f"{agreement.name_of(act.author)}'s act {act.sequence} goes by roster {act.roster}, though the one"
                f" before it went by roster {stated}.",
                "It may be an old copy of that office's vault, or the key of an officer who is out. Ask that office.",
                entry=act_id,
            )

    def _roster_of(self, act_id: bytes) -> int:
        """Which roster an act states; 0 if it is not here."""
        if act_id in self._rosters:
            return self._rosters[act_id]
        if self.ledger.remembers_note(act_id):
            return 0  # its place is in the chain, but it is no act
        row = self.ledger.act(act_id)
        return read_signed(row.signed).statement.read(Act).roster if row is not None else 0

    def _check_number(self, agreement: Agreement, note: NoteRow, now: int) -> None:
        others = self.ledger.others_of_number(note)
        if not others:
            return
        chains = self.ledger.incarnations_of(note, (note.id, *others))
        self.ledger.find(
            now,
            "the other office's",
            f"{agreement.name_of(note.author)} signed two different notes under its number {note.number}."
            + (
                " It began a new chain in between: its vault may have been restored."
                if len(chains) > 1
                else ""
            ),
            "Both are kept and shown. Ask that office by another way which one is meant.",
            entry=note.id,
        )

    def _role(self, agreement: Agreement) -> int:
        return next(role for role, office, _, _ in agreement.mandate.offices if office == self.context.me)

    def words_inside(self, note: NoteRow) -> bytes | None:
        """What was inside a verified note's seal, if the desk is unlocked."""
        if note.words_sealed is None or self.context.reading_key is None:
            return None
        return open_text(self.context.reading_key, note.words_sealed, note.id)

    def place(self, mandate: bytes, lane: bytes) -> dict[str, Any]:
        """The fields that put a new act or note at the end of this office's chain in a lane."""
        pending = self.context.pending
        if self._new_acts and not pending.new_chains:
            # This vault may be an older copy than what was sent: no old chain is continued (ADR 0017).
            self.ledger.set_fact("act incarnation", self.context.rng(16))
            pending.new_chains = True
            pending.after.append(self.continue_chains)
        incarnation = self.ledger.fact("act incarnation")
        if incarnation is None:
            incarnation = self.context.rng(16)
            self.ledger.set_fact("act incarnation", incarnation)
        head = self.ledger.chain_head(mandate, lane, self.context.me)
        return {
            "mandate": mandate,
            "author": self.context.me,
            "lane": lane,
            "incarnation": incarnation,
            "sequence": head[1] + 1 if head else 1,
            "previous": head[2] if head else None,
            "roster": self.context.my_office().roster.version,
            "proof": int(ProofKind.TRANSFERABLE),
        }

    def continue_chains(self) -> None:
        """A new incarnation is on disk: chains go on under it."""
        self._new_acts = False

    def do(
        self,
        agreement: Agreement,
        kind: ActType,
        now: int,
        *,
        recipient: bytes,
        lane: bytes,
        officer: Officer | None = None,
        also: tuple[Officer, ...] = (),
        **fields: Any,
    ) -> Signed:
        """Sign and keep an act of this office, by an officer or (``None``) by the desk.

        ``also``: officers who sign it with him.
        """
        if officer is None and kind not in BY_DESK and kind != ActType.FORWARDED:
            raise ValueError("only an officer can do that")
        act = Act(
            **self.place(agreement.id, lane),
            recipient=recipient,
            time=self.context.time(now),
            type=int(kind),
            case_at=self.context.case_at(now),
            **fields,
        )
        seed = officer.seed if officer is not None else self.context.keys.desk_seed
        signed = sign(state(act, self.context.keys.realm), seed, *(each.seed for each in also))
        self.keep_act(agreement, signed, act, now, came_from=None, drawn_up_now=True)
        for each in (officer, *also) if officer is not None else ():
            about = f" about note {act.subject.hex()[:8]}" if act.subject else ""
            did = kind.name.lower().replace("_", " ")
            self.ledger.audit(now, each.name, f"signed '{did}'{about}", AuditKind.ACT)
        return signed

    def sign_arrivals(self) -> None:
        """Sign that notes are at this desk, since they came: what their next readers need is under way (ADR 0036)."""
        for note_id, digest in self.ledger.arrivals():
            note = self.ledger.note(note_id)
            if note is not None:
                self.do(
                    self.ledger.agreement(note.mandate),
                    ActType.AT_DESK,
                    note.at,
                    recipient=note.author,
                    lane=note.lane,
                    subject=note.id,
                    evidence=digest,
                )
            self.ledger.signed_arrival(note_id)
