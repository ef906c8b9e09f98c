# SPDX-License-Identifier: Apache-2.0
"""The simulated world's dishonest intermediary: everything that its position and its keys let it try.

Its desk is the real one but for one place: what it owes to the other side goes through its crook first.
What must hold then is in ``truth``: no reader is ever shown words as the author's that the author did not
write, an altered note is named as such together with who carried it, and what is not meant for an office
is not kept there, whoever hands it over.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

from goodoffices.core import cbor, crypto, envelope
from goodoffices.core.act import Act, ActType
from goodoffices.core.line import Item
from goodoffices.core.note import Leaf, OpenNote
from goodoffices.core.office import Right, sealing_key
from goodoffices.core.sealed import open_sealed, read_sealed, seal_note
from goodoffices.core.statement import read_signed, sign, state
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import Ledger, LineRow
from goodoffices.drill.world.parts import SimOffice
from goodoffices.drill.world.world import World

TRICKS = ("flip", "reword", "forge", "swap", "header", "drop", "twice", "none")
"""What becomes of a note that is owed."""
ALSO = ("sealed anew", "late roster", "out")
"""What there is to try besides, once rosters change or vaults go back: with notes that come sealed anew, with
others' rosters, and with the keys of its own officers who are out."""


class CrookedLedger(Ledger):
    """What the crook's desk believes to be its ledger: notes that it owes pass through ``crook``."""

    crook: Crook

    def owe(self, line: bytes, item: tuple[Any, ...], *, urgent: int = 0) -> None:
        """See Ledger; a note may be changed, doubled or dropped."""
        for each in self.crook.items(line, item):
            super().owe(line, each, urgent=urgent)


