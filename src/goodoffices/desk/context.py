# SPDX-License-Identifier: Apache-2.0
"""What the parts of a desk share: its ledger, its keys, its source of randomness, what is to be done.

No clock: every method that needs the time is given ``now`` (milliseconds UTC).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import TypeVar

from goodoffices.core.crypto import Signing, ed25519_public
from goodoffices.core.errors import GoodOfficesError, NotNow
from goodoffices.core.line import CarriedEntry, Place
from goodoffices.core.office import Office
from goodoffices.core.statement import LIVE
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.opened import OpenedNotes

T = TypeVar("T")
Rng = Callable[[int], bytes]

Sealed = Callable[[], bytes]
Beside = Callable[[Sealed], Sealed]
"""Begins a piece of work beside what follows, and gives what waits for its result."""
MOST_LOOKS = 8
"""Long looks into the record that one envelope can cause."""


def later(work: Sealed) -> Sealed:
    """Nothing runs beside: the work is done when its result is asked for."""
    return work


@dataclass(frozen=True)
class DeskKeys:
    """Keys of the unattended tier."""

    office: bytes
    realm: bytes
    desk_seed: bytes = field(repr=False)
    envelope_seeds: dict[int, bytes] = field(repr=False)
    checkpoint_seed: bytes | None = field(default=None, repr=False)

    @cached_property
    def desk(self) -> bytes:
        """The desk's public key."""
        return ed25519_public(self.desk_seed)


@dataclass(frozen=True)
class Officer:
    """A signed-in officer: the only source of an officer's signature."""

    name: str
    public: bytes
    seed: Signing = field(repr=False)
    """His seed, or the key that his token holds in its place."""


@dataclass
class Pending:
    """What a transaction left to do once it is committed. Lost in a crash, rebuilt from the ledger."""

    fresh: list[tuple[bytes, CarriedEntry, int]] = field(default_factory=list)
    receipts: list[tuple[bytes, Place]] = field(default_factory=list)
    changed: set[bytes] = field(default_factory=set)
    new_incarnations: set[bytes] = field(default_factory=set)
    """Lines on which this transaction opens a new incarnation."""
    new_chains: bool = False
    """Whether this transaction draws a new incarnation for this office's acts."""
    sealed: dict[tuple[bytes, ...], Sealed] = field(default_factory=dict)
    """By the entries inside: envelopes that are sealed while the commit is synced, and sent after it."""
    after: list[Callable[[], None]] = field(default_factory=list)
    """What changes in memory, and must not if the transaction is rolled back."""
    looks: list[None] = field(default_factory=list)
    """Long looks into the record that this transaction was asked for, in parts that were undone too."""

    def may_look(self) -> bool:
        """Whether to take one more. An envelope may hold hundreds of questions; who means one asks again."""
        self.looks.append(None)
        return len(self.looks) <= MOST_LOOKS

    def look_no_more(self) -> None:
        """What was looked into was false: whatever else came with it has no further one."""
        self.looks.extend([None] * MOST_LOOKS)

    def take_into(self, other: Pending) -> None:
        """What is committed is left to do."""
        other.fresh += self.fresh
        other.receipts += self.receipts
        other.changed |= self.changed
        other.sealed |= self.sealed
        for change in self.after:
            change()

    def copy(self) -> Pending:
        """The same, independent of what comes later."""
        return Pending(
            [*self.fresh],
            [*self.receipts],
            {*self.changed},
            {*self.new_incarnations},
            self.new_chains,
            {**self.sealed},
            [*self.after],
            self.looks,
        )


class PartFailed(Exception):
    """A part of a transaction that stands or falls whole: nothing of it is kept, and it is done again part by part."""


class _Whole(AbstractContextManager[None]):
    """A part of a transaction that stands or falls whole."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, GoodOfficesError):
            raise PartFailed from error


_WHOLE = _Whole()


class Context:
    """Shared by ``lines``, ``channels``, ``acts`` and ``views`` of one desk."""

    def __init__(self, ledger: Ledger, keys: DeskKeys, rng: Rng, *, clock_quality: int = 0) -> None:
        self.ledger = ledger
        self.keys = keys
        self.me = keys.office
        """Own office's ID: its root's, so no change of keys changes it."""
        self.rng = rng
        self.clock_quality = clock_quality
        self.reading: dict[int, bytes] = {}
        self.reading_key: bytes | None = None
        self.opened = OpenedNotes()
        self.case_offset: int | None = None
        self.pending = Pending()
        self.committed = Pending()
        self.whole = False
        """Whether the open transaction stands or falls whole (``attempt``)."""
        self.beside: Beside = later
        self.arrived = 0
        """Counts what others may have waited for: credentials, signatures, confirmations."""

    def something_came(self) -> None:
        """What was too early before may be judged now: of use once the transaction is committed."""
        self.pending.after.append(self._count)

    def _count(self) -> None:
        self.arrived += 1

    @property
    def locked(self) -> bool:
        """Up but locked: collecting, but no officer is signed in, so no text can be read."""
        return self.reading_key is None

    def my_office(self) -> Office:
        """Own credential."""
        office = self.ledger.office(self.me)
        if office is None:
            raise NotNow("This vault holds no office.", "Make one with: goodoffices office new")
        return office

    @property
    def speaks(self) -> bool:
        """Whether the office's newest roster lists this desk's key (ADR 0073).

        A vault that went back to before a change of that key signs nothing until the root gives it another.
        """
        return self.keys.desk == self.my_office().roster.desk

    def require_speaks(self) -> None:
        """Raise NotNow where this desk has no key by which it may sign."""
        if not self.speaks:
            raise NotNow(
                "This desk's vault is older than the key by which its office speaks now.",
                "Bring a request to the root now: goodoffices office renew.",
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Save first, then send: what is left to do counts only once the commit is synced."""
        self.pending = Pending()
        with self.ledger.transaction():
            yield
        self.pending.take_into(self.committed)
        self.pending = Pending()

    def attempt(self, work: Callable[[], T]) -> T:
        """A transaction in parts. They hardly ever fail, so at first it stands or falls whole.

        To be able to undo each part alone, SQLite copies every page before the part changes it.
        """
        try:
            self.whole = True
            with self.transaction():
                return work()
        except PartFailed:
            pass
        finally:
            self.whole = False
        with self.transaction():
            return work()

    def part(self) -> AbstractContextManager[None]:
        """A part of a transaction: if it fails, it alone is undone, and the error goes on."""
        return _WHOLE if self.whole else self._part()

    @contextmanager
    def _part(self) -> Iterator[None]:
        before = self.pending.copy()
        try:
            with self.ledger.part():
                yield
        except GoodOfficesError:
            self.pending = before
            raise

    def time(self, now: int) -> tuple[int, int]:
        """[ms, quality] as signed objects state it."""
        return now, self.clock_quality

    def case_at(self, now: int) -> int | None:
        """The time of the case, in a drill; never in the live realm."""
        if self.keys.realm == LIVE or self.case_offset is None:
            return None
        return max(0, now + self.case_offset)
