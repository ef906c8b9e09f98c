# SPDX-License-Identifier: Apache-2.0
"""The tables of mandates, notes and acts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from operator import attrgetter

from goodoffices.core import cbor
from goodoffices.core.act import Act
from goodoffices.core.errors import NotFound
from goodoffices.core.mandate import Agreement, read_agreement
from goodoffices.core.statement import Signed, read_signed
from goodoffices.desk.ledger.numbers import NumberTables
from goodoffices.desk.ledger.rows import ActRow, NoteRow

NOTE_COLUMNS = (
    "id, mandate, lane, author, recipient, number, precedence, valid_until, at, carried_by, state, "
    "finding, copy, words_sealed"
)
_NOTE_VALUES = attrgetter(*NOTE_COLUMNS.split(", "))
MAX_COPIES = 16
"""Sealed forms of one note that are kept as evidence: each costs room, and an opening."""
_SELDOM = "type NOT IN (1, 2, 3, 7, 8, 13)"
"""Types that are asked for over a whole mandate, word for word as the index of such acts has it."""
ACT_COLUMNS = "position, id, author, type, subject, lane, signed, at, from_office"


class ChannelTables(NumberTables):
    """Mandates, notes, acts."""

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
        if mandate_id in self._agreements:
            return True
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

    def mandates_not_in_force(self) -> list[bytes]:
        """IDs of mandates that some office has yet to sign."""
        return [bytes(row[0]) for row in self._all("SELECT id FROM mandate WHERE in_force IS NULL")]

    # notes

    def note(self, note_id: bytes) -> NoteRow | None:
        """A note by its ID."""
        if note_id not in self._notes:
            row = self._one(f"SELECT {NOTE_COLUMNS} FROM note WHERE id=?", note_id)
            if row is None:
                return None
            self._room_in(self._notes)
            self._notes[note_id] = NoteRow(*row)
        return self._notes[note_id]

    def notes(self, mandate: bytes) -> list[NoteRow]:
        """The notes of a channel in the order in which they came to this desk."""
        rows = self._all(f"SELECT {NOTE_COLUMNS} FROM note WHERE mandate=? ORDER BY rowid", mandate)
        return [NoteRow(*row) for row in rows]

    def notes_to_judge(self) -> list[bytes]:
        """Notes of which some copy was not verified yet."""
        rows = self._all("SELECT note FROM copy WHERE state='unopened' GROUP BY note ORDER BY min(position)")
        return [bytes(row[0]) for row in rows]

    def add_note(self, note: NoteRow) -> None:
        """Keep a note; one ID stands once."""
        self._count_in(note)
        self.db.execute(
            f"INSERT INTO note ({NOTE_COLUMNS}) VALUES ({','.join('?' * 14)})", _NOTE_VALUES(note)
        )
        self._room_in(self._notes)
        self._notes[note.id] = note
        self._acts.pop(note.id, None)

    def restate_note(self, note: NoteRow) -> None:
        """What a note's verified copy says of it, instead of what the first copy's header did."""
        if note == self._notes.get(note.id):
            return
        self._notes.pop(note.id, None)
        self._numbers.clear()
        self._newest.clear()
        self._beyond = None
        self._acts.pop(note.id, None)  # those under another mandate are not its own
        self._unsettled.clear()  # it may wait for somebody now
        self.db.execute(
            "UPDATE note SET mandate=?, lane=?, author=?, recipient=?, number=?, precedence=?, valid_until=?"
            " WHERE id=? AND state<>'verified'",
            (
                note.mandate,
                note.lane,
                note.author,
                note.recipient,
                note.number,
                note.precedence,
                note.valid_until,
                note.id,
            ),
        )

    def judge_note(
        self, note_id: bytes, state: str, finding: str | None, copy: bytes | None, words: bytes | None
    ) -> None:
        """The verdict on a note: a verified copy is never replaced by a worse one."""
        known = self._notes.pop(note_id, None)
        if known is None or "altered" in (known.state, state):
            self._newest.clear()
        if known is not None and known.state != "verified":
            self._notes[note_id] = replace(known, state=state, finding=finding, copy=copy, words_sealed=words)
        self.db.execute(
            "UPDATE note SET state=?, finding=?, copy=?, words_sealed=? WHERE id=? AND state<>'verified'",
            (state, finding, copy, words, note_id),
        )

    def add_copy(
        self,
        digest: bytes,
        note: bytes,
        sealed: bytes,
        entry: bytes | None,
        now: int,
        *,
        state: str = "unopened",
    ) -> bool:
        """Keep one sealed form of a note; False if it is here already."""
        changed = self.db.execute(
            "INSERT OR IGNORE INTO copy (digest, note, sealed, entry, at, state) VALUES (?,?,?,?,?,?)",
            (digest, note, sealed, entry, now, state),
        )
        return changed.rowcount > 0

    def copies(self, note: bytes) -> list[tuple[bytes, bytes, bytes | None, str]]:
        """(digest, sealed, entry, state) of every form in which a note came."""
        rows = self._all("SELECT digest, sealed, entry, state FROM copy WHERE note=? ORDER BY position", note)
        return [(bytes(row[0]), bytes(row[1]), row[2], row[3]) for row in rows]

    def room_for_copy(self, note: bytes, digest: bytes) -> bool | None:
        """Whether this form of a note is here already, or may still be kept; None if only later.

        Forms that turned out to be altered give way to a new one: bad ones must not keep the true one out.
        """
        kept = self._all("SELECT digest, state FROM copy WHERE note=? ORDER BY position", note)
        if len(kept) < MAX_COPIES or digest in {bytes(row[0]) for row in kept}:
            return True
        altered = [bytes(row[0]) for row in kept if row[1] == "altered"]
        if altered and all(row[1] != "verified" for row in kept):
            self.db.execute("DELETE FROM copy WHERE note=? AND digest=?", (note, altered[-1]))
            return True
        return None if all(row[1] == "unopened" for row in kept) else False

    def judge_copy(self, note: bytes, digest: bytes, state: str) -> None:
        """The verdict on one sealed form of a note."""
        self.db.execute("UPDATE copy SET state=? WHERE note=? AND digest=?", (state, note, digest))

    # notes that are at this desk, before that is signed

    def add_arrival(self, note: bytes, digest: bytes) -> None:
        """A note came here; that it did is yet to be signed."""
        self.db.execute("INSERT INTO arrived VALUES (?,?)", (note, digest))
        if self._arrived is not None:
            self._arrived[note] = digest

    def arrivals(self) -> list[tuple[bytes, bytes]]:
        """(note, digest of the form in which it came) of those whose arrival is yet to be signed, in order.

        Remembered: whether there are any is asked after everything that happens.
        """
        if self._arrived is None:
            rows = self._all(
                "SELECT arrived.note, digest FROM arrived JOIN note ON note.id=arrived.note ORDER BY note.rowid"
            )
            self._arrived = {bytes(note): bytes(digest) for note, digest in rows}
        return list(self._arrived.items())

    def any_arrived(self) -> bool:
        """Whether any arrival is yet to be signed."""
        return bool(self._arrived if self._arrived is not None else self.arrivals())

    def signed_arrival(self, note: bytes) -> None:
        """It is signed that this note is here."""
        self.db.execute("DELETE FROM arrived WHERE note=?", (note,))
        if self._arrived is not None:
            self._arrived.pop(note, None)

    # acts

    def has_act(self, act_id: bytes, act: Act | None = None) -> bool:
        """Whether this act is known here. ``act``: what it says; beyond the furthest of its chain it cannot be."""
        if act is not None:
            furthest = self._heads.get((act.mandate, act.lane, act.author))
            if furthest is not None and furthest[0] == act.incarnation and act.sequence > furthest[1]:
                return False
        return self._one("SELECT 1 FROM act WHERE id=?", act_id) is not None

    def act(self, act_id: bytes) -> ActRow | None:
        """An act by its ID."""
        row = self._one(f"SELECT {ACT_COLUMNS} FROM act WHERE id=?", act_id)
        return ActRow(*row) if row else None

    def add_act(self, signed: Signed, act: Act, now: int, from_office: bytes | None) -> None:
        """Keep a signed act. ``from_office``: which neighbour handed it over; None: our own."""
        known = self._acts.pop(act.subject, None) if act.subject is not None else None
        row = signed.id, act.author, act.type, act.subject, act.lane, signed.raw, now, from_office
        added = self.db.execute(
            "INSERT INTO act (id, author, type, subject, lane, signed, at, from_office, mandate)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (*row, act.mandate),
        )
        self._seldom.pop((act.mandate, act.type), None)
        if act.subject is None:
            return
        said = self._said.get(act.subject)
        if said is not None:
            said[act.author, act.type] = said.get((act.author, act.type), 0) + 1
        if known is not None and act.mandate == self._mandate_of(act.subject):
            self._acts[act.subject] = (*known, ActRow(added.lastrowid or 0, *row))

    def _mandate_of(self, note_id: bytes) -> bytes | None:
        note = self.note(note_id)
        return note.mandate if note is not None else None

    def acts_about(self, note: bytes) -> list[ActRow]:
        """Acts under a note's own mandate whose subject it is, in the order in which they came."""
        if note not in self._acts:
            self._look_about(note)
        return list(self._acts[note])

    def _look_about(self, note: bytes) -> None:
        """Every act whose subject a note is: those under its own mandate, and how many there are in all."""
        rows = self._all(f"SELECT mandate, {ACT_COLUMNS} FROM act WHERE subject=? ORDER BY position", note)
        own = self._mandate_of(note) if rows else None
        said: dict[tuple[bytes, int], int] = {}
        for row in rows:
            said[row[3], row[4]] = said.get((row[3], row[4]), 0) + 1
        self._room_in(self._acts)
        self._room_in(self._said)
        self._acts[note] = tuple([ActRow(*row[1:]) for row in rows if own is None or row[0] == own])
        self._said[note] = said

    def did(self, note: bytes, author: bytes, kind: int) -> bool:
        """Whether an office did that about a note, under the note's own mandate."""
        if note not in self._acts:
            self._look_about(note)
        acts, known = self._acts[note], self._did.get(note)
        if known is None or known[0] is not acts:
            self._room_in(self._did)
            known = self._did[note] = acts, frozenset([(row.author, row.type) for row in acts])
        return (author, kind) in known[1]

    def nothing_said(self, note: bytes) -> None:
        """A note was drawn up in this very transaction: nobody knows its ID, so there is no act about it."""
        self._room_in(self._acts)
        self._room_in(self._said)
        self._acts[note], self._said[note] = (), {}

    def remembers_note(self, note: bytes) -> bool:
        """Whether this is a note that stands here and is remembered."""
        return note in self._notes

    def count_about(self, note: bytes, author: bytes, kinds: Sequence[Collection[int]]) -> list[int]:
        """How many acts of one author have a note as subject: of each set of types, and last of all others."""
        rows = [(kind, count) for (who, kind), count in self.said_about(note).items() if who == author]
        counts = [sum(count for kind, count in rows if kind in each) for each in kinds]
        return [*counts, sum(count for _, count in rows) - sum(counts)]

    def said_about(self, note: bytes) -> dict[tuple[bytes, int], int]:
        """Of each office and type, how many acts have a note as subject. Remembered."""
        if note not in self._said:
            self._look_about(note)
        return self._said[note]

    def newest_acts(self, mandate: bytes, kind: int, since: int, most: int) -> list[ActRow]:
        """The newest acts of one type under a mandate that came here after a time, newest first."""
        rows = self._all(
            f"SELECT {ACT_COLUMNS} FROM act WHERE mandate=? AND {_SELDOM} AND type=? ORDER BY position DESC LIMIT ?",
            mandate,
            kind,
            most,
        )
        return [act for row in rows if (act := ActRow(*row)).at > since]

    def acts_of_type(self, mandate: bytes, kind: int) -> list[ActRow]:
        """Acts of one type under a mandate; of a type that not every note brings with it. Remembered."""
        if (mandate, kind) not in self._seldom:
            rows = self._all(
                f"SELECT {ACT_COLUMNS} FROM act WHERE mandate=? AND {_SELDOM} AND type=? ORDER BY position",
                *(mandate, kind),
            )
            self._room_in(self._seldom)
            self._seldom[mandate, kind] = tuple(ActRow(*row) for row in rows)
        return [*self._seldom[mandate, kind]]
