# SPDX-License-Identifier: Apache-2.0
"""What shows only when a whole record has been read: chains, receipts, numbers, what passed as what.

``check_whole`` yields what does not hold. ``remark_whole`` yields what a reader should know and what is
nobody's fault, or only a clock's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from goodoffices.core.act import CHANNEL_LANE, HOME_LANE, ActType
from goodoffices.core.checkpoint import Tree
from goodoffices.core.record import checkpoints as record_checkpoints
from goodoffices.core.record.account import Account, Carriage, KeptLine, KeptNote
from goodoffices.core.record.chains import chain_of, check_author, check_entries
from goodoffices.core.record.checkpoints import KeptCheckpoint
from goodoffices.core.record.findings import Finding, Flaw
from goodoffices.core.record.layout import zulu
from goodoffices.core.record.links import Link, Links, Run

Authors = dict[tuple[bytes, bytes, bytes], list[Link]]
"""Acts and notes by mandate, lane and author."""


def check_whole(account: Account, authors: Authors) -> Iterator[Finding]:
    """Every finding about how the parts stand together."""
    for line in account.lines.values():
        for links in line.links.values():
            links.settle()
        yield from _line(account, line)
    yield from _manifest(account)
    spoiled = _spoiled(account)
    for (_, _, author), own in sorted(authors.items()):
        findings, gaps = check_author(account.name(author), chain_of(own), spoiled)
        yield from findings
        if gaps.missing and author == account.manifest.office and account.manifest.texts:
            yield Finding(
                gaps.before[0],
                Flaw.OWN_GAP,
                f"every act and note of {account.name(author)} in its own record",
                f"{gaps.missing} that its own later ones name are not here",
            )
    yield from _notes(account)


def _spoiled(account: Account) -> set[bytes]:
    """Notes that are here and do not hold: what their chains lack is no gap."""
    return {note.id for note in account.notes.values() if note.spoiled}


def _line(account: Account, line: KeptLine) -> Iterator[Finding]:
    for office in line.pairing.offices:
        theirs = line.links[line.other(office)]
        yield from check_entries(account.name(office), line.links[office], theirs, line.folder)
    yield from record_checkpoints.check(line.checkpoints, partial(_entry_at, line))
    for (reader, place), where in line.unmatched.items():
        expected = (
            f"the entry {place[1]} ({place[2][:16].hex()}) that {account.name(reader)}'s desk signed to have"
        )
        if line.links[reader].has(place):
            yield Finding(where, Flaw.OWN_RECEIPT, "a receipt by the reader of an entry", "one by its writer")
        elif not line.links[line.other(reader)].has(place):
            yield Finding(where, Flaw.RECEIPTED, expected, "it is not in this record: the record was cut")


def _entry_at(line: KeptLine, tree: Tree, number: int) -> bytes | None:
    """The ID of an entry of a tree: of a fork's branches the least."""
    links = line.links.get(tree.writer)
    return next(iter(links.ids_at(tree.incarnation, number)), None) if links is not None else None


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
        mine = here.get(key)
        number, there = (len(mine), mine.has(last)) if mine is not None else (0, False)
        if count != number or not there:
            yield Finding(
                f"{account.lines[key[0]].folder}/entries" if key[0] in account.lines else "manifest.cbor",
                Flaw.CHAINS,
                f"{count} entries of {account.name(key[1])}, with the newest that the manifest names",
                f"{number} entries" + ("" if there else ", without that one"),
            )


def _notes(account: Account) -> Iterator[Finding]:
    came = _CameTo()
    numbers: dict[tuple[bytes, bytes, bytes, int], KeptNote] = {}
    for note in sorted(account.notes.values(), key=lambda each: each.folder):
        header = note.header
        first = numbers.setdefault((header.mandate, header.lane, header.author, header.number), note)
        if first is not note:
            expected = f"one note {header.number} of {account.name(header.author)} in this lane"
            found = f"another one is {first.folder}"
            yield Finding(note.folder, Flaw.NUMBER, expected, found, beside=(first.folder,))
        yield from _verbatim(account, note)
        yield from _claims(account, note, came)


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
                beside=(kept.where,),
            )
        elif act.type in (ActType.FORWARDED, ActType.AT_DESK) and act.evidence not in digests:
            yield Finding(
                kept.where,
                Flaw.OTHER_BYTES,
                f"note {note.header.number} passed on as it came, byte for byte",
                f"{office} signed for other bytes than those that this record holds",
                beside=(note.folder,),
            )


