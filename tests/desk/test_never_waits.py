# SPDX-License-Identifier: Apache-2.0
"""Delivery waits for nothing but delivery: not for a reader, a proof, or something that nobody understands."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest

from goodoffices.core.act import ActType
from goodoffices.core.mandate import Forwarding, Reading
from goodoffices.core.note import Words
from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import Founding, NewOfficer, found, keep
from goodoffices.desk.officers.acts import Draft, Terms

NOW = 1_800_000_000_000
RELAY = "http://127.0.0.1:1"


@dataclass
class Office:
    """One office's desk in memory, with its one officer."""

    desk: Desk
    founding: Founding
    officer: Officer

    def unlock(self) -> None:
        self.desk.unlock(self.founding.reading_key, NOW)


class Three:
    """Party, intermediary, party, on a sealed channel whose intermediary forwards automatically."""

    def __init__(self) -> None:
        self.rng = Random(7).randbytes
        self.east, self.post, self.west = (self._office(name) for name in ("East", "Post", "West"))
        self.all = (self.east, self.post, self.west)
        for office in self.all:
            office.unlock()
        self._pair(self.east, self.post)
        self.line = self._pair(self.post, self.west)
        self.boxes = {
            route.mailbox: (office, route.line)
            for office in self.all
            for route in office.desk.ledger.routes(own=True)
        }
        self.carry()
        self.mandate = self._agree()

    def _office(self, name: str) -> Office:
        db = sqlite3.connect(":memory:", isolation_level=None)
        migrate(db, steps_in("goodoffices.desk.schema"))
        founding = found(name, [NewOfficer("duty", "officer 1")], bytes(16), self.rng, NOW)
        desk = Desk(db, founding.keys, self.rng)
        with desk.context.transaction():
            keep(desk.ledger, founding, self.rng)
        desk.start(NOW)
        return Office(desk, founding, founding.officer("duty"))

    def _pair(self, left: Office, right: Office) -> bytes:
        offers = [each.desk.offer(each.officer, [RELAY], NOW) for each in (left, right)]
        line = left.desk.pair(left.officer, offers[1], right.founding.office.name, NOW)
        assert right.desk.pair(right.officer, offers[0], left.founding.office.name, NOW) == line
        spoken = [each.desk.spoken_digits(each.desk.ledger.line(line)) for each in (left, right)]
        left.desk.confirm(left.officer, line, spoken[1].read_aloud, NOW)
        right.desk.confirm(right.officer, line, spoken[0].read_aloud, NOW)
        return line

    def _agree(self) -> bytes:
        terms = Terms(
            name="a channel",
            path=tuple(each.desk.me for each in self.all),
            reading=Reading.SEALED,
            forwarding=Forwarding.AUTOMATIC,
        )
        mandate = self.post.desk.acts.propose(self.post.officer, terms, NOW)
        self.carry()
        for party in (self.east, self.west):
            party.desk.acts.sign_mandate(party.officer, mandate, NOW)
            self.carry()
        halves = [each.desk.acts.spoken_digits(each.desk.ledger.agreement(mandate))[0] for each in self.all]
        self.east.desk.acts.compare_mandate(self.east.officer, mandate, halves[2], NOW)
        self.west.desk.acts.compare_mandate(self.west.officer, mandate, halves[0], NOW)
        self.carry()
        return mandate

    def carry(self, *, relays_answer_last: bool = False) -> None:
        """Everything that any desk offers goes to where it is addressed, until nothing is left to offer."""
        going, unanswered = True, []
        while going:
            going = False
            for office in self.all:
                office.desk.settle(NOW)
                for put in office.desk.work(NOW):
                    going = True
                    if relays_answer_last:
                        unanswered.append((office, put))
                    else:
                        office.desk.put_accepted(put, NOW)
                    reader, line = self.boxes[put.route.mailbox]
                    assert line is not None
                    reader.desk.receive(line, put.envelope, NOW)
        for office, put in unanswered:
            office.desk.put_accepted(put, NOW)

    def release(self, text: str) -> bytes:
        draft = Draft(
            mandate=self.mandate,
            recipient=self.west.desk.me,
            words=Words(text=text, language="en"),
            precedence=1,
        )
        return self.east.desk.acts.release(self.east.officer, draft, NOW)


@pytest.fixture
def three() -> Iterator[Three]:
    made = Three()
    yield made
    for office in made.all:
        office.desk.ledger.db.close()


def did(office: Office, note: bytes) -> set[ActType]:
    return {ActType(row.type) for row in office.desk.ledger.acts_about(note)}


def test_a_note_passes_desks_where_nobody_has_signed_in(three: Three) -> None:
    """P11, P6: nobody has opened or verified anything yet, and it is at the far desk, receipted."""
    three.post.desk.lock()
    three.west.desk.lock()
    note = three.release("Nobody is awake.")
    three.carry()

    assert did(three.east, note) >= {ActType.AT_DESK, ActType.FORWARDED}
    assert ActType.SEEN not in did(three.east, note)
    there = three.west.desk.ledger.note(note)
    assert there is not None
    assert there.state == "unopened"

    three.west.unlock()
    there = three.west.desk.ledger.note(note)
    assert there is not None
    assert there.state == "verified"


def test_what_a_later_version_sends_is_passed_by_and_the_note_behind_it_arrives(three: Three) -> None:
    """P11, P12: a proof or a translation of tomorrow is chained and told, and nothing waits for it."""
    post = three.post.desk
    with post.context.transaction():
        post.ledger.owe(three.line, (99, b"a checkpoint of tomorrow"))
        post.lines.flush_all(NOW)
    note = three.release("Behind it.")
    three.carry()

    there = three.west.desk.ledger.note(note)
    assert there is not None
    assert there.state == "verified"
    assert not post.ledger.unreceipted(three.line, post.me)
    assert three.west.desk.ledger.findings()


def test_a_receipt_that_overtakes_the_relays_answer_costs_no_rung(three: Three) -> None:
    """P6: on a quick line the far desk's receipt is back before the relay has answered the put."""
    note = three.release("Quickly.")
    three.carry(relays_answer_last=True)
    assert not three.east.desk.ledger.unreceipted(three.east.desk.ledger.lines()[0].id, three.east.desk.me)
    three.carry()

    for office in three.all:
        assert ActType.ON_RELAY in did(office, note)
