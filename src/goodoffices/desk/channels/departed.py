# SPDX-License-Identifier: Apache-2.0
"""Signers who had left: what comes once a roster is known here that no longer lists who signed it (ADR 0096).

It is kept, shown and passed on like everything else, for it may have been signed before and been under way; it is
marked, and named under *Findings*, until its own office stands by it: by the next act or note of its chain, or by an
act about it, of somebody who is listed. What an office's own desk brought over its line is that desk's to answer for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from goodoffices.core.act import Act, ActType
from goodoffices.core.line import CarriedEntry
from goodoffices.core.mandate import Agreement
from goodoffices.core.note import Note, read_inside
from goodoffices.core.office import Office, Right, Roster
from goodoffices.core.record.departed import keepers_signed, name_of, out_by
from goodoffices.core.statement import read_signed
from goodoffices.desk.context import Context
from goodoffices.desk.ledger.left import LeftRow
from goodoffices.desk.vault.keys import open_text


class Departed:
    """What came too late for who signed it. Everything inside the caller's transaction."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ledger = context.ledger
        self._entry: CarriedEntry | None = None
        self._found: list[LeftRow] = []

    @contextmanager
    def carrying(self, carried: CarriedEntry, now: int) -> Iterator[None]:
        """While an entry is taken. What its later items do not stand by is a finding once all are taken."""
        self._entry, self._found = carried, []
        try:
            yield
            self._name(now)
        finally:
            self._entry, self._found = None, []

    def told(self, office: Office, known: int) -> None:
        """Rosters after version ``known`` have come, by the entry that is being taken, or by none."""
        if self._entry is not None:
            for roster in office.rosters[known:]:
                self.ledger.set_fact(_came(office.id, roster.version), self._entry.signed.id)

    def act(self, agreement: Agreement, what: bytes, act: Act, signers: tuple[bytes, ...], now: int) -> None:
        """An act of another office came by the entry that is being taken."""
        entry = self._entry.signed.id if self._entry is not None else None
        about = act.subject if act.type != ActType.ALTERED else None
        self._signed(agreement, what, act, signers, about, (entry,), now)

    def note(
        self, agreement: Agreement, what: bytes, note: Note, signers: tuple[bytes, ...], now: int
    ) -> None:
        """A note was verified, now or long after it came."""
        if note.author != self.context.me:
            entries = [entry for _, _, entry, _ in self.ledger.copies(what)]
            self._signed(agreement, what, note, signers, None, entries, now)

    def mandate(self, agreement: Agreement, before: Sequence[bytes], now: int) -> None:
        """Signatures under a mandate came, beside those of ``before``."""
        entry = self._entry.signed.id if self._entry is not None else None
        for office_id, pin, keeps in keepers_signed(agreement):
            office, new = agreement.offices[office_id], [each for each in keeps if each not in before]
            if not new or entry is None or self._is_near(agreement, office_id):
                continue
            since = self._known_before(office, pin, (entry,))
            if since is None or any(since.rights(each) & Right.KEYS for each in keeps):
                self.ledger.stand_by(agreement.id, office_id)
            elif not self.ledger.any_link(agreement.id, office_id):
                who = ", ".join(name_of(office, each) for each in keeps)
                self._keep(
                    LeftRow(agreement.id, office_id, agreement.id, None, None, pin, since.version, who), now
                )

    def _signed(
        self,
        agreement: Agreement,
        what: bytes,
        made: Act | Note,
        signers: tuple[bytes, ...],
        about: bytes | None,
        entries: Sequence[bytes | None],
        now: int,
    ) -> None:
        office = agreement.offices[made.author]
        out: tuple[bytes, ...] = ()
        if made.roster < office.roster.version and not self._is_near(agreement, made.author):
            then, since = office.roster_at(made.roster), self._known_before(office, made.roster, entries)
            out = out_by(since, then, made, signers) if then is not None and since is not None else ()
            if out and since is not None and not self._is_stood_by(what, made):
                who = ", ".join(name_of(office, each) for each in out)
                row = what, made.author, made.mandate, made.previous, about, made.roster, since.version, who
                self._keep(LeftRow(*row), now)
                return
        self._stands_by(made, about)

    def _is_near(self, agreement: Agreement, office: bytes) -> bool:
        me = self.context.me
        return office == me or agreement.mandate.next_hop(me, office) == office

    def _known_before(self, office: Office, stated: int, entries: Sequence[bytes | None]) -> Roster | None:
        """The newest roster after the stated one that was known when something first came; None if none was."""
        for roster in reversed(office.rosters[stated:]):
            told = self.ledger.fact(_came(office.id, roster.version))
            if told is None or all(self._is_before(told, entry) for entry in entries):
                return roster
        return None

    def _is_before(self, told: bytes, entry: bytes | None) -> bool:
        """Whether an entry stands before another: by their numbers where one desk wrote both, else as they came."""
        first, then = self.ledger.entry(told), self.ledger.entry(entry) if entry is not None else None
        if first is None or then is None:
            return True
        one, other = first.entry, then.entry
        if (one.line, one.writer, one.incarnation) == (other.line, other.writer, other.incarnation):
            return one.number < other.number
        return self.ledger.position(told) < self.ledger.position(entry)

    def _is_stood_by(self, what: bytes, made: Act | Note) -> bool:
        """Whether something that is here already, of the same office, names it."""
        named = [
            row.id
            for row in self.ledger.acts_about(what)
            if row.author == made.author and row.type != ActType.ALTERED
        ]
        after = self.ledger.links_at(made.mandate, made.lane, made.author, made.sequence + 1)
        named += [each for each in after if self._before(each) == what]
        return any(self.ledger.left(each, made.author) is None for each in named)

    def _before(self, link: bytes) -> bytes | None:
        """What an act or note names as the one before it; None where that cannot be read now."""
        act = self.ledger.act(link)
        if act is not None:
            return read_signed(act.signed).statement.read(Act).previous
        note, key = self.ledger.note(link), self.context.reading_key
        if note is None or note.words_sealed is None or key is None:
            return None
        return read_inside(open_text(key, note.words_sealed, note.id)).note.previous

    def _stands_by(self, made: Act | Note, about: bytes | None) -> None:
        """Its office stands by what it names, and so by what that names."""
        if not self.ledger.any_left():
            return
        self.ledger.stand_by(made.mandate, made.author)
        todo = [made.previous, about]
        while todo:
            what = todo.pop()
            row = self.ledger.stand_by(what, made.author) if what is not None else None
            if row is not None:
                todo += [row.previous, row.subject]

    def _keep(self, row: LeftRow, now: int) -> None:
        self.ledger.add_left(row)
        self._found.append(row)
        if self._entry is None:
            self._name(now)

    def _name(self, now: int) -> None:
        found, self._found = self._found, []
        for row in found:
            if self.ledger.left(row.id, row.author) is None:
                continue
            office = self.ledger.office(row.author)
            author = office.name if office is not None else row.author.hex()[:8]
            self.ledger.find(
                now,
                "the other office's",
                f"Something in {author}'s name is signed by {row.who}, by roster {row.stated}; when it came, roster"
                f" {row.known} was here, by which {row.who} may not sign it, or not alone.",
                "It may have been signed before and been under way, or somebody uses a key that was taken out. Ask"
                " that office by another way.",
                entry=row.id,
            )


def _came(office: bytes, version: int) -> str:
    """The fact that says by which entry a roster came."""
    return f"roster came {office.hex()} {version}"
