# SPDX-License-Identifier: Apache-2.0
"""The readable texts of an exported record, as a pure function of its signed objects.

The exporting desk writes them, the verifier writes them again and compares byte for byte: so a text
beside the signed bytes cannot say anything else than they do. What officers and offices wrote is set in
such a way that it cannot pass for a line of ours (``record.layout.plain``). English, times in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator

from goodoffices.core import digits
from goodoffices.core.mandate import Agreement, Disclosure, Forwarding, Mandate, Reading, RecordUse, Role
from goodoffices.core.office import Office, Right
from goodoffices.core.readable.agreed import wording_rows
from goodoffices.core.readable.beside import QUALITY
from goodoffices.core.readable.notes import act_name, record_lines, urgency
from goodoffices.core.record import checkpoints as record_checkpoints
from goodoffices.core.record import layout
from goodoffices.core.record.account import Account, KeptLine
from goodoffices.core.record.layout import plain, zulu
from goodoffices.core.record.manifest import LIST, MANIFEST, PACKED, README, RECORD
from goodoffices.core.statement import LIVE

_READING = {
    Reading.SEALED: "sealed: its author and its reader only; the intermediary sees the handling header",
    Reading.OPEN: "open: the intermediary too",
}
_FORWARDING = {
    Forwarding.BY_HAND: "by hand: an officer of the intermediary forwards",
    Forwarding.AUTOMATIC: "automatic: the intermediary's desk forwards by itself",
}
_DISCLOSURE = {
    Disclosure.ONLY_WITH_CONSENT: "what a party tells the intermediary alone goes on only with its consent",
    Disclosure.UNLESS_CONFIDENTIAL: "what a party tells the intermediary alone may go on unless confidential",
}
_USE = {
    RecordUse.NOT_OUTSIDE: "not outside the channel",
    RecordUse.WITH_CONSENT_OF_ALL: "outside the channel with the consent of all its offices",
    RecordUse.AS_EVIDENCE: "as evidence",
}


def readme_text(account: Account) -> str:
    """README.txt."""
    manifest = account.manifest
    name = plain(account.name(manifest.office))
    realm = "" if account.realm == LIVE else "\nTHIS IS A DRILL. Nothing in it was meant.\n"
    texts = (
        "An officer was signed in: the words of the notes that the office can read are included (text.txt)."
        if manifest.texts
        else "No officer was signed in: the words of the notes are NOT in this folder. They stay sealed."
    )
    packed = manifest.layout == PACKED
    lines = "each line: how it was paired, every entry of both chains, the receipts"
    if packed:
        lines = """each line: how it was paired; packs of its entries and of its receipts, some thousand in
                         each, with a text beside it: a line for each, by its number in the pack"""
    signed = ".cbor and .pack" if packed else ".cbor"
    numbers = " What is named as PATH#7 is the seventh in a pack." if packed else ""
    return f"""RECORD OF {name}
exported {zulu(manifest.time[0])} ({QUALITY[manifest.time[1]]})
{realm}
This folder is the whole record of the lines of one office: what it and the offices beside it signed, in
the order in which each of them signed it. It can be read without any program. {texts}

Read first
  {RECORD}             everything that happened, in the order of the signers' clocks, in UTC (Z)

Then
  offices/               each office: its credential and the keys and rights of its officers
  channels/              each channel: its mandate, and under notes/ each note:
    text.txt               the words, byte for byte as released
    note.txt               who, to whom, number, check digits, and who had it when
    note.cbor              the signed bytes of it
    sealed-….cbor          the sealed forms in which it travelled
  channels/…/own-acts/   acts of this office that no entry carried to another
  lines/                 {lines}
  {LIST}           the SHA-256 of every file; check it with: sha256sum -c {LIST}
  {MANIFEST}          this office's signature over that list

Files named {signed} are the signed bytes. All .txt files are made from them; where they differ, the signed
bytes count, and the verifier says so: goodoffices verify FOLDER{numbers}

What it proves, and what not
  A signature shows that the holder of a key signed. That a key is an office's is shown by comparing its
  fingerprint (offices/…/office.txt) by another way. Until both parties of a channel compared the digits of
  their mandate, the far party's key is vouched for by the intermediary alone.
  Times are what the signers' clocks said.
  An office can leave out the end of its own record. It shows if the other side had seen or receipted what
  is left out, or holds its own record beside this one.
  Two offices that agree to lie about their line can do so.
  This folder holds no private keys. It does hold everything that this office could read: keep it so.