@dataclass(frozen=True, slots=True)
class _Came:
    """How a note came to an office: first where, and over one line alone, in one incarnation, at the earliest when."""

    where: str
    line: bytes | None
    incarnation: bytes | None
    number: int

    def too_early(self, said: Carriage) -> bool:
        """Whether something is said in an entry whose writer had not seen the one that brought the note."""
        # Over another line it may have come earlier than the numbers of this one can tell.
        if self.line != said.line:
            return False
        return said.seen is None or (self.incarnation == said.seen[0] and self.number > said.seen[1])


class _CameTo:
    """The same of each note and office, looked at once: a note may be passed on, and spoken of, very often."""

    def __init__(self) -> None:
        self._found: dict[bytes, dict[bytes, _Came]] = {}

    def __call__(self, note: KeptNote, office: bytes) -> _Came | None:
        if note.id not in self._found:
            found: dict[bytes, _Came] = {}
            self._found[note.id] = found
            for passed in note.passed:
                line, (incarnation, number, _) = passed.carriage.line, passed.carriage.place
                known = found.get(passed.reader)
                found[passed.reader] = (
                    _Came(passed.where, line, incarnation, number)
                    if known is None
                    else _Came(
                        known.where,
                        line if line == known.line else None,
                        incarnation if incarnation == known.incarnation else None,
                        min(number, known.number),
                    )
                )
        return self._found[note.id].get(office)


def _claims(account: Account, note: KeptNote, came_to: _CameTo) -> Iterator[Finding]:
    """What offices say of a note that by their own desks' entries had not reached them yet."""
    for kept in account.about.get(note.id, []):
        came = came_to(note, kept.act.author)
        if kept.carriage is not None and came is not None and came.too_early(kept.carriage):
            yield _claim(account, note, kept.act.author, came, kept.where, "says something of")
    author = note.header.author
    for passed in note.passed:
        for claimed in note.claims if passed.writer == author else ():
            other = account.notes.get(claimed)
            came = came_to(other, author) if other is not None else None
            if other is not None and came is not None and came.too_early(passed.carriage):
                yield _claim(account, other, author, came, passed.where, "says to have read or held")


def _claim(account: Account, note: KeptNote, office: bytes, came: _Came, where: str, says: str) -> Finding:
    return Finding(
        where,
        Flaw.CLAIM,
        f"an entry of {account.name(office)} whose desk had the note that it {says}",
        f"note {note.header.number} of {account.name(note.header.author)} came with an entry that this desk"
        " states, here, not to have seen yet",
        beside=(came.where,),
    )


def remark_whole(account: Account, authors: Authors) -> Iterator[str]:
    """What is worth knowing and is no finding."""
    for line in account.lines.values():
        yield from _unreceipted(account, line)
        yield from _without_checkpoint(account, line)
        yield from _outside(account, line)
        for office in line.pairing.offices:
            mine = line.links[office]
            back = sum(_backwards(mine, run) for run in mine.runs.values())
            if back:
                often = "once" if back == 1 else f"{back} times"
                yield f"{line.folder}: {account.name(office)}'s clock went back {often}."
    sealed = Counter(
        (note.header.mandate, note.header.lane, note.header.author)
        for note in account.notes.values()
        if note.note is None and not note.spoiled
    )
    spoiled = _spoiled(account)
    for (mandate, lane, author), links in sorted(authors.items()):
        _, gaps = check_author("", chain_of(links), spoiled)
        if not gaps.missing or (author == account.manifest.office and account.manifest.texts):
            continue
        where = {CHANNEL_LANE: "in the channel", HOME_LANE: "at home"}.get(lane, "in its caucus")
        among = sealed[mandate, lane, author]
        why = "not forwarded, or not arrived"
        if among:
            notes = (
                "the note of that chain that is"
                if among == 1
                else f"the {among} notes of that chain that are"
            )
            why = f"not forwarded, not arrived, or {notes} sealed here"
        yield (
            f"{account.agreements[mandate][0]}: of {account.name(author)}'s chain {where} {gaps.missing}"
            f" {'is' if gaps.missing == 1 else 'are'} not here ({why}); the first stands before {gaps.before[0]}."
        )


