# SPDX-License-Identifier: Apache-2.0
"""Two offices' records held against each other: where they part, and what one has and the other lacks (P8).

Where two records **part**, somebody signed two things in one place, or passed on other bytes: both are
signed, and who signed is named. That an entry, note or act is in one record and not in the other is a
**difference**: it may be younger than the other export, refused on the way, or left out. What is known of
it stands beside it. Both records are to be verified alone first; here each signature counts as checked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.line import Place
from goodoffices.core.record.account import Account, KeptLine, KeptNote
from goodoffices.core.record.links import Link


@dataclass(frozen=True, slots=True)
class Parting:
    """Two signed things where there can be one: what, who signed both, and where each lies."""

    what: str
    signer: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that one record has and the other lacks. ``holder``: 0 the first record, 1 the second."""

    holder: int
    what: str
    where: str
    known: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What holding two records against each other gave. ``common``: names of the lines that both have."""

    common: tuple[str, ...]
    partings: tuple[Parting, ...]
    differences: tuple[Difference, ...]


def compare(first: Account, second: Account) -> Comparison:
    """Hold two verified records against each other. Linear but for sorting."""
    lines = sorted(first.lines.keys() & second.lines.keys())
    partings = [*_partings_of_entries(first, second, lines), *_partings_of_chains(first, second)]
    partings += [*_partings_of_checkpoints(first, second, lines), *_partings_of_notes(first, second)]
    differences = [*_entries(first, second, lines), *_mandates(first, second), *_notes(first, second)]
    differences += _acts(first, second)
    return Comparison(tuple(_ends(first, first.lines[each]) for each in lines), (*partings,), (*differences,))


def _ends(account: Account, line: KeptLine) -> str:
    return " – ".join(account.name(each) for each in line.pairing.offices)


# --- where they part ---------------------------------------------------------------------------------


def _partings_of_entries(first: Account, second: Account, lines: Iterable[bytes]) -> Iterator[Parting]:
    for each in lines:
        for office in first.lines[each].pairing.offices:
            theirs = {(link.incarnation, link.number): link for link in _sorted(second.lines[each], office)}
            for link in _sorted(first.lines[each], office):
                other = theirs.get((link.incarnation, link.number))
                if other is not None and other.id != link.id:
                    name = first.name(office)
                    what = f"{name}'s entry {link.number} on the line {_ends(first, first.lines[each])}"
                    yield Parting(what, f"{name}'s desk", link.where, other.where)


def _sorted(line: KeptLine, office: bytes) -> list[Link]:
    # Of a fork's branches the last counts: what is found does not depend on the order of the files.
    return sorted(line.links[office], key=lambda each: (each.incarnation, each.number, each.id, each.where))


def _partings_of_checkpoints(first: Account, second: Account, lines: Iterable[bytes]) -> Iterator[Parting]:
    for each in lines:
        theirs = {(one.tree, one.size): one for one in second.lines[each].checkpoints}
        for one in first.lines[each].checkpoints:
            other = theirs.get((one.tree, one.size))
            if other is not None and other.root != one.root:
                name = first.name(one.tree.writer)
                yield Parting(f"{name}'s checkpoint over {one.size} entries", name, one.where, other.where)


_Spot = tuple[bytes, bytes, bytes, bytes, int]


def _chains(account: Account) -> Iterator[tuple[_Spot, bytes, str]]:
    """(place in its author's chain, ID, where) of every act and of every note whose words are here."""
    for kept in account.acts.values():
        act = kept.act
        yield (act.mandate, act.lane, act.author, act.incarnation, act.sequence), kept.id, kept.where
    for note in account.notes.values():
        if note.note is not None:
            told = note.note
            spot = told.mandate, told.lane, told.author, told.incarnation, told.sequence
            yield spot, note.id, note.folder


def _partings_of_chains(first: Account, second: Account) -> Iterator[Parting]:
    theirs = {spot: (found, where) for spot, found, where in _chains(second)}
    for spot, found, where in _chains(first):
        other = theirs.get(spot)
        if other is not None and other[0] != found:
            name = first.name(spot[2])
            yield Parting(f"number {spot[4]} of {name}'s acts and notes", name, where, other[1])


_Number = tuple[bytes, bytes, bytes, int]


def _numbered(account: Account) -> dict[_Number, KeptNote]:
    return {
        (note.header.mandate, note.header.lane, note.header.author, note.header.number): note
        for note in account.notes.values()
    }


def _partings_of_notes(first: Account, second: Account) -> Iterator[Parting]:
    theirs = _numbered(second)
    for number, note in _numbered(first).items():
        other = theirs.get(number)
        if other is None:
            continue
        what = f"note {number[3]} of {first.name(number[2])}"
        if other.id != note.id:
            yield Parting(f"{what}: two different notes", first.name(number[2]), note.folder, other.folder)
        elif not any(each.resealed for each in (*note.passed, *other.passed)):
            here, there = ({each.digest for each in shown.passed} for shown in (note, other))
            if here.isdisjoint(there):
                writers = {first.name(each.writer) for each in (*note.passed, *other.passed)}
                signer = " and ".join(sorted(writers))
                yield Parting(f"{what}: its sealed bytes", signer, note.folder, other.folder)


# --- what one has and the other lacks --------------------------------------------------------------------


def _entries(first: Account, second: Account, lines: Iterable[bytes]) -> Iterator[Difference]:
    for each in lines:
        for holder, (here, there) in enumerate(((first, second), (second, first))):
            for office in here.lines[each].pairing.offices:
                taken = {(link.incarnation, link.number) for link in there.lines[each].links[office]}
                lacking = [
                    link
                    for link in _sorted(here.lines[each], office)
                    if (link.incarnation, link.number) not in taken
                ]
                for run in _runs(lacking):
                    yield _run(here, there, here.lines[each], office, run, holder)


def _runs(links: list[Link]) -> Iterator[list[Link]]:
    """Links that follow each other, so that a thousand lacking entries are one line to read."""
    run: list[Link] = []
    for link in links:
        if run and (link.incarnation, link.number) != (run[-1].incarnation, run[-1].number + 1):
            yield run
            run = []
        run.append(link)
    if run:
        yield run


def _run(
    here: Account, there: Account, line: KeptLine, office: bytes, run: list[Link], holder: int
) -> Difference:
    numbers = f"entry {run[0].number}" if len(run) == 1 else f"entries {run[0].number} to {run[-1].number}"
    places: list[Place] = [(link.incarnation, link.number, link.id) for link in run]
    lacks = there.manifest.office
    receipted = sum(lacks in line.links and line.receipted_by(lacks, place) for place in places)
    known = "nothing says that it had arrived there"
    if lacks == office:
        known = "its own writer's record lacks it"
    elif receipted:
        known = f"{here.name(lacks)}'s desk signed receipts for {receipted} of {len(run)}"
    what = f"{here.name(office)}'s {numbers} on the line {_ends(here, line)}"
    return Difference(holder, what, run[0].where, known)


def _mandates(first: Account, second: Account) -> Iterator[Difference]:
    for holder, (here, there) in enumerate(((first, second), (second, first))):
        for folder, agreement in here.agreements.values():
            if agreement.id not in there.agreements and there.manifest.office in agreement.mandate.path:
                signed = ", ".join(sorted(map(agreement.name_of, agreement.signed_by()))) or "nobody"
                what = f"the mandate '{agreement.mandate.name}'"
                yield Difference(holder, what, f"{folder}/mandate.cbor", f"signed by {signed}")


def _shared(note: KeptNote, here: Account, there: Account) -> bool:
    """Whether the other record's office is meant to hold such a note at all."""
    header, other = note.header, there.manifest.office
    if header.mandate not in there.agreements:
        return False
    path = here.agreements[header.mandate][1].mandate.path
    return other in path if header.lane == CHANNEL_LANE else other in (header.author, header.recipient)


def _notes(first: Account, second: Account) -> Iterator[Difference]:
    for holder, (here, there) in enumerate(((first, second), (second, first))):
        numbers = _numbered(there)
        for number, note in sorted(_numbered(here).items()):
            if number not in numbers and _shared(note, here, there):
                what = f"note {number[3]} of {here.name(number[2])}"
                yield Difference(holder, what, note.folder, _fate(here, note))


def _fate(account: Account, note: KeptNote) -> str:
    ends = {ActType.REFUSED: "refused", ActType.RETURNED: "returned", ActType.EXPIRED: "found expired"}
    ends |= {ActType.WITHDRAWN: "withdrawn", ActType.FORWARDED: "forwarded"}
    told = [
        f"{ends[ActType(kept.act.type)]} by {account.name(kept.act.author)}"
        for kept in account.about.get(note.id, [])
        if kept.act.type in {int(each) for each in ends}
    ]
    return ", ".join(told) or "nothing says what became of it"


def _acts(first: Account, second: Account) -> Iterator[Difference]:
    """Acts about notes that both records hold, counted by author: what travels back is the mandate's."""
    for holder, (here, there) in enumerate(((first, second), (second, first))):
        lacking: dict[bytes, list[str]] = defaultdict(list)
        for kept in here.acts.values():
            if kept.id not in there.acts and kept.act.subject in there.notes:
                lacking[kept.act.author].append(kept.where)
        for author, places in sorted(lacking.items()):
            count = "1 act" if len(places) == 1 else f"{len(places)} acts"
            what = f"{count} of {here.name(author)} about notes that both records hold"
            yield Difference(holder, what, places[0], "not passed on, not arrived yet, or kept at home")
