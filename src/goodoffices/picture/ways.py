# SPDX-License-Identifier: Apache-2.0
"""The way of each note over the paper: through which doors and when, with the signs that stand on it."""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.picture.tracks import (
    ACKNOWLEDGED,
    AT_DESK,
    AT_FAR_DESK,
    FORWARDED,
    OPENED,
    REFUSED,
    RELEASED,
    SEEN,
    WITH_PRINCIPAL,
    Reached,
    Track,
    Words,
)

AXIS, SIDE, ROOM, BETWEEN = 148.0, 205.0, 96.0, 168.0
LONGEST_LABEL = 25


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    time: int


@dataclass(frozen=True, slots=True)
class Sign:
    """A shape on a line, with the words beside it."""

    shape: str
    at: Point
    words: str
    column: int  # labels of one column must not overlap
    anchor: str
    label_x: float
    strong: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    track: Track
    points: tuple[Point, ...]
    signs: tuple[Sign, ...]
    rightward: bool
    start_known: bool


class Rooms:
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


def short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


class Tracer:
    """The way of each note over the paper, from the rungs that are known."""

    def __init__(self, rooms: Rooms, words: Words) -> None:
        self.rooms = rooms
        self.words = words

    def trace(self, track: Track) -> Way | None:
        rooms = self.rooms
        if track.author not in rooms.path or track.reader not in rooms.path or not track.reached:
            return None
        right = rooms.path.index(track.author) < rooms.path.index(track.reader)
        start = track.first(RELEASED)
        # Where the release is sealed from us, the line begins at the author's door when it came out of it.
        at = start.time if start is not None else min(each.time for each in track.reached)
        x = rooms.person(track.author) if start is not None else rooms.wall(track.author, right)
        points = [Point(x, at)]
        shape = "dot" if start is not None else "ring"
        signs = [
            self._beside(
                track.author, shape, points[0], self.words.apart(short(track.name)), track.href, strong=True
            )
        ]
        known = start is not None
        for office in track.via:
            arrived = track.first(AT_DESK, office)
            if arrived is None:
                return self._ends(track, points, signs, right, known)
            points += self._into(points[-1], office, right, arrived)
            seen, refused, gone = (
                track.first(SEEN, office),
                track.first(REFUSED, office),
                track.first(FORWARDED, office),
            )
            left_at = gone or refused
            if seen is not None and left_at is not None and left_at.time > arrived.time:
                signs += self._seen_on_the_way(
                    office, right, arrived, seen, left_at, refused=refused is not None
                )
            if refused is not None:
                points.append(Point(rooms.left(office) + ROOM / 2, refused.time))
                waited = self.words.span(refused.waited or 0)
                words = f"{self._say('refused')}, {self.words.apart('+' + waited)}"
                signs.append(
                    self._leaving(office, right, "cross", points[-1], words, refused.late_by, waited)
                )
                return Way(track, tuple(points), tuple(signs), right, known)
            if gone is None:
                signs += self._staying(track, office, right, arrived, seen)
                return Way(track, tuple(points), tuple(signs), right, known)
            points.append(Point(rooms.wall(office, right), gone.time))
            waited = self.words.span(gone.waited or 0)
            words = f"{self._say(gone.said or 'forwarded')} {self.words.apart('+' + waited)}"
            signs.append(self._leaving(office, right, "square", points[-1], words, gone.late_by, waited))
        return self._at_reader(track, right, points, signs, known)

    def _say(self, word: str) -> str:
        return self.words.say(word)

    def _ends(self, track: Track, points: list[Point], signs: list[Sign], right: bool, known: bool) -> Way:
        """Nothing more is known: said so where the line ends."""
        if track.not_known:
            last = points[-1]
            anchor = "start" if right else "end"
            x = last.x + (14 if right else -14)
            signs.append(Sign("unknown", last, track.not_known, 500 + int(right), anchor, x))
        return Way(track, tuple(points), tuple(signs), right, known)

    def _seen_on_the_way(
        self, office: str, right: bool, arrived: Reached, seen: Reached, left_at: Reached, *, refused: bool
    ) -> list[Sign]:
        share = (seen.time - arrived.time) / (left_at.time - arrived.time)
        if not 0 <= share <= 1:
            return []
        enter, leave = self.rooms.wall(office, not right), self.rooms.wall(office, right)
        x = enter + (leave - enter) * share * (0.5 if refused else 1.0)
        return [Sign("ring", Point(x, seen.time), "", -1, "start", x)]

    def _staying(
        self, track: Track, office: str, right: bool, arrived: Reached, seen: Reached | None
    ) -> list[Sign]:
        """A note that is still in this room: who saw it, and that it was not forwarded, or not yet."""
        door = Point(self.rooms.wall(office, not right), arrived.time)
        late = track.late_by if track.waits_at == office else 0
        waits = self._say("not forwarded yet" if track.in_time else "not forwarded")
        shape = "waits" if track.in_time else "cross"
        out = [self._leaving(office, right, shape, door, waits, late, waits)]
        if seen is not None:
            out.append(Sign("ring", Point(door.x, seen.time), "", -1, "start", door.x))
        return out

    def _into(self, last: Point, office: str, right: bool, arrived: Reached) -> list[Point]:
        """Out by the door of the room where the note is, over to the next desk."""
        before = self.rooms.path[self.rooms.path.index(office) - (1 if right else -1)]
        door = self.rooms.wall(before, right)
        out = [] if abs(door - last.x) < 1 else [Point(door, last.time)]
        return [*out, Point(self.rooms.wall(office, not right), arrived.time)]

    def _at_reader(
        self, track: Track, right: bool, points: list[Point], signs: list[Sign], known: bool
    ) -> Way:
        arrived = track.first(AT_FAR_DESK, track.reader) or track.first(AT_DESK, track.reader)
        if arrived is None:
            return self._ends(track, points, signs, right, known)
        points = [*points, *self._into(points[-1], track.reader, right, arrived)]
        person = self.rooms.person(track.reader)
        opened = False
        for rung, shape in ((OPENED, "dot"), (WITH_PRINCIPAL, "up"), (ACKNOWLEDGED, "tick")):
            stage = track.first(rung, track.reader)
            if stage is None:
                continue
            at = Point(person, stage.time)
            if rung == OPENED:
                opened = True
                points.append(at)
            took = self.words.span(stage.time - arrived.time)
            words = f"{self._say(rung)} {self.words.apart('+' + took)}"
            signs.append(self._beside(track.reader, shape, at, words))
        if not opened:
            return self._ends(track, points, signs, right, known)
        return Way(track, tuple(points), tuple(signs), right, known)

    def _beside(
        self, office: str, shape: str, at: Point, words: str, href: str = "", *, strong: bool = False
    ) -> Sign:
        index = self.rooms.path.index(office)
        if index == 0:
            return Sign(shape, at, words, 0, "end", at.x - 13, strong, href)
        if index == len(self.rooms.path) - 1:
            return Sign(shape, at, words, 999, "start", at.x + 13, strong, href)
        x = self.rooms.wall(office, True) + 10
        return Sign(shape, at, words, index * 10 + 2, "start", x, strong, href)

    def _leaving(
        self, office: str, right: bool, shape: str, at: Point, words: str, late_by: int, after: str
    ) -> Sign:
        late = late_by > 0
        if late:
            by = self.words.apart(self.words.span(late_by))
            words, shape = f"{self._say('LATE by')} {by}: {self.words.apart(after)}", "diamond"
        x = self.rooms.wall(office, right) + (12 if right else -12)
        column = self.rooms.path.index(office) * 10 + (2 if right else 1)
        return Sign(shape, at, words, column, "start" if right else "end", x, late)
