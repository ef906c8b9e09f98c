# SPDX-License-Identifier: Apache-2.0
"""What shows only when a whole record has been read: chains, receipts, numbers, what passed as what.

``check_whole`` yields what does not hold. ``remark_whole`` yields what a reader should know and what is
nobody's fault, or only a clock's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from goodoffices.core.act import CHANNEL_LANE, HOME_LANE, ActType
from goodoffices.core.record_account import Account, KeptLine, KeptNote
from goodoffices.core.record_chains import Chain, Link, chain_of, check_author, check_entries
from goodoffices.core.record_findings import Finding, Flaw

Authors = dict[tuple[bytes, bytes, bytes], list[Link]]
"""Acts and notes by mandate, lane and author."""


def check_whole(account: Account, authors: Authors) -> Iterator[Finding]:
    """Every finding about how the parts stand together."""
    for line in account.lines.values():
        yield from _line(account, line)
    yield from _manifest(account)
    for (_, _, author), links in sorted(authors.items()):
        findings, gaps = check_author(account.name(author), chain_of(links))
        yield from findings
        if gaps.missing and author == account.manifest.office and account.manifest.texts:
            yield Finding(
                gaps.before[0],
                Flaw.OWN_GAP,
                f"every act and note of {account.name(author)} in its own record",
                f"{gaps.missing} that its own later ones name are not here",
            )
    yield from _notes(account)


def _line(account: Account, line: KeptLine) -> Iterator[Finding]:
    chains = {office: chain_of(line.links[office]) for office in line.pairing.offices}
    for office, chain in chains.items():
        yield from check_entries(account.name(office), chain, chains[line.other(office)], line.folder)
    written = {
        (link.incarnation, link.number, link.id): office
        for office in line.pairing.offices
        for link in line.links[office]
    }
    for place, (reader, where) in line.receipted.items():
        expected = (
            f"the entry {place[1]} ({place[2][:16].hex()}) that {account.name(reader)}'s desk signed to have"
        )
        if place not in written:
            yield Finding(where, Flaw.RECEIPTED, expected, "it is not in this record: the record was cut")
        elif written[place] == reader:
            yield Finding(where, Flaw.OWN_RECEIPT, "a receipt by the reader of an entry", "one by its writer")


def _manifest(account: Account) -> Iterator[Finding]:
    told = {(line, writer): (count, last) for line, writer, count, last in account.manifest.chains}
    here = {
        (line.id, office): line.links[office]
        for line in account.lines.values()
        for office in line.pairing.offices
        if line.links[office]
    }
    for key in sorted(told.keys() | here.keys()):
        count, last = told.get(key, (0, None))
        links = here.get(key, [])
        there = any((link.incarnation, link.number, link.id) == last for link in links)
        if count != len(links) or not there:
            yield Finding(
                f"{account.lines[key[0]].folder}/entries" if key[0] in account.lines else "manifest.cbor",
                Flaw.CHAINS,
                f"{count} entries of {account.name(key[1])}, with the newest that the manifest names",
                f"{len(links)} entries" + ("" if there else ", without that one"),
            )


def _notes(account: Account) -> Iterator[Finding]:
    numbers: dict[tuple[bytes, bytes, bytes, int], KeptNote] = {}
    for note in sorted(account.notes.values(), key=lambda each: each.folder):
        header = note.header
        first = numbers.setdefault((header.mandate, header.lane, header.author, header.number), note)
        if first is not note:
            expected = f"one note {header.number} of {account.name(header.author)} in this lane"
            yield Finding(note.folder, Flaw.NUMBER, expected, f"another one is {first.folder}")
        yield from _verbatim(account, note)


def _verbatim(account: Account, note: KeptNote) -> Iterator[Finding]:
    digests = {each.digest for each in note.passed}
    for kept in account.about.get(note.id, []):
        office, act = account.name(kept.act.author), kept.act
        if act.type == ActType.ALTERED:
            yield Finding(
                note.folder,
                Flaw.ALTERED,
                f"a note that reached {office} as {account.name(note.header.author)} released it",
                f"{office}'s desk signed that it had been altered ({kept.where})",
            )
        elif act.type in (ActType.FORWARDED, ActType.AT_DESK) and act.evidence not in digests:
            yield Finding(
                kept.where,
                Flaw.OTHER_BYTES,
                f"note {note.header.number} passed on as it came, byte for byte",
                f"{office} signed for other bytes than those that this record holds",
            )


def remark_whole(account: Account, authors: Authors) -> Iterator[str]:
    """What is worth knowing and is no finding."""
    for line in account.lines.values():
        yield from _unreceipted(account, line)
        for office in line.pairing.offices:
            back = _backwards(chain_of(line.links[office]))
            if back:
                yield f"{line.folder}: {account.name(office)}'s clock went back {back} times."
    sealed = Counter(
        (note.header.mandate, note.header.lane, note.header.author)
        for note in account.notes.values()
        if note.note is None
    )
    for (mandate, lane, author), links in sorted(authors.items()):
        _, gaps = check_author("", chain_of(links))
        if not gaps.missing or (author == account.manifest.office and account.manifest.texts):
            continue
        where = {CHANNEL_LANE: "in the channel", HOME_LANE: "at home"}.get(lane, "in its caucus")
        yield (
            f"{account.agreements[mandate][0]}: of {account.name(author)}'s chain {where} {gaps.missing} are not"
            f" here, the first before {gaps.before[0]}. Not forwarded, not arrived, or among the"
            f" {sealed[mandate, lane, author]} notes of that chain that are sealed here."
        )


def _unreceipted(account: Account, line: KeptLine) -> Iterator[str]:
    mine = line.links[account.manifest.office]
    waiting = sum((link.incarnation, link.number, link.id) not in line.receipted for link in mine)
    if waiting:
        yield (
            f"{line.folder}: {waiting} entries of {account.name(account.manifest.office)} have no receipt:"
            " that they were sent is its own word only."
        )


def _backwards(chain: Chain) -> int:
    count = 0
    for numbers in chain.values():
        latest = 0
        for links in numbers.values():
            count += links[0].time < latest
            latest = max(latest, links[0].time)
    return count
