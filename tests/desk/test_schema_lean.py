# SPDX-License-Identifier: Apache-2.0
"""The step that made a note's commit smaller, on a record that was there before."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from goodoffices.db.migrate import migrate, steps_in
from goodoffices.desk.ledger.ledger import Ledger

STEPS = steps_in("goodoffices.desk.schema")
AT = next(at for at, step in enumerate(STEPS) if "lean" in step.name)
CHANNEL = (b"mandate", b"lane", b"us")


@pytest.fixture
def old() -> Any:
    """A record of before the step: two incarnations of one chain, two forms of a note, acts, what was carried."""
    db: Any = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, STEPS[:AT])
    db.execute("PRAGMA foreign_keys=ON")
    db.execute("INSERT INTO mandate VALUES (?, x'02', x'80', 'Old', 1, 1)", CHANNEL[:1])
    db.execute(
        "INSERT INTO note (id, mandate, lane, author, recipient, number, precedence, at, state)"
        " VALUES (x'0a', ?, ?, ?, x'bb', 7, 4, 5, 'verified')",
        CHANNEL,
    )
    for rowid, digest, state in ((3, b"first", "altered"), (9, b"second", "unopened")):
        db.execute(
            "INSERT INTO copy (rowid, digest, note, sealed, entry, at, state) VALUES (?,?,x'0a',?,NULL,5,?)",
            (rowid, digest, b"sealed " + digest, state),
        )
    for incarnation, sequence, what in (
        (b"old", 1, b"1"),
        (b"old", 2, b"2"),
        (b"new", 2, b"2'"),
        (b"new", 3, b"3"),
    ):
        db.execute("INSERT INTO link VALUES (?,?,?,?,?,?,NULL)", (*CHANNEL, incarnation, sequence, what))
    db.execute("INSERT INTO carried VALUES (x'0a', x'bb')")
    for kind in (4, 13):
        db.execute(
            "INSERT INTO act (id, mandate, lane, author, type, subject, signed, at)"
            " VALUES (?,?,?,?,?,x'0a',x'00',6)",
            (bytes([kind]), *CHANNEL, kind),
        )
    return db


def test_everything_of_a_record_made_before_is_found_as_it_was(old: Any) -> None:
    """P2, P8"""
    migrate(old, STEPS)
    ledger = Ledger(old)
    assert ledger.chain_head(*CHANNEL) == (b"new", 3, b"3")
    assert ledger.add_link((*CHANNEL, b"old", 2, b"another")) == [b"2"], "a fork shows as before"
    assert ledger.add_link((*CHANNEL, b"new", 2, b"2'")) == [], "and the same once more is none"
    assert [each[:2] for each in ledger.copies(b"\x0a")] == [
        (b"first", b"sealed first"),
        (b"second", b"sealed second"),
    ]
    assert ledger.notes_to_judge() == [b"\x0a"]
    assert ledger.carried_to(b"\x0a", b"\xbb")
    assert not ledger.carried_to(b"\x0a", b"\xcc")
    assert ledger.next_number(*CHANNEL) == 8
    assert ledger.own_since(CHANNEL[0], CHANNEL[2], 4, 4) == [5]
    assert [row.id for row in ledger.acts_of_type(CHANNEL[0], 4)] == [b"\x04"]
    assert old.execute("PRAGMA foreign_key_check").fetchall() == []


def test_alarms_go_on_reading_where_they_were(old: Any) -> None:
    """P5: how far the forms of notes were read is kept by their position, which stays."""
    migrate(old, STEPS)
    assert old.execute("SELECT rowid, digest FROM copy ORDER BY rowid").fetchall() == [
        (3, b"first"),
        (9, b"second"),
    ]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT max(number) FROM note WHERE mandate=? AND lane=? AND author=?", "note_place"),
        (
            "SELECT at FROM note WHERE mandate=? AND author=? AND precedence=? AND at>?",
            "COVERING INDEX note_place",
        ),
        ("SELECT id FROM act WHERE mandate=? AND type NOT IN (1, 2, 3, 7, 8, 13) AND type=?", "act_seldom"),
        ("SELECT id FROM link WHERE chain=? AND sequence=?", "PRIMARY KEY"),
    ],
)
def test_what_is_asked_for_with_every_note_is_found_by_index(old: Any, query: str, index: str) -> None:
    """P13: however long the record."""
    migrate(old, STEPS)
    assert index in str(old.execute("EXPLAIN QUERY PLAN " + query, (0,) * query.count("?")).fetchall())
