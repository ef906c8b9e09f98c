# SPDX-License-Identifier: Apache-2.0
"""What lies inside the notes of one page, as far as this desk can open them, and whether its officers may see it."""

from __future__ import annotations

from functools import partial

from goodoffices.core.act import ActType
from goodoffices.core.mandate import Agreement
from goodoffices.core.note import OpenNote, Words
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import NoteRow


class Inside:
    """The opened notes of one page: each is opened once, however many others it is held against."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._opened: dict[bytes, tuple[OpenNote, Words] | None] = {}
        self._stopped: dict[bytes, bool] = {}
        self._vouched: dict[bytes, bool] = {}
        self._read: dict[bytes, frozenset[bytes]] = {}

    def _get(self, row: NoteRow) -> tuple[OpenNote, Words] | None:
        if row.id not in self._opened:
            here = row.state == "verified" and not self.desk.context.locked
            get, inside = self.desk.context.opened.get, partial(self.desk.channels.words_inside, row)
            self._opened[row.id] = get(row.id, inside) if here else None
        return self._opened[row.id]

    def note(self, row: NoteRow) -> OpenNote | None:
        """The verified inside of a note, if the desk holds and can open it."""
        found = self._get(row)
        return found[0] if found is not None else None

    def words(self, row: NoteRow) -> Words | None:
        """Fields and text of an opened note."""
        found = self._get(row)
        return found[1] if found is not None else None

    def read(self, row: NoteRow) -> frozenset[bytes] | None:
        """Which notes the author had read when he released this one."""
        if row.id not in self._read:
            words = self.words(row)
            if words is None:
                return None
            self._read[row.id] = frozenset(words.read)
        return self._read[row.id]

    def vouched_alone(self, agreement: Agreement) -> bool:
        """Whether the mandate's keys are vouched for by the intermediary alone: asked once a page."""
        if agreement.id not in self._vouched:
            self._vouched[agreement.id] = self.desk.acts.vouched_alone(agreement)
        return self._vouched[agreement.id]

    def stopped_short(self, note_id: bytes) -> bool:
        """Whether a note was refused or withdrawn and never forwarded: it crossed nothing."""
        if note_id not in self._stopped:
            types = {row.type for row in self.desk.ledger.acts_about(note_id)}
            stopped = bool(types & {ActType.REFUSED, ActType.WITHDRAWN}) and ActType.FORWARDED not in types
            self._stopped[note_id] = stopped
        return self._stopped[note_id]


def shown(desk: Desk, row: NoteRow) -> bool:
    """Whether this office's officers have this note's text before them by an act of their own."""
    if row.author == desk.me:
        return True
    kind = ActType.OPENED if row.recipient == desk.me else ActType.SEEN
    return desk.acts.has_act(row.id, kind)
