# SPDX-License-Identifier: Apache-2.0
"""The tables of offices, lines and entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goodoffices.core.errors import NotFound
from goodoffices.core.line import ERASABLE, CarriedEntry
from goodoffices.core.office import Office, read_office
from goodoffices.core.pairing import Offer, read_offer
from goodoffices.core.statement import Statement, read_signed
from goodoffices.desk.ledger.mailboxes import MailboxTables
from goodoffices.desk.ledger.places import PlaceTables
from goodoffices.desk.ledger.rows import LineRow

_LINE = "id, name, peer, pairing, my_confirmation, their_confirmation, incarnation"
MAX_READ = 256
MOST_WRITTEN = 128
SHORT = 16_384
"""Bytes of the body of an entry that is remembered."""


class LineTables(PlaceTables, MailboxTables):
    """Offices, lines, entries; routes and what is owed come along."""

    # offices

    def office(self, office_id: bytes) -> Office | None:
        """A known office's verified credential."""
        if office_id not in self._offices:
            row = self._one("SELECT credential FROM office WHERE id=?", office_id)
            if row is None:
                return None
            raw = bytes(row[0])
            if raw not in self._read_offices:
                if len(self._read_offices) >= MAX_READ:
                    self._read_offices.clear()
                self._read_offices[raw] = read_office(raw)
            self._offices[office_id] = self._read_offices[raw]
        return self._offices[office_id]

    def save_office(self, office: Office, introduced_by: bytes | None) -> None:
        """Keep a credential; who introduced it is never changed by a later introduction."""
        self.db.execute(
            "INSERT INTO office VALUES (?,?,?) ON CONFLICT(id) DO UPDATE SET credential=excluded.credential",
            (office.id, office.raw, introduced_by),
        )
        self._offices.pop(office.id, None)
        self._agreements.clear()

    def offices(self) -> list[tuple[Office, bytes | None]]:
        """Every known office with who introduced it."""
        rows = self._all("SELECT id, introduced_by FROM office ORDER BY rowid")
        return [(office, row[1]) for row in rows if (office := self.office(bytes(row[0]))) is not None]

    def office_ids(self) -> list[bytes]:
        """Every known office in the order in which they became known; the own one is the first."""
        return [bytes(row[0]) for row in self._all("SELECT id FROM office ORDER BY rowid")]

    # lines and routes

    def line(self, line_id: bytes) -> LineRow:
        """A line by its ID; raises NotFound."""
        for line in self.lines():
            if line.id == line_id:
                return line
        raise NotFound("There is no such line at this desk.")

    def lines(self) -> list[LineRow]:
        """Every line, oldest first. Remembered: a note on its way asks a dozen times."""
        if self._lines is None:
            self._lines = [_line(row) for row in self._all(f"SELECT {_LINE} FROM line ORDER BY made, rowid")]
        return self._lines

    def line_to(self, peer: bytes) -> LineRow | None:
        """The newest open line to an office."""
        for line in reversed(self.lines()):
            if line.peer == peer and line.open:
                return line
        return None

    def add_line(self, line: LineRow, mine: Offer, theirs: Offer, now: int) -> None:
        """Keep a new line; its own mailboxes are those that the offer named."""
        self._lines = self._routes = None
        self.db.execute(
            "INSERT INTO line VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                line.id,
                line.name,
                line.peer,
                line.pairing.raw,
                mine.raw,
                theirs.raw,
                None,
                None,
                line.incarnation,
                now,
            ),
        )
        self.db.execute("UPDATE route SET line=? WHERE offer=?", (line.id, mine.digest))
        for route in theirs.routes:
            self.add_route(line.id, route, None)

    def confirm_line(self, line_id: bytes, signed: bytes, *, mine: bool) -> None:
        """Note a side's confirmation."""
        self._lines = None
        column = "my_confirmation" if mine else "their_confirmation"
        self.db.execute(f"UPDATE line SET {column}=? WHERE id=?", (signed, line_id))

    def set_incarnation(self, line_id: bytes, incarnation: bytes) -> None:
        """From now on this desk writes under another incarnation on this line."""
        self._lines = None
        self.db.execute("UPDATE line SET incarnation=? WHERE id=?", (incarnation, line_id))

    def offers_of(self, line_id: bytes) -> tuple[bytes, bytes]:
        """(own offer, the peer's) of a line, as bytes."""
        row = self._one("SELECT my_offer, their_offer FROM line WHERE id=?", line_id)
        return bytes(row[0]), bytes(row[1])

    def add_offer(self, offer: Offer, collect: Sequence[tuple[bytes, bytes]], now: int) -> None:
        """Keep an own offer, with the (collect, remove) rights of its mailboxes in order."""
        self._routes = None
        self.db.execute(
            "INSERT INTO offer (digest, raw, made) VALUES (?,?,?)", (offer.digest, offer.raw, now)
        )
        for route, (right, remove) in zip(offer.routes, collect, strict=True):
            self.db.execute(
                "INSERT INTO route (offer, relay, mailbox, put, collect, remove) VALUES (?,?,?,?,?,?)",
                (offer.digest, route.relay, route.mailbox, route.put, right, remove),
            )

    def offers(self) -> list[tuple[Offer, bool]]:
        """Own offers with whether each was used."""
        rows = self._all("SELECT raw, used FROM offer ORDER BY made DESC")
        return [(read_offer(bytes(raw)), bool(used)) for raw, used in rows]

    def use_offer(self, digest: bytes) -> None:
        """An offer makes one line, once."""
        self.db.execute("UPDATE offer SET used=1 WHERE digest=?", (digest,))

    # entries

    def add_entry(self, carried: CarriedEntry, now: int, *, urgent: int = 0) -> None:
        """Append to the record."""
        entry = carried.entry
        self.db.execute(
            "INSERT INTO entry (id, line, writer, incarnation, number, previous, kind, signed, salt, body, at,"
            " urgent) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                carried.signed.id,
                entry.line,
                entry.writer,
                entry.incarnation,
                entry.number,
                entry.previous,
                entry.kind,
                carried.signed.raw,
                carried.salt,
                carried.body,
                now,
                urgent,
            ),
        )
        self._grew(carried)

    def remember(self, carried: CarriedEntry) -> None:
        """An own entry that was added just now is asked for again: by relays' answers, by its receipt."""
        if carried.entry.kind not in ERASABLE and len(carried.body) <= SHORT:
            if len(self._written) >= MOST_WRITTEN:
                self._written.clear()
            self._written[carried.signed.id] = carried

    def entry(self, entry_id: bytes) -> CarriedEntry | None:
        """An entry of the record by its ID."""
        if entry_id in self._written:
            return self._written[entry_id]
        row = self._one("SELECT signed, salt, body FROM entry WHERE id=?", entry_id)
        return CarriedEntry(read_signed(bytes(row[0])), bytes(row[1]), bytes(row[2])) if row else None

    def counts_of(self, line: bytes, peer: bytes, me: bytes) -> tuple[int, int, int]:
        """(entries of the peer, own entries with a receipt, findings) of a line."""
        theirs, receipted = "SELECT count(*) FROM entry WHERE line=? AND writer=?", " AND receipt IS NOT NULL"
        return (
            int(self._one(theirs, line, peer)[0]),
            int(self._one(theirs + receipted, line, me)[0]),
            int(self._one("SELECT count(*) FROM finding WHERE line=?", line)[0]),
        )

    def unreceipted(self, line: bytes, writer: bytes) -> list[tuple[CarriedEntry, int]]:
        """Own entries that the peer has not receipted, oldest first, each with how urgent it is."""
        rows = self._all(
            "SELECT signed, salt, body, urgent FROM entry WHERE line=? AND writer=? AND receipt IS NULL"
            " ORDER BY position",
            line,
            writer,
        )
        return [
            (CarriedEntry(read_signed(bytes(signed)), bytes(salt), bytes(body)), int(urgent))
            for signed, salt, body, urgent in rows
        ]

    def unreceipted_places(
        self, line: bytes, writer: bytes, after: int, low: int, high: int, most: int
    ) -> list[tuple[int, bytes, int, int]]:
        """(position, ID, urgency, bytes) of own entries without a receipt, in order, urgency within bounds."""
        rows = self._all(
            "SELECT position, id, urgent, length(signed) + length(body) + 64 FROM entry INDEXED BY entry_owed"
            " WHERE line=? AND writer=? AND receipt IS NULL AND position>? AND urgent BETWEEN ? AND ?"
            " ORDER BY position LIMIT ?",
            *(line, writer, after, low, high, most),
        )
        return [(row[0], bytes(row[1]), row[2], row[3]) for row in rows]

    def save_receipt(self, line: bytes, entry_id: bytes, receipt: bytes) -> bool:
        """Keep the peer's receipt of an own entry; False if it was in already or is for no entry here."""
        changed = self.db.execute(
            "UPDATE entry SET receipt=? WHERE id=? AND line=? AND receipt IS NULL", (receipt, entry_id, line)
        )
        return changed.rowcount > 0

    def receipts_of(self, entry_id: bytes) -> list[bytes]:
        """Every receipt that the peer signed for an own entry and that is kept here."""
        rows = self._all(
            "SELECT receipt FROM entry WHERE id=? AND receipt IS NOT NULL"
            " UNION SELECT receipt FROM kept_receipt WHERE entry=?",
            entry_id,
            entry_id,
        )
        return [bytes(row[0]) for row in rows]

    def position(self, entry: bytes | None) -> int:
        """Where in the record an entry stands; 0 for none."""
        row = self._one("SELECT position FROM entry WHERE id=?", entry)
        return int(row[0]) if row else 0

    def receipted_after(self, line: bytes, writer: bytes, last: bytes | None) -> bool:
        """Whether any own entry after ``last`` has the peer's receipt."""
        row = self._one(
            "SELECT 1 FROM entry WHERE line=? AND writer=? AND position>? AND receipt IS NOT NULL LIMIT 1",
            line,
            writer,
            self.position(last),
        )
        return row is not None

    def unreceipt_after(self, line: bytes, writer: bytes, last: bytes | None) -> None:
        """The receipts of own entries after ``last`` no longer count, since the peer has lost them.

        What it signed is kept all the same: nobody unsays a receipt by asking again.
        """
        self.db.execute(
            "INSERT OR IGNORE INTO kept_receipt SELECT id, receipt FROM entry WHERE line=? AND writer=? AND"
            " receipt IS NOT NULL AND position > coalesce((SELECT position FROM entry WHERE id=?), 0)",
            (line, writer, last),
        )
        self.db.execute(
            "UPDATE entry SET receipt=NULL WHERE line=? AND writer=? AND receipt IS NOT NULL AND position >"
            " coalesce((SELECT position FROM entry WHERE id=?), 0)",
            (line, writer, last),
        )


def _line(row: Any) -> LineRow:
    return LineRow(
        bytes(row[0]), row[1], bytes(row[2]), Statement(bytes(row[3])), row[4], row[5], bytes(row[6])
    )
