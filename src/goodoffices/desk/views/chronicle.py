# SPDX-License-Identifier: Apache-2.0
"""What the chronicle's page and its exports show, as frozen dataclasses, read anew from the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from goodoffices.core.act import CHANNEL_LANE, Act
from goodoffices.core.assurance import Became, check_assurance, check_change
from goodoffices.core.beside import BESIDE
from goodoffices.core.errors import NotFound
from goodoffices.core.home_papers import WRITING
from goodoffices.core.incident import check_report
from goodoffices.core.mandate import Agreement
from goodoffices.core.note import Words, note_digits
from goodoffices.core.office import Right
from goodoffices.core.statement import read_signed
from goodoffices.desk.chronicle.index import Asked, Found, Kind
from goodoffices.desk.chronicle.statements import PublicStatements
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.home_papers import HomePapers, pseudonym_of
from goodoffices.desk.incidents.page import grade_of
from goodoffices.desk.views.channel import lanes_of
from goodoffices.desk.views.chronicle_steps import STEPS
from goodoffices.desk.views.clocks import LocalTime, zone_of
from goodoffices.desk.views.custody import signer_of
from goodoffices.desk.views.inside import Inside, shown

PAGE = 50
CORRECTABLE = 24
"""Public statements, those logged last, that can be corrected from any page of the chronicle."""
TAKES_ALONG = Right.RELEASE | Right.AUDIT
"""One of these rights: what leaves the office is for who releases, or for who watches over it."""


@dataclass(frozen=True)
class ItemCard:
    """One thing on the line of time. Times are ms UTC."""

    id: bytes
    place: int
    kind: str
    """note | step | report | assurance | statement"""
    at: int
    times: tuple[LocalTime, ...]
    doubtful: bool
    known: int | None
    """When this office came to know it, where that was said."""
    lane: str
    """between | caucus | nothing: the office's own"""
    lane_name: str
    office_name: str
    name: str
    """The note itself, or the one that it is about: 'Tehran 2'."""
    step: str
    text: str | None
    """None: not before this office."""
    language: str
    by: str
    where: str
    source: str
    grade: str
    mark: int
    digits: str
    entry: bytes | None
    line: str
    number: int | None
    """The number of its entry in its writer's chain."""
    link: str
    corrects: bytes | None = None
    corrected_by: bytes | None = None
    became: int | None = None


@dataclass(frozen=True)
class Choice:
    """Something that can be ticked."""

    value: str
    name: str
    ticked: bool


@dataclass(frozen=True)
class ChroniclePage:
    """A page of the chronicle, newest first."""

    id: bytes
    name: str
    items: tuple[ItemCard, ...]
    older: int | None
    taken_in: int
    """Rows of the record that can be found on this page, of so many ``rows`` that it has."""
    rows: int
    behind: int
    """The rest: they are taken in while the desk has nothing else to do."""
    lanes: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    offices: tuple[Choice, ...]
    zones: tuple[Choice, ...]
    correctable: tuple[ItemCard, ...]
    """Public statements that nothing corrects yet: those of this page, and those logged last."""
    may_log: bool
    may_take_along: bool
    may_brief: bool


def chronicle_page(
    desk: Desk,
    officer: Officer,
    agreement: Agreement,
    asked: Asked,
    zones: tuple[str, ...],
    *,
    before: int | None = None,
) -> ChroniclePage:
    """The newest items that fit; ``before``: at earlier places than this one."""
    desk.chronicle.keep_up()
    found = desk.chronicle.found(asked, PAGE + 1, before=before)
    rights = desk.context.my_office().roster.rights(officer.public)
    caucus = [(each, agreement.name_of(each)) for each in caucuses(desk, agreement)]
    known = {zone_of(desk, each): agreement.name_of(each) for each in reversed(agreement.mandate.path)}
    known.pop("", None)
    taken_in, rows = desk.chronicle.progress()
    items, may_log = cards(desk, agreement, found[:PAGE], zones), bool(rights & WRITING)
    return ChroniclePage(
        id=agreement.id,
        name=agreement.mandate.name,
        items=items,
        older=found[PAGE - 1].place if len(found) > PAGE else None,
        taken_in=taken_in,
        rows=rows,
        behind=rows - taken_in,
        lanes=(
            Choice("between", "", CHANNEL_LANE in asked.lanes),
            *(Choice(each.hex(), name, each in asked.lanes) for each, name in caucus),
        ),
        kinds=tuple(Choice(each.name.lower(), "", each in asked.kinds) for each in Kind),
        offices=tuple(
            Choice(each.hex(), agreement.name_of(each), each == asked.office)
            for each in agreement.mandate.path
        ),
        zones=(
            *(Choice(zone, name, zone in zones) for zone, name in reversed(known.items())),
            *(Choice(zone, "", True) for zone in zones if zone not in known),
        ),
        correctable=_correctable(desk, agreement, items) if may_log else (),
        may_log=may_log,
        may_take_along=bool(rights & TAKES_ALONG),
        may_brief=bool(rights & Right.RELEASE),
    )


