# SPDX-License-Identifier: Apache-2.0
"""What a desk knows of what the other end of a thin line holds (docs/format.md §16.2).

Too little said costs bytes, too much costs a try: what a reader cannot find it takes for early, and after
some rounds without a receipt the sender goes the ordinary way.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain as each_of

from goodoffices.core import crypto
from goodoffices.core.act import Act
from goodoffices.core.line import CarriedEntry, Item
from goodoffices.core.mandate import Agreement
from goodoffices.core.office import require_version
from goodoffices.core.sealed import Header, read_sealed
from goodoffices.core.statement import read_signed
from goodoffices.desk.context import Context
from goodoffices.desk.ledger.ledger import LineRow
from goodoffices.desk.thin.tables import ThinTables

MOST_TOLD = 4096
_BEYOND = b"\xff" * 32


class _Values:
    """Finds values of 16 and 32 bytes at one desk."""

    def __init__(self, context: Context, tables: ThinTables) -> None:
        self.context = context
        self.ledger = context.ledger
        self.tables = tables
        self._lasting: frozenset[bytes] | None = None

    def refresh(self) -> None:
        """Offices, mandates or chains may be others now."""
        self._lasting = None

    def kept(self) -> frozenset[bytes]:
        """What lasts, as it was when it was last looked at."""
        if self._lasting is None:
            self._lasting = frozenset(self.lasting())
        return self._lasting

    def lasting(self) -> set[bytes]:
        """Offices, their keys, mandates and chains."""
        found: set[bytes] = set(self.tables.all_ids())
        for office, _ in self.ledger.offices():
            found.add(office.id)
            found |= {
                key for roster in office.rosters for key in (roster.desk, *(o[1] for o in roster.officers))
            }
        mine = self.context.my_office()
        found |= {mine.id, mine.roster.desk, *(officer[1] for officer in mine.roster.officers)}
        return found | {
            mandate for mandate in self.ledger.mandates() if self.ledger.agreement(mandate).complete
        }

    def in_tables(self, start: bytes, size: int) -> Iterable[bytes]:
        """Entries, notes and acts, or incarnations, that begin so."""
        between = start, start + _BEYOND
        if size == 32:
            for table in ("entry", "note", "act"):
                yield from self._ids(f"SELECT id FROM {table} WHERE id>=? AND id<=?", *between)
        else:
            for table in ("entry", "chain"):
                yield from self._ids(
                    f"SELECT DISTINCT incarnation FROM {table} WHERE incarnation>=? AND incarnation<=?",
                    *between,
                )

    def _ids(self, sql: str, *values: bytes | int) -> list[bytes]:
        return [bytes(row[0]) for row in self.ledger.db.execute(sql, values).fetchall()]

    def find(self, start: bytes, size: int) -> list[bytes]:
        """The values of so many bytes held here that begin so."""
        for fresh in (False, True):
            if fresh:
                self.refresh()
            lasting = (each for each in self.kept() if len(each) == size and each.startswith(start))
            found = list(dict.fromkeys(each_of(lasting, self.in_tables(start, size))))
            if found:
                return found
        return []


class LineKnown(_Values):
    """Both ends of a line."""

    def __init__(self, context: Context, tables: ThinTables, line: LineRow) -> None:
        super().__init__(context, tables)
        self.line = line
        self._told: dict[bytes, None] = {}
        self._lost: frozenset[bytes] = frozenset()

    def went_back(self) -> None:
        """The peer may hold no more what it was told: entries of late, and the keys of any chain."""
        self._told.clear()
        self._lost = frozenset(self.tables.all_ids())

    def learn(self, carried: CarriedEntry) -> None:
        """Both ends hold this entry."""
        entry = carried.entry
        values = [carried.signed.id, entry.incarnation, entry.previous]
        values += list(entry.seen[:1] + entry.seen[2:]) if entry.seen is not None else []
        for item in carried.items:
            if item[0] == Item.ACT:
                signed = read_signed(item[1])
                act = signed.statement.read(Act)
                values += [signed.id, act.incarnation, act.previous, act.subject, act.evidence]
            elif item[0] in (Item.NOTE, Item.RESEALED):
                values += [read_sealed(item[1]).header.note]
        for value in values:
            if value is not None:
                self._told.pop(value, None)
                self._told[value] = None
        while len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]

    def told(self, value: bytes) -> bool:
        """Whether the peer surely holds a value."""
        return value in self._told or (value in self.kept() and value not in self._lost)

    def place_of(self, note: bytes) -> tuple[bytes, int] | None:
        """Rows of notes stand inside notes, not in cells."""
        return None

    def at(self, author: bytes, number: int) -> bytes | None:
        """Rows of notes stand inside notes, not in cells."""
        return None

    def sealed(self, note: bytes, digest: bytes) -> bytes | None:
        """The sealed note here whose ID and whose SHA-256 begin so."""
        rows = self._ids("SELECT sealed FROM copy WHERE note>=? AND note<=?", note, note + _BEYOND)
        rows += self.tables.ahead(self.line.id, note)
        found = list({raw for raw in rows if crypto.sha256(raw).startswith(digest)})
        return found[0] if len(found) == 1 else None


class NoteKnown(_Values):
    """The author of a note and its readers."""

    def __init__(self, context: Context, tables: ThinTables, header: Header, agreement: Agreement) -> None:
        super().__init__(context, tables)
        self.header = header
        self.agreement = agreement

    def officers(self, version: int) -> tuple[bytes, ...]:
        """The keys of the author's officers in a version of its roster; raises NotNow."""
        office = self.agreement.offices[self.header.author]
        return tuple(each[1] for each in require_version(office, version).officers)

    def told(self, value: bytes) -> bool:
        """What its recipient wrote itself, it holds."""
        row = self.ledger.note(value) if len(value) == 32 else None
        return row is not None and row.author == self.header.recipient and row.mandate == self.header.mandate

    def place_of(self, note: bytes) -> tuple[bytes, int] | None:
        """(author, number) of a note of the recipient's that alone has its number in this lane."""
        row = self.ledger.note(note)
        if row is None or not self.told(note) or self.at(row.author, row.number) != note:
            return None
        return row.author, row.number

    def at(self, author: bytes, number: int) -> bytes | None:
        """The one note of an author with a number, in this lane."""
        rows = self._ids(
            "SELECT id FROM note WHERE mandate=? AND lane=? AND author=? AND number=?",
            *(self.header.mandate, self.header.lane, author, number),
        )
        return rows[0] if len(rows) == 1 else None
