# SPDX-License-Identifier: Apache-2.0
"""Making an export: the whole record of this desk's lines as a folder that a person can read.

Everything goes through the same ``core.record`` that the verifier uses, so what is written lies where it
belongs and the texts beside the signed bytes follow from them. Nothing secret is written: no keys, no
mailbox rights (the offers of a pairing hold some, so only their hashes are given), no bodies of service
chat. Notes' words only if an officer is signed in.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from goodoffices.core import crypto
from goodoffices.core.act import Act, ActType
from goodoffices.core.errors import MachineError, OtherOfficeError, VaultDamaged, YourError
from goodoffices.core.line import Entry, EntryKind, Item, Place, Receipt, read_items
from goodoffices.core.readable.beside import beside_acts, beside_text
from goodoffices.core.readable.notes import note_text
from goodoffices.core.readable.texts import texts
from goodoffices.core.record import layout
from goodoffices.core.record.account import KeptLine, KeptNote
from goodoffices.core.record.examiner import Examiner
from goodoffices.core.record.findings import Finding
from goodoffices.core.record.manifest import (
    ALWAYS_NAMED,
    LIST,
    MANIFEST,
    PACKED,
    Manifest,
    list_files,
    write_entry,
)
from goodoffices.core.record.pack import ENDING, MANY, look, packed
from goodoffices.core.sealed import read_sealed
from goodoffices.core.statement import read_signed, sign, state
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import LineRow

PACKS_FROM = MANY
"""Entries on a line from which a record is no longer a file for each."""


def export(desk: Desk, target: Path, now: int, *, packs_from: int | None = None) -> tuple[Finding, ...]:
    """Write the record into the new folder ``target``; returns what does not hold in it.

    A record with findings is exported like any other: they are what a stranger should see. With a line of
    ``packs_from`` entries or more (``PACKS_FROM``), entries and receipts lie in packs (ADR 0040).
    """
    if target.exists() or target.is_symlink():
        raise YourError(f"{target} is there already.", "Name a folder that does not exist yet.")
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        unfinished.mkdir(mode=0o700, parents=True)
        findings = _Export(desk, unfinished, now, PACKS_FROM if packs_from is None else packs_from).run()
        unfinished.rename(target)
    except FileExistsError:
        raise YourError(f"{unfinished} is left from an export that broke off.", "Remove it first.") from None
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise MachineError(f"The export cannot be written: {error.strerror or error}.") from None
    return findings


class _Export:
    """One export being written."""

    def __init__(self, desk: Desk, folder: Path, now: int, packs_from: int) -> None:
        self.desk, self.ledger, self.folder = desk, desk.ledger, folder
        self.manifest = Manifest(
            office=desk.me,
            roster=desk.context.my_office().roster.version,
            time=desk.context.time(now),
            list_hash=bytes(32),
            files=0,
            texts=not desk.context.locked,
            chains=tuple(chains := list(self._chains())),
            layout=PACKED if max(_lengths(chains), default=0) >= packs_from else None,
        )
        self.examiner = Examiner(self.manifest, desk.context.keys.realm)
        self.account = self.examiner.account
        self.files: dict[str, bytes] = {}

    def _chains(self) -> Iterator[tuple[bytes, bytes, int, tuple[bytes, int, bytes]]]:
        for line in self.ledger.lines():
            for writer in (self.desk.me, line.peer):
                head = self.ledger.head(line.id, writer)
                count = self.ledger.db.execute(
                    "SELECT count(*) FROM entry WHERE line=? AND writer=?", (line.id, writer)
                ).fetchone()[0]
                if head is not None:
                    yield line.id, writer, count, head

    def run(self) -> tuple[Finding, ...]:
        for office, _ in self.ledger.offices():
            self._put(self.examiner.office(office.raw), office.raw)
        for mandate in self.ledger.mandates():
            self._mandate(mandate)
        rows = [(self._new_line(row), row) for row in self.ledger.lines()]
        for line, row in sorted(rows, key=lambda each: each[0].folder):
            self._line(line, row)
        self._own_acts()
        for note in self.account.notes.values():
            self._note(note)
        self.examiner.finish()
        known = {int(each) for each in ActType if each > ALWAYS_NAMED}
        named = sorted(known & {kept.act.type for kept in self.account.acts.values()})
        self.manifest = self.account.manifest = replace(self.manifest, acts=tuple(named) or None)
        for path, lines in texts(self.account):
            self._put(path, "".join(lines).encode())
        self._sign()
        return tuple(self.examiner.findings)

    def _put(self, path: str | None, raw: bytes) -> None:
        if path is None:
            finding = self.examiner.findings[-1]
            raise VaultDamaged(f"The vault holds something that does not verify: {finding.found}")
        self.files[path] = crypto.sha256(raw)
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.write_bytes(raw)

    def _mandate(self, mandate: bytes) -> None:
        papers = self.ledger.papers_of(mandate)
        raw = self.ledger.agreement(mandate).signed.raw
        self._put(self.examiner.mandate(raw, papers), raw)
        folder, agreement = self.account.agreements[mandate]
        for paper in papers:
            if (paper_id := read_signed(paper).id) in agreement.papers:
                self._put(layout.paper(folder, paper_id), paper)

    def _new_line(self, row: LineRow) -> KeptLine:
        line = self.examiner.line(row.pairing.raw)
        self._put(f"{line.folder}/pairing.cbor" if line else None, row.pairing.raw)
        assert line is not None
        return line

    def _line(self, line: KeptLine, row: LineRow) -> None:
        for confirmation in (row.my_confirmation, row.their_confirmation):
            if confirmation is not None:
                self._put(self.examiner.confirmation(line, confirmation), confirmation)
        entries = self._entries(line)
        if self.manifest.layout == PACKED:
            self._packs(line, "entries", (self._entry(entry_id) for entry_id in entries))
            self._packs(line, "receipts", self._receipts(line, entries))
        else:
            for raw in map(self._entry, entries):
                self._put(self.examiner.entry(line, raw), raw)
            for raw in self._receipts(line, entries):
                self._put(self.examiner.receipt(line, raw), raw)
        for entry_id in entries:
            kind, body = self.ledger.db.execute(
                "SELECT kind, body FROM entry WHERE id=?", (entry_id,)
            ).fetchone()
            if kind == EntryKind.ACTS:
                self._sealed_in(body)
        for kept in self.ledger.checkpoints(line.id):
            self._checkpoint(line, kept.checkpoint.raw)

    def _entry(self, entry_id: bytes) -> bytes:
        kind, signed, salt, body = self.ledger.db.execute(
            "SELECT kind, signed, salt, body FROM entry WHERE id=?", (entry_id,)
        ).fetchone()
        hidden = kind == EntryKind.SERVICE_CHAT or not salt  # chat is nobody else's business, or erased
        return write_entry(signed, None, None) if hidden else write_entry(signed, salt, body)

    def _receipts(self, line: KeptLine, entries: list[bytes]) -> list[bytes]:
        """The signed receipts of a line, in the order of their files."""
        rows = {}
        for raw in {each for entry_id in entries for each in self.ledger.receipts_of(entry_id)}:
            signed = read_signed(raw)
            receipt = signed.statement.read(Receipt)
            reader = self.account.name(receipt.reader)
            rows[layout.receipt(line.folder, receipt.time[0], reader, signed.id), raw] = raw
        return [raw for _, raw in sorted(rows.items())]

    def _packs(self, line: KeptLine, kind: str, objects: Iterable[bytes]) -> None:
        after = None
        for raw in packed(objects, MANY):
            looked = look(kind, raw, self.examiner.packed(line), ahead=False)
            if looked.name is None or looked.refused:
                raise VaultDamaged("The vault holds something that does not verify.")
            self._put(looked.name, raw)
            after = self.examiner.pack(line, kind, looked, looked.name, after)
            self._put(f"{looked.name.removesuffix(ENDING)}.txt", "".join(looked.text).encode())

    def _checkpoint(self, line: KeptLine, raw: bytes) -> None:
        found = self.examiner.checkpoint(line, raw)
        self._put(f"{found[0]}.cbor" if found else None, raw)
        if found is not None:
            self._put(f"{found[0]}.txt", found[1].encode())

    def _entries(self, line: KeptLine) -> list[bytes]:
        """Entry IDs in the order of their files, which is the order in which the verifier reads them."""
        rows = self.ledger.db.execute("SELECT id, signed FROM entry WHERE line=?", (line.id,))
        places = []
        for entry_id, signed in iter(rows.fetchone, None):
            entry = read_signed(bytes(signed)).statement.read(Entry)
            writer = layout.slug(self.account.name(entry.writer))
            places.append((entry.time[0], writer, entry.number, bytes(entry_id)))
        return [entry_id for _, _, _, entry_id in sorted(places)]

    def _sealed_in(self, body: bytes) -> None:
        try:
            sealed = [
                read_sealed(item[1]) for item in read_items(body) if item[0] in (Item.NOTE, Item.RESEALED)
            ]
        except OtherOfficeError:
            return  # what another office sent and was refused stands in its entry, with the finding
        for each in sealed:
            note, digest = self.account.notes.get(each.header.note), crypto.sha256(each.raw)
            if note is not None and any(digest == passed.digest for passed in note.passed):
                self._put(layout.sealed(note.folder, digest), each.raw)

    def _own_acts(self) -> None:
        rows = self.ledger.db.execute("SELECT id, signed FROM act WHERE author=?", (self.desk.me,))
        paths = {}
        for act_id, signed in iter(rows.fetchone, None):
            if bytes(act_id) not in self.account.acts:
                act = read_signed(bytes(signed)).statement.read(Act)
                folder, _ = self.account.agreements[act.mandate]
                paths[layout.own_act(folder, act.time[0], act.sequence, act_id)] = bytes(signed)
        for path, raw in sorted(paths.items()):
            self.examiner.own_act(raw, path)
            self._put(path, raw)

    def _note(self, note: KeptNote) -> None:
        row = self.ledger.note(note.id)
        inside = self.desk.channels.words_inside(row) if row is not None else None
        opened = self.examiner.note(note, inside) if inside is not None else None
        if opened is not None and inside is not None:
            self._put(f"{note.folder}/note.cbor", inside)
            self._put(f"{note.folder}/text.txt", opened.words.text.encode())
        self._put(f"{note.folder}/note.txt", note_text(self.account, note, opened).encode())
        rows = {row.id: row for row in self.desk.channels.beside.of_note(note.id)}
        for kept in beside_acts(self.account, note):
            words = self.desk.channels.beside.inside(rows[kept.id]) if kept.id in rows else None
            found = self.examiner.beside(kept, words) if words is not None else None
            if words is not None and found is not None:
                place = layout.beside(note.folder, kept.id)
                self._put(f"{place}.cbor", words)
                self._put(f"{place}.txt", beside_text(self.account, note, kept, found).encode())

    def _sign(self) -> None:
        listed = b"".join(list_files(self.files.items()))
        (self.folder / LIST).write_bytes(listed)
        manifest = replace(self.manifest, list_hash=crypto.sha256(listed), files=len(self.files))
        keys = self.desk.context.keys
        (self.folder / MANIFEST).write_bytes(sign(state(manifest, keys.realm), keys.desk_seed).raw)


def _lengths(chains: Iterable[tuple[bytes, bytes, int, Place]]) -> Iterable[int]:
    """How many entries each line has."""
    counts: Counter[bytes] = Counter()
    for line, _, count, _ in chains:
        counts[line] += count
    return counts.values()
