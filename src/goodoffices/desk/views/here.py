# SPDX-License-Identifier: Apache-2.0
"""The frame of every page: whose desk this is, who is signed in, and what waits for this one officer."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import ActType
from goodoffices.core.office import Right
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.officers.own_words import NAMES
from goodoffices.desk.views.waiting import Waiting

MOST = 40
"""Words that are looked at for one page."""


@dataclass(frozen=True)
class WordsToSign:
    """Words beside a note that one officer wrote, and that wait for a second one's signature (P10)."""

    note: bytes
    author_name: str
    number: int
    kind: str
    """remark | transcript | translation | rewording"""
    at: int


@dataclass(frozen=True)
class Here:
    """What stands on every page: whose desk this is, who is signed in, what presses."""

    office: bytes
    name: str
    digits: str
    realm: bytes
    drill: bool
    now: int
    case_now: int | None
    officer: str
    pseudonym: str
    rights: tuple[str, ...]
    waiting: tuple[Waiting, ...]
    findings: int
    to_sign: int
    """Notes that wait for this officer's signature."""
    words_to_sign: tuple[WordsToSign, ...]
    """Words beside notes that another officer wrote, and that wait for this officer's signature."""
    to_take_over: bool
    """Whether a watch that is handed over waits for this officer's signature."""
    sealing_keys_end: int | None
    """When (ms) the last sealing key ends, from eight weeks before on; else None."""


def words_to_sign(desk: Desk, officer: Officer) -> tuple[WordsToSign, ...]:
    """What waits beside notes for this officer's signature, oldest first: it rings nowhere and holds nothing up,
    so that who is to sign has to find it on each page.
    """
    rights = desk.context.my_office().roster.rights(officer.public)
    if desk.context.locked or not rights & (Right.DUTY | Right.RELEASE):
        return ()
    db, found = desk.ledger.db, []
    if rights & Right.DUTY:
        asked = "SELECT note, type, at FROM words_open WHERE officer<>? ORDER BY at LIMIT ?"
        rows = db.execute(asked, (officer.public, MOST)).fetchall()
        found += [(int(at), bytes(note), NAMES[ActType(kind)]) for note, kind, at in rows]
    asked = "SELECT note FROM beside_open GROUP BY note ORDER BY min(at) LIMIT ?"
    for (note,) in db.execute(asked, (MOST,)).fetchall():
        row = desk.acts.note_row(bytes(note))
        if desk.acts.why_not_beside(officer, row, desk.ledger.agreement(row.mandate)) is None:
            found += [
                (each.at, row.id, "rewording" if each.act.type == ActType.REWORDING else "translation")
                for each in desk.acts.open_besides(row.id)
                if officer.public not in each.signed.signers
            ]
    return tuple(_named(desk, *each) for each in sorted(found))


def _named(desk: Desk, at: int, note_id: bytes, kind: str) -> WordsToSign:
    note = desk.acts.note_row(note_id)
    author = desk.ledger.agreement(note.mandate).name_of(note.author)
    return WordsToSign(note_id, author, note.number, kind, at)
