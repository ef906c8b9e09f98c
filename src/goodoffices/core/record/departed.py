# SPDX-License-Identifier: Apache-2.0
"""Signers who had left: what came once a roster was here that no longer lists who signed it (ADR 0096).

A key that was taken out still fits the rosters that listed it. Along one chain nobody goes back to an older roster;
whoever begins another chain, with a dishonest neighbour's help, is found by the order in which things came: the
roster stands in an earlier entry of the same writer. It may have been signed before and have been under way, so what
its own office says later clears it: the next of its chain, or an act about it, by somebody who is listed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import accumulate

from goodoffices.core.act import NEEDS, Act, ActType
from goodoffices.core.line import Place
from goodoffices.core.mandate import Agreement, keepers
from goodoffices.core.note import Note
from goodoffices.core.office import Office, Right, Roster
from goodoffices.core.record.account import Account, KeptLine
from goodoffices.core.record.findings import Finding, Flaw
from goodoffices.core.record.links import Link, Links

Authors = dict[tuple[bytes, bytes, bytes], list[Link]]
Came = tuple[bytes, bytes, Place]
"""Line, writer and place of the entry that brought something to the exporting office."""


def out_by(later: Roster, then: Roster, made: Act | Note, signers: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Which of an act's or note's signers a later roster does not let sign it any more, or not so few of them.

    ``then``: the roster that it states.
    """
    out = tuple(
        each
        for each in signers
        if (later.desk != each if each == then.desk else not _may(later.rights(each), made))
    )
    few = isinstance(made, Note) and len(signers) < later.releasers_needed
    return signers if few and not out else out


def _may(rights: Right, made: Act | Note) -> bool:
    needed = NEEDS.get(made.type) if isinstance(made, Act) else Right.RELEASE
    return bool(rights if needed is None else rights & needed)


@dataclass(frozen=True, slots=True)
class Signature:
    """An act or note signed by somebody whom a later roster of the record does not list any more."""

    id: bytes
    made: Act | Note
    signers: tuple[bytes, ...]
    where: str


