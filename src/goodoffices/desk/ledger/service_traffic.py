# SPDX-License-Identifier: Apache-2.0
"""The tables of line tests and service chat: what was called, answered, written, erased."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goodoffices.core.line import CarriedEntry, EntryKind
from goodoffices.core.statement import read_signed
from goodoffices.desk.ledger.rows import Tables

_TEST = "line, nonce, mine, person, entry, at, answered, answered_by, locked"


@dataclass(frozen=True)
class TestRow:
    """One call of a line test and what became of it. ``mine``: this side called."""

    __test__ = False  # pytest: not a test of ours

    line: bytes
    nonce: bytes
    mine: bool
    person: bool
    entry: bytes
    at: int
    answered: int | None
    answered_by: str | None
    locked: bool


@dataclass(frozen=True)
class ChatRow:
    """One entry of service chat. ``receipted``: the other desk has signed that it has it."""

    position: int
    carried: CarriedEntry
    at: int
    receipted: bool


class ServiceTables(Tables):
    """Line tests and service chat."""

    def add_test(self, line: bytes, nonce: bytes, entry: bytes, at: int, *, mine: bool, person: bool) -> None:
        """A call went out or came in; the same call again changes nothing."""
        self.db.execute(
            "INSERT OR IGNORE INTO line_test (line, nonce, mine, person, entry, at) VALUES (?,?,?,?,?,?)",
            (line, nonce, int(mine), int(person), entry, at),
        )

    def answer_test(
        self, line: bytes, nonce: bytes, at: int, *, mine: bool, person: bool, by: str | None, locked: bool
    ) -> bool:
        """A call was answered; False if there is no such call without an answer."""
        changed = self.db.execute(
            "UPDATE line_test SET answered=?, answered_by=?, locked=? WHERE line=? AND nonce=? AND mine=?"
            " AND person=? AND answered IS NULL",
            (at, by, int(locked), line, nonce, int(mine), int(person)),
        )
        return changed.rowcount > 0

    def test(self, line: bytes, nonce: bytes, *, mine: bool) -> TestRow | None:
        """One call."""
        row = self._one(
            f"SELECT {_TEST} FROM line_test WHERE line=? AND nonce=? AND mine=?", line, nonce, int(mine)
        )
        return _test(row) if row else None

    def newest_test(
        self, line: bytes, *, person: bool, mine: bool, answered: bool | None = None
    ) -> TestRow | None:
        """The newest call of a kind; ``answered``: only those with (True) or without (False) an answer."""
        where = "" if answered is None else f" AND answered IS {'NOT ' if answered else ''}NULL"
        row = self._one(
            f"SELECT {_TEST} FROM line_test WHERE line=? AND person=? AND mine=?{where} ORDER BY at DESC LIMIT 1",
            line,
            int(person),
            int(mine),
        )
        return _test(row) if row else None

    def calls_to_answer(self, since: int) -> list[TestRow]:
        """The other desks' automatic calls that arrived since then and have no answer yet, oldest first."""
        rows = self._all(
            f"SELECT {_TEST} FROM line_test WHERE mine=0 AND person=0 AND answered IS NULL AND at>=? ORDER BY at",
            since,
        )
        return [_test(row) for row in rows]

    def tests(self, line: bytes, limit: int) -> list[TestRow]:
        """The newest calls of a line, newest first."""
        rows = self._all(
            f"SELECT {_TEST} FROM line_test WHERE line=? ORDER BY at DESC, nonce LIMIT ?", line, limit
        )
        return [_test(row) for row in rows]

    def waits_for_receipt(self, line: bytes, writer: bytes) -> tuple[int, int | None]:
        """(how many own entries the peer has not receipted, since when the oldest waits)."""
        row = self._one(
            "SELECT count(*), min(at) FROM entry WHERE line=? AND writer=? AND receipt IS NULL", line, writer
        )
        return int(row[0]), row[1]

    def entry_receipted(self, entry_id: bytes) -> bool:
        """Whether the peer has signed that it has an own entry."""
        return self._one("SELECT receipt FROM entry WHERE id=? AND receipt IS NOT NULL", entry_id) is not None

    def chat(self, line: bytes, limit: int) -> list[ChatRow]:
        """The newest entries of service chat, oldest first."""
        rows = self._all(
            "SELECT position, signed, salt, body, at, receipt IS NOT NULL FROM entry"
            f" WHERE line=? AND kind={int(EntryKind.SERVICE_CHAT)} ORDER BY position DESC LIMIT ?",
            line,
            limit,
        )
        return [
            ChatRow(
                row[0],
                CarriedEntry(read_signed(bytes(row[1])), bytes(row[2]), bytes(row[3])),
                row[4],
                bool(row[5]),
            )
            for row in reversed(rows)
        ]

    def newest_chat_of(self, line: bytes, writer: bytes) -> int:
        """Position of a writer's newest entry of service chat, 0 if there is none."""
        # The plus keeps SQLite from walking all of the writer's entries back to find that none is chat.
        row = self._one(
            f"SELECT position FROM entry WHERE line=? AND kind={int(EntryKind.SERVICE_CHAT)} AND +writer=?"
            " ORDER BY position DESC LIMIT 1",
            line,
            writer,
        )
        return int(row[0]) if row is not None else 0

    def count_chat(self, line: bytes, writer: bytes, since: int | None = None) -> int:
        """How many lines of a writer's chat have their words here; ``since``: of those that came since then."""
        row = self._one(
            f"SELECT count(*) FROM entry WHERE line=? AND kind={int(EntryKind.SERVICE_CHAT)} AND +writer=?"
            " AND length(body)>0 AND (? IS NULL OR at>=?)",
            line,
            writer,
            since,
            since,
        )
        return int(row[0])

    def erase_body(self, entry: bytes) -> None:
        """Erase one entry's body, with its salt; what opens an incarnation stays."""
        self.db.execute("UPDATE entry SET body=x'', salt=x'' WHERE id=? AND number>1", (entry,))

    def erase_bodies(self, kind: int, me: bytes, before: int, line: bytes | None = None) -> int:
        """Erase the bodies, with their salts, of tests or chat that came before; returns how many.

        What the peer has not receipted stays, as it is still to be sent, and so does what opens an incarnation.
        """
        changed = self.db.execute(
            "UPDATE entry SET body=x'', salt=x'' WHERE kind=? AND kind>1 AND at<? AND length(body)>0 AND number>1"
            " AND (receipt IS NOT NULL OR writer<>?) AND (? IS NULL OR line=?)",
            (int(kind), before, me, line, line),
        )
        return int(changed.rowcount)

    def forget_tests(self, before: int) -> None:
        """Drop what became of old calls; their entries stay in the record."""
        self.db.execute("DELETE FROM line_test WHERE at<?", (before,))


def _test(row: Any) -> TestRow:
    return TestRow(
        bytes(row[0]),
        bytes(row[1]),
        bool(row[2]),
        bool(row[3]),
        bytes(row[4]),
        row[5],
        row[6],
        row[7],
        bool(row[8]),
    )
