# SPDX-License-Identifier: Apache-2.0
"""A signed note that somebody brings on paper or as text: rebuilt from its codes, held against its author's credential.

Nothing is kept, and nothing is believed that the codes say of themselves (ADR 0051).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from goodoffices.core.errors import Foreign, GoodOfficesError, Malformed, NotFound, OtherOfficeError
from goodoffices.core.note import note_digits, verify_release
from goodoffices.core.office import MAX_CREDENTIAL, Office, read_office
from goodoffices.core.sheet import from_text, rebuilt
from goodoffices.desk.courier.pictures import contents
from goodoffices.desk.desk import Desk


@dataclass(frozen=True)
class Brought:
    """What lay in the files that somebody brought."""

    codes: tuple[bytes, ...]
    credentials: tuple[Office, ...]
    unused: tuple[tuple[str, GoodOfficesError], ...]
    """(file, why it is of no use)"""


@dataclass(frozen=True)
class CheckedNote:
    """A note whose codes verify."""

    id: bytes
    author_name: str
    author_digits: str
    known: bool
    """The author's credential is one of this desk's; else it came along, and vouches for itself alone."""
    number: int
    recipient: bytes
    recipient_name: str | None
    released_at: int
    case_at: int | None
    signers: tuple[str, ...]
    language: str
    text: str
    digits: str
    here: bool
    """The note itself is at this desk."""


def codes_in(content: bytes) -> list[bytes]:
    """The codes in one file: a text that holds them, or a picture. Raises Malformed or Oversized on what is neither."""
    found = from_text(content.decode("ascii", "replace")) if content[:1].isascii() else []
    return found or list(contents(content))


def brought(files: Iterable[tuple[str, bytes]], typed: str) -> Brought:
    """Sort what was brought: (name, content) of files, and pasted text. Looking through pictures takes time."""
    codes, credentials, unused = from_text(typed), [], []
    for name, content in files:
        if (office := _credential(content)) is not None:
            credentials.append(office)
            continue
        try:
            found = codes_in(content)
        except OtherOfficeError as error:
            unused.append((name, error))
            continue
        codes += found
        if not found:
            unused.append(
                (name, Malformed("There is no code in it that can be read.", "Take it again, nearer."))
            )
    return Brought(tuple(codes), tuple(credentials), tuple(unused))


def _credential(content: bytes) -> Office | None:
    if len(content) > MAX_CREDENTIAL:
        return None
    try:
        return read_office(content)
    except GoodOfficesError:
        return None


def check(desk: Desk, found: Brought) -> CheckedNote:
    """Verify the note that the codes hold; raises where they are no note, or not what its author signed."""
    opened = rebuilt(found.codes)
    note = opened.note
    mine = desk.ledger.office(note.author)
    came = next((each for each in found.credentials if each.id == note.author), None)
    # One that came along may know later rosters than this desk does; it is of the same root.
    office = came if mine is None or (came is not None and len(came.rosters) > len(mine.rosters)) else mine
    if office is None:
        raise NotFound(
            f"The author of this note is no office that this desk knows (ID {note.author.hex()}).",
            "Choose the file of its credential as well, and compare its digits with what you know from elsewhere.",
        )
    if office.realm != desk.context.keys.realm:
        raise Foreign("A note of another realm: a drill and the live channel never mix.")
    signers = verify_release(opened, office)
    note_id = opened.signed.statement.id
    to = desk.ledger.office(note.recipient)
    name = to.name if to is not None else None
    if name is None and desk.ledger.has_mandate(note.mandate):
        name = desk.ledger.agreement(note.mandate).name_of(
            note.recipient
        )  # a party on paper has no credential
    return CheckedNote(
        id=note_id,
        author_name=office.name,
        author_digits=office.digits,
        known=mine is not None,
        number=note.number,
        recipient=note.recipient,
        recipient_name=name,
        released_at=note.time[0],
        case_at=note.case_at,
        signers=signers,
        language=opened.words.language,
        text=opened.words.text,
        digits=note_digits(note_id),
        here=desk.ledger.note(note_id) is not None,
    )
