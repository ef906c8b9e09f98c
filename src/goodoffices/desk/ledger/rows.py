# SPDX-License-Identifier: Apache-2.0
"""Rows of the desk's tables as frozen dataclasses, and the ground that the table classes stand on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from goodoffices.core.line import CarriedEntry, Place
from goodoffices.core.mandate import Agreement
from goodoffices.core.office import Office
from goodoffices.core.sealed import Header
from goodoffices.core.statement import Statement
from goodoffices.db.sqlite import Connection

MAX_REMEMBERED = 1024
"""Rows of one kind that are remembered: what is on its way is asked for a dozen times."""


@dataclass(frozen=True)
class LineRow:
    """One line as the desk keeps it."""

    id: bytes
    name: str
    peer: bytes
    pairing: Statement
    my_confirmation: bytes | None
    their_confirmation: bytes | None
    incarnation: bytes

    @property
    def confirmed_here(self) -> bool:
        """Whether the digits were typed at this desk."""
        return self.my_confirmation is not None

    @property
    def open(self) -> bool:
        """Whether both offices have confirmed: until then the line carries nothing else."""
        return self.my_confirmation is not None and self.their_confirmation is not None


@dataclass(frozen=True)
class RouteRow:
    """A mailbox: ours to collect from (``collect`` is set) or the peer's to put into."""

    id: int
    line: bytes | None
    relay: str
    mailbox: bytes
    put: bytes
    collect: bytes | None
    remove: bytes | None
    made_at_relay: bool
    cursor: int
    state: str = "used"
    """used | draining | left"""


@dataclass(frozen=True)
class NoteRow:
    """A note as the desk keeps it; its words are sealed."""

    id: bytes
    mandate: bytes
    lane: bytes
    author: bytes
    recipient: bytes
    number: int
    precedence: int
    valid_until: int | None
    at: int
    carried_by: bytes | None
    state: str
    finding: str | None
    copy: bytes | None
    words_sealed: bytes | None


def claimed_by(header: Header, note: NoteRow) -> NoteRow:
    """A note's row as the header of one of its sealed forms would have it."""
    return replace(
        note,
        mandate=header.mandate,
        lane=header.lane,
        author=header.author,
        recipient=header.recipient,
        number=header.number,
        precedence=header.precedence,
        valid_until=header.valid_until,
    )


@dataclass(frozen=True)
class ActRow:
    """A signed act as the desk keeps it."""

    position: int
    id: bytes
    author: bytes
    type: int
    subject: bytes | None
    lane: bytes
    signed: bytes
    at: int
    from_office: bytes | None


