# SPDX-License-Identifier: Apache-2.0
"""The space–time picture of a channel: every note of a time with the rungs that are known here, as tracks.

Times are those of the custody strips, so the picture, the strips and the table beside it cannot differ.
What nobody has reported is not drawn; a line that ends for that reason says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from goodoffices.core.act import CHANNEL_LANE
from goodoffices.core.ladder import Rung
from goodoffices.core.mandate import Agreement
from goodoffices.desk.desk import Desk
from goodoffices.desk.views.custody import NO_RUNGS, PASSED_ON, CustodyStep
from goodoffices.desk.views.inside import Inside
from goodoffices.desk.views.note import NoteCard, note_card
from goodoffices.desk.views.waiting import told_apart
from goodoffices.picture.tracks import Reached, Track

NEWEST = 10
"""Notes that are drawn when no time is asked for."""
MOST = 60
"""Notes that are drawn at all."""
LEAST_WINDOW, MOST_WINDOW = 60_000, 5 * 365 * 86_400_000
MARGIN = 60_000


@dataclass(frozen=True)
class Place:
    """A lane of the picture: an office of the path, under a name that no other has there."""

    name: str
    party: bool
    mine: bool


@dataclass(frozen=True)
class PictureStep:
    """One line of the table that says what the picture shows."""

    at: int
    real_at: int
    note: bytes
    note_name: str
    to_name: str
    rung: str
    office_name: str
    took: int | None
    late_by: int | None
    word: str
    caucus: bool


@dataclass(frozen=True)
class Window:
    """A time to look at, as a link carries it."""

    first: int
    last: int


@dataclass(frozen=True)
class PicturePage:
    """A channel's notes in space and time."""

    id: bytes
    name: str
    places: tuple[Place, ...]
    tracks: tuple[Track, ...]
    steps: tuple[PictureStep, ...]
    crossings: tuple[tuple[str, str], ...]
    window: Window
    chosen: bool
    earlier: Window
    later: Window
    closer: Window
    wider: Window
    cut_off: bool
    """More notes fall into the time than are drawn."""


def _at(step: CustodyStep) -> int:
    return step.case_at if step.case_at is not None else step.at or 0


def _track(
    card: NoteCard, strip: tuple[CustodyStep, ...], agreement: Agreement, names: dict[bytes, str]
) -> Track:
    mandate = agreement.mandate
    here, via = card.author, []
    while (here := mandate.next_hop(here, card.recipient)) != card.recipient:
        via.append(names[here])
    arrived: dict[bytes, int] = {}
    reached = []
    for step in strip:
        if step.state != "done" or step.at is None or step.rung in NO_RUNGS or step.office not in names:
            continue
        at = _at(step)
        if step.rung == str(Rung.AT_DESK):
            arrived[step.office] = at
        waited = at - arrived[step.office] if step.office in arrived else None
        if step.rung == str(Rung.HANDED_OVER):
            if mandate.on_paper(card.recipient):
                # The hand is the way on, and the reader's room has no desk at which it could arrive.
                late = step.late_by or 0
                reached.append(Reached(str(Rung.FORWARDED), names[step.office], at, waited, late, step.rung))
            continue
        reached.append(Reached(step.rung, names[step.office], at, waited, step.late_by or 0))
    waiting = next((each for each in strip if each.late and each.state != "done"), None)
    return Track(
        id=card.id.hex(),
        name=f"{names[card.author]} {card.number}",
        author=names[card.author],
        reader=names[card.recipient],
        via=tuple(via),
        caucus=card.caucus,
        reached=tuple(reached),
        crossed=tuple(each.id.hex() for each in card.crossed),
        waits_at=names[waiting.office] if waiting else "",
        late_by=(waiting.late_by or 0) if waiting else 0,
        in_time=waiting is None and _stays(strip) is not None,
        not_known="?" if any(each.state in ("not told", "not reported") for each in strip) else "",
        href=f"/notes/{card.id.hex()}",
    )


