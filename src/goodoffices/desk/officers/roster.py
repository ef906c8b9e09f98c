# SPDX-License-Identifier: Apache-2.0
"""Changing the roster: officers in and out, rights, how many release, keys of the desk (ADR 0022).

The desk prepares, the root signs, the desk installs. Changes that are asked for before the root has
signed gather in one request; only the newest can be installed. Who may sign in with which secret is the
vault's and ``people``'s; here is what the office's counterparts are told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from goodoffices.core import crypto
from goodoffices.core.checkpoint import mldsa_public
from goodoffices.core.errors import NotFound, NotNow, YourError
from goodoffices.core.fields import plain_name
from goodoffices.core.office import MAX_OFFICERS, Epochs, Right, Roster, check_roster, follow, sealing_key
from goodoffices.core.roster_request import RosterRequest
from goodoffices.core.statement import Signed, Statement, state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.channels.channels import Channels
from goodoffices.desk.channels.credentials import ROSTER_REQUEST
from goodoffices.desk.context import Context, DeskKeys, Officer
from goodoffices.desk.founding import (
    CHECKPOINT,
    DAY,
    EPOCHS,
    epochs_from,
    keep_reading_seed,
    keys_in,
    reading_seeds,
)
from goodoffices.desk.ledger.secrets import ENVELOPE
from goodoffices.desk.lines.lines import Lines
from goodoffices.desk.officers.acting import Acting
from goodoffices.desk.sealing_keys import SealingKeys

_NEXT_DESK = "next desk seed"
_NEXT_CHECKPOINT = "next checkpoint seed"

LONGER_WITHIN = 182 * DAY
"""Milliseconds. When the sealing keys end sooner, any new roster brings further ones along."""


class Rosters(Acting):
    """What keepers of keys change about their own office."""

    def __init__(self, context: Context, channels: Channels, lines: Lines, sealing_keys: SealingKeys) -> None:
        super().__init__(context, channels, lines)
        self.sealing_keys = sealing_keys

    # --- what is asked for ----------------------------------------------------------------------------

    def request(self) -> RosterRequest | None:
        """What the root is asked to sign now, or None."""
        raw = self.ledger.fact(ROSTER_REQUEST)
        return RosterRequest(self.context.my_office(), Statement(raw)) if raw is not None else None

    def planned(self) -> Roster:
        """The roster that would hold once everything asked for is signed."""
        request = self.request()
        return request.roster if request is not None else self.context.my_office().roster

    def add(self, officer: Officer, public: bytes, pseudonym: str, rights: Right, now: int) -> RosterRequest:
        """Ask for an officer to come in, under a pseudonym that counterparts see."""
        plan = self.planned()
        if len(plan.officers) >= MAX_OFFICERS:
            raise YourError(f"A roster lists at most {MAX_OFFICERS} officers.")
        self._check_pseudonym(plan, pseudonym)
        officers = (*plan.officers, (pseudonym, public, int(rights)))
        return self._ask(officer, f"asked for {pseudonym} to come in", now, officers=officers)

    def remove(
        self, officer: Officer, public: bytes, why: str, now: int, *, new_sealing_keys: bool = True
    ) -> RosterRequest:
        """Ask for an officer's key to be taken out, and noted as revoked from now on.

        With new sealing keys, so that a copy of the vault made before opens nothing that comes after.
        """
        self.require(officer, Right.KEYS)
        plan = self.planned()
        pseudonym = self._listed(plan, public)
        more: dict[str, Any] = {"officers": tuple(each for each in plan.officers if each[1] != public)}
        if self.context.my_office().roster.pseudonym(public) is not None:
            more["revoked"] = (*plan.revoked, (public, now, why))[-MAX_OFFICERS:]
        if new_sealing_keys:
            more |= self._new_epochs(now)
        return self._ask(officer, f"asked for {pseudonym} to go out", now, **more)

    def give(self, officer: Officer, public: bytes, rights: Right, now: int) -> RosterRequest:
        """Ask for other rights for an officer."""
        plan = self.planned()
        pseudonym = self._listed(plan, public)
        officers = tuple(
            (name, key, int(rights) if key == public else held) for name, key, held in plan.officers
        )
        return self._ask(officer, f"asked for other rights for {pseudonym}", now, officers=officers)

    def need(self, officer: Officer, releasers: int, now: int) -> RosterRequest:
        """Ask for another number of officers who must release a note."""
        return self._ask(officer, f"asked for {releasers} to release", now, releasers_needed=releasers)

    def renew(
        self,
        officer: Officer,
        now: int,
        *,
        sealing_keys: bool = True,
        desk_key: bool = False,
        checkpoint_key: bool = False,
    ) -> RosterRequest:
        """Ask for new keys of the desk. Sealing keys begin at once; the old ones are kept a while."""
        self.require(officer, Right.KEYS)
        more: dict[str, Any] = self._new_epochs(now) if sealing_keys else {}
        if desk_key:
            more["desk"] = crypto.ed25519_public(self._draw(_NEXT_DESK))
        if checkpoint_key:
            more |= self._new_checkpoint_key()
        return self._ask(officer, "asked for new keys of the desk", now, **more)

    def pseudonyms(self) -> tuple[str, ...]:
        """Pseudonyms that are taken, of the roster in force and of the one asked for."""
        rosters = (*self.context.my_office().rosters, self.planned())
        return tuple(sorted({name for roster in rosters for name, _, _ in roster.officers}))

    def _check_pseudonym(self, plan: Roster, pseudonym: str) -> None:
        plain_name(pseudonym)
        if pseudonym in self.pseudonyms():
            raise YourError(f"{pseudonym} is or was another officer's pseudonym.", "Choose another one.")

    def _listed(self, plan: Roster, public: bytes) -> str:
        pseudonym = plan.pseudonym(public)
        if pseudonym is None:
            raise NotFound("The roster lists no officer with this key.")
        return pseudonym

    def _new_checkpoint_key(self) -> dict[str, Any]:
        seed = self._draw(_NEXT_CHECKPOINT)
        return {"checkpoint": crypto.ed25519_public(seed), "checkpoint_mldsa65": mldsa_public(seed)}

    def _draw(self, name: str) -> bytes:
        seed = self.context.rng(32)
        with self.context.transaction():
            self.ledger.put_secret(name, seed)
        return seed

    def _ask(self, officer: Officer, what: str, now: int, **changed: Any) -> RosterRequest:
        self.require(officer, Right.KEYS)
        mine, plan = self.context.my_office(), self.planned()
        if plan is mine.roster and "envelope_epochs" not in changed:
            if self.sealing_keys.runs_out() - now < LONGER_WITHIN:
                changed |= self._longer_epochs(now)
            else:
                changed |= self._same_epochs(now)
        if plan.checkpoint_mldsa65 is None and "checkpoint" not in changed:
            changed |= self._new_checkpoint_key()  # an office of before there were checkpoints gets one now
        roster = replace(plan, version=mine.roster.version + 1, previous=mine.pin, made=now, **changed)
        _check_people(roster)
        check_roster(roster)
        request = RosterRequest(mine, state(roster, mine.realm))
        with self.context.transaction():
            self.ledger.set_fact(ROSTER_REQUEST, request.statement.raw)
            self._drop_unlisted((roster.envelope_epochs, roster.reading_epochs))
            self.ledger.audit(now, officer.name, what, AuditKind.OFFICE)
        return request

    # --- sealing keys ---------------------------------------------------------------------------------

    def _same_epochs(self, now: int) -> dict[str, Any]:
        """The epochs of before hold on, and only one of each kind is listed again: a short roster."""
        mine = self.context.my_office()
        rows = []
        for epochs in (mine.envelope_epochs, mine.reading_epochs):
            current, _ = sealing_key(epochs, now)
            rows.append(tuple(each for each in epochs if each[0] == current))
        whole = mine.roster.epochs_of if mine.roster.epochs_of is not None else mine.roster.version
        return {"envelope_epochs": rows[0], "reading_epochs": rows[1], "epochs_of": whole}

    def _longer_epochs(self, now: int) -> dict[str, Any]:
        """The epochs that have not ended, and further ones after them."""
        mine = self.context.my_office()
        running = [
            tuple(each for each in epochs if each[2] > now)[-EPOCHS:]
            for epochs in (mine.envelope_epochs, mine.reading_epochs)
        ]
        return self._with_epochs(
            running, EPOCHS - min(map(len, running)), max(now, self.sealing_keys.runs_out())
        )

    def _new_epochs(self, now: int) -> dict[str, Any]:
        """New epochs from now on, none of before."""
        return self._with_epochs([(), ()], EPOCHS, now)

    def _with_epochs(self, running: Iterable[Epochs], count: int, begin: int) -> dict[str, Any]:
        if self.context.reading_key is None:
            raise NotNow("The desk is locked.", "Sign in first.")
        known = {*self.ledger.envelope_seeds(), *self.ledger.sealed_reading_seeds()}
        for roster in self.context.my_office().rosters:
            known |= {each[0] for each in (*roster.envelope_epochs, *roster.reading_epochs)}
        numbers = range(max(known) + 1, max(known) + 1 + count)
        envelope = {number: self.context.rng(32) for number in numbers}
        reading = {number: self.context.rng(32) for number in numbers}
        with self.context.transaction():
            for number in numbers:
                self.ledger.put_secret(f"{ENVELOPE}{number}", envelope[number])
                keep_reading_seed(
                    self.ledger, self.context.reading_key, number, reading[number], self.context.rng
                )
        first, second = running
        return {
            "envelope_epochs": (*first, *epochs_from(envelope, begin)),
            "reading_epochs": (*second, *epochs_from(reading, begin)),
            "epochs_of": None,
        }

    def _drop_unlisted(self, asked: tuple[Epochs, Epochs]) -> None:
        """Seeds that an earlier request drew and that no roster will ever list."""
        rosters = self.context.my_office().rosters
        for reading, rows in enumerate(asked):
            listed = {each[0] for each in rows}
            for roster in rosters:
                listed |= {each[0] for each in (roster.reading_epochs if reading else roster.envelope_epochs)}
            held = self.ledger.sealed_reading_seeds() if reading else self.ledger.envelope_seeds()
            for epoch in set(held) - listed:
                self.ledger.drop_epoch(epoch, reading=bool(reading))

    # --- what the root has signed ---------------------------------------------------------------------

    def install(self, signed: Signed, now: int) -> Roster:
        """Put the signed roster in force here, and tell every counterpart on its line.

        The entries that carry it are still the old roster's and signed with the old desk key, so that a
        counterpart can verify them with what it has.
        """
        mine, request = self.context.my_office(), self.request()
        if signed.id in {each.id for each in mine.signed}:
            return mine.roster
        if request is not None and signed.id != request.statement.id:
            raise NotNow(
                "This is not the roster that this desk asked for last.",
                "Take the newest request to the root, or ask for the change once more.",
            )
        # Without a request it is one of before that a restored vault has lost; the root's word counts.
        office = follow(mine, signed)
        with self.context.transaction():
            for line in self.ledger.lines():
                if line.confirmed_here:
                    self.lines.flush(line.id, now)
                    self.lines.write_roster(line.id, signed.raw, now)
            self.ledger.save_office(office, None)
            self.sealing_keys.installed(office.roster.version, now)
            self._take_over(_NEXT_DESK, "desk seed", mine.roster.desk, office.roster.desk)
            self._take_over(_NEXT_CHECKPOINT, CHECKPOINT, mine.roster.checkpoint, office.roster.checkpoint)
            self.ledger.drop_fact(ROSTER_REQUEST)
            self.ledger.audit(
                now, "the root", f"roster {office.roster.version} came into force", AuditKind.OFFICE
            )
            keys = keys_in(self.ledger)
            self.context.pending.after.append(lambda: self._use(keys))
            self.context.pending.changed.update(self.ledger.mandates())
        if not self.context.locked:
            # There are keys again to which an author can seal what this desk could not open.
            with self.context.transaction():
                self.channels.verify_pending(now)
        return office.roster

    def _take_over(self, drawn: str, kept: str, old: bytes | None, new: bytes | None) -> None:
        seed = self.ledger.secret(drawn)
        if new != old and new is not None:
            if seed is None or crypto.ed25519_public(seed) != new:
                raise YourError(
                    "This desk does not hold a key that the roster names.", "Ask for a new roster."
                )
            self.ledger.put_secret(kept, seed)
        self.ledger.drop_secret(drawn)

    def _use(self, keys: DeskKeys) -> None:
        self.context.keys = keys
        if self.context.reading_key is not None:
            self.context.reading = reading_seeds(self.ledger, self.context.reading_key)


def _check_people(roster: Roster) -> None:
    held = Right(0)
    for _, _, rights in roster.officers:
        held |= Right(rights)
    if not held & Right.KEYS or not held & Right.DUTY:
        raise YourError(
            "An office needs a duty officer and a keeper of keys; one person may be both.",
            "Give somebody else that right first.",
        )
    releasers = sum(bool(Right(rights) & Right.RELEASE) for _, _, rights in roster.officers)
    if not 1 <= roster.releasers_needed <= max(1, releasers):
        raise YourError(
            f"{roster.releasers_needed} officers would have to release together, and {releasers} may release.",
            "Change how many must release, or give somebody the right, first.",
        )
