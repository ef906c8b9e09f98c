# SPDX-License-Identifier: Apache-2.0
"""Leaving at once: keys destroyed, counterparts told by certificates signed beforehand, then silence (P13, ADR 0047).

The keys go first. What is sent afterwards was sealed and signed before, and needs none of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from goodoffices.core.crypto import forget_private_keys
from goodoffices.core.errors import GoodOfficesError, NotAllowed, RelayError, YourError
from goodoffices.core.office import Right
from goodoffices.desk.asking import AuditKind
from goodoffices.desk.backup.running import RunningBackup
from goodoffices.desk.context import DeskKeys, Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import RouteRow
from goodoffices.desk.presence.people import Person, others_with
from goodoffices.desk.presence.present import require_listed
from goodoffices.desk.routes.relay_client import RelayClient
from goodoffices.desk.vault.keys import Cost, check_passphrase, fold
from goodoffices.desk.vault.vault import Vault

EVERY = 3600.0
"""Seconds after which certificates are signed anew: counterparts' sealing keys change."""
FLUSH = 3.0
"""Seconds that the backup gets for what it has not written yet. Keys are destroyed then in any case."""
TELL = 60.0
"""Seconds for which relays are tried afterwards."""
HEARD = 5.0
"""Seconds of these for which the officer's page waits, so that it says how many have answered."""
MAY = Right.DUTY | Right.KEYS
_KEPT_AS = "secret for leaving"
_SALT = 16


class Running(Protocol):
    """The part of a running desk that leaving needs."""

    desk: Desk
    vault: Vault
    client: RelayClient
    backup: RunningBackup

    def now(self) -> int: ...
    def people(self) -> Sequence[Person]: ...
    def cancel_work(self) -> object: ...
    async def end_work(self) -> None: ...


class Leaving:
    """How one running desk leaves."""

    def __init__(self, service: Running) -> None:
        self._service = service
        self._prepared: list[tuple[RouteRow, bytes]] = []
        self._refusals: dict[str, str] = {}
        self.left: int | None = None
        """When (ms) the keys were destroyed."""
        self.silent = False
        """Left by the secret: whoever is at the screen is to see no more than a desk that failed."""
        self.told = 0
        self.over = asyncio.Event()
        """Set once everybody was told, or could not be."""
        self._begun: asyncio.Task[None] | None = None

    async def keep_prepared(self) -> None:
        """Certificates at hand, always. A task of the running desk."""
        while True:
            self.prepare()
            await asyncio.sleep(EVERY)

    def prepare(self) -> None:
        """Sign and seal what would be sent."""
        self._prepared = self._service.desk.stops.prepare(self._service.now())

    @property
    def prepared(self) -> int:
        """How many envelopes lie ready."""
        return len(self._prepared)

    # --- who may ------------------------------------------------------------------------------------

    def seconds(self, first: Officer) -> Sequence[Person]:
        """Who could be the second officer to leave."""
        return others_with(self._service.people(), first.public, MAY)

    def keepers_besides(self, keeper: Officer) -> Sequence[Person]:
        """Who else keeps keys here: then one alone does not set the secret for leaving (ADR 0053)."""
        return others_with(self._service.people(), keeper.public, Right.KEYS)

    def set_secret(self, keeper: Officer, secret: str, second: Officer | None = None) -> None:
        """A secret that makes this desk leave when it is typed instead of a passphrase; empty: none.

        ``second``: another keeper of keys, without whom none is set where there is one.
        """
        desk = self._service.desk
        desk.acts.require(keeper, Right.KEYS)
        if secret and self.keepers_besides(keeper):
            if second is None or second.public == keeper.public:
                raise NotAllowed(
                    "The secret for leaving is set by two keepers of keys, where there are two.",
                    "Let another keeper of keys type name and passphrase.",
                )
            desk.acts.require(second, Right.KEYS)
        with desk.context.transaction():
            if secret:
                check_passphrase(secret)
                salt = desk.context.rng(_SALT)
                desk.ledger.put_secret(_KEPT_AS, salt + Cost().stretch(fold(secret).encode(), salt))
            else:
                desk.ledger.drop_secret(_KEPT_AS)
            what = "set the secret for leaving" if secret else "took the secret for leaving back"
            for each in (keeper, second) if second is not None and secret else (keeper,):
                desk.ledger.audit(self._service.now(), each.name, what, AuditKind.OFFICE)

    @property
    def has_secret(self) -> bool:
        """Whether one is set."""
        return self._service.desk.ledger.secret(_KEPT_AS) is not None

    async def is_secret(self, typed: str) -> bool:
        """Whether this is the secret for leaving."""
        kept = self._service.desk.ledger.secret(_KEPT_AS)
        try:
            folded = fold(typed).encode()
        except YourError:
            return False
        if kept is None:
            # As long as where one is set: the time of a wrong sign-in tells nobody which it was.
            await asyncio.to_thread(Cost().stretch, folded, bytes(_SALT))
            return False
        found = await asyncio.to_thread(Cost().stretch, folded, kept[:_SALT])
        return hmac.compare_digest(found, kept[_SALT:])

    async def second(self, first: Officer, name: str, passphrase: str) -> Officer:
        """Another officer than ``first``, by name and passphrase; raises WrongSecret or NotAllowed."""
        other = await self.opened(name, passphrase)
        roster = self._service.desk.context.my_office().roster
        if other.public == first.public:
            raise NotAllowed(
                "It takes two officers to leave.", "Let another officer type name and passphrase."
            )
        if not all(roster.rights(each.public) & MAY for each in (first, other)):
            raise NotAllowed("Leaving takes two officers who hold the right 'duty' or 'keys'.")
        return other

    async def opened(self, name: str, passphrase: str) -> Officer:
        """The officer whose name and passphrase these are, signed in or not; raises WrongSecret or NotAllowed."""
        found = await asyncio.to_thread(self._service.vault.attempt(name, passphrase))
        officer = Officer(found.name, found.public, found.seed)
        require_listed(self._service.desk, officer)
        return officer

    # --- leaving --------------------------------------------------------------------------------------

    async def leave(self, *, at_once: bool = False) -> None:
        """Destroy every key, then tell. Returns once the keys are gone. ``at_once``: without a last backup."""
        if self._begun is None:
            self.silent = at_once
            if not self._prepared:
                with contextlib.suppress(GoodOfficesError):
                    self.prepare()
            if not at_once:
                with contextlib.suppress(TimeoutError, GoodOfficesError):
                    async with asyncio.timeout(FLUSH):
                        await self._service.backup.flush()
            self._destroy()
            self._begun = asyncio.ensure_future(self._tell())

    async def heard(self) -> None:
        """Wait until the relays have answered, for a few seconds at most; left by the secret, not at all."""
        if not self.silent:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARD):
                    await self.over.wait()

    def _destroy(self) -> None:
        context = self._service.desk.context
        self._service.cancel_work()
        self._service.desk.lock()
        self._service.vault.destroy()
        context.keys = DeskKeys(context.keys.office, context.keys.realm, bytes(32), {})
        forget_private_keys()
        self.left = self._service.now()

    async def _tell(self) -> None:
        await self._service.end_work()
        tries: list[Coroutine[Any, Any, None]] = [self._put(*each) for each in self._prepared]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TELL):
                await asyncio.gather(*tries)
        self.over.set()

    async def _put(self, route: RouteRow, sealed: bytes) -> None:
        while True:
            try:
                await self._service.client.put(route, sealed)
            except RelayError as error:
                self._refusals[route.relay] = error.what
                await asyncio.sleep(1)
                continue
            self.told += 1
            return
