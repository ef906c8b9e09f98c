# SPDX-License-Identifier: Apache-2.0
"""The watch pages: what rings and for whom, who would really be woken now, the roster with its gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from goodoffices.core.handover import OpenStep
from goodoffices.core.office import Right
from goodoffices.desk.alarms.alarms import Alarms, waits_on_others
from goodoffices.desk.alarms.book import SETTLED_BY
from goodoffices.desk.alarms.engine import Alarm, Moment, late, rings_for
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.waiting import label_of
from goodoffices.desk.watch.handover import HandoverRow, OpenThing
from goodoffices.desk.watch.plan import DAY, Gap, gaps, on_duty

ORDER = {"ringing": 0, "taken": 1, "awaited": 2}


@dataclass(frozen=True)
class AlarmCard:
    """One alarm. The note's words are never in it."""

    key: str
    what: str
    state: str
    """ringing | taken | awaited"""
    loud: bool
    looks: bool
    late: bool
    mine: bool
    """Whether it rings for the one who looks."""
    since: int
    taken_by: str | None
    taken_at: int | None
    everybody: bool
    note: bytes | None
    number: int | None
    author_name: str | None
    recipient_name: str | None
    caucus: bool
    precedence: int | None
    label: str | None
    line: str | None


@dataclass(frozen=True)
class AddressCard:
    """An address outside, without what is secret in it."""

    id: int
    officer: str | None
    label: str
    service: str
    told: int | None
    failed: int | None
    failure: str | None


@dataclass(frozen=True)
class Sleeper:
    """An officer, and what would wake him now."""

    name: str
    level: int | None
    """1 for who is woken first now; None for who is not on watch."""
    pages: int
    silent_pages: int
    addresses: tuple[AddressCard, ...]
    reachable: bool


@dataclass(frozen=True)
class WatchCard:
    """One watch. Times as HH:MM in the office's zone."""

    id: int
    name: str
    days: tuple[int, ...]
    starts: str
    ends: str
    levels: tuple[tuple[str, ...], ...]
    now: bool
    unknown: tuple[str, ...]
    """Names in it that may not sign in here."""
    date: str
    """YYYY-MM-DD: it stands on this day alone, instead of those of the week."""


@dataclass(frozen=True)
class GapCard:
    """A stretch of the week in which nobody is on watch: day 0 is Monday."""

    from_day: int
    from_time: str
    until_day: int
    until_time: str
    whole_week: bool


@dataclass(frozen=True)
class WatchPage:
    """What rings, and who would be woken."""

    alarms: tuple[AlarmCard, ...]
    ringing: int
    sleepers: tuple[Sleeper, ...]
    gap_now: bool
    nobody: bool
    """Whether nothing would wake anybody now."""
    gaps: tuple[GapCard, ...]
    zone: str
    alive: bool


@dataclass(frozen=True)
class RosterPage:
    """The roster of watches and the addresses outside, to be changed."""

    watches: tuple[WatchCard, ...]
    officers: tuple[str, ...]
    gaps: tuple[GapCard, ...]
    addresses: tuple[AddressCard, ...]
    zone: str
    text: str


