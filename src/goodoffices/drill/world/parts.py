# SPDX-License-Identifier: Apache-2.0
"""The pieces of a simulated world: its weather, its offices, what was released, a world at rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from goodoffices.core.office import Office
from goodoffices.core.once import once
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import Founding
from goodoffices.desk.officers.acts import Draft
from goodoffices.drill.world.disk import Disk

START = 1_750_000_000_000
RELAYS = ("http://127.0.0.1:1", "http://127.0.0.1:2")
SECOND = 1000
STAFF = ("duty", "second", "third")
"""The officers with whom every office begins."""


@dataclass
class Weather:
    """What the network and the relays' operators do. Chances are per message."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    late_ms: int = 60 * SECOND
    lied: float = 0.0
    """A relay says that it stored what it throws away."""
    replayed: float = 0.0
    """A relay delivers an envelope of long ago beside a new one."""
    hidden: float = 0.0
    """A relay does not tell its reader of an envelope that lies there, and tells him at a later connection."""
    spoilt: float = 0.0
    """A relay hands out an envelope with a bit turned over, or one from another mailbox."""


CALM = Weather()


@dataclass(eq=False)
class SimOffice:
    """One office: its keys, its disk, and its desk while that runs. No other is the same."""

    name: str
    founding: Founding
    disk: Disk
    rng: Random
    desk: Desk | None = None
    offset: int = 0
    """How far its clock is from the world's, in ms."""
    boot: int = 0
    wake_at: int | None = None
    settling: bool = False
    listening: set[int] = field(default_factory=set)
    restored: bool = False
    unsynced: bytes | None = None
    """What stood on the disk when it last kept its word: what is left of it if the machine stops now."""
    people: list[Officer] = field(default_factory=list)
    """Officers who came later, also those who are out again."""
    at_the_root: Office | None = None
    """The credential as the root last signed it: it lies with the root, whatever becomes of the desk."""

    @once
    def id(self) -> bytes:
        """The office's ID."""
        return self.founding.office.id

    @property
    def everybody(self) -> tuple[Officer, ...]:
        """Who is or was an officer here."""
        return (*(self.founding.officer(name) for name in STAFF), *self.people)

    @property
    def officers(self) -> tuple[Officer, ...]:
        """Who is in the roster now; everybody has every right."""
        if self.desk is None:
            return self.everybody
        roster = self.desk.context.my_office().roster
        return tuple(each for each in self.everybody if roster.rights(each.public))

    @property
    def officer(self) -> Officer:
        """The first who is in the roster."""
        listed = self.officers
        return listed[0] if listed else self.everybody[0]


@dataclass(frozen=True)
class Released:
    """What an author's officer asked for, as the world remembers it."""

    id: bytes
    author: SimOffice
    draft: Draft
    number: int


@dataclass(frozen=True)
class Snapshot:
    """A world at rest, to begin others from."""

    offices: tuple[tuple[str, Founding, bytes], ...]
    mandates: tuple[bytes, ...]
    time: int
    paper: bytes | None = None
    """The mandate whose other party is on paper."""
