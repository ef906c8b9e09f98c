# SPDX-License-Identifier: Apache-2.0
"""Three desks in memory, and what a hostile one of them can put on the wire: anything its keys sign."""

from __future__ import annotations

import random
from typing import Any

from goodoffices.core import cbor, envelope
from goodoffices.core.act import CHANNEL_LANE, Act, ActType
from goodoffices.core.line import CarriedEntry, Entry, EntryKind, Head, Item, commitment
from goodoffices.core.mandate import Forwarding, Reading
from goodoffices.core.note import Words
from goodoffices.core.office import sealing_key
from goodoffices.core.statement import Signed, sign, state
from goodoffices.desk.desk import Desk, Taken
from goodoffices.desk.founding import Founding, NewOfficer, keep
from goodoffices.desk.ledger.ledger import Ledger, NoteRow
from goodoffices.desk.officers.acts import Draft, Terms
from tests import founded

NOW = 1_700_000_000_000


class Office:
    """One office: its desk over a database in memory, and its only officer."""

    def __init__(self, name: str, rng: random.Random, founding: Founding | None = None) -> None:
        self.name = name
        self.db = founded.tables()
        self.founding = founding or founded.office(
            name, [NewOfficer("duty", "officer 1")], bytes(16), rng, NOW
        )
        self.desk = Desk(self.db, self.founding.keys, rng.randbytes)
        with self.desk.context.transaction():
            keep(self.desk.ledger, self.founding, rng.randbytes)
        self.officer = self.founding.officer("duty")
        self.desk.start(NOW)
        self.desk.unlock(self.founding.reading_key, NOW)

    @property
    def me(self) -> bytes:
        return self.desk.me

    @property
    def ledger(self) -> Ledger:
        return self.desk.ledger

    def findings(self) -> list[str]:
        return [row[4] for row in self.ledger.findings()]

    def note(self, note_id: bytes) -> NoteRow:
        row = self.ledger.note(note_id)
        assert row is not None
        return row