def clock(minute: int) -> str:
    """HH:MM."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _gap(gap: Gap) -> GapCard:
    return GapCard(
        gap.starts // DAY,
        clock(gap.starts % DAY),
        gap.ends // DAY % 7,
        clock(gap.ends % DAY),
        gap.ends - gap.starts == 7 * DAY,
    )


def _addresses(alarms: Alarms) -> tuple[AddressCard, ...]:
    return tuple(
        AddressCard(
            each.id, each.officer, each.label, each.service, each.told_now, each.failed_now, each.failure
        )
        for each in alarms.watch.addresses()
    )


def watch_page(alarms: Alarms, person: str, moment: Moment) -> WatchPage:
    """The watch page as an officer sees it."""
    people = alarms.people(moment)
    cards = sorted(
        (_alarm(alarms.desk, each, moment, mine=rings_for(each, person, people)) for each in alarms.book.open.values()
         if (each.state != "awaited" or not waits_on_others(each)) and not _done(alarms.desk, each)),
        key=lambda card: (ORDER[card.state], not card.loud, card.since),
    )  # fmt: skip
    levels = {name: level + 1 for level, names in reversed([*enumerate(people.ladder)]) for name in names}
    addresses = _addresses(alarms)
    sleepers = tuple(
        Sleeper(
            each.officer,
            levels.get(each.officer),
            each.pages,
            each.silent_pages,
            tuple(one for one in addresses if one.officer == each.officer),
            each.reachable,
        )
        for each in alarms.devices(moment)
    )
    return WatchPage(
        alarms=tuple(cards),
        ringing=sum(card.state == "ringing" for card in cards),
        sleepers=tuple(sorted(sleepers, key=lambda each: (each.level or 99, each.name))),
        gap_now=not people.ladder,
        nobody=not people.reachable,
        gaps=tuple(map(_gap, gaps(alarms.watch.watches()))),
        zone=alarms.watch.zone,
        alive=alarms.alive(moment),
    )


def _done(desk: Desk, alarm: Alarm) -> bool:
    """Whether this office did by now what the alarm asks for: the engine's next round only clears it away."""
    settled_by = SETTLED_BY.get(alarm.what, ())
    return alarm.subject is not None and any(desk.acts.has_act(alarm.subject, each) for each in settled_by)


def _alarm(desk: Desk, alarm: Alarm, moment: Moment, *, mine: bool) -> AlarmCard:
    note = desk.ledger.note(alarm.subject) if alarm.subject is not None else None
    agreement = desk.ledger.agreement(note.mandate) if note is not None else None
    line = None
    if alarm.what == "line":
        line = next((each.name for each in desk.ledger.lines() if alarm.key == f"line {each.id.hex()}"), None)
    return AlarmCard(
        key=alarm.key,
        what=alarm.what,
        state=alarm.state,
        loud=alarm.loud,
        looks=alarm.looks,
        late=late(alarm, moment),
        mine=mine,
        since=alarm.since_now,
        taken_by=alarm.taken_by if alarm.state == "taken" else None,
        taken_at=alarm.taken_now if alarm.state == "taken" else None,
        everybody=alarm.state == "ringing" and alarm.level >= 99,
        note=note.id if note is not None else None,
        number=note.number if note is not None else None,
        author_name=agreement.name_of(note.author) if note is not None and agreement is not None else None,
        recipient_name=(
            agreement.name_of(note.recipient) if note is not None and agreement is not None else None
        ),
        caucus=note is not None and any(note.lane),
        precedence=note.precedence if note is not None else None,
        label=label_of(agreement, note.precedence) if note is not None and agreement is not None else None,
        line=line,
    )


@dataclass(frozen=True)
class OpenCard:
    """One step of a handover's list."""

    what: str | None
    """None: of a newer version."""
    note: bytes | None
    name: str | None
    since: int
    late: bool
    now: str | None = None
    """How it stands now: untaken | taken | over; None in a list that is signed by both."""
    taken_by: str | None = None
    taken_at: int | None = None


@dataclass(frozen=True)
class HandoverCard:
    """A handover as pages show it."""

    id: bytes
    at: int
    done_at: int | None
    leaving: str
    coming: str
    mine_to_sign: bool
    mine_to_call_back: bool
    open: tuple[OpenCard, ...]
    more: int
    words: str
    came_since: tuple[OpenCard, ...]
    """What is open now and does not stand in the list."""


@dataclass(frozen=True)
class HandoverPage:
    """Handing over the watch."""

    offered: HandoverCard | None
    open: tuple[OpenCard, ...]
    done: tuple[HandoverCard, ...]
    others: tuple[tuple[str, bytes], ...]
    """(name at this desk, key) of the officers to whom it can be handed over."""
    holder: str | None