class Departed:
    """What a record says of signers who had left. Filled while it is read, asked once everything is there."""

    def __init__(self) -> None:
        self._told: dict[tuple[bytes, bytes, bytes], list[tuple[Place, int]]] = {}
        """By line, writer and office: where which version of its roster was told."""
        self._signed: dict[bytes, Signature] = {}
        self._came: dict[bytes, list[Came]] = {}
        self._mandates: dict[bytes, dict[bytes, list[Came]]] = {}
        """By mandate and signer: where the signature came."""

    def told(self, came: Came, office: bytes, version: int) -> None:
        """An entry told of an office's roster, and so of those before it."""
        line, writer, place = came
        self._told.setdefault((line, writer, office), []).append((place, version))

    def signed(
        self, made: Act | Note, what: bytes, signers: tuple[bytes, ...], office: Office, where: str
    ) -> None:
        """A verified act or note: kept where any later roster does not list who signed it."""
        then = office.roster_at(made.roster)
        if then is None or made.roster >= office.roster.version:
            return
        if any(out_by(each, then, made, signers) for each in office.rosters[then.version :]):
            self._signed.setdefault(what, Signature(what, made, signers, where))

    def came(self, what: bytes, came: Came) -> None:
        """By which entry an act came; those of notes are known as what passed."""
        if what in self._signed:
            self._came.setdefault(what, []).append(came)

    def mandate(self, mandate: bytes, signers: tuple[bytes, ...], came: Came) -> None:
        """A mandate came, with these signatures."""
        known = self._mandates.setdefault(mandate, {})
        for each in signers:
            known.setdefault(each, []).append(came)

    # --- once everything is there ---------------------------------------------------------------------

    def check(self, account: Account, authors: Authors) -> Iterator[Finding]:
        """Every act, note and mandate whose signer had left by then, with nothing of his office that clears it."""
        if not self._told:
            return
        order = _Order(account)
        late: dict[bytes, tuple[Signature, Roster, tuple[bytes, ...]]] = {}
        for what, signature in self._signed.items():
            known = self._known_by(order, signature.made.author, self._ways(account, what))
            office = account.offices[signature.made.author]
            then, since = office.roster_at(signature.made.roster), office.roster_at(known)
            if then is None or since is None or known <= signature.made.roster:
                continue
            out = out_by(since, then, signature.made, signature.signers)
            if out:
                late[what] = signature, since, out
        self._clear(account, authors, late)
        for signature, since, out in sorted(late.values(), key=lambda each: each[0].where):
            yield _finding(account, signature, since, out)
        yield from self._check_mandates(account, authors, order, late.keys())

    def _ways(self, account: Account, what: bytes) -> list[Came]:
        note = account.notes.get(what)
        if note is None:
            return self._came.get(what, [])
        return [
            (each.carriage.line, each.writer, each.carriage.place)
            for each in note.passed
            if each.reader == account.manifest.office
        ]

    def _known_by(self, order: _Order, author: bytes, ways: list[Came]) -> int:
        """The newest roster of an author that the same writer had told before it brought something; 0 for none."""
        if not ways or any(writer == author for _, writer, _ in ways):
            return 0  # made here, or brought by the author's own desk, which lets nobody sign who is out
        line, writer, first = min(ways, key=lambda way: (way[0], order.of(way)))
        place = order.of((line, writer, first))
        return order.newest((line, writer, author), self._told.get((line, writer, author), []), place)

    def _clear(
        self,
        account: Account,
        authors: Authors,
        late: dict[bytes, tuple[Signature, Roster, tuple[bytes, ...]]],
    ) -> None:
        """Leave out what its own office stands by: by the next link of the chain, or by an act about it."""
        stand_by: dict[bytes, list[bytes]] = {}
        """What each link or act names: whatever stands by it stands by these."""
        sound: list[bytes] = []
        """What is not late itself, or no more, and whose names are yet to be cleared."""

        def stands(by: bytes, what: bytes) -> None:
            stand_by.setdefault(by, []).append(what)
            if by not in late:
                sound.append(by)

        chains = {each: _chain(signature) for each, (signature, _, _) in late.items()}
        for chain in set(chains.values()):
            for link in authors.get(chain, []):
                if link.previous is not None and chains.get(link.previous) == chain:
                    stands(link.id, link.previous)
        for signature, _, _ in late.values():
            for kept in account.about.get(signature.id, []):
                if kept.act.author == signature.made.author and kept.act.type != ActType.ALTERED:
                    stands(kept.id, signature.id)
        while sound:
            sound += [what for what in stand_by.pop(sound.pop(), ()) if late.pop(what, None) is not None]

    def _check_mandates(
        self, account: Account, authors: Authors, order: _Order, late: Collection[bytes]
    ) -> Iterator[Finding]:
        own: dict[tuple[bytes, bytes], bool] = {}
        """By mandate and author: whether all that it says under it is late."""
        for (mandate, _, author), links in authors.items():
            all_late = all(link.id in late for link in links)
            own[mandate, author] = own.get((mandate, author), True) and all_late
        for mandate, signers in sorted(self._mandates.items()):
            folder, agreement = account.agreements[mandate]
            for office, pin, keeps in keepers_signed(agreement):
                came = [way for signer in keeps for way in signers.get(signer, [])]
                if office == account.manifest.office or not came:
                    continue
                credential = agreement.offices[office]
                known = self._known_by(order, office, came)
                since = credential.roster_at(known)
                if since is None or known <= pin or any(since.rights(each) & Right.KEYS for each in keeps):
                    continue
                if own.get((mandate, office), True):
                    who = ", ".join(name for each in keeps if (name := name_of(credential, each)))
                    yield Finding(
                        f"{folder}/mandate.cbor",
                        Flaw.OLDER_ROSTER,
                        f"the signature of somebody who keeps keys by roster {known} of {account.name(office)}, which"
                        " was here first",
                        f"only {who} signed it for {account.name(office)}, by an older roster, and nothing of"
                        f" {account.name(office)} stands under it",
                    )