def _correctable(desk: Desk, agreement: Agreement, items: tuple[ItemCard, ...]) -> tuple[ItemCard, ...]:
    index = desk.chronicle.index
    logged = [index.one(each) for each in PublicStatements(desk.context).newest(CORRECTABLE)]
    newest = cards(desk, agreement, [each for each in logged if each is not None], ())
    there = {
        each.id: each for each in (*items, *newest) if each.kind == "statement" and not each.corrected_by
    }
    return tuple(sorted(there.values(), key=lambda each: -each.place))


def caucuses(desk: Desk, agreement: Agreement) -> list[bytes]:
    """The caucus lanes of a channel that this office stands in, each by its party."""
    return [lane for kind, lane, _ in lanes_of(desk, agreement) if kind == "caucus"]


def cards(
    desk: Desk, agreement: Agreement, found: list[Found], zones: tuple[str, ...]
) -> tuple[ItemCard, ...]:
    """The items themselves, in the order given. What is gone from the record is left out."""
    reading = _Reading(desk, agreement, zones)
    made = []
    for each in found:
        try:
            made.append(reading.card(each))
        except NotFound:
            continue  # the record went back since the index was made; the next look makes it anew
    return tuple(made)


def own_papers(desk: Desk, agreement: Agreement, papers: Sequence[bytes]) -> tuple[ItemCard, ...]:
    """Reports and public statements of this office by their IDs, in the order of time; raises NotFound."""
    desk.chronicle.keep_up()
    found = []
    for paper in dict.fromkeys(papers):
        each = desk.chronicle.index.one(paper)
        if each is None or each.kind not in (Kind.REPORT, Kind.STATEMENT):
            raise NotFound("There is no such report or public statement at this desk.")
        found.append(each)
    return cards(desk, agreement, sorted(found, key=lambda each: each.place), ())