"""


def office_text(office: Office, *, own: bool) -> str:
    """office.txt: a credential in words."""
    rows = [
        f"OFFICE     {plain(office.name)}{' (the exporting office)' if own else ''}",
        f"fingerprint {office.id.hex()}",
        f"digits     {digits.grouped(office.digits)}",
        f"realm      {'live' if office.realm == LIVE else 'DRILL ' + office.realm.hex()}",
        f"root made  {zulu(office.root.made)}",
    ]
    for roster, signed in zip(office.rosters, office.signed[1:], strict=True):
        rows += [
            "",
            f"ROSTER {roster.version}   made {zulu(roster.made)}, {roster.releasers_needed} must release",
            f"  id       {signed.id.hex()}",
            f"  desk     {roster.desk.hex()}",
        ]
        for pseudonym, public, rights in roster.officers:
            held = (
                ", ".join(right.name.lower() for right in Right if rights & right and right.name)
                or "no rights"
            )
            rows.append(f"  officer  {public.hex()}  {plain(pseudonym)}: {held}")
        rows += [f"  revoked  {public.hex()} {zulu(at)} {plain(why)}" for public, at, why in roster.revoked]
        for what, epochs in (("envelope", roster.envelope_epochs), ("reading", roster.reading_epochs)):
            first, last = min(epoch[1] for epoch in epochs), max(epoch[2] for epoch in epochs)
            rows.append(f"  {what} keys: {len(epochs)}, {zulu(first)} to {zulu(last)}")
    return "\n".join(rows) + "\n"


def mandate_text(account: Account, agreement: Agreement) -> str:
    """mandate.txt: the terms in words."""
    mandate = agreement.mandate
    signed = agreement.signed_by()
    compared = account.compared.get(agreement.id, set())
    rows = [
        f"MANDATE    {plain(mandate.name)}",
        f"id         {agreement.id.hex()}",
        f"digits     {digits.grouped(agreement.digits)}",
        f"made       {zulu(mandate.made)}",
        f"in force   {'yes: all have signed' if agreement.complete else 'NO: signatures are missing'}",
        f"ends       {zulu(mandate.ends) if mandate.ends is not None else 'no end agreed'}",
        "",
        "PATH",
    ]
    for role, office, pin, paper in mandate.offices:
        what = "party" if role == Role.PARTY else "intermediary"
        rows.append(f"  {plain(agreement.name_of(office))} ({what}{', on paper' if paper else ''})")
        if paper:
            attested = agreement.papers[office]
            rows.append(
                f"    attested by {plain(agreement.name_of(attested.attested_by))}: {plain(attested.consent)}"
            )
            continue
        rows += [
            f"    fingerprint {office.hex()}",
            f"    roster      {pin.hex()}",
            f"    {'signed' if office in signed else 'NOT SIGNED'}"
            + (", compared the digits with the other party" if office in compared else ""),
        ]
    if not set(mandate.parties) <= compared:
        rows.append(
            "  The parties' keys are vouched for by the intermediary alone: not both compared the digits."
        )
    return "\n".join([*rows, "", *terms(mandate)]) + "\n"


def terms(mandate: Mandate) -> list[str]:
    """The terms of a mandate, in words."""
    labels = mandate.labels or {}
    rows = [
        "TERMS",
        f"  purpose      {plain(mandate.purpose or 'not stated')}",
        f"  who reads    {_READING[Reading(mandate.reading)]}",
        f"  forwarding   {_FORWARDING[Forwarding(mandate.forwarding)]}",
        f"  languages    {plain(', '.join(mandate.languages))}",
        f"  disclosure   {_DISCLOSURE[Disclosure(mandate.disclosure)]}",
        f"  record       may be used {_USE[RecordUse(mandate.record_use)]}",
        f"  travel back  {', '.join(map(act_name, mandate.acknowledgements)) or 'no acknowledgements'}",
        f"  adding words takes {mandate.officers_to_add_words} of the intermediary's officers",
        "  clocks       from at the desk to forwarded:",
    ]
    for precedence, limit in sorted(mandate.clocks.items(), reverse=True):
        label = f" (called {plain(labels[precedence])})" if precedence in labels else ""
        rows.append(f"    {urgency(precedence):<10} {limit // 60_000} min{label}")
    if mandate.flash_budget is not None:
        most, within = mandate.flash_budget
        rows.append(f"  FLASH        at most {most} of each office within {within // 60_000} min")
    rows += wording_rows(mandate)
    if mandate.predecessor is not None:
        rows.append(f"  follows      {mandate.predecessor.hex()}")
    return rows


def line_text(account: Account, line: KeptLine) -> str:
    """line.txt: how a line was paired and how far its chains go."""
    all_digits = digits.check_digits("pairing", line.id, digits.PAIRING)
    rows = [f"LINE       {line.id.hex()}", f"digits     {digits.grouped(all_digits)}"]
    for office, offer in zip(line.pairing.offices, line.pairing.offers, strict=True):
        rows += [
            "",
            f"{plain(account.name(office))}",
            f"  fingerprint {office.hex()}",
            f"  invitation  {offer.hex()}",
        ]
        if office in line.confirmed:
            confirmed, signer = line.confirmed[office]
            rows.append(
                f"  confirmed   {zulu(confirmed.time[0])} by {plain(signer)}: heard the other side's digits"
            )
        else:
            rows.append("  confirmed   NO")
        newest = {each: run.furthest() for each, run in line.links[office].runs.items()}
        for incarnation, (number, entry_id, count) in sorted(newest.items()):
            rows.append(
                f"  chain       {incarnation.hex()}: {count} entries, newest {number}, {entry_id.hex()}"
            )
    return "\n".join(rows) + "\n"


def texts(account: Account) -> Iterator[tuple[str, Iterator[str]]]:
    """(path, lines) of every readable text but those of notes. When the whole record has been read."""
    yield README, iter(readme_text(account).splitlines(keepends=True))
    yield RECORD, record_lines(account)
    for office in account.offices.values():
        text = office_text(office, own=office.id == account.manifest.office)
        yield f"{layout.office(office.name, office.id)}/office.txt", iter(text.splitlines(keepends=True))
    for folder, agreement in account.agreements.values():
        yield f"{folder}/mandate.txt", iter(mandate_text(account, agreement).splitlines(keepends=True))
    for line in account.lines.values():
        yield f"{line.folder}/line.txt", iter(line_text(account, line).splitlines(keepends=True))
        if line.checkpoints:
            text = _checkpoints(account, line)
            yield f"{line.folder}/checkpoints.txt", iter(text.splitlines(keepends=True))


def _checkpoints(account: Account, line: KeptLine) -> str:
    counts = {
        (office, each): len(run.times) + len(run.odd)
        for office, links in line.links.items()
        for each, run in links.runs.items()
    }
    names = {office: account.name(office) for office in line.pairing.offices}
    return record_checkpoints.text(line.id, names, line.checkpoints, counts)
