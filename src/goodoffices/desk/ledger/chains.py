# SPDX-License-Identifier: Apache-2.0
"""The tables of authors' chains of acts and notes, and of what was carried to whom."""

from __future__ import annotations

from collections.abc import Iterable

from goodoffices.desk.ledger.lines import LineTables
from goodoffices.desk.ledger.rows import NoteRow


class ChainTables(LineTables):
    """Places in chains, and what went where."""

    def chain_head(self, mandate: bytes, lane: bytes, author: bytes) -> tuple[bytes, int, bytes] | None:
        """(incarnation, sequence, ID) of the furthest link of an author's chain here.

        Not the newest: a note that several signed stands where it was drawn up (ADR 0026).
        """
        chain = (mandate, lane, author)
        if chain not in self._heads:
            row = self._one(
                "SELECT chain.id, incarnation, (SELECT max(sequence) FROM link WHERE chain=chain.id) AS furthest"
                " FROM chain WHERE mandate=? AND lane=? AND author=? AND furthest IS NOT NULL"
                " ORDER BY furthest DESC, chain.id DESC LIMIT 1",
                *chain,
            )
            if row is None:
                return None
            place = self._one("SELECT id FROM link WHERE chain=? AND sequence=?", row[0], row[2])
            self._room_in(self._heads)
            self._heads[chain] = (bytes(row[1]), row[2], bytes(place[0]))
        return self._heads[chain]

    def add_link(self, link: tuple[bytes, bytes, bytes, bytes, int, bytes]) -> list[bytes]:
        """Keep a place in an author's chain; returns other IDs at the same place (a fork).

        ``link``: mandate, lane, author, incarnation, sequence, ID.
        """
        chain, place, what = self._chain(*link[:4]), link[4], link[5]
        furthest = self.chain_head(*link[:3])
        there = []
        if furthest is None or place <= furthest[1]:
            there = self._all("SELECT id FROM link WHERE chain=? AND sequence=?", chain, place)
        others = [bytes(row[0]) for row in there if bytes(row[0]) != what]
        if len(others) == len(there):
            self.db.execute("INSERT INTO link VALUES (?,?,?)", (chain, place, what))
            head, known = link[:3], self._heads.get(link[:3])
            if known is not None and place > known[1]:
                self._heads[head] = link[3:6]
            elif known is not None and place == known[1]:
                del self._heads[
                    head
                ]  # two stand furthest (a fork, or two incarnations): the tables say which counts
        return others

    def _chain(self, *place: bytes) -> int:
        """The row of one incarnation of an author's chain, made where there is none."""
        if place not in self._chains:
            where = "mandate=? AND lane=? AND author=? AND incarnation=?"
            row = self._one(f"SELECT id FROM chain WHERE {where}", *place) or self._one(
                "INSERT INTO chain (mandate, lane, author, incarnation) VALUES (?,?,?,?) RETURNING id", *place
            )
            self._room_in(self._chains)
            self._chains[place] = int(row[0])
        return self._chains[place]

    def incarnations_of(self, note: NoteRow, notes: Iterable[bytes]) -> set[bytes]:
        """In which incarnations of a note's author's chain these notes stand."""
        asked = list(notes)
        rows = self._all(
            "SELECT DISTINCT incarnation FROM chain JOIN link ON link.chain=chain.id WHERE mandate=? AND lane=?"
            f" AND author=? AND link.id IN ({','.join('?' * len(asked))})",
            *(note.mandate, note.lane, note.author, *asked),
        )
        return {bytes(row[0]) for row in rows}

    def extend_chain(self, link: tuple[bytes, bytes, bytes, bytes, int, bytes]) -> None:
        """Keep an own act's place, drawn up in this transaction behind the furthest of its chain."""
        self.db.execute("INSERT INTO link VALUES (?,?,?)", (self._chain(*link[:4]), *link[4:]))
        if link[:3] in self._heads:
            self._heads[link[:3]] = link[3:6]

    # what went where

    def carried_to(self, what: bytes, office: bytes) -> bool:
        """Whether a note or act went to a neighbour."""
        pair = (what, office)
        if pair not in self._carried:
            self._room_in(self._carried)
            found = self._one("SELECT 1 FROM carried WHERE what=? AND to_office=?", *pair)
            self._carried[pair] = found is not None
        return self._carried[pair]

    def mark_carried(self, what: bytes, office: bytes) -> None:
        """A note or act goes to a neighbour, once."""
        self._room_in(self._carried)
        self.db.execute("INSERT OR IGNORE INTO carried VALUES (?,?)", (what, office))
        self._carried[what, office] = True
