# SPDX-License-Identifier: Apache-2.0
"""One desk, whole: what arrived goes in, what to offer to relays comes out. No clock, no sockets.

The runner (``service``, or the simulated world) brings envelopes and the outcomes of puts, asks
``work`` what to send after each, and calls ``settle`` when there is a moment. Everything is saved, and
synced, before ``work`` names it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from goodoffices.core import crypto
from goodoffices.core.errors import (
    NotAllowed,
    NotFound,
    NotNow,
    OtherOfficeError,
    YourError,
)
from goodoffices.core.line import ERASABLE, CarriedEntry, Item
from goodoffices.core.office import Right
from goodoffices.core.pairing import (
    Offer,
    PairingConfirmed,
    Route,
    SpokenDigits,
    check_fresh,
    check_typed,
    make_offer,
    pair,
    read_offer,
    spoken,
)
from goodoffices.core.statement import sign, state
from goodoffices.db.sqlite import Connection
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.channels.channels import Channels
from goodoffices.desk.chronicle.gathering import Chronicle
from goodoffices.desk.clearance.clearing import Clearing
from goodoffices.desk.context import Context, DeskKeys, Officer, Rng
from goodoffices.desk.early import AT_ONCE, Early
from goodoffices.desk.founding import reading_seeds
from goodoffices.desk.ledger.ledger import Ledger, LineRow, RouteRow
from goodoffices.desk.lines.beating import Beating
from goodoffices.desk.lines.checkpoints import Checkpoints
from goodoffices.desk.lines.lines import Lines
from goodoffices.desk.lines.service_traffic import ServiceTraffic
from goodoffices.desk.lines.stops import Stops
from goodoffices.desk.officers.handing import HandActs
from goodoffices.desk.officers.on_relay import OnRelay
from goodoffices.desk.officers.roster import Rosters
from goodoffices.desk.routes.relay_client import check_relay_url
from goodoffices.desk.routes.sending import Put
from goodoffices.desk.sealing_keys import SealingKeys
from goodoffices.desk.thin.cells import Cells
from goodoffices.desk.watch.book import WatchBook, check_zone

MAX_RECENT = 4096
"""IDs of envelopes that were taken since the start: the other relays' copies cost nothing more."""


@dataclass(frozen=True)
class Taken:
    """What became of an envelope: whether its relay may delete it."""

    delete: bool


