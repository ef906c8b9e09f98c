# SPDX-License-Identifier: Apache-2.0
"""The tables of checkpoints: what was signed over which chain, who cosigned, what outsiders gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goodoffices.core import cbor
from goodoffices.core.checkpoint import Checkpoint, Tree, read_checkpoint
from goodoffices.core.merkle import Frontier
from goodoffices.desk.ledger.rows import Tables

_ROW = "id, raw, frontier, size, holds, at, cosigned, offered"


@dataclass(frozen=True)
class CheckpointRow:
    """A checkpoint as the desk keeps it. Times are this desk's, in ms UTC."""

    id: int
    checkpoint: Checkpoint
    frontier: Frontier
    holds: bool
    at: int
    cosigned: int | None
    offered: int


class CheckpointTables(Tables):
    """Checkpoints of both chains of every line."""

    def trees(self, line: bytes, writer: bytes) -> list[tuple[Tree, int]]:
        """Every tree of a writer on a line, with the highest number of its entries."""
        rows = self.db.execute(
            "SELECT incarnation, max(number) FROM entry WHERE line=? AND writer=? GROUP BY incarnation",
            (line, writer),
        ).fetchall()
        return [(Tree(line, writer, bytes(incarnation)), number) for incarnation, number in rows]

    def entry_ids(self, tree: Tree, after: int, until: int) -> list[bytes] | None:
        """IDs of the entries numbered ``after`` + 1 to ``until``; None if one is missing or forked."""
        rows = self.db.execute(
            "SELECT number, id FROM entry WHERE line=? AND writer=? AND incarnation=? AND number>? AND number<=?"
            " ORDER BY number",
            (tree.line, tree.writer, tree.incarnation, after, until),
        ).fetchall()
        # ``until`` is what somebody else claims: nothing of that size is made here.
        if len(rows) != until - after or any(at != number for at, (number, _) in enumerate(rows, after + 1)):
            return None
        return [bytes(found) for _, found in rows]

    def newest_number(self, tree: Tree) -> int:
        """The highest number of a tree's entries here; 0 if there are none."""
        asked = "SELECT max(number) FROM entry WHERE line=? AND writer=? AND incarnation=?"
        return int(self._one(asked, tree.line, tree.writer, tree.incarnation)[0] or 0)

    def all_here(self, tree: Tree, until: int) -> bool:
        """Whether the entries numbered 1 to ``until`` are here, one of each."""
        if self.newest_number(tree) < until:
            return False
        rows, numbers = self._one(
            "SELECT count(*), count(DISTINCT number) FROM entry"
            " WHERE line=? AND writer=? AND incarnation=? AND number<=?",
            tree.line,
            tree.writer,
            tree.incarnation,
            until,
        )
        return bool(rows == numbers == until)

    def arrived(self, tree: Tree, number: int) -> int | None:
        """When an entry was written or arrived here."""
        row = self._one(
            "SELECT at FROM entry WHERE line=? AND writer=? AND incarnation=? AND number=? ORDER BY at LIMIT 1",
            tree.line,
            tree.writer,
            tree.incarnation,
            number,
        )
        return row[0] if row else None

    def newest_checkpoint(self, tree: Tree) -> CheckpointRow | None:
        """The one over most entries that holds."""
        row = self._one(
            f"SELECT {_ROW} FROM checkpoint WHERE line=? AND writer=? AND incarnation=? AND holds"
            " ORDER BY size DESC LIMIT 1",
            tree.line,
            tree.writer,
            tree.incarnation,
        )
        return _row(row) if row else None

    def checkpoints(self, line: bytes) -> list[CheckpointRow]:
        """All of a line, the newest last."""
        rows = self.db.execute(f"SELECT {_ROW} FROM checkpoint WHERE line=? ORDER BY id", (line,)).fetchall()
        return [_row(each) for each in rows]

    def same_checkpoint(self, checkpoint: Checkpoint) -> CheckpointRow | None:
        """This very one: same tree, size and root."""
        tree = checkpoint.tree
        row = self._one(
            f"SELECT {_ROW} FROM checkpoint WHERE line=? AND writer=? AND incarnation=? AND size=? AND root=?",
            tree.line,
            tree.writer,
            tree.incarnation,
            checkpoint.size,
            checkpoint.root,
        )
        return _row(row) if row else None

    def add_checkpoint(
        self, checkpoint: Checkpoint, frontier: Frontier, now: int, *, holds: bool, cosigned: bool
    ) -> None:
        """Keep one that is not here yet."""
        tree = checkpoint.tree
        self.db.execute(
            "INSERT INTO checkpoint (line, writer, incarnation, size, root, raw, frontier, holds, at, cosigned)"
            " VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                tree.line,
                tree.writer,
                tree.incarnation,
                checkpoint.size,
                checkpoint.root,
                checkpoint.raw,
                cbor.encode(frontier.roots),
                int(holds),
                now,
                now if cosigned else None,
            ),
        )

    def refused_checkpoints(self, tree: Tree) -> int:
        """How many of a tree are kept though they do not hold."""
        row = self._one(
            "SELECT count(*) FROM checkpoint WHERE line=? AND writer=? AND incarnation=? AND NOT holds",
            tree.line,
            tree.writer,
            tree.incarnation,
        )
        return row[0] if row else 0

    def update_checkpoint(self, row: int, checkpoint: Checkpoint, *, cosigned: int | None) -> None:
        """The same with more signatures or time stamps."""
        self.db.execute("UPDATE checkpoint SET raw=?, cosigned=? WHERE id=?", (checkpoint.raw, cosigned, row))

    def offered_checkpoint(self, row: int, now: int) -> None:
        """It goes to the counterpart now."""
        self.db.execute("UPDATE checkpoint SET offered=? WHERE id=?", (now, row))

    def waiting_checkpoints(self, writer: bytes) -> list[CheckpointRow]:
        """Of each own tree the newest, while the counterpart has not cosigned it."""
        rows = self.db.execute(
            f"SELECT {_ROW} FROM checkpoint AS one WHERE writer=? AND cosigned IS NULL AND holds AND size="
            "(SELECT max(size) FROM checkpoint WHERE line=one.line AND writer=one.writer"
            " AND incarnation=one.incarnation AND holds)",
            (writer,),
        ).fetchall()
        return [_row(each) for each in rows]

    # --- outsiders ----------------------------------------------------------------------------------

    def given(self, row: int, who: str, now: int) -> None:
        """A witness or a time stamp authority gave what it was asked for."""
        self.db.execute("INSERT OR IGNORE INTO outside (checkpoint, who, at) VALUES (?,?,?)", (row, who, now))

    def owed_by(self, who: str, writer: bytes) -> list[CheckpointRow]:
        """The newest own checkpoint of each tree that ``who`` has not given anything for."""
        rows = self.db.execute(
            f"SELECT {_ROW} FROM checkpoint AS one WHERE writer=? AND holds AND size="
            "(SELECT max(size) FROM checkpoint WHERE line=one.line AND writer=one.writer"
            " AND incarnation=one.incarnation AND holds)"
            " AND NOT EXISTS (SELECT 1 FROM outside WHERE checkpoint=one.id AND who=?)",
            (writer, who),
        ).fetchall()
        return [_row(each) for each in rows]

    def last_given(self, tree: Tree, who: str) -> int:
        """Size of the newest checkpoint of a tree that a witness has cosigned; 0 if none."""
        row = self._one(
            "SELECT max(size) FROM checkpoint JOIN outside ON outside.checkpoint=checkpoint.id"
            " WHERE line=? AND writer=? AND incarnation=? AND who=?",
            tree.line,
            tree.writer,
            tree.incarnation,
            who,
        )
        return row[0] or 0 if row else 0


def _row(row: Any) -> CheckpointRow:
    number, raw, frontier, size, holds, at, cosigned, offered = row
    roots = cbor.decode(bytes(frontier))
    return CheckpointRow(
        number, read_checkpoint(bytes(raw)), Frontier(size, roots), bool(holds), at, cosigned, offered
    )
