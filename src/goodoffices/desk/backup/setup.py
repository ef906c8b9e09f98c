# SPDX-License-Identifier: Apache-2.0
"""What a desk knows of its backups: where they go, who can open them, what was written, what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from goodoffices.core import cbor, crypto, digits
from goodoffices.core.backup import PROOF_DIGITS, proof_digits, root_seed
from goodoffices.core.errors import NotNow, YourError
from goodoffices.desk.backup import keepers
from goodoffices.desk.backup.places import Place, SftpLogin, place_at
from goodoffices.desk.founding import ROOT_BACKUP
from goodoffices.desk.ledger.ledger import Ledger

_SETUP = "backup setup"
_WRITTEN = "backup written"
_TRIED = "backup tried"
_KEPT_SERIES = 2
MOST_PLACES = 4
DAY = 86_400_000
TRY_WITHIN = 90 * DAY
"""Milliseconds after which a restore that was tried no longer counts."""
FIRST_TRY_WITHIN = 7 * DAY


@dataclass(frozen=True)
class Target:
    """One place to which backups go."""

    where: str
    """A folder, or an address that begins with sftp://."""
    login: SftpLogin | None = field(default=None, repr=False)

    def place(self) -> Place:
        """The place itself."""
        return place_at(self.where, self.login)


@dataclass(frozen=True)
class Setup:
    """Where backups go, and who can open them."""

    where: str
    root: bytes | None
    """Sealing key of the root, from its seed."""
    keepers: tuple[str, ...]
    needed: int
    shared: bytes | None
    """Sealing key whose seed the keepers hold in shares."""
    made: int
    login: SftpLogin | None = field(default=None, repr=False)
    others: tuple[Target, ...] = ()
    """Further places, each of which gets everything."""

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every place, the first one first."""
        return (Target(self.where, self.login), *self.others)

    @property
    def readers(self) -> tuple[bytes, ...]:
        """The sealing keys to which every piece is sealed."""
        return tuple(each for each in (self.root, self.shared) if each is not None)

    def place(self) -> Place:
        """The first place."""
        return place_at(self.where, self.login)


@dataclass(frozen=True)
class Series:
    """A series that was begun: its proof, and whether it can be restored from."""

    id: bytes
    proof: bytes
    whole: bool


@dataclass(frozen=True)
class Written:
    """What lies at the place, as far as this desk knows. ``last``: ms UTC of the newest piece."""

    series: tuple[Series, ...] = ()
    last: int | None = None


def setup_of(ledger: Ledger) -> Setup | None:
    """How backups are set up here, if they are."""
    raw = ledger.secret(_SETUP)
    if raw is None:
        return None
    where, root, names, needed, shared, made, login, *more = cbor.decode(raw)
    others = tuple(Target(there, _login(keys)) for there, keys in more[0]) if more else ()
    return Setup(where, root, names, needed, shared, made, _login(login), others)


def _login(keys: Any) -> SftpLogin | None:
    return SftpLogin(*keys) if keys else None


def _keep(ledger: Ledger, setup: Setup) -> None:
    fields = setup.where, setup.root, list(setup.keepers), setup.needed, setup.shared, setup.made
    logins = [[each.login.key, each.login.host_key] if each.login else None for each in setup.targets]
    others = [[each.where, login] for each, login in zip(setup.others, logins[1:], strict=True)]
    ledger.put_secret(_SETUP, cbor.encode([*fields, logins[0], others]))


def set_up(
    ledger: Ledger,
    where: str,
    now: int,
    *,
    root: bytes | None = None,
    names: Sequence[str] = (),
    needed: int = 0,
    login: SftpLogin | None = None,
    rng: Any,
) -> tuple[Setup, list[str]]:
    """Keep how backups are to be made; returns the keepers' shares, which are kept nowhere.

    ``root``: the root's seed, where the office was made by a version that did not keep its sealing key.
    Inside the caller's transaction.
    """
    if root is not None:
        ledger.set_fact(ROOT_BACKUP, crypto.sealing_public(root_seed(root)))
    to_root = ledger.fact(ROOT_BACKUP)
    if to_root is None:
        raise YourError(
            "This desk does not know yet to what the root's backups are sealed.", "Give --root FILE once."
        )
    shares: list[str] = []
    shared = None
    if names:
        seed = rng(32)
        shares, shared = keepers.share(seed, needed, len(names)), crypto.sealing_public(seed)
    before = setup_of(ledger)
    setup = Setup(where, to_root, tuple(names), needed if names else 0, shared, now, login)
    if before is not None:
        for each in before.targets:
            if each.where != where:
                ledger.drop_fact(_written_at(before, each.where))
    _keep(ledger, setup)
    ledger.drop_fact(_TRIED)
    return setup, shares


def add_place(ledger: Ledger, target: Target) -> Setup:
    """Everything goes to one place more, for the same readers; raises YourError. Inside the caller's transaction."""
    setup = _set_up(ledger)
    if any(each.where == target.where for each in setup.targets):
        raise YourError(f"Backups go to {target.where} already.", "Name another place.")
    if len(setup.targets) >= MOST_PLACES:
        raise YourError(f"Backups go to {MOST_PLACES} places already.", "Leave one of them first.")
    setup = replace(setup, others=(*setup.others, target))
    _keep(ledger, setup)
    return setup


