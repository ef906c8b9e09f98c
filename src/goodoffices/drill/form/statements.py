# SPDX-License-Identifier: Apache-2.0
"""What was said before everybody, as offices of a case log it at their desks. docs/case-format.md states the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goodoffices.drill.form.clocks import When
from goodoffices.drill.form.exercise import SHARING
from goodoffices.drill.form.reading import Table, read_id, read_item_grade, read_made_up, zone_of

LONGEST = 4_000
"""Characters of what was said, as a desk takes them."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One public statement. ``logged_by``: the offices that write it down."""

    id: str
    by: str
    what: str
    at: When
    known: When
    where: str
    source: str
    grade_source: str
    grade_item: str
    sharing: str  # empty: not marked
    note: str  # the note that says the same, in the eyes of who logs it
    corrects: str
    logged_by: tuple[str, ...]
    made_up: frozenset[str]
    marks: tuple[str, ...]

    @property
    def learnt(self) -> int:
        """The earliest moment at which an office can have known of it, ms UTC of case time."""
        return max(each for each in (self.at.first, self.known.first, 0) if each is not None)


def read_statement(table: Table, zones: Mapping[str, str], default: str) -> Statement:
    """One [[statement]]."""
    where = table.text("where", limit=100)
    zone = zone_of(table, zones, zones.get(where, default))
    statement = Statement(
        id=read_id(table),
        by=table.text("by", required=True, limit=150),
        what=table.text("what", required=True, limit=LONGEST, lines=True),
        at=table.when("at", zone, table.text("told", limit=100), required=True),
        known=table.when("known", zone),
        where=where,
        source=table.text("source", required=True, limit=250),
        grade_source=table.choice("grade_source", tuple("ABCDEF"), "F"),
        grade_item=read_item_grade(table),
        sharing=table.choice("sharing", SHARING) if table.has("sharing") else "",
        note=table.text("note", limit=60),
        corrects=table.text("corrects", limit=60),
        logged_by=tuple(dict.fromkeys(table.texts("logged_by", limit=40))),
        made_up=read_made_up(table, ()),
        marks=table.texts("mark", limit=80),
    )
    if not statement.at.known and table.has("at"):
        table.fault("at", "a statement stands on the line of time and needs at least a span of days")
    first, last = statement.at.first, statement.known.last
    if first is not None and last is not None and last < first:
        table.fault("known", "lies before it was said")
    table.refuse_unknown()
    return statement
