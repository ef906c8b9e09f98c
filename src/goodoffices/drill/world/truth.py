# SPDX-License-Identifier: Apache-2.0
"""What honest offices really wrote and signed in a simulated world, and what a dishonest one must not make of it.

An office's disk may go back to an old copy, and its roster may change. So what it ever committed as its own is
remembered here as it does so, and everything signed is held against the roster that it states, as the root
signed that: it lies with the root whatever becomes of any desk.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

from goodoffices.core import crypto
from goodoffices.core.act import CHANNEL_LANE, HOME_LANE, Act, ActType
from goodoffices.core.errors import GoodOfficesError, OtherOfficeError
from goodoffices.core.line import EntryKind, Item, read_items
from goodoffices.core.note import verify_release
from goodoffices.core.office import Office, Right, Roster
from goodoffices.core.sealed import open_sealed, read_sealed
from goodoffices.core.statement import read_signed
from goodoffices.desk.founding import reading_seeds
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.drill.world.checks import need, text_of
from goodoffices.drill.world.hostile import Crook
from goodoffices.drill.world.parts import SimOffice
from goodoffices.drill.world.world import World


@dataclass
class Truth:
    """What each office ever had on its disk as its own, also what it has lost since."""

    acts: defaultdict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """By office: IDs of its acts."""
    forms: set[bytes] = field(default_factory=set)
    """SHA-256 of every form in which an author sealed a note of its own."""
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> Truth:
        """Follow every office of a world from now on."""
        truth = cls()
        world.after_visit.append(truth.look)
        world.before_loss.append(truth.look)
        world.after_loss.append(truth.forget)
        for office in world.offices:
            truth.look(office)
        return truth

    def forget(self, office: SimOffice) -> None:
        """Its disk was put back: places in its tables mean others now. What it had committed stays true."""
        self._seen.pop(office.name, None)

    def look(self, office: SimOffice) -> None:
        """Remember what is new on an office's disk."""
        acts, copies = self._seen.get(office.name, (0, 0))
        raw = office.disk.raw
        newest = raw.execute(
            "SELECT coalesce((SELECT max(position) FROM act), 0), coalesce((SELECT max(position) FROM copy), 0)"
        ).fetchone()
        if newest == (acts, copies):
            return
        own = raw.execute("SELECT id FROM act WHERE position>? AND author=?", (acts, office.id))
        self.acts[office.id] |= {bytes(row[0]) for row in own}
        sealed = raw.execute(
            "SELECT digest FROM copy JOIN note ON note.id=copy.note WHERE copy.position>? AND author=?",
            (copies, office.id),
        )
        self.forms |= {bytes(row[0]) for row in sealed}
        self._seen[office.name] = newest


def credential(office: SimOffice) -> Office:
    """An office's credential as its root signed it last."""
    return office.at_the_root or office.founding.office


def check_hostile(world: World, crook: Crook, truth: Truth) -> None:
    """What no dishonest intermediary may bring about, and what it cannot keep from arriving."""
    parties = world.offices[0], world.offices[-1]
    for party in parties:
        ledger = Ledger(party.disk)
        for mandate in world.mandates:
            for note in ledger.notes(mandate):
                words = text_of(party, note)
                if words is not None:
                    wrote = world.notes.get(note.id)
                    need(wrote is not None, f"{party.name} shows a note that nobody released")
                    assert wrote is not None
                    need(
                        wrote.draft.words.text == words, f"{party.name} shows words that are not the author's"
                    )
                if note.author != party.id:
                    _check_copies(party, ledger, crook, note.id)
        _check_acts(world, party, {each.id for each in parties} - {party.id}, truth, crook)
        _check_old_rosters(party, crook)
        caucus = party.disk.raw.execute("SELECT lane FROM note").fetchall()
        need(
            all(lane[0] in (CHANNEL_LANE, party.id) for lane in caucus),
            f"{party.name} holds another's caucus note",
        )
        _check_passed_on(party, ledger, crook, truth)
        _check_handed_in(world, party, crook.office)


def _check_acts(world: World, party: SimOffice, far: set[bytes], truth: Truth, crook: Crook) -> None:
    """Everybody's acts are his own, by the roster that they state; none is of the other party's caucus."""
    offices = {each.id: each for each in world.offices}
    for act_id, author, lane, raw in party.disk.raw.execute("SELECT id, author, lane, signed FROM act"):
        signed = read_signed(bytes(raw))
        act, name = signed.statement.read(Act), offices[author].name
        if author in far | {party.id}:
            need(
                bytes(act_id) in truth.acts[author] | crook.by_old_rosters,
                f"{party.name} holds an act of {name} that its author never signed",
            )
        need(lane not in far, f"{party.name} holds an act of the other party's caucus")
        signed.verify()
        roster = credential(offices[author]).roster_at(act.roster)
        need(roster is not None, f"{party.name} holds an act by a roster that {name}'s root never signed")
        assert roster is not None
        entitled = {roster.desk, *(public for _, public, _ in roster.officers)}
        need(set(signed.signers) <= entitled, f"{party.name} holds an act of {name} by somebody who was out")


