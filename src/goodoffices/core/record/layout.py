# SPDX-License-Identifier: Apache-2.0
"""Where each thing of an exported record lies, and how times and names are written in it.

Every path follows from signed bytes alone, so a file cannot be moved to where it says something else.
Names of folders are for people; the 32 hexadecimal digits behind them, half of an ID, tell things apart.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_ESCAPED = (
    (0x0000, 0x001F),  # controls, line breaks among them
    (0x007F, 0x00A0),
    (0x00AD, 0x00AD),  # soft hyphen
    (0x0600, 0x0605),  # from here on: format characters, and blanks other than the space
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x1680, 0x1680),
    (0x180E, 0x180E),
    # without the joiners 200C and 200D: Persian and many scripts of South Asia are not written rightly without them
    (0x2000, 0x200B),
    (0x200E, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x3000, 0x3000),
    (0xD800, 0xF8FF),  # halves of characters, and for private use
    (0xFEFF, 0xFEFF),
    (0xFFF0, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE00FF),
    (0xE01F0, 0x10FFFF),
)
"""Listed by number, not by Unicode category: texts come out alike whatever tables a program has (ADR 0016)."""
_PLAIN = re.compile(
    "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in (*_ESCAPED, (0x5C, 0x5C))) + "]"
)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_UNMARKED = str.maketrans(" ", "T", "-:.")
# A long record writes one time per row: looking its parts up is cheaper than writing them out each time.
_MINUTES = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(1440))
_SECONDS = tuple(f":{second:02}." for second in range(60))
_THOUSANDTHS = tuple(f"{each:03}Z" for each in range(1000))


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return f"{_START + timedelta(days=days):%Y-%m-%d}"


def zulu(ms: int) -> str:
    """A time in UTC as people read it: 2020-01-04 08:15:00.000Z."""
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    days, minutes = divmod(minutes, 1440)
    return f"{_day(days)} {_MINUTES[minutes]}{_SECONDS[seconds]}{_THOUSANDTHS[ms]}"


def stamp(ms: int) -> str:
    """A time in UTC that sorts, for the name of a file: 20200104T081500000Z."""
    return zulu(ms).translate(_UNMARKED)


@lru_cache(maxsize=1024)
def slug(name: str) -> str:
    """A name in the letters that every file system has; an ID beside it tells equal ones apart."""
    kept = "".join(char if char.isascii() and char.isalnum() else " " for char in name.lower())
    return "-".join(kept.split())[:32].rstrip("-") or "unnamed"


def plain(words: str) -> str:
    """Words that stand inside a line of ours: nothing in them can end the line, hide or reverse it."""
    return _PLAIN.sub(lambda found: "\\\\" if found[0] == "\\" else f"\\u{{{ord(found[0]):x}}}", words)


def counted(count: int, one: str, many: str = "") -> str:
    """How many there are, in English: 1 note, 2 notes. ``many``: where it is not ``one`` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def short(identifier: bytes) -> str:
    """Half of an ID in hexadecimal, for the names of files and folders."""
    return identifier[:16].hex()


def office(name: str, office_id: bytes) -> str:
    """The folder of an office."""
    return f"offices/{slug(name)}-{short(office_id)}"


def channel(name: str, mandate_id: bytes) -> str:
    """The folder of a channel."""
    return f"channels/{slug(name)}-{short(mandate_id)}"


def line(peer: str, line_id: bytes) -> str:
    """The folder of a line to ``peer``."""
    return f"lines/{slug(peer)}-{short(line_id)}"


def confirmation(folder: str, name: str, office_id: bytes) -> str:
    """An office's confirmation of a line."""
    return f"{folder}/confirmed-by-{slug(name)}-{short(office_id)}.cbor"


def entry(folder: str, ms: int, writer: str, number: int, entry_id: bytes) -> str:
    """An entry of a line."""
    return f"{folder}/entries/{stamp(ms)}-{slug(writer)}-{number:06}-{short(entry_id)}.cbor"


def receipt(folder: str, ms: int, reader: str, receipt_id: bytes) -> str:
    """A receipt of a line."""
    return f"{folder}/receipts/{stamp(ms)}-{slug(reader)}-{short(receipt_id)}.cbor"


def checkpoint(folder: str, writer: str, incarnation: bytes, size: int, root: bytes) -> str:
    """A checkpoint of a line, without its ending."""
    return f"{folder}/checkpoints/{slug(writer)}-{incarnation.hex()}-{size:06}-{short(root)}"


def own_act(folder: str, ms: int, sequence: int, act_id: bytes) -> str:
    """An act of the exporting office that no entry carried."""
    return f"{folder}/own-acts/{stamp(ms)}-{sequence:06}-{short(act_id)}.cbor"


def note(folder: str, author: str, number: int, note_id: bytes) -> str:
    """The folder of a note."""
    return f"{folder}/notes/{slug(author)}-{number:06}-{short(note_id)}"


def sealed(folder: str, digest: bytes) -> str:
    """One sealed form of a note."""
    return f"{folder}/sealed-{short(digest)}.cbor"


def beside(folder: str, act_id: bytes) -> str:
    """A translation or rewording beside a note, without its ending."""
    return f"{folder}/beside-{short(act_id)}"


def paper(folder: str, paper_id: bytes) -> str:
    """The attestation of an office on paper."""
    return f"{folder}/paper-{short(paper_id)}.cbor"
