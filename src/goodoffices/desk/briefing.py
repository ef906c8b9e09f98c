# SPDX-License-Identifier: Apache-2.0
"""Making a briefing: chosen parts of this office's record for a named third party (ADR 0020).

An officer who may release chooses notes, and within each note fields and paragraphs, and acts. Each must
stand in an entry under a checkpoint; that entry is shown whole, so what else it carries is shown as well,
and is refused unless the officer says so. The briefing is an act of the office, kept at home.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from goodoffices.core import crypto, merkle
from goodoffices.core.act import HOME_LANE, Act, ActType
from goodoffices.core.briefing import (
    FILE,
    MAX_EXTRACTS,
    Briefing,
    Parts,
    Sharing,
    ShownEntry,
    ShownNote,
    show,
    why_not,
    why_not_marked,
    write_briefing,
)
from goodoffices.core.errors import (
    MachineError,
    NotAllowed,
    NotFound,
    NotNow,
    OtherOfficeError,
    VaultDamaged,
    YourError,
)
from goodoffices.core.extract import read_extract
from goodoffices.core.line import CarriedEntry, EntryKind, Item
from goodoffices.core.note import Leaf, read_inside
from goodoffices.core.office import Right
from goodoffices.core.readable.briefing import TEXT, briefing_lines
from goodoffices.core.record.briefing import Examined, examine
from goodoffices.core.record.manifest import read_entry, write_entry
from goodoffices.core.sealed import read_sealed
from goodoffices.core.statement import Signed, read_signed, sign, state
from goodoffices.desk.consent import gathered
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.incidents.sharing import Extracts
from goodoffices.desk.ledger.checkpoints import CheckpointRow


@dataclass(frozen=True)
class Chosen:
    """What is to be shown. ``notes``: by ID, the places of leaves from 0 on, or None for all of them."""

    mandate: bytes
    recipient: str
    mark: Sharing
    notes: dict[bytes, tuple[int, ...] | None]
    acts: tuple[bytes, ...] = ()
    purpose: str | None = None
    consent: str | None = None
    """How offices on paper consented, who can sign nothing."""
    along: bool = False
    """Whether what stands in the same entries may be shown along."""
    reports: tuple[bytes, ...] = ()
    """Extracts of this office's own reports (``desk.incidents.sharing``)."""


def in_lanes(desk: Desk, chosen: Chosen) -> dict[bytes, tuple[bytes, ...]]:
    """The notes that were chosen, and those that chosen acts are about, by their lanes."""
    rows = [desk.ledger.act(each) for each in chosen.acts]
    wanted = chosen.notes.keys() | {
        row.subject for row in rows if row is not None and row.subject is not None
    }
    lanes: dict[bytes, tuple[bytes, ...]] = {}
    for note in map(desk.ledger.note, sorted(wanted)):
        if note is not None:
            lanes[note.lane] = (*lanes.get(note.lane, ()), note.id)
    return lanes


def make_briefing(desk: Desk, officer: Officer, chosen: Chosen, target: Path, now: int) -> bytes:
    """Write the briefing into the new folder ``target``; returns its ID. The act is kept first."""
    desk.acts.require(officer, Right.RELEASE)
    if target.exists() or target.is_symlink():
        raise YourError(f"{target} is there already.", "Name a folder that does not exist yet.")
    agreement = desk.ledger.agreement(chosen.mandate)
    against = why_not(agreement.mandate)
    if against is not None:
        raise NotAllowed(against, "Agree on another mandate.")
    parts = _Choosing(desk, chosen).parts()
    signed, raw, examined = _signed(desk, officer, chosen, parts, now)
    if not examined.asks_consent:  # nothing is said of it then, so that older verifiers read it
        parts = replace(parts, consents=None if parts.reports is None else ())
        signed, raw, examined = _signed(desk, officer, chosen, parts, now)
    if examined.lacking:
        raise NotAllowed(
            f"Not signed yet: the consent of {', '.join(examined.lacking)}.",
            "Ask the other offices for their consent to a briefing for this third party, and wait for it.",
        )
    if examined.findings:
        found = examined.findings[0]
        raise VaultDamaged(f"What is to be shown does not verify: {found.where}: {found.found}")
    with desk.context.transaction():
        desk.channels.do(
            agreement,
            ActType.BRIEFED,
            now,
            recipient=desk.me,
            lane=HOME_LANE,
            officer=officer,
            evidence=signed.id,
            words=f"{chosen.mark.label} {chosen.recipient}",
        )
        desk.ledger.audit(now, officer.name, f"made a briefing for {chosen.recipient}")
    _write(target, raw, "".join(briefing_lines(examined)).encode())
    return signed.id


