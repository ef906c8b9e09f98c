# SPDX-License-Identifier: Apache-2.0
"""What must hold in the simulated world once everything is delivered; after every step: ``steps``.

The checks read the disks and know the path of each channel; they do not ask the code that decided what
to carry. A broken one raises ``Broken`` with a sentence in the domain's words.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Container, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from goodoffices.core.act import CHANNEL_LANE, HOME_LANE, Act, ActType
from goodoffices.core.mandate import Forwarding, Reading
from goodoffices.core.note import read_inside
from goodoffices.core.record.findings import Flaw
from goodoffices.core.statement import read_signed
from goodoffices.desk.export import export
from goodoffices.desk.ledger.channels import ACT_COLUMNS
from goodoffices.desk.ledger.ledger import ActRow, Ledger, NoteRow
from goodoffices.desk.vault.keys import open_text
from goodoffices.drill.world.disk import Disk
from goodoffices.drill.world.officers import is_caucus
from goodoffices.drill.world.parts import Released, SimOffice
from goodoffices.drill.world.remembered import differs
from goodoffices.drill.world.world import World


class Broken(AssertionError):
    """Something that must hold does not."""


def need(holds: bool, sentence: str) -> None:
    """Raise Broken unless it holds."""
    if not holds:
        raise Broken(sentence)


_OVERTAKEN = "may not sign it, or not alone."
"""A roster may overtake what an officer who has left signed before it, and nothing of his office follows (ADR 0096)."""
_AFTER_A_RESTORE = (
    "two different notes under its number",
    "no key of this desk opens",
    "counts by the word of an earlier key of its desk",
)


def unexpected(found: list[tuple[str, bytes | None]], restores: bool, spoilt: Container[bytes]) -> list[str]:
    """Findings (what, about which entry) that do not belong to the run.

    After an old backup an author may give a number twice, seal to a key that its reader has destroyed,
    and bring a roster for which an earlier key vouches; what a relay spoilt is named. A roster may overtake.
    """
    return [
        what
        for what, entry in found
        if not (restores and any(each in what for each in _AFTER_A_RESTORE))
        and entry not in spoilt
        and not what.endswith(_OVERTAKEN)
    ]


class ReadAtOnce(Ledger):
    """The ledger of a disk that lies still: all its notes are read by one statement, and all its acts."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self._rows = {row.id: row for mandate in self.mandates() for row in self.notes(mandate)}
        self._about: dict[bytes, list[ActRow]] = {}
        acts = f"SELECT {ACT_COLUMNS}, mandate FROM act WHERE subject IS NOT NULL ORDER BY position"  # noqa: S608
        for *row, mandate in self.db.execute(acts).fetchall():
            act = ActRow(*row)
            assert act.subject is not None
            note = self._rows.get(act.subject)
            if note is None or note.mandate == mandate:
                self._about.setdefault(act.subject, []).append(act)

    def note(self, note_id: bytes) -> NoteRow | None:
        """See Ledger."""
        return self._rows.get(note_id)

    def acts_about(self, note: bytes) -> list[ActRow]:
        """See Ledger."""
        return self._about.get(note, [])


# --- at the end ---------------------------------------------------------------------------------------


def check_end(world: World, *, honest: bool = True, restores: bool = False) -> None:
    """Everything is delivered: what must hold now."""
    ledgers: dict[bytes, Ledger] = {office.id: ReadAtOnce(office.disk) for office in world.offices}
    for here, there in zip(world.offices, world.offices[1:], strict=False):
        _check_record(here, there)
    for released in world.notes.values():
        if honest and not (restores and ledgers[released.author.id].note(released.id) is None):
            _check_note(world, released, ledgers)
    for office in world.offices:
        _check_numbers(office, ledgers[office.id], restores=restores)
        if honest and not office.restored:
            rows = office.disk.raw.execute("SELECT what, entry FROM finding").fetchall()
            found = unexpected(rows, restores, world.spoilt)
            need(not found, f"{office.name}: a finding in an honest run: {found[:2]}")
    if honest:
        _check_acts(world, ledgers, restores=restores)
        _check_caucus(world, ledgers)
    for office in world.offices:
        wrong = differs(office)
        need(
            wrong is None,
            f"{office.name}: its desk remembers otherwise than it stands in its tables: {wrong}",
        )


