# SPDX-License-Identifier: Apache-2.0
"""The tables of what is owed to a line: items that the next entry carries, and what went by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from goodoffices.core import cbor
from goodoffices.core.errors import Oversized
from goodoffices.core.line import MAX_BODY
from goodoffices.desk.ledger.rows import Tables

MAX_OWED = MAX_BODY - 4096


class OwedTables(Tables):
    """Items that wait for an entry, and entries that stood in a courier's bundle."""

    def owe(self, line: bytes, item: tuple[Any, ...], *, urgent: int = 0) -> None:
        """An item that the next entry of a line carries; raises Oversized if none can. ``urgent``: a precedence.

        Owed all the same, it would stop whatever is sent after it, at every start.
        """
        raw = cbor.encode(item)
        if len(raw) > MAX_OWED:
            raise Oversized("An item that is larger than an entry can carry.")
        self._fresh.append((line, raw, urgent))
        if not self.db.in_transaction:
            self._keep_owed()

    def _keep_owed(self) -> None:
        fresh, self._fresh = self._fresh, []
        for line, raw, urgent in fresh:
            self.db.execute("INSERT INTO owed (line, item, urgent) VALUES (?,?,?)", (line, raw, urgent))
            if self._owing is not None:
                self._owing[line] = self._owing.get(line, 0) + 1

    def owed(self, line: bytes) -> list[tuple[int, bytes, int]]:
        """(row, item, urgent) in the order in which they came to be owed. Row 0: by the open transaction."""
        rows = []
        if self._owing is None or line in self._owing:
            rows = self._all("SELECT id, item, urgent FROM owed WHERE line=? ORDER BY id", line)
        kept = [(row[0], bytes(row[1]), int(row[2])) for row in rows]
        return kept + [(0, item, urgent) for to, item, urgent in self._fresh if to == line]

    def owing_lines(self) -> list[bytes]:
        """Lines for which something is owed."""
        if self._owing is None:
            rows = self._all("SELECT line, count(*) FROM owed GROUP BY line ORDER BY min(id)")
            self._owing = {bytes(line): count for line, count in rows}
        return list(dict.fromkeys([*self._owing, *(line for line, _, _ in self._fresh)]))

    def settle(self, line: bytes, rows: Sequence[int]) -> None:
        """These items of a line, the first that are owed to it, stand in an entry now."""
        if kept := tuple(row for row in rows if row):
            self.db.execute(f"DELETE FROM owed WHERE id IN ({','.join('?' * len(kept))})", kept)
            if self._owing is not None:
                self._owing[line] -= len(kept)
                if not self._owing[line]:
                    del self._owing[line]
        for _ in range(len(rows) - len(kept)):
            self._fresh.remove(next(each for each in self._fresh if each[0] == line))

    def went_by_hand(self, entry_ids: Iterable[bytes]) -> None:
        """These own entries stand in a courier's bundle."""
        for entry_id in entry_ids:
            self._by_hand = True
            self.db.execute("INSERT OR IGNORE INTO by_hand VALUES (?)", (entry_id,))

    def was_by_hand(self, entry_id: bytes) -> bool:
        """Whether an own entry ever stood in a courier's bundle."""
        found = self.any_by_hand() and self._one("SELECT 1 FROM by_hand WHERE entry=?", entry_id)
        return bool(found)

    def any_by_hand(self) -> bool:
        """Whether any own entry ever stood in a courier's bundle. Remembered."""
        if self._by_hand is None:
            self._by_hand = self._one("SELECT 1 FROM by_hand LIMIT 1") is not None
        return self._by_hand
