# SPDX-License-Identifier: Apache-2.0
"""By hand and on paper: what an act of handing over or of transcribing says in its words (docs/format.md §6.4).

    who: <the person>
    where: <the place>
    when: <RFC 3339, Zulu>
    by: <who handed it over, or took it down>

and, in a transcript, an empty line and the text. Plain lines, so that a reader without this software
sees what was signed, and no field that an older reader would not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from goodoffices.core.errors import YourError
from goodoffices.core.fields import MAX_TIME, one_line

MAX_LINE = 200
"""UTF-8 bytes of each of the lines."""
MAX_WORDS = 8000

_LINE = one_line(MAX_LINE)
_FORM = re.compile(
    r"who: ([^\n]+)\nwhere: ([^\n]+)\nwhen: ([0-9TZ:.\-]{20,24})\nby: ([^\n]+)(?:\n\n(.*))?", re.DOTALL
)


@dataclass(frozen=True)
class Hand:
    """Who took it or gave it, where, when (ms UTC, as stated), and by whom on the intermediary's side."""

    who: str
    where: str
    at: int
    by: str


def words_of(hand: Hand, text: str | None = None) -> str:
    """The words of the act; raises YourError where a line is missing, hides something, or all is too long."""
    for name, value in (("whom", hand.who), ("where", hand.where), ("by whom", hand.by)):
        try:
            _LINE(value)
        except ValueError:
            raise YourError(
                f"'{name}' takes one visible line of at most {MAX_LINE} bytes.", "Correct it, then sign."
            ) from None
    if not 0 <= hand.at <= MAX_TIME:
        raise YourError("That time lies outside every calendar.", "Write it as 2026-01-31T06:00Z.")
    when = datetime.fromtimestamp(hand.at / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    words = f"who: {hand.who}\nwhere: {hand.where}\nwhen: {when}\nby: {hand.by}"
    if text is not None:
        if not text.strip():
            raise YourError("A transcript needs words.", "Write down what was said or written.")
        words += f"\n\n{text}"
    if len(words.encode("utf-8", "surrogatepass")) > MAX_WORDS:
        raise YourError(f"The text is longer than {MAX_WORDS} bytes.", "Enter it as two transcripts.")
    return words


def read_words(words: str | None) -> tuple[Hand, str | None] | None:
    """(who, where, when, by; the text) of an act's words, or None where they have another form."""
    found = _FORM.fullmatch(words or "")
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found[3])
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return Hand(found[1], found[2], round(at.timestamp() * 1000), found[4]), found[5]
