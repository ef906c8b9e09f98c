# SPDX-License-Identifier: Apache-2.0
"""How fast a case is played, and what whoever conducts it may say while it runs."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass, field

HELP = "Enter: the next act · p: pause · g: go on · +: faster · -: slower · s: the script acts for the seat · q: end"
_WORDS = {
    "": "next", "n": "next", "next": "next", "p": "pause", "pause": "pause", "g": "go", "go": "go",
    "+": "faster", "faster": "faster", "-": "slower", "slower": "slower", "s": "script", "script": "script",
    "q": "quit", "quit": "quit",
}  # fmt: skip
FACTOR = 2.0
FASTEST, SLOWEST = 100_000.0, 1 / 16


class Ended(Exception):
    """Whoever conducts the drill has ended it."""


@dataclass(frozen=True)
class Speed:
    """How waits inside passages are shortened. Case time is the same at every speed."""

    pace: float
    longest_wait: int | None

    @property
    def words(self) -> str:
        """For the reader of the result."""
        if self.pace == 1 and self.longest_wait is None:
            return "minutes inside a note's passage were played in full"
        return "waits between acts were shortened; case time, durations and lateness are those of the case"


QUICK = Speed(600.0, 400)
WATCHABLE = Speed(60.0, 5_000)
REAL = Speed(1.0, None)


@dataclass
class Conductor:
    """The words of whoever conducts a drill, one at a time, and what they have changed.

    ``stepped``: every act waits for a word. Words come from a terminal, or from a test, by ``tell``.
    """

    now: Callable[[], int]
    say: Callable[[str], None]
    stepped: bool = False
    factor: float = 1.0
    noted: list[str] = field(default_factory=list)
    _said: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue, repr=False)
    _script: bool = False

    def tell(self, word: str) -> bool:
        """Take a word; False if it is none."""
        meant = _WORDS.get(word.strip().casefold())
        if meant is not None:
            self._said.put(meant)
        return meant is not None

    def wait(self, ms: float) -> None:
        """Let real time pass, unless told otherwise meanwhile. Raises Ended."""
        left, began = ms / self.factor, self.now()
        while True:
            gone = self.now() - began
            word = self._next(max(0.0, left - gone) / 1000)
            if word is None:
                return
            if word in ("next", "go"):
                return
            left, began = max(0.0, left - (self.now() - began)), self.now()
            before = self.factor
            self._obey(word)
            left = left * before / self.factor
            began = self.now()

    def before(self, act: str) -> None:
        """Where every act waits for a word: wait for it. Raises Ended."""
        if self.stepped:
            self.say(f"next: {act}   ({HELP})")
            self._hold()

    def script_acts(self) -> bool:
        """Whether the script is to act for a person in a seat, once. Raises Ended."""
        while (word := self._next(0)) is not None:
            if word == "script":
                return True
            self._obey(word)
        told, self._script = self._script, False
        return told

    def _next(self, seconds: float) -> str | None:
        try:
            return self._said.get(timeout=seconds) if seconds > 0 else self._said.get_nowait()
        except queue.Empty:
            return None

    def _obey(self, word: str) -> None:
        match word:
            case "quit":
                raise Ended
            case "pause":
                self._note("paused")
                self._hold()
            case "faster" | "slower":
                by = FACTOR if word == "faster" else 1 / FACTOR
                self.factor = min(FASTEST, max(SLOWEST, self.factor * by))
                self._note(f"played {self.factor:g} times as fast")
            case "go":
                self.stepped = False
            case "script":
                self._script = True

    def _hold(self) -> None:
        """Until told to go on: one act, or all."""
        while True:
            word = self._said.get()
            if word == "next":
                return
            if word == "go":
                self.stepped = False
                return
            if word != "pause":
                self._obey(word)

    def _note(self, what: str) -> None:
        self.noted.append(what)
        self.say(what)