class Wire:
    """Washington, Bern (between them) and Tehran; every relay carries at once."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = random.Random(seed)
        self.a, self.m, self.b = [Office(name, self.rng) for name in ("Washington", "Bern", "Tehran")]
        self.offices = [self.a, self.m, self.b]
        self.boxes: dict[bytes, tuple[Office, bytes]] = {}
        self.am, self.mb = self.pair(self.a, self.m), self.pair(self.m, self.b)

    def add(self, name: str, founding: Founding | None = None) -> Office:
        office = Office(name, self.rng, founding)
        self.offices.append(office)
        return office

    def pair(self, x: Office, y: Office) -> bytes:
        relays = ["http://127.0.0.1:1"]
        offers = x.desk.offer(x.officer, relays, NOW), y.desk.offer(y.officer, relays, NOW)
        line = x.desk.pair(x.officer, offers[1], y.name, NOW)
        assert y.desk.pair(y.officer, offers[0], x.name, NOW) == line
        said = [each.desk.spoken_digits(each.ledger.line(line)).read_aloud for each in (x, y)]
        x.desk.confirm(x.officer, line, said[1], NOW)
        y.desk.confirm(y.officer, line, said[0], NOW)
        self.pump()
        return line

    def pump(self, *, late: tuple[Office, list[bytes]] | None = None) -> None:
        """Let everything pass. ``late``: an office, and where to keep what is under way to it."""
        for each in self.offices:
            for route in each.ledger.routes(own=True):
                if route.line is not None:
                    self.boxes[route.mailbox] = each, route.line
        going = True
        while going:
            going = False
            for each in self.offices:
                each.desk.settle(NOW)
                for put in each.desk.work(NOW):
                    going = True
                    each.desk.put_accepted(put, NOW)
                    to, line = self.boxes[put.route.mailbox]
                    if late is not None and to is late[0]:
                        late[1].append(put.envelope)
                        continue
                    to.desk.receive(line, put.envelope, NOW)

    def agree(
        self,
        path: tuple[Office, ...] = (),
        reading: int = Reading.OPEN,
        forwarding: int = Forwarding.AUTOMATIC,
        name: str = "channel",
    ) -> bytes:
        path = path or (self.a, self.m, self.b)
        terms = Terms(name=name, path=tuple(o.me for o in path), reading=reading, forwarding=forwarding)
        between = path[1]
        mandate = between.desk.acts.propose(between.officer, terms, NOW)
        self.pump()
        ends = path[0], path[-1]
        for each in ends:
            each.desk.acts.sign_mandate(each.officer, mandate, NOW)
        self.pump()
        heard = [each.desk.acts.spoken_digits(each.ledger.agreement(mandate))[0] for each in ends]
        ends[0].desk.acts.compare_mandate(ends[0].officer, mandate, heard[1], NOW)
        ends[1].desk.acts.compare_mandate(ends[1].officer, mandate, heard[0], NOW)
        self.pump()
        return mandate

    def release(self, mandate: bytes, sender: Office, to: Office, text: str = "Stop.", **more: Any) -> bytes:
        words = Words(text=text, language="en")
        draft = Draft(mandate=mandate, recipient=to.me, words=words, precedence=3, **more)
        return sender.desk.acts.release(sender.officer, draft, NOW)

    def say(self, x: Office, y: Office, line: bytes, items: list[Any]) -> None:
        """What ``x``'s desk signs into its next entry, whatever it is."""
        with x.desk.context.transaction():
            encoded = [cbor.encode(each) for each in items]
            x.desk.lines._write(line, EntryKind.ACTS, encoded, NOW, urgent=False)
        self.pump()

    def by_desk(self, x: Office, content: Any) -> Signed:
        return sign(state(content, bytes(16)), x.founding.keys.desk_seed)

    def send(self, y: Office, line: bytes, parts: list[Any], now: int = NOW) -> Taken:
        """One envelope to ``y`` with these parts."""
        _, public = sealing_key(y.founding.office.roster.envelope_epochs, NOW)
        return y.desk.receive(line, envelope.pack(parts, realm=bytes(16), line=line, public=public), now)

    def entry(self, x: Office, line: bytes, items: list[Any], **fields: Any) -> CarriedEntry:
        """An entry outside ``x``'s own record."""
        body, salt = cbor.encode(items), self.rng.randbytes(32)
        values: dict[str, Any] = {
            "incarnation": self.rng.randbytes(16),
            "number": 1,
            "previous": None,
            "roster": 1,
            "time": (NOW, 0),
            "seen": None,
        }
        values |= fields
        entry = Entry(
            line=line,
            writer=x.me,
            kind=EntryKind.ACTS,
            commitment=commitment(salt, body),
            **values,
        )
        return CarriedEntry(self.by_desk(x, entry), salt, body)

    def act(self, x: Office, mandate: bytes, kind: int, *, desk: bool = False, **fields: Any) -> Signed:
        """An act that ``x``'s officer (or desk) signs, whatever it says."""
        values: dict[str, Any] = {
            "recipient": x.me,
            "lane": CHANNEL_LANE,
            "incarnation": self.rng.randbytes(16),
            "sequence": 1,
            "roster": 1,
            "proof": 1,
            "time": (NOW, 0),
        }
        values |= fields
        act = Act(mandate=mandate, author=x.me, type=int(kind), **values)
        return sign(state(act, bytes(16)), x.founding.keys.desk_seed if desk else x.officer.seed)

    def question(self, x: Office, line: bytes, **fields: Any) -> Signed:
        """A head that ``x``'s desk signs."""
        values: dict[str, Any] = {
            "nonce": self.rng.randbytes(16),
            "locked": False,
            "time": (NOW, 0),
            "roster": 1,
        }
        return self.by_desk(x, Head(line=line, writer=x.me, **(values | fields)))


__all__ = ["NOW", "Act", "ActType", "Item", "Office", "Wire"]