def drop_place(ledger: Ledger, where: str) -> Setup:
    """Nothing more goes to a place; what lies there stays. Inside the caller's transaction."""
    setup = _set_up(ledger)
    left = [each for each in setup.targets if each.where != where]
    if len(left) == len(setup.targets):
        raise YourError(f"No backups go to {where}.", "Name the place as it is shown.")
    if not left:
        raise YourError("This is the only place to which backups go.", "Name another one first.")
    ledger.drop_fact(_written_at(setup, where))
    after = replace(setup, where=left[0].where, login=left[0].login, others=tuple(left[1:]))
    if after.where != setup.where:
        moved = ledger.fact(_written_at(setup, after.where))
        ledger.drop_fact(_written_at(setup, after.where))
        if moved is not None:
            ledger.set_fact(_WRITTEN, moved)
    _keep(ledger, after)
    return after


def _set_up(ledger: Ledger) -> Setup:
    setup = setup_of(ledger)
    if setup is None:
        raise NotNow("No backups are set up.", "Set them up first.")
    return setup


def _written_at(setup: Setup | None, where: str | None) -> str:
    if where is None or setup is None or where == setup.where:
        return _WRITTEN
    return f"{_WRITTEN} {crypto.sha256(where.encode()).hex()[:16]}"


def written(ledger: Ledger, where: str | None = None) -> Written:
    """What was written so far to a place, the first one if none is named."""
    raw = ledger.fact(_written_at(setup_of(ledger), where))
    if raw is None:
        return Written()
    rows, last = cbor.decode(raw)
    return Written(tuple(Series(*row) for row in rows), last)


def keep_written(ledger: Ledger, state: Written, where: str | None = None) -> None:
    """Inside the caller's transaction."""
    rows = [[each.id, each.proof, each.whole] for each in state.series]
    ledger.set_fact(_written_at(setup_of(ledger), where), cbor.encode([rows, state.last]))


def with_series(state: Written, series: Series) -> Written:
    """The newest series in its place, and no more than are kept before it."""
    others = tuple(each for each in state.series if each.id != series.id and each.whole)
    return replace(state, series=(*others[-(_KEPT_SERIES - 1) :], series))


def tried(ledger: Ledger) -> int | None:
    """When (ms) somebody last tried a restore and typed its digits here."""
    raw = ledger.fact(_TRIED)
    return int(raw) if raw is not None else None


def note_try(ledger: Ledger, heard: str, now: int) -> None:
    """Somebody opened a backup elsewhere and types what only that tells. Inside the caller's transaction."""
    bare = digits.typed(heard, PROOF_DIGITS)
    setup = setup_of(ledger)
    there = [written(ledger, each.where) for each in setup.targets] if setup is not None else []
    if all(proof_digits(series.proof) != bare for each in there for series in each.series):
        raise NotNow(
            "These are not the digits of a backup that this desk has written lately.",
            "Run goodoffices backup try on another machine, and type the digits that it shows at its end.",
        )
    ledger.set_fact(_TRIED, str(now).encode())


def note_restored(ledger: Ledger, now: int) -> None:
    """This desk came back from its backup: no try says more. Inside the caller's transaction."""
    ledger.set_fact(_TRIED, str(now).encode())


def forget_written(ledger: Ledger) -> None:
    """At a desk that was restored: its series are another machine's. Inside the caller's transaction."""
    setup = setup_of(ledger)
    for each in setup.targets if setup is not None else ():
        ledger.drop_fact(_written_at(setup, each.where))
    for name in (_WRITTEN, _TRIED):
        ledger.drop_fact(name)