def _check_record(here: SimOffice, there: SimOffice) -> None:
    line = "SELECT id FROM line WHERE peer=?"
    line_id = here.disk.raw.execute(line, (there.id,)).fetchone()[0]
    for writer, reader in ((here, there), (there, here)):
        columns = "incarnation, number, id, previous"
        select = f"SELECT {columns} FROM entry WHERE line=? AND writer=? ORDER BY incarnation, number, id"  # noqa: S608 # constant columns
        wrote = writer.disk.raw.execute(select, (line_id, writer.id)).fetchall()
        got = reader.disk.raw.execute(select, (line_id, writer.id)).fetchall()
        if not (writer.restored or reader.restored):
            need(
                wrote == got,
                f"{writer.name} and {reader.name} hold different records of what {writer.name} wrote",
            )
        held = sorted(set(wrote) | set(got))
        places = Counter((row[0], row[1]) for row in held)
        need(max(places.values(), default=1) == 1, f"{writer.name}'s entries fork inside one incarnation")
        before: tuple[bytes, int, bytes, bytes | None] | None = None
        for row in held:
            if before is None or row[0] != before[0]:
                begins = row[1] == 1 and row[3] is None
                need(begins or writer.restored, f"{writer.name}'s incarnation does not begin with entry 1")
            else:
                # What a lost machine had written and not yet sent is gone: a gap, and shown as one.
                gap = writer.restored and row[1] > before[1] + 1
                follows = row[1] == before[1] + 1 and row[3] == before[2]
                need(gap or follows, f"{writer.name}'s entry {row[1]} does not follow its entry {before[1]}")
            before = row
        open_ends = writer.disk.raw.execute(
            "SELECT count(*) FROM entry WHERE line=? AND writer=? AND receipt IS NULL", (line_id, writer.id)
        ).fetchone()[0]
        need(open_ends == 0, f"{open_ends} of {writer.name}'s entries to {reader.name} have no receipt")


def way(world: World, released: Released) -> list[SimOffice]:
    """Offices from a note's author to its reader."""
    here = world.offices.index(released.author)
    # A reader who is no office is on paper, at the first post's side.
    ids = [each.id for each in world.offices]
    there = ids.index(released.draft.recipient) if released.draft.recipient in ids else 1
    return world.offices[here : there + 1] if there > here else world.offices[there : here + 1][::-1]


def _check_note(world: World, released: Released, ledgers: dict[bytes, Ledger]) -> None:
    path = way(world, released)
    on_paper = released.draft.mandate == world.paper
    label = f"note {released.draft.words.text.split('.')[0]} of {released.author.name}"
    reached = [path[0]]
    for here, there in pairwise(path):
        ledger = ledgers[here.id]
        if here is not path[0] and (stopped := why_stopped(ledger, released, here)) is not None:
            need(stopped != "", f"{label} was not forwarded by {here.name}, and nothing says why")
            break
        if here is not path[0] and not on_paper:
            _check_order(ledger, released, here, label)
        arrived = ledgers[there.id].note(released.id) is not None
        need(arrived, f"{label} is lost between {here.name} and {there.name}")
        reached.append(there)
    for office in world.offices:
        if office not in reached:
            # An intermediary whose vault went back may have forgotten that it forwarded.
            forgot = any(each.restored for each in reached[1:])
            need(
                forgot or ledgers[office.id].note(released.id) is None,
                f"{label} is at {office.name}, where it must not be",
            )
        else:
            _check_words(office, ledgers[office.id], released, label)


