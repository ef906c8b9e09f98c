# SPDX-License-Identifier: Apache-2.0
"""Chains of a record: what must hold between links that each verified alone (docs/format.md §6, §8).

Two kinds of chain. A line's **entries**: per writer and incarnation numbers 1, 2, 3 … without a gap,
each naming the one before and what its writer had seen of the other side. An **author's acts and
notes**: one chain per mandate and lane, of which a far office holds only what was passed on, so there a
gap is told and is no fault of the record; in the exporting office's own chain it is.

All of this is linear in the number of links but for sorting them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from goodoffices.core.record.findings import Cause, Finding, Flaw
from goodoffices.core.record.links import Link, Links

Chain = dict[bytes, dict[int, list[Link]]]
"""By incarnation, then by number. More than one link at a number is a fork."""


def chain_of(links: Iterable[Link]) -> Chain:
    """The links by incarnation and number, each incarnation in ascending order."""
    chain: Chain = defaultdict(dict)
    for link in sorted(links, key=lambda each: (each.number, each.id, each.where)):
        chain[link.incarnation].setdefault(link.number, []).append(link)
    return chain


def _forks(chain: Chain, whose: str) -> Iterator[Finding]:
    for numbers in chain.values():
        for number, links in numbers.items():
            for other in links[1:]:
                yield Finding(
                    other.where,
                    Flaw.FORK,
                    f"one number {number} of {whose} in one incarnation",
                    f"a fork: {links[0].where} has the same number, both are signed",
                    beside=(links[0].where,),
                )


def _rosters(chain: Chain, whose: str) -> Iterator[Finding]:
    for numbers in chain.values():
        newest = 0
        for links in numbers.values():
            for link in links:
                if link.roster < newest:
                    yield Finding(
                        link.where,
                        Flaw.ROSTER_WENT_BACK,
                        f"roster {newest} of {whose} or a newer one, as before in this chain",
                        f"roster {link.roster}: {whose} went back to an older roster",
                    )
                newest = max(newest, link.roster)


def check_entries(writer: str, mine: Links, theirs: Links, folder: str) -> Iterator[Finding]:
    """One writer's chain of a line, held against itself and against the other side's."""
    for run in mine.runs.values():
        if mine.holds(run, theirs):
            continue
        chain = chain_of(mine.laid_out(run))
        yield from _forks(chain, f"{writer}'s entries")
        yield from _rosters(chain, writer)
        for numbers in chain.values():
            yield from _whole(writer, numbers, folder)
            yield from _seen(writer, numbers, theirs)
    yield from _openings(writer, mine)


def _whole(writer: str, numbers: dict[int, list[Link]], folder: str) -> Iterator[Finding]:
    before: list[Link] = []
    for number, links in numbers.items():
        last = before[0].number if before else 0
        if number != last + 1:
            missing = f"{last + 1}" if number == last + 2 else f"{last + 1} to {number - 1}"
            yield Finding(
                f"{folder}/entries",
                Flaw.GAP,
                f"{writer}'s entry {missing}, before {links[0].where}",
                "it is not in this record: missing, or not arrived when this was exported",
            )
        elif before:
            ids = {each.id for each in before}
            for link in links:
                if link.previous not in ids:
                    yield Finding(
                        link.where,
                        Flaw.PREVIOUS,
                        f"an entry that follows {before[0].where}",
                        "it names another entry as the one before it",
                    )
        before = links


def _seen(writer: str, numbers: dict[int, list[Link]], theirs: Links) -> Iterator[Finding]:
    highest: dict[bytes, int] = {}
    for links in numbers.values():
        for link in links:
            if link.seen is None:
                continue
            incarnation, number, entry_id = link.seen
            if not theirs.has(link.seen):
                yield Finding(
                    link.where,
                    Flaw.SEEN,
                    f"the other side's entry {number} ({entry_id[:16].hex()}), seen by {writer}'s desk",
                    "another entry at that place"
                    if theirs.any_at(incarnation, number)
                    else "it is not in this record: the record was cut",
                )
            if number < highest.get(incarnation, 0):
                yield Finding(
                    link.where,
                    Flaw.SEEN_WENT_BACK,
                    f"{writer}'s desk having seen the other side's entry {highest[incarnation]} or later",
                    f"it says {number}, less than it had said before",
                )
            highest[incarnation] = max(number, highest.get(incarnation, 0))


def _openings(writer: str, mine: Links) -> Iterator[Finding]:
    first_found = ""
    begun = [found for run in mine.runs.values() if (found := mine.beginnings(run))]
    for link in (each for found in sorted(begun, key=lambda links: links[0].id) for each in found):
        if link.opens is not None:
            if link.opens[0] == link.incarnation or not mine.has(link.opens):
                yield Finding(
                    link.where,
                    Flaw.INCARNATION,
                    f"a new incarnation that names an entry of {writer}'s here as the last before it",
                    "it names one that is not here",
                )
        elif first_found:
            yield Finding(
                link.where,
                Flaw.INCARNATION,
                f"a new incarnation of {writer}'s chain that says so in its first entry",
                f"a second beginning beside {first_found}",
                Cause.FORKED,
                (first_found,),
            )
        else:
            first_found = link.where


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is not here of an author's chain, though what is here names it."""

    missing: int
    before: tuple[str, ...]


def check_author(author: str, chain: Chain, spoiled: Collection[bytes] = ()) -> tuple[list[Finding], Gaps]:
    """An author's chain of acts and notes in one lane of one channel. ``spoiled``: notes here that do not hold."""
    findings = [*_forks(chain, f"{author}'s acts and notes"), *_rosters(chain, author)]
    known = {link.id: link for numbers in chain.values() for links in numbers.values() for link in links}
    absent: dict[bytes, str] = {}
    for link in known.values():
        at_start = link.number == 1
        if (link.previous is None) != at_start:
            findings.append(
                Finding(
                    link.where,
                    Flaw.PREVIOUS,
                    f"a number {link.number} that names the one before it"
                    if not at_start
                    else "a first of its chain",
                    "none is named before it" if not at_start else "one is named before it",
                )
            )
            continue
        if link.previous is None:
            continue
        before = known.get(link.previous)
        beside = chain[link.incarnation].get(link.number - 1, [])
        if before is None and beside:
            findings.append(
                Finding(
                    link.where,
                    Flaw.PREVIOUS,
                    f"an act that follows {beside[0].where}",
                    "it names another one before it",
                )
            )
        elif before is None and link.previous not in spoiled:
            absent.setdefault(link.previous, link.where)
        elif before is not None and before.number != link.number - 1:
            findings.append(
                Finding(
                    link.where,
                    Flaw.PREVIOUS,
                    f"number {before.number + 1}, after {before.where}",
                    f"number {link.number}",
                )
            )
    return findings, Gaps(len(absent), tuple(absent.values())[:3])
