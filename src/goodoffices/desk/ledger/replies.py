# SPDX-License-Identifier: Apache-2.0
"""Which notes ask for a reply by a time, and which of them have one: known while the desk is locked."""

from __future__ import annotations

from goodoffices.core.note import Words
from goodoffices.desk.ledger.rows import NoteRow, Tables


class ReplyTables(Tables):
    """The table of replies that are asked for."""

    def keep_reply(self, note: NoteRow, words: Words) -> None:
        """What an opened note says of replies: that it asks for one, or that it is one."""
        if words.reply_by is not None:
            self.db.execute(
                "INSERT OR IGNORE INTO reply_asked (note, until) VALUES (?,?)", (note.id, words.reply_by)
            )
        if words.in_reply_to is not None:
            # Whoever answers has the question before him, so its row is here already.
            self.db.execute(
                "UPDATE reply_asked SET answered=1 WHERE note=? AND EXISTS"
                " (SELECT 1 FROM note WHERE id=reply_asked.note AND mandate=? AND recipient=?)",
                (words.in_reply_to, note.mandate, note.author),
            )

    def reply_awaited(self, note: bytes) -> int | None:
        """By when (ms UTC) a note asks for a reply that has not been written; None if it does not."""
        row = self._one("SELECT until FROM reply_asked WHERE note=? AND answered=0", note)
        return int(row[0]) if row else None