def _check_order(ledger: Ledger, released: Released, here: SimOffice, label: str) -> None:
    """An intermediary that knew of a withdrawal, or had refused, has not forwarded afterwards."""
    stops = {(int(ActType.WITHDRAWN), released.author.id), (int(ActType.REFUSED), here.id)}
    stopped = False
    for row in ledger.acts_about(released.id):
        stopped = stopped or (row.type, row.author) in stops
        forwarded = row.type == ActType.FORWARDED and row.author == here.id
        need(not (stopped and forwarded), f"{here.name} forwarded {label} after it was withdrawn or refused")


def why_stopped(ledger: Ledger, released: Released, here: SimOffice) -> str | None:
    """Why an intermediary has not forwarded a note; empty if there is no reason, None if it has."""
    types = {(row.type, row.author) for row in ledger.acts_about(released.id)}
    if (ActType.FORWARDED, here.id) in types:
        return None
    if (ActType.WITHDRAWN, released.author.id) in types:
        return "withdrawn"
    if (ActType.REFUSED, here.id) in types:
        return "refused"
    if (ActType.EXPIRED, here.id) in types:
        return "expired"
    by_hand = ledger.agreement(released.draft.mandate).mandate.forwarding == Forwarding.BY_HAND
    return "nobody has forwarded it yet" if by_hand else ""


def _check_words(office: SimOffice, ledger: Ledger, released: Released, label: str) -> None:
    note = ledger.note(released.id)
    assert note is not None
    mandate = ledger.agreement(released.draft.mandate).mandate
    reads = office.id in (note.author, note.recipient) or mandate.reading == Reading.OPEN
    need(note.number == released.number, f"{label} has another number at {office.name}")
    if not reads:
        need(note.words_sealed is None, f"{office.name} holds the words of {label}, which is sealed")
        return
    need(note.state == "verified", f"{label} is {note.state} at {office.name}: {note.finding}")
    need(text_of(office, note) == released.draft.words.text, f"{label} has other words at {office.name}")


def text_of(office: SimOffice, note: NoteRow) -> str | None:
    """The words that an office would show as the author's; None where it shows none."""
    if note.words_sealed is None or note.state != "verified":
        return None
    return _words_in(office.founding.reading_key, note.words_sealed, note.id)


@lru_cache(maxsize=4096)
def _words_in(key: bytes, sealed: bytes, note: bytes) -> str:
    return _text_inside(open_text(key, sealed, note))


@lru_cache(maxsize=4096)
def _text_inside(inside: bytes) -> str:
    return read_inside(inside).words.text


def _check_numbers(office: SimOffice, ledger: Ledger, *, restores: bool) -> None:
    forks = office.disk.raw.execute(
        "SELECT count(*) FROM link GROUP BY chain, sequence HAVING count(*) > 1"
    ).fetchall()
    need(not forks, f"{office.name} holds an author's chain that forks inside one incarnation")
    for mandate in ledger.mandates():
        own: dict[bytes, list[int]] = {}
        for note in ledger.notes(mandate):
            if note.author == office.id:
                own.setdefault(note.lane, []).append(note.number)
        for numbers in own.values():
            counted = list(range(1, len(numbers) + 1))
            need(
                restores or numbers == counted, f"{office.name}'s notes are not numbered in order: {numbers}"
            )


def _check_acts(world: World, ledgers: dict[bytes, Ledger], *, restores: bool) -> None:
    holders = {
        note: {office.id for office in world.offices if ledgers[office.id].note(note) is not None}
        for note in world.notes
    }
    names = {office.id: office.name for office in world.offices}
    acts: dict[bytes, Act] = {}
    has: dict[bytes, set[bytes]] = {}
    read: dict[bytes, bytes] = {}
    for office in world.offices:
        for (signed,) in office.disk.raw.execute("SELECT signed FROM act"):
            if signed not in read:  # most of them stand at three offices
                each = read_signed(signed)
                acts.setdefault(each.id, each.statement.read(Act))
                read[signed] = each.id
            has.setdefault(read[signed], set()).add(office.id)
    for act_id, act in acts.items():
        path = set(ledgers[act.author].agreement(act.mandate).mandate.path) & set(names)
        if act.lane == HOME_LANE:
            may = {act.author}
        elif act.lane != CHANNEL_LANE:
            may = {act.author, act.recipient}
        else:
            may = path if act.subject is None else holders.get(act.subject, set())
        what = f"{names[act.author]}'s act {ActType(act.type).name}"
        leaked = has[act_id] - may
        if restores and act.lane == CHANNEL_LANE:
            leaked = set()  # an act may outlive its note, when a vault went back or a machine was lost
        need(not leaked, f"{what} is at {[names[each] for each in leaked]}, where it must not be")
        missing = may - has[act_id]
        need(restores or not missing, f"{what} has not come to {[names[each] for each in missing]}")


