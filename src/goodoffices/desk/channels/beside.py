# SPDX-License-Identifier: Apache-2.0
"""Words beside notes at one desk: opened, held against what was signed, kept (docs/format.md §6.5, ADR 0035).

What came while the desk was locked is opened at the next sign-in. What does not open, or is not what its
makers signed, is named and its words are not shown; nothing here touches the note, or what is forwarded.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import Act
from goodoffices.core.beside import BESIDE, Beside, beside_readers, open_beside, read_beside
from goodoffices.core.errors import Foreign, OtherOfficeError
from goodoffices.core.statement import read_signed
from goodoffices.desk.context import Context
from goodoffices.desk.vault.keys import open_text, seal_text


@dataclass(frozen=True)
class BesideRow:
    """What a desk holds of a translation or rewording."""

    id: bytes
    note: bytes
    state: str
    """unopened | verified | sealed (to others) | unreadable | altered"""
    finding: str | None
    inside_sealed: bytes | None


class BesideWords:
    """The table of words beside notes."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ledger = context.ledger

    def of_note(self, note: bytes) -> list[BesideRow]:
        """What stands beside a note, in the order in which it came to be here."""
        rows = self.ledger.db.execute(
            "SELECT id, note, state, finding, inside_sealed FROM beside WHERE note=? ORDER BY rowid", (note,)
        ).fetchall()
        return [BesideRow(*row) for row in rows]

    def words(self, row: BesideRow) -> Beside | None:
        """The verified words, if the desk is unlocked."""
        inside = self.inside(row)
        kept = self.ledger.act(row.id)
        if inside is None or kept is None:
            return None
        return read_beside(inside, read_signed(kept.signed).statement.read(Act).evidence)

    def inside(self, row: BesideRow) -> bytes | None:
        """What was inside its seal, as it was verified; None while the desk is locked."""
        key = self.context.reading_key
        if row.state != "verified" or row.inside_sealed is None or key is None:
            return None
        return open_text(key, row.inside_sealed, b"beside" + row.id)

    def keep(self, act_id: bytes, act: Act, words: Beside | None = None) -> None:
        """Keep that an act is one of these; ``words``: this office's own, which need no opening."""
        if act.type not in BESIDE or act.subject is None:
            return
        key = self.context.reading_key
        inside = None
        if words is not None and key is not None:
            inside = seal_text(key, words.inside, b"beside" + act_id, self.context.rng)
        state = "unopened" if words is None else "verified"
        self.ledger.db.execute(
            "INSERT OR IGNORE INTO beside VALUES (?,?,?,?,?)", (act_id, act.subject, state, None, inside)
        )

    def came(self, act_id: bytes, act: Act, now: int) -> None:
        """An act of a counterpart's was kept: open it, if somebody is signed in."""
        if act.type in BESIDE and act.subject is not None:
            self.keep(act_id, act)
            if not self.context.locked:
                self._open(act_id, now)

    def open_pending(self, now: int) -> None:
        """After a sign-in: open what came while the desk was locked."""
        rows = self.ledger.db.execute("SELECT id FROM beside WHERE state='unopened' ORDER BY rowid")
        for (act_id,) in rows.fetchall():
            self._open(bytes(act_id), now)

    def _open(self, act_id: bytes, now: int) -> None:
        kept, key = self.ledger.act(act_id), self.context.reading_key
        if kept is None or key is None:
            return
        act = read_signed(kept.signed).statement.read(Act)
        state, finding, inside = "verified", None, None
        try:
            words = open_beside(act, self.context.keys.realm, self.context.me, self.context.reading)
            inside = seal_text(key, words.inside, b"beside" + act_id, self.context.rng)
        except Foreign as error:
            # Sealed to others, or to a key that this office has no more: nobody's fault.
            sealed = self.context.me not in beside_readers(act)
            state, finding = ("sealed" if sealed else "unreadable"), error.what
        except OtherOfficeError as error:
            state, finding = "altered", error.what
            self.ledger.find(
                now, error.fault, f"Words beside a note: {error.what}", error.next_step, entry=act_id
            )
        self.ledger.db.execute(
            "UPDATE beside SET state=?, finding=?, inside_sealed=? WHERE id=?",
            (state, finding, inside, act_id),
        )
