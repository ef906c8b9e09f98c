# SPDX-License-Identifier: Apache-2.0
"""A signed note on paper: codes from which a camera rebuilds what its author signed (docs/format.md §15, ADR 0051).

    code    "GON1" || note's ID (32) || count (1) || place (1) || part

The parts, joined in their order, are what was inside the note's seal: the signed statement, the seed and the
leaves (§5). A code proves nothing; what is rebuilt is verified against the author's credential.
"""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Iterable

from goodoffices.core.errors import Altered, Malformed, YourError
from goodoffices.core.note import OpenNote, read_inside

MARK = b"GON1"
PART = 1080
"""Bytes of a note in one code: with its head a QR code of 125 x 125 modules at level M."""
MAX_CODES = 12
"""Codes that stand on a sheet: two pages of six. A longer note is in the record, and not on paper."""
_HEAD = len(MARK) + 32 + 2
_WIDTH = 76
"""Characters of a line that no post wraps."""
_HEX = MARK.hex()
_BEGINS = base64.b64encode(MARK).decode()[:5]
_DIGITS = re.compile(r"[A-Za-z0-9+/=]{1,4000}")


def codes_of(opened: OpenNote) -> tuple[bytes, ...]:
    """The contents of a note's codes, in their order; none where it has more than fits on paper."""
    inside, note_id = opened.inside, opened.signed.statement.id
    parts = [inside[start : start + PART] for start in range(0, len(inside), PART)]
    if len(parts) > MAX_CODES:
        return ()
    return tuple(
        MARK + note_id + bytes([len(parts), place]) + part for place, part in enumerate(parts, start=1)
    )


def as_text(codes: Iterable[bytes]) -> str:
    """The codes as lines of text, for whoever sends them where no picture goes: base64, each begun anew."""
    lines = [each for code in codes for each in (*textwrap.wrap(base64.b64encode(code).decode(), _WIDTH), "")]
    return "\n".join(lines)


def from_text(text: str) -> list[bytes]:
    """The codes that stand in a text, as ``as_text`` writes them or in hexadecimal, whatever stands between them.

    A line that begins like a code begins one, and lines of nothing but its digits go on with it.
    """
    found: list[list[str]] = []
    going = False
    for line in text.split("\n"):
        word = line.strip()
        if word.startswith(_BEGINS) or word.lower().startswith(_HEX):
            found.append([word])
            going = True
        elif going and _DIGITS.fullmatch(word):
            found[-1].append(word)
        else:
            going = False
    return [code for each in found if (code := _decoded("".join(each))) is not None]


def _decoded(word: str) -> bytes | None:
    try:
        return bytes.fromhex(word) if word.lower().startswith(_HEX) else base64.b64decode(word, validate=True)
    except ValueError:
        return None


def rebuilt(contents: Iterable[bytes]) -> OpenNote:
    """The note that codes hold, in any order and some of them twice: its form is right, its signature unchecked.

    Codes of anything else are passed over. Raises YourError where codes are missing or belong to two notes,
    Malformed and Altered where what they hold is no note, or another than they name.
    """
    found: dict[tuple[bytes, int], dict[int, bytes]] = {}
    for content in contents:
        if not content.startswith(MARK) or not _HEAD < len(content) <= _HEAD + PART:
            continue
        note_id, (count, place) = content[len(MARK) : _HEAD - 2], content[_HEAD - 2 : _HEAD]
        if not 1 <= place <= count <= MAX_CODES:
            raise Malformed("A code whose place is none.")
        kept = found.setdefault((note_id, count), {}).setdefault(place, content[_HEAD:])
        if kept != content[_HEAD:]:
            raise Altered("Two codes of one place say different things.")
    if not found:
        raise YourError("There is no code of a signed note in these pictures.", "Take them again, nearer.")
    if len(found) > 1:
        raise YourError("These pictures are of more than one note.", "Check one note at a time.")
    ((note_id, count), parts) = found.popitem()
    missing = [place for place in range(1, count + 1) if place not in parts]
    if missing:
        raise YourError(
            f"Of {count} codes these are missing or cannot be read: {', '.join(map(str, missing))}.",
            "Take a picture of each, nearer and flat.",
        )
    opened = read_inside(b"".join(parts[place] for place in range(1, count + 1)))
    if opened.signed.statement.id != note_id:
        raise Altered("The codes hold another note than they name.")
    return opened
