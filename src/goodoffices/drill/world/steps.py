# SPDX-License-Identifier: Apache-2.0
"""What must hold in the simulated world after every step: what an office once showed, it goes on showing.

Read from the disks, and of them what is new since the step before. At the end everything is read: ``checks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from goodoffices.core.act import Act
from goodoffices.core.ladder import climb
from goodoffices.core.mandate import Mandate
from goodoffices.core.statement import read_signed
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.drill.world.checks import need, unexpected
from goodoffices.drill.world.parts import Released, SimOffice


@dataclass
class Steps:
    """The checks after every visit to a desk. What an office once showed, it must go on showing."""

    honest: bool = True
    restores: bool = False
    spoilt: set[bytes] = field(default_factory=set)
    """SHA-256 of envelopes that nobody made: a finding about one is right."""
    released: Mapping[bytes, Released] | None = None
    """What authors released, by ID, as the world remembers it; None where it is not to be asked."""
    _seen: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """The last act, note and finding that were looked at, by their places in their tables."""
    _about: dict[tuple[str, bytes, bytes], list[bytes]] = field(default_factory=dict)
    """By office, note and mandate: IDs of the acts about it, in the order in which they came."""
    _notes: dict[tuple[str, bytes], tuple[bytes, bytes, bytes]] = field(default_factory=dict)
    """By office: (mandate, author, recipient) of each note that stands there."""
    _restated: dict[str, int] = field(default_factory=dict)
    """By office: how many notes' rows had come to say another when that was read."""
    _read: dict[bytes, Act] = field(default_factory=dict)
    _rungs: dict[tuple[str, bytes], frozenset[tuple[str, bytes, bytes]]] = field(default_factory=dict)
    _ladders: dict[tuple[Any, ...], frozenset[tuple[str, bytes, bytes]]] = field(default_factory=dict)
    """The same acts make the same ladder at each of the offices."""
    _numbers: dict[str, set[tuple[bytes, bytes, bytes, int]]] = field(default_factory=dict)
    _written: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Which disk, and how many rows had changed on it, when it was looked at last."""
    _mandates: dict[bytes, Mandate] = field(default_factory=dict)

    def check(self, office: SimOffice) -> None:
        """After every step at an office."""
        disk, name = office.disk.raw, office.name
        if self._written.get(name) == (id(disk), disk.total_changes):
            return  # nothing was written since
        if self._written.get(name, (0,))[0] != id(disk):
            for statement in _WATCHED:
                disk.execute(statement)
        self._written[name] = id(disk), disk.total_changes
        act, note, finding, gone, restated = disk.execute(_NEWEST).fetchone()
        need(gone is None, f"{name}: {gone} that stood there is gone")
        acts, notes, findings = self._seen.get(name, (0, 0, 0))
        if (act, note, finding) == (acts, notes, findings):
            return
        need(act >= acts, f"{name}: an act that stood there is gone")
        need(note >= notes, f"{name}: a note that stood there is gone")
        if note != notes:
            self._number(office, notes)
        if finding != findings and self.honest and not office.restored:
            rows = disk.execute("SELECT what, entry FROM finding WHERE id > ?", (findings,)).fetchall()
            found = unexpected(rows, self.restores, self.spoilt)
            need(not found, f"{name}: a finding in an honest run: {found[:2]}")
        if restated != self._restated.get(name, 0):
            # The header of a first copy said otherwise than the copy that verified.
            rows = disk.execute("SELECT id, mandate, author, recipient FROM note").fetchall()
            self._notes.update(((name, row[0]), (row[1], row[2], row[3])) for row in rows)
            self._restated[name] = restated
        if act != acts:
            self._climb(office, acts)
        self._seen[name] = act, note, finding

    def _number(self, office: SimOffice, known: int) -> None:
        """Every note that is new here has a number of its own."""
        numbers = self._numbers.setdefault(office.name, set())
        rows = office.disk.raw.execute(
            "SELECT mandate, lane, author, number, id, recipient FROM note WHERE rowid > ?", (known,)
        ).fetchall()
        for mandate, lane, author, number, note, recipient in rows:
            row = mandate, lane, author, number
            self._notes[office.name, note] = mandate, author, recipient
            self._is_its_authors(office, note, author, number)
            need(
                self.restores or not self.honest or row not in numbers,
                f"{office.name}: two notes stand under one author's number",
            )
            numbers.add(row)

    def _is_its_authors(self, office: SimOffice, note: bytes, author: bytes, number: int) -> None:
        """A note that came from elsewhere is one that its author released, under the number that he gave it."""
        if self.released is None or not self.honest or author == office.id:
            return
        found = self.released.get(note)
        need(
            found is not None and (found.author.id, found.number) == (author, number),
            f"{office.name}: a note stands there that was never released so",
        )

    def _climb(self, office: SimOffice, known: int) -> None:
        disk, name = office.disk.raw, office.name
        subjects: dict[bytes, None] = {}
        for subject, under, act_id, signed in disk.execute(_ACTS_AFTER, (known,)).fetchall():
            self._about.setdefault((name, subject, under), []).append(act_id)
            if act_id not in self._read:
                self._read[act_id] = read_signed(signed).statement.read(Act)
            subjects[subject] = None
        for subject in subjects:
            note = self._notes.get((name, subject))
            if note is None:
                continue
            mandate, author, recipient = note
            if mandate not in self._mandates:
                # A ledger that looked before may know an older roster than this mandate goes by.
                self._mandates[mandate] = Ledger(office.disk).agreement(mandate).mandate
            stand = tuple(self._about.get((name, subject, mandate), ()))
            key = (*note, stand)
            if key not in self._ladders:
                acts = [(each, self._read[each]) for each in stand]
                self._ladders[key] = _climbed(self._mandates[mandate], author, recipient, acts)
            rungs = self._ladders[key]
            before = self._rungs.get((name, subject), frozenset())
            need(before <= rungs, f"{name}: a note went back down its ladder")
            self._rungs[name, subject] = rungs

    def forget(self, office: SimOffice) -> None:
        """Its disk was put back on purpose: nothing can be asked of what it showed before."""
        self._written.pop(office.name, None)
        self._seen.pop(office.name, None)
        self._numbers.pop(office.name, None)
        self._restated.pop(office.name, None)
        of_notes: tuple[dict[Any, Any], ...] = (self._rungs, self._about, self._notes)
        for known in of_notes:
            for key in [each for each in known if each[0] == office.name]:
                known.pop(key)


_WATCHED = (
    "CREATE TEMP TABLE IF NOT EXISTS gone (what TEXT)",
    (
        "CREATE TEMP TRIGGER IF NOT EXISTS act_gone AFTER DELETE ON main.act"
        " BEGIN INSERT INTO gone VALUES ('an act'); END"
    ),
    (
        "CREATE TEMP TRIGGER IF NOT EXISTS note_gone AFTER DELETE ON main.note"
        " BEGIN INSERT INTO gone VALUES ('a note'); END"
    ),
    "CREATE TEMP TABLE IF NOT EXISTS restated (note BLOB)",
    (
        "CREATE TEMP TRIGGER IF NOT EXISTS note_restated AFTER UPDATE OF mandate, author, recipient ON main.note"
        " BEGIN INSERT INTO restated VALUES (new.id); END"
    ),
)
"""What goes or comes to say another is seen as it does, so that no step reads everything that stands there."""
_ACTS_AFTER = """
SELECT subject, mandate, id, signed FROM act WHERE position > ? AND subject IS NOT NULL ORDER BY position
"""
_NEWEST = """
SELECT coalesce((SELECT max(position) FROM act), 0), coalesce((SELECT max(rowid) FROM note), 0),
       coalesce((SELECT max(id) FROM finding), 0), (SELECT max(what) FROM temp.gone),
       coalesce((SELECT max(rowid) FROM temp.restated), 0)
"""


def _climbed(
    mandate: Mandate, author: bytes, recipient: bytes, acts: Iterable[tuple[bytes, Act]]
) -> frozenset[tuple[str, bytes, bytes]]:
    """(rung, office, act) of everything that stands about a note at one desk."""
    told = [(each, act, "somebody", False) for each, act in acts]
    return frozenset(
        (str(step.rung), step.office, step.act) for step in climb(mandate, author, recipient, told)
    )
