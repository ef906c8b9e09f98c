# SPDX-License-Identifier: Apache-2.0
"""The chronicle's index: what is on the line of time, in order, and which words stand in it (ADR 0062).

It is made from the record and can be made again at any time. It holds words of notes, so it lies beside the
vault in a file of its own, under a key that follows from the reading key: a locked desk cannot open it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from goodoffices.core.crypto import hkdf
from goodoffices.core.errors import VaultDamaged
from goodoffices.db.sqlite import Connection, make_private, set_pragmas, transaction
from goodoffices.desk.chronicle.folding import asked, words_of
from goodoffices.desk.vault.database import Pages, connect, faults

FILE = "chronicle.db"
FORM = 4
"""Of the tables and of the folding of words; another number is made anew."""
TIE = 15
"""Bits by which things of one millisecond are told apart: a place is ``ms << 15 | n`` and fits 63 bits."""
PAGES = Pages("HMAC_SHA512", 4096)
"""As they have been from the first version on: an index of before is read on, and not made anew."""
CACHE_KIB = 65_536
LOG_PAGES = 250
"""Pages of its log that are moved into the file at once: few, for a page of the desk may wait for it."""

_ITEMS = """CREATE TABLE item (
    place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, mandate INTEGER NOT NULL,
    lane INTEGER NOT NULL, office INTEGER NOT NULL, source_grade INTEGER NOT NULL, item_grade INTEGER NOT NULL,
    doubtful INTEGER NOT NULL, worded INTEGER NOT NULL)"""
_TABLES = (
    _ITEMS,
    "CREATE TABLE mark (source TEXT PRIMARY KEY, place INTEGER NOT NULL, id BLOB)",
    "CREATE TABLE name (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE)",
    "CREATE TABLE stood (id BLOB PRIMARY KEY, entry BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE corrected (id BLOB PRIMARY KEY, by BLOB NOT NULL) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE words USING fts5(said, source, content='', tokenize='unicode61')",
)


class Kind(IntEnum):
    """What an item of the chronicle is."""

    NOTE = 1
    STEP = 2
    """An act about a note or a channel: a receipt, a forward, a refusal, a remark …"""
    REPORT = 3
    ASSURANCE = 4
    STATEMENT = 5


@dataclass(frozen=True)
class Item:
    """One thing on the line of time. ``at``: ms UTC, where it stands."""

    id: bytes
    kind: Kind
    at: int
    mandate: bytes | None = None
    """None: the office's own, of every channel."""
    lane: bytes | None = None
    office: bytes | None = None
    grade: tuple[int, int] = (0, 0)
    doubtful: bool = False
    """Whether its own time cannot be, so that it stands where this desk got it."""
    said: str | None = None
    """Words to find it by; None: not before this office's officers (yet)."""
    source: str = ""


@dataclass(frozen=True)
class Asked:
    """Which items are wanted. What is None or empty does not restrict."""

    mandate: bytes
    lanes: tuple[bytes, ...]
    """Lanes of that mandate; what belongs to no lane is always among what is found."""
    kinds: tuple[Kind, ...] = ()
    office: bytes | None = None
    since: int | None = None
    until: int | None = None
    source_grade: int | None = None
    """As good as this or better: 1 for A … 6 for F; what is not graded is left out."""
    item_grade: int | None = None
    words: str = ""
    source: str = ""


@dataclass(frozen=True)
class Found:
    """An item that was found."""

    place: int
    id: bytes
    kind: Kind
    doubtful: bool

    @property
    def at(self) -> int:
        """Where it stands on the line of time, ms UTC."""
        return self.place >> TIE


class NotReadable(Exception):
    """The index cannot be read: it is made anew."""


def beside_of(db: Connection) -> Path | None:
    """Where the index of the vault with this database lies; None where that is in memory."""
    file = next((row[2] for row in db.execute("PRAGMA database_list").fetchall() if row[1] == "main"), "")
    return Path(file).with_name(FILE) if file else None


def remove(path: Path) -> None:
    """No index is there any more."""
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        each.unlink(missing_ok=True)