class _Reading:
    """From places on the line of time to what stands there."""

    def __init__(self, desk: Desk, agreement: Agreement, zones: tuple[str, ...]) -> None:
        self.desk, self.agreement = desk, agreement
        self.context, self.ledger = desk.context, desk.ledger
        self.inside = Inside(desk)
        self.papers = HomePapers(desk.context)
        self.zones = [(each, ZoneInfo(each)) for each in zones]
        self.lines = {each.id: each.name for each in self.ledger.lines()}

    def card(self, found: Found) -> ItemCard:
        make = {
            Kind.NOTE: self._note,
            Kind.STEP: self._step,
            Kind.REPORT: self._report,
            Kind.ASSURANCE: self._assurance,
            Kind.STATEMENT: self._statement,
        }
        return make[found.kind](found)

    def _card(self, found: Found, **fields: object) -> ItemCard:
        nothing: dict[str, object] = {
            "known": None,
            "lane": "",
            "lane_name": "",
            "office_name": self.context.my_office().name,
            "name": "",
            "step": "",
            "text": None,
            "language": "",
            "by": "",
            "where": "",
            "source": "",
            "grade": "",
            "mark": 0,
            "digits": "",
            "entry": None,
            "line": "",
            "number": None,
            "link": "",
        }
        entry = self.desk.chronicle.index.entry_of(found.id)
        carried = self.ledger.entry(entry) if entry is not None else None
        if carried is not None:
            line = self.lines.get(carried.entry.line, "")
            nothing |= {"entry": entry, "line": line, "number": carried.entry.number}
        return ItemCard(
            **nothing  # type: ignore[arg-type]
            | {
                "id": found.id,
                "place": found.place,
                "kind": found.kind.name.lower(),
                "at": found.at,
                "times": self._times(found.at),
                "doubtful": found.doubtful,
            }
            | fields
        )

    def _times(self, at: int) -> tuple[LocalTime, ...]:
        zulu = datetime.fromtimestamp(at / 1000, UTC)
        made = []
        for name, zone in self.zones:
            local = zulu.astimezone(zone)
            offset = local.strftime("%z")
            days = (local.date() - zulu.date()).days
            made.append(LocalTime(name, local.strftime("%H:%M"), f"{offset[:3]}:{offset[3:5]}", days))
        return tuple(made)

    def _lane(self, lane: bytes) -> dict[str, object]:
        if lane == CHANNEL_LANE:
            return {"lane": "between"}
        if lane in self.agreement.mandate.path:
            return {"lane": "caucus", "lane_name": self.agreement.name_of(lane)}
        return {}

    def _name(self, note: bytes | None) -> str:
        row = self.ledger.note(note) if note is not None else None
        return f"{self.agreement.name_of(row.author)} {row.number}" if row is not None else ""

    def _words(self, note: bytes) -> Words | None:
        row = self.ledger.note(note)
        return self.inside.words(row) if row is not None and shown(self.desk, row) else None

    def _note(self, found: Found) -> ItemCard:
        row = self.ledger.note(found.id)
        if row is None:
            raise NotFound("There is no such note at this desk.")
        words, author = self._words(found.id), self.agreement.name_of(row.author)
        opened = self.inside.note(row) if words is not None else None
        office = self.agreement.offices.get(row.author)
        by = ", ".join(self.context.opened.released(row.id, opened, office)) if opened and office else ""
        return self._card(
            found,
            **self._lane(row.lane),
            office_name=author,
            name=f"{author} {row.number}",
            text=words.text if words is not None else None,
            language=words.language if words is not None else "",
            by=by,
            source=author,
            digits=note_digits(row.id),
            link=f"/notes/{row.id.hex()}",
        )

    def _step(self, found: Found) -> ItemCard:
        row = self.ledger.act(found.id)
        if row is None:
            raise NotFound("There is no such act at this desk.")
        signed = read_signed(row.signed)
        act = signed.statement.read(Act)
        note = self.ledger.note(act.subject) if act.subject is not None else None
        author, office = self.agreement.name_of(act.author), self.agreement.offices.get(act.author)
        return self._card(
            found,
            **self._lane(note.lane if note is not None else act.lane),
            office_name=author,
            name=self._name(act.subject),
            step=STEPS.get(act.type, "other"),
            text=self._beside(found.id, act.subject) if act.type in BESIDE else act.words or "",
            by=signer_of(signed, office, act.roster)[0] if office is not None else "",
            source=author,
            link=f"/notes/{note.id.hex()}" if note is not None else "",
        )

    def _beside(self, act: bytes, subject: bytes | None) -> str | None:
        """A translation's or rewording's words, where its note is before this office."""
        note = self.ledger.note(subject) if subject is not None else None
        if note is None or not shown(self.desk, note):
            return None
        words = self.desk.channels.beside
        row = next((each for each in words.of_note(note.id) if each.id == act), None)
        beside = words.words(row) if row is not None else None
        return beside.text if beside is not None else None

    def _report(self, found: Found) -> ItemCard:
        signed = self.papers.paper("incident_report", found.id)
        report = check_report(signed, self.context.my_office())
        head = f"{report.question} {report.answer}\n" if report.question else ""
        claimed = f"{report.claimant}: " if report.claimant else ""
        return self._card(
            found,
            known=report.known,
            text=f"{head}{claimed}{report.what}",
            by=pseudonym_of(self.context, signed.signers[0], report.roster),
            where=report.where,
            source=report.source,
            grade=grade_of(report.grade),
            mark=report.mark,
            link=f"/incidents/{report.incident.hex()}",
            corrects=report.corrects,
            corrected_by=self.desk.chronicle.index.corrected_by(found.id),
        )

    def _assurance(self, found: Found) -> ItemCard:
        office, became = self.context.my_office(), None
        try:
            signed = self.papers.paper("assurance", found.id)
            promised = check_assurance(signed, office)
            text, time, roster = promised.what, promised.time[0], promised.roster
            note = promised.note
        except NotFound:
            signed = self.papers.paper("assurance_change", found.id)
            change = check_change(signed, office)
            promised = check_assurance(self.papers.paper("assurance", change.assurance), office)
            text, time, roster = f"{change.why}\n{promised.what}", change.time[0], change.roster
            became, note = int(Became(change.became)), change.note or promised.note
        row = self.ledger.note(promised.note)
        return self._card(
            found,
            **(self._lane(row.lane) if row is not None else {}),
            known=time,
            name=self._name(note),
            text=text,
            by=pseudonym_of(self.context, signed.signers[0], roster),
            source=self._name(promised.note),
            link="/assurances",
            became=became,
        )

    def _statement(self, found: Found) -> ItemCard:
        logged = PublicStatements(self.context).one(found.id)
        said = logged.statement
        return self._card(
            found,
            known=said.known,
            office_name=said.by,
            name=self._name(said.note),
            text=said.what,
            by=pseudonym_of(self.context, logged.signer, said.roster),
            where=said.where,
            source=said.source,
            grade=grade_of(said.grade),
            mark=said.mark,
            link=f"/notes/{said.note.hex()}" if said.note is not None else "",
            corrects=said.corrects,
            corrected_by=self.desk.chronicle.index.corrected_by(found.id),
        )
