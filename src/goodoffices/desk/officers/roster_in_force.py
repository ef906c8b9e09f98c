# SPDX-License-Identifier: Apache-2.0
"""Rosters coming into force here: signed as asked, or lost by this vault and brought back (ADR 0022, ADR 0073).

A vault that went back may have lost rosters and the keys that they name. Peers hand the rosters back, or the
root brings what it has signed; the keys are gone, so the desk says which, and the next request draws others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from goodoffices.core import cbor, crypto, digits
from goodoffices.core.errors import DigitsDiffer, Foreign, NotFound, NotNow, YourError
from goodoffices.core.office import (
    Epochs,
    Office,
    Right,
    Roster,
    follow,
    is_desk,
    require_version,
    sealing_key,
)
from goodoffices.core.roster_request import RosterRequest
from goodoffices.core.statement import Signed, Statement, state
from goodoffices.core.vouching import ROSTER_DIGITS, Vouch, roster_digits
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.channels.channels import Channels
from goodoffices.desk.context import Context, DeskKeys, Officer
from goodoffices.desk.founding import CHECKPOINT, keys_in, reading_seeds
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.lines.lines import Lines
from goodoffices.desk.officers.acting import Acting
from goodoffices.desk.sealing_keys import SealingKeys

ROSTER_REQUEST = "roster request"
"""Under this name the ledger keeps what the root is asked to sign."""
_BEFORE = "roster requests before"
_MOST_BEFORE = 8
NEXT_DESK = "next desk seed"
NEXT_CHECKPOINT = "next checkpoint seed"
DESK, SEALING, CHECKPOINTS = "desk", "sealing", "checkpoints"


class RostersInForce(Acting):
    """What the root has signed, as it comes to this desk."""

    def __init__(self, context: Context, channels: Channels, lines: Lines, sealing_keys: SealingKeys) -> None:
        super().__init__(context, channels, lines)
        self.sealing_keys = sealing_keys
        self.speaks_again: Callable[[int], None] = lambda now: None
        lines.take_roster = self.take
        lines.take_vouch = self.take_vouch
        lines.answer_came = self.answered
        self._unasked: dict[bytes, Signed | None] = {}
        """By line: a roster of this office that came in no answer; None once one was named."""

    # --- what was asked for ---------------------------------------------------------------------------

    def request(self) -> RosterRequest | None:
        """What the root is asked to sign now, or None."""
        raw = self.ledger.fact(ROSTER_REQUEST)
        return RosterRequest(self.context.my_office(), Statement(raw)) if raw is not None else None

    def _asked_before(self) -> tuple[Statement, ...]:
        """Requests that a later one took over: the root may have signed one of them meanwhile."""
        raw = self.ledger.fact(_BEFORE)
        return (
            tuple(Statement(each) for each in cbor.decode(raw, max_size=len(raw))) if raw is not None else ()
        )

    def keep_request(self, request: RosterRequest) -> None:
        """Put a request in the place of the one before. Inside the caller's transaction."""
        before, newest = self._asked_before(), self.request()
        if newest is not None and newest.statement.id != request.statement.id:
            kept = [each.raw for each in (*before, newest.statement)[-_MOST_BEFORE:]]
            self.ledger.set_fact(_BEFORE, cbor.encode(kept))
        self.ledger.set_fact(ROSTER_REQUEST, request.statement.raw)
        self._drop_unlisted()

    def _drop_unlisted(self) -> None:
        """Seeds that an earlier request drew and that no roster will ever list."""
        rosters = list(self.context.my_office().rosters)
        asked = self.request()
        waiting = [*self._asked_before(), *([asked.statement] if asked is not None else [])]
        rosters += [each.read(Roster, realm=self.context.keys.realm) for each in waiting]
        for reading in (False, True):
            held = self.ledger.sealed_reading_seeds() if reading else self.ledger.envelope_seeds()
            listed = {
                row[0]
                for each in rosters
                for row in (each.reading_epochs if reading else each.envelope_epochs)
            }
            for epoch in set(held) - listed:
                self.ledger.drop_epoch(epoch, reading=reading)

    # --- what this vault has lost ---------------------------------------------------------------------

    def lost_keys(self, now: int) -> frozenset[str]:
        """Which keys that the newest roster names are not in this vault: DESK, SEALING, CHECKPOINTS."""
        mine = self.context.my_office()
        lost = set() if self.context.speaks else {DESK}
        for epochs, held in (
            (mine.envelope_epochs, set(self.ledger.envelope_seeds())),
            (mine.reading_epochs, set(self.ledger.sealed_reading_seeds())),
        ):
            current, _ = sealing_key(epochs, now)
            if any(epoch >= current and epoch not in held for epoch, _, _, _ in epochs):
                lost.add(SEALING)
        if SEALING not in lost and self.others_are_held(mine.envelope_epochs, now):
            lost.add(SEALING)
        seed = self.context.keys.checkpoint_seed
        if mine.roster.checkpoint is not None and (
            seed is None or crypto.ed25519_public(seed) != mine.roster.checkpoint
        ):
            lost.add(CHECKPOINTS)
        return frozenset(lost)

    def others_are_held(self, epochs: Epochs, now: int) -> bool:
        """Whether this vault drew keys under numbers that a roster which it had lost gives to others.

        Both keys of an epoch are drawn together, so the one that no officer has to open tells of the other;
        and so are the epochs that follow one another, so the first and the last tell of all.
        """
        current, _ = sealing_key(epochs, now)
        seeds, publics = self.ledger.envelope_seeds(), {each[0]: each[3] for each in epochs}
        return any(crypto.sealing_public(seeds[each]) != publics[each] for each in {current, max(publics)})

    # --- what the root has signed ---------------------------------------------------------------------

    def install(self, signed: Signed, now: int) -> Roster:
        """Put the signed roster in force here, and tell every counterpart on its line.

        The entries that carry it are still the old roster's and signed with the old desk key, so that a
        counterpart can verify them with what it has.
        """
        mine, request = self.context.my_office(), self.request()
        if signed.id in {each.id for each in mine.signed}:
            return mine.roster
        asked = {each.id for each in self._asked_before()}
        if request is not None and signed.id != request.statement.id and signed.id not in asked:
            raise NotNow(
                "This is not the roster that this desk asked for last.",
                "Take the newest request to the root, or ask for the change once more.",
            )
        # Without a request it is one of before that a restored vault has lost; the root's word counts.
        office = follow(mine, signed)
        desk = office.roster.desk
        if desk != mine.roster.desk and self._drawn(NEXT_DESK, desk) is None:
            raise YourError("This desk does not hold a key that the roster names.", "Ask for a new roster.")
        with self.context.transaction():
            self._come_into_force(mine, office, now)
            self.ledger.audit(
                now, "the root", f"roster {office.roster.version} came into force", AuditKind.OFFICE
            )
        self._installed(now)
        return office.roster

    def bring_back(self, rosters: Iterable[Signed], now: int) -> Roster:
        """Put in force what the root has signed and this vault has lost, one roster after the other.

        The keys that they name may be lost too: ``lost_keys`` says so, and the next request draws new ones.
        """
        for signed in rosters:
            mine = self.context.my_office()
            if signed.id in {each.id for each in mine.signed}:
                continue
            office = follow(mine, signed)
            with self.context.transaction():
                self._come_into_force(mine, office, now)
                what = f"roster {office.roster.version}, which this vault did not hold, came into force"
                self.ledger.audit(now, "the root", what, AuditKind.OFFICE)
            self._installed(now)
        return self.context.my_office().roster

    def take(self, line: LineRow, signed: Signed, now: int) -> None:
        """A roster that came by itself in an envelope: of this office, handed back; or the peer's, new.

        Inside the caller's transaction.
        """
        of = signed.statement.read(Roster, realm=self.context.keys.realm).office
        if of == line.peer:
            self._by_itself(line, signed, now)
        elif of != self.context.me:
            raise Foreign("A roster of an office that is at neither end of this line.")
        else:
            self._handed_back(line, signed, now)

    def _handed_back(self, line: LineRow, signed: Signed, now: int) -> None:
        mine = self.context.my_office()
        office = follow(mine, signed)
        if office is mine:
            return
        if not self.lines.from_peer:
            # A thief of the root who only reaches the mailboxes has neither read this desk's question nor ever had
            # a head of the peer's, and would silence this desk by a roster that names another key. The peer is asked.
            if line.id not in self._unasked and line.open:
                self._unasked[line.id] = signed
                self.context.pending.after.append(lambda: self.lines.ask_afresh(line, now))
            return
        here = self._held(office.roster.desk)
        self._come_into_force(mine, office, now)
        self.context.something_came()
        self.ledger.find(
            now,
            "this machine's",
            f"This vault is from before roster {office.roster.version} of this office,"
            + (
                " which was taken from the other desk."
                if here
                else " by which another key speaks for the desk."
            ),
            "If sealing keys were changed since the copy, make new ones: goodoffices office renew."
            if here
            else "If another machine is this office's desk now, stop this one. Else make new keys: goodoffices"
            " office renew. Until then it signs and takes nothing.",
        )

    def answered(self, line: LineRow, rosters: bool, now: int) -> None:
        """The peer has answered a question, with or without rosters of this office: what came unasked is judged."""
        signed = self._unasked.get(line.id)
        if signed is None:
            return
        mine, version = self.context.my_office(), signed.statement.read(Roster).version
        if rosters and version > mine.roster.version:
            return  # more of them go into its next answer
        if signed.id in {each.id for each in mine.signed}:
            del self._unasked[line.id]
        else:
            self._unasked[line.id] = None  # named once: whoever sends more of them makes nobody ask again
            self.ledger.find(
                now,
                "unknown",
                f"Roster {version} of this office came unasked, and the other desk does not know it: it does not"
                " count.",
                "If nobody here had the root sign it, the root is stolen: read what to do in officers and keys.",
                line=line.id,
                entry=signed.id,
            )

    def _by_itself(self, line: LineRow, signed: Signed, now: int) -> None:
        """The peer's next roster, which no entry brings: true after a loss, and what a thief of its root would send."""
        known, waiting = self.lines.peer_of(line), self.channels.waiting
        if follow(known, signed) is known:
            return
        if (word := waiting.vouched(known, signed)) is not None:
            self._counts(line, known, signed, word, now)
            return
        waiting.keep(known, signed)
        self.ledger.find(
            now,
            "the other office's",
            f"Roster {known.roster.version + 1} of this counterpart came by its root's word alone: no key that its desk"
            " had before vouches for it. It waits, and the one before counts.",
            "Ask the office by voice whether its desk lost its keys. If it did, type the roster's digits on the page"
            " Lines. If it did not, its root is stolen: type nothing, and tell them.",
            line=line.id,
        )

    def take_vouch(self, line: LineRow, signed: Signed, now: int) -> None:
        """The word of a key that the peer's desk had for a roster of its own, here already or yet to come."""
        known, waiting = self.lines.peer_of(line), self.channels.waiting
        waiting.keep_vouch(known, signed)
        for each in waiting.of(known.id):
            if (word := waiting.vouched(known, each)) is not None:
                self._counts(line, known, each, word, now)
                return

    def _counts(self, line: LineRow, known: Office, signed: Signed, word: Vouch, now: int) -> None:
        self.channels.learn_roster(signed, line.peer, now)
        version = known.roster.version + 1
        what = f"roster {version} of {known.name} counts: a key that its desk had vouches for it"
        self.ledger.audit(now, "the desk", what, AuditKind.OFFICE)
        if not is_desk(known, known.roster.version, require_version(known, word.roster).desk):
            # A key that was replaced may have been replaced because somebody saw it.
            self.ledger.find(
                now,
                "the other office's",
                f"Roster {version} of this counterpart counts by the word of an earlier key of its desk, by roster"
                f" {word.roster}: its vault went back to before a change of that key.",
                "If you do not know of it, ask the office by voice. If its vault did not go back, its root and that key"
                " are stolen: act on nothing that came since, and pair anew.",
                line=line.id,
            )

    def confirm_waiting(self, officer: Officer, line_id: bytes, heard: str, now: int) -> Roster:
        """The digits of a roster that waits were heard by voice from that office's people: it counts.

        Raises YourError for what are no digits, NotFound where nothing waits, DigitsDiffer.
        """
        self.require(officer, Right.KEYS)
        line = self.ledger.line(line_id)
        waiting = self.channels.waiting.of(line.peer)
        if not waiting:
            raise NotFound("No roster of that office waits here.")
        bare = digits.typed(heard, ROSTER_DIGITS)
        meant = next((each for each in waiting if roster_digits(each) == bare), None)
        if meant is None:
            raise DigitsDiffer("These are not the digits of a roster that waits here.")
        with self.context.transaction():
            self.channels.learn_roster(meant, line.peer, now)
            office = self.lines.peer_of(line)
            what = f"heard the digits of roster {office.roster.version} of {office.name}: it counts"
            self.ledger.audit(now, officer.name, what, AuditKind.OFFICE)
        self.speaks_again(now)
        return office.roster

    def _come_into_force(self, mine: Office, office: Office, now: int) -> None:
        newest, untold = office.signed[-1], self.lines.untold
        if self.context.speaks:
            for line in self.ledger.lines():
                if line.confirmed_here:
                    self.lines.flush(line.id, now)
                    self.lines.write_roster(line.id, newest.raw, now)
        else:
            # No key of the roster before is here to tell of this one by an entry.
            untold.since(mine.roster.version)
        if untold.anybody():
            untold.vouch_for(mine, newest, now)
        waiting, before = self.request(), {each.id for each in self._asked_before()}
        self.ledger.save_office(office, None)
        self.sealing_keys.installed(office.roster.version, now)
        self._take_over(NEXT_DESK, "desk seed", mine.roster.desk, office.roster.desk)
        self._take_over(NEXT_CHECKPOINT, CHECKPOINT, mine.roster.checkpoint, office.roster.checkpoint)
        self.ledger.drop_fact(ROSTER_REQUEST)
        self.ledger.drop_fact(_BEFORE)
        if waiting is not None and office.signed[-1].id in before:
            self._ask_again(waiting.roster, office)
        else:
            for name in (NEXT_DESK, NEXT_CHECKPOINT):
                self.ledger.drop_secrets(name)
                self.ledger.drop_secret(name)
            self._drop_unlisted()
        keys = keys_in(self.ledger)
        self.context.pending.after.append(lambda: self._use(keys))
        self.context.pending.changed.update(self.ledger.mandates())

    def _ask_again(self, asked: Roster, office: Office) -> None:
        """What was asked for on top of the roster that came into force is asked for still."""
        asked = replace(asked, version=office.roster.version + 1, previous=office.pin)
        self.ledger.set_fact(ROSTER_REQUEST, state(asked, office.realm).raw)

    def _installed(self, now: int) -> None:
        if self.context.speaks:
            self.lines.ask_anew(now)
            self.speaks_again(now)
        if self.context.speaks and not self.context.locked:
            # There are keys again to which an author can seal what this desk could not open.
            with self.context.transaction():
                self.channels.verify_pending(now)

    def _held(self, desk: bytes) -> bool:
        return desk == self.context.keys.desk or self._drawn(NEXT_DESK, desk) is not None

    def _drawn(self, name: str, public: bytes) -> bytes | None:
        """The seed that a request drew for a key, if it is here."""
        old = self.ledger.secret(name)  # as versions before this one kept it
        if old is not None and crypto.ed25519_public(old) == public:
            return old
        return self.ledger.secret(f"{name} {public.hex()}")

    def _take_over(self, drawn: str, kept: str, old: bytes | None, new: bytes | None) -> None:
        seed = self._drawn(drawn, new) if new is not None and new != old else None
        if seed is not None:
            self.ledger.put_secret(kept, seed)

    def _use(self, keys: DeskKeys) -> None:
        self.context.keys = keys
        if self.context.reading_key is not None:
            self.context.reading = reading_seeds(self.ledger, self.context.reading_key)


def all_held(epochs: Epochs, held: Iterable[int]) -> bool:
    """Whether the seed of every epoch is among those held."""
    return {each[0] for each in epochs} <= set(held)
