# SPDX-License-Identifier: Apache-2.0
"""The desk's tables behind typed methods: offices, lines, entries, notes, acts, and what is owed.

Storage only. What may be written, and when, is decided by ``lines``, ``channels`` and ``acts``; who may
read texts, by the vault. Every method runs inside the transaction of its caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from goodoffices.core import cbor
from goodoffices.core.errors import NotFound
from goodoffices.core.line import CarriedEntry, Place
from goodoffices.core.mandate import Agreement, read_agreement
from goodoffices.core.office import Office, read_office
from goodoffices.core.pairing import Offer, read_offer
from goodoffices.core.statement import Statement, read_signed
from goodoffices.db.sqlite import Connection, transaction


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


_LINE = "id, name, peer, pairing, my_confirmation, their_confirmation, incarnation"
_ROUTE = "id, line, relay, mailbox, put, collect, remove, made_at_relay, cursor"
_NOTE = (
    "id, mandate, lane, author, recipient, number, precedence, valid_until, at, carried_by, state, "
    "finding, copy, words_sealed"
)
_ACT = "position, id, author, type, subject, lane, signed, at, from_office"


class Ledger:
    """Typed access to the tables of schema step 2."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self._offices: dict[bytes, Office] = {}
        self._agreements: dict[bytes, Agreement] = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; on a roll-back what was remembered in memory is forgotten too."""
        done = False
        try:
            with transaction(self.db):
                yield
            done = True
        finally:
            if not done:
                self._offices.clear()
                self._agreements.clear()

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the open transaction that is undone alone if it fails."""
        self.db.execute("SAVEPOINT part")
        done = False
        try:
            yield
            done = True
        finally:
            if not done and self.db.in_transaction:
                self.db.execute("ROLLBACK TO part")
                self._offices.clear()
                self._agreements.clear()
            if self.db.in_transaction:
                self.db.execute("RELEASE part")

    def _one(self, sql: str, *values: Any) -> Any:
        return self.db.execute(sql, values).fetchone()

    def _all(self, sql: str, *values: Any) -> list[Any]:
        return self.db.execute(sql, values).fetchall()

    # facts

    def fact(self, name: str) -> bytes | None:
        """One setting of this desk."""
        row = self._one("SELECT value FROM fact WHERE name=?", name)
        return bytes(row[0]) if row else None

    def set_fact(self, name: str, value: bytes) -> None:
        """Write or replace a setting."""
        self.db.execute("INSERT OR REPLACE INTO fact VALUES (?,?)", (name, value))

    # offices

    def office(self, office_id: bytes) -> Office | None:
        """A known office's verified credential."""
        if office_id not in self._offices:
            row = self._one("SELECT credential FROM office WHERE id=?", office_id)
            if row is None:
                return None
            self._offices[office_id] = read_office(bytes(row[0]))
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

    # lines and routes

    def line(self, line_id: bytes) -> LineRow:
        """A line by its ID; raises NotFound."""
        row = self._one(f"SELECT {_LINE} FROM line WHERE id=?", line_id)
        if row is None:
            raise NotFound("There is no such line at this desk.")
        return _line(row)

    def lines(self) -> list[LineRow]:
        """Every line."""
        return [_line(row) for row in self._all(f"SELECT {_LINE} FROM line ORDER BY made, id")]

    def line_to(self, peer: bytes) -> LineRow | None:
        """The newest open line to an office."""
        rows = self._all(f"SELECT {_LINE} FROM line WHERE peer=? ORDER BY made DESC", peer)
        return next((line for line in map(_line, rows) if line.open), None)

    def add_line(self, line: LineRow, mine: Offer, theirs: Offer, now: int) -> None:
        """Keep a new line; its own mailboxes are those that the offer named."""
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
            self.db.execute(
                "INSERT INTO route (line, relay, mailbox, put) VALUES (?,?,?,?)",
                (line.id, route.relay, route.mailbox, route.put),
            )

    def confirm_line(self, line_id: bytes, signed: bytes, *, mine: bool) -> None:
        """Note a side's confirmation."""
        column = "my_confirmation" if mine else "their_confirmation"
        self.db.execute(f"UPDATE line SET {column}=? WHERE id=?", (signed, line_id))

    def set_incarnation(self, line_id: bytes, incarnation: bytes) -> None:
        """From now on this desk writes under another incarnation on this line."""
        self.db.execute("UPDATE line SET incarnation=? WHERE id=?", (incarnation, line_id))

    def offers_of(self, line_id: bytes) -> tuple[bytes, bytes]:
        """(own offer, the peer's) of a line, as bytes."""
        row = self._one("SELECT my_offer, their_offer FROM line WHERE id=?", line_id)
        return bytes(row[0]), bytes(row[1])

    def add_offer(self, offer: Offer, collect: Sequence[tuple[bytes, bytes]], now: int) -> None:
        """Keep an own offer, with the (collect, remove) rights of its mailboxes in order."""
        self.db.execute("INSERT INTO offer (digest, raw, made) VALUES (?,?,?)", (offer.digest, offer.raw, now))
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

    def routes(self, line_id: bytes | None = None, *, own: bool) -> list[RouteRow]:
        """Own mailboxes, or the peer's, of one line or of all."""
        which = "collect IS NOT NULL" if own else "collect IS NULL"
        where = "" if line_id is None else " AND line=?"
        values = () if line_id is None else (line_id,)
        rows = self._all(f"SELECT {_ROUTE} FROM route WHERE {which}{where} ORDER BY id", *values)
        return [RouteRow(*(*row[:7], bool(row[7]), row[8])) for row in rows]

    def mailbox_made(self, route_id: int) -> None:
        """The relay has this mailbox."""
        self.db.execute("UPDATE route SET made_at_relay=1 WHERE id=?", (route_id,))

    # entries

    def entry_ids_at(self, line: bytes, place: Place) -> list[bytes]:
        """IDs of entries that stand at one place of a chain: one, or a fork."""
        rows = self._all(
            "SELECT e.id FROM entry e WHERE e.line=? AND e.incarnation=? AND e.number=?",
            line,
            place[0],
            place[1],
        )
        return [bytes(row[0]) for row in rows]

    def add_entry(self, carried: CarriedEntry, now: int, *, urgent: bool = False) -> None:
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
                int(urgent),
            ),
        )

    def entry(self, entry_id: bytes) -> CarriedEntry | None:
        """An entry of the record by its ID."""
        row = self._one("SELECT signed, salt, body FROM entry WHERE id=?", entry_id)
        return CarriedEntry(read_signed(bytes(row[0])), bytes(row[1]), bytes(row[2])) if row else None

    def head(self, line: bytes, writer: bytes, incarnation: bytes | None = None) -> Place | None:
        """The highest place of a writer's chain, of one incarnation or of the newest."""
        if incarnation is None:
            newest = self._one(
                "SELECT incarnation FROM entry WHERE line=? AND writer=? ORDER BY position DESC LIMIT 1",
                line,
                writer,
            )
            if newest is None:
                return None
            incarnation = bytes(newest[0])
        row = self._one(
            "SELECT incarnation, number, id FROM entry WHERE line=? AND writer=? AND incarnation=?"
            " ORDER BY number DESC, position LIMIT 1",
            line,
            writer,
            incarnation,
        )
        return (bytes(row[0]), row[1], bytes(row[2])) if row else None

    def newest_incarnation(self, line: bytes, writer: bytes) -> bytes | None:
        """The incarnation of a writer that began last, in whatever order its entries came."""
        row = self._one(
            "SELECT incarnation FROM entry WHERE line=? AND writer=? GROUP BY incarnation"
            " ORDER BY min(position) DESC LIMIT 1",
            line,
            writer,
        )
        return bytes(row[0]) if row else None

    def neighbours_of(self, line: bytes, writer: bytes, place: Place) -> list[tuple[int, bytes, bytes | None]]:
        """(number, ID, previous) of the entries just before and after a place."""
        return [
            (row[0], bytes(row[1]), row[2])
            for row in self._all(
                "SELECT number, id, previous FROM entry WHERE line=? AND writer=? AND incarnation=?"
                " AND number IN (?,?)",
                line,
                writer,
                place[0],
                place[1] - 1,
                place[1] + 1,
            )
        ]

    def unreceipted(self, line: bytes, writer: bytes) -> list[tuple[CarriedEntry, bool]]:
        """Own entries that the peer has not receipted, oldest first, each with whether it is urgent."""
        rows = self._all(
            "SELECT signed, salt, body, urgent FROM entry WHERE line=? AND writer=? AND receipt IS NULL"
            " ORDER BY position",
            line,
            writer,
        )
        return [
            (CarriedEntry(read_signed(bytes(signed)), bytes(salt), bytes(body)), bool(urgent))
            for signed, salt, body, urgent in rows
        ]

    def save_receipt(self, line: bytes, entry_id: bytes, receipt: bytes) -> bool:
        """Keep the peer's receipt of an own entry; False if it was in already or is for no entry here."""
        changed = self.db.execute(
            "UPDATE entry SET receipt=? WHERE id=? AND line=? AND receipt IS NULL", (receipt, entry_id, line)
        )
        return changed.rowcount > 0

    def unreceipt_after(self, line: bytes, writer: bytes, last: bytes | None) -> list[tuple[CarriedEntry, bool]]:
        """Own entries after ``last`` whose receipts no longer count, since the peer has lost them."""
        rows = self._all(
            "UPDATE entry SET receipt=NULL WHERE line=? AND writer=? AND receipt IS NOT NULL AND position >"
            " coalesce((SELECT position FROM entry WHERE id=?), 0) RETURNING signed, salt, body, urgent, position",
            line,
            writer,
            last,
        )
        return [
            (CarriedEntry(read_signed(bytes(signed)), bytes(salt), bytes(body)), bool(urgent))
            for signed, salt, body, urgent, _ in sorted(rows, key=lambda row: int(row[4]))
        ]

    # owed items

    def owe(self, line: bytes, item: tuple[Any, ...], *, urgent: bool = False) -> None:
        """An item that the next entry of a line carries."""
        self.db.execute(
            "INSERT INTO owed (line, item, urgent) VALUES (?,?,?)", (line, cbor.encode(item), int(urgent))
        )

    def owed(self, line: bytes) -> list[tuple[int, bytes, bool]]:
        """(row, item, urgent) in the order in which they came to be owed."""
        rows = self._all("SELECT id, item, urgent FROM owed WHERE line=? ORDER BY id", line)
        return [(row[0], bytes(row[1]), bool(row[2])) for row in rows]

    def owing_lines(self) -> list[bytes]:
        """Lines for which something is owed."""
        return [bytes(row[0]) for row in self._all("SELECT DISTINCT line FROM owed")]

    def settle(self, rows: Sequence[int]) -> None:
        """These items stand in an entry now."""
        self.db.execute(f"DELETE FROM owed WHERE id IN ({','.join('?' * len(rows))})", tuple(rows))

    # mandates

    def agreement(self, mandate_id: bytes) -> Agreement:
        """A mandate with its offices; raises NotFound."""
        if mandate_id not in self._agreements:
            row = self._one("SELECT signed, papers FROM mandate WHERE id=?", mandate_id)
            if row is None:
                raise NotFound("There is no such channel at this desk.")
            known = {office.id: office for office, _ in self.offices()}
            papers = tuple(read_signed(each) for each in cbor.decode(bytes(row[1])))
            self._agreements[mandate_id] = read_agreement(read_signed(bytes(row[0])), known, papers)
        return self._agreements[mandate_id]

    def has_mandate(self, mandate_id: bytes) -> bool:
        """Whether this mandate is known here."""
        return self._one("SELECT 1 FROM mandate WHERE id=?", mandate_id) is not None

    def save_mandate(self, agreement: Agreement, papers: Sequence[bytes], now: int) -> None:
        """Keep a mandate with the signatures so far; in force from the moment it is complete."""
        self.db.execute(
            "INSERT INTO mandate VALUES (?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET signed=excluded.signed,"
            " in_force=coalesce(in_force, excluded.in_force)",
            (
                agreement.id,
                agreement.signed.raw,
                cbor.encode(list(papers)),
                agreement.mandate.name,
                now,
                now if agreement.complete else None,
            ),
        )
        self._agreements.pop(agreement.id, None)

    def papers_of(self, mandate_id: bytes) -> tuple[bytes, ...]:
        """The paper attestations that belong to a mandate."""
        row = self._one("SELECT papers FROM mandate WHERE id=?", mandate_id)
        return tuple(cbor.decode(bytes(row[0]))) if row else ()

    def mandates(self) -> list[bytes]:
        """IDs of every mandate, oldest first."""
        return [bytes(row[0]) for row in self._all("SELECT id FROM mandate ORDER BY made, id")]

    # notes

    def note(self, note_id: bytes) -> NoteRow | None:
        """A note by its ID."""
        row = self._one(f"SELECT {_NOTE} FROM note WHERE id=?", note_id)
        return NoteRow(*row) if row else None

    def notes(self, mandate: bytes) -> list[NoteRow]:
        """The notes of a channel in the order in which they came to this desk."""
        rows = self._all(f"SELECT {_NOTE} FROM note WHERE mandate=? ORDER BY rowid", mandate)
        return [NoteRow(*row) for row in rows]

    def notes_to_judge(self) -> list[bytes]:
        """Notes of which some copy was not verified yet."""
        rows = self._all("SELECT note FROM copy WHERE state='unopened' GROUP BY note ORDER BY min(rowid)")
        return [bytes(row[0]) for row in rows]

    def add_note(self, note: NoteRow) -> None:
        """Keep a note; one ID stands once."""
        self.db.execute(
            f"INSERT INTO note ({_NOTE}) VALUES ({','.join('?' * 14)})",
            tuple(getattr(note, name.strip()) for name in _NOTE.split(",")),
        )

    def judge_note(
        self, note_id: bytes, state: str, finding: str | None, copy: bytes | None, words: bytes | None
    ) -> None:
        """The verdict on a note: a verified copy is never replaced by a worse one."""
        self.db.execute(
            "UPDATE note SET state=?, finding=?, copy=?, words_sealed=? WHERE id=? AND state<>'verified'",
            (state, finding, copy, words, note_id),
        )

    def next_number(self, mandate: bytes, lane: bytes, author: bytes) -> int:
        """The author's next note number in a lane."""
        row = self._one(
            "SELECT max(number) FROM note WHERE mandate=? AND lane=? AND author=?", mandate, lane, author
        )
        return int(row[0] or 0) + 1

    def add_copy(self, digest: bytes, note: bytes, sealed: bytes, entry: bytes | None, now: int) -> bool:
        """Keep one sealed form of a note; False if it is here already."""
        changed = self.db.execute(
            "INSERT OR IGNORE INTO copy (digest, note, sealed, entry, at) VALUES (?,?,?,?,?)",
            (digest, note, sealed, entry, now),
        )
        return changed.rowcount > 0

    def copies(self, note: bytes) -> list[tuple[bytes, bytes, bytes | None, str]]:
        """(digest, sealed, entry, state) of every form in which a note came."""
        rows = self._all("SELECT digest, sealed, entry, state FROM copy WHERE note=? ORDER BY rowid", note)
        return [(bytes(row[0]), bytes(row[1]), row[2], row[3]) for row in rows]

    def judge_copy(self, digest: bytes, state: str) -> None:
        """The verdict on one sealed form."""
        self.db.execute("UPDATE copy SET state=? WHERE digest=?", (state, digest))

    # acts and chains

    def has_act(self, act_id: bytes) -> bool:
        """Whether this act is known here."""
        return self._one("SELECT 1 FROM act WHERE id=?", act_id) is not None

    def add_act(self, act: ActRow, mandate: bytes) -> None:
        """Keep a signed act."""
        self.db.execute(
            "INSERT INTO act (id, mandate, lane, author, type, subject, signed, at, from_office)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (act.id, mandate, act.lane, act.author, act.type, act.subject, act.signed, act.at, act.from_office),
        )

    def acts_about(self, note: bytes) -> list[ActRow]:
        """Acts whose subject is a note, in the order in which they came."""
        return [ActRow(*row) for row in self._all(f"SELECT {_ACT} FROM act WHERE subject=? ORDER BY position", note)]

    def acts_of_type(self, mandate: bytes, kind: int) -> list[ActRow]:
        """Acts of one type under a mandate."""
        rows = self._all(f"SELECT {_ACT} FROM act WHERE mandate=? AND type=? ORDER BY position", mandate, kind)
        return [ActRow(*row) for row in rows]

    def chain_head(self, mandate: bytes, lane: bytes, author: bytes) -> tuple[bytes, int, bytes] | None:
        """(incarnation, sequence, ID) of the last link of an author's chain here."""
        row = self._one(
            "SELECT incarnation, sequence, id FROM link WHERE mandate=? AND lane=? AND author=?"
            " ORDER BY rowid DESC LIMIT 1",
            mandate,
            lane,
            author,
        )
        return (bytes(row[0]), row[1], bytes(row[2])) if row else None

    def add_link(self, link: tuple[bytes, bytes, bytes, bytes, int, bytes, bytes | None]) -> list[bytes]:
        """Keep a place in an author's chain; returns other IDs at the same place (a fork)."""
        self.db.execute("INSERT OR IGNORE INTO link VALUES (?,?,?,?,?,?,?)", link)
        rows = self._all(
            "SELECT id FROM link WHERE mandate=? AND lane=? AND author=? AND incarnation=? AND sequence=?"
            " AND id<>?",
            *link[:6],
        )
        return [bytes(row[0]) for row in rows]

    # what went where

    def carried_to(self, what: bytes, office: bytes) -> bool:
        """Whether a note or act went to a neighbour."""
        return self._one("SELECT 1 FROM carried WHERE what=? AND to_office=?", what, office) is not None

    def mark_carried(self, what: bytes, office: bytes) -> None:
        """A note or act goes to a neighbour, once."""
        self.db.execute("INSERT OR IGNORE INTO carried VALUES (?,?)", (what, office))

    # findings, drafts, audit

    def find(self, now: int, fault: str, what: str, step: str, *, line: bytes | None = None, entry: bytes | None = None) -> None:
        """Keep what was refused or does not hold; the same finding about the same entry once."""
        if self._one("SELECT 1 FROM finding WHERE what=? AND entry IS ? AND line IS ?", what, entry, line):
            return
        self.db.execute(
            "INSERT INTO finding (at, line, entry, fault, what, next) VALUES (?,?,?,?,?,?)",
            (now, line, entry, fault, what, step),
        )

    def findings(self) -> list[tuple[int, bytes | None, bytes | None, str, str, str]]:
        """(at, line, entry, fault, what, next step), oldest first."""
        return [tuple(row) for row in self._all("SELECT at, line, entry, fault, what, next FROM finding ORDER BY id")]

    def audit(self, now: int, officer: str, what: str) -> None:
        """What an officer did at this desk, beside the signed acts."""
        self.db.execute("INSERT INTO audit (at, officer, what) VALUES (?,?,?)", (now, officer, what))


def _line(row: Any) -> LineRow:
    return LineRow(bytes(row[0]), row[1], bytes(row[2]), Statement(bytes(row[3])), row[4], row[5], bytes(row[6]))
