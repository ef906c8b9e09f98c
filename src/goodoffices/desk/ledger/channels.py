# SPDX-License-Identifier: Apache-2.0
"""The tables of mandates, notes and acts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from goodoffices.core import cbor
from goodoffices.core.errors import NotFound
from goodoffices.core.mandate import Agreement, read_agreement
from goodoffices.core.statement import read_signed
from goodoffices.desk.ledger.chains import ChainTables
from goodoffices.desk.ledger.rows import ActRow, NoteRow

NOTE_COLUMNS = (
    "id, mandate, lane, author, recipient, number, precedence, valid_until, at, carried_by, state, "
    "finding, copy, words_sealed"
)
MAX_COPIES = 16
"""Sealed forms of one note that are kept as evidence: each costs room, and an opening."""
MAX_JUMP = 10_000
"""Numbers that a peer's word may move this office's notes on by."""
_SELDOM = "type NOT IN (1, 2, 3, 7, 8, 13)"
"""Types that are asked for over a whole mandate, word for word as the index of such acts has it."""
_ACT = "position, id, author, type, subject, lane, signed, at, from_office"


class ChannelTables(ChainTables):
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
        self.db.execute(
            f"INSERT INTO note ({NOTE_COLUMNS}) VALUES ({','.join('?' * 14)})",
            tuple(getattr(note, name.strip()) for name in NOTE_COLUMNS.split(",")),
        )
        self._room_in(self._notes)
        self._notes[note.id] = note
        self._acts.pop(note.id, None)

    def restate_note(self, note: NoteRow) -> None:
        """What a note's verified copy says of it, instead of what the first copy's header did."""
        if note == self._notes.get(note.id):
            return
        self._notes.pop(note.id, None)
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
        if known is not None and known.state != "verified":
            self._notes[note_id] = replace(known, state=state, finding=finding, copy=copy, words_sealed=words)
        self.db.execute(
            "UPDATE note SET state=?, finding=?, copy=?, words_sealed=? WHERE id=? AND state<>'verified'",
            (state, finding, copy, words, note_id),
        )

    def next_number(self, mandate: bytes, lane: bytes, author: bytes) -> int:
        """This office's next note number in a lane, after every one that is here or that a peer told of."""
        return max(self._highest(mandate, lane, author), self._told_of(mandate, lane)) + 1

    def _highest(self, mandate: bytes, lane: bytes, author: bytes) -> int:
        row = self._one(
            "SELECT max(number) FROM note WHERE mandate=? AND lane=? AND author=?", mandate, lane, author
        )
        return int(row[0] or 0)

    def _told_of(self, mandate: bytes, lane: bytes) -> int:
        return int(self.fact(_number_fact(mandate, lane)) or b"0")

    def number_after(self, mandate: bytes, lane: bytes, author: bytes, number: int) -> bool:
        """A peer holds this office's note of that number: a vault that went back must not give it again.

        True if that is new: a note of this office's that its own vault does not hold. It is only the peer's
        word, so it moves the numbers by ``MAX_JUMP`` at most.
        """
        here = self._highest(mandate, lane, author)
        if number > max(here, self._told_of(mandate, lane)) and self._one(
            "SELECT 1 FROM mandate WHERE id=?", mandate
        ):
            self.set_fact(_number_fact(mandate, lane), str(min(number, here + MAX_JUMP)).encode())
            return True
        return False

    def highest_numbers(self, author: bytes, most: int) -> tuple[tuple[bytes, bytes, int], ...]:
        """(mandate, lane, highest number) of an office's notes here, the lanes that were used last."""
        rows = self._all(
            "SELECT mandate, lane, max(number) FROM note WHERE author=? GROUP BY mandate, lane"
            " ORDER BY max(rowid) DESC LIMIT ?",
            author,
            most,
        )
        return tuple((bytes(mandate), bytes(lane), number) for mandate, lane, number in rows)

    def newest_of(self, mandate: bytes, lane: bytes, authors: Iterable[bytes], most: int) -> list[bytes]:
        """IDs of the newest notes of these authors in a lane, oldest first; altered ones are nobody's."""
        rows = [
            row
            for author in authors
            for row in self._all(
                "SELECT rowid, id FROM note WHERE mandate=? AND lane=? AND author=? AND state<>'altered'"
                " ORDER BY rowid DESC LIMIT ?",
                mandate,
                lane,
                author,
                most,
            )
        ]
        return [bytes(note) for _, note in sorted(rows)[-most:]]

    def newest_own(self, mandate: bytes, lane: bytes, me: bytes, most: int) -> list[bytes]:
        """IDs of this office's newest notes in a lane, newest first."""
        rows = self._all(
            "SELECT id FROM note WHERE mandate=? AND lane=? AND author=? ORDER BY number DESC LIMIT ?",
            mandate,
            lane,
            me,
            most,
        )
        return [bytes(row[0]) for row in rows]

    def wrote_after(self, mandate: bytes, lane: bytes, author: bytes, at: int) -> bool:
        """Whether a note of an author came into a lane after a time."""
        row = self._one(
            "SELECT at FROM note WHERE mandate=? AND lane=? AND author=? AND state<>'altered'"
            " ORDER BY number DESC LIMIT 1",
            mandate,
            lane,
            author,
        )
        return row is not None and row[0] > at

    def others_of_number(self, note: NoteRow) -> list[bytes]:
        """Other verified notes under the same author's number in the same lane: there should be none."""
        rows = self._all(
            "SELECT id FROM note WHERE mandate=? AND lane=? AND author=? AND number=? AND id<>?"
            " AND state='verified'",
            note.mandate,
            note.lane,
            note.author,
            note.number,
            note.id,
        )
        return [bytes(row[0]) for row in rows]

    def own_since(self, mandate: bytes, author: bytes, precedence: int, since: int) -> list[int]:
        """When the author's notes of one precedence were released under a mandate, from ``since`` on."""
        rows = self._all(
            "SELECT at FROM note WHERE mandate=? AND author=? AND precedence=? AND at>? ORDER BY at",
            mandate,
            author,
            precedence,
            since,
        )
        return [int(row[0]) for row in rows]

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
        self._arrived = True
        self.db.execute("INSERT INTO arrived VALUES (?,?)", (note, digest))

    def arrivals(self) -> list[tuple[bytes, bytes]]:
        """(note, digest of the form in which it came) of those whose arrival is yet to be signed, in order."""
        rows = self._all(
            "SELECT arrived.note, digest FROM arrived JOIN note ON note.id=arrived.note ORDER BY note.rowid"
        )
        return [(bytes(note), bytes(digest)) for note, digest in rows]

    def any_arrived(self) -> bool:
        """Whether any arrival is yet to be signed. Remembered: it is asked after everything that happens."""
        if self._arrived is None:
            self._arrived = (
                self._one("SELECT 1 FROM arrived JOIN note ON note.id=arrived.note LIMIT 1") is not None
            )
        return self._arrived

    def signed_arrival(self, note: bytes) -> None:
        """It is signed that this note is here."""
        self._arrived = None
        self.db.execute("DELETE FROM arrived WHERE note=?", (note,))

    # acts

    def has_act(self, act_id: bytes) -> bool:
        """Whether this act is known here."""
        return self._one("SELECT 1 FROM act WHERE id=?", act_id) is not None

    def act(self, act_id: bytes) -> ActRow | None:
        """An act by its ID."""
        row = self._one(f"SELECT {_ACT} FROM act WHERE id=?", act_id)
        return ActRow(*row) if row else None

    def add_act(self, act: ActRow, mandate: bytes) -> None:
        """Keep a signed act."""
        if act.subject is not None:
            self._acts.pop(act.subject, None)
        self.db.execute(
            "INSERT INTO act (id, mandate, lane, author, type, subject, signed, at, from_office)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (
                act.id,
                mandate,
                act.lane,
                act.author,
                act.type,
                act.subject,
                act.signed,
                act.at,
                act.from_office,
            ),
        )

    def acts_about(self, note: bytes) -> list[ActRow]:
        """Acts under a note's own mandate whose subject it is, in the order in which they came."""
        if note not in self._acts:
            own = "mandate=coalesce((SELECT mandate FROM note WHERE id=act.subject), mandate)"
            rows = self._all(f"SELECT {_ACT} FROM act WHERE subject=? AND {own} ORDER BY position", note)
            self._room_in(self._acts)
            self._acts[note] = tuple(ActRow(*row) for row in rows)
        return list(self._acts[note])

    def count_about(self, note: bytes, author: bytes, kinds: Sequence[Collection[int]]) -> list[int]:
        """How many acts of one author have a note as subject: of each set of types, and last of all others."""
        rows = self._all(
            "SELECT type, count(*) FROM act WHERE subject=? AND author=? GROUP BY type", note, author
        )
        counts = [sum(count for kind, count in rows if kind in each) for each in kinds]
        return [*counts, sum(count for _, count in rows) - sum(counts)]

    def newest_acts(self, mandate: bytes, kind: int, since: int, most: int) -> list[ActRow]:
        """The newest acts of one type under a mandate that came here after a time, newest first."""
        rows = self._all(
            f"SELECT {_ACT} FROM act WHERE mandate=? AND {_SELDOM} AND type=? ORDER BY position DESC LIMIT ?",
            mandate,
            kind,
            most,
        )
        return [act for row in rows if (act := ActRow(*row)).at > since]

    def acts_of_type(self, mandate: bytes, kind: int) -> list[ActRow]:
        """Acts of one type under a mandate; of a type that not every note brings with it."""
        rows = self._all(
            f"SELECT {_ACT} FROM act WHERE mandate=? AND {_SELDOM} AND type=? ORDER BY position",
            *(mandate, kind),
        )
        return [ActRow(*row) for row in rows]


def _number_fact(mandate: bytes, lane: bytes) -> str:
    return f"number told {mandate.hex()} {lane.hex()}"