def _check_old_rosters(party: SimOffice, crook: Crook) -> None:
    """What somebody who had left made by a roster of before is marked, where the newer one had been told before it."""
    raw = party.disk.raw
    marked = {bytes(row[0]) for row in raw.execute("SELECT id FROM signer_left")}
    here = {bytes(row[0]) for row in raw.execute("SELECT id FROM act")} & crook.by_old_rosters
    told: dict[tuple[bytes, bytes], Roster] = {}
    for incarnation, body in raw.execute(
        "SELECT incarnation, body FROM entry WHERE writer=? ORDER BY incarnation, number", (crook.office.id,)
    ):
        with suppress(OtherOfficeError):
            fresh: dict[tuple[bytes, bytes], Roster] = {}  # beside it is not before it
            for item in read_items(bytes(body)):
                if item[0] == Item.NEXT_ROSTER:
                    roster = read_signed(item[1]).statement.read(Roster)
                    place = bytes(incarnation), roster.office
                    fresh[place] = max(roster, told.get(place, roster), key=lambda each: each.version)
                elif item[0] == Item.ACT and (signed := read_signed(item[1])).id in here - marked:
                    known = told.get((bytes(incarnation), signed.statement.read(Act).author))
                    may = known is None or any(known.rights(each) & Right.DUTY for each in signed.signers)
                    need(may, f"{party.name} does not mark what is by an older roster")
            told |= fresh


def _held(party: SimOffice) -> dict[int, bytes]:
    return reading_seeds(Ledger(party.disk), party.founding.reading_key)


def _used_up(party: SimOffice, chain: bytes, number: int) -> bool:
    """Whether a key of a chain is not on the disk: its secret was lost, or it was used and destroyed."""
    row = party.disk.raw.execute("SELECT next, state FROM thin_chain WHERE id=?", (chain,)).fetchone()
    if row is None or row[1] is None:
        return True
    skipped = party.disk.raw.execute(
        "SELECT 1 FROM thin_skipped WHERE chain=? AND number=?", (chain, number)
    ).fetchone()
    return number < row[0] and skipped is None


def _check_copies(party: SimOffice, ledger: Ledger, crook: Crook, note: bytes) -> None:
    """Each form of a note that is not its author's is called altered, and each that is called his is his."""
    carrier = f"It was passed to this desk by {crook.office.name}."
    found = [what for _, _, entry, _, what, _ in ledger.findings() if entry == note]
    used = {
        read_sealed(bytes(each)).chain
        for (each,) in party.disk.raw.execute("SELECT sealed FROM copy WHERE state='verified'")
    } - {None}
    seeds = _held(party)
    for digest, raw, _, verdict in ledger.copies(note):
        sealed = read_sealed(raw)
        epochs = {epoch for reader, epoch, _ in sealed.wraps if reader == party.id}
        if digest in crook.altered:
            # Under a key that is not here (any more) nobody can tell: its author is asked.
            chain = sealed.chain
            gone = (
                chain in used or _used_up(party, *chain)
                if chain is not None
                else bool(epochs) and not epochs <= seeds.keys()
            )
            untold = verdict == "unopened" and gone
            need(
                verdict == "altered" or untold,
                f"{party.name} did not name an altered copy: it calls it {verdict}",
            )
            need(
                untold or any(carrier in what for what in found),
                f"{party.name} does not say who carried an altered note",
            )
        elif verdict == "verified" and sealed.chain is None and epochs <= seeds.keys():
            opened = open_sealed(sealed, party.founding.office.realm, party.id, seeds)
            author = next(each for each in crook.world.offices if each.id == opened.note.author)
            try:
                verify_release(opened, credential(author))
            except GoodOfficesError as error:
                need(False, f"{party.name} calls verified what is not: {error}")


def _check_passed_on(party: SimOffice, ledger: Ledger, crook: Crook, truth: Truth) -> None:
    """A note that the crook did hand over as its author sealed it is shown, whatever else it handed over."""
    seeds = _held(party)
    rows = party.disk.raw.execute(
        "SELECT id FROM entry WHERE writer=? AND kind=?", (crook.office.id, int(EntryKind.ACTS))
    ).fetchall()
    for (entry,) in rows:
        carried = ledger.entry(bytes(entry))
        for item in carried.items if carried is not None else ():
            if item[0] not in (Item.NOTE, Item.RESEALED) or crypto.sha256(item[1]) not in truth.forms:
                continue
            sealed = read_sealed(item[1])
            epochs = {epoch for reader, epoch, _ in sealed.wraps if reader == party.id}
            if sealed.header.recipient != party.id or sealed.chain is not None or not epochs <= seeds.keys():
                continue
            note = ledger.note(sealed.header.note)
            state = note.state if note is not None else "lost"
            need(
                state == "verified",
                f"{party.name} was handed note {sealed.header.number} as it was written, and it is {state} there",
            )


def _check_handed_in(world: World, party: SimOffice, post: SimOffice) -> None:
    """What a party released and signed is at the next office, dishonest as that is: its desk took it."""
    theirs = {bytes(row[0]) for row in post.disk.raw.execute("SELECT id FROM note UNION SELECT id FROM act")}
    own = {bytes(row[0]) for row in party.disk.raw.execute("SELECT id FROM note WHERE author=?", (party.id,))}
    for released in world.notes.values():
        if released.author is party and released.id in own and released.draft.mandate != world.paper:
            label = f"note {released.draft.words.text.split('.')[0]} of {party.name}"
            need(released.id in theirs, f"{label} is lost between {party.name} and {post.name}")
    if party.restored or post.restored:
        return  # an act may outlive its note, or its carrier's memory of it
    for act_id, lane, kind, subject in party.disk.raw.execute(
        "SELECT id, lane, type, subject FROM act WHERE author=?", (party.id,)
    ):
        if lane == HOME_LANE or (subject is not None and bytes(subject) not in theirs):
            continue
        need(
            bytes(act_id) in theirs,
            f"{party.name}'s act {ActType(kind).name} has not come to {post.name}",
        )
