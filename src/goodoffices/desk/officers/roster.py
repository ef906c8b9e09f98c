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
from goodoffices.core.office import MAX_OFFICERS, Epochs, Right, Roster, check_roster, sealing_key
from goodoffices.core.roster_request import RosterRequest
from goodoffices.core.statement import state
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.context import Officer
from goodoffices.desk.founding import DAY, EPOCHS, epochs_from, keep_reading_seed
from goodoffices.desk.ledger.secrets import ENVELOPE
from goodoffices.desk.officers.roster_in_force import (
    CHECKPOINTS,
    DESK,
    NEXT_CHECKPOINT,
    NEXT_DESK,
    SEALING,
    RostersInForce,
    all_held,
)

LONGER_WITHIN = 182 * DAY
"""Milliseconds. When the sealing keys end sooner, any new roster brings further ones along."""


class Rosters(RostersInForce):
    """What keepers of keys change about their own office."""

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
            more["revoked"] = self._revoked(public, now, why)
        if new_sealing_keys:
            more |= self._new_epochs(now)
        return self._ask(officer, f"asked for {pseudonym} to go out", now, **more)

    def _revoked(self, public: bytes, now: int, why: str) -> tuple[tuple[bytes, int, str], ...]:
        return (*self.planned().revoked, (public, now, why))[-MAX_OFFICERS:]

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
        seen: str | None = None,
    ) -> RosterRequest:
        """Ask for new keys of the desk. Sealing keys begin at once; the old ones are kept a while.

        ``seen``: why the desk's old key is in other hands, perhaps. It is noted as revoked, and vouches for no roster.
        """
        self.require(officer, Right.KEYS)
        more: dict[str, Any] = self._new_epochs(now) if sealing_keys else {}
        if desk_key or seen is not None:
            more["desk"] = self._draw(NEXT_DESK)[0]
        if seen is not None:
            more["revoked"] = self._revoked(self.context.my_office().roster.desk, now, seen)
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
        public, seed = self._draw(NEXT_CHECKPOINT)
        return {"checkpoint": public, "checkpoint_mldsa65": mldsa_public(seed)}

    def _draw(self, name: str) -> tuple[bytes, bytes]:
        """(public key, seed) for a roster that is asked for. Several may wait: the root signs one of them."""
        seed = self.context.rng(32)
        public = crypto.ed25519_public(seed)
        with self.context.transaction():
            self.ledger.put_secret(f"{name} {public.hex()}", seed)
        return public, seed

    def _ask(self, officer: Officer, what: str, now: int, **changed: Any) -> RosterRequest:
        self.require(officer, Right.KEYS)
        mine, plan = self.context.my_office(), self.planned()
        changed = self._in_place_of_lost(plan, now) | changed
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
            self.keep_request(request)
            self.ledger.audit(now, officer.name, what, AuditKind.OFFICE)
        return request

    def _in_place_of_lost(self, plan: Roster, now: int) -> dict[str, Any]:
        """New keys for those that this vault has lost with a change of its roster, whatever is asked for."""
        lost, more = self.lost_keys(now), dict[str, Any]()
        if DESK in lost and self._drawn(NEXT_DESK, plan.desk) is None:
            more["desk"] = self._draw(NEXT_DESK)[0]
        if CHECKPOINTS in lost and (
            plan.checkpoint is None or self._drawn(NEXT_CHECKPOINT, plan.checkpoint) is None
        ):
            more |= self._new_checkpoint_key()
        planned = (
            all_held(plan.envelope_epochs, self.ledger.envelope_seeds())
            and all_held(plan.reading_epochs, self.ledger.sealed_reading_seeds())
            and not self.others_are_held(plan.envelope_epochs, now)
        )
        if SEALING in lost and not planned:
            more |= self._new_epochs(now)
        return more

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