def _keyed(path: Path, reading_key: bytes) -> Connection:
    make_private(path)
    db = connect(path, hkdf(reading_key, b"GO1 chronicle index"), PAGES)
    try:
        with faults():
            set_pragmas(db)
            # It is made again from the record, so what a power cut takes is no loss.
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
            db.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def open_index(path: Path | None, reading_key: bytes) -> Index:
    """The index at ``path``, made anew where there is none, or one that does not open; None: in memory."""
    if path is None:
        return Index(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
    try:
        return Index(_keyed(path, reading_key))
    except (VaultDamaged, NotReadable):
        remove(path)
        return Index(_keyed(path, reading_key))


class Index:
    """An open index."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        form = self._all("PRAGMA user_version")[0][0]
        if form not in (0, FORM):
            db.close()
            raise NotReadable
        self._numbers: dict[bytes, int] = {}
        if form == 0:
            self.clear()
        self._look_again()

    def _look_again(self) -> None:
        rows = self._all("SELECT number, id FROM name")
        self._numbers = {bytes(found): int(number) for number, found in rows}

    def close(self) -> None:
        """Nothing of it can be read here any more."""
        self.db.close()

    def clear(self) -> None:
        """Begin anew."""
        with self.writing():
            for kind, name in self._all(
                "SELECT type, name FROM sqlite_schema WHERE name IN"
                " ('mark','name','item','stood','corrected','words')"
            ):
                if kind == "table":
                    self.db.execute(f"DROP TABLE {name}")
            for table in _TABLES:
                self.db.execute(table)
            self.db.execute(f"PRAGMA user_version={FORM}")
        self._numbers = {}

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction. Raises NotReadable where the file is damaged."""
        done = False
        try:
            with _readable(), transaction(self.db):
                yield
            done = True
        finally:
            if not done and self._numbers:
                self._look_again()  # names that the roll-back took back

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with _readable():
            return self.db.execute(sql, values).fetchall()

    # --- how far it goes --------------------------------------------------------------------------------

    def mark(self, source: str) -> tuple[int, bytes | None]:
        """Up to which row a source was taken in, and that row's ID."""
        found = self._all("SELECT place, id FROM mark WHERE source=?", (source,))
        return (int(found[0][0]), found[0][1]) if found else (0, None)

    def set_mark(self, source: str, place: int, last: bytes) -> None:
        """A source was taken in up to this row."""
        self.db.execute(
            "INSERT OR REPLACE INTO mark (source, place, id) VALUES (?,?,?)", (source, place, last)
        )

    # --- writing ----------------------------------------------------------------------------------------

    def put(self, item: Item) -> None:
        """Put an item on the line of time, or in another place if it is there. Words are added once."""
        old = self.db.execute("SELECT place, worded FROM item WHERE id=?", (item.id,)).fetchone()
        if old is not None:
            if old[1]:
                return
            self.db.execute("DELETE FROM item WHERE place=?", (old[0],))
        place = self._free(item.at)
        self.db.execute(
            "INSERT INTO item VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                place,
                item.id,
                int(item.kind),
                self._number(item.mandate),
                self._number(item.lane),
                self._number(item.office),
                *item.grade,
                int(item.doubtful),
                int(item.said is not None),
            ),
        )
        if item.said is not None:
            said, source = " ".join(words_of(item.said)), " ".join(words_of(item.source))
            self.db.execute("INSERT INTO words (rowid, said, source) VALUES (?,?,?)", (place, said, source))

    def _free(self, at: int) -> int:
        while True:
            first, end = at << TIE, (at + 1) << TIE
            taken = self.db.execute(
                "SELECT max(place) FROM item WHERE place>=? AND place<?", (first, end)
            ).fetchone()[0]
            if taken is None:
                return first
            if taken + 1 < end:
                return int(taken) + 1
            at += 1

    def _number(self, name: bytes | None) -> int:
        if name is None:
            return 0
        if name not in self._numbers:
            row = self.db.execute("SELECT number FROM name WHERE id=?", (name,)).fetchone()
            if row is None:
                self.db.execute("INSERT INTO name (id) VALUES (?)", (name,))
                row = self.db.execute("SELECT number FROM name WHERE id=?", (name,)).fetchone()
            self._numbers[name] = int(row[0])
        return self._numbers[name]

    def stood_in(self, carried: bytes, entry: bytes) -> None:
        """The first entry that carried a note or an act."""
        self.db.execute("INSERT OR IGNORE INTO stood (id, entry) VALUES (?,?)", (carried, entry))

    def correct(self, old: bytes, by: bytes) -> None:
        """A later paper corrects an older one."""
        self.db.execute("INSERT OR REPLACE INTO corrected (id, by) VALUES (?,?)", (old, by))

    # --- reading ----------------------------------------------------------------------------------------

    def entry_of(self, carried: bytes) -> bytes | None:
        """The first entry that carried a note or an act."""
        found = self._all("SELECT entry FROM stood WHERE id=?", (carried,))
        return bytes(found[0][0]) if found else None

    def one(self, item: bytes) -> Found | None:
        """An item by its ID."""
        rows = self._all("SELECT place, id, kind, doubtful FROM item WHERE id=?", (item,))
        return Found(rows[0][0], bytes(rows[0][1]), Kind(rows[0][2]), bool(rows[0][3])) if rows else None

    def corrected_by(self, paper: bytes) -> bytes | None:
        """The newest paper that corrects this one."""
        found = self._all("SELECT by FROM corrected WHERE id=?", (paper,))
        return bytes(found[0][0]) if found else None

    def found(self, asked_for: Asked, most: int, *, before: int | None = None) -> list[Found]:
        """The newest items that fit, newest first; ``before``: only those at earlier places."""
        terms = [asked(asked_for.words)]
        if asked_for.source.strip():
            terms.append(f"{{source}} : ({asked(asked_for.source) or _NO_WORD})")
        searching = bool(asked_for.words.strip() or asked_for.source.strip())
        if asked_for.words.strip() and not terms[0]:
            return []  # nothing of what was asked for is a word
        match = " AND ".join(f"({each})" for each in terms if each)
        where, values = self._where(asked_for)
        place = "words.rowid" if searching else "place"
        if before is not None:
            where.append(f"{place}<?")
            values.append(before)
        if asked_for.since is not None:
            where.append(f"{place}>=?")
            values.append(asked_for.since << TIE)
        if asked_for.until is not None:
            where.append(f"{place}<?")
            values.append((asked_for.until + 1) << TIE)
        tables = "item"
        if searching:
            # In the order of the words' own index: the page is full before most of it was looked at.
            tables = "words CROSS JOIN item ON item.place=words.rowid"
            where.append("words MATCH ?")
            values.append(match)
        rows = self._all(
            f"SELECT item.place, item.id, kind, doubtful FROM {tables} WHERE {' AND '.join(where)}"
            f" ORDER BY {place} DESC LIMIT ?",
            (*values, most),
        )
        return [Found(place, bytes(number), Kind(kind), bool(late)) for place, number, kind, late in rows]

    def _where(self, wanted: Asked) -> tuple[list[str], list[Any]]:
        number = self._numbers.get
        lanes = [0, *(number(each, -1) for each in wanted.lanes)]
        where = ["mandate IN (0,?)", f"lane IN ({','.join('?' * len(lanes))})"]
        values: list[Any] = [number(wanted.mandate, -1), *lanes]
        if wanted.kinds:
            where.append(f"kind IN ({','.join('?' * len(wanted.kinds))})")
            values += [int(each) for each in wanted.kinds]
        if wanted.office is not None:
            where.append("office=?")
            values.append(number(wanted.office, -1))
        for better, most in (
            ("source_grade BETWEEN 1 AND ?", wanted.source_grade),
            ("item_grade BETWEEN 1 AND ?", wanted.item_grade),
        ):
            if most is not None:
                where.append(better)
                values.append(most)
        return where, values


_NO_WORD = '"\u0001"'


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        with faults():
            yield
    except VaultDamaged as error:
        raise NotReadable from error