def _stays(strip: Sequence[CustodyStep]) -> CustodyStep | None:
    """The forwarding that is to come of a note that lies at the desk of whoever forwards it."""
    there = {each.office for each in strip if each.rung == str(Rung.AT_DESK) and each.state == "done"}
    to_come = (each for each in strip if each.rung in PASSED_ON and each.state in ("awaited", "later"))
    return next((each for each in to_come if each.office in there), None)


def picture_page(
    desk: Desk, agreement: Agreement, now: int, first: int | None, last: int | None
) -> PicturePage:
    """The notes that came between ``first`` and ``last`` (ms UTC), or the newest."""
    mandate = agreement.mandate
    named = [(agreement.name_of(each), each.hex()[:8]) for each in mandate.path]
    names = dict(zip(mandate.path, told_apart(named), strict=True))
    chosen = first is not None or last is not None
    end = min(now, last) if last is not None else now
    begin = max(0, min(first, end - LEAST_WINDOW)) if first is not None else 0
    lanes = (CHANNEL_LANE, *mandate.parties)
    rows = desk.ledger.notes_between(
        agreement.id, lanes, mandate.path, begin, end, (MOST if chosen else NEWEST) + 1
    )
    most = MOST if chosen else NEWEST
    cut_off, rows = len(rows) > most, rows[-most:]
    inside, tracks, steps, crossings = Inside(desk), [], [], set()
    for row in rows:
        if row.state == "altered":
            continue
        others = [each for each in rows if each.lane == row.lane and each.id != row.id]
        card, _, strip = note_card(inside, agreement, row, others, now)
        track = _track(card, strip, agreement, names)
        tracks.append(track)
        for other in card.crossed:
            pair = sorted((track.name, f"{other.author_name} {other.number}"))
            crossings.add((pair[0], pair[1]))
        steps += [_step(card, step, names) for step in strip if step.at is not None and step.state == "done"]
        late = [step for step in strip if step.late and step.state != "done"]
        steps += [_step(card, step, names, now) for step in late]
        stays = _stays(strip)
        if stays is not None and not late:
            steps.append(replace(_step(card, stays, names, now), rung="not forwarded yet"))
    window = Window(begin, end) if chosen else _around(rows[0].at if rows else now, now)
    return PicturePage(
        id=agreement.id,
        name=mandate.name,
        places=tuple(Place(names[each], mandate.is_party(each), each == desk.me) for each in mandate.path),
        tracks=tuple(tracks),
        steps=tuple(sorted(steps, key=lambda each: each.at)),
        crossings=tuple(sorted(crossings)),
        window=window,
        chosen=chosen,
        cut_off=cut_off,
        **_windows(window, now),
    )


def _step(
    card: NoteCard, step: CustodyStep, names: dict[bytes, str], waiting_until: int | None = None
) -> PictureStep:
    return PictureStep(
        at=_at(step) if waiting_until is None else waiting_until,
        real_at=step.at or waiting_until or 0,
        note=card.id,
        note_name=f"{names[card.author]} {card.number}",
        to_name=names[card.recipient],
        rung=step.rung if waiting_until is None else "not forwarded",
        office_name=names.get(step.office, step.office_name),
        took=step.took,
        late_by=step.late_by,
        word=step.word,
        caucus=card.caucus,
    )


def _around(first: int, last: int) -> Window:
    return Window(max(0, first - MARGIN), max(last, first + LEAST_WINDOW))


def _windows(window: Window, now: int) -> dict[str, Window]:
    span = max(LEAST_WINDOW, window.last - window.first)
    half = span // 2
    middle = window.first + half
    closer, wider = max(LEAST_WINDOW, half) // 2, min(MOST_WINDOW, span * 2) // 2
    return {
        "earlier": Window(max(0, window.first - half), max(LEAST_WINDOW, window.last - half)),
        "later": Window(min(window.first + half, now), min(window.last + half, now)),
        "closer": Window(max(0, middle - closer), middle + closer),
        "wider": Window(max(0, middle - wider), min(middle + wider, max(now, window.last))),
    }
