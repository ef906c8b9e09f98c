# SPDX-License-Identifier: Apache-2.0
"""The space-time picture: a lane per office, time running down, a line per note.

A lane is drawn as a room. A note enters by the door on one side when it stands at the desk there and
leaves by the other when it is forwarded; in a party's room the far wall is the person who writes and
opens. So a line slants exactly as long as somebody had the note, and two notes that crossed cross on the
paper where they crossed in fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import combinations, pairwise

from goodoffices.drill.chronicle import Chronicle, Custody, Stage
from goodoffices.drill.clocks import dtg, duration, moment
from goodoffices.drill.observed import (
    ACKNOWLEDGED,
    AT_DESK,
    AT_FAR_DESK,
    FORWARDED,
    OPENED,
    REFUSED,
    RELEASED,
    SEEN,
    WITH_PRINCIPAL,
)
from goodoffices.drill.scale import Scale
from goodoffices.drill.svg import line, tag, text

AXIS, SIDE, ROOM, BETWEEN, HEAD, FOOT = 148.0, 190.0, 96.0, 168.0, 76.0, 26.0
LABEL = 15.0  # height of one label line
LONGEST_LABEL = 25
_DESCRIPTION = (
    "One lane per office, time running down, one line per note. "
    "The table after the picture holds the same in words."
)


@dataclass(frozen=True, slots=True)
class _Point:
    x: float
    time: int


@dataclass(frozen=True, slots=True)
class _Sign:
    """A shape on a line, with the words beside it."""

    shape: str
    at: _Point
    words: str
    column: int  # labels of one column must not overlap
    anchor: str
    label_x: float
    strong: bool = False


@dataclass(frozen=True, slots=True)
class _Way:
    held: Custody
    points: tuple[_Point, ...]
    signs: tuple[_Sign, ...]
    rightward: bool


class _Rooms:
    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path
        self.width = AXIS + 2 * SIDE + len(path) * ROOM + (len(path) - 1) * BETWEEN

    def left(self, office: str) -> float:
        return AXIS + SIDE + self.path.index(office) * (ROOM + BETWEEN)

    def wall(self, office: str, right: bool) -> float:
        return self.left(office) + (ROOM if right else 0.0)

    def person(self, office: str) -> float:
        """Where notes are written and opened: a party's outer wall, the middle of the intermediary's room."""
        if office == self.path[0]:
            return self.left(office)
        return self.left(office) + (ROOM if office == self.path[-1] else ROOM / 2)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _trace(held: Custody, rooms: _Rooms) -> _Way | None:
    """The way of one note over the paper, from the steps that were observed."""
    note = held.note
    start = held.first(RELEASED)
    if start is None or note.sender not in rooms.path or note.reader not in rooms.path:
        return None
    right = rooms.path.index(note.sender) < rooms.path.index(note.reader)
    points = [_Point(rooms.person(note.sender), start.step.time)]
    signs = [_beside(rooms, note.sender, "dot", points[0], _short(note.id), strong=True)]
    for office in note.via:
        arrived = held.first(AT_DESK, office)
        if arrived is None:
            return _Way(held, tuple(points), tuple(signs), right)
        points += _into(rooms, points[-1], office, right, arrived, note.sender)
        seen, refused, gone = (
            held.first(SEEN, office),
            held.first(REFUSED, office),
            held.first(FORWARDED, office),
        )
        left_at = gone or refused
        if seen is not None and left_at is not None and left_at.step.time > arrived.step.time:
            share = (seen.step.time - arrived.step.time) / (left_at.step.time - arrived.step.time)
            enter, leave = rooms.wall(office, not right), rooms.wall(office, right)
            if 0 <= share <= 1:
                x = enter + (leave - enter) * share * (0.5 if refused else 1.0)
                signs.append(_Sign("ring", _Point(x, seen.step.time), "", -1, "start", x))
        if refused is not None:
            points.append(_Point(rooms.left(office) + ROOM / 2, refused.step.time))
            words = f"refused, +{duration(refused.waited or 0)}"
            signs.append(_leaving(rooms, office, right, "cross", points[-1], words, refused))
            return _Way(held, tuple(points), tuple(signs), right)
        if gone is None:
            signs += _staying(held, rooms, office, right, arrived, seen)
            return _Way(held, tuple(points), tuple(signs), right)
        points.append(_Point(rooms.wall(office, right), gone.step.time))
        words = f"forwarded +{duration(gone.waited or 0)}"
        signs.append(_leaving(rooms, office, right, "square", points[-1], words, gone))
    points, more = _at_reader(held, rooms, right, points)
    return _Way(held, tuple(points), (*signs, *more), right)


def _staying(
    held: Custody, rooms: _Rooms, office: str, right: bool, arrived: Stage, seen: Stage | None
) -> list[_Sign]:
    """A note that is still in this room: who saw it, and that it was not forwarded."""
    door = _Point(rooms.wall(office, not right), arrived.step.time)
    out = [_leaving(rooms, office, right, "cross", door, "not forwarded", arrived)]
    if seen is not None:
        out.append(_Sign("ring", _Point(door.x, seen.step.time), "", -1, "start", door.x))
    return out


def _into(rooms: _Rooms, last: _Point, office: str, right: bool, arrived: Stage, sender: str) -> list[_Point]:
    """Out by the door of the room where the note is, over to the next desk."""
    before = rooms.path[rooms.path.index(office) - (1 if right else -1)]
    door = rooms.wall(before, right)
    out = [] if abs(door - last.x) < 1 else [_Point(door, last.time)]
    return [*out, _Point(rooms.wall(office, not right), arrived.step.time)]


def _at_reader(
    held: Custody, rooms: _Rooms, right: bool, points: list[_Point]
) -> tuple[list[_Point], list[_Sign]]:
    note = held.note
    arrived = held.first(AT_FAR_DESK, note.reader) or held.first(AT_DESK, note.reader)
    if arrived is None:
        return points, []
    points = [*points, *_into(rooms, points[-1], note.reader, right, arrived, note.sender)]
    signs: list[_Sign] = []
    person = rooms.person(note.reader)
    for rung, shape in ((OPENED, "dot"), (WITH_PRINCIPAL, "up"), (ACKNOWLEDGED, "tick")):
        stage = held.first(rung, note.reader)
        if stage is None:
            continue
        at = _Point(person, stage.step.time)
        if rung == OPENED:
            points.append(at)
        signs.append(
            _beside(rooms, note.reader, shape, at, f"{rung} +{duration(stage.step.time - arrived.step.time)}")
        )
    return points, signs


def _beside(rooms: _Rooms, office: str, shape: str, at: _Point, words: str, *, strong: bool = False) -> _Sign:
    index = rooms.path.index(office)
    if index == 0:
        return _Sign(shape, at, words, 0, "end", at.x - 13, strong)
    if index == len(rooms.path) - 1:
        return _Sign(shape, at, words, 999, "start", at.x + 13, strong)
    return _Sign(shape, at, words, index * 10 + 2, "start", rooms.wall(office, True) + 10, strong)


def _leaving(
    rooms: _Rooms, office: str, right: bool, shape: str, at: _Point, words: str, stage: Stage
) -> _Sign:
    late = stage.late_by > 0
    if late:
        words, shape = f"LATE by {duration(stage.late_by)}: {words.rsplit('+', maxsplit=1)[-1]}", "diamond"
    x = rooms.wall(office, right) + (12 if right else -12)
    column = rooms.path.index(office) * 10 + (2 if right else 1)
    return _Sign(shape, at, words, column, "start" if right else "end", x, late)


def draw(chronicle: Chronicle) -> str:
    """The picture as an SVG element to stand in a page (its colours are the page's)."""
    rooms = _Rooms(chronicle.case.channel.path)
    ways = [way for held in chronicle.custodies if (way := _trace(held, rooms)) is not None]
    if not ways:
        return ""
    signs = [sign for way in ways for sign in way.signs]
    times = [p.time for way in ways for p in way.points] + [sign.at.time for sign in signs]
    crowd = [(sign.column, sign.at.time) for sign in signs if sign.words]
    scale = Scale.of(times, crowd, HEAD + 26, LABEL)
    height = scale.bottom + FOOT
    inside = [
        tag("title", "Space–time picture of the notes", id="st-title"),
        tag("desc", _DESCRIPTION, id="st-desc"),
        tag("defs", _arrowhead("rightward"), _arrowhead("leftward")),
        *_lanes(chronicle, rooms, height),
        *_axis(scale, rooms),
        *(_line(way, scale) for way in ways),
        *_crossings(ways, scale),
        *_signs(ways, scale),
    ]
    return tag(
        "svg",
        *(f"\n{element}" for element in inside),
        class_="spacetime",
        viewBox=f"0 0 {rooms.width:.0f} {height:.0f}",
        role="img",
        aria_labelledby="st-title st-desc",
        xmlns="http://www.w3.org/2000/svg",
    )


def _arrowhead(name: str) -> str:
    head = tag("path", d="M0 0.6 L8 4 L0 7.4 Z")
    size = {"viewBox": "0 0 8 8", "refX": "7.4", "refY": "4", "markerWidth": "8", "markerHeight": "8"}
    return tag(
        "marker", head, id=f"head-{name}", class_=name, orient="auto", markerUnits="userSpaceOnUse", **size
    )


def _lanes(chronicle: Chronicle, rooms: _Rooms, height: float) -> list[str]:
    out = []
    for office in chronicle.case.offices:
        if office.name not in rooms.path:
            continue
        x = rooms.left(office.name)
        middle = x + ROOM / 2
        room = {"x": x, "y": HEAD, "width": ROOM, "height": height - HEAD - 4}
        out += [
            tag("rect", class_=f"room {office.role}", rx=6, **room),
            text(_short(office.name), middle, HEAD - 40, class_="office", text_anchor="middle"),
            text(office.role, middle, HEAD - 20, class_="role", text_anchor="middle"),
        ]
    return out


def _axis(scale: Scale, rooms: _Rooms) -> list[str]:
    out = [text("Zulu (UTC)", 10, HEAD - 20, class_="role")]
    x, end = AXIS - 10, AXIS - 20
    for stretch in scale.stretches:
        out.append(line(x, stretch.top, x, stretch.top + stretch.height, class_="axis"))
        out.append(text(dtg(stretch.first), 10, stretch.top + 4, class_="time strong"))
        for tick in stretch.ticks():
            y = stretch.y(tick)
            clock = moment(tick).strftime("%H%M:%S" if tick % 60_000 else "%H%M") + "Z"
            out.append(line(x - 4, y, x + 4, y, class_="tick"))
            out.append(text(clock, end, y + 4, class_="time", text_anchor="end"))
    for y, gone in scale.breaks():
        waves = " q 6 -7 12 0 t 12 0" * int((rooms.width - SIDE + 16 - AXIS) // 24)
        out += [tag("path", class_="break", d=f"M {x} {at:.1f}{waves}") for at in (y - 4, y + 4)]
        out.append(text(f"{duration(gone)} not drawn", end, y + 4, class_="gone", text_anchor="end"))
    return out


def _line(way: _Way, scale: Scale) -> str:
    direction, note = _direction(way), way.held.note
    pieces = [tag("title", escape(f"{note.id}: {note.sender} to {note.reader}"))]
    for a, b in pairwise(way.points):
        path = f"M {a.x:.1f} {scale.y(a.time):.1f} L {b.x:.1f} {scale.y(b.time):.1f}"
        if abs(b.x - a.x) > ROOM + 1:
            pieces.append(tag("path", class_="carried", d=path, marker_end=f"url(#head-{direction})"))
        else:
            pieces.append(tag("path", class_="held", d=path))
    return tag("g", *pieces, class_=f"note {direction} {'caucus' if note.direct else 'channel'}")


def _direction(way: _Way) -> str:
    return "rightward" if way.rightward else "leftward"


def _meeting(first: _Way, second: _Way, scale: Scale) -> tuple[float, float] | None:
    """Where two lines cross on the paper."""
    for a, b in pairwise(first.points):
        for c, d in pairwise(second.points):
            ax, ay, bx, by = a.x, scale.y(a.time), b.x, scale.y(b.time)
            cx, cy, dx, dy = c.x, scale.y(c.time), d.x, scale.y(d.time)
            turn = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
            if abs(turn) < 1e-9:
                continue
            s = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / turn
            t = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / turn
            if 0 <= s <= 1 and 0 <= t <= 1:
                return ax + s * (bx - ax), ay + s * (by - ay)
    return None


def _crossings(ways: list[_Way], scale: Scale) -> list[str]:
    out = []
    for way, other in combinations(ways, 2):
        if other.held.note.id in _crossed(way) or way.held.note.id in _crossed(other):
            at = _meeting(way, other, scale)
            if at is not None:
                out.append(tag("circle", class_="crossing", cx=at[0], cy=at[1], r=11))
                out.append(text("crossed", at[0] - 16, at[1] + 4, class_="crossed", text_anchor="end"))
    return out


def _crossed(way: _Way) -> tuple[str, ...]:
    return way.held.seen.crossed if way.held.seen else ()


_SHAPES = {
    "dot": "M -4 0 a 4 4 0 1 0 8 0 a 4 4 0 1 0 -8 0 Z",
    "ring": "M -4 0 a 4 4 0 1 0 8 0 a 4 4 0 1 0 -8 0 Z",
    "square": "M -4 -4 H 4 V 4 H -4 Z",
    "diamond": "M 0 -8 L 8 0 L 0 8 L -8 0 Z",
    "cross": "M -5 -5 L 5 5 M 5 -5 L -5 5",
    "up": "M 0 -5 L 5 4 L -5 4 Z",
    "tick": "M -5 0 L -1 4 L 6 -5",
}


def _signs(ways: list[_Way], scale: Scale) -> list[str]:
    out: list[str] = []
    lowest: dict[int, float] = {}  # column -> where its last label stands
    every = [(sign, way) for way in ways for sign in way.signs]
    for sign, way in sorted(every, key=lambda pair: scale.y(pair[0].at.time)):
        y = scale.y(sign.at.time)
        late = " late" if sign.shape == "diamond" else ""
        place = f"translate({sign.at.x:.1f} {y:.1f})"
        shape = f"sign {sign.shape} {_direction(way)}{late}"
        out.append(tag("path", class_=shape, transform=place, d=_SHAPES[sign.shape]))
        if not sign.words:
            continue
        # words about a line that goes on from here stand under that line
        wanted = y + (15 if sign.shape in ("square", "diamond", "cross") else 0)
        at = max(wanted, lowest.get(sign.column, -LABEL) + LABEL)
        lowest[sign.column] = at
        if at - wanted > 3:
            out.append(line(sign.at.x, y, sign.label_x, at, class_="leader"))
        weight = " strong" if sign.strong else ""
        label = f"word{weight}{late}"
        out.append(text(sign.words, sign.label_x, at + 4, class_=label, text_anchor=sign.anchor))
    return out
