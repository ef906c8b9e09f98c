# SPDX-License-Identifier: Apache-2.0
"""The offline verifier: does this folder prove what it says? (P8; docs/export.md)

It reads an export with public keys alone: no network, no database, no clock. Every signed object goes
through ``core.record``, every readable text is made again by ``core.readable`` and compared. Time and
memory are linear: each file is read once, at most 3 MB of it at a time, and some two kilobytes are kept for
each act and note, a tenth of one for each entry in a pack.

What it cannot see: an end of the record that the exporting office left out and that the other side had
neither receipted nor seen; two offices that agreed to lie; entries that a future quantum computer forged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from goodoffices.core.act import ActType
from goodoffices.core.errors import GoodOfficesError, YourError
from goodoffices.core.office import Office
from goodoffices.core.readable.beside import beside_acts, beside_text
from goodoffices.core.readable.notes import note_text
from goodoffices.core.readable.texts import texts
from goodoffices.core.record.account import Account, KeptLine, KeptNote
from goodoffices.core.record.checkpoints import JudgeStamp, Witnesses
from goodoffices.core.record.examiner import Examiner
from goodoffices.core.record.findings import Cause, Finding, Flaw, cause_of
from goodoffices.core.record.layout import beside, office, paper, sealed
from goodoffices.core.record.manifest import LIST, MANIFEST, MAX_PACK, PACKED, RECORD, Manifest
from goodoffices.core.record.pack import ENDING
from goodoffices.core.statement import Signed, read_signed
from goodoffices.verify.ahead import Ahead, cores, looking_ahead, text_of
from goodoffices.verify.folder import Folder, looks_like_export

NO_NAME = "no name"
"""Of an office that a trust file names by its fingerprint alone."""


class NotAnExport(YourError):
    """There is no export at that place, nor any trace of one."""

    default_step = "Name the folder that 'goodoffices record export' wrote."


@dataclass(frozen=True)
class Verdict:
    """What the verifier found. ``account`` is None if not even the manifest could be read."""

    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]
    account: Account | None
    trust: Mapping[bytes, str] | None

    @property
    def verified(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify(
    root: Path,
    trust: Mapping[bytes, str] | None = None,
    *,
    witnesses: Witnesses = (),
    authorities: JudgeStamp | None = None,
    jobs: int | None = None,
) -> Verdict:
    """Verify the export in ``root``; raises NotAnExport if there is none.

    ``trust``: names by fingerprint. ``witnesses``: names and keys of outside witnesses who are trusted.
    ``authorities``: judges time stamps by certificates that are trusted. ``jobs``: on how many cores; by
    default all that there are.
    """
    if root.is_file():
        raise NotAnExport(
            f"{root} is not an export but a file.",
            "If it is an archive, unpack it first, with a tool that you trust, and name the folder.",
        )
    if not root.exists():
        raise NotAnExport(f"{root} is not there.", "Check the path: name the folder of an export.")
    if not looks_like_export(root):
        raise NotAnExport(f"{root} is not an export.")
    findings: list[Finding] = []
    folder = Folder(root, lambda *words: findings.append(Finding(*words)))
    reading = _begin(folder, findings)
    if reading is None:
        folder.take_list(None)
        folder.hashes()
        return Verdict(_in_order(findings), (_UNSIGNED,), None, trust)
    reading.account.changed = folder.changed
    reading.account.witnesses, reading.account.authorities = witnesses, authorities
    reading.run(root, trust, jobs if jobs is not None else cores())
    remarks = *reading.examiner.remarks, *other_names(reading.account.offices.values(), trust)
    return Verdict(_in_order(findings), remarks, reading.account, trust)


_UNSIGNED = (
    f"Without a manifest nothing says whose record this is. The files were only held against {LIST}, which"
    " nobody has signed then; no signature, chain or text was checked."
)
_UNSUPPORTED = (
    f"note.cbor does not hold or is not there, so text.txt, note.txt and {RECORD}, which are made from it, were"
    f" held against {LIST} alone."
)


def other_names(offices: Iterable[Office], trust: Mapping[bytes, str] | None) -> Iterator[str]:
    """A remark on each trusted office that whoever trusts it knows by another name: the fingerprint is what counts."""
    for each in offices:
        name = (trust or {}).get(each.id, NO_NAME)
        if name not in (NO_NAME, each.name):
            yield (
                f"trusted as '{name}' is an office that calls itself '{each.name}': its fingerprint is the trusted"
                " one; see that the trust file names the office that you mean."
            )


def _begin(folder: Folder, findings: list[Finding]) -> _Reading | None:
    raw = folder.first(MANIFEST)
    if raw is None:
        return None
    try:
        signed = read_signed(raw)
        manifest = signed.statement.read(Manifest)
    except GoodOfficesError as error:
        expected = "the manifest of an export, signed by its desk"
        findings.append(Finding(MANIFEST, Flaw.MANIFEST, expected, error.what, cause_of(error)))
        return None
    return _Reading(folder, signed, Examiner(manifest, signed.statement.realm, findings))


def _in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    # A damaged manifest makes the list seem wrong, and a damaged list the files: the cause stands first.
    first = {MANIFEST: 0, LIST: 1}
    return tuple(sorted(findings, key=lambda each: first.get(each.where, 2)))


class _Reading:
    """One pass over a folder, in the order that ``core.record`` asks for."""

    def __init__(self, folder: Folder, signed: Signed, examiner: Examiner) -> None:
        self.folder, self.signed, self.examiner = folder, signed, examiner
        self.account = examiner.account
        self.look: Ahead

    def run(self, root: Path, trust: Mapping[bytes, str] | None, jobs: int) -> None:
        """The whole pass, on as many cores."""
        self.folder.take_list(self.account.manifest.list_hash)
        with looking_ahead(root, len(self.folder.under("lines/")), jobs) as self.look:
            self._run(trust)

    def _run(self, trust: Mapping[bytes, str] | None) -> None:
        self._count()
        self._newer()
        self._offices(trust)
        self.examiner.manifest(MANIFEST, self.signed)
        self._mandates()
        for line in self.folder.folders("lines"):
            self._line(line)
        for channel in self.folder.folders("channels"):
            for path in self.folder.under(f"{channel}/own-acts/"):
                self._place(path, self.examiner.own_act(self.folder.read(path) or b"", path))
        for note in self.account.notes.values():
            self._note(note)
        self.examiner.finish()
        whole = not any(note.spoiled for note in self.account.notes.values())
        for path, lines in texts(self.account):
            self._same(path, lines, known=whole or path != RECORD)
        self.folder.leftovers()

    def _place(self, where: str, belongs: str | None) -> None:
        if belongs is not None and belongs != where:
            self.examiner.find(
                where, Flaw.PLACE, f"this to lie at {belongs}, as its content says", "it lies elsewhere"
            )

    def _count(self) -> None:
        expected, found = self.account.manifest.files, len(self.folder.under(""))
        if expected != found:
            self.examiner.find(MANIFEST, Flaw.COUNT, f"{expected} files in the list", f"{found}")

    def _newer(self) -> None:
        """Types of act that the texts name and this version does not know: it says so, and verifies the rest."""
        unknown = sorted(set(self.account.manifest.acts or ()) - {int(each) for each in ActType})
        if unknown:
            self.folder.texts_known = False
            types = ", ".join(map(str, unknown))
            self.examiner.find(
                MANIFEST,
                Flaw.MANIFEST,
                "a record whose types of act this version knows",
                f"types {types}, of a newer version: everything was verified but how the texts read",
                Cause.NEWER,
            )

    def _offices(self, trust: Mapping[bytes, str] | None) -> None:
        for path in self.folder.folders("offices"):
            where = f"{path}/credential.cbor"
            self._place(where, self.examiner.office(self.folder.read(where) or b"", where))
        for known in self.account.offices.values():
            if trust is not None and known.id not in trust:
                where = f"{office(known.name, known.id)}/credential.cbor"
                found = f"{known.id.hex()}, which calls itself '{known.name}'"
                self.examiner.find(
                    where, Flaw.UNTRUSTED, "an office whose fingerprint is in the trust file", found
                )
        if self.account.manifest.office not in self.account.offices:
            self.examiner.find(
                MANIFEST,
                Flaw.NO_CREDENTIAL,
                "the credential of the exporting office",
                "it is not in the export",
            )

    def _mandates(self) -> None:
        papers: list[str] = []
        for channel in self.folder.folders("channels"):
            where, beside = f"{channel}/mandate.cbor", self.folder.under(f"{channel}/paper-")
            papers += beside
            raw, attested = self.folder.read(where) or b"", [self.folder.read(path) or b"" for path in beside]
            self._place(where, self.examiner.mandate(raw, attested, where))
        agreements = self.account.agreements.values()
        named = {paper(folder, each) for folder, agreement in agreements for each in agreement.papers}
        for path in papers:
            if path not in named:
                self.examiner.find(
                    path, Flaw.PAPER, "an attestation that the channel's mandate names", "another one"
                )

    def _line(self, folder: str) -> None:
        where = f"{folder}/pairing.cbor"
        line = self.examiner.line(self.folder.read(where) or b"", where)
        if line is None:
            return
        self._place(folder, line.folder)
        for path in self.folder.under(f"{folder}/confirmed-by-"):
            self._place(path, self.examiner.confirmation(line, self.folder.read(path) or b"", path))
        if self.account.manifest.layout == PACKED:
            self._packs(line, "entries", self.folder.under(f"{folder}/entries/"))
            self._packs(line, "receipts", self.folder.under(f"{folder}/receipts/"))
        else:
            for path, raw, vouched in self.look.files(self.folder.under(f"{folder}/entries/")):
                raw = self.folder.read(path, raw) or b""
                self._place(path, self.examiner.entry(line, raw, path, vouched=vouched))
            for path, raw, vouched in self.look.files(self.folder.under(f"{folder}/receipts/")):
                raw = self.folder.read(path, raw) or b""
                self._place(path, self.examiner.receipt(line, raw, path, vouched=vouched))
        for path in self.folder.under(f"{folder}/checkpoints/"):
            if path.endswith(".cbor"):
                self._checkpoint(line, path)

    def _packs(self, line: KeptLine, kind: str, paths: list[str]) -> None:
        ends, after = self.examiner.packed(line), None
        for seen in self.look.packs(kind, [path for path in paths if path.endswith(ENDING)], ends):
            path, looked, text = seen.path, seen.looked, seen.text
            if seen.digest is None:
                self.folder.read(path, limit=MAX_PACK)
            else:
                self.folder.took(path, seen.digest)
            self._place(path, looked.name)
            after = self.examiner.pack(line, kind, looked, path, after)
            if text is not None:
                self.folder.compare(text_of(path), [text])
            elif not self.folder.took(text_of(path), seen.text_digest):
                self.folder.compare(text_of(path), ())

    def _checkpoint(self, line: KeptLine, path: str) -> None:
        found = self.examiner.checkpoint(line, self.folder.read(path) or b"", path)
        if found is not None:
            belongs, note = found
            self._place(path, f"{belongs}.cbor")
            self._same(f"{belongs}.txt", [note])

    def _note(self, note: KeptNote) -> None:
        for digest in sorted({each.digest for each in note.passed}):
            where = sealed(note.folder, digest)
            if self.folder.digest(where) != digest:
                found = "another" if self.folder.digest(where) else "it is not in the list"
                self.examiner.find(
                    where, Flaw.SEALED_FORM, f"the sealed form {digest.hex()} of an entry", found
                )
            self.folder.read(where)
        where = f"{note.folder}/note.cbor"
        inside = self.folder.read(where)
        opened = self.examiner.note(note, inside, where) if inside is not None else None
        note.spoiled = opened is None and self.folder.digest(where) is not None
        if opened is not None or note.spoiled:
            self._same(
                f"{note.folder}/text.txt", [opened.words.text] if opened else (), known=not note.spoiled
            )
        if note.spoiled:
            self.examiner.remarks.append(f"{note.folder}: {_UNSUPPORTED}")
        elif opened is None and self.account.manifest.texts:
            self.examiner.remarks.append(f"{note.folder}: the words of this note are not included.")
        self._same(f"{note.folder}/note.txt", [note_text(self.account, note, opened)], known=not note.spoiled)
        for kept in beside_acts(self.account, note):
            place = beside(note.folder, kept.id)
            inside = self.folder.read(f"{place}.cbor")
            words = self.examiner.beside(kept, inside, f"{place}.cbor") if inside is not None else None
            if words is not None:
                self._same(f"{place}.txt", [beside_text(self.account, note, kept, words)])
            elif self.folder.digest(f"{place}.cbor") is not None:
                self._same(f"{place}.txt", (), known=False)

    def _same(self, path: str, parts: Iterable[str], *, known: bool = True) -> None:
        self.folder.compare(path, (part.encode() for part in parts), known=known)
