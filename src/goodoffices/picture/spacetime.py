# SPDX-License-Identifier: Apache-2.0
"""The space–time picture: a lane per office, time running down, a line per note.

A lane is drawn as a room. A note enters by the door on one side when it stands at the desk there and
leaves by the other when it is forwarded; in a party's room the far wall is the person who writes and
opens. So a line slants exactly as long as somebody had the note, and two notes that crossed cross on the
paper where they crossed in fact. Who draws gives the tracks and the words; nothing here knows where they
come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from itertools import combinations, pairwise

from goodoffices.picture.scale import Scale
from goodoffices.picture.svg import Canvas, tag
from goodoffices.picture.tracks import Lane, Track, Words
from goodoffices.picture.ways import AXIS, ROOM, SIDE, Rooms, Tracer, Way, short

HEAD, FOOT = 76.0, 26.0
SHORT_NAME = 13  # letters that fit above a lane in any size
LABEL = 15.0  # height of one label line


def draw(
    lanes: Sequence[Lane], tracks: Sequence[Track], words: Words, *, per_minute: float | None = None
) -> str:
    """The picture as an SVG element to stand in a page (its colours are the page's); empty without tracks.

    ``lanes``: the offices of the path in their order. ``per_minute``: height of a minute, for a closer look.
    """
    rooms = Rooms(tuple(lane.name for lane in lanes))
    tracer = Tracer(rooms, words)
    ways = [way for track in tracks if (way := tracer.trace(track)) is not None]
    if not ways:
        return ""
    signs = [sign for way in ways for sign in way.signs]
    times = [p.time for way in ways for p in way.points] + [sign.at.time for sign in signs]
    crowd = [(sign.column, sign.at.time) for sign in signs if sign.words]
    scale = Scale.of(times, crowd, HEAD + 26, LABEL, per_minute=per_minute)
    height = scale.bottom + FOOT
    canvas = Canvas(rooms.width, mirrored=words.mirrored)
    inside = [
        tag("title", escape(words.title), id="st-title"),
        tag("desc", escape(words.description), id="st-desc"),
        tag("defs", _arrowhead("rightward"), _arrowhead("leftward")),
        *_lanes(canvas, lanes, rooms, height),
        *_axis(canvas, scale, rooms, words),
        *(_line(canvas, way, scale) for way in ways),
        *_crossings(canvas, ways, scale, words),
        *_signs(canvas, ways, scale),
    ]
    return tag(
        "svg",
        *(f"\n{element}" for element in inside),
        class_="spacetime",
        viewBox=f"0 0 {rooms.width:.0f} {height:.0f}",
        # A picture with links in it is no single image to a screen reader.
        role="group" if any(sign.href for sign in signs) else "img",
        aria_labelledby="st-title st-desc",
        xmlns="http://www.w3.org/2000/svg",
    )


def _arrowhead(name: str) -> str:
    head = tag("path", d="M0 0.6 L8 4 L0 7.4 Z")
    size = {"viewBox": "0 0 8 8", "refX": "7.4", "refY": "4", "markerWidth": "8", "markerHeight": "8"}
    return tag(
        "marker", head, id=f"head-{name}", class_=name, orient="auto", markerUnits="userSpaceOnUse", **size
    )


def _lanes(canvas: Canvas, lanes: Sequence[Lane], rooms: Rooms, height: float) -> list[str]:
    out = []
    for lane in lanes:
        x = rooms.left(lane.name)
        middle = x + ROOM / 2
        out += [
            canvas.rect(x, HEAD, ROOM, height - HEAD - 4, class_=f"room {lane.role}", rx=6),
            canvas.text(
                short(lane.name), middle, HEAD - 40, "middle", class_="office", **_room_for(lane.name)
            ),
            canvas.text(lane.role_words, middle, HEAD - 20, "middle", class_="role"),
        ]
    return out


def _room_for(name: str) -> dict[str, str | float]:
    """A long name keeps the width that it has at its usual size where a narrow screen draws letters larger."""
    letters = len(short(name))
    return {"textLength": letters * 9.6, "lengthAdjust": "spacingAndGlyphs"} if letters > SHORT_NAME else {}


def _axis(canvas: Canvas, scale: Scale, rooms: Rooms, words: Words) -> list[str]:
    out = [canvas.text(words.say("Zulu (UTC)"), 10, HEAD - 20, class_="role")]
    x, end = AXIS - 10, AXIS - 20
    for stretch in scale.stretches:
        out.append(canvas.line(x, stretch.top, x, stretch.top + stretch.height, class_="axis"))
        out.append(
            canvas.text(words.apart(words.stamp(stretch.first)), 10, stretch.top + 4, class_="time strong")
        )
        for tick in stretch.ticks():
            y = stretch.y(tick)
            moment = datetime.fromtimestamp(tick / 1000, UTC)
            clock = moment.strftime("%H%M:%S" if tick % 60_000 else "%H%M") + "Z"
            out.append(canvas.line(x - 4, y, x + 4, y, class_="tick"))
            out.append(canvas.text(words.apart(clock), end, y + 4, "end", class_="time"))
    for y, gone in scale.breaks():
        waves = " q 6 -7 12 0 t 12 0" * int((rooms.width - SIDE + 16 - AXIS) // 24)
        start = canvas.x(x + 24 * int((rooms.width - SIDE + 16 - AXIS) // 24)) if canvas.mirrored else x
        out += [tag("path", class_="break", d=f"M {start:.0f} {at:.1f}{waves}") for at in (y - 4, y + 4)]
        what = f"{words.apart(words.span(gone))} {words.say('not drawn')}"
        out.append(canvas.text(what, end, y + 4, "end", class_="gone"))
    return out


def _line(canvas: Canvas, way: Way, scale: Scale) -> str:
    direction, track = _direction(canvas, way), way.track
    pieces = [tag("title", escape(f"{track.name}: {track.author} → {track.reader}"))]
    for a, b in pairwise(way.points):
        path = f"M {canvas.x(a.x):.1f} {scale.y(a.time):.1f} L {canvas.x(b.x):.1f} {scale.y(b.time):.1f}"
        if abs(b.x - a.x) > ROOM + 1:
            pieces.append(tag("path", class_="carried", d=path, marker_end=f"url(#head-{direction})"))
        else:
            pieces.append(tag("path", class_="held", d=path))
    return tag("g", *pieces, class_=f"note {direction} {'caucus' if track.caucus else 'channel'}")


def _direction(canvas: Canvas, way: Way) -> str:
    return "rightward" if way.rightward != canvas.mirrored else "leftward"


def _meeting(first: Way, second: Way, scale: Scale) -> tuple[float, float] | None:
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


def _crossings(canvas: Canvas, ways: list[Way], scale: Scale, words: Words) -> list[str]:
    out = []
    for way, other in combinations(ways, 2):
        if other.track.id in way.track.crossed or way.track.id in other.track.crossed:
            at = _meeting(way, other, scale)
            if at is not None:
                out.append(tag("circle", class_="crossing", cx=canvas.x(at[0]), cy=at[1], r=11))
                out.append(canvas.text(words.say("crossed"), at[0] - 16, at[1] + 4, "end", class_="crossed"))
    return out


_SHAPES = {
    "dot": "M -4 0 a 4 4 0 1 0 8 0 a 4 4 0 1 0 -8 0 Z",
    "ring": "M -4 0 a 4 4 0 1 0 8 0 a 4 4 0 1 0 -8 0 Z",
    "square": "M -4 -4 H 4 V 4 H -4 Z",
    "diamond": "M 0 -8 L 8 0 L 0 8 L -8 0 Z",
    "cross": "M -5 -5 L 5 5 M 5 -5 L -5 5",
    "waits": "M -5 -6 H 5 L -5 6 H 5 Z",
    "up": "M 0 -5 L 5 4 L -5 4 Z",
    "tick": "M -5 0 L -1 4 L 6 -5",
    "unknown": "M -4 -5 H 4 M -4 0 H 4 M -4 5 H 4",
}


def _signs(canvas: Canvas, ways: list[Way], scale: Scale) -> list[str]:
    out: list[str] = []
    lowest: dict[int, float] = {}  # column -> where its last label stands
    every = [(sign, way) for way in ways for sign in way.signs]
    for sign, way in sorted(every, key=lambda pair: scale.y(pair[0].at.time)):
        y = scale.y(sign.at.time)
        late = " late" if sign.shape == "diamond" else ""
        place = f"translate({canvas.x(sign.at.x):.1f} {y:.1f})"
        shape = f"sign {sign.shape} {_direction(canvas, way)}{late}"
        out.append(tag("path", class_=shape, transform=place, d=_SHAPES[sign.shape]))
        if not sign.words:
            continue
        # words about a line that goes on from here stand under that line
        wanted = y + (15 if sign.shape in ("square", "diamond", "cross", "waits") else 0)
        at = max(wanted, lowest.get(sign.column, -LABEL) + LABEL)
        lowest[sign.column] = at
        if at - wanted > 3:
            out.append(canvas.line(sign.at.x, y, sign.label_x, at, class_="leader"))
        weight = " strong" if sign.strong else ""
        label = canvas.text(sign.words, sign.label_x, at + 4, sign.anchor, class_=f"word{weight}{late}")
        out.append(tag("a", label, href=sign.href) if sign.href else label)
    return out
