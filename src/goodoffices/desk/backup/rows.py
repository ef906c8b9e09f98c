# SPDX-License-Identifier: Apache-2.0
"""Rows of the vault as backups carry them: which changed, a piece of them as a small database, and back.

A piece is the image of a plain SQLite database with the changed rows under their own tables and row IDs, and
what is gone. Sealing keys never get into one (P3): the root certifies new ones for whoever restores it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from goodoffices.core.errors import Malformed
from goodoffices.db.sqlite import Connection
from goodoffices.desk.ledger.secrets import ENVELOPE, READING

LEFT_OUT = {"bell", "alarm_clock", "thin_chain", "thin_held", "thin_skipped", "thin_ahead"}
"""Browsers that may ring, and this machine's steady clock: of no use on another machine. Keys of thin lines: as
of sealing keys (P3), there are none in a backup."""
KEPT_BACK = {
    "secret": f"name NOT GLOB '{ENVELOPE}*' AND name NOT GLOB 'next *'",
    "fact": f"name NOT GLOB '{READING}*' AND name NOT GLOB 'roster request*' AND name NOT GLOB 'backup written*'",
}
"""Per table the rows that go into a backup. Sealing keys stay, and so does what an unsigned request drew."""
BATCH = 2 * 2**20
"""Bytes of rows, about, that make a piece of the first whole copy."""

_CHANGED = "temp.backup_changed"
_GONE = "gone"
_PLACES = ("a", "b", "c", "d", "e", "f")
Key = tuple[str, tuple[object, ...]]


@dataclass(frozen=True)
class Table:
    """A table of the vault: its columns, and by which of them a row is named."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def carried(self) -> tuple[str, ...]:
        """Columns as a piece has them: a row ID that no column shows goes along, for it orders the record."""
        return self.columns if self.key != ("rowid",) else ("rowid", *self.columns)

    @property
    def held(self) -> tuple[str, ...]:
        """The same as names of columns in a piece."""
        return tuple("row_id" if each == "rowid" else each for each in self.carried)

    def where(self) -> str:
        """A row by its key."""
        return " AND ".join(f"{each}=?" for each in self.key)


def tables(db: Connection) -> list[Table]:
    """Every table that is backed up, in the order in which they were made."""
    found = []
    listed = db.execute(
        "SELECT name, wr FROM pragma_table_list WHERE schema='main' AND type='table'"
    ).fetchall()
    for name, without_rowid in sorted(listed):
        if name.startswith("sqlite_") or name in LEFT_OUT:
            continue
        rows = db.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
        columns = tuple(str(row[0]) for row in rows)
        primary = tuple(str(row[0]) for row in sorted(rows, key=lambda row: row[2]) if row[2])
        own = [row for row in rows if row[2] and str(row[1]).upper() == "INTEGER"]
        by_key = without_rowid or (len(primary) == 1 and own)
        found.append(Table(name, columns, primary if by_key else ("rowid",)))
    return found


# --- what changed ----------------------------------------------------------------------------------


class Changes:
    """Which rows changed since they were last taken. Lives in memory, with the one writing connection."""

    def __init__(self, db: Connection) -> None:
        self.db, self.tables = db, {each.name: each for each in tables(db)}

    def watch(self) -> None:
        """From now on every change is noted; costs a row in memory each, and nothing on the disk."""
        self.db.execute(
            "CREATE TEMP TABLE IF NOT EXISTS backup_changed"
            " (place, a, b, c, d, e, f, UNIQUE (place, a, b, c, d, e, f))"
        )
        for table in self.tables.values():
            for event, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
                held = [f"{row}.{each}" for each in table.key]
                spread = ",".join((*held, *["0"] * (len(_PLACES) - len(held))))
                same = " AND ".join(f"{place}={each}" for place, each in zip(_PLACES, held, strict=False))
                kept = KEPT_BACK.get(table.name)
                when = f" WHEN {row}.{kept.replace(' name', f' {row}.name')}" if kept else ""
                # Not INSERT OR IGNORE: inside a trigger the conflict clause of the outer statement counts.
                self.db.execute(
                    f"CREATE TEMP TRIGGER IF NOT EXISTS backup_{table.name}_{event} AFTER {event} ON"
                    f" main.{table.name}{when} BEGIN INSERT INTO backup_changed SELECT '{table.name}',{spread}"
                    f" WHERE NOT EXISTS (SELECT 1 FROM backup_changed WHERE place='{table.name}' AND {same}); END"
                )

    def any(self) -> bool:
        """Whether something changed that was not taken yet."""
        return self.db.execute(f"SELECT 1 FROM {_CHANGED} LIMIT 1").fetchone() is not None

    def take(self) -> list[Key]:
        """The changed rows by their keys; they count as taken."""
        found = self.db.execute(f"SELECT * FROM {_CHANGED}").fetchall()
        self.db.execute(f"DELETE FROM {_CHANGED}")
        return [(row[0], tuple(row[1 : 1 + len(self.tables[row[0]].key)])) for row in found]

    def give_back(self, keys: Iterable[Key]) -> None:
        """What was taken and could not be written counts as changed again."""
        for name, key in keys:
            self.db.execute(
                f"INSERT OR IGNORE INTO {_CHANGED} VALUES (?,?,?,?,?,?,?)",
                (name, *key, *[0] * (6 - len(key))),
            )


