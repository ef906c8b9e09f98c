# SPDX-License-Identifier: Apache-2.0
"""The tables of thin lines: wishes, chains and how far they are used up, keys that were passed over."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.statement import Signed, read_signed
from goodoffices.core.thin.keys import Chain, Reading, ThinKeys
from goodoffices.desk.ledger.ledger import Ledger

MOST_AHEAD = 64
_AHEAD = "thin ahead"
_CHAIN = "id, scope, office, recipient, made, signed, next, state"


@dataclass(frozen=True)
class ChainRow:
    """A chain as this desk knows it. ``state``: None where it is not opened here."""

    id: bytes
    scope: bytes
    office: bytes
    recipient: bytes
    made: int
    signed: bytes
    next: int
    state: bytes | None

    @property
    def keys(self) -> ThinKeys:
        """What its author signed."""
        return read_signed(self.signed).statement.read(ThinKeys)

    def readers(self) -> frozenset[bytes]:
        """The offices to which its secret is sealed."""
        return frozenset(reader for reader, _, _ in self.keys.keys)


class ThinTables:
    """Typed access to the tables of thin lines. Every method runs inside its caller's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    # wishes

    def wishes(self) -> dict[tuple[bytes, bytes], tuple[bool, int]]:
        """By line and office: whether it wants the line thin, and since when it says so. Remembered."""
        found: dict[tuple[bytes, bytes], tuple[bool, int]] | None = self.ledger.books.get("thin wishes")
        if found is None:
            rows = self.ledger.db.execute("SELECT line, office, wanted, at FROM thin_wish").fetchall()
            found = {(bytes(row[0]), bytes(row[1])): (bool(row[2]), row[3]) for row in rows}
            self.ledger.books["thin wishes"] = found
        return found

    def wish(self, line: bytes, office: bytes, signed: Signed, wanted: bool, at: int) -> None:
        """The newest wish of an office; one that was stated before what is known says nothing."""
        known = self.wishes().get((line, office))
        if known is not None and known[1] > at:
            return
        self.ledger.books.pop("thin wishes", None)
        self.ledger.db.execute(
            "INSERT OR REPLACE INTO thin_wish VALUES (?,?,?,?,?)", (line, office, wanted, at, signed.raw)
        )

    # chains

    def chain(self, chain: bytes) -> ChainRow | None:
        """A chain by its ID."""
        row = self.ledger.db.execute(f"SELECT {_CHAIN} FROM thin_chain WHERE id=?", (chain,)).fetchone()
        return ChainRow(*row) if row else None

    def starting(self, start: bytes, scope: bytes, office: bytes) -> list[ChainRow]:
        """The chains of a scope and author whose IDs begin so."""
        rows = self.ledger.db.execute(
            f"SELECT {_CHAIN} FROM thin_chain WHERE scope=? AND office=? AND substr(id, 1, ?)=?",
            (scope, office, len(start), start),
        ).fetchall()
        return [ChainRow(*row) for row in rows]

    def newest(self, scope: bytes, office: bytes, recipient: bytes) -> ChainRow | None:
        """The newest chain of a scope, from an author to a recipient."""
        row = self.ledger.db.execute(
            f"SELECT {_CHAIN} FROM thin_chain WHERE scope=? AND office=? AND recipient=?"
            " ORDER BY made DESC, id LIMIT 1",
            (scope, office, recipient),
        ).fetchone()
        return ChainRow(*row) if row else None

    def unopened(self) -> list[ChainRow]:
        """Chains whose secret was not opened here."""
        rows = self.ledger.db.execute(f"SELECT {_CHAIN} FROM thin_chain WHERE state IS NULL").fetchall()
        return [ChainRow(*row) for row in rows]

    def of_author(self, scope: bytes, office: bytes, recipient: bytes) -> list[bytes]:
        """IDs of the chains of a scope from an author to a recipient, newest first."""
        rows = self.ledger.db.execute(
            "SELECT id FROM thin_chain WHERE scope=? AND office=? AND recipient=? ORDER BY made DESC, id",
            (scope, office, recipient),
        ).fetchall()
        return [bytes(row[0]) for row in rows]

    def all_ids(self) -> list[bytes]:
        """IDs of all chains."""
        return [bytes(row[0]) for row in self.ledger.db.execute("SELECT id FROM thin_chain").fetchall()]

    def add(self, row: ChainRow) -> None:
        """Keep a chain."""
        self.ledger.db.execute(
            f"INSERT OR IGNORE INTO thin_chain ({_CHAIN}) VALUES (?,?,?,?,?,?,?,?)",
            (row.id, row.scope, row.office, row.recipient, row.made, row.signed, row.next, row.state),
        )

    def remove(self, chain: bytes) -> None:
        """Forget a chain and all its keys."""
        for table, column in (("thin_skipped", "chain"), ("thin_held", "chain"), ("thin_chain", "id")):
            self.ledger.db.execute(f"DELETE FROM {table} WHERE {column}=?", (chain,))

    def move(self, chain: Chain, state: bytes) -> None:
        """A chain's next state, in place of the one before."""
        self.ledger.db.execute(
            "UPDATE thin_chain SET next=?, state=? WHERE id=?", (chain.next, state, chain.id)
        )

    def skipped(self, chain: bytes) -> dict[int, bytes]:
        """Keys that were passed over, as they are kept."""
        rows = self.ledger.db.execute(
            "SELECT number, key FROM thin_skipped WHERE chain=?", (chain,)
        ).fetchall()
        return {row[0]: bytes(row[1]) for row in rows}

    def keep_skipped(self, before: Reading, after: Reading, kept: dict[int, bytes]) -> None:
        """Keep the keys of ``kept``, forget those that ``after`` has no more."""
        chain = after.chain.id
        for number in before.skipped.keys() - after.skipped.keys():
            self.ledger.db.execute("DELETE FROM thin_skipped WHERE chain=? AND number=?", (chain, number))
        for number, key in kept.items():
            self.ledger.db.execute("INSERT OR REPLACE INTO thin_skipped VALUES (?,?,?)", (chain, number, key))

    # notes ahead of their entries

    def keep_ahead(self, line: bytes, note: bytes, digest: bytes, sealed: bytes, now: int) -> None:
        """A note whose entry is on its way; of one line the newest ``MOST_AHEAD`` are kept."""
        self.ledger.books[_AHEAD] = True
        self.ledger.db.execute(
            "INSERT OR REPLACE INTO thin_ahead VALUES (?,?,?,?,?)", (digest, line, note, sealed, now)
        )
        self.ledger.db.execute(
            "DELETE FROM thin_ahead WHERE line=? AND digest NOT IN"
            " (SELECT digest FROM thin_ahead WHERE line=? ORDER BY digest=? DESC, at DESC LIMIT ?)",
            (line, line, digest, MOST_AHEAD),
        )

    def ahead(self, line: bytes, note: bytes) -> list[bytes]:
        """Sealed notes of a line that came ahead and whose IDs begin so."""
        rows = self.ledger.db.execute(
            "SELECT sealed FROM thin_ahead WHERE line=? AND substr(note, 1, ?)=?", (line, len(note), note)
        ).fetchall()
        return [bytes(row[0]) for row in rows]

    def forget_ahead(self, digest: bytes) -> None:
        """Its entry is here."""
        books = self.ledger.books
        if _AHEAD not in books:
            rows = self.ledger.db.execute("SELECT 1 FROM thin_ahead LIMIT 1").fetchall()
            books[_AHEAD] = bool(rows)
        if books[_AHEAD]:
            self.ledger.db.execute("DELETE FROM thin_ahead WHERE digest=?", (digest,))

    # who holds them

    def holds(self, chain: bytes, reader: bytes) -> None:
        """A reader's desk has said that it has a chain's keys."""
        self.ledger.db.execute("INSERT OR IGNORE INTO thin_held VALUES (?,?)", (chain, reader))

    def holders(self, chain: bytes) -> frozenset[bytes]:
        """Readers that said so."""
        rows = self.ledger.db.execute("SELECT reader FROM thin_held WHERE chain=?", (chain,)).fetchall()
        return frozenset(bytes(row[0]) for row in rows)