class Crook:
    """The officers and the machine of a dishonest intermediary between two parties."""

    def __init__(
        self, world: World, office: SimOffice, tricks: tuple[str, ...] = TRICKS, also: tuple[str, ...] = ()
    ) -> None:
        self._repertory = tricks
        self._also = also
        self.world = world
        self.office = office
        self.rng = Random(world.rng.getrandbits(64))
        self.tricks: Counter[str] = Counter()
        self.altered: list[bytes] = []
        """SHA-256 of every sealed form that is not the author's."""
        self.by_old_rosters: set[bytes] = set()
        """Acts in a party's name by somebody who had left it, by a roster that listed him."""
        self._seen: list[bytes] = []
        self._kept_back: list[tuple[bytes, tuple[Any, ...]]] = []
        """(line, item) of rosters to be handed over: those that others should have had by now, and any before."""
        self._rosters: list[tuple[bytes, tuple[Any, ...]]] = []

    def install(self) -> None:
        """Make the desk's ledger the crook's, now and after each start: one stands under all parts of a desk."""
        self._turn(self.office)
        self.world.at_start.append(self._turn)
        self.world.after_loss.append(self._forget)

    def _turn(self, office: SimOffice) -> None:
        if office is not self.office:
            return
        assert office.desk is not None
        ledger = office.desk.ledger
        ledger.__class__ = CrookedLedger
        assert isinstance(ledger, CrookedLedger)
        ledger.crook = self

    def _forget(self, office: SimOffice) -> None:
        """Its own vault went back: what it had handed over by then is to be handed over once more."""
        if office is self.office:
            self._kept_back = [*self._rosters]

    def items(self, line: bytes, item: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """What goes out instead of an honest item."""
        kind, raw = item[0], item[1]
        if kind == Item.NEXT_ROSTER and "late roster" in self._also:
            self._rosters.append((line, item))
            if self.rng.random() < 0.5:
                self.tricks["late roster"] += 1
                # One that goes before may share its entry with what waits for this one, and neither would be taken.
                self._kept_back = [*self._rosters]
                return []
        if kind != Item.NOTE and not (kind == Item.RESEALED and "sealed anew" in self._also):
            return [item]
        trick = self.rng.choice(self._repertory)
        changed = self._play(trick, raw)
        self.tricks[trick] += 1
        self._seen.append(raw)
        for each in changed:
            if each not in self._seen:
                self.altered.append(crypto.sha256(each))
        return [(kind, each) for each in changed]

    def _play(self, trick: str, raw: bytes) -> list[bytes]:
        match trick:
            case "flip":
                return [self._flip(raw)]
            case "reword":
                return [self._reword(raw)]
            case "forge":
                return [self._forge(raw)]
            case "swap" if self._seen:
                return [self._swap(raw, self.rng.choice(self._seen))]
            case "header":
                return [self._header(raw)]
            case "drop":
                return []
            case "twice":
                return [raw, self._reword(raw)]
            case _:
                return [raw]

    def _flip(self, raw: bytes) -> bytes:
        suite, header, wraps, ciphertext = cbor.decode(raw)
        at = self.rng.randrange(len(ciphertext))
        changed = ciphertext[:at] + bytes([ciphertext[at] ^ 1]) + ciphertext[at + 1 :]
        return cbor.encode([suite, header, wraps, changed])

    def _open(self, raw: bytes) -> OpenNote | None:
        desk = self.office.desk
        sealed = read_sealed(raw)
        if desk is None or self.office.id not in sealed.readers() or sealed.chain is not None:
            return None  # from a chain's key, which is gone once it was used
        if all(
            epoch not in desk.context.reading for reader, epoch, _ in sealed.wraps if reader == self.office.id
        ):
            return None  # its machine came up and is locked, or a backup lacked the key
        return open_sealed(sealed, desk.context.keys.realm, self.office.id, desk.context.reading)

    def _seal(self, opened: OpenNote, raw: bytes) -> bytes:
        """Seal to the readers whose keys the crook knows, as an author would."""
        assert self.office.desk is not None
        reader = self.office.desk.ledger.office(read_sealed(raw).header.recipient)
        assert reader is not None
        epoch, public = sealing_key(reader.reading_epochs, self.world.now(self.office))
        return seal_note(opened, ((reader.id, epoch, public),), self.rng.randbytes(32)).raw

    def _reword(self, raw: bytes) -> bytes:
        opened = self._open(raw)
        if opened is None:
            return self._flip(raw)
        leaves = tuple(
            (label, "We accept everything." if label == Leaf.PARAGRAPH else value)
            for label, value in opened.leaves
        )
        return self._seal(OpenNote(opened.signed, opened.seed, leaves), raw)

    def _forge(self, raw: bytes) -> bytes:
        """A note of the author's in every field, signed by the crook's own officer."""
        opened = self._open(raw)
        if opened is None:
            return self._flip(raw)
        note = replace(opened.note, number=opened.note.number + self.rng.randint(0, 1), precedence=4)
        signed = sign(state(note, opened.signed.statement.realm), self.office.officer.seed)
        return self._seal(OpenNote(signed, opened.seed, opened.leaves), raw)

    @staticmethod
    def _swap(raw: bytes, other: bytes) -> bytes:
        suite, header, _, _ = cbor.decode(raw)
        _, _, wraps, ciphertext = cbor.decode(other)
        return cbor.encode([suite, header, wraps, ciphertext])

    @staticmethod
    def _header(raw: bytes) -> bytes:
        suite, header, wraps, ciphertext = cbor.decode(raw)
        fields = dict(cbor.decode(header))
        fields[6] = 1 if fields[6] == 4 else 4
        return cbor.encode([suite, cbor.encode(fields), wraps, ciphertext])

    # --- beside notes -----------------------------------------------------------------------------------

    def meddle(self) -> None:
        """Leak a caucus, send a line's entries down another, sign for somebody else."""
        self.world.visit(self.office, "meddles", self._meddle)
        if self._kept_back and self.rng.random() < 0.5:
            self.relent()

    def relent(self, *, for_good: bool = False) -> None:
        """Hand over the rosters that were kept back. ``for_good``: and keep none back any more."""
        if for_good:
            self._also = tuple(each for each in self._also if each != "late roster")
        if self._kept_back:
            self.world.visit(self.office, "hands over what it kept back", self._hand_over)

    def _hand_over(self, desk: Desk) -> None:
        while self._kept_back:
            line, item = self._kept_back[0]
            # Each in an entry of its own: two that wait for one between them, in one entry, would never be taken.
            with desk.context.transaction():
                desk.lines.flush_all(self.world.now(self.office))
                Ledger.owe(desk.ledger, line, item)
                desk.lines.flush_all(self.world.now(self.office))
            self._kept_back.pop(0)

    def _meddle(self, desk: Desk) -> None:
        now = self.world.now(self.office)
        lines = desk.ledger.lines()
        one, other = self.rng.sample(lines, 2)
        writer = self.rng.choice((one.peer, self.office.id))
        rows = desk.ledger.db.execute(
            "SELECT id FROM entry WHERE line=? AND writer=?", (one.id, writer)
        ).fetchall()
        carried = desk.ledger.entry(bytes(self.rng.choice(rows)[0]))
        acts = desk.ledger.db.execute("SELECT signed FROM act WHERE lane=?", (one.peer,)).fetchall()
        copies = desk.ledger.db.execute(
            "SELECT sealed FROM copy JOIN note ON note.id=copy.note WHERE lane=?", (one.peer,)
        ).fetchall()
        with desk.context.transaction():
            if carried is not None:
                self.tricks["stray entry"] += 1
                self._send(desk, other, envelope.entry_part(carried), now)
            if acts:
                self.tricks["leaked act"] += 1
                desk.ledger.owe(other.id, (Item.ACT, bytes(self.rng.choice(acts)[0])))
            if copies:
                self.tricks["leaked note"] += 1
                desk.ledger.owe(other.id, (Item.NOTE, bytes(self.rng.choice(copies)[0])))
            desk.ledger.owe(one.id, (Item.ACT, self._act_of(desk, other.peer, one.peer, now)))
            if "out" in self._also:
                if (act := self._by_somebody_out(desk, one.peer, now)) is not None:
                    desk.ledger.owe(one.id, (Item.ACT, act))
                if (act := self._by_the_old_roster(desk, other.peer, one.peer, now)) is not None:
                    desk.ledger.owe(one.id, (Item.ACT, act))
            desk.lines.flush_all(now)

    def _by_the_old_roster(self, desk: Desk, author: bytes, reader: bytes, now: int) -> bytes | None:
        """*Opened*, in the far party's name, by somebody who has left it, by the newest roster that listed him."""
        known = desk.ledger.office(author)
        assert known is not None
        far = next(each for each in self.world.offices if each.id == author)
        for officer in far.everybody:
            listed = [each.version for each in known.rosters if each.rights(officer.public) & Right.DUTY]
            if listed and listed[-1] < known.roster.version:
                self.tricks["act by the roster of before"] += 1
                raw = self._opened(desk, author, reader, listed[-1], officer, now)
                self.by_old_rosters.add(read_signed(raw).id)
                return raw
        return None

    def _send(self, desk: Desk, line: LineRow, part: tuple[Any, ...], now: int) -> None:
        peer = desk.ledger.office(line.peer)
        assert peer is not None
        _, public = sealing_key(peer.envelope_epochs, now)
        sealed = envelope.pack([part], realm=desk.context.keys.realm, line=line.id, public=public)
        desk.lines.sending.add(line.id, sealed, [], desk.ledger.routes(line.id, own=False), now=now)

    def _act_of(self, desk: Desk, author: bytes, reader: bytes, now: int) -> bytes:
        """*Opened*, in the far party's name, signed by the crook."""
        far = desk.ledger.office(author)
        assert far is not None
        self.tricks["forged act"] += 1
        return self._opened(desk, author, reader, far.roster.version, self.office.officer, now)

    def _by_somebody_out(self, desk: Desk, reader: bytes, now: int) -> bytes | None:
        """*Opened*, in the crook's own name, signed by an officer whom its roster lists no more."""
        roster = desk.context.my_office().roster
        out = [each for each in self.office.everybody if not roster.rights(each.public)]
        if not out:
            return None
        self.tricks["act of somebody out"] += 1
        return self._opened(desk, self.office.id, reader, roster.version, self.rng.choice(out), now)

    def _opened(
        self, desk: Desk, author: bytes, reader: bytes, roster: int, signer: Officer, now: int
    ) -> bytes:
        notes = [note.id for note in self.world.notes.values() if note.author.id == reader]
        act = Act(
            mandate=self.world.mandates[0],
            author=author,
            recipient=reader,
            lane=bytes(32),
            incarnation=self.rng.randbytes(16),
            sequence=1,
            roster=roster,
            proof=1,
            time=(now, 0),
            type=int(ActType.OPENED),
            subject=self.rng.choice(notes) if notes else None,
        )
        return sign(state(act, desk.context.keys.realm), signer.seed).raw
