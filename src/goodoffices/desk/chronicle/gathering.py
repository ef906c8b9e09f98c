# SPDX-License-Identifier: Apache-2.0
"""The chronicle of one desk: kept up with the record while an officer is signed in, asked by the pages.

Every source is a table to which rows are only added, so what is new lies behind a mark. A note's words go in
when an officer of this office has opened or seen it, and not before: a search must not open notes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from goodoffices.core.act import HOME_LANE, Act, ActType
from goodoffices.core.assurance import check_assurance, check_change
from goodoffices.core.beside import BESIDE
from goodoffices.core.errors import NotFound, NotNow, OtherOfficeError
from goodoffices.core.incident import check_report
from goodoffices.core.line import CarriedEntry, EntryKind
from goodoffices.core.line import Item as Carried
from goodoffices.core.note import Note, read_inside
from goodoffices.core.sealed import read_sealed
from goodoffices.core.statement import LIVE, read_signed
from goodoffices.desk.channels.beside import BesideWords
from goodoffices.desk.channels.chains import Chains
from goodoffices.desk.chronicle.index import (
    Asked,
    Found,
    Index,
    Item,
    Kind,
    NotReadable,
    beside_of,
    open_index,
    remove,
)
from goodoffices.desk.chronicle.statements import PublicStatements
from goodoffices.desk.context import Context
from goodoffices.desk.home_papers import HomePapers
from goodoffices.desk.ledger.rows import NoteRow

SLICE = 5
"""Rows that are taken in at once: some milliseconds, so that whatever else the desk does waits no longer."""
AT_ONCE = 500
"""The same where nothing else goes on, at the command line."""
AT_A_PAGE, OF_A_BACKLOG = 60, 5
"""Rows that a page waits for: what has just come, or a little of what would take longer; a quarter of a millisecond
each, one with many words up to one."""
CLOCKS_DIFFER = 5 * 60_000
"""Milliseconds by which another office's clock may be ahead of this one's."""
SOURCES = (
    ("entry", "position"),
    ("note", "rowid"),
    ("act", "position"),
    ("incident_report", "rowid"),
    ("assurance", "rowid"),
    ("assurance_change", "rowid"),
    ("public_statement", "rowid"),
)


class Chronicle:
    """One desk's line of time."""

    def __init__(self, context: Context, channels: Chains) -> None:
        self.context, self.channels = context, channels
        self.ledger, self.db = context.ledger, context.ledger.db
        self.beside = BesideWords(context)
        self._index: Index | None = None
        self.place = beside_of(self.db)
        """Where its index lies; None: in memory, as the record does."""
        self._take: dict[str, Callable[[int, bytes], None]] = {
            "entry": self._entry,
            "note": self._note,
            "act": self._act,
            "incident_report": self._report,
            "assurance": self._assurance,
            "assurance_change": self._change,
            "public_statement": self._statement,
        }

    # --- open while the desk is -------------------------------------------------------------------------

    @property
    def index(self) -> Index:
        """The index, opened; raises NotNow while the desk is locked."""
        if self._index is None:
            key = self.context.reading_key
            if key is None:
                raise NotNow("The desk is locked.", "Sign in first.")
            self._index = open_index(self.place, key)
            if not self._fits():
                self._index.clear()
        return self._index

    def close(self) -> None:
        """The desk locks: nothing of the index can be read."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def _fits(self) -> bool:
        """Whether it was made from this very record, and not from a later state of it or another's."""
        assert self._index is not None
        for source, place in SOURCES:
            at, last = self._index.mark(source)
            row = self.db.execute(f"SELECT id FROM {source} WHERE {place}=?", (at,)).fetchone()
            if last is not None and (row is None or bytes(row[0]) != bytes(last)):
                return False
        return True

    # --- keeping up -------------------------------------------------------------------------------------

    def catch_up(self, most: int = SLICE) -> bool:
        """Take in at most so many rows that are new; True if none are left. A locked desk takes in none."""
        if self.context.locked or self.db.in_transaction:
            return True
        try:
            return self._catch_up(most)
        except NotReadable:
            self._begin_anew()
            return False

    def keep_up(self) -> bool:
        """Take in what a page waits for; True if nothing is left. A backlog is taken in beside other work."""
        try:
            taken_in, rows = self.progress()
        except NotReadable:
            taken_in, rows = 0, AT_A_PAGE + 1
        return self.catch_up(AT_A_PAGE if rows - taken_in <= AT_A_PAGE else OF_A_BACKLOG)

    def _begin_anew(self) -> None:
        self.close()
        if self.place is not None:
            remove(self.place)

    def _catch_up(self, most: int) -> bool:
        index, left = self.index, most
        for source, place in SOURCES:
            at, _ = index.mark(source)
            rows = self.db.execute(
                f"SELECT {place}, id FROM {source} WHERE {place}>? ORDER BY {place} LIMIT ?", (at, left)
            ).fetchall()
            if rows:
                with index.writing():
                    for number, each in rows:
                        # What this version cannot read is kept in the record, and has no place here.
                        with contextlib.suppress(OtherOfficeError, NotFound):
                            self._take[source](number, bytes(each))
                    index.set_mark(source, int(rows[-1][0]), bytes(rows[-1][1]))
            left -= len(rows)
            if left <= 0:
                return False
        return True

    def progress(self) -> tuple[int, int]:
        """How many rows of the record are taken in, and of how many; a locked desk has none left to take in.

        Rows are only added and numbered through, so the last number of each source counts them: to count them
        one by one takes a quarter of a second where the record is long.
        """
        if self.context.locked:
            return 0, 0
        taken_in = rows = 0
        for source, place in SOURCES:
            mark, _ = self.index.mark(source)
            last = self.db.execute(f"SELECT max({place}) FROM {source}").fetchone()[0] or 0
            taken_in, rows = taken_in + mark, rows + max(mark, int(last))
        return taken_in, rows

    def found(self, asked: Asked, most: int, *, before: int | None = None) -> list[Found]:
        """What fits, newest first. An index that cannot be read is begun anew, and finds what it has by then."""
        try:
            return self.index.found(asked, most, before=before)
        except NotReadable:
            self._begin_anew()
            self.catch_up(SLICE)
            return self.index.found(asked, most, before=before)

    # --- one row of a source ------------------------------------------------------------------------------

    def _entry(self, position: int, entry: bytes) -> None:
        kind, signed, salt, body = self.db.execute(
            "SELECT kind, signed, salt, body FROM entry WHERE position=?", (position,)
        ).fetchone()
        if kind != EntryKind.ACTS:
            return
        for item in CarriedEntry(read_signed(bytes(signed)), bytes(salt), bytes(body)).items:
            if item[0] == Carried.NOTE:
                self.index.stood_in(read_sealed(item[1]).header.note, entry)
            elif item[0] == Carried.ACT:
                self.index.stood_in(read_signed(item[1]).id, entry)

    def _note(self, _: int, note: bytes) -> None:
        row = self.ledger.note(note)
        if row is not None:
            self.index.put(self._note_item(row, shown=row.author == self.context.me))

    def _note_item(self, row: NoteRow, *, shown: bool) -> Item:
        # What lies closed says no time of its own; the desk that sent it here said one of the case.
        carried = self.index.entry_of(row.id)
        entry = self.ledger.entry(carried) if carried is not None else None
        at = self._played(entry.entry.case_at if entry is not None else None, row.at)
        item = Item(row.id, Kind.NOTE, at, row.mandate, row.lane, row.author)
        inside = self.channels.words_inside(row) if shown and row.state == "verified" else None
        if inside is None:
            return item
        opened = read_inside(inside)
        note = opened.signed.statement.read(Note)
        at, doubtful = _where(note.time[0], row.at)
        name = self.ledger.agreement(row.mandate).name_of(row.author)
        words = f"{name} {row.number}\n{opened.words.text}\n{opened.words.reason or ''}"
        return replace(item, at=self._played(note.case_at, at), doubtful=doubtful, said=words, source=name)

    def _act(self, position: int, act_id: bytes) -> None:
        signed, here, mandate = self.db.execute(
            "SELECT signed, at, mandate FROM act WHERE position=?", (position,)
        ).fetchone()
        act = read_signed(bytes(signed)).statement.read(Act)
        note = self.ledger.note(act.subject) if act.subject is not None else None
        words: str | None = act.words or ""
        if act.type in BESIDE and note is not None:
            # A translation says what its note says: it is found when the note is.
            words = self._beside_words(act_id, note) if self._opened(note) else None
        at, doubtful = _where(act.time[0], here)
        name = self.ledger.agreement(bytes(mandate)).name_of(act.author)
        self.index.put(
            Item(
                act_id,
                Kind.STEP,
                self._played(act.case_at, at),
                bytes(mandate),
                note.lane if note is not None else None if act.lane == HOME_LANE else act.lane,
                act.author,
                doubtful=doubtful,
                said=None if words is None else f"{name} {words}",
                source=name,
            )
        )
        if note is not None and act.author == self.context.me and act.type == self._opening(note):
            self.index.put(self._note_item(note, shown=True))
            for each in self.beside.of_note(note.id):
                row = self.ledger.act(each.id)
                if row is not None and row.position < position:
                    self._act(row.position, row.id)

    def _played(self, case_at: int | None, at: int) -> int:
        """In a drill everything stands at the time of its case, as reports and public statements do."""
        return at if case_at is None or self.context.keys.realm == LIVE else case_at

    def _opening(self, note: NoteRow) -> ActType:
        """By which act of its own this office has a note's text before it."""
        return ActType.OPENED if note.recipient == self.context.me else ActType.SEEN

    def _opened(self, note: NoteRow) -> bool:
        me, kind = self.context.me, self._opening(note)
        acts = self.ledger.acts_about(note.id)
        return note.author == me or any((each.author, each.type) == (me, kind) for each in acts)

    def _beside_words(self, act: bytes, note: NoteRow) -> str | None:
        row = next((each for each in self.beside.of_note(note.id) if each.id == act), None)
        beside = self.beside.words(row) if row is not None else None
        return beside.text if beside is not None else None

    def _report(self, _: int, report: bytes) -> None:
        office = self.context.my_office()
        found = check_report(HomePapers(self.context).paper("incident_report", report), office)
        self.index.put(
            Item(
                report,
                Kind.REPORT,
                found.happened[0] if found.happened is not None else found.known,
                office=self.context.me,
                grade=found.grade,
                said=f"{found.what}\n{found.where}\n{found.question}\n{found.answer}\n{found.claimant}",
                source=found.source,
            )
        )
        if found.corrects is not None:
            self.index.correct(found.corrects, report)

    def _assurance(self, _: int, assurance: bytes) -> None:
        found = check_assurance(
            HomePapers(self.context).paper("assurance", assurance), self.context.my_office()
        )
        words = "\n".join((found.what, *found.conditions))
        self.index.put(self._about(assurance, found.time[0], found.note, words))

    def _change(self, _: int, change: bytes) -> None:
        papers = HomePapers(self.context)
        found = check_change(papers.paper("assurance_change", change), self.context.my_office())
        promised = check_assurance(papers.paper("assurance", found.assurance), self.context.my_office())
        self.index.put(self._about(change, found.time[0], promised.note, f"{found.why}\n{promised.what}"))

    def _about(self, paper: bytes, at: int, note: bytes, words: str) -> Item:
        """A paper of this office about a note: it stands in that note's lane, and behind its wall."""
        row = self.ledger.note(note)
        mandate, lane = (row.mandate, row.lane) if row is not None else (None, None)
        inside = self.channels.words_inside(row) if row is not None and row.state == "verified" else None
        if inside is not None:
            told = read_inside(inside).signed.statement.read(Note)
            at += self._played(told.case_at, told.time[0]) - told.time[0]
        return Item(paper, Kind.ASSURANCE, at, mandate, lane, self.context.me, said=words)

    def _statement(self, _: int, statement: bytes) -> None:
        found = PublicStatements(self.context).one(statement).statement
        self.index.put(
            Item(
                statement,
                Kind.STATEMENT,
                found.said,
                office=self.context.me,
                grade=found.grade,
                said=f"{found.what}\n{found.by}\n{found.where}",
                source=found.source,
            )
        )
        if found.corrects is not None:
            self.index.correct(found.corrects, statement)


def _where(stated: int, here: int) -> tuple[int, bool]:
    """Where something stands that states its own time; where that lies after it was here, at that hour (P12)."""
    return (here, True) if stated > here + CLOCKS_DIFFER else (stated, False)
