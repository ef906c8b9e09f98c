# SPDX-License-Identifier: Apache-2.0
"""The simulated world's dishonest intermediary: everything that its position and its keys let it try.

Its desk is the real one but for one place: what it owes to the other side goes through its crook first.
What must hold then is in ``check_hostile``: no reader is ever shown words as the author's that the
author did not write, an altered note is named as such together with who carried it, and what is not
meant for an office is not kept there, whoever hands it over.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

from goodoffices.core import cbor, crypto, envelope
from goodoffices.core.act import Act, ActType
from goodoffices.core.errors import OtherOfficeError
from goodoffices.core.line import Item
from goodoffices.core.note import Leaf, OpenNote, verify_release
from goodoffices.core.office import sealing_key
from goodoffices.core.sealed import open_sealed, read_sealed, seal_note
from goodoffices.core.statement import read_signed, sign, state
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import Ledger, LineRow
from goodoffices.drill.world.checks import need, text_of
from goodoffices.drill.world.parts import SimOffice
from goodoffices.drill.world.world import World

TRICKS = ("flip", "reword", "forge", "swap", "header", "drop", "twice", "none")


class CrookedLedger(Ledger):
    """What the crook's desk believes to be its ledger: notes that it owes pass through ``crook``."""

    crook: Crook

    def owe(self, line: bytes, item: tuple[Any, ...], *, urgent: int = 0) -> None:
        """See Ledger; a note may be changed, doubled or dropped."""
        items = self.crook.items(item) if item[0] == Item.NOTE else [item]
        for each in items:
            super().owe(line, each, urgent=urgent)


class Crook:
    """The officers and the machine of a dishonest intermediary between two parties."""

    def __init__(self, world: World, office: SimOffice, tricks: tuple[str, ...] = TRICKS) -> None:
        self._repertory = tricks
        self.world = world
        self.office = office
        self.rng = Random(world.rng.getrandbits(64))
        self.tricks: Counter[str] = Counter()
        self.altered: list[bytes] = []
        """SHA-256 of every sealed form that is not the author's."""
        self._seen: list[bytes] = []

    def install(self) -> None:
        """Make the desk's ledger the crook's: one ledger stands under all parts of a desk."""
        desk = self.office.desk
        assert desk is not None
        ledger = desk.ledger
        ledger.__class__ = CrookedLedger
        assert isinstance(ledger, CrookedLedger)
        ledger.crook = self

    def items(self, item: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """What goes out instead of an honest item."""
        raw = item[1]
        trick = self.rng.choice(self._repertory)
        changed = self._play(trick, raw)
        self.tricks[trick] += 1
        self._seen.append(raw)
        for each in changed:
            if each not in self._seen:
                self.altered.append(crypto.sha256(each))
        return [(Item.NOTE, each) for each in changed]

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
        return open_sealed(sealed, desk.context.keys.realm, self.office.id, desk.context.reading)

    def _seal(self, opened: OpenNote, raw: bytes) -> bytes:
        """Seal to the readers whose keys the crook knows, as an author would."""
        reader = next(each for each in self.world.offices if each.id == read_sealed(raw).header.recipient)
        epochs = reader.founding.office.roster.reading_epochs
        epoch, public = sealing_key(epochs, self.world.now(self.office))
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
            desk.lines.flush_all(now)

    def _send(self, desk: Desk, line: LineRow, part: tuple[Any, ...], now: int) -> None:
        peer = next(each for each in self.world.offices if each.id == line.peer)
        _, public = sealing_key(peer.founding.office.roster.envelope_epochs, now)
        sealed = envelope.pack([part], realm=desk.context.keys.realm, line=line.id, public=public)
        desk.lines.sending.add(line.id, sealed, [], desk.ledger.routes(line.id, own=False), now=now)

    def _act_of(self, desk: Desk, author: bytes, reader: bytes, now: int) -> bytes:
        """*Opened*, in the far party's name, signed by the crook."""
        notes = [note.id for note in self.world.notes.values() if note.author.id == reader]
        act = Act(
            mandate=self.world.mandates[0],
            author=author,
            recipient=reader,
            lane=bytes(32),
            incarnation=self.rng.randbytes(16),
            sequence=1,
            roster=1,
            proof=1,
            time=(now, 0),
            type=int(ActType.OPENED),
            subject=self.rng.choice(notes) if notes else None,
        )
        self.tricks["forged act"] += 1
        return sign(state(act, desk.context.keys.realm), self.office.officer.seed).raw


def check_hostile(world: World, crook: Crook) -> None:
    """What no dishonest intermediary may bring about."""
    parties = world.offices[0], world.offices[-1]
    carrier = f"It was passed to this desk by {crook.office.name}."
    own = {party.id: _own_acts(party) for party in parties}
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
                    _check_copies(party, ledger, crook, note.id, carrier)
        for act_id, author, lane, signed in party.disk.raw.execute(
            "SELECT id, author, lane, signed FROM act"
        ):
            if author in own:
                need(bytes(act_id) in own[author], f"{party.name} holds an act that its author never signed")
            far = {each.id for each in parties} - {party.id}
            need(lane not in far, f"{party.name} holds an act of the other party's caucus")
            read_signed(bytes(signed)).verify()
        caucus = party.disk.raw.execute("SELECT lane FROM note").fetchall()
        need(
            all(lane[0] in (bytes(32), party.id) for lane in caucus),
            f"{party.name} holds another's caucus note",
        )


def _own_acts(party: SimOffice) -> set[bytes]:
    rows = party.disk.raw.execute("SELECT id FROM act WHERE author=?", (party.id,))
    return {bytes(row[0]) for row in rows}


def _check_copies(party: SimOffice, ledger: Ledger, crook: Crook, note: bytes, carrier: str) -> None:
    found = [what for _, _, entry, _, what, _ in ledger.findings() if entry == note]
    used = {
        read_sealed(bytes(each)).chain
        for (each,) in party.disk.raw.execute("SELECT sealed FROM copy WHERE state='verified'")
    } - {None}
    held = {bytes(each) for (each,) in party.disk.raw.execute("SELECT id FROM thin_chain")}
    for digest, raw, _, verdict in ledger.copies(note):
        if digest in crook.altered:
            # Under a key that is not here (any more) nobody can tell: its author is asked.
            chain = read_sealed(raw).chain
            spent = verdict == "unopened" and chain is not None and (chain in used or chain[0] not in held)
            need(
                verdict == "altered" or spent,
                f"{party.name} did not name an altered copy: it calls it {verdict}",
            )
            need(
                spent or any(carrier in what for what in found),
                f"{party.name} does not say who carried an altered note",
            )
        elif verdict == "verified" and read_sealed(raw).chain is None:
            opened = open_sealed(
                read_sealed(raw), party.founding.office.realm, party.id, party.founding.reading_seeds
            )
            author = next(each for each in crook.world.offices if each.id == opened.note.author)
            try:
                verify_release(opened, author.founding.office)
            except OtherOfficeError as error:
                need(False, f"{party.name} calls verified what is not: {error}")