def check_exports(world: World) -> None:
    """Every office's record, written as a folder and read again by its own rules, has nothing wrong in it (P8)."""
    for office in world.offices:
        check_export(world, office)


def check_export(world: World, office: SimOffice, *, on_the_way: bool = False) -> None:
    """One office's record, as it stands at this moment. ``on_the_way``: what came early has a gap before it."""
    own = f"{office.name}'s "
    assert office.desk is not None
    with TemporaryDirectory() as place:
        told = export(office.desk, Path(place) / office.name, world.now(office))
        late = [each for each in told if each.flaw is Flaw.OLDER_ROSTER]
        rows = office.disk.raw.execute("SELECT count(*) FROM signer_left").fetchone()[0]
        need(len(late) == rows, f"{office.name} marks {rows} by an older roster, its record {len(late)}")
        found = [
            each
            for each in told
            if each not in late
            and (not on_the_way or each.flaw is not Flaw.GAP or each.expected.startswith(own))
        ]
        need(not found, f"{office.name}'s record does not verify: {found[:2]}")


def _check_caucus(world: World, ledgers: dict[bytes, Ledger]) -> None:
    for office in world.offices:
        foreign = [
            each
            for each in world.notes.values()
            if is_caucus(each, world) and office.id not in (each.author.id, each.draft.recipient)
        ]
        if not foreign:
            continue
        needles = [each.id for each in foreign] + [each.draft.words.text.encode() for each in foreign]
        for table in ("note", "copy", "act", "link", "entry", "owed", "carried", "finding"):
            found = holds_any(_bytes_in(office, table), needles)
            need(not found, f"a caucus note stands in {office.name}'s table {table}")
        words = {each.draft.words.text for each in foreign}
        for mandate in ledgers[office.id].mandates():
            for note in ledgers[office.id].notes(mandate):
                need(text_of(office, note) not in words, "a caucus note's words went astray")


def holds_any(held: bytes, needles: Sequence[bytes]) -> bool:
    """Whether any of these stands anywhere in ``held``.

    Whatever has 31 bytes covers eight that begin at a multiple of 24: those are held against all needles at
    once. Where none of them is one of a needle's, the needle is not there.
    """
    long = [each for each in needles if len(each) >= 31]
    starts = {int.from_bytes(each[at : at + 8], sys.byteorder) for each in long for at in range(24)}
    aligned = memoryview(held)[: len(held) & -8].cast("Q")[::3]
    sought = long if not starts.isdisjoint(aligned) else []
    return any(each in held for each in (*sought, *(each for each in needles if len(each) < 31)))


def _bytes_in(office: SimOffice, table: str) -> bytes:
    """Every byte string and text of a table, one after the other, with a mark between that is in no text."""
    disk = office.disk.raw
    columns = disk.execute("SELECT name FROM pragma_table_info(?) WHERE type<>'INTEGER'", (table,)).fetchall()
    values = ", ".join(
        f'CAST("{name}" AS BLOB)' for (name,) in columns
    )  # a table is strict: no other type is in it
    rows = disk.execute(f"SELECT {values} FROM {table}")  # noqa: S608 # constant names
    return b"\xff\xff".join(filter(None, chain.from_iterable(rows)))