class Tables:
    """A connection, and what was read and verified from it before."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self._offices: dict[bytes, Office] = {}
        self._read_offices: dict[bytes, Office] = {}
        """By their bytes, so that no roll-back makes them be verified once more."""
        self._agreements: dict[bytes, Agreement] = {}
        self._lines: list[LineRow] | None = None
        self._facts: dict[str, bytes | None] = {}
        self._notes: dict[bytes, NoteRow] = {}
        self._numbers: dict[tuple[bytes, bytes, bytes], int] = {}
        """By mandate, lane and author: the highest number of a note here."""
        self._newest: dict[tuple[bytes, bytes, tuple[bytes, ...], int], list[bytes]] = {}
        """By mandate, lane, authors and how many: their newest notes, oldest first."""
        self._acts: dict[bytes, tuple[ActRow, ...]] = {}
        """By the note that they are about."""
        self._did: dict[bytes, tuple[tuple[ActRow, ...], frozenset[tuple[bytes, int]]]] = {}
        """By note: acts as they are remembered, and (office, type) of each of them."""
        self._said: dict[bytes, dict[tuple[bytes, int], int]] = {}
        """By note: of each office and type, how many acts have it as their subject."""
        self._seldom: dict[tuple[bytes, int], tuple[ActRow, ...]] = {}
        """By mandate and type: acts that not every note brings with it."""
        self._written: dict[bytes, CarriedEntry] = {}
        """Own entries of late: their peers name them, and relays and receipts tell of them."""
        self._unsettled: dict[bytes, Any] = {}
        self._carried: dict[tuple[bytes, bytes], bool] = {}
        self._heads: dict[tuple[bytes, bytes, bytes], tuple[bytes, int, bytes]] = {}
        self._chains: dict[tuple[bytes, ...], int] = {}
        self._places: dict[tuple[bytes, bytes, bytes | None], Place | None] = {}
        """By line, writer and incarnation (None: the newest): the highest place of that chain."""
        self._forked: set[bytes] = set()
        """Entries at those places that share theirs with another."""
        self._opened: dict[tuple[bytes, bytes], dict[bytes, Place | None]] = {}
        """By line and writer: of each incarnation whose first entry is here, the place after which it began."""
        self._beyond: bytes | None = None
        """The note that was added last, if its number was higher than all of its author's."""
        self._routes: list[RouteRow] | None = None
        self._owing: dict[bytes, int] | None = None
        """By line: how many items the table of what is owed has for it."""
        self._by_hand: bool | None = None
        """Whether any entry ever went by hand: at most desks none did."""
        self._left: bool | None = None
        """Whether anything is kept whose signer had left."""
        self._arrived: dict[bytes, bytes] | None = None
        """By note: the form in which it came, of those whose arrival is yet to be signed."""
        self.books: dict[str, Any] = {}
        """What a desk's books read from tables of theirs; forgotten with everything else."""
        self._fresh: list[tuple[bytes, bytes, int]] = []
        """(line, item, urgent) owed by the open transaction: most of it stands in an entry before the commit."""

    def _forget(self) -> None:
        """What was remembered may have been rolled back."""
        self._offices.clear()
        self._agreements.clear()
        self._lines = None
        self.look_again()

    def look_again(self) -> None:
        """Forget rows: whoever reads beside the desk that writes must, since only the writer's memory keeps up."""
        self._routes = self._owing = self._by_hand = self._left = self._arrived = self._beyond = None
        for remembered in (
            self.books,
            self._facts,
            self._notes,
            self._numbers,
            self._newest,
            self._acts,
            self._did,
            self._said,
            self._seldom,
            self._written,
            self._carried,
            self._heads,
            self._chains,
            self._places,
            self._forked,
            self._opened,
        ):
            remembered.clear()

    def remembered(self) -> dict[str, list[tuple[Any, ...]]]:
        """What is kept in memory of the tables: under a name, what each was asked with, the newest last."""
        return {
            "the numbers of": [*self._numbers],
            "the newest notes of": [*self._newest],
            "the chain of": [*self._heads],
            "the head of": [*self._places],
            "note": [(note,) for note in self._notes],
            "the acts about note": [(note,) for note in self._acts],
            "what was said about note": [(note,) for note in self._said],
            "the acts of a kind under": [*self._seldom],
            "what was carried:": [*self._carried],
            "entry": [(entry,) for entry in self._written],
            "the fact": [(name,) for name in self._facts],
            "the lines owed to": [] if self._owing is None else [()],
            "the arrivals to be signed": [] if self._arrived is None else [()],
            "whether anything went by hand": [] if self._by_hand is None else [()],
            "whether any signer had left": [] if self._left is None else [()],
        }

    def _room_in(self, remembered: dict[Any, Any]) -> None:
        if len(remembered) >= MAX_REMEMBERED:
            remembered.clear()

    def _one(self, sql: str, *values: Any) -> Any:
        return self.db.execute(sql, values).fetchone()

    def _all(self, sql: str, *values: Any) -> list[Any]:
        return self.db.execute(sql, values).fetchall()

    # facts

    def fact(self, name: str) -> bytes | None:
        """One setting of this desk."""
        if name not in self._facts:
            row = self._one("SELECT value FROM fact WHERE name=?", name)
            self._facts[name] = bytes(row[0]) if row else None
        return self._facts[name]

    def is_set_aside(self, mandate: bytes) -> bool:
        """Whether this office has put a mandate out of the way."""
        return bool(self.fact(f"aside {mandate.hex()}"))

    def set_mandate_aside(self, mandate: bytes, aside: bool) -> None:
        """Put a mandate out of the way, or take it up again."""
        self.set_fact(f"aside {mandate.hex()}", b"1" if aside else b"")

    def set_fact(self, name: str, value: bytes) -> None:
        """Write or replace a setting."""
        self._facts.pop(name, None)
        self.db.execute("INSERT OR REPLACE INTO fact VALUES (?,?)", (name, value))