def _signed(
    desk: Desk, officer: Officer, chosen: Chosen, parts: Parts, now: int
) -> tuple[Signed, bytes, Examined]:
    briefing = Briefing(
        office=desk.me,
        roster=desk.context.my_office().roster.version,
        time=desk.context.time(now),
        mandate=chosen.mandate,
        recipient=chosen.recipient,
        mark=int(chosen.mark),
        purpose=chosen.purpose,
        consent=chosen.consent,
        parts=crypto.sha256(parts.raw),
        consents=None if parts.consents is None else len(parts.consents),
        reports=None if parts.reports is None else len(parts.reports),
    )
    signed = sign(state(briefing, desk.context.keys.realm), officer.seed)
    raw = write_briefing(signed, parts)
    return signed, raw, examine(raw)


def _write(target: Path, raw: bytes, text: bytes) -> None:
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        unfinished.mkdir(mode=0o700, parents=True)
        (unfinished / FILE).write_bytes(raw)
        (unfinished / TEXT).write_bytes(text)
        unfinished.rename(target)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise MachineError(f"The briefing cannot be written: {error.strerror or error}.") from None


class _Choosing:
    """From what was chosen to what proves it."""

    def __init__(self, desk: Desk, chosen: Chosen) -> None:
        self.desk, self.ledger, self.chosen = desk, desk.ledger, chosen
        self.agreement = desk.ledger.agreement(chosen.mandate)
        self.checkpoints: list[CheckpointRow] = []
        self.lines: list[bytes] = []

    def parts(self) -> Parts:
        notes = tuple(self._note(each, leaves) for each, leaves in sorted(self.chosen.notes.items()))
        carried = dict(self._entries())
        missing = (self.chosen.notes.keys() | set(self.chosen.acts)) - {
            each for wanted, _ in carried.values() for each in wanted
        }
        if missing:
            raise NotFound("No entry of this office's lines carried a note or act that was chosen.")
        entries = tuple(self._entry(carried_entry) for _, (_, carried_entry) in sorted(carried.items()))
        offices = {each for line in self.lines for each in self._ends(line)} | set(self.agreement.offices)
        credentials = [office.raw for office, _ in self.ledger.offices() if office.id in offices]
        return Parts(
            tuple(credentials),
            self.agreement.signed.raw,
            tuple(self.ledger.papers_of(self.chosen.mandate)),
            tuple(self._line(each) for each in self.lines),
            tuple(row.checkpoint.raw for row in self.checkpoints),
            entries,
            notes,
            self._consents(entries),
            self._reports() or None,
        )

    def _reports(self) -> tuple[bytes, ...]:
        """The chosen extracts, as long as their reports stand and their marks allow it."""
        chosen = tuple(dict.fromkeys(self.chosen.reports))
        if len(chosen) > MAX_EXTRACTS:
            raise YourError(f"At most {MAX_EXTRACTS} reports go into one briefing.", "Choose fewer.")
        kept = [Extracts(self.desk.context).leaving(each) for each in chosen]
        for each in kept:
            self._require_mark(each.shown.extract.mark)
        return tuple(each.raw for each in kept)

    def _require_mark(self, report: int) -> None:
        against = why_not_marked(report, int(self.chosen.mark))
        if against is not None:
            raise NotAllowed(against, "Mark the briefing for fewer readers, or leave the report out.")

    def _consents(self, entries: tuple[ShownEntry, ...]) -> tuple[bytes, ...]:
        """Acts by which the other offices consented to all that these entries carry."""
        chosen, concerned = self.chosen, set[bytes]()
        for each in entries:
            signed, salt, body = read_entry(each.raw)
            for item in CarriedEntry(signed, salt or b"", body or b"").items:
                if item[0] in (Item.NOTE, Item.RESEALED):
                    concerned.add(read_sealed(item[1]).header.note)
                elif item[0] == Item.ACT:
                    concerned |= {read_signed(item[1]).statement.read(Act).subject or b""}
        about = chosen.recipient, int(chosen.mark), chosen.purpose
        return gathered(self.desk, chosen.mandate, *about, concerned)

    def _note(self, note_id: bytes, leaves: tuple[int, ...] | None) -> ShownNote:
        row = self.ledger.note(note_id)
        if row is None or row.mandate != self.chosen.mandate:
            raise NotFound("A note that was chosen is not in this channel.")
        inside = self.desk.channels.words_inside(row)
        if inside is None:
            raise NotAllowed("This office cannot read a note that was chosen.", "Choose its acts alone.")
        opened = read_inside(inside)
        wanted = range(len(opened.leaves)) if leaves is None else leaves
        # That a note is confidential is shown with any part of it: it decides whose consent this takes.
        told = {at for at, (label, _) in enumerate(opened.leaves) if label == Leaf.CONFIDENTIAL}
        if any(not 0 <= each < len(opened.leaves) for each in wanted):
            raise NotFound(f"Note {row.number} has {len(opened.leaves)} parts.")
        for label, value in (opened.leaves[each] for each in wanted):
            if label == Leaf.REPORT:
                self._require_mark(read_extract(value).extract.mark)
        return show(opened, sorted(told | set(wanted)))

    def _entries(self) -> Iterator[tuple[tuple[int, bytes], tuple[set[bytes], CarriedEntry]]]:
        """The first entry that carried each thing chosen, by its position, with what it carries of it."""
        left = self.chosen.notes.keys() | set(self.chosen.acts)
        rows = self.ledger.db.execute(
            "SELECT position, id, signed, salt, body FROM entry WHERE kind=? ORDER BY position",
            (int(EntryKind.ACTS),),
        )
        for position, entry_id, signed, salt, body in iter(rows.fetchone, None):
            carried = CarriedEntry(read_signed(bytes(signed)), bytes(salt), bytes(body))
            inside = _carried_by(carried)
            wanted = left & inside
            if not wanted or not self._covered(carried):
                continue
            others = inside - self.chosen.notes.keys() - set(self.chosen.acts)
            if others and not self.chosen.along:
                raise NotAllowed(
                    f"An entry that carries what was chosen carries {len(others)} other notes or acts as well.",
                    "An entry is shown whole: choose them too, or say that they may be shown along.",
                )
            left -= wanted
            yield (position, bytes(entry_id)), (wanted, carried)
        if left:
            raise NotNow(
                "No checkpoint stands over a note or act that was chosen.",
                "Wait for the next checkpoint of its chain, or ask for one.",
            )

    def _covered(self, carried: CarriedEntry) -> bool:
        return self._checkpoint(carried) is not None

    def _checkpoint(self, carried: CarriedEntry) -> CheckpointRow | None:
        """The earliest checkpoint over an entry; one that the other office cosigned before any other."""
        entry = carried.entry
        rows = [
            row
            for row in self.ledger.checkpoints(entry.line)
            if row.holds
            and (row.checkpoint.tree.writer, row.checkpoint.tree.incarnation)
            == (entry.writer, entry.incarnation)
            and row.checkpoint.size >= entry.number
        ]
        return min(rows, key=lambda row: (row.cosigned is None, row.checkpoint.size), default=None)

    def _entry(self, carried: CarriedEntry) -> ShownEntry:
        entry, row = carried.entry, self._checkpoint(carried)
        assert row is not None
        if row not in self.checkpoints:
            self.checkpoints.append(row)
        if entry.line not in self.lines:
            self.lines.append(entry.line)
        ids = self.ledger.entry_ids(row.checkpoint.tree, 0, row.checkpoint.size)
        if ids is None:
            raise VaultDamaged("The vault lacks entries over which a checkpoint stands.")
        path = merkle.inclusion([merkle.plain_leaf(each) for each in ids], entry.number - 1)
        raw = write_entry(carried.signed.raw, carried.salt, carried.body)
        return ShownEntry(self.lines.index(entry.line), raw, self.checkpoints.index(row), tuple(path))

    def _ends(self, line: bytes) -> tuple[bytes, bytes]:
        return self.desk.me, self.ledger.line(line).peer

    def _line(self, line: bytes) -> tuple[bytes, tuple[bytes, ...]]:
        row = self.ledger.line(line)
        confirmed = (row.my_confirmation, row.their_confirmation)
        return row.pairing.raw, tuple(each for each in confirmed if each is not None)


def _carried_by(carried: CarriedEntry) -> set[bytes]:
    """IDs of the notes and acts in an entry."""
    found = set()
    try:
        for item in carried.items:
            if item[0] in (Item.NOTE, Item.RESEALED):
                found.add(read_sealed(item[1]).header.note)
            elif item[0] == Item.ACT:
                signed = read_signed(item[1])
                signed.statement.read(Act)
                found.add(signed.id)
    except OtherOfficeError:
        return set()  # what another office sent and was refused proves nothing
    return found