def _chain(signature: Signature) -> tuple[bytes, bytes, bytes]:
    made = signature.made
    return made.mandate, made.lane, made.author


def keepers_signed(agreement: Agreement) -> Iterator[tuple[bytes, int, list[bytes]]]:
    """Of each office with a desk: the version that the mandate pins, and which of its keepers have signed."""
    for _, office, pin, paper in agreement.mandate.offices:
        if not paper:
            credential = agreement.offices[office]
            version = next(at for at, each in enumerate(credential.signed) if each.id == pin)
            keeps = keepers(credential, pin)
            yield office, version, [each for each in agreement.signed.signers if each in keeps]


def name_of(office: Office, key: bytes) -> str:
    """Under which name the newest roster that lists a key shows it; "the desk" for the desk's."""
    for roster in reversed(office.rosters):
        if roster.desk == key:
            return "the desk"
        name = roster.pseudonym(key)
        if name is not None:
            return name
    return key[:8].hex()


def _finding(account: Account, signature: Signature, since: Roster, out: tuple[bytes, ...]) -> Finding:
    author = account.name(signature.made.author)
    who = ", ".join(name_of(account.offices[signature.made.author], each) for each in out)
    return Finding(
        signature.where,
        Flaw.OLDER_ROSTER,
        f"somebody who may sign this by roster {since.version} of {author}, which was here first",
        f"{who} signed it by roster {signature.made.roster}, and nothing of {author} that came since stands by it",
    )


class _Order:
    """In which order a writer wrote its entries: by incarnation, each beginning where another ended, and number."""

    def __init__(self, account: Account) -> None:
        self._lines = account.lines
        self._ranks: dict[tuple[bytes, bytes], dict[bytes, int]] = {}
        self._newest: dict[tuple[bytes, bytes, bytes], tuple[list[tuple[int, int]], list[int]]] = {}
        """By line, writer and office: places at which its rosters were told, and the newest told up to each."""

    def newest(
        self, way: tuple[bytes, bytes, bytes], told: list[tuple[Place, int]], place: tuple[int, int]
    ) -> int:
        """The newest of an office's rosters that was told before a place; 0 for none."""
        if way not in self._newest:
            line, writer, _ = way
            there = sorted((self.of((line, writer, at)), version) for at, version in told)
            newest = list(accumulate((version for _, version in there), max))
            self._newest[way] = [at for at, _ in there], newest
        places, versions = self._newest[way]
        before = bisect_left(places, place)
        return versions[before - 1] if before else 0

    def of(self, came: Came) -> tuple[int, int]:
        """Where an entry stands among its writer's on its line."""
        line, writer, (incarnation, number, _) = came
        if (line, writer) not in self._ranks:
            self._ranks[line, writer] = _ranks(self._lines[line], self._lines[line].links[writer])
        return self._ranks[line, writer].get(incarnation, 0), number


def _ranks(line: KeptLine, links: Links) -> dict[bytes, int]:
    """How many incarnations stand before each of a writer's."""
    after = {
        incarnation: link.opens[0]
        for incarnation, run in links.runs.items()
        for link in links.beginnings(run)
        if link.opens is not None and link.opens[0] != incarnation
    }
    ranks: dict[bytes, int] = {}
    for incarnation in links.runs:
        way = {incarnation: None}
        at = incarnation
        while (before := after.get(at)) is not None and before not in ranks and before not in way:
            way[before] = None
            at = before
        rank = ranks[before] + 1 if before is not None and before in ranks else 0
        for each in reversed(way):
            ranks[each] = rank
            rank += 1
    return ranks