class Desk:
    """The node that an office runs on its own premises."""

    def __init__(self, db: Connection, keys: DeskKeys, rng: Rng, *, clock_quality: int = 0) -> None:
        self.ledger = Ledger(db)
        self.context = Context(self.ledger, keys, rng, clock_quality=clock_quality)
        self.channels = Channels(self.context, self._flush)
        self.chronicle = Chronicle(self.context, self.channels)
        self.lines = Lines(self.context, self._take_entry, Cells(self.context, self.channels.thin))
        self.stops = Stops(self.context)
        self.lines.take_stop, self.lines.peer_ends = self.stops.take, self.channels.forgotten.asked
        self.channels.forgotten.hand_rosters = self.lines.hand_rosters
        self.acts = HandActs(self.context, self.channels, self.lines)
        self.on_relay = OnRelay(self.context, self.acts)
        self.lines.receipted = self.on_relay.has
        self.clearing = Clearing(self.context, self.acts)
        self.service_traffic = ServiceTraffic(self.context, self.lines, self.acts.require)
        self.service_traffic.next_watch = WatchBook(self.ledger).next_start
        self.sealing_keys = SealingKeys(self.context)
        self.rosters = Rosters(self.context, self.channels, self.lines, self.sealing_keys)
        self.rosters.speaks_again = self._judge_deferred
        self.checkpoints = Checkpoints(self.context, self.lines, self.acts.require)
        self.early = Early()
        self._recent: dict[bytes, None] = {}
        self.beating = Beating(self.context, self.lines.sending.beats)

    def _flush(self, line: bytes, now: int) -> None:
        self.lines.flush(line, now)

    def _take_entry(self, line: LineRow, carried: CarriedEntry, now: int) -> None:
        if carried.entry.kind in ERASABLE:
            self.service_traffic.take(line, carried, now)
        else:
            self.channels.take_items(line, carried, now)

    @property
    def me(self) -> bytes:
        """Own office's ID."""
        return self.context.me

    # --- start, sign-in -----------------------------------------------------------------------------

    def start(self, now: int) -> None:
        """After every start, before anything else."""
        self.lines.resume(now)

    def unlock(self, reading_key: bytes, now: int) -> None:
        """An officer signed in: texts can be read, and what waited is verified."""
        self.context.reading = reading_seeds(self.ledger, reading_key)
        self.context.reading_key = reading_key
        with ExitStack() as failed:
            failed.callback(self.lock)  # rather than be open with notes that nobody verified
            if self.context.speaks:  # what is found wrong is said by an act of the desk
                with self.context.transaction():
                    self.channels.verify_pending(now)
            failed.pop_all()
        self._judge_deferred(now)

    def destroy_expired_keys(self, now: int) -> bool:
        """Destroy sealing keys whose time is over; True if the caller has the log emptied now."""
        return bool(self.sealing_keys.destroy_expired(now, waiting=bool(self.early)))

    def lock(self) -> None:
        """The last officer signed out: no text can be read, though everything is still collected."""
        self.context.reading = {}
        self.context.reading_key = None
        self.context.opened.forget()
        self.chronicle.close()
        crypto.forget_private_keys()

    # --- the wire -----------------------------------------------------------------------------------

    def receive(self, line_id: bytes, envelope: bytes, now: int, relay: str | None = None) -> Taken:
        """One envelope from a relay (its address), verified and kept. Never raises on what others sent."""
        before = self.context.arrived
        taken = self._receive(line_id, envelope, now, relay)
        if self.context.arrived != before and self.early:
            # What is missing on one line may have come by another; nothing else makes it worth a look.
            self._judge_deferred(now)
        return taken

    def _judge_deferred(self, now: int) -> None:
        self.early.look_again()
        self.judge_early(now)

    def judge_early(self, now: int) -> bool:
        """Judge a few of those that came too early and may be judged now; False once there are no more."""
        before = self.context.arrived
        for _ in range(AT_ONCE):
            if (waiting := self.early.next()) is not None:
                self._receive(*waiting, now)
        if self.context.arrived != before:
            self.early.look_again()
        return self.early.due

    def _receive(self, line_id: bytes, envelope: bytes, now: int, relay: str | None = None) -> Taken:
        envelope_id = crypto.sha256(envelope)
        if envelope_id in self._recent:
            # If our receipt was lost, its sender packs what it holds into another envelope.
            return Taken(delete=True)
        taken = self._judge(line_id, envelope, now, relay)
        if taken.delete:
            self._recent[envelope_id] = None
            if len(self._recent) > MAX_RECENT:
                del self._recent[next(iter(self._recent))]
        return taken

    def _judge(self, line_id: bytes, envelope: bytes, now: int, relay: str | None) -> Taken:
        def take() -> bool:
            whole = self.lines.receive(line_id, envelope, now)
            self.lines.seal_ahead(now)
            return whole

        try:
            whole = self.context.attempt(take)
        except NotNow:
            whole = False
        except OtherOfficeError as error:
            with self.context.transaction():
                self.lines.refused_envelope(line_id, envelope, error, now, relay)
            return Taken(delete=True)
        if not whole:
            # Judged when what is missing has come; the relay keeps it meanwhile.
            self.early.keep(line_id, envelope)
        return Taken(delete=whole)

    def work(self, now: int, *, only_urgent: bool = False, gather: bool = False) -> list[Put]:
        """What to offer to relays now. ``gather``: receipts for which nothing else goes may wait for more."""
        return self.lines.work(now, only_urgent=only_urgent, gather=gather)

    def settle(self, now: int) -> bool:
        """Sign arrivals and what relays took, write what is owed, answer tests, make checkpoints; True if any was."""
        self.judge_early(now)
        self.lines.offer_what_was_put_off(now)
        if not self.context.speaks:
            return False
        answered = self.service_traffic.settle(now) | self.checkpoints.settle(now)
        self.channels.thin.settle(now)
        if not self.owes():
            return answered
        with self.context.transaction():
            self.channels.sign_arrivals()
            self.on_relay.sign()
            self.lines.flush_all(now)
        return bool(self.context.committed.fresh)

    def owes(self) -> bool:
        """Whether anything waits to be judged again, or to be signed and written into an entry nobody waits for."""
        waits = self.on_relay.waiting or self.ledger.any_arrived() or self.ledger.owing_lines()
        return self.early.due or (self.context.speaks and bool(waits))

    def put_accepted(self, put: Put, now: int) -> None:
        """A relay has an envelope, synced: a rung of the notes inside, signed when this desk settles."""
        self.on_relay.took(self.lines.sending.accepted(put, now), now)

    def put_failed(self, put: Put, now: int) -> None:
        """A relay did not take an envelope."""
        self.lines.sending.failed(put, now)

    def next_wake(self, now: int | None = None) -> int | None:
        """When ``work`` has something to do next, if nothing happens before.

        ``now``: given by a runner that also makes the line tests that fall due.
        """
        lines = self.lines
        wakes = [
            lines.sending.next_wake(),
            lines.reoffers.next_wake(),
            lines.next_question(),
            lines.next_receipts(),
            0 if self.early.due else None,
        ]
        if now is not None:
            wakes.append(self.service_traffic.next_call(now))
        return min((each for each in wakes if each is not None), default=None)

    # --- the audit log ------------------------------------------------------------------------------

    def note_down(self, who: str, what: str, kind: AuditKind, now: int) -> None:
        """Write into the audit log what no other change of the desk goes with: a sign-in, an export."""
        with self.context.transaction():
            self.ledger.audit(now, who, what, kind)

    # --- pairing ------------------------------------------------------------------------------------

    def offer(self, officer: Officer, relays: list[str], now: int) -> Offer:
        """An invitation that lives one hour: a fresh mailbox on each relay."""
        self.acts.require(officer, Right.KEYS)
        rng = self.context.rng
        routes = tuple(Route(relay.rstrip("/"), rng(16), rng(32)) for relay in relays)
        offer = make_offer(self.context.my_office(), routes, rng(32), now)
        with self.context.transaction():
            self.ledger.add_offer(offer, [(rng(32), rng(32)) for _ in routes], now)
            self.ledger.audit(now, officer.name, "made an invitation", AuditKind.OFFICE)
        return offer

    def newest_offer(self, now: int) -> Offer:
        """The own invitation that a counterpart's is paired with; raises NotNow."""
        for offer, used in self.ledger.offers():
            if not used and offer.office.pin == self.context.my_office().pin:
                check_fresh(offer, now)
                return offer
        none = "This office has no unused invitation to pair theirs with."
        raise NotNow(none, "Make one for them. If theirs was meant for somebody else, leave it.")

    def pair(self, officer: Officer, theirs: Offer, name: str, now: int, mine: Offer | None = None) -> bytes:
        """Pair own and other invitation into a line that both have yet to confirm; returns its ID."""
        self.acts.require(officer, Right.KEYS)
        for line in self.ledger.lines():
            if theirs.digest == read_offer(self.ledger.offers_of(line.id)[1]).digest:
                used = f"This invitation was used before, for the line {line.name}."
                raise YourError(used, "Ask the other office for a new one.")
        mine = mine if mine is not None else self.newest_offer(now)
        check_fresh(theirs, now)
        pairing = pair(mine, theirs)
        self.require_new_name(name)
        line = LineRow(pairing.id, name, theirs.office.id, pairing, None, None, self.context.rng(16))
        with self.context.transaction():
            self.channels.learn_paired(theirs.office, now)
            self.ledger.add_line(line, mine, theirs, now)
            self.ledger.use_offer(mine.digest)
            self.ledger.audit(now, officer.name, f"paired the line {name}", AuditKind.OFFICE)
        self.lines.trust(pairing.id)
        return pairing.id

    def require_new_name(self, name: str) -> None:
        """Refuse a name that an own line has already."""
        if any(line.name == name for line in self.ledger.lines()):
            raise YourError(f"There is a line named {name} already.", "Choose another name for this line.")

    def line_named(self, name: str) -> LineRow:
        """A line by the name that this office gave it."""
        for line in self.ledger.lines():
            if line.name == name:
                return line
        raise NotFound(f"There is no line named {name} at this desk.")

    def spoken_digits(self, line: LineRow) -> SpokenDigits:
        """What to read aloud and what to hear for a line."""
        return spoken(line.pairing, self.me)

    def confirm(self, officer: Officer, line_id: bytes, heard: str, now: int) -> None:
        """The digits heard fit: sign that, and tell the other side."""
        self.acts.require(officer, Right.KEYS)
        line = self.ledger.line(line_id)
        check_typed(line.pairing, self.me, heard)
        if line.confirmed_here:
            return
        if read_offer(self.ledger.offers_of(line_id)[0]).office.pin != self.context.my_office().pin:
            raise NotNow(
                "This office's roster changed since its invitation for this line.",
                "Pair anew: exchange new invitations under another name.",
            )
        confirmed = PairingConfirmed(
            line=line_id,
            office=self.me,
            roster=self.context.my_office().roster.version,
            time=self.context.time(now),
        )
        signed = sign(state(confirmed, self.context.keys.realm), officer.seed)
        with self.context.transaction():
            self.channels.learn(read_offer(self.ledger.offers_of(line_id)[1]).office, None, now)
            self.ledger.confirm_line(line_id, signed.raw, mine=True)
            self.ledger.owe(line_id, (Item.CONFIRMED, signed.raw))
            self.ledger.audit(now, officer.name, f"confirmed the line {line.name}", AuditKind.OFFICE)
            self.lines.flush(line_id, now)

    def remove_line(self, officer: Officer, line_id: bytes, now: int) -> None:
        """Forget a line that was never confirmed on both sides; its record is empty, and its name is free."""
        self.acts.require(officer, Right.KEYS)
        line = self.ledger.line(line_id)
        if line.open:
            raise NotAllowed(
                "This line is open: its record is kept.", "A line in use stays; pair another one beside it."
            )
        with self.context.transaction():
            self.ledger.remove_line(line_id)
            self.ledger.audit(now, officer.name, f"removed the line {line.name}", AuditKind.OFFICE)
            self.context.pending.after.append(lambda: self.lines.forget(line_id))
        self.early.forget(line_id)

    def boxes_at(self, officer: Officer, line_id: bytes, relays: list[str]) -> tuple[RouteRow, ...]:
        """The mailboxes at relays at which this office is to collect on a line in use, fresh where it has none."""
        self.acts.require(officer, Right.KEYS)
        for each in relays:
            check_relay_url(each)
        return self.lines.boxes_at(line_id, relays)

    def collect_at(
        self,
        officer: Officer,
        line_id: bytes,
        relays: list[str],
        now: int,
        drawn: tuple[RouteRow, ...] = (),
    ) -> None:
        """Change, on a line in use, at which relays this office collects."""
        self.acts.require(officer, Right.KEYS)
        for each in relays:
            check_relay_url(each)
        self.lines.collect_at(officer, line_id, relays, now, drawn)

    def change_beat(self, officer: Officer, line_id: bytes, slot: int, now: int) -> None:
        """Every how many milliseconds something leaves on a line, whether there is anything or not; 0: no beat."""
        self.acts.require(officer, Right.KEYS)
        self.beating.change(officer, line_id, slot, now)

    def all_routes(self) -> list[RouteRow]:
        """Every mailbox that this desk collects from or puts into."""
        confirmed = {line.id for line in self.ledger.lines() if line.confirmed_here}
        return self.own_routes() + [each for each in self.ledger.routes(own=False) if each.line in confirmed]

    def enter_zone(self, officer: Officer, office: bytes, zone: str, now: int) -> None:
        """By which clocks another office lives, as this one was told; an empty zone takes it back."""
        self.acts.require(officer, Right.KEYS)
        known = self.ledger.office(office)
        if known is None or office == self.me:
            raise NotFound("There is no such office here.", "Choose one of the list.")
        if zone:
            check_zone(zone)
        with self.context.transaction():
            self.ledger.set_fact(f"zone {office.hex()}", zone.encode())
            self.ledger.audit(now, officer.name, f"entered the time zone of {known.name}", AuditKind.OFFICE)

    def own_routes(self) -> list[RouteRow]:
        """Mailboxes to make at relays and to collect from, of lines that are confirmed here."""
        confirmed = {line.id for line in self.ledger.lines() if line.confirmed_here}
        return [route for route in self.ledger.routes(own=True) if route.line in confirmed]
