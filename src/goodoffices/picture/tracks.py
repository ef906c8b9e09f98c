# SPDX-License-Identifier: Apache-2.0
"""What a space–time picture is drawn from: lanes, tracks with the rungs that are known, and its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

RELEASED, AT_DESK, SEEN, FORWARDED, REFUSED = "released", "at the desk", "seen", "forwarded", "refused"
AT_FAR_DESK, OPENED, WITH_PRINCIPAL = "at the far desk", "opened", "with the principal"
ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class Reached:
    """A rung that a note reached at an office."""

    rung: str
    office: str
    time: int
    waited: int | None = None
    """Milliseconds that the mandate's clock measures here."""
    late_by: int = 0
    said: str = ""
    """Another word for it than the rung's own, such as *handed over* where others are forwarded."""


@dataclass(frozen=True, slots=True)
class Track:
    """One note and every rung of it that is known."""

    id: str
    name: str
    author: str
    reader: str
    via: tuple[str, ...]
    caucus: bool
    reached: tuple[Reached, ...]
    crossed: tuple[str, ...] = ()
    """IDs of the tracks that it crossed."""
    waits_at: str = ""
    """Where it is known to wait past its time and nobody has forwarded it."""
    late_by: int = 0
    in_time: bool = False
    """Whether it may still go on from where it is, and its time is not over."""
    not_known: str = ""
    """What is said at the end of a line whose further way nobody has reported."""
    href: str = ""

    def first(self, rung: str, office: str | None = None) -> Reached | None:
        """The first time that it reached a rung, there or anywhere."""
        return next((r for r in self.reached if r.rung == rung and office in (None, r.office)), None)


@dataclass(frozen=True, slots=True)
class Lane:
    """An office with its part: party or intermediary."""

    name: str
    role: str
    role_words: str


@dataclass(frozen=True, slots=True)
class Words:
    """How the picture speaks: fixed words translated, durations and times as the page writes them."""

    say: Callable[[str], str]
    span: Callable[[int], str]
    stamp: Callable[[int], str]
    title: str
    description: str
    mirrored: bool = False
    """Whether the first office stands on the right, as in a page that is read from right to left."""

    def apart(self, text: str) -> str:
        """A name, time or number that keeps its own order among words that run the other way."""
        return f"\u2068{text}\u2069" if self.mirrored else text