def handover_page(
    alarms: Alarms, officer: Officer, moment: Moment, names: Mapping[bytes, str]
) -> HandoverPage:
    """The handover page as an officer sees it. ``names``: by their keys, those who sign in at this desk."""
    roster = alarms.desk.context.my_office().roster
    now = tuple(_as_it_stands(_open_card(alarms.desk, each.row), each) for each in alarms.open_things(moment))
    offered = alarms.handovers.offered()
    return HandoverPage(
        offered=_handover(alarms.desk, offered, officer, now, names) if offered is not None else None,
        open=now,
        done=tuple(_handover(alarms.desk, each, officer, (), names) for each in alarms.handovers.done()),
        others=tuple(
            (names.get(public, pseudonym), public)
            for pseudonym, public, rights in roster.officers
            if Right(rights) & Right.DUTY and public != officer.public
        ),
        holder=alarms.handovers.holder(moment.now),
    )


def _open_card(desk: Desk, row: tuple[int, bytes | None, int, bool]) -> OpenCard:
    sort, about, since, is_late = row
    note = desk.ledger.note(about) if about is not None else None
    line = next((each.name for each in desk.ledger.lines() if each.id == about), None)
    name = line
    if note is not None:
        name = f"{desk.ledger.agreement(note.mandate).name_of(note.author)} {note.number}"
    known = sort in {int(each) for each in OpenStep}
    what = OpenStep(sort).name.lower() if known else None
    return OpenCard(what, note.id if note is not None else None, name, since, is_late)


def _as_it_stands(card: OpenCard, thing: OpenThing) -> OpenCard:
    """With whether somebody has taken it: what nobody has taken is what the one who comes sees to first."""
    taken = "untaken" if thing.taken_by is None else "taken"
    return replace(card, now=taken, taken_by=thing.taken_by, taken_at=thing.taken_at)


def _handover(
    desk: Desk, row: HandoverRow, officer: Officer, now: tuple[OpenCard, ...], names: Mapping[bytes, str]
) -> HandoverCard:
    found, office = row.handover, desk.context.my_office()
    roster = office.roster_at(found.roster) or office.roster
    listed = tuple(_open_card(desk, each) for each in found.open)
    before = {(each.what, each.note, each.name) for each in listed}
    offered = row.state == "offered"
    if offered:
        standing = {(each.what, each.note, each.name): each for each in now}
        listed = tuple(_told_now(each, standing.get((each.what, each.note, each.name))) for each in listed)
    return HandoverCard(
        id=row.id,
        at=row.at,
        done_at=row.done_at,
        leaving=names.get(found.leaving) or roster.pseudonym(found.leaving) or "?",
        coming=names.get(found.coming) or roster.pseudonym(found.coming) or "?",
        mine_to_sign=offered and found.coming == officer.public,
        mine_to_call_back=offered and officer.public in (found.leaving, found.coming),
        open=listed,
        more=found.more,
        words=found.words,
        came_since=tuple(each for each in now if (each.what, each.note, each.name) not in before),
    )


def _told_now(listed: OpenCard, standing: OpenCard | None) -> OpenCard:
    if standing is None:
        return replace(listed, now="over")
    return replace(listed, now=standing.now, taken_by=standing.taken_by, taken_at=standing.taken_at)


def roster_page(alarms: Alarms, moment: Moment) -> RosterPage:
    """The roster, to be changed."""
    watch, officers = alarms.watch, alarms.everybody()
    watches = watch.watches()
    standing = {id(each) for each in on_duty(watches, moment.now, watch.zone)}
    return RosterPage(
        watches=tuple(
            WatchCard(
                each.id or 0,
                each.name,
                tuple(day for day in range(7) if each.days >> day & 1),
                clock(each.starts),
                clock(each.ends),
                each.levels,
                id(each) in standing,
                tuple(name for level in each.levels for name in level if name not in officers),
                each.date,
            )
            for each in watches
        ),
        officers=officers,
        gaps=tuple(map(_gap, gaps(watches))),
        addresses=_addresses(alarms),
        zone=watch.zone,
        text=watch.text,
    )