# --- pieces -----------------------------------------------------------------------------------------


class _Image:
    """A piece in the making."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.execute(f"CREATE TABLE {_GONE} (place, a, b, c, d, e, f)")
        self.made: set[str] = set()
        self.size = 0

    def add(self, table: Table, row: Iterable[object]) -> None:
        values = tuple(row)
        if table.name not in self.made:
            self.db.execute(f"CREATE TABLE t_{table.name} ({','.join(table.held)})")
            self.made.add(table.name)
        self.db.execute(f"INSERT INTO t_{table.name} VALUES ({','.join('?' * len(values))})", values)
        self.size += 32 + sum(len(each) if isinstance(each, (bytes, str)) else 8 for each in values)

    def gone(self, table: Table, key: tuple[object, ...]) -> None:
        self.db.execute(
            f"INSERT INTO {_GONE} VALUES (?,?,?,?,?,?,?)", (table.name, *key, *[None] * (6 - len(key)))
        )

    def done(self) -> bytes:
        image = self.db.serialize()
        self.db.close()
        return image


def everything(db: Connection, batch: int = BATCH) -> Iterator[bytes]:
    """The whole vault in pieces. Rows that change meanwhile are put right by the pieces that follow."""
    image = _Image()
    for table in tables(db):
        kept = KEPT_BACK.get(table.name, "1")
        order = ",".join(table.key)
        last: tuple[object, ...] | None = None
        while True:
            after = f"({order}) > ({','.join('?' * len(table.key))})" if last is not None else "1"
            rows = db.execute(
                f"SELECT {order},{','.join(table.carried)} FROM {table.name} WHERE {kept} AND {after}"
                f" ORDER BY {order} LIMIT 256",
                last or (),
            ).fetchall()
            for row in rows:
                image.add(table, row[len(table.key) :])
            if image.size >= batch:
                yield image.done()
                image = _Image()
            if len(rows) < 256:
                break
            last = tuple(rows[-1][: len(table.key)])
    yield image.done()


def changed(db: Connection, keys: Iterable[Key]) -> bytes:
    """The rows of these keys as they are now, as one piece."""
    known = {each.name: each for each in tables(db)}
    image = _Image()
    for name, key in keys:
        table = known[name]
        row = db.execute(
            f"SELECT {','.join(table.carried)} FROM {name} WHERE {KEPT_BACK.get(name, '1')} AND {table.where()}",
            key,
        ).fetchone()
        if row is None:
            image.gone(table, key)
        else:
            image.add(table, row)
    return image.done()


def apply(db: Connection, image: bytes) -> int:
    """Put a piece's rows into a vault that is being restored; returns how many. Raises Malformed."""
    known = {each.name: each for each in tables(db)}
    piece = sqlite3.connect(":memory:", isolation_level=None)
    count = 0
    try:
        piece.deserialize(image)
        piece.execute("PRAGMA trusted_schema=OFF")
        for row in piece.execute(f"SELECT * FROM {_GONE}").fetchall():
            table = known[row[0]]
            db.execute(f"DELETE FROM {table.name} WHERE {table.where()}", tuple(row[1 : 1 + len(table.key)]))
        for (held,) in piece.execute("SELECT name FROM sqlite_schema WHERE name GLOB 't_*'").fetchall():
            table = known[held[2:]]
            places = ",".join("?" * len(table.carried))
            into = f"INSERT OR REPLACE INTO {table.name} ({','.join(table.carried)}) VALUES ({places})"
            for row in piece.execute(f"SELECT {','.join(table.held)} FROM {held}"):
                db.execute(into, row)
                count += 1
    except (sqlite3.DatabaseError, KeyError) as error:
        raise Malformed("The rows of a backup do not fit this version's tables.") from error
    finally:
        piece.close()
    return count
