# SPDX-License-Identifier: Apache-2.0
"""A channel of three desks in memory, with envelopes carried by hand: something to export and to attack."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from goodoffices.core.mandate import Forwarding, Precedence, Reading, RecordUse
from goodoffices.core.note import Words
from goodoffices.core.record.manifest import LIST, MANIFEST, Manifest, digest, list_files
from goodoffices.core.statement import read_signed, sign, state
from goodoffices.desk.desk import Desk
from goodoffices.desk.export import export
from goodoffices.desk.founding import NewOfficer, keep
from goodoffices.desk.officers.acts import Draft, Terms
from goodoffices.verify.pair import Pair
from goodoffices.verify.verifier import Verdict, verify
from tests import founded

START = 1_578_038_400_000
NAMES = ("Washington", "Bern", "Tehran")
TEXT = "We do not want war.\n\nIf you do not answer, neither shall we.\r\n\r\nاین یادداشت می‌ماند.\n"


class Node:
    """One office with its desk, its officer signed in."""

    def __init__(self, name: str, rng: random.Random, now: int, realm: bytes) -> None:
        self.name = name
        self.db = founded.tables()
        self.founding = founded.office(name, [NewOfficer("duty", "officer 1")], realm, rng, now)
        self.desk = Desk(self.db, self.founding.keys, rng.randbytes)
        with self.desk.context.transaction():
            keep(self.desk.ledger, self.founding, rng.randbytes)
        self.officer = self.founding.officer("duty")
        self.desk.start(now)
        self.desk.unlock(self.founding.reading_key, now)

    @property
    def me(self) -> bytes:
        return self.desk.me


class Channel:
    """Washington, Bern and Tehran, paired and under one mandate."""

    def __init__(
        self,
        *,
        reading: int = Reading.OPEN,
        forwarding: int = Forwarding.BY_HAND,
        seed: int = 1,
        realm: bytes = bytes(16),
        record_use: int = RecordUse.NOT_OUTSIDE,
        compare: bool = True,
        wordings: tuple[bytes, ...] = (),
    ) -> None:
        self.now = START
        rng = self.rng = random.Random(seed)
        self.west, self.middle, self.east = (Node(name, rng, self.now, realm) for name in NAMES)
        self.nodes: tuple[Node, ...] = (self.west, self.middle, self.east)
        self.lines = [self.pair(self.west, self.middle), self.pair(self.middle, self.east)]
        self.join()
        self.pump()
        self.mandate = self.middle.desk.acts.propose(
            self.middle.officer,
            Terms(
                name="The Swiss channel",
                path=(self.west.me, self.middle.me, self.east.me),
                reading=reading,
                forwarding=forwarding,
                record_use=record_use,
                wordings=wordings,
            ),
            self.now,
        )
        self.pump()
        for party in (self.west, self.east):
            party.desk.acts.sign_mandate(party.officer, self.mandate, self.tick())
        self.pump()
        if not compare:
            return
        digits = [
            each.desk.acts.spoken_digits(each.desk.ledger.agreement(self.mandate))[0]
            for each in (self.west, self.east)
        ]
        self.west.desk.acts.compare_mandate(self.west.officer, self.mandate, digits[1], self.tick())
        self.east.desk.acts.compare_mandate(self.east.officer, self.mandate, digits[0], self.tick())
        self.pump()

    def join(self) -> None:
        """Envelopes go to the mailboxes that there are now."""
        self._boxes = {
            route.mailbox: (node, route.line)
            for node in self.nodes
            for route in node.desk.ledger.routes(own=True)
            if route.line is not None
        }

    def restart(self, node: Node) -> None:
        """The desk's process ended and began again; nobody has compared the chains with it yet."""
        node.desk = Desk(node.db, node.founding.keys, self.rng.randbytes)
        node.desk.start(self.tick())
        node.desk.unlock(node.founding.reading_key, self.now)

    def tick(self) -> int:
        self.now += 60_000
        return self.now

    def pair(self, one: Node, other: Node) -> bytes:
        """Pair two offices, as two people at the command line do."""
        first = one.desk.offer(one.officer, ["http://127.0.0.1:1"], self.now)
        second = other.desk.offer(other.officer, ["http://127.0.0.1:1"], self.now)
        line = one.desk.pair(one.officer, second, other.name, self.now)
        assert other.desk.pair(other.officer, first, one.name, self.now) == line
        for here, there in ((one, other), (other, one)):
            heard = there.desk.spoken_digits(there.desk.ledger.line(line)).read_aloud
            here.desk.confirm(here.officer, line, heard, self.now)
        return line

    def pump(self) -> None:
        """Carry envelopes until nobody has anything to send."""
        moved = True
        while moved:
            moved = False
            for node in self.nodes:
                node.desk.settle(self.now)
                for put in node.desk.work(self.now):
                    moved = True
                    self.now += 7
                    reader, line = self._boxes[put.route.mailbox]
                    node.desk.put_accepted(put, self.now)
                    reader.desk.receive(line, put.envelope, self.now)

    def release(
        self,
        author: Node,
        recipient: Node,
        text: str = TEXT,
        reports: tuple[bytes, ...] = (),
        *,
        carried: bool = True,
    ) -> bytes:
        note = author.desk.acts.release(
            author.officer,
            Draft(
                mandate=self.mandate,
                recipient=recipient.me,
                words=Words(text=text, language="en", reports=reports),
                precedence=Precedence.IMMEDIATE,
            ),
            self.tick(),
        )
        if carried:
            self.pump()
        return note

    def week(self) -> None:
        """A note across, answered; one refused; one to the intermediary alone."""
        first = self.release(self.west, self.east)
        if first in {each.id for each in self.middle.desk.ledger.notes(self.mandate)} and not any(
            each.author == self.middle.me and each.type == 3
            for each in self.middle.desk.ledger.acts_about(first)
        ):
            self.middle.desk.acts.forward(
                self.middle.officer, first, self.tick(), remark="With compliments.\nX"
            )
            self.pump()
        self.east.desk.acts.open(self.east.officer, first, self.tick())
        self.east.desk.acts.acknowledge(self.east.officer, first, 2, self.tick())
        self.pump()
        self.release(self.east, self.middle, "To you alone.")
        second = self.release(self.east, self.west, "We heard you.")
        if not any(each.type == 3 for each in self.middle.desk.ledger.acts_about(second)):
            self.middle.desk.acts.refuse(self.middle.officer, second, "Not in these words.", self.tick())
        self.pump()


def exported(node: Node, target: Path, now: int) -> Path:
    """An export that nothing is wrong with."""
    assert export(node.desk, target, now) == ()
    return target


JUDGES: list[Callable[[Path, Verdict], object]] = []
PAIR_JUDGES: list[Callable[[Pair, Path, Path], None]] = []
"""Who else looks at each folder that a test has verified: the second verifier, while its tests run."""


def verdict(folder: Path) -> Verdict:
    told = verify(folder)
    for judge in JUDGES:
        judge(folder, told)
    return told


def sign_again(folder: Path, node: Node) -> None:
    """What a holder can do: list the files as they are now and sign the list with its own desk's key."""
    old = read_signed((folder / MANIFEST).read_bytes()).statement
    paths = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}
    listed = b"".join(
        list_files((path, digest(raw)) for path, raw in paths.items() if path not in (LIST, MANIFEST))
    )
    (folder / LIST).write_bytes(listed)
    manifest = replace(old.read(Manifest), list_hash=digest(listed), files=len(paths) - 2)
    (folder / MANIFEST).write_bytes(sign(state(manifest, old.realm), node.founding.desk_seed).raw)


def files_of(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())
