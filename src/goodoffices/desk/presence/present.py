# SPDX-License-Identifier: Apache-2.0
"""Who is signed in at a running desk, and what ends that: signing out, a lock-out, a new roster."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TypeVar

from goodoffices.core.errors import NotAllowed, WrongSecret
from goodoffices.core.office import Right, Roster
from goodoffices.core.roster_request import RosterRequest
from goodoffices.core.statement import Signed
from goodoffices.desk.asking import Place
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.presence.looking_through import beside
from goodoffices.desk.presence.people import Person, add_officer, lock_out, others_with, people
from goodoffices.desk.vault.passkeys import Passkeys
from goodoffices.desk.vault.vault import OpenedOfficer, Vault

T = TypeVar("T")


def require_listed(desk: Desk, officer: Officer) -> None:
    """Raise NotAllowed unless the office's newest roster lists the officer, whatever the vault opens."""
    roster = desk.context.my_office().roster
    if not roster.rights(officer.public) or desk.ledger.locked_out(officer.public):
        raise NotAllowed(
            f"The office's roster does not list {officer.name}.",
            "A keeper of keys takes the request to the root and installs the roster that it signs.",
        )


class Present(ABC):
    """The officers at a running desk. The service that runs it does the rest."""

    def __init__(self, vault: Vault, desk: Desk) -> None:
        self.vault = vault
        self.desk = desk
        office = desk.context.my_office()
        self.passkeys = Passkeys(vault, office.id, office.name)
        self._signed_in: dict[int, Officer] = {}

    @abstractmethod
    def act(self, operation: Callable[[Desk, int], T]) -> T:
        """Run an operation of the desk, then send what it left to send."""

    async def beside(self, look: Callable[[Desk, int], T]) -> T:
        """What takes long and only reads, over the record as it stands now; the desk goes on meanwhile."""
        now = self.now()
        return await beside(self.vault, self.desk.context, lambda desk: look(desk, now))

    @abstractmethod
    def now(self) -> int:
        """Milliseconds UTC."""

    @abstractmethod
    async def whole(self) -> None:
        """Returns once every page of the vault was looked through; raises VaultDamaged."""

    @abstractmethod
    def kick(self) -> None:
        """Send what there is to send."""

    @abstractmethod
    def _announce(self) -> None:
        """Tell open pages that something changed."""

    def knows(self, name: str) -> bool:
        """Whether somebody of this name has or had keys here: for the audit log, never for an answer."""
        return self.vault.knows(name)

    async def sign_in(self, name: str, passphrase: str, passkey: bytes | None = None) -> Officer:
        """Open an officer's key and the reading tier; raises WrongSecret.

        ``passkey``: the one that this officer has just used, where one is asked for beside the passphrase.
        """
        opened = await asyncio.to_thread(self.vault.attempt(name, passphrase))
        mine = self.passkeys.of(opened.name)
        if self.asks_for_passkey(opened.name, opened.public) and passkey not in {each.id for each in mine}:
            hosts = ", ".join(sorted({each.host for each in mine}))
            raise NotAllowed(
                f"This officer's passkey is asked for beside the passphrase; it is for this desk by the name {hosts}.",
                "Reach the desk by that name, use the passkey, then type the passphrase. If it is lost, a keeper of"
                " keys removes it.",
            )
        await self.whole()
        return self._admit(opened)

    def asks_for_passkey(self, name: str, public: bytes) -> bool:
        """Whether this officer's passphrase alone does not sign in.

        The only keeper of keys always can: nobody else could remove a passkey that he lost (ADR 0053).
        """
        if not self.passkeys.asked_beside_passphrase(name):
            return False
        keeper = self.desk.context.my_office().roster.rights(public) & Right.KEYS
        return not keeper or bool(others_with(self.people(), public, Right.KEYS))

    async def prove(self, officer: Officer, passphrase: str) -> None:
        """The officer who is signed in types his passphrase once more; raises WrongSecret."""
        wrong = WrongSecret("This is not your passphrase.")
        try:
            opened = await asyncio.to_thread(self.vault.attempt(officer.name, passphrase))
        except WrongSecret:
            raise wrong from None
        if opened.public != officer.public:
            raise wrong

    async def sign_in_by_passkey(
        self, place: Place, state: object, answer: Mapping[str, object], prf: bytes
    ) -> Officer | bytes:
        """Open an officer's key by what his passkey computed; the passkey's ID if that opens nothing.

        Raises WrongSecret.
        """
        await self.whole()
        passkey, _ = self.passkeys.use(place, state, answer, self.now())
        opened = self.passkeys.open(passkey, prf)
        return passkey if opened is None else self._admit(opened)

    def _admit(self, opened: OpenedOfficer) -> Officer:
        officer = Officer(opened.name, opened.public, opened.seed)
        self.vault.know_key(opened.name, officer.public)
        try:
            require_listed(self.desk, officer)
            self._signed_in[id(officer)] = officer
        finally:
            self._let_tokens_go()
        if self.desk.context.locked:
            self.desk.unlock(opened.reading_key, self.now())
            self.desk.lines.tell(self.now())
        self.kick()
        self._announce()
        return officer

    def wrap_under_passkey(self, officer: Officer, passkey: bytes, prf: bytes) -> None:
        """From now on this passkey opens the officer's keys."""
        reading_key = self.desk.context.reading_key
        if reading_key is None:
            raise NotAllowed("The desk is locked.", "Sign in first.")
        keys = OpenedOfficer(officer.name, officer.seed, reading_key).wrappable()
        self.passkeys.wrap(passkey, officer.name, prf, keys, self.desk.context.rng)

    def still_in(self, officer: Officer) -> bool:
        """Whether this sign-in counts: not signed out, and not locked out meanwhile."""
        return id(officer) in self._signed_in

    def lock_out(
        self, keeper: Officer, name: str, why: str, *, new_sealing_keys: bool = True
    ) -> RosterRequest | None:
        """Lock an officer out and end every session of his, before the root has signed anything."""
        try:
            return self.act(
                lambda desk, now: lock_out(
                    self.vault, desk, keeper, name, why, now, new_sealing_keys=new_sealing_keys
                )
            )
        finally:
            # Out is out, even where no roster could be asked for.
            self._end_locked_out()

    def add_officer(
        self, keeper: Officer, name: str, passphrase: str, pseudonym: str, rights: Right
    ) -> RosterRequest:
        """Keys for a new officer, and the request for his place in the roster."""
        return self.act(
            lambda desk, now: add_officer(self.vault, desk, keeper, name, passphrase, pseudonym, rights, now)
        )

    def people(self) -> tuple[Person, ...]:
        """Everybody who has or had keys here."""
        return people(self.vault, self.desk)

    def install_roster(self, signed: Signed) -> Roster:
        """A roster that the root has signed comes into force; whom it does not list is signed out."""
        roster = self.act(lambda desk, now: desk.rosters.install(signed, now))
        self.vault.scrub()
        self._end_locked_out()
        return roster

    def _end_locked_out(self) -> None:
        roster = self.desk.context.my_office().roster
        for officer in [*self._signed_in.values()]:
            if not roster.rights(officer.public) or self.desk.ledger.locked_out(officer.public):
                self.sign_out(officer)

    def _let_tokens_go(self) -> None:
        """A token is signed in to for as long as its officer is."""
        self.vault.tokens.keep({officer.name for officer in self._signed_in.values()})

    def sign_out(self, officer: Officer) -> None:
        """Forget an officer's key; with the last one the desk locks."""
        self._signed_in.pop(id(officer), None)
        self._let_tokens_go()
        if not self._signed_in:
            self.desk.lock()
            self.desk.lines.tell(self.now())
            self.kick()
        self._announce()
