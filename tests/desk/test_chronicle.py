# SPDX-License-Identifier: Apache-2.0
"""The chronicle: everything on one line of time, found by words and filters, page by page, behind the lanes' walls."""

from __future__ import annotations

import os
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from goodoffices.core.act import CHANNEL_LANE
from goodoffices.core.errors import NotNow
from goodoffices.core.note import Words
from goodoffices.core.office import Right
from goodoffices.core.statement import LIVE
from goodoffices.desk.chronicle import gathering
from goodoffices.desk.chronicle.index import FILE, Asked, Found, Index, Item, Kind, open_index
from goodoffices.desk.chronicle.statements import NewStatement, PublicStatements
from goodoffices.desk.desk import Desk
from goodoffices.desk.founding import NewOfficer, found, keep
from goodoffices.desk.incidents.files import IncidentFiles, NewReport
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.officers.beside import BesideDraft
from goodoffices.desk.vault.vault import Cost, create_vault, open_vault
from tests.web.offices import DeskInMemory, Offices

HOUR = 3_600_000
PEOPLE = [NewOfficer("duty", "officer 1"), NewOfficer("auditor", "officer 2", Right.AUDIT)]


class World(Offices):
    """Three offices with one channel, and the deeds that these tests need."""

    def __init__(self, realm: bytes = LIVE) -> None:
        super().__init__(realm=realm, officers=PEOPLE)
        self.mandate = self.agree()

    def release(self, author: DeskInMemory, to: DeskInMemory, text: str, ahead: int = 0) -> bytes:
        """``ahead``: by how many milliseconds the author's clock is ahead."""
        draft = Draft(
            mandate=self.mandate, recipient=to.me, words=Words(text=text, language="en"), precedence=3
        )
        note = author.desk.acts.release(author.officer(), draft, self.time + ahead)
        self.pump()
        return note

    def forward(self, note: bytes) -> None:
        self.bern.desk.acts.forward(self.bern.officer(), note, self.time)
        self.pump()


def ask(world: World, *caucus: bytes, **more: Any) -> Asked:
    return Asked(world.mandate, (CHANNEL_LANE, *caucus), **more)


def listed(office: DeskInMemory, asked: Asked, most: int = 100) -> list[tuple[Kind, bytes]]:
    chronicle = office.desk.chronicle
    assert chronicle.catch_up(10_000)
    return [(each.kind, each.id) for each in chronicle.found(asked, most)]


@pytest.fixture
def world() -> World:
    return World()


def test_a_note_is_found_by_its_words_only_once_an_officer_has_opened_it(world: World) -> None:
    """P4"""
    note = world.release(world.washington, world.tehran, "كشتي در آب‌های آزاد است")
    asked = ask(world, words="کشتی", kinds=(Kind.NOTE,))
    assert listed(world.washington, asked) == [(Kind.NOTE, note)]
    world.forward(note)
    world.tehran.unlock()
    assert listed(world.tehran, asked) == []
    assert listed(world.tehran, ask(world, kinds=(Kind.NOTE,))) == [(Kind.NOTE, note)]
    world.tehran.desk.acts.open(world.tehran.officer(), note, world.time)
    assert listed(world.tehran, asked) == [(Kind.NOTE, note)]


def test_a_translation_is_found_with_its_note_and_not_before(world: World) -> None:
    """P4"""
    note = world.release(world.washington, world.tehran, "The ships stay in port.")
    world.forward(note)
    tehran, bern = world.tehran, world.bern
    draft = BesideDraft(text="کشتی‌ها در بندر می‌مانند", language="fa", grade=3)
    translation, _ = bern.desk.acts.put_beside(bern.officer(), note, draft, world.time)
    world.pump()
    asked = ask(world, words="بندر")
    assert listed(tehran, asked) == []
    tehran.desk.acts.open(tehran.officer(), note, world.time)
    assert listed(tehran, asked) == [(Kind.STEP, translation)]
    assert listed(bern, asked) == [(Kind.STEP, translation)]


def test_what_was_said_in_a_caucus_is_found_only_where_that_lane_is_asked_for(world: World) -> None:
    """P4"""
    note = world.release(world.washington, world.bern, "For you alone: the deadline moves.")
    there = world.washington
    words = {"words": "deadline"}
    assert listed(there, ask(world, **words)) == []
    assert (Kind.NOTE, note) not in listed(there, ask(world))
    assert listed(there, ask(world, there.me, **words)) == [(Kind.NOTE, note)]
    steps = [each for kind, each in listed(there, ask(world)) if kind == Kind.STEP]
    about = {each.id for each in there.desk.ledger.acts_about(note)}
    assert about
    assert not about & set(steps)