def _unreceipted(account: Account, line: KeptLine) -> Iterator[str]:
    mine = line.links[account.manifest.office]
    waiting = sum(len(run.times) - sum(run.receipted) for run in mine.runs.values())
    reader = line.other(account.manifest.office)
    waiting -= sum(
        who == reader and mine.has_row(place) and not mine.receipted(place) for who, place in line.unmatched
    )
    for link in (each for run in mine.runs.values() for each in run.odd):
        place = link.incarnation, link.number, link.id
        waiting += not line.receipted_by(reader, place)
    if waiting:
        yield (
            f"{line.folder}: {_entries(waiting)} of {account.name(account.manifest.office)} without a receipt:"
            " that it was sent is its own word only."
        )


def _without_checkpoint(account: Account, line: KeptLine) -> Iterator[str]:
    if not line.checkpoints:
        return
    covered: dict[tuple[bytes, bytes], int] = defaultdict(int)
    for each in line.checkpoints:
        if each.cosigned:
            spot = each.tree.writer, each.tree.incarnation
            covered[spot] = max(covered[spot], each.size)
    for office in line.pairing.offices:
        waiting = sum(
            max(0, len(run.times) - covered[office, each])
            + sum(link.number > covered[office, each] for link in run.odd)
            for each, run in line.links[office].runs.items()
        )
        if waiting:
            who = account.name(office)
            yield f"{line.folder}: {_entries(waiting)} of {who} under no checkpoint that the other office cosigned."


def _outside(account: Account, line: KeptLine) -> Iterator[str]:
    """What outsiders who are trusted had seen of this line: witnesses, and time stamp authorities."""
    if account.witnesses:
        seen = [(each, each.seen_by) for each in line.checkpoints]
        yield from _seen_outside(account, line, seen, "witness", "saw")
    if account.authorities is not None:
        stamped = [(each, each.stamped_by) for each in line.checkpoints]
        yield from _seen_outside(account, line, stamped, "time stamp authority", "stamped")
        strange = sum(each.strange for each in line.checkpoints)
        if strange:
            stamps = "1 time stamp holds" if strange == 1 else f"{strange} time stamps hold"
            yield f"{line.folder}: {stamps} by no certificate in the trust file."
        revoked = sum(each.revoked for each in line.checkpoints)
        if revoked:
            stamps = "1 time stamp is" if revoked == 1 else f"{revoked} time stamps are"
            yield f"{line.folder}: {stamps} by a certificate that was revoked, and not counted."


def _seen_outside(
    account: Account,
    line: KeptLine,
    told: list[tuple[KeptCheckpoint, tuple[tuple[str, int], ...]]],
    what: str,
    did: str,
) -> Iterator[str]:
    """What each had seen of each chain, at most; and how much none of them had."""
    furthest: dict[tuple[bytes, bytes], dict[str, tuple[int, int]]] = defaultdict(dict)
    for each, names in sorted(told, key=lambda one: (one[0].size, one[0].where)):
        for name, at in names:
            furthest[each.tree.writer, each.tree.incarnation][name] = each.size, at
    for office in line.pairing.offices:
        who, unseen = account.name(office), 0
        for incarnation, run in sorted(line.links[office].runs.items()):
            seen = furthest[office, incarnation]
            for name, (size, at) in sorted(seen.items()):
                chain = incarnation.hex()
                entries = f"{who}'s entries 1 to {size} of chain {chain}"
                yield f"{line.folder}: the {what} {name} {did} {entries}, {zulu(at)}."
            unseen += run.beyond(max((size for size, _ in seen.values()), default=0))
        if unseen:
            yield f"{line.folder}: {_entries(unseen)} of {who} under no checkpoint that a trusted {what} {did}."


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _backwards(links: Links, run: Run) -> int:
    if not run.odd:
        return run.backwards
    count = latest = 0
    for numbers in chain_of(links.laid_out(run)).values():
        for found in numbers.values():
            count += found[0].time < latest
            latest = max(latest, found[0].time)
    return count