def test_reports_and_public_statements_stand_in_order_and_are_filtered_by_grade_source_and_time(
    world: World,
) -> None:
    bern = world.bern
    now, officer = bern.now(), bern.officer()
    files = IncidentFiles(bern.desk.context)
    file = files.open(officer, "Flight 6Q501", "Damascus", now)
    happened = now - 5 * HOUR
    report = files.add(
        officer,
        file,
        NewReport("It has left.", "a listing", now, happened=(happened, happened), grade=(2, 3)),
        now,
    )
    log = PublicStatements(bern.desk.context)
    said = log.log(
        officer,
        NewStatement("Wir sagen es hier.", "the envoy", now - 3 * HOUR, now, "BBC Persian", grade=(1, 2)),
        now,
    )
    ungraded = log.log(officer, NewStatement("Said later.", "the envoy", now - HOUR, now, "a wire"), now)
    papers = (Kind.REPORT, Kind.STATEMENT)
    assert [each for _, each in listed(bern, ask(world, kinds=papers))] == [ungraded, said, report]
    for asked, wanted in (
        ({"source_grade": 1}, [said]),
        ({"source_grade": 2}, [said, report]),
        ({"item_grade": 2}, [said]),
        ({"source": "bbc"}, [said]),
        ({"source": "envoy"}, []),
        ({"words": "wire"}, [ungraded]),
        ({"words": "sagen hier"}, [said]),
        ({"words": "?!"}, []),
        ({"until": now - 4 * HOUR}, [report]),
        ({"since": now - 2 * HOUR}, [ungraded]),
        ({"office": world.tehran.me}, []),
    ):
        assert [each for _, each in listed(bern, ask(world, kinds=papers, **asked))] == wanted, asked
    correction = log.log(
        officer,
        NewStatement("He said: not here.", "the envoy", now - 3 * HOUR, now, "BBC", corrects=said),
        now,
    )
    assert listed(bern, ask(world, words="not here")) == [(Kind.STATEMENT, correction)]
    assert bern.desk.chronicle.index.corrected_by(said) == correction


def test_every_note_and_act_leads_to_the_entry_that_carried_it(world: World) -> None:
    """P8"""
    note = world.release(world.washington, world.tehran, "One text.")
    world.forward(note)
    there = world.washington.desk
    assert there.chronicle.catch_up(10_000)
    entry = there.chronicle.index.entry_of(note)
    assert entry is not None
    carried = there.ledger.entry(entry)
    assert carried is not None
    assert carried.entry.writer == there.me


def test_pages_stay_what_they_were_while_more_arrives() -> None:
    index = Index(sqlite3.connect(":memory:", isolation_level=None))
    random_order = random.Random(4)
    mandate = b"m" * 32
    for at in random_order.sample(range(1000), 60):
        with index.writing():
            index.put(Item(at.to_bytes(32), Kind.STATEMENT, at // 20, mandate, said="words"))
    for asked in (Asked(mandate, ()), Asked(mandate, (), words="wor")):
        seen: list[Found] = []
        before = None
        whole = index.found(asked, 1000)
        while page := index.found(asked, 7, before=before):
            seen += page
            before = page[-1].place
            newest = 10**6 + len(seen) + len(asked.words) * 1000
            with index.writing():
                index.put(Item(newest.to_bytes(32), Kind.STATEMENT, newest, mandate, said="words"))
        assert seen == whole
        assert [each.place for each in seen] == sorted({each.place for each in seen}, reverse=True)


def test_a_time_that_cannot_be_puts_nothing_at_the_top_for_ever(world: World) -> None:
    """P12"""
    note = world.release(world.washington, world.tehran, "From another year.", ahead=400 * 24 * HOUR)
    world.forward(note)
    tehran = world.tehran
    tehran.unlock()
    tehran.desk.acts.open(tehran.officer(), note, world.time)
    assert tehran.desk.chronicle.catch_up(10_000)
    first = tehran.desk.chronicle.found(ask(world, kinds=(Kind.NOTE,)), 1)[0]
    assert first.doubtful
    assert first.at <= world.time


def test_in_a_drill_a_closed_note_stands_at_the_time_of_its_case() -> None:
    """P9: what nobody has opened says no time of its own; the desk that sent it says that of the case."""
    world = World(realm=b"drill" + bytes(11))
    for each in world.desks.values():
        each.set_case_offset(-1000 * HOUR)
    note = world.release(world.washington, world.bern, "For you alone.")
    chronicle = world.bern.desk.chronicle
    assert chronicle.catch_up(10_000)
    (found,) = chronicle.found(ask(world, world.washington.me, kinds=(Kind.NOTE,)), 2)
    assert found.id == note
    assert found.at == pytest.approx(world.time - 1000 * HOUR, abs=60_000)


def test_a_page_waits_for_what_has_just_come_and_not_for_a_backlog(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: a long record is taken in beside other work, whoever looks at it meanwhile."""
    chronicle = world.washington.desk.chronicle
    assert chronicle.catch_up(10_000)
    world.release(world.washington, world.tehran, "One.")
    assert chronicle.keep_up()
    taken_in, rows = chronicle.progress()
    assert taken_in == rows
    monkeypatch.setattr(gathering, "AT_A_PAGE", 3)
    monkeypatch.setattr(gathering, "OF_A_BACKLOG", 2)
    for _ in range(3):
        world.release(world.washington, world.tehran, "More.")
    assert chronicle.progress()[1] > rows + 3
    assert not chronicle.keep_up()
    assert chronicle.progress()[0] == taken_in + 2


def test_a_locked_desk_finds_nothing(world: World) -> None:
    """P4"""
    world.bern.desk.lock()
    assert world.bern.desk.chronicle.catch_up(10)
    assert world.bern.desk.chronicle.keep_up()
    with pytest.raises(NotNow):
        world.bern.desk.chronicle.found(ask(world), 10)


def test_the_index_lies_sealed_beside_the_vault_and_is_made_anew_where_it_does_not_open(
    tmp_path: Path,
) -> None:
    """P4, P13: and a newer program reads on in an older one's."""
    founding = found("Bern", [NewOfficer("duty", "officer 1")], LIVE, os.urandom, 1_700_000_000_000)
    folder = tmp_path / "bern"
    with create_vault(folder, rng=os.urandom, cost=Cost(64, 1, 1)) as vault:
        desk = Desk(vault.db, founding.keys, os.urandom)
        with desk.context.transaction():
            keep(desk.ledger, founding, os.urandom)
        desk.unlock(founding.reading_key, 1_700_000_000_000)
        # What the first version made is read on.
        pages = (
            desk.chronicle.index.db.execute(f"PRAGMA {each}").fetchone()[0]
            for each in ("cipher_hmac_algorithm", "cipher_page_size")
        )
        assert [*pages] == ["HMAC_SHA512", "4096"]
        officer = founding.officer("duty")
        for words in ("a word nobody guesses", "another one"):
            new = NewStatement(words, "the envoy", 1_600_000_000_000, 1_600_000_000_000, "a wire")
            PublicStatements(desk.context).log(officer, new, 1_700_000_000_000)
        assert desk.chronicle.catch_up(100)
        desk.lock()
    raw = b"".join(each.read_bytes() for each in folder.glob("chronicle.db*"))
    assert (folder / FILE).stat().st_mode & 0o077 == 0
    assert b"guesses" not in raw
    for damage in (None, b"not a database at all" * 400):
        if damage is not None:
            (folder / FILE).write_bytes(damage)
        with open_vault(folder) as vault:
            desk = Desk(vault.db, founding.keys, os.urandom)
            desk.unlock(founding.reading_key, 1_700_000_000_000)
            taken_in, rows = desk.chronicle.progress()
            assert (taken_in == rows) == (damage is None)
            assert desk.chronicle.catch_up(100)
            asked = Asked(b"m" * 32, (), words="guesses")
            assert len(desk.chronicle.found(asked, 10)) == 1
            desk.lock()
    # Another key opens nothing of it: it is made anew, empty.
    open_index(folder / FILE, b"\x01" * 32).close()


def test_a_record_that_went_back_makes_the_index_anew(tmp_path: Path) -> None:
    """P2"""
    path = tmp_path / FILE
    for desk in range(2):
        bern = Offices(officers=PEOPLE).bern
        bern.unlock()
        now = bern.now() - desk
        PublicStatements(bern.desk.context).log(
            bern.officer(), NewStatement("Said.", "he", now, now, "a wire"), now
        )
        chronicle = bern.desk.chronicle
        chronicle.place = path
        said = bern.desk.ledger.db.execute("SELECT count(*) FROM public_statement").fetchone()[0]
        assert chronicle.progress() == (0, said)
        assert chronicle.catch_up(100)
        chronicle.close()
        assert chronicle.progress() == (said, said)
        chronicle.close()
